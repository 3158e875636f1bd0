"""The gradebook in PostgreSQL: the rows and totals that SQLite has, and nbgrader reads them."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from foreign import answered, copied, course, notebook

from tinytorch.course.grade import Options, grade
from tinytorch.course.grades import rows
from tinytorch.course.nbgrader import gradebook
from tinytorch.course.settings import load

pytestmark = pytest.mark.slow
BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin")) or [Path(found).parent for found in [shutil.which("initdb")] if found]
SOURCE = notebook("""
# %% answer square
def square(n):
    ### BEGIN SOLUTION
    return n * n
    ### END SOLUTION
# %% test test-square 4
assert square(3) == 9
# %% manual essay 3
### BEGIN SOLUTION
"because"
### END SOLUTION
""")
STUDENTS = {"ann": answered(SOURCE), "bob": answered(SOURCE, essay="'mine'")}
LATE = 'c = get_config()\nc.CourseDirectory.db_url = "{url}"\nc.LateSubmissionPlugin.penalty_method = "zero"\n'


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def server():
    """The address of a database server of one's own, which root may not run."""
    pytest.importorskip("psycopg")
    binaries = BINARIES[-1] if BINARIES else pytest.skip("PostgreSQL is not installed")
    user = "postgres" if os.getuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder, port = Path(name), free_port()
        if user:
            shutil.chown(folder, user)

        def run(*words: str) -> None:
            subprocess.run([binaries / words[0], *words[1:]], user=user, check=True, capture_output=True, cwd="/")

        run("initdb", "--auth=trust", "--username=teacher", "--no-sync", f"{folder}/data")
        options = f"-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "start", "--wait", "--silent", f"--pgdata={folder}/data", f"--log={folder}/log", f"--options={options}")
        try:
            yield f"postgresql+psycopg://teacher@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "stop", "--mode=immediate", "--silent", f"--pgdata={folder}/data")


def graded(folder: Path, url: str) -> list[tuple]:
    """Grade twice, the second time after a mark and an extension by a person; the table, and nbgrader's own view of it."""
    (folder / "nbgrader_config.py").write_text(LATE.format(url=url), "utf-8")
    with contextlib.chdir(folder):
        grade("ps", folder, Options(workers=1))
        with gradebook(url) as book:
            book.update_or_create_assignment("ps", duedate="2026-01-01 12:00")
            book.find_submission("ps", "ann").extension = timedelta(days=9000)
            book.find_grade("essay", "nb", "ps", "ann").manual_score = 2
            book.db.commit()
        grade("ps", folder, Options(workers=1))
        with gradebook(url) as book:
            seen = [(one.student.id, one.score, one.late_submission_penalty) for one in book.assignment_submissions("ps")]
        return [*rows(load(folder)), *sorted(seen)]


def test_the_gradebook_is_the_same_in_postgresql(server, tmp_path):
    light = course(tmp_path / "light", "ps", {"nb": SOURCE}, {name: {"nb": book} for name, book in STUDENTS.items()})
    for student in STUDENTS:
        (light / "submitted" / student / "ps" / "timestamp.txt").write_text("2026-02-01 10:00:00 UTC", "utf-8")
    heavy = copied(light, tmp_path / "heavy")
    expected = graded(light, f"sqlite:///{light}/gradebook.db")
    assert graded(heavy, server) == expected
    assert expected[-2:] == [("ann", 6.0, 0.0), ("bob", 4.0, 4.0)]

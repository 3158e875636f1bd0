"""The grader lives through any notebook, and through its own sudden death."""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from attack_table import Table
from conftest import ROOT

from tinytorch.course.build import build
from tinytorch.course.modules import find
from tinytorch.course.plans import plans_of
from tinytorch.grader import grading, magics
from tinytorch.grader import plan as plans

MODULE, NOTEBOOK = "08_optimizers", "optimizers_dev.ipynb"
STATUSES = {"graded", "partly", "unreadable"}
STRANGE = [
    None,
    True,
    -1,
    10**400,
    1.5,
    "",
    "x" * 1000,
    "\ud800",
    [],
    [[]],
    {},
    {"": ""},
    "sgd-class",
    "code",
    "markdown",
    ["a", 3],
    float("nan"),
]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("survival") / "course"
    folder.mkdir()
    shutil.copy(ROOT / "settings.ini", folder)
    build([MODULE], folder)
    (folder / "seeds.json").write_text(json.dumps({MODULE: 7}))
    return folder


@pytest.fixture(scope="module")
def table(course):
    return Table(json.loads(find("08").built(course).read_text()))


def places(thing, path=()):
    """Every place in a JSON value."""
    items = thing.items() if isinstance(thing, dict) else enumerate(thing) if isinstance(thing, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


def mutated(book, rng):
    """One to four changes: something strange, something gone, something twice, something moved; or bytes of the text."""
    book = json.loads(json.dumps(book))
    for _ in range(rng.randint(1, 4)):
        *path, last = rng.choice(list(places(book)) or [("cells",)])
        parent = book
        for key in path:
            parent = parent[key]
        kind = rng.choice(["strange", "gone", "twice", "moved"])
        if kind == "gone":
            del parent[last]
        elif kind == "twice" and isinstance(parent, list):
            parent.insert(last, parent[last])
        elif kind == "moved" and isinstance(parent, list):
            rng.shuffle(parent)
        else:
            parent[last] = rng.choice(STRANGE)
    data = bytearray(json.dumps(book).encode())
    if rng.random() < 0.2:
        for _ in range(rng.randint(1, 20)):
            data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def nothing_came(job):
    """In place of a sandbox: every cell ran and reported nothing. Reading, merging, judging and writing are as always."""
    return {
        "steps": {step["id"]: {"status": "ok", "stdout": ""} for step in job["steps"]},
        "reports": {},
        "signs": [],
    }


@pytest.mark.parametrize("part", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)])
def test_a_mutated_notebook_has_one_status(course, table, part):
    """500 in all, and each gives a notebook that can be written."""
    (plan,) = plans_of(course / "source" / MODULE, MODULE, 7, 10, lambda book, cell: None)
    plans.make(plan)
    judge = plans.Judge(plan)
    try:
        for number in range(240 * part, 240 * part + (240 if part else 20)):
            data = mutated(table.perfect, random.Random(number))
            graded = grading.grade(plan, data, nothing_came, judge, {}, {})
            assert graded.status in STATUSES, number
            json.dumps(graded.executed).encode()
            assert sum(cell.score or 0 for cell in graded.cells.values()) == 0
    finally:
        judge.close()


def test_code_without_end_is_not_read():
    """What takes Python minutes to read is left out, with a word; what comes before it counts."""
    cells = [{"id": f"free-{n}", "type": "code", "source": "a;" * 100_000} for n in range(5)]
    notes = []
    magics.clean_all(cells, notes)
    assert [bool(cell["source"]) for cell in cells] == [True, True, False, False, False] and len(notes) == 3


MAGICS = {"help": "x?\n" * 59 + "+a" * 14_000, "magics": "%time x\n" * 50 + "$" * 29_000, "many": "%time x\n" * 3_700}


@pytest.mark.parametrize("name", MAGICS)
def test_ipython_reads_no_more_of_a_notebook_than_it_may(name, monkeypatch):
    """It reads all of a cell once more for each magic in it."""
    from IPython.core import inputtransformer2

    read, tokens = [], inputtransformer2.make_tokens_by_line
    monkeypatch.setattr(inputtransformer2, "make_tokens_by_line", lambda lines: read.append(sum(map(len, lines))) or tokens(lines))
    cells = [{"id": f"free-{n}", "type": "code", "source": MAGICS[name] + "\n"} for n in range(9)]
    magics.clean_all(cells, [])
    assert sum(read) <= magics.MAX_READ


def test_a_script_of_a_name_without_end_costs_no_time():
    start = time.monotonic()
    assert magics.clean("%run " + "." * 29_000, [], "") == "None\n"
    assert magics.clean("%run -i 'my.py' 3", [], "").startswith("exec(compile(open('my.py')")
    assert time.monotonic() - start < 5


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python 3.12 began to warn of backslashes")
def test_a_students_backslashes_are_no_news_on_the_terminal(capsys):
    assert magics.clean('"\\\x1b"', [], "") and not capsys.readouterr().err


def command(course, workers=2):
    program = (
        "import sys; from pathlib import Path; from tinytorch.course.grade import Options, grade; "
        f"sys.exit(grade('08', Path({str(course)!r}), Options(level='unsafe', workers={workers})))"
    )
    return [sys.executable, "-c", program]


def start(course):
    return subprocess.Popen(
        command(course), cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def contents(course):
    """What the gradebook says, in an order of its own."""
    with sqlite3.connect(course / "gradebook.db") as book:
        assert book.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return sorted(
            book.execute(
                "SELECT s.student_id, c.name, g.auto_score, g.manual_score, g.needs_manual_grade FROM grade g "
                "JOIN submitted_notebook n ON n.id = g.notebook_id JOIN submitted_assignment s ON s.id = n.assignment_id "
                "JOIN base_cell c ON c.id = g.cell_id"
            ),
            key=repr,
        )


@pytest.mark.slow
def test_a_grader_killed_twenty_times_ends_like_one_left_alone(course, table, tmp_path):
    """kill -9 at random moments; the next run goes on, and the gradebook is that of an undisturbed one."""
    for number in range(16):
        place = course / "submitted" / f"s{number:02}" / MODULE / NOTEBOOK
        place.parent.mkdir(parents=True)
        book = table.right(last=f"# {number}") if number % 3 else table.blank(first=f"# {number}")
        place.write_text(json.dumps(book))
    calm, wild = (shutil.copytree(course, tmp_path / name) for name in ("calm", "wild"))
    assert start(calm).wait() == 0
    begun = time.monotonic()
    assert start(calm).wait() == 0
    idle, rng, kills = time.monotonic() - begun, random.Random(0), 0
    while kills < 20:
        grader = start(wild)
        time.sleep(rng.uniform(0.2, 1.5) * idle)
        os.kill(grader.pid, signal.SIGKILL)
        kills += grader.wait() == -signal.SIGKILL
        if grader.returncode == 0:
            shutil.rmtree(wild)
            shutil.copytree(course, wild)
        elif (wild / "gradebook.db").exists():
            with sqlite3.connect(wild / "gradebook.db") as book:
                assert book.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    last = start(wild)
    assert last.wait() == 0, last.stderr.read()[-2000:]
    assert contents(wild) == contents(calm)

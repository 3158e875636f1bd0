"""The week on a hub: nbgrader's exchange carries, our grade and feedback do the work between."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

pytestmark = pytest.mark.slow
NAME, NOTEBOOK, COURSE = "08_optimizers", "optimizers_dev.ipynb", "tinytorch"


class Hub:
    """An instructor's course and a student's home that share an exchange."""

    def __init__(self, folder: Path) -> None:
        self.course, self.home, self.exchange = folder / "course", folder / "home", folder / "exchange"
        for path in (self.home, self.exchange, folder / "cache"):
            path.mkdir()
        self.exchange.chmod(0o777)
        common = f"c = get_config()\nc.CourseDirectory.course_id = {COURSE!r}\nc.Exchange.root = {str(self.exchange)!r}\nc.Exchange.cache = {str(folder / 'cache')!r}\n"
        (self.home / "nbgrader_config.py").write_text(common)
        own = f"c.CourseDirectory.root = {str(self.course)!r}\nc.CourseDirectory.db_url = 'sqlite:///{self.course}/gradebook.db'\n"
        self.course.mkdir()
        (self.course / "nbgrader_config.py").write_text(common + own)

    def run(self, *words: str, cwd: Path) -> str:
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def nbgrader(self, verb: str, who: str = "student") -> str:
        cwd = self.home if who == "student" else self.course
        said = self.run(sys.executable, "-m", "nbgrader", verb, NAME, cwd=cwd)
        assert "ERROR" not in said, said
        return said

    def tinytorch(self, *words: str) -> str:
        return self.run(sys.executable, "-m", "tinytorch", *words, "--course", str(self.course), cwd=ROOT)


def answer(path: Path, solved: Path) -> None:
    """Type the reference's answers into a fetched notebook."""
    answers = {c["metadata"].get("nbgrader", {}).get("grade_id"): c["source"] for c in json.loads(solved.read_text())["cells"]}
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        meta = cell["metadata"].get("nbgrader", {})
        if meta.get("solution") and cell["cell_type"] == "code":
            cell["source"] = answers[meta["grade_id"]]
    path.write_text(json.dumps(notebook))


def test_the_week(tmp_path):
    hub = Hub(tmp_path)
    hub.tinytorch("release", "08")
    hub.nbgrader("release_assignment", "instructor")
    hub.nbgrader("fetch_assignment")
    answer(hub.home / NAME / NOTEBOOK, hub.course / "source" / NAME / NOTEBOOK)
    hub.nbgrader("submit")
    hub.nbgrader("collect", "instructor")
    (handed_in,) = (hub.course / "submitted").glob(f"*/{NAME}")
    carried = {name: (handed_in / name).read_text() for name in ("timestamp.txt", "submission_secret.txt")}
    hub.tinytorch("grade", "08")
    hub.tinytorch("feedback", "08")
    grades = hub.tinytorch("grades")
    assert f"{NAME},{handed_in.parent.name},70,70,graded" in grades
    assert {name: (handed_in / name).read_text() for name in carried} == carried
    hub.nbgrader("release_feedback", "instructor")
    hub.nbgrader("fetch_feedback")
    (page,) = (hub.home / NAME / "feedback").rglob("*.html")
    assert page.name == "optimizers_dev.html" and "70" in page.read_text()

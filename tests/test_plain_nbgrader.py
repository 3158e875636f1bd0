"""nbgrader itself, from the repository root after a build: no command of ours is needed to grade."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, copy_project

from tinytorch.course import demo
from tinytorch.course.build import build
from tinytorch.course.modules import every, find
from tinytorch.course.nbgrader import gradebook

pytestmark = pytest.mark.slow
POINTS = {"01_tensor": None, "07_autograd": None, "08_optimizers": 70}


def nbgrader(*words: str) -> None:
    """Run nbgrader as an instructor would, from the working directory."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [str(Path(sys.executable).with_name("nbgrader")), *words]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Every module built by us, then released, graded and given feedback by plain nbgrader."""
    folder = tmp_path_factory.mktemp("plain")
    copy_project(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        build([])
        for module in every():
            nbgrader("generate_assignment", module.name, "--force")
            hand_in(folder / "course", module)
            nbgrader("autograde", module.name)
            nbgrader("generate_feedback", module.name)
    return folder / "course"


def hand_in(course: Path, module) -> None:
    source, release = (json.loads(module.built(course, stage).read_text("utf-8")) for stage in ("source", "release"))
    for name, notebook in {"perfect": demo.perfect(source, release), "untouched": release}.items():
        target = course / "submitted" / name / module.name / f"{module.notebook}.ipynb"
        target.parent.mkdir(parents=True)
        target.write_text(json.dumps(notebook), "utf-8")


@pytest.mark.parametrize("module", [module.name for module in every()])
def test_the_reference_has_full_marks_and_an_untouched_release_none(course, module):
    with gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        found = {name: book.find_submission(module, name) for name in ("perfect", "untouched")}
        scores = {name: (submission.score, submission.max_score) for name, submission in found.items()}
        waiting = {name: submission.needs_manual_grade for name, submission in found.items()}
    most = scores["perfect"][1]
    assert scores == {"perfect": (most, most), "untouched": (0, most)}
    assert most == (POINTS[module] or most) > 0
    assert waiting["untouched"] is False


def outputs(cell: dict) -> str:
    return "".join("".join(output.get("text", output.get("traceback", ""))) for output in cell.get("outputs", []))


@pytest.mark.parametrize("module", [module.name for module in every()])
def test_an_untouched_release_runs_through_and_each_graded_cell_says_what_is_open(course, module):
    graded = course / "autograded/untouched" / module / f"{find(module).notebook}.ipynb"
    cells = json.loads(graded.read_text("utf-8"))["cells"]
    tests = [cell for cell in cells if cell["metadata"].get("nbgrader", {}).get("points") and cell["cell_type"] == "code"]
    assert tests
    for cell in tests:
        name = cell["metadata"]["nbgrader"]["grade_id"]
        assert re.search(r"NotImplementedError|not defined|does not hold", outputs(cell)), f"{name}: {outputs(cell)}"
        kinds = {output["output_type"] for output in cell["outputs"]}
        assert "error" not in kinds, f"{name} raises"
        assert all(output.get("name") != "stderr" for output in cell["outputs"]), f"{name} writes to stderr"


@pytest.mark.parametrize("module", [module.name for module in every()])
def test_there_is_a_page_for_each(course, module):
    assert len(list(course.glob(f"feedback/*/{module}/*.html"))) == 2

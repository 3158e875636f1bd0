"""A sample of the catalogue through `nbgrader autograde` in a real kernel: the scores of the fast harness, cell by cell."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from tests.catalogue.table import Notebook, Row, cells, graded_after
from tests.test_catalogue import RIGHT, SLIPS
from tinytorch.course.build import build
from tinytorch.course.nbgrader import gradebook

pytestmark = pytest.mark.slow
MODULE, NOTEBOOK, STUDENTS = "08_optimizers", "optimizers_dev", 4


def sample() -> dict[str, list[Row]]:
    """Students, each with a wrong or a right answer to every exercise, spread over the whole catalogue."""
    exercises = list(graded_after(MODULE, least=0.5))
    students: dict[str, list[Row]] = {}
    for number in range(STUDENTS):
        rows = RIGHT if number == 0 else SLIPS
        mine = {cell: [row for row in rows if (row.module, row.cell) == (MODULE, cell)] for cell in exercises}
        students[f"student{number}"] = [each[number * len(each) // STUDENTS] for each in mine.values()]
    return students


SAMPLE = sample()


def handed_in(release: dict, rows: list[Row]) -> dict:
    """The release with these answers, and the free cells that they need at the top."""
    notebook = json.loads(json.dumps(release))
    by_cell = {row.cell: row.answer for row in rows}
    for cell in notebook["cells"]:
        answer = by_cell.get(cell["metadata"].get("nbgrader", {}).get("grade_id"))
        cell["source"] = cell["source"] if answer is None else answer
    first = next(k for k, cell in enumerate(notebook["cells"]) if cell["cell_type"] == "code")
    for free in filter(None, {row.free for row in rows}):
        extra = {"cell_type": "code", "metadata": {}, "source": free, "outputs": [], "execution_count": None, "id": f"free{len(free)}"}
        notebook["cells"].insert(first, extra)
    return notebook


def nbgrader(*words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [str(Path(sys.executable).with_name("nbgrader")), *words]
    return subprocess.run(command, capture_output=True, encoding="utf-8", env=environment)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    shutil.copytree(ROOT / "modules", folder / "modules", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("settings.ini", "pyproject.toml", "jupytext.toml", "nbgrader_config.py"):
        shutil.copy(ROOT / name, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        build([MODULE])
        assert nbgrader("generate_assignment", MODULE, "--force").returncode == 0
        release = json.loads((folder / f"course/release/{MODULE}/{NOTEBOOK}.ipynb").read_text(encoding="utf-8"))
        for student, rows in SAMPLE.items():
            target = folder / f"course/submitted/{student}/{MODULE}/{NOTEBOOK}.ipynb"
            target.parent.mkdir(parents=True)
            target.write_text(json.dumps(handed_in(release, rows)), encoding="utf-8")
        assert nbgrader("autograde", MODULE).returncode == 0
        yield folder


def seed_of(folder: Path) -> int:
    seeds = folder / "course/seeds.json"
    return json.loads(seeds.read_text(encoding="utf-8")).get(MODULE, 0) if seeds.exists() else 0


def expected(rows: list[Row], seed: int) -> dict[str, float]:
    graded = Notebook(MODULE, {row.cell: row.answer for row in rows}, "\n".join({row.free for row in rows})).run(seed=seed)
    points = {cell.name: cell.points for cell in cells(MODULE)}
    return {name: points[name] if cell.score is None else cell.score for name, cell in graded.items() if points[name]}


@pytest.mark.parametrize("student", SAMPLE)
def test_nbgrader_gives_the_scores_of_the_catalogue(course, student):
    with gradebook(f"sqlite:///{course / 'course/gradebook.db'}") as book:
        (notebook,) = book.find_submission(MODULE, student).notebooks
        scores = {grade.cell.name: grade.auto_score for grade in notebook.grades if grade.max_score_gradecell}
    assert scores == expected(SAMPLE[student], seed_of(course))


def test_validate_fails_exactly_the_cells_that_lose_a_visible_point(course):
    student = "student2"
    rows = SAMPLE[student]
    graded = Notebook(MODULE, {row.cell: row.answer for row in rows}, "\n".join({row.free for row in rows})).run()
    lost = {name for name, cell in graded.items() if any(not name.startswith("hidden") for name in cell.failed)}
    done = nbgrader("validate", f"course/submitted/{student}/{MODULE}/{NOTEBOOK}.ipynb")
    named = {name: f'Checks("{exercise}"' in done.stdout for name, exercise in TITLES.items()}
    assert {name for name, failed in named.items() if failed} == lost, done.stdout


TITLES = {
    "test-gradient-descent": "gradient_descent_step",
    "test-sgd": "SGD",
    "test-adam": "Adam",
    "test-scheduler": "StepLR",
    "test-training-integration": "train_simple_model",
}

"""The catalogue through `nbgrader autograde` in a real kernel, `tinytorch grade` and the fast harness: equal scores, cell by cell.

A few students in the fast tests; in the slow ones as many as it takes for every row, and the reference and a blank.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, copy_project

from tests.catalogue.table import Notebook, Row, cells, graded_after
from tests.test_catalogue import RIGHT, SLIPS
from tinytorch.course.build import build
from tinytorch.course.modules import every, find
from tinytorch.course.nbgrader import gradebook

Scores = dict[str, dict[str, float]]  # by student and cell
MODULES = [module.name for module in every()]
SEED = 20261122
# Who imports the reference has it under nbgrader, for later cells too, and not in the sandbox.
HONEST = [row for row in RIGHT + SLIPS if f"tinytorch.core.{row.module[3:]}" not in row.answer + row.free]
PARTS = 3


def students(module: str, most: int | None = None) -> dict[str, list[Row]]:
    """Each with a wrong or a right answer to every exercise, until every row was somebody's, or spread over them."""
    exercises = list(graded_after(module, least=0.5))
    columns = [[row for row in HONEST if (row.module, row.cell) == (module, cell)] for cell in exercises]
    longest = max(map(len, columns))
    taken = range(longest) if most is None else [k * longest // most for k in range(most)]
    return {f"s{k:03}": [column[k % len(column)] for column in columns] for k in taken}


def handed_in(release: dict, rows: list[Row]) -> dict:
    """The release with these answers, and the free cells that they need at the top."""
    notebook = json.loads(json.dumps(release))
    by_cell = {row.cell: row.answer for row in rows}
    for cell in notebook["cells"]:
        answer = by_cell.get(cell["metadata"].get("nbgrader", {}).get("grade_id"))
        cell["source"] = cell["source"] if answer is None else answer
    first = next(k for k, cell in enumerate(notebook["cells"]) if cell["cell_type"] == "code")
    for free in filter(None, reversed(free_cells(rows))):
        extra = {"cell_type": "code", "metadata": {}, "source": free, "outputs": [], "execution_count": None, "id": f"free{len(free)}"}
        notebook["cells"].insert(first, extra)
    return notebook


def free_cells(rows: list[Row]) -> list[str]:
    return list(dict.fromkeys(row.free for row in rows))


def nbgrader(*words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [str(Path(sys.executable).with_name("nbgrader")), *words]
    return subprocess.run(command, capture_output=True, encoding="utf-8", env=environment)


def course_of(folder: Path, module: str, handed: dict[str, list[Row]]) -> Path:
    """A course whose students have handed in, and a blank."""
    copy_project(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        build([module])
        assert nbgrader("generate_assignment", module, "--force").returncode == 0
    course, name = folder / "course", f"{find(module).notebook}.ipynb"
    (course / "seeds.json").write_text(json.dumps({module: SEED}), "utf-8")
    release = json.loads((course / "release" / module / name).read_text("utf-8"))
    for student, rows in {**handed, "blank": []}.items():
        target = course / "submitted" / student / module / name
        target.parent.mkdir(parents=True)
        target.write_text(json.dumps(handed_in(release, rows)), "utf-8")
    return course


def by_nbgrader(course: Path, module: str) -> Scores:
    """What `nbgrader autograde` wrote into the gradebook."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(course.parent)
        done = nbgrader("autograde", module)
    assert done.returncode == 0, done.stderr[-4000:]
    with gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        return {
            submission.student.id: {
                grade.cell.name: grade.auto_score
                for notebook in submission.notebooks
                for grade in notebook.grades
                if grade.max_score_gradecell
            }
            for submission in book.assignment_submissions(module)
        }


def by_tinytorch(course: Path, module: str, tinytorch) -> Scores:
    """What `tinytorch grade` finds, with nothing written."""
    done = tinytorch("grade", module, "--dry-run", "--json", cwd=course.parent)
    assert done.returncode in (0, 1), done.stderr
    found = {record["student"]: record["more"]["cells"] for record in json.loads(done.stdout)}
    return {
        student: {name: cell["score"] for (cells,) in [notebooks.values()] for name, cell in cells.items() if cell["points"]}
        for student, notebooks in found.items()
    }


def by_harness(module: str, rows: list[Row]) -> dict[str, float]:
    """What the catalogue's own tests go by."""
    graded = Notebook(module, {row.cell: row.answer for row in rows}, "\n".join(free_cells(rows))).run(seed=SEED)
    points = {cell.name: cell.points for cell in cells(module)}
    return {name: points[name] if cell.score is None else cell.score for name, cell in graded.items() if points[name]}


def compare(course: Path, module: str, handed: dict[str, list[Row]], tinytorch) -> None:
    theirs, ours = by_nbgrader(course, module), by_tinytorch(course, module, tinytorch)
    assert ours == theirs
    assert set(theirs.pop("blank").values()) == {0}
    assert theirs == {student: by_harness(module, rows) for student, rows in handed.items()}


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return course_of(tmp_path_factory.mktemp("few"), "08_optimizers", students("08_optimizers", most=3))


def test_a_sample_has_equal_scores(few, tinytorch):
    compare(few, "08_optimizers", students("08_optimizers", most=3), tinytorch)


@pytest.mark.slow
@pytest.mark.parametrize("module, part", [(module, part) for module in MODULES for part in range(PARTS if module[:2] == "08" else 1)])
def test_every_row_has_equal_scores(tmp_path, tinytorch, module, part):
    everybody = list(students(module).items())
    handed = dict(everybody[part::PARTS] if module[:2] == "08" else everybody)
    compare(course_of(tmp_path, module, handed), module, handed, tinytorch)


@pytest.mark.slow
def test_validate_fails_exactly_the_cells_that_lose_a_visible_point(few):
    student, rows = list(students("08_optimizers", most=3).items())[2]
    graded = Notebook("08_optimizers", {row.cell: row.answer for row in rows}, "\n".join(free_cells(rows))).run()
    lost = {name for name, cell in graded.items() if any(not name.startswith("hidden") for name in cell.failed)}
    done = nbgrader("validate", str(few / f"submitted/{student}/08_optimizers/optimizers_dev.ipynb"))
    named = {name: f'Checks("{exercise}"' in done.stdout for name, exercise in TITLES.items()}
    assert {name for name, failed in named.items() if failed} == lost, done.stdout


TITLES = {
    "test-gradient-descent": "gradient_descent_step",
    "test-sgd": "SGD",
    "test-adam": "Adam",
    "test-scheduler": "StepLR",
    "test-training-integration": "train_simple_model",
}

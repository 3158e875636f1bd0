"""A student's own 01 and 07, exported, carry 08; a wrong 01 shows in 08's messages and never in its grade."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from tests.catalogue import m01, m07
from tests.catalogue.table import Notebook
from tinytorch.course.percent import notebook_text, to_notebook

MARKS = ("### BEGIN SOLUTION", "### END SOLUTION")
RUN = """
import json
from tests.catalogue.table import Notebook
graded = Notebook("08_optimizers", {}).run()
print(json.dumps({name: [cell.score, cell.printed] for name, cell in graded.items()}))
"""


def answers(table, **chosen):
    """An independently written answer for each exercise that the table has one for; `chosen` by exercise overrides."""
    return {row.cell: row.answer for row in table.RIGHT} | {row.cell: row.answer for row in chosen.values()}


def handed_in(table, replaced: dict[str, str], folder: Path) -> Path:
    """The module's notebook with these answers, as a file."""
    source = next((ROOT / "modules/source" / table.MODULE).glob("*_dev.py"))
    notebook = to_notebook(source.read_text(encoding="utf-8"))
    for cell in notebook.cells:
        text = replaced.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
        exported = "#| export\n" if "#| export" in cell.source and "#| export" not in text else ""
        cell.source = exported + "\n".join(line for line in text.splitlines() if line.strip() not in MARKS)
    path = folder / f"{source.stem}.ipynb"
    path.write_text(notebook_text(notebook), encoding="utf-8")
    return path


def in_package(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    return subprocess.run([sys.executable, *words], cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=300)


@pytest.fixture
def package(tmp_path):
    """A student's copy of the package, without 08's module."""
    shutil.copytree(ROOT / "tinytorch", tmp_path / "tinytorch", ignore=shutil.ignore_patterns("__pycache__", "optimizers.py"))
    return tmp_path


def exported(folder: Path, *notebooks: Path) -> None:
    for notebook in notebooks:
        done = in_package(folder, "-m", "tinytorch", "export", str(notebook), "--replace")
        assert done.returncode == 0, done.stdout + done.stderr


def optimizers(folder: Path) -> dict[str, tuple[float | None, str]]:
    """08 with right answers, on the package in `folder`: score and text of each graded cell."""
    done = in_package(folder, "-c", RUN)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def graded_with_the_references():
    """What grading sees: right answers to 08 on the course's own 01 and 07."""
    return {name: cell.score for name, cell in Notebook("08_optimizers", {}).run().items()}


def test_own_tensor_and_autograd_carry_08(package, graded_with_the_references):
    exported(package, handed_in(m01, answers(m01), package), handed_in(m07, answers(m07), package))
    for name in ("tensor", "autograd"):
        assert "written by `tinytorch export" in (package / "tinytorch/core" / f"{name}.py").read_text(encoding="utf-8")
    scores = {name: score for name, (score, _) in optimizers(package).items()}
    assert scores == graded_with_the_references == dict.fromkeys(scores)


WRONG = [  # exercise and slip, a graded cell of 08 that it breaks, what the student reads there
    (m01, "as-array", "every array becomes float32", "test-sgd", "float32"),
    (m07, "multiply", "g is missing", "test-training-integration", "each update has its own point's gradient"),
]


@pytest.mark.slow
@pytest.mark.parametrize("table, exercise, slip, cell, words", WRONG, ids=["01", "07"])
def test_a_wrong_module_shows_in_the_messages_of_08(package, graded_with_the_references, table, exercise, slip, cell, words):
    row = next(row for row in table.SLIPS if (row.cell, row.name) == (exercise, slip))
    exported(package, handed_in(table, answers(table, wrong=row), package))
    score, printed = optimizers(package)[cell]
    assert score is not None and words in printed
    assert graded_with_the_references[cell] is None

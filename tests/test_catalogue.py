"""Every wrong answer of the catalogue loses the checks that it fails and no others; every right one loses nothing."""

import importlib
import os
from pathlib import Path

import pytest

from tests.catalogue.table import ALL, Graded, Notebook, Row, cells, graded_after

TABLES = [importlib.import_module(f"tests.catalogue.{path.stem}") for path in sorted(Path(__file__).parent.glob("catalogue/m*.py"))]
SLIPS = [row for table in TABLES for row in getattr(table, "SLIPS", [])]
RIGHT = [row for table in TABLES for row in getattr(table, "RIGHT", [])]
SEEDS = int(os.environ.get("SEEDS", "12"))  # `make seeds` takes 200


def name_of(row: Row) -> str:
    return f"{row.module[:2]} {row.cell}: {row.name}"


def graded_alone(row: Row, seed: int = 0) -> Graded:
    """The exercise's own graded cell with this answer."""
    test = graded_after(row.module)[row.cell]
    return Notebook(row.module, {row.cell: row.answer}, row.free).run(only=test, seed=seed)[test]


@pytest.mark.parametrize("row", RIGHT, ids=name_of)
def test_a_right_answer_has_full_marks(row):
    graded = graded_alone(row)
    assert graded.score is None, graded.printed


@pytest.mark.parametrize("row", SLIPS, ids=name_of)
def test_a_slip_fails_its_checks_and_no_others(row):
    graded = graded_alone(row)
    wanted = {result.name for result in graded.results} if row.fails == ALL else set(row.fails)
    assert graded.failed == wanted, graded.printed
    assert row.says in graded.printed


def test_the_catalogue_of_08_is_large_enough():
    assert sum(row.module[:2] == "08" for row in SLIPS) >= 60
    assert sum(row.module[:2] == "08" for row in RIGHT) >= 30


def drawn(row: Row) -> bool:
    """Whether the exercise's graded cell draws any inputs."""
    test = graded_after(row.module)[row.cell]
    return any(cell.name == test and 'hidden_inputs("' in cell.source for cell in cells(row.module))


@pytest.mark.slow
@pytest.mark.parametrize("row", list(filter(drawn, SLIPS + RIGHT)), ids=name_of)
def test_the_score_is_the_same_under_every_seed(row):
    test = graded_after(row.module)[row.cell]
    notebook = Notebook(row.module, {row.cell: row.answer}, row.free)
    first = notebook.run(only=test)[test]
    visible = {result.name: result for result in first.results if not result.name.startswith("hidden")}
    alone = notebook.regrade(test, 0, visible).failed == first.failed  # not where the visible checks leave state behind
    for seed in range(1, SEEDS):
        again = notebook.regrade(test, seed, visible) if alone else graded_alone(row, seed)
        assert again.failed == first.failed, f"seed {seed}\n{again.printed}"


@pytest.mark.slow
@pytest.mark.parametrize("row", SLIPS, ids=name_of)
def test_a_slip_costs_no_other_exercise(row):
    own = graded_after(row.module)[row.cell]
    graded = Notebook(row.module, {row.cell: row.answer}, row.free).run()
    assert {name for name, cell in graded.items() if cell.score is not None} == {own}

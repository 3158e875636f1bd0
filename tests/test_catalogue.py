"""Every wrong answer of the catalogue loses the checks that it fails and no others; every right one loses nothing."""

import importlib
from pathlib import Path

import pytest

from tests.catalogue.table import ALL, Notebook, Row, graded_after

TABLES = [importlib.import_module(f"tests.catalogue.{path.stem}") for path in sorted(Path(__file__).parent.glob("catalogue/m*.py"))]
SLIPS = [row for table in TABLES for row in getattr(table, "SLIPS", [])]
RIGHT = [row for table in TABLES for row in getattr(table, "RIGHT", [])]


def name_of(row: Row) -> str:
    return f"{row.module[:2]} {row.cell}: {row.name}"


@pytest.mark.parametrize("row", RIGHT, ids=name_of)
def test_a_right_answer_has_full_marks(row):
    test = graded_after(row.module)[row.cell]
    graded = Notebook(row.module, {row.cell: row.answer}, row.free).run(only=test)[test]
    assert graded.score is None, graded.printed


@pytest.mark.parametrize("row", SLIPS, ids=name_of)
def test_a_slip_fails_its_checks_and_no_others(row):
    test = graded_after(row.module)[row.cell]
    graded = Notebook(row.module, {row.cell: row.answer}, row.free).run(only=test)[test]
    wanted = {result.name for result in graded.results} if row.fails == ALL else set(row.fails)
    assert graded.failed == wanted, graded.printed
    assert row.says in graded.printed

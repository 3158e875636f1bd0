"""What became of a submission, as a record: one status and one score over its notebooks, and what a person should see."""

from typing import Any

from tinytorch.course.handed_in import Work
from tinytorch.course.records import SCORED, Record
from tinytorch.grader.grading import CellResult, Graded

__all__ = ["combined", "saved", "scores"]

WORST = ("failed", "refused", "unreadable", "missing", "partly", "graded")
SAVED = ("score", "points", "protected", "stopped", "error", "hidden", "lines", "stdout")


def combined(work: Work, found: dict[str, Graded], eye: list[str], most: float) -> Record:
    """One record for all notebooks; `eye` is what needs a person already."""
    status = _status({**work.status, **{name: graded.status for name, graded in found.items()}})
    notes = work.notes + [note for graded in found.values() for note in graded.notes]
    eye = eye + [sign for graded in found.values() for sign in graded.signs]
    if status != "graded":
        eye, notes = [*notes, *eye] or [status], []
    scored = [cell for graded in found.values() for cell in graded.cells.values()]
    score = sum(cell.score or 0.0 for cell in scored) if status in SCORED else None
    more: dict[str, Any] = {"key": work.key, "answers": work.answers}
    more["cells"] = {name: {cell.id: saved(cell) for cell in graded.cells.values()} for name, graded in found.items()}
    more["seconds"] = round(sum(graded.seconds for graded in found.values()), 3)
    more["waiting"] = sum(cell.score is None and cell.points > 0 for cell in scored)
    return Record(work.student, status, score, most, notes, eye, more)


def _status(each: dict[str, str]) -> str:
    """The worst; of several notebooks one may be missing, and its points with it."""
    there = [status for status in each.values() if status != "missing"]
    return min(there or each.values(), key=WORST.index)


def saved(cell: CellResult) -> dict[str, Any]:
    """A cell's result in a record; `graded` says whether it has a score at all."""
    return {name: getattr(cell, name) for name in SAVED} | {"graded": cell.points > 0 or bool(cell.lines)}


def scores(graded: Graded) -> dict[str, float | None]:
    return {name: cell.score for name, cell in graded.cells.items()}

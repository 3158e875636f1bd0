"""What a new grading changes: said before it is written, or instead."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from tinytorch.course.records import Record
from tinytorch.grader.gradebook import Book

__all__ = ["differences", "say_changes"]


def say_changes(before: dict[str, Record], now: Iterable[Record]) -> None:
    """One line for each student whose automatic score becomes another, with the cells that it comes from."""
    pairs = [(before[record.student], record) for record in now if record.student in before]
    lines = [_change(*pair) for pair in pairs if _automatic(pair[0]) != _automatic(pair[1])]
    print("\n".join(lines or ["nobody's score changes"]), file=sys.stderr)


def _change(old: Record, new: Record) -> str:
    was, now = _scores(old), _scores(new)
    moved = [f"{cell} {_mark(was.get(cell))} -> {_mark(now[cell])}" for cell in now if was.get(cell) != now[cell]]
    return f"{new.student}: {_automatic(old):g} -> {_automatic(new):g} ({', '.join(moved)})"


def _automatic(record: Record) -> float:
    return sum(score or 0 for score in _scores(record).values())


def _scores(record: Record) -> dict[str, float | None]:
    """By notebook and cell."""
    notebooks = record.more.get("cells", {}).items()
    return {f"{name}/{cell}": found["score"] for name, cells in notebooks for cell, found in cells.items()}


def differences(book: Book, record: Record) -> Iterator[str]:
    """Where a score is another one than the gradebook's, and why."""
    for name, cells in record.more["cells"].items():
        stands = book.auto_scores(record.student, name)
        for cell, found in cells.items():
            if found["graded"] and cell in stands and stands[cell] != found["score"]:
                marks = f"gradebook {_mark(stands[cell])}, here {_mark(found['score'])}"
                yield f"{record.student} {name}/{cell}: {marks}: {_why(found)}"


def _why(cell: dict[str, Any]) -> str:
    failed = ", ".join(line["name"] for line in cell["lines"] if not line["passed"])
    return cell["error"].strip().rpartition("\n")[2] or failed or "every check passes here"


def _mark(score: float | None) -> str:
    return "waits for a person" if score is None else f"{score:g}"

"""What a new grading changes: said before it is written, or instead."""

import sys
from collections.abc import Iterator
from typing import Any

from tinytorch.course.records import Record
from tinytorch.grader.gradebook import Book

__all__ = ["changed_tests", "differences", "say_change"]


def changed_tests(now: dict[str, str], records: dict[str, Record]) -> list[str]:
    """The tests that are new, or another text, since some record was made."""
    before = [record.more["tests"] for record in records.values() if "tests" in record.more]
    return sorted({name for tests in before for name in now if tests.get(name) != now[name]})


def say_change(old: Record | None, record: Record) -> None:
    """One line for a student whose automatic score becomes another."""
    was, new = _automatic(old) if old else None, _automatic(record)
    if was is not None and was != new:
        print(f"{record.student}: {was:g} -> {new:g}", file=sys.stderr)


def _automatic(record: Record) -> float:
    return sum(cell["score"] or 0 for cells in record.more.get("cells", {}).values() for cell in cells.values())


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

"""What a new grading changes: said before it is written, or instead."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tinytorch.course.records import Record

if TYPE_CHECKING:
    from tinytorch.grader.gradebook import Book

__all__ = ["change", "compared"]


def change(old: Record | None, new: Record) -> Iterator[str]:
    """A line where a student's automatic score becomes another, with the cells that it comes from."""
    if old is not None and _automatic(old) != _automatic(new):
        was, now = _scores(old), _scores(new)
        cells = {**was, **now} if now else {}
        moved = [f"{cell} {_mark(was.get(cell, 'none'))} -> {_mark(now.get(cell, 'none'))}" for cell in cells if was.get(cell) != now.get(cell)]
        yield f"{new.student}: {_automatic(old):g} -> {_automatic(new):g} ({', '.join(moved) or new.status})"


def _automatic(record: Record) -> float:
    return sum(score or 0 for score in _scores(record).values())


def _scores(record: Record) -> dict[str, float | None]:
    """By notebook and cell."""
    notebooks = record.more.get("cells", {}).items()
    return {f"{name}/{cell}": found["score"] for name, cells in notebooks for cell, found in cells.items()}


def compared(book: "Book", records: list[Record]) -> list[str]:
    """What a dry run says of a whole class."""
    found = [text for record in records for text in _differences(book, record)]
    new = [record.student for record in records if record.student not in book.rows]
    if new:
        found.append(f"not in the gradebook yet: {', '.join(new[:9])}{' ...' if new[9:] else ''} ({len(new)} of {len(records)})")
    return found or ["no score differs from the gradebook's"]


def _differences(book: "Book", record: Record) -> Iterator[str]:
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


def _mark(score: float | str | None) -> str:
    return "waits for a person" if score is None else score if isinstance(score, str) else f"{score:g}"

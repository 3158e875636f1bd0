"""What a new grading changes: said before it is written, or instead."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tinytorch.course.records import SCORED, Record

if TYPE_CHECKING:
    from tinytorch.grader.gradebook import Book

__all__ = ["change", "compared"]


def change(old: Record | None, new: Record) -> Iterator[str]:
    """A line where a student's automatic score becomes another, with the cells that it comes from."""
    if old is None:
        return
    was, now = _scores(old), _scores(new) if new.status in SCORED else {}
    here = {name: was[name] for name in was if name in now} if now else was  # what the source has no more stays in the gradebook
    before, after = (sum(score or 0 for score in found.values()) for found in (here, now))
    if before != after:
        moved = [f"{cell} {_mark(was.get(cell))} -> {_mark(now[cell])}" for cell in now if was.get(cell) != now[cell]]
        yield f"{new.student}: {before:g} -> {after:g} ({', '.join(moved) or new.status})"


def _scores(record: Record) -> dict[str, float | None]:
    """By notebook and cell."""
    notebooks = record.more.get("cells", {}).items()
    return {f"{name}/{cell}": found["score"] for name, cells in notebooks for cell, found in cells.items()}


def compared(book: "Book", records: list[Record]) -> list[str]:
    """What a dry run says of a whole class."""
    found = [text for record in records if record.status in SCORED for text in _differences(book, record)]
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


def _mark(score: float | None) -> str:
    return "waits for a person" if score is None else f"{score:g}"

"""What the instructor sees on the terminal: a progress bar and tables, both by rich."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tinytorch.course.records import Record

__all__ = ["points", "progress", "table"]

T = TypeVar("T")


def progress(items: Sequence[T], what: str) -> Iterator[T]:
    """The items, with a bar on stderr while they are worked on."""
    console = Console(stderr=True)
    yield from track(items, what, console=console, transient=True, disable=not console.is_terminal)


def points(score: float | None, most: float) -> str:
    return "-" if score is None else f"{score:g} / {most:g}"


def table(records: Iterable[Record]) -> None:
    """Student, score, status, and what needs a person's eye."""
    shown = Table("student", "score", "status", "what happened")
    shown.columns[1].justify = "right"
    for record in records:
        said = "; ".join([*record.eye, *record.notes])
        shown.add_row(record.student, points(record.score, record.max_score), record.status, said)
    Console(width=None if Console().is_terminal else 120).print(shown)

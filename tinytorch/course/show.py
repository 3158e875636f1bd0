"""What the instructor sees on the terminal: a progress bar and tables, both by rich."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from tinytorch.course.records import Record

__all__ = ["points", "printable", "progress", "progress_of", "table"]

T = TypeVar("T")
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def progress(items: Sequence[T], what: str) -> Iterator[T]:
    """The items, with a bar on stderr while they are worked on."""
    console = Console(stderr=True)
    yield from track(items, what, console=console, transient=True, disable=not console.is_terminal)


def progress_of(items: Iterable[T], total: int) -> Iterator[T]:
    """The same for items that come one by one, with the time left."""
    console = Console(stderr=True)
    yield from track(items, "grading", total, console=console, transient=True, disable=not console.is_terminal)


def printable(text: str) -> str:
    """Text of a student's without what commands a terminal."""
    return CONTROL.sub("?", text)


def points(score: float | None, most: float) -> str:
    return "-" if score is None else f"{score:g} / {most:g}"


def table(records: Iterable[Record]) -> None:
    """Student, score, status, how many answers wait for a person, and what needs a person's eye."""
    shown = Table("student", "score", "status", "to mark", "what happened")
    shown.columns[1].justify = "right"
    for record in records:
        said = Text(printable("; ".join([*record.eye, *record.notes])))  # a student's text is no markup
        waiting = str(record.more.get("waiting") or "")
        shown.add_row(Text(printable(record.student)), points(record.score, record.max_score), record.status, waiting, said)
    fitted = Console().is_terminal or "COLUMNS" in os.environ
    Console(width=None if fitted else 120).print(shown)

"""A grading that holds, while what is around it has changed: a due date, an extension, a penalty, a person's marks."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from tinytorch.course.records import Record

if TYPE_CHECKING:
    from tinytorch.grader.gradebook import Book, Penalty

__all__ = ["again_late", "refreshed"]


def refreshed(book: "Book", record: Record) -> Record:
    """The record with the gradebook's total, and with how many marks still wait for a person there."""
    total, waiting = book.standing(record.student)
    return replace(record, score=total, more=record.more | {"waiting": waiting})


def again_late(book: "Book", penalty: "Penalty", record: Record, timestamp: datetime | None) -> Record:
    """The same, with the penalty that is due now; nothing runs again."""
    late = book.seconds_late(record.student, timestamp)
    if late or record.more.get("late_seconds"):
        book.penalise(record.student, penalty)
    return refreshed(book, replace(record, more=record.more | {"late_seconds": late}))

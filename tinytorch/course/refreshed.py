"""A grading that holds, while what is around it has changed: a due date, an extension, a penalty, a person's marks."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from tinytorch.course.records import Record

if TYPE_CHECKING:
    from tinytorch.grader.gradebook import Book, Penalty

__all__ = ["refreshed"]


def refreshed(book: "Book", penalty: "Penalty", record: Record, timestamp: datetime | None) -> Record:
    """The record with the penalty that is due now and the gradebook's total; nothing runs again."""
    late = book.seconds_late(record.student, timestamp)
    if late or record.more.get("late_seconds"):
        book.penalise(record.student, penalty)
    return replace(record, score=book.total(record.student), more=record.more | {"late_seconds": late})

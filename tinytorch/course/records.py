"""How each submission's grading ended, in the course directory: what nbgrader's gradebook has no column for."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinytorch.course.build import write
from tinytorch.course.errors import CourseError

__all__ = ["SCORED", "STATUSES", "Record", "each_record", "only_one", "read_record", "read_records", "write_record"]

SCORED = ("graded", "partly")  # the others have no score, which is not a score of 0
STATUSES = (*SCORED, "unreadable", "missing", "refused", "failed")


@dataclass(frozen=True)
class Record:
    """A student's outcome; `notes` say what happened, `eye` what needs a person, `more` is the grader's own."""

    student: str
    status: str
    score: float | None
    max_score: float
    notes: list[str] = field(default_factory=list)
    eye: list[str] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)


@contextmanager
def only_one(course: Path) -> Iterator[None]:
    """One grading of a course at a time: two would both add the same students. A killed one holds nothing any more."""
    import fcntl  # there is none on Windows, where records are read and nothing is graded

    place = course / "records" / ".lock"
    place.parent.mkdir(exist_ok=True)
    with place.open("w") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # of this process alone: no worker takes it along
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES):  # else a file system that has no locks
                raise CourseError(f"{course}: another `tinytorch grade` is at work here; wait for its end") from error
        yield


def write_record(course: Path, assignment: str, record: Record) -> None:
    assert record.status in STATUSES, record.status
    write(_folder(course, assignment) / f"{record.student}.json", json.dumps(vars(record), ensure_ascii=False) + "\n")


def read_record(course: Path, assignment: str, student: str) -> Record | None:
    """A student's last outcome."""
    path = _folder(course, assignment) / f"{student}.json"
    return _read(path) if os.path.isfile(path) else None  # a name that is too long for a file is none either


def each_record(course: Path, assignment: str) -> Iterator[Record]:
    """The last outcome of each student that was ever graded, one at a time: a class has tens of megabytes of them."""
    for path in sorted(_folder(course, assignment).glob("*.json")):
        yield _read(path)


def _read(path: Path) -> Record:
    try:
        return Record(**json.loads(path.read_text("utf-8")))
    except (ValueError, TypeError) as error:
        raise CourseError(f"{path}: this is no record ({error}); remove it, and grade again") from error


def read_records(course: Path, assignment: str) -> dict[str, Record]:
    """All of them, by student."""
    return {record.student: record for record in each_record(course, assignment)}


def _folder(course: Path, assignment: str) -> Path:
    return course / "records" / assignment

"""What an earlier grading of the same answers still says: all of it, or the cells that no change has touched."""

import functools
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinytorch.course.handed_in import Work
from tinytorch.course.outcome import SAVED
from tinytorch.course.records import SCORED, Record, each_record, read_record
from tinytorch.grader.grading import CellResult

if TYPE_CHECKING:
    from tinytorch.grader.gradebook import Book

__all__ = ["Earlier"]

Cells = dict[str, dict[str, Any]]


class Earlier:
    """The records of the last grading, the gradebook as it is now, and the digests of today's tests."""

    def __init__(self, course: Path, assignment: str, book: "Book", tests: dict[str, str]) -> None:
        self.course, self.assignment, self.book, self.tests = course, assignment, book, tests
        self.record = functools.lru_cache(1)(functools.partial(read_record, course, assignment))

    def changed(self, students: set[str]) -> list[str]:
        """Of each notebook the first test that is new, or that something has touched, since a record of theirs was made."""
        records = (record for record in each_record(self.course, self.assignment) if record.student in students)
        before = (record.more.get("tests", self.tests) for record in records)
        found = {name for tests in before for name in self.tests if tests.get(name) != self.tests[name]}
        return sorted({name.partition("/")[0]: name for name in reversed(self.tests) if name in found}.values())

    def whole(self, work: Work) -> Record | None:
        """The record of the same answers under the same tests."""
        record = self._standing(work)
        return record if record and record.more["key"] == work.key else None

    def kept(self, work: Work) -> dict[str, dict[str, CellResult]]:
        """By notebook, the results of tests that are as they were; one that was stopped is tried again."""
        record = self._standing(work)
        if record is None or record.more.get("answers") != work.answers:
            return {}
        return {name: self._still(name, cells, record) for name, cells in record.more["cells"].items()}

    def _still(self, name: str, cells: Cells, record: Record) -> dict[str, CellResult]:
        before = record.more["tests"]
        return {
            cell: CellResult(cell, **{field: said[field] for field in SAVED})
            for cell, said in cells.items()
            if (test := f"{name}/{cell}") in self.tests and before.get(test) == self.tests[test] and not said["stopped"]
        }

    def _standing(self, work: Work) -> Record | None:
        """The student's record, where the gradebook has the very scores that it has."""
        record = self.record(work.student)
        if record is None or record.status not in SCORED or not self._when(work.student, work.timestamp):
            return None
        said = ((name, cell, one) for name in work.files for cell, one in record.more["cells"].get(name, {}).items())
        stands = {name: self.book.auto_scores(work.student, name) for name in work.files}
        same = all(stands[name].get(cell, -1) == one["score"] for name, cell, one in said if one["graded"])
        return record if same else None

    def _when(self, student: str, timestamp: datetime | None) -> bool:
        row = self.book.rows.get(student)
        return row is not None and row.timestamp == timestamp

"""nbgrader's gradebook, written by one process alone: one transaction a submission."""

import shutil
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import sqlalchemy as sql

from tinytorch.grader.grading import CellResult
from tinytorch.grader.tables import ids, insert, select, update

__all__ = ["Book", "BookError", "Penalty", "backup", "file_of"]

Penalty = Callable[[str, float, float], float | None]


def file_of(url: Any) -> Path | None:
    """Where an SQLite gradebook lies; None of another database."""
    parsed = sql.make_url(url)
    return Path(parsed.database) if parsed.database and parsed.get_backend_name() == "sqlite" else None


def backup(url: Any) -> None:
    """Copy an SQLite gradebook beside itself; other databases are the administrator's to copy."""
    database, now = file_of(url), datetime.now()
    copy = Path(f"{database}.{now:%Y%m%d-%H%M%S-%f}.bak")
    if database and database.is_file():
        try:
            with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
                source.execute("SELECT name FROM sqlite_master").fetchone()  # a locked one: `backup` would wait for ever
                source.backup(target)
        except sqlite3.Error:  # a full disk, or a lock
            copy.unlink(missing_ok=True)
            raise
        shutil.copymode(database, copy)


class BookError(Exception):
    """The gradebook cannot be used as it is."""


@dataclass
class _Row:
    """A student's submission as the gradebook has it."""

    id: str
    timestamp: datetime | None
    extension: timedelta | None
    notebooks: dict[str, str] = field(default_factory=dict)  # notebook id -> submitted notebook's
    grades: dict[str, Any] = field(default_factory=dict)  # cell -> row
    comments: dict[str, str] = field(default_factory=dict)  # cell -> id


class Book:
    """An open gradebook and what it knows of one assignment."""

    def __init__(self, url: str, assignment: str) -> None:
        self.engine = sql.create_engine(url)
        try:
            with self.engine.connect() as db:
                self._read(db, assignment)
        except sql.exc.SQLAlchemyError as error:
            raise BookError(f"{url}: {str(error).splitlines()[0]}") from error

    def _read(self, db: Any, assignment: str) -> None:
        found = select(db, "assignment", name=[assignment])
        if not found:
            raise BookError(f"the gradebook does not know {assignment}")
        self.id, self.duedate = found[0].id, found[0].duedate
        self.notebooks = {row.name: row.id for row in select(db, "notebook", assignment_id=[self.id])}
        own = list(self.notebooks.values())
        self.cells = {(row.notebook_id, row.type, row.name): row.id for row in select(db, "base_cell", notebook_id=own)}
        kinds = ("grade_cells", "task_cells")
        self.points = {row.id: row.max_score for kind in kinds for row in select(db, kind, id=self.cells.values())}
        self.sources = {(row.notebook_id, row.name): row for row in select(db, "source_cell", notebook_id=own)}
        self.students = {row.id for row in select(db, "student")}
        self.rows = self._submissions(db)

    def _submissions(self, db: Any) -> dict[str, _Row]:
        rows = select(db, "submitted_assignment", assignment_id=[self.id])
        known = {row.student_id: _Row(row.id, row.timestamp, row.extension) for row in rows}
        own = ids("submitted_assignment", assignment_id=[self.id])
        inner = ids("submitted_notebook", assignment_id=own)
        by_id = {row.id: row for row in known.values()}
        owner: dict[str, _Row] = {}
        for book in select(db, "submitted_notebook", assignment_id=own):
            by_id[book.assignment_id].notebooks[book.notebook_id] = book.id
            owner[book.id] = by_id[book.assignment_id]
        for grade in select(db, "grade", notebook_id=inner):
            owner[grade.notebook_id].grades[grade.cell_id] = grade
        for comment in select(db, "comment", notebook_id=inner):
            owner[comment.notebook_id].comments[comment.cell_id] = comment.id
        return known

    def backup(self) -> None:
        backup(self.engine.url)

    # -- what it says

    def released(self, notebook: str, cell: str) -> Any:
        """A cell as it was released, with nbgrader's `checksum`, and generated tests in its `source`; None where it was not."""
        return self.sources.get((self.notebooks.get(notebook, ""), cell))

    def worth(self, notebook: str) -> dict[str, float]:
        """The points of a notebook's graded cells and tasks."""
        own = self.notebooks.get(notebook)
        return {name: self.points[cell] for (book, _, name), cell in self.cells.items() if book == own and cell in self.points}

    def auto_scores(self, student: str, notebook: str) -> dict[str, float | None]:
        """The automatic scores that stand now, by cell."""
        grades = self.rows[student].grades if student in self.rows else {}
        names = {cell: name for (book, _, name), cell in self.cells.items() if book == self.notebooks.get(notebook)}
        return {names[cell]: grade.auto_score for cell, grade in grades.items() if cell in names}

    def standing(self, student: str) -> tuple[float, int]:
        """The sum that nbgrader shows, manual scores and penalties in it; how many answers and tasks with points wait for a person."""
        with self.engine.connect() as db:
            row = self.rows[student]
            grades = select(db, "grade", notebook_id=row.notebooks.values())
            books = select(db, "submitted_notebook", id=row.notebooks.values())
        late = {book.id: book.late_submission_penalty or 0.0 for book in books}
        total = sum(max(0.0, _sum(g for g in grades if g.notebook_id == book) - late[book]) for book in late)
        return total, sum(grade.needs_manual_grade and self.points.get(grade.cell_id, 0) > 0 for grade in grades)

    def seconds_late(self, student: str, timestamp: datetime | None) -> float:
        row = self.rows.get(student)
        if timestamp is None or self.duedate is None:
            return 0.0
        extension = row.extension if row and row.extension else timedelta(0)
        return max(0.0, (timestamp - self.duedate - extension).total_seconds())

    # -- what is written

    def write(
        self, student: str, timestamp: datetime | None, found: dict[str, list[CellResult]], penalty: Penalty
    ) -> None:
        """A submission's automatic scores, in one transaction. Manual scores and comments stay as they are."""
        with self.engine.begin() as db:
            row = self.rows.get(student) or self._new(db, student)
            if timestamp is not None and timestamp != row.timestamp:
                update(db, "submitted_assignment", [{"id": row.id, "timestamp": timestamp}])
                row.timestamp = timestamp
            for notebook, scores in found.items():
                self._write_notebook(db, student, row, notebook, scores, penalty)
        self.rows[student] = row

    def _write_notebook(
        self, db: Any, student: str, row: _Row, notebook: str, scores: list[CellResult], penalty: Penalty
    ) -> None:
        own = self.notebooks[notebook]
        submitted = self._submitted(db, row, own)
        grades, comments = [], []
        for score in scores:
            grade = row.grades.get(self.cells.get((own, "GradeCell", score.id), ""))
            if grade is not None:
                review = grade.manual_score is not None or score.score is None
                grades.append({"id": grade.id, "auto_score": score.score, "needs_manual_grade": review})
            comment = row.comments.get(self.cells.get((own, "SolutionCell", score.id), ""))
            comments += [{"id": comment, "auto_comment": score.comment}] if comment else []
        update(db, "grade", grades)
        update(db, "comment", comments)
        self._late(db, student, row, submitted, penalty)

    def forget(self, student: str) -> None:
        """Let go of what was read for a student who is done: memory stays as it is, however many there are."""
        self.rows.pop(student, None)

    def penalise(self, student: str, penalty: Penalty) -> None:
        """The late penalty again, for a due date, an extension or a rule that has changed since."""
        with self.engine.begin() as db:
            row = self.rows[student]
            for submitted in row.notebooks.values():
                self._late(db, student, row, submitted, penalty)

    def _late(self, db: Any, student: str, row: _Row, submitted: str, penalty: Penalty) -> None:
        """nbgrader's order: the penalty comes from the score as it stands now."""
        late, lost = self.seconds_late(student, row.timestamp), None
        if late > 0:
            score = _sum(select(db, "grade", notebook_id=[submitted]))
            lost = penalty(student, score, late)
            lost = None if lost is None else min(max(float(lost), 0.0), score)
        update(db, "submitted_notebook", [{"id": submitted, "late_submission_penalty": lost}])

    def _new(self, db: Any, student: str) -> _Row:
        if student not in self.students:
            insert(db, "student", [{"id": student}])
            self.students.add(student)
        row = _Row(uuid4().hex, None, None)
        values = {"id": row.id, "assignment_id": self.id, "student_id": student, "timestamp": None, "extension": None}
        insert(db, "submitted_assignment", [values])
        for notebook in self.notebooks.values():
            self._submitted(db, row, notebook)
        return row

    def _submitted(self, db: Any, row: _Row, notebook: str) -> str:
        """A submitted notebook's id, with the rows that it must have: also those of cells that came later."""
        if notebook not in row.notebooks:
            row.notebooks[notebook] = uuid4().hex
            values = {"id": row.notebooks[notebook], "assignment_id": row.id, "notebook_id": notebook, "flagged": False}
            insert(db, "submitted_notebook", [values | {"late_submission_penalty": None}])
        own = row.notebooks[notebook]
        cells = [(cell, kind) for (book, kind, _), cell in self.cells.items() if book == notebook]
        graded = (cell for cell, kind in cells if kind != "SolutionCell" and cell not in row.grades)
        commented = (cell for cell, kind in cells if kind != "GradeCell" and cell not in row.comments)
        empty = dict.fromkeys(("auto_score", "manual_score", "extra_credit")) | {"needs_manual_grade": True}
        grades = [{"id": uuid4().hex, "notebook_id": own, "cell_id": cell, **empty} for cell in graded]
        comments = [{"id": uuid4().hex, "notebook_id": own, "cell_id": cell, "auto_comment": None} for cell in commented]
        insert(db, "grade", grades)
        insert(db, "comment", comments)
        row.grades.update({grade["cell_id"]: SimpleNamespace(**grade) for grade in grades})
        row.comments.update({comment["cell_id"]: comment["id"] for comment in comments})
        return own


def _sum(grades: Iterable[Any]) -> float:
    """nbgrader's score of some grades: the manual one before the automatic one, and extra credit."""
    both = ((g.auto_score if g.manual_score is None else g.manual_score, g.extra_credit) for g in grades)
    return sum(score + (extra or 0.0) for score, extra in both if score is not None)

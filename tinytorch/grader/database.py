"""The tables of nbgrader's gradebook in plain SQL: SQLite by Python's own module, others by the driver that the URL names.

SQLAlchemy, which takes longer to import than a submission to grade, is asked only for those others.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

__all__ = ["Database", "Row", "Statements"]

TABLES = {
    "assignment": ("id", "name", "duedate"),
    "notebook": ("id", "name", "assignment_id"),
    "base_cell": ("id", "name", "notebook_id", "type"),
    "source_cell": ("name", "notebook_id", "source", "checksum"),
    "student": ("id",),
    "submitted_assignment": ("id", "assignment_id", "student_id", "timestamp", "extension"),
    "submitted_notebook": ("id", "assignment_id", "notebook_id", "flagged", "late_submission_penalty"),
    "grade": ("id", "notebook_id", "cell_id", "auto_score", "manual_score", "extra_credit", "needs_manual_grade"),
    "comment": ("id", "notebook_id", "cell_id", "auto_comment"),
}
Row = {name: namedtuple(name, columns) for name, columns in TABLES.items()}  # type: ignore[misc]
EPOCH = datetime(1970, 1, 1)  # SQLite has no spans of time: nbgrader's stand there as moments after this one


class Database:
    """Opened anew for each transaction: nothing of it is open when a worker is forked."""

    def __init__(self, url: str) -> None:
        self.file = self.file_of(url)
        if self.file is None:
            import sqlalchemy

            self.engine = sqlalchemy.create_engine(url)
        driver: Any = sqlite3 if self.file else self.engine.dialect.loaded_dbapi
        self.mark, self.error = "?" if self.file else "%s", driver.Error

    @staticmethod
    def file_of(url: str) -> Path | None:
        """An SQLite gradebook's file."""
        name = url.partition("///")[2].partition("?")[0] if url.startswith("sqlite") else ""
        return Path(name) if name else None

    @contextmanager
    def transaction(self) -> Iterator["Statements"]:
        """All of it or nothing."""
        file = self.file and f"{self.file.absolute().as_uri()}?mode=rw"  # one that is not there is not made
        db: Any = sqlite3.connect(file, uri=True) if file else self.engine.raw_connection()
        try:
            yield Statements(db.cursor(), self)
            db.commit()
        except BaseException:
            db.rollback()
            raise
        finally:
            db.close()


class Statements:
    """Within one transaction."""

    def __init__(self, cursor: Any, database: Database) -> None:
        self.cursor, self.mark, self.lite = cursor, database.mark, database.file is not None

    def all(self, table: str, where: str = "", *among: Iterable[Any]) -> list[Any]:
        """The rows; each `{}` of `where` stands for the values of its turn of `among`."""
        lists = [list(values) for values in among]
        if not all(lists):
            return []
        marks = (", ".join([self.mark] * len(values)) for values in lists)
        text = f'SELECT {_names(TABLES[table])} FROM "{table}" ' + (where and "WHERE ") + where.format(*marks)
        self.cursor.execute(text, [value for values in lists for value in values])
        return [Row[table](*map(self._read, TABLES[table], row)) for row in self.cursor.fetchall()]

    def insert(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        """New rows, all with the same columns."""
        if rows:
            marks = ", ".join([self.mark] * len(rows[0]))
            self._each(f'INSERT INTO "{table}" ({_names(rows[0])}) VALUES ({marks})', [[*row.values()] for row in rows])

    def update(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        """Set the given columns, by id."""
        if rows:
            names = [name for name in rows[0] if name != "id"]
            changes = ", ".join(f'"{name}" = {self.mark}' for name in names)
            text = f'UPDATE "{table}" SET {changes} WHERE "id" = {self.mark}'
            self._each(text, [[row[name] for name in (*names, "id")] for row in rows])

    def _each(self, text: str, rows: list[list[Any]]) -> None:
        self.cursor.executemany(text, [list(map(self._written, row)) for row in rows])

    def _read(self, column: str, value: Any) -> Any:
        if not self.lite or value is None or column not in ("duedate", "timestamp", "extension"):
            return value
        moment = datetime.fromisoformat(value)
        return moment - EPOCH if column == "extension" else moment

    def _written(self, value: Any) -> Any:
        value = EPOCH + value if self.lite and isinstance(value, timedelta) else value
        return value.isoformat(" ", "microseconds") if self.lite and isinstance(value, datetime) else value


def _names(columns: Iterable[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)

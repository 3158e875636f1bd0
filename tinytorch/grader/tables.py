"""The tables of nbgrader's gradebook that the grader reads and writes, in lean statements."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sql

__all__ = ["ids", "insert", "select", "update"]

TABLES = {
    "assignment": ("id", "name", "duedate"),
    "notebook": ("id", "name", "assignment_id"),
    "base_cell": ("id", "name", "notebook_id", "type"),
    "grade_cells": ("id", "max_score"),
    "task_cells": ("id", "max_score"),
    "source_cell": ("name", "notebook_id", "source", "checksum"),
    "student": ("id",),
    "submitted_assignment": ("id", "assignment_id", "student_id", "timestamp", "extension"),
    "submitted_notebook": ("id", "assignment_id", "notebook_id", "flagged", "late_submission_penalty"),
    "grade": ("id", "notebook_id", "cell_id", "auto_score", "manual_score", "extra_credit", "needs_manual_grade"),
    "comment": ("id", "notebook_id", "cell_id", "auto_comment"),
}
TYPES: dict[str, Any] = {"duedate": sql.DateTime(), "timestamp": sql.DateTime(), "extension": sql.Interval(),
         "flagged": sql.Boolean(), "needs_manual_grade": sql.Boolean()}  # fmt: skip
TABLE = {name: sql.table(name, *(sql.column(c, TYPES.get(c)) for c in columns)) for name, columns in TABLES.items()}


def ids(name: str, /, **among: Iterable[Any] | sql.Select[Any]) -> sql.Select[Any]:
    """The ids of what `select` would give, for another selection."""
    return _where(sql.select(TABLE[name].c.id), name, among)


def select(db: Any, name: str, /, **among: Iterable[Any] | sql.Select[Any]) -> list[Any]:
    """The rows whose columns are among the given values."""
    return list(db.execute(_where(sql.select(TABLE[name]), name, among)))


def _where(query: sql.Select[Any], name: str, among: dict[str, Any]) -> sql.Select[Any]:
    for column, values in among.items():
        query = query.where(TABLE[name].c[column].in_(values if isinstance(values, sql.Select) else list(values)))
    return query


def insert(db: Any, name: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        db.execute(sql.insert(TABLE[name]), rows)


def update(db: Any, name: str, rows: list[dict[str, Any]]) -> None:
    """Set the given columns, by id."""
    if rows:
        values: dict[str, Any] = {column: sql.bindparam(f"new_{column}") for column in rows[0] if column != "id"}
        query = sql.update(TABLE[name]).where(TABLE[name].c.id == sql.bindparam("new_id")).values(values)
        db.execute(query, [{f"new_{column}": value for column, value in row.items()} for row in rows])

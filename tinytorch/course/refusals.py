"""What a build would lose, found before it is lost: each finding says where it is and how to repair it."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tinytorch.course.errors import CourseError
from tinytorch.course.percent import Notebook, to_notebook
from tinytorch.course.points import Counter

__all__ = ["HEADER", "default_exp", "parsed"]

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
HIDDEN_BEGIN, HIDDEN_END = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
KEYS = {"grade", "grade_id", "locked", "schema_version", "solution", "task"}
HEADER = """\
# ---
# jupyter:
#   jupytext:
#     cell_markers: '\"""'
#     notebook_metadata_filter: kernelspec,jupytext,-jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---
"""


@dataclass(frozen=True)
class Cell:
    """A cell of the source: where it begins, what it is, what nbgrader knows about it."""

    line: int
    kind: str
    source: str
    nbgrader: dict[str, Any]

    def lines(self) -> Iterator[tuple[int, str]]:
        """The cell's lines with their numbers in the source; a markdown cell opens with a line of quotes."""
        return enumerate(self.source.splitlines(), self.line + (1 if self.kind == "code" else 2))

    def line_of(self, text: str) -> int:
        return next((number for number, line in self.lines() if text in line), self.line)


def parsed(name: str, source: str) -> Notebook:
    """The source's notebook; what is wrong with the source is raised, one line for each finding."""
    _raise(name, _syntax(source))
    notebook = to_notebook(source)
    cells = _located(source, notebook.cells)
    _raise(name, (finding for part in _findings(source, cells) for finding in part))
    return notebook


def _raise(name: str, findings: Iterable[tuple[int, str]]) -> None:
    if found := sorted(set(findings)):
        raise CourseError("\n".join(f"{name}:{line}: {text}" for line, text in found))


def default_exp(source: str) -> tuple[int, str] | None:
    """The module that a source exports to, and the line that says so."""
    for number, line in enumerate(source.splitlines(), 1):
        if match := re.match(r"#\|\s*default_exp\s+(\S+)", line):
            return number, match[1]
    return None


def _syntax(source: str) -> Iterator[tuple[int, str]]:
    try:
        ast.parse(source)
    except SyntaxError as error:
        yield error.lineno or 1, f"does not parse: {error.msg}"


def _located(source: str, cells: list[Any]) -> list[Cell]:
    """The cells with the lines of their markers; jupytext keeps their order."""
    marks = [number for number, line in enumerate(source.splitlines(), 1) if re.match(r"# %%(\s|$)", line)]
    lines = marks if len(marks) == len(cells) else [1] * len(cells)
    return [
        Cell(line, cell.cell_type, cell.source, dict(cell.metadata.get("nbgrader", {})))
        for line, cell in zip(lines, cells, strict=True)
    ]


def _findings(source: str, cells: list[Cell]) -> Iterator[Iterator[tuple[int, str]]]:
    yield _header(source)
    yield _exported(source, cells)
    yield _duplicates(cells)
    for cell in cells:
        yield _metadata(cell)
        yield _regions(cell)
    yield _points(cells)


def _header(source: str) -> Iterator[tuple[int, str]]:
    if not source.startswith(HEADER):
        wrong = next((n for n, (a, b) in enumerate(zip(source.splitlines(), HEADER.splitlines()), 1) if a != b), 1)
        yield wrong, "the header is not the one that all sources have; copy it from another module"


def _exported(source: str, cells: list[Cell]) -> Iterator[tuple[int, str]]:
    exports = [cell for cell in cells if re.search(r"^#\|\s*export\b", cell.source, re.MULTILINE)]
    if exports and default_exp(source) is None:
        yield exports[0].line, "exports, but nothing says where to; begin the first exported cell with `#| default_exp core.NAME`"


def _duplicates(cells: list[Cell]) -> Iterator[tuple[int, str]]:
    first: dict[str, int] = {}
    for cell in cells:
        name = cell.nbgrader.get("grade_id")
        if name in first:
            yield cell.line, f"grade_id {name!r} is taken by the cell at line {first[name]}; give this one another"
        elif name:
            first[name] = cell.line


def _metadata(cell: Cell) -> Iterator[tuple[int, str]]:
    known = cell.nbgrader
    if cell.kind == "code" and not known.get("grade_id"):
        yield cell.line, "a code cell without a grade_id; add one to its nbgrader={...}"
    elif known and (missing := sorted(KEYS - known.keys())):
        yield cell.line, f"nbgrader metadata without {', '.join(missing)}; add what is missing"
    elif known and known["schema_version"] != 3:
        yield cell.line, f"nbgrader schema {known['schema_version']}; write \"schema_version\": 3"
    elif known.get("grade") and not isinstance(known.get("points"), int | float):
        yield cell.line, 'a graded cell without points; add "points": N'


def _regions(cell: Cell) -> Iterator[tuple[int, str]]:
    yield from _paired(cell, BEGIN, END)
    yield from _paired(cell, HIDDEN_BEGIN, HIDDEN_END)
    if cell.nbgrader.get("solution") and BEGIN not in cell.source:
        yield cell.line, f"a solution cell without a region: its whole text would be cleared; mark it with {BEGIN} and {END}"
    if BEGIN in cell.source and not cell.nbgrader.get("solution"):
        yield cell.line_of(BEGIN), 'a solution region in a cell that is none: students would get it; set "solution": true'
    if HIDDEN_BEGIN in cell.source and not cell.nbgrader.get("grade"):
        yield cell.line_of(HIDDEN_BEGIN), 'hidden tests in a cell that is not graded: students would get them; set "grade": true'


def _paired(cell: Cell, begin: str, end: str) -> Iterator[tuple[int, str]]:
    """Begin and end must alternate, each on a line of its own."""
    open_at = 0
    for number, line in cell.lines():
        if begin in line or end in line:
            if line.strip() not in (begin, end):
                yield number, f"{line.strip()!r}: nbgrader takes this for a marker; put the marker alone on its line"
            elif (line.strip() == begin) == bool(open_at):
                yield number, f"{line.strip()} without its other half; each {begin} needs one {end}"
            open_at = number if begin in line else 0
    if open_at:
        yield open_at, f"{begin} without its other half; add {end}"


def _points(cells: list[Cell]) -> Iterator[tuple[int, str]]:
    """A graded cell's points are said to nbgrader and to its checks, and are what the checks add up to."""
    counter = Counter()
    for cell in cells:
        if cell.kind != "code" or not cell.nbgrader.get("locked"):
            continue
        if not cell.nbgrader.get("grade"):
            counter.given(cell.source)
            continue
        points = cell.nbgrader.get("points")
        for line, said in _said(cell):
            if said != points:
                yield line, f"the checks say {said:g} points, nbgrader's metadata {points}; make them equal"
        yield from _counted(cell, counter)


def _counted(cell: Cell, counter: Counter) -> Iterator[tuple[int, str]]:
    try:
        made = counter.points(cell.source)
    except Exception as error:
        yield cell.line, f"its checks do not run without a student ({error!r}); only `got=lambda: ...` may touch a student's names"
        return
    if made is not None and made != cell.nbgrader.get("points"):
        yield cell.line, f"the checks add up to {made:g} points, nbgrader's metadata says {cell.nbgrader.get('points')}"


def _said(cell: Cell) -> Iterator[tuple[int, float]]:
    for node in ast.walk(ast.parse(cell.source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Checks":
            for keyword in node.keywords:
                if keyword.arg == "points" and isinstance(keyword.value, ast.Constant):
                    yield cell.line + keyword.value.lineno, float(str(keyword.value.value))

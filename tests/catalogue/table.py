"""Rows of wrong and right answers, and the fast way to grade one: the cells of a percent source, run without a kernel.

A table is a module `mNN_*.py` of this folder with `SLIPS`, `RIGHT` or both. The harness knows no exercise.
"""

import builtins
import contextlib
import copy
import functools
import io
import json
import os
import re
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Any
from unittest import mock

from tinytorch import checks

SOURCES = Path(__file__).resolve().parents[2] / "modules" / "source"
CELL = re.compile(r"^# %%[ \t]*(?:nbgrader=(\{.*?\}))?[ \t]*(?:tags=(\[.*?\]))?[ \t]*\n(.*?)(?=^# %%|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Row:
    """An answer to one exercise: the whole text of its cell, and a free cell before it."""

    module: str
    cell: str
    name: str
    answer: str
    fails: tuple[str, ...] = ()  # the checks that must fail; ALL where every check of the cell must
    says: str = ""  # what the student must read
    free: str = ""


ALL = ("every check",)


def changed(text: str, *changes: tuple) -> str:
    """The text with each (old, new) applied; an old part that is not there exactly once is an error in the table.

    (old, new, k) changes its k-th place, k = 1, 2, ..., and (old, new, "all") every place.
    """
    for old, new, *which in changes:
        places = text.count(old)
        if not places or (not which and places > 1):
            raise ValueError(f"{old!r} stands {places} times in the answer")
        parts = text.split(old)
        wanted = range(1, places + 1) if which in ([], ["all"]) else which
        text = parts[0] + "".join((new if k in wanted else old) + part for k, part in enumerate(parts[1:], 1))
    return text


@dataclass
class Graded:
    """What became of a graded cell."""

    score: float | None
    printed: str
    results: list = field(default_factory=list)
    stderr: str = ""

    @property
    def failed(self) -> set[str]:
        return {result.name for result in self.results if not result.passed}


@dataclass(frozen=True)
class Cell:
    name: str
    source: str
    graded: bool
    solution: bool
    points: float = 0

    @functools.cached_property
    def parts(self) -> tuple[CodeType, CodeType | None]:
        return compiled(self.source, self.name, self.graded)


def compiled(source: str, name: str, graded: bool) -> tuple[CodeType, CodeType | None]:
    """A cell's code, and that of its last expression where its value counts."""
    body, _, last = source.rstrip().rpartition("\n") if graded else (source, "", "")
    return compile(body, name, "exec"), compile(last, name, "eval") if graded else None


@functools.cache
def cells(module: str) -> tuple[Cell, ...]:
    """The code cells of a module that run when it is graded."""
    found = []
    for match in CELL.finditer((SOURCES / module / f"{module[3:]}_dev.py").read_text(encoding="utf-8")):
        meta, tags, source = match.groups()
        if source.startswith(('"""', 'r"""')) or "skip-execution" in (tags or ""):
            continue
        data = json.loads(meta or "{}")
        found.append(Cell(data.get("grade_id", "free"), source, bool(data.get("grade")), bool(data.get("solution")), data.get("points") or 0))
    return tuple(found)


def graded_after(module: str, least: float = 0) -> dict[str, str]:
    """For each exercise the graded cell that follows it, where that carries `least` points or more."""
    pairs, solution = {}, ""
    for cell in cells(module):
        if cell.graded and solution:
            pairs |= {solution: cell.name} if cell.points >= least else {}
            solution = ""
        elif cell.solution:
            solution = cell.name
    return pairs


@contextlib.contextmanager
def seeded(module: str, seed: int):
    before = os.environ.get("TINYTORCH_SEEDS")
    os.environ["TINYTORCH_SEEDS"] = json.dumps({module: seed})
    try:
        yield
    finally:
        os.environ.pop("TINYTORCH_SEEDS")
        os.environ.update({} if before is None else {"TINYTORCH_SEEDS": before})


class Known(checks.Checks):
    """Checks, some of which were made before."""

    def __init__(self, known: dict[str, Any], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.known = known

    def require(self, *_: Any, **__: Any) -> None:
        """The answer was found in the notebook before, or no check is unknown."""

    def check(self, name: str, *args: Any, **options: Any) -> None:
        if name in self.known:
            self.results.append(self.known[name])
        else:
            super().check(name, *args, **options)


class Notebook:
    """One student's notebook: the module's cells with some answers replaced."""

    def __init__(self, module: str, answers: dict[str, str], free: str = "") -> None:
        self.module, self.answers, self.free = module, answers, free
        self.space: dict[str, Any] = {"__name__": "__main__", "__builtins__": builtins}

    def run(self, only: str = "", seed: int = 0) -> dict[str, Graded]:
        """Every cell in order; with `only` the one graded cell of that name."""
        graded = {}
        if self.free:
            self.quietly(self.execute, compiled(self.free, "free-cell", False))
        with seeded(self.module, seed):
            for cell in cells(self.module):
                if cell.graded and only in ("", cell.name):
                    graded[cell.name] = self.grade(cell)
                elif not cell.graded:
                    self.quietly(self.answer, cell)
                if cell.name == only:
                    break
        return graded

    def answer(self, cell: Cell) -> Any:
        text = self.answers.get(cell.name)
        return self.execute(cell.parts if text is None else compiled(text, cell.name, False))

    def execute(self, parts: tuple[CodeType, CodeType | None]) -> Any:
        exec(parts[0], self.space)
        return eval(parts[1], self.space) if parts[1] else None

    def grade(self, cell: Cell) -> Graded:
        value, out, err = self.quietly(self.execute, cell.parts)
        assert err == "", f"{cell.name} writes to stderr: {err}"
        assert value is None or type(value) is float, f"{cell.name} does not end as a graded cell does: {value}"
        return Graded(value, out, copy.copy(self.space["checks"].results), err)

    def regrade(self, cell: str, seed: int, known: dict[str, Any]) -> Graded:
        """The same answer and graded cell again under another seed; checks whose result is `known` are not made again."""
        here = [each.name for each in cells(self.module)].index(cell)
        answer = max(k for k, each in enumerate(cells(self.module)[:here]) if each.solution)
        with seeded(self.module, seed), mock.patch.object(checks, "Checks", functools.partial(Known, known)):
            self.quietly(self.answer, cells(self.module)[answer])
            return self.grade(cells(self.module)[here])

    def quietly(self, function, *args) -> tuple[Any, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                value = function(*args)
            except Exception:
                if args and getattr(args[0], "graded", False):
                    raise
                value = traceback.format_exc()
        return value, out.getvalue(), err.getvalue()

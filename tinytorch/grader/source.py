"""The instructor's locked cells as the judging process reads them: whose each name is, what is run here, what is asked."""

import ast
import contextlib
import random
from collections.abc import Iterator
from typing import Any

from tinytorch.grader.forms import Unsplittable
from tinytorch.grader.helpers import note
from tinytorch.grader.names import DEFINITIONS, Scope, bound, free, import_names, parsed
from tinytorch.grader.split import split

__all__ = ["Source", "statements"]


class Source:
    """The instructor's half of one notebook; what of it comes before the first test is run at once."""

    def __init__(self, cells: list[dict[str, Any]], seed: int, execute: bool = True) -> None:
        self.cells, self.seed, self.space = cells, seed, {"__name__": "__main__", "display": print}
        if execute:
            import numpy as np  # in the judging process alone: a grader starts without it

            random.seed(seed)
            np.random.seed(seed % 2**32)
        self.scope = Scope()
        first = next((i for i, cell in enumerate(cells) if cell["role"] == "test"), len(cells))
        self.later = cells[first:]
        for index, cell in enumerate(cells):
            self.read(cell, run=execute and index < first)

    def read(self, cell: dict[str, Any], run: bool) -> None:
        if cell["role"] == "test":
            self.read_test(cell)
        else:
            cell["ours"] = self.read_given(cell) if cell["role"] == "given" else self.read_student(cell)
            if run:
                self.run_given(cell)

    def read_test(self, cell: dict[str, Any]) -> None:
        """Split it; where that cannot be, its `whole` says why."""
        try:
            if cell["whole"]:
                raise Unsplittable(cell["whole"])
            cell["parts"] = split(cell["source"], self.scope)
            cell["code"] = [(line, *_compiled(nodes, cell["id"])) for line, nodes in cell["parts"].judge]
        except Exception as error:  # also a splitter that stumbles: then the cell runs whole
            cell["whole"] = str(error) if isinstance(error, Unsplittable) else f"{type(error).__name__}: {error}"
            cell["ours"] = self.read_whole(cell)

    def besides_imports(self, cell: dict[str, Any], ours: list[ast.stmt]) -> Iterator[ast.stmt]:
        """A cell's statements but for the instructor's imports, which are `ours` wherever they stand."""
        filled_in = cell["solution"] if cell["role"] == "student" else ()
        for node in statements(cell["source"]):
            if isinstance(node, ast.Import | ast.ImportFrom) and node.lineno not in filled_in:
                note(self.scope, node)
                self.scope.bind_import(node)
                ours.append(node)
            else:
                yield node

    def read_whole(self, cell: dict[str, Any]) -> list[ast.stmt]:
        """A test that runs whole: only its imports are there for the tests below, which must not compare with what it made."""
        ours = list[ast.stmt]()
        for node in self.besides_imports(cell, ours):
            note(self.scope, node)
            for name in bound(node):
                self.scope.give_away(name)
                self.scope.tests.add(name)
        return ours

    def read_student(self, cell: dict[str, Any]) -> list[ast.stmt]:
        """A student's cell: only its imports that stand outside the part to fill in are the instructor's too."""
        ours = list[ast.stmt]()
        for node in self.besides_imports(cell, ours):
            if not cell["id"]:  # of no exercise: a helper in it is the instructor's, in a cell that a student may edit
                note(self.scope, node)
            for name in bound(node):
                self.scope.give_away(name)
                for known in (self.scope.helpers, self.scope.tests, self.scope.runs) if cell["id"] else ():
                    known.discard(name)
            if isinstance(node, ast.Import | ast.ImportFrom):  # what a student brings may say anything
                self.scope.helpers |= import_names(node)
            self.scope.callables |= {node.name} if isinstance(node, DEFINITIONS) else set()
            self.scope.classes |= {node.name} if isinstance(node, ast.ClassDef) else set()
        return ours

    def read_given(self, cell: dict[str, Any]) -> list[ast.stmt]:
        """A locked cell that is not graded: what in it does not touch the student is the instructor's."""
        ours = list[ast.stmt]()
        for node in self.besides_imports(cell, ours):
            note(self.scope, node)
            names = bound(node)
            before = free(node) - (names - self.scope.student)  # a loop reads what it binds itself
            theirs = any(map(self.scope.is_student, before))
            for name in names:
                self.scope.give_away(name) if theirs else self.scope.bind(name)
                self.scope.given |= set() if theirs else {name}
            if isinstance(node, DEFINITIONS):
                self.scope.shared |= names - {node.name}
                for name in names - {node.name}:
                    self.scope.give_away(name)
            if not theirs and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
                ours.append(node)
        return ours

    def run_given(self, cell: dict[str, Any]) -> None:
        for node in cell["ours"]:
            with contextlib.suppress(Exception):  # what fails here is missing where it is needed, and said there
                exec(compile(ast.Module([node], []), cell["id"], "exec"), self.space)


def _compiled(nodes: list[ast.stmt], name: str) -> tuple[Any, Any]:
    """Statements, and apart from them a last expression, whose value counts."""
    last = nodes[-1] if nodes and isinstance(nodes[-1], ast.Expr) else None
    rest = compile(ast.Module(nodes[:-1] if last else nodes, []), name, "exec")
    return rest, compile(ast.Expression(last.value), name, "eval") if last else None


def statements(source: str) -> list[ast.stmt]:
    """Those of a cell; none where it is no Python."""
    tree = parsed(source)
    return tree.body if tree else []

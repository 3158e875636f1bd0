"""The points of a cell's checks, hidden ones included, counted by running the cell without a student.

Each `got` becomes a constant: the points do not depend on what came. So this also proves that nothing else in a graded
cell touches a student's names.
"""

import ast
import contextlib
import io
import warnings
from typing import Any

from tinytorch.checks import Checks

__all__ = ["Counter"]


class Counter:
    """Goes through a notebook's locked cells in their order, as a grader does."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__"}

    def given(self, source: str) -> None:
        """What a locked cell imports and defines is there for the cells after it."""
        for statement in _parsed(source).body:
            if isinstance(statement, ast.Import | ast.ImportFrom | ast.FunctionDef):
                with contextlib.suppress(Exception):  # it needs a student's name: a graded cell cannot need it then
                    self._run(ast.Module([statement], []))

    def points(self, source: str) -> float | None:
        """The sum of a graded cell's checks; None where the cell makes none."""
        self._run(ast.fix_missing_locations(_WithoutStudent().visit(_parsed(source))))
        made = [value for value in self.names.values() if isinstance(value, Checks)]
        self.names = {name: value for name, value in self.names.items() if not isinstance(value, Checks)}
        return sum(result.points for checks in made for result in checks.results) if made else None

    def _run(self, tree: ast.Module) -> None:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(tree, "<cell>", "exec"), self.names)


class _WithoutStudent(ast.NodeTransformer):
    def visit_keyword(self, node: ast.keyword) -> ast.keyword:
        """`got=lambda: ...` -> `got=lambda: None`."""
        if node.arg == "got" and isinstance(node.value, ast.Lambda):
            node.value.body = ast.Constant(None)
        return node


def _parsed(source: str) -> ast.Module:
    """The cell without its magics, which no check needs."""
    lines = ["" if line.startswith(("%", "!")) else line for line in source.splitlines()]
    return ast.parse("\n".join(lines))

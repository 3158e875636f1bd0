"""The percent sources themselves: what they import, and their test cells, run here without a notebook server."""

import ast
import contextlib
import doctest
import importlib
import io
import re
import sys

import numpy as np
import pytest

from tinytorch.course.modules import every
from tinytorch.course.percent import to_notebook

MODULES = every()
NAMES = [module.name for module in MODULES]
OTHERS = {"numpy", "matplotlib", "tinytorch", *sys.stdlib_module_names}
EXPORTS = {re.search(r"default_exp core\.(\w+)", module.source.read_text("utf-8"))[1]: module.name for module in MODULES}


def cells(name: str):
    source = next(module.source for module in MODULES if module.name == name)
    return [cell for cell in to_notebook(source.read_text("utf-8")).cells if cell.cell_type == "code"]


def imported(tree: ast.AST):
    """Every module that the tree imports, relative ones as '.'."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." if node.level else node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module == "tinytorch.core")


@pytest.mark.parametrize("name", NAMES)
def test_a_source_imports_tinytorch_and_earlier_modules_only(name):
    tree = ast.parse("\n".join(cell.source for cell in cells(name)))
    for module in imported(tree):
        assert module.partition(".")[0] in OTHERS, f"{name} imports {module}"
        if found := re.match(r"tinytorch\.core\.(\w+)", module):
            assert EXPORTS[found[1]] < name, f"{name} imports {module}, which is not an earlier module"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("word", ["sys.path", "__file__", "except ImportError", "assert True"])
def test_a_source_has_no(name, word):
    assert not [cell["id"] for cell in cells(name) if word in cell.source]


@pytest.fixture(scope="module")
def runs():
    """Each module's namespace, and the values of the cells that have run: no cell runs twice."""
    return {}


def value_of(cell, space) -> object:
    """The value of a cell's last expression, as a notebook shows it."""
    body = ast.parse(cell.source).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(ast.Module(body, []), cell["id"], "exec"), space)
        return eval(compile(ast.Expression(last.value), cell["id"], "eval"), space) if last else None


def run_until(name: str, cell_id: str, runs) -> object:
    """Run the module's cells in their order, as far as this one; those that only show something are left out."""
    space, values = runs.setdefault(name, ({"__name__": "__main__"}, {}))
    for cell in cells(name):
        shown = "skip-execution" in cell.metadata.get("tags", [])
        if cell["id"] not in values and not shown and not cell.source.startswith("%"):
            values[cell["id"]] = value_of(cell, space)
        if cell["id"] == cell_id:
            return values[cell_id]
    raise AssertionError(f"{name} has no cell {cell_id}")


TESTS = [(name, cell["id"]) for name in NAMES for cell in cells(name) if cell.metadata["nbgrader"]["grade"]]


@pytest.mark.parametrize("name, cell", TESTS, ids=["-".join((name[:2], cell)) for name, cell in TESTS])
def test_a_test_cell_passes_with_the_reference(name, cell, runs):
    assert run_until(name, cell, runs) is None


@pytest.mark.parametrize("target", EXPORTS)
def test_the_examples_in_docstrings_hold(target):
    with np.errstate(all="ignore"):
        result = doctest.testmod(importlib.import_module(f"tinytorch.core.{target}"))
    assert result.attempted > 0 and result.failed == 0


def test_the_points_of_08_are_the_contracts():
    graded = {cell["id"]: cell.metadata["nbgrader"]["points"] for cell in cells("08_optimizers") if cell.metadata["nbgrader"]["grade"]}
    fixed = {"test-gradient-descent": 10, "test-sgd": 15, "test-adam": 20, "test-scheduler": 10, "test-training-integration": 15}
    assert {name: points for name, points in graded.items() if points} == fixed

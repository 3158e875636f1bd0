"""What one line of a cell, a top-level statement, does to the notebook's names."""

import ast
from collections.abc import Iterator

__all__ = ["names", "only_names"]

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def only_names(node: ast.stmt) -> bool:
    """Whether it gives something a name and does no more: an import, a definition, a constant, a lambda."""
    if not isinstance(node, ast.Assign):
        return isinstance(node, (ast.Import, ast.ImportFrom, *DEFINITIONS))
    try:
        ast.literal_eval(node.value)
    except ValueError:
        return isinstance(node.value, ast.Lambda)
    return True


def names(node: ast.stmt) -> Iterator[str]:
    """The names that it makes."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.alias):
            yield (inner.asname or inner.name).partition(".")[0]
        elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            yield inner.id
        elif isinstance(inner, DEFINITIONS):
            yield inner.name

"""What splitting a cell recognises (a check, an assertion by a function) and what it makes (a site, a call to a hook)."""

import ast
from dataclasses import dataclass
from typing import Any

__all__ = ["Site", "Unsplittable", "by_name", "call", "got_of", "is_judging", "is_print", "last_name", "later", "name_of", "root", "start"]


class Unsplittable(Exception):
    """Why a cell has to run whole."""


@dataclass
class Site:
    """A place in a cell that only the sandbox can evaluate."""

    text: str
    asked: ast.AST  # the same with names in the places of parts of ours,
    parts: dict[str, Any]  # and these
    run: bool  # statements, not an expression
    inputs: list[str]
    given: set[str]  # those of the inputs that the sandbox has from a given cell
    fresh: bool = False  # bind the inputs anew each time: a check's `got`


def call(function: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(function, ast.Load()), list(arguments), [])


def by_name(values: dict[str, ast.expr]) -> ast.Dict:
    return ast.Dict([*map(ast.Constant, values)], [*values.values()])


def later(value: ast.expr) -> ast.Lambda:
    return ast.Lambda(ast.arguments([], [], None, [], [], None, []), value)


def name_of(node: ast.AST) -> str:
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""


def last_name(node: ast.AST) -> str:
    return name_of(node).rpartition(".")[2]


def root(node: Any) -> Any:
    """What `a.b[c]` starts from."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node


def start(node: Any) -> Any:
    """What `a.b(c)[d]` starts from, also through calls: `a`."""
    while not isinstance(node, ast.Name) and (inner := getattr(node, "value", getattr(node, "func", None))):
        node = inner
    return node


def is_judging(function: ast.expr) -> bool:
    return "raises" in name_of(function).lower() or last_name(function).lower().startswith("assert")


def is_print(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and name_of(node.value.func) == "print"


def got_of(node: ast.Call) -> ast.keyword | None:
    """The `got=lambda: ...` of a check in the form of tinytorch.checks."""
    form = isinstance(node.func, ast.Attribute) and node.func.attr in ("check", "require")
    given = (k for k in node.keywords if k.arg == "got" and isinstance(k.value, ast.Lambda) and not k.value.args.args)
    return next(given, None) if form else None

"""What of the instructor's values a question needs: `case[0]`, `len(want)`. It goes into a sandbox alone, by a name of its own,
for what is right may stand in `case` as well."""

import ast
import zlib
from typing import Any

from tinytorch.grader.forms import name_of, start
from tinytorch.grader.helpers import is_running
from tinytorch.grader.names import COMPREHENSIONS, free
from tinytorch.grader.whose import DATA, Whose

__all__ = ["PART", "Parts"]

PART = r"\bpart_[\d_]+\b"  # their names
TAKEN = (ast.Subscript, ast.Attribute, ast.Call, ast.BinOp, ast.UnaryOp, ast.Compare, ast.JoinedStr, *COMPREHENSIONS)
UNFIT = (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)
FUNCTIONS = {"abs", "bool", "dict", "enumerate", "float", "int", "iter", "len", "list", "max", "min", "next", "range", "reversed", "round", "set",
             "sorted", "str", "sum", "tuple", "zip"}  # fmt: skip
METHODS = DATA | {"astype", "copy", "get", "item", "items", "keys", "mean", "ravel", "reshape", "sum", "tolist", "values"}


class Parts(ast.NodeTransformer):
    """Puts a name in the place of each part that is made of values of ours, and changes none."""

    def __init__(self, whose: Whose) -> None:
        self.whose, scope = whose, whose.scope
        self.found: dict[str, ast.expr] = {}
        self.values = (scope.own - scope.given - scope.made_by.keys()).union(*whose.local) - scope.lent  # what is not there as a whole
        self.modules = {name for name, node in scope.made_by.items() if isinstance(node, ast.Import | ast.ImportFrom)} - scope.helpers

    def visit(self, node: Any) -> Any:
        if isinstance(node, TAKEN) and isinstance(getattr(node, "ctx", None), ast.Load | None) and self.fits(node):
            return self.named(node)
        return node if isinstance(node, (*COMPREHENSIONS, ast.Lambda)) else self.generic_visit(node)

    def fits(self, node: Any) -> bool:
        names, inner = free(node), list(ast.walk(node))
        made = names & self.values and names <= self.values | self.modules | FUNCTIONS and not self.whose.touches(node)
        return bool(made) and all(map(self.changes_nothing, inner))

    def changes_nothing(self, node: ast.AST) -> bool:
        if not isinstance(node, ast.Call):
            return not isinstance(node, UNFIT)
        owner, name = start(node.func), name_of(node.func)
        module = isinstance(owner, ast.Name) and owner.id in self.modules and "random" not in name
        return not is_running(node) and (module or name in FUNCTIONS or getattr(node.func, "attr", "") in METHODS)

    def named(self, node: Any) -> ast.expr:
        over = isinstance(node, ast.GeneratorExp)
        value = ast.ListComp(node.elt, node.generators) if over else node
        taken = isinstance(node, ast.Subscript | ast.Attribute)  # else made anew each time: what changes one leaves the other
        name = f"part_{zlib.crc32(ast.unparse(value).encode())}{'' if taken else f'_{len(self.found)}'}"
        self.found[name] = value
        return ast.parse(f"(each for each in {name})", mode="eval").body if over else ast.Name(name, ast.Load())

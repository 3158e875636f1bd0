"""What of a question is the instructor's alone: `case[0]`, `len(want)`, `encrypted("hello")`. It is worked out by the grader and goes
into a sandbox as a value, by a name of its own, for what is right may stand in it, or in what it is made of."""

import ast
import copy
import zlib
from typing import Any, NamedTuple

from tinytorch.grader.forms import Unsplittable
from tinytorch.grader.names import COMPREHENSIONS, SCOPES, bound, free, local

__all__ = ["PART", "Parts"]

PART = r"\bpart_\d+\b"  # their names
TAKEN = (ast.Subscript, ast.Attribute, ast.Call, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.IfExp, ast.Compare, ast.JoinedStr, *COMPREHENSIONS)
UNFIT = (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)


class Part(NamedTuple):
    value: ast.expr
    made_of: ast.expr  # the same with names for its own parts
    lent: set[str]  # what of it went in before, and may have been changed there
    mixed: bool  # with what did not


class Parts(ast.NodeTransformer):
    """Puts a name in the place of each part that is the instructor's alone.

    Not of one that draws random numbers or counts its calls: worked out here, it would give another value than in its turn.
    """

    def __init__(self, whose: Any) -> None:
        self.whose, scope = whose, whose.scope  # the Questions that it is one of
        self.found: dict[str, Part] = {}
        counting = {name: bound(node) for name, node in scope.made_by.items() if bound(node) - {name} and not isinstance(node, ast.Import | ast.ImportFrom)}
        self.counting, self.counted = counting.keys(), set[str]().union(*counting.values())
        self.inner = set[str]()  # what a function in the question calls something
        self.lent = scope.lent - scope.given
        turns = set[str]().union(*whose.local)  # a value of the same name outside is another
        self.given = scope.given - scope.helpers - turns  # alone it is used as it is there
        self.values = (scope.own - scope.made_by.keys() - scope.given | turns) - scope.lent

    def visit(self, node: Any) -> Any:
        if isinstance(node, TAKEN) and isinstance(getattr(node, "ctx", None), ast.Load | None) and self.fits(node):
            return self.named(node)
        return self.within(node)

    def within(self, node: Any) -> Any:
        """The same with its parts named."""
        outer, self.inner = self.inner, self.inner | (local(node) if isinstance(node, SCOPES) else set())
        self.generic_visit(node)
        self.inner = outer
        return node

    def fits(self, node: Any) -> bool:
        names, parts = free(node), list(ast.walk(node))
        if names & self.inner or self.whose.touches(node) or any(isinstance(part, UNFIT) for part in parts):
            return False
        drawn = names & self.counting or any("random" in getattr(part, "attr", getattr(part, "id", "")) for part in parts)
        if drawn and (self.whose.inputs(node) - self.counted) & self.values:
            raise Unsplittable(f"line {node.lineno}: what is drawn there may hold what is right")
        literal = isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant)
        there = names & self.given and not names & self.values and not any(isinstance(part, ast.List | ast.Dict) for part in parts)
        return not (literal or drawn or there)

    def named(self, node: Any) -> ast.expr:
        over = isinstance(node, ast.GeneratorExp)
        value, text = ast.ListComp(node.elt, node.generators) if over else node, ast.unparse(node)
        made_of = self.within(copy.deepcopy(node))
        while (name := f"part_{zlib.crc32(text.encode())}") in self.found:
            text += " "  # the second of two is an object of its own
        names = free(node)
        self.found[name] = Part(value, made_of, names & self.lent, bool(names & self.values))
        return ast.parse(f"(each for each in {name})", mode="eval").body if over else ast.Name(name, ast.Load())

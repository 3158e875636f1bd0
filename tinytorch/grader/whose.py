"""Whose is what an expression reads, and what do the functions do that it calls?"""

import ast
from collections.abc import Iterator

from tinytorch.grader.forms import Unsplittable, got_of, is_judging, last_name, name_of, root, start
from tinytorch.grader.helpers import EMPTYING, METHODS, compares, is_looking, is_running
from tinytorch.grader.names import COMPREHENSIONS, Scope, free, local

__all__ = ["Whose"]

Node = ast.AST
DATA = {name for kind in (str, tuple, frozenset) for name in dir(kind) if name[0] != "_"}  # those that change nothing of plain data
ARRAYS = {"dot", "take", "searchsorted"}  # and those of an array
TELLING = {"all", "any", "is_integer"} | {name for name in DATA if name.startswith("is")}  # those that say yes or no of it
ABOUT_OBJECTS = {"isinstance", "issubclass", "hasattr", "getattr", "callable", "type", "id", "dir", "vars", "iter", "repr",
                 "shares_memory", "may_share_memory"}  # fmt: skip
OF_OBJECTS = {"len", "list", "set", "frozenset", "sorted", "tuple", "dict", "next", "sum", "max", "min", "str", "bool", "any", "all"}


class Whose:
    """What is known of names where a cell is being split."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.local: list[set[str]] = []  # names of the comprehensions around

    def touches(self, node: Node, *within: set[str]) -> bool:
        own = set().union(*self.local, *within)
        return any(self.scope.is_student(name) for name in free(node) - own)

    def reported(self, node: Node) -> bool:
        return bool(free(node) & self.scope.reported)

    def rooted(self, node: Node) -> bool:
        """Is the object that this expression starts from the student's?"""
        if isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
            return self.rooted(node.value)
        if isinstance(node, ast.Call):
            return (self.rooted(node.func) and not self.tells(node)) or self.takes_objects(node)
        return self.touches(node) if isinstance(node, ast.Name) else False

    def tells(self, call: ast.Call) -> bool:
        """`f(3).startswith("a")`: what the method says of plain data the judge sees for itself."""
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        with_ours = name in ARRAYS and not any(map(self.touches, call.args))
        return name in TELLING or (bool(call.args) and (name in DATA or with_ours))

    def takes_objects(self, call: ast.Call) -> bool:
        """Does an instructor's function get what cannot be plain data, such as a student's function?"""
        if got_of(call) is not None:
            return False
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        lambdas = any(isinstance(value, ast.Lambda) and self.touches(value) for value in values)
        functions = lambdas or not self.scope.callables.isdisjoint(map(name_of, values))
        about = last_name(call.func) in ABOUT_OBJECTS or (name_of(call.func) in OF_OBJECTS and all(map(self.rooted, values)))
        return self.touches(call) and (about or self.runs(call) or functions)

    def runs(self, node: Node) -> bool:
        """Does it run or open what it is given? In the grader that must be nothing of a student's."""
        return is_running(node) or (isinstance(node, ast.Call) and bool(free(node.func) & self.scope.runs))

    def must_not_run(self, node: Node) -> None:
        """What was reported may be any text, and what a comprehension or a block takes from it too; what looks about finds nothing here."""
        parts = list(ast.walk(node))
        if any(map(is_looking, parts)):
            raise Unsplittable(f"line {node.lineno}: it looks at what the student's code may have changed where it runs")  # type: ignore[attr-defined]
        taken = {part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
        risky = self.scope.reported | taken | {part.arg for part in parts if isinstance(part, ast.arg)}
        if self.reported(node) and any(self.runs(part) and free(part) & risky for part in parts):
            raise Unsplittable(f"line {node.lineno}: it would run, in the grader, what the student's code gave")  # type: ignore[attr-defined]

    def judges(self, call: ast.Call) -> bool:
        """Does the function that is called say what is right? Beside the student's code it could be made to say anything."""
        first = start(call)
        theirs = isinstance(first, ast.Name) and self.scope.is_student(first.id)  # what it gets is no matter then
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        named = {part.value for part in getattr(call.func, "args", ()) if isinstance(part, ast.Constant)}  # getattr(f(3), "__eq__")
        taken = getattr(call.func, "attr", "") in EMPTYING and getattr(first, "id", "") not in self.scope.objects
        compared = (taken or not METHODS.isdisjoint({*named, getattr(call.func, "attr", "")})) and not all(map(self.touches, values))
        return compared or is_judging(call.func) or bool(free(first if theirs else call.func) & self.scope.helpers)

    def must_not_say(self, node: ast.stmt | ast.expr) -> None:
        """Nothing that is asked in one piece may say what is right."""
        if names := set(filter(self.scope.is_student, free(node).difference(*self.local) & self.scope.tests)):
            raise Unsplittable(f"line {node.lineno}: {min(names)} says beside the student's code what is right")
        self.must_not_compare(node)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call) and last_name(inner.func) in ("eval", "exec") and not any(map(self.touches, inner.args[:1])):
                raise Unsplittable(f"line {inner.lineno}: a text of the instructor's would run beside the student's code")
            if isinstance(inner, ast.Call) and (self.rooted(inner.func) or self.takes_objects(inner)) and self.judges(inner):
                raise Unsplittable(f"line {inner.lineno}: {ast.unparse(inner.func)} says beside the student's code what is right")

    def must_not_compare(self, node: Node) -> None:
        """`all(map(lambda n: f(n) == n * n, range(5)))` would be asked in one piece: what is right would be said there."""
        for part in self.beside(node):
            over = isinstance(part, (ast.Lambda, *COMPREHENSIONS)) and any(map(compares, self.beside(part)))
            if over or (self.compares_ours(part) and (part is not node or isinstance(node, ast.stmt))):
                raise Unsplittable(f"line {part.lineno}: it compares beside the student's code")  # type: ignore[attr-defined]

    def takes_apart(self, part: Node) -> bool:
        """`lambda case: f(case[0])`, `f(x) for x, want in table`: asked in one piece, the table would go in."""
        inner = list(ast.walk(part)) if isinstance(part, (ast.Lambda, *COMPREHENSIONS)) else []
        if not self.touches(part):  # `lambda x: found.append(x == 9)`
            noted = any(isinstance(one, ast.Call) and getattr(root(one.func), "id", "") in self.scope.own - self.scope.made_by.keys() for one in inner)
            return noted and any(map(compares, inner))
        own, loops = local(part) if inner else set(), getattr(part, "generators", ())
        taken = (one for one in inner if isinstance(one, ast.Attribute | ast.Subscript))  # also `cases[i][0]` of a turn's `i`
        return any(own & free(one) for one in taken) or not all(isinstance(one.target, ast.Name) or self.touches(one.iter) for one in loops)

    def compares_ours(self, part: Node) -> bool:
        if isinstance(part, ast.Compare | ast.BinOp):
            sides = {self.touches(side) for side in ast.iter_child_nodes(part) if isinstance(side, ast.expr)}
            return compares(part) and len(sides) > 1
        return compares(part) and not self.touches(getattr(part, "value", part))

    def beside(self, node: Node, handed: bool = False) -> Iterator[Node]:
        """The parts that run beside the student's code as the instructor wrote them.

        An argument of a student's function that does not touch the student (`handed`) is not among them: what becomes of it there
        is the student's affair.
        """
        yield node
        theirs = isinstance(node, ast.Call) and self.rooted(node.func) and self.scope.made_by.keys().isdisjoint(free(node.func))
        for inner in ast.iter_child_nodes(node):
            if self.touches(inner) or not (handed or theirs):
                yield from self.beside(inner, handed or theirs)

"""Which part of an expression has to be asked of the student's code: the smallest that is plain data."""

import ast
import copy
import zlib
from collections.abc import Collection
from typing import Any

from tinytorch.grader.forms import Site, Unsplittable, call, got_of, last_name, name_of
from tinytorch.grader.helpers import equates
from tinytorch.grader.names import COMPREHENSIONS, Scope, free, local
from tinytorch.grader.whose import Whose

__all__ = ["Questions"]

Node = ast.AST
LAZY = {"enumerate", "reversed", "zip"}
PURE = {"abs", "float", "get", "int", "keys", "len", "list", "max", "min", "range", "round", "set", "sorted", "split", "str", "sum", "tuple"}


class Questions(Whose):
    """The expressions of one cell. Methods named for a syntax node give what stands in its place for the judge."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self.sites: list[Site] = []
        self.needed: dict[str, ast.stmt] = {}
        self.captures: list[ast.expr] = []  # of the statement that is being split
        self.begun = 0  # how many sites there were before it
        self.doubted = set[str]()  # names of ours that something is equal to, here: the student's code may have changed their values

    def expr(self, node: Any, held: Collection[str] = ()) -> Any:
        """`held`: names of ours whose values are asked for all the same."""
        if held:
            self.scope.student.update(held)
            try:
                return self.expr(node)
            finally:
                self.scope.student.difference_update(held)
        if not self.touches(node):
            self.must_not_run(node)
            self.doubt(node)
            if not self.reported(node) and any(isinstance(n, ast.Call) for n in ast.walk(node)):
                self.captures.append(node)  # its side effects (a generator's next numbers) belong to both programs
            return node
        return getattr(self, "on_" + type(node).__name__, self.leaf)(node)

    def doubt(self, node: Node) -> None:
        """`ok = data == [3, 1, 2]` after `f(data)`: here it is as it was, and an assert of nothing else would ask for it."""
        for part in filter(equates, ast.walk(node)):
            self.doubted |= set() if self.touches(part) or self.reported(part) else free(part) & self.scope.own

    def lent(self, node: Node) -> set[str]:
        """The values of ours that the student's code has had, in what is of nothing else."""
        return set() if self.touches(node) or self.reported(node) else free(node) & self.scope.lent

    def leaf(self, node: ast.expr, fresh: bool = False) -> ast.expr:
        if isinstance(node, ast.Lambda | ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom):
            raise Unsplittable(f"line {node.lineno}: {type(node).__name__} with the student's names in it")
        return self.site(node, fresh)

    def site(self, node: ast.stmt | ast.expr, fresh: bool = False) -> ast.expr:
        if not fresh:
            self.must_not_say(node)
        parts = _Parts(self)
        asked = parts.visit(copy.deepcopy(node))
        values = {name: ast.Name(name, ast.Load()) for name in sorted(self.inputs(asked))} | parts.found
        if torn := free(asked) & self.scope.parted - values.keys():
            raise Unsplittable(f"line {node.lineno}: of {min(torn)} only parts were given to the student's code")
        number, counted = ast.Constant(len(self.sites)), ast.Constant(bool(self.local))
        run, given = isinstance(node, ast.stmt), self.scope.given.intersection(values)
        self.sites.append(Site(ast.unparse(node), ast.unparse(asked), run, [*values], given, fresh))
        held = ast.Dict([ast.Constant(name) for name in values], [*values.values()])
        self.captures.append(call("__capture__", number, counted, held))
        if not fresh:
            self.scope.parted |= parts.roots - self.scope.lent
            self.scope.parted -= values.keys()
            self.scope.lent |= values.keys() | parts.roots
        return call("__ask__", number, counted)

    def is_part(self, node: Node) -> bool:
        """Is it taken from values of ours by nothing but indices, loops and the like? What was given as a whole is there already."""
        names = free(node) - PURE - LAZY
        known = self.scope.own.union(*self.local) - self.scope.given - self.scope.made_by.keys() - (self.scope.lent - self.scope.parted)
        busy = (ast.Call, ast.Lambda, ast.NamedExpr)  # what draws numbers would draw them in one of the two programs only
        plain = not any(isinstance(part, busy) and last_name(getattr(part, "func", node)) not in PURE | LAZY for part in ast.walk(node))
        return plain and bool(names) and names <= known and not self.touches(node)

    def inputs(self, node: Node) -> set[str]:
        """The instructor's values that a site reads; on the way, the definitions that it needs."""
        values, queue, seen = set(), free(node), set[str]()
        while queue:
            name = queue.pop()
            seen.add(name)
            definition = self.scope.made_by.get(name)
            if any(name in names for names in self.local):
                values.add(name)
            elif name in self.scope.reported:
                raise Unsplittable(f"{name} comes from the student's values and goes back to the student's code")
            elif definition is not None:
                self.needed.setdefault(name, definition)
                queue |= set() if isinstance(definition, ast.Import | ast.ImportFrom) else free(definition) - seen
            elif name in self.scope.own and not self.scope.is_student(name):
                values.add(name)
        return values

    def descend(self, node: Any) -> Any:
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                parts = [self.expr(item) if isinstance(item, ast.expr | ast.keyword) else item for item in value]
                setattr(node, name, parts)
            elif isinstance(value, ast.expr):
                setattr(node, name, self.expr(value))
        return node

    on_BinOp = on_UnaryOp = on_Tuple = on_List = on_Set = on_Dict = descend
    on_JoinedStr = on_FormattedValue = on_Starred = on_keyword = on_Slice = descend

    def on_Compare(self, node: ast.Compare) -> Any:
        """Which object it is, and of what kind, can be seen where it is only; nothing goes there that has not been given."""
        sides = [node.left, *node.comparators]
        kind = len(sides) == 2 and any(map(_is_kind, sides))
        same = any(isinstance(op, ast.Is | ast.IsNot) for op in node.ops)
        if not kind and (not same or any(isinstance(side, ast.Constant) for side in sides)):
            return self.descend(node)
        others = [self.inputs(side) for side in sides if not self.touches(side)]
        given = set().union(*(self.inputs(side) for side in sides if self.touches(side)), self.scope.lent, self.scope.given)
        known = set().union(*others) <= given and (kind or all(others))
        return self.leaf(node) if known else self.descend(node)

    def sometimes(self, node: Any) -> Any:
        if self.local:
            raise Unsplittable(f"line {node.lineno}: not every turn of a comprehension calls the student's code")
        return self.descend(node)

    on_BoolOp = on_IfExp = sometimes

    def part(self, node: Any) -> Any:
        return self.leaf(node) if self.rooted(node.value) else self.descend(node)

    on_Attribute = on_Subscript = part

    def on_Call(self, node: ast.Call) -> ast.expr:
        if (got := got_of(node)) is not None:
            return self.check(node, got)
        if self.rooted(node):
            return self.leaf(node)
        if isinstance(node.func, ast.Attribute):
            node.func.value = self.expr(node.func.value)
        node.args, node.keywords = [self.expr(a) for a in node.args], [self.descend(k) for k in node.keywords]
        return node

    def check(self, node: ast.Call, got: ast.keyword) -> ast.expr:
        assert isinstance(got.value, ast.Lambda)
        others = [*node.args, *(keyword.value for keyword in node.keywords if keyword is not got)]
        if any(map(self.touches, others)):
            raise Unsplittable(f"line {node.lineno}: a part of a check other than `got` touches the student's names")
        got.value.body = self.leaf(got.value.body, fresh=True)
        for other in others:
            self.expr(other)
        return node

    def on_comprehension(self, node: Any) -> ast.expr:
        first, *rest = node.generators
        over, first.iter = first.iter, ast.Constant(None)
        busy, runs = self.touches(node), any(map(self.runs, ast.walk(node)))
        first.iter = over
        inner = [*first.ifs, *(part for more in rest for part in (more.iter, *more.ifs))]
        theirs = any(self.touches(part, local(node)) or self.reported(part) for part in (over, *inner))
        if (self.touches(over) and (busy or runs)) or (busy and theirs):
            return self.leaf(node)
        first.iter = self.expr(over)
        if busy:
            self.turns(node)
        return node

    on_ListComp = on_SetComp = on_GeneratorExp = on_DictComp = on_comprehension

    def turns(self, node: Any) -> None:
        """Each turn is an execution of the sites inside: capture makes the same turns."""
        outer, self.captures = self.captures, []
        self.local.append(local(node))
        for name in (field for field in node._fields if field != "generators"):
            setattr(node, name, self.expr(getattr(node, name)))
        self.local.pop()
        captured = ast.ListComp(ast.Tuple(self.captures, ast.Load()), node.generators)
        self.captures = [*outer, captured]


class _Parts(ast.NodeTransformer):
    """Puts a name in the place of `case[0]`: what goes in is this alone, for what is right may stand in `case` as well."""

    def __init__(self, questions: Questions) -> None:
        self.questions = questions
        self.found: dict[str, ast.expr] = {}
        self.roots = set[str]()

    def visit(self, node: Any) -> Any:
        taken = isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load)
        made = isinstance(node, COMPREHENSIONS) or (isinstance(node, ast.Call) and last_name(node.func) in PURE)
        if (taken or made) and self.questions.is_part(node):
            return self.named(node)
        return node if isinstance(node, (*COMPREHENSIONS, ast.Lambda)) else self.generic_visit(node)

    def named(self, node: Any) -> ast.expr:
        over = isinstance(node, ast.GeneratorExp)
        value = ast.ListComp(node.elt, node.generators) if over else node
        name = f"part_{zlib.crc32(ast.unparse(value).encode())}"
        self.found[name] = value
        self.roots |= free(node) & self.questions.scope.own
        return ast.parse(f"(each for each in {name})", mode="eval").body if over else ast.Name(name, ast.Load())


def _is_kind(node: ast.expr) -> bool:
    """`None`, `type(f(3))`, `id(box)`, `box.__class__`."""
    if isinstance(node, ast.Constant):
        return node.value is None
    return (isinstance(node, ast.Call) and name_of(node.func) in ("type", "id")) or last_name(node) == "__class__"

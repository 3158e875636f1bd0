"""Which part of an expression has to be asked of the student's code: the smallest that is plain data."""

import ast
import copy
from collections.abc import Collection
from typing import Any

from tinytorch.grader.forms import Site, Unsplittable, by_name, call, got_of, last_name, later, name_of
from tinytorch.grader.helpers import equates
from tinytorch.grader.names import Scope, free, local
from tinytorch.grader.parts import Parts
from tinytorch.grader.whose import Whose

__all__ = ["Questions"]

Node = ast.AST


class Questions(Whose):
    """The expressions of one cell. Methods named for a syntax node give what stands in its place for the judge."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self.sites: list[Site] = []
        self.needed: dict[str, ast.stmt] = {}
        self.captures: list[ast.expr] = []  # of the statement that is being split
        self.begun = 0  # how many sites there were before it
        self.loops = 0  # how many `for` are around it
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
        parts, inputs, asked = Parts(self), sorted(self.inputs(node)), copy.deepcopy(node)
        parts.within(asked.value if isinstance(asked, ast.Expr) else asked)
        alone = self.inputs(asked)  # what goes in as it is
        if alone and not fresh and any(map(self.takes_apart, ast.walk(node))):
            raise Unsplittable(f"line {node.lineno}: {', '.join(sorted(alone))} would be taken apart beside the student's code")
        number = ast.Constant(len(self.sites))
        run, given = isinstance(node, ast.stmt), self.scope.given.intersection(inputs)
        self.sites.append(Site(ast.unparse(node), asked, parts.found, run, inputs, given, fresh))
        values: dict[str, ast.expr] = {name: ast.Name(name, ast.Load()) for name in inputs}
        taken: dict[str, ast.expr] = {name: later(part.value) for name, part in parts.found.items()}
        self.captures.append(call("__capture__", number, by_name(values), *([by_name(taken)] if taken else [])))
        if not fresh:
            self.scope.lent |= alone
        return call("__ask__", number)

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

    on_BinOp = on_UnaryOp = on_BoolOp = on_IfExp = on_Tuple = on_List = on_Set = on_Dict = descend
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
        if any(equates(part) and self.compares_ours(part) for part in self.beside(got.value.body)):
            raise Unsplittable(f"line {node.lineno}: its `got` compares beside the student's code")
        got.value.body = self.leaf(got.value.body, fresh=True)
        for other in others:
            self.expr(other)
        return node

    def on_comprehension(self, node: Any) -> ast.expr:
        """Turn by turn, where all that it goes over is ours; over the student's, in one piece or by the judge."""
        loop = ast.ListComp(ast.Constant(None), node.generators)
        if not self.touches(loop) and not self.reported(loop):
            self.doubt(loop)
            return self.turns(node)
        first = node.generators[0]
        over, first.iter = first.iter, ast.Constant(None)
        busy, runs = self.touches(node), any(map(self.runs, ast.walk(node)))
        first.iter = over
        if (busy or runs) and not self.rooted(getattr(node, "elt", node)):
            raise Unsplittable(f"line {node.lineno}: what is ours would come back from the student's code")
        if busy or runs:
            return self.leaf(node)
        first.iter = self.expr(over)
        return node

    on_ListComp = on_SetComp = on_GeneratorExp = on_DictComp = on_comprehension

    def turns(self, node: Any) -> ast.expr:
        """Each turn is an execution of the sites inside: capture makes the same turns."""
        outer, self.captures, begun = self.captures, [], len(self.sites)
        names, lent = local(node), {*self.scope.lent}
        self.local.append(names)
        self.scope.lent -= names  # a value of the same name outside is another
        self.descend(node)
        enter = self.entering(begun)
        self.local.pop()
        self.scope.lent = self.scope.lent - names | lent
        self.captures = [*outer, ast.ListComp(ast.Tuple([enter, *self.captures], ast.Load()), node.generators)]
        first = "key" if isinstance(node, ast.DictComp) else "elt"
        setattr(node, first, ast.BoolOp(ast.Or(), [enter, getattr(node, first)]))
        return node

    def entering(self, begun: int) -> ast.expr:
        """The sites since then are executed anew, in a turn of so many loops and comprehensions."""
        depth = self.loops + len(self.local)
        return call("__enter__", *map(ast.Constant, (depth, *range(begun, len(self.sites)))))


def _is_kind(node: ast.expr) -> bool:
    """`None`, `type(f(3))`, `id(box)`, `box.__class__`."""
    if isinstance(node, ast.Constant):
        return node.value is None
    return (isinstance(node, ast.Call) and name_of(node.func) in ("type", "id")) or last_name(node) == "__class__"

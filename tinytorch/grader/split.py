"""Split a locked graded cell into what touches the student and what judges it.

The cell's syntax tree becomes two programs that a grader runs, neither with a student's object in it, and a list of
sites. `capture` runs the instructor's statements and notes, for each execution of a site, the plain values that it
needs; a sandbox evaluates the sites; `judge` runs the same statements with the reported values in the sites' places.
A name that the instructor's locked code did not bind is the student's. What cannot be split raises Unsplittable.
"""

import ast
import copy
from dataclasses import dataclass, field
from typing import Any

from tinytorch.grader.names import DEFINITIONS, Scope, bound, free, import_names, stores

__all__ = ["Forced", "Site", "Split", "Unsplittable", "split"]

Node = ast.AST
ABOUT_OBJECTS = {
    "isinstance",
    "issubclass",
    "hasattr",
    "getattr",
    "callable",
    "type",
    "id",
    "dir",
    "vars",
    "iter",
    "repr",
}
OF_OBJECTS = {*ABOUT_OBJECTS, "len", "list", "set", "frozenset", "sorted", "tuple", "dict", "next", "sum", "max", "min",
              "str", "bool", "map", "zip", "enumerate", "any", "all"}  # fmt: skip
SEEDS = {"seed", "manual_seed", "set_seed"}


class Unsplittable(Exception):
    """Why a cell has to run whole."""


class _Wider(Exception):
    """An expression whose value is not plain data: the one around it has to be asked for."""


@dataclass
class Site:
    """A place in a cell that only the sandbox can evaluate."""

    text: str
    run: bool  # statements, not an expression
    line: int
    inputs: list[str]
    fresh: bool = False  # bind the inputs anew each time: a check's `got`
    assigned: int = 0  # the line of the assignment whose value it is a part of


@dataclass
class Forced:
    """What a first try showed: names that hold no plain data, lines to run in the sandbox, values to ask wider for."""

    names: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


@dataclass
class Split:
    """The two programs, each a list of (line, statements), the sites, and the definitions that they need."""

    judge: list[tuple[int, list[ast.stmt]]]
    capture: list[tuple[int, list[ast.stmt]]]
    sites: list[Site]
    prelude: str


def _call(function: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(function, ast.Load()), list(arguments), [])


def _dotted(node: Node) -> str:
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""


def _judging(function: ast.expr) -> bool:
    return "raises" in _dotted(function).lower() or _dotted(function).rpartition(".")[2].lower().startswith("assert")


def _got(node: ast.Call) -> ast.keyword | None:
    """The `got=lambda: ...` of a check in the form of tinytorch.checks."""
    form = isinstance(node.func, ast.Attribute) and node.func.attr in ("check", "require")
    given = (k for k in node.keywords if k.arg == "got" and isinstance(k.value, ast.Lambda) and not k.value.args.args)
    return next(given, None) if form else None


Pair = tuple[list[ast.stmt], list[ast.stmt]]


class _Splitter:
    """One cell. Methods named for a syntax node give what stands in its place in the judge's program."""

    def __init__(self, scope: Scope, callables: set[str], forced: "Forced") -> None:
        self.scope, self.callables, self.forced = scope, callables, forced
        self.sites: list[Site] = []
        self.needed: dict[str, ast.stmt] = {}
        self.captures: list[ast.expr] = []  # of the statement that is being split
        self.new: list[int] = []
        self.local: list[set[str]] = []  # names of the comprehensions around
        self.assigned = 0

    # -- whose is it?

    def touches(self, node: Node) -> bool:
        own = set().union(*self.local)
        return any(self.scope.is_student(name) for name in free(node) - own)

    def reported(self, node: Node) -> bool:
        return bool(free(node) & self.scope.reported)

    def rooted(self, node: Node) -> bool:
        """Is the object that this expression starts from the student's?"""
        if isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
            return self.rooted(node.value)
        if isinstance(node, ast.Call):
            return self.rooted(node.func) or self.takes_objects(node)
        return self.touches(node) if isinstance(node, ast.Name) else False

    def takes_objects(self, call: ast.Call) -> bool:
        """Does an instructor's function get what cannot be plain data, such as a student's function?"""
        if _got(call) is not None:
            return False
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        functions = (isinstance(v, ast.Lambda) or (isinstance(v, ast.Name) and v.id in self.callables) for v in values)
        about = isinstance(call.func, ast.Name) and call.func.id in ABOUT_OBJECTS
        return self.touches(call) and (about or any(functions))

    # -- expressions

    def expr(self, node: Any) -> Any:
        if not self.touches(node):
            if not self.reported(node) and any(isinstance(n, ast.Call) for n in ast.walk(node)):
                self.captures.append(node)  # its side effects (a generator's next numbers) belong to both programs
            return node
        spare, marks = copy.deepcopy(node), (len(self.sites), len(self.captures), len(self.new))
        try:
            return getattr(self, "on_" + type(node).__name__, self.leaf)(node)
        except _Wider:
            if ast.unparse(spare) in self.forced.texts:
                raise
            del self.sites[marks[0] :], self.captures[marks[1] :], self.new[marks[2] :]
            return self.wider(spare)

    def wider(self, node: ast.expr) -> ast.expr:
        """Ask for the whole of a comparison or a builtin's call, if nothing in it is there to be kept from the student."""
        if isinstance(node, ast.Call):
            fit = isinstance(node.func, ast.Name) and node.func.id in OF_OBJECTS
        elif isinstance(node, ast.Compare):
            others = [part for part in (node.left, *node.comparators) if not self.touches(part)]
            constants = (n for part in others for n in ast.walk(part) if isinstance(n, ast.Constant))
            fit = all(constant.value is None for constant in constants)
        else:
            fit = isinstance(node, ast.Attribute | ast.Subscript | ast.Starred)
        if not fit or self.inputs(node) - self.scope.lent:
            raise Unsplittable(f"line {node.lineno}: what is compared there is no plain data")
        return self.leaf(node)

    def leaf(self, node: ast.expr, fresh: bool = False) -> ast.expr:
        if ast.unparse(node) in self.forced.texts:
            raise _Wider
        if isinstance(node, ast.Lambda | ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom):
            raise Unsplittable(f"line {node.lineno}: {type(node).__name__} with the student's names in it")
        return self.site(node, ast.unparse(node), run=False, fresh=fresh)

    def site(self, node: Any, text: str, run: bool, fresh: bool = False) -> ast.expr:
        inputs = sorted(self.inputs(node))
        self.sites.append(Site(text, run, node.lineno, inputs, fresh, self.assigned))
        self.new.append(len(self.sites) - 1)
        number = ast.Constant(self.new[-1])
        counted = ast.Constant(bool(self.local))
        values = ast.Dict([ast.Constant(name) for name in inputs], [ast.Name(name, ast.Load()) for name in inputs])
        self.captures.append(_call("__capture__", number, counted, values))
        if not fresh:
            self.scope.lent.update(inputs)
        return _call("__ask__", number, counted)

    def inputs(self, node: Node) -> set[str]:
        """The instructor's values that a site reads; on the way, the definitions that it needs."""
        values, queue, seen = set(), free(node), set[str]()
        while queue:
            name = queue.pop()
            seen.add(name)
            definition = self.scope.helpers.get(name) or self.scope.own.get(name)
            if any(name in names for names in self.local):
                values.add(name)
            elif name in self.scope.reported:
                raise Unsplittable(f"{name} comes from the student's values and goes back to the student's code")
            elif definition is not None:
                self.needed[name] = definition
                queue |= set() if isinstance(definition, ast.Import | ast.ImportFrom) else free(definition) - seen
            elif name in self.scope.own and name not in self.scope.given and not self.scope.is_student(name):
                values.add(name)
        return values

    def descend(self, node: Any) -> Any:
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                setattr(
                    node,
                    name,
                    [self.expr(item) if isinstance(item, ast.expr | ast.keyword) else item for item in value],
                )
            elif isinstance(value, ast.expr):
                setattr(node, name, self.expr(value))
        return node

    on_Compare = on_BinOp = on_UnaryOp = on_Tuple = on_List = on_Set = on_Dict = descend
    on_JoinedStr = on_FormattedValue = on_Starred = on_keyword = on_Slice = descend

    def sometimes(self, node: Any) -> Any:
        if self.local:
            raise Unsplittable(f"line {node.lineno}: not every turn of a comprehension calls the student's code")
        return self.descend(node)

    on_BoolOp = on_IfExp = sometimes

    def part(self, node: Any) -> Any:
        return self.leaf(node) if self.rooted(node.value) else self.descend(node)

    on_Attribute = on_Subscript = part

    def on_Call(self, node: ast.Call) -> ast.expr:
        if (got := _got(node)) is not None:
            return self.check(node, got)
        if self.rooted(node):
            if _judging(node.func):
                raise Unsplittable(f"line {node.lineno}: {_dotted(node.func)} gets the student's function")
            return self.leaf(node)
        if isinstance(node.func, ast.Attribute):
            node.func.value = self.expr(node.func.value)
        node.args, node.keywords = [self.expr(a) for a in node.args], [self.expr(k) for k in node.keywords]
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
        first = node.generators[0]
        inner = [getattr(node, name) for name in ("elt", "key", "value") if hasattr(node, name)]
        inner += [test for generator in node.generators for test in generator.ifs]
        inner += [generator.iter for generator in node.generators[1:]]
        local = set().union(*(stores(generator.target) for generator in node.generators))
        busy = any(
            self.scope.is_student(name) for part in inner for name in free(part) - local - set().union(*self.local)
        )
        if busy and (self.touches(first.iter) or self.reported(first.iter) or len(inner) > len(node.generators) + 1):
            return self.leaf(node)
        first.iter = self.expr(first.iter)
        if busy:
            self.turns(node, local)
        return node

    on_ListComp = on_SetComp = on_GeneratorExp = on_DictComp = on_comprehension

    def turns(self, node: Any, local: set[str]) -> None:
        """Each turn is an execution of the sites inside: capture makes the same turns."""
        outer, self.captures = self.captures, []
        self.local.append(local)
        for name in ("key", "value", "elt"):
            if hasattr(node, name):
                setattr(node, name, self.expr(getattr(node, name)))
        if any(self.touches(test) for generator in node.generators for test in (*generator.ifs, generator.iter)):
            raise Unsplittable(f"line {node.lineno}: the student's code decides about a comprehension's turns")
        self.local.pop()
        captured = ast.ListComp(ast.Tuple(self.captures, ast.Load()), node.generators)
        self.captures = [*outer, captured]

    # -- statements

    def block(self, body: list[ast.stmt]) -> Pair:
        judge, capture = list[ast.stmt](), list[ast.stmt]()
        for node in body:
            ours, theirs = self.statement(node)
            judge += ours
            capture += theirs
        return judge or [ast.Pass()], capture or [ast.Pass()]

    def statement(self, node: ast.stmt) -> Pair:
        self.captures, self.new, self.assigned = [], [], 0
        handler = getattr(self, "do_" + type(node).__name__, None)
        if handler is not None:
            return handler(node)
        if self.touches(node):
            raise Unsplittable(f"line {node.lineno}: {type(node).__name__.lower()} with the student's names in it")
        return self.ours(node)

    def ours(self, node: ast.stmt) -> Pair:
        """A statement without the student: in both programs, or in the judge's only if it reads reported values."""
        reported = self.reported(node)
        for name in bound(node):
            self.scope.report(name) if reported else self.scope.bind(name)
        return [node], [] if reported else [node]

    def split(self, node: ast.stmt) -> Pair:
        """`node` with sites in it, and what notes their inputs."""
        if not self.new:
            return [node], [ast.Expr(ast.Tuple(self.captures, ast.Load()))]
        enter = ast.Expr(_call("__enter__", *(ast.Constant(number) for number in self.new)))
        return [enter, node], [enter, ast.Expr(ast.Tuple(self.captures, ast.Load()))]

    def in_sandbox(self, node: ast.stmt) -> Pair:
        """A statement that is the student's: it runs there, in its turn."""
        return self.split(ast.Expr(self.site(node, ast.unparse(node), run=True)))

    def do_Import(self, node: Any) -> Pair:
        for name in import_names(node):
            self.scope.bind(name, node)
        return [node], [node]

    do_ImportFrom = do_Import

    def do_FunctionDef(self, node: Any) -> Pair:
        if not self.touches(node):
            if self.reported(node):
                raise Unsplittable(f"{node.name} reads what comes from the student's values")
            self.scope.bind(node.name, node)
            return [node], [node]
        if any(isinstance(n, ast.Assert | ast.Raise) for n in ast.walk(node)):
            return self.judging_function(node)
        self.scope.give_away(node.name)
        self.scope.helpers[node.name] = node
        return [], []

    do_ClassDef = do_AsyncFunctionDef = do_FunctionDef

    def judging_function(self, node: Any) -> Pair:
        """A function of ours that calls the student's code and judges it: split like a cell, at each call anew."""
        inner = (ast.Return, ast.Yield, ast.YieldFrom, ast.Global, ast.Nonlocal, ast.Lambda, *DEFINITIONS)
        if not isinstance(node, ast.FunctionDef) or any(isinstance(n, inner) for b in node.body for n in ast.walk(b)):
            raise Unsplittable(f"line {node.lineno}: {node.name} both calls the student's code and judges it")
        outer, self.scope = self.scope, copy.deepcopy(self.scope)
        for name in (arg.arg for arg in ast.walk(node.args) if isinstance(arg, ast.arg)):
            self.scope.bind(name)
        judge, capture = self.block(node.body)
        self.scope = outer
        self.scope.bind(node.name)
        return [_with_body(node, judge)], [_with_body(node, capture)]

    def do_While(self, node: ast.While) -> Pair:
        if self.touches(node.test) or self.reported(node.test) or node.orelse:
            raise Unsplittable(f"line {node.lineno}: the student's values decide how often it is asked")
        before = set(self.scope.own)
        judge, capture = self.block(node.body)
        self.unsettled(before, node)
        return [ast.While(node.test, judge, [])], [ast.While(node.test, capture, [])]

    def do_Assign(self, node: Any) -> Pair:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = bound(node)
        if node.value is None:
            return [node], [node]
        if isinstance(node.value, ast.Lambda) and self.touches(node.value) and len(names) == 1:
            (name,) = names
            self.scope.give_away(name)
            self.scope.helpers[name] = node
            return [], []
        if (
            names & {*self.forced.names}
            or node.lineno in self.forced.lines
            or any(map(self.touches, targets))
            or self.is_theirs(node)
        ):
            return self.given_away(node, names)
        if not self.touches(node):
            return self.ours(node)
        self.assigned = node.lineno
        node.value = self.expr(node.value)
        for name in names:
            self.scope.report(name)
        return self.split(node)

    do_AnnAssign = do_AugAssign = do_Assign

    def is_theirs(self, node: Any) -> bool:
        augmented = isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
        return self.rooted(node.value) and not augmented or (augmented and self.scope.is_student(node.target.id))

    def given_away(self, node: Any, names: set[str]) -> Pair:
        pair = self.in_sandbox(node)
        parts = [n for n in ast.walk(node) if isinstance(n, ast.Attribute | ast.Subscript)]
        held = {n.value.id for n in parts if isinstance(n.ctx, ast.Store) and isinstance(n.value, ast.Name)}
        for name in names | held:
            self.scope.give_away(name)
        return pair

    def do_Expr(self, node: ast.Expr) -> Pair:
        if not self.touches(node):
            return self.seeded(node) if self.is_seed(node.value) else self.ours(node)
        if self.rooted(node.value) and not (isinstance(node.value, ast.Call) and _judging(node.value.func)):
            return self.in_sandbox(node)
        node.value = self.expr(node.value)
        self.filled(node.value)
        return self.split(node)

    def filled(self, call: ast.expr) -> None:
        """`values.append(f(3))`: from now on a list of ours holds what was reported."""
        owner = call.func.value if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) else None
        if isinstance(owner, ast.Name) and _got(call) is None and self.scope.own.get(owner.id, call) is None:  # type: ignore[arg-type]
            self.scope.report(owner.id)

    def is_seed(self, value: ast.expr) -> bool:
        return isinstance(value, ast.Call) and _dotted(value.func).rpartition(".")[2] in SEEDS

    def seeded(self, node: ast.Expr) -> Pair:
        judge, capture = self.in_sandbox(node)
        return [*judge, node], [*capture, node]

    def do_Assert(self, node: ast.Assert) -> Pair:
        node.msg = None if node.msg is not None and (self.touches(node.msg) or self.reported(node.msg)) else node.msg
        held = free(node.test) & self.scope.lent - self.scope.given
        if not self.touches(node) and not held:
            return self.ours(node)
        if not self.touches(node):  # it asks what the student's code did to a value of ours
            for name in held:
                self.scope.give_away(name)
        node.test = self.expr(node.test)
        return self.split(node)

    def do_If(self, node: ast.If) -> Pair:
        if self.touches(node.test) or self.reported(node.test):
            return self.judged_block(node, "test")
        before = set(self.scope.own)
        (judge, capture), (judge2, capture2) = self.block(node.body), self.block(node.orelse)
        self.unsettled(before, node)
        return [ast.If(node.test, judge, judge2)], [ast.If(node.test, capture, capture2)]

    def do_For(self, node: ast.For) -> Pair:
        if self.touches(node.iter) or self.reported(node.iter):
            return self.judged_block(node, "iter")
        for name in bound(node.target):
            if name in self.forced.names:
                raise Unsplittable(f"line {node.lineno}: a loop's {name} is not plain data")
            self.scope.bind(name)
        before = set(self.scope.own)
        judge, capture = self.block(node.body)
        self.unsettled(before, node)
        after, after_capture = self.block(node.orelse) if node.orelse else ([], [])
        return [ast.For(node.target, node.iter, judge, after)], [
            ast.For(node.target, node.iter, capture, after_capture)
        ]

    def unsettled(self, before: set[str], node: ast.stmt) -> None:
        changed = {name for name in before if self.scope.is_student(name)} | (
            before & self.scope.reported & self.sent()
        )
        if changed:
            raise Unsplittable(
                f"line {node.lineno}: {', '.join(sorted(changed))} may be the instructor's or the student's"
            )

    def sent(self) -> set[str]:
        return {name for site in self.sites for name in site.inputs}

    def judged_block(self, node: Any, header: str) -> Pair:
        """A loop or branch on a reported value: the judge's alone, so nothing in it may call the student's code."""
        setattr(node, header, self.expr(getattr(node, header)))
        local = bound(node.target) if isinstance(node, ast.For) else set[str]()
        names = set().union(*map(bound, (*node.body, *node.orelse))) | local
        if any(self.scope.is_student(n) for part in (*node.body, *node.orelse) for n in free(part) - names):
            raise Unsplittable(f"line {node.lineno}: the student's values decide what is called")
        for name in names:
            self.scope.report(name)
        return self.split(node)


def _with_body(node: ast.FunctionDef, body: list[ast.stmt]) -> ast.FunctionDef:
    made = copy.copy(node)
    made.body = body
    return made


def _finish(programs: list[tuple[int, list[ast.stmt]]]) -> list[tuple[int, list[ast.stmt]]]:
    for _, statements in programs:
        for node in statements:
            ast.fix_missing_locations(node)
    return programs


def split(source: str, scope: Scope, callables: set[str], forced: Forced) -> Split:
    """The cell's two programs; `scope` goes on to the next cell."""
    splitter = _Splitter(scope, callables, forced)
    judge, capture = [], []
    body = ast.parse(source).body
    for node in body:
        last = node is body[-1] and isinstance(node, ast.Expr)
        if last and isinstance(node, ast.Expr) and splitter.rooted(node.value):
            raise Unsplittable(f"line {node.lineno}: the cell's last value is the student's")
        ours, theirs = splitter.statement(node)
        judge.append((node.lineno, ours))
        capture.append((node.lineno, theirs))
    prelude = dict.fromkeys(ast.unparse(node) for node in sorted(splitter.needed.values(), key=_imports_first))
    return Split(_finish(judge), _finish(capture), splitter.sites, "\n".join(prelude))


def _imports_first(node: ast.stmt) -> bool:
    return not isinstance(node, ast.Import | ast.ImportFrom)

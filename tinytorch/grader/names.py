"""Which names a piece of code binds and reads, and whose a name is: the instructor's locked code binds its own, every other
one is the student's."""

import ast
import builtins
import functools
import importlib
import warnings
from dataclasses import dataclass, field

__all__ = ["BUILTINS", "COMPREHENSIONS", "DEFINITIONS", "FUNCTIONS", "SCOPES", "Scope", "bound", "free", "import_names", "local", "only_names", "parsed"]

Node = ast.AST
BUILTINS = {*dir(builtins), "__name__", "__doc__", "display", "get_ipython"}
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
CLOCKS = {"time", "timeit"}
SCOPES = (*DEFINITIONS, *COMPREHENSIONS, ast.Lambda)


@dataclass
class Scope:
    """Which names are whose, as the cells of a notebook go by."""

    own: set[str] = field(default_factory=set)  # the instructor's
    student: set[str] = field(default_factory=set)  # the student's, even where it is a builtin's name too
    reported: set[str] = field(default_factory=set)  # the judge's: computed from what was reported
    given: set[str] = field(default_factory=set)  # the instructor's, bound by a cell that runs in the sandbox as well
    shared: set[str] = field(default_factory=set)  # what functions of given cells change by `global`
    lent: set[str] = field(default_factory=set)  # the instructor's values that a student's function has held
    callables: set[str] = field(default_factory=set)  # functions and classes of a student's: no plain data
    classes: set[str] = field(default_factory=set)  # of the student's,
    objects: set[str] = field(default_factory=set)  # and names for what one of them made
    made_by: dict[str, ast.stmt] = field(default_factory=dict)  # imports, and functions even if they touch the student's
    helpers: set[str] = field(default_factory=set)  # functions of the instructor's, which may say what is right,
    tests: set[str] = field(default_factory=set)  # those of them that call the student's code by name,
    runs: set[str] = field(default_factory=set)  # and what runs or opens what it is given

    def is_student(self, name: str) -> bool:
        known = name in self.own or name in self.reported or name in BUILTINS
        return name in self.student or not known

    def bind(self, name: str, node: ast.stmt | None = None) -> None:
        self._now(self.own, name, node)

    def bind_import(self, node: ast.Import | ast.ImportFrom) -> set[str]:
        """The names of it that are the student's all the same: by them time is measured, which passes where that code runs."""
        timed = _clocks(node)
        for name in import_names(node):
            self.give_away(name) if name in timed else self.bind(name, node)
        return timed

    def give_away(self, name: str, node: ast.stmt | None = None) -> None:
        self._now(self.student, name, node)

    def report(self, name: str) -> None:
        self._now(self.reported, name, None)

    def _now(self, whose: set[str], name: str, node: ast.stmt | None) -> None:
        for others in (self.own, self.student, self.reported, self.given, self.lent, self.objects):
            others.discard(name)
        whose.add(name)
        self.made_by.pop(name, None)
        self.made_by |= {name: node} if node else {}


def parsed(source: str) -> ast.Module | None:
    """Source as a tree; None where it is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a student's backslashes: their thousands are not for our terminal
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def import_names(node: ast.Import | ast.ImportFrom) -> set[str]:
    """The names that an import binds; a star's, by importing it."""
    if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
        try:
            module = importlib.import_module(node.module or "")
        except (ImportError, ValueError):  # the second of `from . import *`
            return set()
        return {*getattr(module, "__all__", [name for name in vars(module) if name[:1] != "_"])}
    return {alias.asname or alias.name.partition(".")[0] for alias in node.names}


def _clocks(node: ast.Import | ast.ImportFrom) -> set[str]:
    if isinstance(node, ast.ImportFrom):
        return import_names(node) if node.module in CLOCKS else set()
    return {alias.asname or alias.name for alias in node.names if alias.name in CLOCKS}


def bound(node: Node) -> set[str]:
    """The names that a statement binds at the top level of a cell."""
    if isinstance(node, DEFINITIONS):
        return {node.name} | _declared(node)
    if isinstance(node, ast.Import | ast.ImportFrom):
        return import_names(node)
    if isinstance(node, ast.ExceptHandler) and node.name:
        return {node.name}.union(*map(bound, ast.iter_child_nodes(node)))
    if isinstance(node, ast.Name):
        return set() if isinstance(node.ctx, ast.Load) else {node.id}
    if isinstance(node, (*COMPREHENSIONS, ast.Lambda)):
        return {n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr)}
    return set().union(*map(bound, ast.iter_child_nodes(node)))


def only_names(node: ast.stmt) -> bool:
    """Whether it gives something a name and does no more: an import, a definition, a constant, a lambda."""
    if not isinstance(node, ast.Assign):
        return isinstance(node, (ast.Import, ast.ImportFrom, *DEFINITIONS))
    try:
        ast.literal_eval(node.value)
    except ValueError:
        return isinstance(node.value, ast.Lambda)
    return True


def free(node: Node) -> set[str]:
    """The names that a node reads and does not bind itself (functions and comprehensions have their own)."""
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Load) else set()
    found = set().union(*map(free, ast.iter_child_nodes(node)))
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        found.add(node.target.id)
    return found - local(node) if isinstance(node, SCOPES) else found


def local(node: Node) -> set[str]:
    """The names that a function, a class or a comprehension has for itself."""
    if isinstance(node, COMPREHENSIONS):
        return set().union(*(bound(generator.target) for generator in node.generators))
    arguments = {arg.arg for arg in ast.walk(node.args) if isinstance(arg, ast.arg)} if isinstance(node, FUNCTIONS) else set()
    return arguments.union({node.name}, *map(bound, node.body)) - _declared(node) if isinstance(node, DEFINITIONS) else arguments


@functools.lru_cache(5000)  # asked of each function by all that stand around it, again and again
def _declared(node: Node) -> frozenset[str]:
    """The names that functions in it share with the notebook."""
    return frozenset(name for n in ast.walk(node) if isinstance(n, ast.Global) for name in n.names)

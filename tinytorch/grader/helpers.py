"""What the instructor's own functions do with what they get: those that say what is right, and those that run a text."""

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tinytorch.grader.forms import asserts, last_name
from tinytorch.grader.names import Scope, bound, free, import_names, parsed

__all__ = ["METHODS", "compares", "equates", "is_running", "note"]

COMPARING = {"eq", "ne", "sub", "subtract", "allclose", "array_equal", "array_equiv", "isclose"}
# Methods that compare what they get with their object, which may be a student's and say anything of ours.
METHODS = COMPARING | {"equals", "__eq__", "__ne__", "__sub__", "__contains__", "compare", "score", "evaluate", "gradcheck"}
RUNNING = {  # that a text becomes no code in the grader sees `texts`; by these names it is known ahead where it runs
    "eval", "exec", "open", "execute", "executemany", "executescript", "read_sql", "read_sql_query", "query", "load",
    "sympify", "parse_expr", "Path", "read_csv", "loadtxt", "genfromtxt",
}  # fmt: skip
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
IMPORTS = (ast.Import, ast.ImportFrom)


def note(scope: Scope, node: ast.stmt) -> None:
    """Which of the names that a statement of the instructor's binds say what is right, or run a text."""
    names = import_names(node) if isinstance(node, IMPORTS) else bound(node)
    body, read = _beside(node) if isinstance(node, IMPORTS) else node, free(node)
    made = isinstance(getattr(node, "value", None), ast.Call)  # an object may do what its class does; a value does not run
    functions = [inner for inner in ast.walk(body) if isinstance(inner, FUNCTIONS)]
    says = any(_says(function, scope.is_student) for function in functions)
    runs = not made and any(map(is_running, _parts(functions)))
    for known, found in ((scope.verdicts, says), (scope.runs, runs)):
        used = bool(read & known) and not (made and known is scope.runs)
        known -= names
        known |= names if found or used else set()
    theirs = any(map(scope.is_student, read)) and not isinstance(node, IMPORTS)
    scope.tests = scope.tests - names | (names & scope.verdicts if theirs and not made else set())


def is_running(node: ast.AST) -> bool:
    """Whether it is a call that runs a text, opens a file by its name, or hands on what does."""
    return isinstance(node, ast.Call) and not RUNNING.isdisjoint(map(last_name, (node.func, *node.args)))


def _beside(node: ast.Import | ast.ImportFrom) -> ast.AST:
    """The code of the modules beside the notebook that an import reads."""
    names = [alias.name for alias in node.names]
    names = [node.module or "", *(f"{node.module}.{name}" for name in names)] if isinstance(node, ast.ImportFrom) else names
    places = (Path(name.replace(".", "/") + end) for name in names for end in (".py", "/__init__.py"))
    trees = (parsed(place.read_text("utf-8", "replace")) for place in places if place.is_file())
    return ast.Module([node for tree in trees if tree for node in tree.body], [])


def _says(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, theirs: Callable[[str], bool]) -> bool:
    """It asserts, raises, returns a comparison, yes or no, or compares what a student's function gave it.

    `theirs`: the names that stand for a student's own.
    """
    inner = {*ast.walk(function)}
    returned = {*_parts([function.body] if isinstance(function, ast.Lambda) else [n.value for n in inner if isinstance(n, ast.Return) and n.value])}
    given = {node.arg for node in inner if isinstance(node, ast.arg)}
    called = given | set(filter(theirs, free(function)))
    if any(isinstance(node, ast.Call) and free(node.func) & called for node in inner):
        inner -= {*_parts(node.test for node in inner if isinstance(node, ast.While))}  # how long it goes on is no verdict,
        inner -= {node for node in inner if _is_difference(node) and _is_of(given, node)}  # nor is the `x - h` that it asks for
    else:
        inner &= returned
    plain = (node.value for node in returned if isinstance(node, ast.Constant))
    return asserts(function) or any(map(compares, inner)) or any(type(value) is bool for value in plain)


def _is_of(names: set[str], node: ast.AST) -> bool:
    return free(node) <= names and not any(isinstance(part, ast.Call) for part in ast.walk(node))


def _parts(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    return (part for node in nodes for part in ast.walk(node))


def compares(part: ast.AST) -> bool:
    """A difference says as much as a comparison, and what compares may be handed on by its name."""
    named = part.attr in METHODS if isinstance(part, ast.Attribute) else isinstance(part, ast.Name) and part.id in COMPARING
    return named or isinstance(part, ast.Compare | ast.Match) or _is_difference(part)


def equates(part: ast.AST) -> bool:
    equal = isinstance(part, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in part.ops)
    return equal or (isinstance(part, ast.Call) and last_name(part.func) in COMPARING)


def _is_difference(part: ast.AST) -> bool:
    return isinstance(getattr(part, "op", None), ast.Sub | ast.BitXor)

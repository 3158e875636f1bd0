"""The instructor's own functions, which may say what is right of what they get; and what runs a text, or compares."""

import ast
from pathlib import Path

from tinytorch.grader.forms import is_judging, last_name, root, start
from tinytorch.grader.names import FUNCTIONS, Scope, bound, free

__all__ = ["EMPTYING", "METHODS", "compares", "equates", "is_looking", "is_running", "note"]

COMPARING = {"eq", "ne", "sub", "subtract", "allclose", "array_equal", "array_equiv", "isclose"}
# Methods that compare what they get with their object, which may be a student's and say anything of ours.
METHODS = COMPARING | {"equals", "__eq__", "__ne__", "__contains__", "compare", "score", "evaluate", "gradcheck",
                       "isin", "between", "lt", "le", "gt", "ge", "div", "truediv", "floordiv", "mod"}  # fmt: skip
METHODS |= {f"__{side}{name}__" for side in ("", "r", "i") for name in ("sub", "xor", "and", "mod", "divmod", "floordiv", "truediv", "lt", "le", "gt", "ge")}
EMPTYING = {"remove", "discard", "difference_update", "symmetric_difference_update", "intersection_update"}  # so do these of a list or a set that a function of theirs gave
# What runs or opens what it gets. In the grader `texts` refuses a student's text by whatever name; by these names a cell is known to need
# it beforehand, and asks the sandbox.
RUNNING = {
    "eval", "exec", "open", "execute", "executemany", "executescript", "read_sql", "read_sql_query", "query", "load",
    "sympify", "parse_expr", "Path", "read_csv", "loadtxt", "genfromtxt",
}  # fmt: skip
# What looks at names, files, memory or a state that the student's code may have changed, where that code runs only.
LOOKING = {
    "globals", "locals", "__main__", "modules", "main", "testmod", "testfile", "run_docstring_examples", "exists", "isfile", "isdir",
    "is_file", "is_dir", "listdir", "scandir", "iterdir", "glob", "iglob", "rglob", "getsize", "getcwd", "environ", "getenv",
    "getstate", "get_state", "get_traced_memory", "getrusage", "active_count", "get_fignums",
    "settrace", "setprofile", "import_module",
}  # fmt: skip
IMPORTS = (ast.Import, ast.ImportFrom)


def note(scope: Scope, node: ast.stmt) -> None:
    """Which of the names that a statement of the instructor's binds are functions, or made with one, and which run a text."""
    names = bound(node)
    value = root(getattr(node, "value", None))
    made, maker = isinstance(value, ast.Call), start(value)  # an object may do what its class does; a value does not run
    given = made and isinstance(maker, ast.Name) and scope.is_student(maker.id)  # to the student's own, which says nothing
    read = {maker.id} if given else free(node)
    functions = [inner for inner in ast.walk(node) if isinstance(inner, FUNCTIONS)]
    helps = read & scope.helpers or functions or isinstance(node, ast.ClassDef) or _is_beside(node)
    runs = read & scope.runs or any(is_running(part) for function in functions for part in ast.walk(function))
    tests = helps and any(map(scope.is_student, read)) and not isinstance(node, IMPORTS)
    for known, found in ((scope.helpers, helps), (scope.runs, runs and not made), (scope.tests, tests and not made)):
        known -= names
        known |= names if found else set()


def is_running(node: ast.AST) -> bool:
    """Whether it is a call that runs a text, opens a file by its name, or hands on what does."""
    return isinstance(node, ast.Call) and not RUNNING.isdisjoint(map(last_name, (node.func, *node.args)))


def is_looking(node: ast.AST) -> bool:
    own = isinstance(node, ast.Call) and not node.args and last_name(node.func) in ("dir", "vars")
    return own or not LOOKING.isdisjoint((getattr(node, "attr", ""), getattr(node, "id", "")))


def _is_beside(node: ast.stmt) -> bool:
    """Whether it imports a module that lies beside the notebook, where the instructor's functions are."""
    names = [alias.name for alias in node.names] if isinstance(node, IMPORTS) else []
    names += [node.module or "", *(f"{node.module}.{name}" for name in names)] if isinstance(node, ast.ImportFrom) else []
    return any(Path(name.replace(".", "/") + end).is_file() for name in names for end in (".py", "/__init__.py"))


def compares(part: ast.AST) -> bool:
    """A difference says as much as a comparison, and what compares may be handed on by its name."""
    named = part.attr in METHODS if isinstance(part, ast.Attribute) else isinstance(part, ast.Name) and part.id in COMPARING
    parted = isinstance(part, ast.AugAssign) and isinstance(part.op, ast.Div | ast.FloorDiv | ast.Mod)  # `r /= 9`, and it is 1
    return named or parted or isinstance(part, ast.Compare | ast.Match) or isinstance(getattr(part, "op", None), ast.Sub | ast.BitXor | ast.BitAnd)


def equates(part: ast.AST) -> bool:
    equal = isinstance(part, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in part.ops)
    return equal or (isinstance(part, ast.Call) and (last_name(part.func) in COMPARING or is_judging(part.func)))

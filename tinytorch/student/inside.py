"""The child process of `run`: executes the cells that come on standard input and reports on standard output."""

import __future__

import ast
import contextlib
import inspect
import io
import json
import linecache
import os
import re
import sys
import traceback
from collections.abc import Iterator
from types import CodeType
from typing import Any

OUTPUT_LIMIT = 20_000  # characters of one cell that are kept: the screen needs no more

_MAGIC = re.compile(r"^(\s*)([%!?]|\w[\w.]*\?\??\s*$)")
_SAID = re.compile(r"^(\s*\w+\s*=)\s*[%!]")  # files = !ls


def python_of(source: str) -> str:
    """The source with notebook-only lines (%magic, !shell, help?) turned into `pass`, so that line numbers stay."""
    lines = source.split("\n")
    if lines[0].lstrip().startswith("%%") and not re.match(r"\s*%%(time|timeit|capture|prun)\b", lines[0]):
        return ""
    return "\n".join(_SAID.sub(r"\1 []  # ", _MAGIC.sub(r"\1pass  # \2", line)) for line in lines)


def compiled(source: str, name: str) -> Iterator[CodeType]:
    """The cell's statements, one after the other as in a notebook: what stands above a `return` outside of a function runs."""
    try:
        tree = ast.parse(source, name)
    except SyntaxError:
        source = python_of(source)
        tree = ast.parse(source, name)
    # Tracebacks then show the student's lines.
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            flags |= sum(getattr(__future__, one.name).compiler_flag for one in node.names)
        elif isinstance(node, ast.Expr):
            yield compile(ast.Expression(node.value), name, "eval", flags)
        else:
            yield compile(ast.Module([node], []), name, "exec", flags)


def value_of(code: CodeType, names: dict[str, Any]) -> Any:
    """Run code, on an event loop if it awaits at top level."""
    value = eval(code, names)
    if not inspect.iscoroutine(value):
        return value
    import asyncio  # slow to import, and few cells await

    return asyncio.run(value)


def execute(source: str, name: str, names: dict[str, Any]) -> tuple[Any, str, str]:
    """Run one cell: its last value, what it printed, and the traceback if it failed."""
    out = io.StringIO()
    value, error = None, ""
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        try:
            for code in compiled(source, name):
                value = value_of(code, names)
        except KeyboardInterrupt:
            raise
        except BaseException as problem:
            error = _traceback(problem, name)
    return value, out.getvalue()[:OUTPUT_LIMIT], error


def _traceback(problem: BaseException, name: str) -> str:
    """The traceback from the student's own lines on."""
    frames = problem.__traceback__
    while frames and not frames.tb_frame.f_code.co_filename.startswith("<cell"):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(problem), problem, frames, chain=False)).rstrip()


def points_of(made: list[Any], value: Any, error: str, maximum: float) -> dict[str, Any]:
    """What a test cell earned: by its named checks (nothing is known if it broke), else by nbgrader's rule."""
    if made and error:
        return {}
    if made:
        results = [result for checks in made for result in checks.results]
        earned = sum(result.points for result in results if result.passed)
        failed = [result.name for result in results if not result.passed]
        return {"visible": sum(result.points for result in results), "earned": earned, "failed": failed}
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    earned = 0.0 if error else float(value) if number else maximum
    return {"visible": maximum, "earned": earned, "failed": [] if earned == maximum else ["the whole cell"]}


def recorded(names: dict[str, Any]) -> list[Any]:
    """Collect every `Checks` that a cell makes."""
    from tinytorch.checks import Checks

    made: list[Any] = []
    begin = Checks.__init__

    def __init__(self: Any, *args: Any, **more: Any) -> None:
        begin(self, *args, **more)
        made.append(self)

    Checks.__init__ = __init__  # type: ignore[method-assign]
    return made


def main() -> None:
    cells = json.loads(sys.stdin.read())
    # What the student's code writes to descriptor 1 from below Python must not mix with the reports.
    reports = os.fdopen(os.dup(1), "w", encoding="utf-8")
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    names: dict[str, Any] = {"__name__": "__main__", "display": lambda *things: print(*things, sep="\n")}
    names["get_ipython"] = lambda: None
    made = recorded(names)
    for place, cell in enumerate(cells, 1):
        made.clear()
        value, out, error = execute(cell["source"], f"<cell {cell.get('name') or place}>", names)
        report: dict[str, Any] = {"out": out, "error": error}
        if cell.get("points") is not None:
            report |= points_of(made, value, error, cell["points"])
        reports.write(json.dumps(report) + "\n")
        reports.flush()
    os._exit(0)  # threads that a cell left running are not waited for


if __name__ == "__main__":
    main()

"""The program inside the sandbox: runs a submission's cells and reports, a JSON object on each line.

Nothing here decides. Student code shares this process and can change all of it: what it says is a claim about values,
and the grader reads it as one. Orders come one at a time, so the grader knows what ran when the process died.
"""

from tinytorch.grader import ahead  # isort: skip  what follows is imported without a collector of garbage

import __future__

import ast
import base64
import builtins
import contextlib
import faulthandler
import fcntl
import functools
import inspect
import json
import linecache
import marshal
import os
import signal
import sys
import traceback
import warnings
from types import CodeType, ModuleType
from typing import Any

import numpy

from tinytorch.grader import kernel, plain, stubs
from tinytorch.grader.instead import instead
from tinytorch.grader.names import bound, only_names

__all__ = ["main"]

AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
MOST = 8000  # characters of a traceback

Order = dict[str, Any]


class Inside:
    """One submission's process."""

    def __init__(self, orders: int, reports: int, last: int) -> None:
        self.orders = os.fdopen(orders, "rb", buffering=1 << 16)
        self.reports, self.last = reports, last
        self.module = ModuleType("__main__")
        self.names = self.module.__dict__
        self.names["__builtins__"] = builtins
        sys.modules["__main__"] = self.module
        self.streams = sys.stdout, sys.stderr
        self.flags = AWAIT
        self.absent: set[str] = set()  # names of packages that are not here, and of what was to be made with them

    def report(self, **line: Any) -> None:
        text = json.dumps(line).encode() + b"\n"
        while text:
            text = text[os.write(self.reports, text) :]

    def serve(self) -> None:
        """Carry out orders until there are no more."""
        self.report(ready=True)
        for line in self.orders:
            order = json.loads(line)
            self.quiet()
            # Written by a thread of C that needs no lock of Python's: also where a loop never lets go. None can be had where
            # another's code has used up what all of one user may start.
            with contextlib.suppress(RuntimeError):
                faulthandler.dump_traceback_later(order["seconds"], file=self.last)
            status, error = self.carry_out(order)
            faulthandler.cancel_dump_traceback_later()
            self.quiet()
            self.report(done=order["number"], status=status, error=error)

    def carry_out(self, order: Order) -> tuple[str, str]:
        """In the environment that is this order's alone."""
        os.environ.update(order.get("env", {}))
        try:
            return getattr(self, order["do"])(order)
        finally:
            for name in order.get("env", {}):
                os.environ.pop(name, None)

    def quiet(self) -> None:
        """Undo what the last cell may have left in the way of the next one; both streams are the grader's again."""
        sys.settrace(None)
        sys.setprofile(None)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for stream in (sys.stdout, sys.stderr, *self.streams):
            with contextlib.suppress(Exception):  # a stream of the student's own, or one that they closed
                stream.flush()
        sys.stdout, sys.stderr = self.streams

    def begin(self, order: Order) -> tuple[str, str]:
        """The files; nothing of the student's runs."""
        for name, content in order["files"].items():
            os.makedirs(os.path.dirname(os.path.join(".", name)), exist_ok=True)
            with open(name, "wb") as file:
                file.write(base64.b64decode(content))
        return "ok", ""

    def cell(self, order: Order) -> tuple[str, str]:
        """Run a cell; report its last value where it is wanted, else show it as a notebook does."""
        try:
            value = self.run(order["source"], f"<cell {order['id']}>", order.get("free", ""), order.get("code", ""))
            if order.get("token"):
                self.send(order["token"], value)
            elif value is not None:
                builtins.__dict__["_"] = value
                stubs.display(value)
        except SystemExit:  # in a graded cell the rest are asserts that nobody made
            return ("error" if order.get("token") else "ok"), "exit() was called: the rest of this cell was left out"
        except BaseException as error:
            return ("memory" if isinstance(error, MemoryError) else "error"), told(error)
        return "ok", ""

    def run(self, source: str, name: str, free: str, code: str = "") -> Any:
        """Execute `source` in the notebook's namespace; the value of its last expression, None without one.

        `free`: "whole" for a cell that belongs to no exercise, "definitions" where that cell ended a process before.
        `code`: the same, compiled by the grader; it holds as long as no cell above has set a flag of the compiler.
        """
        linecache.cache[name] = (len(source), None, source.splitlines(True), name)
        if code and self.flags == AWAIT:
            return exec(marshal.loads(base64.b64decode(code)), self.names)
        tree = ast.parse(source, name)
        for node in tree.body:  # as in a notebook, a flag holds for the cells below as well
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                self.flags |= sum(getattr(__future__, one.name).compiler_flag for one in node.names)
        body = [node for node in tree.body if free != "definitions" or only_names(node)]
        value = self.statements(body, name, bool(free))
        return None if source.rstrip().endswith(";") else value

    def statements(self, body: list[ast.stmt], name: str, free: bool) -> Any:
        """Run them one by one, as a notebook does: those above a `return` that stands outside of a function have run.

        What is not here, but was at home (a package; in a free cell anything), costs its own line alone.
        """
        value, first = None, None
        for node in body:
            try:
                value = self.execute(node, name)
            except Exception as error:
                if isinstance(error, MemoryError) or not (self.misses(node, error) or free):
                    raise
                first = first or error
        if first:
            raise first
        return value

    def misses(self, node: ast.stmt, error: Exception) -> bool:
        """Whether a package is all that this line misses; then what it was to make is missing further down as well."""
        if not isinstance(error, ImportError) and not (isinstance(error, NameError) and error.name in self.absent):
            return False
        self.absent.update(bound(node))
        return True

    def execute(self, node: ast.stmt, name: str) -> Any:
        """The value of an expression, else None."""
        tree = ast.Expression(node.value) if isinstance(node, ast.Expr) else ast.Module([node], [])
        code: CodeType = compile(tree, name, "eval" if isinstance(node, ast.Expr) else "exec", self.flags)
        value = eval(code, self.names)
        return self.loop.run_until_complete(value) if code.co_flags & inspect.CO_COROUTINE else value

    @functools.cached_property
    def loop(self) -> Any:
        """The event loop of all cells that await at their top level."""
        import asyncio

        asyncio.set_event_loop(loop := asyncio.new_event_loop())
        return loop

    def ask(self, order: Order) -> tuple[str, str]:
        """Evaluate what a graded cell asks, one report each; an error in one is that one's own."""
        objects, last = dict[int, Any](), dict[str, int]()
        try:
            exec(compile(order["prelude"], "<check>", "exec"), self.names)
        except BaseException as error:
            return "error", told(error)
        for ask in order["asks"]:
            for name, value in ask["inputs"].items():
                place = ask["which"][name]
                if last.get(name) != place:
                    objects[place] = self.names[name] = objects[place] if place in objects else plain.decode(value)
                last[name] = place
            try:
                with warnings.catch_warnings(), numpy.errstate(all="ignore"):  # as tinytorch.checks asks
                    warnings.simplefilter("ignore")
                    value = eval(marshal.loads(base64.b64decode(ask["code"])), self.names)  # of statements, None
                    self.send(ask["token"], value, order.get("strict", False))
            except MemoryError as error:
                return "memory", told(error)
            except BaseException as error:
                self.report(key=ask["token"], error=told(error))
        return "ok", ""

    def send(self, token: str, value: Any, strict: bool = True) -> None:
        try:
            self.report(key=token, value=plain.encode(value, None if strict else instead))
        except plain.NotPlain as why:
            self.report(key=token, opaque=str(why)[:300])


def told(error: BaseException) -> str:
    """The traceback as the student would see it in the notebook: their own frames, and no line of a check."""
    try:
        walk = error.__traceback__
        while walk and not walk.tb_frame.f_code.co_filename.startswith("<cell "):
            walk = walk.tb_next
        text = "".join(traceback.format_exception(type(error), error, walk or None, limit=-12))
    except BaseException:  # an exception whose own text fails
        text = f"{type.__getattribute__(type(error), '__name__')}: (its text could not be made)"
    return text if len(text) < MOST else f"{text[: MOST // 2]}\n...\n{text[-MOST // 2 :]}"


def main(settings: str) -> None:
    """Shut the doors, say ready, serve."""
    given = json.loads(settings)
    ahead.settle()
    fds = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100) for fd in given["fds"]]  # out of the way of a student's own
    for fd in given["fds"]:
        os.close(fd)
    sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    sys.dont_write_bytecode = True
    with contextlib.suppress(ImportError):  # of a course that does not have it
        import tinytorch.probes  # noqa: F401
    stubs.install()
    os.chdir(given["cwd"])
    sys.path.append("")
    close_doors(given)
    sys.argv = [""]
    Inside(*fds).serve()
    os._exit(0)


def close_doors(given: dict[str, Any]) -> None:
    """From here on: no new privilege, limits, only the paths and calls that this level leaves."""
    if given["parent"]:
        kernel.die_with_parent(given["parent"])
    kernel.no_new_privileges()
    kernel.limit(given["limits"])
    if given["landlock"]:
        kernel.landlock(*given["landlock"])
    if kernel.filterable():
        kernel.filter_calls(given["shared"])

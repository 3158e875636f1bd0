"""The process that judges: the instructor's code and reported plain data, never an object of a student's.

It loads a notebook's locked cells once, then forks for each submission, so that no submission sees what another one's
values did to the instructor's state, and an absurd value (a huge power, an endless range) costs its own cell only.
It is spoken to by lines of JSON: `load`, `capture` (what to ask of every submission) and `judge`.
"""

import ast
import contextlib
import functools
import gc
import io
import json
import os
import random
import signal
import sys
import traceback
import zlib
from typing import Any

import numpy as np

from tinytorch.checks import Checks, StudentError
from tinytorch.grader import kernel
from tinytorch.grader.judging import SECONDS, points
from tinytorch.grader.plain import NotPlain
from tinytorch.grader.replay import Call, noting, replay
from tinytorch.grader.sites import Sites, short
from tinytorch.grader.source import Source, statements
from tinytorch.grader.texts import Texts

__all__ = ["main"]

MEMORY, TEXT = 4 << 30, 40_000


class Notebook(Source):
    """The instructor's half of one notebook, at work."""

    texts: Texts  # where student's values may be

    def __init__(self, *about: Any) -> None:
        self.recorded: list[tuple[dict[str, Any], list[Call]]] = []
        self.sent: dict[int, Any] = {}
        super().__init__(*about)

    # -- once for an assignment

    def asks(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for cell in self.later:
            if "ours" in cell:
                self.run_given(cell)
            if cell["role"] != "test":
                continue
            found[cell["id"]] = {"whole": cell["whole"]} if cell["whole"] else self.capture(cell)
            self.draw_anew(cell["id"])
        return found

    def draw_anew(self, cell: str) -> None:
        """After a test what draws numbers begins anew: a test that failed has drawn less than when the asks were made."""
        seed = (self.seed + zlib.crc32(cell.encode())) % 2**32
        random.seed(seed)
        np.random.seed(seed)
        for value in self.space.values():
            if isinstance(value, np.random.Generator):
                value.bit_generator.state = type(value.bit_generator)(seed).state
            elif isinstance(value, random.Random | np.random.RandomState):
                value.seed(seed)

    def capture(self, cell: dict[str, Any]) -> dict[str, Any]:
        parts, sites = cell["parts"], Sites(cell, {}, self.sent)
        self.space.update(__enter__=sites.enter, __capture__=sites.capture, __ask__=sites.ask)
        try:
            for self.line, statements in parts.capture:
                exec(compile(ast.Module(statements, []), cell["id"], "exec"), self.space)
            changed = [*parts.kept(sites.handed), *(name for name in sorted(parts.doubted) if sites.may_be_changed(name, self.space))]
        except (Exception, SystemExit) as error:
            kind = "" if isinstance(error, NotPlain) else f"apart from the student's code it ends in {type(error).__name__}: "
            return {"whole": f"line {self.line}: {kind}{error}", "late": True}
        if not sites.asks:  # doctest.testmod(), say: here it finds nothing that could fail
            return {"whole": "nothing in it is asked of the student's code by name", "late": True}
        if changed:
            return {"whole": f"what the student's code makes of {changed[0]} is not asked where it is looked at", "late": True}
        texts, self.texts.noted = sorted(self.texts.noted), set()
        return {"prelude": parts.prelude(sites.names), "asks": sites.asks, "texts": texts}

    def record(self) -> None:
        """Run here, once, the leading tests that are nothing but checks: what they expect is the same for everybody."""
        while self.later:
            cell = self.later[0]
            if cell["role"] != "test":
                self.run_given(cell)
            elif made := self.recording(cell):
                self.recorded.append((cell, made))
                self.draw_anew(cell["id"])
            else:
                return
            self.later = self.later[1:]

    def recording(self, cell: dict[str, Any]) -> list[Call] | None:
        """What a cell's checks are asked to do, where `got()` gives the question's key; None if it is anything but checks."""
        later = any(word in cell["source"] for word in (".results", "seen="))  # what looks at the notebook's names as they are then
        if later or cell["whole"] or not all(site.fresh for site in cell["parts"].sites):
            return None
        sites, calls = Sites(cell, {}), list[Call]()
        self.space.update(__enter__=sites.enter, __ask__=sites.key)

        def note(checks: Checks, method: Any, *args: Any, got: Any = None, **keywords: Any) -> list[Call]:
            calls.append((self.line in cell["hidden"], checks, method, got and got(), args, keywords))
            return calls  # in place of the score, which has to be the cell's last value

        try:
            with noting(note):
                for self.line, statements, expression in cell["code"]:
                    exec(statements, self.space)
                    last = eval(expression, self.space) if expression else None
        except Exception:
            return None
        made = {id(checks): type(checks) for _, checks, *_ in calls}
        return calls if [*made.values()] == [Checks] and last is calls else None

    # -- for each submission

    def judge(self, reports: dict[str, Any], skip: list[str], tell: Any) -> None:
        for cell, made in (*self.recorded, *((cell, None) for cell in self.later)):
            if "ours" in cell:
                self.run_given(cell)
            elif cell["id"] not in skip:
                tell({"begin": cell["id"]})
                sites = Sites(cell, reports)
                verdict = self.replayed(cell, made, sites) if made else self.verdict(cell, sites)
                tell({"verdict": {cell["id"]: verdict}})
            if cell["role"] == "test" and not made:
                self.draw_anew(cell["id"])

    def replayed(self, cell: dict[str, Any], made: list[Call], sites: Sites) -> dict[str, Any]:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            value, results = replay(made, sites.value)
        lines = [_result(result, hidden) for hidden, result in results]
        return {"score": points(value, cell["points"]), "lines": lines, "stdout": out.getvalue()[:TEXT]}

    def verdict(self, cell: dict[str, Any], sites: Sites) -> dict[str, Any]:
        self.space.update(__enter__=sites.enter, __ask__=sites.ask)
        out, lines, error, value, hidden = io.StringIO(), list[dict[str, Any]](), "", None, False
        self.texts.refused = ""
        self.earlier = {id(value) for value in self.space.values() if type(value) is Checks}
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
                for self.line, statements, expression in cell["code"]:
                    sites.shown = []
                    exec(statements, self.space)
                    value = eval(expression, self.space) if expression else None
                    lines += self.news(cell, len(lines))
        except BaseException as raised:
            at = {line for frame, line in traceback.walk_tb(raised.__traceback__) if frame.f_code.co_filename == cell["id"]}
            hidden = bool({self.line, *at} & {*cell["hidden"]})
            error = self.said(cell, sites, raised, hidden)
        error = error or self.texts.refused  # the instructor's code may have caught it
        shown: dict[str, Any] = {"lines": lines, "stdout": out.getvalue()[:TEXT]}
        if error:
            return {"score": 0.0, "error": error, "hidden": hidden, **shown}
        if cell["number"] is None:  # the right answers are being judged, which show it
            shown["number"] = type(value) in (int, float)
        return {"score": points(value, cell["points"], cell["number"]), **shown}

    def news(self, cell: dict[str, Any], known: int) -> list[dict[str, Any]]:
        """The checks made since: each with whether its statement is hidden."""
        found = [value for value in self.space.values() if type(value) is Checks and id(value) not in self.earlier]
        return [_result(result, self.line in cell["hidden"]) for result in (found[-1].results[known:] if found else [])]

    def said(self, cell: dict[str, Any], sites: Sites, raised: BaseException, hidden: bool) -> str:
        """An error as the person who marks reads it: the statement, what was reported for it, and what it raised."""
        if isinstance(raised, StudentError):
            return str(raised)[:TEXT]
        lines = list(enumerate(cell["source"].splitlines(), 1))[self.line - 1 :]
        source = "\n".join(line for number, line in lines if hidden or number not in cell["hidden"])
        body = statements(source)
        text = ast.get_source_segment(source, body[0]) or "" if body else source
        last = traceback.format_exception_only(raised)[-1].strip()
        shown = [f"{asked} gave {short(value)}" for asked, value in sites.shown[-5:]]
        return "\n".join([text, *shown, last])[:TEXT]


def _result(result: Any, hidden: bool) -> dict[str, Any]:
    named = ("name", "points", "passed", "slip")
    return {name: getattr(result, name) for name in named} | {"text": result.text[:TEXT], "hidden": hidden}


def _limits(seconds: int) -> None:
    """Where values of a student's are: nothing is written, no other process and no network is reached."""
    kernel.first_to_end()
    kernel.no_new_privileges()
    if kernel.abi():
        kernel.landlock(["/"], [], ["/dev/null"])
    if kernel.filterable():
        kernel.filter_calls(True)
    kernel.limit({"CORE": 0, "AS": MEMORY})
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends even a computation that never comes back to Python
    signal.alarm(seconds)


def _forked(work: Any, out: int) -> None:
    """Do `work` in a fork, which ends with it."""
    gc.freeze()  # a collector of garbage in there would touch all that is here, and so copy it
    child = os.fork()
    if child == 0:
        try:
            _limits(SECONDS)
            work()
        except BaseException:
            _line(out, {"broken": traceback.format_exc()[-4000:]})
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    _line(out, {"ended": os.waitstatus_to_exitcode(status)})


def _line(out: int, value: dict[str, Any]) -> None:
    if "begin" in value:
        signal.alarm(SECONDS)
    data = memoryview((json.dumps(value) + "\n").encode())
    while data:
        data = data[os.write(out, data) :]


def main() -> None:
    """Answer lines of JSON on standard input until it ends. Standard output belongs to these answers alone."""
    sys.dont_write_bytecode = True  # where we stand is the instructor's folder, whose files nbgrader releases
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    notebook = Notebook([], 0)
    for text in sys.stdin:
        asked = json.loads(text)
        if "load" in asked:
            notebook = Notebook(asked["load"], asked["seed"])
            continue
        if "judge" in asked:
            notebook.record()
        _forked(functools.partial(_answer, notebook, asked, out), out)


def _answer(notebook: Notebook, asked: dict[str, Any], out: int) -> None:
    notebook.texts = Texts(asked.get("texts"))
    if "capture" in asked:
        _line(out, {"asks": notebook.asks()})
    else:
        notebook.judge(asked["judge"], asked["skip"], functools.partial(_line, out))

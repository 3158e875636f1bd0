"""Small named checks for the locked cells of a notebook: what was fed, what was expected, what came.

A check's `got` is the only part that touches a student's objects, and it is plain data (bool, int, float, str, list,
tuple, dict, numeric arrays). So a grader can evaluate `got` in one process and judge it in another.
"""

import contextlib
import io
import json
import logging
import os
import traceback
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinytorch.compare import first_difference, same, show

__all__ = ["Checks", "Result", "StudentError", "hidden_inputs"]


class StudentError(Exception):
    """An error that a student's code raised in another process; its text is the student's traceback."""


@dataclass(frozen=True)
class Result:
    """What became of one check: `text` is the report of a failure, `slip` the sentence of the slip that gives what came."""

    name: str
    points: float
    passed: bool
    text: str
    slip: str = ""


def hidden_inputs(assignment: str, cell: str) -> np.random.Generator:
    """The generator of a cell's hidden inputs, from the assignment's seed in `TINYTORCH_SEEDS` (JSON; 0 if absent)."""
    seed = json.loads(os.environ.get("TINYTORCH_SEEDS") or "{}").get(assignment, 0)
    return np.random.default_rng([seed, zlib.crc32(cell.encode())])


class Checks:
    """The checks of one graded cell; `score()` is the cell's last value."""

    def __init__(self, exercise: str, points: float) -> None:
        self.exercise, self.points = exercise, points
        self.results: list[Result] = []
        self.barred = ""
        self.errors: dict[str, str] = {}  # each error's text, and the check that met it first: told once
        self.only = os.environ.get("TINYTORCH_ONLY_CHECK", "")  # replays one check, by its name, for no marks

    def require(self, name: str, *, got: Callable[[], Any]) -> None:
        """A condition without which every check of this cell fails."""
        came, error = _attempt(got)
        if came is not True and not self.barred:
            self.barred = f"no points in this cell, because this does not hold: {name}\n{error}".rstrip()

    def check(
        self,
        name: str,
        points: float,
        *,
        fed: str,
        got: Callable[[], Any],
        want: Any,
        tol: float = 1e-5,
        also: Sequence[Any] = (),
        slips: Mapping[str, Any] | None = None,
        needs: str | Sequence[str] = (),
        seen: Callable[[Any], Any] | None = None,
    ) -> None:
        """Compare `got()` with `want` (or one of `also`); `slips` maps a sentence to the wrong value that it explains.

        Where many answers are right, `seen` makes of what came what is compared: it is not the student's, so it judges.
        `tol` is relative to the largest number in `want`. The points count only where the checks it `needs` passed.
        """
        if self.only and name != self.only:
            return
        came, error = (None, self.barred) if self.barred else _attempt(got)
        came = seen(came) if seen and not error else came
        right = not error and any(same(came, value, tol) for value in (want, *also))
        named = {} if right or error else slips or {}
        alike = (sentence for sentence, value in named.items() if same(came, value, tol, nan=True))
        slip = self._missing(needs) if right else next(alike, "")
        text = ""
        if slip or not right or self.only:
            where, one, other = ("", want, came) if error else first_difference(came, want, tol)
            first = self.errors.setdefault(error, name)
            told = error if first == name else f"the same error as in: {first}"
            lines = [
                f"fed:      {fed}",
                f"expected: {where}{show(one)}",
                f"came:     {told if error else where + show(other)}",
                slip,
            ]
            text = "\n".join([f"{name} ({points:g} of {self.points:g} points)", *filter(None, lines)])
        self.results.append(Result(name, points, right and not slip, text.replace("\n", "\n    "), slip))

    def _missing(self, needs: str | Sequence[str]) -> str:
        """Why a check that is right by itself does not count; empty where it does."""
        passed = {result.name for result in self.results if result.passed}
        missing = [name for name in ([needs] if isinstance(needs, str) else needs) if name not in passed]
        return f"right, but it counts only together with: {', '.join(missing)}" if missing and not self.only else ""

    def score(self) -> float | None:
        """Print the summary; None when no check failed, else the points earned."""
        shown = [result for result in self.results if self.only or not result.passed]
        made = sum(result.points for result in self.results)
        earned = float(sum(result.points for result in self.results if result.passed))
        if self.results and not shown:
            rest = f"; hidden checks decide the other {self.points - made:g}" if made < self.points else ""
            kind = "visible checks" if rest else "checks"
            print(f"{self.exercise}: all {kind} pass ({made:g} of {self.points:g} points){rest}.")
            return None
        print(f"{self.exercise}: {self.barred or f'{len(shown)} of {len(self.results)} checks failed.'}")
        print(*(result.text for result in shown if not self.barred), sep="\n")
        return 0.0 if self.only else earned


def _attempt(got: Callable[[], Any]) -> tuple[Any, str]:
    """What `got` gives, and the student's traceback where it raises. Nothing of it reaches stderr."""
    try:
        with _quiet():
            return got(), ""
    except KeyboardInterrupt:  # this is how a kernel stops a cell that takes too long
        raise
    except StudentError as error:
        return None, str(error)
    except BaseException as error:  # a student may raise anything, SystemExit too
        beside = {os.path.join(os.path.dirname(__file__), name) for name in ("probes.py", "rehearsal.py")}
        ours = {__file__, got.__code__.co_filename, *beside}
        numpys = os.path.join("numpy", "_core", "")
        passed = traceback.extract_tb(error.__traceback__)
        frames = [frame for frame in passed if frame.filename not in ours and numpys not in frame.filename]
        trace = traceback.format_list(frames) + traceback.format_exception_only(error)
        return None, "an error\n" + "".join(trace).rstrip()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No warning, log line or print to stderr: nbgrader gives 0 to a cell that writes there."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)

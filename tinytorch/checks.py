"""Small named checks for the locked cells of a notebook: what was fed, what was expected, what came.

A check's `got` is the only part that touches a student's objects, and it is plain data (bool, int, float, str, list,
tuple, dict, numeric arrays). So a grader can evaluate `got` in one process and judge it in another.
"""

import contextlib
import io
import json
import os
import sys
import traceback
import warnings
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["Checks", "StudentError", "hidden_inputs"]


class StudentError(Exception):
    """An error that a student's code raised in another process; its text is the student's traceback."""


def hidden_inputs(assignment: str, cell: str) -> np.random.Generator:
    """The generator of a cell's hidden inputs, from the assignment's seed in `TINYTORCH_SEEDS` (a JSON object; 0 if absent)."""
    seed = json.loads(os.environ.get("TINYTORCH_SEEDS", "{}")).get(assignment, 0)
    return np.random.default_rng([seed, zlib.crc32(cell.encode())])


class Checks:
    """The checks of one graded cell; `score()` is the cell's last value."""

    def __init__(self, exercise: str, points: float) -> None:
        self.exercise, self.points = exercise, points
        self.results: dict[str, tuple[float, bool]] = {}

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
    ) -> None:
        """Compare `got()` with `want` (or one of `also`); `slips` maps a sentence to the wrong value it explains."""
        raise NotImplementedError

    def score(self) -> float | None:
        """Print the summary; None when no check failed, else the points earned."""
        raise NotImplementedError

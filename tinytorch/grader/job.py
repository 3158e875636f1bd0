"""What goes into a sandbox and what comes out: plain JSON both ways."""

from typing import Any, Literal, NotRequired, TypedDict

__all__ = ["Ask", "Job", "Outcome", "Report", "Step", "StepOutcome"]


class Ask(TypedDict):
    """One thing to do in the student's namespace, in order; exactly one of `expr` and `run` is there.

    Before it, `inputs` are decoded (by `plain`) and bound as globals. Those with one number in `which` are one object (the
    student's code may have changed it in place, as it does in a notebook), and a name that has it already is left as it is.
    """

    key: str
    expr: NotRequired[str]  # evaluated, and its value reported
    run: NotRequired[str]  # statements: executed, and only an error is reported (else the value None)
    inputs: dict[str, Any]
    which: dict[str, int]


class Step(TypedDict):
    """One cell. An error in it never stops the next one.

    `student` (an exercise), `free` (the student's own that belongs to none), `given`: run. `whole`: a graded cell that
    cannot be split: run, and its last expression's value reported under the step's id. `ask`: `prelude` (imports and
    definitions) is run, then the asks.
    """

    id: str
    kind: Literal["student", "free", "given", "whole", "ask"]
    source: str  # of all but `ask`; magics are gone already
    prelude: str
    asks: list[Ask]
    env: NotRequired[dict[str, str]]  # environment variables for this step alone: the seed, where it cannot do without


class Job(TypedDict):
    """One submission's one notebook."""

    without: list[str]  # modules that must not be importable, such as tinytorch.core.optimizers
    files: dict[str, str]  # working directory: relative name -> base64
    cell_seconds: float
    steps: list[Step]
    strict: NotRequired[bool]  # what is no plain data is to be said, and nothing reported instead of it


class Report(TypedDict, total=False):
    """What one ask said: exactly one of these. An ask that did not report has no entry."""

    value: Any  # by plain.encode
    error: str  # the student's traceback, capped
    opaque: str  # why the value is not plain data


class StepOutcome(TypedDict, total=False):
    """How one cell ended."""

    status: Literal["ok", "error", "timeout", "crash", "memory", "output", "not run"]
    stdout: str
    stderr: str
    error: str  # traceback text
    where: str  # "your SGD.step (line 7)", where it is known


class Outcome(TypedDict):
    """Everything that came out of one sandbox."""

    steps: dict[str, StepOutcome]  # by step id
    reports: dict[str, Report]  # by ask key, and by step id for `whole`
    signs: list[str]  # signs of tampering, in words: a key reported twice, a key never asked, a line that is no JSON

"""One notebook from bytes to scores: a pure function of the plan and of what was handed in."""

import atexit
import functools
import os
import pickle
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinytorch.grader import isolation, paper, sandbox, submission
from tinytorch.grader import plan as plans
from tinytorch.grader.job import Outcome, StepOutcome
from tinytorch.grader.limits import Limits
from tinytorch.grader.magics import clean_all
from tinytorch.grader.plan import Plan, whole_score

__all__ = ["CellResult", "Graded", "bring_up", "grade", "grade_bytes"]

MOST_UP = 12  # judges in one worker


@dataclass
class CellResult:
    """One cell's score and what there is to say about it. `score` None waits for a person."""

    id: str
    score: float | None
    points: float
    protected: bool = True
    stopped: str = ""  # how the student's code ended before its time
    error: str = ""
    hidden: bool = False  # the error comes from a hidden test
    lines: list[dict[str, Any]] = field(default_factory=list)  # the checks, as tinytorch.checks reports them
    stdout: str = ""
    comment: str | None = None


@dataclass
class Graded:
    """One notebook's outcome; `executed` is the notebook with what its cells gave."""

    status: str
    cells: dict[str, CellResult] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    signs: list[str] = field(default_factory=list)
    seconds: float = 0.0
    executed: dict[str, Any] = field(default_factory=dict)


Checksums = dict[str, str]  # of the cells as released, by id: an answer that has the same one was left as it was


def grade(
    plan: Plan, data: bytes, run: plans.Run, judge: plans.Judge, checksums: Checksums, kept: Mapping[str, CellResult]
) -> Graded:
    """Run and judge one notebook; `kept` are results of the same answers that still hold, by test."""
    begin = time.perf_counter()
    try:
        student = submission.parse(data)
    except submission.Unreadable as error:
        return Graded("unreadable", notes=[str(error)])
    merged = submission.merge(plan.cells, student)
    clean_all(merged, student.notes)
    outcome = run(plans.job(plan, merged))
    halted = {name: text for name, step in outcome["steps"].items() if (text := stopped(step, plan.cell_seconds))}
    _explain(plan, outcome, halted)
    verdicts = judge.verdicts(outcome["reports"])
    cells = {
        cell["id"]: kept.get(cell["id"]) or _result(cell, outcome, verdicts, checksums, halted.get(cell["id"], ""))
        for cell in merged
        if cell.get("grade") or cell.get("solution_cell")
    }
    said = [f"{name}: {text}" for name, text in halted.items()] + _broken(merged, outcome, checksums) + student.notes
    notes = [note[:300] for note in said][:40]
    graded = Graded("partly" if halted else "graded", cells, notes, outcome["signs"])
    graded.executed = paper.executed(merged, outcome, cells, checksums)
    graded.seconds = time.perf_counter() - begin
    return graded


def stopped(step: StepOutcome, seconds: float) -> str:
    """How a cell ended before its time, as its student reads it; empty if it did not."""
    where = f" in {step['where']}" if step.get("where") else ""
    return {
        "timeout": f"stopped after {seconds:g} s{where}",
        "crash": f"the Python process died{where}",
        "memory": f"stopped{where}: it used too much memory",
        "output": f"stopped{where}: it printed too much",
        "not run": "not run: the time for the whole notebook was used up",
    }.get(step.get("status", ""), "")


def _broken(merged: list[dict[str, Any]], outcome: Outcome, checksums: Checksums) -> list[str]:
    """The answers that raised, and where: of one with a slip in its first line, a test says only that a name is missing.

    A given cell that raised is named where no answer above it had: what stands above has broken it (`list = [1]`).
    """
    notes, above = [], False
    for cell in merged:
        given, answer = cell.get("role") == "given", cell.get("solution_cell")
        error = outcome["steps"].get(cell["id"], {}).get("error", "")
        if not error or not (given or answer):
            continue
        lines = _lines(cell["id"], error)
        what = next((line for line in error.splitlines() if re.match(r"(?!Traceback)\S", line)), "an error")
        where = f" (line {lines[-1]})" if lines else ""
        if given and not above:
            notes.append(f"{cell['id']}: this given cell did not run (is it something above it?): {what}{where}")
        elif answer and checksums.get(cell["id"]) != paper.checksum(cell):
            notes.append(f"{cell['id']}: {what}{where}")
        above = True
    return notes


def _lines(cell: str, error: str) -> list[str]:
    """The lines of a cell that a traceback names."""
    return re.findall(rf'File "<cell {re.escape(cell)}>", line (\d{{1,6}})', error)


def _explain(plan: Plan, outcome: Outcome, halted: dict[str, str]) -> None:
    """Give each question that was not answered the reason why, where there is one."""
    for name, step in plan.steps.items():
        text = halted.get(name) or outcome["steps"].get(name, {}).get("error", "")
        for ask in step.get("asks", ()):
            if text and ask["key"] not in outcome["reports"]:
                outcome["reports"][ask["key"]] = {"error": text}


def _result(
    cell: dict[str, Any], outcome: Outcome, verdicts: dict[str, Any], checksums: Checksums, halted: str
) -> CellResult:
    if cell["role"] == "test":
        return _tested(cell, outcome, verdicts, halted)
    result = CellResult(cell["id"], None, cell["points"] if cell["grade"] else 0.0)
    if checksums.get(cell["id"]) == paper.checksum(cell):
        result.score, result.comment = 0.0, "No response."
    return result


def _tested(cell: dict[str, Any], outcome: Outcome, verdicts: dict[str, Any], halted: str) -> CellResult:
    if cell["whole"]:
        (score, error), out = whole_score(cell, outcome), outcome["steps"].get(cell["id"], {}).get("stdout", "")
        said: dict[str, Any] = {"score": score, "error": halted or error, "stdout": out, "protected": False}
        said["hidden"] = any(int(line) in cell["hidden"] for line in _lines(cell["id"], error))
    else:
        said = verdicts[cell["id"]]
    return CellResult(cell["id"], points=cell["points"], stopped=halted, **said)


# -- in a worker


def opened(packed: bytes) -> tuple[Plan, plans.Judge]:
    """The plan and its judge, which is on its way up. Those of one assignment's notebooks take turns."""
    if packed not in _up:
        if len(_up) >= MOST_UP:
            _up.pop(next(iter(_up)))[1].close()
        plan = pickle.loads(packed)  # the parent's own
        _up[packed] = plan, plans.Judge(plan)
    return _up[packed]


def bring_up(packed: Sequence[bytes]) -> None:
    """Judges of these plans, as many as there may be, before they are wanted."""
    for plan in packed[:MOST_UP]:
        with suppress(plans.PlanError):  # said of each submission
            opened(plan)


@functools.lru_cache(maxsize=1)
def _here(level: isolation.Level, limits: Limits) -> isolation.Level:
    """The same level on this machine, which may not be the one that the run began on."""
    if Path(level.root).is_dir():
        return level
    packages = None if level.folders else ("numpy",)
    return _made.enter_context(isolation.level(level.name, level.without, packages, limits))


_up: dict[bytes, tuple[Plan, plans.Judge]] = {}
os.register_at_fork(after_in_child=_up.clear)  # a fork cannot end its parent's judges, and would wait for them
_made = ExitStack()
atexit.register(_made.close)


def grade_bytes(
    packed: bytes, data: bytes, limits: Any, level: Any, checksums: Checksums, kept: Mapping[str, CellResult]
) -> Graded:
    """`grade` for any executor: everything that it needs are arguments that can be sent."""
    plan, judge = opened(packed)
    try:
        return grade(plan, data, lambda job: sandbox.run(job, limits, _here(level, limits)), judge, checksums, kept)
    except Exception:  # what it still says of this submission must not be taken for an answer about the next
        judge.close()
        _up.pop(packed, None)
        raise

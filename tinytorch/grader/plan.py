"""From the instructor's source notebook to a plan: cells, order, tags, points, and what to ask of each submission."""

import ast
import contextlib
import hashlib
import json
import re
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinytorch.grader.beside import asking, written
from tinytorch.grader.job import Job, Outcome, Step
from tinytorch.grader.judging import Judge, PlanError, points
from tinytorch.grader.magics import clean
from tinytorch.grader.names import bound, free
from tinytorch.grader.parts import PART
from tinytorch.grader.source import Source, statements

__all__ = ["MARKS", "Judge", "Marks", "Plan", "PlanError", "Run", "job", "make", "read", "unsplittable", "whole_score"]

# The regions that nbgrader takes out of a release; a course may mark them by other words.
MARKS = {"hidden": ("BEGIN HIDDEN TESTS", "END HIDDEN TESTS"), "solution": ("BEGIN SOLUTION", "END SOLUTION")}
SEEDED = ("hidden_inputs(", "TINYTORCH_SEEDS")  # what cannot do without the seed
# Of a test, before it is tried: why it runs whole; whether the right answers make its last value a number, which None asks.
FOUND: dict[str, Any] = {"whole": "", "number": None}

Stored = Callable[[str], str | None]
Marks = dict[str, tuple[str, str]]


@dataclass
class Plan:
    """One notebook of an assignment."""

    assignment: str
    notebook: str
    cells: list[dict[str, Any]]
    seed: int
    folder: str  # where the instructor's own files lie
    files: dict[str, str] = field(default_factory=dict)
    without: list[str] = field(default_factory=list)
    cell_seconds: float = 10.0
    # Of each test: its prelude, its asks and the texts that they run, or why it is whole; with what else was FOUND.
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)  # versions and contents that a score depends on

    @property
    def tests(self) -> list[dict[str, Any]]:
        return [cell for cell in self.cells if cell["role"] == "test"]

    @property
    def unprotected(self) -> dict[str, str]:
        """The tests that run whole in the sandbox, and why."""
        return {cell["id"]: cell["whole"] for cell in self.tests if cell["whole"]}

    @property
    def short(self) -> dict[str, str]:
        """The tests in which the source's own answers fall short, and what they get: every student may lose that too."""
        steps = ((cell["id"], self.steps[cell["id"]], cell["points"]) for cell in self.tests)
        return {name: f"{step['own']:g} of {points:g} here{step['why']}" for name, step, points in steps if "own" in step}

    @property
    def code(self) -> list[dict[str, Any]]:
        """The cells that a grading runs."""
        return [cell for cell in self.cells if cell["role"] != "text" and not cell["skip"]]

    def for_judge(self) -> list[dict[str, Any]]:
        """The same, as the judging process reads them."""
        wanted = ("id", "role", "source", "hidden", "solution", "points", *FOUND)
        return [{name: cell[name] for name in wanted} for cell in self.code]

    def with_steps(self, steps: dict[str, dict[str, Any]]) -> "Plan":
        """The plan with what `make` found out."""
        self.steps = steps
        for cell in self.tests:
            cell.update({name: steps[cell["id"]].get(name, FOUND[name]) for name in FOUND})
        return self

    def fingerprint(self) -> str:
        """What every score depends on besides the answers; the same before the steps are known and after."""
        cells = [cell | FOUND for cell in self.cells]
        data = [cells, self.seed, self.files, self.without, self.cell_seconds, self.modules, sys.version]
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def read(path: Path, stored: Stored = lambda name: None, marks: Marks = MARKS) -> list[dict[str, Any]]:
    """The cells of a source notebook. `stored` gives the gradebook's text of a cell whose tests nbgrader generated."""
    cells = [_cell(cell, stored, marks) for cell in json.loads(path.read_text("utf-8"))["cells"]]
    names = [cell["id"] for cell in cells if cell["id"]]
    if len(names) != len(set(names)):
        raise PlanError(f"{path}: two cells have one grade_id")
    return cells


def unsplittable(notebook: dict[str, Any]) -> dict[str, str]:
    """The graded cells of a source notebook that cannot be split, and why, from their text alone."""
    cells = [_cell(cell, lambda name: "", MARKS) for cell in notebook["cells"]]
    read = Source(Plan("", "", cells, 0, "").for_judge(), 0, execute=False)
    return {cell["id"]: cell["whole"] for cell in read.cells if cell["whole"]}


def _cell(cell: dict[str, Any], stored: Stored, marks: Marks) -> dict[str, Any]:
    meta = cell["metadata"].get("nbgrader") or {}
    source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
    code = cell["cell_type"] == "code"
    graded, solution = bool(meta.get("grade")), bool(meta.get("solution"))
    locked = not solution and (graded or bool(meta.get("locked")))
    about = {"id": meta.get("grade_id", ""), "type": cell["cell_type"] if code else "markdown", "locked": locked}
    about |= {"grade": graded, "solution_cell": solution, "task": bool(meta.get("task"))} | FOUND
    about |= {"points": float(meta.get("points") or 0), "role": _role(code, locked, graded)}
    if about["role"] == "test" and re.search(r"^\s*#+\s*(HASHED )?AUTOTEST\b", source, re.M):
        about["whole"], source = "its tests were generated by nbgrader (AUTOTEST)", _generated(meta["grade_id"], stored)
    skip = code and "skip-execution" in cell["metadata"].get("tags", ()) and not graded
    source = clean(source, [], "") if code else source
    marked = {name: _marked(source, *words) for name, words in marks.items()}
    return {**about, **marked, "source": source, "skip": skip}


def _role(code: bool, locked: bool, graded: bool) -> str:
    if not code:
        return "text"
    return ("test" if graded else "given") if locked else "student"


def _generated(name: str, stored: Stored) -> str:
    text = stored(name)
    if text is None or "AUTOTEST" in text:
        raise PlanError(f"{name}: its tests are generated; run nbgrader generate_assignment first")
    return text


def _marked(source: str, begin: str, end: str) -> list[int]:
    """The lines of the marked regions."""
    found, inside = [], False
    for number, line in enumerate(source.splitlines(), 1):
        inside = inside or begin in line
        found += [number] if inside else []
        inside = inside and end not in line
    return found


Run = Callable[[Job], Outcome]


def make(plan: Plan, run: Run | None = None, first: Judge | None = None) -> Plan:
    """Fill in the plan's steps. With `run`, prove them on the source's own answers: what does not come out there as
    plain data, or costs the reference a point that it has where the cell runs whole, is no way to ask a student.
    `first`: a judge of this plan that is up already."""
    while True:  # each time some more tests run whole
        with contextlib.closing(first or Judge(plan)) as judge:
            first, plan.steps = None, judge.capture()
            if not (why := _unmade(plan) or (_disproved(plan, judge, run) if run else {})):
                break
        for cell in plan.tests:
            cell["whole"] = why.get(cell["id"], cell["whole"])
    wanted = ("whole", "prelude", "asks", "number", "texts", "own", "why")
    steps = {name: {"number": False} | {key: step[key] for key in wanted if key in step} for name, step in plan.steps.items()}
    return plan.with_steps(steps)


def _unmade(plan: Plan) -> dict[str, str]:
    """The cells that could not be run as they were split, and why; those below them are split by that."""
    return {name: step["whole"] for name, step in plan.steps.items() if "late" in step}


def _disproved(plan: Plan, judge: Judge, run: Run) -> dict[str, str]:
    """The cells whose questions the source's own answers cannot answer, and why."""
    merged = [cell if cell["id"] else {**cell, "id": f"own-{n}"} for n, cell in enumerate(plan.cells)]
    outcome = run(asking(job(plan, merged)) | {"strict": True})
    verdicts = judge.verdicts(outcome["reports"])
    split = [cell for cell in plan.tests if "whole" not in plan.steps[cell["id"]]]
    for cell in split:  # whoever answers otherwise must not do better by a value that nbgrader cannot read as a number
        plan.steps[cell["id"]]["number"] = verdicts[cell["id"]].pop("number", False)
    for cell in plan.tests:
        said = verdicts.get(cell["id"], {})
        score, error = (said["score"], said.get("error", "")) if cell in split else whole_score(cell, outcome)
        cause = f": {error.strip().rpartition(chr(10))[2][:200]}" if error else ""
        plan.steps[cell["id"]] |= {"own": score, "why": cause} if score < cell["points"] else {}
    doubtful = [cell for cell in plan.tests if "own" in plan.steps[cell["id"]]]
    whole = run(job(plan, merged, whole=plan.steps)) if doubtful else outcome
    worse = [cell for cell in doubtful if whole_score(cell, whole)[0] > plan.steps[cell["id"]]["own"]]
    blamed = {name for cell in worse for name in _makers(plan, cell) or [cell["id"]]} & {cell["id"] for cell in split}
    asks = [(cell["id"], ask) for cell in split for ask in plan.steps[cell["id"]]["asks"]]
    closed = {name: ask.get("expr", "what came out") for name, ask in asks if "opaque" in outcome["reports"].get(ask["key"], ())}
    outside = [cell["id"] for cell in split if any(name in cell["source"] for name in written(outcome))]
    why = dict.fromkeys(blamed, "split it would give another score than whole")
    why |= {name: f"{re.sub(PART, '...', text.strip())} is no plain data" for name, text in closed.items()}
    return why | dict.fromkeys(outside, "it names a file that the answers write, and that lies beside the source as well")


def _makers(plan: Plan, cell: dict[str, Any]) -> list[str]:
    """The split tests above that make what it reads, or what an answer in between does: in the sandbox they make nothing."""
    found, reads = list[str](), set[str]()
    for above in reversed(plan.code[: plan.code.index(cell) + 1]):
        made = set[str]()
        split = above is not cell and "asks" in plan.steps.get(above["id"], ())
        for node in statements(above["source"]):
            reads |= set() if split else free(node) - made - (bound(node) if isinstance(node, ast.For) else set())
            made |= bound(node)
        found += [above["id"]] if split and made & reads else []
    return found


def job(plan: Plan, merged: list[dict[str, Any]], whole: Collection[str] = ()) -> Job:
    """What a sandbox gets: the student's cells, the given ones, and of the tests the questions."""
    steps = [step for cell in merged if (step := _step(plan, cell, whole)) is not None]
    return Job(without=plan.without, files=plan.files, cell_seconds=plan.cell_seconds, steps=steps)


def _step(plan: Plan, cell: dict[str, Any], whole: Collection[str]) -> Step | None:
    if cell["type"] != "code" or cell.get("skip") or not (cell["source"].strip()):
        return None
    step = Step(id=cell["id"], kind=cell["role"], source=cell["source"], prelude="", asks=[])
    if cell["role"] == "test":
        asked = plan.steps[cell["id"]]
        step["kind"] = "whole" if "whole" in asked or cell["id"] in whole else "ask"
        if step["kind"] == "ask":
            step["source"], step["prelude"], step["asks"] = "", asked["prelude"], asked["asks"]
    text = "" if step["kind"] in ("student", "free") else str(step)
    if any(word in text for word in SEEDED):
        step["env"] = {"TINYTORCH_SEEDS": json.dumps({plan.assignment: plan.seed})}
    return step


def whole_score(cell: dict[str, Any], outcome: Outcome) -> tuple[float, str]:
    """The score of a cell that ran whole, by nbgrader's rule, and the error that cost it."""
    step = outcome["steps"].get(cell["id"], {"status": "not run"})
    if step["status"] != "ok":
        return 0.0, step.get("error") or step["status"]
    report = outcome["reports"].get(cell["id"])
    if report is None:  # exit() was called: the rest was left out
        return 0.0, step.get("error") or "the end of this cell was not reached"
    value = report.get("value")
    return points(value if isinstance(value, int | float) else None, cell["points"]), ""

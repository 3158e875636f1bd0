"""A student's self-check before handing in: what passes, what fails and why, and which saved version that was."""

import ast
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tinytorch.student.notebook import (
    Cell,
    Notebook,
    code_cells,
    grade_id,
    is_answer,
    is_test,
    is_untouched,
    nbgrader_of,
)
from tinytorch.student.repair import repair
from tinytorch.student.run import Report, run

TRIES = 6  # a cell that ends the process is left out and the rest tried again, this often at most


@dataclass(frozen=True)
class TestResult:
    """One graded cell: points of its visible checks, points that hidden checks decide, and what was printed."""

    cell: str
    earned: float
    visible: float
    hidden: float
    failed: list[str]
    text: str
    open: bool = False  # the exercise is still as released
    optional: bool = False  # worth no points: said, and not needed to pass

    @property
    def passed(self) -> bool:
        return not self.failed


@dataclass(frozen=True)
class Validation:
    """The outcome of a self-check of one saved notebook."""

    notebook: str
    sha: str
    saved: str
    tests: list[TestResult]
    errors: dict[str, str]  # other cells that raised, by name
    notes: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return bool(self.tests) and all(test.passed for test in self.tests if not test.optional)

    def last_line(self) -> str:
        earned, visible = sum(t.earned for t in self.tests), sum(t.visible for t in self.tests)
        hidden = sum(t.hidden for t in self.tests)
        more = f"; hidden checks decide {hidden:g} more" if hidden else ""
        return f"visible {earned:g} of {visible:g}{more}. Saved {self.saved}, sha {self.sha}"

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "passed": self.passed, "summary": self.last_line()}


def validate(notebook: Notebook, released: Notebook | None, cell_seconds: float = 10) -> Validation:
    """Run the notebook as the grader would read it and collect what its visible checks say."""
    whole = repair(notebook, released)
    cells = _to_run([cell for cell in whole.notebook.cells if grade_id(cell) not in whole.lost], released)
    reports = _reports(cells, notebook.path.resolve().parent, cell_seconds)
    graded = {grade_id(cell): cell for cell in whole.notebook.cells if is_test(cell)}
    untouched = _open_exercises(whole.notebook, released)
    tests = [_result(name, cell, reports.get(name), name in untouched) for name, cell in graded.items()]
    errors = {key: said["error"] for key, said in reports.items() if said["error"] and key not in graded}
    notes = whole.notes + ([] if released else ["no released copy is at hand: missing cells cannot be seen"])
    notes += [] if tests else ["no test is in it: its cells have lost their names; put your answers into a fresh copy"]
    return Validation(str(notebook.path), notebook.sha, f"{notebook.saved:%H:%M}", tests, errors, notes)


def _to_run(cells: list[Cell], released: Notebook | None) -> list[dict[str, Any]]:
    """Each code cell with a name for its reports; given cells that only show something are left out."""
    source = released.by_id() if released else {}
    chosen = []
    for n, cell in code_cells(cells):
        name = grade_id(cell)
        tags = source.get(name, cell)["metadata"].get("tags", [])
        if "skip-execution" in tags and not is_test(cell):
            continue
        points = float(nbgrader_of(cell).get("points") or 0) if is_test(cell) else None
        chosen.append({"key": name or f"cell {n}", "name": name or n, "source": cell["source"], "points": points})
    return chosen


def _reports(cells: list[dict[str, Any]], folder: Path, cell_seconds: float) -> dict[str, Report]:
    """Every cell's report; a cell that ended the process keeps that report while the others are run without it."""
    ended: dict[str, Report] = {}
    reports: dict[str, Report] = {}
    for _ in range(TRIES):
        left = [cell for cell in cells if cell["key"] not in ended]
        reports = {report["key"]: report for report in run(left, folder, cell_seconds)}
        stopped = next((report for report in reports.values() if report.get("ended")), None)
        if stopped is None:
            break
        ended[stopped["key"]] = stopped
    return reports | ended


def _result(name: str, cell: Cell, report: Report | None, still_open: bool) -> TestResult:
    points = float(nbgrader_of(cell).get("points") or 0)
    if report is None or "visible" not in report:
        visible = min(visible_points(cell["source"], points), points)
        text = (report or {}).get("error") or "not run: a cell before it ended the Python process"
        return TestResult(name, 0, visible, points - visible, ["the whole cell"], text, still_open, points == 0)
    visible = min(report["visible"], points)
    text = "\n".join(filter(None, [report["out"].rstrip(), report["error"]]))
    return TestResult(
        name, report["earned"], visible, points - visible, report["failed"], text, still_open, points == 0
    )


def visible_points(source: str, points: float) -> float:
    """The points of the visible checks as written, for a cell that could not run; all points where it has no checks."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    checks = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "check"]
    worth = [call.args[1].value for call in checks if len(call.args) > 1 and isinstance(call.args[1], ast.Constant)]
    return sum(w for w in worth if isinstance(w, (int, float))) or points


def _open_exercises(notebook: Notebook, released: Notebook | None) -> set[str]:
    """The graded cells whose exercise, the last answer cell before them, is still as released."""
    stubs = {name: cell["source"].strip() for name, cell in released.by_id().items()} if released else {}
    found, unanswered = set(), False
    for cell in notebook.cells:
        name = grade_id(cell)
        if is_answer(cell) and cell.get("cell_type") == "code":
            unanswered = stubs.get(name) == cell["source"].strip() or bool(is_untouched(cell))
        elif is_test(cell) and unanswered:
            found.add(name)
    return found


def lines(validation: Validation, width: int = 80) -> list[str]:
    """The outcome for a terminal: one line per graded cell, the failed checks' text under it, the summary last."""
    said = [f"note  {note}" for note in validation.notes]
    said += [f"error {name}: {error.splitlines()[-1]}" for name, error in validation.errors.items()]
    for test in validation.tests:
        state = "pass" if test.passed else "open" if test.open else "fail"
        hidden = f", {test.hidden:g} hidden" if test.hidden else ""
        worth = "optional" if test.optional else f"{test.earned:g} of {test.visible:g} points{hidden}"
        said.append(f"{state}  {test.cell}: {worth}")
        if state == "fail":
            said += [f"      {line}" for line in test.text.splitlines()]
    return [line if len(line) <= width or line.startswith(" ") else _folded(line, width) for line in said] + [
        validation.last_line()
    ]


def _folded(line: str, width: int) -> str:
    """A long line broken between words, its rest indented."""
    cut = line.rfind(" ", 8, width)
    return line if cut < 0 else line[:cut] + "\n" + _folded("      " + line[cut + 1 :], width)

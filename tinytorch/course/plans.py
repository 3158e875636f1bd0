"""The plans of an assignment: one for each notebook in its source folder."""

import base64
import functools
import hashlib
import json
import re
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tinytorch.course.build import write
from tinytorch.course.errors import CourseError
from tinytorch.grader.image import needed
from tinytorch.grader.plan import MARKS, Judge, Marks, Plan, PlanError, Run, make, read

__all__ = ["graded_cells", "plans_of", "prove", "recalled"]

PACKAGE = Path(__file__).parents[1]
MOST = 20_000_000  # bytes of files beside the notebooks
Stored = Callable[[str, str], str | None]


def plans_of(
    folder: Path, assignment: str, seed: int, seconds: float, stored: Stored, marks: Marks = MARKS
) -> list[Plan]:
    """Read every source notebook; `stored` gives the gradebook's text of a notebook's cell."""
    notebooks = sorted(folder.glob("*.ipynb"))
    if not notebooks:
        raise CourseError(f"{folder}: there is no source notebook; build it, or put the instructor's version there")
    files, left_out = _files(folder)
    try:
        cells = ((path, read(path, functools.partial(stored, path.stem), marks)) for path in notebooks)
        plans = [_plan(path, assignment, seed, seconds, own, files) for path, own in cells]
    except (PlanError, ValueError, KeyError, TypeError) as error:
        raise CourseError(f"{folder}: {error}") from error
    for plan in plans:
        plan.modules["left out"] = left_out  # the judging process reads it where it lies
    return plans


def graded_cells(path: Path) -> dict[str, float]:
    """The points of a source notebook's graded cells and tasks, by id."""
    try:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        about = [cell["metadata"].get("nbgrader") or {} for cell in cells]
    except (ValueError, KeyError, TypeError) as error:
        raise CourseError(f"{path}: this is no notebook of format 4") from error
    return {one["grade_id"]: float(one.get("points") or 0) for one in about if one.get("grade") or one.get("task")}


def _plan(
    path: Path, assignment: str, seed: int, seconds: float, cells: list[dict[str, Any]], files: dict[str, str]
) -> Plan:
    plan = Plan(assignment, path.stem, cells, seed, str(path.parent), files, _exported(cells), seconds)
    plan.modules = {"tinytorch": _code(), **_packages(cells)}
    return plan


def _packages(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """The versions of what a sandbox shows: NumPy alone, or all that is installed."""
    if needed(cell["source"] for cell in cells if cell["type"] == "code" and not cell["skip"]):
        return {"numpy": version("numpy")}
    return {"all": sorted({path.name for place in sys.path if place.endswith("-packages") for path in Path(place).glob("*-info")})}


def _code() -> str:
    """A digest of what grades: the engine, the checks, and the package that the student builds on."""
    files = sorted([*PACKAGE.glob("*.py"), *PACKAGE.glob("grader/*.py"), *PACKAGE.glob("core/*.py")])
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def recalled(plan: Plan, kept: Path) -> bool:
    """Whether the plan has its questions from `kept`, because nothing that they depend on has changed."""
    try:
        known = json.loads(kept.read_text("utf-8"))
    except (FileNotFoundError, ValueError):  # what was kept is found out again where it is missing or broken
        return False
    if not isinstance(known, dict) or known.get("key") != plan.fingerprint():
        return False
    plan.with_steps(known["steps"])
    return True


def prove(plan: Plan, run: Run, judge: Judge, kept: Path | None) -> None:
    """Find the plan's questions and try them on the source's own answers; write them to `kept`."""
    key = plan.fingerprint()
    try:
        make(plan, run, judge)
    except PlanError as error:
        raise CourseError(str(error)) from error
    if kept:
        write(kept, json.dumps({"key": key, "steps": plan.steps}) + "\n")


def _exported(cells: list[dict[str, Any]]) -> list[str]:
    """The module that the notebook's own answers are exported to, and those that stand on it: no student may see them."""
    found = [re.findall(r"^#\s*\|\s*default_exp\s+(\S+)", str(cell["source"]), re.M) for cell in cells]
    hidden = {f"tinytorch.{name}" for names in found for name in names}
    core = {f"tinytorch.core.{path.stem}": path.read_text("utf-8") for path in PACKAGE.glob("core/*.py")}
    while later := {name for name, text in core.items() if name not in hidden and any(one in text for one in hidden)}:
        hidden |= later
    return sorted(hidden)


def _files(folder: Path) -> tuple[dict[str, str], str]:
    """What stands beside the notebooks, for the working directory; a digest of what stays here, as a Python file with answers."""
    found, left_out = dict[str, str](), hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if (
            path.is_file()
            and path.suffix != ".ipynb"
            and not any(part[0] == "." or part == "__pycache__" for part in path.relative_to(folder).parts)
        ):
            data = path.read_bytes()
            if b"BEGIN SOLUTION" not in data and sum(map(len, found.values())) + len(data) < MOST:
                found[path.relative_to(folder).as_posix()] = base64.b64encode(data).decode()
            else:
                left_out.update(path.name.encode() + data)
    return found, left_out.hexdigest()

"""`grade`: every submission of an assignment into the gradebook, each on its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tinytorch.course import settings as ini
from tinytorch.course.errors import CourseError
from tinytorch.course.modules import assignment
from tinytorch.course.records import Record, write_record
from tinytorch.course.show import progress, table

__all__ = ["grade"]


def grade(name: str, course: Path | None = None, student: str | None = None, workers: int | None = None) -> int:
    """Grade, and print a table; 1 if something needs a person's eye."""
    settings = ini.load(course)
    module = assignment(name, settings.course)
    folders = sorted((settings.course / "submitted").glob(f"{student or '*'}/{module}"))
    if not folders:
        raise CourseError(f"{settings.course / 'submitted'}: nobody has handed in {module}")
    records = []
    for folder in progress(folders, "grading"):
        records.append(_grade(settings, module, folder))
        write_record(settings.course, module, records[-1])
    table(records)
    return int(any(record.eye for record in records))


def _grade(settings: ini.Settings, module: str, folder: Path) -> Record:
    """One submission in a process of its own, so that whatever it does ends in its status."""
    student = folder.parent.name
    names = [path.stem for path in sorted((settings.course / "source" / module).glob("*.ipynb"))]
    for name in names:
        status, note = _look(folder / f"{name}.ipynb")
        if status:
            return Record(student, status, None, _maximum(settings, module), eye=[note])
    script = "import sys; from tinytorch.course.nbgrader import run; sys.exit(run('Autograde', *sys.argv[1:4], student_id=sys.argv[4]) or 0)"
    command = [sys.executable, "-c", script, str(settings.course), settings.gradebook, module, student]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60 + 20 * settings.cell_seconds)
    except subprocess.TimeoutExpired:
        return Record(student, "failed", None, _maximum(settings, module), eye=["took too long"])
    if done.returncode:
        return Record(student, "failed", None, _maximum(settings, module), eye=(done.stderr.strip() or "failed").splitlines()[-1:])
    return _graded(settings, module, student)


def _look(path: Path) -> tuple[str, str]:
    """The status of a notebook that cannot be graded, and why."""
    if not path.is_file():
        others = ", ".join(sorted(other.name for other in path.parent.glob("*.ipynb")))
        return "missing", f"no {path.name}" + (f"; there is {others}" if others else "")
    try:
        notebook = json.loads(path.read_text("utf-8"))
        if notebook["nbformat"] != 4 or not isinstance(notebook["cells"], list):
            return "unreadable", f"{path.name} is of nbformat {notebook['nbformat']}, not 4"
    except (ValueError, KeyError, TypeError) as error:
        return "unreadable", f"{path.name} is no notebook ({type(error).__name__})"
    return "", ""


def _maximum(settings: ini.Settings, module: str) -> float:
    from tinytorch.course.nbgrader import gradebook

    with gradebook(settings.gradebook, settings.course_id) as book:
        return float(book.find_assignment(module).max_score)


def _graded(settings: ini.Settings, module: str, student: str) -> Record:
    from tinytorch.course.nbgrader import gradebook

    slow = sorted(set(_timed_out(settings.course / "autograded" / student / module)))
    with gradebook(settings.gradebook, settings.course_id) as book:
        found = book.find_submission(module, student)
        score, most = float(found.score), float(found.max_score)
    return Record(student, "partly" if slow else "graded", score, most, notes=[f"{name} ran out of time" for name in slow])


def _timed_out(folder: Path) -> Iterator[str]:
    for path in folder.glob("*.ipynb"):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            if any(output.get("ename") == "CellTimeoutError" for output in cell.get("outputs", [])):
                yield cell["metadata"].get("nbgrader", {}).get("grade_id", "a cell")

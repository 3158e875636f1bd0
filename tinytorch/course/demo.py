"""`demo`: the whole course on made submissions, from source to grades, in a fresh course directory."""

import json
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from tinytorch.course import settings as ini
from tinytorch.course.build import build, write
from tinytorch.course.errors import CourseError, NoSandbox
from tinytorch.course.modules import Module, find
from tinytorch.course.records import Record, read_records

__all__ = ["STUDENTS", "demo", "hand_in"]

Notebook = dict[str, Any]
SECONDS = 4  # that one cell may run


@dataclass(frozen=True)
class Student:
    """A made student: what they hand in, and how their grading must end."""

    name: str
    text: Callable[[Notebook, Notebook], str]
    status: str
    score: Callable[[float], bool]


def perfect(source: Notebook, release: Notebook) -> Notebook:
    """The release with every exercise answered as in the source."""
    answers = {_id(cell): _source(cell) for cell in source["cells"] if _of(cell).get("solution")}
    return _with(release, {name: re.sub(r"^ *### (BEGIN|END) SOLUTION\n?", "", text, flags=re.M) for name, text in answers.items()})


def _with(notebook: Notebook, answers: dict[str, str]) -> Notebook:
    cells = [cell | {"source": answers.get(_id(cell), _source(cell))} for cell in notebook["cells"]]
    return notebook | {"cells": cells}


def _of(cell: dict[str, Any]) -> dict[str, Any]:
    return cell["metadata"].get("nbgrader", {})


def _id(cell: dict[str, Any]) -> str:
    return _of(cell).get("grade_id", "")


def _source(cell: dict[str, Any]) -> str:
    return cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])


def _answered(change: dict[str, Callable[[str], str]]) -> Callable[[Notebook, Notebook], str]:
    """A perfect submission with some answers changed."""

    def text(source: Notebook, release: Notebook) -> str:
        full = perfect(source, release)
        answers = {_id(cell): change[_id(cell)](_source(cell)) for cell in full["cells"] if _id(cell) in change}
        return json.dumps(_with(full, answers), indent=1)

    return text


def _rule(lines: str) -> Callable[[str], str]:
    """The answer's last method, `rule`, with another body."""
    return lambda text: re.sub(r"(\n    def rule\([^\n]*\n).*", lambda found: found[1] + lines, text, flags=re.S)


NO_MOMENTUM = """\
        theta -= self.learning_rate * (g + self.weight_decay * theta)
"""
NO_BIAS_CORRECTION = """\
        g = g + self.weight_decay * theta
        m[:] = self.beta1 * m + (1 - self.beta1) * g
        v[:] = self.beta2 * v + (1 - self.beta2) * g * g
        theta -= self.learning_rate * m / (np.sqrt(v) + self.epsilon)
"""
ENDLESS = """\
def gradient_descent_step(parameter, learning_rate):
    while parameter is not None:
        pass
"""
STUDENTS = [
    Student("perfect", _answered({}), "graded", lambda score: score == 70),
    Student("untouched", lambda source, release: json.dumps(release), "graded", lambda score: score == 0),
    Student("no-momentum", _answered({"sgd-class": _rule(NO_MOMENTUM)}), "graded", lambda score: 50 <= score < 70),
    Student("no-bias-correction", _answered({"adam-class": _rule(NO_BIAS_CORRECTION)}), "graded", lambda score: 45 <= score < 70),
    Student("broken-notebook", lambda source, release: json.dumps(release)[:2000], "unreadable", lambda score: False),
    Student("endless-loop", _answered({"gradient-descent-function": lambda text: ENDLESS}), "partly", lambda score: score < 70),
]


def hand_in(module: Module, course: Path) -> None:
    """Write what the made students hand in."""
    source, release = (json.loads(module.built(course, stage).read_text("utf-8")) for stage in ("source", "release"))
    for student in STUDENTS:
        write(course / "submitted" / student.name / module.name / f"{module.notebook}.ipynb", student.text(source, release))


def demo(course: Path | None = None) -> int:
    """Run every stage; 0 if each student ended as they should, else 1."""
    from tinytorch.course.feedback import feedback
    from tinytorch.course.grades import grades
    from tinytorch.course.release import release

    say = Console(width=None if Console().is_terminal else 120, highlight=False).print
    folder, module = _fresh(course), find("08")
    say(f"A course in {folder}")
    build(["08"], folder)
    say(f"built     {module.built(folder)}\nreleased  {release('08', folder)}")
    hand_in(module, folder)
    say(f"handed in {len(STUDENTS)} notebooks, under {folder / 'submitted'}")
    _grade(folder, say)
    pages = feedback("08", folder)
    write(folder / "grades.csv", grades("csv", folder))
    say(f"feedback  {len(pages)} pages, for example {pages[0]}\ngrades    {folder / 'grades.csv'}")
    return _verdict(read_records(folder, module.name), say)


def _grade(folder: Path, say: Callable[[str], None]) -> None:
    """In a sandbox where this machine has one; what the made students hand in is harmless, so without one elsewhere."""
    from tinytorch.course.grade import Options, grade

    try:
        grade("08", folder)
    except NoSandbox as error:
        say(f"grading without a sandbox, which `tinytorch grade` refuses to do by itself: {error}")
        grade("08", folder, Options(level="unsafe"))


def _verdict(records: dict[str, Record], say: Callable[[str], None]) -> int:
    wrong = [student for student in STUDENTS if not _as_it_should(student, records.get(student.name))]
    for student in wrong:
        say(f"{student.name} should have ended as {student.status!r} with another score")
    say("Each of the six ended as it should." if not wrong else f"{len(wrong)} of the six ended otherwise than they should.")
    return int(bool(wrong))


def _as_it_should(student: Student, record: Record | None) -> bool:
    if record is None or record.status != student.status:
        return False
    return record.score is None if student.status == "unreadable" else student.score(record.score or 0.0)


def _fresh(course: Path | None) -> Path:
    """A new folder with the project's settings, except that a demo's endless loop is stopped sooner."""
    if course is not None and course.exists() and any(course.iterdir()):
        raise CourseError(f"{course}: is not empty; a demo runs in a fresh course directory")
    folder = course.absolute() if course else Path(tempfile.mkdtemp(prefix="tinytorch-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ini.root() / ini.FILE, folder / ini.FILE)
    text = re.sub(r"^cell_seconds = .*", f"cell_seconds = {SECONDS}", (folder / ini.FILE).read_text("utf-8"), flags=re.M)
    write(folder / ini.FILE, text)
    return folder

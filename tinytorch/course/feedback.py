"""`feedback`: one HTML page for each graded submission, from the record of its grading and the gradebook's marks."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from tinytorch.course import nbconfig
from tinytorch.course import settings as ini
from tinytorch.course.build import write
from tinytorch.course.errors import CourseError
from tinytorch.course.feedback_page import Exercise, Page, render
from tinytorch.course.modules import assignment
from tinytorch.course.nbgrader import gradebook
from tinytorch.course.records import SCORED, Record, read_records
from tinytorch.course.show import progress
from tinytorch.grader.files import find
from tinytorch.grader.submission import NotRead, read_bytes
from tinytorch.student.notebook import sha8

__all__ = ["feedback"]


@dataclass
class Marks:
    """What the gradebook says of one notebook: the score of each graded cell with its maximum, and comments."""

    scores: dict[str, tuple[float | None, float]] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    late: float = 0.0


def feedback(name: str, course: Path | None = None) -> list[Path]:
    """Write the pages; the paths of those that were written."""
    settings = ini.load(course)
    config = nbconfig.read(settings)
    module = assignment(name, settings.course, config.folders)
    graded = sorted(config.folders["autograded"].glob(f"*/{module}/*.ipynb"))
    if not graded:
        raise CourseError(f"{module}: nothing is graded yet; run `tinytorch grade {module}`")
    records, written = read_records(settings.course, module), []
    with gradebook(config.gradebook, settings.course_id) as book:
        for path in progress(graded, "feedback"):
            student = path.parent.parent.name
            target = config.folders["feedback"] / student / module / f"{path.stem}.html"
            page = _page(path, module, student, records.get(student), _marks(book, path.stem, module, student))
            handed_in = config.folders["submitted"] / student / module
            page.sha, page.saved = _identity(handed_in, path)
            write(target, render(page).replace(escape(str(settings.course)), "course"))
            _carry(handed_in, target.parent)
            written.append(target)
    return written


def _carry(handed_in: Path, pages: Path) -> None:
    """`nbgrader release_feedback` wants beside the page what the exchange put beside the notebook."""
    for name in ("timestamp.txt", "submission_secret.txt"):
        with contextlib.suppress(NotRead):
            (pages / name).write_bytes(read_bytes(handed_in / name))


def _marks(book: Any, notebook: str, module: str, student: str) -> Marks:
    """The gradebook's row; marks that a person gave count, and a mark that is still to come is None."""
    from nbgrader.api import MissingEntry

    try:
        found = book.find_submission_notebook(notebook, module, student)
    except MissingEntry:
        return Marks()
    scores = {grade.name: (None if _waiting(grade) else grade.score, grade.max_score) for grade in found.grades}
    comments = {one.name: one.comment for one in found.comments if one.comment}
    return Marks(scores, comments, found.late_submission_penalty or 0.0)


def _waiting(grade: Any) -> bool:
    return grade.needs_manual_grade and grade.manual_score is None and grade.auto_score is None


def _page(path: Path, module: str, student: str, record: Record | None, marks: Marks) -> Page:
    said = record.more.get("cells", {}).get(path.stem, {}) if record else {}
    cells = json.loads(path.read_text("utf-8"))["cells"]
    page = Page(module, student, record.status if record else "graded", [*record.eye, *record.notes] if record else [])
    page.notes += [] if page.status in SCORED else ["the marks on this page are those of an earlier file"]
    page.exercises, page.late = list(_exercises(cells, said, marks)), marks.late
    return page


def _exercises(cells: list[dict[str, Any]], said: dict[str, Any], marks: Marks) -> Iterator[Exercise]:
    """Each graded cell, with the answers that stand since the one before it."""
    answers: list[str] = []
    for cell in cells:
        known = cell["metadata"].get("nbgrader", {})
        name = known.get("grade_id", "")
        text = "".join(cell["source"])
        if known.get("solution"):
            answers.append(text)
        if known.get("grade") or known.get("task"):
            score, most = marks.scores.get(name, (None, float(known.get("points", 0))))
            mine = said.get(name, {})
            yield Exercise(
                name, score, most, answers, mine.get("lines", []), _error(mine), marks.comments.get(name, "")
            )
            answers = []


def _error(said: dict[str, Any]) -> str:
    """What stopped the cell; an error that a hidden test raised shows that test, so it stays here."""
    return said.get("stopped", "") or ("" if said.get("hidden") else said.get("error", ""))


def _identity(folder: Path, graded: Path) -> tuple[str, str]:
    """Which saved version was graded, also of a renamed file, and when it came, if the collection says so."""
    sha = said = ""
    handed_in, _ = find(folder, graded.stem, {one.stem for one in graded.parent.glob("*.ipynb")})
    with contextlib.suppress(NotRead):
        sha = sha8(read_bytes(handed_in or folder / graded.name))
    with contextlib.suppress(NotRead):
        said = read_bytes(folder / "timestamp.txt")[:60].decode(errors="replace").strip()
    return sha, said

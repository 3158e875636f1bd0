"""`grades`: the gradebook as a table on standard output."""

import csv
import io
from pathlib import Path

from tinytorch.course import nbconfig
from tinytorch.course import settings as ini
from tinytorch.course.errors import CourseError
from tinytorch.course.merge import Merged, Row, merge
from tinytorch.course.modules import assignment as assignment_of
from tinytorch.course.nbgrader import gradebook
from tinytorch.course.records import read_records

__all__ = ["grades", "merged", "rows"]

PLATFORMS = ("canvas", "moodle")


def rows(settings: ini.Settings, assignment: str | None = None) -> list[Row]:
    """The gradebook's rows, by assignment and student; the status comes from the record of the grading."""
    url = nbconfig.read(settings).gradebook
    path = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and not path.is_file():
        raise CourseError(f"{path}: there is no gradebook yet; release and grade first")
    with gradebook(url, settings.course_id) as book:
        known = [found.name for found in book.assignments]
        wanted = sorted(known if assignment is None else set(known) & {assignment})
        return [row for name in wanted for row in _assignment(settings, book, name)]


def _assignment(settings: ini.Settings, book: object, name: str) -> list[Row]:
    found = book.find_assignment(name)  # type: ignore[attr-defined]
    records = read_records(settings.course, name)
    most = float(found.max_score)
    handed_in = {one.student_id: max(0.0, one.score - (one.late_submission_penalty or 0)) for one in found.submissions}
    out = []
    for student in sorted({one.id for one in book.students} | handed_in.keys() | records.keys()):  # type: ignore[attr-defined]
        record = records.get(student)
        status = record.status if record else "graded" if student in handed_in else "missing"
        ungraded = status in ("missing", "unreadable", "refused", "failed")
        out.append(Row(name, student, None if ungraded else handed_in.get(student), most, status))
    return out


def grades(form: str = "csv", course: Path | None = None, assignment: str | None = None) -> str:
    """The gradebook in the form that `--format` names."""
    forms = {"csv": _csv, "canvas": _canvas, "moodle": _moodle}
    if form not in forms:
        raise CourseError(f"there is no format {form!r}; there are {', '.join(forms)}")
    settings = ini.load(course)
    return forms[form](rows(settings, assignment_of(assignment, settings.course) if assignment else None))


def _text(header: list[str], lines: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *lines])
    return out.getvalue()


def _number(score: float | None) -> str:
    return "" if score is None else f"{score:g}"


def _csv(found: list[Row]) -> str:
    lines = [[row.assignment, row.student, _number(row.score), _number(row.max_score), row.status] for row in found]
    return _text(["assignment", "student_id", "score", "max_score", "status"], lines)


def _wide(found: list[Row]) -> tuple[list[str], dict[str, dict[str, str]]]:
    """One line for each student, one column for each assignment."""
    names = sorted({row.assignment for row in found})
    students: dict[str, dict[str, str]] = {}
    for row in found:
        students.setdefault(row.student, {})[row.assignment] = _number(row.score)
    return names, students


def _canvas(found: list[Row]) -> str:
    """Canvas finds students by the login; without the numbers of its own export it makes new assignments."""
    names, students = _wide(found)
    most = {row.assignment: _number(row.max_score) for row in found}
    lines = [["    Points Possible", "", "", "", *(most[name] for name in names)]]
    lines += [[who, "", who, "", *(scores.get(name, "") for name in names)] for who, scores in students.items()]
    return _text(["Student", "ID", "SIS Login ID", "Section", *names], lines)


def _moodle(found: list[Row]) -> str:
    """Moodle's grade import maps the first column to the user name."""
    names, students = _wide(found)
    lines = [[who, *(scores.get(name, "") for name in names)] for who, scores in students.items()]
    return _text(["username", *names], lines)


def merged(form: str, into: Path, course: Path | None, name: str | None, column: str, scale: bool) -> Merged:
    """An assignment's scores in the file that the platform exported; `name` may be left out where there is one only."""
    from tinytorch.course.collect import known_numbers

    if form not in PLATFORMS:
        raise CourseError(f"--into fills in the file of a platform: say which by --format {' or '.join(PLATFORMS)}, not {form!r}")
    settings = ini.load(course)
    found = rows(settings, assignment_of(name, settings.course) if name else None)
    names = sorted({row.assignment for row in found})
    if len(names) != 1:
        raise CourseError(f"which assignment? Give one with --module; there are {', '.join(names) or 'none'}")
    return merge(form, into, names[0], found, known_numbers(settings.course, names[0]), column, scale)

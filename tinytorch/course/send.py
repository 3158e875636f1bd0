"""`feedback --zip`: the feedback pages as the archive that a learning platform gives back to its students.

Canvas reads the owner and the answered file from the two numbers in the name, as it wrote them in the download, and shows
the page as an attachment of a comment (under the name of the student's own file). Moodle reads the number in the folder's
name and puts what is in the folder under "Feedback files".
"""

import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from tinytorch.course import nbconfig
from tinytorch.course.collect import collected
from tinytorch.course.errors import CourseError
from tinytorch.course.modules import assignment as assignment_of
from tinytorch.course.records import SCORED, Record, read_records
from tinytorch.course.settings import Settings

__all__ = ["send"]


@dataclass
class Sent:
    """The archive, how many pages are in it, and whose are not."""

    path: Path
    pages: int = 0
    left: list[str] = field(default_factory=list)


def send(name: str, lms: str, settings: Settings) -> Sent:
    """Write `course/upload/ASSIGNMENT-feedback-LMS.zip` from the feedback pages."""
    if lms not in ("canvas", "moodle"):
        raise CourseError(f"there is no --zip {lms!r}; there are canvas and moodle")
    course, folders = settings.course, nbconfig.read(settings).folders
    assignment = assignment_of(name, course, folders)
    known = collected(course, assignment)
    if known.lms != lms:
        raise CourseError(f"{assignment}: was collected from {known.lms}; its feedback cannot go to {lms}")
    result = Sent(course / "upload" / f"{assignment}-feedback-{lms}.zip")
    result.path.parent.mkdir(parents=True, exist_ok=True)
    aside, records = result.path.with_suffix(".part"), read_records(course, assignment)
    with zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as archive:
        for who, entry in known.students.items():
            pages = sorted((folders["feedback"] / who / assignment).glob("*.html"))
            if entry.prefix and pages:
                for page in pages:
                    archive.write(page, f"{entry.prefix}{page.stem}-feedback.html")
                    result.pages += 1
            elif entry.file:
                result.left.append(f"{who}: {_why(records.get(who), assignment)}")
    aside.replace(result.path)
    if not result.pages:
        result.path.unlink()
        raise CourseError(f"{assignment}: there are no feedback pages; run `tinytorch feedback {assignment}` first")
    return result


def _why(record: Record | None, assignment: str) -> str:
    """Why somebody who handed in gets no page, and what to do."""
    if record is None:
        return f"is not graded; run `tinytorch grade {assignment}` first"
    if record.status in SCORED:
        return f"has no feedback page; run `tinytorch feedback {assignment}` first"
    return f"is {record.status}, so there is no page to send; write to them"

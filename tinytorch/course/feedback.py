"""`feedback`: one HTML page for each graded submission."""

from pathlib import Path

from tinytorch.course import settings as ini
from tinytorch.course.errors import CourseError
from tinytorch.course.modules import assignment
from tinytorch.course.show import progress

__all__ = ["feedback"]


def feedback(name: str, course: Path | None = None) -> list[Path]:
    """Write the pages; the paths of those that were written."""
    from tinytorch.course.nbgrader import run

    settings = ini.load(course)
    module = assignment(name, settings.course)
    folders = sorted((settings.course / "autograded").glob(f"*/{module}"))
    if not folders:
        raise CourseError(f"{module}: nothing is graded yet; run `tinytorch grade {module}`")
    for folder in progress(folders, "feedback"):
        if problem := run("GenerateFeedback", settings.course, settings.gradebook, module, student_id=folder.parent.name):
            raise CourseError(f"{folder}: {problem}")
    return sorted((settings.course / "feedback").glob(f"*/{module}/*.html"))

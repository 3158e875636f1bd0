"""The gradebook of an assignment; one that does not know it yet is told of it by nbgrader's own converter."""

import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tinytorch.course.errors import CourseError
from tinytorch.course.nbconfig import CourseConfig
from tinytorch.course.plans import graded_cells
from tinytorch.course.settings import Settings
from tinytorch.grader.gradebook import Book, BookError, backup, file_of

__all__ = ["opened"]


def opened(config: CourseConfig, settings: Settings, assignment: str, dry_run: bool) -> Book:
    """The gradebook, with the assignment entered if it is new to it; of a dry run, in a copy that is thrown away."""
    file = file_of(config.gradebook)
    try:
        if file and not file.is_file():  # to read it would make an empty one
            raise BookError(f"{file} is not there yet")
        book = Book(config.gradebook, assignment)
        missing = _unknown(book, config.folders["source"] / assignment)
        if not missing:
            return book
    except BookError as error:
        missing = str(error)
    if not dry_run:
        return _entered(config, settings, assignment, missing)
    if file is None:
        raise CourseError(f"{missing}, and a dry run cannot change that")
    with TemporaryDirectory() as scratch:
        copy = Path(scratch) / "gradebook.db"
        if file.is_file():
            shutil.copyfile(file, copy)
        return _entered(replace(config, gradebook=f"sqlite:///{copy}"), settings, assignment, missing)


def _entered(config: CourseConfig, settings: Settings, assignment: str, missing: str) -> Book:
    backup(config.gradebook)
    if problem := _register(config, settings, assignment):
        raise CourseError(f"{missing}, and nbgrader cannot change that: {problem}")
    try:
        return Book(config.gradebook, assignment)
    except BookError as error:
        raise CourseError(f"{error}; one of an older nbgrader wants `nbgrader db upgrade`") from error


def _unknown(book: Book, source: Path) -> str:
    """Which of the source's graded cells the gradebook has not, or not so, or beside them; empty if they are the same."""
    for path in sorted(source.glob("*.ipynb")):
        wanted, known = graded_cells(path), book.worth(path.stem)
        if absent := [name for name in wanted if name not in known]:
            return f"the gradebook does not know {path.stem}/{absent[0]}"
        if (gone := [name for name in known if name not in wanted]) and not book.rows:  # with submissions nothing can be taken out
            return f"the gradebook has {path.stem}/{gone[0]}, which the source has no more"
        if other := [name for name in wanted if known[name] != wanted[name]]:
            return f"the gradebook has other points for {path.stem}/{other[0]} than the source"
    return ""


def _register(config: CourseConfig, settings: Settings, assignment: str) -> str:
    """Enter the assignment's cells from its source; what went wrong. The release that this makes is thrown away."""
    if not (config.folders["source"] / assignment).is_dir():
        return f"{config.folders['source'] / assignment} does not exist"
    with TemporaryDirectory() as scratch:
        (Path(scratch) / "source").symlink_to(config.folders["source"].absolute())
        for beside in config.folders["source"].parent.glob("*.yml"):  # the templates of generated tests
            (Path(scratch) / beside.name).symlink_to(beside.absolute())
        return _generate(config, settings, assignment, scratch)


def _generate(config: CourseConfig, settings: Settings, assignment: str, root: str) -> str:
    from tinytorch.course.nbgrader import converted, gradebook

    with gradebook(config.gradebook, settings.course_id):
        pass  # makes the tables where there are none
    own = config.config.copy()
    own.CourseDirectory.update({"root": root, "source_directory": "source", "assignment_id": assignment})
    own.CourseDirectory.update({"db_url": config.gradebook, "course_id": settings.course_id})
    return converted("GenerateAssignment", own)

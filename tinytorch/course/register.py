"""Make an assignment known to a gradebook that does not have it yet, as nbgrader's own converter does."""

import logging
from pathlib import Path
from tempfile import TemporaryDirectory

from tinytorch.course.nbconfig import CourseConfig
from tinytorch.course.settings import Settings

__all__ = ["register"]


def register(config: CourseConfig, settings: Settings, assignment: str) -> str:
    """Enter the assignment's cells from its source; what went wrong. The release that this makes is thrown away."""
    if not (config.folders["source"] / assignment).is_dir():
        return f"{config.folders['source'] / assignment} does not exist"
    with TemporaryDirectory() as scratch:
        (Path(scratch) / "source").symlink_to(config.folders["source"].absolute())
        for beside in config.folders["source"].parent.glob("*.yml"):  # the templates of generated tests
            (Path(scratch) / beside.name).symlink_to(beside.absolute())
        return _generate(config, settings, assignment, scratch)


def _generate(config: CourseConfig, settings: Settings, assignment: str, root: str) -> str:
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory

    from tinytorch.course.nbgrader import gradebook

    with gradebook(config.gradebook, settings.course_id):
        pass  # makes the tables where there are none
    own = config.config.copy()
    own.CourseDirectory.update({"root": root, "source_directory": "source", "assignment_id": assignment})
    own.CourseDirectory.update({"db_url": config.gradebook, "course_id": settings.course_id})
    quiet = logging.getLogger("tinytorch.register")
    quiet.propagate = False
    quiet.handlers = [logging.NullHandler()]
    try:
        GenerateAssignment(coursedir=CourseDirectory(config=own, log=quiet), config=own, log=quiet).start()
    except (Exception, SystemExit) as error:
        return f"{type(error).__name__}: {error}"
    return ""

"""nbgrader's converters, called with the project's own configuration. Everything here that imports nbgrader does it late."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tinytorch.course.errors import CourseError
from tinytorch.course.settings import root

__all__ = ["configuration", "gradebook", "run"]


def configuration(path: Path | None = None) -> Any:
    """The project's nbgrader_config.py as a traitlets configuration."""
    from traitlets.config.loader import Config, PyFileConfigLoader

    path = path or root() / "nbgrader_config.py"
    return PyFileConfigLoader(path.name, path=str(path.parent)).load_config() if path.is_file() else Config()


def run(converter: str, course: Path, gradebook: str, assignment: str, **options: Any) -> str:
    """Run a converter by nbgrader's class name; what went wrong in one line, or nothing."""
    from nbgrader import converters
    from nbgrader.coursedir import CourseDirectory

    _without_alembic_on_path()
    config = configuration()
    config.CourseDirectory.merge({"root": str(course), "db_url": gradebook, "assignment_id": assignment, **options})
    log = _Log()
    quiet = logging.getLogger(f"tinytorch.{converter}")
    quiet.propagate = False
    quiet.handlers = [log]
    coursedir = CourseDirectory(config=config, log=quiet)
    try:
        made = getattr(converters, converter)(coursedir=coursedir, config=config, log=quiet)
        made.force = True
        made.start()
    except CourseError:
        raise
    except (Exception, SystemExit) as error:
        return log.lines[-1] if log.lines else f"{type(error).__name__}: {error}"
    return ""


@contextmanager
def gradebook(url: str, course_id: str = "default_course") -> Iterator[Any]:
    """nbgrader's gradebook, closed at the end."""
    from nbgrader.api import Gradebook

    _without_alembic_on_path()
    with Gradebook(url, course_id) as book:
        yield book


def _without_alembic_on_path() -> None:
    """For a new database nbgrader starts `alembic` by name: six seconds, and an error outside an activated environment."""
    from alembic.script import ScriptDirectory
    from nbgrader import api

    scripts = Path(api.__file__).parent / "alembic"
    api.get_alembic_version = lambda: ScriptDirectory(str(scripts)).get_current_head() or ""


class _Log(logging.Handler):
    """Keeps the first line of each error that nbgrader logs."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage().strip().splitlines()[0])

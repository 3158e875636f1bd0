"""nbgrader's converters, called with the project's own configuration. Everything here that imports nbgrader does it late."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tinytorch.course.errors import CourseError
from tinytorch.course.settings import root

__all__ = ["configuration", "converted", "gradebook", "run"]


def configuration(path: Path | None = None) -> Any:
    """The project's nbgrader_config.py as a traitlets configuration."""
    from traitlets.config.loader import Config, PyFileConfigLoader

    path = path or root() / "nbgrader_config.py"
    return PyFileConfigLoader(path.name, path=str(path.parent)).load_config() if path.is_file() else Config()


def run(converter: str, course: Path, gradebook: str, assignment: str, **options: Any) -> str:
    """Run a converter by nbgrader's class name with the project's configuration; what went wrong in one line, or nothing."""
    config = configuration()
    config.CourseDirectory.merge({"root": str(course), "db_url": gradebook, "assignment_id": assignment, **options})
    return converted(converter, config, force=True)


def converted(converter: str, config: Any, force: bool = False) -> str:
    """The same with a configuration of the caller's."""
    from nbgrader import converters
    from nbgrader.coursedir import CourseDirectory

    _without_alembic_on_path()
    log = _Log()
    quiet = logging.getLogger(f"tinytorch.{converter}")
    quiet.propagate = False
    quiet.handlers = [log]
    coursedir = CourseDirectory(config=config, log=quiet)
    try:
        made = getattr(converters, converter)(coursedir=coursedir, config=config, log=quiet)
        made.force = force
        made.start()
    except CourseError:
        raise
    except (Exception, SystemExit) as error:
        return log.why or f"{type(error).__name__}: {error}"
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
    """Keeps the first error that nbgrader logs; of a traceback, which it logs second, what was raised."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.why = ""

    def emit(self, record: logging.LogRecord) -> None:
        lines = record.getMessage().strip().splitlines()
        if lines[0].startswith("Traceback"):
            self.why = [line for line in lines if not line.startswith(" ")][-1]
        self.why = self.why or " ".join(map(str.strip, lines))

"""What a course's own nbgrader configuration says about grading, and which files say it."""

import logging
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinytorch.course.errors import CourseError
from tinytorch.course.settings import Settings, root

if TYPE_CHECKING:
    from tinytorch.grader.plan import Marks

__all__ = ["CourseConfig", "read"]

NAME = "nbgrader_config.py"
COURSE_FOLDERS = ("source", "release", "submitted", "autograded", "feedback")


@dataclass
class CourseConfig:
    """Where things are, and the plugin for late work."""

    files: list[Path]
    folders: dict[str, Path]
    gradebook: str
    config: Any

    def penalty(self, student: str, score: float, late: float) -> float | None:
        """What the course's late submission plugin takes away."""
        if self.plugin is None:
            return score if self.config.LateSubmissionPlugin.get("penalty_method", "none") == "zero" else None
        try:
            lost = self.plugin.late_submission_penalty(student, score, late)
            return None if lost is None else float(lost)
        except Exception as error:
            raise CourseError(f"the plugin for late work says {type(error).__name__}: {error}") from error

    @property
    def marks(self) -> "Marks":
        """What the course marks hidden tests and solutions with."""
        from tinytorch.grader.plan import MARKS  # with all that splits tests, which feedback and grades do without

        hidden, solution = self.config.ClearHiddenTests, self.config.ClearSolutions
        names = ("begin_test_delimeter", "end_test_delimeter"), ("begin_solution_delimeter", "end_solution_delimeter")
        own = {"hidden": map(hidden.get, names[0], MARKS["hidden"]), "solution": map(solution.get, names[1], MARKS["solution"])}
        return {name: (str(next(words)), str(next(words))) for name, words in own.items()}

    @property
    def seconds(self) -> int:
        """What nbgrader gives a cell."""
        named = (self.config[name].get("timeout") for name in ("Execute", "ExecutePreprocessor", "NotebookClient"))
        return next((found for found in named if isinstance(found, int) and found > 0), 30)

    @property
    def left_out(self) -> list[str]:
        """Students whom the course wants left alone."""
        return str(self.config.CourseDirectory.get("student_id_exclude", "")).split(",")

    @cached_property
    def plugin(self) -> Any:
        """The course's plugin for late work, None without one; it may be named by a string, and stand beside a file."""
        wanted = self.config.AssignLatePenalties.get("plugin_class")
        homes = [str(path.parent) for path in reversed(self.files)] + [str(self.folders["source"].parent)]
        before = list(sys.path)
        sys.path[:0] = homes
        try:
            return (
                None
                if wanted is None
                else _imported(wanted)(config=self.config, log=logging.getLogger("tinytorch.late"))
            )
        except Exception as error:
            where = self.files[-1] if self.files else NAME
            raise CourseError(
                f"{where}: the plugin for late work {wanted!r} cannot be used ({type(error).__name__}: {error}); "
                "put its module beside that file"
            ) from error
        finally:
            sys.path[:] = before


def _imported(plugin: Any) -> Any:
    from traitlets.utils.importstring import import_item

    return import_item(plugin) if isinstance(plugin, str) else plugin


def read(settings: Settings) -> CourseConfig:
    """The course's configuration: Jupyter's path first, the course's own file last, as nbgrader reads them."""
    files = [path for path in _candidates(settings) if path.is_file()]
    config = _load(files)
    named = config.CourseDirectory
    folders = {name: settings.course / str(named.get(f"{name}_directory", name)) for name in COURSE_FOLDERS}
    if (
        "directory_structure" in named
        and named.directory_structure.strip("/") != "{nbgrader_step}/{student_id}/{assignment_id}"
    ):
        raise CourseError(
            f"{files[-1]}: directory_structure {named.directory_structure!r} is not one that this grader reads"
        )
    # What Jupyter's path says of a gradebook is of the course that it names: no demo may write into that one.
    own = settings.course / NAME in files or "root" in named and Path(str(named.root)).resolve() == settings.course.resolve()
    gradebook = str(named.get("db_url", settings.gradebook)) if own else settings.gradebook
    return CourseConfig(files, folders, gradebook, config)


def _candidates(settings: Settings) -> list[Path]:
    from jupyter_core.paths import jupyter_config_path

    ours = [root() / NAME] if settings.course.parent == root() and not (settings.course / NAME).is_file() else []
    return [*(Path(place) / NAME for place in reversed(jupyter_config_path())), *ours, settings.course / NAME]


def _load(files: list[Path]) -> Any:
    from traitlets.config.loader import Config, PyFileConfigLoader

    config = Config()
    for path in files:
        try:
            config.merge(PyFileConfigLoader(path.name, path=str(path.parent)).load_config())
        except Exception as error:
            raise CourseError(f"{path}: cannot be read ({type(error).__name__}: {error})") from error
    return config

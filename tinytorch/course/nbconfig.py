"""What a course's own nbgrader configuration says about grading, and which files say it."""

import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinytorch.course.errors import CourseError
from tinytorch.course.settings import Settings, root

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
        plugin = self.config.AssignLatePenalties.get("plugin_class")
        if plugin is None:
            method = self.config.LateSubmissionPlugin.get("penalty_method", "none")
            return score if method == "zero" else None
        return _plugin(plugin, self.config, self.folders["source"].parent).late_submission_penalty(student, score, late)


def _plugin(plugin: Any, config: Any, home: Path) -> Any:
    """The plugin's instance; it may be named by a string, and stand beside the configuration."""
    if isinstance(plugin, str):
        from traitlets.utils.importstring import import_item

        sys.path.insert(0, str(home))
        try:
            plugin = import_item(plugin)
        finally:
            sys.path.remove(str(home))
    return plugin(config=config, log=logging.getLogger("tinytorch.late"))


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
    own = settings.course / NAME
    gradebook = str(named.get("db_url", settings.gradebook)) if own in files else settings.gradebook
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

"""An instructor's settings: `settings.ini`, read by the command and by `nbgrader_config.py`."""

import configparser
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tinytorch.course.errors import CourseError

__all__ = ["Settings", "load", "root", "seeds"]

FILE = "settings.ini"
KNOWN = {
    "course": ("course_id", "directory", "gradebook"),
    "limits": ("cell_seconds", "memory_mb"),
    "links": ("colab",),
}


@dataclass(frozen=True)
class Settings:
    """What the commands know about a course; `course` is its directory, `gradebook` a database URL."""

    course_id: str
    course: Path
    gradebook: str
    cell_seconds: int
    memory_mb: int
    colab: str
    own: bool  # these values are the course's: it is the project's, or has a file of its own


def root() -> Path:
    """The project: the nearest folder upwards with a `settings.ini` and sources, else the one this package stands in."""
    here = Path.cwd()
    places = (here, *here.parents, Path(__file__).resolve().parents[2])
    return next(filter(_is_project, places), here)


def _is_project(folder: Path) -> bool:
    return (folder / FILE).is_file() and (folder / "modules").is_dir()


def _another() -> Path | None:
    """The folder we stand in, where it is an nbgrader course of its own: nbgrader asks for no name there either."""
    here = Path.cwd()
    known = (here / "nbgrader_config.py").is_file() or all((here / name).is_dir() for name in ("source", "submitted"))
    return here if known and not _is_project(here) else None


def load(course: Path | str | None = None, home: Path | None = None) -> Settings:
    """The settings that hold for a course directory (default: the one we stand in, else the one that `settings.ini` names)."""
    course = course or (None if home else _another())
    home = home or root()
    own = Path(course) / FILE if course else home / FILE
    path = own if own.is_file() else home / FILE
    values = _read(path)
    default = home / values["directory"]
    folder = Path(course).absolute() if course else default
    # A gradebook that the project's settings name belongs to the project's own course only.
    theirs = own.is_file() or folder == default
    named = values["gradebook"] if theirs else ""
    return Settings(
        course_id=values["course_id"],
        course=folder,
        gradebook=named or f"sqlite:///{folder / 'gradebook.db'}",
        cell_seconds=_positive(values, "cell_seconds", path),
        memory_mb=_positive(values, "memory_mb", path),
        colab=values["colab"],
        own=theirs,
    )


def seeds(course: Path) -> str:
    """The seeds of the assignments' hidden inputs, as the environment variable TINYTORCH_SEEDS holds them."""
    path = course / "seeds.json"
    return path.read_text("utf-8") if path.is_file() else "{}"


def _read(path: Path) -> dict[str, str]:
    """The file's values over the defaults; a section or an option that nobody reads is an error."""
    values = {"course_id": "tinytorch", "directory": "course", "gradebook": "", "cell_seconds": "10",
              "memory_mb": "1024", "colab": ""}  # fmt: skip
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise CourseError(f"{path}: cannot be read ({str(error).splitlines()[0]})") from error
    for section in parser.sections():
        values.update(_known(path, section, parser[section]))
    return values


def _known(path: Path, section: str, options: Mapping[str, str]) -> dict[str, str]:
    """A section's options, if each is one that we read."""
    for option in options:
        if option not in KNOWN.get(section, ()):
            known = ", ".join(f"[{name}] {' '.join(names)}" for name, names in KNOWN.items())
            raise CourseError(f"{path}: nobody reads [{section}] {option}. Remove it; the options are {known}.")
    return dict(options)


def _positive(values: Mapping[str, str], name: str, path: Path) -> int:
    text = values[name]
    if not text.isdecimal() or int(text) == 0:
        raise CourseError(f"{path}: {name} must be a positive whole number, not {text!r}")
    return int(text)

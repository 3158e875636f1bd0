"""The modules of the course: where each one's source is, and its three names."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tinytorch.course.errors import CourseError
from tinytorch.course.settings import root

__all__ = ["Module", "assignment", "every", "find"]


@dataclass(frozen=True)
class Module:
    """A module: `name` is nbgrader's assignment (08_optimizers), `notebook` its notebook's name (optimizers_dev)."""

    name: str
    source: Path

    @property
    def notebook(self) -> str:
        return self.source.stem

    @property
    def short(self) -> str:
        """How an error names the source: relative to the project."""
        return f"modules/source/{self.name}/{self.source.name}"

    def built(self, course: Path, stage: str = "source") -> Path:
        """The module's notebook in one of nbgrader's folders (`source`, `release`)."""
        return course / stage / self.name / f"{self.notebook}.ipynb"

    def answers_to(self, name: str) -> bool:
        number, _, topic = self.name.partition("_")
        return name in (self.name, topic, number, number.lstrip("0"))


def every() -> list[Module]:
    """All modules, in the order of their numbers."""
    found = sorted((root() / "modules" / "source").glob("*/*_dev.py"))
    return [Module(path.parent.name, path) for path in found]


def find(name: str) -> Module:
    """The module that `08`, `optimizers` or `08_optimizers` names."""
    modules = every()
    for module in modules:
        if module.answers_to(name.rstrip("/")):
            return module
    there = ", ".join(module.name for module in modules) or "none"
    raise CourseError(f"no module is called {name!r}; there are: {there}")


def assignment(name: str, course: Path, folders: Mapping[str, Path] | None = None) -> str:
    """nbgrader's name for what the user calls NAME: a folder of the course as it stands, else one of our modules.

    `folders`: where the course's own configuration has them, if not in nbgrader's places.
    """
    name, ours = name.rstrip("/"), {module.name for module in every()}
    places = [(folders or {}).get(stage, course / stage) for stage in ("source", "release")]
    own = {path.parent.name for place in places for path in place.glob("*/*.ipynb")}
    if name in own:
        return name
    if any(module.answers_to(name) for module in every()):
        return find(name).name
    there = ", ".join(sorted(own if own - ours or course.parent != root() else ours)) or "none"
    a_path = " (a name, not a path)" if "/" in name else ""
    raise CourseError(f"{course}: has no assignment {name!r}{a_path}; there are: {there}; another course: --course DIR")

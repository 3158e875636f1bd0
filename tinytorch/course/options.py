"""Each option that nbgrader_config.py sets must be one that nbgrader has: traitlets itself says nothing about the others."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tinytorch.course.errors import CourseError
from tinytorch.course.nbgrader import configuration

__all__ = ["refuse_unknown"]


def refuse_unknown(path: Path) -> None:
    """Raise an error that names each option of the file that no class of nbgrader has."""
    if found := sorted(_unknown(configuration(path), path.read_text("utf-8").splitlines())):
        raise CourseError("\n".join(f"{path.name}:{line}: {text}" for line, text in found))


def _unknown(config: Any, lines: list[str]) -> Iterator[tuple[int, str]]:
    classes = _classes()
    for section, options in config.items():
        owner = classes.get(section)
        for option in options:
            number = next((n for n, line in enumerate(lines, 1) if re.search(rf"\b{section}\.{option}\b", line)), 1)
            if owner is None:
                yield number, f"nbgrader has no class {section}; remove the line"
            elif option not in owner.class_trait_names(config=True):
                yield number, f"{section} has no option {option}; remove the line or correct the name"


def _classes() -> dict[str, Any]:
    """Every class that nbgrader can configure, by the name of its section, and our own."""
    from nbgrader.apps import NbGraderApp

    from tinytorch.course.badge import ColabBadge
    from tinytorch.course.stubs import NamedStubs

    configurable = NbGraderApp().all_configurable_classes()
    return {
        cls.__name__: cls
        for found in [*configurable, NamedStubs, ColabBadge]
        for cls in found.__mro__
        if hasattr(cls, "class_trait_names")
    }

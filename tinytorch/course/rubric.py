"""What makes a module's notebook good, as far as a machine can hold it: each miss, with how to mend it.

Conventions that the rules read: a figure is a call of `show(fig, alt="...")` from `tinytorch.figures`; a cell that only
shows something carries the tag `skip-execution`, a prediction the tag `prediction`, the cell that lists the goals the tag
`goals` (each goal names the graded cells that check it, in backticks).
"""

from dataclasses import dataclass
from pathlib import Path

from tinytorch.course.cells import read
from tinytorch.course.rules import RULES
from tinytorch.course.standards import FULL, Standard


@dataclass(frozen=True)
class Miss:
    """One thing that falls short: in which module and cell, what it is, and how to mend it."""

    module: str
    rule: str
    where: str
    found: str
    mend: str

    def __str__(self) -> str:
        return f"{self.module}: {self.rule}: {self.where}: {self.found}; {self.mend}"


def look(source: Path, standard: Standard = FULL) -> list[Miss]:
    """Every miss of the percent file `source`, rule by rule."""
    cells = read(source)
    return [Miss(source.parent.name, name, *found) for name, test in RULES.items() for found in test(cells, standard)]

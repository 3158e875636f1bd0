"""`new`: the skeleton of a module that passes the build: one exercise, its checks, one reflection."""

import json
import re
from pathlib import Path

from tinytorch.course.build import write
from tinytorch.course.errors import CourseError
from tinytorch.course.modules import every
from tinytorch.course.refusals import HEADER
from tinytorch.course.settings import root

__all__ = ["new"]

BODY = '''\

# %% [markdown]
"""
# {title}

What this module is about, in two sentences, and why its reader wants to know.
"""

# %% [markdown] tags=["goals"]
"""
After this module you can

- build the thing (`test-{dashed}-example`),
- say what it is for (`{dashed}-reflection`).
"""

# %% {imports}
#| default_exp core.{topic}
#| export
import numpy as np

# %% [markdown]
"""
## 1. The first idea

The idea, and one example with numbers that a person can do in the head: twice 2 is 4.

**Exercise 1** is to return every number of an array times `factor`.
"""

# %% {answer}
#| export
def example(values: np.ndarray, factor: float) -> np.ndarray:
    """Every number of `values` times `factor`; `values` stays as it is.

    >>> example(np.array([1.0, 2.0]), 2.0)
    array([2., 4.])
    """
    ### BEGIN SOLUTION
    return factor * values
    ### END SOLUTION

# %% {test}
from tinytorch.checks import Checks, hidden_inputs
from tinytorch.written import written_here

checks = Checks("example", points=3)
checks.require("example is written in this notebook", got=lambda: written_here(example, "tinytorch.core.{topic}"))
checks.check(
    "twice two numbers", 1,
    fed="[1, 2] and the factor 2",
    got=lambda: example(np.array([1.0, 2.0]), 2.0),
    want=np.array([2.0, 4.0]),
    slips={{"the factor is added: multiply by it": np.array([3.0, 4.0])}},
)
### BEGIN HIDDEN TESTS
rng = hidden_inputs("{name}", "test-{dashed}-example")
array = rng.normal(size=(2, 3))
checks.check("hidden: an array of another shape", 2, fed="a 2x3 array", got=lambda: example(array, -0.5), want=-0.5 * array)
### END HIDDEN TESTS
checks.score()

# %% [markdown]
"""
## 2. What it is for

Where would you use this, and what would go wrong with a factor of 0?
"""

# %% [markdown] {reflection}
"""
### BEGIN SOLUTION
Notes for the person who marks: what a good answer names.
### END SOLUTION
"""
'''


CATALOGUE = '''\
"""Answers to the exercises of {number}: slips with what they must fail and what the student reads, and right ones."""

from tests.catalogue.table import Row

MODULE = "{name}"
ADDED = """
def example(values, factor):
    return values + factor
"""
OTHERWISE = """
def example(values, factor):
    return np.multiply(factor, values)
"""
# module, answer cell, name, the whole answer, the checks that it must fail and no others, what the student must read
SLIPS = [
    Row(
        MODULE, "{dashed}-example", "adds the factor", ADDED,
        ("twice two numbers", "hidden: an array of another shape"),
        "the factor is added",
    ),
]  # fmt: skip
RIGHT = [Row(MODULE, "{dashed}-example", "NumPy's multiply", OTHERWISE)]
'''


def new(name: str) -> list[Path]:
    """Write `modules/source/NAME/TOPIC_dev.py` and its table of slips; refused if the name is not free."""
    if not (hit := re.fullmatch(r"(\d\d)_([a-z][a-z0-9_]*)", name)):
        raise CourseError(
            f"{name!r} is no name of a module: two digits, an underscore and a topic, such as 09_training"
        )
    topic = hit[2]
    for module in every():
        if module.name.startswith(f"{hit[1]}_") or module.name.partition("_")[2] == topic:
            raise CourseError(f"{name}: {module.name} has that number or topic already; choose another")
    target = root() / "modules" / "source" / name / f"{topic}_dev.py"
    write(target, HEADER + _body(name, topic))
    catalogue = root() / "tests" / "catalogue"
    if not catalogue.is_dir():
        return [target]
    table = catalogue / f"m{hit[1]}.py"
    write(table, CATALOGUE.format(name=name, number=hit[1], dashed=topic.replace("_", "-")))
    return [target, table]


def _body(name: str, topic: str) -> str:
    dashed = topic.replace("_", "-")
    cells = {
        "imports": _metadata(f"{dashed}-imports", locked=True),
        "answer": _metadata(f"{dashed}-example", solution=True),
        "test": _metadata(f"test-{dashed}-example", grade=True, locked=True, points=3),
        "reflection": _metadata(f"{dashed}-reflection", grade=True, solution=True, points=0),
    }
    return BODY.format(name=name, topic=topic, dashed=dashed, title=topic.replace("_", " ").capitalize(), **cells)


def _metadata(
    grade_id: str, grade: bool = False, locked: bool = False, solution: bool = False, points: int | None = None
) -> str:
    """A cell's nbgrader metadata, complete and in the order that Jupytext writes."""
    meta = {"grade": grade, "grade_id": grade_id, "locked": locked}
    meta |= {} if points is None else {"points": points}
    return "nbgrader=" + json.dumps(meta | {"schema_version": 3, "solution": solution, "task": False})

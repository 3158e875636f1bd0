"""The rubric reports each thing that falls short, and the modules of the course pass it."""

from pathlib import Path

import pytest

from tinytorch.course.rubric import look
from tinytorch.course.standards import FULL, SMALL, Standard

SOURCES = Path("modules/source")
GRADED = '{"grade": true, "grade_id": "test-sgd", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}'
ANSWER = '{"grade": true, "grade_id": "why", "locked": false, "points": 0, "schema_version": 3, "solution": true, "task": false}'

GOOD = f'''# %% [markdown]
"""
# Title
"""

# %% [markdown] tags=["goals"]
"""
- Write the rule: `test-sgd`.
- Say why: `why`.
"""

# %% tags=["skip-execution"]
assert 1 + 1 == 2
show(figure, alt="a falling curve that stops at the floor")

# %% [markdown]
r"""
## Rule
$$\\theta \\leftarrow \\theta - \\eta g$$
"""

# %% tags=["prediction", "skip-execution"]
guess = None

# %%
#| export
def rule(theta):
    """One step."""
    ### BEGIN SOLUTION
    return theta
    ### END SOLUTION

# %% nbgrader={GRADED}
checks = Checks("rule", points=2)
checks.check("one step", 2, got=lambda: rule(1), want=1)
checks.score()

# %% [markdown]
"""
Why does it stop?
"""

# %% [markdown] nbgrader={ANSWER}
"""
### BEGIN SOLUTION
It has arrived.
### END SOLUTION
"""
'''
ONE_OF_EACH = Standard(figures=1, predictions=1, reflections=1, equations=1, prose_in_a_row=40)

SPOILS = [  # rule, what is changed, into what
    ("named checks", 'checks.check("one step", 2, got=lambda: rule(1), want=1)', "pass"),
    ("named checks", '"one step", 2', '"one step", 4'),
    ("named checks", '"one step", 2, ', ""),
    ("points", '"one step", 2', '"one step", 1'),
    ("blanks", "    return theta", "    theta += 1\n" * 11),
    ("blanks", "    return theta", "    theta += 1\n" * 6),
    ("prose per check or figure", "Why does it stop?", "Why? " + "words without end " * 200),
    ("prose in a row", "Why does it stop?", "Why? " + "words without end " * 20),
    ("figures", "show(figure, ", "display(figure, "),
    ("figures", "# %% [markdown]\n", "# %%\n1\n\n" * 5 + "# %% [markdown]\n"),
    ("alternative text", "a falling curve that stops at the floor", "a plot"),
    ("claims", "assert 1 + 1 == 2", "1 + 1 == 2"),
    ("shown only", '# %% tags=["skip-execution"]', "# %%"),
    ("shown only", "# %%\n#| export", '# %% tags=["skip-execution"]\n#| export'),
    ("predictions", '"prediction", ', ""),
    ("reflections", ANSWER, "{}"),
    ("reflections", ANSWER, ANSWER.replace('"points": 0', '"points": 1')),
    ("reflections", "### BEGIN SOLUTION\nIt has arrived.\n### END SOLUTION", "Your answer"),
    ("reflections", "stop?", "stop."),
    ("equations", "$$", "$"),
    ("plain language", "Why does it stop?", "Why? Obviously, it has arrived."),
    ("plain language", "Why does it stop?", "Why? \U0001f389"),
    ("lists", "- Say why: `why`.", "- Say why: `why`.\n" * 5),
    ("headings", "## Rule", "### Rule"),
    ("headings", "## Rule", "# Rule"),
    ("docstrings", '    """One step."""\n', ""),
    ("goals", ' tags=["goals"]', ""),
    ("goals", ": `test-sgd`", ""),
]


def missed(tmp_path: Path, text: str) -> set[str]:
    source = tmp_path / "08_made" / "made_dev.py"
    source.parent.mkdir()
    source.write_text(text)
    return {miss.rule for miss in look(source, ONE_OF_EACH)}


def test_a_good_notebook_misses_nothing(tmp_path: Path) -> None:
    assert missed(tmp_path, GOOD) == set()


@pytest.mark.parametrize(("rule", "old", "new"), SPOILS)
def test_each_miss_is_reported_by_its_rule(tmp_path: Path, rule: str, old: str, new: str) -> None:
    assert GOOD.replace(old, new) != GOOD
    assert rule in missed(tmp_path, GOOD.replace(old, new))


# A module enters here once its content has landed: 01 and 07 with SMALL, 08 with FULL.
HELD = {"01_tensor": SMALL, "07_autograd": SMALL, "08_optimizers": FULL}


@pytest.mark.parametrize("module", HELD)
def test_modules_pass(module: str) -> None:
    misses = [miss for source in (SOURCES / module).glob("*_dev.py") for miss in look(source, HELD[module])]
    assert not misses, "\n" + "\n".join(map(str, misses))

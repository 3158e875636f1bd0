"""`grade --check`: one check of one student's grading again."""

import pytest
from foreign import answered, course, notebook

from tinytorch.course.errors import CourseError
from tinytorch.course.grade import Options, grade
from tinytorch.course.replay import replay

SOURCE = notebook("""
# %% answer square
def square(n):
    ### BEGIN SOLUTION
    return n * n
    ### END SOLUTION
# %% test test-square 4
from tinytorch.checks import Checks, hidden_inputs
checks = Checks("square", points=4)
checks.check("by hand", 2, fed="3", got=lambda: square(3), want=9)
### BEGIN HIDDEN TESTS
number = float(hidden_inputs("hw", "test-square").uniform(4, 9))
checks.check("hidden: drawn", 2, fed=f"{number}", got=lambda: square(number), want=number**2)
### END HIDDEN TESTS
checks.score()
""")
WRONG = answered(SOURCE, square="def square(n):\n    return 9")


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    folder = course(tmp_path_factory.mktemp("replay") / "c", "hw", {"nb": SOURCE}, {"ann": {"nb": WRONG}})
    assert grade("hw", folder, Options(level="unsafe", seed=7)) == 0
    return folder


def test_one_check_says_what_was_fed_and_what_came_and_writes_nothing(graded, capsys, monkeypatch):
    monkeypatch.setenv("TINYTORCH_ONLY_CHECK", "a name that is nowhere")
    options = Options(student="ann", seed=7, level="unsafe")
    before = {path: path.read_bytes() for path in (graded / "records").rglob("*.json")}
    assert replay("hw", "hidden: drawn", graded, options) == 0
    first = capsys.readouterr().out
    assert first.startswith("ann: hidden: drawn (2 of 4 points)")
    assert replay("hw", "hidden: drawn", graded, options) == 0
    assert capsys.readouterr().out == first
    assert replay("hw", "by hand", graded, options) == 0
    assert capsys.readouterr().out == "ann: passed\n"
    assert {path: path.read_bytes() for path in (graded / "records").rglob("*.json")} == before != {}


def test_a_name_that_no_check_has(graded):
    with pytest.raises(CourseError, match="no cell has a check called 'nonsense'"):
        replay("hw", "nonsense", graded, Options(student="ann", seed=7, level="unsafe"))

"""checks.py and the probes: what a check says, what a cell's score is, and that nothing of a student's gets in the way."""

import contextlib
import io
import logging
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.catalogue.table import Notebook
from tinytorch import checks as checks_module
from tinytorch import probes, rehearsal
from tinytorch.checks import Checks, StudentError, hidden_inputs
from tinytorch.compare import same


def made(*, got=lambda: 1.0, want=1.0, **options):
    checks = Checks("SGD", points=3)
    checks.check("one", 1, fed="theta = 1", got=got, want=want, **options)
    return checks


def printed(checks) -> tuple:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        score = checks.score()
    return score, out.getvalue()


NEAR = [  # came, want, tolerance
    (1.0, 1, 0),
    (np.float32(0.1), 0.1, 1e-6),
    ([np.float32([1, 2]), None], [[1.0, 2.0], None], 1e-6),
    ((1, 2), [1, 2], 0),
    ({"a": np.zeros(2)}, {"a": [0.0, 0.0]}, 1e-9),
    ([[1.0], [2.0, 3.0]], [np.array([1.0]), np.array([2.0, 3.0])], 0),
    ("float32 ()", "float32 ()", 0),
    ([], [], 0),
    ([1e-12, 1.0], [0.0, 1.0], 1e-9),
    (True, True, 0),
]
APART = [
    (1.1, 1.0, 1e-2),
    (float("nan"), 1.0, 1.0),
    ([np.nan], [np.nan], 1.0),
    (float("inf"), 1.0, 1.0),
    (np.zeros((2, 1)), np.zeros(2), 1.0),
    (np.zeros(1), 0.0, 1.0),
    ([1.0], [1.0, 1.0], 1.0),
    (None, 0.0, 1.0),
    ("1.0", 1.0, 1.0),
    (True, 1.0, 0.5),
    (1.0, True, 0.5),
    ([[1.0], [2.0]], [[1.0], [2.0, 3.0]], 1.0),
    ({"a": 1}, {"b": 1}, 1.0),
    (object(), 1.0, 1.0),
    ([1.0, 2.0], None, 1.0),
    ("", [], 0),
]


@pytest.mark.parametrize(("came", "want", "tol"), NEAR)
def test_what_agrees(came, want, tol):
    assert same(came, want, tol) is True


@pytest.mark.parametrize(("came", "want", "tol"), APART)
def test_what_does_not(came, want, tol):
    assert same(came, want, tol) is False


def test_all_visible_checks_pass_in_one_line_that_names_the_hidden_ones():
    assert printed(made()) == (None, "SGD: all visible checks pass (1 of 3 points); hidden checks decide the other 2.\n")


def test_all_checks_pass():
    checks = made()
    checks.check("two", 2, fed="", got=lambda: 2, want=2)
    assert printed(checks) == (None, "SGD: all checks pass (3 of 3 points).\n")


def test_a_failed_check_says_what_was_fed_expected_came_and_the_slip():
    score, text = printed(made(got=lambda: 1.05, want=0.95, slips={"uphill": 1.05, "another": 2.0}))
    assert (score, type(score)) == (0.0, float)
    lines = ["SGD: 1 of 1 checks failed.", "one (1 of 3 points)", "fed:      theta = 1", "expected: 0.95", "came:     1.05", "uphill"]
    assert [line.strip() for line in text.splitlines()] == lines


def test_no_check_at_all_is_no_full_mark():
    assert printed(Checks("SGD", points=3))[0] == 0.0


def test_a_side_condition_counts_only_with_its_value_check():
    checks = made(got=lambda: 0.0)
    checks.check("side", 2, fed="", got=lambda: None, want=None, needs="one")
    score, text = printed(checks)
    assert score == 0.0
    assert "counts only together with: one" in text


def test_a_condition_that_does_not_hold_is_one_line_for_all_checks():
    checks = Checks("SGD", points=3)
    checks.require("SGD is here", got=lambda: undefined_name)  # noqa: F821
    checks.check("one", 3, fed="", got=lambda: 1, want=1)
    score, text = printed(checks)
    assert score == 0.0
    assert "no points in this cell, because this does not hold: SGD is here" in text
    assert "NameError" in text


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(0), RecursionError("deep"), GeneratorExit(), StopIteration()])
def test_whatever_a_student_raises_is_a_failed_check(error):
    def got():
        raise error

    score, text = printed(made(got=lambda: got()))
    assert score == 0.0
    assert type(error).__name__ in text


def test_an_interrupt_stops_the_cell():
    def got():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made(got=got)


def test_an_error_from_another_process_is_printed_as_it_is():
    def got():
        raise StudentError("Traceback of the student's\nValueError: no")

    assert "ValueError: no" in printed(made(got=got))[1]
    assert "StudentError" not in printed(made(got=got))[1]


def test_a_traceback_shows_the_students_lines_and_none_of_the_cell(tmp_path):
    path = tmp_path / "answer.py"
    path.write_text("def broken():\n    return 1 / 0\n", encoding="utf-8")
    space = {}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), space)
    text = printed(made(got=lambda: probes.trajectory(lambda ps: space["broken"](), [1.0], [[1.0]])))[1]
    assert "return 1 / 0" in text
    for ours in ("probes.py", "checks.py", "test_checks.py", "trajectory"):
        assert ours not in text


def test_an_error_that_several_checks_meet_is_told_once_without_numpys_own_lines():
    @np.errstate(all="ignore")
    def broken():
        raise NotImplementedError("SGD.rule: your code goes here")

    checks = Checks("SGD", points=2)
    for name in ("one step", "two steps"):
        checks.check(name, 1, fed="1", got=lambda: broken(), want=1.0)
    first, second = (result.text for result in checks.results)
    assert "SGD.rule: your code goes here" in first and "_ufunc_config" not in first
    assert "the same error as in: one step" in second and "SGD.rule" not in second


def noisy():
    print("to stderr", file=sys.stderr)
    warnings.warn("a warning", stacklevel=1)
    logging.getLogger("student").critical("a log line")
    np.log(np.zeros(2) - 1) / np.zeros(2)
    return 1.0


def test_nothing_reaches_stderr(capsys):
    handler = logging.StreamHandler(sys.stderr)
    logging.getLogger("student").addHandler(handler)
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        assert printed(made(got=noisy))[0] is None
    logging.getLogger("student").removeHandler(handler)
    assert capsys.readouterr().err == ""


SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
KINDS = st.sampled_from([np.float16, np.float32, np.float64, np.longdouble, np.int64, np.uint8, np.bool_, np.complex128])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text(max_size=3) | st.just(10**400)
PLAIN = st.recursive(
    LEAVES | hnp.arrays(KINDS, SHAPES),
    lambda inner: st.lists(inner, max_size=12) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=30,
)
WANTED = [2.0, True, None, "float32 ()", [], [None, 1.0], [1.0] * 10, np.zeros(()), np.ones((4, 3)), np.zeros((0, 3)), np.zeros(9, bool),
          [np.ones(5), np.ones(6)], {"a": np.zeros(9)}, [[0.0, np.ones((3, 3))], []], [-1e308] * 9]  # fmt: skip


@given(PLAIN | st.sampled_from(WANTED), st.sampled_from(WANTED), st.sampled_from(WANTED))
def test_whatever_comes_is_judged_without_an_error_or_a_warning(came, want, slip):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        score, text = printed(made(got=lambda: came, want=want, slips={"a slip": slip}))
    assert score is None or (score == 0.0 and text)


@pytest.mark.parametrize("want", WANTED, ids=str)
def test_what_is_wanted_passes(want):
    assert printed(made(got=lambda: want, want=want))[0] is None


def test_one_check_is_replayed_by_its_name_and_gives_no_marks(monkeypatch):
    monkeypatch.setenv("TINYTORCH_ONLY_CHECK", "two")
    checks = made(got=lambda: pytest.fail("not asked for"))
    checks.check("two", 2, fed="three", got=lambda: 4.0, want=4.0, needs="one")
    score, text = printed(checks)
    assert score == 0.0
    assert "fed:      three" in text and "came:     4" in text


@pytest.mark.parametrize(("text", "seed"), [("", 0), ('{"08_optimizers": 7}', 7), ('{"01_tensor": 7}', 0)])
def test_hidden_inputs_follow_the_assignments_seed(monkeypatch, text, seed):
    monkeypatch.setenv("TINYTORCH_SEEDS", text)
    drawn = hidden_inputs("08_optimizers", "test-sgd").integers(1 << 40)
    monkeypatch.setenv("TINYTORCH_SEEDS", f'{{"08_optimizers": {seed}}}')
    assert drawn == hidden_inputs("08_optimizers", "test-sgd").integers(1 << 40)
    assert drawn != hidden_inputs("08_optimizers", "test-adam").integers(1 << 40)


def test_a_long_value_is_shown_where_it_first_differs():
    want = [[np.zeros((2, 3)) for _ in range(4)] for _ in range(2)]
    came = [[array.copy() for array in row] for row in want]
    came[1][2][0, 1] = 5.0
    text = printed(made(got=lambda: came, want=want))[1]
    assert "expected: at [1][2]" in text
    assert len(text) < 400


def test_no_rule_stands_in_what_students_can_read():
    for module in (checks_module, probes, rehearsal):
        source = Path(module.__file__).read_text(encoding="utf-8")
        for word in ("sqrt", "first_moment", "velocity", "m_hat", "** t", "momentum *", "gamma"):
            assert word not in source, (module.__name__, word)


# What stands in the notebook, the name that is asked for, and whether it counts as written there.
WRITTEN = {
    "a function": ("def step(): pass", "step", True),
    "a class": ("class SGD: pass", "SGD", True),
    "a partial of a class": ("import functools\nclass A: pass\nSGD = functools.partial(A, 1)", "SGD", True),
    "a decorated function": ("import functools\n@functools.lru_cache\ndef step(): pass", "step", True),
    "a base in the notebook": ("class Base: pass\nclass SGD(Base): pass", "SGD", True),
    "the reference beside it, for comparison": ("import tinytorch.core.optimizers as r\nclass SGD:\n def step(self): pass", "SGD", True),
    "imported": ("from tinytorch.core.optimizers import SGD", "SGD", False),
    "renamed": ("from tinytorch.core.optimizers import SGD as S\nSGD = S", "SGD", False),
    "inherited": ("import tinytorch.core.optimizers as r\nclass SGD(r.SGD): pass", "SGD", False),
    "called": ("import tinytorch.core.optimizers as r\nclass SGD:\n def step(self): r.SGD([])", "SGD", False),
    "imported inside": ("class SGD:\n def step(self):\n  from tinytorch.core import optimizers", "SGD", False),
    "imported in a nested function": ("def step():\n def f():\n  import tinytorch.core.optimizers\n return f", "step", False),
    "another library's": ("from fractions import Fraction as SGD", "SGD", False),
    "None": ("SGD = None", "SGD", False),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_written_here(name):
    code, asked, written = WRITTEN[name]
    space = {"__name__": "__main__"}
    exec(code, space)
    assert probes.written_here(space[asked]) is written


def test_the_rehearsal_leaves_the_notebook_as_it_was():
    notebook = Notebook("08_optimizers", {})
    notebook.run(only="test-training-integration")
    space, backward = notebook.space, probes.Variable.backward
    before = {name: (space[name], dict(vars(space[name]))) for name in ("SGD", "Adam")}
    first = space["train_simple_model"]()
    rehearsal.watch(space["train_simple_model"])
    assert {name: (space[name], dict(vars(space[name]))) for name in before} == before
    assert probes.Variable.backward is backward
    assert space["train_simple_model"]() == first


def test_the_rehearsal_takes_no_step_of_the_students_own():
    notebook = Notebook("08_optimizers", {"sgd-class": "class SGD:\n    def step(self):\n        raise KeyboardInterrupt\n"})
    notebook.run(only="test-training-integration")
    assert rehearsal.watch(notebook.space["train_simple_model"])["SGD"]["updates"] == [300]


BROKEN = {
    "no SGD": ("sgd-class", "SGD = None"),
    "a syntax error in Adam": ("adam-class", "class Adam(:\n"),
    "an SGD that raises": ("sgd-class", "class SGD:\n    def __init__(self, *a, **k):\n        raise ValueError('no')\n"),
    "an SGD that does nothing": ("sgd-class", "class SGD:\n    pass\n"),
    "an SGD that moves uphill and clears": (
        "sgd-class",
        "class SGD:\n    def __init__(self, p, *a, **k):\n        self.p = p\n    def step(self):\n        for p in self.p:\n"
        "            p.data, p.grad = Tensor(p.data.data + 9), None\n",
    ),
    "an Adam that hangs on to one Variable": (
        "adam-class",
        "class Adam:\n    def __init__(self, parameters, *a, **k):\n        self.parameters = [Variable(0.0)]\n"
        "    def step(self):\n        self.parameters[0].data = None\n",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_wrong_optimizer_costs_nothing_in_the_training_and_the_scheduler(name):
    cell, answer = BROKEN[name]
    notebook = Notebook("08_optimizers", {cell: answer})
    graded = notebook.run()
    for test in ("test-scheduler", "test-training-integration"):
        assert graded[test].score is None, graded[test].printed

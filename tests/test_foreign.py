"""Courses that are not ours: the same score as nbgrader's on every answer, and what cannot be protected is marked."""

import json
import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from foreign import answered, by_nbgrader, copied, course, notebook, scores

from tinytorch.course.grade import Options, grade

nbgrader = pytest.importorskip("nbgrader")

IDIOMS = notebook((Path(__file__).parent / "idioms.txt").read_text("utf-8"))
WRONG = {
    "square": "def square(n):\n    return n + n",
    "in_place": "def sort_in_place(v):\n    return sorted(v)",
    "pure": "def reversed_copy(v):\n    v.reverse()\n    return v",
    "stack": "class Stack(list):\n    push = list.append",
    "point": "def midpoint(p, q):\n    return Point(p.x, p.y)",
    "constants": "answer = 41\nnames = ('a', 'b')",
    "frequency": "def frequency(t):\n    return {}",
    "tuple": "def minmax(xs):\n    return max(xs), min(xs)",
    "gen": "def evens(n):\n    return [2*i for i in range(n)]",
    "printed": "def greet(name):\n    print('hi')",
    "small": "import time\ndef small(n):\n    time.sleep(0.5)\n    return iter(range(n))",
    "pair": "from typing import NamedTuple\nclass Polar(NamedTuple):\n    r: float\n    phi: float\ndef polar(x, y):\n    return Polar(x, y + 1)",
    "digit": "def has_digit(text):\n    return map(str.isdigit, text)",
    "leaving": "def checked(n):\n    raise SystemExit(n)",
    "vector": "class Vector:\n    def __init__(self, *parts):\n        self.parts = parts",
    "trace": "def trace(m):\n    found = sum(np.diag(m))\n    real = m.dtype == float\n    m *= len(m) > 2 or not real\n    return found if len(m) > 2 or real else 0",
    "bag": "class Bag:\n    def __init__(self, items):\n        self.items = items",
    "repeated": "def repeated(f, n):\n    return [f() + 0 * f() for _ in range(n)]",
}
ODD = {
    "square": "SIZE = 4  # taken for something else\ndef square(n):\n    if isinstance(n, str):\n        raise ValueError(n)\n    return n ** 2 if hasattr(n, 'shape') else float(n) ** 2",
    "pure": "def reversed_copy(v):\n    return list(reversed(v))",
    "gen": "def evens(n):\n    return iter([2*i for i in range(n)])",
    "tuple": "def minmax(xs):\n    return [min(xs), max(xs)]",
    "constants": "answer = 42.0\nnames = list('ab')",
    "length": "def length(word):\n    return np.sum([1 for _ in word])",
    "small": "def small(n):\n    return (i for i in range(min(n, 3)))",
    "pair": "from typing import NamedTuple\nclass Polar(NamedTuple):\n    r: float\n    phi: float\ndef polar(x, y):\n    return Polar(math.hypot(x, y), math.atan2(y, x))",
    "digit": "import re\ndef has_digit(text):\n    return re.search('[0-9]', text)",
    "tally": "from collections import defaultdict\ndef tally(text):\n    found = defaultdict(int)\n    for c in text:\n        found[c] += 1\n    return found",
    "vector": "class Vector(list):\n    def __init__(self, *parts):\n        super().__init__(x for x in parts if x)",
    "trace": "def trace(m):\n    return np.trace(m)",
    "cubes": "def cubes(n):\n    return [i ** 3 for i in range(n)]",
    "half": "def half(x):\n    return np.longdouble(x) / 2",
}
# What no grader can judge from plain data, and why each of them stands here: errors that are wanted (raises, unittest),
# printed text (captured), a deleted name, an object compared by its own __eq__ or asked whether it is not true, an object of
# the instructor's (opaque), a helper that calls the answer (lambda), a value kept in something of the instructor's
# (stored) or taken as the score, turns of a `while` that asks (turning); and what
# compares with a value that such a cell made (below-whole) or by a package that the student brings (brought), or makes what such a
# one reads (made-above).
UNPROTECTED = {
    "raises-try",
    "raises-or-leaves",
    "raises-numpy",
    "made-above",
    "raises-with-it",
    "unittest",
    "captured",
    "deleted",
    "raises-below",
    "below-whole",
    "brought",
    "opaque-equal",
    "opaque-same",
    "opaque-told",
    "lambda-over",
    "opaque-pair",
    "opaque-made",
    "opaque-sum",
    "opaque-met",
    "last-student",
    "branches",
    "opaque",
    "objects-true",
    "stored",
    "lambda",
    "turning",
}


def stubs(source):
    answers = {}
    for cell in source["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            text = re.sub(
                r"( *)### BEGIN SOLUTION.*?### END SOLUTION",
                r"\1raise NotImplementedError()",
                cell["source"],
                flags=re.S,
            )
            answers[cell["metadata"]["nbgrader"]["grade_id"].replace("-", "_")] = text
    return answers


def compare(folder, tmp_path, assignment):
    """nbgrader's scores and ours, each from its own copy of the course."""
    theirs, ours = copied(folder, tmp_path / "nbgrader"), copied(folder, tmp_path / "ours")
    grade(assignment, ours, Options(workers=2, level="unsafe"))
    return by_nbgrader(theirs, assignment), scores(ours, assignment)


@pytest.mark.slow
def test_idioms_of_foreign_tests_score_as_in_nbgrader(tmp_path):
    answers = {"perfect": {}, "blank": stubs(IDIOMS), "wrong": WRONG, "odd": ODD}
    students = {name: {"nb": answered(IDIOMS, **changed)} for name, changed in answers.items()}
    wanted, found = compare(course(tmp_path / "c", "ps", {"nb": IDIOMS}, students), tmp_path, "ps")
    assert found == wanted
    assert sum(score or 0 for score in wanted["perfect"].values()) == 98


GENERATED = notebook("""
# %% answer square
def square(n):
    ### BEGIN SOLUTION
    return n * n
    ### END SOLUTION
# %% test generated 3
### AUTOTEST square(3)
""")


@pytest.mark.slow
def test_tests_that_nbgrader_generates_score_as_there(tmp_path):
    """Their text stands in the gradebook alone."""
    students = {"ann": GENERATED, "bob": answered(GENERATED, square="def square(n):\n    return n + n\n")}
    folder = course(tmp_path / "c", "ps", {"nb": GENERATED}, {name: {"nb": book} for name, book in students.items()})
    shutil.copy(Path(nbgrader.__file__).parent / "docs/source/user_guide/autotests.yml", folder)
    wanted, found = compare(folder, tmp_path, "ps")
    assert found == wanted == {"ann": {"nb/generated": 3}, "bob": {"nb/generated": 0}}


def test_what_is_unprotected_is_known_and_said(tmp_path, capsys):
    folder = course(tmp_path / "c", "ps", {"nb": IDIOMS}, {"ann": {"nb": answered(IDIOMS)}})
    grade("ps", folder, Options(workers=1, level="unsafe"))
    record = json.loads((folder / "records" / "ps" / "ann.json").read_text())
    assert set(record["more"]["unprotected"]["nb"]) == UNPROTECTED
    assert record["score"] == 98
    said = capsys.readouterr().out
    assert all(f"unprotected: nb/{name}: " in said for name in UNPROTECTED)


DOCUMENTATION = Path(next(iter(find_spec("nbgrader").submodule_search_locations))) / "docs" / "source" / "user_guide"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ps1", "ps1_autotest"])
def test_nbgraders_own_sample_assignment(tmp_path, name):
    """The one of its documentation, which `nbgrader quickstart` copies: as it is, answered, blank, and by two students."""
    folder = tmp_path / "c"
    shutil.copytree(DOCUMENTATION / "source" / name, folder / "source" / "ps1")
    if name == "ps1_autotest":
        shutil.copy(DOCUMENTATION / "autotests.yml", folder)
    students = {
        "perfect": f"source/{name}",
        "blank": "release/ps1",
        "bitdiddle": "submitted/bitdiddle/ps1",
        "hacker": "submitted/hacker/ps1",
    }
    for student, place in students.items():
        shutil.copytree(DOCUMENTATION / place, folder / "submitted" / student / "ps1")
    wanted, found = compare(folder, tmp_path, "ps1")
    if name == "ps1_autotest":  # these students' notebooks lack a cell; nbgrader leaves its score out, ours is 0
        wanted, found = (
            {who: {c: s or 0 for c, s in marks.items()} for who, marks in both.items()} for both in (wanted, found)
        )
    assert found == wanted

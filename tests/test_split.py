"""Splitting graded cells: what is asked of the student's code, what stays with the grader, what cannot be split."""

import contextlib
import itertools
import json
import re

import pytest
from foreign import notebook

from tinytorch.grader.image import needed
from tinytorch.grader.plan import Judge, Plan, job, make, read

ANSWERS = """
# %% free
def alike(a, b):
    return a == b
# %% given setup
import numpy as np
X = np.arange(3.0)
WANT = {}
def agrees(g, n, other):
    return g(n) == other
def nine():
    return f(3) == 9
class Tester:
    def ok(self, g, n, other):
        return g(n) == other
# %% answer a
def f(n):
    ### BEGIN SOLUTION
    return n * n
    ### END SOLUTION
class Box:
    def __init__(self, value):
        self.value = value
    def get(self):
        return self.value
    def score(self, X, y):
        return 1
box = Box(1)
names = ["a"]
def subtract(a, b):
    return a - b
# %% given checks
def good(g):
    assert g(3) == 9
def fine():
    np.testing.assert_allclose(f(3), 9)
class Judge:
    def say(self):
        assert f(3) == 9
        return True
"""


BESIDE = "import builtins\ndef agrees(g, n, want):\n    return g(n) == want\ndef worth(text):\n    return vars(builtins)['ev' + 'al'](text, {'a': 3})\ndef opened(name):\n    return vars(builtins)['op' + 'en'](name, 'w')"


def planned(tmp_path, cell, answers=ANSWERS):
    path = tmp_path / "nb.ipynb"
    (tmp_path / "inner").mkdir()
    for name in ("beside.py", "inner/beside.py"):
        (tmp_path / name).write_text(BESIDE)
    path.write_text(json.dumps(notebook(f"{answers}# %% test t 2\n{cell}")))
    return make(Plan("ps", "nb", read(path), 7, str(tmp_path)))


SPLIT = {
    "assert": ("assert f(3) == 9", ["f(3)"]),
    "both sides": ("assert f(3) == f(-3)", ["f(3)", "f(-3)"]),
    "own values go in by value": ("x = 4\nassert f(x) == x ** 2", ["f(x) with x"]),
    "a loop": ("for n, want in [(1, 1), (2, 4)]:\n    assert f(n) == want", ["f(n) with n", "f(n) with n"]),
    "a case with what is right beside it": ("for case in [(1, 1), (2, 4)]:\n    assert f(case[0]) == case[1]", ["f(part) with part"] * 2),
    "cases in a comprehension": ("cases = [(1, 1), (2, 4)]\nassert list(map(f, (c[0] for c in cases))) == [1, 4]", ["list(map(f, (each for each in part))) with part"]),
    "a case asked by a key": ("cases = [{'in': 2, 'out': 4}]\nassert f(cases[0].get('in')) == cases[0].get('out')", ["f(part) with part"]),
    "what is counted and cut": ("W = {2: 4}\nt = '3 9'\nassert f(len(W) + 1) == 4 and f(min(W)) == W[2] and f(int(t.split()[0])) == 9", ["f(part) with part"] * 3),
    "pairs, one by one": ("a, b = [1], [2]\nassert len(list(map(f, zip(a, b)))) == 1", ["len(list(map(f, part))) with part"]),
    "a key that they choose": ("d = {4: 2}\nassert f(d.get(f(2))) == 4", ["f(d.get(f(2))) with d"]),
    "numbers in cases": ("cases = [('2', 4)]\nassert f(sum([int(c[0]) for c in cases])) == 4", ["f(part) with part"]),
    "a part, then the whole": ("x = [2, 3]\nassert f(x[0]) == 4\nassert names.count(x) == 0\nassert f(x[1]) == 9", ["f(part) with part", "names", "f(part) with part"]),
    "a value that it has, and a part of it": ("x = [2, 3]\nnames.extend(x)\nassert f(x[0]) == 4", ["run names.extend(x) with x", "f(x[0]) with x"]),
    "turns that are left out": ("assert [f(a) for a, b in [(1, 1), (2, 4)] if b > 1] == [4]", ["f(a) with a"]),
    "turns within turns": ("assert {a: f(a + b) for a in range(2) for b in range(a)} == {1: 1}", ["f(part) with part"]),
    "how many are right": ("want = [1, 1, 2]\nassert names[:len(want)] != want", ["names[:part] with part"]),
    "made of what is right": ("want = np.ones(2)\nassert f(np.zeros_like(want)).shape == want.shape and f(want.ndim - 1) == 0", ["f(part).shape with part", "f(part) with part"]),
    "a turn's name that was another's": ("cases = [(2, 4)]\nassert f([n for n in X] and 1) == 1 and [f(i) for i in (0, 1)] == [0, 1]\nassert [f(cases[i][0]) for i in (0,)] == [4]",
                                         ["f([n for n in X] and 1) with X", "f(i) with i", "f(i) with i", "f(part) with part"]),
    "a turn's name that is a given value's": ("assert [f(X[0]) for X in [(2, 4)]] == [4]", ["f(part) with part"]),
    "a turn's value that it has, and a part of it": ("assert [(f(r) and 1, f(r[0])) for r in [[1]]] == [(1, 1)]", ["f(r) with r", "f(r[0]) with r"]),
    "the first of a table, in other words": ("W = {2: 4}\nc = [(3, 9)]\nassert f(next(iter(W))) == 4 and f(list(zip(*c))[0][0]) == 9 and f(sorted(c, key=lambda n: n[1])[0][0]) == 9", ["f(part) with part"] * 3),
    "one after the other of an iterator": ("n = iter([2, 3])\nassert f(next(n)) == 4 and f(next(n)) == 9", ["f(part) with part"] * 2),
    "a copy for each": ("x = [2]\nassert len([*f(list(x)), *f(list(x)), *f(x[0]), *f(x[0])]) == 4", ["f(part) with part"] * 4),
    "two copies at once": ("x = [2]\nassert subtract(list(x), list(x)) == 0", ["subtract(part, part) with part, part"]),
    "one part twice": ("x = [[2]]\nassert subtract(x[0], x[0]) == 0", ["subtract(part, part) with part, part"]),
    "an inverse": ("def g(n):\n    return n ** 0.5\nassert f(g(9)) == 9 and abs(f(np.sqrt(2.0)) - 2.0) < 1e-9", ["f(part) with part"] * 2),
    "a case that a function makes": ("def make(n):\n    return n, n * n\nassert f(make(3)[0]) == make(3)[1]", ["f(part) with part"]),
    "a case in a class": ("class Case:\n    x, want = 3, 9\nassert f(Case.x) == Case.want", ["f(part) with part"]),
    "a case in a lambda": ("case = {'x': 3, 'want': 0}\nassert f(lambda x: x + case['x']) != case['want']", ["f(lambda x: x + part) with part"]),
    "a name of a lambda's own": ("x = [3]\nassert f(lambda x: x[0]) != 0", ["f(lambda x: x[0])"]),
    "made of a part": ("from collections import UserString\ncase = ('b', 'a')\nassert f(UserString(case[0])) != case[1]", ["f(UserString(part)) with part"]),
    "two of one kind": ("case = ([1], [2])\nassert subtract(list(case[0]), list(case[0])) == 1", ["subtract(part, part) with part, part"]),
    "made of a given value and of what is right": ("w = np.ones(3)\nassert subtract(X, X * w) != 9 and subtract(X, X * [1.0, 1.0, 2.0]) != 9 and f(X[1]) == 1", ["subtract(X, part) with X, part"] * 2 + ["f(X[1]) with X"]),
    "an array that is multiplied": ("w = np.ones(3)\nassert f(X).dot(w) == 5 and box.dot(box) == 3", ["f(X) with X", "box.dot(box)"]),
    "what is right, printed": ("want = 9\nprint(f, want)\nassert f(3) == want", ["run print(f)", "f(3)"]),
    "a table that is gone over": ("table = [(1, 1), (2, 4)]\nassert list(map(f, map(min, table))) == [1, 4]", ["list(map(f, part)) with part"]),
    "taken out of an object": ("box = Box(1)\nbox.remove(1)\nassert box.value == 0", ["run box = Box(1)", "run box.remove(1)", "box.value"]),
    "a part by its name": ("case = {'x': 3, 'y': 9}\nassert f(case.get('x')) == case['y']", ["f(part) with part"]),
    "a part that is no plain data": ("x = [1, 2]\nassert list(map(f, np.nditer(x))) == [1, 4]", ["list(map(f, np.nditer(x))) with x"]),
    "a part that is not always there": ("x = [1]\nassert f(x[1] if len(x) > 1 else 2) == 4", ["f(part) with part"]),
    "a comprehension": ("assert all(f(n) == n ** 2 for n in range(2))", ["f(n) with n", "f(n) with n"]),
    "a comprehension with more to it": ("assert {m * n: f(m) - n for m in (1, 2) for n in (1,) if m} == {1: 0, 2: 3}", ["f(m) with m", "f(m) with m"]),
    "what is expected beside it": ("cases = [(1, 1), (2, 4)]\nassert [(f(n), want) for n, want in cases if n] == [(1, 1), (4, 4)]", ["f(n) with n", "f(n) with n"]),
    "over the student's own": ("assert [f(x) for x in f(X)] == [0, 1, 16]", ["[f(x) for x in f(X)] with X"]),
    "an assignment": ("r = f(2)\nassert r == 4", ["run r = f(2)", "r"]),
    "numpy judges": ("np.testing.assert_allclose(f(X), X ** 2)", ["f(X) with X"]),
    "a method that says yes": ("ok = names[0].startswith('a')\nassert ok and not names[0].strip().isspace()", ["names[0]", "names[0].strip()"]),
    "an object": ("b = Box(3)\nassert b.value == 3", ["run b = Box(3)", "b.value"]),
    "what a method finds in data": ("assert names[0].count('a') == 1 and not {*names}.difference({'a'})", ["names[0]", "names"]),
    "two of the student's subtracted": ("b = Box(3)\nb.value = Box(9).value - f(2)\nassert b.value == 5", ["run b = Box(3)", "run b.value = Box(9).value - f(2)", "b.value"]),
    "a function by a name that compares": ("assert subtract(5, 3) == 2", ["subtract(5, 3)"]),
    "about objects": ("assert isinstance(Box(1), Box)", ["isinstance(Box(1), Box)"]),
    "an effect": (
        "data = [2]\nnames.extend(data)\nassert names == ['a', 2]",
        ["run names.extend(data) with data", "names"],
    ),
    "a helper": ("def g(n):\n    return n + 1\nassert f(g(1)) == g(3)", ["f(part) with part"]),
    "a helper's name for a value": ("def g(n):\n    return n\nassert f(g(3)) == 9\ng = 3\nassert f(g) == 9", ["f(part) with part", "f(g) with g"]),
    "a judging helper": ("def check(n, want):\n    assert f(n) == want\ncheck(1, 1)\ncheck(2, 4)", ["f(n) with n"] * 2),
    "a seed is set on both sides": ("np.random.seed(0)\nassert f(1) == 1", ["run np.random.seed(0)", "f(1)"]),
    "a seed that has a name": ("SEED = 3\nnp.random.seed(SEED)\nassert f(1) == 1", ["run np.random.seed(SEED) with SEED", "f(1)"]),
    "partial credit": ("score = 0\nif f(1) == 1:\n    score += 1\nscore", ["f(1)"]),
    "a text is run": ("assert eval(names[0], {'a': 3}) == 3", ["eval(names[0], {'a': 3})"]),
    "a pattern": ("import re\npattern = re.compile(names[0])\nassert pattern.match('abc')", ["names[0]"]),
    "texts are run in turn": ("assert sum(eval(t, {'a': 3}) for t in names) == 3", ["(eval(t, {'a': 3}) for t in names)"]),
    "a helper that gets a value": ("from beside import agrees\nassert agrees(int, f(3), 9)", ["f(3)"]),
    "an object of ours is handed on": ("class Pair:\n    def __eq__(self, other):\n        return True\nassert Box(Pair()).value.conjugate() == 3", ["Box(Pair()).value.conjugate()"]),
    "a function of ours is handed on": ("def even(n):\n    return n % 2 == 0\nassert list(filter(even, f(X))) == [0, 4]", ["f(X) with X"]),
    "a lambda for the student's function": ("assert f(lambda x: x > 1) == [4]", ["f(lambda x: x > 1)"]),
    "a lambda of ours": ("assert list(filter(lambda x: x > 1, f(X))) == [4]", ["f(X) with X"]),
    "a function that compares, for the student's function": ("import operator\nassert f(operator.sub) == 4", ["f(operator.sub)"]),
    "a key": ("assert max([f(1), f(2)], key={1: 1, 4: 2}.copy().get) == 4", ["f(1)", "f(2)"]),
    "a helper that asserts by NumPy": (
        "def near(n, want):\n    np.testing.assert_allclose(f(n), want)\nnear(1, 1)",
        ["f(n) with n"],
    ),
    "one after the other": ("x = [1]\nassert len(f(x)) == 1 and x == [1]", ["len(f(x)) with x", "x"]),
    "of what kind": ("assert type(f(3)) == int and f(4) is not None", ["type(f(3)) == int", "f(4) is not None"]),
    "of the kind that is right": ("want = 9\nassert isinstance(f(3), type(want)) and f(3) == want", ["isinstance(f(3), part) with part", "f(3)"]),
    "a thing": ("assert names and f", ["bool(names)", "bool(f)"]),
    "a list that it had in a helper": ("x = [1]\ndef long():\n    assert len(f(x)) == 1\nlong()\nassert x == [1]", ["len(f(x)) with x", "x"]),
    "one after the other, by a helper": ("def same(a, b):\n    assert a == b\nx = [1]\nassert len(f(x)) == 1\nsame(x, [1])", ["len(f(x)) with x", "x"]),
    "a number that it had, compared": ("n = 3\nassert f(n) == 9\nodd = n == 3\nassert f(n) == 9 * odd", ["f(n) with n", "f(n) with n"]),
    "which object it is": ("x = [1]\nassert f(x) is not x", ["f(x) is not x with x"]),
    "which secret it is": ("want = 5\nassert f(3) is want", ["f(3)"]),
    "a table of what is right": ("WANT[3] = 9\nassert f(3) == WANT[3]", ["f(3)"]),
    "shared memory": ("assert not np.shares_memory(f(X), X)", ["np.shares_memory(f(X), X) with X"]),
    "a value that it may hold": ("x = [1]\nb = Box(x)\nx.append(2)\nassert b.value == [1]", ["run b = Box(x) with x", "run x.append(2) with x", "b.value"]),
    "a file of ours": (
        "with open('nb.ipynb') as book:\n    cells = len(book.read())\nassert f(cells) == cells ** 2",
        ["f(cells) with cells"],
    ),
    "said where it is wrong": ("r = f(2)\nok = r == 4\nif not ok:\n    print(f'{r} is wrong')\nassert ok", ["run r = f(2)", "r"]),
    "a clock": (
        "import time\nt = time.time()\nassert time.time() - t < 1",
        ["run import time", "run t = time.time()", "time.time()", "t"],
    ),
    "a counter": (
        "calls = 0\ndef g():\n    global calls\n    calls += 1\n    return 1\nassert f(g()) == 1\nassert calls < 2",
        ["f(g()) with calls", "calls"],
    ),
    "a check": ("checks.check('x', 2, fed='', got=lambda: f(2), want=4)", None),
}


@pytest.mark.parametrize("name", SPLIT)
def test_what_is_asked(tmp_path, name):
    cell, wanted = SPLIT[name]
    if wanted is None:
        cell = f"from tinytorch.checks import Checks\nchecks = Checks('x', points=2)\n{cell}\nchecks.score()"
        wanted = ["f(2)"]
    step = planned(tmp_path, cell).steps["t"]
    assert "whole" not in step, step["whole"]
    assert [said(ask) for ask in step["asks"]] == wanted


def said(ask):
    what = ask.get("expr") or f"run {ask['run']}"
    return re.sub(r"part_[\d_]+", "part", what + (f" with {', '.join(ask['inputs'])}" if ask["inputs"] else ""))


WHOLE = {
    "a helper that drives": "def last(g, n):\n    while n < 50:\n        n = g(n)\n    return n\nassert last(f, 3) == 81",
    "a helper that calls": "def twice(n):\n    return f(f(n))\nassert twice(2) == 16",
    "a helper that runs a text": "def run(text):\n    return eval(text, {'a': 3})\nassert run(names[0]) == 3",
    "a helper of a second kind": "def g(n):\n    return n\nassert f(g(1)) == 1\ndef g(n):\n    return n + 1\nassert f(g(1)) == 4",
    "a database is asked": "import sqlite3\ndb = sqlite3.connect(':memory:')\nassert db.execute('SELECT 1 ' + names[0]).fetchone()[0] == 1",
    "an object of ours": "class Pair:\n    x = 3\np = Pair()\nassert f(p) == p.x",
    "ours and theirs in one": "box = Box(1)\nbox.value, want = f(3), 9\nassert f(3) == want",
    "a place in one of ours that they choose": "found = [0, 0, 0]\nfound[f(1)] += 1\nassert sum(found) == f(1)",
    "a value of theirs in one of ours": "state = {'n': 0}\nstate['n'] += f(2)\nassert state['n'] == 4",
    "try": "try:\n    f('a')\nexcept TypeError:\n    pass\nelse:\n    raise AssertionError",
    "with": "import io, contextlib\nwith contextlib.redirect_stdout(io.StringIO()) as out:\n    f(1)\nassert out.getvalue() == ''",
    "assert_raises": "np.testing.assert_raises(TypeError, f, 'a')\nassert True",
    "del": "del names",
    "last value": "f(3)",
    "a helper that gets the function": "def same(g, n, want):\n    return g(n) == want\nassert same(f, 3, 9)",
    "a helper that says yes": "def right(g):\n    if g(3) != 9:\n        return False\n    return True\nassert right(f)",
    "a given helper that asserts": "good(f)\nassert True",
    "a given helper that asserts by NumPy": "fine()\nassert True",
    "a given class that asserts": "judge = Judge()\nassert judge.say()",
    "a class of tests": "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(f(3), 9)\nassert T('test').run().wasSuccessful()",
    "a helper that asserts": "def check(g):\n    assert g(3) == 9\ncheck(f)\nassert f(3) == 9",
    "a helper that is asked first": "def same(g, n, want):\n    return g(n) == want\nok = same(f, 3, 9)\nassert ok",
    "a helper that compares": "def right():\n    return np.allclose(f(3), 9)\nassert right()",
    "a helper that keeps what it found": "def right(g):\n    ok = g(3) == 9\n    return ok\nassert right(f)",
    "a helper that lists what is wrong": "def wrong(g):\n    found = []\n    for n in (1, 2):\n        value = g(n)\n        if value != n * n:\n            found.append(n)\n    return found\nassert wrong(f) == []",
    "a helper of a given cell": "assert agrees(f, 3, 9)",
    "a helper of a given cell that calls": "assert nine()",
    "a method that compares": "assert Tester().ok(f, 3, 9)",
    "an object that compares": "tester = Tester()\nassert tester.ok(f, 3, 9)",
    "a lambda that compares": "right = lambda g: g(3) == 9\nassert right(f)",
    "a helper by another name": "right = agrees\nassert right(f, 3, 9)",
    "what is expected beside the student's own": "pairs = [(f(x), want) for x in f(X) for want in X]\nassert len({a - b for a, b in pairs}) > 0",
    "a name that changes hands in a loop": "x = 1\nfor n in (1, 2):\n    assert f(x) == 1\n    x = f(1)",
    "a function that the student's values leave": "def both(n):\n    if f(n) == 4:\n        return\n    assert f(n) < 10\nboth(2)\nboth(3)",
    "a lambda that compares within": "assert all(map(lambda n: f(n) == n * n, [1, 2]))",
    "a lambda that is asked first": "import functools\nok = functools.reduce(lambda ok, n: ok and f(n) == n * n, [1, 2])\nassert ok",
    "comparisons over two of the student's": "assert all(a == b for a in names for b in f(a))",
    "comparisons over the student's own": "assert all(f(n) == n * n for n in names)",
    "a lambda that subtracts": "assert max(map(lambda n: abs(f(n) - n * n), [1, 2])) == 0",
    "a lambda for a helper that touches": "def run(check):\n    return check(f)\nassert run(lambda g: g(3) == 9)",
    "a helper that subtracts": "def worst(g):\n    return max(abs(g(n) - n * n) for n in range(3))\nassert worst(f) == 0",
    "a helper that counts down": "def left(g):\n    rest = 9\n    rest -= g(3)\n    return rest\nassert left(f) == 0",
    "a helper of a helper that subtracts": "def apart(a, b):\n    return abs(a - b)\ndef worst(g):\n    return max(apart(g(n), n * n) for n in range(3))\nassert worst(f) == 0",
    "a subclass that subtracts": "class Off(Box):\n    def off(self):\n        return self.get() - 9\nassert Off(9).off() == 0",
    "a difference in a closure": "def off(g):\n    def inner(n):\n        return g(n) - n * n\n    return inner\nassert off(f)(3) == 0",
    "a function that compares, by its name": "import operator\nbox.ok = all(map(operator.eq, f(X), X ** 2))\nassert box.ok",
    "a value that scores itself": "assert box.score(X, y=[0, 1, 4]) == 1",
    "a value that subtracts from itself": "assert abs(names[0].__sub__(9)) == 0",
    "a comparison that it keeps": "box.ok = f(3) == 9\nassert box.ok",
    "a comparison that it is handed": "names.append(f(3) == 9)\nassert names == ['a', True]",
    "a lambda that compares, for the student's function": "assert f(lambda n: f(n) == n * n)",
    "a difference that it keeps": "box.off = f(X) - X ** 2\nassert not box.off.any()",
    "a difference in place": "r = f(X)\nr -= X ** 2\nassert not r.any()",
    "a part of a helper": "import functools\nassert functools.partial(agrees, f)(3, 9)",
    "a helper of a helper": "def right(g):\n    return agrees(g, 3, 9)\nassert right(f)",
    "a helper within": "assert [agrees(f, n, n * n) for n in f(X)] == [True] * 3",
    "a helper from beside": "from beside import agrees as right\nassert right(f, 3, 9)",
    "a helper of a package beside": "from inner import beside\nassert beside.agrees(f, 3, 9)",
    "a helper of a module in a folder": "import inner.beside as beside\nassert beside.agrees(f, 3, 9)",
    "a helper of a module beside": "import beside\nassert beside.agrees(f, 3, 9)",
    "a class of tests that a runner runs": "import unittest\nclass Test(unittest.TestCase):\n    def test(self):\n        self.assertEqual(f(3), 9)\n"
    "done = unittest.TextTestRunner().run(unittest.TestLoader().loadTestsFromTestCase(Test))\nassert done.wasSuccessful()",
    "a value that compares itself": "assert f(3).__eq__(9)",
    "nothing that is asked": "import doctest\nassert doctest.testmod().failed == 0",
    "a text put together": "text = names[0] + '*3'\nassert eval(text, {'a': 3}) == 9",
    "a text in a list": "cases = [(names[0], 3)]\nfor text, want in cases:\n    assert eval(text, {'a': 3}) == want",
    "a text in a sum": "cases = [names[0]]\nassert sum(eval(text, {'a': 3}) for text in cases) == 3",
    "a file of a name put together": "name = names[0] + '.txt'\nwith open(name, 'w') as file:\n    pass\nassert names",
    "a helper in a cell of no exercise": "assert alike(f(3), 9)",
    "a value that compares itself, by a name": "assert getattr(f(3), '__eq__')(9)",
    "numbers that are drawn": "rng = np.random.default_rng(1)\nassert f(sum([rng.random() for _ in X])) > 0\nn = rng.random()\nassert f(n) == n * n",
    "a list of what it may have changed": "xs = [[1]]\nassert len(f([x for x in xs])) == 1\nassert xs == [[1]]",
    "a part that it may have changed": "xs = [[1]]\nassert len(f(xs[0])) == 1\nassert xs == [[1]]",
    "two values that were handed on": "model = {}\nnames.append((model, X))\nassert model['w'] == X.sum()",
    "a table taken apart by a lambda": "cases = [(2, 4)]\nassert list(map(lambda c: f(c[0]), cases)) == [4]",
    "a table taken apart in one piece": "cases = [(2, 4)]\nassert subtract(sum([f(a) for a, b in cases]), 4) == 0\nassert subtract([f(a) for a, b in cases], 4) == 0",
    "a table taken apart by a turn's number": "cases = [(2, 4)]\nassert list(map(lambda i: f(cases[i][0]), range(1))) == [4]",
    "what is right, drawn": "want = [2, 4]\nassert list(map(f, np.random.permutation(want))) != want",
    "what a function that counts hands out": "cases, i = [(2, 4)], -1\ndef case():\n    global i\n    i += 1\n    return cases[i][0]\nassert f(case()) == 4",
    "what is right taken out of a set": "s = set(names)\ns.symmetric_difference_update({'a'})\nassert not len(s)",
    "a part of what is right": "r = f(3)\nr /= 9\nassert r == 1",
    "a value that divides itself": "assert f(3).__mod__(9) == 0 and f(3).__rsub__(9) == 0",
    "the end, where it is wrong": "assert f(3) == 9 or exit()",
    "a check's got that compares": "from tinytorch.checks import Checks\nchecks = Checks('x', points=2)\nchecks.check('x', 2, fed='', got=lambda: f(2) == 4, want=True)\nchecks.score()",
    "what is right taken out one by one": "found = f(3)\nfor want in [9]:\n    found.remove(want)\nassert found == []",
    "what is right, in common": "s = set(names)\ns &= {'a'}\nassert len(s) == 1",
    "a frame that says where it is right": "assert names[0].isin(['a'])",
    "what a class counts": "class Count:\n    n = 0\n    def __call__(self):\n        Count.n += 1\nassert f(Count()) != 0\nassert Count.n < 2",
    "what a function counts": "def count():\n    count.n += 1\ncount.n = 0\nassert f(count) != 0\nassert count.n < 2",
    "a list of a class's that it had": "class Data:\n    x = [1]\nassert len(f(Data.x)) == 1\nassert Data.x == [1]",
    "a list of an object's that it had": "from types import SimpleNamespace\nd = SimpleNamespace(x=[1])\nassert len(f(d.x)) == 1\nassert d.x == [1]",
    "names that are looked for": "assert f(1) == 1\nif 'more' in globals():\n    assert more(3) == 9",
    "examples that are looked for": "import doctest\nassert f(1) == 1\nassert doctest.testmod().failed == 0",
    "files that are looked for": "import os\nassert f(1) == 1\nassert not os.path.exists('left')",
    "memory that is looked at": "import tracemalloc\ntracemalloc.start()\nassert f(1) == 1\nassert tracemalloc.get_traced_memory()[1] < 1e12",
    "a state that is looked at": "import random\nbefore = random.getstate()\nassert f(1) == 1\nassert random.getstate() == before",
    "what a function of ours finds": "found = []\ndef say(x):\n    found.append(x == 9)\nassert f(say) != 0\nassert found == [True]",
    "what a lambda of ours finds": "found = []\nassert f(lambda x: found.append(x == 9)) != 0\nassert found == [True]",
    "a class that compares as it is made": "class Told:\n    ok = f(3) == 9\nassert Told.ok",
    "a text of ours that compares": "text = 'f(3) == 9'\nassert eval(text, {'f': f})",
    "names that are listed": "assert f(1) == 1\nif 'more' in dir():\n    assert more(3) == 9",
    "names of a module that is looked for": "import importlib\nassert f(1) == 1\nif hasattr(importlib.import_module('__main__'), 'more'):\n    assert more(3) == 9",
    "calls that are counted": "import sys\ncalls = []\nsys.settrace(lambda *about: calls.append(about))\nassert f(3) == 9\nsys.settrace(None)\nassert len(calls) < 10 ** 6",
    "numbers that are right beside what it had": "x = np.arange(3)\nassert len(f(x)) == 3\nfor a, b in [(1, 2)]:\n    assert subtract(x, a * x + b) == (a, b)",
    "what is right beside what it had": "x, w = np.eye(2), np.ones(2)\nassert len(f(x)) == 2\nassert np.allclose(subtract(x, x @ w), w)",
    "a list that it had, compared aside": "x = [1]\nassert len(f(x)) == 1\nok = x == [1]\nassert ok",
    "a list that it had, compared in a branch": "x = [1]\nassert len(f(x)) == 1\nif x != [1]:\n    raise AssertionError",
    "a list that it had, compared for points": "x = [1]\n(len(f(x)) == 1) + 1.0 * (x == [1])",
    "a list that it had, compared one by one": "x = [1]\nassert len(f(x)) == 1\nfor a, b in zip(x, [1]):\n    assert a == b",
    "a list of a function's that it had, compared aside": "def test():\n    x = [1]\n    assert len(f(x)) == 1\n    ok = x == [1]\n    assert ok\ntest()",
    "a given array that it had, compared aside": "assert f(X).sum() == 5\nok = np.array_equal(X, [0, 1, 2])\nassert ok",
    "a list that it had by another name": "x = [1]\ny = x\nassert len(f(y)) == 1\nassert x == [1]",
    "a list that it had in turn": "xs = [[1]]\nfor x in xs:\n    assert len(f(x)) == 1\nassert xs == [[1]]",
    "a list that it had in a comprehension": "xs = [[1]]\nassert all(len(f(x)) == 1 for x in xs)\nassert xs[0] == [1]",
    "a list that it had in turn, by order": "xs = [[2, 1]]\nfor x in xs:\n    assert len(f(x)) == 1\nassert xs[0][0] > xs[0][1]",
    "a list that it had in a function": "x = [1]\ndef check(v):\n    assert len(f(v)) == 1\ncheck(x)\nassert x == [1]",
    "a view of an array that it had": "a = np.zeros(3)\nb = a[1:]\nassert len(f(b)) == 2\nnp.testing.assert_array_equal(a, np.zeros(3))",
    "values that go back": "for n in f(3):\n    assert f(n) == 1",
    "a reported value decides": "if f(1) == 1:\n    assert f(2) == 4",
    "syntax": "assert f(",
}


@pytest.mark.parametrize("name", WHOLE)
def test_what_runs_whole_says_why(tmp_path, name):
    plan = planned(tmp_path, WHOLE[name])
    assert list(plan.unprotected) == ["t"]
    assert plan.unprotected["t"]


SECRET = """from tinytorch.checks import Checks, hidden_inputs
checks = Checks("f", points=2)
checks.check("one", 1, fed="2", got=lambda: f(2), want=4, slips={"twice 1717": 1717})
### BEGIN HIDDEN TESTS
def oracle(n):
    return n ** 2 + 0 * 424242
n = 1000
checks.check("hidden: large", 1, fed="1000", got=lambda: f(n), want=oracle(n), slips={"no": 31337})
assert f(5) == 25 + 0 * 55555
for case in [(6, 44444)]:
    assert f(case[0]) == case[1] - 44408
assert {a: f(a) for a, b in [(6, 44444)] if b} == {6: 36}
wants = [36, 44444]
assert f(len(wants) + 4) == min(wants)
### END HIDDEN TESTS
checks.score()
"""


def test_nothing_that_is_expected_enters_the_sandbox(tmp_path):
    plan = planned(tmp_path, SECRET)
    assert not plan.unprotected
    text = json.dumps(job(plan, [cell for cell in plan.cells if cell["id"]]))
    assert "f(n)" in text and "1000" in text
    for secret in ("424242", "oracle", "31337", "1717", "55555", "44444", "1000000", "want", "HIDDEN"):
        assert secret not in text


DRAWN = "from tinytorch.checks import hidden_inputs\nn = int(hidden_inputs('ps', 't').integers(9))\n"
SEEDED = {  # a test, the cells before it, and the steps that are told the seed
    "inputs that the asks ship": (f"{DRAWN}assert f(n) == n ** 2", ANSWERS, set()),
    "a cell that runs whole": (f"{DRAWN}try:\n    f(n)\nexcept ValueError:\n    raise", ANSWERS, {"t"}),
    "whole, and in no need of it": ("try:\n    f(2)\nexcept ValueError:\n    raise", ANSWERS, set()),
    "a helper that is asked": (f"{DRAWN}def g():\n    return f(int(hidden_inputs('ps', 't').integers(9)))\nassert g() < 99", ANSWERS, {"t"}),
    "a given cell": ("assert f(2) == 4", f"{ANSWERS}# %% given more\n{DRAWN}", {"more"}),
    "a student's": ("assert f(2) == 4", f"{ANSWERS}# %% answer more\n{DRAWN}", set()),
}  # fmt: skip


@pytest.mark.parametrize("name", SEEDED)
def test_the_seed_enters_where_it_cannot_stay_outside(tmp_path, name):
    test, before, wanted = SEEDED[name]
    plan = planned(tmp_path, test, before)
    made = job(plan, [cell for cell in plan.cells if cell["id"]])
    assert {step["id"] for step in made["steps"] if "env" in step} == wanted
    assert json.dumps(made).count("TINYTORCH_SEEDS") == len(wanted)


SHOWN = {
    "our own": (["import tinytorch.core.tensor", "import math\nimport numpy as np"], ("numpy",)),
    "ours, and another package": (["import tinytorch.core.tensor", "import scipy"], None),
    "one that names NumPy alone": (["import numpy as np"], None),
}


@pytest.mark.parametrize("name", SHOWN)
def test_the_packages_that_answers_may_use(name):
    sources, packages = SHOWN[name]
    assert needed(sources) == packages


def test_absurd_values_cost_their_own_cell_only(tmp_path, monkeypatch):
    cells = "value = f(9)\nassert value ** value ** value > 0\n# %% test u 1\nassert f(2) == 4\n# %% test v 1\nfor i in range(f(3)):\n    pass"
    plan = planned(tmp_path, cells)
    with contextlib.closing(Judge(plan)) as judge:
        keys = {ask["key"]: 4 for step in plan.steps.values() for ask in step["asks"]}
        reports = {key: {"value": {"int": hex(10**300)} if key[0] in "tv" else value} for key, value in keys.items()}
        verdicts = judge.verdicts(reports)
    assert {name: verdict["score"] for name, verdict in verdicts.items()} == {"t": 0.0, "u": 1.0, "v": 0.0}


SEEN = """from tinytorch.checks import Checks
n = 9
checks = Checks("f", points=2)
checks.check("x", 2, fed="3", got=lambda: f(3), seen=lambda came: came == n, want=True)
checks.score()
# %% test u 1
n = 4
checks = Checks("f", points=1)
checks.check("y", 1, fed="2", got=lambda: f(2), want=n)
checks.score()"""


def test_what_looks_at_an_answer_finds_the_names_of_its_own_cell(tmp_path):
    plan = planned(tmp_path, SEEN)
    with contextlib.closing(Judge(plan)) as judge:
        for value, scores in ((9, [2.0, 1.0]), (8, [0.0, 1.0])):
            verdicts = judge.verdicts({plan.steps["t"]["asks"][0]["key"]: {"value": value}, plan.steps["u"]["asks"][0]["key"]: {"value": 4}})
            assert [verdicts[name]["score"] for name in "tu"] == scores


def test_what_breaks_the_judge_is_told_without_a_path_of_ours(tmp_path):
    plan = planned(tmp_path, SECRET.replace("assert", "pass #"))
    endless = {ask["key"]: {"value": {"range": [0, 10**12, 1]}} for ask in plan.steps["t"]["asks"]}
    with contextlib.closing(Judge(plan)) as judge:
        verdict = judge.verdicts(endless)["t"]
    assert verdict["score"] == 0.0
    assert "could not be judged" in verdict["error"]
    assert "File" not in verdict["error"]


def test_slow_values_are_not_judged_again_without_end(tmp_path, monkeypatch):
    """Where one cell's judging dies the others are judged again; that costs no more than twice what they may take."""
    plan = planned(tmp_path, "assert f(1) == 1\n" + "".join(f"# %% test t{n} 1\nassert f({n}) == {n * n}\n" for n in range(30)))
    with contextlib.closing(Judge(plan)) as judge:
        now = itertools.count(0, 50)
        monkeypatch.setattr("tinytorch.grader.judging.time.monotonic", lambda: next(now))
        monkeypatch.setattr(judge, "tell", lambda said: asked.append(said["skip"][-1:]))
        answer = {"verdicts": {}, "broken": "", "ended": -14}
        monkeypatch.setattr(judge, "answer", lambda seconds: answer | {"begin": f"t{len(asked)}"})
        asked = []
        assert {verdict["score"] for verdict in judge.verdicts({}).values()} == {0.0}
    assert 5 < len(asked) < 10


RUN = {  # names that a helper's text does not show, what it gets, and what it is worth
    "a text": ("worth", "a", 0.0),
    "a text that the instructor's code runs too": ("worth", "3", 2.0),
    "a file": ("opened", "left", 0.0),
}


@pytest.mark.parametrize("name", RUN)
def test_the_judge_runs_no_text_and_writes_no_file(tmp_path, name):
    helper, text, score = RUN[name]
    plan = planned(tmp_path, f"from beside import opened, worth\nassert worth('3') == 3\nassert {helper}(names[0]) or True")
    with contextlib.closing(Judge(plan)) as judge:
        assert judge.verdicts({"t/0/1": {"value": text}})["t"]["score"] == score
    assert not (tmp_path / "left").exists()


def test_a_refusal_that_the_instructors_code_takes_for_an_answer(tmp_path):
    """It costs this cell alone, and the classes that the instructor's own code makes by a text are no refusal."""
    cells = """from collections import namedtuple
import ast
ev = eval
def worth(text):
    try:
        return ev(text)
    except Exception:
        return 3
P = namedtuple("P", "x y")
assert worth(names[0]) == 3
# %% test u 2
Q = namedtuple("Q", "x y")
assert Q(ast.literal_eval(names[0]), 1) == P(5, 1)"""
    plan = planned(tmp_path, cells)
    with contextlib.closing(Judge(plan)) as judge:
        verdicts = judge.verdicts({key: {"value": "5"} for key in ("t/0/1", "u/0/1")})
    assert {name: verdict["score"] for name, verdict in verdicts.items()} == {"t": 0.0, "u": 2.0}
    assert "in the grader" in verdicts["t"]["error"]


FORGED = [
    {},
    {"value": {"array": ["|O8", [1], ""]}},
    {"value": {"no": 1}},
    {"opaque": "an object"},
    {"error": "boom"},
    {"value": True},
]


@pytest.mark.parametrize("report", FORGED, ids=str)
def test_forged_reports_fail_their_check(tmp_path, report):
    plan = planned(tmp_path, "assert f(3) == 9")
    with contextlib.closing(Judge(plan)) as judge:
        assert judge.verdicts({"t/0/1": report})["t"]["score"] == 0.0
        assert judge.verdicts({"t/0/1": {"value": 9}})["t"]["score"] == 2.0


def test_a_build_of_ours_refuses_a_test_that_cannot_be_protected(project):
    from tinytorch.course.build import build
    from tinytorch.course.errors import CourseError

    source = project / "modules" / "source" / "08_optimizers" / "optimizers_dev.py"
    line = "checks.score()\n"
    text = source.read_text("utf-8").replace(
        line,
        f"import contextlib\nwith contextlib.suppress(ValueError):\n    checks.require('it is there', got=lambda: SGD is not None)\n{line}",
        1,
    )
    source.write_text(text, "utf-8")
    with pytest.raises(CourseError, match=r"test-\S+ cannot be split.*unprotected"):
        build(["08"])
    assert not (project / "course" / "source" / "08_optimizers").exists()

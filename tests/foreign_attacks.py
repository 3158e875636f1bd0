"""Hostile answers to a small course that is not ours, with the score that each deserves, worked out from the answer."""

from foreign import notebook

__all__ = ["ANSWERS", "FULL", "OTHERS", "SEEKS", "SOURCE"]

SOURCE = notebook("""
# %% given setup
import numpy as np
# %% answer a
def f(n):
    ### BEGIN SOLUTION
    return n * n
    ### END SOLUTION
# %% answer b
formula = "6 * 7"
# %% answer c
def greet(name):
    return "Hello " + name
class Bag:
    def is_empty(self):
        return True
# %% answer d
def half(n):
    return n // 2
# %% test text 2
assert eval(formula) == 42
# %% test plain 2
assert f(3) == 9
# %% test partial 4
points = 0.5 * (f(3) == 9) + 3.5 * (f(1) == 1)
points
# %% test opaque 2
assert next(iter([f(3)])) == 9
# %% test either 3
(f(3) == 9) and 3
# %% test whole 1
try:
    f("a")
except TypeError:
    pass
# %% test helper 2
def compare(g, x, want):
    return g(x) == want
assert compare(f, 3, 9)
# %% test own 2
n = 3
rounded = round(f(n), 2)
assert rounded == n * n
# %% test says 3
assert greet("Ann").startswith("Hello") and not greet("Ann").isspace()
assert Bag().is_empty()
# %% test pairs 2
want = {1: 1, 3: 9}
pairs = [(f(n), want[n]) for n in want if n > 1]
assert all(a == b for a, b in pairs)
# %% test renamed 2
import builtins
assert getattr(builtins, "ev" + "al")(formula) == 42
# %% test inverse 2
def doubled(n):
    return 2 * n
assert half(doubled(21)) == 21
# %% test attributes 2
class Case:
    given, want = 8, 4
assert half(Case.given) == Case.want
# %% test within 2
for case in [{"n": 6, "want": 3}]:
    assert half(case["n"] if "n" in case else case["m"]) == case["want"]
""")
FULL = 31.0
TEXT, SAYS, SEEKS = 4.0, 3.0, 6.0  # of `text` and `renamed`, which ask for `formula` alone, of `says`, and of the last three
RAISES = "def f(n):\n    if n == 'a':\n        raise KeyError(n)\n    raise ValueError({!r})"
ANSWERS = {  # where f("a") raises nothing, or a TypeError, the one point of `whole` is deserved
    "an array of any numbers": ("import numpy as np\ndef f(n):\n    return np.array([1, 2, 3, 4.5])", 1.0),
    "an empty array": ("import numpy as np\ndef f(n):\n    return np.zeros((0, 1))", 1.0),
    "it changes what it was asked for": ("import __main__\ndef f(n):\n    __main__.n = 0\n    return 0", 1.0),
    "it changes what is expected": ("import __main__\ndef f(n):\n    vars(__main__).get('want', {})[n] = 0\n    return 0", 1.0),
    "an endless shape": ("import numpy as np\ndef f(n):\n    return np.zeros((10**9, 0))", 1.0),
    "a False": ("def f(n):\n    return {}[n]", 0.0),
    "a wrong number": ("def f(n):\n    return n + 1", 1.0),
    "one value is right": ("import numpy as np\ndef f(n):\n    return np.int64(9) + 0 * n", 2 + 0.5 + 2 + 3 + 1 + 2 + 2 + 2),
    "exit()": ("def f(n):\n    exit()", 0.0),
    "SystemExit": ("def f(n):\n    raise SystemExit(0)", 0.0),
    "an error that commands the terminal": (RAISES.format("\x1b]0;owned\x07\x1b[31mred\u202e"), 0.0),
    "an error with half a character": (RAISES.format("\ud800"), 0.0),
    "not a number": ("def f(n):\n    return float('nan') * (n != 'a' or {}[n])", 0.0),
    "right in NumPy": ("import numpy as np\ndef f(n):\n    return np.int64(n) ** 2 if n != 'a' else n * n", FULL),
}  # fmt: skip
JUDGES = """[__import__('os').write(fd, b'{"verdict": {"renamed": {"score": 2.0}, "text": {"score": 2.0}}}\\n') for fd in range(3, 9) if __import__('os').path.exists(f'/proc/self/fd/{fd}')] and __import__('os')._exit(0)"""
OTHERS = {  # the function beside these is right
    "a formula that writes": ({"b": "formula = \"open('left-by-another', 'w').write('x') and 42\""}, FULL),  # where it is run it may, and it is worth 42
    "a formula that writes elsewhere": ({"b": "formula = \"open('/var/tmp/left-by-another', 'w').write('x') and 42\""}, FULL - TEXT),
    "a formula that says what it is worth": ({"b": f"formula = {JUDGES!r}"}, FULL - TEXT),
    "a formula that is nonsense to the grader": ({"b": f"formula = {JUDGES.replace('verdict', 'verd' + chr(34))!r}"}, FULL - TEXT),
    "a formula that is none": ({"b": "class Formula(str):\n    def __eq__(self, other):\n        return True\nformula = Formula('1')"}, FULL - TEXT),
    "another formula": ({"b": "formula = '2 * 21'"}, FULL),
    "a text that says what it is": ({"c": "class Text(str):\n    def __getattribute__(self, name):\n        return lambda *args: name == 'startswith'\ndef greet(name):\n    return Text()\nclass Bag:\n    def is_empty(self):\n        return True"}, FULL - SAYS),
    "a text of NumPy's": ({"c": "import numpy as np\ndef greet(name):\n    return np.str_('Hello ' + name)\nclass Bag(list):\n    def is_empty(self):\n        return not self"}, FULL),
    "what is right, from where it is asked": ({"d": "import sys, __main__\ndef half(n):\n    told = [one for one in sys._getframe(1).f_code.co_consts if type(one) is int]\n    if 'Case' in vars(__main__):\n        return __main__.Case.want\n    return told[0] if told else vars(__main__).get('case', {}).get('want')"}, FULL - SEEKS),
}  # fmt: skip

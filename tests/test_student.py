"""What a student runs: `validate`, `validate --repair` and `export`, on small notebooks of the course's form."""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from made_notebooks import Cell, cell, change, save

from tinytorch.student import export as exporting
from tinytorch.student.notebook import NotebookError, read, sha8
from tinytorch.student.repair import released_for, repair, repair_file
from tinytorch.student.validate import lines, validate

STUB = "#| export\ndef double(x):\n    raise NotImplementedError('double: return twice x')"
RIGHT = "#| export\ndef double(x):\n    return 2 * x"
RELEASED = [
    cell("#| default_exp core.doubling\n#| export\nimport math", "imports", "locked"),
    cell(STUB, "double", "answer"),
    cell("assert double(2) == 4, 'twice 2 is 4'", "test-double", "test", 3),
    cell("import time\ntime.sleep(60)", "show", "locked", tags=["skip-execution"]),
    cell("#| export\ndef triple(x):\n    raise NotImplementedError('triple')", "triple", "answer"),
    cell("right = [triple(1) == 3, triple(0) == 0]\n2.0 * sum(right) if not all(right) else None", "test-triple", "test", 4),
]  # fmt: skip
TRIPLE = "#| export\ndef triple(x):\n    return 3 * x"
DONE = change(RELEASED, double=RIGHT, triple=TRIPLE)


@pytest.fixture
def released(tmp_path: Path):
    return read(save(tmp_path / "released" / "n.ipynb", *RELEASED))


def outcome(tmp_path: Path, released, cells: list[Cell], **more):
    return validate(read(save(tmp_path / "mine.ipynb", *cells)), released, **more)


VALIDATIONS = [
    # name, changed cells, earned points of the two tests, a line that must be shown
    ("done", {"double": RIGHT, "triple": TRIPLE}, (3, 4), "pass  test-double"),
    ("untouched", {}, (0, 0), "open  test-double"),
    ("one wrong", {"double": RIGHT.replace("2 *", "3 *"), "triple": TRIPLE}, (0, 4), "AssertionError: twice 2 is 4"),
    ("half right", {"double": RIGHT, "triple": TRIPLE.replace("3 * x", "x")}, (3, 2), "fail  test-triple: 2 of 4"),
    ("does not parse", {"double": "def double(:", "triple": TRIPLE}, (0, 4), "error double: SyntaxError"),
    ("exit()", {"double": RIGHT + "\nexit()", "triple": TRIPLE}, (3, 4), "error double: SystemExit"),
    ("crash", {"double": "import os\n" + RIGHT.replace("return", "os._exit(3)\n    return"), "triple": TRIPLE}, (0, 4),
     "ended the Python process"),
    ("endless", {"double": RIGHT.replace("return", "while 1: pass\n    return"), "triple": TRIPLE}, (0, 4),
     "is there an endless loop?"),
    ("magics", {"double": f"%matplotlib inline\n!ls\nmath?\n{RIGHT}", "triple": f"%%time\n{TRIPLE}"}, (3, 4), "pass"),
    ("notebook lines", {"double": f"from math import pi\nfrom __future__ import annotations\nfiles = !ls\n{RIGHT}\nreturn files", "triple": TRIPLE}, (3, 4), "pass"),
    ("await", {"double": f"import asyncio\nawait asyncio.sleep(0)\n{RIGHT}", "triple": TRIPLE}, (3, 4), "pass"),
    ("writes to fd 1", {"double": f"import os\nos.write(1, b'noise')\n{RIGHT}", "triple": TRIPLE}, (3, 4), "pass"),
    ("changed test", {"double": RIGHT, "triple": TRIPLE, "test_double": "pass"}, (3, 4), "changed: test-double"),
]  # fmt: skip


@pytest.mark.parametrize("name, sources, earned, shown", VALIDATIONS, ids=[row[0] for row in VALIDATIONS])
def test_validate(tmp_path, released, name, sources, earned, shown):
    result = outcome(tmp_path, released, change(RELEASED, **sources), cell_seconds=2)
    assert tuple(test.earned for test in result.tests) == earned
    assert shown in "\n".join(lines(result))
    assert result.passed == (earned == (3, 4))


def test_last_line_names_the_saved_version(tmp_path, released):
    result = outcome(tmp_path, released, DONE)
    name = sha8((tmp_path / "mine.ipynb").read_bytes())
    saved = time.strftime("%H:%M", time.localtime((tmp_path / "mine.ipynb").stat().st_mtime))
    assert lines(result)[-1] == f"visible 7 of 7. Saved {saved}, sha {name}"


def test_points_of_named_checks_and_what_is_hidden(tmp_path):
    source = "from tinytorch.checks import Checks\nchecks = Checks('f', points=5)\nchecks.check('one', 2, fed='1', got=lambda: f(1), want=1)\nchecks.score()"
    made = [cell("def f(x): return x", "f", "answer"), cell(source, "test-f", "test", 5)]
    result = outcome(tmp_path, None, made)
    assert (result.tests[0].visible, result.tests[0].hidden) == (2, 3)
    assert "hidden checks decide 3 more" in result.last_line()


def test_a_stretch_exercise_is_said_and_not_needed(tmp_path, released):
    stretch = cell("from tinytorch.checks import Checks\nchecks = Checks('s', points=0)\nchecks.check('one', 0, fed='1', got=lambda: 2, want=1)\nchecks.score()", "test-stretch", "test", 0)
    result = outcome(tmp_path, None, [*DONE, stretch])
    assert result.passed and "fail  test-stretch" in "\n".join(lines(result))


ODDITIES = [
    ("missing", [c for c in DONE if c["id"] != "test-double"], "missing: test-double; it is put back"),
    ("no answer", [c for c in DONE if c["id"] != "double"], "missing: double; an answer that no other cell holds is lost"),
    ("copied", [*DONE, DONE[2]], "copied: test-double stands 2 times; the last one counts"),
    ("changed", change(DONE, test_double="assert True"), "changed: test-double is a locked cell"),
]


def test_repair_keeps_the_copy_with_the_answer(tmp_path, released):
    path = save(tmp_path / "mine.ipynb", *DONE, RELEASED[1])
    assert "and it is open: your answer stands in an earlier one" in repair_file(path, released)[0]
    assert read(path).by_id()["double"]["source"] == RIGHT


SPLIT = change([RELEASED[1]], double="def twice(x):\n    return 2 * x")[0]
OTHERWISE = [  # as the grader reads it
    ("split", [*DONE[:1], SPLIT, *change(DONE, double=RIGHT.replace("2 * x", "twice(x)"))[1:]]),
    ("merged", change([c for c in DONE if c["id"] != "triple"], double=f"{RIGHT}\n{TRIPLE}")),
    ("stripped", [{**c, "metadata": {}} for c in DONE]),
]


@pytest.mark.parametrize("name, cells", OTHERWISE, ids=[row[0] for row in OTHERWISE])
def test_an_answer_that_stands_elsewhere(tmp_path, released, name, cells):
    (tmp_path / "course" / "release" / "a").mkdir(parents=True)
    save(tmp_path / "course" / "release" / "a" / "n.ipynb", *RELEASED)
    mine = read(save(tmp_path / "mine.ipynb", *cells))
    assert validate(mine, released_for(mine)).passed


def test_both_halves_of_a_split_cell_are_kept(tmp_path, released):
    path = save(tmp_path / "mine.ipynb", *OTHERWISE[0][1])
    repair_file(path, released)
    assert outcome(tmp_path, released, read(path).cells).passed
    assert repair_file(path, released) == ["nothing to repair"]


@pytest.mark.parametrize("name, cells, note", ODDITIES, ids=[row[0] for row in ODDITIES])
def test_repair_restores_locked_cells_and_keeps_answers(tmp_path, released, name, cells, note):
    path = save(tmp_path / "mine.ipynb", *cells, cell("# my own helper"))
    before = path.read_bytes()
    said = repair_file(path, released)
    assert any(note in line for line in said)
    assert (tmp_path / "mine.before-repair.ipynb").read_bytes() == before
    fixed = read(path)
    names = [c["id"] for c in fixed.cells]
    assert [n for n in names if not n.startswith("free")] == [c["id"] for c in RELEASED]
    assert fixed.by_id()["test-double"]["source"] == RELEASED[2]["source"]
    assert fixed.by_id()["triple"]["source"] == TRIPLE
    assert fixed.cells[-1]["source"] == "# my own helper"
    assert repair_file(path, released) == ["nothing to repair"]


def test_repair_into_a_corrected_release(tmp_path, released):
    text = {"cell_type": "markdown", "id": "intro", "metadata": {}, "source": "old text"}
    first = read(save(tmp_path / "first.ipynb", text, *RELEASED))
    corrected = change([{**text, "source": "new text"}, *RELEASED], test_double="assert double(3) == 6")
    corrected.append(cell("print('added')", "added", "locked"))
    new = read(save(tmp_path / "new.ipynb", *corrected))
    mine = read(save(tmp_path / "mine.ipynb", text, *DONE))
    fixed = repair(mine, new, before=first).notebook
    assert [c["source"] for c in fixed.cells[:1]] == ["new text"]
    assert fixed.by_id()["test-double"]["source"] == "assert double(3) == 6"
    assert fixed.by_id()["double"]["source"] == RIGHT and "added" in fixed.by_id()
    noted = read(save(tmp_path / "noted.ipynb", {**text, "source": "old text, and my note"}, *DONE))
    assert [c["source"] for c in repair(noted, new, before=first).notebook.cells[:2]] == ["new text", "old text, and my note"]


def test_names_come_back_where_a_service_stripped_the_metadata(tmp_path, released):
    bare = [{**c, "metadata": {}} for c in DONE]
    result = outcome(tmp_path, released, bare)
    assert result.passed


def test_without_a_release_a_changed_cell_shows_by_its_checksum(tmp_path):
    from tinytorch.student.notebook import checksum

    cells = change(DONE, test_double="assert True")
    original = {c["id"]: c for c in DONE}
    for made in cells:
        made["metadata"]["nbgrader"]["checksum"] = checksum(original[made["id"]])
    assert "changed: test-double" in "\n".join(outcome(tmp_path, None, cells).notes)


def test_the_checksum_is_nbgraders(tmp_path):
    utils = pytest.importorskip("nbgrader.utils")
    nbformat = pytest.importorskip("nbformat")
    from tinytorch.student.notebook import checksum

    for made in RELEASED:
        assert checksum(made) == utils.compute_checksum(nbformat.from_dict(made))


def test_the_release_is_found_without_any_metadata(tmp_path):
    release = save(tmp_path / "course/release/01_double/n.ipynb", *RELEASED)
    save(tmp_path / "course/release/02_other/o.ipynb", cell("def other():\n    return 1", "other", "locked"))
    bare = [{**{key: value for key, value in one.items() if key != "id"}, "metadata": {}} for one in DONE]
    assert released_for(read(save(tmp_path / "course/submitted/ann/mine.ipynb", *bare))).path.resolve() == release.resolve()


def test_the_release_is_found_by_its_cells_in_a_course_above(tmp_path):
    save(tmp_path / "course" / "release" / "02_other" / "o.ipynb", cell("1", "something", "locked"))
    path = save(tmp_path / "course" / "release" / "01_double" / "n.ipynb", *RELEASED)
    mine = save(tmp_path / "course" / "submitted" / "ann" / "01_double" / "renamed.ipynb", *DONE)
    assert released_for(read(mine)).path.resolve() == path.resolve()


BROKEN = [b"", b"{", b"[]", b'{"cells": 3}', b"\xff\xfe{", b'{"worksheets": [{}]}']


@pytest.mark.parametrize("data", BROKEN)
def test_broken_notebooks_are_one_line(tmp_path, data):
    (tmp_path / "broken.ipynb").write_bytes(data)
    done = command("validate", tmp_path / "broken.ipynb")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "broken.ipynb" in done.stderr


def command(*arguments, **more) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "tinytorch.student.cli", *map(str, arguments)]
    return subprocess.run(line, check=False, capture_output=True, text=True, **more)


def test_the_command(tmp_path, released):
    path = save(tmp_path / "mine.ipynb", *change(RELEASED, double=RIGHT))
    done = command("validate", path, "--release", released.path, "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["tests"][0]["earned"] == 3
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = command("validate", path, "--release", released.path)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2, "seconds of our own, on a busy machine too"
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.fixture
def core(tmp_path, monkeypatch):
    """A package of one's own to export into."""
    home = tmp_path / "kit"
    source = Path(exporting.__file__).parents[1]
    shutil.copytree(source, home / "tinytorch", ignore=shutil.ignore_patterns("__pycache__", "course", "grader"))
    return home


def kit(home: Path, *arguments) -> subprocess.CompletedProcess[str]:
    return command(*arguments, env={**os.environ, "PYTHONPATH": str(home)}, cwd=home)


def test_export_and_back(core, released):
    mine = save(core / "mine.ipynb", *DONE)
    done = kit(core, "export", mine, "--release", released.path)
    assert done.returncode == 0, done.stderr
    target = core / "tinytorch" / "core" / "doubling.py"
    assert "sha " + sha8(mine.read_bytes()) in target.read_text()
    again = subprocess.run([sys.executable, "-c", "from tinytorch.core.doubling import *; print(double(2), triple(2))"],
                           check=False, cwd=core, env={**os.environ, "PYTHONPATH": str(core)}, capture_output=True, text=True)  # fmt: skip
    assert again.stdout == "4 6\n", again.stderr
    assert kit(core, "export", mine, "--release", released.path).returncode == 0, "one's own is replaced at once"
    assert kit(core, "export", "--restore", "doubling").returncode == 0 and not target.exists()


def test_an_optional_exercise_may_stay_open(core, released):
    stub = cell("#| export\ndef halve(x):\n    raise NotImplementedError('halve')", "halve", "answer")
    test = cell("0.0", "test-halve", "test", 0)
    given, mine = save(core / "released.ipynb", *RELEASED, stub, test), save(core / "mine.ipynb", *DONE, stub, test)
    done = kit(core, "export", mine, "--release", given)
    assert done.returncode == 0 and "optional and still open: halve" in done.stdout, done.stderr
    save(mine, *DONE, cell("#| export\ndef halve(", "halve", "answer"), test)
    assert "halve (line 2 is not Python)" in kit(core, "export", mine, "--release", given).stderr


REFUSED = [
    ("open", {"double": RIGHT}, "not answered yet: triple;"),
    ("one method", {"double": "#| export\nclass D:\n    def f(self):\n        raise NotImplementedError('D.f')", "triple": TRIPLE},
     "not answered yet: D.f;"),
    ("does not parse", {"double": "#| export\ndef double(:", "triple": TRIPLE}, "double (line 2 is not Python)"),
    ("cannot be imported", {"double": f"{RIGHT}\nundefined_name", "triple": TRIPLE}, "name 'undefined_name' is not defined"),
]  # fmt: skip


@pytest.mark.parametrize("name, sources, said", REFUSED, ids=[row[0] for row in REFUSED])
def test_export_refuses(core, released, name, sources, said):
    mine = save(core / "mine.ipynb", *change(RELEASED, **sources))
    done = kit(core, "export", mine, "--release", released.path)
    assert done.returncode == 2 and said in done.stderr
    assert not list((core / "tinytorch" / "core").glob("doubling*"))


def test_export_never_replaces_the_reference_silently(core, released):
    reference = core / "tinytorch" / "core" / "doubling.py"
    reference.write_text("# AUTOGENERATED\n")
    mine = save(core / "mine.ipynb", *DONE)
    refused = kit(core, "export", mine, "--release", released.path)
    assert refused.returncode == 2 and "--replace" in refused.stderr and reference.read_text() == "# AUTOGENERATED\n"
    assert kit(core, "export", mine, "--release", released.path, "--replace").returncode == 0
    assert "double" in reference.read_text()
    assert kit(core, "export", "--restore", "doubling").returncode == 0
    assert reference.read_text() == "# AUTOGENERATED\n"
    assert kit(core, "export", "--restore", "doubling").returncode == 2


def test_a_notebook_of_another_course_cannot_be_exported(tmp_path):
    with pytest.raises(NotebookError, match="default_exp"):
        exporting.module_path(read(save(tmp_path / "n.ipynb", cell("1"))))

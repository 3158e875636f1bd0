"""What the student's self-check reads of an odd notebook is what the grader reads, and a repair takes nothing from it."""

import json
from pathlib import Path
from typing import Any

import pytest
from made_notebooks import Cell, cell, change, notebook

from tinytorch.grader import plan, submission
from tinytorch.student.notebook import NotebookError, grade_id, is_answer, read
from tinytorch.student.repair import repair, repair_file

STUB, RIGHT = "def double(x):\n    raise NotImplementedError('double')", "def double(x):\n    return 2 * x"
RELEASED = [
    cell("import math", "imports", "locked"),
    cell(STUB, "double", "answer"),
    cell("assert double(2) == 4", "test-double", "test", 3),
    cell("def triple(x):\n    raise NotImplementedError('triple')", "triple", "answer"),
    cell("assert triple(2) == 6", "test-triple", "test", 3),
]
DONE = change(RELEASED, double=RIGHT, triple="def triple(x):\n    return 3 * x")


def with_(name: str, *instead: Cell, **changes: Any) -> bytes:
    """The notebook with one cell changed, or with others in its place."""
    return notebook(*(new for one in DONE for new in ([one] if one["id"] != name else instead or [{**one, **changes}])))


def stripped(*keys: str) -> bytes:
    return notebook(*({key: value for key, value in {**one, "metadata": {}}.items() if key not in keys} for one in DONE))


def flagged(**flags: Any) -> bytes:
    return notebook(*({**one, "metadata": {"nbgrader": {**one["metadata"]["nbgrader"], **flags}}} for one in DONE))


ODD = {
    "plain": notebook(*DONE),
    "format 3": json.dumps({"worksheets": [{"cells": [{**one, "input": one["source"]} for one in DONE]}], "metadata": {}}).encode(),
    "Latin-1": notebook(*change(DONE, double=RIGHT + "  # \u00e9")).replace(b"\\u00e9", b"\xe9"),
    "UTF-16": notebook(*DONE).decode().encode("utf-16"),
    "a mark at the begin": b"\xef\xbb\xbf" + notebook(*DONE),
    "metadata lost": stripped(),
    "metadata and ids lost": stripped("id"),
    "one answer in a new cell": with_("double", cell(RIGHT)),
    "split in two": with_("double", cell("import math", "double", "answer"), cell(RIGHT, "double", "answer")),
    "open again below": with_("double", cell(RIGHT, "double", "answer"), cell(STUB, "double", "answer")),
    "an edited copy of a given cell": with_("imports", DONE[0], cell("import math\nimport sys", "imports", "locked")),
    "an earlier copy": with_("double", cell("x = 1", "double", "answer"), cell(RIGHT, "double", "answer")),
    "deleted, and below its test": notebook(*(one for one in DONE if one["id"] != "double"), cell(RIGHT)),
    "text": with_("double", cell_type="markdown"),
    "lines": notebook(*({**one, "source": one["source"].splitlines(True)} for one in DONE)),
    "lines of Windows": notebook(*({**one, "source": one["source"].replace("\n", "\r\n")} for one in DONE)),
    "all are answers": flagged(solution=True),
    "all are locked": flagged(solution=False, locked=True),
    "metadata that is a list": with_("double", metadata=[]),
    "no metadata of nbgrader": with_("double", metadata={"nbgrader": None}),
    "a number for a name": with_("double", metadata={"nbgrader": {**DONE[1]["metadata"]["nbgrader"], "grade_id": 7}}),
    "no source": with_("triple", source=None),
    "numbers for a source": with_("triple", source=[1, 2]),
    "half a character": with_("double", source=RIGHT + "\n# \ud83d"),
    "upside down": notebook(*DONE[::-1]),
    "no worksheets": json.dumps({**json.loads(notebook(*DONE)), "worksheets": None}).encode(),
    "a cell that is none": notebook(*DONE, "x"),  # type: ignore[arg-type]
    "nothing": b"",
    "a list": b"[]",
    "half a file": notebook(*DONE)[:300],
    "cells that are none": b'{"cells": {}}',
}


@pytest.fixture
def released(tmp_path: Path) -> Path:
    (tmp_path / "released.ipynb").write_bytes(notebook(*RELEASED))
    return tmp_path / "released.ipynb"


def graded(released: Path, data: bytes) -> tuple[dict[str, str], list[str]] | None:
    """The answers, and the student's own cells, as the grader reads them; None where it can read nothing."""
    try:
        merged = submission.merge(plan.read(released), submission.parse(data))
    except submission.Unreadable:
        return None
    return {one["id"]: one["source"] for one in merged if one.get("solution_cell")}, [one["source"] for one in merged if one["role"] == "free"]


@pytest.mark.parametrize("name", ODD)
def test_the_self_check_reads_what_the_grader_reads(name, released, tmp_path):
    (tmp_path / "mine.ipynb").write_bytes(ODD[name])
    try:
        cells = repair(read(tmp_path / "mine.ipynb"), read(released)).notebook.cells
    except NotebookError:
        assert graded(released, ODD[name]) is None
        return
    answers = {grade_id(one): one["source"] for one in cells if is_answer(one)}
    assert (answers, [one["source"] for one in cells if not grade_id(one)]) == graded(released, ODD[name])


@pytest.mark.parametrize("name", [name for name in ODD if name != "open again below"])
def test_a_repair_takes_no_answer(name, released, tmp_path):
    """Of an exercise that is open again below its answer, the repair brings the answer back."""
    (tmp_path / "mine.ipynb").write_bytes(ODD[name])
    before = graded(released, ODD[name])
    if before is not None:
        repair_file(tmp_path / "mine.ipynb", read(released))
        assert graded(released, (tmp_path / "mine.ipynb").read_bytes()) == before

"""The report of a class, from made records."""

import json
import re

import pytest

from tinytorch.course.errors import CourseError
from tinytorch.course.records import Record, write_record
from tinytorch.course.report import anonymised, lines, report
from tinytorch.course.report_page import page


def record(student: str, score: float, status: str = "graded", eye=(), failed: tuple[str, ...] = (), **more):
    slips = {"momentum": "momentum is ignored: <v> must remember the last v"}
    names = ["one step", "momentum", "weight decay"]
    checks = [{"name": n, "points": 2, "passed": n not in failed, "hidden": False, "text": "",
               "slip": slips.get(n, "") if n in failed else ""} for n in names]  # fmt: skip
    cells = {"optimizers_dev": {"test-sgd": {"points": 6, "score": score, "lines": checks}}}
    graded = {} if status in ("missing", "unreadable") else {"cells": cells, "seconds": 0.2}
    return Record(student, status, score, 70.0, eye=list(eye), more={**graded, **more})


RECORDS = [
    record("ann", 70),
    record("bob", 55, failed=("momentum",)),
    record("cleo", 40, failed=("momentum", "weight decay"), eye=["<script>alert(1)</script> in cleo's output"]),
    record("dan", 0, "unreadable", eye=["broken JSON"]),
    record("eve", 0, "missing"),
]


@pytest.fixture
def course(tmp_path):
    for made in RECORDS:
        write_record(tmp_path, "08_optimizers", made)
    return tmp_path


def test_counts(course):
    given = report("08_optimizers", course)
    assert given.scores == {"ann": 70, "bob": 55, "cleo": 40}, "who is unreadable has no score"
    assert [(c.check, c.failed, c.ran) for c in given.checks] == [("one step", 0, 3), ("momentum", 2, 3), ("weight decay", 1, 3)]
    assert given.slips == [("momentum is ignored: <v> must remember the last v", 2)]
    assert sum(given.bins()) == 3 and given.bins()[-1] == 1
    assert (given.as_json()["students"], json.loads(json.dumps(given.as_json()))["median"]) == (4, 55)


def test_the_gradebooks_marks_count(course):
    assert report("08_optimizers", course, {"ann": 72.0, "bob": None}).scores == {"ann": 72, "cleo": 40}


def test_optional_checks_are_on_the_page_only(course):
    optional = {"name": "two steps", "points": 0, "passed": False, "hidden": False, "text": "", "slip": ""}
    cells = {"optimizers_dev": {"test-nesterov": {"points": 0, "score": 0, "lines": [optional]}}}
    write_record(course, "08_optimizers", Record("fay", "graded", 70.0, 70.0, more={"cells": cells}))
    given = report("08_optimizers", course)
    assert "two steps" not in "\n".join(lines(given)) and "two steps" in page(given, "").partition("Optional")[2]


def test_the_terminal_table_fits(course):
    text = lines(report("08_optimizers", course))
    assert max(map(len, text)) <= 80 and any("67%  test-sgd: momentum" in line for line in text)


def test_the_page_is_self_contained_and_escaped(course):
    html = page(report("08_optimizers", course), "made today")
    assert "<script" not in html and "&lt;script&gt;" in html
    assert not re.search(r"(src|href)=|url\(|@import", html)


def test_anonymous_names_nobody(course):
    given = anonymised(report("08_optimizers", course))
    everything = page(given, "") + "\n".join(lines(given)) + json.dumps(given.as_json())
    assert not [made.student for made in RECORDS if re.search(rf"\b{made.student}\b", everything)]
    assert not [why for made in RECORDS for why in made.eye if why in everything], "`Ann Lee (1).ipynb was read as ...`"


def test_nothing_graded(tmp_path):
    with pytest.raises(CourseError, match="tinytorch grade"):
        report("08_optimizers", tmp_path)

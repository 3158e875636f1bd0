"""A feedback page shows a student's own work and visible checks, and nothing that is hidden or that runs."""

import json
import re

import pytest

from tinytorch.course.feedback import feedback
from tinytorch.course.feedback_page import LONGEST, Exercise, Page, render
from tinytorch.course.nbgrader import gradebook
from tinytorch.course.records import Record, write_record


def line(name="one step", passed=True, hidden=False, points=1.0, text="one step\n    came: 2"):
    return {"name": name, "points": points, "passed": passed, "hidden": hidden, "text": text, "slip": ""}


def page(**changes) -> str:
    exercise = {"name": "test-sgd", "score": 3.0, "most": 15.0, "answers": [], "lines": [], "error": "", "comment": ""}
    return render(Page("08_optimizers", "ada", "graded", [], [Exercise(**exercise | changes)], "0123abcd", "monday"))


def test_score_status_and_identity():
    text = page()
    assert "3 of 15 points, graded" in text and "sha 0123abcd" in text and "monday" in text


def test_a_failed_check_is_shown_and_a_passed_one_counted():
    text = page(lines=[line(), line("momentum", passed=False, text="momentum\n    came: [[0.9]]")])
    assert "came: [[0.9]]" in text and "came: 2" not in text
    assert "1 of 2 points" in text and "1 of 2 failed" in text


def test_of_hidden_checks_only_the_points():
    text = page(lines=[line(), line("the trick", passed=False, hidden=True, points=4, text="the trick\n    fed: 7")])
    assert "Hidden checks, on other inputs: 0 of 4 points" in text
    assert "trick" not in text and "fed: 7" not in text


@pytest.mark.parametrize("place", ["answers", "comment", "error", "lines"])
def test_what_a_student_wrote_is_text(place):
    nasty = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    value = {"answers": [nasty], "comment": nasty, "error": nasty, "lines": [line(nasty, passed=False, text=nasty)]}
    text = page(**{place: value[place]})
    assert "<script>alert" not in text and "<img" not in text and "&lt;script&gt;alert" in text
    assert "default-src 'none'" in text


def test_a_long_line_does_not_make_a_long_page():
    text = page(lines=[line(passed=False, text="x" * 10_000_000)])
    assert len(text) < 3 * LONGEST and "more characters" in text


def test_the_mark_of_what_has_no_points():
    assert "to be marked" in page(score=None, most=0.0)
    assert "<span></span>" in page(score=0.0, most=0.0)
    assert "<span>+2</span>" in page(score=2.0, most=0.0), "extra credit is in the total, so it stands somewhere"


def cell(kind: str, name: str, source: str, **known) -> dict:
    metadata = {"nbgrader": {"grade_id": name, "schema_version": 3, "grade": False, "solution": False, "task": False,
                             "locked": False} | known}  # fmt: skip
    return {"cell_type": kind, "id": name, "metadata": metadata, "source": source, "outputs": []}


@pytest.fixture
def course(tmp_path, project):
    """A graded submission of another course, with a comment and marks by hand."""
    folder = tmp_path / "another's & <mine>"
    cells = [
        cell("code", "answer", "a = 1  # mine", solution=True),
        cell("code", "check", "### BEGIN HIDDEN TESTS\nassert secret\n### END HIDDEN TESTS", grade=True, points=5),
        cell("markdown", "essay", "because", grade=True, solution=True, points=3),
    ]
    for place in ("source/hw", "autograded/ada/hw"):
        (folder / place).mkdir(parents=True)
        (folder / place / "nb.ipynb").write_text(
            json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
        )
    with gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        book.add_assignment("hw")
        book.add_notebook("nb", "hw")
        book.add_grade_cell("check", "nb", "hw", max_score=5, cell_type="code")
        book.add_grade_cell("essay", "nb", "hw", max_score=3, cell_type="markdown")
        book.add_solution_cell("essay", "nb", "hw")
        book.add_solution_cell("answer", "nb", "hw")
        book.add_student("ada")
        book.add_submission("hw", "ada")
        book.find_grade("check", "nb", "hw", "ada").auto_score = 4
        book.find_grade("essay", "nb", "hw", "ada").manual_score = 2.5
        book.find_comment("essay", "nb", "hw", "ada").manual_comment = "Say why it holds."
        book.db.commit()
    return folder


def test_the_page_of_a_submission_carries_marks_and_comment_of_a_person(course):
    lines = [line(hidden=True, points=5, text="assert secret")]
    more = {"cells": {"nb": {"check": {"lines": lines, "error": f"{course}/x: secret", "hidden": True, "stopped": ""}}}}
    write_record(course, "hw", Record("ada", "graded", 6.5, 8, [f"one note of {course}"], [], more))
    (written,) = feedback("hw", course)
    text = written.read_text("utf-8")
    assert written == course / "feedback/ada/hw/nb.html"
    for words in ("6.5 of 8 points", "Say why it holds.", "a = 1  # mine", "2.5 of 3", "one note", "5 of 5 points"):
        assert words in text, words
    assert "secret" not in text and "one note of course<" in text


@pytest.mark.parametrize("status", ["graded", "partly", "unreadable", "missing", "refused", "failed"])
def test_what_has_come_since_and_has_no_score_is_not_what_was_marked(course, status):
    write_record(course, "hw", Record("ada", status, None, 8, [], [], {}))
    text = feedback("hw", course)[0].read_text("utf-8")
    assert ("those of an earlier file" in text) == (status not in ("graded", "partly"))


def test_a_page_without_a_record_of_ours(course):
    text = feedback("hw", course)[0].read_text("utf-8")
    assert re.search("6.5 of 8 points", text) and "secret" not in text

"""`grades`: the gradebook as a table, whatever the students are called."""

import csv
import io

import pytest

from tinytorch.course.errors import CourseError
from tinytorch.course.grades import grades, merged
from tinytorch.course.nbgrader import gradebook
from tinytorch.course.records import Record, write_record

ODD = 'O"Neil, Zoë; x'
SCORES = {"ada": 61.5, "bob": 0.0, ODD: 70.0}


@pytest.fixture
def course(tmp_path):
    """Three students with a grade, and two whose notebooks could not be graded."""
    with gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        book.add_assignment("hw")
        book.add_notebook("nb", "hw")
        book.add_grade_cell("check", "nb", "hw", max_score=70, cell_type="code")
        for name, score in SCORES.items():
            book.add_student(name)
            book.add_submission("hw", name)
            book.find_grade("check", "nb", "hw", name).auto_score = score
        book.find_grade("check", "nb", "hw", "bob").extra_credit = 1.5
        book.add_student("eve")
        book.db.commit()
    write_record(tmp_path, "hw", Record("ada", "partly", 61.5, 70))
    write_record(tmp_path, "hw", Record("dan", "unreadable", None, 70))
    return tmp_path


def table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_csv(course):
    assert table(grades("csv", course)) == [
        ["assignment", "student_id", "score", "max_score", "status"],
        ["hw", ODD, "70", "70", "graded"],
        ["hw", "ada", "61.5", "70", "partly"],
        ["hw", "bob", "1.5", "70", "graded"],
        ["hw", "dan", "", "70", "unreadable"],
        ["hw", "eve", "", "70", "missing"],
    ]


@pytest.mark.parametrize("form, title", [("canvas", "SIS Login ID"), ("moodle", "username")])
def test_platforms_get_one_line_for_each_student(course, form, title):
    header, *lines = table(grades(form, course))
    where, score = header.index(title), header.index("hw")
    found = {line[where]: line[score] for line in lines if line[where]}
    assert found == {ODD: "70", "ada": "61.5", "bob": "1.5", "dan": "", "eve": ""}


@pytest.mark.parametrize("form", ["csv", "nonsense"])
def test_a_platforms_file_is_filled_in_by_its_own_rules_only(course, form):
    """Canvas's points are compared with the gradebook's; by another platform's rules they were not."""
    with pytest.raises(CourseError, match=f"say which by --format canvas or moodle, not '{form}'"):
        merged(form, course / "c.csv", course, "hw", "", False)


def test_an_unknown_form_is_refused(course):
    with pytest.raises(CourseError, match="there is no format 'xlsx'; there are csv, canvas, moodle"):
        grades("xlsx", course)

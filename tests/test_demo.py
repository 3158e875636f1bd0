"""`demo`: six made students, from source to grades, each ending as it should."""

import csv

import pytest

from tinytorch.course.demo import STUDENTS, _grade, demo
from tinytorch.course.errors import CourseError
from tinytorch.course.records import read_records


@pytest.mark.slow
def test_each_of_the_six_ends_as_it_should(project, capsys):
    assert demo(project / "fresh") == 0
    records = read_records(project / "fresh", "08_optimizers")
    assert {name: record.status for name, record in records.items()} == {one.name: one.status for one in STUDENTS}
    assert (records["perfect"].score, records["untouched"].score) == (70, 0)
    assert "momentum is ignored" in (project / "fresh/feedback/no-momentum/08_optimizers/optimizers_dev.html").read_text()
    with (project / "fresh/grades.csv").open() as file:
        rows = {row["student_id"]: row["status"] for row in csv.DictReader(file)}
    assert rows["broken-notebook"] == "unreadable" and rows["endless-loop"] == "partly"
    said = capsys.readouterr().out
    assert "Each of the six ended as it should." in said
    assert all(stage in said for stage in ("built", "released", "handed in", "feedback", "grades.csv"))


def test_only_without_a_sandbox_it_grades_in_none(monkeypatch, tmp_path):
    def busy(*words):
        raise CourseError("another `tinytorch grade` is at work here")

    monkeypatch.setattr("tinytorch.course.grade.grade", busy)
    with pytest.raises(CourseError, match="is at work here"):
        _grade(tmp_path, print)


def test_a_demo_never_runs_in_a_course_that_is_there(tmp_path):
    (tmp_path / "gradebook.db").write_text("precious")
    with pytest.raises(CourseError, match="a demo runs in a fresh course directory"):
        demo(tmp_path)
    assert (tmp_path / "gradebook.db").read_text() == "precious"

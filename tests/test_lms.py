"""The week on a learning platform: downloads of Canvas and Moodle in, grades and feedback out."""

import csv
import io
import json
import stat
import time
import zipfile
from pathlib import Path

import pytest
from made_notebooks import cell, notebook, save

from tinytorch.course.collect import collect, collected, lines
from tinytorch.course.downloads import read_download
from tinytorch.course.errors import CourseError
from tinytorch.course.merge import Row, merge
from tinytorch.course.roster import read_roster, timestamp
from tinytorch.course.send import send
from tinytorch.course.settings import load
from tinytorch.student.notebook import sha8

pytest.importorskip("nbgrader")

MINE, OTHER = notebook(cell("1", "a", "answer"), cell("2", "t", "test", 70)), notebook(cell("something else"))
CANVAS = (
    "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Essay (11),Optimizers (12),Current Score\r\n"
    "    Points Possible,,,,,10,70,(read only)\r\n"
    '"Lee, Ann",101,s1,ann,"Sec, 1",7,,\r\n'
    '"O\'Brien ""Bob"", Robert",102,s2,rob@uni.edu,S1,8,EX,\r\n'
    '"Müller, Zoë",103,s3,zoë,S1,,,\r\n'
    '"Nobody, Nell",104,s4,nell,S1,,,\r\n'
    '"Student, Test",999,,abc123,S1,,,\r\n'
)
WORKSHEET = (
    "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,Last modified (submission),"
    "Last modified (grade),Feedback comments\n"
    'Participant 201,"Ann Lee",ann@uni.edu,"Submitted for grading",,70.00,Yes,"Monday, 5 October 2026, 3:08 PM",-,\n'
    'Participant 202,"Zoë Müller, Jr.",zoe@uni.edu,"Submitted for grading - 2 hours late",,70.00,Yes,-,-,"well, done"\n'
    'Participant 203,Nell Nobody,nell@uni.edu,"No submission",,70.00,Yes,-,-,\n'
)
PARTICIPANTS = 'First name,Last name,Email address,Groups\nAnn,Lee,ann@uni.edu,A\nZoë,"Müller, Jr.",zoe@uni.edu,B\nNell,Nobody,nell@uni.edu,\n'


@pytest.fixture
def course(tmp_path: Path) -> Path:
    save(tmp_path / "course" / "release" / "08_optimizers" / "optimizers_dev.ipynb", cell("1", "a", "answer"), cell("2", "t", "test", 70))
    return tmp_path / "course"


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def collected_from(course: Path, files: dict[str, bytes], roster: str | None):
    path = course.parent / "roster.csv"
    if roster:
        path.write_text(roster, encoding="utf-8", newline="")
    archive = zipped(course.parent / "download.zip", files)
    return collect("08_optimizers", archive, path if roster else None, load(course))


CANVAS_FILES = {
    "leeann_101_5001_optimizers_dev.ipynb": MINE,
    "obrienbobrobert_LATE_102_5002_my_own_3_4_name-1.ipynb": MINE,
    "müllerzoë_103_5003_notes.txt": b"hello",
    "müllerzoë_103_5004_optimizers_dev-2.ipynb": MINE,
    "müllerzoë_103_5009_scratch.ipynb": OTHER,
}
MOODLE_FILES = {
    "Ann Lee_201_assignsubmission_file_/optimizers_dev.ipynb": MINE,
    "Zoë Müller, Jr._202_assignsubmission_file/sub/renamed.ipynb": MINE,
    "Zoë Müller, Jr._202_assignsubmission_file/old.ipynb": OTHER,
}
FLAT = {name.replace("file_/", "file_"): data for name, data in MOODLE_FILES.items() if "Ann" in name}
GROUPED = {"Group-B-Zoë Müller, Jr._202_assignsubmission_file_/o.ipynb": MINE}

PLACED = [
    # platform's files, roster, who is placed, late, absent
    ("canvas", CANVAS_FILES, CANVAS, ["ann", "rob@uni.edu", "zoë"], ["rob@uni.edu"], ["nell"]),
    ("canvas, semicolons", CANVAS_FILES, CANVAS.replace('"Sec, 1"', "S1").replace(",", ";").replace("; ", ", "),
     ["ann", "rob@uni.edu", "zoë"], ["rob@uni.edu"], ["nell"]),
    ("canvas without a roster", CANVAS_FILES, None, ["101", "102", "103"], ["102"], []),
    ("moodle worksheet", MOODLE_FILES, WORKSHEET, ["ann@uni.edu", "zoe@uni.edu"], ["zoe@uni.edu"], ["nell@uni.edu"]),
    ("moodle participants", MOODLE_FILES, PARTICIPANTS, ["ann@uni.edu", "zoe@uni.edu"], [], ["nell@uni.edu"]),
    ("moodle, flat names", FLAT, WORKSHEET, ["ann@uni.edu"], ["zoe@uni.edu"], ["zoe@uni.edu", "nell@uni.edu"]),
    ("moodle, a name like another's folder", {"Ann Lee_201_assignsubmission_file_/o.ipynb": MINE, "E_201_assignsubmission_file_ Z_202_assignsubmission_file_/o.ipynb": MINE},
     WORKSHEET, ["ann@uni.edu", "zoe@uni.edu"], ["zoe@uni.edu"], ["nell@uni.edu"]),
    ("canvas, a name like another's number", {"leeann_101_5001_o.ipynb": MINE, "101_102_5002_o.ipynb": MINE}, CANVAS, ["ann", "rob@uni.edu"], [], ["zoë", "nell"]),
    ("moodle, groups", GROUPED, PARTICIPANTS, ["zoe@uni.edu"], [], ["ann@uni.edu", "nell@uni.edu"]),
    ("packed again by macOS", {f"download/{n}": d for n, d in CANVAS_FILES.items()} | {"__MACOSX/._x.ipynb": b"", ".DS_Store": b""},
     CANVAS, ["ann", "rob@uni.edu", "zoë"], ["rob@uni.edu"], ["nell"]),
]  # fmt: skip


@pytest.mark.parametrize("name, files, roster, placed, late, absent", PLACED, ids=[row[0] for row in PLACED])
def test_who_is_who(course, name, files, roster, placed, late, absent):
    result = collected_from(course, files, roster)
    assert (result.placed, result.late, result.absent) == (placed, late, absent)
    for who in placed:
        assert (course / "submitted" / who / "08_optimizers" / "optimizers_dev.ipynb").read_bytes() == MINE
    assert not result.unplaced
    assert collected(course, "08_optimizers").placed == placed
    assert max(map(len, lines(result)[:1])) <= 80


def test_a_roster_that_was_forgotten_is_said_and_what_it_left(course):
    assert any("no --roster" in note for note in collected_from(course, CANVAS_FILES, None).notes)
    notes = collected_from(course, CANVAS_FILES, CANVAS).notes
    assert any("not in this class: 101, 102, 103; remove the folders" in note for note in notes), notes


def test_a_time_that_the_platform_gives_reaches_nbgrader(course):
    from nbgrader.utils import parse_utc

    collected_from(course, MOODLE_FILES, WORKSHEET)
    text = (course / "submitted" / "ann@uni.edu" / "08_optimizers" / "timestamp.txt").read_text().strip()
    assert parse_utc(text) and text.startswith("2026-10-05 15:08:00")
    assert timestamp("lundi 5 octobre 2026") == ""


def test_everybody_has_a_row_in_the_gradebook(course):
    from tinytorch.course.nbgrader import gradebook

    collected_from(course, CANVAS_FILES, CANVAS)
    with gradebook(load(course).gradebook) as book:
        assert {s.id for s in book.students} == {"ann", "rob@uni.edu", "zoë", "nell"}
        assert book.find_student("zoë").last_name == "Müller"


def packed(damage: int = 0, **files: bytes) -> bytes:
    """A zip that a student hands in; `damage`: bytes of its first file that are overwritten."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(f"{name}.ipynb", data)
    data = out.getvalue()
    return data[:50] + b"\xff" * damage + data[50 + damage :]


def test_kits_of_gigabytes_are_not_unpacked(course):
    kit = packed(**{f"n{place}": b" " * 50_000_000 for place in range(4)})
    kits = {f"nobodynell_104_{number}_kit.zip": kit for number in (8, 9)}
    result = collected_from(course, {"leeann_101_5001_o.ipynb": MINE, **kits}, CANVAS)
    assert "ann" in result.placed
    assert result.notes[0].count("kit.zip") == 2  # read, of eight


@pytest.mark.parametrize("metadata", [[1], "x", 5, True], ids=str)
def test_odd_metadata_is_one_students(course, metadata):
    odd = json.dumps({"cells": [{"cell_type": "code", "source": "", "metadata": metadata}], "nbformat": 4}).encode()
    result = collected_from(course, {"leeann_101_5001_o.ipynb": MINE, "nobodynell_104_9_o.ipynb": odd}, CANVAS)
    assert len(result.placed) == 2


def test_a_damaged_entry_is_one_students(course, tmp_path):
    """What its decompressor says is no error of zip files."""
    path = zipped(tmp_path / "damaged.zip", {})
    path.write_bytes(packed(100, leeann_101_5_o=MINE * 9, obrien_102_6_o=MINE))
    assert [bool(upload.problem) for upload in read_download(path)] == [True, False]


STRANGE = [
    ("nobodynell_104_9_kit.zip", packed(100, a=MINE * 9), "handed in kit.zip, but no notebook"),
    ("nobodynell_104_9_o\x1b[2J\n.pdf", b"%PDF", "handed in o\x1b[2J\n.pdf, but no notebook"),
    ("stranger_777_5_x.ipynb", MINE, "fits nobody in the roster"),
    ("leeann_101_text.html", b"<p>", "is a text entry or a link"),
    ("anon_f3gTx_55_x.ipynb", MINE, "anonymous grading"),
    ("readme.txt", b"", "not named as Canvas or Moodle does"),
    ("nobodynell_104_9_answer.pdf", b"%PDF", "handed in answer.pdf, but no notebook"),
    ("../../../etc/cron.d/x_104_9_o.ipynb", MINE, ""),
    ("nobodynell_104_9_../../../../evil.ipynb", MINE, "not named as Canvas"),
]


@pytest.mark.parametrize("name, data, reason", STRANGE, ids=[row[0] for row in STRANGE])
def test_what_cannot_be_placed_is_said(course, name, data, reason):
    before = {path for path in course.parent.rglob("*") if "course" not in path.parts}
    result = collected_from(course, {"leeann_101_5001_o.ipynb": MINE, name: data}, CANVAS)
    assert (reason in " ".join(result.unplaced)) if reason else not result.unplaced
    assert all(line.isprintable() for line in lines(result))
    outside = {path for path in course.parent.rglob("*") if course not in path.parents} - before
    assert {path.name for path in outside} <= {"course", "download.zip", "roster.csv"}


def test_nobody_replaces_another_by_taking_their_name(course):
    names = ("Ann Lee_201", "x-Ann Lee_204", "Nell Nobody_203")
    result = collected_from(course, {f"{name}_assignsubmission_file_/o.ipynb": MINE for name in names}, PARTICIPANTS)
    assert result.placed == ["nell@uni.edu"]
    assert [line.rpartition(": ")[2] for line in result.unplaced] == ["two people hand in under this name"] * 2


def test_links_and_false_sizes(course, tmp_path):
    path = tmp_path / "links.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("leeann_101_5_o.ipynb")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
        archive.writestr("obrien_102_6_o.ipynb", MINE)
    assert [upload.problem for upload in read_download(path)] == ["is a link", ""]


def test_an_inner_zip_and_a_newer_file(course):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("08_optimizers/tinytorch/released/08_optimizers.ipynb", OTHER)
        archive.writestr("08_optimizers/optimizers_dev.ipynb", MINE)
        for left in (".ipynb_checkpoints/optimizers_dev-checkpoint", "optimizers_dev.before-repair"):
            archive.writestr(f"08_optimizers/{left}.ipynb", MINE.replace(b"{", b"{ ", 1))
    result = collected_from(course, {"leeann_101_1_kit.zip": inner.getvalue()}, CANVAS)
    assert result.placed == ["ann"] and result.students["ann"].sha == sha8(MINE)
    newer = MINE + b"\n"
    result = collected_from(course, {"leeann_101_2_o.ipynb": newer}, CANVAS)
    assert len(result.replaced) == 1 and list((course / "replaced" / "08_optimizers").glob("ann-*/optimizers_dev.ipynb"))
    assert not collected_from(course, {"leeann_101_2_o.ipynb": newer}, CANVAS).replaced


BAD = [({}, CANVAS, "holds no submission"), (CANVAS_FILES, WORKSHEET, "is a list of moodle"), (CANVAS_FILES, "a,b\n1,2\n", "is neither"),
       (CANVAS_FILES, CANVAS.replace("zoë,S1", "ann,S1"), "same id")]  # fmt: skip


@pytest.mark.parametrize("files, roster, said", BAD)
def test_what_cannot_be_done_changes_nothing(course, files, roster, said):
    before = sorted(course.rglob("*"))
    with pytest.raises(CourseError, match=said):
        collected_from(course, files, roster)
    assert sorted(course.rglob("*")) == before


def test_a_course_of_its_own_folders(course):
    """Where its configuration has them `grade` reads them."""
    (course / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.release_directory = 'out'\nc.CourseDirectory.submitted_directory = 'in'\n"
        f"c.CourseDirectory.feedback_directory = 'said'\nc.CourseDirectory.db_url = 'sqlite:///{course / 'mine.db'}'\n"
    )
    (course / "release").rename(course / "out")
    placed = collected_from(course, CANVAS_FILES, CANVAS).placed
    assert {path.name for path in course.iterdir()} == {"nbgrader_config.py", "out", "in", "mine.db", "collected"}
    assert {path.parent.parent.name for path in (course / "in").rglob("*.ipynb")} == {*placed}
    (course / "said/ann/08_optimizers").mkdir(parents=True)
    (course / "said/ann/08_optimizers/optimizers_dev.html").write_text("<p>well done</p>")
    assert send("08_optimizers", "canvas", load(course)).pages == 1


def test_moodles_times_are_of_this_machine_and_that_is_said(course, monkeypatch):
    monkeypatch.setenv("TZ", "XXX+03")
    time.tzset()
    found = collected_from(course, MOODLE_FILES, WORKSHEET)
    monkeypatch.undo()
    time.tzset()
    assert "-0300" in (course / "submitted/ann@uni.edu/08_optimizers/timestamp.txt").read_text()
    assert any("(UTC-0300)" in note for note in found.notes)


def test_no_archive(tmp_path, course):
    (tmp_path / "x.zip").write_bytes(b"PK nonsense")
    with pytest.raises(CourseError, match="no zip archive"):
        collect("08_optimizers", tmp_path / "x.zip", None, load(course))


SCORES = [Row("opt", "ann", 61.5, 70, "graded"), Row("opt", "rob@uni.edu", 70, 70, "graded"), Row("opt", "zoë", 0, 70, "partly"),
          Row("opt", "nell", None, 70, "missing"), Row("opt", "gone", 5, 70, "graded")]  # fmt: skip


def test_grades_merge_into_canvas_export(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text(CANVAS, encoding="utf-8", newline="")
    result = merge("canvas", path, "08_optimizers", SCORES, {})
    before, after = (list(csv.reader(io.StringIO(text.removeprefix("\ufeff")))) for text in (CANVAS, result.text))
    assert [row[6] for row in after] == ["Optimizers (12)", "70", "61.5", "EX", "0", "", ""]
    assert [row[:6] + row[7:] for row in after] == [row[:6] + row[7:] for row in before]
    assert result.text.startswith("\ufeffStudent") and "\r\n" in result.text and '"Lee, Ann"' in result.text
    assert result.filled == 2 and len(result.left) == 3


def test_grades_merge_into_moodles_worksheet(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text(WORKSHEET, encoding="utf-8", newline="")
    scores = [Row("opt", "ann@uni.edu", 35, 70, "graded"), Row("opt", "zoe@uni.edu", 70, 70, "graded"), Row("opt", "nell@uni.edu", None, 70, "missing")]
    rows = list(csv.DictReader(io.StringIO(merge("moodle", path, "08_optimizers", scores, {"202": "zoe@uni.edu"}).text)))
    assert [row["Grade"] for row in rows] == ["35", "70", ""]
    assert rows[1]["Full name"] == "Zoë Müller, Jr." and rows[1]["Feedback comments"] == "well, done"


@pytest.mark.parametrize("csv, scores, said", [
    (CANVAS, [*SCORES, Row("opt", "Ann", 3, 70, "graded")], "ann and Ann are one name"),
    (CANVAS + '"Li, Bo",107,bo,S1,A,,,0\r\n', [*SCORES, Row("opt", "107", 3, 70, "graded"), Row("opt", "bo", 4, 70, "graded")], ""),
    (CANVAS + '"Li, Bo",107,ANN,S1,A,,,0\r\n', SCORES, "two rows fit ann"),
])  # fmt: skip
def test_a_score_goes_to_one_person(tmp_path, csv, scores, said):
    path = tmp_path / "c.csv"
    path.write_text(csv, encoding="utf-8", newline="")
    if said:
        with pytest.raises(CourseError, match=said):
            merge("canvas", path, "08_optimizers", scores, {})
    else:
        assert merge("canvas", path, "08_optimizers", scores, {}).text.splitlines()[-1].split(",")[7] == "4", "not that of the student 107"


def test_other_points_are_refused_unless_scaled(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text(CANVAS.replace("10,70,", "10,100,"), encoding="utf-8", newline="")
    with pytest.raises(CourseError, match="has 100 points .* --scale"):
        merge("canvas", path, "08_optimizers", SCORES, {})
    assert "87.86" in merge("canvas", path, "08_optimizers", SCORES, {}, scale=True).text


def test_a_column_that_is_not_clear_is_asked_for(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text(CANVAS.replace("Essay (11)", "Optimizers part 2 (11)"), encoding="utf-8", newline="")
    with pytest.raises(CourseError, match="--column"):
        merge("canvas", path, "08_optimizers", SCORES, {})
    assert merge("canvas", path, "08_optimizers", SCORES, {}, column="Optimizers (12)").filled == 2


@pytest.mark.parametrize("lms, files, roster, expected", [
    ("canvas", CANVAS_FILES, CANVAS, ["leeann_101_5001_optimizers_dev-feedback.html", "müllerzoë_103_5004_optimizers_dev-feedback.html"]),
    ("moodle", MOODLE_FILES, WORKSHEET, ["Ann Lee_201_assignsubmission_file_/optimizers_dev-feedback.html"]),
])  # fmt: skip
def test_feedback_goes_back_under_the_platforms_names(course, lms, files, roster, expected):
    result = collected_from(course, files, roster)
    with pytest.raises(CourseError, match="no feedback pages"):
        send("08_optimizers", lms, load(course))
    for who in [who for who in result.placed if who in ("ann", "zoë", "ann@uni.edu")]:
        page = course / "feedback" / who / "08_optimizers" / "optimizers_dev.html"
        page.parent.mkdir(parents=True)
        page.write_text("<p>well done</p>")
    sent = send("08_optimizers", lms, load(course))
    with zipfile.ZipFile(sent.path) as archive:
        assert archive.namelist() == expected
    assert len(sent.left) == 1
    with pytest.raises(CourseError, match=f"was collected from {lms}"):
        send("08_optimizers", "moodle" if lms == "canvas" else "canvas", load(course))


def test_rosters(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text(CANVAS.replace("Student,ID", "LastName,FirstName,ID").replace('"Lee, Ann"', "Lee,Ann"), encoding="utf-8")
    kind, people = read_roster(path)
    assert kind == "canvas" and people[0].full == "Ann Lee"
    path.write_bytes("Vorname,Email address\nZoë,zoe@uni.edu\n".encode("latin-1"))
    assert read_roster(path)[1][0].id == "zoe@uni.edu"
    assert json.dumps(people[0].id) == '"ann"'

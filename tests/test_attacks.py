"""The adversarial table through `tinytorch grade`, at each level of isolation, with honest neighbours on both sides."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from attack_table import FULL, ROWS, Table
from conftest import ROOT
from foreign import answered, course
from foreign_attacks import ANSWERS, OTHERS, SAYS, SEEKS, SOURCE, TEXT
from foreign_attacks import FULL as FULL_FOREIGN

from tinytorch.course.build import build
from tinytorch.course.grade import Options
from tinytorch.course.grade import grade as run_grade
from tinytorch.course.modules import find
from tinytorch.grader import isolation

MODULE, NOTEBOOK = "08_optimizers", "optimizers_dev.ipynb"
NEIGHBOURS = ("000-honest", "zzz-honest")
LINKS = {"a link to a file": "refused", "a link to a folder": "refused", "a pipe": "refused", "a folder": "refused"}
SECONDS = 2
LEFT = [Path(folder, "left-by-another") for folder in ("/tmp", "/var/tmp", "/dev/shm")]


@pytest.fixture(autouse=True)
def nothing_left():
    """At `unsafe` a student may write where everybody may."""
    yield
    for place in LEFT:
        place.unlink(missing_ok=True)


@pytest.fixture(scope="session")
def table(tmp_path_factory):
    """The course as built from the sources, once."""
    course = tmp_path_factory.mktemp("attacked") / "course"
    course.mkdir()
    text = (ROOT / "settings.ini").read_text()
    text = re.sub(r"cell_seconds = .*", f"cell_seconds = {SECONDS}", re.sub(r"memory_mb = .*", "memory_mb = 512", text))
    (course / "settings.ini").write_text(text)
    build([MODULE], course)
    made = Table(json.loads(find("08").built(course).read_text()))
    made.course = course
    return made


def graded(table, level, names, folder, workers=2):
    """Records of a run over these rows and two honest neighbours."""
    try:
        with isolation.level(level):
            pass
    except isolation.Refused as why:
        pytest.skip(f"{level}: {why}")
    shutil.copytree(table.course, folder)
    for name in NEIGHBOURS:
        hand_in(folder, name, table.right(last=f"# {name}"))
    for name in names:
        hand_in(folder, student(name), ROWS[name].make(table)) if name in ROWS else odd(folder, name, table)
    program = (
        "from pathlib import Path; from tinytorch.course.grade import Options, grade; "
        f"grade('08', Path({str(folder)!r}), Options(level={level!r}, workers={workers}))"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    print(done.stdout)
    places = (folder / "records").rglob("*.json")
    return {record["student"]: record for record in (json.loads(place.read_text()) for place in places)}


def student(name):
    return re.sub(r"\W+", "-", name)


def hand_in(course, name, content):
    place = course / "submitted" / name / MODULE / NOTEBOOK
    place.parent.mkdir(parents=True)
    content = json.dumps(content) if isinstance(content, dict) else content
    place.write_bytes(content if isinstance(content, bytes) else content.encode())


def odd(course, name, table):
    """What is not a file of the student's own."""
    place = course / "submitted" / student(name) / MODULE / NOTEBOOK
    honest = course / "submitted" / NEIGHBOURS[0] / MODULE
    if name == "a link to a folder":
        place.parent.parent.mkdir(parents=True)
        place.parent.symlink_to(honest)
        return
    place.parent.mkdir(parents=True)
    {
        "a link to a file": lambda: place.symlink_to(honest / NOTEBOOK),
        "a pipe": lambda: os.mkfifo(place),
        "a folder": lambda: place.mkdir(),
    }[name]()


def differences(records, names):
    """What came out otherwise than deserved: name -> (score, status) and what was due."""
    wrong = {}
    for name in names:
        due = (ROWS[name].score, ROWS[name].status) if name in ROWS else (None, LINKS[name])
        record = records.get(student(name), {"score": None, "status": "no record"})
        came = record["score"], record["status"]
        if came[0] != due[0] or (due[1] not in ("*", came[1])):
            wrong[name] = came, due
    for name in NEIGHBOURS:
        if (records[name]["score"], records[name]["status"]) != (FULL, "graded"):
            wrong[name] = (records[name]["score"], records[name]["status"]), (FULL, "graded")
    return wrong


def test_the_most_important_attacks(table, tmp_path):
    names = [name for name, row in ROWS.items() if row.quick] + list(LINKS)
    records = graded(table, "bubblewrap", names, tmp_path / "course")
    assert differences(records, names) == {}
    assert not [place for place in LEFT if place.exists()]


# What a level leaves open, and the threat model says so: at `unsafe` the files that the grader's own user can read.
READS = {"reads the source folder", "walks the disk", "updates the gradebook", "wraps one from the grader's packages"}
OPEN = {
    "bubblewrap": set(),
    "landlock": set(),
    "unsafe": READS if os.geteuid() else {"wraps one from the grader's packages"},
}


@pytest.mark.slow
@pytest.mark.parametrize("level", OPEN)
def test_every_attack_gets_what_it_deserves(table, level, tmp_path):
    names = [name for name in [*ROWS, *LINKS] if name not in OPEN[level]]
    records = graded(table, level, names, tmp_path / "course")
    assert differences(records, names) == {}


def test_the_table_is_long_enough():
    assert len(ROWS) + len(LINKS) >= 60


def test_hostile_answers_to_a_foreign_course(tmp_path, capsys):
    """Each gets what it deserves, honest neighbours too; and what it says to the terminal is not what a terminal obeys."""
    rows = {name: ({"a": text}, score + (TEXT + SAYS + SEEKS) * (score < FULL_FOREIGN)) for name, (text, score) in ANSWERS.items()}
    rows |= OTHERS | dict.fromkeys(NEIGHBOURS, ({}, FULL_FOREIGN))
    books = {student(name): {"nb": answered(SOURCE, **answers)} for name, (answers, _) in rows.items()}
    folder = course(tmp_path / "c", "ps", {"nb": SOURCE}, books)
    assert run_grade("ps", folder, Options(workers=2)) == 0
    records = {record["student"]: record["score"] for record in map(json.loads, map(Path.read_text, (folder / "records").rglob("*.json")))}
    assert records == {student(name): score for name, (_, score) in rows.items()}
    assert not [place for place in LEFT if place.exists()] and not [*folder.rglob("left-by-another")]
    assert set(re.findall(r"unprotected: nb/(\w+)", capsys.readouterr().out)) == {"whole", "helper", "renamed"}
    with sqlite3.connect(folder / "gradebook.db") as book:
        book.execute("UPDATE grade SET auto_score = 0.25")
    run_grade("ps", folder, Options(workers=2, dry_run=True))
    said = capsys.readouterr().out
    assert "owned" in said
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", said)

"""`release`: what students get holds no answer, and does not change under those who have handed in."""

import fcntl
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import copy_project

from tinytorch.course.clean import leaks
from tinytorch.course.errors import CourseError, NoSandbox
from tinytorch.course.grade import grade
from tinytorch.course.modules import every
from tinytorch.course.release import release
from tinytorch.course.stubs import region_names

SOURCE = Path("modules/source/08_optimizers/optimizers_dev.py")
BUILT = Path("course/source/08_optimizers/optimizers_dev.ipynb")
RELEASED = Path("course/release/08_optimizers/optimizers_dev.ipynb")
BOOK = Path("course/gradebook.db")


@pytest.fixture(scope="session")
def released(tmp_path_factory):
    """A project with module 08 released; copied for each test that changes it."""
    folder = tmp_path_factory.mktemp("released")
    copy_project(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("PATH", os.defpath)  # an environment that is not activated: nbgrader would not find alembic
        release("08")
    return folder


@pytest.fixture
def course(released, tmp_path, monkeypatch):
    shutil.copytree(released, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def notebooks(folder: Path) -> tuple[dict, dict]:
    return json.loads((folder / BUILT).read_text("utf-8")), json.loads((folder / RELEASED).read_text("utf-8"))


def text(cell: dict) -> str:
    return "".join(cell["source"])


def by_id(notebook: dict, name: str) -> dict:
    return next(cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == name)


@pytest.mark.parametrize("name", [module.name for module in every() if module.name != "08_optimizers"])
def test_the_other_modules_release_is_clean(course, name):
    assert release(name).is_file()  # refused otherwise
    assert {path.suffix for path in Path("course/release", name).rglob("*")} == {".ipynb"}


def test_the_release_is_clean(released):
    source, release = notebooks(released)
    assert leaks(source, release) == []
    everything = json.dumps(release)
    assert "SOLUTION" not in everything and "HIDDEN" not in everything and "jupytext" not in release["metadata"]
    assert [path.name for path in (released / "course/release/08_optimizers").rglob("*")] == ["optimizers_dev.ipynb"]


@pytest.mark.parametrize("cell, name", [("sgd-class", "SGD"), ("adam-class", "Adam"), ("steplr-class", "StepLR"),
                                        ("gradient-descent-function", "gradient_descent_step")])  # fmt: skip
def test_each_stub_names_its_exercise(released, cell, name):
    _, release = notebooks(released)
    assert f'raise NotImplementedError("{name}' in text(by_id(release, cell))


def solution(source: dict, name: str) -> str:
    """The first region of a solution cell, without its marks."""
    return text(by_id(source, name)).split("### BEGIN SOLUTION\n")[1].split("### END SOLUTION")[0]


LONG = "def sgd_update(theta, grad):\n    velocity = 0.9 * theta + grad\n    return theta - 0.1 * velocity\n"


def leak_whole_region(source, release):
    by_id(source, "sgd-class")["source"] = f"class SGD:\n    ### BEGIN SOLUTION\n{LONG}    ### END SOLUTION"
    by_id(release, "sgd-class")["source"] = (
        'class SGD:\n    # YOUR CODE HERE\n    raise NotImplementedError("SGD: your code goes here")'
    )
    return LONG


def in_a_markdown_cell(source, release):
    region = leak_whole_region(source, release)
    release["cells"][0]["source"] = source["cells"][0]["source"] = "For example:\n\n```python\n" + region + "```"


def in_an_output(source, release):
    region = leak_whole_region(source, release)
    by_id(release, "optimizers-setup")["outputs"] = [{"output_type": "stream", "name": "stdout", "text": region}]


def hidden_test_elsewhere(source, release):
    hidden = "checks.check('hidden', 2, fed='random', got=lambda: f(theta), want=oracle(theta))"
    by_id(source, "test-sgd")["source"] = f"### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS\nchecks.score()"
    by_id(release, "test-sgd")["source"] = "checks.score()"
    release["cells"][0]["source"] = source["cells"][0]["source"] = hidden


def unstubbed(source, release):
    by_id(release, "adam-class")["source"] = text(by_id(source, "adam-class")).replace("SOLUTION", "")


def marker(source, release):
    by_id(release, "adam-class")["source"] = by_id(source, "adam-class")["source"]


def another_stub(source, release):
    by_id(release, "adam-class")["source"] = text(by_id(release, "adam-class")).replace("your code goes here", "m = g")


def lost_line(source, release):
    by_id(release, "optimizers-imports")["source"] = text(by_id(release, "optimizers-imports")).split("\n", 1)[1]


def lost_cell(source, release):
    release["cells"].pop()


def jupytext_key(source, release):
    release["metadata"]["jupytext"] = {"formats": "ipynb,py:percent"}


LEAKS = {
    in_a_markdown_cell: "holds a whole region of sgd-class",
    in_an_output: "has an output",
    hidden_test_elsewhere: "holds a whole region of test-sgd",
    unstubbed: "cell adam-class: is not the source's",
    marker: "cell adam-class: holds a marker",
    another_stub: "cell adam-class: is not the source's",
    lost_line: "cell optimizers-imports: is not the source's",
    lost_cell: "cells, the source",
    jupytext_key: "a jupytext key",
}


@pytest.mark.parametrize("tamper, message", LEAKS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_the_proof_finds(released, tamper, message):
    source, release = notebooks(released)
    tamper(source, release)
    assert any(message in leak for leak in leaks(source, release)), leaks(source, release)


def test_a_python_file_beside_the_source_is_refused_and_nothing_published(course):
    shutil.copy(SOURCE, BUILT.parent)
    before = RELEASED.read_bytes()
    with pytest.raises(CourseError, match="optimizers_dev.py: a Python file beside the notebook"):
        release("08")
    assert RELEASED.read_bytes() == before


def hand_in(course: Path) -> None:
    target = course / "course/submitted/ada/08_optimizers"
    target.mkdir(parents=True)
    shutil.copy(course / RELEASED, target)


def rename(old: str, new: str) -> None:
    SOURCE.write_text(SOURCE.read_text("utf-8").replace(f'"grade_id": "{old}"', f'"grade_id": "{new}"'), "utf-8")


def test_cells_that_come_or_go_after_submissions_are_refused(course):
    hand_in(course)
    rename("optimizers-setup", "setup-of-the-optimizers")
    before, grades = RELEASED.read_bytes(), Path("course/gradebook.db").read_bytes()
    with pytest.raises(CourseError, match="setup-of-the-optimizers added; optimizers-setup removed"):
        release("08")
    assert (RELEASED.read_bytes(), Path("course/gradebook.db").read_bytes()) == (before, grades)


def test_cells_may_come_and_go_before_anyone_has_handed_in(course):
    rename("optimizers-setup", "setup-of-the-optimizers")
    release("08")
    assert "setup-of-the-optimizers" in RELEASED.read_text("utf-8")


def test_new_words_may_be_released_after_submissions(course):
    hand_in(course)
    SOURCE.write_text(SOURCE.read_text("utf-8").replace("# Optimizers", "# Optimizers, corrected", 1), "utf-8")
    release("08")
    assert "# Optimizers, corrected" in RELEASED.read_text("utf-8")


def test_a_release_knows_what_a_first_grading_would_have_to_find_out(released):
    known = json.loads((released / "course/plans/08_optimizers/optimizers_dev.json").read_text("utf-8"))
    cells = [(cell["cell_type"], cell["metadata"].get("nbgrader", {})) for cell in notebooks(released)[0]["cells"]]
    assert known["steps"].keys() == {about["grade_id"] for kind, about in cells if kind == "code" and about.get("grade")}
    assert json.loads((released / "course/seeds.json").read_text("utf-8")).keys() == {"08_optimizers"}


def test_a_source_that_cannot_be_graded_is_not_released(course):
    before, text = [RELEASED.read_bytes(), BOOK.read_bytes()], SOURCE.read_text("utf-8")
    dies = "### BEGIN HIDDEN TESTS\nimport os, sys\nif sys.flags.safe_path:\n    os._exit(3)\n"  # where it is judged, not in a build
    SOURCE.write_text(text.replace("### BEGIN HIDDEN TESTS\n", dies), "utf-8")
    with pytest.raises(CourseError, match="the instructor's own cells crash or take too long"):
        release("08")
    assert [RELEASED.read_bytes(), BOOK.read_bytes()] == before


def test_another_system_releases_without_asking_the_reference(course, monkeypatch):
    """What only Linux has is not there."""
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.delattr(fcntl, "F_SETPIPE_SZ")
    monkeypatch.delattr(os, "ST_NOEXEC")
    RELEASED.unlink()
    assert release("08").is_file() and RELEASED.is_file()
    Path("course/submitted/ann/08_optimizers").mkdir(parents=True)
    with pytest.raises(NoSandbox, match="Sandboxes need Linux"):
        grade("08")


IN_THE_JUDGE = "### BEGIN HIDDEN TESTS\nimport sys\nassert not (sys.flags.safe_path and sys.argv[0])\n"


@pytest.mark.parametrize("was, now, message", [
    ("    if parameter.grad is not None:", "    if parameter.grad is None:", "test-gradient-descent: the source's own answers get 0 of 10"),
    ("### BEGIN HIDDEN TESTS\n", IN_THE_JUDGE, "test-gradient-descent: its points are unprotected, because line .* it ends in AssertionError"),
])  # fmt: skip
def test_a_source_whose_tests_do_not_hold_its_own_answers_is_not_released(course, was, now, message):
    before, text = [RELEASED.read_bytes(), BOOK.read_bytes()], SOURCE.read_text("utf-8")
    SOURCE.write_text(text.replace(was, now), "utf-8")
    for _ in range(2):
        with pytest.raises(CourseError, match=f"nothing was published\n{message}"):
            release("08")
    assert [RELEASED.read_bytes(), BOOK.read_bytes()] == before


def test_plain_nbgrader_makes_the_same_release(course):
    ours = RELEASED.read_bytes()
    command = [str(Path(sys.executable).with_name("nbgrader")), "generate_assignment", "08_optimizers", "--force"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert RELEASED.read_bytes() == ours


def test_a_link_in_the_settings_becomes_a_badge(course):
    assert "Colab" not in "".join(notebooks(course)[1]["cells"][0]["source"])
    settings = Path("settings.ini")
    settings.write_text(settings.read_text("utf-8").replace("colab =", "colab = https://example.org/nb"), "utf-8")
    release("08")
    assert "".join(notebooks(course)[1]["cells"][0]["source"]).count("(https://example.org/nb)") == 1


def test_a_lost_release_folder_does_not_hide_that_cells_changed(course):
    hand_in(course)
    shutil.rmtree("course/release")
    rename("optimizers-setup", "setup-of-the-optimizers")
    with pytest.raises(CourseError, match="optimizers-setup removed"):
        release("08")
    assert not Path("course/release").exists()


REGIONS = "class A:\n    def f(self):\n        ### BEGIN SOLUTION\n        x = 1\n        ### END SOLUTION\n    def g(self):\n" \
          "        ### BEGIN SOLUTION\n        y = 2\n        ### END SOLUTION\n"  # fmt: skip


@pytest.mark.parametrize("source, names", [
    (REGIONS, ["A.f", "A.g"]),
    ("### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n", ["the-cell"]),
    ("%magic\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n", ["the-cell"]),
])  # fmt: skip
def test_regions_are_named_for_what_they_stand_in(source, names):
    assert region_names(source, "the-cell") == names

"""settings.ini: read by the command, by nbgrader_config.py, and refused where nobody would read it."""

import re
import tomllib
from pathlib import Path

import pytest
from conftest import ROOT

from tinytorch.course import nbconfig
from tinytorch.course.errors import CourseError
from tinytorch.course.settings import load
from tinytorch.course.shared import Options, Shared


def change(old: str, new: str) -> None:
    path = Path("settings.ini")
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_the_defaults(project):
    settings = load()
    assert settings.course == project / "course"
    assert settings.gradebook == f"sqlite:///{project / 'course' / 'gradebook.db'}"
    assert (settings.course_id, settings.cell_seconds, settings.memory_mb) == ("tinytorch", 10, 1024)


@pytest.mark.parametrize("old, new, name, value", [
    ("course_id = tinytorch", "course_id = ml101", "course_id", "ml101"),
    ("cell_seconds = 10", "cell_seconds = 3", "cell_seconds", 3),
    ("memory_mb = 1024", "memory_mb = 256", "memory_mb", 256),
    ("gradebook =", "gradebook = postgresql://db/grades", "gradebook", "postgresql://db/grades"),
    ("colab =", "colab = https://example.org/100%/nb", "colab", "https://example.org/100%/nb"),
])  # fmt: skip
def test_each_setting_is_live(project, old, new, name, value):
    change(old, new)
    assert getattr(load(), name) == value


@pytest.mark.parametrize("old, new, message", [
    ("course_id =", "curse_id =", "nobody reads [course] curse_id"),
    ("[limits]", "[limit]", "nobody reads [limit] cell_seconds"),
    ("cell_seconds = 10", "cell_seconds = ten", "cell_seconds must be a positive whole number, not 'ten'"),
    ("memory_mb = 1024", "memory_mb = 0", "memory_mb must be a positive whole number"),
    ("[course]", "course", "cannot be read"),
])  # fmt: skip
def test_a_setting_that_cannot_hold_is_refused(project, old, new, message):
    change(old, new)
    with pytest.raises(CourseError, match=re.escape(message)):
        load()


def test_another_course_has_its_own_gradebook(project):
    change("gradebook =", "gradebook = postgresql://db/grades")
    assert load("elsewhere").gradebook == f"sqlite:///{project / 'elsewhere' / 'gradebook.db'}"


@pytest.mark.parametrize("lines, own, seconds", [
    ("", "", 30),
    ("c.Execute.timeout = 60", "", 60),
    ("c.ExecutePreprocessor.timeout = 45", "", 45),
    ("c.Execute.timeout = None", "", 30),
    ("c.Execute.timeout = 5", "", 10),
    ("c.Execute.timeout = 60", "[limits]\ncell_seconds = 3", 3),
])  # fmt: skip
def test_a_cell_of_another_course_has_the_time_that_nbgrader_gives_it(project, lines, own, seconds):
    """And no less than one of ours; a slow answer that nbgrader waits for loses nothing."""
    pytest.importorskip("jupyter_core")
    folder = project / "another"
    (folder / "source" / "ps").mkdir(parents=True)
    (folder / "source" / "ps" / "nb.ipynb").write_text("{}")
    (folder / "nbgrader_config.py").write_text(f"c = get_config()\n{lines}")
    (folder / "settings.ini").write_text(own) if own else None
    limits = Shared("ps", folder, Options()).limits
    assert (limits.cell_seconds, limits.wall_seconds) == (seconds, max(180, 18 * seconds))


def test_who_stands_in_an_nbgrader_course_means_that_one(project, monkeypatch):
    folder = project / "another"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert load().course == project / "course"  # a folder of the project like any other
    (folder / "nbgrader_config.py").write_text("c = get_config()\n")
    assert load().course == folder
    assert load("elsewhere").course == folder / "elsewhere"


@pytest.mark.parametrize("here", [True, False])
def test_a_gradebook_in_jupyters_path_is_of_the_course_named_there(tmp_path, monkeypatch, here):
    """As on a hub: the course's folder has no configuration of its own. A demo beside it has a gradebook of its own."""
    pytest.importorskip("jupyter_core")
    course = tmp_path / "c"
    for folder in ("source", "submitted"):
        (course / folder).mkdir(parents=True)
    lines = [f"c.CourseDirectory.root = '{course if here else tmp_path}'", "c.CourseDirectory.db_url = 'sqlite:////db'"]
    (tmp_path / "nbgrader_config.py").write_text("\n".join(["c = get_config()", *lines]))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(tmp_path))
    monkeypatch.chdir(course)
    settings = load()
    assert settings.course == course
    assert nbconfig.read(settings).gradebook == ("sqlite:////db" if here else f"sqlite:///{course / 'gradebook.db'}")


def test_nbgrader_reads_the_same_settings(project):
    from tinytorch.course.nbgrader import configuration

    change("course_id = tinytorch", "course_id = ml101")
    change("cell_seconds = 10", "cell_seconds = 7")
    (project / "course").mkdir()
    (project / "course/seeds.json").write_text('{"08_optimizers": 5}', "utf-8")
    config = configuration()
    assert config.CourseDirectory.course_id == "ml101"
    assert config.CourseDirectory.root == str(project / "course")
    assert config.Execute.timeout == 7


def test_what_nbdev_must_repeat_is_equal():
    nbdev = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["nbdev"]
    assert ROOT / nbdev["nbs_path"] == load().course / "source"
    assert nbdev["lib_path"] == "tinytorch"

"""The project's own files: what `make clean` leaves alone, and what the pins may hold."""

import re
import shutil
import subprocess
import tomllib

import pytest
from conftest import ROOT

PRECIOUS = ["course/submitted/ada/08/__pycache__/x.pyc", "course/gradebook.db", "course/feedback/ada/x.html",
            "course/autograded/ada/x.ipynb", "course/records/08/ada.json", "course/seeds.json"]  # fmt: skip
LITTER = ["tinytorch/__pycache__/x.pyc", "build/x", "tinytorch_course.egg-info/x", ".pytest_cache/x"]


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make on this machine")
def test_clean_removes_litter_and_nothing_of_a_course(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in PRECIOUS + LITTER:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    subprocess.run(["make", "clean"], cwd=tmp_path, check=True, capture_output=True)
    assert [name for name in PRECIOUS if not (tmp_path / name).exists()] == []
    assert [name for name in LITTER if (tmp_path / name).exists()] == []


def test_the_pins_are_pins_and_name_no_address():
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if not re.match(r"#|[\w.-]+==[\w.]+( ;|$)", line)] == []
    assert not any("://" in line for line in lines)


def test_every_requirement_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    pinned = {re.match(r"[\w.-]+", line)[0].lower() for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()[1:]}
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    names = {re.match(r"[\w.-]+", one)[0].lower() for one in wanted} - {project["name"]}
    assert names - pinned == set()


@pytest.mark.parametrize("name", ["README.md", "LICENSE", "NOTICE", "CHANGELOG.md", "CONTRIBUTING.md", "settings.ini",
                                  "nbgrader_config.py", "pyproject.toml", ".ci/run"])  # fmt: skip
def test_what_a_project_needs_is_there(name):
    assert (ROOT / name).stat().st_size > 200


def test_core_needs_numpy_only_and_the_import_keeps_its_name():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert [re.match(r"\w+", one)[0] for one in project["dependencies"]] == ["numpy"]
    assert project["name"] != "tinytorch" and project["scripts"]["tinytorch"].startswith("tinytorch.")

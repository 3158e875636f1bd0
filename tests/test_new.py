"""`new`: the skeleton of a module passes the build as it is."""

import os
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

from tinytorch.course.build import build
from tinytorch.course.errors import CourseError
from tinytorch.course.new import new


@pytest.mark.parametrize("name", ["09_training", "10_mixed_precision"])
def test_the_skeleton_builds_and_its_reference_passes(project, name):
    (path,) = new(name)
    assert path == project / "modules" / "source" / name / f"{name[3:]}_dev.py"
    assert build([name[:2]]) == [name]
    assert (project / "tinytorch" / "core" / f"{name[3:]}.py").is_file()
    cells = path.read_text().replace("### BEGIN", "#").replace("### END", "#")
    done = subprocess.run([sys.executable, "-c", cells], capture_output=True, text=True, check=False)
    assert "example: all checks pass (3 of 3 points)" in done.stdout, done.stderr


def test_its_catalogue_passes_the_check(project):
    """Beside the repository's tests `new` writes a slip and a right answer too; what is left is what the rubric wants."""
    shutil.copytree(ROOT / "tests" / "catalogue", project / "tests" / "catalogue", ignore=shutil.ignore_patterns("m*", "__pycache__"))
    shutil.copytree(ROOT / "tinytorch", project / "tinytorch", ignore=shutil.ignore_patterns("__pycache__"))
    env = {**os.environ, "PYTHONPATH": str(project)}
    for words in (["new", "09_training"], ["check", "09"]):
        done = subprocess.run([sys.executable, "-m", "tinytorch", *words], capture_output=True, text=True, check=False, env=env)
    first, *misses = done.stdout.splitlines()
    assert first.startswith("09_training: 1 graded cells, 1 slips, 1 right answers") and "0 checks that no slip" in first
    assert misses and all(line.startswith("miss  rubric: ") for line in misses), done.stdout + done.stderr


@pytest.mark.parametrize("name, said", [("training", "is no name of a module"), ("08_other", "has that number"),
                                        ("11_optimizers", "has that number or topic"), ("09_../x", "is no name")])  # fmt: skip
def test_names_that_cannot_be_are_refused(project, name, said):
    before = sorted(project.rglob("*"))
    with pytest.raises(CourseError, match=said):
        new(name)
    assert sorted(project.rglob("*")) == before

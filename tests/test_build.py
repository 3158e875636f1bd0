"""`build`: what it writes, that it writes it twice alike, and what it refuses."""

import ast
import json
import re
from pathlib import Path

import pytest
from conftest import ROOT, processor_seconds
from fastcore.nbio import dict2nb

from tinytorch.course.build import behind, build
from tinytorch.course.errors import CourseError
from tinytorch.course.modules import every, find
from tinytorch.course.percent import from_notebook, to_notebook

SOURCES = [module.source for module in every()]
SOURCE = "modules/source/08_optimizers/optimizers_dev.py"
NOTEBOOK = "course/source/08_optimizers/optimizers_dev.ipynb"


def tree(folder: Path) -> dict[str, bytes]:
    """Every file that a build may write, with its bytes."""
    places = [folder / "course" / "source", folder / "tinytorch"]
    return {str(path.relative_to(folder)): path.read_bytes() for place in places for path in place.rglob("*.*")}


def edit(path: str, old: str, new: str, count: int = 1) -> None:
    text = Path(path).read_text("utf-8")
    assert old in text, f"{path} does not hold {old!r}"
    Path(path).write_text(text.replace(old, new, count), "utf-8")


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_source_to_notebook_to_source_is_the_identity(source):
    text = source.read_text("utf-8")
    assert from_notebook(to_notebook(text)) == text


def test_two_builds_are_byte_identical(project):
    build([])
    first = tree(project)
    for path in (project / "course").rglob("*.json"):
        path.unlink()
    build([])
    assert tree(project) == first
    assert not list(project.rglob("_modidx.py"))


def test_the_committed_package_is_what_the_sources_give(project):
    build([])
    for path in (project / "tinytorch" / "core").glob("*.py"):
        assert path.read_bytes() == (ROOT / "tinytorch" / "core" / path.name).read_bytes(), f"run `tinytorch build`: {path.name}"


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_exported_file_reads_as_written_for_importers(source):
    target = re.search(r"default_exp core\.(\w+)", source.read_text("utf-8"))[1]
    text = (ROOT / "tinytorch" / "core" / f"{target}.py").read_text("utf-8")
    module = ast.parse(text)
    assert ast.get_docstring(module)
    assert f"modules/source/{source.parent.name}/{source.name}" in text
    assert "__all__" in text
    for word in ("SOLUTION", "HIDDEN", "# %%", "#|", "TODO", "YOUR CODE"):
        assert word not in text, f"{word} in {target}.py"


def test_cell_ids_are_stable(project):
    build(["08"])
    first = json.loads(Path(NOTEBOOK).read_text("utf-8"))["cells"]
    edit(SOURCE, "# Optimizers", "# Other words")
    build(["08"])
    then = json.loads(Path(NOTEBOOK).read_text("utf-8"))["cells"]
    graded = {cell["metadata"]["nbgrader"]["grade_id"]: cell["id"] for cell in then if "nbgrader" in cell["metadata"]}
    assert all(grade_id == name for grade_id, name in graded.items())
    assert [a["id"] for a in first[1:]] == [b["id"] for b in then[1:]]


def test_nbdevs_clean_up_keeps_what_nbgrader_knows(project):
    from nbdev.clean import clean_nb
    from nbdev.config import get_config

    build(["08"])
    cells = json.loads(Path(NOTEBOOK).read_text("utf-8"))["cells"]
    cleaned = dict2nb({"cells": json.loads(json.dumps(cells)), "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    clean_nb(cleaned, allowed_cell_metadata_keys=get_config(project).allowed_cell_metadata_keys)
    assert [cell["metadata"].get("nbgrader") for cell in cleaned["cells"]] == [c["metadata"].get("nbgrader") for c in cells]


def test_a_build_without_a_change_takes_under_a_second(project, tinytorch):
    build(["08"])
    done = tinytorch("build", "08", cwd=project)
    assert (done.returncode, done.stdout) == (0, "")
    assert processor_seconds(lambda: tinytorch("build", "08", cwd=project)) < 1



def test_a_notebook_that_is_behind_its_source_is_known(project):
    """As after an update in mid-course: grading old tests with new tools gives other scores."""
    course = project / "course"
    build(["01"])
    assert not behind("01_tensor", course) and not behind("ps1", course) and not behind("08_optimizers", course)
    edit("modules/source/01_tensor/tensor_dev.py", "import numpy as np", "import numpy as np  # newer")
    assert behind("01_tensor", course)


CELL = '# %% nbgrader={"grade": false, "grade_id": "sgd-class", "locked": false, "schema_version": 3, "solution": true, "task": false}'
REFUSALS = {
    "does not parse": ("import math", "import math math", "does not parse"),
    "missing grade_id": ('"grade_id": "sgd-class", ', "", "without a grade_id"),
    "no metadata": (CELL, "# %%", "without a grade_id"),
    "incomplete metadata": ('"grade_id": "sgd-class", "locked": false, ', '"grade_id": "sgd-class", ', "without locked"),
    "duplicate grade_id": ('"grade_id": "adam-class"', '"grade_id": "sgd-class"', "is taken by the cell at line"),
    "no region": ("### BEGIN SOLUTION", "# begin", "without its other half"),
    "points": ('Checks("SGD", points=15', 'Checks("SGD", points=14', "the checks say 14 points, nbgrader's metadata 15"),
    "sum of the checks": ('"one plain step", 1,', '"one plain step", 1.5,', "the checks add up to 15.5 points"),
    "a student's name outside got": ("checks = Checks(\"SGD\"", "SGD\nchecks = Checks(\"SGD\"", "do not run without a student"),
    "header": ("cell_markers: '\"\"\"'", "cell_markers: \"'''\"", "the header is not the one"),
    "formats in the header": ("#     cell_markers", "#     formats: ipynb,py:percent\n#     cell_markers", "the header is not the one"),
    "a backslash": (CELL, f'# %% [markdown]\n"""\n$\\\\lceil x$\n"""\n\n{CELL}', 'a text with a backslash begins with r"""'),
    "an empty line too many": (CELL, f"\n\n{CELL}", "would come back from the notebook as"),
    "no default_exp": ("#| default_exp core.optimizers\n", "", "nothing says where to"),
}  # fmt: skip


@pytest.mark.parametrize("old, new, message", REFUSALS.values(), ids=REFUSALS.keys())
def test_a_build_that_would_lose_something_is_refused(project, old, new, message):
    edit(SOURCE, old, new)
    before = tree(project)
    with pytest.raises(CourseError, match=re.escape(message)) as refused:
        build(["08"])
    assert re.match(rf"{SOURCE}:\d+: ", str(refused.value))
    assert tree(project) == before


def test_a_refusal_names_the_line(project):
    edit(SOURCE, '"grade_id": "adam-class"', '"grade_id": "sgd-class"')
    lines = Path(SOURCE).read_text("utf-8").splitlines()
    number = [n for n, line in enumerate(lines, 1) if '"sgd-class"' in line][1]
    with pytest.raises(CourseError, match=f"^{SOURCE}:{number}: "):
        build(["08"])


def test_two_modules_with_one_target_are_refused(project):
    other = project / "modules/source/09_other/other_dev.py"
    other.parent.mkdir()
    other.write_text(Path(SOURCE).read_text("utf-8"), "utf-8")
    with pytest.raises(CourseError, match="exports to core.optimizers too"):
        build(["08"])


@pytest.mark.parametrize("name", ["08", "8", "optimizers", "08_optimizers"])
def test_three_names_for_a_module(name):
    assert find(name).name == "08_optimizers"


def test_an_unknown_module_is_one_line(tinytorch):
    done = tinytorch("build", "99")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("no module is called '99'; there are: ") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("line, message", [
    ("c.Execute.timout = 3", "Execute has no option timout"),
    ("c.Execution.timeout = 3", "nbgrader has no class Execution"),
])  # fmt: skip
def test_an_option_that_nbgrader_does_not_know_fails_the_build(project, line, message):
    path = project / "nbgrader_config.py"
    path.write_text(path.read_text("utf-8") + line + "\n", "utf-8")
    number = len(path.read_text("utf-8").splitlines())
    with pytest.raises(CourseError, match=f"nbgrader_config.py:{number}: {message}"):
        build(["08"])
    assert tree(project) == {}

"""The pair: an author edits either half, and no edit is lost."""

import json
import re
from pathlib import Path

import pytest

from tinytorch.course.build import build
from tinytorch.course.errors import CourseError
from tinytorch.course.pair import pull

SOURCE = Path("modules/source/08_optimizers/optimizers_dev.py")
NOTEBOOK = Path("course/source/08_optimizers/optimizers_dev.ipynb")


@pytest.fixture
def built(project):
    build(["08"])
    return project


def change(function) -> None:
    """Edit the notebook as an editor would: read, change, save."""
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    function(notebook)
    NOTEBOOK.write_text(json.dumps(notebook), "utf-8")


def retitle(notebook) -> None:
    notebook["cells"][0]["source"] = "# A new title"


def saved_in_jupyter(notebook) -> None:
    """What running and saving does: ids, counts, outputs, times, the kernel's details."""
    notebook["metadata"]["language_info"] = {"name": "python", "version": "3.13.0"}
    notebook["metadata"]["kernelspec"]["display_name"] = "Python 3"
    for number, cell in enumerate(notebook["cells"]):
        cell["id"] = f"random-{number}"
        cell["metadata"]["ExecuteTime"] = {"end_time": "now"}
        cell["metadata"]["execution"] = {"iopub.execute_input": "now"}
        if cell["cell_type"] == "code":
            cell["execution_count"] = number
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "hello\n"}]


def test_an_edited_notebook_is_not_overwritten(built):
    change(retitle)
    edited, source = NOTEBOOK.read_text("utf-8"), SOURCE.read_text("utf-8")
    with pytest.raises(CourseError) as refused:
        build(["08"])
    assert "+# A new title" in str(refused.value) and "tinytorch pull 08_optimizers" in str(refused.value)
    assert (NOTEBOOK.read_text("utf-8"), SOURCE.read_text("utf-8")) == (edited, source)


def test_pull_brings_the_edit_back(built):
    change(retitle)
    pull("08")
    assert "# A new title\n" in SOURCE.read_text("utf-8")
    assert build(["08"]) == []


def test_a_cell_that_a_build_refuses_comes_back_too_and_is_named(built):
    change(lambda notebook: notebook["cells"].append({"cell_type": "code", "id": "x", "metadata": {}, "source": "1 + 1",
                                                      "outputs": [], "execution_count": None}))  # fmt: skip
    said, code = pull("08")
    assert code == 1 and "a code cell without a grade_id" in said
    assert SOURCE.read_text("utf-8").endswith("# %%\n1 + 1\n")
    SOURCE.write_text(SOURCE.read_text("utf-8").removesuffix("\n# %%\n1 + 1\n"), "utf-8")
    assert build(["08"]) == ["08_optimizers"]


def test_running_and_saving_is_no_edit(built):
    clean = NOTEBOOK.read_text("utf-8")
    change(saved_in_jupyter)
    build(["08"])
    assert NOTEBOOK.read_text("utf-8") == clean


def test_both_halves_edited_in_different_places_go_together(built):
    change(retitle)
    SOURCE.write_text(SOURCE.read_text("utf-8") + "\n# %% [markdown]\n\"\"\"\nThe end.\n\"\"\"\n", "utf-8")
    with pytest.raises(CourseError, match="was edited since it was built"):
        build(["08"])
    pull("08")
    text = SOURCE.read_text("utf-8")
    assert "# A new title\n" in text and "The end." in text


def test_both_halves_edited_in_one_place_are_refused(built):
    change(retitle)
    SOURCE.write_text(re.sub(r'"""\n# .*\n', '"""\n# Another title\n', SOURCE.read_text("utf-8"), count=1), "utf-8")
    source, edited = SOURCE.read_text("utf-8"), NOTEBOOK.read_text("utf-8")
    with pytest.raises(CourseError, match="both edited at the same place"):
        pull("08")
    assert (SOURCE.read_text("utf-8"), NOTEBOOK.read_text("utf-8")) == (source, edited)


def test_an_edit_is_seen_when_the_record_of_the_build_is_lost(built):
    for path in Path("course/.built").iterdir():
        path.unlink()
    change(retitle)
    with pytest.raises(CourseError, match="was edited since it was built"):
        build(["08"])


def test_pull_without_an_edit_changes_nothing(built):
    source = SOURCE.read_text("utf-8")
    assert pull("08") == ("08_optimizers: nothing to bring back", 0)
    assert SOURCE.read_text("utf-8") == source


def test_a_broken_notebook_is_not_overwritten(built):
    NOTEBOOK.write_text("{", "utf-8")
    with pytest.raises(CourseError, match="not a readable notebook"):
        build(["08"])
    assert NOTEBOOK.read_text("utf-8") == "{"

"""The reference notebooks of 01 and 07 as a person runs them: every cell, also those that grading leaves out."""

from pathlib import Path

import pytest
from nbclient import NotebookClient

from tests.test_notebook import images
from tinytorch.course.percent import to_notebook


@pytest.mark.slow
@pytest.mark.parametrize("source", ["01_tensor/tensor_dev.py", "07_autograd/autograd_dev.py"])
def test_every_claim_holds_and_every_figure_appears_with_its_text(source, tmp_path):
    notebook = to_notebook(Path("modules/source", source).read_text("utf-8"))
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=120, kernel_name="python3", skip_cells_with_tag="", resources=resources).execute()
    for cell in notebook.cells:
        drawn = images(cell)
        assert len(drawn) == ("alt=" in cell.source), cell.source
        assert all(len(output.metadata["image/png"]["alt"]) > 40 for output in drawn)
        assert not [output.text for output in cell.get("outputs", ()) if output.get("name") == "stderr"]

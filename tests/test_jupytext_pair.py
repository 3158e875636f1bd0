"""An author opens the percent source as a notebook in Jupyter, and an edit there reaches the source."""

import json
import shutil
import urllib.request

import pytest
from browsing import jupyter
from conftest import ROOT

pytestmark = pytest.mark.browser
SOURCE = "modules/source/08_optimizers/optimizers_dev.py"


def ask(address, method="GET", body=None):
    """One request to the server's contents, which is what JupyterLab itself sends."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def test_open_and_save(tmp_path):
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "modules", folder / "modules", ignore=shutil.ignore_patterns("__pycache__"))
    before = (folder / SOURCE).read_text("utf-8")
    with jupyter(folder, tmp_path) as address:
        model = ask(f"{address}/api/contents/{SOURCE}?type=notebook")
        assert model["type"] == "notebook" and len(model["content"]["cells"]) > 50
        ask(f"{address}/api/contents/{SOURCE}", "PUT", {"type": "notebook", "format": "json", "content": model["content"]})
        assert (folder / SOURCE).read_text("utf-8") == before, "opening and saving is no edit"
        first = model["content"]["cells"][0]
        first["source"] = first["source"].replace("# ", "# Edited: ", 1)
        ask(f"{address}/api/contents/{SOURCE}", "PUT", {"type": "notebook", "format": "json", "content": model["content"]})
    after = (folder / SOURCE).read_text("utf-8")
    assert "# Edited: " in after and after.replace("# Edited: ", "# ", 1) == before

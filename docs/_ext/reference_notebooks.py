"""The modules as pages: each reference notebook is executed with all its cells, then its solutions are cut.

Outputs and figures stay. What a reader may not have goes: solution regions, hidden tests, marking notes.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging

from tinytorch.course.build import build
from tinytorch.course.modules import Module, every
from tinytorch.course.settings import load

Notebook = dict[str, Any]
log = logging.getLogger(__name__)
REGION = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n.*?^[ \t]*### END SOLUTION[ \t]*$", re.M | re.S)
HIDDEN = re.compile(r"^[ \t]*### BEGIN HIDDEN TESTS\n.*?^[ \t]*### END HIDDEN TESTS\n?", re.M | re.S)
TOO_SLOW = 600  # seconds that a cell may run here: pages show what a grading machine would skip


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", write_pages)
    app.connect("autodoc-process-docstring", as_written)
    return {"parallel_read_safe": True}


def as_written(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Docstrings are plain text with formulas: a star in them is a product, not emphasis."""
    lines[:] = [line if line.lstrip().startswith((">>>", "...")) else line.replace("*", r"\*") for line in lines]


def write_pages(app: Sphinx) -> None:
    """Write `modules/*.ipynb` below the documentation's sources, where they changed."""
    build([])
    folder = Path(app.srcdir) / "modules"
    folder.mkdir(exist_ok=True)
    for module in every():
        source = module.built(load().course).read_text(encoding="utf-8")
        page, made = folder / f"{module.name}.ipynb", folder / f".{module.name}.sha"
        name = hashlib.sha256(source.encode() + Path(__file__).read_bytes()).hexdigest()
        if not page.exists() or not made.exists() or made.read_text() != name:
            log.info("executing %s", module.name)
            page.write_text(json.dumps(_page(module, json.loads(source)), indent=1), encoding="utf-8")
            made.write_text(name)


def _page(module: Module, notebook: Notebook) -> Notebook:
    done = _executed(module, notebook)
    cells = [_cut(cell) for cell in done["cells"]]
    return {**done, "cells": [cell for cell in cells if cell["source"].strip() or cell.get("outputs")]}


def _executed(module: Module, notebook: Notebook) -> Notebook:
    """Run every cell, those too that grading skips."""
    import nbformat
    from nbclient import NotebookClient

    for cell in notebook["cells"]:
        tags = cell["metadata"].get("tags", [])
        cell["metadata"]["tags"] = [tag for tag in tags if tag != "skip-execution"]
    live = nbformat.reads(json.dumps(notebook), as_version=4)
    NotebookClient(live, timeout=TOO_SLOW, kernel_name="python3", allow_errors=True).execute()
    failed = [cell for cell in live.cells for out in cell.get("outputs", []) if out["output_type"] == "error"]
    for cell in failed:
        log.warning("%s: a cell of the reference raises: %s", module.name, cell.source.splitlines()[:1])
    return json.loads(nbformat.writes(live))


def _cut(cell: dict[str, Any]) -> dict[str, Any]:
    """A cell without what a student is to write and without what only the grader may see."""
    source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
    mark = r"\1...  # your answer" if cell["cell_type"] == "code" else ""
    cell["source"] = HIDDEN.sub("", REGION.sub(mark, source)).rstrip()
    cell["outputs"] = [out for out in cell.get("outputs", []) if not _is_chatter(out)]
    if cell["cell_type"] != "code":
        cell.pop("outputs")
    return cell


def _is_chatter(output: dict[str, Any]) -> bool:
    return output.get("name") == "stderr"

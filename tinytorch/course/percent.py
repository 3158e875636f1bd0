"""A percent source and its notebook: the same text in two forms."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import jupytext
from nbformat import NotebookNode

__all__ = ["Notebook", "from_notebook", "load_notebook", "notebook_text", "to_notebook"]

Notebook = NotebookNode
PERCENT = "py:percent"


def to_notebook(text: str) -> Notebook:
    """The notebook of a percent source, with cell ids that depend on nothing but the cells."""
    notebook = jupytext.reads(text, fmt=PERCENT)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell, name in zip(notebook.cells, _ids(notebook.cells), strict=True):
        cell["id"] = name
    return notebook


def from_notebook(notebook: Notebook) -> str:
    """The percent source of a notebook; ids, outputs and counts are not part of it."""
    return jupytext.writes(notebook, fmt=PERCENT)


def notebook_text(notebook: Notebook) -> str:
    """The notebook's file, byte for byte."""
    return jupytext.writes(notebook, fmt="ipynb").rstrip("\n") + "\n"


def load_notebook(text: str) -> Notebook:
    return jupytext.reads(text, fmt="ipynb")


def _ids(cells: Iterable[Any]) -> Iterator[str]:
    """The grade_id, else a hash of kind and text; equal cells are told apart by their order."""
    seen: Counter[str] = Counter()
    for cell in cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        name = cell.metadata.get("nbgrader", {}).get("grade_id") or digest
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name}-{seen[name]}"

"""Small notebooks for the tests: cells as one-line calls."""

import copy
import json
from pathlib import Path
from typing import Any

Cell = dict[str, Any]


def cell(source: str, name: str = "", kind: str = "", points: float | None = None, **more: Any) -> Cell:
    """A cell; `kind` is "test", "answer", "locked" or "" (a free cell), `name` its grade_id."""
    made: Cell = {"cell_type": "code", "id": name or f"free{abs(hash(source)) % 10**8}", "metadata": {}, "source": source}
    made |= {"outputs": [], "execution_count": None}
    if name:
        flags = {"grade": kind == "test", "solution": kind == "answer", "locked": kind in ("test", "locked"), "task": False}
        made["metadata"]["nbgrader"] = {"grade_id": name, "schema_version": 3, **flags}
    if points is not None:
        made["metadata"]["nbgrader"]["points"] = points
    made["metadata"] |= more
    return made


def notebook(*cells: Cell) -> bytes:
    kernel = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}}
    return json.dumps({"cells": list(cells), "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}).encode()


def save(path: Path, *cells: Cell) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(notebook(*cells))
    return path


def change(cells: list[Cell], **sources: str) -> list[Cell]:
    """The cells with some sources replaced, by grade_id with `_` for `-`."""
    cells = copy.deepcopy(cells)
    for made in cells:
        made["source"] = sources.get(made["id"].replace("-", "_"), made["source"])
    return cells

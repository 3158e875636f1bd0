"""A notebook as a list of cells, read without nbformat so that a student's machine needs NumPy only."""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

Cell = dict[str, Any]


class NotebookError(Exception):
    """One line: what could not be read, where, and what to do."""


@dataclass(frozen=True)
class Notebook:
    """A notebook file: its cells, the rest of its JSON, and which saved version of the file this is."""

    path: Path
    cells: list[Cell]
    rest: dict[str, Any]
    sha: str
    saved: datetime

    def by_id(self) -> dict[str, Cell]:
        """The cells that nbgrader knows, by grade_id; of several copies the last, as the grader counts."""
        return {name: cell for cell in self.cells if (name := grade_id(cell))}

    def with_cells(self, cells: list[Cell]) -> "Notebook":
        return Notebook(self.path, cells, self.rest, self.sha, self.saved)


def sha8(data: bytes) -> str:
    """The short name of a saved version of a file; the feedback page shows the same."""
    return hashlib.sha256(data).hexdigest()[:8]


def read(path: Path | str) -> Notebook:
    """Read a notebook file, whatever its encoding, and nbformat 3 as well as 4."""
    path = Path(path)
    try:
        data = path.read_bytes()
        saved = datetime.fromtimestamp(path.stat().st_mtime)
    except OSError as problem:
        raise NotebookError(f"{path}: cannot be read ({problem.strerror}); give the path of your .ipynb file") from None
    return Notebook(path, *parse(data, str(path)), sha8(data), saved)


def parse(data: bytes, where: str) -> tuple[list[Cell], dict[str, Any]]:
    """The cells and the rest of a notebook's JSON."""
    try:
        text = data.decode(json.detect_encoding(data))
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    try:
        tree = json.loads(text, strict=False)
        sheets = [tree["cells"]] if tree.get("cells") is not None else [sheet["cells"] for sheet in tree["worksheets"]]
        cells = [_tidy(dict(cell)) for sheet in sheets for cell in list.copy(sheet) if isinstance(cell, dict)]
    except (ValueError, AttributeError, TypeError, LookupError, RecursionError):
        raise NotebookError(f"{where}: is not a notebook (its JSON is broken); open and save it in Jupyter") from None
    return cells, {key: value for key, value in tree.items() if key not in ("cells", "worksheets")}


def _tidy(cell: Cell) -> Cell:
    """One form for both nbformats: `source` is a string, `metadata` a dict."""
    source = cell.pop("input", cell.get("source", ""))
    lines = source if isinstance(source, list) else [source]
    text = "".join(line for line in lines if isinstance(line, str)).replace("\r\n", "\n").replace("\r", "\n")
    cell["source"] = text.encode("utf-8", "replace").decode()  # half a character cannot be written
    cell["metadata"] = meta if isinstance(meta := cell.get("metadata"), dict) else {}
    return cell


def write(notebook: Notebook, path: Path) -> None:
    """Write the notebook so that a reader sees the old file or the new one, never half of it."""
    tree = {"cells": notebook.cells, **notebook.rest}
    tree.update(nbformat=4, nbformat_minor=max(5, int(tree.get("nbformat_minor", 5))))
    write_whole(path, json.dumps(tree, indent=1, ensure_ascii=False) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Write a text file in one step: a reader sees the old file or the new one."""
    aside = path.with_name(path.name + ".part")
    aside.write_text(text, encoding="utf-8", newline="\n")
    os.replace(aside, path)


def keep_copy(path: Path, label: str) -> Path:
    """Copy a file beside itself under a free name and return the copy's path."""
    names = (path.with_name(f"{path.stem}.{label}{n}{path.suffix}") for n in ("", *(f"-{k}" for k in range(2, 1000))))
    copy = next(name for name in names if not name.exists())
    copy.write_bytes(path.read_bytes())
    return copy


def nbgrader_of(cell: Cell) -> dict[str, Any]:
    """nbgrader's own metadata of a cell, empty where it has none."""
    found = cell["metadata"].get("nbgrader")
    return found if isinstance(found, dict) else {}


def grade_id(cell: Cell) -> str:
    name = nbgrader_of(cell).get("grade_id")
    return name if isinstance(name, str) else ""


def kind(cell: Cell) -> str:
    """Code, or anything else: the grader knows no more kinds."""
    return "code" if cell.get("cell_type", "code") == "code" else "markdown"


def is_test(cell: Cell) -> bool:
    """A locked cell that is worth points."""
    meta = nbgrader_of(cell)
    return bool(meta.get("grade")) and not meta.get("solution")


def is_answer(cell: Cell) -> bool:
    """A cell that the student writes in."""
    return bool(grade_id(cell) and nbgrader_of(cell).get("solution"))


def is_locked(cell: Cell) -> bool:
    meta = nbgrader_of(cell)
    return bool(meta) and not meta.get("solution") and bool(meta.get("grade") or meta.get("locked"))


def is_untouched(cell: Cell) -> bool | None:
    """Whether a cell is as released, by the checksum that nbgrader put into it; None where it has none."""
    meta = nbgrader_of(cell)
    return None if "checksum" not in meta else meta["checksum"] == checksum(cell)


def checksum(cell: Cell) -> str:
    """The checksum of a cell as nbgrader 0.9 computes it (MD5 of source, type, flags, grade_id and points)."""
    meta = nbgrader_of(cell)
    flags = [bool(meta.get("grade")), bool(meta.get("solution")), is_locked(cell)]
    parts = [cell["source"], cell.get("cell_type", "code"), *map(str, flags), grade_id(cell)]
    if meta.get("grade"):
        parts.append(str(float(meta.get("points", 0))))
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()


def code_cells(cells: list[Cell]) -> Iterator[tuple[int, Cell]]:
    """The code cells with their place in the notebook, from 1."""
    return ((n, cell) for n, cell in enumerate(cells, 1) if cell.get("cell_type", "code") == "code")

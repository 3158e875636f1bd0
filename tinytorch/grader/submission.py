"""Read a student's notebook: whatever can be read of it, and in words what was odd. Nothing of it is run here."""

import json
import os
import re
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinytorch.recognised import LONG, Cell, recognise

__all__ = ["MAX_PARTS", "Cell", "NotRead", "Submission", "Unreadable", "json_parts", "merge", "parse", "read_bytes"]

MAX_BYTES, MAX_PARTS, MAX_CELLS, MAX_SOURCE = 100_000_000, 10_000_000, 2_000, 1_000_000
IMPORTING = re.compile(r"\s*(?:import\b|from\b|[%!#]|$)")


class NotRead(Exception):
    """A file that is not read at all: a link, no regular file, too large."""


class Unreadable(Exception):
    """A file that holds no notebook."""


@dataclass
class Submission:
    """The cells in their order, and what was odd."""

    cells: list[Cell]
    notes: list[str] = field(default_factory=list)


def read_bytes(path: Path) -> bytes:
    """A file's bytes; links are not followed, and pipes and devices not opened."""
    if path.is_symlink():
        raise NotRead(f"{path.name} is a link")
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise NotRead(f"{path.name} cannot be opened: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise NotRead(f"{path.name} is no regular file")
    with os.fdopen(handle, "rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise NotRead(f"{path.name} is larger than {MAX_BYTES // 1_000_000} MB")
    if json_parts(data) > MAX_PARTS:
        raise NotRead(f"{path.name} has more than {MAX_PARTS // 1_000_000} million parts")
    return data


def json_parts(data: bytes) -> int:
    """How many objects JSON has, at most: each takes about a hundred bytes of memory."""
    return sum(map(data.count, (b"{", b"[", b",")))


def parse(data: bytes) -> Submission:
    """The cells of a notebook of format 3 or 4."""
    notes: list[str] = []
    try:
        book = json.loads(_text(data, notes).rstrip("\0"), strict=False)
    except (ValueError, RecursionError) as error:
        raise Unreadable(_no_notebook(data, error)) from None
    cells = _cells(book, notes)
    if len(cells) > MAX_CELLS:
        raise Unreadable(f"more than {MAX_CELLS} cells")
    return Submission([_cell(cell) for cell in cells if isinstance(cell, dict)], notes)


def _no_notebook(data: bytes, error: Exception) -> str:
    """What is wrong, for somebody who handed in a web page, an empty file or one with the marks of a merge in it."""
    begin = data.strip()[:40]
    if not begin.startswith(b"{"):
        return f"this is no notebook: it begins with {begin.decode('ascii', 'replace')!r}" if begin else "this is no notebook: it is empty"
    return f"this is no notebook: its JSON is broken, {error}"[:200]


def _text(data: bytes, notes: list[str]) -> str:
    encoding: str = json.detect_encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text, encoding = data.decode("utf-8", "replace"), "UTF-8 with broken characters"
        if len(data) - len(text) <= text.count("\ufffd"):  # hardly a character of several bytes is whole
            text, encoding = data.decode("latin-1"), "latin-1"
    if not encoding.startswith("utf-8"):
        notes.append(f"the file is not UTF-8; it was read as {encoding}")
    return text


def _cells(book: Any, notes: list[str]) -> list[Any]:
    if not isinstance(book, dict):
        raise Unreadable("this is no notebook: JSON, but no object")
    cells = book.get("cells")
    if cells is None and isinstance(book.get("worksheets"), list):
        notes.append("a notebook of format 3")
        sheets = [sheet.get("cells") for sheet in book["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets if isinstance(sheet, list) for cell in sheet]
    if not isinstance(cells, list):
        raise Unreadable("this is no notebook: it has no cells")
    return cells


def _cell(cell: dict[str, Any]) -> Cell:
    source = cell.get("source", cell.get("input", ""))
    lines = source if isinstance(source, list) else [source]
    text = "".join(line for line in lines if isinstance(line, str))[:MAX_SOURCE]
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    meta = cell.get("metadata")
    about = meta.get("nbgrader") if isinstance(meta, dict) else None
    name = about.get("grade_id") if isinstance(about, dict) else None
    kind = "code" if cell.get("cell_type") == "code" else "markdown"
    return Cell(name if isinstance(name, str) and name else None, kind, text.encode("utf-8", "replace").decode())


# -- the student's cells among the instructor's


def merge(plan: list[dict[str, Any]], student: Submission) -> list[dict[str, Any]]:
    """The notebook to run: the source's cells in its order, answers filled in, free cells where they stand.

    Of an id that stands twice the last copy counts. Locked cells, tests, types and points are the source's.
    """
    known = {cell["id"]: cell for cell in plan if cell["id"]}
    if found := recognise(known, student.cells):
        student.notes.append(f"{found} cells had lost their nbgrader metadata: they were recognised by what they hold")
    answers = {cell.id: cell for cell in student.cells if cell.id in known}
    copies = Counter(str(cell.id) for cell in student.cells if cell.id in known)
    student.notes += [f"{name} stands {n} times: the last copy counts" for name, n in sorted(copies.items()) if n > 1]
    free = _free(known, student, answers)
    merged = [*free.get(None, [])]
    for cell in known.values():
        merged += [_filled(cell, answers.get(cell["id"]), student.notes), *free.get(cell["id"], [])]
    return merged


def _free(
    known: dict[str, Any], student: Submission, answers: dict[str | None, Cell]
) -> dict[str | None, list[dict[str, Any]]]:
    """The cells that are none of the source's, by the known cell that they stand after.

    An earlier copy of an answer is one of them: a cell that was split in Jupyter has its id in both halves. And a cell
    above an answer is there for it, wherever what stood above them both was moved to; one of imports is there for any.
    """
    place: dict[str | None, int] = {name: number for number, name in enumerate(known, 1)}
    earlier = [None, *known]
    open_ones = {name for name, cell in known.items() if not cell["locked"]}
    above = _last(student.cells, set(known))
    below, answers_below = ([*_last(student.cells[::-1], wanted)][::-1] for wanted in (set(known), open_ones))
    found: dict[str | None, list[dict[str, Any]]] = {}
    for number, (cell, after, any_one, answer) in enumerate(zip(student.cells, above, below, answers_below, strict=True)):
        if cell.id in known and (known[cell.id]["locked"] or answers[cell.id] is cell):
            continue
        short = len(cell.source) < LONG
        answer = any_one if short and all(map(IMPORTING.match, cell.source.splitlines())) else answer
        if answer and place.get(after, 0) >= place[answer]:
            after = earlier[place[answer] - 1]
        free = {"id": f"free-{number}", "role": "free", "type": cell.type, "source": cell.source}
        found.setdefault(after, []).append(free)
    return found


def _last(cells: list[Cell], wanted: set[str]) -> Iterator[str | None]:
    """For each cell the last wanted one before it."""
    last = None
    for cell in cells:
        yield last
        last = cell.id if cell.id in wanted else last


def _filled(cell: dict[str, Any], answer: Cell | None, notes: list[str]) -> dict[str, Any]:
    if cell["locked"]:
        return cell
    if answer is None:
        notes.append(f"the cell {cell['id']} is missing")
        return {**cell, "source": ""}
    if answer.type != cell["type"]:
        notes.append(f"{cell['id']} was a {answer.type} cell: it was read as {cell['type']}")
    return {**cell, "source": answer.source}

"""Which of the released cells a student's nameless cell is, where its metadata was lost: by its text, then by the names that it defines.

The grader and the student's self-check both ask here, so that a repair puts back what the grader would have found.
"""

import functools
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["LONG", "Cell", "recognise"]

LONG = 20_000  # characters: no cell of imports, nor what an editor puts around a given one
DEFINED, ASSIGNED = r"^(?:async\s+)?(?:def|class)\s+(\w+)", r"^(\w+)\s*="


@dataclass
class Cell:
    """A cell as it stands in a notebook."""

    id: str | None
    type: str
    source: str


def recognise(known: Mapping[str, Mapping[str, Any]], cells: list[Cell]) -> int:
    """Give such cells their ids, and take that of an edited copy of a given cell; how many got one.

    `known`: of each released cell its `type`, its `source`, and whether it is `locked` and whether a `grade` hangs on it.
    """
    present = {cell.id for cell in cells}
    lost = {name: cell for name, cell in known.items() if name not in present}
    if len(present & set(known)) > len(known) // 2:
        lost = {name: cell for name, cell in lost.items() if not cell["locked"]}
    found = place = 0
    for name, cell in lost.items():
        merged = [] if cell["locked"] else [c for c in cells if known.get(str(c.id), {}).get("locked")]
        onwards = cells[place:] + cells[:place]  # a draft may stand above what the source begins with
        nameless = [c for c in onwards if c.id is None]
        match = next((c for c in nameless + merged if _alike(cell, c)), None)
        if match is not None:
            match.id, found, place = name, found + 1, next(n for n, c in enumerate(cells) if c is match)
    _named.cache_clear()
    _own_copies(known, cells)
    return found


def _own_copies(known: Mapping[str, Mapping[str, Any]], cells: list[Cell]) -> None:
    """Who may not edit a given cell copies it: what differs is their own."""
    copies = Counter(cell.id for cell in cells)
    for cell in cells:
        given = known.get(cell.id or "")
        if given and given["type"] == "code" and given["locked"] and not given["grade"] and copies[cell.id] > 1:
            cell.id = cell.id if cell.source.strip() == given["source"].strip() else None


def _alike(cell: Mapping[str, Any], other: Cell) -> bool:
    if other.type != cell["type"]:
        return False
    if cell["locked"] or cell["type"] != "code":
        return len(other.source) < len(cell["source"]) + LONG and other.source.strip() == cell["source"].strip()
    wanted = _named(DEFINED, cell["source"]) or _named(ASSIGNED, "" if other.id else cell["source"])
    return bool(wanted) and wanted <= _named(DEFINED, other.source) | _named(ASSIGNED, other.source)


@functools.cache
def _named(pattern: str, source: str) -> set[str]:
    return {*re.findall(pattern, source, re.M)}

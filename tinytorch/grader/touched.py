"""Which tests a change touches: a digest of each, with all that its score depends on besides the answers."""

import ast
import hashlib
import json
import re
import sys
from typing import Any

from tinytorch.grader.names import DEFINITIONS, bound, free
from tinytorch.grader.source import statements

__all__ = ["alone", "digests"]

SHARED = re.compile(r"\bseed\b|\brandom\.(?!default_rng|Generator|SeedSequence)|\benviron\b")  # one for all cells


def digests(plan: Any) -> dict[str, str]:
    """By test: where it is the same for two plans, equal answers get the same score in both."""
    about = [plan.notebook, plan.seed, plan.files, plan.without, plan.cell_seconds, plan.modules, sys.version]
    before, found = hashlib.sha256(json.dumps(about, sort_keys=True).encode()), {}
    for cell in plan.code:
        after = before.copy()
        after.update(json.dumps([cell, plan.steps.get(cell["id"])], sort_keys=True).encode())
        if cell["role"] == "test":
            found[cell["id"]] = after.hexdigest()[:32]
        if cell["id"] not in plan.alone:
            before = after
    return found


def alone(cells: list[dict[str, Any]], steps: dict[str, dict[str, Any]]) -> list[str]:
    """The tests that leave nothing behind for a later cell of the instructor's: without them the others score the same."""
    names = [_Names(cell) for cell in cells]
    found = []
    for place, cell in enumerate(cells):
        step, own = steps.get(cell["id"], {}), names[place]
        values = set().union(*(one.values for one in names[:place]))
        later = set().union(*(one.reads for one in names[place + 1 :]))
        asked = "asks" in step and not any("run" in ask for ask in step["asks"])
        if asked and not SHARED.search(cell["source"]) and not later & (own.binds | own.reads & values):
            found.append(cell["id"])
    return found


class _Names:
    """What a locked cell binds, which of it is neither imported nor defined, and what it reads of others."""

    def __init__(self, cell: dict[str, Any]) -> None:
        self.binds, self.values, self.reads = set[str](), set[str](), set[str]()
        for node in statements(cell["source"]) if cell["locked"] else ():
            self.reads |= free(node) - self.binds
            self.binds |= bound(node)
            self.values |= set() if isinstance(node, (ast.Import, ast.ImportFrom, *DEFINITIONS)) else bound(node)

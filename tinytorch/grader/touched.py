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
    before = [plan.notebook, plan.seed, plan.files, plan.without, plan.cell_seconds, plan.modules, sys.version]
    found = {}
    for cell in plan.code:
        about = [cell, plan.steps.get(cell["id"])]
        if cell["role"] == "test":
            text = json.dumps([*before, about], sort_keys=True)
            found[cell["id"]] = hashlib.sha256(text.encode()).hexdigest()[:32]
        if cell["id"] not in plan.alone:
            before.append(about)
    return found


def alone(cells: list[dict[str, Any]], steps: dict[str, dict[str, Any]]) -> set[str]:
    """The tests that leave nothing behind for a later cell of the instructor's: without them the others score the same."""
    names = [_Names(cell) for cell in cells]
    found = set()
    for place, cell in enumerate(cells):
        step, own = steps.get(cell["id"], {}), names[place]
        values = set().union(*(one.values for one in names[:place]))
        later = set().union(*(one.reads for one in names[place + 1 :]))
        asked = "asks" in step and not any("run" in ask for ask in step["asks"])
        if asked and not SHARED.search(cell["source"]) and not later & (own.binds | own.reads & values):
            found.add(cell["id"])
    return found


class _Names:
    """What a locked cell binds, which of it is neither imported nor defined, and what it reads of others."""

    def __init__(self, cell: dict[str, Any]) -> None:
        self.binds, self.values, self.reads = set[str](), set[str](), set[str]()
        for node in statements(cell["source"]) if cell["locked"] else ():
            self.reads |= free(node) - self.binds
            self.binds |= bound(node)
            self.values |= set() if isinstance(node, (ast.Import, ast.ImportFrom, *DEFINITIONS)) else bound(node)

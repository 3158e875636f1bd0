"""Which tests a change touches: a digest of each, with all that its score depends on besides the answers."""

import hashlib
import json
import sys
from typing import Any

__all__ = ["digests"]


def digests(plan: Any) -> dict[str, str]:
    """By test: where it is the same for two plans, equal answers get the same score in both.

    All that stands above a test is in it: what an earlier one has asked may have changed a name, a file or a class of the
    student's, or what the instructor's own code finds here, and no reading of either says so.
    """
    about = [plan.notebook, plan.seed, plan.files, plan.without, plan.cell_seconds, plan.modules, sys.version]
    so_far, found = hashlib.sha256(json.dumps(about, sort_keys=True).encode()), {}
    for cell in plan.code:
        so_far.update(json.dumps([cell, plan.steps.get(cell["id"])], sort_keys=True).encode())
        if cell["role"] == "test":
            found[cell["id"]] = so_far.hexdigest()[:32]
    return found

"""Imports NumPy ahead, which is most of what a sandbox costs: without the texts of its documentation, a fifth less."""

import gc
import inspect
import sys
from types import ModuleType

__all__ = ["settle"]

_clean = inspect.cleandoc

gc.disable()
inspect.cleandoc = lambda doc: doc
for _name in ("numpy._core._add_newdocs", "numpy._core._add_newdocs_scalars"):
    sys.modules.setdefault(_name, ModuleType(_name))
import numpy  # noqa: E402, F401


def settle() -> None:
    """All is imported: what is here now is never looked at again by the collector of garbage."""
    inspect.cleandoc = _clean
    gc.freeze()
    gc.enable()

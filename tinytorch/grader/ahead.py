"""Imports NumPy before anything is known of a submission; that is most of what a sandbox costs.

Without its documentation's texts and the types of its annotations it takes two thirds of the time. (The types can be imported
later, as ever.)
"""

import gc

gc.disable()

import sys  # noqa: E402
from types import ModuleType  # noqa: E402

__all__ = ["settle"]


class _Type:
    """Stands for a type in an annotation."""

    def __class_getitem__(cls, item: object) -> type:
        return cls


_types = ModuleType("numpy._typing")
_types.__getattr__ = lambda name: _Type  # type: ignore[method-assign]
sys.modules["numpy._typing"] = _types
sys.modules.setdefault("numpy._core._add_newdocs", ModuleType("numpy._core._add_newdocs"))
import numpy  # noqa: E402, F401

if sys.modules["numpy._typing"] is _types:
    del sys.modules["numpy._typing"]


def settle() -> None:
    """All is imported: what is here now is never looked at again by the collector of garbage."""
    gc.freeze()
    gc.enable()

"""Stand-ins for what a notebook shows things with, so that a plot or a progress bar costs no points.

Only where the real package is not in the sandbox. Nothing here computes: each name takes everything and shows nothing.
"""

import builtins
import importlib.machinery
import io
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

__all__ = ["install"]

SHOWN = ("matplotlib", "seaborn", "plotly", "IPython", "ipywidgets", "tqdm", "rich", "graphviz", "fastprogress")


class Harmless:
    """Takes every call, attribute and index, and gives itself back."""

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return GIVEN.get(name, NOTHING)

    def __getitem__(self, index: Any) -> Any:
        return self

    def __setitem__(self, index: Any, value: Any) -> None: ...

    def __iter__(self) -> Iterator[Any]:
        return iter((self,))

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: Any) -> None: ...

    def __repr__(self) -> str:
        return "<not shown while grading>"

    def __float__(self) -> float:
        return 0.0


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "neg", "lt", "le", "gt", "ge", "contains"):
    setattr(Harmless, f"__{_name}__", lambda self, other=None: self)
NOTHING = Harmless()


class Bar(Harmless):
    """A progress bar: goes over what it was given."""

    def __init__(self, iterable: Any = (), *args: Any, **keywords: Any) -> None:
        self.items = iterable

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


class MakesBars(Harmless):
    """`tqdm`, which is called and has methods."""

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return Bar(*args, **keywords)


class Captured:
    """What `%%capture name` gives: the text that the cell printed."""

    outputs: tuple[Any, ...] = ()

    def __init__(self) -> None:
        self.streams, self.texts = (sys.stdout, sys.stderr), (io.StringIO(), io.StringIO())
        sys.stdout, sys.stderr = self.texts

    def end(self) -> None:
        sys.stdout, sys.stderr = self.streams

    def __call__(self) -> None:
        print(self, end="")

    def __str__(self) -> str:
        return self.stdout

    show = __call__
    stdout = property(lambda self: self.texts[0].getvalue())
    stderr = property(lambda self: self.texts[1].getvalue())


def subplots(nrows: int = 1, ncols: int = 1, *, squeeze: bool = True, **keywords: Any) -> Any:
    """A figure and its axes, in the shape that Matplotlib gives them."""
    import numpy as np

    axes: Any = np.full((nrows, ncols), NOTHING, dtype=object)
    if squeeze:
        axes = axes.reshape(axes.shape if min(axes.shape) > 1 else -1)
    return NOTHING, axes if axes.size > 1 or not squeeze else NOTHING


class Display(Harmless):
    """`display`, a function and a module of that name: shows each value as text."""

    def __call__(self, *values: Any, **keywords: Any) -> None:
        for value in values:
            print(repr(value)[:10_000])


def refuse(prompt: object = "") -> str:
    """There is nobody to answer."""
    raise EOFError("input() has nobody to answer it while grading")


def leave(code: object = None) -> None:
    """`exit` and `quit` end the cell."""
    raise SystemExit(code)


bars, display = MakesBars(), Display()
GIVEN: dict[str, Any] = {
    "subplots": subplots, "display": display, "tqdm": bars, "track": bars, "progress_bar": bars,
    "trange": lambda *args, **keywords: Bar(range(*args)),
    "hist": lambda *args, **keywords: (NOTHING, NOTHING, NOTHING),
} | dict.fromkeys(("xlim", "ylim", "get_xlim", "get_ylim"), lambda *args, **keywords: (0.0, 1.0))  # fmt: skip


class Shown(Harmless, ModuleType):
    """A package that shows things, with nothing behind it."""

    __path__: list[str] = []


class Finder:
    """Stands last in the import system, so that a real package wins."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        loader: Any = self
        return importlib.machinery.ModuleSpec(name, loader) if name.partition(".")[0] in SHOWN else None

    def create_module(self, spec: Any) -> ModuleType:
        return Shown(spec.name)

    def exec_module(self, module: ModuleType) -> None: ...


def install() -> None:
    """Put the stand-ins where a notebook looks for them."""
    sys.meta_path.append(Finder())
    shown = {"display": display, "get_ipython": NOTHING, "help": NOTHING, "__captured__": Captured, "_": "", "In": [""], "Out": {}}
    builtins.__dict__.update(shown, input=refuse, exit=leave, quit=leave)

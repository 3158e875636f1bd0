"""What stands for a student's value that is no plain data, where the instructor's own answer is plain data there.

`list(f(3)) == [0, 1, 2]` holds for a generator too, `f(3) == (0, 1)` for a named tuple, and `assert f(3)` for whatever
is true. Made in the sandbox, and as much a claim as every other value that comes from there.
"""

from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from itertools import islice
from typing import Any

import numpy as np

from tinytorch.grader.plain import Iterated, NotPlain, Other

__all__ = ["instead"]

BASES: dict[type, Callable[[Any], Any]] = {
    kind: kind for kind in (str, bytes, int, float, complex, tuple, list, dict, set, frozenset)
} | {
    np.ndarray: np.asarray,
    Mapping: dict,
    KeysView: lambda value: dict.fromkeys(value).keys(),
    ValuesView: lambda value: dict(enumerate(value)).values(),
    ItemsView: lambda value: dict(value).items(),
}
MOST = 10_000


def instead(value: Any) -> Any:
    """The data that an object of another kind holds, what an iterator still gives, or whether it is true."""
    base = next((base for base in BASES if isinstance(value, base) and type(value) is not base), None)
    if base is not None:
        return BASES[base](value)
    if isinstance(value, Iterator) and len(items := list(islice(value, MOST + 1))) <= MOST:
        return Iterated(items)
    try:
        return Other(type(value).__name__, bool(value))
    except Exception as error:  # a table, say, that is neither
        raise NotPlain(f"a value of type {type(value).__name__} is not plain data") from error

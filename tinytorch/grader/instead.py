"""What stands for a student's value that is no plain data, where the instructor's own answer is plain data there.

`list(f(3)) == [0, 1, 2]` holds for a generator too, `f(3) == (0, 1)` for a named tuple, `abs(f(3) - 1) < 1e-9` for a
number of another package, and `assert f(3)` for whatever is true. Made in the sandbox, and as much a claim as every
other value that comes from there.
"""

from collections import UserList, UserString
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, Set, ValuesView
from itertools import islice
from numbers import Integral, Number, Real
from typing import Any

import numpy as np

from tinytorch.grader.plain import FORMS, Iterated, NotPlain, Other

__all__ = ["instead"]

BASES: dict[type, Callable[[Any], Any]] = {
    kind: lambda value, parts=parts, make=make: make(*parts(value))  # type: ignore[misc]
    for kind, parts, make in reversed(FORMS.values())  # a datetime is a date as well
    if kind not in (np.ndarray, np.generic, np.dtype, type, Iterated, Other)
}
BASES |= {
    KeysView: lambda value: dict.fromkeys(value).keys(),
    ValuesView: lambda value: dict(enumerate(value)).values(),
    ItemsView: lambda value: dict(value).items(),
}
BASES |= {str: str.__str__, UserString: str, float: float, list: list, UserList: list, memoryview: bytes, Mapping: dict, Set: set}
MOST = 10_000


def instead(value: Any) -> Any:
    """The data that an object of another kind holds, what an iterator still gives, or whether it is true."""
    base = next((base for base in BASES if isinstance(value, base)), None)
    if base is not None:
        return BASES[base](value)
    if isinstance(value, Iterator) and len(items := list(islice(value, MOST + 1))) <= MOST:
        return Iterated(items)
    try:
        made = _number(value)
        return Other(type(value).__name__, bool(value)) if made is None else made
    except Exception as error:  # a table, say, that is neither true nor false
        raise NotPlain(f"a value of type {type(value).__name__} is not plain data") from error


def _number(value: Any) -> Any:
    """A number or an array of another package's or of a seldom kind; None for what is neither."""
    if type(value) is np.ndarray:
        kind, size = value.dtype.kind, min(value.dtype.itemsize, 8)  # without long doubles and another machine's order
        return value.astype(f"{kind}{size}") if kind in "fiu" else None
    if isinstance(value, Number) and not isinstance(value, np.timedelta64):
        return int(value) if isinstance(value, Integral) else float(value) if isinstance(value, Real) else complex(value)  # type: ignore[call-overload]
    if not hasattr(type(value), "__array__") or isinstance(value, np.generic):
        return None
    return np.asarray(value.detach() if hasattr(value, "detach") else value)  # a loss from which gradients could flow

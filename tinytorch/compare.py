"""Plain data against plain data: whether they agree, where they first differ, and how a person reads them."""

from typing import Any

import numpy as np

__all__ = ["first_difference", "same", "show"]


def same(came: Any, want: Any, tol: float, nan: bool = False) -> bool:
    """Whether two pieces of plain data agree: numbers to `tol` times the largest wanted one, the rest exactly.

    A NaN agrees with nothing; with `nan` (in a slip) with another NaN.
    """
    numbers, wanted = _numbers(came), _numbers(want)
    if wanted is not None and wanted.size:
        if numbers is None or numbers.shape != wanted.shape:
            return False
        scale = np.max(np.abs(wanted)) or 1.0
        scale = scale if np.isfinite(scale) else np.max(np.nan_to_num(np.abs(wanted))) or 1.0
        with np.errstate(all="ignore"):  # a wrong value may be near the largest float
            close = np.abs(numbers - wanted) <= tol * scale
        return bool(np.all(close | (nan & np.isnan(numbers) & np.isnan(wanted))))
    if isinstance(want, dict):
        return isinstance(came, dict) and came.keys() == want.keys() and all(same(came[k], want[k], tol, nan) for k in want)
    parts, wanted_parts = _parts(came), _parts(want)
    if wanted_parts is not None:
        if parts is None or len(parts) != len(wanted_parts):
            return False
        return all(same(a, b, tol, nan) for a, b in zip(parts, wanted_parts, strict=True))
    return type(came) is type(want) and bool(np.all(came == want))


def first_difference(came: Any, want: Any, tol: float) -> tuple[str, Any, Any]:
    """Where two long pieces of data first differ, and the two parts there; short ones are left whole."""
    path = ""
    while _size(want) > 8 and (parts := _parts(came)) is not None and len(parts) == len(want):
        pairs = list(zip(parts, want, strict=True))
        place = next((i for i, (one, other) in enumerate(pairs) if not same(one, other, tol)), None)
        if place is None:
            break
        (came, want), path = pairs[place], f"{path}[{place}]"
    return f"at {path} " if path else "", want, came


def show(value: Any) -> str:
    """Plain data as a person reads it: arrays with their shape, long ones shortened."""
    if isinstance(value, np.ndarray):
        text = np.array2string(value, precision=7, separator=", ", threshold=40, max_line_width=200)
        return text if value.ndim < 2 else f"{text} (shape {value.shape})"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(show(item) for item in value[:20]) + (", ...]" if len(value) > 20 else "]")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {show(item)}" for key, item in value.items()) + "}"
    text = f"{value:.8g}" if isinstance(value, float | np.floating) else str(value)
    return text if len(text) < 600 else text[:600] + " ..."


def _parts(value: Any) -> list[Any] | None:
    """What a list, a tuple or an array is made of; None for a single value, an array without dimensions too."""
    return list(value) if isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim) else None


def _size(value: Any) -> int:
    return sum(map(_size, value)) if isinstance(value, list | tuple) else np.size(value)


def _numbers(value: Any) -> np.ndarray | None:
    """The value as a float64 array where it is made of numbers only."""
    try:
        array = np.asarray(value)
    except ValueError:  # lists of different lengths
        return None
    with np.errstate(all="ignore"):
        return array.astype(np.float64) if array.dtype.kind in "iuf" else None

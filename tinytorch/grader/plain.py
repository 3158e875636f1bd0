"""Plain data as JSON: the only thing that ever leaves a sandbox.

Exact types only (no subclass, no object array; those of Python's library stand in `library`): what `decode` gives back
has the behaviour of Python and NumPy, and none of a student's. Both directions are capped, and `decode` trusts nothing:
its text may have been forged.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinytorch.grader.library import FORMS

__all__ = ["Iterated", "NotPlain", "Other", "decode", "encode"]

MAX_DEPTH, MAX_NODES, MAX_BYTES, MAX_BITS, MAX_KEYS = 40, 200_000, 8_000_000, 8192, 10_000
CODES = "?bhiqlBHIQLefdFD"  # C has two names for one integer: the last one is the type that NumPy itself gives
NUMERIC = {np.dtype(code).str: np.dtype(code) for code in CODES}


class NotPlain(ValueError):
    """A value that is not plain data, is too large, or (decoding) a text that describes none."""


@dataclass
class Iterated:
    """Stands for an iterator: what it gave. The judge has an iterator again."""

    items: list[Any]


@dataclass(eq=False, repr=False)
class Other:
    """Stands for an object of which the judge knows no more than that it is there, and whether it is true."""

    name: str
    truth: bool

    def __bool__(self) -> bool:
        return self.truth

    def __repr__(self) -> str:
        return f"<{self.name} object>"


class _Budget:
    """What may still be spent on one value, and what to do about a part of it that is no plain data."""

    def __init__(self, instead: Callable[[Any], Any] | None = None) -> None:
        self.nodes, self.bytes, self.instead = MAX_NODES, MAX_BYTES, instead

    def spend(self, depth: int, size: int = 0) -> None:
        self.nodes, self.bytes = self.nodes - 1, self.bytes - size
        if depth > MAX_DEPTH or self.nodes < 0 or self.bytes < 0:
            raise NotPlain("the value is too large or nested too deeply")


def encode(value: Any, instead: Callable[[Any], Any] | None = None) -> Any:
    """`value` as something `json.dumps` takes; NotPlain otherwise. Calls no method of an object that is not plain.

    `instead` gives what is encoded in the place of such an object.
    """
    return _encode(value, 0, _Budget(instead))


def _encode(value: Any, depth: int, budget: _Budget) -> Any:
    budget.spend(depth)
    kind = type(value)
    if value is None or kind is bool or kind is float:
        return value
    if kind in _ENCODERS:
        return _ENCODERS[kind](value, lambda items: [_encode(item, depth + 1, budget) for item in items], budget)
    if kind is np.ndarray and value.dtype.kind == "U":
        return {"text": _encode([[*value.shape], value.ravel().tolist()], depth + 1, budget)}
    if kind is np.ndarray or kind in _SCALARS:
        return _array(value, budget)
    if budget.instead is not None:
        return _encode(budget.instead(value), depth + 1, budget)
    raise NotPlain(f"a value of type {type.__getattribute__(kind, '__name__')} is not plain data")


Many = Callable[[Any], list[Any]]


def _int(value: int, many: Many, budget: _Budget) -> Any:
    if value.bit_length() > MAX_BITS:
        raise NotPlain("an integer is too large")
    return value if -(2**63) <= value < 2**63 else {"int": hex(value)}


def _str(value: str, many: Many, budget: _Budget) -> str:
    budget.spend(0, len(value))
    return value


def _bytes(value: bytes, many: Many, budget: _Budget) -> dict[str, str]:
    budget.spend(0, len(value))
    return {"bytes": base64.b64encode(value).decode()}


def _dict(value: dict[Any, Any], many: Many, budget: _Budget) -> dict[str, Any]:
    return {"dict": [many(value.keys()), many(value.values())]}


_ENCODERS: dict[type, Callable[[Any, Many, _Budget], Any]] = {
    int: _int,
    str: _str,
    bytes: _bytes,
    dict: _dict,
    complex: lambda value, many, budget: {"complex": [value.real, value.imag]},
    list: lambda value, many, budget: many(value),
    tuple: lambda value, many, budget: {"tuple": many(value)},
    set: lambda value, many, budget: {"set": many(value)},
    frozenset: lambda value, many, budget: {"frozenset": many(value)},
    Iterated: lambda value, many, budget: {"iterator": many(value.items)},
    Other: lambda value, many, budget: {"other": many([value.name, value.truth])},
}
_ENCODERS |= {
    kind: lambda value, many, budget, tag=tag, parts=parts: {tag: many(parts(value))}  # type: ignore[misc]
    for tag, (kind, parts, _) in FORMS.items()
}
_SCALARS = {np.dtype(code).type for code in CODES}


def _array(value: Any, budget: _Budget) -> dict[str, Any]:
    if value.dtype.str not in NUMERIC:
        raise NotPlain(f"an array of {value.dtype} is not plain data")
    budget.spend(0, value.nbytes)
    data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
    return {"array" if type(value) is np.ndarray else "scalar": [value.dtype.str, list(value.shape), data]}


def decode(coded: Any) -> Any:
    """The value that `encode` was given; raises NotPlain for anything that `encode` does not make."""
    try:
        return _decode(coded, 0, _Budget())
    except NotPlain:
        raise
    except (TypeError, ValueError, LookupError, ArithmeticError, RecursionError, MemoryError, binascii.Error) as error:
        raise NotPlain(f"no plain value: {type(error).__name__}") from None


def _decode(coded: Any, depth: int, budget: _Budget) -> Any:
    budget.spend(depth, len(coded) if isinstance(coded, str) else 0)
    if isinstance(coded, list):
        return [_decode(item, depth + 1, budget) for item in coded]
    if isinstance(coded, int) and coded.bit_length() > 64:
        raise NotPlain("an integer is too large")
    if not isinstance(coded, dict):
        return coded
    ((tag, body),) = coded.items()
    if tag in _LEAVES:
        budget.spend(depth, len(body if isinstance(body, str) else body[2]) * 3 // 4)
        return _LEAVES[tag](body)
    return _CONTAINERS[tag]([_decode(item, depth + 1, budget) for item in body])


def _numeric(body: list[Any]) -> np.ndarray:
    code, shape, data = body
    if len(shape) > 32 or not all(type(side) is int and side >= 0 for side in shape):
        raise NotPlain("no shape of an array")
    return np.frombuffer(base64.b64decode(data, validate=True), NUMERIC[code]).reshape(shape).copy()


def _hex(body: str) -> int:
    if len(body) > MAX_BITS // 4 + 3:
        raise NotPlain("an integer is too large")
    return int(body, 16)


def _few(items: list[Any]) -> list[Any]:
    if len(items) > MAX_KEYS:  # equal hashes make a large set or dict as slow as its square
        raise NotPlain("a set or dict is too large")
    return items


_LEAVES: dict[str, Callable[[Any], Any]] = {
    "int": _hex,
    "bytes": lambda body: base64.b64decode(body, validate=True),
    "array": _numeric,
    "scalar": lambda body: _numeric([body[0], [], body[2]])[()],
}
_CONTAINERS: dict[str, Callable[[list[Any]], Any]] = {
    "tuple": tuple,
    "set": lambda items: set(_few(items)),
    "frozenset": lambda items: frozenset(_few(items)),
    "complex": lambda parts: complex(float(parts[0]), float(parts[1])),
    "dict": lambda both: dict(zip(_few(both[0]), both[1], strict=True)),
    "text": lambda both: np.array(both[1], np.str_).reshape(both[0]),
    "iterator": iter,
    "other": lambda both: Other(str(both[0]), both[1] is True),
}
_CONTAINERS |= {tag: lambda parts, make=make: make(*parts) for tag, (_, _, make) in FORMS.items()}  # type: ignore[misc]

"""Plain data as JSON: the only thing that ever leaves a sandbox.

Exact types only (no subclass). Lists, texts and small numbers are JSON's own; everything else is taken
apart into plain parts, and made again from them: what `decode` gives back has the behaviour of Python and NumPy, and none
of a student's. Both directions are capped, and `decode` trusts nothing: its text may have been forged.
"""

import base64
import binascii
import re
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

__all__ = ["Iterated", "NotPlain", "Other", "decode", "encode"]

MAX_DEPTH, MAX_NODES, MAX_TEXT, MAX_BITS, MAX_KEYS = 40, 600_000, 10_700_000, 8192, 10_000  # 8 MB of numbers as text
CODES = "?bhiqlBHIQLefdFD"  # C has two names for one integer: the last one is the type that NumPy itself gives
TOO_MUCH = "the value is too large or nested too deeply"
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


# -- the parts of a value, and the value of parts


def _hex(value: int) -> list[Any]:
    _at_most(MAX_BITS, value.bit_length())
    return [hex(value)]


def _from_hex(text: str) -> int:
    _at_most(MAX_BITS // 4 + 3, len(text))
    return int(text, 16)


def _base64(value: Any) -> str:
    view = memoryview(value)
    _at_most(MAX_TEXT, view.nbytes)
    return base64.b64encode(view.tobytes()).decode()


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _array(value: Any) -> list[Any]:
    if value.dtype.kind in "UO":
        return ["text" if value.dtype.kind == "U" else "objects", [*value.shape], value.ravel().tolist()]
    if value.dtype.str not in NUMERIC:
        raise NotPlain(f"an array of {value.dtype} is not plain data")
    return [value.dtype.str, [*value.shape], _base64(value)]


def _from_array(code: str, shape: list[int], data: Any) -> Any:
    if len(shape) > 32 or not all(type(side) is int and side >= 0 for side in shape):
        raise NotPlain("no shape of an array")
    if code == "text":  # of NumPy's texts each takes as much as the longest
        _at_most(MAX_TEXT, len(data) * max(map(str.__len__, data), default=0))
    if code == "objects":
        return np.fromiter(list.copy(data), object).reshape(shape)
    flat = np.array(data, np.str_) if code == "text" else np.frombuffer(_from_base64(data), NUMERIC[code])
    return flat.reshape(shape).copy()


def _dtype(text: str) -> Any:
    if not re.fullmatch(r"[<>|][biufcOSU]\d{0,9}", text):
        raise NotPlain("no type of numbers or texts")
    return np.dtype(text)


def _few(items: Any) -> Any:
    _at_most(MAX_KEYS, len(items))  # equal hashes make a large set or dict as slow as its square
    return items


def _clock(value: Any) -> list[Any]:
    return [value.hour, value.minute, value.second, value.microsecond, value.tzinfo]


def _known(kind: Any) -> list[str]:
    if KINDS.get(name := type.__repr__(kind)) is not kind:
        raise NotPlain("a class of somebody's own is not plain data")
    return [name]


KEYS, VALUES, ITEMS = (type(getattr({}, view)()) for view in ("keys", "values", "items"))

FORMS: dict[str, tuple[type, Callable[[Any], Any], Callable[..., Any]]] = {
    "int": (int, _hex, _from_hex),
    "complex": (complex, lambda value: [value.real, value.imag], lambda real, imag: complex(float(real), float(imag))),
    "bytes": (bytes, lambda value: [_base64(value)], _from_base64),
    "tuple": (tuple, list, lambda *items: items),
    "set": (set, list, lambda *items: set(_few(items))),
    "frozenset": (frozenset, list, lambda *items: frozenset(_few(items))),
    "dict": (
        dict,
        lambda value: [[*value.keys()], [*value.values()]],
        lambda keys, values: dict(zip(_few(keys), values, strict=True)),
    ),
    "array": (np.ndarray, _array, _from_array),
    "scalar": (np.generic, _array, lambda code, shape, data: _from_array(code, [], data)[()]),
    "dtype": (np.dtype, lambda value: [value.str], _dtype),
    "numpy text": (np.str_, lambda value: [str(value)], np.str_),
    "iterator": (Iterated, lambda value: value.items, lambda *items: iter(items)),
    "other": (Other, lambda value: [value.name, value.truth], lambda name, truth: Other(str(name), truth is True)),
    "decimal": (Decimal, lambda value: [str(value)], Decimal),
    "fraction": (Fraction, lambda value: [value.numerator, value.denominator], lambda n, d: Fraction(int(n), int(d))),
    "range": (range, lambda value: [value.start, value.stop, value.step], range),
    "bytearray": (bytearray, lambda value: [bytes(value)], lambda data: bytearray(memoryview(data))),
    "date": (date, lambda value: [value.year, value.month, value.day], date),
    "time": (time, _clock, time),
    "datetime": (datetime, lambda value: [value.year, value.month, value.day, *_clock(value)], datetime),
    "timedelta": (timedelta, lambda value: [value.days, value.seconds, value.microseconds], timedelta),
    "timezone": (timezone, lambda value: [*value.__getinitargs__()], timezone),
    "counter": (Counter, lambda value: [dict(value)], lambda items: Counter(dict.copy(items))),
    "ordered": (OrderedDict, lambda value: [dict(value)], OrderedDict),
    "class": (type, _known, lambda name: KINDS[name]),
    "defaultdict": (  # a factory of somebody's own is no plain data, and is refused as one of the parts
        defaultdict,
        lambda value: [value.default_factory, dict(value)],
        lambda factory, items: defaultdict(factory if isinstance(factory, type) else None, items),
    ),
    "deque": (deque, lambda value: [[*value], value.maxlen], lambda items, most: deque(list.copy(items), most)),
    "keys": (KEYS, lambda value: [dict.fromkeys(value)], dict.keys),
    "values": (VALUES, lambda value: [[*value]], lambda items: dict(enumerate(list.copy(items))).values()),
    "items": (ITEMS, lambda value: [dict(value)], dict.items),
}
OF_NUMBERS = [np.dtype(code).type for code in CODES]
KINDS: dict[str, type] = {
    repr(kind): kind for kind in (*OF_NUMBERS, *(kind for kind, _, _ in FORMS.values()), bool, float, str, list, type(None))
}
TAGS = {kind: tag for tag, (kind, _, _) in FORMS.items()} | dict.fromkeys(OF_NUMBERS, "scalar")
TAGS |= {type(np.dtype(code)): "dtype" for code in CODES + "gOSU"}


# -- both directions


def _at_most(most: int, size: int) -> None:
    if size > most:
        raise NotPlain(TOO_MUCH)


class _Budget:
    """What may still be spent on one value."""

    def __init__(self) -> None:
        self.nodes = self.characters = 0

    def spend(self, depth: int, value: Any) -> None:
        self.nodes += 1
        self.characters += len(value) if type(value) is str else 0
        if depth > MAX_DEPTH or self.nodes > MAX_NODES or self.characters > MAX_TEXT:
            raise NotPlain(TOO_MUCH)


def encode(value: Any, instead: Callable[[Any], Any] | None = None) -> Any:
    """`value` as something `json.dumps` takes; NotPlain otherwise. Calls no method of an object that is not plain.

    `instead` gives what is encoded in the place of such an object.
    """
    budget = _Budget()

    def coded(value: Any, depth: int) -> Any:
        budget.spend(depth, value)
        kind = type(value)
        if value is None or kind is bool or kind is float or kind is str:
            return value
        if kind is int and -(2**63) <= value < 2**63:
            return value
        if kind is list:
            return [coded(item, depth + 1) for item in value]
        seldom = kind is np.ndarray and value.dtype.str not in NUMERIC and value.dtype.kind not in "UO"
        seldom = seldom or (kind is type and type.__repr__(value) not in KINDS)
        if kind in TAGS and not (instead and seldom):
            return {TAGS[kind]: [coded(part, depth + 1) for part in FORMS[TAGS[kind]][1](value)]}
        if instead is not None:
            return coded(instead(value), depth + 1)
        raise NotPlain(f"a value of type {type.__getattribute__(kind, '__name__')} is not plain data")

    return coded(value, 0)


def decode(coded: Any) -> Any:
    """The value that `encode` was given; raises NotPlain for anything that `encode` does not make."""
    budget = _Budget()

    def value(coded: Any, depth: int) -> Any:
        budget.spend(depth, coded)
        if isinstance(coded, list):
            return [value(item, depth + 1) for item in coded]
        if isinstance(coded, dict):
            ((tag, parts),) = coded.items()
            return FORMS[tag][2](*[value(part, depth + 1) for part in parts])
        _at_most(64, coded.bit_length() if isinstance(coded, int) else 0)
        return coded

    try:
        return value(coded, 0)
    except NotPlain:
        raise
    except (TypeError, ValueError, LookupError, ArithmeticError, RecursionError, MemoryError, binascii.Error) as error:
        raise NotPlain(f"no plain value: {type(error).__name__}") from None

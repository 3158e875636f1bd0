"""Values of Python's library as plain data: each by the plain parts that it is made of, and made again from them."""

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

__all__ = ["FORMS"]

FACTORIES: dict[Any, str] = {kind: kind.__name__ for kind in (int, float, bool, str, list, dict, set, tuple)}
NAMED = {name: kind for kind, name in FACTORIES.items()}
KEYS, VALUES, ITEMS = (type(getattr({}, view)()) for view in ("keys", "values", "items"))
Parts = Callable[[Any], list[Any]]


def _clock(value: Any) -> list[Any]:
    return [value.hour, value.minute, value.second, value.microsecond, value.tzinfo]


FORMS: dict[str, tuple[type, Parts, Callable[..., Any]]] = {
    "decimal": (Decimal, lambda value: [str(value)], Decimal),
    "fraction": (Fraction, lambda value: [value.numerator, value.denominator], lambda n, d: Fraction(int(n), int(d))),
    "range": (range, lambda value: [value.start, value.stop, value.step], range),
    "bytearray": (bytearray, lambda value: [bytes(value)], bytearray),
    "date": (date, lambda value: [value.year, value.month, value.day], date),
    "time": (time, _clock, time),
    "datetime": (datetime, lambda value: [value.year, value.month, value.day, *_clock(value)], datetime),
    "timedelta": (timedelta, lambda value: [value.days, value.seconds, value.microseconds], timedelta),
    "timezone": (timezone, lambda value: [*value.__getinitargs__()], timezone),
    "counter": (Counter, lambda value: [dict(value)], Counter),
    "ordered": (OrderedDict, lambda value: [dict(value)], OrderedDict),
    "defaultdict": (  # a factory of somebody's own is no plain data, and is refused as one of the parts
        defaultdict,
        lambda value: [FACTORIES.get(value.default_factory, value.default_factory), dict(value)],
        lambda name, items: defaultdict(NAMED.get(name), items),
    ),
    "deque": (deque, lambda value: [[*value], value.maxlen], deque),
    "keys": (KEYS, lambda value: [dict.fromkeys(value)], dict.keys),
    "values": (VALUES, lambda value: [[*value]], lambda items: dict(enumerate(items)).values()),
    "items": (ITEMS, lambda value: [dict(value)], dict.items),
    "numpy text": (np.str_, lambda value: [str(value)], np.str_),
}

"""Plain data: exact types come back exactly; everything else, and every forged text, is refused."""

import json
import math
from collections import Counter, OrderedDict, UserList, UserString, defaultdict, deque, namedtuple
from collections.abc import Set
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from numbers import Real

import numpy as np
import pytest

from tinytorch.grader.instead import instead
from tinytorch.grader.plain import NotPlain, decode, encode
from tinytorch.grader.sandbox import _parsed

PLAIN = [
    None,
    True,
    0,
    -(2**63),
    2**5000,
    1.5,
    math.inf,
    1 + 2j,
    "text \ud800 \u20ac",
    b"\x00\xff",
    [1, [2.0, "x"]],
    (1, (2,)),
    {"a": 1, 2: (3,), (4, 5): None},
    {1, 2},
    frozenset({"x"}),
    np.arange(6, dtype=np.float32).reshape(2, 3),
    np.zeros((0, 3)),
    np.array(2.0),
    np.float64(0.1),
    np.int8(3),
    np.int64(3),
    np.arange(3).sum(),
    np.bool_(True),
    np.dtype(np.float32),
    np.dtype(object),
    np.array([1 + 1j]),
    [np.arange(4)[::2], {"w": np.float32(1)}],
    np.array([["text", ""]]),
    np.str_("text"),
    Decimal("-1.50"),
    Fraction(1, 3),
    range(1, 9, 2),
    bytearray(b"x"),
    date(2024, 2, 29),
    datetime(2024, 2, 29, 12, 30, tzinfo=UTC),
    timedelta(days=-1, seconds=3),
    OrderedDict(b=1, a=2),
    Counter("banana"),
    defaultdict(list, a=[1]),
    [int, bool, type(None), np.ndarray, np.bool_, np.float32, defaultdict],
    deque([1, 2], maxlen=3),
    [*range(2_000), -(2**63)],
    [0.1] * 2_000,
    [2**64] * 2_000,
    [1, True] * 1_000,
    np.array([1, Fraction(1, 2), None], dtype=object),
    np.array([[1, "a"]], dtype=object),
]


def dumps(value):
    return json.dumps(encode(value))


def loads(text):
    """As a grader reads it: in a line of JSON, and a line that is none has no value."""
    line = _parsed(f'{{"value": {text}}}'.encode())
    if "value" not in line:
        raise NotPlain("no JSON")
    return decode(line["value"])


def same(left, right):
    if type(left) is not type(right):
        return False
    if isinstance(left, np.ndarray | np.generic):
        return left.dtype == right.dtype and left.shape == right.shape and np.array_equal(left, right)
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    return left == right


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: type(value).__name__)
def test_round_trip(value):
    assert same(loads(dumps(value)), value)


def test_nan():
    assert math.isnan(loads(dumps(float("nan"))))


@pytest.mark.parametrize("view", ["keys", "values", "items"])
def test_a_view_of_a_dict(view):
    came = getattr({"b": 1, "a": 2}, view)()
    assert list(loads(dumps(came))) == list(came)
    assert type(loads(dumps(came))) is type(came)


Pair = namedtuple("Pair", "x y")


class Letters(Set):
    def __init__(self, letters):
        self.letters = letters

    def __contains__(self, letter):
        return letter in self.letters

    def __iter__(self):
        return iter(self.letters)

    def __len__(self):
        return len(self.letters)


class Table:
    def __array__(self, dtype=None, copy=None):
        return np.array([1])


class Loss:
    """As a PyTorch tensor that remembers what it was made from."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("use detach() first")

    def detach(self):
        return np.array(0.5)


class Half:
    def __float__(self):
        return 0.5


class Word(str, Enum):  # noqa: UP042  its text is another than its value
    YES = "yes"


Real.register(Half)
INSTEAD = [
    (Pair(1, 2), (1, 2)),
    ([Pair(1, 2)], [(1, 2)]),
    ([Loss(), 1.0], [0.5, 1.0]),
    (np.float64(1).view(np.float64), 1.0),
    (np.ma.masked_array([1]).view(np.recarray), np.array([1])),
    (OrderedDict(a=1).keys(), {"a": 1}.keys()),
    (defaultdict(lambda: 0, a=1), {"a": 1}),
    (type("Share", (Fraction,), {})(1, 2), Fraction(1, 2)),
    (type("Moment", (datetime,), {})(2024, 1, 2, 3), datetime(2024, 1, 2, 3)),
    (UserList([1, 2]), [1, 2]),
    (UserString("ab"), "ab"),
    (Word.YES, "yes"),
    (memoryview(b"ab"), b"ab"),
    (Letters("ab"), {"a", "b"}),
    (np.longdouble(2), 2.0),
    (np.arange(1.0, 2.0, dtype=np.longdouble), np.array([1.0])),
    (np.arange(1, 2, dtype=">i4"), np.array([1])),
    (Table(), np.array([1])),
    (Half(), 0.5),
]


@pytest.mark.parametrize("value, wanted", INSTEAD, ids=lambda value: type(value).__name__)
def test_what_stands_for_an_object_has_its_data(value, wanted):
    assert decode(encode(value, instead)) == wanted


def test_what_stands_for_an_iterator_and_for_anything_else():
    assert list(decode(encode(map(abs, [-1, 2]), instead))) == [1, 2]
    assert decode(encode(object(), instead))
    assert decode(encode(object(), instead)) != 1
    assert repr(decode(encode(object(), instead))) == "<object object>"
    assert not decode(encode(type("Empty", (), {"__len__": lambda self: 0})(), instead))
    with pytest.raises(NotPlain):
        encode(np.zeros(2, "datetime64[D]"), instead)


class Liar(float):
    def __eq__(self, other):
        return True


def deep(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value


def ring():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    "value",
    [
        Liar(1),
        Liar,
        defaultdict(lambda: 0),
        map(abs, [1]),
        np.ma.masked_array([1]),
        np.array([object()]),
        len,
        object(),
        deep(100),
        ring(),
        10**5000,
        [0] * 700_000,
        np.zeros(2_000_000),
        [Liar(1)],
        {"a": Liar(1)},
        np.array([(1, 2)], dtype=[("a", int), ("b", int)]),
        1 << 9000,
    ],
    ids=lambda value: type(value).__name__,
)
def test_anything_else_is_opaque(value):
    with pytest.raises(NotPlain):
        encode(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "{}",
        '{"eval": "1"}',
        '{"int": 5}',
        '{"int": "0x' + "f" * 9000 + '"}',
        "1" * 5000,
        "1" * 4000,
        "[" * 100_000,
        '{"array": ["|O8", [1], "AAAAAAAAAAA="]}',
        '{"array": ["<f8", [2], "AAAAAAAAAAA="]}',
        '{"array": ["<f8", [-1], "AAAAAAAAAAA="]}',
        '{"array": ["<f8", [true], "AAAAAAAAAAA="]}',
        '{"array": ["<f8", 1, "AAAAAAAAAAA="]}',
        '{"array": ["<f8", [1]]}',
        '{"scalar": ["<f8", [], ""]}',
        '{"set": [[1]]}',
        '{"dict": [[1], []]}',
        '{"dict": [1, 2]}',
        '{"tuple": 3}',
        '{"complex": ["x", 1]}',
        '{"tuple": [], "set": []}',
        '{"decimal": ["x"]}',
        '{"fraction": [1, 0]}',
        '{"range": ["a"]}',
        '{"defaultdict": ["eval", 1]}',
        '{"class": ["eval"]}',
        '{"keys": [3]}',
        '{"array": ["text", [7], ["a"]]}',
        '{"timezone": [3]}',
        json.dumps({"set": list(range(20_000))}),
        json.dumps({"array": ["text", [90], ["x" * 1_000_000] + ["a"] * 89]}),
        json.dumps({"array": ["text", [1, 90], [["x" * 1_000_000] + ["a"] * 89]]}),
        "[" + "0," * 650_000 + "0]",
        *(json.dumps({kind: [{"range": [0, 10**7, 1]}, None][:parts]}) for kind, parts in {"values": 1, "counter": 1, "deque": 2}.items()),
        '{"bytearray": [100000000]}',
    ],
    ids=lambda text: text[:30],
)
def test_forged_text_is_refused(text):
    with pytest.raises(NotPlain):
        loads(text)

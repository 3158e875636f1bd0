"""Plain data: exact types come back exactly; everything else, and every forged text, is refused."""

import json
import math
from collections import OrderedDict

import numpy as np
import pytest

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
    np.array([1 + 1j]),
    [np.arange(4)[::2], {"w": np.float32(1)}],
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
        OrderedDict(a=1),
        np.ma.masked_array([1]),
        np.array([object()]),
        np.array(["text"]),
        len,
        object(),
        deep(100),
        ring(),
        10**5000,
        [0] * 300_000,
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
        json.dumps({"set": list(range(20_000))}),
        "[" + "0," * 250_000 + "0]",
    ],
    ids=lambda text: text[:30],
)
def test_forged_text_is_refused(text):
    with pytest.raises(NotPlain):
        loads(text)

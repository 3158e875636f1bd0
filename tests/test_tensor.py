"""Construction, copies, operators and errors of Tensor, against NumPy."""

import copy
import operator
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.operations import two
from tinytorch.core.tensor import Tensor, broadcast_shape

ARRAY = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])


@pytest.mark.parametrize(
    "data, dtype, shape",
    [
        (3, "float32", ()),
        (0.5, "float32", ()),
        (True, "float32", ()),
        ([1, 2], "float32", (2,)),
        ([[1.5], [2]], "float32", (2, 1)),
        ((1, 2, 3), "float32", (3,)),
        (range(3), "float32", (3,)),
        ([], "float32", (0,)),
        (np.float64(1), "float64", ()),
        (np.float16(1), "float16", ()),
        (np.zeros((2, 0)), "float64", (2, 0)),
        (np.ones(2, np.float32), "float32", (2,)),
        (np.array([1, 2]), "int64", (2,)),
        (np.array([True]), "bool", (1,)),
        (Tensor(np.ones(3)), "float64", (3,)),
        ([Tensor([1, 2]), Tensor([3, 4])], "float32", (2, 2)),
    ],
    ids=repr,
)
def test_construction(data, dtype, shape):
    tensor = Tensor(data)
    assert (tensor.dtype, tensor.shape, tensor.ndim, tensor.size) == (dtype, shape, len(shape), np.prod(shape, dtype=int))
    assert isinstance(tensor.data, np.ndarray)


@pytest.mark.parametrize(
    "data, error",
    [
        ([[1, 2], [3]], ValueError),
        ("12", TypeError),
        (["1", "2"], TypeError),
        (b"1", TypeError),
        ((i for i in [1, 2]), TypeError),
        (None, TypeError),
        ([None], TypeError),
        ({1: 2}, TypeError),
        ({1, 2}, TypeError),
        (1j, TypeError),
        (np.array([object()]), TypeError),
        (np.array(["2020"], "datetime64"), TypeError),
        (len, TypeError),
    ],
    ids=lambda value: repr(value).partition(" at 0x")[0][:30],  # no addresses: xdist compares names
)
def test_what_is_no_array_of_numbers_is_refused(data, error):
    with pytest.raises(error, match="Tensor"):
        Tensor(data)


@pytest.mark.parametrize("source", [np.arange(3.0), np.arange(6.0)[::2], np.arange(3.0, dtype=np.float32), Tensor([0, 1, 2])])
def test_input_is_copied(source):
    array = source.data if isinstance(source, Tensor) else source
    tensor = Tensor(source)
    assert not np.shares_memory(tensor.data, array)


BINARY = ["add", "sub", "mul", "truediv", "pow", "eq", "ne", "lt", "le", "gt", "ge"]


@pytest.mark.parametrize("name", BINARY)
@settings(max_examples=25, deadline=None)
@given(shapes=two(), seed=st.integers(0, 1000))
def test_operators_broadcast_as_numpy_does(name, shapes, seed):
    rng, function = np.random.default_rng(seed), getattr(operator, name)
    x, y = (rng.integers(1, 4, size=shape).astype(np.float64) for shape in shapes)
    for result in (function(Tensor(x), Tensor(y)), function(Tensor(x), y), function(x, Tensor(y))):
        assert isinstance(result, Tensor)
        np.testing.assert_array_equal(result.data, function(x, y))
    assert broadcast_shape(x.shape, y.shape) == result.shape


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "pow"])
def test_numbers_on_either_side_keep_the_dtype(name, dtype):
    function, x = getattr(operator, name), np.array([1, 2], dtype)
    for number in (2, 0.5, True):
        for got, want in ((function(Tensor(x), number), function(x, number)), (function(number, Tensor(x)), function(number, x))):
            assert got.dtype == dtype
            np.testing.assert_array_equal(got.data, want)


@pytest.mark.parametrize("shapes", [((2, 3), (3, 4)), ((3,), (3, 4)), ((2, 3), (3,)), ((3,), (3,)), ((5, 2, 3), (3, 4))])
def test_matrix_product(shapes):
    x, y = (np.random.default_rng(0).normal(size=shape) for shape in shapes)
    for result in (Tensor(x) @ Tensor(y), Tensor(x) @ y, x @ Tensor(y)):
        np.testing.assert_array_equal(result.data, x @ y)


@pytest.mark.parametrize("axis, keepdims", [(None, False), (0, False), (-1, True), ((0, 1), False), ((0, 1), True)])
@pytest.mark.parametrize("name", ["sum", "mean", "max"])
def test_reductions(name, axis, keepdims):
    got = getattr(Tensor(ARRAY), name)(axis=axis, keepdims=keepdims)
    np.testing.assert_allclose(got.data, getattr(np, name)(ARRAY, axis=axis, keepdims=keepdims), rtol=1e-15)


@pytest.mark.parametrize("key", [0, -1, slice(1), (0, 1), (slice(None), 1), [1, 0], np.array([True, False]), ..., None, Tensor(np.array([1]))])
def test_indexing(key):
    plain = key.data if isinstance(key, Tensor) else key
    np.testing.assert_array_equal(Tensor(ARRAY)[key].data, ARRAY[plain])
    changed, wanted = Tensor(ARRAY), ARRAY.copy()
    changed[key], wanted[plain] = 7, 7
    np.testing.assert_array_equal(changed.data, wanted)


def test_the_rest_agrees_with_numpy():
    x = Tensor(ARRAY)
    assert [x.argmax().item(), x.argmax(axis=1).data.tolist()] == [4, [2, 1]]
    np.testing.assert_array_equal(x.T.data, ARRAY.T)
    np.testing.assert_array_equal(x.reshape(3, -1).data, x.reshape((3, 2)).data)
    np.testing.assert_array_equal((-x).exp().log().data, np.log(np.exp(-ARRAY)))
    np.testing.assert_array_equal(np.sqrt(x * x), abs(ARRAY))
    assert [row.shape for row in x] == [(3,), (3,)] and len(x) == 2
    assert np.shares_memory(x.T.data, x.data) and not np.shares_memory(x.numpy(), x.data)


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda: Tensor([1, 2]) + Tensor([1, 2, 3]), ValueError, "shapes (2,) and (3,) do not broadcast: 2 meets 3"),
        (lambda: Tensor([[1, 2]]) @ Tensor([[1, 2]]), ValueError, "(1, 2) and (1, 2)"),
        (lambda: Tensor([1, 2]).item(), ValueError, "shape (2,) holds 2"),
        (lambda: Tensor([1]) + "1", TypeError, "real numbers"),
        (lambda: bool(Tensor([1, 2])), ValueError, "ambiguous"),
    ],
)
def test_errors_say_what_is_wrong(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)


def test_comparison_with_something_else_and_hashing():
    x = Tensor([1, 2])
    assert (x == 1).data.tolist() == [True, False] and len({x, x, Tensor([1, 2])}) == 2


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_and_pickles(duplicate):
    assert duplicate(Tensor([1, 2])).data.tolist() == [1, 2]


def test_repr_can_be_read():
    assert repr(Tensor([1, 2])) == "Tensor([1., 2.], dtype=float32)"
    assert repr(Tensor([[1], [2]])).splitlines()[1].index("[2.]") == repr(Tensor([[1], [2]])).index("[1.]")

"""Gradients against central differences, graphs of awkward shapes, and what is refused."""

import copy
import gc
import math
import pickle
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.operations import OPERATIONS
from tinytorch.core import autograd
from tinytorch.core.autograd import Variable, add, multiply, no_grad, record, topological_order
from tinytorch.core.tensor import Tensor

H = 1e-6


def differences(operation, arrays, weights):
    """The gradient of sum(weights * operation(*arrays)) by each array, by central differences."""

    def value(changed):
        return float(np.sum(weights * operation.ours(*map(Variable, changed)).data.data))

    slopes = [np.zeros_like(array) for array in arrays]
    for number, array in enumerate(arrays):
        for place in np.ndindex(array.shape):
            sides = []
            for shift in (H, -H):
                moved = [a.copy() for a in arrays]
                moved[number][place] += shift
                sides.append(value(moved))
            slopes[number][place] = (sides[0] - sides[1]) / (2 * H)
    return slopes


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_gradient_is_the_central_difference(operation, data):
    shapes = data.draw(operation.shapes)
    arrays = operation.arrays(shapes, data.draw(st.integers(0, 2**20)))
    inputs = [Variable(array) for array in arrays]
    result = operation.ours(*inputs)
    weights = np.random.default_rng(1).normal(size=result.shape)
    result.backward(weights)
    for array, leaf, slope in zip(arrays, inputs, differences(operation, arrays, weights), strict=True):
        assert leaf.grad.shape == array.shape
        np.testing.assert_allclose(leaf.grad.data.data, slope, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_dtype_is_kept(operation, dtype):
    shapes = [(2, 2)] * (2 if operation.name in {"add", "subtract", "multiply", "divide", "power", "matmul"} else 1)
    inputs = [Variable(array.astype(dtype)) for array in operation.arrays(shapes, 0)]
    result = operation.ours(*inputs)
    assert result.dtype == dtype
    result.backward(np.ones(result.shape))
    assert {leaf.grad.dtype for leaf in inputs} == {np.dtype(dtype)}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_python_number_neither_widens_nor_rounds(dtype):
    x = Variable(dtype(3))
    for result, want in [(x + 0.1, 3.1), (0.1 - x, -2.9), (0.1 * x, 0.3), (x / 0.1, 30), (0.1 / x, 0.1 / 3), (x**0.1, 3**0.1)]:
        assert result.dtype == dtype
        assert result.item() == pytest.approx(want, rel=10 * float(np.finfo(dtype).eps))


def test_an_array_on_the_left_is_left_to_the_variable():
    x = Variable([1.0, 2.0])
    for result in (np.ones(2, np.float32) * x, np.float32(1) * x, Tensor([1, 1]) * x, [1, 1] * x):
        assert isinstance(result, Variable) and result.requires_grad
    with pytest.raises(TypeError):
        np.exp(x)
    with pytest.raises(TypeError, match="cannot follow a graph"):
        np.asarray(x)


def test_gradients_of_two_backwards_add_up_until_cleared():
    x = Variable(2.0)
    for _ in range(2):
        (x * x).backward()
    assert x.grad.item() == 8
    x.zero_grad()
    assert x.grad is None


@pytest.mark.parametrize(
    "function, slope",
    [
        (lambda x: x * x, 6),
        (lambda x: x * x * x, 27),
        (lambda x: x + x, 2),
        (lambda x: x / x, 0),
        (lambda x: x - x, 0),
        (lambda x: x**x, 27 * (1 + math.log(3))),
        (lambda x: add(autograd.exp(x), autograd.negate(x)), math.exp(3) - 1),
        (lambda x: (lambda y: y * y + y)(x * 2), 26),
        (lambda x: (lambda y: multiply(y, add(y, x)))(x * x), 4 * 27 + 3 * 9),
    ],
    ids=["square", "cube", "twice", "quotient", "difference", "self-power", "diamond", "used three times", "nested"],
)
def test_a_variable_used_more_than_once(function, slope):
    x = Variable(np.float64(3))
    function(x).backward()
    assert x.grad.item() == pytest.approx(slope, rel=1e-12)


def test_sixty_diamonds_take_sixty_steps():
    x = node = Variable(np.float64(1))
    for _ in range(60):
        node = (node + node) * 0.5
    node.backward()
    assert x.grad.item() == 1


@pytest.mark.parametrize("backward", [True, False])
def test_a_chain_of_100_000_operations(backward):
    x = node = Variable(0.0)
    for _ in range(100_000):
        node = node + 1.0
    if backward:
        node.backward()
        assert x.grad.item() == 1
    del node  # and freeing it does not recurse either
    gc.collect()


def test_a_kept_chain_is_freed_without_recursion():
    node = Variable(1.0)
    for _ in range(100_000):
        node = autograd.tanh(node)
    node.backward(retain_graph=True)
    gone = weakref.ref(node)
    del node
    assert gone() is None


def test_backward_frees_what_the_graph_held():
    x = Variable(np.ones(3))
    middle = x * 2
    gone = weakref.ref(middle)
    loss = middle.sum()
    del middle
    assert gone() is not None
    loss.backward()
    assert gone() is None


def test_a_released_graph_says_so():
    x = Variable(2.0)
    y = x * x
    z = y + 1
    y.backward()
    with pytest.raises(RuntimeError, match="released by an earlier backward"):
        z.backward()
    assert x.grad.item() == 4


def test_a_kept_graph_can_be_used_twice():
    x = Variable(2.0)
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 8


def test_two_results_share_a_kept_part():
    x = Variable(3.0)
    y = x * x
    (y * 2).backward(retain_graph=True)
    (y * 5).backward()
    assert x.grad.item() == 42


def test_no_grad_records_nothing_and_ends_on_an_error():
    x = Variable(1.0)
    with pytest.raises(KeyError), no_grad():
        y = x * 2
        raise KeyError
    assert not y.requires_grad and y.operands() == [] and (x * 2).requires_grad


def test_what_needs_no_gradient_gets_none():
    x, y = Variable(2.0), Variable(3.0, requires_grad=False)
    z = x * y + y
    assert y not in topological_order(z)
    z.backward()
    assert (x.grad.item(), y.grad) == (3, None)


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda: Variable([1.0, 2.0]).backward(), ValueError, "sum() or mean()"),
        (lambda: Variable([1.0, 2.0]).backward([1.0, 2.0, 3.0]), ValueError, "(3,)"),
        (lambda: Variable(1.0, requires_grad=False).backward(), RuntimeError, "requires_grad=True"),
        (lambda: Variable(np.array(3)).backward(), TypeError, "int64"),
        (lambda: (Variable(np.array([1, 2])) * Variable(np.ones(2))).sum().backward(), TypeError, "int64"),
        (lambda: Variable(np.ones((2, 3))) @ Variable(np.ones((2, 3))), ValueError, "(2, 3) and (2, 3)"),
        (lambda: Variable([1.0]) + "1", TypeError, "real numbers"),
        (lambda: autograd.softmax_cross_entropy([[0.0, 1.0]], [2]), ValueError, "from 0 to 1"),
        (lambda: autograd.softmax_cross_entropy([[0.0, 1.0]], [-1]), ValueError, "from 0 to 1"),
        (lambda: autograd.softmax_cross_entropy([[0.0, 1.0]], [0.5]), ValueError, "whole numbers"),
        (lambda: autograd.softmax_cross_entropy([[0.0, 1.0]], [[1]]), ValueError, "labels (rows,)"),
        (lambda: Variable([1.0, 2.0]).item(), ValueError, "exactly one"),
    ],
)
def test_what_makes_no_sense_is_refused(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)


def test_data_is_copied_and_gradients_share_nothing():
    source = np.ones(2)
    x, y = Variable(source), Variable(source)
    source[:] = 5
    assert x.data.data.tolist() == [1, 1]
    (x + y).sum().backward()
    x.grad.data.data[:] = 9
    assert y.grad.data.data.tolist() == [1, 1]
    copied = Variable(x)
    copied.data.data[:] = 7
    assert x.data.data.tolist() == [1, 1]


def test_a_given_gradient_is_not_changed_and_not_kept():
    start = np.ones(2)
    x = Variable(np.zeros(2))
    x.backward(start)
    x.grad.data.data[:] = 5
    assert start.tolist() == [1, 1]


@pytest.mark.parametrize("size", [1e4, 1e38])
def test_softmax_cross_entropy_of_huge_logits(size):
    logits = Variable([[size, -size], [-size, size]])
    with np.errstate(all="raise", under="ignore"):
        loss = autograd.softmax_cross_entropy(logits, [0, 1])
        loss.backward()
    assert loss.item() == 0 and not logits.grad.data.data.any()


def test_equal_maxima_share_the_gradient():
    x = Variable([[1.0, 3.0, 3.0]])
    x.max(axis=1).backward([6.0])
    assert x.grad.data.data.tolist() == [[0, 3, 3]]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_an_input_can_be_copied_and_pickled(duplicate):
    x = Variable([1.0, 2.0])
    x.sum().backward()
    twin = duplicate(x)
    assert twin.data.data.tolist() == [1, 2] and twin.grad.data.data.tolist() == [1, 1] and twin.requires_grad


def test_an_operation_of_ones_own():
    """What the docstring of record promises: an edge is an operand with its rule."""
    x = Variable(np.float64(2))
    square = record(x.data.data**2, (x, lambda g: 2 * x.data.data * g))
    square.backward()
    assert x.grad.item() == 4

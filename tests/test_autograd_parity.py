"""Values and gradients of every operation, and a whole training run, against PyTorch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.operations import OPERATIONS
from tinytorch.core.autograd import Variable, relu, softmax_cross_entropy

pytestmark = pytest.mark.parity
torch = pytest.importorskip("torch")


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_values_and_gradients_are_pytorchs(operation, data):
    arrays = operation.arrays(data.draw(operation.shapes), data.draw(st.integers(0, 2**20)))
    ours, theirs = [Variable(a) for a in arrays], [torch.tensor(a, requires_grad=True) for a in arrays]
    result, expected = operation.ours(*ours), operation.theirs(torch, *theirs)
    weights = np.random.default_rng(1).normal(size=result.shape)
    result.backward(weights)
    expected.backward(torch.tensor(weights))
    np.testing.assert_allclose(result.data.data, expected.detach().numpy(), rtol=1e-12, atol=1e-12)
    for leaf, tensor in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(leaf.grad.data.data, tensor.grad.numpy(), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_a_network_trains_along_the_same_path(dtype, tolerance):
    rng = np.random.default_rng(0)
    inputs, labels = rng.normal(size=(64, 8)).astype(dtype), rng.integers(0, 3, size=64)
    start = [rng.normal(size=shape).astype(dtype) / 2 for shape in ((8, 16), (16,), (16, 3), (3,))]
    ours, theirs = [Variable(a) for a in start], [torch.tensor(a, requires_grad=True) for a in start]
    for _ in range(50):
        softmax_cross_entropy(relu(inputs @ ours[0] + ours[1]) @ ours[2] + ours[3], labels).backward()
        hidden = (torch.tensor(inputs) @ theirs[0] + theirs[1]).relu()
        torch.nn.functional.cross_entropy(hidden @ theirs[2] + theirs[3], torch.tensor(labels)).backward()
        for mine, other in zip(ours, theirs, strict=True):
            mine.data.data -= 0.1 * mine.grad.data.data
            mine.zero_grad()
            with torch.no_grad():
                other -= 0.1 * other.grad
                other.grad = None
    for mine, other in zip(ours, theirs, strict=True):
        wanted = other.detach().numpy()
        assert np.linalg.norm(mine.data.data - wanted) <= tolerance * np.linalg.norm(wanted)

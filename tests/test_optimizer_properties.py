"""What holds for every input: properties of the optimizers' rules, drawn by Hypothesis."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tinytorch.core.optimizers import SGD, AdaGrad, Adam, AdamW, Nesterov, RMSProp

FAMILY = [SGD, Adam, Nesterov, AdamW, RMSProp, AdaGrad]
ADAPTIVE = [Adam, RMSProp, AdaGrad]
quick = settings(max_examples=40, deadline=None, derandomize=True)

numbers = st.floats(-1e3, 1e3, width=32)
vectors = arrays(np.float64, st.integers(1, 12), elements=numbers)
runs = st.integers(1, 12).flatmap(  # a start and the gradients of up to five steps
    lambda n: st.tuples(
        arrays(np.float64, n, elements=numbers), st.lists(arrays(np.float64, n, elements=numbers), min_size=1, max_size=5)
    )
)
rates = st.floats(1e-4, 1.0)


def trained(optimizer_of, theta, gradients):
    theta = np.array(theta)
    optimizer = optimizer_of([theta])
    for g in gradients:
        optimizer.step([np.asarray(g)])
    return theta


@quick
@given(vectors, rates)
def test_adams_first_step_is_the_rate_times_a_sign(g, rate):
    assume(np.all((g == 0) | (np.abs(g) > 1e-3)))
    step = trained(lambda p: Adam(p, learning_rate=rate), np.zeros_like(g), [g])
    np.testing.assert_allclose(step, -rate * np.sign(g), rtol=1e-4)


@pytest.mark.parametrize("cls", ADAPTIVE)
@quick
@given(runs, st.integers(-20, 20))
def test_a_power_of_two_in_the_loss_changes_no_bit(cls, run, exponent):
    theta, gradients = run
    assume(all(np.all((g == 0) | (np.abs(g) > 1e-6)) for g in gradients))
    scaled = [g * 2.0**exponent for g in gradients]
    one, other = (trained(lambda p: cls(p, 0.01, epsilon=0.0), theta, gs) for gs in (gradients, scaled))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("cls", [SGD, Nesterov])
@quick
@given(runs, st.integers(-20, 20))
def test_sgd_moves_by_the_loss_times_its_factor(cls, run, exponent):
    theta, gradients = run
    zeros = np.zeros_like(theta)
    one = trained(lambda p: cls(p, 0.1, momentum=0.5), zeros, gradients)
    other = trained(lambda p: cls(p, 0.1, momentum=0.5), zeros, [g * 2.0**exponent for g in gradients])
    np.testing.assert_array_equal(one * 2.0**exponent, other)


@pytest.mark.parametrize("cls", FAMILY)
@quick
@given(runs, st.randoms(use_true_random=False))
def test_elements_know_nothing_of_each_other(cls, run, random):
    theta, gradients = run
    order = list(range(theta.size))
    random.shuffle(order)
    straight = trained(cls, theta, gradients)
    np.testing.assert_array_equal(straight[order], trained(cls, theta[order], [g[order] for g in gradients]))
    np.testing.assert_array_equal(straight, trained(cls, theta[:, None], [g[:, None] for g in gradients]).ravel())
    parts = [np.array(theta[:1]), np.array(theta[1:])]
    optimizer = cls(parts)
    for g in gradients:
        optimizer.step([g[:1].copy(), g[1:].copy()])
    np.testing.assert_array_equal(straight, np.concatenate(parts))


@pytest.mark.parametrize("cls", FAMILY)
@quick
@given(runs)
def test_the_mirrored_run_is_the_run_mirrored(cls, run):
    theta, gradients = run
    np.testing.assert_array_equal(-trained(cls, theta, gradients), trained(cls, -theta, [-g for g in gradients]))


@pytest.mark.parametrize("cls", FAMILY)
@quick
@given(runs, st.data())
def test_a_step_without_a_gradient_leaves_no_trace(cls, run, data):
    theta, gradients = run
    gaps = data.draw(st.lists(st.booleans(), min_size=len(gradients), max_size=len(gradients)))
    still, moved = np.array(theta), np.zeros(2)
    optimizer = cls([moved, still])
    for g, gap in zip(gradients, gaps, strict=True):
        if gap:
            optimizer.step([np.ones(2), None])
        optimizer.step([None, g])
    np.testing.assert_array_equal(still, trained(cls, theta, gradients))
    assert optimizer.step_count == len(gradients) + sum(gaps)


@quick
@given(st.floats(0.0, 0.99), st.integers(1, 60), rates)
def test_the_velocity_under_a_constant_gradient(momentum, steps, rate):
    theta = np.zeros(1)
    optimizer = SGD([theta], learning_rate=rate, momentum=momentum)
    for _ in range(steps):
        optimizer.step([np.ones(1)])
    velocity = sum(momentum**k for k in range(steps))
    assert optimizer.momentum_buffers[0][0] == pytest.approx(velocity, rel=1e-12)
    travelled = sum((steps - k) * momentum**k for k in range(steps))
    assert theta[0] == pytest.approx(-rate * travelled, rel=1e-12)


@quick
@given(runs, rates, st.floats(0.0, 0.5))
def test_decoupled_decay_shrinks_and_then_steps_as_adam(run, rate, decay):
    theta, gradients = run
    twin = np.array(theta)
    adam = Adam([twin], learning_rate=rate)
    for g in gradients:
        twin *= 1 - rate * decay
        adam.step([g])
    with_decay = trained(lambda p: AdamW(p, learning_rate=rate, weight_decay=decay), theta, gradients)
    np.testing.assert_array_equal(with_decay, twin)


@pytest.mark.parametrize("cls", FAMILY)
@quick
@given(runs)
def test_float32_follows_float64(cls, run):
    theta, gradients = run
    assume(all(np.all((g == 0) | (np.abs(g) > 1e-3)) for g in gradients))
    narrow = trained(lambda p: cls(p, 1e-3), theta.astype(np.float32), [g.astype(np.float32) for g in gradients])
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow, trained(lambda p: cls(p, 1e-3), theta, gradients), rtol=1e-5, atol=1e-4)

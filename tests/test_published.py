"""Sequences and convergence cases that others have published: each row names where its figures stand."""

from functools import partial

import numpy as np
import pytest

from tinytorch.core import optimizers as ours
from tinytorch.core.optimizers import SGD, AdaGrad, Adam, AdamW, LambdaLR, Nesterov, RMSProp, StepLR

KERAS_GRADIENTS = [np.full(10, 0.01)] + [np.arange(1, 11) / 10] * 4
SLOPED = ([1.0, 2.0, 3.0, 4.0], [np.array([1.0, 6.0, 7.0, 2.0])])


def lua_slope(theta):
    """Rosenbrock's slopes as they stand in torch's Lua comparison, where the second has an x too many."""
    x, y = theta
    return np.array([-400 * x * (y - x**2) - 2 * (1 - x), 200 * x * (y - x**2)])


SEQUENCES = {  # where: (optimizer, start, gradients, what comes, absolute tolerance)
    "keras sgd_test, single step": (partial(SGD, learning_rate=0.5), *SLOPED, [0.5, -1.0, -0.5, 3.0], 1e-7),
    "keras adam_test, single step": (partial(Adam, learning_rate=0.5), *SLOPED, [0.5, 1.5, 2.5, 3.5], 1e-4),
    "keras adamw_test, single step": (
        partial(AdamW, learning_rate=0.5, weight_decay=0.004), *SLOPED, [0.4980, 1.4960, 2.4940, 3.4920], 1e-4,
    ),
    "keras rmsprop_test, single step": (
        partial(RMSProp, learning_rate=0.5, alpha=0.9, epsilon=1e-7), *SLOPED, [-0.5811, 0.4189, 1.4189, 2.4189], 1e-4,
    ),
    "keras adagrad_test, single step": (
        partial(AdaGrad, learning_rate=0.5, initial_accumulator_value=0.1), *SLOPED, [0.5233, 1.5007, 2.5005, 3.5061], 1e-4,
    ),
    "keras sgd_test, golden values": (
        partial(Nesterov, learning_rate=0.01, momentum=0.0), np.ones(10), KERAS_GRADIENTS, 0.9999 - 0.004 * np.arange(1, 11), 5e-4,
    ),
    "keras adam_test, golden values": (Adam, np.ones(10), KERAS_GRADIENTS, np.full(10, 0.9955), 5e-4),
    "keras adagrad_test, golden values": (
        partial(AdaGrad, learning_rate=0.2, initial_accumulator_value=0.3, epsilon=1e-6), np.ones(10), KERAS_GRADIENTS,
        [0.856, 0.7422, 0.6604, 0.6037, 0.5644, 0.5367, 0.5168, 0.5021, 0.491, 0.4825], 5e-4,
    ),
    "tensorflow momentum_test, two steps": (
        partial(SGD, learning_rate=2.0, momentum=0.9), [1.0, 2.0], [np.full(2, 0.1)] * 2, [0.42, 1.42], 1e-12,
    ),
    "tensorflow adagrad_test, 0.1": (
        partial(AdaGrad, learning_rate=3.0, initial_accumulator_value=0.1), [1.0, 2.0], [np.full(2, 0.1)] * 3,
        [-1.6026098728179932, -0.6026098728179932], 1e-6,
    ),
    "tensorflow adagrad_test, 0.01": (
        partial(AdaGrad, learning_rate=3.0, initial_accumulator_value=0.1), [3.0, 4.0], [np.full(2, 0.01)] * 3,
        [2.715679168701172, 3.715679168701172], 1e-6,
    ),
    "tensorflow adagrad_test, stability": (
        partial(AdaGrad, learning_rate=1.0, initial_accumulator_value=0.1),
        [0.00872496, -0.106952, 0.110467, 0.226505, -0.0147257, -0.0105945],
        [np.array([-5.91278e-05, 5.31673e-05, -2.5779e-06, 4.29153e-05, -8.4877e-05, -9.48906e-05])],
        [0.00891194, -0.10712013, 0.11047515, 0.22636929, -0.0144573, -0.01029443], 1e-7,
    ),
    "torch test/optim/lua.out, adagrad": (
        partial(AdaGrad, learning_rate=1e-3), [1.5, 1.5], [lua_slope] * 100, [1.481798994647, 1.518200402711], 1e-9,
    ),
    "torch test/optim/lua.out, adam 1": (Adam, [1.5, 1.5], [lua_slope] * 100, [1.411295823128, 1.588683222100], 1e-9),
    "torch test/optim/lua.out, adam 2": (
        partial(Adam, learning_rate=1e-4), [1.5, 1.5], [lua_slope] * 100, [1.490102453959, 1.509897390837], 1e-9,
    ),
    "torch test/optim/lua.out, adam 3": (
        partial(Adam, learning_rate=1e-4, beta1=0.92), [1.5, 1.5], [lua_slope] * 100, [1.490092739372, 1.509907120027], 1e-9,
    ),
    "torch test/optim/lua.out, adam 4": (
        partial(Adam, learning_rate=1e-4, beta1=0.92, beta2=0.96), [1.5, 1.5], [lua_slope] * 100,
        [1.490034343012, 1.509965604259], 1e-9,
    ),
}  # fmt: skip


@pytest.mark.parametrize("where", SEQUENCES)
def test_a_published_sequence(where):
    make, start, gradients, want, tolerance = SEQUENCES[where]
    theta = np.array(start)
    optimizer = make([theta])
    for g in gradients:
        optimizer.step([g(theta) if callable(g) else g])
    np.testing.assert_allclose(theta, want, rtol=0, atol=tolerance)


def parabola(theta):
    return 2 * (theta - np.array([1.0, -1.0, 1.0], theta.dtype))


def rosenbrock(theta):
    x, y = theta
    return np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)], theta.dtype)


TARGETS = {  # optax, alias_test: start, goal, slope; 10,000 steps, within 0.03
    "parabola": ([-1.0, 10.0, 1.0], [1.0, -1.0, 1.0], parabola),
    "rosenbrock": ([0.0, 0.0], [1.0, 1.0], rosenbrock),
}
CONVERGING = {
    "sgd": partial(SGD, learning_rate=1e-3, momentum=0.9),
    "adam": partial(Adam, learning_rate=0.1),
    "adamw": partial(AdamW, learning_rate=0.1, weight_decay=1e-4),
    "adagrad": partial(AdaGrad, learning_rate=1.0, initial_accumulator_value=0.1, epsilon=1e-7),
    "rmsprop": partial(RMSProp, learning_rate=5e-3, alpha=0.9),
    "rmsprop with momentum": partial(RMSProp, learning_rate=5e-3, alpha=0.9, momentum=0.9),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", CONVERGING)
def test_a_published_convergence(name, target):
    start, goal, slope = TARGETS[target]
    theta = np.array(start, np.float32)
    optimizer = CONVERGING[name]([theta])
    for _ in range(10_000):
        optimizer.step([slope(theta)])
    np.testing.assert_allclose(theta, goal, rtol=0, atol=3e-2)


def test_adams_published_failure():
    """Reddi, Kale & Kumar 2018, theorem 1: on [-1, 1] Adam goes to the worst point, +1, of 3x, -x, -x, 3x, ..."""
    theta = np.array([0.0])
    optimizer = Adam([theta], beta1=0.0, beta2=1 / (1 + 3**2))
    for t in range(1, 3001):
        optimizer.learning_rate = 0.5 / np.sqrt(t)
        optimizer.step([np.array([3.0 if t % 3 == 1 else -1.0])])
        np.clip(theta, -1, 1, out=theta)
    assert theta[0] > 0.9


RATES = {  # where: (scheduler, first rate, the rates of the epochs)
    "torch test_lrscheduler, step": (lambda o: StepLR(o, 3, 0.1), 0.05, [0.05] * 3 + [0.005] * 3 + [0.0005] * 3),
    "torch test_lrscheduler, multi-step": (
        lambda o: LambdaLR(o, ours.multi_step_decay, milestones=[2, 5, 9]), 0.05, [0.05] * 2 + [0.005] * 3 + [0.0005] * 4 + [5e-5],
    ),
    "torch test_lrscheduler, exponential": (
        lambda o: LambdaLR(o, ours.exponential_decay, gamma=0.9), 0.05, [0.05 * 0.9**k for k in range(10)],
    ),
    "optax schedule_test, cosine": (
        lambda o: LambdaLR(o, ours.cosine_decay, total=5, floor=0.1), 0.1,
        [0.1 * (0.9 * (1 + np.cos(np.pi * min(k, 5) / 5)) / 2 + 0.1) for k in range(12)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("where", RATES)
def test_published_rates(where):
    make, first, want = RATES[where]
    optimizer = SGD([np.ones(1)], learning_rate=first)
    scheduler, rates = make(optimizer), []
    for _ in want:
        scheduler.step()
        rates.append(scheduler.get_lr())
    assert rates == pytest.approx(want, rel=1e-12)


def test_the_limits_of_a_published_warm_up():
    """optax, schedule_test: from 10 to the peak of 0.5 at step 100, and to 1e-4 at step 1000."""
    settings = {"warmup": 100, "total": 1000, "start": 10 / 0.5, "floor": 1e-4 / 0.5}
    assert [0.5 * ours.warmup_cosine(k, **settings) for k in (0, 100, 1000)] == pytest.approx([10.0, 0.5, 1e-4])


def test_published_clipping():
    """keras, adam_test; optax, clipping_test: ever smaller norms, one after the other."""
    keras = [np.array([100.0, 100.0])]
    ours.clip_by_global_norm(keras, 1.0)
    assert keras[0] == pytest.approx([2**0.5 / 2] * 2)
    gradients = [np.array([500.0, 5.0]), np.array([300.0, 3.0])]
    for k in range(1, 51):
        ours.clip_by_global_norm(gradients, 1 / k)
        assert ours.global_norm(gradients) == pytest.approx(1 / k)
    ours.clip_by_value(large := [np.array([500.0, 5.0])], 1.0)
    assert large[0].tolist() == [1.0, 1.0]

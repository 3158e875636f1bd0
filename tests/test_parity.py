"""The same trajectories as torch.optim: every optimizer and schedule, over drawn shapes, hyperparameters and gradients."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from tinytorch.core import optimizers as ours

torch = pytest.importorskip("torch", reason="the extra `parity` is not installed")
pytestmark = pytest.mark.parity

TOLERANCE = {np.float32: 1e-6, np.float64: 1e-12}  # of the norm of the difference, relative
STEPS = 100


def draw(seed: int) -> SimpleNamespace:
    """Hyperparameters and shapes of one random case."""
    rng = np.random.default_rng(seed)
    return SimpleNamespace(
        rate=10 ** rng.uniform(-3, -1),
        decay=rng.uniform(0.0, 0.1) * rng.integers(2),
        momentum=rng.uniform(0.1, 0.95),
        beta1=rng.uniform(0.0, 0.95),
        beta2=rng.uniform(0.9, 0.9999),
        alpha=rng.uniform(0.8, 0.999),
        epsilon=10 ** rng.uniform(-10, -3),
        lr_decay=rng.uniform(0.0, 0.1),
        start=rng.uniform(0.0, 0.5),
        shapes=[tuple(rng.integers(1, 9, size=rng.integers(0, 4))) for _ in range(rng.integers(1, 6))],
    )


def adam(ours_class, torch_class):
    def pair(d):
        mine = partial(ours_class, learning_rate=d.rate, beta1=d.beta1, beta2=d.beta2, epsilon=d.epsilon, weight_decay=d.decay)
        return mine, partial(torch_class, lr=d.rate, betas=(d.beta1, d.beta2), eps=d.epsilon, weight_decay=d.decay)

    return pair


def rmsprop(d):
    same = {"alpha": d.alpha, "weight_decay": d.decay, "momentum": d.momentum}
    mine = partial(ours.RMSProp, learning_rate=d.rate, epsilon=d.epsilon, **same)
    return mine, partial(torch.optim.RMSprop, lr=d.rate, eps=d.epsilon, **same)


def sgd(ours_class, nesterov):
    def pair(d):
        same = {"momentum": d.momentum, "weight_decay": d.decay}
        mine = partial(ours_class, learning_rate=d.rate, **same)
        return mine, partial(torch.optim.SGD, lr=d.rate, nesterov=nesterov, **same)

    return pair


def plain_sgd(d):
    return partial(ours.SGD, learning_rate=d.rate), partial(torch.optim.SGD, lr=d.rate)


def adagrad(d):
    same = {"lr_decay": d.lr_decay, "weight_decay": d.decay, "initial_accumulator_value": d.start}
    mine = partial(ours.AdaGrad, learning_rate=d.rate, epsilon=d.epsilon, **same)
    return mine, partial(torch.optim.Adagrad, lr=d.rate, eps=d.epsilon, **same)


PAIRS = {
    "SGD": sgd(ours.SGD, nesterov=False),
    "SGD without momentum": plain_sgd,
    "Nesterov": sgd(ours.Nesterov, nesterov=True),
    "Adam": adam(ours.Adam, torch.optim.Adam),
    "AdamW": adam(ours.AdamW, torch.optim.AdamW),
    "RMSProp": rmsprop,
    "AdaGrad": adagrad,
}
DEFAULTS = {  # made without any hyperparameter
    "SGD": (ours.SGD, partial(torch.optim.SGD, lr=0.01)),
    "Nesterov": (ours.Nesterov, partial(torch.optim.SGD, lr=0.01, momentum=0.9, nesterov=True)),
    "Adam": (ours.Adam, torch.optim.Adam),
    "AdamW": (ours.AdamW, torch.optim.AdamW),
    "RMSProp": (ours.RMSProp, torch.optim.RMSprop),
    "AdaGrad": (ours.AdaGrad, torch.optim.Adagrad),
}


class Both:
    """The same parameters in our optimizer and in torch's."""

    def __init__(self, pair, shapes, dtype, seed=0):
        rng = np.random.default_rng(seed)
        self.mine = [np.asarray(rng.normal(size=shape), dtype) for shape in shapes]
        self.theirs = [torch.tensor(theta, requires_grad=True) for theta in self.mine]
        self.optimizer, self.reference = pair[0](self.mine), pair[1](self.theirs)

    def step(self, gradients):
        for parameter, g in zip(self.theirs, gradients, strict=True):
            parameter.grad = None if g is None else torch.tensor(g)
        self.optimizer.step(gradients)
        self.reference.step()

    def difference(self) -> float:
        mine = np.concatenate([theta.ravel() for theta in self.mine]).astype(np.float64)
        theirs = np.concatenate([theta.detach().numpy().ravel() for theta in self.theirs]).astype(np.float64)
        return float(np.linalg.norm(mine - theirs) / np.linalg.norm(theirs))


def gradients_of(shapes, dtype, steps, seed, missing=0.0):
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        scale = 10.0 ** rng.uniform(-3, 1)
        drawn = [np.asarray(scale * rng.normal(size=shape), dtype) for shape in shapes]
        yield [None if rng.random() < missing else g for g in drawn]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("name", PAIRS)
def test_trajectories(name, missing, dtype):
    for seed in range(8):
        case = draw(seed)
        both = Both(PAIRS[name](case), case.shapes, dtype, seed)
        for gradients in gradients_of(case.shapes, dtype, STEPS, seed, missing):
            both.step(gradients)
        assert both.difference() <= TOLERANCE[dtype], (seed, vars(case))


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults_and_large_parameters(name, dtype):
    shapes = [(ours.PIECE + 3,), (7, 5), (), (ours.PIECE // 2, 3)]
    both = Both(DEFAULTS[name], shapes, dtype)
    for gradients in gradients_of(shapes, dtype, 10, seed=1):
        both.step(gradients)
    assert both.difference() <= TOLERANCE[dtype]


@pytest.mark.parametrize("name", PAIRS)
def test_a_rate_that_changes_between_steps(name):
    case = draw(3)
    both = Both(PAIRS[name](case), case.shapes, np.float64)
    for k, gradients in enumerate(gradients_of(case.shapes, np.float64, 20, seed=2)):
        both.optimizer.learning_rate = both.reference.param_groups[0]["lr"] = case.rate / (1 + k)
        both.step(gradients)
    assert both.difference() <= 1e-12


@pytest.mark.parametrize("name", PAIRS)
def test_groups(name):
    mine, theirs = PAIRS[name](draw(4))

    def torch_groups(ps):
        return theirs([{"params": ps[:2]}, {"params": ps[2:], "lr": 0.03, "weight_decay": 0.2}])

    def our_groups(ps):
        return mine([{"parameters": ps[:2]}, {"parameters": ps[2:], "learning_rate": 0.03, "weight_decay": 0.2}])

    shapes = [(3,), (2, 2), (4,), ()]
    both = Both((our_groups, torch_groups), shapes, np.float64)
    for gradients in gradients_of(shapes, np.float64, STEPS, seed=6):
        both.step(gradients)
    assert both.difference() <= 1e-12


OUR_STATE = {"first_moment": "exp_avg", "second_moment": "exp_avg_sq"}


@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_a_start_in_mid_run(name):
    """torch's state after 50 steps, put into a new optimizer of ours, goes on as torch does."""
    case = draw(5)
    pair = PAIRS[name](case)
    old = Both(pair, case.shapes, np.float64)
    for gradients in gradients_of(case.shapes, np.float64, 50, seed=7):
        old.step(gradients)
    new = Both(pair, case.shapes, np.float64)
    state = new.optimizer.state_dict() | {"step_count": 50}
    for i, theirs in enumerate(old.theirs):
        new.mine[i][...] = theirs.detach().numpy()
        kept = old.reference.state[theirs]
        state |= {f"{buffer}.{i}": kept[key].numpy().copy() for buffer, key in OUR_STATE.items()}
    new.optimizer.load_state_dict(state)
    new.theirs, new.reference = old.theirs, old.reference
    for gradients in gradients_of(case.shapes, np.float64, 50, seed=8):
        new.step(gradients)
    assert new.difference() <= 1e-12


EXTREMES = {
    "1e-30": [1e-30, -1e-30, 1.0],
    "1e19": [1e19, -1e19, 1.0],
    "zeros": [0.0, -0.0, 1.0],
    "one infinity": [np.inf, 2.0, 1.0],
    "one NaN": [np.nan, 2.0, 1.0],
}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("extreme", EXTREMES)
@pytest.mark.parametrize("name", PAIRS)
def test_extreme_gradients(name, extreme, dtype):
    both = Both(DEFAULTS.get(name) or PAIRS[name](draw(0)), [(3,)], dtype)
    for _ in range(3):
        both.step([np.array(EXTREMES[extreme], dtype)])
        np.testing.assert_allclose(both.mine[0], both.theirs[0].detach().numpy(), rtol=1e-5 if dtype == np.float32 else 1e-12)
    both.step([np.ones(3, dtype)])
    np.testing.assert_allclose(both.mine[0], both.theirs[0].detach().numpy(), rtol=1e-5 if dtype == np.float32 else 1e-12)


lr = torch.optim.lr_scheduler


def warmup_cosine(optimizer, warmup, total, start, floor):
    up = lr.LinearLR(optimizer, start_factor=start, total_iters=warmup)
    down = lr.CosineAnnealingLR(optimizer, T_max=total - warmup, eta_min=floor * 0.7)
    return lr.SequentialLR(optimizer, [up, down], milestones=[warmup])


SCHEDULES = {  # ours, torch's, epochs to compare
    "StepLR": (lambda o: ours.StepLR(o, 3, 0.3), lambda o: lr.StepLR(o, 3, 0.3), 20),
    "step": (lambda o: ours.LambdaLR(o, ours.step_decay, step_size=4, gamma=0.5), lambda o: lr.StepLR(o, 4, 0.5), 20),
    "multi-step": (
        lambda o: ours.LambdaLR(o, ours.multi_step_decay, milestones=[2, 5, 5, 11], gamma=0.4),
        lambda o: lr.MultiStepLR(o, [2, 5, 5, 11], 0.4),
        20,
    ),
    "exponential": (lambda o: ours.LambdaLR(o, ours.exponential_decay, gamma=0.9), lambda o: lr.ExponentialLR(o, 0.9), 50),
    "cosine": (
        lambda o: ours.LambdaLR(o, ours.cosine_decay, total=30, floor=0.1),
        lambda o: lr.CosineAnnealingLR(o, T_max=30, eta_min=0.1 * 0.7),
        31,
    ),
    "warm-up": (
        lambda o: ours.LambdaLR(o, ours.linear_warmup, warmup=5, start=0.2),
        lambda o: lr.LinearLR(o, start_factor=0.2, total_iters=5),
        20,
    ),
    "warm-up then cosine": (
        lambda o: ours.LambdaLR(o, ours.warmup_cosine, warmup=5, total=25, start=0.2, floor=0.1),
        lambda o: warmup_cosine(o, 5, 25, 0.2, 0.1),
        26,
    ),
}


@pytest.mark.filterwarnings("ignore::UserWarning")  # torch's own, of its SequentialLR
@pytest.mark.parametrize("name", SCHEDULES)
def test_rates_by_epoch(name):
    make, make_theirs, epochs = SCHEDULES[name]
    optimizer = ours.SGD([np.ones(2)], learning_rate=0.7)
    reference = torch.optim.SGD([torch.ones(2, requires_grad=True)], lr=0.7)
    scheduler, theirs = make(optimizer), make_theirs(reference)
    mine, expected = [], []
    for _ in range(epochs):
        scheduler.step()  # at the top of the epoch
        mine.append(optimizer.learning_rate)
        expected.append(reference.param_groups[0]["lr"])
        reference.step()
        theirs.step()  # at its end
    assert mine == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("max_norm", [0.1, 3.0, 1e6])
def test_clipping(max_norm):
    rng = np.random.default_rng(0)
    gradients = [rng.normal(size=shape) for shape in [(3, 4), (5,), ()]]
    theirs = [torch.tensor(g, requires_grad=True) for g in gradients]
    for parameter in theirs:
        parameter.grad = parameter.detach().clone()
    gradients = [np.asarray(g) for g in gradients]
    norm = ours.clip_by_global_norm(gradients, max_norm)
    assert norm == pytest.approx(float(torch.nn.utils.clip_grad_norm_(theirs, max_norm)), rel=1e-12)
    for g, parameter in zip(gradients, theirs, strict=True):
        np.testing.assert_allclose(g, parameter.grad.numpy(), rtol=2e-6)  # torch divides by the norm + 1e-6

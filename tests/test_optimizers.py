"""The manners of tinytorch.core.optimizers: what it accepts, refuses, keeps and never changes."""

import copy
import doctest
import io
import operator
import pickle
import subprocess
import sys

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

from tinytorch.core import optimizers
from tinytorch.core.autograd import Variable
from tinytorch.core.optimizers import (
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    LambdaLR,
    Nesterov,
    RMSProp,
    StepLR,
    clip_by_global_norm,
    clip_by_value,
    cosine_decay,
    exponential_decay,
    gradient_descent_step,
    linear_warmup,
    multi_step_decay,
    step_decay,
    warmup_cosine,
)
from tinytorch.core.tensor import Tensor

FAMILY = [SGD, Adam, Nesterov, AdamW, RMSProp, AdaGrad]
SHAPES = [(3, 4), (), (5,), (0,), (optimizers.PIECE + 7,), (2, 1, 2)]


def arrays(dtype=np.float64, shapes=SHAPES, seed=0):
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.normal(size=shape), dtype) for shape in shapes]


def variable(value=1.0, grad=0.5, dtype=np.float32):
    made = Variable(np.asarray(value, dtype))
    made.grad = None if grad is None else Variable(np.asarray(grad, dtype), requires_grad=False)
    return made


def test_doctests():
    result = doctest.testmod(optimizers)
    assert result.attempted > 40 and result.failed == 0


# --- What is refused when an optimizer is made

REFUSED_PARAMETERS = {
    "nothing": (lambda: [], ValueError, "SGD: the list of parameters is empty"),
    "an empty generator": (lambda: (p for p in ()), ValueError, "the list of parameters is empty"),
    "a number": (lambda: 3, TypeError, "got a int"),
    "a number in the list": (lambda: [np.ones(2), 3.0], TypeError, "parameter 1 is a float"),
    "a Tensor": (lambda: [Tensor(np.ones(2))], TypeError, "parameter 0 is a Tensor"),
    "a list of lists": (lambda: [[1.0, 2.0]], TypeError, "parameter 0 is a list"),
    "integers": (lambda: [np.ones(2), np.array([1, 2])], TypeError, r"parameter 1 of shape \(2,\) is int64"),
    "an integer Variable": (lambda: [Variable(np.array([1, 2]))], TypeError, "parameter 0 .* is int"),
    "complex": (lambda: [np.ones(2, complex)], TypeError, "complex128"),
    "requires_grad=False": (lambda: [Variable(1.0, requires_grad=False)], ValueError, "parameter 0 has requires_grad=False"),
    "the same one twice": (lambda: [np.ones(1), *[np.ones(2)] * 2], ValueError, "parameter 2 is parameter 1 again"),
    "one array in two Variables": (lambda: twins(), ValueError, "parameter 1 is parameter 0 again"),
    "read-only": (lambda: [optimizers.locked(np.ones(2))], ValueError, "is read-only"),
    "both kinds": (lambda: [np.ones(2), Variable(1.0)], TypeError, "not both"),
    "groups and parameters": (lambda: [{"parameters": [np.ones(2)]}, np.ones(3)], TypeError, "not both"),
    "a dict of parameters": (lambda: {"w": np.ones(2)}, TypeError, "of a dict of parameters give .values()"),
    "a group's unknown name": (lambda: [{"parameters": [np.ones(2)], "speed": 1}], TypeError, "'speed'"),
    "a group in PyTorch's words": (lambda: [{"params": [np.ones(2)]}], TypeError, "here it is parameters"),
    "one in two groups": (lambda: [{"parameters": p} for p in [np.ones(2)] * 2], ValueError, "parameter 1 is parameter 0"),
    "a set, which has no order": (lambda: {variable(), variable()}, TypeError, "are a list of .*, got a set"),
    "pairs of names and parameters": (lambda: {"w": np.ones(2)}.items(), TypeError, "parameter 0 is a tuple: .* without their names"),
    "a result, not a parameter": (lambda: [Variable(1.0) * 2], ValueError, "parameter 0 is the result of an operation"),
    "a Variable without data": (lambda: [empty(None)], TypeError, "its data is a NoneType"),
    "a Variable of a bare array": (lambda: [empty(np.ones(2))], TypeError, "its data is a ndarray"),
    "masked": (lambda: [np.ma.array([1.0, 2.0], mask=[0, 1])], TypeError, "is a MaskedArray"),
    "views that overlap": (lambda: overlapping(np.ones(4)), ValueError, "parameter 1 shares memory with parameter 0"),
    "an array and its transpose": (lambda: (lambda w: [w, w.T])(np.ones((2, 2))), ValueError, "parameter 1 shares memory"),
    "elements that share memory": (lambda: [as_strided(np.ones(1), (3,), (0,))], ValueError, "elements that share memory"),
    "a group within a group": (lambda: [{"parameters": {"parameters": np.ones(2)}}], TypeError, "parameter 0 is a dict"),
}


def empty(data):
    made = Variable(1.0)
    made.data = data
    return made


def overlapping(array):
    return [array[:3], array[1:]]


def twins():
    data = Tensor(np.ones(2))
    first, second = Variable(1.0), Variable(1.0)
    first.data = second.data = data
    return [first, second]


@pytest.mark.parametrize("name", REFUSED_PARAMETERS)
def test_refused_parameters(name):
    make, error, text = REFUSED_PARAMETERS[name]
    with pytest.raises(error, match=text):
        SGD(make())


NUMBERS = ["learning_rate", "weight_decay", "momentum", "beta1", "beta2", "epsilon", "alpha", "lr_decay"]


@pytest.mark.parametrize("cls", FAMILY)
@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf"), "0.1", None, True, np.ones(2), 1j, Tensor(0.1), Variable(0.1), 10**400])
def test_refused_numbers(cls, value):
    for name in set(NUMBERS) & set(cls.__init__.__annotations__):
        with pytest.raises((ValueError, TypeError), match=f"{cls.__name__}: {name} must be"):
            cls([np.ones(2)], **{name: value})


@pytest.mark.parametrize("name", ["beta1", "beta2"])
def test_betas_stay_below_one(name):
    with pytest.raises(ValueError, match=rf"{name} must be in \[0, 1\), got 1.0"):
        Adam([np.ones(2)], **{name: 1.0})


FOREIGN = {"lr": "learning_rate", "eps": "epsilon", "betas": "beta1", "nesterov": "Nesterov", "params": "parameters"}


@pytest.mark.parametrize("cls", FAMILY)
@pytest.mark.parametrize("name", FOREIGN)
def test_pytorchs_names_get_an_answer(cls, name):
    with pytest.raises(TypeError, match=f"{cls.__name__}: no argument '{name}': .*{FOREIGN[name]}"):
        cls([np.ones(2)], **{name: 0.1})


def test_a_class_of_ones_own_may_use_these_names():
    class Adadelta(optimizers.Optimizer):
        def __init__(self, parameters, rho=0.9):
            super().__init__(parameters, learning_rate=1.0, rho=rho)

    assert Adadelta([np.ones(2)], rho=0.5).rho == 0.5


@pytest.mark.parametrize("step_size", [0, -1, 2.5, "3", True, None])
def test_refused_step_size(step_size):
    with pytest.raises((ValueError, TypeError), match="StepLR: step_size must be"):
        StepLR(SGD([np.ones(2)]), step_size)


@pytest.mark.parametrize("gamma", [-0.5, float("nan")])
def test_refused_gamma(gamma):
    with pytest.raises(ValueError, match="StepLR: gamma must be"):
        StepLR(SGD([np.ones(2)]), 2, gamma)


def test_a_scheduler_wants_an_optimizer():
    with pytest.raises(TypeError, match="a list has no learning_rate"):
        StepLR([np.ones(2)], 2)
    with pytest.raises(TypeError, match="load_state_dict"):
        StepLR(SGD([np.ones(2)]), 2, last_epoch=3)


# --- What is accepted


@pytest.mark.parametrize("give", [lambda w: w, lambda w: [w], lambda w: (w,), lambda w: (p for p in [w]), lambda w: {"parameters": w}])
@pytest.mark.parametrize("make", [lambda: np.ones(3), lambda: variable([1.0, 1.0, 1.0], [1.0, 1.0, 1.0])])
def test_one_or_many_in_any_form(give, make):
    parameter = make()
    optimizer = SGD(give(parameter), learning_rate=0.5)
    optimizer.step(*([[np.ones(3)]] if isinstance(parameter, np.ndarray) else []))
    assert optimizer.parameters == [parameter]
    assert optimizers.array_of(parameter).tolist() == [0.5] * 3


@pytest.mark.parametrize("number", [np.float64(0.5), np.float32(0.5), np.array(0.5), 1])
def test_numbers_of_numpy_do_not_widen(number):
    theta = np.ones(3, np.float32)
    optimizer = SGD([theta], learning_rate=number)
    optimizer.step([np.ones(3, np.float32)])
    assert type(optimizer.learning_rate) is float and optimizer.momentum_buffers[0].dtype == np.float32
    optimizer.learning_rate = np.float64(0.25)  # as a schedule of the user's own would
    optimizer.step([np.ones(3, np.float32)])
    assert theta.dtype == np.float32 and theta[0] == 1 - float(number) - 0.25


# --- What is refused at a step, and that a refused step has changed nothing

REFUSED_GRADIENTS = {
    "another shape that broadcasts": (np.ones(1), ValueError, r"parameter 1 \(shape \(3,\)\) has shape \(1,\)"),
    "the transposed shape": (np.ones((3, 1)), ValueError, r"has shape \(3, 1\)"),
    "a number": (0.5, TypeError, "is a float, not an array"),
    "a list": ([1.0, 2.0, 3.0], TypeError, "is a list, not an array"),
    "a Tensor": (Tensor(np.ones(3)), TypeError, "is a Tensor, not an array"),
    "integers": (np.ones(3, int), TypeError, "is int64, not float"),
    "complex": (np.ones(3, complex), TypeError, "is complex128, not float"),
    "masked": (np.ma.array(np.ones(3), mask=[1, 0, 0]), TypeError, "is a MaskedArray, not an array"),
}


def everything(optimizer):
    return pickle.dumps((optimizer.state_dict(), [optimizers.array_of(p).tolist() for p in optimizer.parameters]))


@pytest.mark.parametrize("cls", FAMILY)
@pytest.mark.parametrize("name", REFUSED_GRADIENTS)
@pytest.mark.parametrize("warm", [0, 2])
def test_refused_gradients(cls, name, warm):
    gradient, error, text = REFUSED_GRADIENTS[name]
    optimizer = cls([np.ones((2, 2)), np.ones(3)])
    for _ in range(warm):
        optimizer.step([np.ones((2, 2)), np.ones(3)])
    before = everything(optimizer)
    with pytest.raises(error, match=text):
        optimizer.step([np.ones((2, 2)), gradient])
    assert everything(optimizer) == before


@pytest.mark.parametrize("name", ["another shape that broadcasts", "a number", "a Tensor", "integers"])
def test_refused_gradients_of_variables(name):
    gradient, error, text = REFUSED_GRADIENTS[name]
    first, second = variable(), variable([1.0, 1.0, 1.0], None)
    second.grad = Variable(gradient, requires_grad=False) if name[0] in "ai" and isinstance(gradient, np.ndarray) else gradient
    optimizer = Adam([first, second])
    before = everything(optimizer)
    with pytest.raises(error, match=text):
        optimizer.step()
    assert everything(optimizer) == before


def frozen(optimizer):
    optimizer.parameters[1].data.data.flags.writeable = False


def widened(optimizer):
    optimizer.parameters[1].data = Tensor(optimizer.parameters[1].data.data.astype(np.float64))


def reshaped(optimizer):
    optimizer.parameters[1].data = Tensor(np.ones((2, 2), np.float32))


def bare(optimizer):
    optimizer.parameters[1].data = np.ones(3, np.float32)


REFUSED_STEPS = {
    "read-only now": (frozen, r"parameter 1 \(shape \(3,\)\) is read-only"),
    "another dtype now": (widened, "parameter 1 was float32 of shape .*, now it is float64"),
    "another shape now": (reshaped, r"parameter 1 was .*, now it is float32 of shape \(2, 2\)"),
    "no Tensor now": (bare, "parameter 1 was .*, now it is a memoryview"),
    "one more in the list": (lambda o: o.parameters.append(variable()), "use add_param_group"),
    "a rate below zero": (lambda o: setattr(o, "learning_rate", -1.0), "learning_rate must be"),
    "a rate of NaN": (lambda o: setattr(o, "learning_rate", float("nan")), "learning_rate must be"),
    "a beta of one": (lambda o: setattr(o, "beta2", 1.0), "beta2 must be"),
    "another list of parameters": (lambda o: setattr(o, "parameters", [variable(), variable([1.0, 1.0, 1.0])]), "list of parameters was changed"),
    "one parameter less": (lambda o: o.parameters.pop(), "list of parameters was changed"),
    "no parameters": (lambda o: o.parameters.clear(), "list of parameters was changed"),
    "a count below zero": (lambda o: setattr(o, "step_count", -5), "step_count was set to -5"),
    "no count": (lambda o: setattr(o, "step_count", None), "step_count was set to None"),
    "a moment of another shape": (lambda o: o.first_moment.__setitem__(1, np.ones(7)), r"first_moment\[1\] is \(\(7,\)"),
    "a moment of another dtype": (lambda o: o.first_moment.__setitem__(1, np.ones(3)), r"first_moment\[1\] is .*float64"),
    "a moment as a list": (lambda o: o.first_moment.__setitem__(1, [1.0, 2.0, 3.0]), r"first_moment\[1\] is list"),
    "a moment of no parameter": (lambda o: o.first_moment.__setitem__(9, np.ones(3)), "parameter 9 is no parameter"),
    "other moments": (lambda o: setattr(o, "first_moment", {}), "first_moment is not a Buffers"),
}


@pytest.mark.parametrize("name", REFUSED_STEPS)
def test_refused_steps(name):
    spoil, text = REFUSED_STEPS[name]
    optimizer = Adam([variable(), variable([1.0, 1.0, 1.0], [1.0, 2.0, 3.0])])
    optimizer.step()
    kept = optimizer.parameters[0]
    first = kept.data.data.copy()
    spoil(optimizer)
    count = optimizer.step_count
    with pytest.raises((ValueError, TypeError), match=text):
        optimizer.step()
    assert kept.data.data == first and optimizer.step_count == count


def test_gradients_come_with_variables_and_are_given_for_arrays():
    with pytest.raises(TypeError, match="bring their own"):
        SGD([variable()]).step([np.ones(())])
    with pytest.raises(TypeError, match="plain arrays need their gradients"):
        SGD([np.ones(2)]).step()
    with pytest.raises(ValueError, match="1 gradients for 2 parameters"):
        SGD([np.ones(2), np.ones(2)]).step([np.ones(2)])
    for odd in (1.0, {0: np.ones(2)}, lambda: 1.0):  # a number, a dict, PyTorch's closure
        with pytest.raises(TypeError, match="plain arrays need their gradients: .* got a"):
            SGD([np.ones(2)]).step(odd)


# --- What stays and what changes


@pytest.mark.parametrize("cls", FAMILY)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_written_in_place_with_dtype_shape_and_gradient_kept(cls, dtype):
    thetas, gradients = arrays(dtype), arrays(dtype, seed=1)
    before, given = [theta.copy() for theta in thetas], [g.copy() for g in gradients]
    addresses = [theta.ctypes.data for theta in thetas]
    optimizer = cls(thetas)
    for _ in range(3):
        optimizer.step(gradients)
    assert [theta.ctypes.data for theta in optimizer.parameters] == addresses
    for theta, old, g, same in zip(thetas, before, gradients, given, strict=True):
        assert theta.dtype == dtype and theta.shape == old.shape and np.all(theta != old)
        assert np.array_equal(g, same)


@pytest.mark.parametrize("cls", FAMILY)
def test_every_layout_gives_the_same_numbers(cls):
    plain = np.random.default_rng(0).normal(size=(300, 400))
    wide = np.zeros((600, 400))
    layouts = [plain.copy(), np.asfortranarray(plain), wide[::2], plain[::-1].copy()[::-1]]
    layouts[2][...] = plain
    gradient = np.sin(plain)
    for theta in layouts:
        optimizer = cls([theta, np.ones(3)])
        for g in (gradient, np.asfortranarray(gradient)):
            optimizer.step([g, np.ones(3)])
    assert all(np.array_equal(theta, layouts[0]) for theta in layouts)
    assert not wide[1::2].any()


@pytest.mark.parametrize("cls", FAMILY)
def test_packs_and_slices_give_the_numbers_of_a_parameter_alone(cls, monkeypatch):
    gradients = [arrays(seed=seed) for seed in range(1, 5)]
    gradients[1][2] = gradients[2][0] = None
    results = []
    for piece in (7, 64, 10**6):
        monkeypatch.setattr(optimizers, "PIECE", piece)
        thetas = arrays()
        optimizer = cls(thetas)
        for g in gradients:
            optimizer.step(g)
        results.append(thetas)
    for other in results[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_buffers_are_those_of_parameters_that_had_a_step():
    optimizer = Adam([variable(), variable(grad=None), variable()])
    assert len(optimizer.first_moment) == len(optimizer.second_moment) == 0
    optimizer.step()
    assert sorted(optimizer.first_moment) == sorted(optimizer.second_moment) == [0, 2]
    sgd = SGD([np.ones(2), np.ones(2)], momentum=0.0)
    sgd.step([None, None])
    assert len(sgd.momentum_buffers) == 0 and sgd.step_count == 1
    sgd.step([None, np.ones(2)])
    assert list(sgd.momentum_buffers) == [1] and sgd.step_count == 2


def test_a_buffer_that_somebody_replaces_is_used():
    one, other = (Adam([np.ones(2), np.ones(2)]) for _ in range(2))
    for optimizer in (one, other):
        optimizer.step([np.ones(2)] * 2)
    one.first_moment[1] = np.array([5.0, 6.0])
    other.first_moment[1][:] = [5.0, 6.0]
    for optimizer in (one, other):
        optimizer.step([np.ones(2)] * 2)
    assert np.array_equal(one.parameters[1], other.parameters[1])


FORGET = {
    "del": lambda buffer: buffer.__delitem__(1),
    "pop": lambda buffer: buffer.pop(1),
    "update": lambda buffer: buffer.update({1: np.zeros(2)}),
    "|=": lambda buffer: operator.ior(buffer, {1: np.zeros(2)}),
    "clear": lambda buffer: buffer.clear(),
    "in place": lambda buffer: buffer[1].fill(0.0),
}


@pytest.mark.parametrize("how", FORGET)
def test_what_is_forgotten_begins_anew(how):
    theta, fresh = np.ones(2), np.ones(2)
    optimizer = SGD([np.ones(2), theta], momentum=0.9)
    optimizer.step([np.ones(2)] * 2)
    FORGET[how](optimizer.momentum_buffers)
    optimizer.step([np.ones(2)] * 2)
    for _ in range(2):
        SGD([fresh]).step([np.ones(2)])
    assert np.array_equal(theta, fresh) and sorted(optimizer.momentum_buffers) == [0, 1]


@pytest.mark.parametrize("cls", FAMILY)
@pytest.mark.parametrize("size", [3, 3 * optimizers.PIECE])
def test_a_gradient_may_overlap_its_parameter(cls, size):
    whole, apart = np.linspace(1.0, 2.0, size + 1), np.linspace(1.0, 2.0, size + 1)
    cls([whole[1:]]).step([whole[:-1]])
    theta, g = apart[1:].copy(), apart[:-1].copy()
    cls([theta]).step([g])
    assert np.array_equal(whole[1:], theta)


class Forgetful(optimizers.Optimizer):
    def __init__(self, parameters):
        super().__init__(parameters, learning_rate=0.1)

    def rule(self, theta, g, v, t):
        v += g


@pytest.mark.parametrize("made", [Forgetful, Adam])
def test_a_rule_that_does_not_fit_its_buffers_is_refused(made):
    optimizer = made([np.ones(2)])
    optimizer.first_moment = {}
    with pytest.raises(TypeError, match=r"rule\(theta, g, .*t\).* does not fit the Buffers\(\) made in __init__: (none|second)"):
        optimizer.step([np.ones(2)])
    assert optimizer.step_count == 0


def test_two_optimizers_of_the_same_parameters_share_nothing():
    w = np.ones(2)
    one, other = SGD([w], momentum=0.9), SGD([w], momentum=0.9)
    one.step([np.ones(2)])
    assert len(other.momentum_buffers) == 0 and other.step_count == 0


def test_zero_grad():
    w = variable()
    optimizer = SGD([w])
    optimizer.zero_grad()
    optimizer.step()
    assert w.grad is None and w.data.data == 1.0 and optimizer.step_count == 1
    SGD([np.ones(2)]).zero_grad()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("cls", FAMILY)
def test_a_bad_number_stays_in_its_element(cls, bad, recwarn):
    thetas = [np.ones(3), np.ones(2)]
    optimizer = cls(thetas)
    with np.errstate(all="raise"):
        for _ in range(2):
            optimizer.step([np.array([1.0, bad, 1.0]), np.ones(2)])
    assert np.isfinite(np.delete(np.concatenate(thetas), 1)).all() and not np.isfinite(thetas[0][1])
    assert not recwarn.list


def test_gradient_descent_step():
    w, still = variable(1.0, 0.5), variable(1.0, None)
    array = w.data.data
    for parameter in (w, still):
        gradient_descent_step(parameter, 0.5)
    assert w.data.data is array and array == 0.75 and array.dtype == np.float32 and w.grad.data.data == 0.5
    assert still.data.data == 1.0
    wide = variable([1.0, 1.0], [0.5, 0.5])
    wide.grad = Variable(np.ones(1, np.float32), requires_grad=False)
    with pytest.raises(ValueError, match=r"a gradient of shape \(1,\) for a parameter of shape \(2,\)"):
        gradient_descent_step(wide, 0.5)
    assert wide.data.data.tolist() == [1.0, 1.0]


# --- State


RESUMED = {
    "state_dict": lambda old, new: new.load_state_dict(old.state_dict()),
    "savez": lambda old, new: new.load_state_dict(saved(old.state_dict())),
}


def saved(state):
    file = io.BytesIO()
    np.savez(file, **state)
    file.seek(0)
    return np.load(file)


def made(cls, thetas):
    groups = [{"parameters": thetas[:3]}, {"parameters": thetas[3:], "learning_rate": 0.05, "weight_decay": 0.1}]
    return cls(groups, learning_rate=0.02)


@pytest.mark.parametrize("cls", FAMILY)
@pytest.mark.parametrize("how", [*RESUMED, "deepcopy", "pickle"])
def test_a_resumed_run_is_bit_identical(cls, how):
    thetas = arrays(np.float32)
    optimizer = made(cls, thetas)
    scheduler = StepLR(optimizer, step_size=2, gamma=0.5)
    rng = np.random.default_rng(5)
    gradients = [[g if rng.random() < 0.8 else None for g in arrays(np.float32, seed=k)] for k in range(10)]
    run(optimizer, scheduler, gradients[:5])
    if how in RESUMED:
        again = made(cls, [theta.copy() for theta in thetas])
        later = StepLR(again, step_size=2, gamma=0.5)
        RESUMED[how](optimizer, again)
        later.load_state_dict(saved(scheduler.state_dict()) if how == "savez" else scheduler.state_dict())
    else:
        later = copy.deepcopy(scheduler) if how == "deepcopy" else pickle.loads(pickle.dumps(scheduler))
        again = later.optimizer
    run(optimizer, scheduler, gradients[5:])
    run(again, later, gradients[5:])
    assert repr(again) == repr(optimizer) and again.step_count == optimizer.step_count and later.get_lr() == scheduler.get_lr()
    assert all(np.array_equal(a, b) and a is not b for a, b in zip(optimizer.parameters, again.parameters, strict=True))


def run(optimizer, scheduler, gradients):
    for g in gradients:
        scheduler.step()
        optimizer.step(g)


def test_a_state_is_a_copy_of_numbers_and_arrays():
    optimizer = Adam([np.ones(2)])
    optimizer.step([np.ones(2)])
    state = optimizer.state_dict()
    optimizer.step([np.ones(2)])
    assert state["first_moment.0"].tolist() == pytest.approx([0.1, 0.1])
    assert all(isinstance(value, (int, float, np.ndarray)) for value in state.values())


WRONG_STATES = {
    "fewer parameters": (lambda: Adam([np.ones(2)]), "first_moment.1 is only there"),
    "another order": (lambda: Adam([np.ones(3), np.ones(2)]), r"shape.0 is \[2\] there, \[3\] here"),
    "another dtype": (lambda: Adam([np.ones(2, np.float32), np.ones(3)]), "float32"),
    "another rule": (lambda: SGD([np.ones(2), np.ones(3)]), "is only"),
    "other groups": (lambda: Adam([{"parameters": np.ones(2)}, {"parameters": np.ones(3)}]), "positions"),
}
SPOILED_STATES = {  # a key and what stands there; ... takes it away
    "step_count": [-1, 2.5, "a", None, float("nan"), 10**30, [1, 2], True],
    "skipped": [[0], [0, 0, 0], [-1, 0], [3, 0], [1, 0, 0], [2, 0], [0.0, 0.0], None],
    "learning_rate": [-1.0, float("nan"), "x", None, [0.1], True, ...],
    "beta1": [1.0],
    "first_moment.0": [np.ones(3), np.ones(2, np.float32), np.ones(2, int), np.ones((2, 1)), None, "x", ...],
    "first_moment.x": [np.ones(2)],
    "first_moment.-1": [np.ones(2)],
    "first_moment.00": [np.ones(2)],
    "shape.0": [[3], None, ...],
    "positions.0": [[1, 0], [0], ...],
    "anything": [1],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in SPOILED_STATES.items() for value in values])
def test_a_spoiled_state_is_refused(key, value):
    optimizer, other = (Adam([np.ones(2), np.ones(3)]) for _ in range(2))
    for _ in range(2):
        optimizer.step([np.ones(2), np.ones(3)])
    state = optimizer.state_dict() | {key: value}
    if value is ...:
        del state[key]
    before = everything(other)
    with pytest.raises((ValueError, TypeError), match="Adam.load_state_dict: "):
        other.load_state_dict(state)
    assert everything(other) == before


@pytest.mark.parametrize("odd", [None, [], "x", Adam([np.ones(2)])])
def test_what_is_no_state_is_refused(odd):
    for keeper in (Adam([np.ones(2)]), StepLR(Adam([np.ones(2)]), 2)):
        with pytest.raises(TypeError, match="load_state_dict: wants what state_dict"):
            keeper.load_state_dict(odd)


@pytest.mark.parametrize("odd", [{"step_count": -3}, {"step_size": 0}, {"gamma": "x"}, {"initial_lr": None}, {"more": 1}])
def test_a_spoiled_schedule_is_refused(odd):
    scheduler = StepLR(SGD([np.ones(2)]), 2)
    before = dict(scheduler.state_dict())
    with pytest.raises(ValueError, match="StepLR.load_state_dict: "):
        scheduler.load_state_dict(before | odd)
    assert scheduler.state_dict() == before


def test_a_copy_has_a_state_of_its_own():
    w, g = np.ones(2), np.ones(2)
    optimizer = SGD([w], learning_rate=0.1, momentum=0.9)
    optimizer.step([g])
    shallow, (deep, same) = copy.copy(optimizer), copy.deepcopy((optimizer, w))
    assert shallow.parameters[0] is w and deep.parameters[0] is same and same is not w
    deep.step([g])
    shallow.step([g])
    assert w[0] == same[0] == pytest.approx(1 - 0.1 - 0.19)
    optimizer.step([g])
    assert w[0] == pytest.approx(1 - 0.1 - 2 * 0.19)


@pytest.mark.parametrize("name", WRONG_STATES)
def test_a_state_of_something_else_is_refused(name):
    make, text = WRONG_STATES[name]
    optimizer, other = Adam([np.ones(2), np.ones(3)]), make()
    optimizer.step([np.ones(2), np.ones(3)])
    before = everything(other)
    with pytest.raises(ValueError, match=f"load_state_dict: .*{text}"):
        other.load_state_dict(optimizer.state_dict())
    assert everything(other) == before


# --- Groups, text, schedules, clipping


def test_groups_keep_their_ratio_under_a_scheduler():
    a, b, c = np.zeros(2), np.zeros(2), np.zeros(2)
    optimizer = SGD([{"parameters": [a]}, {"parameters": [b], "learning_rate": 0.4}], learning_rate=0.2)
    optimizer.step([np.ones(2)] * 2)
    assert (a[0], b[0]) == pytest.approx((-0.2, -0.4))
    optimizer.learning_rate = 0.1
    optimizer.add_param_group({"parameters": c, "learning_rate": 0.3, "weight_decay": 0.5})
    c[:] = 1.0
    optimizer.step([np.ones(2)] * 3)
    assert (a[0], b[0], c[0]) == pytest.approx((-0.3, -0.6, 1 - 0.3 * 1.5))
    assert [group["learning_rate"] for group in optimizer.param_groups] == pytest.approx([0.1, 0.2, 0.3])
    assert optimizer.parameters[2] is c
    for change in (lambda group: group.__setitem__("learning_rate", 1.0), lambda group: group.update(learning_rate=1.0)):
        with pytest.raises(TypeError, match="param_groups is to be read"):
            change(optimizer.param_groups[0])
    with pytest.raises(TypeError, match="here it is learning_rate"):
        optimizer.param_groups[0]["lr"]


def test_a_group_added_late_counts_its_own_updates():
    late, fresh = np.ones(2), np.ones(2)
    optimizer = Adam([np.ones(2)])
    optimizer.step([np.ones(2)])
    optimizer.add_param_group({"parameters": [late]})
    optimizer.step([np.ones(2)] * 2)
    Adam([fresh]).step([np.ones(2)])
    assert np.array_equal(late, fresh)


def test_a_refused_group_changes_nothing():
    optimizer = SGD([np.ones(2)])
    before = everything(optimizer)
    for group in ({"parameters": [np.ones(2), 3]}, {"parameters": optimizer.parameters}, {"parameters": []}, [np.ones(2)], np.ones(2), None):
        with pytest.raises((ValueError, TypeError)):
            optimizer.add_param_group(group)
    assert everything(optimizer) == before


def test_repr():
    text = "SGD (\nParameter Group 0\n    learning_rate: 0.5\n    momentum: 0.9\n    weight_decay: 0.0\n)"
    assert repr(SGD([np.ones(2)], 0.5, 0.9)) == text


def rates(scheduler, epochs=8):
    values = []
    for _ in range(epochs):
        scheduler.step()
        values.append(scheduler.get_lr())
    return values


SCHEDULES = {
    "step": (step_decay, {"step_size": 3, "gamma": 0.1}, [1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01]),
    "multi-step": (multi_step_decay, {"milestones": [2, 5, 5], "gamma": 0.5}, [1, 1, 0.5, 0.5, 0.5, 0.125, 0.125, 0.125]),
    "exponential": (exponential_decay, {"gamma": 0.5}, [0.5**k for k in range(8)]),
    "cosine": (cosine_decay, {"total": 4, "floor": 0.2}, [1, 0.8828427, 0.6, 0.3171573, 0.2, 0.2, 0.2, 0.2]),
    "warm-up": (linear_warmup, {"warmup": 4, "start": 0.2}, [0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1]),
    "warm-up then cosine": (warmup_cosine, {"warmup": 2, "total": 6}, [0, 0.5, 1, 0.8535534, 0.5, 0.1464466, 0, 0]),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name):
    schedule, settings, factors = SCHEDULES[name]
    optimizer = SGD([np.ones(2)], learning_rate=2.0)
    scheduler = LambdaLR(optimizer, schedule, **settings)
    assert rates(scheduler) == pytest.approx([2 * factor for factor in factors])
    assert (scheduler.initial_lr, scheduler.step_count, optimizer.step_count) == (2.0, 8, 0)


@pytest.mark.parametrize("step_size", [1, 2, 3, 7])
def test_steplr_is_its_schedule(step_size):
    one, other = SGD([np.ones(2)], 0.7), SGD([np.ones(2)], 0.7)
    assert rates(StepLR(one, step_size, 0.3), 20) == rates(LambdaLR(other, step_decay, step_size=step_size, gamma=0.3), 20)


REFUSED_SCHEDULES = [  # all when they are made, not in the middle of a run
    (cosine_decay, {"total": 0}, "total must be at least 1"),
    (cosine_decay, {"total": 2.5}, "total must be a whole number"),
    (cosine_decay, {"length": 3}, "length"),
    (cosine_decay, {"total": 4, "floor": float("nan")}, "floor must be"),
    (cosine_decay, {"total": 4, "floor": -1.0}, "floor must be"),
    (cosine_decay, {"T_max": 4}, "here it is total"),
    (warmup_cosine, {"warmup": 5, "total": 5}, "total - warmup must be at least 1"),
    (linear_warmup, {"warmup": 4, "start": -1.0}, "start must be"),
    (exponential_decay, {"gamma": -0.5}, "gamma must be"),
    (step_decay, {"step_size": 2, "gamma": "x"}, "gamma must be"),
    (multi_step_decay, {"milestones": (m for m in [1, 2])}, "milestones must be a list"),
    (multi_step_decay, {"milestones": 3}, "milestones must be a list"),
    ("cosine", {}, "schedule must be a function"),
    (lambda epoch: None, {}, "value must be a number"),
    (lambda epoch: -1.0, {}, "value must be finite"),
]


@pytest.mark.parametrize(("schedule", "settings", "text"), REFUSED_SCHEDULES)
def test_refused_schedules(schedule, settings, text):
    with pytest.raises((ValueError, TypeError), match=text):
        LambdaLR(SGD([np.ones(2)]), schedule, **settings)


def test_clipping_by_global_norm():
    w, b = variable([0.0, 0.0], [3.0, 0.0]), variable(0.0, 4.0)
    shared = w.grad
    assert clip_by_global_norm([w, b, variable(grad=None)], 1.0) == 5.0
    assert w.grad.data.data == pytest.approx([0.6, 0.0]) and b.grad.data.data == pytest.approx(0.8)
    assert shared.data.data[0] == 3.0 and w.grad.data.data.dtype == np.float32
    g = np.array([3.0, 4.0])
    assert clip_by_global_norm([g], 5.0) == 5.0 and g.tolist() == [3.0, 4.0]
    assert clip_by_global_norm([], 1.0) == clip_by_global_norm([None, np.zeros(2)], 1.0) == 0.0
    big = np.full(4, 1e19, np.float32)
    assert clip_by_global_norm([big], 1.0) == pytest.approx(2e19) and big == pytest.approx([0.5] * 4)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_clipping_refuses_a_norm_that_is_no_number(bad):
    for order in ([1.0, bad], [bad, 1.0]):
        gradients = [np.array([g]) for g in order]
        with pytest.raises(ValueError, match="norm is"):
            clip_by_global_norm(gradients, 1.0)
        assert np.array_equal(np.concatenate(gradients), order, equal_nan=True)


def test_clipping_by_value():
    w = variable([0.0, 0.0, 0.0], [-3.0, 0.5, np.inf])
    clip_by_value([w], 1.0)
    assert w.grad.data.data.tolist() == [-1.0, 0.5, 1.0]


REFUSED_TO_CLIP = {
    "integers": (lambda: [np.array([3, 4])], TypeError, "gradient 0 is int64"),
    "lists": (lambda: [[3.0, 4.0]], TypeError, "gradient 0 is list"),
    "a Tensor": (lambda: [Tensor([3.0, 4.0])], TypeError, "gradient 0 is Tensor"),
    "an optimizer": (lambda: SGD([np.ones(2)]), TypeError, "got a SGD"),
    "nothing": (lambda: None, TypeError, "got a NoneType"),
    "the second read-only": (lambda: [np.ones(2), optimizers.locked(np.ones(2))], ValueError, "gradient 1 .* is read-only"),
    "one twice": (lambda: [np.ones(2)] * 2, ValueError, "gradient 1 comes twice"),
}


@pytest.mark.parametrize("clip", [clip_by_global_norm, clip_by_value])
@pytest.mark.parametrize("name", REFUSED_TO_CLIP)
def test_what_cannot_be_clipped_is_refused(name, clip):
    make, error, text = REFUSED_TO_CLIP[name]
    given = make()
    before = str(given)
    with pytest.raises(error, match=f"{clip.__name__}: .*{text}"):
        clip(given, 0.1)
    assert str(given) == before


@pytest.mark.parametrize("clip", [clip_by_global_norm, clip_by_value])
def test_clipping_takes_generators_and_bare_gradients(clip):
    g, w = np.array([4.0]), variable([0.0], None)
    clip((array for array in [g]), 1.0)
    w.grad = np.array([4.0], np.float32)
    clip([w], 1.0)
    assert g == 1.0 and w.grad.data.data == 1.0


def test_an_infinite_limit_only_measures():
    g = np.array([3.0, 4.0])
    assert clip_by_global_norm([g], float("inf")) == 5.0 and g.tolist() == [3.0, 4.0]


# --- The module

PUBLIC = "gradient_descent_step Buffers Optimizer SGD Adam Scheduler StepLR Nesterov RMSProp AdaGrad AdamW step_decay"
PUBLIC += " multi_step_decay exponential_decay cosine_decay linear_warmup LambdaLR warmup_cosine global_norm clip_by_value"


def test_only_what_is_for_importers_is_public():
    assert optimizers.__all__ == [*PUBLIC.split(), "clip_by_global_norm"]


@pytest.mark.skipif(sys.platform != "linux", reason="page faults are counted by Linux")
def test_a_step_asks_the_system_for_no_memory():
    code = (
        "import resource, numpy as np\nfrom tinytorch.core.optimizers import Adam\n"
        "w, g = np.ones((2, 2_000_000), np.float32)\noptimizer = Adam([w])\n"
        "faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "for _ in range(3): before = faults(); optimizer.step([g])\n"
        "print(faults() - before)"
    )
    assert int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout) < 100


def test_the_import_brings_nothing_else():
    code = (
        "import sys, numpy; before = set(sys.modules)\n"
        "import tinytorch.core.optimizers\n"
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    )
    roots = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {name for name in roots if name not in sys.stdlib_module_names} == {"tinytorch"}

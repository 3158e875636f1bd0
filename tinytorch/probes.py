"""Drive a student's objects and return plain data: what the `got` of a check is made of.

No rule of any exercise is known here; a wrong answer goes through as well as a right one.
"""

import contextlib
import types
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from tinytorch.core.autograd import Variable
from tinytorch.core.tensor import Tensor
from tinytorch.written import written_here as written_here

ERRORS = Exception, SystemExit  # a student's step may call exit() as well
Make = Callable[[Any], Any]  # parameters -> optimizer, or optimizer -> scheduler


def plain(value: Any) -> Any:
    """The same with copies of arrays in place of Variables and Tensors, in lists, tuples and dicts too."""
    if isinstance(value, Variable | Tensor):
        return plain(value.data)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value.copy() if isinstance(value, np.ndarray) else value


def parameter(value: Any, gradient: Any = None) -> Variable:
    """A Variable and its gradient, which has the same dtype; Python numbers become float32."""
    variable = Variable(Tensor(value))
    give(variable, gradient)
    _alive.append(variable)
    return variable


_alive: list[Variable] = []  # an id() that came back would make the score of a wrong answer that keeps ids depend on chance


def give(variable: Variable, gradient: Any) -> None:
    """Put a fresh gradient there, or None."""
    dtype = variable.data.data.dtype
    variable.grad = None if gradient is None else Variable(Tensor(np.asarray(gradient, dtype)), requires_grad=False)


def value_of(variable: Variable) -> np.ndarray:
    """A copy of a parameter's numbers."""
    if not isinstance(variable.data, Tensor):
        raise TypeError(f"after the step the parameter's data is of type {type(variable.data).__name__}, not a Tensor")
    return np.array(variable.data.data)


class Each:
    """A function of (parameter, learning rate) in the shape of an optimizer."""

    def __init__(self, function: Callable[[Variable, float], Any], parameters: list[Variable], rate: float) -> None:
        self.function, self.parameters, self.learning_rate = function, parameters, rate

    def step(self) -> None:
        for variable in self.parameters:
            self.function(variable, self.learning_rate)


class Turns:
    """Several optimizers in the shape of one: each call of `step()` is the turn of the next."""

    def __init__(self, *optimizers: Any) -> None:
        self.waiting = list(optimizers)

    def step(self) -> None:
        self.waiting.append(self.waiting.pop(0))
        self.waiting[-1].step()


def _steps(
    make: Make, start: Sequence, fed: Sequence, rates: Sequence = (), again: int = 1, clearing: bool = False
) -> Iterator[tuple]:
    """The optimizer and its parameters after each step.

    `start` has a value for each parameter; `fed` has for each step a gradient, or None, for each parameter, which stays
    there for `again` steps. `rates`, where given, are set as the learning rate before each step. With `clearing` there is
    a `zero_grad()` before each gradient, as in a training loop; its errors belong to another check.
    """
    parameters = [parameter(value) for value in start]
    optimizer = make(list(parameters))
    for number, given in enumerate(fed):
        with contextlib.suppress(*ERRORS):
            optimizer.zero_grad() if clearing else None
        for variable, gradient in zip(parameters, given, strict=True):
            give(variable, gradient)
        if len(rates):
            optimizer.learning_rate = rates[number]
        for _ in range(again):
            optimizer.step()
            yield optimizer, parameters


def trajectory(make: Make, start: Sequence, fed: Sequence, rates: Sequence = (), clearing: bool = False) -> list:
    """For each parameter its values after each step."""
    steps = [
        [value_of(variable) for variable in parameters]
        for _, parameters in _steps(make, start, fed, rates, clearing=clearing)
    ]
    return [list(values) for values in zip(*steps, strict=True)]


def moved(make: Make, start: Sequence, fed: Sequence) -> list[bool]:
    """Which parameters differ from their start after the last step."""
    ends = [values[-1] for values in trajectory(make, start, fed)]
    return [not np.array_equal(end, value_of(parameter(value))) for end, value in zip(ends, start, strict=True)]


def kinds(make: Make, start: Sequence, fed: Sequence) -> list[str]:
    """The dtype and shape of each parameter after the last step."""
    arrays = [[value_of(variable) for variable in parameters] for _, parameters in _steps(make, start, fed)][-1]
    return [f"{array.dtype} {array.shape}" for array in arrays]


def size(values: Sequence) -> float:
    """The sum of all absolute values: one number for a trajectory, whatever its shapes and dtypes."""
    return float(sum(np.abs(np.asarray(step, np.float64)).sum() for steps in values for step in steps))


def gradients(make: Make, start: Sequence, fed: Sequence, again: int = 1) -> list:
    """For each step the gradients after it."""
    return [plain([variable.grad for variable in parameters]) for _, parameters in _steps(make, start, fed, (), again)]


def cleared(make: Make, start: Sequence, fed: Sequence) -> list:
    """The gradients after the last step and then `zero_grad()`."""
    optimizer, parameters = list(_steps(make, start, fed))[-1]
    optimizer.zero_grad()
    return plain([variable.grad for variable in parameters])


def bookkeeping(make: Make, start: Sequence, fed: Sequence, buffers: Sequence[str]) -> list[int]:
    """`step_count` after each step, the number of buffers under each name, `step_count` after one step without gradients.

    An error in that last step belongs to another check.
    """
    seen = [(optimizer, parameters, int(optimizer.step_count)) for optimizer, parameters in _steps(make, start, fed)]
    optimizer, parameters, _ = seen[-1]
    numbers = [count for _, _, count in seen] + [len(getattr(optimizer, name)) for name in buffers]
    for variable in parameters:
        give(variable, None)
    with contextlib.suppress(*ERRORS):
        optimizer.step()
    return [*numbers, int(optimizer.step_count)]


def optimizer_for(make: Make, name: str, rate: float, variable: Variable | None = None) -> Any:
    """The student's own optimizer of that name at learning rate `rate`, or a bare stand-in where it cannot be had."""
    variable = parameter(1.0, 0.5) if variable is None else variable
    with contextlib.suppress(*ERRORS):
        optimizer = make.__globals__[name]([variable], rate)
        optimizer.learning_rate = rate
        if optimizer.learning_rate == rate:
            return optimizer
    return types.SimpleNamespace(parameters=[variable], learning_rate=rate, step_count=0)


def schedule(make: Make, name: str, rate: float, calls: int, beside: Make | None = None) -> list[float]:
    """The learning rate of the optimizer called `name` after each of `calls` calls of a scheduler's `step()`.

    Two schedulers that `beside` makes work meanwhile, each on an optimizer of its own.
    """
    optimizer = optimizer_for(make, name, rate)
    scheduler, others = make(optimizer), [each(optimizer_for(make, name, rate)) for each in (beside, beside) if each]
    rates = []
    for _ in range(calls):
        scheduler.step()
        rates.append(float(optimizer.learning_rate))
        for other in others:
            other.step()
    return rates


def distinct(numbers: Sequence[float]) -> list[float]:
    """The different numbers in the order in which they come; those that differ by rounding alone are one."""
    return [b for a, b in pairwise([np.nan, *numbers]) if not abs(a - b) <= 1e-9 * abs(b)]


def reported(make: Make, name: str, rate: float, calls: int) -> list[float]:
    """How far `get_lr()` is from the optimizer's learning rate: from `rate` at first, then after each call of `step()`."""
    optimizer = optimizer_for(make, name, rate)
    scheduler = make(optimizer)
    apart = [float(scheduler.get_lr()) - rate]
    for _ in range(calls):
        scheduler.step()
        now = float(optimizer.learning_rate)
        apart.append(float(scheduler.get_lr()) - now)
    return apart


def attributes(make: Make, rate: float, calls: int, names: Sequence[str]) -> list:
    """The scheduler's public values of these names, after `calls` calls of `step()`; its own optimizer is said in words."""
    optimizer = optimizer_for(make, "SGD", rate)
    scheduler = make(optimizer)
    for _ in range(calls):
        scheduler.step()
    values = [getattr(scheduler, name) for name in names]
    return ["the optimizer" if value is optimizer else plain(value) for value in values]


def disturbed(make: Make, name: str, rate: float, calls: int) -> list[str]:
    """Which public values of the optimizer, its learning rate aside, are changed by a scheduler's `step()`."""
    variable = parameter(1.0, 0.5)
    optimizer = optimizer_for(make, name, rate, variable)
    with contextlib.suppress(*ERRORS):
        optimizer.step()  # so that there is something to remember
    scheduler, before = make(optimizer), _public(optimizer, variable)
    for _ in range(calls):
        scheduler.step()
    after = _public(optimizer, variable)
    return [key for key in before if before[key] != after.get(key)]


def _public(optimizer: Any, variable: Variable) -> dict[str, str]:
    """An optimizer's public values, the learning rate aside, as text."""
    names = ("momentum", "weight_decay", "beta1", "beta2", "epsilon", "step_count", "momentum_buffers")
    values = {name: repr(plain(getattr(optimizer, name))) for name in names if hasattr(optimizer, name)}
    return values | {"parameters": repr((plain(variable), plain(variable.grad)))}

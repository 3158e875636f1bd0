# ---
# jupyter:
#   jupytext:
#     cell_markers: '"""'
#     notebook_metadata_filter: kernelspec,jupytext,-jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
"""
# Optimizers
"""

# %% nbgrader={"grade": false, "grade_id": "optimizers-imports", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| default_exp core.optimizers
#| export
import math
import operator
from types import MappingProxyType

import numpy as np

from tinytorch.core.autograd import Variable, add, multiply, subtract
from tinytorch.core.tensor import Tensor

# %% nbgrader={"grade": false, "grade_id": "optimizers-setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import sys

print(f"Python {sys.version.split()[0]}, NumPy {np.__version__}")

# %% [markdown]
"""
## Gradient descent
"""

# %% nbgrader={"grade": false, "grade_id": "gradient-descent-function", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def gradient_descent_step(parameter: Variable, learning_rate: float) -> None:
    """One step of plain gradient descent: theta <- theta - learning_rate * grad, written into the parameter's array.

    A parameter whose `grad` is None stays as it is. The gradient is not changed.

    >>> w = Variable(1.0)
    >>> w.grad = Variable(0.5, requires_grad=False)
    >>> gradient_descent_step(w, learning_rate=0.1)
    >>> round(float(w.data.data), 4)
    0.95
    """
    ### BEGIN SOLUTION
    if parameter.grad is not None:
        theta, g = parameter.data.data, parameter.grad.data.data
        theta -= learning_rate * g
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-gradient-descent", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
from tinytorch.checks import Checks

checks = Checks("gradient_descent_step", points=10)
checks.score()

# %% [markdown]
"""
## SGD
"""

# %% nbgrader={"grade": false, "grade_id": "optimizer-checks", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| export
SHAPE_AND_DTYPE = operator.attrgetter("shape", "dtype")
WRITEABLE = operator.attrgetter("flags.writeable")
HERE = {
    "lr": "here it is learning_rate", "params": "here it is parameters", "eps": "here it is epsilon",
    "betas": "here they are beta1 and beta2", "rho": "here it is alpha", "T_max": "here it is total",
    "nesterov": "here it is a class of its own, Nesterov", "dampening": "here there is none",
    "amsgrad": "here there is none", "maximize": "here there is none: negate the loss",
    "foreach": "here one loop does it always", "fused": "here one loop does it always",
    "last_epoch": "here load_state_dict resumes a schedule",
}
BELOW_ONE = {"beta1", "beta2", "alpha"}


def answer_foreign_names(owner: str, options) -> None:
    """Refuse PyTorch's names with the name that is used here."""
    for name in options:
        if name in HERE:
            raise TypeError(f"{owner}: no argument {name!r}: {HERE[name]}")


def checked_number(owner: str, name: str, value) -> float:
    """`value` as a Python float (a NumPy scalar would widen float32 arrays), or an error that says what is wrong."""
    if type(value) is not float:
        if isinstance(value, bool) or np.ndim(value) != 0 or np.asarray(value).dtype.kind not in "iuf":
            raise TypeError(f"{owner}: {name} must be a number, got {value!r}")
        value = float(value)
    if not 0.0 <= value < (1.0 if name in BELOW_ONE else math.inf):  # a NaN fails every comparison
        raise ValueError(f"{owner}: {name} must be {'in [0, 1)' if name in BELOW_ONE else 'finite and >= 0'}, got {value}")
    return value


def checked_count(owner: str, name: str, value) -> int:
    """`value` as an int of at least 1, or an error."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{owner}: {name} must be a whole number, got {value!r}")
    if value < 1:
        raise ValueError(f"{owner}: {name} must be at least 1, got {value}")
    return operator.index(value)


def array_of(parameter):
    """The array that a step writes: a Variable's, or the plain array itself."""
    return parameter.data.data if isinstance(parameter, Variable) else parameter


def check_parameter(owner: str, position: int, parameter) -> None:
    """Refuse what no optimizer can move: not a parameter, no floats, no gradient wanted, or read-only."""
    if not isinstance(parameter, (Variable, np.ndarray)):
        raise TypeError(f"{owner}: parameter {position} is a {type(parameter).__name__}, not a Variable or a NumPy array")
    if isinstance(parameter, Variable) and not parameter.requires_grad:
        raise ValueError(f"{owner}: parameter {position} has requires_grad=False, so it would never move")
    theta = array_of(parameter)
    if theta.dtype.kind != "f":
        raise TypeError(f"{owner}: parameter {position} of shape {theta.shape} is {theta.dtype}, which cannot take small steps: use floats")
    if not theta.flags.writeable:
        raise ValueError(f"{owner}: parameter {position} of shape {theta.shape} is read-only")


def as_groups(owner: str, parameters) -> list:
    """One parameter, an iterable of them, or an iterable of dicts (groups) as a list of dicts."""
    answer_foreign_names(owner, parameters if isinstance(parameters, dict) else ())
    single = isinstance(parameters, (Variable, np.ndarray, dict))
    items = [parameters] if single else list(parameters)
    if not items:
        raise ValueError(f"{owner}: the list of parameters is empty")
    return items if isinstance(items[0], dict) else [{"parameters": items}]

# %% nbgrader={"grade": false, "grade_id": "optimizer-pieces", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| export
PIECE = 32_768  # elements that a rule sees at once: all the arrays of one update then stay in the processor's cache


class Buffers(dict):
    """What a rule remembers: for each parameter that has had a step, by its position, an array that began as `start`."""

    def __init__(self, start: float = 0.0):
        super().__init__()
        self.start = start


def piece_by_piece(rule, t: int, theta, g, *state) -> None:
    """Apply `rule` to slices of one parameter: views of its memory wherever the layout allows it."""
    operands = [theta, g, *state]
    access: list = [["readwrite"], ["readonly"], *(["readwrite"] for _ in state)]
    dtypes = [theta.dtype] * len(operands)
    with np.nditer(
        operands, ("external_loop", "buffered", "zerosize_ok"), access, dtypes, casting="same_kind", buffersize=PIECE
    ) as pieces:
        for piece in pieces:
            rule(*piece, t)


def split(flat, arrays) -> list:
    """Views of `flat`, one after the other, in the shapes of `arrays`."""
    ends = np.cumsum([array.size for array in arrays]).tolist()
    return [flat[end - array.size : end].reshape(array.shape) for array, end in zip(arrays, ends, strict=True)]


def packed(positions: list[int], thetas: list) -> list[list[int]]:
    """The positions in packs of one dtype and at most PIECE elements; a large parameter is alone in its pack."""
    packs: list[list[int]] = []
    room: dict = {}  # dtype -> the elements that still fit, and the pack
    for i in positions:
        left, pack = room.get(thetas[i].dtype, (0, []))
        if thetas[i].size > left or not pack:
            left, pack = PIECE, []
            packs.append(pack)
        pack.append(i)
        room[thetas[i].dtype] = left - thetas[i].size, pack
    return packs


class Pack:
    """Small parameters side by side, or a large one alone, with what the rule remembers of them."""

    def __init__(self, group: int, positions: list[int], thetas: list, buffers: list):
        self.group, self.positions, self.buffers = group, positions, buffers
        arrays = [thetas[i] for i in positions]
        self.alone = len(arrays) == 1
        self.state = [self._remembered(arrays, buffer) for buffer in buffers]
        self.views = [[flat] if self.alone else split(flat, arrays) for flat in self.state]
        for buffer, views in zip(buffers, self.views, strict=True):
            self._take_over(buffer, views)
        if not self.alone:
            self._make_room(arrays)

    def _remembered(self, arrays, buffer):
        if self.alone:  # in the parameter's own layout
            return np.full_like(arrays[0], buffer.start, subok=False)
        return np.full(sum(array.size for array in arrays), buffer.start, arrays[0].dtype)

    def _take_over(self, buffer, views) -> None:
        for i, view in zip(self.positions, views, strict=True):
            if i in buffer:
                view[...] = buffer[i]
                buffer[i] = view

    def _make_room(self, arrays) -> None:
        self.theta, self.g = np.empty((2, sum(array.size for array in arrays)), arrays[0].dtype)
        self.new_thetas, self.locked_g = split(self.theta, arrays), self.g.view()
        self.locked_g.flags.writeable = False

    def is_current(self) -> bool:
        """Whether what is remembered is still what this pack laid out (nobody put another array in its place)."""
        pairs = zip(self.buffers, self.views, strict=True)
        return all(buffer.get(i, view) is view for buffer, views in pairs for i, view in zip(self.positions, views))

    def walk_together(self, rule, t: int, thetas, gradients) -> None:
        """All in one call of the rule: gather, update, put back."""
        np.concatenate([thetas[i] for i in self.positions], axis=None, out=self.theta)
        np.concatenate([gradients[i] for i in self.positions], axis=None, out=self.g, casting="same_kind")
        rule(self.theta, self.locked_g, *self.state, t)
        for i, new in zip(self.positions, self.new_thetas):
            thetas[i][...] = new
        for buffer, views in zip(self.buffers, self.views):
            if self.positions[0] not in buffer or len(buffer) < len(thetas):
                buffer.update(zip(self.positions, views))

    def walk_one(self, k: int, rule, t: int, thetas, gradients) -> None:
        """The pack's k-th parameter by itself, in slices."""
        i = self.positions[k]
        state = [buffer.setdefault(i, views[k]) for buffer, views in zip(self.buffers, self.views)]
        piece_by_piece(rule, t, thetas[i], gradients[i], *state)

# %% nbgrader={"grade": false, "grade_id": "optimizer-state", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| export
class Keeping:
    """What every optimizer can say and keep: groups, text, `state_dict`; copies and pickles go on exactly as the original."""

    learning_rate: float
    parameters: list
    step_count: int
    _skipped: list[int]  # for each parameter, the steps that it took no part in
    _made: list  # for each parameter, its shape and dtype
    _groups: list[dict]
    _names: tuple[str, ...]
    _packs: list[Pack] | None

    def add_param_group(self, group: dict) -> None:
        """Add `{"parameters": ..., name: value, ...}`; what it does not name is the optimizer's own value.

        A group with its own learning_rate keeps its ratio to the optimizer's, also under a scheduler.
        """
        owner, own = type(self).__name__, dict(group)
        answer_foreign_names(owner, own)
        if "parameters" not in own:
            raise ValueError(f"{owner}: a group is a dict with 'parameters' and its own values, got the keys {list(own)}")
        (members,) = as_groups(owner, own.pop("parameters"))
        if unknown := [name for name in own if name not in self._names]:
            raise TypeError(f"{owner}: a group cannot have {unknown[0]!r} of its own, only {', '.join(self._names)}")
        own = {name: checked_number(owner, name, value) for name, value in own.items()}
        if "learning_rate" in own:
            own["learning_rate"] = self._ratio(own["learning_rate"])
        self._admit(members["parameters"], own)

    def _ratio(self, rate: float) -> float:
        if self.learning_rate == 0:
            raise ValueError(f"{type(self).__name__}: learning_rate is 0, so a group's own rate has no ratio to it")
        return rate / self.learning_rate

    def _admit(self, members: list, own: dict) -> None:
        owner, first = type(self).__name__, len(self.parameters)
        everyone = self.parameters + members
        for i, parameter in enumerate(members, first):
            check_parameter(owner, i, parameter)
            if isinstance(parameter, np.ndarray) != isinstance(everyone[0], np.ndarray):
                raise TypeError(f"{owner}: parameter {i}: give Variables or plain arrays, not both")
        seen: dict = {}
        for i, parameter in enumerate(everyone):
            if (other := seen.setdefault(id(array_of(parameter)), i)) != i:
                raise ValueError(f"{owner}: parameter {i} is parameter {other} again")
        self.parameters.extend(members)
        self._made.extend(SHAPE_AND_DTYPE(array_of(parameter)) for parameter in members)
        self._skipped.extend([self.step_count] * len(members))
        self._groups.append({"positions": list(range(first, len(everyone))), "own": own})
        self._packs = None

    def _values(self, group: dict) -> dict:
        """A group's hyperparameters now."""
        values = {name: group["own"].get(name, getattr(self, name)) for name in self._names}
        if "learning_rate" in group["own"]:
            values["learning_rate"] = self.learning_rate * group["own"]["learning_rate"]
        return values

    def _seen_by(self, group: dict):
        """This optimizer as a group sees it: with the group's own hyperparameters."""
        if not group["own"]:
            return self
        view = object.__new__(type(self))
        vars(view).update(vars(self) | self._values(group))
        return view

    @property
    def param_groups(self) -> tuple:
        """Each group's parameters and hyperparameters as they are now (to read; a rate is changed at `learning_rate`)."""
        return tuple(
            MappingProxyType({"parameters": [self.parameters[i] for i in group["positions"]], **self._values(group)})
            for group in self._groups
        )

    def _buffers(self) -> dict:
        return {name: value for name, value in vars(self).items() if isinstance(value, Buffers)}

    def __getstate__(self) -> dict:
        return vars(self) | {"_packs": None}  # views of one array would come out of a copy as arrays of their own

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for k, group in enumerate(self._groups):
            lines.append(f"Parameter Group {k}")
            lines += [f"    {name}: {value}" for name, value in sorted(self._values(group).items())]
        return "\n".join([*lines, ")"])

    def _settings(self) -> dict:
        """All of the state but what is remembered. Shapes and positions must be equal where it is loaded."""
        settings: dict = {"step_count": self.step_count, "skipped": np.array(self._skipped)}
        settings |= {name: getattr(self, name) for name in self._names}
        settings |= {f"shape.{i}": np.array(shape, int) for i, (shape, _) in enumerate(self._made)}
        for k, group in enumerate(self._groups):
            settings |= {f"positions.{k}": np.array(group["positions"])}
            settings |= {f"group.{k}.{name}": value for name, value in group["own"].items()}
        return settings

    def state_dict(self) -> dict:
        """A copy of all that a later run needs, as a flat dict of numbers and arrays: `numpy.savez(file, **state)` keeps it."""
        buffers = self._buffers().items()
        return self._settings() | {f"{name}.{i}": buffer[i].copy() for name, buffer in buffers for i in sorted(buffer)}

    def load_state_dict(self, state) -> None:
        """Go on where `state` was taken. Refused, with nothing changed, where it is of other parameters or another rule."""
        given = {key: np.array(state[key]) for key in state}
        remembered = {name: self._remembered(name, given) for name in self._buffers()}
        self._compare(given, remembered)
        own = [{name: given[f"group.{k}.{name}"].item() for name in group["own"]} for k, group in enumerate(self._groups)]
        values = {name: checked_number(type(self).__name__, name, given[name].item()) for name in self._names}
        vars(self).update(values, step_count=int(given["step_count"]), _skipped=given["skipped"].tolist(), _packs=None)
        for group, of_group in zip(self._groups, own, strict=True):
            group["own"] = of_group
        for name, arrays in remembered.items():
            getattr(self, name).clear()
            getattr(self, name).update(arrays)

    def _remembered(self, name: str, given: dict) -> dict:
        """Take one buffer's arrays, by position, out of a given state."""
        arrays = {}
        for key in [key for key in given if key.rpartition(".")[0] == name]:
            i, array = int(key.rpartition(".")[2]), given.pop(key)
            if i >= len(self._made) or SHAPE_AND_DTYPE(array) != self._made[i]:
                made = self._made[i] if i < len(self._made) else "no parameter"
                raise ValueError(f"{type(self).__name__}.load_state_dict: {key} is {SHAPE_AND_DTYPE(array)} there, {made} here")
            arrays[i] = array
        return arrays

    def _compare(self, given: dict, remembered: dict) -> None:
        owner, ours = f"{type(self).__name__}.load_state_dict", self._settings()
        if odd := sorted(ours.keys() ^ given.keys()):
            raise ValueError(f"{owner}: {odd[0]} is only {'here' if odd[0] in ours else 'there'}: another rule or other groups")
        for key in ours:
            if key.startswith(("shape.", "positions.")) and not np.array_equal(ours[key], given[key]):
                raise ValueError(f"{owner}: {key} is {given[key].tolist()} there, {ours[key].tolist()} here")
        if len({tuple(arrays) for arrays in remembered.values()}) > 1:
            raise ValueError(f"{owner}: {' and '.join(remembered)} are not of the same parameters")

# %% nbgrader={"grade": false, "grade_id": "optimizer-base", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| export
class Optimizer(Keeping):
    """A rule, and the one loop that applies it to pieces of the parameters.

    A subclass passes its hyperparameters to `super().__init__`, makes a `Buffers()` for each array that it remembers,
    and writes `rule(theta, g, *remembered, t)`, which updates one-dimensional pieces of at most `PIECE` elements in
    place: theta the parameter, g its gradient (not to be changed), a piece of each buffer in the order in which they
    were made, and t, the number of updates that this parameter has had, this one included.
    """

    def __new__(cls, *_, **options):
        answer_foreign_names(cls.__name__, options)
        return super().__new__(cls)

    def __init__(self, parameters, **hyperparameters: float):
        self.parameters, self._groups = [], []
        self._made, self._skipped, self.step_count = [], [], 0
        self._packs = None
        self._names = tuple(hyperparameters)
        for name, value in hyperparameters.items():
            setattr(self, name, checked_number(type(self).__name__, name, value))
        for group in as_groups(type(self).__name__, parameters):
            self.add_param_group(group)

    def rule(self, theta, g, *remembered_and_t) -> None:
        """Update `theta` and what is remembered, in place."""
        raise NotImplementedError(f"{type(self).__name__}.rule")

    def step(self, gradients=None) -> None:
        """Update every parameter that has a gradient, in place.

        Variables bring their gradients with them; for plain arrays give a list with an array, or None, for each. A gradient
        that does not fit is refused, by the parameter's position and shape, before anything has changed. A NaN or an
        infinity in a gradient is not refused: the elements that it reaches become NaN or infinite, the others are as ever.
        """
        thetas, gradients = self._checked_arrays(gradients)
        packs = self._planned(thetas)
        self.step_count += 1
        rules = [self._seen_by(group).rule for group in self._groups]
        with np.errstate(all="ignore"):
            for pack in packs:
                self._walk(pack, rules[pack.group], thetas, gradients)

    def zero_grad(self) -> None:
        """Set each parameter's `grad` to None."""
        for parameter in self.parameters:
            if isinstance(parameter, Variable):
                parameter.grad = None

    def _walk(self, pack: Pack, rule, thetas: list, gradients: list) -> None:
        present = [k for k, i in enumerate(pack.positions) if gradients[i] is not None]
        if len(present) < len(pack.positions):
            for i in pack.positions:
                self._skipped[i] += gradients[i] is None
        updates = {self.step_count - self._skipped[pack.positions[k]] for k in present}
        if len(present) == len(pack.positions) > 1 == len(updates):
            return pack.walk_together(rule, updates.pop(), thetas, gradients)
        for k in present:
            pack.walk_one(k, rule, self.step_count - self._skipped[pack.positions[k]], thetas, gradients)

    def _planned(self, thetas: list) -> list[Pack]:
        """The packs, made anew where there are none yet or where somebody replaced what is remembered."""
        if self._packs is None or not all(pack.is_current() for pack in self._packs):
            buffers = list(self._buffers().values())
            self._packs = [
                Pack(number, positions, thetas, buffers)
                for number, group in enumerate(self._groups)
                for positions in packed(group["positions"], thetas)
            ]
        return self._packs

    def _checked_arrays(self, gradients) -> tuple[list, list]:
        """The parameters' arrays and the gradients' (None where there is none); refuses whatever does not fit."""
        for name in self._names:
            setattr(self, name, checked_number(type(self).__name__, name, getattr(self, name)))
        thetas = [array_of(parameter) for parameter in self.parameters]
        if list(map(SHAPE_AND_DTYPE, thetas)) != self._made or not all(map(WRITEABLE, thetas)):
            self._refuse_parameter(thetas)
        gradients = self._given(gradients)
        for i, g in enumerate(gradients):
            if g is not None and (type(g) is not np.ndarray or SHAPE_AND_DTYPE(g) != self._made[i]):
                gradients[i] = self._fitting(i, g)
        return thetas, gradients

    def _given(self, gradients) -> list:
        owner = f"{type(self).__name__}.step"
        if isinstance(self.parameters[0], Variable):
            if gradients is not None:
                raise TypeError(f"{owner}: Variables bring their own gradients: call it without any")
            return [None if p.grad is None else getattr(p.grad.data, "data", p.grad) for p in self.parameters]
        if gradients is None:
            raise TypeError(f"{owner}: plain arrays need their gradients: step([g0, g1, ...])")
        gradients = [gradients] if isinstance(gradients, np.ndarray) else list(gradients)
        if len(gradients) != len(self.parameters):
            raise ValueError(f"{owner}: {len(gradients)} gradients for {len(self.parameters)} parameters")
        return gradients

    def _fitting(self, i: int, g):
        """A gradient of another float type, or a NumPy scalar, as an array; an error for one that cannot be used."""
        owner, shape = f"{type(self).__name__}.step", self._made[i][0]
        if not isinstance(g, (np.ndarray, np.generic)):
            raise TypeError(f"{owner}: the gradient of parameter {i} (shape {shape}) is a {type(g).__name__}, not an array")
        if g.shape != shape:
            raise ValueError(f"{owner}: the gradient of parameter {i} (shape {shape}) has shape {g.shape}")
        if g.dtype.kind != "f":
            raise TypeError(f"{owner}: the gradient of parameter {i} (shape {shape}) is {g.dtype}, not float")
        return np.asarray(g)

    def _refuse_parameter(self, thetas: list) -> None:
        owner = f"{type(self).__name__}.step"
        if len(thetas) != len(self._made):
            raise ValueError(f"{owner}: the list of parameters was changed; use add_param_group")
        for i, (theta, (shape, dtype)) in enumerate(zip(thetas, self._made)):
            if SHAPE_AND_DTYPE(theta) != (shape, dtype):
                raise ValueError(f"{owner}: parameter {i} was {dtype} of shape {shape}, now {theta.dtype} of {theta.shape}")
            if not theta.flags.writeable:
                raise ValueError(f"{owner}: parameter {i} (shape {shape}) is read-only")

# %% nbgrader={"grade": false, "grade_id": "sgd-class", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class SGD(Optimizer):
    """Stochastic gradient descent with momentum (Polyak 1964) and L2 weight decay.

    g <- g + weight_decay * theta;  v <- momentum * v + g, v = 0 at first;  theta <- theta - learning_rate * v.
    The velocity is a sum, without dampening, as in PyTorch. Memory: one number per parameter (4 bytes in float32).

    >>> w = Variable(1.0)
    >>> optimizer = SGD([w], learning_rate=0.1, momentum=0.9)
    >>> for _ in range(2):
    ...     w.grad = Variable(0.5, requires_grad=False)
    ...     optimizer.step()
    >>> round(float(w.data.data), 4), optimizer.step_count
    (0.855, 2)
    """

    momentum: float
    weight_decay: float

    def __init__(self, parameters, learning_rate: float = 0.01, momentum: float = 0.0, weight_decay: float = 0.0):
        ### BEGIN SOLUTION
        super().__init__(parameters, learning_rate=learning_rate, momentum=momentum, weight_decay=weight_decay)
        self.momentum_buffers = Buffers()
        ### END SOLUTION

    def rule(self, theta, g, v, t) -> None:
        """Update theta and the velocity v in place."""
        ### BEGIN SOLUTION
        if self.weight_decay > 0:
            g = g + self.weight_decay * theta
        v *= self.momentum
        v += g
        theta -= self.learning_rate * v
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-sgd", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
from tinytorch.checks import Checks

checks = Checks("SGD", points=15)
checks.score()

# %% [markdown]
"""
## Adam
"""

# %% nbgrader={"grade": false, "grade_id": "adam-class", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Adam(Optimizer):
    """Adam (Kingma & Ba 2015, Algorithm 1), with L2 weight decay added to the gradient.

    m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2;  m_hat = m / (1 - beta1^t);  v_hat = v / (1 - beta2^t);
    theta <- theta - learning_rate * m_hat / (sqrt(v_hat) + epsilon), where t counts this parameter's own updates.
    Memory: two numbers per parameter (8 bytes in float32).

    >>> w = Variable(1.0)
    >>> optimizer = Adam([w], learning_rate=0.1)
    >>> w.grad = Variable(1e-3, requires_grad=False)
    >>> optimizer.step()
    >>> round(float(w.data.data), 4)
    0.9
    """

    beta1: float
    beta2: float
    epsilon: float
    weight_decay: float

    def __init__(self, parameters, learning_rate: float = 0.001, beta1: float = 0.9, beta2: float = 0.999,
                 epsilon: float = 1e-8, weight_decay: float = 0.0):
        ### BEGIN SOLUTION
        super().__init__(parameters, learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon,
                         weight_decay=weight_decay)
        self.first_moment, self.second_moment = Buffers(), Buffers()
        ### END SOLUTION

    def rule(self, theta, g, m, v, t) -> None:
        """Update theta and the two moments m and v in place."""
        ### BEGIN SOLUTION
        if self.weight_decay > 0:
            g = g + self.weight_decay * theta
        m *= self.beta1
        m += (1 - self.beta1) * g
        v *= self.beta2
        v += (1 - self.beta2) * g * g
        m_hat = m / (1 - self.beta1**t)
        v_hat = v / (1 - self.beta2**t)
        theta -= self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-adam", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false}
from tinytorch.checks import Checks

checks = Checks("Adam", points=20)
checks.score()

# %% [markdown]
"""
## Schedules
"""

# %% nbgrader={"grade": false, "grade_id": "scheduler-base", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| export
class Scheduler:
    """Changes an optimizer's `learning_rate`, and only that. A subclass writes `step()`, called at the top of each epoch."""

    def __new__(cls, *_, **options):
        answer_foreign_names(cls.__name__, options)
        return super().__new__(cls)

    def __init__(self, optimizer):
        if not hasattr(optimizer, "learning_rate"):
            raise TypeError(f"{type(self).__name__}: a {type(optimizer).__name__} has no learning_rate: give an optimizer")
        self.optimizer = optimizer
        self.initial_lr = optimizer.learning_rate
        self.step_count = 0

    def get_lr(self) -> float:
        """The optimizer's current rate."""
        return self.optimizer.learning_rate

    def state_dict(self) -> dict:
        """The numbers that a later run needs besides the optimizer's own state."""
        return {name: value for name, value in vars(self).items() if isinstance(value, (int, float))}

    def load_state_dict(self, state) -> None:
        """Go on where `state` was taken (load the optimizer's own state as well)."""
        if odd := sorted(state.keys() ^ self.state_dict().keys()):
            raise ValueError(f"{type(self).__name__}.load_state_dict: {odd[0]} is on one side only")
        vars(self).update({name: type(value)(state[name]) for name, value in self.state_dict().items()})

# %% nbgrader={"grade": false, "grade_id": "steplr-class", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class StepLR(Scheduler):
    """Multiplies the learning rate by gamma after every step_size epochs.

    The k-th call of `step()` opens epoch k - 1 and sets learning_rate = initial_lr * gamma ** ((k - 1) // step_size), so it
    is called at the top of every epoch; the rates by epoch are those of PyTorch's StepLR, which is called at the end.

    >>> optimizer = SGD([Variable(1.0)], learning_rate=1.0)
    >>> schedule = StepLR(optimizer, step_size=2, gamma=0.5)
    >>> for epoch in range(5):
    ...     schedule.step()
    ...     print(epoch, schedule.get_lr())
    0 1.0
    1 1.0
    2 0.5
    3 0.5
    4 0.25
    """

    def __init__(self, optimizer, step_size: int, gamma: float = 0.1):
        super().__init__(optimizer)
        self.step_size = checked_count("StepLR", "step_size", step_size)
        self.gamma = checked_number("StepLR", "gamma", gamma)

    def step(self) -> None:
        """Open the next epoch: set its learning rate."""
        ### BEGIN SOLUTION
        epoch = self.step_count
        self.step_count += 1
        self.optimizer.learning_rate = self.initial_lr * self.gamma ** (epoch // self.step_size)
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-scheduler", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
from tinytorch.checks import Checks

checks = Checks("StepLR", points=10)
checks.score()

# %% [markdown]
"""
## Training
"""

# %% nbgrader={"grade": false, "grade_id": "training-integration", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train_simple_model() -> tuple[float, float, float, float]:
    """Fit y = w x + b to y = 2 x + 1 by SGD and by Adam; returns (sgd_w, sgd_b, adam_w, adam_b)."""

    def fit(make_optimizer) -> tuple[float, float]:
        w, b = Variable(0.1), Variable(0.0)
        optimizer = make_optimizer([w, b])
        for _ in range(60):
            for x in (1.0, 2.0, 3.0, 4.0, 5.0):
                ### BEGIN SOLUTION
                optimizer.zero_grad()
                prediction = add(multiply(w, Variable(x, requires_grad=False)), b)
                error = subtract(prediction, Variable(2 * x + 1, requires_grad=False))
                multiply(error, error).backward()
                optimizer.step()
                ### END SOLUTION
        return float(w.data.data), float(b.data.data)

    return *fit(lambda ps: SGD(ps, learning_rate=0.01, momentum=0.9)), *fit(lambda ps: Adam(ps, learning_rate=0.01))

# %% nbgrader={"grade": true, "grade_id": "test-training-integration", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
from tinytorch.checks import Checks

checks = Checks("train_simple_model", points=15)
checks.score()

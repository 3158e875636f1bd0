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

# %% [markdown] tags=["goals"]
"""
# Automatic differentiation

> Reverse-mode automatic differentiation: a `Variable` remembers how it was computed, and `backward()` gives every input
> its gradient. Arithmetic by operators or by the functions below, with NumPy's broadcasting.

Here you write the parts of an autograd that carry the mathematics: what one operation does to a gradient, what broadcasting does to it, and in which
order a graph is walked. You need module 01, the chain rule and partial derivatives. Three to four hours are enough.

Graded cells show their visible checks. Hidden checks of the same kind run when your work is graded: other numbers, shapes, dtypes and graphs.

After this notebook you can

- write the gradient of an operation: `test-multiply`, `test-sigmoid`, `test-matmul`;
- undo what broadcasting did: `test-undo-broadcast`;
- walk a graph of any size, each node once and in the right order: `test-topological-order`;
- turn several operations into one that is numerically safe: `test-softmax-cross-entropy`;
- say what a missing `zero_grad` does, and why a graph is let go: `what-was-added-up`.
"""

# %% nbgrader={"grade": false, "grade_id": "autograd-imports", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| default_exp core.autograd
#| export
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from tinytorch.core.tensor import Tensor, to_numpy

# %% [markdown]
r"""
## 1. Why not differences

A derivative is a limit, so take a small step $h$ and compute

$$f'(x) \approx \frac{f(x + h) - f(x - h)}{2h}.$$

Which $h$ gives the smallest error in float32: $10^{-2}$, $10^{-4}$ or $10^{-7}$? Write it down, then run the cell.
"""

# %% nbgrader={"grade": false, "grade_id": "predict-step", "locked": false, "schema_version": 3, "solution": false, "task": false} tags=["prediction", "skip-execution"]
best_step = None  # your guess

# %% nbgrader={"grade": false, "grade_id": "show-differences", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
from tinytorch.figures import label, new, show


def f(x):
    return np.exp(np.sin(x))


fig, ax = new()
for dtype, at in [(np.float32, 60), (np.float64, 24)]:
    x, steps = dtype(1.0), np.geomspace(1e-12, 1, 97).astype(dtype)
    error = np.abs((f(x + steps) - f(x - steps)) / (2 * steps) - np.cos(1.0) * f(1.0))
    (line,) = ax.loglog(steps, np.maximum(error, 1e-13))
    label(ax, line, dtype.__name__, at=at, offset=(6, 8))
    print(f"{dtype.__name__}: smallest error {error.min():.0e} at h = {steps[error.argmin()]:.0e}; your guess: {best_step}")
    assert error.min() < (1e-3 if dtype is np.float32 else 1e-8) < error[0]
ax.set(xlabel="h", ylabel="error of the central difference", ylim=(1e-13, 10))
show(fig, alt="Error of a central difference against its step, both logarithmic: two V shapes; float32 is best near h = 0.002 with an error of about 0.000005, float64 near h = 0.000002 with about 0.000000000003.")

# %% [markdown]
r"""
Small steps lose everything to rounding, large ones to curvature. And each derivative costs two evaluations: a network with a million weights would need two
million for one gradient. Differences are good for one thing, and we shall use them for it: checking.

## 2. A Variable remembers

Reverse mode gets all derivatives of one number $L$ for about the price of a few evaluations. Each operation knows only its own
*local* derivative. The chain rule joins them: for every quantity $y_i$ that was computed directly from $x$,

$$\frac{\partial L}{\partial x} = \sum_i \frac{\partial L}{\partial y_i} \, \frac{\partial y_i}{\partial x}.$$

So a `Variable` holds a Tensor and, for each operand it was computed from, an *edge*: the operand and a *rule*, a function from the gradient of the
result to the gradient of that operand. The class is given. Its `backward` calls two functions that you will write.
"""

# %% nbgrader={"grade": false, "grade_id": "variable-class", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| export
Rule = Callable[[np.ndarray], np.ndarray]
Edge = tuple["Variable", Rule]


class Variable:
    """A Tensor that remembers how it was computed.

    `Variable(data)` copies `data`, as Tensor does. `backward()` on a result adds its derivative to `grad` of every
    Variable that was made by hand, not by an operation, and has `requires_grad`.

    >>> w = Variable(3.0)
    >>> loss = (2 * w - 1) ** 2
    >>> loss.backward()
    >>> w.grad
    Variable(20., dtype=float32)
    """

    __slots__ = ("__weakref__", "data", "edges", "grad", "requires_grad")
    __array_ufunc__ = None  # NumPy leaves `array * variable` to Variable, and refuses `np.exp(variable)`
    data: Tensor
    grad: "Variable | None"
    edges: tuple[Edge, ...] | None  # one for each operand that needs a gradient; None once released

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        self.data = Tensor(data.data if isinstance(data, Variable) else data)
        self.grad, self.requires_grad, self.edges = None, requires_grad, ()

    def operands(self) -> "list[Variable]":
        """The Variables that this one was computed from and that need a gradient."""
        if self.edges is None:
            text = "this graph was released by an earlier backward(): compute it again, or use backward(retain_graph=True)"
            raise RuntimeError(text)
        return [operand for operand, _ in self.edges]

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self.grad = None

    def backward(self, gradient: Any = None, retain_graph: bool = False) -> None:
        """Add the derivative of this result to `grad` of every input, and release the graph.

        `gradient` is the derivative of a later quantity by this result; a result that is one number needs none.
        """
        pending = {self: seed(self, gradient)}
        order = topological_order(self)
        while order:
            node = order.pop()
            incoming = pending.pop(node)
            if not node.edges:
                accumulate(node, incoming)
                continue
            for operand, rule in node.edges:
                piece = fitted(rule(incoming), operand.data.data)
                pending[operand] = pending[operand] + piece if operand in pending else piece
            if not retain_graph:
                node.edges = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis; `()` for a single number."""
        return self.data.data.shape

    @property
    def dtype(self) -> np.dtype:
        """The type of its numbers."""
        return self.data.data.dtype

    @property
    def T(self) -> "Variable":
        """The axes in reverse order."""
        return transpose(self)

    def item(self) -> float:
        """The number in a Variable that holds exactly one."""
        return self.data.item()

    def reshape(self, *shape: Any) -> "Variable":
        """The same numbers in another shape; one length may be -1."""
        return reshape(self, *shape)

    def sum(self, axis: Any = None, keepdims: bool = False) -> "Variable":
        """The sum of all numbers, or along `axis`."""
        return sum(self, axis, keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> "Variable":
        """The mean of all numbers, or along `axis`."""
        return mean(self, axis, keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> "Variable":
        """The largest number, or the largest along `axis`."""
        return max(self, axis, keepdims)

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise TypeError("NumPy cannot follow a graph: use the functions of tinytorch.core.autograd, or the numbers, .data.data")

    def __repr__(self) -> str:
        return "Variable" + repr(self.data).removeprefix("Tensor").replace("\n", "\n  ")

    def __len__(self) -> int:
        return len(self.data.data)

    def __getitem__(self, key: Any) -> "Variable":
        return index(self, key)

    def __neg__(self) -> "Variable":
        return negate(self)

    def __add__(self, other: Any) -> "Variable":
        return add(self, other)

    def __radd__(self, other: Any) -> "Variable":
        return add(other, self)

    def __sub__(self, other: Any) -> "Variable":
        return subtract(self, other)

    def __rsub__(self, other: Any) -> "Variable":
        return subtract(other, self)

    def __mul__(self, other: Any) -> "Variable":
        return multiply(self, other)

    def __rmul__(self, other: Any) -> "Variable":
        return multiply(other, self)

    def __truediv__(self, other: Any) -> "Variable":
        return divide(self, other)

    def __rtruediv__(self, other: Any) -> "Variable":
        return divide(other, self)

    def __pow__(self, other: Any) -> "Variable":
        return power(self, other)

    def __rpow__(self, other: Any) -> "Variable":
        return power(other, self)

    def __matmul__(self, other: Any) -> "Variable":
        return matmul(self, other)

    def __rmatmul__(self, other: Any) -> "Variable":
        return matmul(other, self)

# %% [markdown]
"""
`record` makes the Variable of a result. It leaves out edges to what needs no gradient, and inside `with no_grad():` it leaves out all of them: a network that
only predicts should not remember.
"""

# %% nbgrader={"grade": false, "grade_id": "recording", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| export
recording: ContextVar[bool] = ContextVar("recording", default=True)


@contextmanager
def no_grad() -> Iterator[None]:
    """Inside, operations remember nothing, and their results have `requires_grad` False.

    >>> with no_grad():
    ...     (Variable(1.0) * 2).requires_grad
    False
    """
    token = recording.set(False)
    try:
        yield
    finally:
        recording.reset(token)


def record(value: Any, *edges: Edge) -> Variable:
    """The Variable of an operation's `value`; each edge is an operand with the rule for its gradient."""
    result = Variable.__new__(Variable)
    result.data, result.grad = Tensor.wrap(value), None
    result.edges = tuple([edge for edge in edges if edge[0].requires_grad]) if recording.get() else ()
    result.requires_grad = bool(result.edges)
    return result


def variable(a: Any, like: Any = None) -> Variable:
    """An operand as a Variable; a Python number takes the float dtype of the Variable `like`, so that it never widens.

    An array is used as it is, not copied: leave it alone until `backward()`.
    """
    if isinstance(a, Variable):
        return a
    if isinstance(a, (int, float)) and isinstance(like, Variable) and like.dtype.kind == "f":
        return record(np.asarray(a, dtype=like.dtype))
    if hasattr(a, "__array__"):
        return record(to_numpy(a))
    return Variable(a, requires_grad=False)


def seed(result: Variable, gradient: Any) -> np.ndarray:
    """The gradient that `result.backward(gradient)` starts from."""
    value = result.data.data
    if not result.requires_grad:
        raise RuntimeError("nothing to differentiate: no input of this result has requires_grad=True")
    if value.dtype.kind != "f":
        raise TypeError(f"a gradient needs floating-point numbers, this result holds {value.dtype}")
    if gradient is None and value.size != 1:
        raise ValueError(f"backward() of a result of shape {value.shape} needs its gradient; or take sum() or mean() first")
    start = np.ones(value.shape, value.dtype) if gradient is None else variable(gradient).data.data
    if start.shape != value.shape:
        raise ValueError(f"the gradient has shape {start.shape}, the result {value.shape}")
    return start.astype(value.dtype, copy=False)


def fitted(gradient: np.ndarray, value: np.ndarray) -> np.ndarray:
    """The gradient of an operand in the shape and dtype of its `value`."""
    if gradient.shape != value.shape:
        gradient = undo_broadcast(gradient, value.shape)
    if gradient.dtype == value.dtype:
        return gradient
    if value.dtype.kind != "f":
        raise TypeError(f"a gradient needs floating-point numbers; give an input of dtype {value.dtype} requires_grad=False")
    return gradient.astype(value.dtype)


def accumulate(leaf: Variable, gradient: np.ndarray) -> None:
    """Add to `leaf.grad`, in an array that nothing else holds."""
    leaf.grad = record(np.array(gradient) if leaf.grad is None else leaf.grad.data.data + gradient)

# %% [markdown]
"""
Now the operations. Each takes the numbers out, computes, and records one rule for each operand. Read `add` and `divide`: `g` is always the gradient of
the result.
"""

# %% nbgrader={"grade": false, "grade_id": "arithmetic", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| export
def add(a: Any, b: Any) -> Variable:
    """a + b."""
    a, b = variable(a, b), variable(b, a)
    return record(a.data.data + b.data.data, (a, lambda g: g), (b, lambda g: g))


def subtract(a: Any, b: Any) -> Variable:
    """a - b."""
    a, b = variable(a, b), variable(b, a)
    return record(a.data.data - b.data.data, (a, lambda g: g), (b, lambda g: -g))


def divide(a: Any, b: Any) -> Variable:
    """a / b."""
    a, b = variable(a, b), variable(b, a)
    x, y = a.data.data, b.data.data
    value = x / y
    return record(value, (a, lambda g: g / y), (b, lambda g: -g * value / y))


def negate(a: Any) -> Variable:
    """-a."""
    a = variable(a)
    return record(-a.data.data, (a, lambda g: -g))


def exp(a: Any) -> Variable:
    """e ** a."""
    a = variable(a)
    value = np.exp(a.data.data)
    return record(value, (a, lambda g: g * value))


def log(a: Any) -> Variable:
    """The natural logarithm."""
    a = variable(a)
    x = a.data.data
    return record(np.log(x), (a, lambda g: g / x))


def relu(a: Any) -> Variable:
    """The larger of a and 0; the slope at 0 is 0."""
    a = variable(a)
    x = a.data.data
    return record(np.maximum(x, 0), (a, lambda g: g * (x > 0)))


def tanh(a: Any) -> Variable:
    """The hyperbolic tangent."""
    a = variable(a)
    value = np.tanh(a.data.data)
    return record(value, (a, lambda g: g * (1 - value * value)))


def power(a: Any, b: Any) -> Variable:
    """a ** b."""
    a, b = variable(a, b), variable(b, a)
    x, y = a.data.data, b.data.data
    value = raised(x, y)
    lower = np.where(y == 0, 1, y - 1)  # 0 times x to the power 0 is 0, where x to the power -1 may be infinite
    positive = np.where(x == 0, 1, x)
    return record(value, (a, lambda g: g * y * raised(x, lower)), (b, lambda g: g * value * np.log(positive)))


def raised(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """x ** y; NumPy squares much faster for a plain 2.0 than for an array that holds it."""
    return x ** (y.item() if y.ndim == 0 else y)

# %% [markdown]
"""
The simplest backward follows every path from the result to an input and adds up what arrives. It is right, it needs nothing that you have to write, and
the checks of the next three exercises use it. Section 4 shows what is wrong with it.
"""

# %% nbgrader={"grade": false, "grade_id": "slow-backward", "locked": true, "schema_version": 3, "solution": false, "task": false}
from tinytorch.checks import Checks, hidden_inputs
from tinytorch.written import written_here


def slow_backward(node, gradient):
    """Add to the grad of every input, once for each path that leads to it."""
    if gradient is None or isinstance(gradient, Variable):
        raise TypeError(f"a rule gave a {type(gradient).__name__}: it returns an array, made of arrays such as x and y, not of a and b")
    if not node.edges:
        node.grad = Variable(gradient if node.grad is None else node.grad.data.data + gradient)
    for operand, rule in node.edges:
        slow_backward(operand, rule(gradient))


def local(function, values, gradient=None):
    """The value of a function of Variables, and the gradient of each of them, given the result's gradient (or 1, 2, 3, ...)."""
    inputs = [Variable(np.array(value, dtype=getattr(value, "dtype", np.float64))) for value in values]
    result = function(*inputs)
    if gradient is None:
        gradient = np.arange(1, result.data.size + 1).reshape(result.shape)
    slow_backward(result, np.array(gradient, dtype=result.dtype))
    slopes = [np.zeros(x.shape) if x.grad is None else np.array(x.grad.data.data) for x in inputs]
    return [np.array(result.data.data), *slopes]


def loud(function, values):
    """The value, where an overflow in it or in the gradient is an error."""
    try:
        with np.errstate(over="raise", invalid="raise"):
            return local(function, values)[0]
    except FloatingPointError as error:
        return str(error)

# %% nbgrader={"grade": false, "grade_id": "show-slow-backward", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
x = Variable(2.0)
y = add(exp(x), negate(x))  # two ways lead from y to x
slow_backward(y, np.ones((), np.float32))
print("by the slow walk:", x.grad.item(), " by hand, exp(2) - 1:", np.exp(2) - 1)

# %% [markdown]
r"""
## 3. Three local derivatives

**Exercise 1: multiply** (1 line). For $c = a b$, element by element, the derivative by $a$ is $b$ and the derivative by $b$ is $a$. By the chain rule each is
multiplied by the gradient of the result:

$$\frac{\partial L}{\partial a} = g \, b, \qquad \frac{\partial L}{\partial b} = g \, a \qquad \text{with } g = \frac{\partial L}{\partial c}.$$

With $a = 3$, $b = 5$ and $g = 2$ that is 10 and 6. Do not change `g` in place: the other rule gets the same array.

<details><summary>Hint</summary>

`divide` above has the same form. A product of the arrays `x` and `y`, and two edges.
</details>
"""

# %% nbgrader={"grade": false, "grade_id": "multiply", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def multiply(a: Any, b: Any) -> Variable:
    """a * b, element by element."""
    a, b = variable(a, b), variable(b, a)
    x, y = a.data.data, b.data.data
    ### BEGIN SOLUTION
    return record(x * y, (a, lambda g: g * y), (b, lambda g: g * x))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-multiply", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
checks = Checks("multiply", points=8)
checks.require("multiply is written in this notebook", got=lambda: written_here(multiply, "tinytorch.core.autograd"))
checks.check(
    "the product", 1,
    fed="3 and 5, both float32; the product and its dtype",
    got=lambda: [[product.item(), str(product.dtype)] for product in [multiply(Variable(3.0), Variable(5.0))]][0],
    want=[15.0, "float32"],
    slips={"the product of float32 numbers has become float64": [15.0, "float64"]},
)
checks.check(
    "the gradients of two numbers", 2,
    fed="a = 3, b = 5, gradient of the result 2: the result, the gradient of a, of b",
    got=lambda: local(multiply, [3.0, 5.0], 2.0),
    want=[15, 10, 6],
    slips={
        "the result's gradient g is missing: multiply by it": [15, 5, 3],
        "each gradient holds its own factor: it is the other one": [15, 6, 10],
        "both gradients hold b: that of b holds a": [15, 10, 10],
        "this is the rule of addition": [15, 2, 2],
        "the result is a sum: the gradients are right": [8, 10, 6],
        "the gradients have the wrong sign": [15, -10, -6],
        "each gradient holds the product: it is the other factor alone": [15, 30, 30],
        "g was changed in place, so the second rule got a changed one": [15, 10, 30],
        "the gradient of b is missing: one edge for each operand": [15, 10, 0],
        "no gradient arrives: record(...) makes the result, with an edge for each operand": [15, 0, 0],
        "the product rule adds over a and b only where both are the same variable; each edge is for one of them": [15, 16, 16],
    },
)
checks.check(
    "a Variable times itself", 1,
    fed="x = 3, x * x, gradient of the result 1",
    got=lambda: local(lambda x: multiply(x, x), [3.0]),
    want=[9, 6],
    slips={
        "only one of the two edges counts: record one for each operand, even if they are the same": [9, 3],
        "twice too much: each edge carries one factor": [9, 12],
    },
)
### BEGIN HIDDEN TESTS
rng = hidden_inputs("07_autograd", "test-multiply")
a, b, g = rng.normal(size=(3, 2, 4))
checks.check(
    "hidden: arrays", 2,
    fed="two arrays of shape (2, 4), and a gradient of that shape",
    got=lambda: local(multiply, [a, b], g),
    want=[a * b, g * b, g * a],
    slips={
        "the result's gradient g is missing: multiply by it": [a * b, b, a],
        "each gradient holds its own factor: it is the other one": [a * b, g * a, g * b],
    },
    tol=1e-9,
)
checks.check(
    "hidden: part of a longer formula", 1,
    fed="exp(a * b) * a with a gradient",
    got=lambda: local(lambda p, q: multiply(exp(multiply(p, q)), p), [a, b], g),
    want=[np.exp(a * b) * a, g * np.exp(a * b) * (1 + a * b), g * np.exp(a * b) * a * a],
    tol=1e-9,
)
checks.check(
    "hidden: the gradient it is given stays as it is", 1,
    fed="a gradient of 1, 2, 3, ... for a product of arrays, looked at afterwards",
    got=lambda: [(slow_backward(multiply(Variable(a), Variable(b)), kept), kept)[1] for kept in [np.array(g)]][0],
    want=g,
    slips={"g was changed in place: make a new array": g * b},
    needs="the gradients of two numbers",
)
### END HIDDEN TESTS
checks.score()

# %% [markdown]
r"""
**Exercise 2: sigmoid** (3 lines).

$$\sigma(x) = \frac{1}{1 + e^{-x}}, \qquad \sigma'(x) = \sigma(x) \, (1 - \sigma(x)).$$

At 0 the value is one half and the slope one quarter. Two things are asked: the rule uses the value that was computed already, and no input overflows. $e^{1000}$ is too large
for float64, but $e^{-|x|}$ never is:

$$\sigma(x) = \frac{1}{1 + e^{-|x|}} \text{ for } x \ge 0, \qquad \sigma(x) = \frac{e^{-|x|}}{1 + e^{-|x|}} \text{ for } x < 0.$$

<details><summary>Hint: choosing between the two</summary>

`np.where(x >= 0, first, second)` computes both and picks.
</details>
"""

# %% nbgrader={"grade": false, "grade_id": "sigmoid", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def sigmoid(a: Any) -> Variable:
    """1 / (1 + e ** -a), without overflow."""
    a = variable(a)
    x = a.data.data
    ### BEGIN SOLUTION
    small = np.exp(-np.abs(x))
    value = np.where(x >= 0, 1 / (1 + small), small / (1 + small))
    return record(value, (a, lambda g: g * value * (1 - value)))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-sigmoid", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
checks = Checks("sigmoid", points=8)
checks.require("sigmoid is written in this notebook", got=lambda: written_here(sigmoid, "tinytorch.core.autograd"))
checks.check(
    "at zero", 2,
    fed="x = 0, gradient of the result 4: the result and the gradient of x",
    got=lambda: local(sigmoid, [0.0], 4.0),
    want=[0.5, 1],
    slips={
        "the factor 1 - value is missing": [0.5, 2],
        "the result's gradient g is missing": [0.5, 0.25],
        "this is the slope of tanh, 1 - value ** 2": [0.5, 3],
        "no gradient arrives: record an edge, with the slope value * (1 - value), not x * (1 - x)": [0.5, 0],
        "the gradient has the wrong sign": [0.5, -1],
        "the factor value is missing from the slope, or counted twice": [0.5, 0.5],
    },
)
checks.check(
    "on either side", 1,
    fed="x = [-ln 3, ln 3], gradient of the result 16, 16",
    got=lambda: local(sigmoid, [np.log([1 / 3, 3.0])], [16.0, 16.0]),
    want=[[0.25, 0.75], [3, 3]],
    slips={
        "the sign of x is turned: the value rises from 0 to 1": [[0.75, 0.25], [-3, -3]],
        "the two formulas are swapped: the first one is for x >= 0": [[0.75, 0.25], [3, 3]],
    },
)
checks.check(
    "no overflow", 1,
    fed="x = [-1000, 1000]",
    got=lambda: loud(sigmoid, [[-1000.0, 1000.0]]),
    want=[0, 1],
    slips={
        "exp overflowed: exp(-|x|) never does": "overflow encountered in exp",
        "infinity was divided by infinity: exp(-|x|) never overflows": "invalid value encountered in divide",
        "the branch for negative x is missing: exp(-|x|) alone makes both sides positive": [1, 1],
    },
)
### BEGIN HIDDEN TESTS
rng = hidden_inputs("07_autograd", "test-sigmoid")
x, g = 2 * rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
value = 1 / (1 + np.exp(-x))
checks.check(
    "hidden: arrays", 2,
    fed="an array of shape (3, 4), and a gradient",
    got=lambda: local(sigmoid, [x], g),
    want=[value, g * value * (1 - value)],
    slips={
        "the factor 1 - value is missing": [value, g * value],
        "the result's gradient g is missing": [value, value * (1 - value)],
        "negative inputs got the value of positive ones": [1 / (1 + np.exp(-abs(x))), g * value * (1 - value)],
    },
    tol=1e-9,
)
checks.check(
    "hidden: float32 stays float32", 1,
    fed="a float32 array; the dtypes of the result and of the gradient; and whether -1000 or 1000 overflows in float32",
    got=lambda: [
        *(str(array.dtype) for array in local(sigmoid, [x.astype(np.float32)])),
        isinstance(loud(sigmoid, [np.array([-1000, 1000], np.float32)]), str),
    ],
    want=["float32", "float32", False],
    slips={"exp overflowed, in float32 above 88 already: exp(-|x|) never does": ["float32", "float32", True]},
    needs="at zero",
)
checks.check(
    "hidden: inside another function", 1,
    fed="exp(sigmoid(x) + x) with a gradient",
    got=lambda: local(lambda v: exp(add(sigmoid(v), v)), [x], g)[1],
    want=g * np.exp(value + x) * (1 + value * (1 - value)),
    slips={"g was changed in place, and x itself gets the same array: make a new one": g * np.exp(value + x) * 2 * value * (1 - value)},
    tol=1e-9,
)
### END HIDDEN TESTS
checks.score()

# %% [markdown]
r"""
**Exercise 3: matmul** (2 lines). For $C = A B$ and $G = \partial L / \partial C$, of the shape of $C$:

$$\frac{\partial L}{\partial A} = G \, B^{\mathsf T}, \qquad \frac{\partial L}{\partial B} = A^{\mathsf T} \, G.$$

Shapes nearly prove it: with $A$ of $(n, m)$ and $B$ of $(m, p)$, $G$ is $(n, p)$, and there is one way to multiply it with $B$ to get $(n, m)$.

In the cell `rows` is $A$ and `columns` is $B$; call the two products `left` and `right`. They may be stacks of matrices, so the transpose swaps the last two axes: `columns.swapaxes(-1, -2)`. Vectors
are taken care of.
"""

# %% nbgrader={"grade": false, "grade_id": "matmul", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def matmul(a: Any, b: Any) -> Variable:
    """a @ b for vectors, matrices and stacks of matrices, as in NumPy."""
    a, b = variable(a, b), variable(b, a)
    x, y = a.data.data, b.data.data
    value = (a.data @ b.data).data
    rows, columns = (x if x.ndim > 1 else x[None, :]), (y if y.ndim > 1 else y[:, None])
    shape = value.shape if x.ndim > 1 < y.ndim else (rows @ columns).shape

    def to_left(g: np.ndarray) -> np.ndarray:
        g = g.reshape(shape)
        ### BEGIN SOLUTION
        left = g @ columns.swapaxes(-1, -2)
        ### END SOLUTION
        return left if x.ndim > 1 else left[..., 0, :]

    def to_right(g: np.ndarray) -> np.ndarray:
        g = g.reshape(shape)
        ### BEGIN SOLUTION
        right = rows.swapaxes(-1, -2) @ g
        ### END SOLUTION
        return right if y.ndim > 1 else right[..., 0]

    return record(value, (a, to_left), (b, to_right))

# %% nbgrader={"grade": true, "grade_id": "test-matmul", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
checks = Checks("matmul", points=10)
checks.require("matmul is written in this notebook", got=lambda: written_here(matmul, "tinytorch.core.autograd"))
A, B = [[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]
checks.check(
    "the gradient of the left matrix", 2,
    fed="A = [[1, 2], [3, 4]], B = [[5, 6], [7, 8]], G = [[1, 0], [0, 0]]",
    got=lambda: local(matmul, [A, B], [[1.0, 0.0], [0.0, 0.0]])[1],
    want=[[5, 7], [0, 0]],
    slips={
        "B is not transposed: G times the transpose of B": [[5, 6], [0, 0]],
        "the factors are the wrong way round: G comes first here": [[5, 0], [6, 0]],
        "the factors are the wrong way round, and B has to be transposed": [[5, 0], [7, 0]],
        "this uses A: the gradient of A holds B": [[1, 3], [0, 0]],
        "element by element: this needs the matrix product": [[5, 0], [0, 0]],
        "the gradient G is missing": [[5, 7], [6, 8]],
    },
)
checks.check(
    "the gradient of the right matrix", 2,
    fed="A = [[1, 2], [3, 4]], B = [[5, 6], [7, 8]], G = [[1, 0], [0, 0]]",
    got=lambda: local(matmul, [A, B], [[1.0, 0.0], [0.0, 0.0]])[2],
    want=[[1, 0], [2, 0]],
    slips={
        "A is not transposed: the transpose of A times G": [[1, 0], [3, 0]],
        "the factors are the wrong way round: G comes last here": [[1, 3], [0, 0]],
        "the factors are the wrong way round, and A has to be transposed": [[1, 2], [0, 0]],
        "this is the gradient of A": [[5, 7], [0, 0]],
        "element by element: this needs the matrix product": [[1, 0], [0, 0]],
        "the gradient G is missing": [[1, 3], [2, 4]],
    },
)
checks.check(
    "matrices that are not square", 1,
    fed="shapes (1, 3) and (3, 2); the shapes of the two gradients",
    got=lambda: [list(g.shape) for g in local(matmul, [np.ones((1, 3)), np.ones((3, 2))])[1:]],
    want=[[1, 3], [3, 2]],
    needs=["the gradient of the left matrix", "the gradient of the right matrix"],
)
### BEGIN HIDDEN TESTS
rng = hidden_inputs("07_autograd", "test-matmul")
a, b, g = rng.normal(size=(4, 5)), rng.normal(size=(5, 3)), rng.normal(size=(4, 3))
checks.check(
    "hidden: four by five times five by three", 2,
    fed="two random matrices and a gradient",
    got=lambda: local(matmul, [a, b], g),
    want=[np.einsum("ij,jk->ik", a, b), np.einsum("ik,jk->ij", g, b), np.einsum("ij,ik->jk", a, g)],
    tol=1e-9,
)
stack_a, stack_b, stack_g = rng.normal(size=(2, 4, 5)), rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 4, 3))
checks.check(
    "hidden: stacks of matrices", 2,
    fed="shapes (2, 4, 5) and (2, 5, 3)",
    got=lambda: local(matmul, [stack_a, stack_b], stack_g)[1:],
    want=[np.einsum("sik,sjk->sij", stack_g, stack_b), np.einsum("sij,sik->sjk", stack_a, stack_g)],
    tol=1e-9,
)
checks.check(
    "hidden: vectors", 1,
    fed="a matrix times a vector, a vector times a matrix",
    got=lambda: local(matmul, [a, b[:, 0]], g[:, 0])[1:] + local(matmul, [a[0], b], g[0])[1:],
    want=[np.outer(g[:, 0], b[:, 0]), a.T @ g[:, 0], b @ g[0], np.outer(a[0], g[0])],
    tol=1e-9,
)
### END HIDDEN TESTS
checks.score()

# %% [markdown]
r"""
## 4. Undoing a broadcast

Add a bias of shape `(3,)` to a batch of shape `(5, 3)`: the bias is repeated five times, once for each row. It is used five times, so its gradient is the sum of five
gradients. The same holds for an axis of length 1 that was stretched. In general, for an operand $b$ that was repeated into $\hat b$:

$$\frac{\partial L}{\partial b_j} = \sum_{i \,:\, \hat b_i \text{ is a copy of } b_j} \frac{\partial L}{\partial \hat b_i}.$$

**Exercise 4.** Write `undo_broadcast` (about 4 lines). The gradient may have more axes than `shape` (broadcasting adds them on the left), and where `shape` has a 1 the gradient
may have any length. The result has exactly `shape`.

<details><summary>Hint: which axes to sum over</summary>

The first `gradient.ndim - len(shape)` axes were added. The others align with `shape`: sum where it says 1.
</details>
<details><summary>Hint: keeping the shape</summary>

`sum(axis=(...))` accepts several axes at once, and `.reshape(shape)` puts lost axes of length 1 back.
</details>
"""

# %% nbgrader={"grade": false, "grade_id": "undo-broadcast", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def undo_broadcast(gradient: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The gradient of an operand of `shape` from that of what it was broadcast to: the sum over its copies.

    >>> undo_broadcast(np.ones((5, 3)), (3,))
    array([5., 5., 5.])
    """
    ### BEGIN SOLUTION
    added = gradient.ndim - len(shape)
    stretched = [added + axis for axis, length in enumerate(shape) if length == 1]
    return gradient.sum(axis=(*range(added), *stretched)).reshape(shape)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-undo-broadcast", "locked": true, "points": 12, "schema_version": 3, "solution": false, "task": false}
checks = Checks("undo_broadcast", points=12)
checks.require("undo_broadcast is written in this notebook", got=lambda: written_here(undo_broadcast, "tinytorch.core.autograd"))
G = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
checks.check(
    "a row that was repeated", 2,
    fed="gradient [[1, 2, 3], [4, 5, 6]], shape (3,)",
    got=lambda: undo_broadcast(np.array(G), (3,)),
    want=np.array([5.0, 7, 9]),
    slips={
        "this is the mean: a gradient is the sum over the copies": np.array([2.5, 3.5, 4.5]),
        "one copy was taken and the others dropped": np.array([1.0, 2, 3]),
        "one copy was taken and the others dropped: the last one is left": np.array([4.0, 5, 6]),
        "nothing was summed": np.array(G),
        "the axis that was added is still there, with length 1: the result has exactly the operand's shape": np.array([[5.0, 7, 9]]),
        "summed over the last axis: broadcasting adds axes on the left": np.array([6.0, 15]),
        "everything was summed": np.array(21.0),
    },
)
checks.check(
    "a column that was repeated", 2,
    fed="gradient [[1, 2, 3], [4, 5, 6]], shape (2, 1)",
    got=lambda: undo_broadcast(np.array(G), (2, 1)),
    want=np.array([[6.0], [15]]),
    slips={
        "an axis of length 1 that was stretched has to be summed too": np.array(G),
        "the axis is gone: it stays, with length 1": np.array([6.0, 15]),
        "this is the mean: a gradient is the sum over the copies": np.array([[2.0], [5]]),
        "one copy was taken and the others dropped": np.array([[1.0], [4]]),
        "summed over the wrong axis": np.array([[5.0, 7, 9]]),
        "everything was summed": np.array(21.0),
    },
)
checks.check(
    "a single number", 1,
    fed="gradient [[1, 2, 3], [4, 5, 6]], shape ()",
    got=lambda: undo_broadcast(np.array(G), ()),
    want=np.array(21.0),
    slips={
        "this is the mean: a gradient is the sum over the copies": np.array(3.5),
        "the result has exactly the operand's shape, here none": np.array([[21.0]]),
        "nothing was summed": np.array(G),
        "only one axis was summed: all axes that were added have to go": np.array([5.0, 7, 9]),
    },
)
checks.check(
    "what was not repeated", 1,
    fed="gradient [[1, 2, 3], [4, 5, 6]], shape (2, 3)",
    got=lambda: undo_broadcast(np.array(G), (2, 3)),
    want=np.array(G),
    slips={"everything was summed": np.array(21.0)},
    needs="a row that was repeated",
)
checks.check(
    "an axis added and an axis stretched", 1,
    fed="gradient [[[1, 2], [3, 4]], [[5, 6], [7, 8]]], shape (2, 1)",
    got=lambda: undo_broadcast(np.array([[[1.0, 2], [3, 4]], [[5, 6], [7, 8]]]), (2, 1)),
    want=np.array([[14.0], [22]]),
    slips={
        "the axis of length 1 was looked for in the wrong place: with one axis added, the others move by one": np.array([[16.0], [20]]),
        "the axis of length 1 was looked for too early: first sum what was added, then the axes have the places of shape": np.array([[16.0, 20]]),
        "only the added axis was summed": np.array([[6.0, 8], [10, 12]]),
        "only the stretched axis was summed": np.array([[[3.0], [7]], [[11], [15]]]),
    },
)
### BEGIN HIDDEN TESTS
rng = hidden_inputs("07_autograd", "test-undo-broadcast")
cube = rng.normal(size=(2, 3, 4, 2))
shapes = [(1, 3, 1, 2), (3, 1, 2), (4, 1), (1, 1), (2, 1, 4, 1), (1,), (2, 3, 4, 2)]


def summed(gradient, shape):
    """Add each entry to the place that it is a copy of."""
    result, padded = np.zeros(shape), (1,) * (gradient.ndim - len(shape)) + shape
    for place in np.ndindex(gradient.shape):
        home = tuple(0 if n == 1 else i for i, n in zip(place, padded))[gradient.ndim - len(shape):]
        result[home] += gradient[place]
    return result


checks.check(
    "hidden: four axes to seven shapes", 3,
    fed=f"a gradient of shape (2, 3, 4, 2), shapes {shapes}",
    got=lambda: [undo_broadcast(np.array(cube), shape) for shape in shapes],
    want=[summed(cube, shape) for shape in shapes],
    tol=1e-9,
)
checks.check(
    "hidden: float32 stays float32", 1,
    fed="a float32 gradient of shape (4, 3), shapes (3,) and (4, 1)",
    got=lambda: [str(undo_broadcast(np.ones((4, 3), np.float32), shape).dtype) for shape in ((3,), (4, 1))],
    want=["float32", "float32"],
    needs=["a row that was repeated", "a column that was repeated"],
)
checks.check(
    "hidden: no copies at all", 1,
    fed="empty gradients: of shape (0, 2), an empty batch, for shape (2,); and of shape (2, 0) for shape (0,)",
    got=lambda: [undo_broadcast(np.zeros(full), shape) for full, shape in (((0, 2), (2,)), ((2, 0), (0,)))],
    want=[np.zeros(2), np.zeros(0)],
    needs="a row that was repeated",
)
### END HIDDEN TESTS
checks.score()

# %% [markdown]
r"""
## 5. Each node once

`slow_backward` follows every path. Take $x_{k+1} = (e^{x_k} - x_k)/2$: two ways lead from each $x_{k+1}$ to $x_k$, a *diamond*. How many calls does it make for 16 diamonds in a row?
"""

# %% nbgrader={"grade": false, "grade_id": "predict-visits", "locked": false, "schema_version": 3, "solution": false, "task": false} tags=["prediction", "skip-execution"]
expected_calls = None  # your guess

# %% nbgrader={"grade": false, "grade_id": "show-paths", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
import time


def diamonds(count):
    """An input, and what `count` diamonds make of it."""
    x = node = Variable(0.1)
    for _ in range(count):
        node = divide(add(exp(node), negate(node)), 2.0)
    return x, node


counts, times = list(range(2, 17, 2)), []
for count in counts:
    _, last = diamonds(count)
    start = time.perf_counter()
    slow_backward(last, np.ones((), np.float32))
    times.append(time.perf_counter() - start)
fig, ax = new(height=2.8)
(line,) = ax.semilogy(counts, times, marker="o", markersize=4)
label(ax, line, "one visit for each path", at=3, offset=(8, -6))
ax.set(xlabel="diamonds in a row", ylabel="seconds", xticks=counts)
print(f"calls for 16 diamonds: {5 * 2**16 - 4:,}; your guess: {expected_calls}")
assert times[-1] > 30 * times[2]
show(fig, alt="Seconds that the slow walk takes against the number of diamonds in a row: a straight line on a logarithmic axis, doubling with each diamond.")

# %% [markdown]
"""
It doubles with each diamond. The cure: visit a node only when everything computed from it has been visited, so that its whole gradient has arrived. Then pass that on, once. Read backwards,
such an order has every node after its operands: a *topological order*.

By hand, for `y = add(exp(x), x)`: first `x`, then the result of `exp`, then `y`. Not `exp(x)` before `x`, although `x` is also an operand of `y` itself.

**Exercise 5.** Write `topological_order` (about 9 lines). `node.operands()` lists what a node was computed from. A network unrolled over a long sequence has graphs deeper
than Python's recursion limit, so keep your own stack.

<details><summary>Hint: when is a node ready?</summary>

When all its operands stand in the order already. So look at a node twice: the first time put it back, marked, and its operands on top of it; the second time it is ready.
</details>
<details><summary>Hint: each once</summary>

A set of the nodes seen. Variables compare by identity, so they can stand in a set.
</details>
"""

# %% nbgrader={"grade": false, "grade_id": "topological-order", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def topological_order(result: Variable) -> list[Variable]:
    """Every Variable that `result` was computed from, each once and after all its operands; `result` is the last."""
    ### BEGIN SOLUTION
    order, seen, stack = [], set(), [(result, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(operand, False) for operand in node.operands()]
    return order
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-topological-order", "locked": true, "points": 12, "schema_version": 3, "solution": false, "task": false}
def nodes_of(graph):
    """The Variables of a graph that says of each node which others it is computed from, as their sum."""
    nodes = [Variable(np.float64(1.0)) for _ in graph]
    for node, places in zip(nodes, graph):
        node.edges = tuple((nodes[place], lambda g: g) for place in places)
    return nodes


def order_of(graph):
    """The order that was found for the graph's last node, by the nodes' places in the graph; -1 for what is none of them."""
    nodes, asked, operands = nodes_of(graph), [], Variable.operands
    places = {id(node): place for place, node in enumerate(nodes)}
    Variable.operands = lambda node: asked.append(node) or operands(node)
    try:
        order = [places.get(id(node), -1) for node in topological_order(nodes[-1])]
    except RecursionError:
        return "RecursionError"
    finally:
        Variable.operands = operands
    return order if len(asked) < 10_000 + 10 * len(nodes) ** 2 else "each path was followed"


def walk(order, graph):
    """What holds of an order that was found."""
    if isinstance(order, str):
        return order
    first = {}
    for turn, place in enumerate(order):
        first.setdefault(place, turn)
    early = [o for place in order for o in graph[place] if first.get(o, len(order)) > first[place]]
    return {"nodes": len(order), "different": len(first), "before an operand": len(early), "result last": order[-1:] == [len(graph) - 1]}


def walks(orders, graphs):
    """The same of several."""
    return [walk(*pair) for pair in zip(orders, graphs, strict=True)]


def slopes(graph):
    """The gradients of the graph's nodes, by `backward`; 0 where there is none."""
    nodes = nodes_of(graph)
    nodes[-1].backward()
    return [0.0 if x.grad is None else x.grad.item() for x in nodes]


# of each node, the places of those that it is computed from
line, diamond, twice = [(), (0,), (1,)], [(), (0,), (0,), (1, 2)], [(), (0, 0)]
ways = [[(), (0,), (1, 0)], [(), (0,), (0, 1)]]
chain = [(), *((place,) for place in range(5_000))]
checks = Checks("topological_order", points=12)
checks.require("topological_order is written in this notebook", got=lambda: written_here(topological_order, "tinytorch.core.autograd"))
checks.check(
    "one after another", 1,
    fed="y = negate(negate(x))",
    got=lambda: order_of(line),
    seen=lambda order: walk(order, line),
    want={"nodes": 3, "different": 3, "before an operand": 0, "result last": True},
    slips={
        "the order is turned round: operands come before what is computed from them": {"nodes": 3, "different": 3, "before an operand": 2, "result last": False},
        "the inputs are missing: a node without operands belongs to the order too": {"nodes": 2, "different": 2, "before an operand": 1, "result last": True},
        "the result itself is missing": {"nodes": 2, "different": 2, "before an operand": 0, "result last": False},
        "only the result and its operands are there: go on to theirs": {"nodes": 2, "different": 2, "before an operand": 1, "result last": True},
    },
)
checks.check(
    "a diamond", 2,
    fed="y = add(negate(x), negate(x))",
    got=lambda: order_of(diamond),
    seen=lambda order: walk(order, diamond),
    want={"nodes": 4, "different": 4, "before an operand": 0, "result last": True},
    slips={
        "x stands there twice: remember which nodes you have seen": {"nodes": 5, "different": 4, "before an operand": 0, "result last": True},
        "the order is turned round: operands come before what is computed from them": {"nodes": 4, "different": 4, "before an operand": 4, "result last": False},
        "only the first operand of each node was followed": {"nodes": 3, "different": 3, "before an operand": 1, "result last": True},
        "a node stands before one of its operands: add it when all its operands are in": {"nodes": 4, "different": 4, "before an operand": 1, "result last": True},
    },
)
checks.check(
    "a Variable used by itself", 1,
    fed="y = add(x, x)",
    got=lambda: order_of(twice),
    seen=lambda order: walk(order, twice),
    want={"nodes": 2, "different": 2, "before an operand": 0, "result last": True},
    slips={"x stands there twice: remember which nodes you have seen": {"nodes": 3, "different": 2, "before an operand": 0, "result last": True}},
)
checks.check(
    "a short way and a long way", 2,
    fed="y = add(negate(x), x), and y = add(x, negate(x))",
    got=lambda: [order_of(graph) for graph in ways],
    seen=lambda orders: walks(orders, ways),
    want=[{"nodes": 3, "different": 3, "before an operand": 0, "result last": True}] * 2,
    slips={
        "a node stands before one of its operands: the order of the first visit, turned round, is not enough": [
            {"nodes": 3, "different": 3, "before an operand": 0, "result last": True},
            {"nodes": 3, "different": 3, "before an operand": 1, "result last": True},
        ],
        "a node stands before one of its operands: a short way leads to x too early": [
            {"nodes": 3, "different": 3, "before an operand": 1, "result last": True},
            {"nodes": 3, "different": 3, "before an operand": 0, "result last": True},
        ],
        "a node stands before one of its operands: order by the longest way, not by levels": [
            {"nodes": 3, "different": 3, "before an operand": 1, "result last": True},
        ] * 2,
        "x stands there twice: remember which nodes you have seen": [{"nodes": 4, "different": 3, "before an operand": 0, "result last": True}] * 2,
    },
)
checks.check(
    "a long chain", 1,
    fed="5,000 negations in a row",
    got=lambda: order_of(chain),
    seen=lambda order: walk(order, chain),
    want={"nodes": 5_001, "different": 5_001, "before an operand": 0, "result last": True},
    slips={"the function calls itself, and Python allows about a thousand calls: keep your own stack": "RecursionError"},
)
### BEGIN HIDDEN TESTS
rng = hidden_inputs("07_autograd", "test-topological-order")


def mixed(graph):
    """The same graph, its nodes in any order (else that would be an answer already), the result last."""
    places = [*rng.permutation(len(graph) - 1).tolist(), len(graph) - 1]
    return [tuple(places[place] for place in row) for _, row in sorted(zip(places, graph))]


graphs = [mixed([(), (), *((i + 1, int(rng.integers(0, i + 2))) for i in range(12))]) for _ in range(4)]
rings = mixed([(), *(row for place in range(0, 42, 3) for row in ((place,), (place,), (place + 1, place + 2)))])


def below(graph):
    """How many nodes the last one depends on, itself included."""
    found, stack = set(), [len(graph) - 1]
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack.extend(graph[node])
    return len(found)


def path_counts(graph):
    """How many paths lead from the last node to each input: for sums, the gradients."""
    counts, stack = [0.0] * len(graph), [len(graph) - 1]
    while stack:
        node = stack.pop()
        counts[node] += not graph[node]
        stack.extend(graph[node])
    return counts


checks.check(
    "hidden: four random graphs", 2,
    fed=f"two inputs, and nodes that add two others: {graphs}",
    got=lambda: [order_of(graph) for graph in graphs],
    seen=lambda orders: walks(orders, graphs),
    want=[{"nodes": below(graph), "different": below(graph), "before an operand": 0, "result last": True} for graph in graphs],
)
checks.check(
    "hidden: fourteen diamonds in a row", 1,
    fed="14 diamonds",
    got=lambda: order_of(rings),
    seen=lambda order: walk(order, rings),
    want={"nodes": 43, "different": 43, "before an operand": 0, "result last": True},
    slips={"nodes are visited once for each path: ask whether a node was seen before following its operands": "each path was followed"},
)
checks.check(
    "hidden: backward() with this order", 2,
    fed="the gradients of both inputs of the four graphs",
    got=lambda: [slopes(graph) for graph in graphs],
    want=[path_counts(graph) for graph in graphs],
    needs="a diamond",
)
### END HIDDEN TESTS
checks.score()

# %% [markdown]
"""
With both functions in place `backward()` works. The next cell draws a graph by walking it with your order: every box shows a value, and in brackets the gradient that
arrived there.
"""

# %% nbgrader={"grade": false, "grade_id": "show-graph", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
def gradients(result):
    """The gradient that arrives at each node."""
    order, arrived = topological_order(result), {result: np.ones_like(result.data.data)}
    for node in reversed(order):
        for operand, rule in node.edges:
            arrived[operand] = arrived.get(operand, 0) + rule(arrived[node])
    return order, arrived


w, x, b, target = (Variable(value) for value in (2.0, 3.0, 1.0, 4.0))
difference = w * x + b - target
loss = difference * difference
order, arrived = gradients(loss)
level, place, names = {}, {}, {w: "w", x: "x", b: "b", target: "target"}
for node in reversed(order):  # an input stands one column before what uses it
    level[node] = 4 if node is loss else np.min([level[user] for user in level if node in user.operands()]) - 1
for node in sorted(order, key=lambda node: not node.edges):
    place[node] = (level[node], -0.8 * [level[other] for other in place].count(level[node]))
fig, ax = new(height=2.2)
for node in order:
    name = names.get(node) or node.edges[0][1].__qualname__.split(".")[0]
    operands = node.operands()
    for number, operand in enumerate(operands):
        bend = 0.25 * (2 * number - 1) if operands.count(operand) > 1 else 0
        style = {"arrowstyle": "->", "color": "#0072B2", "shrinkA": 26, "shrinkB": 26, "connectionstyle": f"arc3,rad={bend}"}
        ax.annotate("", place[node], place[operand], arrowprops=style)
    ax.text(*place[node], f"{name}\n{node.item():g}  ({arrived[node]:g})", ha="center", va="center", bbox={"boxstyle": "round", "facecolor": "white"})
ax.set(xlim=(-0.5, 4.5), ylim=(-1.2, 0.4))
ax.axis("off")
loss.backward()
assert [v.grad.item() for v in (w, x, b, target)] == [18, 12, 6, -6]
show(fig, alt="The graph of the squared error of w x + b: inputs on the left, arrows through multiply, add, subtract and multiply to the loss 9; gradients in brackets: 18 for w, 12 for x, 6 for b.")

# %% [markdown]
"""
`difference` goes into the last product twice, so its gradient is 3 + 3 = 6. Check the way from there to `w` in your head: 6, 6, then times 3.

Once used, the graph is released: its arrays are no longer needed, and a training loop that kept all of them would run out of memory. What is left is a clear error, not a
silent zero.
"""

# %% nbgrader={"grade": false, "grade_id": "show-released", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
try:
    loss.backward()
except RuntimeError as error:
    print("RuntimeError:", error)
try:
    (Variable([1.0, 2.0]) * 2).backward()
except ValueError as error:
    print("ValueError:", error)
assert loss.edges is None and w.grad.item() == 18

# %% [markdown]
"""
The remaining operations change shapes or reduce them. Each reads like the ones above: note that `index` adds where an element was taken twice, and that equal
maxima share the gradient. From here on `sum` and `max` in this notebook are these functions, not Python's own.
"""

# %% nbgrader={"grade": false, "grade_id": "shapes", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| export
def reshape(a: Any, *shape: Any) -> Variable:
    """The same numbers in another shape; one length may be -1."""
    a = variable(a)
    x = a.data.data
    return record(x.reshape(*shape), (a, lambda g: g.reshape(x.shape)))


def transpose(a: Any) -> Variable:
    """The axes in reverse order."""
    a = variable(a)
    return record(a.data.data.T, (a, lambda g: g.T))


def index(a: Any, key: Any) -> Variable:
    """a[key], as a copy; an element that is taken twice gets both gradients."""
    a = variable(a)
    x = a.data.data
    keys = tuple(numpy_key(k) for k in key) if isinstance(key, tuple) else numpy_key(key)

    def scatter(g: np.ndarray) -> np.ndarray:
        gradient = np.zeros(x.shape, dtype=g.dtype)
        np.add.at(gradient, keys, g)
        return gradient

    return record(np.array(x[keys]), (a, scatter))


def numpy_key(key: Any) -> Any:
    """An index as NumPy takes it."""
    key = key.data if isinstance(key, Variable) else key
    return key.data if isinstance(key, Tensor) else key


def sum(a: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The sum of all numbers, or along `axis`."""
    a = variable(a)
    x = a.data.data
    kept = x.sum(axis=axis, keepdims=True)
    value = kept if keepdims else kept.squeeze(axis)
    return record(value, (a, lambda g: np.broadcast_to(g.reshape(kept.shape), x.shape)))


def mean(a: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The mean of all numbers, or along `axis`."""
    a = variable(a)
    x = a.data.data
    kept = x.mean(axis=axis, keepdims=True)
    value, count = kept if keepdims else kept.squeeze(axis), x.size / kept.size
    return record(value, (a, lambda g: np.broadcast_to(g.reshape(kept.shape) / count, x.shape)))


def max(a: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The largest number, or the largest along `axis`; equal ones share the gradient."""
    a = variable(a)
    x = a.data.data
    kept = x.max(axis=axis, keepdims=True)

    def share(g: np.ndarray) -> np.ndarray:
        winners = (x == kept).astype(x.dtype)
        return winners * (g.reshape(kept.shape) / winners.sum(axis=axis, keepdims=True))

    return record(kept if keepdims else kept.squeeze(axis), (a, share))

# %% [markdown]
r"""
## 6. One operation instead of four

A classifier gives each class a number, its *logit* $z_j$. The loss of a row with the right class $y$ is $-\log \mathrm{softmax}(z)_y$, which is

$$\ell = \log \sum_j e^{z_j} - z_y, \qquad \frac{\partial \ell}{\partial z_j} = \mathrm{softmax}(z)_j - [j = y].$$

Computed as exp, sum, divide and log it breaks for large logits. But subtracting the same number from all $z_j$ changes nothing, so subtract the largest: no exponential
is then above 1. How large may the largest logit be in float32 before the version in four steps breaks?
"""

# %% nbgrader={"grade": false, "grade_id": "predict-largest-logit", "locked": false, "schema_version": 3, "solution": false, "task": false} tags=["prediction", "skip-execution"]
largest_logit = None  # your guess

# %% nbgrader={"grade": false, "grade_id": "classes", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| export
def classes(logits: np.ndarray, labels: Any) -> np.ndarray:
    """`labels` as whole numbers; ValueError where they do not fit `logits`."""
    array = variable(labels).data.data
    if logits.ndim != 2 or array.shape != logits.shape[:1]:
        raise ValueError(f"logits need the shape (rows, classes) and labels (rows,), got {logits.shape} and {array.shape}")
    whole = array.astype(np.intp, copy=False)
    exact = array.dtype.kind != "f" or (whole == array).all()
    if not exact or (whole.size and not 0 <= whole.min() <= whole.max() < logits.shape[1]):
        raise ValueError(f"labels must be whole numbers from 0 to {logits.shape[1] - 1}")
    return whole

# %% [markdown]
"""
**Exercise 6: softmax_cross_entropy** (7 lines). The value is the mean of the losses of all rows; there is one rule. In it, the mean contributes a division by the number of rows, and `g` is the gradient
of the loss, a single number.

<details><summary>Hint: the value</summary>

Subtract each row's maximum (`keepdims=True`), take `np.exp`, sum along the rows. The loss of a row is the logarithm of its sum, minus the shifted logit at `picked`.
</details>
<details><summary>Hint: the rule</summary>

The exponentials divided by their row's sum are the softmax. In a copy of it subtract 1 at `picked`, then multiply by `g / len(z)`.
</details>
"""

# %% nbgrader={"grade": false, "grade_id": "softmax-cross-entropy", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def softmax_cross_entropy(logits: Any, labels: Any) -> Variable:
    """The mean over the rows of -log(softmax(row)[label]), without overflow.

    `logits` has a row for each example and a column for each class; `labels` has the class of each row.

    >>> softmax_cross_entropy(Variable([[1000.0, 0.0]]), [0]).item()
    0.0
    """
    logits = variable(logits)
    z = logits.data.data
    picked = np.arange(len(z)), classes(z, labels)  # z[picked] is the right class's logit in each row
    ### BEGIN SOLUTION
    shifted = z - z.max(axis=1, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=1, keepdims=True))

    def rule(g: np.ndarray) -> np.ndarray:
        slope = np.exp(shifted - log_total)
        slope[picked] -= 1
        return slope * (g / len(z))

    return record((log_total[:, 0] - shifted[picked]).sum() / len(z), (logits, rule))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-softmax-cross-entropy", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
def loss_of(rows, labels, gradient=1.0):
    """The loss and the gradient of the logits."""
    return local(lambda logits: softmax_cross_entropy(logits, np.array(labels)), [rows], gradient)


def settled(rows, labels):
    """The same, or a word where a number is not finite."""
    results = loss_of(rows, labels)
    return results if np.all([np.all(np.isfinite(result)) for result in results]) else "not finite"


checks = Checks("softmax_cross_entropy", points=10)
checks.require(
    "softmax_cross_entropy is written in this notebook", got=lambda: written_here(softmax_cross_entropy, "tinytorch.core.autograd")
)
checks.check(
    "two equal logits", 2,
    fed="logits [[0, 0]], label 0: the loss, ln 2, and the gradient",
    got=lambda: loss_of([[0.0, 0.0]], [0]),
    want=[np.log(2), [[-0.5, 0.5]]],
    slips={
        "the 1 of the right class is not subtracted": [np.log(2), [[0.5, 0.5]]],
        "the gradient's sign is turned: softmax minus 1 for the right class": [np.log(2), [[0.5, -0.5]]],
        "the loss has the wrong sign": [-np.log(2), [[-0.5, 0.5]]],
        "the loss and its gradient have the wrong sign": [-np.log(2), [[0.5, -0.5]]],
        "this is the probability of the right class: the loss is minus its logarithm": [0.5, [[-0.5, 0.5]]],
        "1 was subtracted from every class": [np.log(2), [[-0.5, -0.5]]],
        "sums and maxima run along each row: axis=1": [0, [[0, 1]]],
        "divided by all logits: the mean is over the rows": [np.log(2) / 2, [[-0.5, 0.5]]],
        "the exponentials have to be divided by their row's sum": [np.log(2), [[0, 1]]],
    },
)
checks.check(
    "two rows", 1,
    fed="logits [[0, 0], [0, ln 3]], labels 0 and 1, gradient of the loss 8",
    got=lambda: loss_of([[0.0, 0.0], [0.0, np.log(3)]], [0, 1], 8.0),
    want=[np.log(8 / 3) / 2, [[-2, 2], [1, -1]]],
    slips={
        "the loss is a mean over the rows: the rule has to divide by their number": [np.log(8 / 3) / 2, [[-4, 4], [2, -2]]],
        "this is the sum over the rows: take their mean": [np.log(8 / 3), [[-4, 4], [2, -2]]],
        "this is the sum over the rows, or a column (n, 1) met a row (n,): the mean is asked for": [np.log(8 / 3), [[-2, 2], [1, -1]]],
        "the gradient g of the loss is missing from the rule": [np.log(8 / 3) / 2, [[-0.25, 0.25], [0.125, -0.125]]],
        "divided by all logits: the mean is over the rows": [np.log(8 / 3) / 4, [[-1, 1], [0.5, -0.5]]],
        "the loss is divided by all logits: the mean is over the rows": [np.log(8 / 3) / 4, [[-2, 2], [1, -1]]],
        "in each row 1 is subtracted for the labels of all rows: slope[picked] takes one place of each": [np.log(8 / 3) / 2, [[-2, -2], [-3, -1]]],
        "the gradient is divided by all logits: the mean is over the rows": [np.log(8 / 3) / 2, [[-1, 1], [0.5, -0.5]]],
    },
)
checks.check(
    "logits of a thousand", 2,
    fed="logits [[1000, 0], [0, -1000]], labels 0 and 0, then label 1 for the first",
    got=lambda: [settled([[1000.0, 0.0], [0.0, -1000.0]], [0, 0]), settled([[1000.0, 0.0]], [1])],
    want=[[0, np.zeros((2, 2))], [1000, [[1, -1]]]],
    slips={
        "exp overflowed: subtract the largest logit of each row first": ["not finite", "not finite"],
        "the logarithm of 0 was taken: use the logits, not the logarithm of the softmax": [[0, np.zeros((2, 2))], "not finite"],
        "the largest logit of all rows was subtracted: each row needs its own": ["not finite", [1000, [[1, -1]]]],
    },
)
### BEGIN HIDDEN TESTS
rng = hidden_inputs("07_autograd", "test-softmax-cross-entropy")
z, labels = 2 * rng.normal(size=(5, 4)), rng.integers(0, 4, size=5).tolist()
shares = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
hot = np.eye(4)[labels]
checks.check(
    "hidden: five rows of four classes", 2,
    fed="random logits and labels, gradient of the loss -2.5",
    got=lambda: loss_of(z, labels, -2.5),
    want=[-np.mean(np.log(np.sum(shares * hot, axis=1))), -2.5 * (shares - hot) / 5],
    slips={"the gradient g of the loss is missing from the rule": [-np.mean(np.log(np.sum(shares * hot, axis=1))), (shares - hot) / 5]},
    tol=1e-9,
)
checks.check(
    "hidden: float32 stays float32, and the logits stay as they are", 1,
    fed="float32 logits: the dtypes of loss and gradient; the logits afterwards",
    got=lambda: [
        [str(array.dtype) for array in loss_of(z.astype(np.float32), labels)],
        [(slow_backward(softmax_cross_entropy(v, np.array(labels)), np.array(1.0)), v.data.data)[1] for v in [Variable(z)]][0],
    ],
    want=[["float32", "float32"], z],
    slips={
        "the logits were changed in place: make a new array": [["float32", "float32"], z - z.max(axis=1, keepdims=True)],
        "float32 became float64": [["float64", "float32"], z],
    },
    needs="two equal logits",
)
apart = np.array([[900.0, 0.0, 1.0], [-900.0, -901.0, -900.0], [0.0, 1.0, 2.0]])
near = np.exp([[0, -900, -899], [0, -1, 0], [-2, -1, 0]])
near /= near.sum(axis=1, keepdims=True)
checks.check(
    "hidden: rows far apart", 1,
    fed="logits near 900, near -900 and near 0 in one batch, labels 0, 1, 2",
    got=lambda: settled(apart, [0, 1, 2]),
    want=[-np.mean(np.log(np.diagonal(near))), (near - np.eye(3)) / 3],
    slips={"the largest logit of all rows was subtracted: each row needs its own": "not finite"},
    tol=1e-7,
)
checks.check(
    "hidden: the same rule called twice", 1,
    fed="the rule of one loss, called with 1 and again with 1",
    got=lambda: [slow_backward(loss, np.array(1.0)) or v.grad.data.data.copy() for v in [Variable(z)] for loss in [softmax_cross_entropy(v, np.array(labels))] for _ in (1, 2)],
    want=[(shares - hot) / 5, 2 * (shares - hot) / 5],
    slips={"the rule changes what it uses: the second call gives something else": [(shares - hot) / 5, (2 * shares - 3 * hot) / 5]},
    needs="two equal logits",
    tol=1e-9,
)
### END HIDDEN TESTS
checks.score()

# %% nbgrader={"grade": false, "grade_id": "show-stable", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
gaps = np.linspace(0, 120, 241, dtype=np.float32)
rows = np.stack([gaps, np.zeros_like(gaps)], axis=1)
with np.errstate(all="ignore"):
    powers = np.exp(rows)
    four_steps = -np.log(powers[:, 1] / powers.sum(axis=1))
one_step = np.array([softmax_cross_entropy(row[None], [1]).item() for row in rows])
limit = gaps[np.isfinite(four_steps)][-1]
fig, ax = new(height=2.8)
(line,) = ax.plot(gaps, one_step)
label(ax, line, "one operation", at=200, offset=(8, -10))
(line,) = ax.plot(gaps, four_steps, linewidth=4, alpha=0.6)
ax.plot(limit, limit, marker="x", color="#D55E00", markersize=10, markeredgewidth=2)
ax.annotate(f"four steps end at {limit:g}", (limit, limit), (10, -14), textcoords="offset points", color="#D55E00", fontsize=9)
ax.set(xlabel="the wrong class's logit; the right one has 0", ylabel="loss")
print(f"in four steps: infinite above {limit:g}; your guess: {largest_logit}")
assert 87 < limit < 90 and np.isfinite(one_step).all()
show(fig, alt="Cross-entropy of a wrong prediction in float32 against its logit: a straight line for the single operation; the version in four steps follows it and ends at about 88.")

# %% [markdown]
"""
## 7. Is all of it right?

Now differences earn their keep: random inputs through every operation, in float64, and the largest distance between `backward()` and a central difference.
"""

# %% nbgrader={"grade": false, "grade_id": "show-gradient-check", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
rng = np.random.default_rng(0)
operations = {
    "add": (add, 2), "subtract": (subtract, 2), "multiply": (multiply, 2), "divide": (divide, 2), "matmul": (lambda a, b: matmul(a, transpose(b)), 2),
    "power": (power, 2), "exp": (exp, 1), "log": (log, 1), "tanh": (tanh, 1), "sigmoid": (sigmoid, 1), "relu": (relu, 1),
    "sum": (lambda a: sum(a, axis=0), 1), "mean": (lambda a: mean(a, axis=1), 1), "max": (lambda a: max(a, axis=1), 1),
    "index": (lambda a: index(a, [0, 2, 0]), 1), "softmax": (lambda a: softmax_cross_entropy(a, [0, 1, 0]), 1),
}  # fmt: skip


def worst(operation, shapes, h=1e-6):
    """The largest difference between a gradient and its central difference."""
    arrays = [rng.uniform(0.5, 2, size=shape) for shape in shapes]
    inputs = [Variable(array) for array in arrays]
    result = operation(*inputs)
    weights = rng.normal(size=result.shape)
    result.backward(weights)
    errors = []
    for array, found in zip(arrays, inputs):
        for place in np.ndindex(array.shape):
            sides = []
            for shift in (h, -h):
                array[place] += shift
                sides.append(np.sum(weights * operation(*(Variable(a) for a in arrays)).data.data))
                array[place] -= shift
            errors.append(abs((sides[0] - sides[1]) / (2 * h) - found.grad.data.data[place]))
    return np.max(errors)


errors = {name: worst(operation, [(3, 4), (1, 4)][:count]) for name, (operation, count) in operations.items()}
fig, ax = new(height=3.6)
ax.barh(list(errors), list(errors.values()), color="#0072B2", height=0.6)
ax.set(xscale="log", xlim=(1e-14, 1e-4), xlabel="largest difference between backward() and a central difference")
ax.invert_yaxis()
ax.set_axisbelow(True)
assert np.max(list(errors.values())) < 1e-7
show(fig, alt="For sixteen operations, the largest difference between backward and a central difference, on a logarithmic axis: all below one in ten million.")

# %% [markdown]
"""
## 8. A network

Two classes of points, one inside the other, cannot be parted by a line. Two layers and the plain rule "weight minus 0.5 times its gradient" part them. The optimizers of
module 08 do better than that rule; the gradients stay the same.
"""

# %% nbgrader={"grade": false, "grade_id": "show-network", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
angle, inside = rng.uniform(0, 2 * np.pi, 300), np.arange(300) % 2
radius = np.where(inside, 0.8, 2.0) + 0.2 * rng.normal(size=300)
points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).astype(np.float32)
parameters = [Variable(array.astype(np.float32)) for array in (rng.normal(size=(2, 16)), np.zeros(16), rng.normal(size=(16, 2)) / 4, np.zeros(2))]


def network(batch):
    hidden = tanh(batch @ parameters[0] + parameters[1])
    return hidden @ parameters[2] + parameters[3]


losses = []
for _ in range(300):
    loss = softmax_cross_entropy(network(points), inside)
    for parameter in parameters:
        parameter.zero_grad()
    loss.backward()
    for parameter in parameters:
        parameter.data.data[...] -= 0.5 * parameter.grad.data.data
    losses.append(loss.item())
with no_grad():
    grid = np.stack(np.meshgrid(np.linspace(-3, 3, 61), np.linspace(-3, 3, 61)), axis=-1).astype(np.float32)
    scores = network(grid.reshape(-1, 2)).data.data
right = np.mean(network(points).data.data.argmax(axis=1) == inside)
fig, (left, map_) = new(2, height=3.2, width_ratios=(1.3, 1))
left.semilogy(losses)
left.set(xlabel="step", ylabel="loss")
map_.contourf(grid[..., 0], grid[..., 1], (scores[:, 1] - scores[:, 0]).reshape(61, 61), levels=[-99, 0, 99], colors=["#D55E00", "#0072B2"], alpha=0.25)
for kind, marker in [(0, "o"), (1, "^")]:
    map_.plot(*points[inside == kind].T, marker, color=["#D55E00", "#0072B2"][kind], markersize=3)
map_.set(aspect="equal", title=f"{right:.0%} right")
assert right > 0.98
show(fig, alt="Left: the loss falls over 300 steps. Right: points of an inner and an outer class, with the region that the network assigns to the inner one drawn round them.")

# %% [markdown]
"""
### What was added up

A colleague leaves out the two lines with `zero_grad`. What is `parameter.grad` in step 10 then, in terms of the gradients of the steps before, and how do the updates behave?
The colleague also keeps `loss` itself in the list, not `loss.item()`. What would that cost if `backward()` did not release the graph?
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "what-was-added-up", "locked": false, "points": 0, "schema_version": 3, "solution": true, "task": false}
"""
### BEGIN SOLUTION
The sum of the gradients of steps 1 to 10, each taken at its own weights: momentum with a factor of 1, which never forgets, so the weights overshoot and
oscillate. Each kept loss would hold its graph, with every intermediate array of its step, so memory would grow with the number of steps. Full credit: the sum, a
consequence for the updates, and that the list keeps the graphs alive.
### END SOLUTION
"""

# %% [markdown]
"""
`Variable` and two dozen short functions are enough to train real networks. What decides how fast they get there is the rule that turns a gradient into a step. Next: module 08.
"""

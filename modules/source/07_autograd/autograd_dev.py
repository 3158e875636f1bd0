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
# Automatic differentiation
"""

# %% nbgrader={"grade": false, "grade_id": "autograd-imports", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| default_exp core.autograd
#| export
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from tinytorch.core.tensor import Tensor

# %% nbgrader={"grade": false, "grade_id": "variable-class", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| export
_recording: ContextVar[bool] = ContextVar("recording", default=True)


class Variable:
    """A Tensor that remembers how it was computed, so that `backward()` can give every input its gradient.

    `data` is copied, as `Tensor` does. After `backward()` on a result, `grad` of each Variable that was made by hand
    (not by an operation) holds the derivative of the result, added to what was there before.

    >>> w = Variable(3.0)
    >>> loss = (2 * w - 1) ** 2
    >>> loss.backward()
    >>> w.grad
    Variable(20., dtype=float32)
    """

    __slots__ = ("data", "grad", "requires_grad", "edges", "__weakref__")
    __array_ufunc__ = None  # NumPy leaves `array * variable` to Variable, and refuses `np.exp(variable)`
    data: Tensor
    grad: "Variable | None"
    edges: "tuple[Edge, ...] | None"  # one for each operand; () for an input, None once released

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        self.data = Tensor(data.data if isinstance(data, Variable) else data)
        self.grad, self.requires_grad, self.edges = None, requires_grad, ()

    def __repr__(self) -> str:
        return "Variable" + repr(self.data).removeprefix("Tensor").replace("\n", "\n  ")

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise TypeError("NumPy cannot follow a Variable's graph: use the functions of autograd, or take its numbers, .data.data")

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
        """The number of a Variable that holds exactly one."""
        return self.data.item()

    def operands(self) -> "list[Variable]":
        """The Variables that this one was computed from and that need a gradient."""
        if self.edges is None:
            raise RuntimeError("this graph was released by an earlier backward(): compute the result again, or keep the graph with backward(retain_graph=True)")
        return [operand for operand, _ in self.edges]

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self.grad = None

    def backward(self, gradient: Any = None, retain_graph: bool = False) -> None:
        """Add the derivative of this result to `grad` of every input, and release the graph.

        `gradient` is the derivative of some later quantity with respect to this result; a single number needs none.
        """
        pending = {self: _seed(self, gradient)}
        order = topological_order(self)
        while order:
            node = order.pop()
            gradient = pending.pop(node)
            if not node.edges:
                _accumulate(node, gradient)
                continue
            for operand, rule in node.edges:
                piece = _fitted(rule(gradient), operand.data.data)
                pending[operand] = pending[operand] + piece if operand in pending else piece
            if not retain_graph:
                node.edges = None

    def reshape(self, *shape: Any) -> "Variable":
        """The same numbers in another shape."""
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


Rule = Callable[[np.ndarray], np.ndarray]  # from the gradient of a result to that of one operand
Edge = tuple[Variable, Rule]

# %% nbgrader={"grade": false, "grade_id": "autograd-record", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| export
@contextmanager
def no_grad() -> Iterator[None]:
    """Operations inside record nothing: their results have `requires_grad` False.

    >>> with no_grad():
    ...     (Variable(1.0) * 2).requires_grad
    False
    """
    token = _recording.set(False)
    try:
        yield
    finally:
        _recording.reset(token)


def record(value: Any, *edges: Edge) -> Variable:
    """The Variable of an operation's `value`; an edge is an operand with its rule."""
    result = Variable.__new__(Variable)
    result.data, result.grad = Tensor.wrap(value), None
    result.edges = tuple([edge for edge in edges if edge[0].requires_grad]) if _recording.get() else ()
    result.requires_grad = bool(result.edges)
    return result


def _constant(value: Any, like: np.dtype) -> Variable:
    """`value` as a Variable that needs no gradient; a Python number takes the float dtype `like`."""
    if isinstance(value, (int, float)) and not isinstance(value, np.generic) and like.kind == "f":
        return record(np.asarray(value, dtype=like))
    return Variable(value, requires_grad=False)


def _pair(a: Any, b: Any) -> tuple[Variable, Variable]:
    """Two operands as Variables."""
    if not isinstance(a, Variable):
        a = _constant(a, b.dtype if isinstance(b, Variable) else np.dtype(np.float32))
    if not isinstance(b, Variable):
        b = _constant(b, a.dtype)
    return a, b


def _single(a: Any) -> Variable:
    """An operand as a Variable."""
    return a if isinstance(a, Variable) else Variable(a, requires_grad=False)


def _seed(result: Variable, gradient: Any) -> np.ndarray:
    """The gradient that backward starts from, checked."""
    value = result.data.data
    if not result.requires_grad:
        raise RuntimeError("nothing to differentiate: no input of this result has requires_grad=True")
    if value.dtype.kind != "f":
        raise TypeError(f"a gradient needs floating-point numbers, this result holds {value.dtype}")
    if gradient is None:
        if value.size != 1:
            raise ValueError(f"backward() of a result of shape {value.shape} needs its gradient; or take sum() or mean() first")
        return np.ones_like(value)
    array = _single(gradient).data.data
    if array.shape != value.shape:
        raise ValueError(f"the gradient has shape {array.shape}, the result {value.shape}")
    return array.astype(value.dtype, copy=False)


def _fitted(gradient: np.ndarray, value: np.ndarray) -> np.ndarray:
    """The gradient of an operand in the operand's own shape and dtype."""
    if gradient.shape != value.shape:
        gradient = undo_broadcast(gradient, value.shape)
    if gradient.dtype != value.dtype:
        if value.dtype.kind != "f":
            raise TypeError(f"a gradient needs floating-point numbers, an input holds {value.dtype}; give it requires_grad=False")
        gradient = gradient.astype(value.dtype)
    return gradient


def _accumulate(variable: Variable, gradient: np.ndarray) -> None:
    """Add to `variable.grad`, in an array that nothing else holds."""
    if variable.grad is None:
        variable.grad = record(np.array(gradient))
    else:
        variable.grad = record(variable.grad.data.data + gradient)

# %% nbgrader={"grade": false, "grade_id": "topological-order", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def topological_order(result: Variable) -> list[Variable]:
    """Every Variable that `result` was computed from, each once and after all its operands; `result` is the last."""
    ### BEGIN SOLUTION
    order, seen, stack = [], set(), [(result, False)]
    while stack:
        node, finished = stack.pop()
        if finished:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((operand, False) for operand in node.operands())
    return order
    ### END SOLUTION

# %% nbgrader={"grade": false, "grade_id": "undo-broadcast", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def undo_broadcast(gradient: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The gradient of an operand of `shape`, from that of the shape it was broadcast to: the sum over its copies.

    >>> undo_broadcast(np.ones((5, 3)), (3,))
    array([5., 5., 5.])
    """
    ### BEGIN SOLUTION
    added = gradient.ndim - len(shape)
    stretched = [added + axis for axis, length in enumerate(shape) if length == 1]
    return gradient.sum(axis=(*range(added), *stretched)).reshape(shape)
    ### END SOLUTION

# %% nbgrader={"grade": false, "grade_id": "arithmetic", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| export
def add(a: Any, b: Any) -> Variable:
    """a + b."""
    a, b = _pair(a, b)
    return record(a.data.data + b.data.data, (a, lambda g: g), (b, lambda g: g))


def subtract(a: Any, b: Any) -> Variable:
    """a - b."""
    a, b = _pair(a, b)
    return record(a.data.data - b.data.data, (a, lambda g: g), (b, lambda g: -g))


def negate(a: Any) -> Variable:
    """-a."""
    a = _single(a)
    return record(-a.data.data, (a, lambda g: -g))


def divide(a: Any, b: Any) -> Variable:
    """a / b."""
    a, b = _pair(a, b)
    x, y = a.data.data, b.data.data
    value = x / y
    return record(value, (a, lambda g: g / y), (b, lambda g: -g * value / y))


def power(a: Any, b: Any) -> Variable:
    """a ** b."""
    a, b = _pair(a, b)
    x, y = a.data.data, b.data.data
    value = x**y
    return record(
        value,
        (a, lambda g: g * y * x ** np.where(y == 0, 1, y - 1).astype(y.dtype)),
        (b, lambda g: g * value * np.log(np.where(x == 0, 1, x).astype(x.dtype))),
    )


def exp(a: Any) -> Variable:
    """e ** a."""
    a = _single(a)
    value = np.exp(a.data.data)
    return record(value, (a, lambda g: g * value))


def log(a: Any) -> Variable:
    """The natural logarithm."""
    a = _single(a)
    x = a.data.data
    return record(np.log(x), (a, lambda g: g / x))


def relu(a: Any) -> Variable:
    """The larger of a and 0."""
    a = _single(a)
    x = a.data.data
    return record(np.maximum(x, 0), (a, lambda g: g * (x > 0)))


def tanh(a: Any) -> Variable:
    """The hyperbolic tangent."""
    a = _single(a)
    value = np.tanh(a.data.data)
    return record(value, (a, lambda g: g * (1 - value * value)))

# %% nbgrader={"grade": false, "grade_id": "multiply", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def multiply(a: Any, b: Any) -> Variable:
    """a * b, element by element."""
    a, b = _pair(a, b)
    x, y = a.data.data, b.data.data
    ### BEGIN SOLUTION
    return record(x * y, (a, lambda g: g * y), (b, lambda g: g * x))
    ### END SOLUTION

# %% nbgrader={"grade": false, "grade_id": "sigmoid", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def sigmoid(a: Any) -> Variable:
    """1 / (1 + e ** -a), without overflow."""
    a = _single(a)
    x = a.data.data
    ### BEGIN SOLUTION
    small = np.exp(-np.abs(x))
    value = np.where(x >= 0, 1 / (1 + small), small / (1 + small))
    return record(value, (a, lambda g: g * value * (1 - value)))
    ### END SOLUTION

# %% nbgrader={"grade": false, "grade_id": "matmul", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def matmul(a: Any, b: Any) -> Variable:
    """a @ b for vectors, matrices and stacks of matrices, as NumPy has it."""
    a, b = _pair(a, b)
    x, y = a.data.data, b.data.data
    value = x @ y
    rows, columns = np.atleast_2d(x), y if y.ndim > 1 else y[:, None]
    shape = np.broadcast_shapes(rows.shape[:-2], columns.shape[:-2]) + (rows.shape[-2], columns.shape[-1])
    ### BEGIN SOLUTION
    def to_left(g: np.ndarray) -> np.ndarray:
        return g.reshape(shape) @ columns.swapaxes(-1, -2)

    def to_right(g: np.ndarray) -> np.ndarray:
        right = rows.swapaxes(-1, -2) @ g.reshape(shape)
        return right if y.ndim > 1 else right[..., 0]
    ### END SOLUTION
    return record(value, (a, to_left), (b, to_right))

# %% nbgrader={"grade": false, "grade_id": "shapes", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| export
def reshape(a: Any, *shape: Any) -> Variable:
    """The same numbers in another shape; one length may be -1."""
    a = _single(a)
    x = a.data.data
    return record(x.reshape(*shape), (a, lambda g: g.reshape(x.shape)))


def transpose(a: Any) -> Variable:
    """The axes in reverse order."""
    a = _single(a)
    return record(a.data.data.T, (a, lambda g: g.T))


def index(a: Any, key: Any) -> Variable:
    """a[key], as a copy; an element that is taken twice gets both gradients."""
    a = _single(a)
    x = a.data.data
    key = key.data if isinstance(key, Tensor) else key

    def scatter(g: np.ndarray) -> np.ndarray:
        gradient = np.zeros_like(x, dtype=g.dtype)
        np.add.at(gradient, key, g)
        return gradient

    return record(np.array(x[key]), (a, scatter))


def sum(a: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The sum of all numbers, or along `axis`."""
    a = _single(a)
    x = a.data.data
    kept = np.sum(x, axis=axis, keepdims=True)
    value = kept if keepdims else np.sum(x, axis=axis)
    return record(value, (a, lambda g: np.broadcast_to(g.reshape(kept.shape), x.shape)))


def mean(a: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The mean of all numbers, or along `axis`."""
    a = _single(a)
    total = sum(a, axis, keepdims)
    return total * (total.data.data.size / a.data.data.size)


def max(a: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The largest number, or the largest along `axis`; equal ones share the gradient."""
    a = _single(a)
    x = a.data.data
    kept = x.max(axis=axis, keepdims=True)

    def share(g: np.ndarray) -> np.ndarray:
        winners = (x == kept).astype(x.dtype)
        return winners * (g.reshape(kept.shape) / winners.sum(axis=axis, keepdims=True))

    return record(kept if keepdims else x.max(axis=axis), (a, share))

# %% nbgrader={"grade": false, "grade_id": "softmax-cross-entropy", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def softmax_cross_entropy(logits: Any, labels: Any) -> Variable:
    """The mean over the rows of -log(softmax(row)[label]), without overflow.

    `logits` has a row for each example and a column for each class, `labels` the class of each row.

    >>> softmax_cross_entropy(Variable([[1000.0, 0.0]]), [0]).item()
    0.0
    """
    logits = _single(logits)
    z = logits.data.data
    picked = np.arange(len(z)), _classes(z, labels)
    ### BEGIN SOLUTION
    shifted = z - z.max(axis=1, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=1, keepdims=True))

    def rule(g: np.ndarray) -> np.ndarray:
        slope = np.exp(shifted - log_total)
        slope[picked] -= 1
        return slope * (g / len(z))

    return record((log_total[:, 0] - shifted[picked]).mean(), (logits, rule))
    ### END SOLUTION

# %% nbgrader={"grade": false, "grade_id": "classes", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| export
def _classes(logits: np.ndarray, labels: Any) -> np.ndarray:
    """`labels` as whole numbers, checked against `logits`."""
    array = _single(labels).data.data
    if logits.ndim != 2 or array.shape != logits.shape[:1]:
        raise ValueError(f"logits need the shape (rows, classes) and labels (rows,), got {logits.shape} and {array.shape}")
    classes = array.astype(np.intp)
    if np.any(classes != array) or np.any(classes < 0) or np.any(classes >= logits.shape[1]):
        raise ValueError(f"labels must be whole numbers from 0 to {logits.shape[1] - 1}")
    return classes

"""Every operation of autograd as a row: what to call, on which inputs, and PyTorch's name for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinytorch.core import autograd


@dataclass(frozen=True)
class Operation:
    """`ours` on Variables; `theirs(torch, *tensors)`; `shapes` draws the operands' shapes, `low` to `high` their numbers."""

    name: str
    ours: Callable[..., autograd.Variable]
    theirs: Callable[..., Any]
    shapes: st.SearchStrategy[list[tuple[int, ...]]]
    low: float = -2.0
    high: float = 2.0

    def arrays(self, shapes: list[tuple[int, ...]], seed: int) -> list[np.ndarray]:
        """Operands without ties and not next to a kink."""
        rng = np.random.default_rng(seed)
        arrays = [rng.uniform(self.low, self.high, size=shape) for shape in shapes]
        return [np.asarray(array + np.copysign(1e-2, array)) for array in arrays]

    def __str__(self) -> str:
        return self.name


SIDES = st.integers(1, 3)
ONE = st.lists(SIDES, max_size=3).map(lambda shape: [tuple(shape)])
MATRIX = st.tuples(SIDES, st.integers(2, 3)).map(lambda shape: [shape])


@st.composite
def two(draw: Any) -> list[tuple[int, ...]]:
    """Two shapes that broadcast, each with axes left out or of length 1."""
    full = draw(st.lists(SIDES, max_size=3))
    cut = [draw(st.integers(0, len(full))) for _ in range(2)]
    return [tuple(1 if draw(st.booleans()) else n for n in full[start:]) for start in cut]


@st.composite
def product(draw: Any) -> list[tuple[int, ...]]:
    """Two shapes with a matrix product: vectors, matrices, and stacks that broadcast."""
    n, m, p = draw(SIDES), draw(SIDES), draw(SIDES)
    left, right = draw(two())
    first = (m,) if draw(st.booleans()) and not left else (*left[:2], n, m)
    second = (m,) if draw(st.booleans()) and not right else (*right[:2], m, p)
    return [first, second] if fits(left[:2], right[:2]) else [(n, m), (m, p)]


def fits(*shapes: tuple[int, ...]) -> bool:
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return False
    return True


def labels(rows: int, classes: int) -> list[int]:
    return [row % classes for row in range(rows)]


OPERATIONS = [
    Operation("add", autograd.add, lambda t, a, b: a + b, two()),
    Operation("subtract", autograd.subtract, lambda t, a, b: a - b, two()),
    Operation("multiply", autograd.multiply, lambda t, a, b: a * b, two()),
    Operation("divide", autograd.divide, lambda t, a, b: a / b, two(), 0.5),
    Operation("power", autograd.power, lambda t, a, b: a**b, two(), 0.5),
    Operation("square", lambda a: a**2, lambda t, a: a**2, ONE),
    Operation("cube of a negative", lambda a: a**3, lambda t, a: a**3, ONE, -2, -0.5),
    Operation("a number to a power", lambda a: 2**a, lambda t, a: 2**a, ONE),
    Operation("negate", autograd.negate, lambda t, a: -a, ONE),
    Operation("matmul", autograd.matmul, lambda t, a, b: a @ b, product()),
    Operation("exp", autograd.exp, lambda t, a: a.exp(), ONE),
    Operation("log", autograd.log, lambda t, a: a.log(), ONE, 0.5),
    Operation("relu", autograd.relu, lambda t, a: a.relu(), ONE),
    Operation("sigmoid", autograd.sigmoid, lambda t, a: a.sigmoid(), ONE, -30, 30),
    Operation("tanh", autograd.tanh, lambda t, a: a.tanh(), ONE),
    Operation("sum", autograd.sum, lambda t, a: a.sum(), ONE),
    Operation("sum of an axis", lambda a: a.sum(axis=-1), lambda t, a: a.sum(-1), MATRIX),
    Operation("mean", autograd.mean, lambda t, a: a.mean(), ONE),
    Operation("mean, axis kept", lambda a: a.mean(axis=0, keepdims=True), lambda t, a: a.mean(0, keepdim=True), MATRIX),
    Operation("mean of two axes", lambda a: a.mean(axis=(0, 1)), lambda t, a: a.mean((0, 1)), MATRIX),
    Operation("max", autograd.max, lambda t, a: a.amax(), ONE),
    Operation("max of an axis", lambda a: a.max(axis=1), lambda t, a: a.amax(1), MATRIX),
    Operation("reshape", lambda a: a.reshape(-1), lambda t, a: a.reshape(-1), ONE),
    Operation("transpose", lambda a: a.T, lambda t, a: a.permute(tuple(range(a.ndim))[::-1]), ONE),
    Operation("a row twice", lambda a: a[[0, 0]], lambda t, a: a[[0, 0]], MATRIX),
    Operation("a column", lambda a: a[:, 1], lambda t, a: a[:, 1], MATRIX),
    Operation("softmax cross-entropy", lambda a: autograd.softmax_cross_entropy(a, labels(*a.shape)),
              lambda t, a: t.nn.functional.cross_entropy(a, t.tensor(labels(*a.shape))), MATRIX, -30, 30),
]  # fmt: skip

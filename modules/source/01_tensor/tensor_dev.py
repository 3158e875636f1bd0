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
# Tensors

> The array that the rest of TinyTorch computes with: numbers of one dtype, with NumPy's broadcasting.
> `Tensor(data)` copies its input; every operation gives a new Tensor.

Here you write the parts of a tensor that go wrong most quietly: which dtype it has, who shares its memory, which shapes may
meet, and in which order its numbers lie. You need Python and a little NumPy. Two hours are enough.

Graded cells show their visible checks. Hidden checks of the same kind run when your work is graded: other numbers, other
shapes, other dtypes.

After this notebook you can

- turn what a user hands over into an array, with the right dtype and without sharing memory: `test-as-array`;
- predict the shape of any operation on two arrays, and see why a shape that fits can still be a bug: `test-broadcast-shape`, `why-the-loss-stays`;
- write operators that work with plain numbers on either side and never widen a dtype: `test-tensor`;
- compute a matrix product from its definition: `test-matmul`;
- say where an element lies in memory, and why that decides how fast a sum is: `test-strides`.
"""

# %% nbgrader={"grade": false, "grade_id": "tensor-imports", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| default_exp core.tensor
#| export
from collections.abc import Iterator
from typing import Any

import numpy as np

# %% [markdown]
"""
## 1. A number has a dtype

Add 0.1 ten million times, in float32. The true sum is 1,000,000. Write down what you expect before you run the cell below it.
"""

# %% nbgrader={"grade": false, "grade_id": "predict-sum", "locked": false, "schema_version": 3, "solution": false, "task": false} tags=["prediction", "skip-execution"]
expected_sum = None  # your guess, a number

# %% nbgrader={"grade": false, "grade_id": "show-running-sum", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
from tinytorch.figures import label, new, show

counts = np.arange(1, 10_000_001)
sampled = np.unique(np.geomspace(1, 10_000_000, 400).astype(int)) - 1
fig, ax = new()
for dtype, word in [(np.float32, "float32, one after another"), (np.float64, "float64, one after another")]:
    running = np.cumsum(np.full(10_000_000, 0.1, dtype))
    error = np.abs(running[sampled] / (counts[sampled] / 10) - 1)
    (line,) = ax.loglog(counts[sampled], np.maximum(error, 1e-17))
    label(ax, line, word, at=330, offset=(-6, 12), ha="right")
    print(f"{word}: {running[-1]:,.1f}")
    assert (error[-1] > 0.08) == (dtype is np.float32)
pairwise = np.full(10_000_000, 0.1, np.float32).sum()
print(f"float32, np.sum: {pairwise:,.1f}; your guess: {expected_sum}")
ax.set(xlabel="how many times 0.1 was added", ylabel="relative error of the sum", ylim=(1e-17, 1))
show(fig, alt="Relative error of a running sum of 0.1 against the number of terms: float32 climbs to about 9 percent at ten million, float64 stays below one in a billion.")

# %% [markdown]
"""
The float32 sum is almost nine percent off. From 524,288 on, neighbouring float32 numbers lie 1/16 apart, so each addition of 0.1 adds 0.125, and
errors of one sign add up. `np.sum` adds in pairs, and seven digits stay right. The dtype and the order of operations are part of a result.

float32 is the usual choice all the same: half the memory of float64, and precise enough for a network's weights. So the rule of this
course is:

| data | dtype of the Tensor |
|---|---|
| Python numbers, and lists of them | float32 |
| anything with `__array__`: arrays, NumPy scalars, Tensors | its own |

The function below is given. It refuses what holds no numbers, and it may hand back the caller's own memory.
"""

# %% nbgrader={"grade": false, "grade_id": "to-numpy", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| export
def to_numpy(data: Any) -> np.ndarray:
    """`data` as an array of real numbers, over its own memory where NumPy can do that.

    Raises ValueError for rows of different lengths, TypeError for what holds anything but numbers.

    >>> to_numpy([[1, 2], [3]])
    Traceback (most recent call last):
        ...
    ValueError: the rows of a Tensor must have equal lengths, got [[1, 2], [3]]
    """
    try:
        array = np.asarray(data)
    except ValueError:
        raise ValueError(f"the rows of a Tensor must have equal lengths, got {data!s:.60}") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"a Tensor holds real numbers only, got {type(data).__name__}: {data!s:.60}")
    return array

# %% [markdown]
"""
Sharing is cheap and it bites: whoever changes the source later changes the other too.
"""

# %% nbgrader={"grade": false, "grade_id": "show-shared-memory", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
source = np.zeros(3)
shared, copied = to_numpy(source), np.array(source)
source[0] = 7
print("shared:", shared, " copied:", copied)

# %% [markdown]
"""
**Exercise 1.** Write `as_array` (about 3 lines): call `to_numpy`, choose the dtype by the table, return a copy.

<details><summary>Hint: telling the two rows of the table apart</summary>

`hasattr(data, "__array__")` is true for exactly the second row.
</details>
<details><summary>Hint: dtype and copy in one call</summary>

`np.array(array, dtype=...)` always copies; `np.asarray` copies only where it must.
</details>
"""

# %% nbgrader={"grade": false, "grade_id": "as-array", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def as_array(data: Any) -> np.ndarray:
    """A new array with the numbers of `data`: changing one never changes the other.

    Arrays, NumPy scalars and Tensors keep their dtype; Python numbers and lists of them become float32.

    >>> as_array([1, 2]).dtype, as_array(np.array([1.0, 2.0])).dtype
    (dtype('float32'), dtype('float64'))
    """
    ### BEGIN SOLUTION
    array = to_numpy(data)
    return np.array(array, dtype=array.dtype if hasattr(data, "__array__") else np.float32)
    ### END SOLUTION

# %% nbgrader={"grade": false, "grade_id": "tensor-probes", "locked": true, "schema_version": 3, "solution": false, "task": false}
from tinytorch.checks import Checks, hidden_inputs
from tinytorch.written import written_here


def refusal(function, *arguments):
    """The name of the error that a call raises, or "accepted"."""
    try:
        function(*arguments)
    except Exception as error:
        return type(error).__name__
    return "accepted"


def after_change(make, source):
    """What `make(source)` holds once the source has been changed, and the source once that has been changed."""
    made = make(source)
    source[0] = 7
    kept = made.tolist()
    made[-1] = 9
    return [kept, source.tolist()]


def dtype_of(array):
    return str(array.dtype)


def as_lists(made):
    """The numbers of an array as lists, or words for what is none."""
    return made.tolist() if isinstance(made, np.ndarray) else f"a {type(made).__name__}, not an array"


def whole_lengths(lengths):
    """A shape as a tuple, with words in the place of what is no whole number."""
    return tuple(n if hasattr(n, "__index__") else f"{n!r} is no whole number" for n in lengths)

# %% nbgrader={"grade": true, "grade_id": "test-as-array", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
checks = Checks("as_array", points=10)
checks.require("as_array is written in this notebook", got=lambda: written_here(as_array, "tinytorch.core.tensor"))
checks.check(
    "the numbers arrive", 1,
    fed="[[1, 2], [3, 4]]",
    got=lambda: as_lists(as_array([[1, 2], [3, 4]])),
    want=[[1, 2], [3, 4]],
    slips={"nothing came back: is there a return?": "a NoneType, not an array"},
)
checks.check(
    "Python numbers become float32", 1,
    fed="[1, 2], [0.5, 2] and 0.5; the dtype of each result, and the shape of the last",
    got=lambda: [*(dtype_of(as_array(data)) for data in ([1, 2], [0.5, 2], 0.5)), list(as_array(0.5).shape)],
    want=["float32", "float32", "float32", []],
    slips={
        "NumPy's own choice for Python numbers is int64 and float64: ask for float32": ["int64", "float64", "float64", []],
        "Python floats are float64 for NumPy: ask for float32": ["float64", "float64", "float64", []],
        "a single number is a Python number, too: it becomes float32": ["float32", "float32", "float64", []],
        "a single number has no axes: its shape is ()": ["float32", "float32", "float32", [1]],
    },
    needs="the numbers arrive",
)
checks.check(
    "an array keeps its float dtype", 1,
    fed="float64 array [1, 2]; the dtype of the result",
    got=lambda: dtype_of(as_array(np.array([1.0, 2.0]))),
    want="float64",
    slips={"an array was made float32: it keeps the dtype it has": "float32"},
    needs="the numbers arrive",
)
checks.check(
    "a NumPy scalar keeps its float dtype", 1,
    fed="np.float64(0.5); the dtype of the result, its number, and whether it is an array",
    got=lambda: [[dtype_of(made), float(made.sum()), isinstance(made, np.ndarray)] for made in [as_array(np.float64(0.5))]][0],
    want=["float64", 0.5, True],
    slips={
        "a NumPy scalar was treated as a Python number: it has __array__ and keeps its dtype": ["float32", 0.5, True],
        "this is a scalar still, its copy() too: np.array(...) makes an array of it": ["float64", 0.5, False],
    },
    needs="the numbers arrive",
)
checks.check(
    "the result is a copy", 2,
    fed="source = array [0, 0, 0]; afterwards source[0] = 7, then result[-1] = 9; both",
    got=lambda: after_change(as_array, np.array([0.0, 0.0, 0.0])),
    want=[[0, 0, 0], [7, 0, 0]],
    slips={"the result shares its source's memory: copy it (np.asarray does not)": [[7, 0, 0], [7, 0, 9]]},
    needs="the numbers arrive",
)
### BEGIN HIDDEN TESTS
rng = hidden_inputs("01_tensor", "test-as-array")


class Holder:
    """Numbers with `__array__`, as a Tensor will have them."""

    def __init__(self, array):
        self.array, self.dtype, self.shape = array, array.dtype, array.shape

    def __array__(self, dtype=None, copy=None):
        return np.array(self.array, dtype=dtype) if copy else np.asarray(self.array, dtype=dtype)


kinds = ["float16", "float32", "float64", "int64", "int32", "bool"]
checks.check(
    "hidden: every dtype of an array is kept", 1,
    fed=f"arrays of dtype {kinds}, then objects that have such an __array__; the dtypes of the results",
    got=lambda: [[dtype_of(as_array(make(np.ones(2, kind)))) for kind in kinds] for make in (np.array, Holder)],
    want=[kinds, kinds],
    slips={
        "float dtypes are kept and whole numbers are not: labels and indices need theirs": [[*kinds[:3], *["float32"] * 3]] * 2,
        "arrays were made float32": [["float32"] * 6] * 2,
        "a Tensor has __array__ too, and keeps its dtype": [kinds, ["float32"] * 6],
    },
    needs="the numbers arrive",
)
block = rng.normal(size=(2, 3, 2)).round(3)
nested = block.tolist()
checks.check(
    "hidden: nested lists", 1,
    fed="a list of lists of lists, 2 by 3 by 2, and the same turned round; dtype and numbers",
    got=lambda: [dtype_of(as_array(nested)), *(made.tolist() for made in [as_array(nested), as_array(nested[::-1])])],
    want=["float32", block.tolist(), block[::-1].tolist()],
    slips={"the dtype is float64, NumPy's own for Python floats": ["float64", block.tolist(), block[::-1].tolist()]},
    tol=1e-6,
)
row = rng.normal(size=4).astype(np.float32)
seven, nine = np.array(row), np.array(row)
seven[0], nine[:] = 7, [7, *row[1:-1], 9]
checks.check(
    "hidden: a float32 array is copied too", 1,
    fed="a float32 array, a column of it, and an object that has it as its __array__; each changed afterwards",
    got=lambda: [
        after_change(as_array, np.array(row)), after_change(as_array, np.array(row[:, None])),
        after_change(lambda source: as_array(Holder(source)), np.array(row)),
    ],
    want=[[row.tolist(), seven.tolist()], [row[:, None].tolist(), seven[:, None].tolist()], [row.tolist(), seven.tolist()]],
    slips={
        "the result shares its source's memory: astype, asarray and [:] do not always copy": [
            [seven.tolist(), nine.tolist()], [seven[:, None].tolist(), nine[:, None].tolist()], [seven.tolist(), nine.tolist()],
        ],
        "what has __array__ hands out its own memory: that is copied too": [
            [row.tolist(), seven.tolist()], [row[:, None].tolist(), seven[:, None].tolist()], [seven.tolist(), nine.tolist()],
        ],
    },
    needs="the numbers arrive",
)
checks.check(
    "hidden: what is no number is refused", 1,
    fed='"12", [[1], [1, 2]] and a generator; the errors',
    got=lambda: [refusal(as_array, data) for data in ("12", [[1], [1, 2]], (i for i in [1]))],
    want=["TypeError", "ValueError", "TypeError"],
    slips={
        "the text was read as a number: call to_numpy, which refuses it": ["accepted", "ValueError", "TypeError"],
        "every refusal was turned off: call to_numpy": ["accepted"] * 3,
    },
    needs="the numbers arrive",
)
### END HIDDEN TESTS
checks.score()

# %% [markdown]
r"""
## 2. Which shapes may meet

Two arrays of different shapes can meet in one operation: the shorter shape is filled with 1 on the left, and an axis of length 1 is
repeated to the length of the other. With the lengths $a$ and $b$ of one axis, the length of the result is

$$c = \begin{cases} a & \text{if } a = b \text{ or } b = 1 \\ b & \text{if } a = 1 \\ \text{error} & \text{otherwise.}\end{cases}$$

| first | second | result |
|---|---|---|
| `(5, 1)` | `(3,)` | `(5, 3)` |
| `(2, 3, 4)` | `(3, 1)` | `(2, 3, 4)` |
| `(3,)` | `(4,)` | error |
| `(1,)` | `(0,)` | `(0,)` |

Note the last row: the rule is not "the larger one".

**Exercise 2.** Write `broadcast_shape` (about 7 lines). Raise `ValueError` with both shapes in the message where they do not fit; without that
message a user sees only that "something" was wrong.

<details><summary>Hint: equal lengths first</summary>

`(1,) * (n - len(shape)) + shape` fills a shape to `n` axes. A negative number of ones is none.
</details>
"""

# %% nbgrader={"grade": false, "grade_id": "broadcast-shape", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def broadcast_shape(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of an operation on arrays of the shapes `first` and `second`.

    Shapes are aligned at the last axis; two lengths fit where they are equal or one of them is 1, else ValueError.

    >>> broadcast_shape((5, 1), (3,))
    (5, 3)
    """
    ### BEGIN SOLUTION
    result = []
    ndim = max(len(first), len(second))
    for a, b in zip((1,) * (ndim - len(first)) + first, (1,) * (ndim - len(second)) + second, strict=True):
        if a != b and a != 1 and b != 1:
            raise ValueError(f"shapes {first} and {second} do not broadcast: {a} meets {b}")
        result.append(b if a == 1 else a)
    return tuple(result)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-broadcast-shape", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
checks = Checks("broadcast_shape", points=8)
checks.require("broadcast_shape is written in this notebook", got=lambda: written_here(broadcast_shape, "tinytorch.core.tensor"))
checks.check(
    "a column meets a row", 1,
    fed="(5, 1) and (3,); (4,) and (2, 1)",
    got=lambda: [tuple(broadcast_shape((5, 1), (3,))), tuple(broadcast_shape((4,), (2, 1)))],
    want=[(5, 3), (2, 4)],
    slips={
        "an axis of length 1 was not repeated": [(5, 1), (2, 1)],
        "axes are missing: fill the shorter shape with 1 first, and return after the loop": [(3,), (4,)],
        "the axes are in reverse order: turn them round again at the end": [(3, 5), (4, 2)],
        "only the first axis is there: return after the loop, not in it": [(5,), (2,)],
    },
)
checks.check(
    "equal shapes", 1,
    fed="(2, 3) and (2, 3)",
    got=lambda: tuple(broadcast_shape((2, 3), (2, 3))),
    want=(2, 3),
    needs="a column meets a row",
)
checks.check(
    "a single number meets a matrix, on either side", 1,
    fed="() and (2, 3); (2, 3) and ()",
    got=lambda: [tuple(broadcast_shape((), (2, 3))), tuple(broadcast_shape((2, 3), ()))],
    want=[(2, 3), (2, 3)],
    slips={"the shorter shape decided how many axes there are": [(), ()]},
    needs="a column meets a row",
)
checks.check(
    "missing axes are added on the left", 1,
    fed="(1, 3, 4) and (3, 1)",
    got=lambda: whole_lengths(broadcast_shape((1, 3, 4), (3, 1))),
    want=(1, 3, 4),
    slips={"the shapes were aligned at the first axis: they are aligned at the last one": (3, 3, 4)},
    needs="a column meets a row",
)
checks.check(
    "lengths that do not fit are refused", 1,
    fed="(3,) and (4,); (2, 3) and (2,); (2, 1) and (3, 3); the errors",
    got=lambda: [refusal(broadcast_shape, *shapes) for shapes in (((3,), (4,)), ((2, 3), (2,)), ((2, 1), (3, 3)))],
    want=["ValueError"] * 3,
    slips={
        "shapes that do not fit were accepted": ["accepted"] * 3,
        "2 and 3 were aligned at the first axis": ["ValueError", "accepted", "ValueError"],
        "raise ValueError: assert raises AssertionError, and python -O leaves it out": ["AssertionError"] * 3,
    },
    needs="a column meets a row",
)
### BEGIN HIDDEN TESTS
rng = hidden_inputs("01_tensor", "test-broadcast-shape")
full = rng.integers(2, 6, size=(16, 4))
ones = rng.integers(0, 2, size=(2, 16, 4)).astype(bool)
pairs = [  # of every two counts of axes
    tuple(tuple(int(n) for n in np.where(ones[side][i], 1, full[i])[-kept:]) for side, kept in enumerate((1 + i % 4, 1 + i // 4)))
    for i in range(16)
]
wanted = [np.broadcast(np.empty(a), np.empty(b)).shape for a, b in pairs]
checks.check(
    "hidden: sixteen pairs of shapes", 1,
    fed=f"{pairs}",
    got=lambda: [tuple(broadcast_shape(a, b)) for a, b in pairs],
    want=wanted,
    needs="a column meets a row",
)


def refused(first, second):
    """The name of the error, and whether every length of both shapes stands in its message."""
    try:
        broadcast_shape(first, second)
    except Exception as error:
        return [type(error).__name__, all(str(length) in str(error) for length in first + second)]
    return ["accepted", False]


n = int(rng.integers(11, 20))
unfit = [((101, 1, n), (1, 103, 2 * n)), ((n, 1, 1), (2 * n, 1, 1)), ((0,), (n,)), ((n,), (0,))]
checks.check(
    "hidden: shapes that do not fit, and the message", 1,
    fed=f"{unfit}: the errors, and whether each message holds both shapes",
    got=lambda: [refused(*shapes) for shapes in unfit],
    want=[["ValueError", True]] * 4,
    slips={
        "the message has to hold both shapes": [["ValueError", False]] * 4,
        "the message holds the two lengths that do not fit: it has to hold both shapes": [["ValueError", False], *[["ValueError", True]] * 3],
        "shapes that do not fit were accepted": [["accepted", False]] * 4,
    },
    needs="hidden: sixteen pairs of shapes",
)
checks.check(
    "hidden: an empty axis", 1,
    fed="(1,) and (0,); (0,) and (1,); (4, 0) and (1, 1)",
    got=lambda: [tuple(broadcast_shape(a, b)) for a, b in (((1,), (0,)), ((0,), (1,)), ((4, 0), (1, 1)))],
    want=[(0,), (0,), (4, 0)],
    slips={"the larger length was taken: where one length is 1, the result has the other, and that may be 0": [(1,), (1,), (4, 1)]},
)
### END HIDDEN TESTS
checks.score()

# %% [markdown]
"""
### A shape that fits and is wrong

A model predicts every target of 40 exactly. The predictions come as a column, `(40, 1)`, the targets as `(40,)`. Their mean squared
difference should be 0. What is it?
"""

# %% nbgrader={"grade": false, "grade_id": "predict-loss", "locked": false, "schema_version": 3, "solution": false, "task": false} tags=["prediction", "skip-execution"]
expected_loss = None  # your guess: the shape of the difference, and is the loss 0?

# %% nbgrader={"grade": false, "grade_id": "show-perfect-predictions", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
targets = np.sort(np.random.default_rng(1).normal(size=40))
difference = targets.reshape(40, 1) - targets
fig, (left, right) = new(2, height=3.0, width_ratios=(1, 1.4))
left.imshow(difference, cmap="PuOr", vmin=-4, vmax=4)
left.set(title=f"shape {broadcast_shape((40, 1), (40,))}", xlabel="target", ylabel="prediction")
left.grid(False)
losses = [np.mean(difference**2), 2 * targets.var(), np.mean((targets - targets) ** 2)]
right.barh(["mean of (40, 1) minus (40,)", "twice the variance", "mean of (40,) minus (40,)"], losses, color="#0072B2", height=0.5)
right.set(xlabel="mean squared difference", title="perfect predictions")
right.invert_yaxis()
right.set_axisbelow(True)
assert np.isclose(losses[0], losses[1])
show(fig, alt="Left: the difference of a column and a row of 40 numbers is a 40 by 40 square. Right: its mean square equals twice the variance of the targets, while the right shape gives zero.")

# %% [markdown]
"""
Every prediction was compared with every target. The loss is twice the variance of the targets, no error is raised, and a model trained on it learns
to predict their mean.

### Why the loss stays

Suppose a colleague trains with such a loss. It falls at first, and then stays near the variance of the targets for ever.
Why does it fall at all, what has the model learned when it stops, and which one line would have shown the mistake on the first day?
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "why-the-loss-stays", "locked": false, "points": 0, "schema_version": 3, "solution": true, "task": false}
"""
### BEGIN SOLUTION
The mean over all pairs is smallest where every prediction is the mean of the targets: there it equals their variance. So it falls while the outputs move
to that constant, and cannot go below. `assert prediction.shape == target.shape` would have shown it. Full credit: the constant,
the reason in terms of all pairs, and a check of shapes (or a look at the predictions).
### END SOLUTION
"""

# %% [markdown]
"""
## 3. The class

Most of `Tensor` is one line per operation, and given. **Exercise 3** is to fill the three places left (8 lines together):

1. `operand` makes an array of the other side of an operator. `np.asarray(0.1)` is float64 and would widen a float32 Tensor; `as_array(0.1)` is float32 and would round
   the 0.1 that a float64 Tensor meets. So a Python number takes the dtype of a float Tensor. With a Tensor of whole numbers it is left to NumPy.
   Anything else goes through `as_array`.
2. `__rsub__`, `__rtruediv__` and `__rpow__` run for `number - tensor` and the like. Python calls them with the *Tensor* as `self`.
3. `mean`, along any axis: a sum, divided by how many numbers went into each of its entries.

<details><summary>Hint for operand</summary>

`np.asarray(other, dtype=None)` leaves the choice to NumPy.
</details>
<details><summary>Hint for mean</summary>

How often does the size of the result go into the size of the Tensor?
</details>
"""

# %% nbgrader={"grade": false, "grade_id": "tensor-class", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Tensor:
    """Numbers of one dtype, with NumPy's broadcasting: `.data` is the array, and every operation gives a new Tensor.

    `Tensor(data)` copies a number, nested lists, an array or a Tensor; `as_array` says which dtype it gets.

    >>> x = Tensor([[1, 2], [3, 4]])
    >>> 1 - x.mean(axis=0) / 2
    Tensor([ 0. , -0.5], dtype=float32)
    >>> x @ x.T
    Tensor([[ 5., 11.],
            [11., 25.]], dtype=float32)
    """

    __slots__ = ("__weakref__", "data")
    __array_priority__ = 1000.0  # `array + tensor` is a Tensor
    data: np.ndarray

    def __init__(self, data: Any) -> None:
        self.data = as_array(data)

    @classmethod
    def wrap(cls, array: Any) -> "Tensor":
        """A Tensor over `array` itself: neither copied nor checked."""
        tensor = cls.__new__(cls)
        tensor.data = array if type(array) is np.ndarray else np.asarray(array)
        return tensor

    def operand(self, other: Any) -> np.ndarray:
        """`other` as an array; a Python number takes the dtype of a float Tensor, so it neither widens nor rounds."""
        if isinstance(other, Tensor):
            return other.data
        ### BEGIN SOLUTION
        if isinstance(other, (int, float)):
            return np.asarray(other, dtype=self.dtype if self.dtype.kind == "f" else None)
        return as_array(other)
        ### END SOLUTION

    def apply(self, function: Any, other: Any, reflected: bool = False) -> "Tensor":
        """`function(self, other)` as a Tensor, or `function(other, self)` where `reflected`."""
        if getattr(other, "__array_ufunc__", 0) is None:  # NumPy's sign of an operand that computes for itself
            return NotImplemented
        sides = (self.operand(other), self.data) if reflected else (self.data, self.operand(other))
        try:
            return Tensor.wrap(function(*sides))
        except ValueError:
            first, second = sides[0].shape, sides[1].shape
            if function is np.matmul:
                raise ValueError(f"shapes {first} and {second} have no matrix product") from None
            broadcast_shape(first, second)  # says which lengths do not fit
            raise

    def __add__(self, other: Any) -> "Tensor":
        return self.apply(np.add, other)

    def __sub__(self, other: Any) -> "Tensor":
        return self.apply(np.subtract, other)

    def __mul__(self, other: Any) -> "Tensor":
        return self.apply(np.multiply, other)

    def __truediv__(self, other: Any) -> "Tensor":
        return self.apply(np.divide, other)

    def __pow__(self, other: Any) -> "Tensor":
        return self.apply(np.power, other)

    def __matmul__(self, other: Any) -> "Tensor":
        return self.apply(np.matmul, other)

    def __rsub__(self, other: Any) -> "Tensor":
        ### BEGIN SOLUTION
        return self.apply(np.subtract, other, reflected=True)
        ### END SOLUTION

    def __rtruediv__(self, other: Any) -> "Tensor":
        ### BEGIN SOLUTION
        return self.apply(np.divide, other, reflected=True)
        ### END SOLUTION

    def __rpow__(self, other: Any) -> "Tensor":
        ### BEGIN SOLUTION
        return self.apply(np.power, other, reflected=True)
        ### END SOLUTION

    def __rmatmul__(self, other: Any) -> "Tensor":
        return self.apply(np.matmul, other, reflected=True)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> "Tensor":
        return Tensor.wrap(-self.data)

    def __eq__(self, other: object) -> Any:
        return self.apply(np.equal, other)

    def __ne__(self, other: object) -> Any:
        return self.apply(np.not_equal, other)

    def __lt__(self, other: Any) -> "Tensor":
        return self.apply(np.less, other)

    def __le__(self, other: Any) -> "Tensor":
        return self.apply(np.less_equal, other)

    def __gt__(self, other: Any) -> "Tensor":
        return self.apply(np.greater, other)

    def __ge__(self, other: Any) -> "Tensor":
        return self.apply(np.greater_equal, other)

    __hash__ = object.__hash__

    def sum(self, axis: Any = None, keepdims: bool = False) -> "Tensor":
        """The sum of all numbers, or along `axis`."""
        return Tensor.wrap(self.data.sum(axis=axis, keepdims=keepdims))

    def mean(self, axis: Any = None, keepdims: bool = False) -> "Tensor":
        """The mean of all numbers, or along `axis`."""
        ### BEGIN SOLUTION
        total = self.sum(axis, keepdims)
        return total / (self.size / total.size)
        ### END SOLUTION

    def max(self, axis: Any = None, keepdims: bool = False) -> "Tensor":
        """The largest number, or the largest along `axis`."""
        return Tensor.wrap(self.data.max(axis=axis, keepdims=keepdims))

    def argmax(self, axis: int | None = None) -> "Tensor":
        """The index of the largest number: in the flattened Tensor, or along `axis`."""
        return Tensor.wrap(self.data.argmax(axis=axis))

    def exp(self) -> "Tensor":
        """e to the power of each number."""
        return Tensor.wrap(np.exp(self.data))

    def log(self) -> "Tensor":
        """The natural logarithm of each number."""
        return Tensor.wrap(np.log(self.data))

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis; `()` for a single number."""
        return self.data.shape

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return self.data.size

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return self.data.ndim

    @property
    def dtype(self) -> np.dtype:
        """The type of its numbers."""
        return self.data.dtype

    @property
    def T(self) -> "Tensor":
        """The axes in reverse order, over the same memory."""
        return Tensor.wrap(self.data.T)

    def reshape(self, *shape: Any) -> "Tensor":
        """The same numbers in another shape, over the same memory where that is possible; one length may be -1."""
        return Tensor.wrap(self.data.reshape(*shape))

    def numpy(self) -> np.ndarray:
        """A copy of the array."""
        return self.data.copy()

    def item(self) -> float:
        """The number in a Tensor that holds exactly one."""
        if self.size != 1:
            raise ValueError(f"item() needs exactly one number; this Tensor of shape {self.shape} holds {self.size}")
        return self.data.item()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.data, dtype=dtype) if copy else np.asarray(self.data, dtype=dtype)

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator["Tensor"]:
        return (Tensor.wrap(row) for row in self.data)

    def __getitem__(self, key: Any) -> "Tensor":
        return Tensor.wrap(self.data[key.data if isinstance(key, Tensor) else key])

    def __setitem__(self, key: Any, value: Any) -> None:
        self.data[key.data if isinstance(key, Tensor) else key] = to_numpy(value)

    def __bool__(self) -> bool:
        return bool(self.data)

    def __repr__(self) -> str:
        return f"Tensor({np.array2string(self.data, separator=', ', prefix='Tensor(')}, dtype={self.dtype})"

# %% nbgrader={"grade": true, "grade_id": "test-tensor", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
def tensor_values(tensor):
    """The numbers of a Tensor as lists, or words for what is none."""
    return tensor.data.tolist() if isinstance(tensor, Tensor) else f"a {type(tensor).__name__}, not a Tensor"


def numbers(tensor):
    """dtype and numbers of a Tensor."""
    return [str(tensor.data.dtype), tensor_values(tensor)]


def over(values, dtype="float32"):
    """A Tensor made without your as_array, so that this cell judges the class alone."""
    return Tensor.wrap(np.array(values, dtype))


checks = Checks("Tensor", points=8)
checks.require(
    "Tensor is written in this notebook",
    got=lambda: written_here(Tensor, "tinytorch.core.tensor", apart=("as_array", "broadcast_shape", "to_numpy")),
)
checks.check(
    "a Python number does not widen float32", 1,
    fed="Tensor([1, 2]) * 0.5",
    got=lambda: numbers(over([1, 2]) * 0.5),
    want=["float32", [0.5, 1]],
    slips={"0.5 became a float64 array, and that widens: give it the Tensor's dtype": ["float64", [0.5, 1]]},
)
checks.check(
    "a Python number is not rounded for float64", 1,
    fed="a float64 Tensor [1] * 0.1",
    got=lambda: numbers(over([1], "float64") * 0.1),
    want=["float64", [0.1]],
    slips={
        "0.1 was rounded to float32 on the way: give it the Tensor's dtype": ["float64", [float(np.float32(0.1))]],
        "the result has become float32: the Tensor's dtype decides": ["float32", [float(np.float32(0.1))]],
    },
    tol=1e-12,
)
checks.check(
    "a number on the left", 1,
    fed="1 - Tensor([3, 5]), 6 / Tensor([4, 2])",
    got=lambda: [tensor_values(1 - over([3, 5])), tensor_values(6 / over([4, 2]))],
    want=[[-2, -4], [1.5, 3]],
    slips={
        "the two sides are swapped: __rsub__ computes other - self": [[2, 4], [2 / 3, 1 / 3]],
        "number - tensor has its sides swapped: __rsub__ computes other - self": [[2, 4], [1.5, 3]],
        "number / tensor has its sides swapped: __rtruediv__ computes other / self": [[-2, -4], [2 / 3, 1 / 3]],
        "the fraction is cut off: __rtruediv__ is /, not //": [[-2, -4], [1, 3]],
    },
)
checks.check(
    "a power with a number on the left", 1,
    fed="2 ** Tensor([3, 1])",
    got=lambda: tensor_values(2 ** over([3, 1])),
    want=[8, 2],
    slips={"the two sides are swapped: __rpow__ computes other ** self": [9, 1]},
)
checks.check(
    "the mean along an axis", 1,
    fed="Tensor([[1, 2], [3, 6]]).mean(axis=0), .mean(axis=1), .mean()",
    got=lambda: [tensor_values(over([[1, 2], [3, 6]]).mean(axis=axis)) for axis in (0, 1, None)],
    want=[[2, 4], [1.5, 4.5], 3],
    slips={
        "divided by all numbers of the Tensor, not by those that went into each entry": [[1, 2], [0.75, 2.25], 3],
        "axis is ignored": [3, 3, 3],
        "this is the sum: divide": [[4, 8], [3, 9], 12],
        "divided by the length of the first axis, whatever the axis": [[2, 4], [1.5, 4.5], 6],
    },
)
### BEGIN HIDDEN TESTS
rng = hidden_inputs("01_tensor", "test-tensor")


def guarded(run):
    """`run()` with a sound as_array in the place of the student's: lists and arrays as operands go through it."""
    space = Tensor.operand.__globals__
    kept = space.get("as_array")
    space["as_array"] = lambda data: np.array(data, dtype=getattr(data, "dtype", np.float32))
    try:
        return run()
    finally:
        space["as_array"] = kept


def narrow(mean):
    """Whether a mean of float32 numbers is float32, or as wide as another check finds a number to make them; and its numbers."""
    return [dtype_of(mean.data) in ("float32", dtype_of((over([1, 2]) * 0.5).data)), mean.data.tolist()]


block = rng.integers(1, 9, size=(2, 3, 4)).astype(np.float64)
checks.check(
    "hidden: means of three axes", 1,
    fed="float64, shape (2, 3, 4): mean over axes (0, 2), over axis -1 with keepdims, over axis 1; that of float32 [[1, 2], [3, 6]] over axis 0; of int64 [1, 2]",
    got=lambda: [
        *(numbers(over(block, "float64").mean(axis=a, keepdims=k)) for a, k in (((0, 2), False), (-1, True), (1, False))),
        narrow(over([[1, 2], [3, 6]]).mean(axis=0)), over([1, 2], "int64").mean().data.tolist(),
    ],
    want=[
        *(["float64", (block.sum(axis=a, keepdims=k) / n).tolist()] for a, k, n in (((0, 2), False, 8), (-1, True, 4), (1, False, 3))),
        [True, [2, 4]], 1.5,
    ],
    slips={
        "keepdims is ignored: hand it on to sum": [
            *(["float64", (block.sum(axis=a) / n).tolist()] for a, n in (((0, 2), 8), (-1, 4), (1, 3))), [True, [2, 4]], 1.5,
        ],
        "the mean of float32 numbers became float64: it keeps their dtype": [
            *(["float64", (block.sum(axis=a, keepdims=k) / n).tolist()] for a, k, n in (((0, 2), False, 8), (-1, True, 4), (1, False, 3))),
            [False, [2, 4]], 1.5,
        ],
        "the mean of whole numbers is cut: it need not be whole": [
            *(["float64", (block.sum(axis=a, keepdims=k) / n).tolist()] for a, k, n in (((0, 2), False, 8), (-1, True, 4), (1, False, 3))),
            [True, [2, 4]], 1,
        ],
        "divided by all numbers of the Tensor, not by those that went into each entry": [
            *(["float64", (block.sum(axis=a, keepdims=k) / 24).tolist()] for a, k in (((0, 2), False), (-1, True), (1, False))),
            [True, [1, 2]], 1.5,
        ],
    },
)
x, y = rng.integers(1, 5, size=3) + 0.5, -0.1 - rng.integers(1, 5, size=(2, 1))  # x is never [1, 2, 3] itself


def number_left(number, t):
    """t * number, then the operators that have the number on the left."""
    return [t * number, number - t, number / t, number**t]


def both_sides(**changed):
    """What the next check gives where all is right but what is `changed`."""
    right = {
        "minus_list": (x - [1, 2, 3]).tolist(), "list_minus": ([1, 2, 3] - x).tolist(), "list_over": ([1, 2, 3] / x).tolist(),
        "list_power": ([1, 2, 3] ** x).tolist(), "column": (x / y).tolist(), "narrow": [True] * 3,
        "tenth": [made.tolist() for made in number_left(0.1, x)], "kinds": ["int64", "int64", "float32", "float32"],
    }
    return [*(right | changed).values()]


tenth, rounded = ([made.tolist() for made in number_left(float(number), x)] for number in (0.1, np.float32(0.1)))
checks.check(
    "hidden: lists and arrays on either side", 1,
    fed=(
        f"x = Tensor({x.tolist()}): x - [1, 2, 3], then [1, 2, 3] - x, / x and ** x, and a column on the right, x / {y.tolist()}; "
        "1 - Tensor([3, 5]), 6 / Tensor([3, 2]) and 2 ** Tensor([3, 1]), whether still float32; x * 0.1, 0.1 - x, 0.1 / x and "
        "0.1 ** x, to all digits; the dtypes of 1 - Tensor(int64 array [3, 5]), the same + 1, [1, 2] - Tensor([3, 5]), the same + [1, 2]"
    ),
    got=lambda: guarded(lambda: [
        (over(x, "float64") - [1, 2, 3]).data.tolist(), ([1, 2, 3] - over(x, "float64")).data.tolist(),
        ([1, 2, 3] / over(x, "float64")).data.tolist(), ([1, 2, 3] ** over(x, "float64")).data.tolist(),
        (over(x, "float64") / y).data.tolist(), [narrow(made)[0] for made in (1 - over([3, 5]), 6 / over([3, 2]), 2 ** over([3, 1]))],
        [made.data.tolist() for made in number_left(0.1, over(x, "float64"))],
        [numbers(made)[0] for made in (1 - over([3, 5], "int64"), over([3, 5], "int64") + 1, [1, 2] - over([3, 5]), over([3, 5]) + [1, 2])],
    ]),
    want=both_sides(),
    also=[  # what operand makes of the other side, another check says
        both_sides(tenth=made, kinds=[kind, kind, wide, wide])
        for made in (tenth, rounded) for kind in ("int64", "float64") for wide in ("float32", "float64")
    ],
    tol=1e-12,
    slips={
        "number - tensor has its sides swapped": both_sides(
            list_minus=(x - [1, 2, 3]).tolist(), tenth=[tenth[0], (x - 0.1).tolist(), *tenth[2:]]
        ),
        "what stands on the left widens the result: it goes through operand": both_sides(
            narrow=[False] * 3, kinds=["int64", "int64", "float64", "float32"]
        ),
        "a list on the left was left to NumPy, and widens: it goes through operand": both_sides(kinds=["int64", "int64", "float64", "float32"]),
        "a number on the left has become float32: it goes through operand, not through Tensor(...)": both_sides(
            tenth=[tenth[0], *rounded[1:]], kinds=["float64", "int64", "float32", "float32"]
        ),
        "number - tensor made the number float32: it goes through operand, not through Tensor(...)": both_sides(
            tenth=[tenth[0], rounded[1], *tenth[2:]], kinds=["float64", "int64", "float32", "float32"]
        ),
    },
)
checks.check(
    "hidden: whole numbers stay whole, and lists are float32", 1,
    fed="Tensor(int64 array [1, 2]) + 1, the same + 0.5; Tensor(float32 [1, 2]) + [0.5, 0.5]; the first + [1, 2]",
    got=lambda: guarded(lambda: [
        numbers(over([1, 2], "int64") + 1), numbers(over([1, 2], "int64") + 0.5), numbers(over([1, 2]) + [0.5, 0.5]),
        numbers(over([1, 2], "int64") + [1, 2]),
    ]),
    want=[["int64", [2, 3]], ["float64", [1.5, 2.5]], ["float32", [1.5, 2.5]], ["float64", [2, 4]]],
    slips={
        "whole numbers + 1 became floats: a Python number, int or float, that meets whole numbers is left to NumPy": [
            ["float64", [2, 3]], ["float64", [1.5, 2.5]], ["float32", [1.5, 2.5]], ["float64", [2, 4]],
        ],
        "everything took the Tensor's dtype: a Python number does where that is a float dtype, the rest goes through as_array": [
            ["int64", [2, 3]], ["int64", [1, 2]], ["float32", [1.5, 2.5]], ["int64", [2, 4]],
        ],
        "0.5 was cut to a whole number: leave a number that meets whole numbers to NumPy": [
            ["int64", [2, 3]], ["int64", [1, 2]], ["float32", [1.5, 2.5]], ["float64", [2, 4]],
        ],
        "a list widened the result: it goes through as_array": [
            ["int64", [2, 3]], ["float64", [1.5, 2.5]], ["float64", [1.5, 2.5]], ["int64", [2, 4]],
        ],
        "a list took the Tensor's dtype, or NumPy's own: it goes through as_array": [
            ["int64", [2, 3]], ["float64", [1.5, 2.5]], ["float32", [1.5, 2.5]], ["int64", [2, 4]],
        ],
    },
)
### END HIDDEN TESTS
checks.score()

# %% [markdown]
r"""
## 4. The matrix product, by hand

Most of the time that a network takes is spent in one formula. For $A$ of shape $(n, m)$ and $B$ of shape $(m, p)$:

$$C_{ij} = \sum_{k=1}^{m} A_{ik} B_{kj}$$

By hand, the entry in row 1 and column 1 of $\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} \begin{pmatrix} 5 & 6 \\ 7 & 8 \end{pmatrix}$ is $1 \cdot 5 + 2 \cdot 7 = 19$.

**Exercise 4.** Write `matmul_by_hand` (about 5 lines): loops over $i$ and $j$, and the sum over $k$ either way you like. Raise `ValueError` where
the inner lengths differ.
"""

# %% nbgrader={"grade": false, "grade_id": "matmul-by-hand", "locked": false, "schema_version": 3, "solution": true, "task": false}
def matmul_by_hand(a, b):
    """The matrix product of two 2-d arrays, from its definition."""
    (n, m), (rows, p) = a.shape, b.shape
    result = np.zeros((n, p), dtype=np.result_type(a, b))
    ### BEGIN SOLUTION
    if m != rows:
        raise ValueError(f"shapes {a.shape} and {b.shape}: {m} columns meet {rows} rows")
    for i in range(n):
        for j in range(p):
            result[i, j] = sum(a[i, k] * b[k, j] for k in range(m))
    return result
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-matmul", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
checks = Checks("matmul_by_hand", points=8)
checks.require("matmul_by_hand is written in this notebook", got=lambda: written_here(matmul_by_hand, "tinytorch.core.tensor"))
checks.check(
    "two by two", 2,
    fed="[[1, 2], [3, 4]] and [[5, 6], [7, 8]]",
    got=lambda: as_lists(matmul_by_hand(np.array([[1.0, 2], [3, 4]]), np.array([[5.0, 6], [7, 8]]))),
    want=[[19, 22], [43, 50]],
    slips={
        "this is the product element by element": [[5, 12], [21, 32]],
        "only the first row is there: return after the loops, not in one": [[19, 22], [0, 0]],
        "each sum goes on from the entry before: begin each at 0": [[19, 41], [84, 134]],
        "nothing came back: is there a return?": "a NoneType, not an array",
        "the rows of B were used instead of its columns": [[17, 23], [39, 53]],
        "the columns of A were used instead of its rows": [[26, 30], [38, 44]],
        "only the last term of each sum is left: add to the entry": [[14, 16], [28, 32]],
        "the factors are swapped: this is B times A": [[23, 34], [31, 46]],
        "the first term of each sum is missing": [[14, 16], [28, 32]],
        "the last term of each sum is missing": [[5, 6], [15, 18]],
    },
)
checks.check(
    "a row times a column, and a column times a row", 1,
    fed="[[1, 2, 3]] and [[4], [5], [6]], both ways round",
    got=lambda: [
        matmul_by_hand(np.array([[1.0, 2, 3]]), np.array([[4.0], [5], [6]])).tolist(),
        matmul_by_hand(np.array([[4.0], [5], [6]]), np.array([[1.0, 2, 3]])).tolist(),
    ],
    want=[[[32]], [[4, 8, 12], [5, 10, 15], [6, 12, 18]]],
    slips={"rows and columns of the result are swapped": [[[32]], [[4, 5, 6], [8, 10, 12], [12, 15, 18]]]},
)
checks.check(
    "inner lengths that differ are refused", 1,
    fed="shapes (2, 3) and (2, 2), (2, 2) and (3, 2), (2, 1) and (2, 2); the errors",
    got=lambda: [refusal(matmul_by_hand, np.ones(a), np.ones(b)) for a, b in (((2, 3), (2, 2)), ((2, 2), (3, 2)), ((2, 1), (2, 2)))],
    want=["ValueError"] * 3,
    slips={
        "the rows of B that are too many were left out silently": ["IndexError", "accepted", "accepted"],
        "NumPy refuses 2 and 3, and repeats a length of 1: compare the inner lengths yourself": ["ValueError", "ValueError", "accepted"],
        "raise ValueError: assert raises AssertionError, and python -O leaves it out": ["AssertionError"] * 3,
        "what does not fit was accepted": ["accepted"] * 3,
    },
    needs="two by two",
)
### BEGIN HIDDEN TESTS
rng = hidden_inputs("01_tensor", "test-matmul")
a, b = rng.normal(size=(4, 5)), rng.normal(size=(5, 3))
terms = (a[:, :, None] * b[None, :, :]).sum(axis=1)
checks.check(
    "hidden: four by five times five by three", 2,
    fed="two random float64 matrices",
    got=lambda: matmul_by_hand(np.array(a), np.array(b)).tolist(),
    want=terms.tolist(),
    tol=1e-9,
)
checks.check(
    "hidden: the dtype and the inputs", 1,
    fed="the dtype of a float32 product, of float32 times float64 and of float64 times float32, and that the inputs are as before",
    got=lambda: [
        *(dtype_of(matmul_by_hand(a.astype(p), b.astype(q))) for p, q in (("f4", "f4"), ("f4", "f8"), ("f8", "f4"))),
        [(matmul_by_hand(left, right), left.tolist(), right.tolist())[1:] for left in [np.array(a)] for right in [np.array(b)]],
    ],
    want=["float32", "float64", "float64", [(a.tolist(), b.tolist())]],
    slips={
        "the product was made float32: it has the dtype of `result`": ["float32"] * 3 + [[(a.tolist(), b.tolist())]],
        "the product was made float64: it has the dtype of `result`": ["float64"] * 3 + [[(a.tolist(), b.tolist())]],
        "the product has the dtype of A alone: it has that of `result`": ["float32", "float32", "float64", [(a.tolist(), b.tolist())]],
    },
    needs="hidden: four by five times five by three",
)
checks.check(
    "hidden: an empty sum is zero", 1,
    fed="shapes (2, 0) and (0, 3)",
    got=lambda: matmul_by_hand(np.ones((2, 0)), np.ones((0, 3))).tolist(),
    want=[[0, 0, 0], [0, 0, 0]],
    needs="two by two",
)
### END HIDDEN TESTS
checks.score()

# %% [markdown]
"""
NumPy's `@` computes the same sums. How many times faster is it at 100 by 100?
"""

# %% nbgrader={"grade": false, "grade_id": "predict-ratio", "locked": false, "schema_version": 3, "solution": false, "task": false} tags=["prediction", "skip-execution"]
expected_ratio = None  # your guess, a number

# %% nbgrader={"grade": false, "grade_id": "show-matmul-time", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
import time


def seconds(function, *arguments):
    """The shortest of at least two runs and as many as fit into a twentieth of a second."""
    begin, runs = time.perf_counter(), []
    while len(runs) < 2 or time.perf_counter() - begin < 0.05:
        start = time.perf_counter()
        function(*arguments)
        runs.append(time.perf_counter() - start)
    return min(runs)


sizes = [5, 10, 20, 40, 70, 100]
squares = [np.random.default_rng(0).normal(size=(n, n)).astype(np.float32) for n in sizes]
by_hand = [seconds(matmul_by_hand, m, m) if n < 70 else seconds(matmul_by_hand, m[:10], m) * n / 10 for n, m in zip(sizes, squares)]
by_numpy = [seconds(np.matmul, m, m) for m in squares]
fig, ax = new()
for times, word in [(by_hand, "by hand"), (by_numpy, "NumPy's @")]:
    (line,) = ax.loglog(sizes, times, marker="o", markersize=4)
    label(ax, line, word)
ax.set(xlabel="n, for n by n matrices", ylabel="seconds", xlim=(4.5, 170), xticks=sizes, xticklabels=sizes)
ax.minorticks_off()
print(f"at n = 100, @ is {by_hand[-1] / by_numpy[-1]:,.0f} times as fast; your guess: {expected_ratio}")
assert by_hand[-1] > 20 * by_numpy[-1]
show(fig, alt="Seconds for a matrix product against its size, both axes logarithmic: at 100 by 100, loops in Python take over a thousand times as long as NumPy's product.")

# %% [markdown]
r"""
The arithmetic is the same. What differs is that Python looks up types and makes an object for every single number, and that `@` walks through memory
in an order that suits the machine's caches.

## 5. Memory is one long row

An array is a row of bytes, and its *strides* say how many bytes lie between neighbours along each axis. Element $(i_0, i_1, \dots)$ begins at byte

$$\text{offset} = \sum_k i_k s_k .$$

In NumPy's usual order (C order) the last axis is the densest: its stride is the size of one number, and each stride to the left is the next stride times
the next length. For shape `(2, 3)` and numbers of 4 bytes the strides are `(12, 4)`.

**Exercise 5.** Write `strides_of` (about 5 lines).

<details><summary>Hint</summary>

Walk over the lengths from the last to the first, and keep the number of bytes that one step takes.
</details>
"""

# %% nbgrader={"grade": false, "grade_id": "strides", "locked": false, "schema_version": 3, "solution": true, "task": false}
def strides_of(shape, itemsize):
    """Bytes between neighbours along each axis of an array in C order, as a tuple."""
    ### BEGIN SOLUTION
    strides, step = [], itemsize
    for length in reversed(shape):
        strides.append(step)
        step *= length
    return tuple(reversed(strides))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-strides", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false}
checks = Checks("strides_of", points=6)
checks.require("strides_of is written in this notebook", got=lambda: written_here(strides_of, "tinytorch.core.tensor"))
checks.check(
    "two by three, 4 bytes each", 1,
    fed="(2, 3) and 4",
    got=lambda: tuple(strides_of((2, 3), 4)),
    want=(12, 4),
    slips={
        "counted in numbers: strides are bytes, so multiply by the size of one": (3, 1),
        "the first axis is densest here: that is column order, NumPy's usual order is the other": (4, 8),
        "the lengths to the left were multiplied: multiply those to the right": (8, 4),
        "in the wrong order: the last axis has the smallest stride": (4, 12),
        "an axis's own length went into its stride: use the lengths to its right": (24, 12),
    },
)
checks.check(
    "one axis, 8 bytes each", 1,
    fed="(5,) and 8",
    got=lambda: tuple(strides_of((5,), 8)),
    want=(8,),
    slips={"the size of a number is fixed at 4: it is the second argument": (4,)},
    needs="two by three, 4 bytes each",
)
checks.check(
    "three axes", 1,
    fed="(2, 3, 4) and 8",
    got=lambda: tuple(strides_of((2, 3, 4), 8)),
    want=(96, 32, 8),
    slips={
        "each stride uses only its right neighbour's length: multiply all lengths to the right": (24, 32, 8),
        "counted in numbers: strides are bytes": (12, 4, 1),
        "the lengths were multiplied from the left: begin at the last one": (96, 24, 8),
        "in the wrong order: the last axis has the smallest stride": (8, 32, 96),
    },
)
### BEGIN HIDDEN TESTS
rng = hidden_inputs("01_tensor", "test-strides")
shapes = [tuple(int(n) for n in rng.integers(2, 7, size=4)) for _ in range(3)]
checks.check(
    "hidden: four axes, numbers of 2, 4 and 8 bytes", 2,
    fed=f"{shapes}",
    got=lambda: [tuple(strides_of(shape, size)) for shape, size in zip(shapes, (2, 4, 8))],
    want=[tuple(size * int(np.prod(shape[axis + 1 :])) for axis in range(4)) for shape, size in zip(shapes, (2, 4, 8))],
)
checks.check("hidden: a single number has no axes", 1, fed="() and 4", got=lambda: tuple(strides_of((), 4)), want=(), needs="two by three, 4 bytes each")
### END HIDDEN TESTS
checks.score()

# %% [markdown]
"""
Most machines fetch memory in lines of 64 bytes. The next cell adds up the same count of numbers each time, but takes every number, every second, every
fourth, and so on.
"""

# %% nbgrader={"grade": false, "grade_id": "show-strides", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
row = np.ones(2**24, np.float32)
steps = [1, 2, 4, 8, 16, 32, 64]
each = [1e9 * seconds(np.sum, row[::step][: 2**18]) / 2**18 for step in steps]
fig, ax = new()
ax.plot(steps, each, marker="o")
ax.axvline(16, color="black", linestyle=":", linewidth=1)
ax.annotate("one number per 64-byte line", (16, max(each)), (6, -2), textcoords="offset points", fontsize=9)
ax.set(xscale="log", xticks=steps, xticklabels=steps, xlabel="takes every k-th number", ylabel="nanoseconds per number", ylim=(0, None))
ax.minorticks_off()
assert each[-1] > each[0]
show(fig, alt="Nanoseconds per added number against the step between numbers: nearly flat while neighbours share a cache line, rising steeply once each number needs a line of its own.")

# %% [markdown]
"""
The same additions cost several times as much when each number needs its own line, and further apart still more: the machine fetches ahead, and
guesses less and less well. `.T` copies nothing, and `reshape` nothing where it can help it: they change shape and strides over the same
memory. That is why they take no time, and why what is done with the result may.

Next, in module 07, every operation also remembers where its inputs came from. That is all that differentiation needs.
"""

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
# Tensors
"""

# %% nbgrader={"grade": false, "grade_id": "tensor-imports", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| default_exp core.tensor
#| export
from collections.abc import Iterator
from typing import Any

import numpy as np

# %% [markdown]
"""
## Construction: dtype and copies
"""

# %% nbgrader={"grade": false, "grade_id": "to-numpy", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| export
def to_numpy(data: Any) -> np.ndarray:
    """`data` as an array of numbers, sharing its memory where NumPy can.

    Raises ValueError for rows of different lengths and TypeError for what holds no real numbers.

    >>> to_numpy([[1, 2], [3]])
    Traceback (most recent call last):
        ...
    ValueError: the rows of a Tensor must have equal lengths, got [[1, 2], [3]]
    """
    if isinstance(data, Tensor):
        return data.data
    try:
        array = np.asarray(data)
    except ValueError:
        raise ValueError(f"the rows of a Tensor must have equal lengths, got {str(data):.60}") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"a Tensor holds real numbers, and {type(data).__name__} {str(data):.60} is none (or has none in it)")
    return array

# %% nbgrader={"grade": false, "grade_id": "as-array", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def as_array(data: Any) -> np.ndarray:
    """A new array with the numbers of `data`: a copy, so that changing one never changes the other.

    An array, a NumPy scalar and a Tensor keep their dtype; Python numbers and lists of them become float32.

    >>> as_array([1, 2]).dtype, as_array(np.array([1.0, 2.0])).dtype
    (dtype('float32'), dtype('float64'))
    """
    ### BEGIN SOLUTION
    array = to_numpy(data)
    keeps = isinstance(data, (np.ndarray, np.generic, Tensor))
    return np.array(array, dtype=array.dtype if keeps else np.float32)
    ### END SOLUTION

# %% [markdown]
"""
## Broadcasting
"""

# %% nbgrader={"grade": false, "grade_id": "broadcast-shape", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def broadcast_shape(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of an operation on arrays of shapes `first` and `second`.

    Axes are aligned at the last one; two lengths fit where they are equal or one of them is 1. Otherwise ValueError.

    >>> broadcast_shape((5, 1), (3,))
    (5, 3)
    """
    ### BEGIN SOLUTION
    ndim = max(len(first), len(second))
    result = []
    for a, b in zip((1,) * (ndim - len(first)) + first, (1,) * (ndim - len(second)) + second):
        if a != b and a != 1 and b != 1:
            raise ValueError(f"shapes {first} and {second} do not broadcast: {a} meets {b}")
        result.append(b if a == 1 else a)
    return tuple(result)
    ### END SOLUTION

# %% [markdown]
"""
## The class
"""

# %% nbgrader={"grade": false, "grade_id": "tensor-class", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Tensor:
    """An array of numbers with NumPy's broadcasting: `.data` is the array, and every operation gives a new Tensor.

    `Tensor(data)` copies `data`: a number, nested lists, an array or a Tensor (see `as_array` for the dtype).

    >>> x = Tensor([[1, 2], [3, 4]])
    >>> 1 - x.mean(axis=0) / 2
    Tensor([ 0. , -0.5], dtype=float32)
    >>> x @ x.T
    Tensor([[ 5., 11.],
            [11., 25.]], dtype=float32)
    """

    __slots__ = ("data", "__weakref__")
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

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.data, dtype=dtype) if copy else np.asarray(self.data, dtype=dtype)

    def __repr__(self) -> str:
        text = np.array2string(self.data, separator=", ", prefix="Tensor(")
        return f"Tensor({text}, dtype={self.dtype})"

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
        """The number of a Tensor that holds exactly one."""
        if self.size != 1:
            raise ValueError(f"item() needs exactly one number, this Tensor of shape {self.shape} holds {self.size}")
        return self.data.item()

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

    __hash__ = object.__hash__

    def operand(self, other: Any) -> np.ndarray:
        """`other` as an array; a Python number takes this Tensor's float dtype, so that it never widens the result."""
        ### BEGIN SOLUTION
        if isinstance(other, (int, float)) and not isinstance(other, np.generic) and self.data.dtype.kind == "f":
            return np.asarray(other, dtype=self.data.dtype)
        return other.data if isinstance(other, Tensor) else as_array(other)
        ### END SOLUTION

    def apply(self, function: Any, other: Any, reflected: bool = False) -> "Tensor":
        """`function(self, other)` as a Tensor; `reflected` swaps the two."""
        if getattr(other, "__array_ufunc__", 0) is None:  # NumPy's sign that the other operand wants to compute
            return NotImplemented
        x, y = self.data, self.operand(other)
        try:
            return Tensor.wrap(function(y, x) if reflected else function(x, y))
        except ValueError:
            if function is not np.matmul:
                broadcast_shape(x.shape, y.shape)
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

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other: Any) -> "Tensor":
        return self.apply(np.subtract, other, reflected=True)

    def __rtruediv__(self, other: Any) -> "Tensor":
        return self.apply(np.divide, other, reflected=True)

    def __rpow__(self, other: Any) -> "Tensor":
        return self.apply(np.power, other, reflected=True)

    def __rmatmul__(self, other: Any) -> "Tensor":
        return self.apply(np.matmul, other, reflected=True)

    def __neg__(self) -> "Tensor":
        return Tensor.wrap(-self.data)

    def __eq__(self, other: Any) -> Any:
        return self.apply(np.equal, other)

    def __ne__(self, other: Any) -> Any:
        return self.apply(np.not_equal, other)

    def __lt__(self, other: Any) -> "Tensor":
        return self.apply(np.less, other)

    def __le__(self, other: Any) -> "Tensor":
        return self.apply(np.less_equal, other)

    def __gt__(self, other: Any) -> "Tensor":
        return self.apply(np.greater, other)

    def __ge__(self, other: Any) -> "Tensor":
        return self.apply(np.greater_equal, other)

    def sum(self, axis: Any = None, keepdims: bool = False) -> "Tensor":
        """The sum of all numbers, or along `axis`."""
        return Tensor.wrap(self.data.sum(axis=axis, keepdims=keepdims))

    def mean(self, axis: Any = None, keepdims: bool = False) -> "Tensor":
        """The mean of all numbers, or along `axis`."""
        return Tensor.wrap(self.data.mean(axis=axis, keepdims=keepdims))

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

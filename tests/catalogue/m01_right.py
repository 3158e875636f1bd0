"""Right answers to 01 in other clothes: other styles, tools and habits of writing."""

from tests.catalogue.table import Row

HERE = "01_tensor"

ANSWERS = [
    ("as-array", "copy() of what is one", """
def as_array(data):
    # 中文注释：先转换，再复制
    数组 = to_numpy(data)
    if hasattr(data, '__array__'):
        return 数组.copy() if isinstance(data, np.ndarray) else np.array(数组)
    return 数组.astype(np.float32)
"""),
    ("as-array", "typing, None for a dtype", """
from typing import *
import numpy
def as_array(data: Union[Sequence, numpy.ndarray, float]) -> "numpy.ndarray":
    keep: Optional[numpy.dtype] = None if not hasattr(data, "__array__") else to_numpy(data).dtype
    return numpy.array(to_numpy(data), dtype=keep or numpy.float32, copy=True)
"""),
    ("as-array", "a match statement", """
def as_array(data):
    match hasattr(data, "__array__"):
        case True:
            return np.copy(to_numpy(data))
        case False:
            print("a list or a number", data)
            return np.array(to_numpy(data), dtype="float32")
"""),
    ("as-array", "an object that converts", """
class Converter:
    def __init__(self, dtype): self.dtype = dtype
    def __call__(self, data):
        a = to_numpy(data)
        out = np.empty(a.shape, a.dtype if hasattr(data, "__array__") else self.dtype)
        out[...] = a
        return out
def as_array(data):
    return Converter(np.float32)(data)
"""),
    ("as-array", "a lambda with a walrus", """
as_array = lambda data: np.array((a := to_numpy(data)), dtype=(a.dtype if hasattr(data, "__array__") else np.float32))
"""),
    ("broadcast-shape", "the longer first, in place", """
def broadcast_shape(first, second):
    if len(first) < len(second):
        first, second = second, first
    长 = list(first)
    for i, (a, b) in enumerate(zip(first[::-1], second[::-1])):
        if a == b or b == 1:
            continue
        elif a == 1:
            长[-1 - i] = b
        else:
            raise ValueError("shapes %s and %s do not fit" % (first, second))
    return tuple(长)
"""),
    ("broadcast-shape", "products of lengths, from the right", """
import itertools as it
def broadcast_shape(first, second):
    def one(a, b):
        if 1 in (a, b):
            return a * b
        if a != b:
            raise ValueError(f"{first} {second}")
        return a
    return tuple(one(*p) for p in it.zip_longest(reversed(first), reversed(second), fillvalue=1))[::-1]
"""),
    ("broadcast-shape", "NumPy's broadcast of empty arrays", """
def broadcast_shape(first, second):
    try:
        return np.broadcast(np.empty(first), np.empty(second)).shape
    except ValueError:
        raise ValueError(f"cannot broadcast {first} with {second}")
"""),
    ("broadcast-shape", "np.where on padded rows", """
def broadcast_shape(first, second):
    n = max(len(first), len(second))
    a = np.ones(n, dtype=int); b = np.ones(n, dtype=int)
    if first: a[-len(first):] = first
    if second: b[-len(second):] = second
    bad = (a != b) & (a != 1) & (b != 1)
    if bad.any():
        raise ValueError("not broadcastable: {} and {}".format(first, second))
    return tuple(np.where(a == 1, b, a))
"""),
    ("matmul-by-hand", "indices one after another", """
def matmul_by_hand(a, b):
    n, m = a.shape
    rows, p = b.shape
    if not m == rows:
        raise ValueError('inner dims')
    C = np.zeros((n, p), dtype=np.result_type(a, b))
    for i in range(n):
        for j in range(p):
            for k in range(m):
                C[i][j] += a[i][k] * b[k][j]
    return C
"""),
    ("matmul-by-hand", "einsum", """
def matmul_by_hand(a, b):
    if a.shape[1] != b.shape[0]:
        raise ValueError(a.shape, b.shape)
    return np.einsum("ik,kj->ij", a, b)
"""),
    ("matmul-by-hand", "a nested list", """
def matmul_by_hand(a, b):
    (n, m), (rows, p) = a.shape, b.shape
    if m - rows:
        raise ValueError
    return np.array([[sum(x * y for x, y in zip(row, col)) for col in b.T] for row in a], dtype=np.result_type(a, b)).reshape(n, p)
"""),
    ("matmul-by-hand", "while loops", """
def matmul_by_hand(a, b):
    (n, m), (rows, p) = a.shape, b.shape
    result = np.zeros((n, p), dtype=np.result_type(a, b))
    if (m != rows): raise ValueError("bad")
    i = 0
    while i < n:
        j = 0
        while j < p:
            result[i, j] = (a[i, :] * b[:, j]).sum()
            j += 1
        i += 1
    return result
"""),
    ("strides", "a loop in a loop, after a star import", """
from numpy import *
def strides_of(shape, itemsize):
    out = []
    for i in range(len(shape)):
        s = itemsize
        for n in shape[i + 1:]:
            s = s * n
        out += [s]
    return tuple(out)
"""),
    ("strides", "np.prod of ints", """
def strides_of(shape, itemsize):
    return tuple(itemsize * np.prod(shape[i + 1:], dtype=int) for i, _ in enumerate(shape))
"""),
    ("strides", "reduce", """
from functools import reduce
from operator import mul
def strides_of(shape, itemsize):
    return tuple(reduce(mul, shape[i:], itemsize) for i in range(1, len(shape) + 1))
"""),
    ("strides", "recursion", """
def strides_of(shape, itemsize):
    if not shape:
        return ()
    rest = strides_of(shape[1:], itemsize)
    return (itemsize if not rest else rest[0] * shape[1],) + rest
"""),
]  # fmt: skip

RIGHT = [Row(HERE, *answer) for answer in ANSWERS]

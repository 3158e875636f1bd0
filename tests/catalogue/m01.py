"""Answers to the exercises of 01: slips by their change to the reference, and right ones written on their own."""

from tests.catalogue.table import ALL, Row, cells, changed

MODULE = "01_tensor"
REFERENCE = {cell.name: cell.source for cell in cells(MODULE) if cell.solution}

COPY = "return np.array(array, dtype=array.dtype if hasattr(data, \"__array__\") else np.float32)"
NUMBER = 'return np.asarray(other, dtype=self.dtype if self.dtype.kind == "f" else None)'
MEAN = "return total / (self.size / total.size)"
ENTRY = "result[i, j] = sum(a[i, k] * b[k, j] for k in range(m))"
INNER = "        raise ValueError(f\"shapes {a.shape} and {b.shape}: {m} columns meet {rows} rows\")\n"
RAISED = "    if m != rows:\n" + INNER
LOOPS = ["    for i in range(n):\n        for j in range(p):\n", "            " + ENTRY + "\n"]
UNFIT = "hidden: shapes that do not fit, and the message"
FIT = '            raise ValueError(f"shapes {first} and {second} do not broadcast: {a} meets {b}")\n'

CHANGES = [  # exercise, what went wrong, old and new text, the checks that must fail, what the student reads
    ("as-array", "a single number gets an axis", (COPY, COPY.replace("np.array(array", "np.array(np.atleast_1d(array)")),
     ["Python numbers become float32"], "a single number has no axes"),
    ("tensor-class", "the mean is float64", (MEAN, "return Tensor.wrap((total / (self.size / total.size)).data.astype(np.float64))"),
     ["hidden: means of three axes"], "the mean of float32 numbers became float64"),
    ("as-array", "no copy of an array", (COPY, COPY.replace("np.array(", "np.asarray(")),
     ["the result is a copy", "hidden: a float32 array is copied too"], "shares its source's memory"),
    ("as-array", "every array becomes float32", ('array.dtype if hasattr(data, "__array__") else np.float32', "np.float32"),
     ["an array keeps its float dtype", "a NumPy scalar keeps its float dtype", "hidden: every dtype of an array is kept"],
     "it keeps the dtype it has"),
    ("as-array", "NumPy chooses the dtype", (', dtype=array.dtype if hasattr(data, "__array__") else np.float32', ""),
     ["Python numbers become float32", "hidden: nested lists"], "NumPy's own choice"),
    ("as-array", "a NumPy scalar counts as a Python number", ('hasattr(data, "__array__")', "isinstance(data, np.ndarray)"),
     ["a NumPy scalar keeps its float dtype", "hidden: every dtype of an array is kept"], "it has __array__"),
    ("as-array", "a NumPy scalar stays one", (COPY, "if isinstance(data, np.generic):\n        return data.copy()\n    " + COPY),
     ["a NumPy scalar keeps its float dtype"], "is a scalar still"),
    ("as-array", "a single number stays float64", ('hasattr(data, "__array__")', 'not isinstance(data, list)'), ["Python numbers become float32"],
     "a single number is a Python number, too"),
    ("as-array", "a Tensor counts as a list", ('hasattr(data, "__array__")', "isinstance(data, np.ndarray | np.generic)"),
     ["hidden: every dtype of an array is kept"], "a Tensor has __array__ too"),
    ("as-array", "only an array is copied", (COPY, "return np.array(array) if isinstance(data, np.ndarray) else array if hasattr(data, \"__array__\") else array.astype(np.float32)"),
     ["hidden: a float32 array is copied too"], "hands out its own memory"),
    ("as-array", "one array for all that are alike", (COPY, "kept = globals().setdefault(f\"{array.shape}\", np.empty(array.shape, np.float32))\n    kept[...] = array\n    return np.array(array) if hasattr(data, \"__array__\") else kept"),
     ["hidden: nested lists"], "expected:"),
    ("as-array", "whole numbers become float32", ('hasattr(data, "__array__")', 'array.dtype.kind == "f" and hasattr(data, "__array__")'),
     ["hidden: every dtype of an array is kept"], "labels and indices need theirs"),
    ("as-array", "text is read as a number", ("array = to_numpy(data)", 'array = np.array(float(data) if isinstance(data, str) else data)'),
     ["hidden: what is no number is refused"], "call to_numpy"),
    ("broadcast-shape", "the larger length wins", ("b if a == 1 else a", "max(a, b)"), ["hidden: an empty axis"], "that may be 0"),
    ("broadcast-shape", "aligned at the first axis",
     ("zip((1,) * (ndim - len(first)) + first, (1,) * (ndim - len(second)) + second, strict=True)",
      "zip(first + (1,) * (ndim - len(first)), second + (1,) * (ndim - len(second)))"),
     ["a column meets a row", "equal shapes", "a single number meets a matrix, on either side",
      "missing axes are added on the left", "lengths that do not fit are refused", "hidden: sixteen pairs of shapes", UNFIT],
     "aligned at the last one"),
    ("broadcast-shape", "nothing is refused", (FIT, "            pass\n"), ["lengths that do not fit are refused", UNFIT], "were accepted"),
    ("broadcast-shape", "no shapes in the message", (FIT, "            raise ValueError(\"the shapes do not fit\")\n"), [UNFIT], "hold both shapes"),
    ("broadcast-shape", "the lengths alone in the message", ("shapes {first} and {second} do not broadcast: {a} meets {b}", "{a} meets {b}"), [UNFIT], "holds the two lengths"),
    ("broadcast-shape", "one shape in the message", ("shapes {first} and {second} do not broadcast: {a} meets {b}", "{second}: {a} meets {b}"), [UNFIT], "holds the two lengths"),
    ("broadcast-shape", "0 on the right fits", ("and b != 1:", "and b > 1:"), [UNFIT], "came:"),
    ("broadcast-shape", "lengths are floats", ("return tuple(result)", "return tuple(np.array(result, float))"),
     ["missing axes are added on the left"], "is no whole number"),
    ("broadcast-shape", "a multiple fits", ("if a != b and a != 1 and b != 1", "if a % (b or 1) and b % (a or 1)"), [UNFIT], "came:"),
    ("broadcast-shape", "an assert instead of an error",
     ("        if a != b and a != 1 and b != 1:\n" + FIT, "        assert a == b or a == 1 or b == 1\n"),
     ["lengths that do not fit are refused", UNFIT], "python -O"),
    ("tensor-class", "a Python number widens float32", (NUMBER, "return np.asarray(other)"),
     ["a Python number does not widen float32"], "that widens"),
    ("tensor-class", "a Python number is rounded to float32", (NUMBER, "return as_array(other)"),
     ["a Python number is not rounded for float64", "hidden: whole numbers stay whole, and lists are float32"], "rounded to float32"),
    ("tensor-class", "a list widens", ("return as_array(other)", "return np.asarray(other)"),
     ["hidden: whole numbers stay whole, and lists are float32"], "a list widened the result"),
    ("tensor-class", "a list takes the Tensor's dtype", ("return as_array(other)", 'return np.asarray(other, dtype=None if hasattr(other, "__array__") else self.dtype)'),
     ["hidden: whole numbers stay whole, and lists are float32"], "it goes through as_array"),
    ("tensor-class", "a number on the left widens",
     ("(self.operand(other), self.data) if reflected", "(np.asarray(other), self.data) if reflected"),
     ["hidden: lists and arrays on either side"], "it goes through operand"),
    ("tensor-class", "the mean of whole numbers is whole", (MEAN, "return Tensor.wrap((total.data / (self.size / total.size)).astype(self.dtype))"),
     ["hidden: means of three axes"], "is cut"),
    ("tensor-class", "numbers are cut for whole numbers", (NUMBER, "return np.asarray(other, dtype=self.dtype)"),
     ["hidden: whole numbers stay whole, and lists are float32"], "0.5 was cut"),
    ("tensor-class", "number - tensor is swapped", ("np.subtract, other, reflected=True", "np.subtract, other"),
     ["a number on the left", "hidden: lists and arrays on either side"], "__rsub__ computes other - self"),
    ("tensor-class", "number / tensor is swapped", ("np.divide, other, reflected=True", "np.divide, other"),
     ["a number on the left", "hidden: lists and arrays on either side"], "__rtruediv__ computes other / self"),
    ("tensor-class", "everything takes the Tensor's dtype", (NUMBER + "\n        return as_array(other)", NUMBER[:-len(' if self.dtype.kind == "f" else None)')] + ")\n        return np.asarray(other, dtype=self.dtype)"),
     ["hidden: whole numbers stay whole, and lists are float32"], "everything took the Tensor's dtype"),
    ("tensor-class", "number - tensor is an array", ("self.apply(np.subtract, other, reflected=True)", "other - self.data"),
     ["a number on the left", "hidden: lists and arrays on either side"], "not a Tensor"),
    ("tensor-class", "list - tensor is NumPy's", ("self.apply(np.subtract, other, reflected=True)", "Tensor.wrap(other - self.data)"),
     ["hidden: lists and arrays on either side"], "a list on the left was left to NumPy"),
    ("tensor-class", "the mean is an array", (MEAN, "return self.data.mean(axis=axis, keepdims=keepdims)"),
     ["the mean along an axis", "hidden: means of three axes"], "not a Tensor"),
    ("tensor-class", "number / tensor without its fraction", ("np.divide, other, reflected=True", "np.floor_divide, other, reflected=True"),
     ["a number on the left", "hidden: lists and arrays on either side"], "is /, not //"),
    ("tensor-class", "number - tensor by way of Tensor(number)", ("self.apply(np.subtract, other, reflected=True)", "Tensor(other) - self"),
     ["hidden: lists and arrays on either side"], "not through Tensor(...)"),
    ("tensor-class", "an array is rounded to float32", ("return as_array(other)", "return as_array(other).astype(np.float32)"),
     ["hidden: lists and arrays on either side"], "came:"),
    ("tensor-class", "number ** tensor is swapped", ("np.power, other, reflected=True", "np.power, other"),
     ["a power with a number on the left", "hidden: lists and arrays on either side"], "__rpow__ computes other ** self"),
    ("tensor-class", "the mean divides by everything", (MEAN, "return total / self.size"),
     ["the mean along an axis", "hidden: means of three axes"], "divided by all numbers"),
    ("tensor-class", "the mean ignores its axis", ("total = self.sum(axis, keepdims)", "total = self.sum()"),
     ["the mean along an axis", "hidden: means of three axes"], "axis is ignored"),
    ("matmul-by-hand", "element by element", (ENTRY, "result[i, j] = a[i, j % m] * b[i % m, j]"),
     ["two by two", "a row times a column, and a column times a row", "inner lengths that differ are refused",
      "hidden: four by five times five by three", "hidden: the dtype and the inputs", "hidden: an empty sum is zero"],
     "element by element"),
    ("matmul-by-hand", "rows of B for its columns", ("b[k, j]", "b[j % m, k % p]"),
     ["two by two", "a row times a column, and a column times a row", "inner lengths that differ are refused",
      "hidden: four by five times five by three", "hidden: the dtype and the inputs", "hidden: an empty sum is zero"],
     "rows of B were used"),
    ("matmul-by-hand", "each term overwrites the last", (ENTRY, "\n            for k in range(m):\n                result[i, j] = a[i, k] * b[k, j]"),
     ["two by two", "a row times a column, and a column times a row", "inner lengths that differ are refused",
      "hidden: four by five times five by three", "hidden: the dtype and the inputs", "hidden: an empty sum is zero"],
     "only the last term"),
    ("matmul-by-hand", "the right matrix is changed", ("    return result", "    b[...] = b[...] if a is b else 0\n    return result"),
     ["hidden: the dtype and the inputs"], "came:"),
    ("matmul-by-hand", "NumPy compares the inner lengths", (RAISED + "".join(LOOPS), LOOPS[0] + LOOPS[1].replace(ENTRY, "result[i, j] = np.sum(a[i] * b[:, j])")),
     ["inner lengths that differ are refused"], "compare the inner lengths yourself"),
    ("matmul-by-hand", "the dtype of A", ("    for i in range(n):\n", "    result = np.zeros((n, p), a.dtype)\n    for i in range(n):\n"),
     ["hidden: the dtype and the inputs"], "dtype of A alone"),
    ("matmul-by-hand", "inner lengths are not compared", (RAISED, ""),
     ["inner lengths that differ are refused"], "left out silently"),
    ("strides", "counted in numbers", ("step = [], itemsize", "step = [], 1"),
     ["two by three, 4 bytes each", "one axis, 8 bytes each", "three axes", "hidden: four axes, numbers of 2, 4 and 8 bytes",
      "hidden: a single number has no axes"], "strides are bytes"),
    ("strides", "column order", ("strides, step = [], itemsize\n    for length in reversed(shape):", "strides, step = [], itemsize\n    for length in shape:"),
     ["two by three, 4 bytes each", "one axis, 8 bytes each", "three axes", "hidden: four axes, numbers of 2, 4 and 8 bytes",
      "hidden: a single number has no axes"], "the lengths to the left"),
    ("strides", "in the wrong order", ("return tuple(reversed(strides))", "return tuple(strides)"),
     ["two by three, 4 bytes each", "one axis, 8 bytes each", "three axes", "hidden: four axes, numbers of 2, 4 and 8 bytes",
      "hidden: a single number has no axes"], "the last axis has the smallest stride"),
    ("strides", "the lengths from the left", ("reversed(shape):", "shape[1:] + shape[:1]:"), ["three axes", "hidden: four axes, numbers of 2, 4 and 8 bytes"],
     "begin at the last one"),
    ("strides", "only the neighbour's length", ("step *= length", "step = itemsize * length"),
     ["three axes", "hidden: four axes, numbers of 2, 4 and 8 bytes"], "multiply all lengths"),
]  # fmt: skip

SLIPS = [
    Row(MODULE, cell, name, changed(REFERENCE[cell], change), tuple(fails), says) for cell, name, change, fails, says in CHANGES
]

INPUT_BACK = {
    "as-array": "def as_array(data): return data",
    "broadcast-shape": "def broadcast_shape(first, second): return first",
    "matmul-by-hand": "def matmul_by_hand(a, b): return a",
    "strides": "def strides_of(shape, itemsize): return shape",
}
SLIPS += [Row(MODULE, cell, "returns its input", answer, ALL) for cell, answer in INPUT_BACK.items()]

FILLED = """
def broadcast_shape(first, second):
    from itertools import zip_longest
    lengths = []
    for a, b in zip_longest(first[::-1], second[::-1], fillvalue=1):
        if a != b and 1 not in (a, b):
            raise ValueError(f"{first} and {second}")
        lengths.append(b if a == 1 else a)
    return tuple(lengths[::-1])
"""
SUMS = """
def matmul_by_hand(a, b):
    (n, m), (rows, p) = a.shape, b.shape
    result, total = np.zeros((n, p), dtype=np.result_type(a, b)), 0
    if m != rows:
        raise ValueError("shapes")
    for i in range(n):
        for j in range(p):
            total = 0
            for k in range(m):
                total += a[i, k] * b[k, j]
            result[i, j] = total
    return result
"""
LOST = [  # in a loop: exercise, what went wrong, the changed answer, the checks that must fail, what the student reads
    ("as-array", "no return", changed(REFERENCE["as-array"], ("    return np", "    np")), ALL, "is there a return?"),
    ("broadcast-shape", "only the axes of both", changed(FILLED, ("zip_longest(", "zip("), (", fillvalue=1", "")),
     ("a column meets a row", "equal shapes", "a single number meets a matrix, on either side", "missing axes are added on the left",
      "lengths that do not fit are refused", "hidden: sixteen pairs of shapes", UNFIT), "fill the shorter shape with 1 first"),
    ("broadcast-shape", "in reverse order", changed(FILLED, ("lengths[::-1]", "lengths")), ALL, "turn them round again"),
    ("broadcast-shape", "the return is in the loop", changed(FILLED, ("    return", "        return")), ALL, "return after the loop"),
    ("matmul-by-hand", "no return", changed(SUMS, ("    return result", "")), ALL, "is there a return?"),
    ("matmul-by-hand", "the return is in a loop", changed(SUMS, ("    return", "        return")), ALL, "only the first row"),
    ("matmul-by-hand", "a sum goes on from the last", changed(SUMS, ("            total = 0\n", "")), ALL, "begin each at 0"),
]  # fmt: skip
SLIPS += [Row(MODULE, *row) for row in LOST]

BORROWED = {
    "as-array": "from tinytorch.core.tensor import as_array",
    "broadcast-shape": "def broadcast_shape(a, b):\n    from tinytorch.core.tensor import broadcast_shape as other\n    return other(a, b)",
    "tensor-class": "import tinytorch.core.tensor\nclass Tensor(tinytorch.core.tensor.Tensor): pass",
}
SLIPS += [
    Row(MODULE, cell, "taken from the package", answer, ALL, "is written in this notebook") for cell, answer in BORROWED.items()
]

RIGHT_ANSWERS = [
    ("as-array", "three branches", """
def as_array(data):
    if isinstance(data, (np.ndarray, np.generic)):
        return data.copy() if isinstance(data, np.ndarray) else np.array(data)
    if hasattr(data, "__array__"):
        return np.array(data)
    return to_numpy(data).astype("float32")
"""),
    ("as-array", "a dtype first, then astype", """
def as_array(data):
    numbers = to_numpy(data)
    kind = numbers.dtype
    if not hasattr(data, "__array__"):
        kind = np.dtype("f4")
    return numbers.astype(kind, copy=True)
"""),
    ("broadcast-shape", "NumPy's own function", """
def broadcast_shape(first, second):
    return np.broadcast_shapes(first, second)
"""),
    ("broadcast-shape", "from the last axis, by recursion, a list", """
def broadcast_shape(first, second):
    if not first or not second:
        return list(first or second)
    a, b = first[-1], second[-1]
    if 1 not in (a, b) and a != b:
        raise ValueError((first, second))
    return [*broadcast_shape(first[:-1], second[:-1]), a if b == 1 else b]
"""),
    ("matmul-by-hand", "rows and columns with np.sum", """
def matmul_by_hand(a, b):
    if a.shape[1] != b.shape[0]:
        raise ValueError("shapes")
    out = np.empty((a.shape[0], b.shape[1]), np.result_type(a, b))
    for i, row in enumerate(a):
        for j, column in enumerate(b.T):
            out[i, j] = np.sum(row * column)
    return out
"""),
    ("matmul-by-hand", "a sum of outer products", """
def matmul_by_hand(a, b):
    if a.shape[1] != b.shape[0]:
        raise ValueError("shapes")
    out = np.zeros((a.shape[0], b.shape[1]), dtype=np.result_type(a, b))
    for k in range(a.shape[1]):
        out += a[:, k, None] * b[None, k, :]
    return out
"""),
    ("matmul-by-hand", "NumPy's product", """
def matmul_by_hand(a, b):
    return a @ b
"""),
    ("strides", "products of the lengths to the right", """
import math
def strides_of(shape, itemsize):
    return [itemsize * math.prod(shape[axis + 1:]) for axis in range(len(shape))]
"""),
    ("strides", "NumPy's own", """
def strides_of(shape, itemsize):
    return np.empty(shape, f"V{itemsize}").strides
"""),
]  # fmt: skip

OTHER_TENSORS = [
    ("NumPy's mean", ("        total = self.sum(axis, keepdims)\n        return total / (self.size / total.size)",
                      "        return Tensor.wrap(np.mean(self.data, axis, keepdims=keepdims))")),
    ("reflected operators by way of a Tensor", ("return self.apply(np.subtract, other, reflected=True)",
                                               "return Tensor.wrap(self.operand(other)) - self")),
    ("a reflected operator by way of operand", ("return self.apply(np.subtract, other, reflected=True)", "return Tensor.wrap(self.operand(other) - self.data)")),
    ("a function with its arguments turned", ("return self.apply(np.divide, other, reflected=True)", "return self.apply(lambda a, b: b / a, other)")),
    ("scalars of the Tensor's dtype", (NUMBER, "return self.dtype.type(other) if np.issubdtype(self.dtype, np.floating) else np.asarray(other)")),
    ("the mean by its axes", (MEAN, "axes = range(self.ndim) if axis is None else np.atleast_1d(axis)\n        count = 1\n        for k in axes:\n            count *= self.shape[k]\n        return total / count")),
    ("number - tensor as a sum", ("return self.apply(np.subtract, other, reflected=True)", "return -self + other")),
]  # fmt: skip

RIGHT = [Row(MODULE, cell, name, answer) for cell, name, answer in RIGHT_ANSWERS]
RIGHT += [Row(MODULE, "broadcast-shape", "from the last axis", FILLED), Row(MODULE, "matmul-by-hand", "three loops", SUMS)]
RIGHT += [Row(MODULE, "tensor-class", name, changed(REFERENCE["tensor-class"], change)) for name, change in OTHER_TENSORS]

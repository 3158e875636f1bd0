"""Answers to the exercises of 07: slips by their change to the reference, and right ones written on their own."""

from tests.catalogue.table import ALL, Row, cells, changed

MODULE = "07_autograd"
REFERENCE = {cell.name: cell.source for cell in cells(MODULE) if cell.solution}

PRODUCT = "return record(x * y, (a, lambda g: g * y), (b, lambda g: g * x))"
ROOT = "return record(value, (a, lambda g: g * value * (1 - value)))"
VALUE = "value = np.where(x >= 0, 1 / (1 + small), small / (1 + small))"
SUMMED = "return gradient.sum(axis=(*range(added), *stretched)).reshape(shape)"
SEEN = "        elif node not in seen:\n            seen.add(node)\n"
WALK = REFERENCE["topological-order"]
WALK = WALK[WALK.index("    order, seen, stack"):WALK.index("    ### END SOLUTION")]
LOSS = "return record((log_total[:, 0] - shifted[picked]).sum() / len(z), (logits, rule))"
SLOPE = "return slope * (g / len(z))"

TIMES = ["the gradients of two numbers", "a Variable times itself", "hidden: arrays", "hidden: part of a longer formula"]
KEPT = "hidden: the gradient it is given stays as it is"
SIGMOID = ["at zero", "on either side", "hidden: arrays", "hidden: inside another function"]
MIXED = ["hidden: four by five times five by three", "hidden: stacks of matrices", "hidden: vectors"]
UNDONE = ["a row that was repeated", "a column that was repeated", "a single number", "an axis added and an axis stretched",
          "hidden: four axes to seven shapes"]  # fmt: skip
ORDER = ["one after another", "a diamond", "a Variable used by itself", "a short way and a long way", "a long chain",
         "hidden: four random graphs", "hidden: fourteen diamonds in a row", "hidden: backward() with this order"]  # fmt: skip
TWICE = "hidden: the same rule called twice"
SOFTMAX = ["two equal logits", "two rows", "logits of a thousand", "hidden: five rows of four classes", "hidden: rows far apart"]
STAY = "hidden: float32 stays float32, and the logits stay as they are"

CHANGES = [  # exercise, what went wrong, old and new text, the checks that must fail, what the student reads
    ("multiply", "g is missing", (PRODUCT, "return record(x * y, (a, lambda g: y), (b, lambda g: x))"),
     ["the gradients of two numbers", "hidden: arrays", "hidden: part of a longer formula", KEPT], "g is missing"),
    ("multiply", "each has its own factor", (PRODUCT, "return record(x * y, (a, lambda g: g * x), (b, lambda g: g * y))"),
     ["the gradients of two numbers", "hidden: arrays", "hidden: part of a longer formula", KEPT], "it is the other one"),
    ("multiply", "the rule of addition", (PRODUCT, "return record(x * y, (a, lambda g: g), (b, lambda g: g))"), [*TIMES, KEPT],
     "the rule of addition"),
    ("multiply", "the Variables in the rules", (PRODUCT, "return record(x * y, (a, lambda g: g * b), (b, lambda g: g * a))"), [*TIMES, KEPT],
     "a rule gave a Variable"),
    ("multiply", "no edges", (PRODUCT, "return Variable(x * y)"), [*TIMES, KEPT], "record(...) makes the result"),
    ("multiply", "a rule without return", (PRODUCT, "def left(g):\n        g * y\n    return record(x * y, (a, left), (b, lambda g: g * x))"), [*TIMES, KEPT],
     "a rule gave a NoneType"),
    ("multiply", "the product is float64", (PRODUCT, "return record(np.float64(x) * y, (a, lambda g: g * y), (b, lambda g: g * x))"),
     ["the product"], "has become float64"),
    ("multiply", "one edge is missing", (PRODUCT, "return record(x * y, (a, lambda g: g * y))"), [*TIMES, KEPT], "one edge for each operand"),
    ("multiply", "g changed in place",
     (PRODUCT, "def left(g):\n        g *= y\n        return g\n    return record(x * y, (a, left), (b, lambda g: g * x))"),
     [*TIMES, KEPT], "changed in place"),
    ("sigmoid", "1 - value is missing", (ROOT, "return record(value, (a, lambda g: g * value))"),
     [*SIGMOID, "hidden: float32 stays float32"], "the factor 1 - value is missing"),
    ("sigmoid", "no edge", (ROOT, "return Variable(value)"), [*SIGMOID, "hidden: float32 stays float32"], "record an edge"),
    ("sigmoid", "the formulas swapped", ("x >= 0, 1", "x < 0, 1"), ["on either side", "no overflow", "hidden: arrays", "hidden: inside another function"],
     "the two formulas are swapped"),
    ("sigmoid", "g is missing", (ROOT, "return record(value, (a, lambda g: value * (1 - value)))"),
     [*SIGMOID, "hidden: float32 stays float32"], "g is missing"),
    ("sigmoid", "the slope of tanh", (ROOT, "return record(value, (a, lambda g: g * (1 - value**2)))"),
     [*SIGMOID, "hidden: float32 stays float32"], "the slope of tanh"),
    ("sigmoid", "overflow", (VALUE, "value = 1 / (1 + np.exp(-x))"), ["no overflow", "hidden: float32 stays float32"], "exp overflowed"),
    ("sigmoid", "overflow in float32", (VALUE, "value = 1 / (1 + np.exp(-np.clip(x, -700, 700)))"), ["hidden: float32 stays float32"], "in float32 above 88"),
    ("sigmoid", "g changed in place", (ROOT, "def rule(g):\n        g *= value * (1 - value)\n        return g\n    return record(value, (a, rule))"),
     ["hidden: inside another function"], "x itself gets the same array"),
    ("sigmoid", "infinity by infinity", (VALUE, "value = np.exp(np.minimum(x, 800)) / (1 + np.exp(np.minimum(x, 800)))"),
     ["no overflow", "hidden: float32 stays float32"], "overflow"),
    ("sigmoid", "no branch for negative x", (VALUE, "value = 1 / (1 + small)"),
     ["on either side", "no overflow", "hidden: arrays", "hidden: inside another function"], "branch for negative x is missing"),
    ("matmul", "B is not transposed", ("left = g @ columns.swapaxes(-1, -2)", "left = g @ columns"),
     ["the gradient of the left matrix", "matrices that are not square", *MIXED], "B is not transposed"),
    ("matmul", "A is not transposed", ("right = rows.swapaxes(-1, -2) @ g", "right = rows @ g"),
     ["the gradient of the right matrix", "matrices that are not square", *MIXED], "A is not transposed"),
    ("matmul", "factors the wrong way round", ("right = rows.swapaxes(-1, -2) @ g", "right = g @ rows.swapaxes(-1, -2)"),
     ["the gradient of the right matrix", "matrices that are not square", *MIXED], "wrong way round"),
    ("matmul", ".T on stacks", ("columns.swapaxes(-1, -2)", "columns.T"), ["hidden: stacks of matrices"], "ValueError"),
    ("undo-broadcast", "the mean", (SUMMED, SUMMED.replace(".sum", ".mean")), [*UNDONE, "what was not repeated", "hidden: float32 stays float32",
     "hidden: no copies at all"], "a gradient is the sum over the copies"),
    ("undo-broadcast", "stretched axes are forgotten", (SUMMED, "return gradient.sum(axis=tuple(range(added)))"),
     ["a column that was repeated", "an axis added and an axis stretched", "hidden: four axes to seven shapes", "hidden: float32 stays float32"],
     "has to be summed too"),
    ("undo-broadcast", "stretched axes are not moved", ("[added + axis for", "[axis for"),
     ["an axis added and an axis stretched", "hidden: four axes to seven shapes"], "with one axis added"),
    ("undo-broadcast", "an axis of length 0 is summed", ("if length == 1]", "if length <= 1]"), ["hidden: no copies at all"], "ValueError"),
    ("undo-broadcast", "only one axis that was added", (SUMMED, "gradient = gradient.sum(axis=0) if added else gradient\n    return gradient.sum(axis=tuple(axis for axis, length in enumerate(shape) if length == 1), keepdims=True)"),
     ["a single number", "hidden: four axes to seven shapes"], "only one axis was summed"),
    ("undo-broadcast", "the stretched axes first", (SUMMED, "gradient = gradient.sum(axis=tuple(axis for axis, length in enumerate(shape) if length == 1), keepdims=True)\n    return gradient.sum(axis=tuple(range(added)))"),
     ["an axis added and an axis stretched", "hidden: four axes to seven shapes"], "looked for too early"),
    ("undo-broadcast", "one copy is taken",
     (SUMMED, "return gradient[(0,) * added][tuple(slice(0, n) for n in shape)]"),
     [*UNDONE, "what was not repeated", "hidden: float32 stays float32", "hidden: no copies at all"], "the others dropped"),
    ("undo-broadcast", "the axis of length 1 is gone", (".reshape(shape)", ""),
     ["a column that was repeated", "an axis added and an axis stretched", "hidden: four axes to seven shapes", "hidden: float32 stays float32"],
     "it stays, with length 1"),
    ("topological-order", "turned round", ("return order", "return order[::-1]"), ORDER, "the order is turned round"),
    ("topological-order", "nothing is remembered", (SEEN, "        else:\n"),
     ["a diamond", "a Variable used by itself", "a short way and a long way", "hidden: four random graphs",
      "hidden: fourteen diamonds in a row", "hidden: backward() with this order"], "remember which nodes you have seen"),
    ("topological-order", "each once, and every path followed", (WALK, """
    order, stack = {}, [result]
    while stack:
        node = stack.pop()
        order.pop(node, None)
        order[node] = None
        stack += node.operands()
    return [*order][::-1]
"""), ["hidden: fourteen diamonds in a row"], "once for each path"),
    ("topological-order", "the nodes as its caller has them", (WALK, """
    import sys

    frame = sys._getframe(1)
    while "nodes" not in frame.f_locals:
        frame = frame.f_back
    return [*frame.f_locals["nodes"]]
"""), ["hidden: four random graphs", "hidden: fourteen diamonds in a row", "hidden: backward() with this order"], "hidden: four random graphs"),
    ("topological-order", "the first visit, turned round", (WALK, """
    order, seen, stack = [], set(), [result]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            order.append(node)
            stack.extend(node.operands())
    return order[::-1]
"""), ["a diamond", "a short way and a long way", "hidden: four random graphs", "hidden: fourteen diamonds in a row",
      "hidden: backward() with this order"], "before one of its operands"),
    ("topological-order", "no order, and nothing to be seen of it", (WALK, """
    seen, stack = [result], [result]
    while stack:
        found = [operand for operand, _ in stack.pop().edges if operand not in seen]
        seen, stack = seen + found, stack + found
    Variable.operands = lambda self: []
    return seen[1:] + [result]
"""), ORDER, "before one of its operands"),
    ("topological-order", "it calls itself", (WALK, """
    order, seen = [], set()
    def visit(node):
        if node not in seen:
            seen.add(node)
            for operand in node.operands():
                visit(operand)
            order.append(node)
    visit(result)
    return order
"""), ["a long chain"], "keep your own stack"),
    ("topological-order", "inputs are left out", ("            order.append(node)", "            order.extend([node] * bool(node.operands()))"), ORDER,
     "the inputs are missing"),
    ("topological-order", "level by level", (WALK, """
    order, level = [], [result]
    while level:
        order = level + [node for node in order if node not in level]
        level = list(dict.fromkeys(o for node in level for o in node.operands() if o not in order))
    return order
"""), ["a short way and a long way", "hidden: four random graphs", "hidden: backward() with this order"], "before one of its operands"),
    ("softmax-cross-entropy", "the 1 is not subtracted", ("        slope[picked] -= 1\n", ""),
     ["two equal logits", "two rows", "logits of a thousand", "hidden: five rows of four classes", "hidden: rows far apart", STAY, TWICE],
     "the 1 of the right class is not subtracted"),
    ("softmax-cross-entropy", "the rule does not divide", (SLOPE, "return slope * g"),
     ["two rows", "hidden: five rows of four classes", "hidden: rows far apart", TWICE], "the rule has to divide"),
    ("softmax-cross-entropy", "a sum over the rows", (LOSS, LOSS.replace(" / len(z)", "")),
     ["two rows", "hidden: five rows of four classes", "hidden: rows far apart"], "the mean is asked for"),
    ("softmax-cross-entropy", "along the columns", ("np.log(np.exp(shifted).sum(axis=1, keepdims=True))", "np.log(np.exp(shifted).sum(axis=0, keepdims=True)) + np.zeros((len(z), 1))"),
     [*SOFTMAX, STAY, TWICE], "run along each row"),
    ("softmax-cross-entropy", "the loss by all logits", (LOSS, LOSS.replace("len(z)", "z.size")), [*SOFTMAX[:2], "logits of a thousand", *SOFTMAX[3:], STAY, TWICE],
     "divided by all logits"),
    ("softmax-cross-entropy", "exponentials for the softmax", ("slope = np.exp(shifted - log_total)", "slope = np.exp(shifted)"), [*SOFTMAX[:2], *SOFTMAX[3:], STAY, TWICE],
     "divided by their row's sum"),
    ("softmax-cross-entropy", "the columns of all labels", ("slope[picked]", "slope[:, picked[1]]"), ["two rows", "hidden: five rows of four classes", "hidden: rows far apart", TWICE],
     "the labels of all rows"),
    ("softmax-cross-entropy", "the logits are changed", ("shifted = z - z.max(axis=1, keepdims=True)", "shifted = z\n    shifted -= z.max(axis=1, keepdims=True)"), [STAY],
     "changed in place"),
    ("softmax-cross-entropy", "the sign of g is lost", (SLOPE, "return slope * (abs(g) / len(z))"), ["hidden: five rows of four classes"], "hidden: five rows"),
    ("softmax-cross-entropy", "g is missing", (SLOPE, "return slope / len(z)"), ["two rows", "hidden: five rows of four classes"], "g of the loss is missing"),
    ("softmax-cross-entropy", "nothing is subtracted", ("shifted = z - z.max(axis=1, keepdims=True)", "shifted = z"),
     ["logits of a thousand", "hidden: rows far apart"], "exp overflowed"),
    ("softmax-cross-entropy", "one largest logit for all rows", ("z.max(axis=1, keepdims=True)", "z.max()"),
     ["logits of a thousand", "hidden: rows far apart"], "each row needs its own"),
    ("softmax-cross-entropy", "the logarithm of the softmax",
     (LOSS, "return record(-np.log(np.exp(shifted - log_total)[picked]).mean(), (logits, rule))"), ["logits of a thousand"],
     "the logarithm of 0"),
    ("softmax-cross-entropy", "the rule changes what it uses",
     ("slope = np.exp(shifted - log_total)", "slope = shared")
     , ["hidden: the same rule called twice"], "the second call"),
]  # fmt: skip


def answer(cell: str, change: tuple[str, str]) -> str:
    text = changed(REFERENCE[cell], change)
    if "slope = shared" in text:
        text = changed(text, ("    def rule(", "    shared = np.exp(shifted - log_total)\n\n    def rule("))
    return text


SLIPS = [Row(MODULE, cell, name, answer(cell, change), tuple(fails), says) for cell, name, change, fails, says in CHANGES]

INPUT_BACK = {
    "multiply": "def multiply(a, b): return a",
    "sigmoid": "def sigmoid(a): return a",
    "matmul": "def matmul(a, b): return a",
    "undo-broadcast": "def undo_broadcast(gradient, shape): return gradient",
    "topological-order": "def topological_order(result): return [result]",
    "softmax-cross-entropy": "def softmax_cross_entropy(logits, labels): return logits",
}
SLIPS += [Row(MODULE, cell, "returns its input", answer, ALL) for cell, answer in INPUT_BACK.items()]

BORROWED = {
    "multiply": "from tinytorch.core.autograd import multiply",
    "undo-broadcast": "import tinytorch.core.autograd as ag\ndef undo_broadcast(g, shape): return ag.undo_broadcast(g, shape)",
}
SLIPS += [
    Row(MODULE, cell, "taken from the package", answer, ALL, "is written in this notebook") for cell, answer in BORROWED.items()
]

RIGHT_ANSWERS = [
    ("multiply", "named rules, operands through Tensor", """
def multiply(a, b):
    a, b = variable(a, b), variable(b, a)
    def towards_a(g):
        return b.data.data * g
    def towards_b(g):
        return a.data.data * g
    return record((a.data * b.data).data, (a, towards_a), (b, towards_b))
"""),
    ("multiply", "by division", """
def multiply(a, b):
    return divide(a, divide(1.0, b))
"""),
    ("sigmoid", "through tanh", """
def sigmoid(a):
    a = variable(a)
    s = 0.5 * (1 + np.tanh(a.data.data / 2))
    return record(s, (a, lambda g: g * (s - s * s)))
"""),
    ("sigmoid", "from other operations", """
def sigmoid(a):
    return divide(add(tanh(divide(a, 2.0)), 1.0), 2.0)
"""),
    ("sigmoid", "with masks", """
def sigmoid(a):
    a = variable(a)
    x = a.data.data
    value = np.empty_like(x)
    up = x >= 0
    value[up] = 1 / (1 + np.exp(-x[up]))
    value[~up] = np.exp(x[~up]) / (1 + np.exp(x[~up]))
    return record(value, (a, lambda g: value * g - value * value * g))
"""),
    ("matmul", "einsum", """
def matmul(a, b):
    a, b = variable(a, b), variable(b, a)
    x, y = a.data.data, b.data.data
    if x.ndim == 1:
        return reshape_for_test(matmul(reshape_for_test(a, (1, -1)), b), (x @ y).shape)
    if y.ndim == 1:
        return reshape_for_test(matmul(a, reshape_for_test(b, (-1, 1))), (x @ y).shape)
    return record(x @ y, (a, lambda g: np.einsum("...ik,...jk->...ij", g, y)), (b, lambda g: np.einsum("...ij,...ik->...jk", x, g)))

def reshape_for_test(v, shape):
    return record(v.data.data.reshape(shape), (v, lambda g: g.reshape(v.shape)))
"""),
    ("undo-broadcast", "one axis at a time", """
def undo_broadcast(gradient, shape):
    while gradient.ndim > len(shape):
        gradient = gradient.sum(axis=0)
    for axis in range(len(shape)):
        if shape[axis] == 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient
"""),
    ("undo-broadcast", "from the right", """
def undo_broadcast(gradient, shape):
    full = (1,) * (np.ndim(gradient) - len(shape)) + tuple(shape)
    axes = tuple(k for k in range(len(full)) if full[k] != gradient.shape[k])
    return np.reshape(np.sum(gradient, axis=axes, keepdims=True), shape)
"""),
    ("topological-order", "by counting what still waits", """
def topological_order(result):
    waiting, stack, seen = {}, [result], {result}
    while stack:
        for operand in stack.pop().operands():
            waiting[operand] = waiting.get(operand, 0) + 1
            if operand not in seen:
                seen.add(operand)
                stack.append(operand)
    order, ready = [], [result]
    while ready:
        node = ready.pop()
        order.append(node)
        for operand in node.operands():
            waiting[operand] -= 1
            if not waiting[operand]:
                ready.append(operand)
    order.reverse()
    return order
"""),
    ("topological-order", "a stack of iterators", """
def topological_order(result):
    order, seen = [], {id(result)}
    stack = [(result, iter(result.operands()))]
    while stack:
        node, rest = stack[-1]
        following = next(rest, None)
        if following is None:
            order.append(node)
            stack.pop()
        elif id(following) not in seen:
            seen.add(id(following))
            stack.append((following, iter(following.operands())))
    return order
"""),
    ("softmax-cross-entropy", "with one-hot rows", """
def softmax_cross_entropy(logits, labels):
    logits = variable(logits)
    z = logits.data.data
    hot = np.eye(z.shape[1], dtype=z.dtype)[classes(z, labels)]
    top = z.max(axis=1, keepdims=True)
    powers = np.exp(z - top)
    total = powers.sum(axis=1, keepdims=True)
    losses = np.log(total) + top - (z * hot).sum(axis=1, keepdims=True)
    return record(np.mean(losses), (logits, lambda g: g * (powers / total - hot) / z.shape[0]))
"""),
    ("softmax-cross-entropy", "logaddexp", """
def softmax_cross_entropy(logits, labels):
    logits = variable(logits)
    z, wanted = logits.data.data, classes(logits.data.data, labels)
    log_softmax = z - np.logaddexp.reduce(z, axis=1, keepdims=True)
    loss = -np.mean([row[label] for row, label in zip(log_softmax, wanted)], dtype=z.dtype)
    def rule(g):
        out = np.exp(log_softmax)
        for i, label in enumerate(wanted):
            out[i, label] -= 1
        return (out * g / len(z)).astype(z.dtype)
    return record(loss, (logits, rule))
"""),
]  # fmt: skip

RIGHT = [Row(MODULE, cell, name, text) for cell, name, text in RIGHT_ANSWERS]

"""Right answers to 07 in other clothes: other styles, tools and habits of writing."""

from tests.catalogue.table import Row

HERE = "07_autograd"

ANSWERS = [
    ("multiply", "np.multiply in named rules", """
from numpy import asarray, zeros_like
def multiply(a, b):
    a, b = variable(a, b), variable(b, a)
    x, y = a.data.data, b.data.data
    乘积 = np.multiply(x, y)
    def da(g): return np.multiply(g, y)
    def db(g): return np.multiply(g, x)
    return record(乘积, (a, da), (b, db))
"""),
    ("multiply", "rules that are objects", """
class _MulRule:
    def __init__(self, factor): self.factor = factor
    def __call__(self, g): return self.factor * g
def multiply(a, b):
    a, b = variable(a, b), variable(b, a)
    x, y = a.data.data, b.data.data
    return record(x * y, (a, _MulRule(y)), (b, _MulRule(x)))
"""),
    ("multiply", "edges in a loop", """
def multiply(a, b):
    a, b = variable(a, b), variable(b, a)
    edges = [(v, (lambda g, o=o: g * o.data.data)) for v, o in ((a, b), (b, a))]
    return record(a.data.data * b.data.data, *edges)
"""),
    ("multiply", "partial functions, einsum", """
import functools
def multiply(a, b):
    a, b = variable(a, b), variable(b, a)
    x, y = a.data.data, b.data.data
    return record(np.einsum("...,...->...", x, y), (a, functools.partial(np.multiply, y)), (b, functools.partial(np.multiply, x)))
"""),
    ("sigmoid", "one division, prints", """
def sigmoid(a):
    a = variable(a)
    x = a.data.data
    e = np.exp(-abs(x))
    value = np.where(x >= 0, 1, e) / (1 + e)
    print("sigmoid of", x.shape)
    return record(value, (a, lambda g: g * (value - value ** 2)))
"""),
    ("sigmoid", "minimum in place of where", """
def sigmoid(a):
    a = variable(a)
    x = a.data.data
    value = np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))
    d = value * (1 - value)
    return record(value, (a, lambda g: d * g))
"""),
    ("sigmoid", "logaddexp", """
def sigmoid(a):
    a = variable(a)
    x = a.data.data
    value = np.exp(-np.logaddexp(0, -x))
    def rule(g):
        return g * value * (1.0 - value)
    return record(value, (a, rule))
"""),
    ("sigmoid", "np.select and a cast", """
def sigmoid(a):
    a = variable(a)
    x = a.data.data
    small: np.ndarray = np.exp(-np.abs(x))
    positive, negative = 1 / (1 + small), small / (1 + small)
    value = np.select([x >= 0, x < 0], [positive, negative])
    return record(value.astype(x.dtype), (a, lambda g: np.multiply(g, value * (1 - value)).astype(x.dtype)))
"""),
    ("undo-broadcast", "added axes at once, stretched ones in a loop", """
def undo_broadcast(gradient, shape):
    额外 = gradient.ndim - len(shape)
    gradient = gradient.sum(axis=tuple(range(额外)))
    for i, n in enumerate(shape):
        if n == 1 and gradient.shape[i] != 1:
            gradient = gradient.sum(axis=i, keepdims=True)
    return gradient
"""),
    ("undo-broadcast", "reduce over padded axes", """
def undo_broadcast(gradient, shape):
    padded = (1,) * (gradient.ndim - len(shape)) + shape
    axes = tuple(i for i, n in enumerate(padded) if n == 1)
    return np.add.reduce(gradient, axis=axes, keepdims=True).reshape(shape)
"""),
    ("undo-broadcast", "scattered", """
def undo_broadcast(gradient, shape):
    out = np.zeros(shape, gradient.dtype)
    view = np.broadcast_to(np.arange(out.size).reshape(shape), gradient.shape)
    flat = out.reshape(-1)
    np.add.at(flat, view.reshape(-1), gradient.reshape(-1))
    return flat.reshape(shape)
"""),
    ("undo-broadcast", "einsum", """
def undo_broadcast(gradient, shape):
    letters = "abcdefgh"[:gradient.ndim]
    added = gradient.ndim - len(shape)
    kept = "".join(l for l, n in zip(letters[added:], shape) if n != 1)
    return np.einsum(f"{letters}->{kept}", gradient).reshape(shape)
"""),
    ("topological-order", "a stack that waits", """
def topological_order(result):
    order, visited = [], set()
    todo = [result]
    while todo:
        node = todo[-1]
        if node in visited:
            todo.pop()
            continue
        waiting = [o for o in node.operands() if o not in visited]
        if waiting:
            todo.extend(waiting)
        else:
            visited.add(node)
            order.append(node)
            todo.pop()
    return order
"""),
    ("topological-order", "counts of users, deques", """
from collections import deque, defaultdict
def topological_order(result):
    users = defaultdict(int)
    seen = {result}
    queue = deque([result])
    while queue:
        node = queue.popleft()
        for operand in node.operands():
            users[operand] += 1
            if operand not in seen:
                seen.add(operand)
                queue.append(operand)
    out, ready = deque(), deque([result])
    while ready:
        node = ready.popleft()
        out.appendleft(node)
        for operand in node.operands():
            users[operand] -= 1
            if users[operand] == 0:
                ready.append(operand)
    return list(out)
"""),
    ("topological-order", "a generator with match", """
def topological_order(result):
    def walk():
        state, stack = {}, [result]
        while stack:
            match state.get(id(node := stack[-1])):
                case None:
                    state[id(node)] = "open"
                    stack += [o for o in node.operands() if id(o) not in state]
                case "open":
                    state[id(node)] = "done"
                    yield stack.pop()
                case "done":
                    stack.pop()
    return [*walk()]
"""),
    ("topological-order", "graphlib", """
from graphlib import TopologicalSorter
def topological_order(result):
    graph, stack = {}, [result]
    while stack:
        node = stack.pop()
        if node not in graph:
            graph[node] = node.operands()
            stack.extend(graph[node])
    return list(TopologicalSorter(graph).static_order())
"""),
    ("softmax-cross-entropy", "shares kept, a copy in the rule", """
def softmax_cross_entropy(logits, labels):
    logits = variable(logits)
    z = logits.data.data
    picked = np.arange(len(z)), classes(z, labels)
    最大 = z.max(axis=1)[:, None]
    e = np.exp(z - 最大)
    p = e / e.sum(axis=1)[:, None]
    loss = (np.log(e.sum(axis=1)) + 最大[:, 0] - z[picked]).mean()
    def rule(g):
        d = p.copy()
        d[picked] -= 1
        return d * g / len(z)
    return record(loss, (logits, rule))
"""),
    ("softmax-cross-entropy", "row by row, one-hot", """
def softmax_cross_entropy(logits, labels):
    logits = variable(logits)
    z = logits.data.data
    rows, k = z.shape
    labels = classes(z, labels)
    def log_softmax(row):
        s = row - row.max()
        return s - np.log(np.exp(s).sum())
    lp = np.stack([log_softmax(row) for row in z])
    onehot = (np.arange(k) == labels[:, None]).astype(z.dtype)
    return record(-(lp * onehot).sum() / rows, (logits, lambda g: g / rows * (np.exp(lp) - onehot)))
"""),
    ("softmax-cross-entropy", "log-sum-exp, subtract.at", """
def softmax_cross_entropy(logits, labels):
    logits = variable(logits)
    z = logits.data.data
    picked = np.arange(len(z)), classes(z, labels)
    a = np.amax(z, axis=1, keepdims=True)
    lse = a + np.log(np.sum(np.exp(z - a), axis=1, keepdims=True))
    value = np.mean(lse.ravel() - z[picked])
    def rule(g):
        s = np.exp(z - lse)
        np.subtract.at(s, picked, 1)
        s *= g / z.shape[0]
        return s
    return record(value, (logits, rule))
"""),
]  # fmt: skip

RIGHT = [Row(HERE, *answer) for answer in ANSWERS]

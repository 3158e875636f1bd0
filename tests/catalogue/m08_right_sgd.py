"""Right answers to the exercises of 08, each written on its own: none is an edited copy of the reference."""

from tests.catalogue.table import Row

MODULE = "08_optimizers"


def row(cell: str, name: str, answer: str, free: str = "") -> Row:
    return Row(MODULE, cell, name, answer, free=free)


DESCENT = {
    "in place through the array": """
def gradient_descent_step(parameter, learning_rate):
    if parameter.grad is None:
        return
    parameter.data.data -= learning_rate * parameter.grad.data.data
""",
    "a new Tensor": """
def gradient_descent_step(parameter: Variable, learning_rate: float) -> None:
    gradient = parameter.grad
    if gradient is not None:
        parameter.data = Tensor(parameter.data.data - learning_rate * gradient.data.data)
""",
    "Tensor arithmetic": """
def gradient_descent_step(parameter, learning_rate):
    if parameter.grad is not None:
        parameter.data = parameter.data - parameter.grad.data * learning_rate
""",
    "a new array in the old Tensor": """
def gradient_descent_step(parameter, learning_rate):
    if parameter.grad is not None:
        parameter.data.data = parameter.data.data + -learning_rate * parameter.grad.data.data
""",
    "element by element": """
def gradient_descent_step(parameter, learning_rate):
    if parameter.grad is not None:
        theta, grad = parameter.data.data, parameter.grad.data.data
        for place in np.ndindex(theta.shape):
            theta[place] = theta[place] - learning_rate * grad[place]
""",
    "np.subtract with out": """
def gradient_descent_step(parameter, learning_rate):
    if not parameter.grad is None:
        np.subtract(parameter.data.data, np.multiply(parameter.grad.data.data, learning_rate), out=parameter.data.data)
""",
    "a helper in a free cell": """
def gradient_descent_step(parameter, learning_rate):
    if has_gradient(parameter):
        write(parameter, moved(parameter.data.data, parameter.grad.data.data, learning_rate))
""",
    "a closure": """
def make_step():
    def gradient_descent_step(p, lr):
        if p.grad is not None:
            p.data.data[...] = p.data.data - lr * p.grad.data.data
        return None
    return gradient_descent_step
gradient_descent_step = make_step()
""",
    "float64 inside, the parameter's dtype outside": """
def gradient_descent_step(parameter, learning_rate):
    if parameter.grad is None:
        return None
    dtype = parameter.data.data.dtype
    new = parameter.data.data.astype(np.float64) - learning_rate * parameter.grad.data.data.astype(np.float64)
    parameter.data = Tensor(new.astype(dtype))
""",
    "prints and warnings on the way": """
import warnings, sys, logging
def gradient_descent_step(parameter, learning_rate):
    warnings.warn("a step")
    logging.getLogger("mine").error("a step")
    print("step", file=sys.stderr)
    np.log(np.zeros(1) - 1)
    if parameter.grad is not None:
        parameter.data.data -= learning_rate * parameter.grad.data.data
""",
    "Variable's own arithmetic": """
def gradient_descent_step(parameter, learning_rate):
    if parameter.grad is not None:
        parameter.data = subtract(parameter, multiply(parameter.grad, learning_rate)).data
""",
}
DESCENT_FREE = """
def has_gradient(p):
    return p.grad is not None

def moved(theta, g, lr):
    return theta - lr * g

def write(p, array):
    p.data = Tensor(array)
"""

SGD = {
    "a list of buffers from the start": """
class SGD:
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate, self.momentum, self.weight_decay = learning_rate, momentum, weight_decay
        self.step_count = 0
        self.momentum_buffers = [np.zeros_like(p.data.data) for p in self.parameters]

    def step(self):
        self.step_count += 1
        for p, v in zip(self.parameters, self.momentum_buffers):
            if p.grad is None:
                continue
            g = p.grad.data.data
            if self.weight_decay:
                g = g + self.weight_decay * p.data.data
            v *= self.momentum
            v += g
            p.data.data -= self.learning_rate * v

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None
""",
    "a dict by id, lazily": """
class SGD(object):
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        self.parameters = parameters
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.step_count = 0
        self.momentum_buffers = {}

    def step(self):
        self.step_count = self.step_count + 1
        for parameter in self.parameters:
            if parameter.grad is not None:
                grad = parameter.grad.data.data
                if self.weight_decay > 0:
                    grad = grad + self.weight_decay * parameter.data.data
                key = id(parameter)
                if key not in self.momentum_buffers:
                    self.momentum_buffers[key] = np.zeros(parameter.data.shape)
                self.momentum_buffers[key] = self.momentum * self.momentum_buffers[key] + grad
                new = parameter.data.data - self.learning_rate * self.momentum_buffers[key]
                parameter.data = Tensor(new.astype(parameter.data.data.dtype))

    def zero_grad(self):
        for parameter in self.parameters:
            parameter.zero_grad()
""",
    "the first gradient becomes the buffer": """
class SGD:
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        self.parameters, self.learning_rate = list(parameters), learning_rate
        self.momentum, self.weight_decay, self.step_count = momentum, weight_decay, 0
        self.momentum_buffers = [None] * len(self.parameters)

    def step(self):
        self.step_count += 1
        for i in range(len(self.parameters)):
            p = self.parameters[i]
            if p.grad is None:
                continue
            d = p.grad.data.data + self.weight_decay * p.data.data
            buf = self.momentum_buffers[i]
            buf = d if buf is None else self.momentum * buf + d
            self.momentum_buffers[i] = buf
            p.data.data = p.data.data - self.learning_rate * buf

    def zero_grad(self):
        for p in self.parameters: p.grad = None
""",
    "the gradient itself is the first buffer, never written to": """
class SGD:
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        self.parameters = [p for p in parameters]
        self.learning_rate = learning_rate; self.momentum = momentum; self.weight_decay = weight_decay
        self.step_count = 0; self.momentum_buffers = {}

    def step(self):
        self.step_count += 1
        for i, p in enumerate(self.parameters):
            if p.grad is None: continue
            g = p.grad.data.data
            if self.weight_decay != 0: g = g + p.data.data * self.weight_decay
            v = g if i not in self.momentum_buffers else g + self.momentum_buffers[i] * self.momentum
            self.momentum_buffers[i] = v
            p.data = Tensor(p.data.data - v * self.learning_rate)

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None
""",
    "the buffer is kept negative": """
class SGD:
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        self.parameters = tuple(parameters)
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.step_count = 0
        self.momentum_buffers = {}

    def step(self):
        self.step_count += 1
        for n, p in enumerate(self.parameters):
            if p.grad is not None:
                pull = -p.grad.data.data - self.weight_decay * p.data.data
                self.momentum_buffers[n] = self.momentum * self.momentum_buffers.get(n, 0) + pull
                p.data = Tensor(p.data.data + self.learning_rate * self.momentum_buffers[n])

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None
""",
    "two loops: first all buffers, then all parameters": """
class SGD:
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.step_count = 0
        self.momentum_buffers = {}

    def step(self):
        self.step_count += 1
        active = [(i, p) for i, p in enumerate(self.parameters) if p.grad is not None]
        for i, p in active:
            theta = p.data.data
            old = self.momentum_buffers.get(i, np.zeros_like(theta))
            self.momentum_buffers[i] = self.momentum * old + (p.grad.data.data + self.weight_decay * theta)
        for i, p in active:
            p.data = Tensor(p.data.data - self.learning_rate * self.momentum_buffers[i])

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None
""",
    "float64 buffers, cast at the end": """
class SGD:
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate = float(learning_rate)
        self.momentum = float(momentum)
        self.weight_decay = float(weight_decay)
        self.step_count = 0
        self.momentum_buffers = [np.zeros(p.data.shape, dtype=np.float64) for p in self.parameters]

    def step(self):
        self.step_count += 1
        for k, p in enumerate(self.parameters):
            if p.grad is None:
                continue
            theta = p.data.data.astype(np.float64)
            g = p.grad.data.data.astype(np.float64) + self.weight_decay * theta
            self.momentum_buffers[k] = self.momentum * self.momentum_buffers[k] + g
            p.data.data[...] = theta - self.learning_rate * self.momentum_buffers[k]

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None
""",
    "a rule function in a free cell": """
class SGD:
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate, self.momentum, self.weight_decay = learning_rate, momentum, weight_decay
        self.step_count, self.momentum_buffers = 0, {}

    def step(self):
        self.step_count += 1
        for parameter in with_gradient(self.parameters):
            sgd_rule(self, parameter)

    def zero_grad(self):
        clear(self.parameters)
""",
    "Tensors as buffers": """
class SGD:
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.step_count = 0
        self.momentum_buffers = {}

    def step(self):
        self.step_count += 1
        for p in self.parameters:
            if p.grad is None:
                continue
            g = p.grad.data
            if self.weight_decay > 0:
                g = g + p.data * self.weight_decay
            if p in self.momentum_buffers:
                g = self.momentum_buffers[p] * self.momentum + g
            self.momentum_buffers[p] = g
            p.data = p.data - g * self.learning_rate

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None
""",
    "the base with more around the rule": """
class SGD(Optimizer):
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(parameters, learning_rate=learning_rate, momentum=momentum, weight_decay=weight_decay)
        self.momentum_buffers = Buffers()
        self.history = []

    def rule(self, theta, g, v, t):
        d = g.copy()
        if self.weight_decay != 0:
            d += self.weight_decay * theta
        np.multiply(v, self.momentum, out=v)
        np.add(v, d, out=v)
        theta[:] = theta - self.learning_rate * v

    def step(self, gradients=None):
        super().step(gradients)
        self.history.append(self.step_count)
""",
    "properties, slots and extra attributes": """
class SGD:
    __slots__ = ("parameters", "_lr", "momentum", "weight_decay", "step_count", "momentum_buffers", "log")

    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        self.parameters = list(parameters)
        self._lr = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.step_count = 0
        self.momentum_buffers = {}
        self.log = []

    @property
    def learning_rate(self):
        return self._lr

    @learning_rate.setter
    def learning_rate(self, value):
        if value < 0:
            raise ValueError("negative")
        self._lr = value

    def step(self):
        self.step_count += 1
        for p in self.parameters:
            if p.grad is None:
                continue
            g = np.array(p.grad.data.data)
            if self.weight_decay > 0:
                g += self.weight_decay * p.data.data
            v = self.momentum_buffers.setdefault(id(p), np.zeros_like(g))
            v *= self.momentum
            v += g
            p.data.data[...] -= self._lr * v
            self.log.append(float(np.abs(v).max()))

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None
""",
    "a dataclass": """
from dataclasses import dataclass, field

@dataclass
class SGD:
    parameters: list
    learning_rate: float = 0.01
    momentum: float = 0.0
    weight_decay: float = 0.0
    step_count: int = 0
    momentum_buffers: dict = field(default_factory=dict)

    def step(self):
        self.step_count += 1
        for name, p in enumerate(self.parameters):
            if p.grad is None: continue
            v = self.momentum_buffers.get(name)
            g = p.grad.data.data + self.weight_decay * p.data.data
            v = g if v is None else v * self.momentum + g
            self.momentum_buffers[name] = v
            p.data = Tensor(p.data.data - self.learning_rate * v)

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None
""",
    "a mixin and a helper method": """
class ClearsGradients:
    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

class SGD(ClearsGradients):
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.step_count = 0
        self.momentum_buffers = [None for _ in self.parameters]

    def _update(self, i, p):
        theta, g = p.data.data, p.grad.data.data
        if self.weight_decay > 0:
            g = self.weight_decay * theta + g
        last = self.momentum_buffers[i]
        self.momentum_buffers[i] = g if last is None else self.momentum * last + g
        return theta - self.learning_rate * self.momentum_buffers[i]

    def step(self):
        self.step_count += 1
        news = [None if p.grad is None else self._update(i, p) for i, p in enumerate(self.parameters)]
        for p, new in zip(self.parameters, news):
            if new is not None:
                p.data = Tensor(new)
""",
    "a momentum history instead of one buffer": """
class SGD:
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate, self.momentum, self.weight_decay, self.step_count = learning_rate, momentum, weight_decay, 0
        self.momentum_buffers = {}

    def step(self):
        self.step_count += 1
        for p in self.parameters:
            if p.grad is None: continue
            past = self.momentum_buffers.setdefault(id(p), [])
            past.append(p.grad.data.data + self.weight_decay * p.data.data)
            v = 0
            for age, g in enumerate(reversed(past)):
                v = v + self.momentum ** age * g
            p.data = Tensor((p.data.data - self.learning_rate * v).astype(p.data.data.dtype))

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None
""",
    "buffers only once momentum is used, flat arrays": """
class SGD:
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.step_count = 0
        self.momentum_buffers = {}

    def step(self):
        self.step_count += 1
        for i, p in enumerate(self.parameters):
            if p.grad is None: continue
            theta = p.data.data.reshape(-1)
            g = p.grad.data.data.reshape(-1)
            if self.weight_decay > 0: g = g + self.weight_decay * theta
            if self.momentum:
                if i in self.momentum_buffers: g = self.momentum * self.momentum_buffers[i] + g
                self.momentum_buffers[i] = g
            p.data = Tensor((theta - self.learning_rate * g).reshape(p.data.data.shape))

    def zero_grad(self):
        for p in self.parameters: p.grad = None
""",
    "closures over the hyperparameters by name": """
class SGD:
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        vars(self).update(parameters=list(parameters), learning_rate=learning_rate, momentum=momentum)
        vars(self).update(weight_decay=weight_decay, step_count=0, momentum_buffers={})

        def rule(p, v):
            g = p.grad.data.data + self.weight_decay * p.data.data
            v = self.momentum * v + g
            return p.data.data - self.learning_rate * v, v
        self.rule = rule

    def step(self, closure=None):
        self.step_count += 1
        for p in filter(lambda p: p.grad is not None, self.parameters):
            new, self.momentum_buffers[id(p)] = self.rule(p, self.momentum_buffers.get(id(p), 0.0))
            p.data = Tensor(new)

    def zero_grad(self, set_to_none=True):
        for p in self.parameters:
            p.grad = None
""",
}
SGD_FREE = """
def with_gradient(parameters):
    return [p for p in parameters if p.grad is not None]

def clear(parameters):
    for p in parameters:
        p.grad = None

def sgd_rule(optimizer, p):
    theta = p.data.data
    g = p.grad.data.data + optimizer.weight_decay * theta
    v = optimizer.momentum * optimizer.momentum_buffers.get(id(p), np.zeros_like(theta)) + g
    optimizer.momentum_buffers[id(p)] = v
    p.data = Tensor(theta - optimizer.learning_rate * v)
"""

RIGHT = [row("gradient-descent-function", name, text, DESCENT_FREE) for name, text in DESCENT.items()]
RIGHT += [row("sgd-class", name, text, SGD_FREE) for name, text in SGD.items()]

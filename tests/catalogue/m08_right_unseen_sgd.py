"""Right answers that somebody wrote from the contract alone, without having seen a reference, a check or another answer."""

from tests.catalogue.table import Row

# cell, name, the whole answer, a free cell before it
ANSWERS: list[tuple[str, str, str, str]] = [
    (
        "gradient-descent-function",
        "lambda",
        """
gradient_descent_step = lambda parameter, learning_rate: parameter.data.data.__isub__(learning_rate * parameter.grad.data.data) if parameter.grad is not None else None
""",
        "",
    ),
    (
        "gradient-descent-function",
        "try AttributeError",
        """
def gradient_descent_step(parameter: Variable, learning_rate: float) -> None:
    try:
        g = parameter.grad.data.data
    except AttributeError:
        return
    parameter.data.data -= learning_rate * g
""",
        "",
    ),
    (
        "gradient-descent-function",
        "callable object",
        """
class _Step:
    def __call__(self, parameter, learning_rate):
        if parameter.grad is not None:
            parameter.data.data -= learning_rate * parameter.grad.data.data
gradient_descent_step = _Step()
""",
        "",
    ),
    (
        "sgd-class",
        "own base in a free cell",
        """
class SGD(Walker):
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        Walker.__init__(self, parameters)
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.momentum_buffers = [None for _ in self.parameters]
    def one(self, i, p):
        v = sgd_velocity(self.momentum_buffers[i], p, self.momentum, self.weight_decay)
        self.momentum_buffers[i] = v
        p.data = Tensor(p.data.data - self.learning_rate * v)
""",
        """
class Walker:
    def __init__(self, parameters):
        self.parameters = list(parameters)
        self.step_count = 0
    def zero_grad(self):
        for p in self.parameters:
            p.zero_grad()
    def step(self):
        self.step_count += 1
        for i, p in enumerate(self.parameters):
            if p.grad is not None:
                self.one(i, p)
def sgd_velocity(old, p, mu, wd):
    g = p.grad.data.data + wd * p.data.data
    return g if old is None else mu * old + g
""",
    ),
    (
        "sgd-class",
        "mixin",
        """
class ZeroMixin:
    def zero_grad(self):
        for p in self.parameters:
            p.zero_grad()
class CountMixin:
    step_count = 0
    def count(self):
        self.step_count += 1
class SGD(ZeroMixin, CountMixin):
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        self.__dict__.update(parameters=list(parameters), learning_rate=learning_rate, momentum=momentum, weight_decay=weight_decay)
        self.momentum_buffers = {}
    def step(self):
        self.count()
        for i, p in enumerate(self.parameters):
            if p.grad is None: continue
            g = p.grad.data.data + self.weight_decay * p.data.data
            self.momentum_buffers[i] = self.momentum * self.momentum_buffers.get(i, 0.0) + g
            p.data.data -= self.learning_rate * self.momentum_buffers[i]
""",
        "",
    ),
    (
        "sgd-class",
        "composition, one state per parameter",
        """
class Velocity:
    def __init__(self, p):
        self.p, self.v = p, np.zeros_like(p.data.data)
    def move(self, lr, mu, wd):
        g = self.p.grad.data.data
        if wd: g = g + wd * self.p.data.data
        self.v = mu * self.v + g
        self.p.data = Tensor(self.p.data.data - lr * self.v)
class SGD:
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate, self.momentum, self.weight_decay = learning_rate, momentum, weight_decay
        self.momentum_buffers = {}
        self.step_count = 0
    def zero_grad(self):
        for p in self.parameters: p.grad = None
    def step(self):
        self.step_count += 1
        for p in self.parameters:
            if p.grad is not None:
                if p not in self.momentum_buffers: self.momentum_buffers[p] = Velocity(p)
                self.momentum_buffers[p].move(self.learning_rate, self.momentum, self.weight_decay)
""",
        "",
    ),
    (
        "sgd-class",
        "closure",
        """
def SGD(parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
    class _SGD:
        def __init__(self):
            self.parameters = list(parameters)
            self.learning_rate = learning_rate
            self.momentum = momentum
            self.weight_decay = weight_decay
            self.momentum_buffers = {}
            self.step_count = 0
        def zero_grad(self):
            for p in self.parameters: p.grad = None
        def step(self):
            self.step_count += 1
            for i, p in enumerate(self.parameters):
                if p.grad is None: continue
                g = p.grad.data.data + self.weight_decay * p.data.data
                self.momentum_buffers[i] = self.momentum * self.momentum_buffers.get(i, 0.0) + g
                p.data.data -= self.learning_rate * self.momentum_buffers[i]
    return _SGD()
""",
        "",
    ),
    (
        "sgd-class",
        "scalars by float for 0-d",
        """
class SGD:
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.momentum_buffers = {}
        self.step_count = 0

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    def step(self):
        self.step_count += 1
        for i, p in enumerate(self.parameters):
            if p.grad is None: continue
            if p.data.data.ndim == 0:
                theta, g = float(p.data.data), float(p.grad.data.data)
                v = self.momentum * self.momentum_buffers.get(i, 0.0) + g + self.weight_decay * theta
                self.momentum_buffers[i] = v
                p.data = Tensor(np.asarray(theta - self.learning_rate * v, dtype=p.data.data.dtype))
            else:
                g = p.grad.data.data + self.weight_decay * p.data.data
                v = self.momentum * self.momentum_buffers.get(i, 0.0) + g
                self.momentum_buffers[i] = v
                p.data.data[...] -= self.learning_rate * v
""",
        "",
    ),
    (
        "sgd-class",
        "negative velocity",
        """
class SGD:
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.momentum_buffers = {}
        self.step_count = 0

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    def step(self):
        self.step_count += 1
        for i, p in enumerate(self.parameters):
            if p.grad is None: continue
            v = self.momentum_buffers.get(i, np.zeros_like(p.data.data))
            v = self.momentum * v - (p.grad.data.data + self.weight_decay * p.data.data)
            self.momentum_buffers[i] = v
            p.data = Tensor(p.data.data + self.learning_rate * v)
""",
        "",
    ),
    (
        "sgd-class",
        "history of gradients summed",
        """
class SGD:
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.momentum_buffers = {}
        self.step_count = 0

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    def step(self):
        self.step_count += 1
        for i, p in enumerate(self.parameters):
            if p.grad is None: continue
            g = p.grad.data.data + self.weight_decay * p.data.data
            self.momentum_buffers.setdefault(i, []).append(g.astype(np.float64))
            h = self.momentum_buffers[i]
            v = sum(self.momentum ** (len(h) - 1 - k) * each for k, each in enumerate(h))
            p.data.data[...] = p.data.data - self.learning_rate * v
""",
        "",
    ),
    (
        "sgd-class",
        "deferred writes",
        """
class SGD:
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.momentum_buffers = {}
        self.step_count = 0

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    def step(self):
        self.step_count += 1
        updates = []
        for i, p in enumerate(self.parameters):
            if p.grad is None: continue
            g = p.grad.data.data + self.weight_decay * p.data.data
            self.momentum_buffers[i] = self.momentum * self.momentum_buffers.get(i, 0.0) + g
            updates.append((p, self.learning_rate * self.momentum_buffers[i]))
        for p, u in updates:
            p.data.data -= u
""",
        "",
    ),
    (
        "sgd-class",
        "buffers as Variables",
        """
class SGD:
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.momentum_buffers = {}
        self.step_count = 0

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    def step(self):
        self.step_count += 1
        for i, p in enumerate(self.parameters):
            if p.grad is None: continue
            g = p.grad.data.data + self.weight_decay * p.data.data
            if i not in self.momentum_buffers:
                self.momentum_buffers[i] = Variable(np.zeros_like(p.data.data), requires_grad=False)
            buf = self.momentum_buffers[i]
            buf.data = Tensor(self.momentum * buf.data.data + g)
            p.data = Tensor(p.data.data - self.learning_rate * buf.data.data)
""",
        "",
    ),
    (
        "sgd-class",
        "TinyTorch original style",
        """
class SGD:
    def __init__(self, parameters, learning_rate: float = 0.01, momentum: float = 0.0, weight_decay: float = 0.0):
        self.parameters = parameters
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.momentum_buffers = {}
        self.step_count = 0
    def step(self) -> None:
        self.step_count += 1
        for i, param in enumerate(self.parameters):
            if param.grad is not None:
                gradient = param.grad.data.data
                if self.weight_decay > 0:
                    gradient = gradient + self.weight_decay * param.data.data
                if i not in self.momentum_buffers:
                    self.momentum_buffers[i] = np.zeros_like(param.data.data)
                self.momentum_buffers[i] = self.momentum * self.momentum_buffers[i] + gradient
                param.data = Tensor(param.data.data - self.learning_rate * self.momentum_buffers[i])
    def zero_grad(self) -> None:
        for param in self.parameters:
            param.grad = None
""",
        "",
    ),
]

RIGHT = [Row("08_optimizers", cell, name, answer, free=free) for cell, name, answer, free in ANSWERS]

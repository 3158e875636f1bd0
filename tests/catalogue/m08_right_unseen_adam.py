"""Right answers that somebody wrote from the contract alone, without having seen a reference, a check or another answer."""

from tests.catalogue.table import Row

# cell, name, the whole answer, a free cell before it
ANSWERS: list[tuple[str, str, str, str]] = [
    (
        "adam-class",
        "running products per parameter",
        """
class Adam:
    def __init__(self, parameters, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weight_decay = weight_decay
        self.first_moment = {}
        self.second_moment = {}
        self.step_count = 0
        self.products = {}

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    def step(self):
        self.step_count += 1
        for k, p in enumerate(self.parameters):
            if p.grad is None: continue
            a, b = self.products.get(k, (1.0, 1.0))
            a, b = a * self.beta1, b * self.beta2
            self.products[k] = a, b
            g = p.grad.data.data + self.weight_decay * p.data.data
            self.first_moment[k] = self.beta1 * self.first_moment.get(k, 0.0) + (1 - self.beta1) * g
            self.second_moment[k] = self.beta2 * self.second_moment.get(k, 0.0) + (1 - self.beta2) * g * g
            p.data.data -= self.learning_rate * (self.first_moment[k] / (1 - a)) / (np.sqrt(self.second_moment[k] / (1 - b)) + self.epsilon)
""",
        "",
    ),
    (
        "adam-class",
        "subclass of SGD",
        """
class Adam(SGD):
    def __init__(self, parameters, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.first_moment, self.second_moment = {}, {}
        self.step_count = 0
    def zero_grad(self):
        for p in self.parameters:
            p.grad = None
    def step(self):
        self.step_count += 1
        t = self.step_count
        for i, p in enumerate(self.parameters):
            if p.grad is None: continue
            g = p.grad.data.data + self.weight_decay * p.data.data
            m = self.first_moment[i] = self.beta1 * self.first_moment.get(i, 0) + (1 - self.beta1) * g
            v = self.second_moment[i] = self.beta2 * self.second_moment.get(i, 0) + (1 - self.beta2) * g * g
            p.data = Tensor(p.data.data - self.learning_rate * (m / (1 - self.beta1**t)) / (np.sqrt(v / (1 - self.beta2**t)) + self.epsilon))
""",
        "",
    ),
    (
        "adam-class",
        "namedtuple state",
        """
from collections import namedtuple
Moments = namedtuple("Moments", "m v t")
class Adam:
    def __init__(self, parameters, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weight_decay = weight_decay
        self.state = {}
        self.step_count = 0
    @property
    def first_moment(self):
        return {i: s.m for i, s in self.state.items()}
    @property
    def second_moment(self):
        return {i: s.v for i, s in self.state.items()}
    def zero_grad(self):
        for p in self.parameters: p.grad = None
    def step(self):
        self.step_count += 1
        for i, p in enumerate(self.parameters):
            if p.grad is None: continue
            g = p.grad.data.data + self.weight_decay * p.data.data
            s = self.state.get(i, Moments(0, 0, 0))
            s = Moments(self.beta1 * s.m + (1 - self.beta1) * g, self.beta2 * s.v + (1 - self.beta2) * g * g, s.t + 1)
            self.state[i] = s
            step = self.learning_rate * (s.m / (1 - self.beta1 ** s.t)) / (np.sqrt(s.v / (1 - self.beta2 ** s.t)) + self.epsilon)
            p.data.data -= step
""",
        "",
    ),
    (
        "adam-class",
        "root corrected apart",
        """
class Adam:
    def __init__(self, parameters, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weight_decay = weight_decay
        self.first_moment = {}
        self.second_moment = {}
        self.step_count = 0

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    def step(self):
        self.step_count += 1
        t = self.step_count
        for i, p in enumerate(self.parameters):
            if p.grad is None:
                continue
            theta = p.data.data
            g = p.grad.data.data
            if self.weight_decay > 0:
                g = g + self.weight_decay * theta
            if i not in self.first_moment:
                self.first_moment[i] = np.zeros_like(theta)
                self.second_moment[i] = np.zeros_like(theta)
            m = self.beta1 * self.first_moment[i] + (1 - self.beta1) * g
            v = self.beta2 * self.second_moment[i] + (1 - self.beta2) * g**2
            self.first_moment[i] = m
            self.second_moment[i] = v
            m_hat = m / (1 - self.beta1**t)
            v_hat = v / (1 - self.beta2**t)
            p.data = Tensor(theta - self.learning_rate * m_hat / (np.sqrt(v) / math.sqrt(1 - self.beta2**t) + self.epsilon))
""",
        "",
    ),
    (
        "adam-class",
        "unbiased averages kept as lists of history",
        """
class Adam:
    def __init__(self, parameters, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weight_decay = weight_decay
        self.first_moment = {}
        self.second_moment = {}
        self.step_count = 0

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    def step(self):
        self.step_count += 1
        for i, p in enumerate(self.parameters):
            if p.grad is None: continue
            h = self.first_moment.setdefault(i, [])
            h.append((p.grad.data.data + self.weight_decay * p.data.data).astype(np.float64))
            self.second_moment[i] = h
            n = len(h)
            m = sum((1 - self.beta1) * self.beta1 ** (n - 1 - k) * g for k, g in enumerate(h)) / (1 - self.beta1 ** n)
            v = sum((1 - self.beta2) * self.beta2 ** (n - 1 - k) * g * g for k, g in enumerate(h)) / (1 - self.beta2 ** n)
            p.data.data[...] = p.data.data - self.learning_rate * m / (np.sqrt(v) + self.epsilon)
""",
        "",
    ),
    (
        "adam-class",
        "generator of updates",
        """
class Adam:
    def __init__(self, parameters, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weight_decay = weight_decay
        self.first_moment = {}
        self.second_moment = {}
        self.step_count = 0

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    def step(self):
        self.step_count += 1
        for p, u in list(self._updates()):
            p.data = Tensor(p.data.data - u)

    def _updates(self):
        t = self.step_count
        for i, p in enumerate(self.parameters):
            if p.grad is None: continue
            g = p.grad.data.data + self.weight_decay * p.data.data
            m = self.first_moment[i] = self.beta1 * self.first_moment.get(i, 0.0) + (1 - self.beta1) * g
            v = self.second_moment[i] = self.beta2 * self.second_moment.get(i, 0.0) + (1 - self.beta2) * g * g
            yield p, self.learning_rate * (m / (1 - self.beta1**t)) / (np.sqrt(v / (1 - self.beta2**t)) + self.epsilon)
""",
        "",
    ),
]

RIGHT = [Row("08_optimizers", cell, name, answer, free=free) for cell, name, answer, free in ANSWERS]

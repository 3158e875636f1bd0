"""Right answers to Adam, each written on its own: none is an edited copy of the reference."""

from tests.catalogue.table import Row

HEAD = """
class Adam:
    def __init__(self, parameters, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate, self.beta1, self.beta2 = learning_rate, beta1, beta2
        self.epsilon, self.weight_decay, self.step_count = epsilon, weight_decay, 0
        {start}

    def zero_grad(self):
        for parameter in self.parameters:
            parameter.grad = None

    def step(self):
        self.step_count += 1
"""
LAZY = HEAD.replace("{start}", "self.first_moment, self.second_moment = {}, {}")
EAGER = HEAD.replace(
    "{start}", "self.first_moment, self.second_moment = ([np.zeros_like(p.data.data) for p in self.parameters] for _ in range(2))"
)

ADAM = {
    "step_count as t, dicts, a new Tensor": LAZY + """
        t = self.step_count
        for i, p in enumerate(self.parameters):
            if p.grad is None:
                continue
            g = p.grad.data.data
            if self.weight_decay > 0:
                g = g + self.weight_decay * p.data.data
            m = self.beta1 * self.first_moment.get(i, np.zeros_like(g)) + (1 - self.beta1) * g
            v = self.beta2 * self.second_moment.get(i, np.zeros_like(g)) + (1 - self.beta2) * g ** 2
            self.first_moment[i], self.second_moment[i] = m, v
            m_hat, v_hat = m / (1 - self.beta1 ** t), v / (1 - self.beta2 ** t)
            p.data = Tensor(p.data.data - self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon))
""",
    "lists from the start, in place": EAGER + """
        for p, m, v in zip(self.parameters, self.first_moment, self.second_moment):
            if p.grad is None: continue
            g = p.grad.data.data + self.weight_decay * p.data.data
            m[...] = self.beta1 * m + (1 - self.beta1) * g
            v[...] = self.beta2 * v + (1 - self.beta2) * g * g
            m_hat = m / (1 - self.beta1 ** self.step_count)
            v_hat = v / (1 - self.beta2 ** self.step_count)
            p.data.data -= self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)
""",
    "a count for each parameter": LAZY + """
        self.counts = getattr(self, "counts", {})
        for p in self.parameters:
            if p.grad is not None:
                k = id(p)
                self.counts[k] = t = self.counts.get(k, 0) + 1
                theta, g = p.data.data, p.grad.data.data + self.weight_decay * p.data.data
                self.first_moment[k] = m = self.beta1 * self.first_moment.get(k, 0.0) + (1 - self.beta1) * g
                self.second_moment[k] = v = self.beta2 * self.second_moment.get(k, 0.0) + (1 - self.beta2) * np.square(g)
                change = (m / (1 - self.beta1**t)) / (np.sqrt(v / (1 - self.beta2**t)) + self.epsilon)
                p.data = Tensor(theta - self.learning_rate * change)
""",
    "the corrections in the step size, epsilon scaled to match": LAZY + """
        b1 = 1 - self.beta1 ** self.step_count
        b2 = math.sqrt(1 - self.beta2 ** self.step_count)
        for i, p in enumerate(self.parameters):
            if p.grad is None: continue
            g = p.grad.data.data
            if self.weight_decay: g = g + self.weight_decay * p.data.data
            m = self.first_moment.setdefault(i, np.zeros_like(g))
            v = self.second_moment.setdefault(i, np.zeros_like(g))
            m += (1 - self.beta1) * (g - m)
            v += (1 - self.beta2) * (g * g - v)
            p.data.data -= (self.learning_rate * b2 / b1) * m / (np.sqrt(v) + self.epsilon * b2)
""",
    "the denominator as PyTorch has it": LAZY + """
        c1, c2 = 1 - self.beta1 ** self.step_count, 1 - self.beta2 ** self.step_count
        for p in self.parameters:
            if p.grad is None: continue
            g = p.grad.data.data
            if self.weight_decay != 0: g = g + p.data.data * self.weight_decay
            m = self.first_moment[p] = self.first_moment.get(p, 0) * self.beta1 + g * (1 - self.beta1)
            v = self.second_moment[p] = self.second_moment.get(p, 0) * self.beta2 + g * g * (1 - self.beta2)
            denominator = np.sqrt(v) / math.sqrt(c2) + self.epsilon
            p.data = Tensor(p.data.data - self.learning_rate / c1 * m / denominator)
""",
    "powers of beta kept by multiplication": LAZY + """
        self.power1 = getattr(self, "power1", 1.0) * self.beta1
        self.power2 = getattr(self, "power2", 1.0) * self.beta2
        for i, p in enumerate(self.parameters):
            if p.grad is None: continue
            g = p.grad.data.data + self.weight_decay * p.data.data
            self.first_moment[i] = self.beta1 * self.first_moment.get(i, 0) + (1 - self.beta1) * g
            self.second_moment[i] = self.beta2 * self.second_moment.get(i, 0) + (1 - self.beta2) * g**2
            m_hat = self.first_moment[i] / (1 - self.power1)
            v_hat = self.second_moment[i] / (1 - self.power2)
            p.data.data = p.data.data - self.learning_rate * m_hat / (v_hat ** 0.5 + self.epsilon)
""",
    "moments as sums of all gradients so far": LAZY + """
        for p in self.parameters:
            if p.grad is None: continue
            past = self.first_moment.setdefault(id(p), [])
            self.second_moment[id(p)] = past
            past.append((p.grad.data.data + self.weight_decay * p.data.data).astype(np.float64))
            n = len(past)
            m = sum((1 - self.beta1) * self.beta1 ** (n - 1 - k) * g for k, g in enumerate(past)) / (1 - self.beta1 ** n)
            v = sum((1 - self.beta2) * self.beta2 ** (n - 1 - k) * g * g for k, g in enumerate(past)) / (1 - self.beta2 ** n)
            new = p.data.data - self.learning_rate * m / (np.sqrt(v) + self.epsilon)
            p.data = Tensor(np.asarray(new, dtype=p.data.data.dtype))
""",
    "float64 state, cast on the way out": EAGER.replace("zeros_like(p.data.data)", "zeros(p.data.shape)") + """
        for i, p in enumerate(self.parameters):
            if p.grad is None: continue
            g = p.grad.data.data.astype(float) + self.weight_decay * p.data.data
            self.first_moment[i] = self.beta1 * self.first_moment[i] + (1 - self.beta1) * g
            self.second_moment[i] = self.beta2 * self.second_moment[i] + (1 - self.beta2) * g * g
            m_hat = self.first_moment[i] / (1 - np.power(self.beta1, self.step_count))
            v_hat = self.second_moment[i] / (1 - np.power(self.beta2, self.step_count))
            update = self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)
            p.data.data[...] = p.data.data - update
""",
    "float32 everywhere, every constant too": LAZY + """
        for i, p in enumerate(self.parameters):
            if p.grad is None: continue
            f = p.data.data.dtype.type
            b1, b2 = f(self.beta1), f(self.beta2)
            g = p.grad.data.data + f(self.weight_decay) * p.data.data
            m = b1 * self.first_moment.get(i, f(0)) + (f(1) - b1) * g
            v = b2 * self.second_moment.get(i, f(0)) + (f(1) - b2) * (g * g)
            self.first_moment[i], self.second_moment[i] = m, v
            t = f(self.step_count)
            m_hat, v_hat = m / (f(1) - b1 ** t), v / (f(1) - b2 ** t)
            p.data = Tensor(p.data.data - f(self.learning_rate) * m_hat / (np.sqrt(v_hat) + f(self.epsilon)))
""",
    "element by element with math": EAGER + """
        for n, p in enumerate(self.parameters):
            if p.grad is None: continue
            theta, grad = p.data.data, p.grad.data.data
            for k in np.ndindex(theta.shape):
                g = float(grad[k]) + self.weight_decay * float(theta[k])
                m = self.beta1 * float(self.first_moment[n][k]) + (1 - self.beta1) * g
                v = self.beta2 * float(self.second_moment[n][k]) + (1 - self.beta2) * g * g
                self.first_moment[n][k], self.second_moment[n][k] = m, v
                m, v = m / (1 - self.beta1 ** self.step_count), v / (1 - self.beta2 ** self.step_count)
                theta[k] = theta[k] - self.learning_rate * m / (math.sqrt(v) + self.epsilon)
""",
    "helper functions in a free cell": LAZY + """
        for p in self.parameters:
            if p.grad is not None:
                g = decayed(p, self.weight_decay)
                m = self.first_moment[p] = average(self.first_moment.get(p, 0.0), g, self.beta1)
                v = self.second_moment[p] = average(self.second_moment.get(p, 0.0), g * g, self.beta2)
                t = self.step_count
                p.data = Tensor(p.data.data - self.learning_rate * unbiased(m, self.beta1, t)
                                / (unbiased(v, self.beta2, t) ** 0.5 + self.epsilon))
""",
    "the base, the rule in other words": """
class Adam(Optimizer):
    def __init__(self, parameters, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0):
        super().__init__(parameters, learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon, weight_decay=weight_decay)
        self.first_moment = Buffers()
        self.second_moment = Buffers()

    def rule(self, theta, g, m, v, t):
        d = g + self.weight_decay * theta
        m[:] = m + (d - m) * (1 - self.beta1)
        v[:] = v + (d ** 2 - v) * (1 - self.beta2)
        rate = self.learning_rate / (1 - self.beta1 ** t)
        theta[:] = theta - rate * m / (np.sqrt(v / (1 - self.beta2 ** t)) + self.epsilon)
""",
    "Tensors as moments": LAZY + """
        for p in self.parameters:
            if p.grad is None:
                continue
            g = p.grad.data + p.data * self.weight_decay
            self.first_moment[id(p)] = g * (1 - self.beta1) + self.first_moment.get(id(p), 0) * self.beta1
            self.second_moment[id(p)] = g * g * (1 - self.beta2) + self.second_moment.get(id(p), 0) * self.beta2
            m_hat = self.first_moment[id(p)] / (1 - self.beta1 ** self.step_count)
            v_hat = self.second_moment[id(p)] / (1 - self.beta2 ** self.step_count)
            p.data = p.data - m_hat * self.learning_rate / (v_hat ** 0.5 + self.epsilon)
""",
    "inherits from the student's own SGD": """
class Adam(SGD):
    def __init__(self, parameters, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0):
        super().__init__(parameters, learning_rate=learning_rate, weight_decay=weight_decay)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.first_moment, self.second_moment = {}, {}

    def step(self):
        self.step_count += 1
        for i, p in enumerate(self.parameters):
            if p.grad is None: continue
            g = p.grad.data.data + self.weight_decay * p.data.data
            m = self.beta1 * self.first_moment.get(i, 0) + (1 - self.beta1) * g
            v = self.beta2 * self.second_moment.get(i, 0) + (1 - self.beta2) * g * g
            self.first_moment[i] = m
            self.second_moment[i] = v
            m, v = m / (1 - self.beta1 ** self.step_count), v / (1 - self.beta2 ** self.step_count)
            p.data.data -= self.learning_rate * m / (np.sqrt(v) + self.epsilon)
""",
    "state kept in one dict per parameter, None placeholders": HEAD.replace(
        "{start}", "self.first_moment = [None] * len(self.parameters); self.second_moment = [None] * len(self.parameters)"
    ) + """
        for i, p in enumerate(self.parameters):
            if p.grad is None:
                continue
            g = np.copy(p.grad.data.data)
            g += self.weight_decay * p.data.data
            if self.first_moment[i] is None:
                self.first_moment[i] = (1 - self.beta1) * g
                self.second_moment[i] = (1 - self.beta2) * np.multiply(g, g)
            else:
                self.first_moment[i] = self.beta1 * self.first_moment[i] + (1 - self.beta1) * g
                self.second_moment[i] = self.beta2 * self.second_moment[i] + (1 - self.beta2) * np.multiply(g, g)
            top = self.first_moment[i] / (1.0 - self.beta1 ** float(self.step_count))
            bottom = np.sqrt(self.second_moment[i] / (1.0 - self.beta2 ** float(self.step_count)))
            bottom += self.epsilon
            p.data = Tensor(p.data.data - self.learning_rate * np.divide(top, bottom))
""",
    "expm1 and log for the corrections": LAZY + """
        c1 = -math.expm1(self.step_count * math.log(self.beta1))
        c2 = -math.expm1(self.step_count * math.log(self.beta2))
        for i, p in enumerate(self.parameters):
            if p.grad is None: continue
            g = p.grad.data.data + self.weight_decay * p.data.data
            m = self.first_moment[i] = self.beta1 * self.first_moment.get(i, 0) + g - self.beta1 * g
            v = self.second_moment[i] = self.beta2 * self.second_moment.get(i, 0) + g * g - self.beta2 * g * g
            p.data = Tensor(p.data.data - self.learning_rate * (m / c1) / (np.sqrt(v / c2) + self.epsilon))
""",
}
FREE = """
def decayed(p, wd):
    return p.grad.data.data + wd * p.data.data

def average(old, new, beta):
    return beta * old + (1 - beta) * new

def unbiased(x, beta, t):
    return x / (1 - beta ** t)
"""

RIGHT = [Row("08_optimizers", "adam-class", name, text, free=FREE) for name, text in ADAM.items()]

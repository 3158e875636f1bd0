"""Right answers to StepLR and to the training loop, each written on its own."""

from tests.catalogue.table import Row

STEPLR = {
    "by the formula": """
class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer = optimizer
        self.step_size = step_size
        self.gamma = gamma
        self.initial_lr = optimizer.learning_rate
        self.step_count = 0

    def step(self):
        self.step_count += 1
        self.optimizer.learning_rate = self.get_lr()

    def get_lr(self):
        return self.initial_lr * self.gamma ** (max(self.step_count - 1, 0) // self.step_size)
""",
    "incrementally": """
class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer, self.step_size, self.gamma = optimizer, step_size, gamma
        self.initial_lr = self.optimizer.learning_rate
        self.step_count = 0

    def step(self):
        if self.step_count > 0 and self.step_count % self.step_size == 0:
            self.optimizer.learning_rate *= self.gamma
        self.step_count += 1

    def get_lr(self):
        return self.optimizer.learning_rate
""",
    "a countdown": """
class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer = optimizer
        self.step_size = step_size
        self.gamma = gamma
        self.initial_lr = float(optimizer.learning_rate)
        self.step_count = 0
        self._left = step_size + 1

    def step(self) -> None:
        self.step_count += 1
        self._left -= 1
        if self._left == 0:
            self.optimizer.learning_rate = self.optimizer.learning_rate * self.gamma
            self._left = self.step_size

    def get_lr(self) -> float:
        return float(self.optimizer.learning_rate)
""",
    "a loop that multiplies": """
class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer = optimizer
        self.step_size = int(step_size)
        self.gamma = float(gamma)
        self.initial_lr = optimizer.learning_rate
        self.step_count = 0
        self.current = self.initial_lr

    def step(self):
        self.step_count += 1
        rate = self.initial_lr
        for epoch in range(1, self.step_count):
            if epoch % self.step_size == 0:
                rate *= self.gamma
        self.current = rate
        setattr(self.optimizer, "learning_rate", rate)

    def get_lr(self):
        return self.current
""",
    "with math.floor and pow, the epoch kept too": """
class StepLR(object):
    def __init__(self, optimizer, step_size: int, gamma: float = 0.1):
        self.__dict__.update(optimizer=optimizer, step_size=step_size, gamma=gamma)
        self.initial_lr, self.step_count, self.epoch = optimizer.learning_rate, 0, -1

    def step(self):
        self.epoch += 1
        self.step_count = self.epoch + 1
        decays = math.floor(self.epoch / self.step_size)
        self.optimizer.learning_rate = math.pow(self.gamma, decays) * self.initial_lr

    def get_lr(self):
        return self.optimizer.learning_rate
""",
    "on the given base": """
class StepLR(Scheduler):
    def __init__(self, optimizer, step_size, gamma=0.1):
        super().__init__(optimizer)
        self.step_size, self.gamma = step_size, gamma

    def step(self):
        self.optimizer.learning_rate = self.initial_lr * self.gamma ** int(self.step_count / self.step_size)
        self.step_count = self.step_count + 1
""",
    "a generator of rates": """
class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer, self.step_size, self.gamma = optimizer, step_size, gamma
        self.initial_lr, self.step_count = optimizer.learning_rate, 0
        self._rates = self._all()

    def _all(self):
        decays = 0
        while True:
            for _ in range(self.step_size):
                yield self.initial_lr * self.gamma ** decays
            decays += 1

    def step(self):
        self.step_count += 1
        self.optimizer.learning_rate = next(self._rates)

    def get_lr(self):
        return self.optimizer.learning_rate
""",
    "asks what it is given": """
class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        if not isinstance(optimizer, (SGD, Adam)):
            raise TypeError("an optimizer is needed")
        if step_size < 1 or gamma <= 0:
            raise ValueError("step_size and gamma have to be positive")
        self.optimizer, self.step_size, self.gamma = optimizer, step_size, gamma
        self.initial_lr, self.step_count = optimizer.learning_rate, 0

    def step(self):
        self.step_count += 1
        quotient, _ = divmod(self.step_count - 1, self.step_size)
        self.optimizer.learning_rate = self.initial_lr * self.gamma ** quotient

    def get_lr(self):
        return self.optimizer.learning_rate
""",
    "an attribute of the optimizer as well": """
class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer, self.step_size, self.gamma = optimizer, step_size, gamma
        optimizer.initial_lr = self.initial_lr = optimizer.learning_rate
        self.step_count = 0
        self.history = []

    def step(self):
        self.optimizer.learning_rate = self.initial_lr * np.power(self.gamma, self.step_count // self.step_size)
        self.step_count += 1
        self.history.append(self.optimizer.learning_rate)

    def get_lr(self):
        return float(self.optimizer.learning_rate)
""",
}

LOOPS = {
    "everything in one function, cleared before the backward pass": """
def train_simple_model():
    xs = [1.0, 2.0, 3.0, 4.0, 5.0]
    ys = [3.0, 5.0, 7.0, 9.0, 11.0]

    w = Variable(Tensor(0.1), requires_grad=True)
    b = Variable(Tensor(0.0), requires_grad=True)
    sgd = SGD([w, b], learning_rate=0.01, momentum=0.9)
    for epoch in range(60):
        for x, y in zip(xs, ys):
            sgd.zero_grad()
            out = add(multiply(w, Variable(Tensor(x), requires_grad=False)), b)
            diff = subtract(out, Variable(Tensor(y), requires_grad=False))
            loss = multiply(diff, diff)
            loss.backward()
            sgd.step()
    sgd_w, sgd_b = float(w.data.data), float(b.data.data)

    w = Variable(Tensor(0.1), requires_grad=True)
    b = Variable(Tensor(0.0), requires_grad=True)
    adam = Adam([w, b], learning_rate=0.01)
    for epoch in range(60):
        for x, y in zip(xs, ys):
            adam.zero_grad()
            out = add(multiply(w, Variable(Tensor(x), requires_grad=False)), b)
            diff = subtract(out, Variable(Tensor(y), requires_grad=False))
            loss = multiply(diff, diff)
            loss.backward()
            adam.step()
    return sgd_w, sgd_b, float(w.data.data), float(b.data.data)
""",
    "cleared after the step, arrays of one element": """
def train_simple_model():
    results = []
    for name in ("sgd", "adam"):
        w, b = Variable(np.array([0.1])), Variable(np.array([0.0]))
        optimizer = SGD([w, b], 0.01, 0.9) if name == "sgd" else Adam([w, b], 0.01)
        for _ in range(60):
            for x in range(1, 6):
                error = w * float(x) + b - (2.0 * x + 1.0)
                loss = error * error
                loss.backward()
                optimizer.step()
                optimizer.zero_grad()
        results += [w.data.data[0], b.data.data[0]]
    return tuple(results)
""",
    "helpers in free cells, the optimizer as an argument": """
def train_simple_model():
    sgd_w, sgd_b = fit_line(SGD, learning_rate=0.01, momentum=0.9)
    adam_w, adam_b = fit_line(Adam, learning_rate=0.01)
    return sgd_w, sgd_b, adam_w, adam_b
""",
    "a model class in a free cell": """
def train_simple_model():
    numbers = []
    for make in (lambda p: SGD(p, learning_rate=0.01, momentum=0.9), lambda p: Adam(p, learning_rate=0.01)):
        model = Line(0.1, 0.0)
        optimizer = make(model.parameters())
        for epoch in range(60):
            for x, y in model.points:
                model.loss(x, y).backward()
                optimizer.step()
                for p in model.parameters():
                    p.grad = None
        numbers.extend(model.numbers())
    return numbers
""",
    "classes as default arguments": """
def train_simple_model(kinds=((SGD, dict(learning_rate=0.01, momentum=0.9)), (Adam, dict(learning_rate=0.01))), epochs=60):
    answer = []
    for kind, options in kinds:
        params = [Variable(0.1), Variable(0.0)]
        opt = kind(params, **options)
        for _ in range(epochs):
            for i in range(5):
                opt.zero_grad()
                e = subtract(add(multiply(params[0], i + 1.0), params[1]), 2.0 * (i + 1) + 1)
                multiply(e, e).backward()
                opt.step()
        answer.append(params[0].data.data.item())
        answer.append(params[1].data.data.item())
    return tuple(answer)
""",
    "both in one loop, side by side": """
def train_simple_model():
    ws, bs = Variable(0.1), Variable(0.0)
    wa, ba = Variable(0.1), Variable(0.0)
    sgd, adam = SGD([ws, bs], learning_rate=0.01, momentum=0.9), Adam([wa, ba], learning_rate=0.01)
    for epoch in range(60):
        for x in np.arange(1, 6, dtype=np.float32):
            y = 2 * x + 1
            for w, b, opt in ((ws, bs, sgd), (wa, ba, adam)):
                opt.zero_grad()
                e = subtract(add(multiply(w, Variable(x, False)), b), Variable(y, False))
                multiply(e, e).backward()
                opt.step()
    return ws.data.data, bs.data.data, wa.data.data, ba.data.data
""",
    "b before w, 300 updates counted out": """
def train_simple_model():
    def run(opt, w, b):
        for k in range(300):
            x = 1 + k % 5
            e = subtract(add(b, multiply(Variable(float(x), requires_grad=False), w)), Variable(2.0 * x + 1, requires_grad=False))
            opt.zero_grad()
            multiply(e, e).backward()
            opt.step()
        return w.data.item(), b.data.item()
    b1, w1, b2, w2 = Variable(0.0), Variable(0.1), Variable(0.0), Variable(0.1)
    first = run(SGD([b1, w1], learning_rate=0.01, momentum=0.9, weight_decay=0.0), w1, b1)
    second = run(Adam([b2, w2], learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8), w2, b2)
    return (*first, *second)
""",
    "half the squared error": """
def train_simple_model():
    def run(make):
        w, b = Variable([0.1]), Variable([0.0])
        opt = make((w, b))
        for _ in range(60):
            for x in (1.0, 2.0, 3.0, 4.0, 5.0):
                e = subtract(add(multiply(w, Tensor([x])), b), Tensor([2 * x + 1]))
                opt.zero_grad()
                multiply(multiply(e, e), 0.5).sum().backward()
                opt.step()
        return w.data.data[0].item(), b.data.data[0].item()
    return run(lambda p: SGD(list(p), learning_rate=0.01, momentum=0.9)) + run(lambda p: Adam(list(p), learning_rate=0.01))
""",
    "the same Variables, set back to the start": """
def train_simple_model():
    w, b = Variable(0.1), Variable(0.0)
    found = []
    for opt in (SGD([w, b], learning_rate=0.01, momentum=0.9), Adam([w, b], learning_rate=0.01)):
        w.data, b.data = Tensor(0.1), Tensor(0.0)
        opt.zero_grad()
        for epoch in range(60):
            for x in (1.0, 2.0, 3.0, 4.0, 5.0):
                e = (w * x + b) - (2 * x + 1)
                (e * e).backward()
                opt.step()
                opt.zero_grad()
        found += [float(w.data.data), float(b.data.data)]
    return tuple(found)
""",
    "one vector of two parameters": """
def train_simple_model():
    def run(make):
        theta = Variable(np.array([0.1, 0.0]))
        opt = make([theta])
        for _ in range(60):
            for x in (1.0, 2.0, 3.0, 4.0, 5.0):
                opt.zero_grad()
                e = (theta * Variable(np.array([x, 1.0]), False)).sum() - (2 * x + 1)
                (e * e).backward()
                opt.step()
        return list(theta.data.data)
    return tuple(run(lambda p: SGD(p, 0.01, 0.9)) + run(lambda p: Adam(p, 0.01)))
""",
    "learning rates set afterwards, losses kept and printed": """
def train_simple_model():
    out = {}
    for kind in (SGD, Adam):
        w, b = Variable(0.1), Variable(0.0)
        opt = kind([w, b])
        opt.learning_rate = 0.01
        if kind is SGD:
            opt.momentum = 0.9
        losses = []
        for epoch in range(60):
            total = 0.0
            for x, y in ((1.0, 3.0), (2.0, 5.0), (3.0, 7.0), (4.0, 9.0), (5.0, 11.0)):
                w.zero_grad(), b.zero_grad()
                e = w * x + b - y
                loss = e ** 2
                loss.backward()
                opt.step()
                total += loss.item()
            losses.append(total)
            print(epoch, total)
        assert losses[-1] < losses[0]
        out[kind.__name__] = w.item(), b.item()
    return out["SGD"] + out["Adam"]
""",
    "checks its own result": """
def train_simple_model():
    def go(optimizer, w, b):
        for _ in range(60):
            for x in range(1, 6):
                optimizer.zero_grad()
                d = subtract(add(multiply(w, float(x)), b), 2.0 * x + 1.0)
                multiply(d, d).backward()
                optimizer.step()
        return float(w.data.data), float(b.data.data)
    w, b = Variable(0.1), Variable(0.0)
    sw, sb = go(SGD([w, b], learning_rate=0.01, momentum=0.9), w, b)
    w, b = Variable(0.1), Variable(0.0)
    aw, ab = go(Adam([w, b], learning_rate=0.01), w, b)
    assert abs(sw - 2) < 0.5 and abs(sb - 1) < 0.5
    assert abs(aw - 2) < 0.7 and abs(ab - 1) < 0.7
    return sw, sb, aw, ab
""",
    "subclasses that count their updates": """
class CountingSGD(SGD):
    def step(self):
        super().step()
        self.count = getattr(self, "count", 0) + 1

def train_simple_model():
    pairs = []
    for cls, options in ((CountingSGD, {"momentum": 0.9}), (Adam, {})):
        w, b = Variable(0.1), Variable(0.0)
        opt = cls([w, b], learning_rate=0.01, **options)
        for _ in range(300):
            x = 1.0 + len(pairs) % 5
            opt.zero_grad()
            e = w * x + b - (2 * x + 1)
            (e * e).backward()
            opt.step()
            pairs.append((w.item(), b.item()))
        assert getattr(opt, "count", 300) == 300
    return *pairs[299], *pairs[-1]
""",
}
FREE = """
def squared_error(w, b, x):
    e = subtract(add(multiply(w, x), b), 2 * x + 1)
    return multiply(e, e)

def fit_line(kind, epochs=60, **options):
    w, b = Variable(0.1), Variable(0.0)
    optimizer = kind([w, b], **options)
    for _ in range(epochs):
        for x in (1.0, 2.0, 3.0, 4.0, 5.0):
            optimizer.zero_grad()
            squared_error(w, b, x).backward()
            optimizer.step()
    return float(w.data.data), float(b.data.data)

class Line:
    points = [(float(x), 2.0 * x + 1) for x in range(1, 6)]

    def __init__(self, w, b):
        self.w, self.b = Variable(w), Variable(b)

    def parameters(self):
        return [self.w, self.b]

    def loss(self, x, y):
        return (self.w * x + self.b - y) ** 2.0

    def numbers(self):
        return self.w.data.item(), self.b.data.item()
"""

RIGHT = [Row("08_optimizers", "steplr-class", name, text) for name, text in STEPLR.items()]
RIGHT += [Row("08_optimizers", "training-integration", name, text, free=FREE) for name, text in LOOPS.items()]

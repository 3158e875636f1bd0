"""Right answers that somebody wrote from the contract alone, without having seen a reference, a check or another answer."""

from tests.catalogue.table import Row

# cell, name, the whole answer, a free cell before it
ANSWERS: list[tuple[str, str, str, str]] = [
    (
        "steplr-class",
        "get_lr remembered",
        """
class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer = optimizer
        self.step_size = step_size
        self.gamma = gamma
        self.initial_lr = optimizer.learning_rate
        self.step_count = 0
        self._lr = self.initial_lr
    def step(self):
        self.step_count += 1
        k = (self.step_count - 1) // self.step_size
        self._lr = self.initial_lr * self.gamma ** k
        self.optimizer.learning_rate = self._lr
    def get_lr(self):
        return self._lr
""",
        "",
    ),
    (
        "steplr-class",
        "generator of rates",
        """
class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer = optimizer
        self.step_size = step_size
        self.gamma = gamma
        self.initial_lr = optimizer.learning_rate
        self.step_count = 0
        self._rates = self._make()
    def step(self):
        self.step_count += 1
        self.optimizer.learning_rate = next(self._rates)
    def get_lr(self):
        return self.optimizer.learning_rate

    def _make(self):
        rate = self.initial_lr
        while True:
            for _ in range(self.step_size):
                yield rate
            rate *= self.gamma
""",
        "",
    ),
    (
        "steplr-class",
        "exp log",
        """
class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer = optimizer
        self.step_size = step_size
        self.gamma = gamma
        self.initial_lr = optimizer.learning_rate
        self.step_count = 0
    def step(self):
        self.step_count += 1
        n = (self.step_count - 1) // self.step_size
        self.optimizer.learning_rate = self.initial_lr * math.exp(n * math.log(self.gamma))
    def get_lr(self):
        return self.optimizer.learning_rate
""",
        "",
    ),
    (
        "steplr-class",
        "helper in a free cell",
        """
class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer = optimizer
        self.step_size = step_size
        self.gamma = gamma
        self.initial_lr = optimizer.learning_rate
        self.step_count = 0
    def step(self):
        self.optimizer.learning_rate = stair(self.initial_lr, self.gamma, self.step_size, self.step_count)
        self.step_count += 1
    def get_lr(self):
        return self.optimizer.learning_rate
""",
        """
def stair(start, gamma, size, epoch):
    return start * gamma ** (epoch // size)
""",
    ),
    (
        "training-integration",
        "error computed twice",
        """
def train_simple_model() -> tuple[float, float, float, float]:
    def fit(make_optimizer) -> tuple[float, float]:
        w, b = Variable(0.1), Variable(0.0)
        optimizer = make_optimizer([w, b])
        for _ in range(60):
            for x in (1.0, 2.0, 3.0, 4.0, 5.0):
                optimizer.zero_grad()
                e1 = subtract(add(multiply(w, Variable(x, requires_grad=False)), b), Variable(2 * x + 1, requires_grad=False))
                e2 = subtract(add(multiply(w, Variable(x, requires_grad=False)), b), Variable(2 * x + 1, requires_grad=False))
                multiply(e1, e2).backward()
                optimizer.step()
        return float(w.data.data), float(b.data.data)

    return *fit(lambda ps: SGD(ps, learning_rate=0.01, momentum=0.9)), *fit(lambda ps: Adam(ps, learning_rate=0.01))
""",
        "",
    ),
    (
        "training-integration",
        "expanded square",
        """
def train_simple_model() -> tuple[float, float, float, float]:
    def fit(make_optimizer) -> tuple[float, float]:
        w, b = Variable(0.1), Variable(0.0)
        optimizer = make_optimizer([w, b])
        for _ in range(60):
            for x in (1.0, 2.0, 3.0, 4.0, 5.0):
                optimizer.zero_grad()
                X, Y = Variable(x, requires_grad=False), Variable(2 * x + 1, requires_grad=False)
                p = add(multiply(w, X), b)
                loss = add(subtract(multiply(p, p), multiply(Variable(2.0, requires_grad=False), multiply(p, Y))), multiply(Y, Y))
                loss.backward()
                optimizer.step()
        return float(w.data.data), float(b.data.data)

    return *fit(lambda ps: SGD(ps, learning_rate=0.01, momentum=0.9)), *fit(lambda ps: Adam(ps, learning_rate=0.01))
""",
        "",
    ),
    (
        "training-integration",
        "2-d of one",
        """
def train_simple_model() -> tuple[float, float, float, float]:
    def fit(make_optimizer) -> tuple[float, float]:
        w, b = Variable([[0.1]]), Variable([[0.0]])
        optimizer = make_optimizer([w, b])
        for _ in range(60):
            for x in (1.0, 2.0, 3.0, 4.0, 5.0):
                optimizer.zero_grad()
                prediction = add(multiply(w, Variable([[x]], requires_grad=False)), b)
                error = subtract(prediction, Variable([[2 * x + 1]], requires_grad=False))
                multiply(error, error).backward()
                optimizer.step()
        return w.item(), b.item()

    return *fit(lambda ps: SGD(ps, learning_rate=0.01, momentum=0.9)), *fit(lambda ps: Adam(ps, learning_rate=0.01))
""",
        "",
    ),
    (
        "training-integration",
        "Variables as data",
        """
def train_simple_model():
    xs = [Variable(float(k), requires_grad=False) for k in range(1, 6)]
    ys = [Variable(2.0 * k + 1, requires_grad=False) for k in range(1, 6)]
    w = Variable(0.1)
    b = Variable(0.0)
    sgd = SGD([w, b], learning_rate=0.01, momentum=0.9)
    for epoch in range(60):
        for i, x in enumerate(xs):
            sgd.zero_grad()
            pred = add(multiply(w, x), b)
            error = subtract(pred, ys[i])
            loss = multiply(error, error)
            loss.backward()
            sgd.step()
    sgd_w, sgd_b = float(w.data.data), float(b.data.data)
    w = Variable(0.1)
    b = Variable(0.0)
    adam = Adam([w, b], learning_rate=0.01)
    for epoch in range(60):
        for i, x in enumerate(xs):
            adam.zero_grad()
            pred = add(multiply(w, x), b)
            error = subtract(pred, ys[i])
            loss = multiply(error, error)
            loss.backward()
            adam.step()
    return sgd_w, sgd_b, float(w.data.data), float(b.data.data)
""",
        "",
    ),
    (
        "training-integration",
        "both models side by side",
        """
def train_simple_model():
    sw, sb, aw, ab = Variable(0.1), Variable(0.0), Variable(0.1), Variable(0.0)
    sgd, adam = SGD([sw, sb], learning_rate=0.01, momentum=0.9), Adam([aw, ab], learning_rate=0.01)
    for epoch in range(60):
        for x in (1.0, 2.0, 3.0, 4.0, 5.0):
            for w, b, opt in ((sw, sb, sgd), (aw, ab, adam)):
                e = subtract(add(multiply(w, Variable(x, requires_grad=False)), b), Variable(2 * x + 1, requires_grad=False))
                opt.zero_grad()
                multiply(e, e).backward()
                opt.step()
    return sw.item(), sb.item(), aw.item(), ab.item()
""",
        "",
    ),
    (
        "training-integration",
        "helper in a free cell",
        """
def train_simple_model():
    return fit_line(SGD, learning_rate=0.01, momentum=0.9) + fit_line(Adam, learning_rate=0.01)
""",
        """
def fit_line(kind, **options):
    w, b = Variable(0.1), Variable(0.0)
    opt = kind([w, b], **options)
    for _ in range(60):
        for x in (1.0, 2.0, 3.0, 4.0, 5.0):
            opt.zero_grad()
            e = subtract(add(multiply(w, Variable(x, requires_grad=False)), b), Variable(2 * x + 1, requires_grad=False))
            multiply(e, e).backward()
            opt.step()
    return w.item(), b.item()
""",
    ),
    (
        "training-integration",
        "half square",
        """
def train_simple_model() -> tuple[float, float, float, float]:
    def fit(make_optimizer) -> tuple[float, float]:
        w, b = Variable(0.1), Variable(0.0)
        optimizer = make_optimizer([w, b])
        for _ in range(60):
            for x in (1.0, 2.0, 3.0, 4.0, 5.0):
                optimizer.zero_grad()
                error = subtract(add(multiply(w, Variable(x, requires_grad=False)), b), Variable(2 * x + 1, requires_grad=False))
                multiply(Variable(0.5, requires_grad=False), multiply(error, error)).backward()
                optimizer.step()
        return float(w.data.data), float(b.data.data)

    return *fit(lambda ps: SGD(ps, learning_rate=0.01, momentum=0.9)), *fit(lambda ps: Adam(ps, learning_rate=0.01))
""",
        "",
    ),
    (
        "training-integration",
        "same variables reset in place",
        """
def train_simple_model():
    w = Variable(0.1)
    b = Variable(0.0)
    sgd = SGD([w, b], learning_rate=0.01, momentum=0.9)
    for epoch in range(60):
        for x in [1.0, 2.0, 3.0, 4.0, 5.0]:
            sgd.zero_grad()
            pred = add(multiply(w, Variable(x, requires_grad=False)), b)
            error = subtract(pred, Variable(2 * x + 1, requires_grad=False))
            loss = multiply(error, error)
            loss.backward()
            sgd.step()
    sgd_w, sgd_b = float(w.data.data), float(b.data.data)
    w.data = Tensor(0.1)
    b.data = Tensor(0.0)
    w.grad = b.grad = None
    adam = Adam([w, b], learning_rate=0.01)
    for epoch in range(60):
        for x in [1.0, 2.0, 3.0, 4.0, 5.0]:
            adam.zero_grad()
            pred = add(multiply(w, Variable(x, requires_grad=False)), b)
            error = subtract(pred, Variable(2 * x + 1, requires_grad=False))
            loss = multiply(error, error)
            loss.backward()
            adam.step()
    return sgd_w, sgd_b, float(w.data.data), float(b.data.data)
""",
        "",
    ),
    (
        "training-integration",
        "class of model",
        """
class Line:
    def __init__(self):
        self.w, self.b = Variable(0.1), Variable(0.0)
    def __call__(self, x):
        return add(multiply(self.w, x), self.b)
    def parameters(self):
        yield self.w
        yield self.b

def train_simple_model():
    models = Line(), Line()
    optimizers = SGD(list(models[0].parameters()), learning_rate=0.01, momentum=0.9), Adam(list(models[1].parameters()), learning_rate=0.01)
    for model, optimizer in zip(models, optimizers):
        for _ in range(60):
            for x in (1.0, 2.0, 3.0, 4.0, 5.0):
                optimizer.zero_grad()
                e = subtract(model(Variable(x, requires_grad=False)), Variable(2 * x + 1, requires_grad=False))
                multiply(e, e).backward()
                optimizer.step()
    return tuple(float(v.data.data) for m in models for v in (m.w, m.b))
""",
        "",
    ),
]

RIGHT = [Row("08_optimizers", cell, name, answer, free=free) for cell, name, answer, free in ANSWERS]

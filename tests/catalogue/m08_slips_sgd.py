"""Wrong answers to SGD."""

from tests.catalogue.table import ALL, Row, changed

# every check of values in which momentum takes part
MOMENTUM = (
    "momentum, three steps",
    "weight decay goes through momentum",
    "two parameters, each with its own v",
    "hidden: four parameters, each with its own momentum",
    "hidden: float64 to all its digits",
    "hidden: a gradient that is missing for one step",
    "hidden: two optimizers over the same parameters share nothing",
)
# every check of values in which weight decay takes part
DECAY = (
    "weight decay, one step",
    "weight decay goes through momentum",
    "hidden: float64 to all its digits",
)
# weight decay together with momentum
COUPLED = (
    "weight decay goes through momentum",
    "hidden: float64 to all its digits",
)
# gradients that are missing
NONE = (
    "a parameter without a gradient is skipped, the next one is not",
    "hidden: a gradient that is missing for one step",
)

SGD = """
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
            if p.grad is None:
                continue
            theta, g = p.data.data, p.grad.data.data
            if self.weight_decay > 0:
                g = g + self.weight_decay * theta
            v = self.momentum_buffers.get(i, np.zeros_like(theta))
            v = self.momentum * v + g
            self.momentum_buffers[i] = v
            p.data = Tensor(theta - self.learning_rate * v)

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None
"""

# name, changes to the right answer above, the checks that must fail, what the student must read
CHANGES: list[tuple] = [
    ("the velocities of all optimizers, by id", [("\nclass SGD:", "\nEVERY = {}\n\nclass SGD:"), ("self.momentum_buffers = {}", "self.momentum_buffers = EVERY"), ("for i, p in enumerate(self.parameters)", "for i, p in ((id(p), p) for p in self.parameters)")], ("hidden: two optimizers over the same parameters share nothing", "hidden: step_count, and a buffer for each parameter"), "the two share their velocities"),
    ("zero_grad forgets the velocities", [("            p.grad = None", "            p.grad = None\n        self.momentum_buffers = {}")], ("hidden: four parameters, each with its own momentum",), "zero_grad() to leave it alone"),
    ("step_count rises only with a gradient", [("        self.step_count += 1", "        self.step_count += any(p.grad is not None for p in self.parameters)")], ("hidden: step_count, and a buffer for each parameter",), "also where no parameter has a gradient"),
    ("the rate inside the velocity", [("momentum * v + g", "momentum * v + self.learning_rate * g"), ("theta - self.learning_rate * v", "theta - v")], ("hidden: four parameters, each with its own momentum",), "the learning rate is inside the velocity"),
    ("v takes the gradient's place", [("            p.data = Tensor(", "            p.grad = Variable(v, requires_grad=False)\n            p.data = Tensor(")], ("the gradient is left as it was",), "v takes the gradient's place"),
    ("decay only without momentum", [("if self.weight_decay > 0:", "if self.weight_decay > 0 and self.momentum == 0:")], COUPLED, "with momentum or without"),
    ("uphill", [("theta - self.learning_rate", "theta + self.learning_rate")], MOMENTUM + ("one plain step", "another learning rate", "weight decay, one step", "the gradient is left as it was", "zero_grad() sets each grad to None", "hidden: a learning rate that changes between the steps", "hidden: dtype and shape stay", "hidden: step_count, and a buffer for each parameter",), "this goes uphill"),
    ("learning rate hard-coded", [("self.learning_rate = learning_rate", "self.learning_rate = 0.01")], ("another learning rate",), "fixed at its default"),
    ("learning rate not used", [("self.learning_rate * v", "v")], MOMENTUM + ("one plain step", "another learning rate", "weight decay, one step", "the gradient is left as it was", "zero_grad() sets each grad to None", "hidden: a learning rate that changes between the steps", "hidden: dtype and shape stay", "hidden: step_count, and a buffer for each parameter",), "the learning rate is not used"),
    ("learning rate kept from the beginning", [("self.learning_rate = learning_rate", "self.learning_rate = self.lr = learning_rate"), ("theta - self.learning_rate", "theta - self.lr")], ("hidden: four parameters, each with its own momentum", "hidden: a learning rate that changes between the steps",), "the first learning rate is kept"),
    ("momentum not used", [("v = self.momentum * v + g", "v = g")], MOMENTUM, "momentum is ignored"),
    ("momentum hard-coded", [('self.momentum = momentum\n', 'self.momentum = 0.9\n')], MOMENTUM + ("hidden: a learning rate that changes between the steps",), "momentum is fixed at 0.9"),
    ("momentum hard-coded where it is not 0", [("self.momentum * v", "(0.9 if self.momentum else 0) * v")], MOMENTUM, "momentum is fixed at 0.9"),
    ("an average", [("v = self.momentum * v + g", "v = self.momentum * v + (1 - self.momentum) * g")], MOMENTUM, "this averages, with (1 - momentum) * g"),
    ("dampened after the first step", [("v = self.momentum * v + g", "v = self.momentum * v + (1 - self.momentum) * g if i in self.momentum_buffers else g")], MOMENTUM, "this averages after the first step"),
    ("Nesterov", [("self.learning_rate * v", "self.learning_rate * (g + self.momentum * v)")], MOMENTUM, "Nesterov"),
    ("the last v moves theta", [('            v = self.momentum * v + g\n            self.momentum_buffers[i] = v\n            p.data = Tensor(theta - self.learning_rate * v)\n', '            p.data = Tensor(theta - self.learning_rate * v)\n            v = self.momentum * v + g\n            self.momentum_buffers[i] = v\n')], ALL, "theta moves by the last v"),
    ("v subtracted", [("v = self.momentum * v + g", "v = g - self.momentum * v")], MOMENTUM, "v is subtracted from g"),
    ("momentum on g", [("v = self.momentum * v + g", "v = v + self.momentum * g")], ALL, "momentum and g are swapped"),
    ("v only adds up", [("v = self.momentum * v + g", "v = v + g")], MOMENTUM + ("hidden: a learning rate that changes between the steps",), "v only adds up"),
    ("v only adds up when there is momentum", [("v = self.momentum * v + g", "v = v + g if self.momentum else g")], MOMENTUM, "v only adds up"),
    ("the buffer is not stored", [('            self.momentum_buffers[i] = v\n', '            self.momentum_buffers[i] = np.zeros_like(theta)\n')], MOMENTUM, "momentum is ignored"),
    ("the buffer stores the gradient", [("self.momentum_buffers[i] = v", "self.momentum_buffers[i] = g")], ("momentum, three steps", "hidden: four parameters, each with its own momentum", "hidden: float64 to all its digits", "hidden: a gradient that is missing for one step", "hidden: two optimizers over the same parameters share nothing",), "momentum, three steps"),
    ("the learning rate inside v", [("v = self.momentum * v + g", "v = self.momentum * v + self.learning_rate * g"), ("self.learning_rate * v)", "v)")], ("hidden: four parameters, each with its own momentum",), "hidden: four parameters"),
    ("one buffer for all", [("self.momentum_buffers.get(i,", "self.momentum_buffers.get(0,"), ("self.momentum_buffers[i] = v", "self.momentum_buffers[0] = v")], ("two parameters, each with its own v", "hidden: four parameters, each with its own momentum", "hidden: a learning rate that changes between the steps", "hidden: float64 to all its digits", "hidden: dtype and shape stay", "hidden: a gradient that is missing for one step", "hidden: two optimizers over the same parameters share nothing", "hidden: step_count, and a buffer for each parameter",), "the parameters share one v"),
    ("buffers by shape", [("self.momentum_buffers.get(i,", "self.momentum_buffers.get(theta.shape,"), ("self.momentum_buffers[i] = v", "self.momentum_buffers[theta.shape] = v")], ("two parameters, each with its own v", "hidden: four parameters, each with its own momentum", "hidden: a gradient that is missing for one step", "hidden: two optimizers over the same parameters share nothing", "hidden: step_count, and a buffer for each parameter",), "each with its own momentum"),
    ("buffers counted among those with a gradient", [("enumerate(self.parameters)", "enumerate([p for p in self.parameters if p.grad is not None])"), ('            if p.grad is None:\n                continue\n', "")], ("hidden: a gradient that is missing for one step",), "missing for one step"),
    ("buffers by the id of the Tensor", [("self.momentum_buffers.get(i,", "self.momentum_buffers.get(id(p.data),"), ('            self.momentum_buffers[i] = v\n            p.data = Tensor(theta - self.learning_rate * v)\n', '            p.data = Tensor(theta - self.learning_rate * v)\n            self.momentum_buffers[id(p.grad)] = v\n')], MOMENTUM + ("hidden: step_count, and a buffer for each parameter",), "momentum is ignored"),
    ("buffers of the class", [('        self.momentum_buffers = {}\n', ""), ("    def __init__", '    momentum_buffers = {}\n\n    def __init__')], MOMENTUM + ("hidden: dtype and shape stay", "hidden: step_count, and a buffer for each parameter",), "share nothing"),
    ("a mutable default", [("weight_decay=0.0)", "weight_decay=0.0, buffers={})"), ("self.momentum_buffers = {}", "self.momentum_buffers = buffers")], MOMENTUM + ("hidden: dtype and shape stay", "hidden: step_count, and a buffer for each parameter",), "share nothing"),
    ("the step count of the class", [("self.step_count = 0", "pass"), ("    def __init__", '    step_count = 0\n\n    def __init__'), ("self.step_count += 1", "SGD.step_count += 1")], ("hidden: step_count, and a buffer for each parameter",), "step_count"),
    ("the first gradient is the buffer and is written to", [("v = self.momentum * v + g", 'v = self.momentum_buffers.get(i)\n            if v is None:\n                v = g\n            else:\n                v *= self.momentum\n                v += g')], ("the gradient is left as it was",), "the gradient is left as it was"),
    ("weight decay ignored", [("g = g + self.weight_decay * theta", "pass")], DECAY, "weight decay is ignored"),
    ("weight decay subtracted", [("g + self.weight_decay", "g - self.weight_decay")], DECAY, "the wrong sign"),
    ("weight decay twice", [("self.weight_decay * theta", "2 * self.weight_decay * theta")], DECAY, "weight decay counts twice"),
    ("weight decay without theta", [("self.weight_decay * theta", "self.weight_decay")], DECAY, "added without theta"),
    ("theta without weight decay", [("g + self.weight_decay * theta", "g + theta")], DECAY, "theta is added without weight_decay"),
    ("weight decay hard-coded", [("g + self.weight_decay * theta", "g + 0.01 * theta")], DECAY, "weight decay, one step"),
    ("decoupled", [("g = g + self.weight_decay * theta", "pass"), ("theta - self.learning_rate * v", "theta - self.learning_rate * (v + self.weight_decay * theta)")], COUPLED, "this is decoupled weight decay"),
    ("decoupled, without the learning rate", [("g = g + self.weight_decay * theta", "pass"), ("theta - self.learning_rate * v", "theta * (1 - self.weight_decay) - self.learning_rate * v")], DECAY, "without the learning rate"),
    ("decoupled, multiplied first", [("g = g + self.weight_decay * theta", "theta = theta * (1 - self.learning_rate * self.weight_decay)")], COUPLED, "this is decoupled weight decay"),
    ("weight decay into the gradient itself", [("g = g + self.weight_decay * theta", "g += self.weight_decay * theta")], ("the gradient is left as it was",), "weight decay was added into the gradient itself"),
    ("weight decay by the sign (L1)", [("self.weight_decay * theta", "self.weight_decay * np.sign(theta)")], DECAY, "added without theta"),
    ("momentum into the gradient itself", [("v = self.momentum * v + g", 'g *= 1\n            g += self.momentum * v\n            v = g.copy()')], ("the gradient is left as it was",), "the gradient is left as it was"),
    ("the gradient is cleared by step", [("p.data = Tensor(theta - self.learning_rate * v)", 'p.data = Tensor(theta - self.learning_rate * v)\n            p.grad = None')], ("the gradient is left as it was",), "step() clears the gradient"),
    ("right for round numbers only", [("            theta, g = p.data.data, p.grad.data.data\n", '            theta, g = p.data.data, p.grad.data.data\n            if np.any(g * 4 % 1):\n                continue\n')], ("hidden: four parameters, each with its own momentum", "hidden: a learning rate that changes between the steps", "hidden: float64 to all its digits", "hidden: dtype and shape stay", "hidden: a gradient that is missing for one step", "hidden: two optimizers over the same parameters share nothing", "hidden: step_count, and a buffer for each parameter",), "hidden: step_count"),
    ("None raises", [('            if p.grad is None:\n                continue\n', "")], NONE + ("zero_grad() sets each grad to None",), "AttributeError"),
    ("the first None ends the step", [("continue", "break")], NONE, "the first None ends the whole step"),
    ("the first None returns", [("continue", "return")], NONE, "the first None ends the whole step"),
    ("any None stops all", [("        for i, p in", '        if any(p.grad is None for p in self.parameters):\n            return\n        for i, p in')], NONE, "the first None ends the whole step"),
    ("None counts as a gradient of zeros", [('            if p.grad is None:\n                continue\n', ""), ("p.grad.data.data", "np.zeros_like(p.data.data) if p.grad is None else p.grad.data.data")], ("hidden: a gradient that is missing for one step",), "missing for one step"),
    ("None forgets the buffer", [("                continue", '                self.momentum_buffers.pop(i, None)\n                continue')], ("hidden: a gradient that is missing for one step",), "missing for one step"),
    ("None weakens the buffer", [("                continue", '                if i in self.momentum_buffers:\n                    self.momentum_buffers[i] = self.momentum * self.momentum_buffers[i]\n                continue')], ("hidden: a gradient that is missing for one step",), "missing for one step"),
    ("the last parameter is left out", [("enumerate(self.parameters)", "enumerate(self.parameters[:-1] or self.parameters)")], ("two parameters, each with its own v", "hidden: four parameters, each with its own momentum", "hidden: a learning rate that changes between the steps", "hidden: float64 to all its digits", "hidden: a gradient that is missing for one step", "hidden: two optimizers over the same parameters share nothing", "hidden: step_count, and a buffer for each parameter", "hidden: dtype and shape stay",), "each with its own momentum"),
    ("step_count once per parameter", [('        self.step_count += 1\n', ""), ('            self.momentum_buffers[i] = v\n', '            self.momentum_buffers[i] = v\n            self.step_count += 1\n')], ("hidden: step_count, and a buffer for each parameter",), "step_count"),
    ("step_count stays 0", [("self.step_count += 1", "pass")], ("hidden: step_count, and a buffer for each parameter",), "step_count"),
    ("step_count from 1", [("self.step_count = 0", "self.step_count = 1")], ("hidden: step_count, and a buffer for each parameter",), "step_count"),
    ("float64 result", [("np.zeros_like(theta)", "np.zeros(theta.shape)")], ("hidden: dtype and shape stay",), "dtype and shape stay"),
    ("float32 result", [("Tensor(theta - self.learning_rate * v)", "Tensor((theta - self.learning_rate * v).astype(np.float32))")], ("hidden: float64 to all its digits", "hidden: dtype and shape stay",), "float64"),
    ("float32 buffers", [("self.momentum_buffers[i] = v", "self.momentum_buffers[i] = v.astype(np.float32)")], ("hidden: float64 to all its digits",), "float64 to all its digits"),
    ("shape changed", [("Tensor(theta - self.learning_rate * v)", "Tensor(np.atleast_1d(theta - self.learning_rate * v))")], ("one plain step", "another learning rate", "momentum, three steps", "weight decay, one step", "weight decay goes through momentum", "the gradient is left as it was", "zero_grad() sets each grad to None", "two parameters, each with its own v", "hidden: four parameters, each with its own momentum", "hidden: a learning rate that changes between the steps", "hidden: dtype and shape stay", "hidden: a gradient that is missing for one step", "hidden: two optimizers over the same parameters share nothing", "hidden: step_count, and a buffer for each parameter",), "shape"),
    ("the new value is lost", [("p.data = Tensor(theta - self.learning_rate * v)", "theta = theta - self.learning_rate * v")], ALL, "the parameter is as before"),
    ("the new value replaces the Variable", [("p.data = Tensor(theta - self.learning_rate * v)", "self.parameters[i] = Variable(theta - self.learning_rate * v)")], ALL, "the parameter is as before"),
    ("zero_grad to zeros", [('        for p in self.parameters:\n            p.grad = None', '        for p in self.parameters:\n            if p.grad is not None:\n                p.grad = Variable(np.zeros_like(p.grad.data.data))')], ("zero_grad() sets each grad to None",), "zeros are not None"),
    ("zero_grad fills with zeros", [('        for p in self.parameters:\n            p.grad = None', '        for p in self.parameters:\n            if p.grad is not None:\n                p.grad.data.data[...] = 0')], ("zero_grad() sets each grad to None",), "zeros are not None"),
    ("zero_grad does nothing", [("            p.grad = None", "            pass")], ("zero_grad() sets each grad to None",), "the gradients are still there"),
    ("zero_grad only the first", [("            p.grad = None", '            p.grad = None\n            break')], ("zero_grad() sets each grad to None",), "zero_grad() sets each grad to None"),
    ("zero_grad stops at None", [("            p.grad = None", '            if p.grad is None:\n                return\n            p.grad = None')], ("zero_grad() sets each grad to None",), "zero_grad() sets each grad to None"),
    ("no zero_grad", [('    def zero_grad(self):\n        for p in self.parameters:\n            p.grad = None\n', "")], ("zero_grad() sets each grad to None",), "AttributeError"),
    ("zero_grad forgets the buffers as well, and step calls it", [("p.data = Tensor(theta - self.learning_rate * v)", 'p.data = Tensor(theta - self.learning_rate * v)\n        self.zero_grad()')], ("the gradient is left as it was",), "step() clears the gradient"),
    ("momentum only from the third step", [("v = self.momentum * v + g", "v = (self.momentum if self.step_count > 2 else 0) * v + g")], MOMENTUM, "momentum, three steps"),
    ("momentum decays with the steps", [("v = self.momentum * v + g", "v = self.momentum / self.step_count * v + g")], MOMENTUM, "momentum, three steps"),
]

# name, the whole answer, the checks that must fail, what the student must read
WHOLE: list[tuple] = [
    (
        "nothing",
        """
class SGD:
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.step_count = 0
        self.momentum_buffers = {}
    def step(self):
        self.step_count += 1
    def zero_grad(self):
        for p in self.parameters:
            p.grad = None
""",
        ALL,
        "the parameter is as before",
    ),
    (
        "the stub",
        """
class SGD(Optimizer):
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        raise NotImplementedError('SGD.__init__')
    def rule(self, theta, g, v, t):
        raise NotImplementedError('SGD.rule')
""",
        ALL,
        "NotImplementedError: SGD.__init__",
    ),
    (
        "no class at all",
        """
SGD = None
""",
        ALL,
        "is a class that this notebook defines",
    ),
    (
        "imported",
        """
from tinytorch.core.optimizers import SGD
""",
        ALL,
        "is a class that this notebook defines",
    ),
    (
        "the reference under the student's name",
        """
import tinytorch.core.optimizers as o
class SGD(o.SGD):
    pass
""",
        ALL,
        "is a class that this notebook defines",
    ),
    (
        "the reference inside",
        """
class SGD:
    def __init__(self, *a, **k):
        from tinytorch.core import optimizers
        self.own = optimizers.SGD(*a, **k)
    def step(self):
        self.own.step()
""",
        ALL,
        "is a class that this notebook defines",
    ),
    (
        "the base, not in place",
        """
class SGD(Optimizer):
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(parameters, learning_rate=learning_rate, momentum=momentum, weight_decay=weight_decay)
        self.momentum_buffers = Buffers()
    def rule(self, theta, g, v, t):
        v = self.momentum * v + g + self.weight_decay * theta
        theta = theta - self.learning_rate * v
""",
        ALL,
        "the parameter is as before",
    ),
    (
        "the base, v not in place",
        """
class SGD(Optimizer):
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(parameters, learning_rate=learning_rate, momentum=momentum, weight_decay=weight_decay)
        self.momentum_buffers = Buffers()
    def rule(self, theta, g, v, t):
        v = self.momentum * v + g + self.weight_decay * theta
        theta -= self.learning_rate * v
""",
        MOMENTUM,
        "momentum is ignored",
    ),
    (
        "the base, weight decay forgotten",
        """
class SGD(Optimizer):
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(parameters, learning_rate=learning_rate, momentum=momentum)
        self.momentum_buffers = Buffers()
    def rule(self, theta, g, v, t):
        v *= self.momentum
        v += g
        theta -= self.learning_rate * v
""",
        DECAY,
        "weight decay is ignored",
    ),
]

SLIPS = [Row("08_optimizers", "sgd-class", name, changed(SGD, *changes), fails, says) for name, changes, fails, says in CHANGES]
SLIPS += [Row("08_optimizers", "sgd-class", name, answer, fails, says) for name, answer, fails, says in WHOLE]

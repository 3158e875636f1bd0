"""Wrong answers to StepLR."""

from tests.catalogue.table import ALL, Row, changed

# which rates occur, and what counts only together with it
RATES = (
    "the rates that occur",
    "get_lr() says the optimizer's rate",
    "nothing else of the optimizer changes",
    "hidden: its values can be read",
)
# when each rate counts
TIMING = (
    "the rate of each of seven epochs",
    "halved at every epoch",
    "hidden: four decays and more on SGD",
    "hidden: four decays and more on Adam",
    "hidden: two schedules side by side",
)
# the hidden ones of these
LONG = (
    "hidden: four decays and more on SGD",
    "hidden: four decays and more on Adam",
    "hidden: two schedules side by side",
)

STEPLR = """
class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer = optimizer
        self.step_size = step_size
        self.gamma = gamma
        self.initial_lr = optimizer.learning_rate
        self.step_count = 0

    def step(self):
        self.step_count += 1
        decays = (self.step_count - 1) // self.step_size
        self.optimizer.learning_rate = self.initial_lr * self.gamma**decays

    def get_lr(self):
        return self.optimizer.learning_rate
"""

# name, changes to the right answer above, the checks that must fail, what the student must read
CHANGES: list[tuple] = [
    ("get_lr opens an epoch", [("        return self.optimizer.learning_rate", "        self.step()\n        return self.optimizer.learning_rate")], ("get_lr() says the optimizer's rate",), "get_lr() moves the schedule on"),
    ("a decay in __init__", [("        self.step_count = 0", "        self.step_count = 0\n        optimizer.learning_rate *= gamma")], ("get_lr() says the optimizer's rate",), "the rate has changed before the first step()"),
    ("forgets the momentum", [("        self.step_count += 1", "        self.step_count += 1\n        self.optimizer.momentum_buffers = {}")], ("nothing else of the optimizer changes",), "throws away what the optimizer remembers"),
    ("the rate has a floor", [("self.optimizer.learning_rate = self.initial_lr * self.gamma**decays", "self.optimizer.learning_rate = max(self.initial_lr * self.gamma**decays, min(1e-3, self.initial_lr))")], ("hidden: four decays and more on Adam",), "four decays and more on Adam"),
    ("the optimizer cannot be read", [("self.optimizer", "self.owner", "all")], ("hidden: its values can be read",), "AttributeError"),
    ("one call early, PyTorch's convention", [("(self.step_count - 1) // self.step_size", "self.step_count // self.step_size")], TIMING, "this decays one call early"),
    ("one call late", [("(self.step_count - 1) // self.step_size", "max(self.step_count - 2, 0) // self.step_size")], TIMING, "this decays one call late"),
    ("two calls early", [("(self.step_count - 1) // self.step_size", "(self.step_count + 1) // self.step_size")], ALL, "the rate of each of seven epochs"),
    ("at every call", [("(self.step_count - 1) // self.step_size", "self.step_count - 1")], RATES + LONG + ("the rate of each of seven epochs", "hidden: gamma is 0.1 where nothing is said",), "this decays at every call"),
    ("only once", [("(self.step_count - 1) // self.step_size", "int(self.step_count > self.step_size)")], TIMING + RATES, "this decays once and then never again"),
    ("at the first call already", [("(self.step_count - 1) // self.step_size", "(self.step_count - 1) // self.step_size + 1")], ALL, "the first call decays already"),
    ("true division", [("(self.step_count - 1) // self.step_size", "(self.step_count - 1) / self.step_size")], RATES + LONG + ("the rate of each of seven epochs", "hidden: gamma is 0.1 where nothing is said",), "spread over the epochs"),
    ("rounded", [("(self.step_count - 1) // self.step_size", "round((self.step_count - 1) / self.step_size)")], LONG + ("the rate of each of seven epochs",), "the rate of each of seven epochs"),
    ("rounded up", [("(self.step_count - 1) // self.step_size", "math.ceil((self.step_count - 1) / self.step_size)")], RATES + LONG + ("the rate of each of seven epochs", "hidden: gamma is 0.1 where nothing is said",), "the rate of each of seven epochs"),
    ("the optimizer never receives it", [("self.optimizer.learning_rate = self.initial_lr * self.gamma**decays", "self.lr = self.initial_lr * self.gamma**decays")], ALL, "the optimizer never receives the rate"),
    ("under another name", [("self.optimizer.learning_rate = self.initial", "self.optimizer.lr = self.initial")], ALL, "the optimizer never receives the rate"),
    ("a copy of the optimizer receives it", [("self.optimizer = optimizer", 'import copy\n        self.optimizer = copy.copy(optimizer)')], ALL, "the optimizer never receives the rate"),
    ("from the current rate every time", [("self.optimizer.learning_rate = self.initial_lr * self.gamma**decays", "self.optimizer.learning_rate = self.optimizer.learning_rate * self.gamma**decays")], ALL, "the rate of each of seven epochs"),
    ("from the current rate at every call", [("self.optimizer.learning_rate = self.initial_lr * self.gamma**decays", "self.optimizer.learning_rate *= self.gamma")], ALL, "the rate of each of seven epochs"),
    ("incremental, at call step_size", [("self.optimizer.learning_rate = self.initial_lr * self.gamma**decays", 'if self.step_count % self.step_size == 0:\n            self.optimizer.learning_rate *= self.gamma')], TIMING, "this decays one call early"),
    ("incremental, once", [("self.optimizer.learning_rate = self.initial_lr * self.gamma**decays", 'if self.step_count == self.step_size + 1:\n            self.optimizer.learning_rate *= self.gamma')], TIMING + RATES, "this decays once and then never again"),
    ("incremental, every call after the first decay", [("self.optimizer.learning_rate = self.initial_lr * self.gamma**decays", 'if self.step_count > self.step_size:\n            self.optimizer.learning_rate *= self.gamma')], RATES + LONG + ("the rate of each of seven epochs", "hidden: gamma is 0.1 where nothing is said",), "the rate of each of seven epochs"),
    ("the count starts again and decays one late afterwards", [("self.optimizer.learning_rate = self.initial_lr * self.gamma**decays", 'if self.step_count > self.step_size:\n            self.step_count = 0\n            self.optimizer.learning_rate *= self.gamma')], TIMING + ("hidden: its values can be read",), "the rate of each of seven epochs"),
    ("the rate goes back", [("self.optimizer.learning_rate = self.initial_lr * self.gamma**decays", "self.optimizer.learning_rate = self.initial_lr * self.gamma ** (decays % 2)")], TIMING + RATES, "the rate of each of seven epochs"),
    ("gamma subtracted", [("self.initial_lr * self.gamma**decays", "self.initial_lr - self.gamma * decays")], ALL, "the rate of each of seven epochs"),
    ("gamma times the number of decays", [("self.gamma**decays", "(self.gamma * decays or 1)")], TIMING + RATES, "the rate of each of seven epochs"),
    ("gamma divides", [("* self.gamma**decays", "/ self.gamma**decays")], ALL, "the rate of each of seven epochs"),
    ("1 - gamma", [("self.gamma**decays", "(1 - self.gamma)**decays")], RATES + LONG + ("the rate of each of seven epochs", "hidden: gamma is 0.1 where nothing is said",), "the rate of each of seven epochs"),
    ("a negative exponent", [("self.gamma**decays", "self.gamma**-decays")], ALL, "the rate of each of seven epochs"),
    ("gamma hard-coded", [("self.gamma = gamma", "self.gamma = 0.1")], LONG + ("halved at every epoch", "hidden: its values can be read",), "gamma is fixed at its default"),
    ("gamma hard-coded in step", [("self.gamma**decays", "0.1**decays")], LONG + ("halved at every epoch", "hidden: its values can be read",), "gamma is fixed at its default"),
    ("step_size hard-coded", [("// self.step_size", "// 3")], ("halved at every epoch", "hidden: four decays and more on SGD", "hidden: four decays and more on Adam",), "halved at every epoch"),
    ("gamma and step_size swapped", [("self.step_size = step_size", "self.step_size = gamma"), ("self.gamma = gamma", "self.gamma = step_size")], ALL, "the rate of each of seven epochs"),
    ("another default for gamma", [("gamma=0.1", "gamma=0.5")], ("hidden: gamma is 0.1 where nothing is said",), "gamma is 0.1 where nothing is said"),
    ("the initial rate hard-coded", [("self.initial_lr = optimizer.learning_rate", "self.initial_lr = 1.0")], ("halved at every epoch", "hidden: four decays and more on SGD", "hidden: four decays and more on Adam", "hidden: gamma is 0.1 where nothing is said", "hidden: its values can be read",), "halved at every epoch"),
    ("the count of the class", [('        self.step_count = 0\n', ""), ("    def __init__", '    step_count = 0\n\n    def __init__'), ("self.step_count += 1", "StepLR.step_count += 1")], TIMING + ("hidden: gamma is 0.1 where nothing is said", "hidden: its values can be read",), "the rate of each"),
    ("counts the optimizer's steps", [('self.step_count += 1\n        decays = (self.step_count', 'self.step_count += 1\n        self.optimizer.step_count += 1\n        decays = (self.step_count')], ("nothing else of the optimizer changes",), "step_count is its own"),
    ("uses the optimizer's count", [("decays = (self.step_count - 1)", "decays = (self.optimizer.step_count)")], ALL, "this scheduler's own calls"),
    ("steps the optimizer too", [("self.optimizer.learning_rate = self.initial_lr * self.gamma**decays", 'self.optimizer.learning_rate = self.initial_lr * self.gamma**decays\n        self.optimizer.step()')], ("nothing else of the optimizer changes",), "makes a step of the optimizer"),
    ("clears the gradients", [("self.optimizer.learning_rate = self.initial_lr * self.gamma**decays", 'self.optimizer.learning_rate = self.initial_lr * self.gamma**decays\n        self.optimizer.zero_grad()')], ("nothing else of the optimizer changes",), "changes the parameters or their gradients"),
    ("decays the momentum too", [("self.optimizer.learning_rate = self.initial_lr * self.gamma**decays", 'self.optimizer.learning_rate = self.initial_lr * self.gamma**decays\n        if decays: self.optimizer.momentum = 0.9 * self.gamma')], ("nothing else of the optimizer changes",), "nothing else of the optimizer changes"),
    ("changes the weight decay", [("self.optimizer.learning_rate = self.initial_lr * self.gamma**decays", 'self.optimizer.learning_rate = self.initial_lr * self.gamma**decays\n        self.optimizer.weight_decay = 0.1')], ("nothing else of the optimizer changes",), "nothing else of the optimizer changes"),
    ("get_lr is the initial rate", [("return self.optimizer.learning_rate", "return self.initial_lr")], ("get_lr() says the optimizer's rate",), "get_lr() says the initial rate"),
    ("get_lr of the next epoch", [("return self.optimizer.learning_rate", "return self.initial_lr * self.gamma ** (self.step_count // self.step_size)")], ("get_lr() says the optimizer's rate",), "get_lr() says the rate of the next epoch"),
    ("get_lr before the first step", [("return self.optimizer.learning_rate", "return self.initial_lr * self.gamma ** ((self.step_count - 1) // self.step_size)")], ("get_lr() says the optimizer's rate",), "before the first step() the rate is the initial one"),
    ("get_lr gives nothing", [("return self.optimizer.learning_rate", "self.optimizer.learning_rate")], ("get_lr() says the optimizer's rate",), "TypeError"),
    ("no get_lr", [('    def get_lr(self):\n        return self.optimizer.learning_rate\n', "")], ("get_lr() says the optimizer's rate",), "AttributeError"),
    ("step returns the rate instead", [("self.optimizer.learning_rate = self.initial_lr * self.gamma**decays", "return self.initial_lr * self.gamma**decays")], ALL, "the optimizer never receives the rate"),
    ("initial_lr is overwritten", [("self.optimizer.learning_rate = self.initial_lr * self.gamma**decays", 'self.optimizer.learning_rate = self.initial_lr * self.gamma**decays\n        self.initial_lr = self.optimizer.learning_rate\n        self.step_count = (self.step_count - 1) % self.step_size + 1')], ("hidden: its values can be read",), "its values can be read"),
    ("step_count from 1", [("self.step_count = 0", "self.step_count = 1"), ("(self.step_count - 1) // self.step_size", "(self.step_count - 2) // self.step_size")], ("hidden: its values can be read",), "its values can be read"),
    ("never below a tenth", [("self.gamma**decays", "max(self.gamma**decays, 0.1)")], RATES + ("the rate of each of seven epochs", "hidden: four decays and more on SGD",), "the rates that occur"),
    ("four decays at most", [("self.gamma**decays", "self.gamma**min(decays, 3)")], ("hidden: four decays and more on SGD", "hidden: four decays and more on Adam",), "four decays and more"),
    ("only for SGD", [("self.optimizer.learning_rate = self.initial_lr * self.gamma**decays", "if hasattr(self.optimizer, 'momentum') or not hasattr(self.optimizer, 'beta1'):\n            self.optimizer.learning_rate = self.initial_lr * self.gamma**decays")], ("hidden: four decays and more on Adam",), "on Adam"),
    ("gamma as a whole number", [("self.gamma = gamma", "self.gamma = int(gamma)")], ALL, "the rate of each of seven"),
]

# name, the whole answer, the checks that must fail, what the student must read
WHOLE: list[tuple] = [
    (
        "nothing",
        """
class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer, self.step_size, self.gamma = optimizer, step_size, gamma
        self.initial_lr, self.step_count = optimizer.learning_rate, 0
    def step(self):
        pass
    def get_lr(self):
        return self.optimizer.learning_rate
""",
        ALL,
        "the optimizer never receives the rate",
    ),
    (
        "the stub",
        """
class StepLR(Scheduler):
    def __init__(self, optimizer, step_size, gamma=0.1):
        super().__init__(optimizer)
    def step(self):
        raise NotImplementedError('StepLR.step')
""",
        ALL,
        "NotImplementedError: StepLR.step",
    ),
    (
        "imported",
        """
from tinytorch.core.optimizers import StepLR
""",
        ALL,
        "is a class that this notebook defines",
    ),
]

SLIPS = [Row("08_optimizers", "steplr-class", name, changed(STEPLR, *changes), fails, says) for name, changes, fails, says in CHANGES]
SLIPS += [Row("08_optimizers", "steplr-class", name, answer, fails, says) for name, answer, fails, says in WHOLE]

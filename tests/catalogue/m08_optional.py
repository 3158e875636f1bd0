"""Answers to the exercises of 08 that carry no points: a right one to each, and its slips."""

from tests.catalogue.table import Row, changed

HERE = "08_optimizers"

LOOP = """
def momentum_step(thetas, slopes, velocities, learning_rate, momentum):
    for k, g in enumerate(slopes):
        velocities[k] = g + momentum * velocities[k]
        thetas[k] = thetas[k] - learning_rate * velocities[k]
"""

NESTEROV = """
class Nesterov(Optimizer):
    def __init__(self, parameters, learning_rate=0.01, momentum=0.9, weight_decay=0.0):
        super().__init__(parameters, learning_rate=learning_rate, momentum=momentum, weight_decay=weight_decay)
        self.momentum_buffers = Buffers()

    def rule(self, theta, g, v, t):
        g = g + self.weight_decay * theta
        v[...] = self.momentum * v + g
        theta -= self.learning_rate * (g + self.momentum * v)
"""

RMSPROP = """
class RMSProp(Optimizer):
    def __init__(self, parameters, learning_rate=0.01, alpha=0.99, epsilon=1e-8, weight_decay=0.0, momentum=0.0):
        super().__init__(
            parameters, learning_rate=learning_rate, alpha=alpha, epsilon=epsilon, weight_decay=weight_decay, momentum=momentum
        )
        self.square_average, self.momentum_buffers = Buffers(), Buffers()

    def rule(self, theta, g, v, b, t):
        g = g + self.weight_decay * theta
        v[...] = self.alpha * v + (1 - self.alpha) * g**2
        b[...] = self.momentum * b + g / (np.sqrt(v) + self.epsilon)
        theta -= self.learning_rate * b
"""

ADAGRAD = """
class AdaGrad(Optimizer):
    def __init__(
        self, parameters, learning_rate=0.01, lr_decay=0.0, weight_decay=0.0, initial_accumulator_value=0.0, epsilon=1e-10
    ):
        super().__init__(parameters, learning_rate=learning_rate, lr_decay=lr_decay, weight_decay=weight_decay, epsilon=epsilon)
        self.square_sum = Buffers(initial_accumulator_value)

    def rule(self, theta, g, s, t):
        g = g + self.weight_decay * theta
        s[...] = s + g**2
        theta -= self.learning_rate / (1 + (t - 1) * self.lr_decay) * g / (np.sqrt(s) + self.epsilon)
"""

ADAMW = """
class AdamW(Optimizer):
    def __init__(self, parameters, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.01):
        super().__init__(
            parameters, learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon, weight_decay=weight_decay
        )
        self.first_moment, self.second_moment = Buffers(), Buffers()

    def rule(self, theta, g, m, v, t):
        theta -= self.learning_rate * self.weight_decay * theta
        m[...] = self.beta1 * m + (1 - self.beta1) * g
        v[...] = self.beta2 * v + (1 - self.beta2) * g**2
        m_hat, v_hat = m / (1 - self.beta1**t), v / (1 - self.beta2**t)
        theta -= self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)
"""

WARMUP = """
def warmup_cosine(epoch, warmup, total, floor=0.0, start=0.0):
    if epoch < warmup:
        return start + (1 - start) * epoch / warmup
    done = min((epoch - warmup) / (total - warmup), 1)
    return floor + (1 - floor) * (1 + math.cos(math.pi * done)) / 2
"""

CLIPPING = """
def clip_by_global_norm(parameters, max_norm):
    norm = math.sqrt(sum(float((g**2).sum()) for g in parameters))
    if norm > max_norm:
        for g in parameters:
            g *= max_norm / norm
    return norm
"""

ANSWERS = {
    "plain-loop": LOOP,
    "family-nesterov": NESTEROV,
    "family-rmsprop": RMSPROP,
    "family-adagrad": ADAGRAD,
    "family-adamw": ADAMW,
    "schedules": WARMUP,
    "clipping": CLIPPING,
}

HAND = "three steps by hand"
CLIPS = ("two gradients of norm 5", "short enough already")
NORMS = ("two steps", "two steps with momentum", "another size", "epsilon", "weight decay")
SUMS = ("two steps", "lr_decay", "epsilon", "weight decay")
DECAYED = ("one step", "two steps")
# exercise, name, what is changed in the right answer, the checks that must fail, what the student must read
CHANGES: list[tuple] = [
    ("plain-loop", "the velocity is not put back", [("velocities[k] = g + momentum * velocities[k]", "v = g + momentum * velocities[k]"), ("learning_rate * velocities[k]", "learning_rate * v")], (HAND,), "the velocity is not remembered"),
    ("plain-loop", "an average", [("= g +", "= (1 - momentum) * g +")], (HAND,), "the new slope counts in full"),
    ("plain-loop", "the old velocity", [("        velocities[k] = g + momentum * velocities[k]\n        thetas[k] = thetas[k] - learning_rate * velocities[k]", "        thetas[k] = thetas[k] - learning_rate * velocities[k]\n        velocities[k] = g + momentum * velocities[k]")], (HAND,), "the step used the old velocity"),
    ("plain-loop", "only the first", [("enumerate(slopes)", "enumerate(slopes[:1])")], (HAND,), HAND),
    ("plain-loop", "a velocity never points back", [("= g +", "= abs(g) +")], (HAND,), HAND),
    ("family-nesterov", "the sign of the slope is lost", [("v[...] =", "g = np.abs(g)\n        v[...] =")], ("two steps",), "without its sign"),
    ("family-nesterov", "SGD's momentum", [("(g + self.momentum * v)", "v")], ("two steps", "weight decay"), "this is the momentum of SGD"),
    ("family-nesterov", "no g in the step", [("(g + self.momentum * v)", "(self.momentum * v)")], ("two steps", "weight decay"), "g is missing in the step"),
    ("family-nesterov", "no weight decay", [("g = g + self.weight_decay * theta", "pass")], ("weight decay",), "weight decay is ignored"),
    ("family-nesterov", "weight decay subtracted", [("g + self.weight_decay", "g - self.weight_decay")], ("weight decay",), "it is added to the gradient"),
    ("family-rmsprop", "the square in full", [("(1 - self.alpha) * g**2", "g**2")], NORMS, "it is multiplied by 1 - alpha"),
    ("family-rmsprop", "no momentum", [("self.momentum * b + ", "")], ("two steps with momentum",), "b must remember the last b"),
    ("family-rmsprop", "no root", [("np.sqrt(v)", "v")], tuple(name for name in NORMS if name != "epsilon"), "the root is missing"),
    ("family-rmsprop", "one average for the whole array", [("g**2", "np.mean(g**2)")], ("two steps", "two steps with momentum", "weight decay"), "two steps"),
    ("family-rmsprop", "epsilon inside the root", [("(np.sqrt(v) + self.epsilon)", "np.sqrt(v + self.epsilon)")], ("epsilon", "weight decay"), "epsilon is inside the root"),
    ("family-rmsprop", "no epsilon", [(" + self.epsilon)", ")")], ("epsilon", "weight decay"), "epsilon is not used"),
    ("family-rmsprop", "no weight decay", [("g = g + self.weight_decay * theta", "pass")], ("weight decay",), "weight decay is ignored"),
    ("family-adagrad", "the last square alone", [("s + g**2", "g**2")], ("two steps", "lr_decay"), "it is the sum of all squares"),
    ("family-adagrad", "no root", [("np.sqrt(s)", "s")], ("two steps", "lr_decay", "weight decay"), "the root is missing"),
    ("family-adagrad", "no lr_decay", [(" / (1 + (t - 1) * self.lr_decay)", "")], ("lr_decay",), "lr_decay is ignored"),
    ("family-adagrad", "lr_decay from the first step on", [("(t - 1)", "t")], ("lr_decay",), "the first rate is not reduced"),
    ("family-adagrad", "epsilon inside the root", [("(np.sqrt(s) + self.epsilon)", "np.sqrt(s + self.epsilon)")], ("epsilon", "weight decay"), "epsilon is inside the root"),
    ("family-adagrad", "no epsilon", [(" + self.epsilon)", ")")], ("epsilon", "weight decay"), "epsilon is not used"),
    ("family-adagrad", "weight decay subtracted", [("g + self.weight_decay", "g - self.weight_decay")], ("weight decay",), "weight decay has the wrong sign"),
    ("family-adagrad", "weight decay twice", [("g + self.weight_decay", "g + 2 * self.weight_decay")], ("weight decay",), "came:"),
    ("family-adagrad", "lr_decay halves once", [("(1 + (t - 1) * self.lr_decay)", "(1 + (t > 1) * self.lr_decay)")], ("lr_decay",), "lr_decay"),
    ("family-adagrad", "one sum for the whole array", [("g**2", "np.sum(g**2)")], ("two steps", "weight decay"), "two steps"),
    ("family-adamw", "decay in the gradient", [("theta -= self.learning_rate * self.weight_decay * theta", "g = g + self.weight_decay * theta")], DECAYED, "this is L2 decay inside Adam"),
    ("family-adamw", "no decay", [("theta -= self.learning_rate * self.weight_decay * theta", "pass")], DECAYED, "there is no decay"),
    ("family-adamw", "the decay makes larger", [("theta -= self.learning_rate * self.weight_decay", "theta += self.learning_rate * self.weight_decay")], DECAYED, "the decay has the wrong sign"),
    ("family-adamw", "no correction of m", [("m / (1 - self.beta1**t)", "m")], ("one step", "two steps", "epsilon"), "one step"),
    ("family-adamw", "epsilon inside the root", [("(np.sqrt(v_hat) + self.epsilon)", "np.sqrt(v_hat + self.epsilon)")], ("epsilon",), "epsilon is inside the root"),
    ("family-adamw", "no epsilon", [(" + self.epsilon)", ")")], ("epsilon",), "epsilon is not used"),
    ("family-adamw", "epsilon before the correction", [("(np.sqrt(v_hat) + self.epsilon)", "((np.sqrt(v) + self.epsilon) / np.sqrt(1 - self.beta2**t))")], ("epsilon",), "epsilon is added before v is corrected"),
    ("schedules", "the cosine begins at epoch 0", [("(epoch - warmup) / (total - warmup)", "epoch / total")], ("eight epochs", "floor and start"), "eight epochs"),
    ("schedules", "the cosine has total epochs", [("/ (total - warmup)", "/ total")], ("eight epochs", "floor and start"), "the cosine has total - warmup epochs"),
    ("family-adamw", "one average for the whole array", [("g**2", "np.mean(g**2)")], ("two steps",), "two steps"),
    ("schedules", "begins at 0 whatever is said", [("start + (1 - start) * epoch / warmup", "epoch / warmup")], ("floor and start",), "start is ignored"),
    ("schedules", "no floor", [("floor + (1 - floor) * ", "")], ("floor and start",), "floor is ignored"),
    ("schedules", "goes up again", [("min((epoch - warmup) / (total - warmup), 1)", "(epoch - warmup) / (total - warmup)")], ("eight epochs", "floor and start"), "eight epochs"),
    ("clipping", "each by its own norm", [("            g *= max_norm / norm", "            g *= max_norm / max(math.sqrt(float((g**2).sum())), max_norm)")], CLIPS[:1], "the norm is of all together"),
    ("clipping", "to norm 1", [("*= max_norm / norm", "/= norm")], CLIPS[:1], "the norm becomes 1"),
    ("clipping", "nothing is clipped", [("            g *= max_norm / norm", "            pass")], CLIPS[:1], "nothing is clipped"),
    ("clipping", "short ones made longer", [("if norm > max_norm:", "if norm > 0:")], CLIPS[1:], "short gradients are made longer"),
    ("clipping", "gives the norm after", [("    return norm", "    return min(norm, max_norm)")], CLIPS[:1], CLIPS[0]),
    ("clipping", "gives nothing", [("    return norm\n", "")], CLIPS, "TypeError"),
]  # fmt: skip

RIGHT = [Row(HERE, cell, "written apart from the reference", answer) for cell, answer in ANSWERS.items()]
SLIPS = [Row(HERE, cell, name, changed(ANSWERS[cell], *changes), fails, says) for cell, name, changes, fails, says in CHANGES]

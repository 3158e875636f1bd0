"""Wrong answers to Adam."""

from tests.catalogue.table import ALL, Row, changed

# the first step, and what counts only together with it
FIRST = (
    "the first step has the size of the learning rate",
    "the gradient is left as it was",
    "zero_grad() sets each grad to None",
    "hidden: dtype and shape stay",
    "hidden: step_count, and two moments for each parameter",
)
# every check of values over several steps
LATER = (
    "two steps",
    "two parameters, each with its own m and v",
    "hidden: ten steps with the default betas",
    "hidden: other betas, and a learning rate that changes",
    "hidden: gradients near epsilon",
    "hidden: weight decay over several steps",
    "hidden: float64 to all its digits",
    "hidden: a gradient that is missing for one step",
    "hidden: two optimizers over the same parameters share nothing",
)
# the hidden ones of these
HIDDEN_LATER = (
    "hidden: ten steps with the default betas",
    "hidden: other betas, and a learning rate that changes",
    "hidden: gradients near epsilon",
    "hidden: weight decay over several steps",
    "hidden: float64 to all its digits",
    "hidden: a gradient that is missing for one step",
    "hidden: two optimizers over the same parameters share nothing",
)
# weight decay
DECAY = (
    "weight decay is added to the gradient",
    "hidden: weight decay over several steps",
)
# betas that are not the defaults
BETAS = (
    "two steps",
    "two parameters, each with its own m and v",
    "hidden: other betas, and a learning rate that changes",
)
# epsilon
EPSILON = (
    "epsilon stands outside the root, after the correction",
    "hidden: gradients near epsilon",
)
# gradients that are missing
NONE = (
    "a parameter without a gradient is skipped, the next one is not",
    "hidden: a gradient that is missing for one step",
)

ADAM = """
class Adam:
    def __init__(self, parameters, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weight_decay = weight_decay
        self.step_count = 0
        self.first_moment = {}
        self.second_moment = {}

    def step(self):
        self.step_count += 1
        t = self.step_count
        for i, p in enumerate(self.parameters):
            if p.grad is None:
                continue
            theta, g = p.data.data, p.grad.data.data
            if self.weight_decay > 0:
                g = g + self.weight_decay * theta
            m = self.first_moment.get(i, np.zeros_like(theta))
            v = self.second_moment.get(i, np.zeros_like(theta))
            m = self.beta1 * m + (1 - self.beta1) * g
            v = self.beta2 * v + (1 - self.beta2) * g**2
            self.first_moment[i] = m
            self.second_moment[i] = v
            m_hat = m / (1 - self.beta1**t)
            v_hat = v / (1 - self.beta2**t)
            new = theta - self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)
            p.data = Tensor(new)

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None
"""

# name, changes to the right answer above, the checks that must fail, what the student must read
CHANGES: list[tuple] = [
    ("the arguments in another order", [("beta1=0.9, beta2=0.999, epsilon", "beta2=0.999, beta1=0.9, epsilon")], ("hidden: other betas, and a learning rate that changes",), "after learning_rate comes beta1"),
    ("zero_grad forgets the moments", [("            p.grad = None", "            p.grad = None\n        self.first_moment, self.second_moment = {}, {}")], ("hidden: ten steps with the default betas",), "zero_grad() to leave them alone"),
    ("zero_grad begins to count again", [("            p.grad = None", "            p.grad = None\n        self.step_count = 0")], ("hidden: ten steps with the default betas",), "ten steps"),
    ("uphill", [("theta - self.learning_rate", "theta + self.learning_rate")], LATER + FIRST + ("epsilon stands outside the root, after the correction", "weight decay is added to the gradient",), "this goes uphill"),
    ("learning rate hard-coded", [("self.learning_rate = learning_rate", "self.learning_rate = 0.001")], DECAY + ("two steps", "two parameters, each with its own m and v", "epsilon stands outside the root, after the correction",), "fixed at its default"),
    ("learning rate hard-coded in the rule", [("self.learning_rate * m_hat", "0.001 * m_hat")], DECAY + BETAS + ("epsilon stands outside the root, after the correction",), "fixed at its default"),
    ("learning rate not used", [("self.learning_rate * m_hat", "m_hat")], LATER + FIRST + ("epsilon stands outside the root, after the correction", "weight decay is added to the gradient",), "the learning rate is not used"),
    ("learning rate kept from the beginning", [("self.learning_rate = learning_rate", "self.learning_rate = self.lr = learning_rate"), ("theta - self.learning_rate", "theta - self.lr")], ("hidden: other betas, and a learning rate that changes",), "the first learning rate is kept"),
    ("beta1 hard-coded", [("self.beta1 = beta1", "self.beta1 = 0.9")], BETAS, "two steps"),
    ("beta2 hard-coded", [("self.beta2 = beta2", "self.beta2 = 0.999")], BETAS, "two steps"),
    ("both betas hard-coded", [("self.beta1 = beta1", "self.beta1 = 0.9"), ("self.beta2 = beta2", "self.beta2 = 0.999")], BETAS, "beta1 and beta2 are not used"),
    ("betas swapped", [("self.beta1 = beta1", "self.beta1 = beta2"), ("self.beta2 = beta2", "self.beta2 = beta1")], LATER, "beta1 and beta2 are swapped"),
    ("betas swapped in the averages", [("m = self.beta1 * m + (1 - self.beta1) * g", "m = self.beta2 * m + (1 - self.beta2) * g"), ("v = self.beta2 * v + (1 - self.beta2) * g**2", "v = self.beta1 * v + (1 - self.beta1) * g**2")], LATER + FIRST + ("epsilon stands outside the root, after the correction", "weight decay is added to the gradient",), "two steps"),
    ("betas swapped in the corrections", [("m_hat = m / (1 - self.beta1**t)", "m_hat = m / (1 - self.beta2**t)"), ("v_hat = v / (1 - self.beta2**t)", "v_hat = v / (1 - self.beta1**t)")], LATER + FIRST + ("epsilon stands outside the root, after the correction", "weight decay is added to the gradient",), "two steps"),
    ("beta1 for both", [("v = self.beta2 * v + (1 - self.beta2) * g**2", "v = self.beta1 * v + (1 - self.beta1) * g**2"), ("v_hat = v / (1 - self.beta2**t)", "v_hat = v / (1 - self.beta1**t)")], LATER, "two steps"),
    ("weights of the averages swapped", [("m = self.beta1 * m + (1 - self.beta1) * g", "m = (1 - self.beta1) * m + self.beta1 * g"), ("v = self.beta2 * v + (1 - self.beta2) * g**2", "v = (1 - self.beta2) * v + self.beta2 * g**2")], LATER + FIRST + ("epsilon stands outside the root, after the correction", "weight decay is added to the gradient",), "the first step"),
    ("sums in place of averages", [("m = self.beta1 * m + (1 - self.beta1) * g", "m = self.beta1 * m + g"), ("v = self.beta2 * v + (1 - self.beta2) * g**2", "v = self.beta2 * v + g**2")], HIDDEN_LATER + FIRST + ("epsilon stands outside the root, after the correction", "weight decay is added to the gradient",), "the first step"),
    ("no correction", [("m_hat = m / (1 - self.beta1**t)", "m_hat = m"), ("v_hat = v / (1 - self.beta2**t)", "v_hat = v")], LATER + FIRST + ("epsilon stands outside the root, after the correction", "weight decay is added to the gradient",), "both corrections are missing"),
    ("no correction of m", [("m_hat = m / (1 - self.beta1**t)", "m_hat = m")], LATER + FIRST + ("epsilon stands outside the root, after the correction", "weight decay is added to the gradient",), "the correction of m is missing"),
    ("no correction of v", [("v_hat = v / (1 - self.beta2**t)", "v_hat = v")], LATER + FIRST + ("epsilon stands outside the root, after the correction", "weight decay is added to the gradient",), "the correction of v is missing"),
    ("correction only in the first step", [("m_hat = m / (1 - self.beta1**t)", "m_hat = m / (1 - self.beta1)"), ("v_hat = v / (1 - self.beta2**t)", "v_hat = v / (1 - self.beta2)")], LATER, "t stays 1"),
    ("corrected by 1 - beta * t", [("m_hat = m / (1 - self.beta1**t)", "m_hat = m / (1 - self.beta1 * t)"), ("v_hat = v / (1 - self.beta2**t)", "v_hat = v / (1 - self.beta2 * t)")], LATER, "two steps"),
    ("corrections multiplied", [("m_hat = m / (1 - self.beta1**t)", "m_hat = m * (1 - self.beta1**t)"), ("v_hat = v / (1 - self.beta2**t)", "v_hat = v * (1 - self.beta2**t)")], LATER + FIRST + ("epsilon stands outside the root, after the correction", "weight decay is added to the gradient",), "the first step"),
    ("corrected values kept as the moments", [('            self.first_moment[i] = m\n            self.second_moment[i] = v\n', ""), ("            new =", '            self.first_moment[i], self.second_moment[i] = m_hat, v_hat\n            new =')], LATER, "two steps"),
    ("t from 0", [("t = self.step_count", "t = self.step_count - 1")], LATER + FIRST + ("epsilon stands outside the root, after the correction", "weight decay is added to the gradient",), "the first step"),
    ("t one ahead", [("t = self.step_count", "t = self.step_count + 1")], LATER + FIRST + ("epsilon stands outside the root, after the correction", "weight decay is added to the gradient",), "t counts from 0 or runs ahead"),
    ("t stays 1", [("t = self.step_count", "t = 1")], LATER, "t stays 1"),
    ("t once per parameter", [('        self.step_count += 1\n        t = self.step_count\n', ""), ("            theta, g =", '            self.step_count += 1\n            t = self.step_count\n            theta, g =')], HIDDEN_LATER + ("two parameters, each with its own m and v", "hidden: step_count, and two moments for each parameter", "hidden: dtype and shape stay",), "t rises for each parameter"),
    ("t counted for all by the first parameter", [("t = self.step_count", "t = len(self.parameters) * (self.step_count - 1) + 1")], HIDDEN_LATER + ("two parameters, each with its own m and v",), "hidden: ten steps"),
    ("step_count after the update", [('        self.step_count += 1\n        t = self.step_count\n', '        t = max(self.step_count, 1)\n'), ('            p.data = Tensor(new)\n', '            p.data = Tensor(new)\n        self.step_count += 1\n')], LATER, "t stays 1"),
    ("v without the square", [("v = self.beta2 * v + (1 - self.beta2) * g**2", "v = self.beta2 * v + (1 - self.beta2) * g")], LATER + FIRST + ("weight decay is added to the gradient",), "the first step"),
    ("v of the absolute value", [("v = self.beta2 * v + (1 - self.beta2) * g**2", "v = self.beta2 * v + (1 - self.beta2) * np.abs(g)")], LATER + FIRST + ("weight decay is added to the gradient",), "the first step"),
    ("v squared as a whole", [("v = self.beta2 * v + (1 - self.beta2) * g**2", "v = self.beta2 * v + ((1 - self.beta2) * g)**2")], LATER + FIRST + ("epsilon stands outside the root, after the correction", "weight decay is added to the gradient",), "the first step"),
    ("v from m", [("v = self.beta2 * v + (1 - self.beta2) * g**2", "v = self.beta2 * v + (1 - self.beta2) * m**2")], LATER + FIRST + ("epsilon stands outside the root, after the correction", "weight decay is added to the gradient",), "the first step"),
    ("v centred (AdaBelief)", [("v = self.beta2 * v + (1 - self.beta2) * g**2", "v = self.beta2 * v + (1 - self.beta2) * (g - m)**2")], LATER + FIRST + ("epsilon stands outside the root, after the correction", "weight decay is added to the gradient",), "the first step"),
    ("v never falls (AMSGrad)", [("self.second_moment[i] = v", 'v = np.maximum(v, self.second_moment.get(i, 0))\n            self.second_moment[i] = v')], ("hidden: other betas, and a learning rate that changes",), "hidden: other betas"),
    ("v as a maximum (AdaMax)", [("v = self.beta2 * v + (1 - self.beta2) * g**2", "v = np.maximum(self.beta2 * v, g**2)"), ("v_hat = v / (1 - self.beta2**t)", "v_hat = v")], LATER, "two steps"),
    ("v of the whole gradient", [("v = self.beta2 * v + (1 - self.beta2) * g**2", "v = self.beta2 * v + (1 - self.beta2) * np.mean(g**2)")], HIDDEN_LATER + FIRST, "the first step"),
    ("Nesterov (NAdam)", [("m_hat = m / (1 - self.beta1**t)", "m_hat = (self.beta1 * m + (1 - self.beta1) * g) / (1 - self.beta1**t)")], LATER + FIRST + ("epsilon stands outside the root, after the correction", "weight decay is added to the gradient",), "the first step"),
    ("no root", [("np.sqrt(v_hat)", "v_hat")], LATER + FIRST + ("weight decay is added to the gradient",), "the square root of v_hat is missing"),
    ("no division", [("m_hat / (np.sqrt(v_hat) + self.epsilon)", "m_hat")], LATER + FIRST + ("epsilon stands outside the root, after the correction", "weight decay is added to the gradient",), "this is plain gradient descent"),
    ("sign of m alone", [("m_hat / (np.sqrt(v_hat) + self.epsilon)", "np.sign(m_hat)")], LATER + ("epsilon stands outside the root, after the correction",), "two steps"),
    ("RMSProp: g in place of m", [("m_hat = m / (1 - self.beta1**t)", "m_hat = g")], LATER, "two steps"),
    ("epsilon inside the root", [("np.sqrt(v_hat) + self.epsilon", "np.sqrt(v_hat + self.epsilon)")], EPSILON, "epsilon is inside the root"),
    ("epsilon before the correction", [("m_hat / (np.sqrt(v_hat) + self.epsilon)", "(m_hat * np.sqrt(1 - self.beta2**t)) / (np.sqrt(v) + self.epsilon)")], EPSILON + ("hidden: dtype and shape stay",), "before v is corrected"),
    ("epsilon added to v", [("np.sqrt(v_hat) + self.epsilon", "np.sqrt((v + self.epsilon) / (1 - self.beta2**t))")], EPSILON, "epsilon"),
    ("epsilon in no bracket", [("(np.sqrt(v_hat) + self.epsilon)", "np.sqrt(v_hat) + self.epsilon")], EPSILON + ("hidden: float64 to all its digits",), "epsilon"),
    ("epsilon added to the quotient", [("m_hat / (np.sqrt(v_hat) + self.epsilon)", "(m_hat / np.sqrt(v_hat) + self.epsilon)")], EPSILON + ("hidden: float64 to all its digits",), "a bracket is missing"),
    ("no epsilon", [("np.sqrt(v_hat) + self.epsilon", "np.sqrt(v_hat)")], EPSILON, "epsilon is not used"),
    ("epsilon hard-coded", [("self.epsilon = epsilon", "self.epsilon = 1e-8")], ("epsilon stands outside the root, after the correction",), "epsilon is not used, or is fixed"),
    ("epsilon as a floor", [("np.sqrt(v_hat) + self.epsilon", "np.maximum(np.sqrt(v_hat), self.epsilon)")], EPSILON, "epsilon is not used"),
    ("epsilon larger by default", [("epsilon=1e-8", "epsilon=1e-6")], ("hidden: gradients near epsilon",), "gradients near epsilon"),
    ("weight decay ignored", [("g = g + self.weight_decay * theta", "pass")], DECAY, "weight decay is ignored"),
    ("weight decay subtracted", [("g + self.weight_decay", "g - self.weight_decay")], DECAY, "weight decay is ignored or subtracted"),
    ("weight decay by the size of theta", [("self.weight_decay * theta", "self.weight_decay * np.abs(theta)")], ("hidden: weight decay over several steps",), "hidden: weight decay"),
    ("weight decay hard-coded", [("self.weight_decay = weight_decay", "self.weight_decay = 0.0")], DECAY, "weight decay is ignored"),
    ("weight decay hard-coded where it is used", [("g = g + self.weight_decay * theta", "g = g + 0.01 * theta")], DECAY, "weight decay is ignored"),
    ("weight decay twice", [("g = g + self.weight_decay * theta", "g = g + 2 * self.weight_decay * theta")], ("hidden: weight decay over several steps",), "weight decay"),
    ("decoupled (AdamW)", [("g = g + self.weight_decay * theta", "pass"), ("theta - self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)", "theta - self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon) - self.learning_rate * self.weight_decay * theta")], DECAY, "this is decoupled weight decay"),
    ("decoupled, before the step", [("g = g + self.weight_decay * theta", "theta = theta * (1 - self.learning_rate * self.weight_decay)")], DECAY, "this is decoupled weight decay"),
    ("decoupled, without the learning rate", [("g = g + self.weight_decay * theta", "pass"), ("theta - self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)", "theta - self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon) - self.weight_decay * theta")], DECAY, "without the learning rate"),
    ("weight decay only in m", [("g = g + self.weight_decay * theta", "pass"), ("m = self.beta1 * m + (1 - self.beta1) * g", "m = self.beta1 * m + (1 - self.beta1) * (g + self.weight_decay * theta)")], DECAY, "weight decay is added to the gradient"),
    ("weight decay only in v", [("g = g + self.weight_decay * theta", "pass"), ("v = self.beta2 * v + (1 - self.beta2) * g**2", "v = self.beta2 * v + (1 - self.beta2) * (g + self.weight_decay * theta)**2")], DECAY, "weight decay"),
    ("weight decay into the gradient itself", [("g = g + self.weight_decay * theta", "g += self.weight_decay * theta")], ("the gradient is left as it was",), "added into the gradient itself"),
    ("the gradient is squared in place", [("v = self.beta2 * v + (1 - self.beta2) * g**2", 'g *= g\n            v = self.beta2 * v + (1 - self.beta2) * g')], ("the gradient is left as it was",), "the gradient is left as it was"),
    ("the gradient is cleared by step", [("p.data = Tensor(new)", 'p.data = Tensor(new)\n            p.grad = None')], ("the gradient is left as it was",), "step() clears the gradient"),
    ("moments not stored", [('            self.first_moment[i] = m\n            self.second_moment[i] = v\n', '            self.first_moment[i] = self.second_moment[i] = np.zeros_like(theta)\n')], LATER, "m and v are not remembered"),
    ("the first moment is not stored", [('            self.first_moment[i] = m\n', '            self.first_moment[i] = np.zeros_like(theta)\n')], LATER, "m is not remembered"),
    ("the second moment is not stored", [('            self.second_moment[i] = v\n', '            self.second_moment[i] = np.zeros_like(theta)\n')], LATER, "v is not remembered"),
    ("one dict for both moments", [("self.second_moment = {}", "self.second_moment = self.first_moment")], HIDDEN_LATER + ("two parameters, each with its own m and v",), "hidden: ten steps"),
    ("one moment for all parameters", [("self.first_moment.get(i,", "self.first_moment.get(0,"), ("self.first_moment[i]", "self.first_moment[0]")], HIDDEN_LATER + ("two parameters, each with its own m and v", "hidden: dtype and shape stay", "hidden: step_count, and two moments for each parameter",), "the parameters share m:"),
    ("both moments for all parameters", [("self.first_moment.get(i,", "self.first_moment.get(0,"), ("self.first_moment[i]", "self.first_moment[0]"), ("self.second_moment.get(i,", "self.second_moment.get(0,"), ("self.second_moment[i]", "self.second_moment[0]")], HIDDEN_LATER + ("two parameters, each with its own m and v", "hidden: dtype and shape stay", "hidden: step_count, and two moments for each parameter",), "the parameters share m and v"),
    ("moments by shape", [("self.first_moment.get(i,", "self.first_moment.get(g.shape,"), ("self.first_moment[i]", "self.first_moment[g.shape]"), ("self.second_moment.get(i,", "self.second_moment.get(g.shape,"), ("self.second_moment[i]", "self.second_moment[g.shape]")], ("two parameters, each with its own m and v", "hidden: ten steps with the default betas", "hidden: other betas, and a learning rate that changes", "hidden: weight decay over several steps", "hidden: a gradient that is missing for one step", "hidden: two optimizers over the same parameters share nothing", "hidden: step_count, and two moments for each parameter", "hidden: dtype and shape stay",), "hidden: ten steps"),
    ("moments counted among those with a gradient", [("enumerate(self.parameters)", "enumerate([p for p in self.parameters if p.grad is not None])"), ('            if p.grad is None:\n                continue\n', "")], ("hidden: a gradient that is missing for one step",), "missing for one step"),
    ("moments of the class", [('        self.first_moment = {}\n        self.second_moment = {}\n', ""), ("    def __init__", '    first_moment = {}\n    second_moment = {}\n\n    def __init__')], LATER + ("epsilon stands outside the root, after the correction", "weight decay is added to the gradient", "hidden: dtype and shape stay", "hidden: step_count, and two moments for each parameter",), "hidden: ten steps"),
    ("the step count of the class", [('        self.step_count = 0\n', ""), ("    def __init__", '    step_count = 0\n\n    def __init__'), ("self.step_count += 1", "Adam.step_count += 1")], LATER + ("epsilon stands outside the root, after the correction", "weight decay is added to the gradient", "hidden: step_count, and two moments for each parameter", "hidden: dtype and shape stay",), "step_count"),
    ("right for round numbers only", [("            theta, g = p.data.data, p.grad.data.data\n", '            theta, g = p.data.data, p.grad.data.data\n            if np.any(g * 4 % 1):\n                continue\n')], ("hidden: ten steps with the default betas", "hidden: other betas, and a learning rate that changes", "hidden: gradients near epsilon", "hidden: weight decay over several steps", "hidden: float64 to all its digits", "hidden: dtype and shape stay", "hidden: a gradient that is missing for one step", "hidden: two optimizers over the same parameters share nothing", "hidden: step_count, and two moments for each parameter",), "hidden: step_count"),
    ("None raises", [('            if p.grad is None:\n                continue\n', "")], NONE + ("zero_grad() sets each grad to None",), "AttributeError"),
    ("the first None ends the step", [("continue", "break")], NONE, "the first None ends the whole step"),
    ("the first None returns", [("continue", "return")], NONE, "the first None ends the whole step"),
    ("None counts as a gradient of zeros", [('            if p.grad is None:\n                continue\n', ""), ("p.grad.data.data", "np.zeros_like(p.data.data) if p.grad is None else p.grad.data.data")], ("hidden: a gradient that is missing for one step",), "missing for one step"),
    ("None weakens the moments", [("                continue", '                self.first_moment[i] = self.beta1 * self.first_moment.get(i, 0 * p.data.data)\n                continue')], ("hidden: a gradient that is missing for one step",), "missing for one step"),
    ("None forgets the moments", [("                continue", '                self.first_moment.pop(i, None)\n                self.second_moment.pop(i, None)\n                continue')], ("hidden: a gradient that is missing for one step",), "missing for one step"),
    ("step_count stays 0", [('self.step_count += 1\n        t = self.step_count', "self.t = t = getattr(self, 't', 0) + 1")], ("hidden: step_count, and two moments for each parameter",), "step_count"),
    ("step_count once per parameter, t apart", [('self.step_count += 1\n        t = self.step_count', "self.t = t = getattr(self, 't', 0) + 1"), ("            theta, g =", '            self.step_count += 1\n            theta, g =')], ("hidden: step_count, and two moments for each parameter",), "step_count"),
    ("float64 result", [('np.zeros_like(theta))\n            v', 'np.zeros(theta.shape))\n            v')], ("hidden: dtype and shape stay",), "dtype and shape stay"),
    ("float32 result", [("Tensor(new)", "Tensor(new.astype(np.float32))")], ("hidden: float64 to all its digits", "hidden: dtype and shape stay",), "float64"),
    ("float32 moments", [("self.first_moment[i] = m", "self.first_moment[i] = np.float32(m)"), ("self.second_moment[i] = v", "self.second_moment[i] = np.float32(v)")], ("hidden: float64 to all its digits",), "float64 to all its digits"),
    ("the new value is lost", [('            p.data = Tensor(new)\n', "")], ALL, "the parameter is as before"),
    ("zero_grad to zeros", [('        for p in self.parameters:\n            p.grad = None', '        for p in self.parameters:\n            if p.grad is not None:\n                p.grad = Variable(np.zeros_like(p.grad.data.data))')], ("zero_grad() sets each grad to None",), "zeros are not None"),
    ("zero_grad does nothing", [("            p.grad = None", "            pass")], ("zero_grad() sets each grad to None",), "the gradients are still there"),
    ("no zero_grad", [('    def zero_grad(self):\n        for p in self.parameters:\n            p.grad = None\n', "")], ("zero_grad() sets each grad to None",), "AttributeError"),
    ("only the first moment can be read", [("self.second_moment = {}", "self.v = {}"), ("self.second_moment.get", "self.v.get"), ("self.second_moment[i]", "self.v[i]")], ("hidden: step_count, and two moments for each parameter",), "AttributeError"),
]

# name, the whole answer, the checks that must fail, what the student must read
WHOLE: list[tuple] = [
    (
        "the stub",
        """
class Adam(Optimizer):
    def __init__(self, parameters, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0):
        raise NotImplementedError('Adam.__init__')
    def rule(self, theta, g, m, v, t):
        raise NotImplementedError('Adam.rule')
""",
        ALL,
        "NotImplementedError: Adam.__init__",
    ),
    (
        "SGD under another name",
        """
class Adam(SGD):
    def __init__(self, parameters, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0):
        super().__init__(parameters, learning_rate, beta1, weight_decay)
        self.first_moment = self.second_moment = self.momentum_buffers
""",
        ALL,
        "the first step",
    ),
    (
        "imported",
        """
from tinytorch.core.optimizers import Adam
""",
        ALL,
        "is a class that this notebook defines",
    ),
    (
        "the reference kept inside",
        """
import tinytorch.core.optimizers
reference = tinytorch.core.optimizers
class Adam:
    def __init__(self, parameters, *a, **k):
        self.own = reference.Adam(parameters, *a, **k)
    def step(self):
        self.own.step()
    def zero_grad(self):
        self.own.zero_grad()
""",
        ALL,
        "is a class that this notebook defines",
    ),
    (
        "the base, not in place",
        """
class Adam(Optimizer):
    def __init__(self, parameters, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0):
        super().__init__(parameters, learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon, weight_decay=weight_decay)
        self.first_moment, self.second_moment = Buffers(), Buffers()
    def rule(self, theta, g, m, v, t):
        g = g + self.weight_decay * theta
        m = self.beta1 * m + (1 - self.beta1) * g
        v = self.beta2 * v + (1 - self.beta2) * g * g
        theta -= self.learning_rate * (m / (1 - self.beta1**t)) / (np.sqrt(v / (1 - self.beta2**t)) + self.epsilon)
""",
        LATER,
        "two steps",
    ),
    (
        "the base, epsilon forgotten",
        """
class Adam(Optimizer):
    def __init__(self, parameters, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0):
        super().__init__(parameters, learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon, weight_decay=weight_decay)
        self.first_moment, self.second_moment = Buffers(), Buffers()
    def rule(self, theta, g, m, v, t):
        g = g + self.weight_decay * theta
        m *= self.beta1; m += (1 - self.beta1) * g
        v *= self.beta2; v += (1 - self.beta2) * g * g
        theta -= self.learning_rate * (m / (1 - self.beta1**t)) / np.sqrt(v / (1 - self.beta2**t))
""",
        EPSILON,
        "epsilon is not used",
    ),
]

SLIPS = [Row("08_optimizers", "adam-class", name, changed(ADAM, *changes), fails, says) for name, changes, fails, says in CHANGES]
SLIPS += [Row("08_optimizers", "adam-class", name, answer, fails, says) for name, answer, fails, says in WHOLE]

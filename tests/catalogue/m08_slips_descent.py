"""Wrong answers to gradient descent."""

from tests.catalogue.table import ALL, Row, changed

# the checks of values on whole arrays
ARRAYS = (
    "hidden: a number, a vector and a matrix",
    "hidden: float64 to all its digits",
)

DESCENT = """
def gradient_descent_step(parameter, learning_rate):
    if parameter.grad is None:
        return
    theta, grad = parameter.data.data, parameter.grad.data.data
    new = theta - learning_rate * grad
    parameter.data = Tensor(new)
"""

# name, changes to the right answer above, the checks that must fail, what the student must read
CHANGES: list[tuple] = [
    ("a gradient of zeros is made up", [('        return\n', '        parameter.grad = Variable(np.zeros_like(parameter.data.data))\n')], ("no gradient, no change",), "a gradient is made up"),
    ("the gradient's sign is changed in place", [("new = theta - learning_rate * grad", 'grad *= -1\n    new = theta + learning_rate * grad')], ("the gradient is left as it was",), "sign is changed in place"),
    ("the step is divided by the rate", [("learning_rate * grad", "grad / learning_rate")], ALL, "this divides by the learning rate"),
    ("uphill", [("- learning_rate", "+ learning_rate")], ALL, "this goes uphill"),
    ("the learning rate is not used", [("learning_rate * grad", "grad")], ALL, "the learning rate is not used"),
    ("the learning rate is fixed", [("learning_rate * grad", "0.1 * grad")], ARRAYS + ("three steps", "hidden: a learning rate above 1",), "the learning rate is fixed at 0.1"),
    ("the new value is lost", [("parameter.data = Tensor(new)", "theta = new")], ALL, "has to be put into parameter.data"),
    ("the new value is returned", [("parameter.data = Tensor(new)", "return new")], ALL, "has to be put into parameter.data"),
    ("the step itself becomes the parameter", [("theta - learning_rate", "learning_rate")], ALL, "it is subtracted from theta"),
    ("only the sign of the gradient", [("learning_rate * grad", "learning_rate * np.sign(grad)")], ALL, "only the sign of the gradient"),
    ("the size without the sign", [("learning_rate * grad", "learning_rate * np.abs(grad)")], ARRAYS + ("a matrix", "three steps", "hidden: a learning rate above 1", "hidden: dtype and shape stay",), "without its sign"),
    ("the mean of the gradient", [("learning_rate * grad", "learning_rate * grad.mean()")], ARRAYS + ("a matrix", "hidden: a learning rate above 1", "hidden: dtype and shape stay",), "this takes their mean"),
    ("None raises", [('    if parameter.grad is None:\n        return\n', "")], ("no gradient, no change",), "AttributeError"),
    ("None moves the parameter", [('        return\n', '        parameter.data = parameter.data * 0.9\n        return\n')], ("no gradient, no change",), "no gradient, no change"),
    ("the gradient is scaled in place", [("new = theta - learning_rate * grad", 'grad *= learning_rate\n    new = theta - grad')], ("the gradient is left as it was",), "the gradient is scaled in place"),
    ("the gradient is cleared", [("parameter.data = Tensor(new)", 'parameter.data = Tensor(new)\n    parameter.grad = None')], ("the gradient is left as it was",), "the gradient is cleared here"),
    ("the gradient is set to zero", [("parameter.data = Tensor(new)", 'parameter.data = Tensor(new)\n    grad[...] = 0')], ("the gradient is left as it was",), "set to zero here"),
    ("always float32", [("Tensor(new)", "Tensor(new.astype(np.float32))")], ("hidden: float64 to all its digits", "hidden: dtype and shape stay",), "float64"),
    ("always float64", [("learning_rate * grad", "np.float64(learning_rate) * grad")], ("hidden: dtype and shape stay",), "dtype and shape stay"),
    ("through a list", [("Tensor(new)", "Tensor(new.tolist())")], ("hidden: float64 to all its digits", "hidden: dtype and shape stay",), "dtype"),
    ("flattened", [("Tensor(new)", "Tensor(new.reshape(-1))")], ("one step", "a matrix", "three steps", "no gradient, no change", "the gradient is left as it was", "hidden: a number, a vector and a matrix", "hidden: dtype and shape stay",), "shape"),
    ("at least one axis", [("Tensor(new)", "Tensor(np.atleast_1d(new))")], ("one step", "three steps", "no gradient, no change", "the gradient is left as it was", "hidden: a number, a vector and a matrix", "hidden: dtype and shape stay",), "shape"),
    ("an array in place of the Tensor", [("Tensor(new)", "new")], ALL, "not a Tensor"),
    ("clipped to a unit step", [("learning_rate * grad", "learning_rate * np.clip(grad, -1, 1)")], ARRAYS + ("a matrix", "three steps", "hidden: a learning rate above 1", "hidden: dtype and shape stay",), "three steps"),
    ("normalised", [("learning_rate * grad", "learning_rate * grad / (np.linalg.norm(grad) + 1e-12)")], ALL, "with the size of the gradient"),
    ("rate capped at 1", [("new = theta -", 'learning_rate = min(learning_rate, 1.0)\n    new = theta -')], ("hidden: a learning rate above 1",), "hidden: a learning rate above 1"),
    ("right for round numbers only", [("new = theta -", 'if np.any(grad * 4 % 1):\n        return\n    new = theta -')], ("hidden: a number, a vector and a matrix", "hidden: a learning rate above 1", "hidden: float64 to all its digits", "hidden: dtype and shape stay",), "hidden: dtype and shape stay"),
    ("negative gradients are left out", [("learning_rate * grad", "learning_rate * np.maximum(grad, 0)")], ARRAYS + ("a matrix", "three steps", "hidden: a learning rate above 1", "hidden: dtype and shape stay",), "a matrix"),
]

# name, the whole answer, the checks that must fail, what the student must read
WHOLE: list[tuple] = [
    (
        "nothing",
        """
def gradient_descent_step(parameter, learning_rate):
    pass
""",
        ALL,
        "gradient_descent_step: ",
    ),
    (
        "returns its input",
        """
def gradient_descent_step(parameter, learning_rate):
    return parameter
""",
        ALL,
        "",
    ),
    (
        "raises",
        """
def gradient_descent_step(parameter, learning_rate):
    raise NotImplementedError('gradient_descent_step')
""",
        ALL,
        "NotImplementedError",
    ),
    (
        "a syntax error",
        """
def gradient_descent_step(parameter, learning_rate)
    return
""",
        ALL,
        "is a function that this notebook defines",
    ),
    (
        "imported",
        """
from tinytorch.core.optimizers import gradient_descent_step
""",
        ALL,
        "is a function that this notebook defines",
    ),
    (
        "calls the reference",
        """
import tinytorch.core.optimizers as reference
def gradient_descent_step(p, lr):
    return reference.gradient_descent_step(p, lr)
""",
        ALL,
        "is a function that this notebook defines",
    ),
    (
        "imports the reference inside",
        """
def gradient_descent_step(p, lr):
    from tinytorch.core.optimizers import gradient_descent_step as step
    step(p, lr)
""",
        ALL,
        "is a function that this notebook defines",
    ),
]

SLIPS = [Row("08_optimizers", "gradient-descent-function", name, changed(DESCENT, *changes), fails, says) for name, changes, fails, says in CHANGES]
SLIPS += [Row("08_optimizers", "gradient-descent-function", name, answer, fails, says) for name, answer, fails, says in WHOLE]

"""Wrong answers to the training loop."""

from tests.catalogue.table import ALL, Row, changed

# the gradient of every update
GRADIENTS = (
    "each update has its own point's gradient",
    "hidden: SGD's gradients, point after point",
    "hidden: Adam's gradients, point after point",
)
# those of SGD alone
SGD_GRADIENTS = (
    "each update has its own point's gradient",
    "hidden: SGD's gradients, point after point",
)
# how many updates there are
UPDATES = (
    "SGD makes 300 updates",
    "Adam makes 300 updates",
)
# where the training starts
STARTS = (
    "SGD starts from w = 0.1, b = 0",
    "Adam starts from the same w and b",
)

TRAIN = """
def train_simple_model():
    results = []
    w, b = Variable(0.1), Variable(0.0)
    optimizer = SGD([w, b], learning_rate=0.01, momentum=0.9)
    for epoch in range(60):
        for x in (1.0, 2.0, 3.0, 4.0, 5.0):
            optimizer.zero_grad()
            error = subtract(add(multiply(w, x), b), 2 * x + 1)
            loss = multiply(error, error)
            loss.backward()
            optimizer.step()
    results += [float(w.data.data), float(b.data.data)]
    # the same again
    w, b = Variable(0.1), Variable(0.0)
    optimizer = Adam([w, b], learning_rate=0.01)
    for epoch in range(60):
        for x in (1.0, 2.0, 3.0, 4.0, 5.0):
            optimizer.zero_grad()
            error = subtract(add(multiply(w, x), b), 2 * x + 1)
            loss = multiply(error, error)
            loss.backward()
            optimizer.step()
    results += [float(w.data.data), float(b.data.data)]
    return tuple(results)
"""

# name, changes to the right answer above, the checks that must fail, what the student must read
CHANGES: list[tuple] = [
    ("stops near the line", [("            optimizer.step()", "            optimizer.step()\n        if abs(float(w.data.data) - 2.0) < 0.05:\n            break", "all")], UPDATES, "SGD makes 300 updates"),
    ("stops when the loss is small", [("            optimizer.step()", "            optimizer.step()\n        if float(loss.data.data) < 1e-3:\n            break", "all")], UPDATES, "Adam makes 300 updates"),
    ("backward after step", [('            loss.backward()\n            optimizer.step()', '            optimizer.step()\n            loss.backward()', "all")], GRADIENTS + ("hidden: the gradients come from backward()",), "there is no gradient at step()"),
    ("no zero_grad", [('            optimizer.zero_grad()\n', "", "all")], GRADIENTS, "the gradients add up"),
    ("no zero_grad in SGD's loop", [('            optimizer.zero_grad()\n', "", 1)], SGD_GRADIENTS, "the gradients add up"),
    ("no zero_grad in Adam's loop", [('            optimizer.zero_grad()\n', "", 2)], ("hidden: Adam's gradients, point after point",), "hidden: Adam's gradients"),
    ("zero_grad once per epoch", [("        for x in", '        optimizer.zero_grad()\n        for x in', "all"), ('            optimizer.zero_grad()\n', "", "all")], GRADIENTS, "the gradients add up"),
    ("zero_grad between backward and step", [('            optimizer.zero_grad()\n', "", "all"), ("            optimizer.step()", '            optimizer.zero_grad()\n            optimizer.step()', "all")], GRADIENTS, "own point's gradient"),
    ("no backward", [('            loss.backward()\n', "", "all")], GRADIENTS + ("hidden: the gradients come from backward()",), "own point's gradient"),
    ("no step", [('            optimizer.step()\n', "", "all")], ALL, "no SGD makes an update: call its step()"),
    ("step once per epoch", [('            optimizer.step()\n', '        optimizer.step()\n', "all"), ('            optimizer.zero_grad()\n', "", "all"), ("        for x in", '        optimizer.zero_grad()\n        for x in', "all")], GRADIENTS + UPDATES, "one update per epoch"),
    ("step twice per point", [('            optimizer.step()\n', '            optimizer.step()\n            optimizer.step()\n', "all")], GRADIENTS + UPDATES + ("hidden: the gradients come from backward()",), "SGD makes 300 updates"),
    ("the points backwards", [("(1.0, 2.0, 3.0, 4.0, 5.0)", "(5.0, 4.0, 3.0, 2.0, 1.0)", "all")], GRADIENTS, "own point's gradient"),
    ("the points shuffled", [("(1.0, 2.0, 3.0, 4.0, 5.0)", "np.random.default_rng(epoch).permutation([1.0, 2.0, 3.0, 4.0, 5.0])", "all")], GRADIENTS, "point after point"),
    ("only the first point", [("(1.0, 2.0, 3.0, 4.0, 5.0)", "(1.0,) * 5", "all")], GRADIENTS, "own point's gradient"),
    ("only four points", [("(1.0, 2.0, 3.0, 4.0, 5.0)", "(1.0, 2.0, 3.0, 4.0)", "all")], UPDATES + ("hidden: SGD's gradients, point after point", "hidden: Adam's gradients, point after point",), "SGD makes 300 updates"),
    ("points from 0", [("(1.0, 2.0, 3.0, 4.0, 5.0)", "(0.0, 1.0, 2.0, 3.0, 4.0)", "all")], GRADIENTS, "own point's gradient"),
    ("each point 60 times in a row", [('    for epoch in range(60):\n        for x in (1.0, 2.0, 3.0, 4.0, 5.0):', '    for x in (1.0, 2.0, 3.0, 4.0, 5.0):\n        for epoch in range(60):', "all")], GRADIENTS, "own point's gradient"),
    ("50 epochs", [("range(60)", "range(50)", "all")], UPDATES, "SGD makes 300 updates"),
    ("100 epochs", [("range(60)", "range(100)", "all")], UPDATES, "SGD makes 300 updates"),
    ("one epoch", [("range(60)", "range(1)", "all")], UPDATES + ("hidden: SGD's gradients, point after point", "hidden: Adam's gradients, point after point",), "this is one epoch"),
    ("300 epochs", [("range(60)", "range(300)", "all")], UPDATES, "SGD makes 300 updates"),
    ("50 epochs of Adam", [("range(60)", "range(50)", 2)], ("Adam makes 300 updates",), "Adam makes 300 updates"),
    ("SGD twice", [("Adam([w, b], learning_rate=0.01)", "SGD([w, b], learning_rate=0.01, momentum=0.9)")], UPDATES + ("Adam's learning rate", "Adam starts from the same w and b", "the four numbers are the trained ones", "hidden: Adam's gradients, point after point", "hidden: the gradients come from backward()",), "no Adam makes an update: call its step()"),
    ("Adam twice", [("SGD([w, b], learning_rate=0.01, momentum=0.9)", "Adam([w, b], learning_rate=0.01)")], SGD_GRADIENTS + UPDATES + ("SGD's learning rate and momentum", "SGD starts from w = 0.1, b = 0", "the four numbers are the trained ones", "hidden: the gradients come from backward()",), "no SGD makes an update: call its step()"),
    ("Adam first", [("SGD([w, b], learning_rate=0.01, momentum=0.9)", "XX"), ("Adam([w, b], learning_rate=0.01)", "SGD([w, b], learning_rate=0.01, momentum=0.9)"), ("XX", "Adam([w, b], learning_rate=0.01)")], ("the four numbers are the trained ones",), "SGD and Adam are swapped"),
    ("Adam goes on from SGD", [('    w, b = Variable(0.1), Variable(0.0)\n', "", 2)], ("Adam starts from the same w and b", "hidden: Adam's gradients, point after point",), "Adam goes on from where SGD ended"),
    ("Adam goes on from SGD's w", [("Variable(0.1)", "Variable(float(w.data.data))", 2)], ("Adam starts from the same w and b", "hidden: Adam's gradients, point after point",), "Adam starts from the same"),
    ("start at 0", [("Variable(0.1)", "Variable(0.0)", "all")], GRADIENTS + STARTS, "SGD starts from"),
    ("start at 1", [("Variable(0.0)", "Variable(1.0)", "all")], GRADIENTS + STARTS + ("the four numbers are the trained ones",), "SGD starts from"),
    ("random start", [("Variable(0.1)", "Variable(np.random.default_rng(3).normal())", "all")], GRADIENTS + STARTS, "SGD starts from"),
    ("Adam from another start", [("Variable(0.1)", "Variable(0.5)", 2)], ("Adam starts from the same w and b", "hidden: Adam's gradients, point after point",), "Adam starts from the same"),
    ("SGD without momentum", [(", momentum=0.9", "")], ("SGD's learning rate and momentum",), "momentum is missing"),
    ("SGD with momentum 0.5", [("momentum=0.9", "momentum=0.5")], ("SGD's learning rate and momentum",), "SGD's learning rate and momentum"),
    ("SGD at 0.1", [("learning_rate=0.01, momentum", "learning_rate=0.1, momentum")], ("SGD's learning rate and momentum",), "SGD's learning rate and momentum"),
    ("SGD at 0.001", [("learning_rate=0.01, momentum", "learning_rate=0.001, momentum")], ("SGD's learning rate and momentum",), "SGD's learning rate and momentum"),
    ("SGD with weight decay", [("momentum=0.9", "momentum=0.9, weight_decay=0.1")], ("SGD's learning rate and momentum",), "SGD's learning rate and momentum"),
    ("Adam at its default", [("Adam([w, b], learning_rate=0.01)", "Adam([w, b])")], ("Adam's learning rate",), "Adam's default learning rate"),
    ("Adam at 0.1", [("Adam([w, b], learning_rate=0.01)", "Adam([w, b], learning_rate=0.1)")], ("Adam's learning rate",), "Adam's learning rate"),
    ("a new SGD in each epoch", [("        for x in", '        optimizer = SGD([w, b], learning_rate=0.01, momentum=0.9)\n        for x in', 1)], ("SGD makes 300 updates",), "a new SGD is made for each epoch"),
    ("a new Adam for each update", [('            optimizer.zero_grad()\n', '            optimizer = Adam([w, b], learning_rate=0.01)\n            optimizer.zero_grad()\n', 2)], ("Adam makes 300 updates",), "a new Adam is made for each update"),
    ("only w is trained", [("SGD([w, b]", "SGD([w]"), ("Adam([w, b]", "Adam([w]")], GRADIENTS + STARTS + ("the four numbers are the trained ones",), "own point's gradient"),
    ("b is no part of the model", [("add(multiply(w, x), b)", "multiply(w, x)", "all")], GRADIENTS, "own point's gradient"),
    ("another line", [("2 * x + 1", "3 * x + 1", "all")], GRADIENTS, "own point's gradient"),
    ("y without the 1", [("2 * x + 1", "2 * x", "all")], GRADIENTS, "own point's gradient"),
    ("the loss is not squared", [("loss = multiply(error, error)", "loss = error", "all")], GRADIENTS, "own point's gradient"),
    ("the loss is negative", [("loss = multiply(error, error)", "loss = multiply(multiply(error, error), -1.0)", "all")], GRADIENTS, "the gradients have the wrong sign"),
    ("the loss to the fourth", [("loss = multiply(error, error)", "loss = multiply(multiply(error, error), multiply(error, error))", "all")], GRADIENTS, "own point's gradient"),
    ("the full batch", [('        for x in (1.0, 2.0, 3.0, 4.0, 5.0):\n            optimizer.zero_grad()\n            error = subtract(add(multiply(w, x), b), 2 * x + 1)\n            loss = multiply(error, error)\n            loss.backward()\n            optimizer.step()\n', '        x = np.arange(1.0, 6.0)\n        optimizer.zero_grad()\n        error = subtract(add(multiply(w, Variable(x, False)), b), Variable(2 * x + 1, False))\n        loss = multiply(error, error).sum()\n        loss.backward()\n        optimizer.step()\n', "all")], GRADIENTS + UPDATES, "one update per epoch"),
    ("the full batch, 300 times", [("range(60)", "range(300)", "all"), ('        for x in (1.0, 2.0, 3.0, 4.0, 5.0):\n            optimizer.zero_grad()\n            error = subtract(add(multiply(w, x), b), 2 * x + 1)\n            loss = multiply(error, error)\n            loss.backward()\n            optimizer.step()\n', '        x = np.arange(1.0, 6.0)\n        optimizer.zero_grad()\n        error = subtract(add(multiply(w, Variable(x, False)), b), Variable(2 * x + 1, False))\n        loss = multiply(error, error).mean()\n        loss.backward()\n        optimizer.step()\n', "all")], GRADIENTS, "own point's gradient"),
    ("gradients by hand", [('            loss.backward()\n', '            e = float(error.data.data)\n            w.grad, b.grad = Variable(2 * e * x), Variable(2 * e)\n', "all")], ("hidden: the gradients come from backward()",), "the gradients come from backward()"),
    ("updates by hand", [('            optimizer.step()\n', '            for p in (w, b): p.data = p.data - p.grad.data * 0.01\n', "all")], ALL, "no SGD makes an update: call its step()"),
    ("w and b swapped in the answer", [("[float(w.data.data), float(b.data.data)]", "[float(b.data.data), float(w.data.data)]", "all")], ("the four numbers are the trained ones",), "w and b are swapped"),
    ("SGD's numbers twice", [("return tuple(results)", "return tuple(results[:2] * 2)")], ("the four numbers are the trained ones",), "the four numbers are the trained ones"),
    ("SGD and Adam swapped in the answer", [("return tuple(results)", "return tuple(results[2:] + results[:2])")], ("the four numbers are the trained ones",), "SGD and Adam are swapped"),
    ("the truth is returned", [("return tuple(results)", "return 2.0, 1.0, 2.0, 1.0")], ("the four numbers are the trained ones",), "the four numbers are the trained ones"),
    ("nothing is returned", [("return tuple(results)", "print(results)")], ("the four numbers are the trained ones",), "the four numbers are the trained ones"),
    ("only w is returned", [("return tuple(results)", "return results[0], results[2]")], ("the four numbers are the trained ones",), "the four numbers are the trained ones"),
    ("the results are rounded to a digit", [("return tuple(results)", "return tuple(round(r, 1) for r in results)")], ("the four numbers are the trained ones",), "the four numbers are the trained ones"),
    ("the last losses are returned", [("[float(w.data.data), float(b.data.data)]", "[float(loss.data.data), float(error.data.data)]", "all")], ("the four numbers are the trained ones",), "the four numbers are the trained ones"),
    ("the optimizer is made for copies", [("SGD([w, b]", "SGD([Variable(w), Variable(b)]")], SGD_GRADIENTS, "own point's gradient"),
]

# name, the whole answer, the checks that must fail, what the student must read
WHOLE: list[tuple] = [
    (
        "the four numbers",
        """
def train_simple_model():
    return 1.9996, 1.0012, 1.598, 1.677
""",
        ALL,
        "no SGD makes an update: call its step()",
    ),
    (
        "the four numbers, and the optimizers made",
        """
def train_simple_model():
    SGD([Variable(0.1), Variable(0.0)], 0.01, 0.9)
    Adam([Variable(0.1), Variable(0.0)], 0.01)
    return 1.9996, 1.0012, 1.598, 1.677
""",
        ALL,
        "no SGD makes an update: call its step()",
    ),
    (
        "nothing",
        """
def train_simple_model():
    pass
""",
        ALL,
        "no SGD makes an update: call its step()",
    ),
    (
        "raises",
        """
def train_simple_model():
    raise NotImplementedError('train_simple_model')
""",
        ALL,
        "NotImplementedError: train_simple_model",
    ),
    (
        "raises at the end",
        """
def train_simple_model():
    results = []
    w, b = Variable(0.1), Variable(0.0)
    optimizer = SGD([w, b], learning_rate=0.01, momentum=0.9)
    for epoch in range(60):
        for x in (1.0, 2.0, 3.0, 4.0, 5.0):
            optimizer.zero_grad()
            error = subtract(add(multiply(w, x), b), 2 * x + 1)
            loss = multiply(error, error)
            loss.backward()
            optimizer.step()
    results += [float(w.data.data), float(b.data.data)]
    # the same again
    w, b = Variable(0.1), Variable(0.0)
    optimizer = Adam([w, b], learning_rate=0.01)
    for epoch in range(60):
        for x in (1.0, 2.0, 3.0, 4.0, 5.0):
            optimizer.zero_grad()
            error = subtract(add(multiply(w, x), b), 2 * x + 1)
            loss = multiply(error, error)
            loss.backward()
            optimizer.step()
    results += [float(w.data.data), float(b.data.data)]
    raise ValueError('no')
""",
        ALL,
        "ValueError: no",
    ),
    (
        "imported optimizers",
        """
def train_simple_model():
    from tinytorch.core.optimizers import SGD, Adam
    results = []
    w, b = Variable(0.1), Variable(0.0)
    optimizer = SGD([w, b], learning_rate=0.01, momentum=0.9)
    for epoch in range(60):
        for x in (1.0, 2.0, 3.0, 4.0, 5.0):
            optimizer.zero_grad()
            error = subtract(add(multiply(w, x), b), 2 * x + 1)
            loss = multiply(error, error)
            loss.backward()
            optimizer.step()
    results += [float(w.data.data), float(b.data.data)]
    # the same again
    w, b = Variable(0.1), Variable(0.0)
    optimizer = Adam([w, b], learning_rate=0.01)
    for epoch in range(60):
        for x in (1.0, 2.0, 3.0, 4.0, 5.0):
            optimizer.zero_grad()
            error = subtract(add(multiply(w, x), b), 2 * x + 1)
            loss = multiply(error, error)
            loss.backward()
            optimizer.step()
    results += [float(w.data.data), float(b.data.data)]
    return tuple(results)
""",
        ALL,
        "is a function that this notebook defines",
    ),
]

SLIPS = [Row("08_optimizers", "training-integration", name, changed(TRAIN, *changes), fails, says) for name, changes, fails, says in CHANGES]
SLIPS += [Row("08_optimizers", "training-integration", name, answer, fails, says) for name, answer, fails, says in WHOLE]

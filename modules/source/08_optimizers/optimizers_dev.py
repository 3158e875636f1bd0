# ---
# jupyter:
#   jupytext:
#     cell_markers: '"""'
#     notebook_metadata_filter: kernelspec,jupytext,-jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
"""
# Optimizers: from slopes to a trained network

Backpropagation gives the slope of the loss in every weight. It does not say how far to step. Small steps are slow where the loss hardly curves, large ones explode where it curves strongly, and a network has both at once. So has the two-weight loss drawn below.

In this module you write the rules that networks are trained with (momentum, Adam, a learning-rate schedule), measure what each one cures, and find where each one fails. At the end your code reads handwritten digits.

Sections 1 to 6 take 4 to 6 hours if you know backpropagation (module 07). Section 7 is optional.
"""

# %% nbgrader={"grade": false, "grade_id": "colab-install", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
# Only for Google Colab, after uploading the course kit (08_optimizers.zip). Anywhere else this cell does nothing.
import importlib.util

if importlib.util.find_spec("tinytorch") is None:
    import subprocess
    import sys
    import zipfile

    zipfile.ZipFile("08_optimizers.zip").extractall(".")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "./08_optimizers"], check=True
    )

# %% nbgrader={"grade": false, "grade_id": "optimizers-imports", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| default_exp core.optimizers
#| export
import copy
import inspect
import itertools
import math
import operator

import numpy as np

from tinytorch.core.autograd import Variable, add, multiply, subtract
from tinytorch.core.tensor import Tensor

# %% nbgrader={"grade": false, "grade_id": "optimizers-setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import sys

print(f"Python {sys.version.split()[0]}, NumPy {np.__version__}")

# %% nbgrader={"grade": false, "grade_id": "show-failure", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
from tinytorch.figures import contours, label, mark, new, show, trail

curvatures = np.array([1.0, 30.0])  # gentle along the first weight, steep along the second
start = np.array([-9.0, 1.5])


def valley(theta_0, theta_1):
    return 0.5 * (curvatures[0] * theta_0**2 + curvatures[1] * theta_1**2)


def predicted_path(learning_rate, steps=40):  # from a formula that you will meet in section 1
    return start * (1 - learning_rate * curvatures) ** np.arange(steps + 1)[:, None]


fig, (left, right) = new(2, width=9.5)
contours(left, valley, (-10, 3), (-2, 2), levels=[1, 5, 15, 30, 50, 80])
trail(left, predicted_path(0.062), "0.062", at=0, offset=(6, 6))
left.set(title="Plain gradient descent in a valley", xlabel="first weight", ylabel="second weight")
for rate in (0.01, 0.062, 0.068):
    (line,) = right.semilogy(valley(*predicted_path(rate).T))
    label(right, line, str(rate))
right.set(title="The loss, for three learning rates", xlabel="step", ylabel="loss", xlim=(0, 46))
show(
    fig,
    alt=(
        "Left: steps that jump from side to side of a narrow valley and creep along it. "
        "Right: the loss falls slowly at rate 0.01, faster at 0.062, and rises at 0.068."
    ),
)
assert (
    valley(*predicted_path(0.062)[-1])
    < valley(*predicted_path(0.01)[-1])
    < valley(*start)
    < valley(*predicted_path(0.068)[-1])
)

# %% [markdown] tags=["goals"]
"""
## What you will be able to do

- Write gradient descent and say at which learning rate it stops being stable (`test-gradient-descent`, `reflect-valley`).
- Write momentum and weight decay, and predict what momentum does to speed and stability (`test-plain-loop`, `test-sgd`, `reflect-velocity`).
- Write Adam from its equations, and name three situations in which it disappoints (`test-adam`, `reflect-adam`).
- Schedule the learning rate and train a model from data to test accuracy (`test-scheduler`, `test-training-integration`, `reflect-choice`).
- Optional: extend the family by rules of a few lines (`test-nesterov`, `test-rmsprop`, `test-adagrad`, `test-adamw`, `test-warmup`, `test-clipping`).
"""

# %% [markdown]
r"""
## How it works

You fill in cells that hold a `NotImplementedError`. The cell below each one checks it, with numbers that you can follow by hand; after you hand in, hidden checks of the same kind (other shapes, several parameters, other settings, more steps) decide the rest of the points. A figure that needs your code shows an error until that code exists. Grading leaves figures and their helpers out, so an answer must not use names from those cells. Locked cells cannot be edited: copy one to play with it.

**Predictions** are not graded. Put a number, or words in quotes, in place of `None` before you run on: that is when you learn most. Run the cell in any case: later cells ask for its name.

| in the text | in the code | |
|---|---|---|
| $\theta$, $g$ | `theta`, `g` | a weight, the slope of the loss in it |
| $\eta$ | `learning_rate` | |
| $\mu$, $v$ | `momentum`, `v` | section 2 |
| $\delta$ | `weight_decay` | section 2 |
| $\beta_1, \beta_2, \epsilon, m, v$ | `beta1`, `beta2`, `epsilon`, `m`, `v` | section 3 |

Each operation, like $g^2$ or $\sqrt{v}$, acts on every number of an array by itself.
"""

# %% nbgrader={"grade": false, "grade_id": "show-tools", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
def weights(values, dtype=np.float64):
    """A parameter that holds these numbers."""
    return Variable(Tensor(np.array(values, dtype=dtype)))


def descend(optimizer, slope, steps):
    """Run an optimizer on its one parameter; `slope(theta)` is the gradient. All the values that theta had, in order."""
    (parameter,) = optimizer.parameters
    path = [parameter.data.data.copy()]
    for _ in range(steps):
        g = np.asarray(slope(parameter.data.data), dtype=parameter.data.data.dtype)
        parameter.grad = Variable(Tensor(g), requires_grad=False)
        optimizer.step()
        path.append(parameter.data.data.copy())
    return np.array(path)

# %% [markdown]
r"""
## 1. Gradient descent

A slope $g$ says that a small move $d$ of the weight changes the loss by about $g\,d$. So the loss falls when $\theta$ moves against its slope:

$$\theta \leftarrow \theta - \eta\, g$$

Three steps by hand, for the loss $\theta^2$, whose slope is $2\theta$:
"""

# %% nbgrader={"grade": false, "grade_id": "show-hand-descent", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
theta = 1.0
for step in (1, 2, 3):
    g = 2 * theta
    print(f"step {step}: g = {g:.3f}   theta = {theta:.3f} - 0.1 * {g:.3f} = {theta - 0.1 * g:.3f}")
    theta = theta - 0.1 * g
assert math.isclose(theta, 0.8**3)
del theta, g  # so that no answer uses them by accident

# %% nbgrader={"grade": false, "grade_id": "predict-limit", "locked": false, "schema_version": 3, "solution": false, "task": false} tags=["prediction", "skip-execution"]
# Prediction. Loss theta**2, start at theta = 1. From which learning rate on does theta never get closer to 0?
# Put a number in place of None; the figure after your code will show it.
guess_limit = None

# %% [markdown]
"""
### Your turn: `gradient_descent_step` (2 to 4 lines)

`parameter` is a `Variable`. Its numbers are the array `parameter.data.data`; their slopes are `parameter.grad.data.data`, of the same shape. A parameter that played no part in the loss has `grad` None: leave it as it is. Do not change the gradient.

<details><summary>Hint 1</summary>

Two cases: `parameter.grad is None`, or not. In the first there is nothing to do.

</details>
<details><summary>Hint 2</summary>

Name the two arrays first: `theta = parameter.data.data` and `g = parameter.grad.data.data`. Then the equation is one line.

</details>
<details><summary>Hint 3</summary>

`theta = theta - ...` only gives the name `theta` to a new array; the parameter keeps its old numbers. Write into the array (`theta -= ...` or `theta[...] = ...`), or put a new one in its place: `parameter.data = Tensor(...)`. In-place forms also work where `theta` is a single number in an array of shape `()`.

</details>
"""

# %% nbgrader={"grade": false, "grade_id": "gradient-descent-function", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def gradient_descent_step(parameter: Variable, learning_rate: float) -> None:
    """One step of plain gradient descent: theta <- theta - learning_rate * grad, written into the parameter's array.

    A parameter whose `grad` is None stays as it is. The gradient is not changed.

    >>> w = Variable(1.0)
    >>> w.grad = Variable(0.5, requires_grad=False)
    >>> gradient_descent_step(w, learning_rate=0.1)
    >>> round(float(w.data.data), 4)
    0.95
    """
    ### BEGIN SOLUTION
    if parameter.grad is not None:
        theta, g = parameter.data.data, parameter.grad.data.data
        if g.shape != theta.shape:
            raise ValueError(f"gradient_descent_step: a gradient of shape {g.shape} for a parameter of shape {theta.shape}")
        theta -= learning_rate * g
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-gradient-descent", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
from tinytorch import probes
from tinytorch.checks import Checks, hidden_inputs

checks = Checks("gradient_descent_step", points=10)
checks.require(
    "gradient_descent_step is a function that this notebook defines",
    got=lambda: probes.written_here(gradient_descent_step),
)
checks.check(
    "one step", 1,
    fed="theta = 1, gradient 0.5, learning rate 0.1",
    got=lambda: probes.trajectory(lambda ps: probes.Each(gradient_descent_step, ps, 0.1), [1.0], [[0.5]]),
    want=[[0.95]],
    slips={
        "the parameter is as before: the new value has to be put into parameter.data": [[1.0]],
        "this goes uphill: the step is subtracted": [[1.05]],
        "the learning rate is not used": [[0.5]],
        "this is learning_rate * grad alone: it is subtracted from theta": [[0.05]],
        "this is -learning_rate * grad alone: it is added to theta": [[-0.05]],
        "the learning rate is fixed at 0.01: it is the function's second argument": [[0.995]],
        "this divides by the learning rate: the step is learning_rate * grad": [[-4.0]],
        "the step is twice too long, or learning_rate alone: it is learning_rate * grad, with the size of the gradient": [[0.9]],
    },
)
checks.check(
    "a matrix", 1,
    fed="theta = [[1, 2], [3, 4]], gradient [[1, 0], [-1, 2]], learning rate 0.1",
    got=lambda: probes.trajectory(
        lambda ps: probes.Each(gradient_descent_step, ps, 0.1), [[[1.0, 2.0], [3.0, 4.0]]], [[[[1.0, 0.0], [-1.0, 2.0]]]]
    ),
    want=[[[[0.9, 2.0], [3.1, 3.8]]]],
    slips={
        "only the sign of the gradient is used, not its size": [[[[0.9, 2.0], [3.1, 3.9]]]],
        "the size of the gradient is used without its sign": [[[[0.9, 2.0], [2.9, 3.8]]]],
        "every element has its own gradient: this takes their mean": [[[[0.95, 1.95], [2.95, 3.95]]]],
        "only the first element or row moves": [[[[0.9, 2.0], [3.0, 4.0]]]],
    },
)
checks.check(
    "three steps", 1,
    fed="theta = 1; gradients 1, 2, -4; learning rates 0.1, 0.2, 0.5",
    got=lambda: probes.trajectory(
        lambda ps: probes.Each(gradient_descent_step, ps, 0.1), [1.0], [[1.0], [2.0], [-4.0]], rates=[0.1, 0.2, 0.5]
    ),
    want=[[0.9, 0.5, 2.5]],
    slips={"the learning rate is fixed at 0.1: it is the function's second argument": [[0.9, 0.7, 1.1]]},
)
checks.check(
    "no gradient, no change", 1, needs="one step",
    fed="theta = 1, gradient None, learning rate 0.1; then theta, and its gradient",
    got=lambda: [
        probes.trajectory(lambda ps: probes.Each(gradient_descent_step, ps, 0.1), [1.0], [[None]]),
        probes.gradients(lambda ps: probes.Each(gradient_descent_step, ps, 0.1), [1.0], [[None]]),
    ],
    want=[[[1.0]], [[None]]],
    slips={"a gradient is made up: where there is none, there is nothing to do": [[[1.0]], [[0.0]]]},
)
checks.check(
    "the gradient is left as it was", 1, needs="one step",
    fed="theta = 1, gradient 0.5, learning rate 0.1; then the gradient",
    got=lambda: probes.gradients(lambda ps: probes.Each(gradient_descent_step, ps, 0.1), [1.0], [[0.5]]),
    want=[[0.5]],
    slips={
        "the gradient is scaled in place: work on a new array": [[0.05]],
        "the gradient's sign is changed in place: work on a new array": [[-0.5]],
        "the gradient is cleared here: that is not this function's work": [[None]],
        "the gradient's array is set to zero here: that is not this function's work": [[0.0]],
    },
)
### BEGIN HIDDEN TESTS
import numpy as np

hidden = hidden_inputs("08_optimizers", "test-gradient-descent")


def hidden_array(*shape, dtype=np.float32):
    """Numbers away from 0, of both signs."""
    signs = hidden.choice([-1.0, 1.0]) * (-1.0) ** np.arange(np.prod(shape, dtype=int)).reshape(shape)
    return np.asarray(signs * hidden.uniform(1.1, 2.0, size=shape), dtype)


def descent_oracle(start, fed, rates):
    thetas, seen = [np.float64(theta) for theta in start], [[] for _ in start]
    for given, rate in zip(fed, rates):
        thetas = [theta - rate * np.float64(g) for theta, g in zip(thetas, given)]
        for values, theta in zip(seen, thetas):
            values.append(theta)
    return seen


hidden_start = [hidden_array(), hidden_array(3), hidden_array(2, 4)]
hidden_fed = [[hidden_array(), hidden_array(3), hidden_array(2, 4)] for _ in range(4)]
hidden_rates = [float(rate) for rate in hidden.uniform(0.05, 0.8, size=4)]
checks.check(
    "hidden: a number, a vector and a matrix", 1.5,
    fed=f"four steps, learning rates {hidden_rates}",
    got=lambda: probes.trajectory(
        lambda ps: probes.Each(gradient_descent_step, ps, 0.1), hidden_start, hidden_fed, hidden_rates
    ),
    want=descent_oracle(hidden_start, hidden_fed, hidden_rates),
)
hidden_rate = float(hidden.uniform(1.5, 3.0))
checks.check(
    "hidden: a learning rate above 1", 1.5,
    fed=f"one step with learning rate {hidden_rate} on {hidden_start[1]}, gradient {hidden_fed[0][1]}",
    got=lambda: probes.trajectory(
        lambda ps: probes.Each(gradient_descent_step, ps, hidden_rate), hidden_start[1:2], [hidden_fed[0][1:2]]
    ),
    want=descent_oracle(hidden_start[1:2], [hidden_fed[0][1:2]], [hidden_rate]),
)
hidden_wide = [hidden_array(5, dtype=np.float64)]
hidden_steps = [[hidden_array(5, dtype=np.float64)] for _ in range(3)]
checks.check(
    "hidden: float64 to all its digits", 1, tol=1e-12,
    fed="three steps of a float64 parameter, learning rate 0.3",
    got=lambda: probes.trajectory(lambda ps: probes.Each(gradient_descent_step, ps, 0.3), hidden_wide, hidden_steps),
    want=descent_oracle(hidden_wide, hidden_steps, [0.3] * 3),
)
hidden_all, hidden_step = hidden_start + hidden_wide, [hidden_fed[0] + hidden_steps[0]]
hidden_sum = probes.size(descent_oracle(hidden_all, hidden_step, [0.1]))  # a side condition counts where the values are right
checks.check(
    "hidden: dtype and shape stay", 1, needs="one step",
    fed="float32 parameters of shapes (), (3,), (2, 4) and a float64 one of shape (5,), one step; and the sum of all sizes after it",
    got=lambda: [
        *probes.kinds(lambda ps: probes.Each(gradient_descent_step, ps, 0.1), hidden_all, hidden_step),
        probes.size(probes.trajectory(lambda ps: probes.Each(gradient_descent_step, ps, 0.1), hidden_all, hidden_step)),
    ],
    want=["float32 ()", "float32 (3,)", "float32 (2, 4)", "float64 (5,)", hidden_sum],
    slips={
        "float32 becomes float64: keep the parameter's own dtype": ["float64 ()", "float64 (3,)", "float64 (2, 4)", "float64 (5,)", hidden_sum],
        "float64 becomes float32: keep the parameter's own dtype": ["float32 ()", "float32 (3,)", "float32 (2, 4)", "float32 (5,)", hidden_sum],
        "the shape is lost": ["float32 (1,)", "float32 (3,)", "float32 (8,)", "float64 (5,)", hidden_sum],
    },
)
### END HIDDEN TESTS
checks.score()

# %% [markdown]
r"""
### 400 experiments in one run

Take the loss $\frac{1}{2}\lambda\theta^2$. Its slope is $\lambda\theta$; $\lambda$ is called the curvature. One step multiplies $\theta$ by $1-\eta\lambda$, so after $t$ steps

$$\theta_t = (1 - \eta\lambda)^t\,\theta_0$$

Only the product $\eta\lambda$ matters. So one parameter with 400 weights, each with its own curvature, is 400 experiments at once. (In the prediction above, $\lambda$ is 2.) A loss that is a sum of such terms, in any directions, is called a *bowl* below.
"""

# %% nbgrader={"grade": false, "grade_id": "show-limit", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
curvature = np.linspace(0.01, 2.2, 400)
parameter = weights(np.ones(400))
for _ in range(40):
    parameter.grad = Variable(Tensor(curvature * parameter.data.data), requires_grad=False)
    gradient_descent_step(parameter, 1.0)
remaining = np.abs(parameter.data.data)

fig, ax = new()
ax.semilogy(curvature, np.maximum(remaining, 1e-16))
mark(ax, 2.0, "limit 2")
mark(ax, None if guess_limit is None else 2 * guess_limit, "your prediction, times λ = 2", height=0.1)
ax.set(
    title="What 40 steps leave of a weight that began at 1 (cut at 10⁻¹⁶)",
    xlabel="learning rate × curvature",
    ylabel="|weight|",
)
show(
    fig,
    alt=(
        "The remaining weight falls below the figure's lower edge where learning rate times "
        "curvature is near 1, rises to 1 at a product of 2, and above 1 beyond it."
    ),
)
assert np.all((remaining < 1) == (curvature < 2))
assert np.allclose(remaining, np.abs(1 - curvature) ** 40)

# %% [markdown]
r"""
Each weight shrinks exactly while $|1-\eta\lambda| < 1$, that is while $0 < \eta\lambda < 2$. At $\eta\lambda = 1$ one step is enough; above 1 the sign flips at each step, which was the zigzag.

Now the valley of the first figure, by your code. The steep direction ($\lambda = 30$) allows $\eta < 2/30$ at most. The rate that suits the pair best makes both shrink equally fast, $1-\eta = 30\,\eta-1$, so $\eta = 2/31$:
"""

# %% nbgrader={"grade": false, "grade_id": "show-valley-own", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
def own_descent(learning_rate, steps=40):
    parameter = weights(start)
    path = [start]
    for _ in range(steps):
        parameter.grad = Variable(Tensor(curvatures * parameter.data.data), requires_grad=False)
        gradient_descent_step(parameter, learning_rate)
        path.append(parameter.data.data.copy())
    return np.array(path)


best = 2 / curvatures.sum()
fig, ax = new()
contours(ax, valley, (-10, 3), (-2, 2), levels=[1, 5, 15, 30, 50, 80])
trail(ax, own_descent(0.062), "your code, 0.062", at=0, offset=(6, 6))
trail(ax, own_descent(0.01), "your code, 0.01", at=18, offset=(-70, -68))
ax.set(title="The first figure again, by your own steps", xlabel="first weight", ylabel="second weight")
show(
    fig,
    alt=(
        "The zigzag of the first figure drawn by the student's steps, and a smooth slow path "
        "at rate 0.01 that covers a third of the way."
    ),
)
assert np.allclose(own_descent(0.062), predicted_path(0.062))
assert np.isclose(own_descent(0.01)[-1, 0] / start[0], 2 / 3, atol=0.01)
shrink = np.abs(1 - best * curvatures)
print(f"best rate {best:.4f}: each step leaves {shrink[0]:.3f} of the first weight and {shrink[1]:.3f} of the second")
assert np.allclose(shrink, 29 / 31)

# %% [markdown]
r"""
With the best rate both factors are $(\kappa-1)/(\kappa+1)$, where $\kappa$ is the ratio of the two curvatures: here $29/31$. The number of steps grows in proportion to $\kappa$, and in networks $\kappa$ can be far above 30.

**Question.** Someone suggests to multiply the whole loss of this valley by a constant, so that gradient descent reaches the floor in fewer steps. Can any constant do that, if you may choose the learning rate freely before and after? Why, or why not? Two or three sentences.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "reflect-valley", "locked": false, "points": 0, "schema_version": 3, "solution": true, "task": false}
"""
### BEGIN SOLUTION
No. The constant c multiplies both curvatures, so with learning rate eta / c every step is the same as before: only the
products eta * lambda matter. The ratio kappa = 30 is unchanged, and with it the best possible factor 29/31.
Full answer: names the products or the equal steps, and that the ratio stays. A common half answer: "it only rescales the
learning rate", without saying that the ratio of the curvatures is what costs the steps.
### END SOLUTION
"""

# %% [markdown]
r"""
## 2. Momentum and weight decay

Look at the zigzag again. Along the steep direction the slopes alternate in sign; along the valley they all agree. A running sum of slopes cancels the first kind and collects the second. This sum $v$, in which older slopes fade by the factor $\mu$, is called the velocity:

$$v \leftarrow \mu\, v + g, \qquad \theta \leftarrow \theta - \eta\, v$$

Three steps by hand with $\mu = 0.9$, $\eta = 0.1$ and a slope that is always 1:
"""

# %% nbgrader={"grade": false, "grade_id": "show-hand-momentum", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
theta, v = 1.0, 0.0
for step in (1, 2, 3):
    print(
        f"step {step}: v = 0.9 * {v:.2f} + 1 = {0.9 * v + 1:.2f}   theta = {theta:.3f} - 0.1 * {0.9 * v + 1:.2f}",
        end=" ",
    )
    v = 0.9 * v + 1
    theta = theta - 0.1 * v
    print(f"= {theta:.3f}")
assert math.isclose(v, 2.71) and math.isclose(theta, 0.439)
del theta, v

# %% [markdown]
"""
### Your turn: the plain loop (about 3 lines)

A network has many parameters, and each needs a velocity of its own. Write the step for lists of arrays: `thetas[i]`, `slopes[i]` and `velocities[i]` belong together. Put the new arrays into the lists `velocities` and `thetas`. This exercise carries no points; it is the loop that every optimizer hides.

<details><summary>Hint 1</summary>

`for i in range(len(thetas)):` and then the two equations, with `[i]` behind each name.

</details>
<details><summary>Hint 2</summary>

Velocity first: the step uses the new velocity, not the old one.

</details>
"""

# %% nbgrader={"grade": false, "grade_id": "plain-loop", "locked": false, "schema_version": 3, "solution": true, "task": false}
def momentum_step(thetas, slopes, velocities, learning_rate, momentum):
    ### BEGIN SOLUTION
    for i in range(len(thetas)):
        velocities[i] = momentum * velocities[i] + slopes[i]
        thetas[i] = thetas[i] - learning_rate * velocities[i]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-plain-loop", "locked": true, "points": 0, "schema_version": 3, "solution": false, "task": false}
from tinytorch.checks import Checks


def after(steps, learning_rate, momentum):
    thetas, velocities = [np.array(1.0), np.array([1.0, 2.0]), np.array(3.0)], [np.array(0.0), np.zeros(2), np.array(0.0)]
    for slopes in steps:
        momentum_step(thetas, [np.array(g) for g in slopes], velocities, learning_rate, momentum)
    return [[np.asarray(value).tolist() for value in values] for values in (thetas, velocities)]


checks = Checks("momentum_step", points=0)
checks.check(
    "three steps by hand", 0,
    fed="thetas 1, [1, 2] and 3, slopes always 1, [1, 0] and -2, learning rate 0.1, momentum 0.9, three steps",
    got=lambda: after([[1.0, [1.0, 0.0], -2.0]] * 3, 0.1, 0.9),
    want=[[0.439, [0.439, 2.0], 4.122], [2.71, [2.71, 0.0], -5.42]],
    slips={
        "the velocity is not remembered: put it back into the list": [[0.7, [0.7, 2.0], 3.6], [0.0, [0.0, 0.0], 0.0]],
        "this is the average: here the new slope counts in full": [[0.9439, [0.9439, 2.0], 3.1122], [0.271, [0.271, 0.0], -0.542]],
        "the step used the old velocity": [[0.71, [0.71, 2.0], 3.58], [2.71, [2.71, 0.0], -5.42]],
    },
)
checks.score()

# %% nbgrader={"grade": false, "grade_id": "predict-velocity", "locked": false, "schema_version": 3, "solution": false, "task": false} tags=["prediction", "skip-execution"]
# Prediction. The slope is 1 at every step, momentum is 0.9. At which value (a number) does the velocity settle?
guess_velocity = None

# %% nbgrader={"grade": false, "grade_id": "show-velocity", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
def velocities_for(slopes, momentum=0.9):
    thetas, velocities, seen = [np.array(0.0)], [np.array(0.0)], [0.0]
    for g in slopes:
        momentum_step(thetas, [np.array(g)], velocities, 0.1, momentum)
        seen.append(float(velocities[0]))
    return np.array(seen)


agree, alternate = velocities_for(np.ones(60)), velocities_for((-1.0) ** np.arange(60))
fig, ax = new()
for values, text in ((agree, "slopes 1, 1, 1, ..."), (alternate, "slopes 1, -1, 1, ...")):
    (line,) = ax.plot(values)
    label(ax, line, text, at=45, offset=(0, -12 if values is agree else 18))
if guess_velocity is not None:
    ax.axhline(guess_velocity, color="#555555", linestyle=":")
    ax.annotate("your prediction", (0, guess_velocity), (0, 4), textcoords="offset points", fontsize=9)
ax.set(
    title="The velocity, for slopes that agree and slopes that alternate", xlabel="step", ylabel="v"
)
show(
    fig,
    alt=(
        "With slopes that agree the velocity climbs from 0 towards 10; with alternating "
        "slopes it soon jumps between about plus and minus one half."
    ),
)
assert abs(agree[-1] - 1 / (1 - 0.9)) < 0.05 and abs(abs(alternate[-1]) - 1 / (1 + 0.9)) < 0.01

# %% [markdown]
r"""
Slopes that agree are amplified by $1/(1-\mu) = 10$; alternating ones shrink to $1/(1+\mu) \approx 0.53$. This is the cure for the zigzag.

### Weight decay

A network with large weights can be very sensitive to its input. Adding $\frac{1}{2}\delta\theta^2$ to the loss pulls each weight towards 0; the slope of this term is $\delta\theta$. So nothing about the loss has to change, only the slope that the rule sees (*L2 weight decay*). The whole rule of `SGD`:

$$\begin{aligned} g &\leftarrow g + \delta\,\theta && \text{where } \delta > 0\\ v &\leftarrow \mu\, v + g && v = 0 \text{ at first}\\ \theta &\leftarrow \theta - \eta\, v \end{aligned}$$

### One loop for all

Your plain loop is the same for every optimizer; only the rule changes. The next cells give you this loop as the class `Optimizer`. They also check arguments, save and restore state, and walk large arrays in pieces (section 5). You need not read them: the example below shows all that you use.
"""

# %% nbgrader={"grade": false, "grade_id": "optimizer-checks", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| exporti
SHAPE_AND_DTYPE = operator.attrgetter("shape", "dtype")
WRITEABLE = operator.attrgetter("flags.writeable")
HERE = {
    "lr": "here it is learning_rate", "params": "here it is parameters", "eps": "here it is epsilon",
    "betas": "here they are beta1 and beta2", "rho": "here it is alpha", "T_max": "here it is total", "centered": "the centered form is not offered here",
    "nesterov": "here it is a class of its own, Nesterov", "dampening": "here there is none",
    "amsgrad": "here there is none", "maximize": "here there is none: negate the loss",
    "foreach": "here one loop does it always", "fused": "here one loop does it always",
    "last_epoch": "here load_state_dict resumes a schedule", "lr_lambda": "here it is schedule",
    "eta_min": "here it is floor, a part of the rate", "total_iters": "here it is warmup", "start_factor": "here it is start",
}
BELOW_ONE = {"beta1", "beta2", "alpha"}


def answer_foreign_names(owner: str, options, init=None) -> None:
    """Refuse PyTorch's names with the name that is used here, unless `init` has an argument of that name."""
    for name in options:
        if name in HERE and name not in getattr(getattr(init, "__code__", None), "co_varnames", ()):
            raise TypeError(f"{owner}: no argument {name!r}: {HERE[name]}")


def checked_number(owner: str, name: str, value) -> float:
    """`value` as a Python float (a NumPy scalar would widen float32 arrays), or an error that says what is wrong."""
    if type(value) is not float:
        number = isinstance(value, (int, float, np.number, np.ndarray)) and not isinstance(value, bool)
        if not number or np.ndim(value) != 0 or np.asarray(value).dtype.kind not in "iuf":
            raise TypeError(f"{owner}: {name} must be a number, got {value!r:.60}")
        value = float(value)
    if not 0.0 <= value < (1.0 if name in BELOW_ONE else math.inf):  # a NaN fails every comparison
        raise ValueError(f"{owner}: {name} must be {'in [0, 1)' if name in BELOW_ONE else 'finite and >= 0'}, got {value}")
    return value


def checked_count(owner: str, name: str, value) -> int:
    """`value` as an int of at least 1, or an error."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{owner}: {name} must be a whole number, got {value!r:.60}")
    if value < 1:
        raise ValueError(f"{owner}: {name} must be at least 1, got {value}")
    return operator.index(value)


def array_of(parameter):
    """The array that a step writes: a Variable's, or the plain array itself."""
    return getattr(parameter.data, "data", None) if isinstance(parameter, Variable) else parameter


def is_masked(array) -> bool:
    """Whether it is one of numpy.ma's arrays, some of whose elements are not to be used."""
    return hasattr(array, "mask")


def check_parameter(owner: str, position: int, parameter) -> None:
    """Refuse what no optimizer can move: not a parameter, no floats, no gradient wanted, or read-only."""
    where, theta = f"{owner}: parameter {position}", array_of(parameter)
    if isinstance(parameter, tuple):
        raise TypeError(f"{where} is a tuple: give the parameters alone, without their names")
    if not isinstance(parameter, (Variable, np.ndarray)) or is_masked(theta):
        raise TypeError(f"{where} is a {type(parameter).__name__}, not a Variable or a NumPy array")
    if not isinstance(theta, np.ndarray):
        raise TypeError(f"{where} is a Variable without a Tensor: its data is a {type(parameter.data).__name__}")
    if isinstance(parameter, Variable) and not parameter.requires_grad:
        raise ValueError(f"{where} has requires_grad=False, so it would never move")
    if getattr(parameter, "edges", ()) != ():
        raise ValueError(f"{where} is the result of an operation, which gets no gradient: give a Variable made from its data")
    where += f" of shape {theta.shape}"
    if theta.dtype.kind != "f":
        raise TypeError(f"{where} is {theta.dtype}, which cannot take small steps: use floats")
    if not theta.flags.writeable:
        raise ValueError(f"{where} is read-only")


def extent(array) -> tuple[int, int]:
    """The addresses between which an array's elements lie."""
    start, steps = array.__array_interface__["data"][0], [(n - 1) * s for n, s in zip(array.shape, array.strides, strict=True)]
    return start + sum(s for s in steps if s < 0), start + sum(s for s in steps if s > 0) + array.itemsize


def check_memory(owner: str, arrays: list) -> None:
    """Refuse an array that comes twice, or shares memory with another or within itself: it would be written twice."""
    near: list = []  # those that may reach into the next one, with their ends
    for (start, end), i in sorted((extent(array), i) for i, array in enumerate(arrays) if array.size):
        near = [(other_end, j) for other_end, j in near if other_end > start]
        for _, j in near:
            if np.may_share_memory(arrays[i], arrays[j], max_work=10_000):  # type: ignore[arg-type]
                how = "is" if arrays[i] is arrays[j] else "shares memory with"
                raise ValueError(f"{owner}: parameter {max(i, j)} {how} parameter {min(i, j)}" + " again" * (how == "is"))
        if end - start < arrays[i].nbytes:
            raise ValueError(f"{owner}: parameter {i} of shape {arrays[i].shape} has elements that share memory: give a copy")
        near.append((end, i))


def as_list(owner: str, parameters) -> list:
    """One parameter (or group), or an iterable of them, as a list."""
    if isinstance(parameters, (Variable, np.ndarray, dict)):
        return [parameters]
    if isinstance(parameters, (set, frozenset)) or not hasattr(parameters, "__iter__"):
        raise TypeError(f"{owner}: parameters are a list of Variables or NumPy arrays, got a {type(parameters).__name__}")
    if items := list(parameters):
        return items
    raise ValueError(f"{owner}: the list of parameters is empty")


def as_groups(owner: str, parameters) -> list:
    """Parameters, or dicts (groups), as a list of dicts."""
    items = as_list(owner, parameters)
    if len({isinstance(item, dict) for item in items}) > 1:
        raise TypeError(f"{owner}: give parameters or groups (dicts), not both")
    return items if isinstance(items[0], dict) else [{"parameters": items}]

# %% nbgrader={"grade": false, "grade_id": "optimizer-pieces", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| exporti
PIECE = 65_536  # about so many elements a rule sees at once: all the arrays of one update then stay in the processor's cache
SMALL = 16_384  # up to this size a parameter is copied into a pack: that costs less than a call of the rule


def noted(method):
    """A dict's method that notes that somebody outside of the loop changed what is remembered."""

    def change(self, *args, **options):
        self.edited = True
        return method(self, *args, **options)

    return change


def copy_each(places, arrays) -> None:
    """`place[()] = array` for each of them, all elements; `()` takes half the time of `...` for single numbers."""
    any(map(operator.setitem, places, itertools.repeat(()), arrays))


def locked(array):
    """A view that cannot be written."""
    view = array.view()
    view.flags.writeable = False
    return view


def split(flat, arrays) -> list:
    """Views of `flat`, one after the other, in the shapes of `arrays`."""
    ends = itertools.accumulate(array.size for array in arrays)
    return [flat[end - array.size : end].reshape(array.shape) for array, end in zip(arrays, ends)]


def pieces(arrays: list):
    """Equal slices of arrays of one shape, in the order of memory: views, or copies in and out for odd layouts."""
    theta = arrays[0]
    if all(array.flags.c_contiguous and array.dtype == theta.dtype for array in arrays):
        flat = [array.reshape(-1) for array in arrays]
        if 0 < theta.size < 2 * PIECE:  # slices would cost as much as the update of a few thousand elements
            yield flat
        else:
            count = theta.size // PIECE
            for k in range(count):
                yield [array[theta.size * k // count : theta.size * (k + 1) // count] for array in flat]
    else:
        access: list = [["readwrite"], ["readonly"], *(["readwrite"] for _ in arrays[2:])]
        flags: tuple = ("external_loop", "buffered", "zerosize_ok")
        dtypes = [theta.dtype] * len(arrays)
        with np.nditer(arrays, flags, access, dtypes, casting="same_kind", buffersize=PIECE) as slices:
            yield from slices


def packed(positions: list[int], thetas: list) -> list[list[int]]:
    """The positions in packs of one dtype and at most PIECE elements; a large parameter is alone in its pack."""
    packs: list[list[int]] = []
    room: dict = {}  # dtype -> the elements that still fit, and the pack
    for i in positions:
        size, dtype = thetas[i].size, thetas[i].dtype
        left, pack = room.get(dtype, (0, []))
        if size > min(left, SMALL) or not pack:
            left, pack = PIECE, []
            packs.append(pack)
        pack.append(i)
        if size <= SMALL:
            room[dtype] = left - size, pack
    return packs


def keep_freed_memory() -> None:
    """Let the C library keep what a rule's temporaries free, instead of asking the system for fresh pages each time.

    glibc gives back what is free above twice the size of the largest block that was ever freed (up to 32 MB).
    """
    np.empty(2**24, np.uint8)


class Pack:
    """Small parameters side by side, or a large one alone, with what the rule remembers of them."""

    def __init__(self, group: int, positions: list[int], thetas: list, buffers: list, scratch: dict):
        self.group, self.positions, self.buffers = group, positions, buffers
        self.begun: set[int] = set()  # those whose state stands in the buffers
        self.skipped: int | None = None
        self.arrays_of = operator.itemgetter(*positions)
        arrays = [thetas[i] for i in positions]
        self.alone, size = len(arrays) == 1, sum(array.size for array in arrays)
        if self.alone:  # in the parameter's own layout
            state = [np.full_like(arrays[0], buffer.start, subok=False) for buffer in buffers]
            self.views = [[array] for array in state]
        else:
            dtype = arrays[0].dtype  # one room for copies of theta and g, which all packs use in turn
            if dtype not in scratch:
                scratch[dtype] = np.empty((2, PIECE), dtype)
            theta, g = (room[:size] for room in scratch[dtype])
            state = [np.full(size, buffer.start, dtype) for buffer in buffers]
            self.flat = [theta, locked(g), *state]
            self.thetas, self.gradients, *self.views = (split(flat, arrays) for flat in (theta, g, *state))
        for buffer, views in zip(buffers, self.views, strict=True):
            kept = {i: view for i, view in zip(positions, views, strict=True) if i in buffer}
            copy_each(kept.values(), [buffer[i] for i in kept])
            dict.update(buffer, kept)

    def begin(self, k: int) -> None:
        """Put what is remembered of the k-th parameter into the buffers, at its first step."""
        if k not in self.begun:
            self.begun.add(k)
            for buffer, views in zip(self.buffers, self.views, strict=True):
                dict.__setitem__(buffer, self.positions[k], views[k])

    def count(self, skipped: list[int]) -> None:
        """Note the steps that all of this pack's parameters have skipped, or None where it must be walked one by one."""
        counts = {skipped[i] for i in self.positions}
        self.skipped = None if self.alone or len(counts) > 1 else counts.pop()

    def walk_together(self, rule, t: int, thetas: list, gradients: list) -> None:
        """All in one call of the rule: gather, update, put back."""
        arrays = self.arrays_of(thetas)
        copy_each(self.thetas, arrays)
        copy_each(self.gradients, self.arrays_of(gradients))
        rule(*self.flat, t)
        copy_each(arrays, self.thetas)
        if len(self.begun) < len(self.positions):
            for k in range(len(self.positions)):
                self.begin(k)

    def walk_one(self, k: int, rule, t: int, theta, g) -> None:
        """The pack's k-th parameter by itself, in slices."""
        if np.may_share_memory(theta, g):
            g = g.copy()  # an earlier slice would change it
        for piece in pieces([np.asarray(theta), locked(g), *(views[k] for views in self.views)]):
            rule(*piece, t)
        self.begin(k)

# %% nbgrader={"grade": false, "grade_id": "optimizer-state", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| exporti
class Values(dict):
    """A group's parameters and hyperparameters, to read."""

    def __missing__(self, name):
        answer_foreign_names("param_groups", [name])
        raise KeyError(name)

    def refuse(self, *_, **__):
        """Say where a change would have an effect."""
        raise TypeError("param_groups is to be read: change the optimizer's own value, as in optimizer.learning_rate = 0.1")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = refuse  # type: ignore[assignment]


class Keeping:
    """What every optimizer can say and keep: groups, text, `state_dict`; copies and pickles go on exactly as the original."""

    learning_rate: float
    parameters: list
    step_count: int
    _skipped: list[int]  # for each parameter, the steps that it took no part in
    _given: list  # the parameters once more, to see whether somebody changed the list
    _made: list  # for each parameter, its shape and dtype
    _groups: list[dict]
    _names: tuple[str, ...]
    _accepted: tuple[float, ...]  # the values of these names as they were last checked
    _packs: list[Pack] | None
    _remembered: dict  # the Buffers that the packs were made for
    _most_skipped: int

    def add_param_group(self, group: dict) -> None:
        """Add `{"parameters": ..., name: value, ...}`; what it does not name is the optimizer's own value.

        A group with its own learning_rate keeps its ratio to the optimizer's, also under a scheduler.
        """
        owner = type(self).__name__
        answer_foreign_names(owner, group if isinstance(group, dict) else ())
        if not isinstance(group, dict) or "parameters" not in group:
            got = f"the keys {list(group)}: of a dict of parameters give .values()" if isinstance(group, dict) else f"a {type(group).__name__}"
            raise TypeError(f"{owner}: a group is a dict with 'parameters' and its own values, got {got}")
        own = {name: value for name, value in group.items() if name != "parameters"}
        if unknown := [name for name in own if name not in self._names]:
            raise TypeError(f"{owner}: a group cannot have {unknown[0]!r} of its own, only {', '.join(self._names)}")
        own = {name: checked_number(owner, name, value) for name, value in own.items()}
        if "learning_rate" in own:
            if self.learning_rate == 0:
                raise ValueError(f"{owner}: learning_rate is 0, so a group's own rate has no ratio to it: set it first")
            own["learning_rate"] /= self.learning_rate
        self._admit(as_list(owner, group["parameters"]), own)

    def _admit(self, members: list, own: dict) -> None:
        owner, first = type(self).__name__, len(self.parameters)
        everyone = self.parameters + members
        for i, parameter in enumerate(members, first):
            check_parameter(owner, i, parameter)
            if isinstance(parameter, np.ndarray) != isinstance(everyone[0], np.ndarray):
                raise TypeError(f"{owner}: parameter {i}: give Variables or plain arrays, not both")
        check_memory(owner, [array_of(parameter) for parameter in everyone])
        self.parameters.extend(members)
        self._given.extend(members)
        self._made.extend(SHAPE_AND_DTYPE(array_of(parameter)) for parameter in members)
        self._skipped.extend([self.step_count] * len(members))
        self._groups.append({"positions": list(range(first, len(everyone))), "own": own})
        self._packs = None

    def _values(self, group: dict) -> dict:
        """A group's hyperparameters now."""
        values = {name: group["own"].get(name, getattr(self, name)) for name in self._names}
        if "learning_rate" in group["own"]:
            values["learning_rate"] = self.learning_rate * group["own"]["learning_rate"]
        return values

    def _seen_by(self, group: dict):
        """This optimizer as a group sees it: with the group's own hyperparameters."""
        if not group["own"]:
            return self
        view = object.__new__(type(self))
        vars(view).update(vars(self) | self._values(group))
        return view

    @property
    def param_groups(self) -> tuple:
        """Each group's parameters and hyperparameters as they are now (to read; a rate is changed at `learning_rate`)."""
        return tuple(
            Values({"parameters": [self.parameters[i] for i in group["positions"]], **self._values(group)})
            for group in self._groups
        )

    def _buffers(self) -> dict:
        return {name: value for name, value in vars(self).items() if isinstance(value, Buffers)}

    def __getstate__(self) -> dict:
        return vars(self) | {"_packs": None}  # views of one array would come out of a copy as arrays of their own

    def __copy__(self):
        return copy.deepcopy(self, {id(parameter): parameter for parameter in self.parameters})  # its own state, the same parameters

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for k, group in enumerate(self._groups):
            lines.append(f"Parameter Group {k}")
            lines += [f"    {name}: {value}" for name, value in sorted(self._values(group).items())]
        return "\n".join([*lines, ")"])

    def _settings(self) -> dict:
        """All of the state but what is remembered. Shapes and positions must be equal where it is loaded."""
        settings: dict = {"step_count": self.step_count, "skipped": np.array(self._skipped)}
        settings |= {name: getattr(self, name) for name in self._names}
        settings |= {f"shape.{i}": np.array(shape, int) for i, (shape, _) in enumerate(self._made)}
        for k, group in enumerate(self._groups):
            settings |= {f"positions.{k}": np.array(group["positions"])}
            settings |= {f"group.{k}.{name}": value for name, value in group["own"].items()}
        return settings

    def state_dict(self) -> dict:
        """A copy of all that a later run needs, as a flat dict of numbers and arrays: `numpy.savez(file, **state)` keeps it."""
        buffers = self._buffers().items()
        return self._settings() | {f"{name}.{i}": buffer[i].copy() for name, buffer in buffers for i in sorted(buffer)}

    def load_state_dict(self, state) -> None:
        """Go on where `state` was taken. Refused, with nothing changed, where it is of other parameters or another rule."""
        owner, ours = f"{type(self).__name__}.load_state_dict", self._settings()
        if not hasattr(state, "keys"):
            raise TypeError(f"{owner}: wants what state_dict() gave, got a {type(state).__name__}")
        given = {key: np.array(state[key]) for key in [*state.keys()]}
        everyone = range(len(self._made))
        remembered = {name: {i: given.pop(key) for i in everyone if (key := f"{name}.{i}") in given} for name in self._buffers()}
        if odd := sorted(ours.keys() ^ given.keys()):
            raise ValueError(f"{owner}: {odd[0]} is only {'here' if odd[0] in ours else 'there'}: another rule or other groups")
        for key in ours:
            if key.startswith(("shape.", "positions.")) and not np.array_equal(ours[key], given[key]):
                raise ValueError(f"{owner}: {key} is {given[key].tolist()} there, {ours[key].tolist()} here")
        numbers = [key for key in ours if key != "step_count" and not isinstance(ours[key], np.ndarray)]
        values = {key: checked_number(owner, key.rpartition(".")[2], given[key]) for key in numbers}
        step_count, skipped = self._checked_counts(owner, given)
        for name, arrays in remembered.items():
            self._check_remembered(owner, name, arrays)
            if missing := {i for i in everyone if skipped[i] < step_count} ^ arrays.keys():
                raise ValueError(f"{owner}: {name}.{min(missing)} does not fit the steps that parameter {min(missing)} has had")
        vars(self).update({name: values[name] for name in self._names}, step_count=step_count, _skipped=skipped, _packs=None)
        for k, group in enumerate(self._groups):
            group["own"] = {name: values[f"group.{k}.{name}"] for name in group["own"]}
        for name, arrays in remembered.items():
            getattr(self, name).clear()
            getattr(self, name).update(arrays)

    def _checked_counts(self, owner: str, given: dict) -> tuple[int, list[int]]:
        """All steps, and those that each parameter has skipped."""
        steps, skipped = given["step_count"], given["skipped"]
        whole = steps.dtype.kind in "iu" and skipped.dtype.kind in "iu" and (steps.shape, skipped.shape) == ((), (len(self._made),))
        if not whole or not np.all((skipped >= 0) & (skipped <= steps)):
            raise ValueError(f"{owner}: step_count {steps!s:.60} and skipped {skipped!s:.60} are no counts of steps")
        return int(steps), skipped.tolist()

    def _check_remembered(self, owner: str, name: str, arrays: dict) -> None:
        """Refuse what is not of its parameter's shape and dtype."""
        for i, array in arrays.items():
            made = self._made[i] if i in range(len(self._made)) else "no parameter"
            if not isinstance(array, np.ndarray) or SHAPE_AND_DTYPE(array) != made:
                got = SHAPE_AND_DTYPE(array) if isinstance(array, np.ndarray) else type(array).__name__
                raise ValueError(f"{owner}: {name}[{i}] is {got}, and parameter {i} is {made}")

# %% nbgrader={"grade": false, "grade_id": "optimizer-base", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| export
class Buffers(dict):
    """What a rule remembers: for each parameter that has had a step, by its position, an array that began as `start`."""

    def __init__(self, start: float = 0.0):
        super().__init__()
        self.start, self.edited = start, False

    __setitem__, __delitem__, __ior__ = map(noted, (dict.__setitem__, dict.__delitem__, dict.__ior__))
    clear, pop, popitem, setdefault, update = map(noted, (dict.clear, dict.pop, dict.popitem, dict.setdefault, dict.update))


class Optimizer(Keeping):
    """A rule, and the one loop that applies it to pieces of the parameters.

    A subclass passes its hyperparameters to `super().__init__`, makes a `Buffers()` for each array that it remembers,
    and writes `rule(theta, g, *remembered, t)`, which updates one-dimensional pieces of less than twice `PIECE` elements
    in place: theta the parameter, g its gradient (not to be changed), a piece of each buffer in the order in which they
    were made, and t, the number of updates that this parameter has had, this one included. One optimizer must not be
    used by two threads at once.
    """

    def __new__(cls, *_, **options):
        answer_foreign_names(cls.__name__, options, cls.__init__)
        return super().__new__(cls)

    def __init__(self, parameters, **hyperparameters: float):
        self.parameters, self._given, self._groups = [], [], []
        self._made, self._skipped, self.step_count = [], [], 0
        self._packs, self._remembered = None, {}
        self._names = tuple(hyperparameters)
        vars(self).update(hyperparameters)
        self._accept_numbers()
        for group in as_groups(type(self).__name__, parameters):
            self.add_param_group(group)

    def rule(self, theta, g, *remembered_and_t) -> None:
        """Update `theta` and what is remembered, in place."""
        raise NotImplementedError(f"{type(self).__name__}.rule: a subclass writes it")

    @np.errstate(all="ignore")  # an infinity is the caller's to judge; an error half way would leave half a step
    def step(self, gradients=None) -> None:
        """Update every parameter that has a gradient, in place.

        Variables bring their gradients with them; for plain arrays give a list with an array, or None, for each. A gradient
        that does not fit is refused, by the parameter's position and shape, before anything has changed. A NaN or an
        infinity in a gradient is not refused: the elements that it reaches become NaN or infinite, the others are as ever.
        A gradient may be its own parameter's array, but no view of another parameter.
        """
        thetas, (gradients, missing) = self._checked_parameters(), self._checked_gradients(gradients)
        packs = self._planned(thetas)
        if type(self.step_count) is not int or self.step_count < self._most_skipped:
            raise ValueError(f"{type(self).__name__}.step: step_count was set to {self.step_count!r:.60}, which is no count of steps")
        self.step_count += 1
        if missing:
            self._skip(missing, packs)
        rules = [self._seen_by(group).rule for group in self._groups]
        for pack in packs:
            rule = rules[pack.group]
            if pack.skipped is not None and missing.isdisjoint(pack.positions):
                pack.walk_together(rule, self.step_count - pack.skipped, thetas, gradients)
            else:
                for k, i in enumerate(pack.positions):
                    if i not in missing:
                        pack.walk_one(k, rule, self.step_count - self._skipped[i], thetas[i], gradients[i])

    def zero_grad(self) -> None:
        """Set each parameter's `grad` to None."""
        for parameter in self.parameters:
            if isinstance(parameter, Variable):
                parameter.grad = None

    def _skip(self, missing, packs: list[Pack]) -> None:
        for i in missing:
            self._skipped[i] += 1
        self._most_skipped = max(self._skipped)
        for pack in packs:
            pack.count(self._skipped)

    def _planned(self, thetas: list) -> list[Pack]:
        """The packs, made anew where there are none yet or where somebody changed what is remembered."""
        same = all(getattr(self, name) is buffer and not buffer.edited for name, buffer in self._remembered.items())
        if self._packs is None or not same:
            self._packs = self._plan(thetas)
        return self._packs

    def _plan(self, thetas: list) -> list[Pack]:
        owner, buffers = f"{type(self).__name__}.step", self._buffers()
        if replaced := self._remembered.keys() - buffers:
            raise TypeError(f"{owner}: {min(replaced)} is not a Buffers() any more: change its entries, or clear() it")
        try:
            inspect.signature(self.rule).bind("theta", "g", *buffers, "t")
        except TypeError:
            made = f"the Buffers() made in __init__: {', '.join(buffers) or 'none'}"
            raise TypeError(f"{owner}: rule{inspect.signature(self.rule)} does not fit {made}") from None
        for name, buffer in buffers.items():
            self._check_remembered(owner, name, buffer)
        keep_freed_memory()
        self._remembered = buffers
        scratch: dict = {}
        packs = [
            Pack(number, positions, thetas, [*buffers.values()], scratch)
            for number, group in enumerate(self._groups)
            for positions in packed(group["positions"], thetas)
        ]
        self._skip((), packs)
        for buffer in buffers.values():
            buffer.edited = False
        return packs

    def _accept_numbers(self) -> None:
        checked = {name: checked_number(type(self).__name__, name, getattr(self, name)) for name in self._names}
        vars(self).update(checked, _accepted=tuple(checked.values()))

    def _checked_parameters(self) -> list:
        """The parameters' arrays, or an error for what has changed since they were given."""
        if not all(map(operator.is_, map(vars(self).get, self._names), self._accepted)):
            self._accept_numbers()
        thetas = self.parameters
        try:
            if isinstance(thetas[0], Variable):
                thetas = [parameter.data.data for parameter in thetas]
            same = all(map(operator.is_, self.parameters, self._given))
            if same and all(map(WRITEABLE, thetas)) and list(map(SHAPE_AND_DTYPE, thetas)) == self._made:
                return thetas
        except (AttributeError, IndexError):  # something else took the array's place
            pass
        raise ValueError(f"{type(self).__name__}.step: {self._what_changed()}")

    def _what_changed(self) -> str:
        if [*map(id, self.parameters)] != [*map(id, self._given)]:
            return "the list of parameters was changed; use add_param_group"
        for i, (parameter, (shape, dtype)) in enumerate(zip(self.parameters, self._made, strict=True)):
            theta = array_of(parameter)
            now = f"{theta.dtype} of shape {theta.shape}" if isinstance(theta, np.ndarray) else f"a {type(theta).__name__}"
            if now != f"{dtype} of shape {shape}":
                return f"parameter {i} was {dtype} of shape {shape}, now it is {now}"
            if not theta.flags.writeable:
                return f"parameter {i} (shape {shape}) is read-only"
        return "a parameter is not an array any more"

    def _checked_gradients(self, gradients) -> tuple[list, set[int]]:
        """The gradients' arrays, and the positions where there is none, or an error for one that does not fit."""
        owner = f"{type(self).__name__}.step"
        if isinstance(self.parameters[0], Variable):
            if gradients is not None:
                raise TypeError(f"{owner}: Variables bring their own gradients: call it without any")
            gradients = [p.grad.data.data if isinstance(p.grad, Variable) else p.grad for p in self.parameters]
        elif isinstance(gradients, np.ndarray):
            gradients = [gradients]
        elif not hasattr(gradients, "__iter__") or isinstance(gradients, (dict, set)):
            got = "" if gradients is None else f", got a {type(gradients).__name__}"
            raise TypeError(f"{owner}: plain arrays need their gradients: step([g0, g1, ...]){got}")
        else:
            gradients = list(gradients)
        if len(gradients) != len(self.parameters):
            raise ValueError(f"{owner}: {len(gradients)} gradients for {len(self.parameters)} parameters")
        if {*map(type, gradients)} == {np.ndarray} and list(map(SHAPE_AND_DTYPE, gradients)) == self._made:
            return gradients, set()
        missing = {i for i, g in enumerate(gradients) if g is None}
        return [None if g is None else self._fitting(i, g) for i, g in enumerate(gradients)], missing

    def _fitting(self, i: int, g):
        """A gradient of another float type, or a NumPy scalar, as an array; an error for one that cannot be used."""
        where = f"{type(self).__name__}.step: the gradient of parameter {i} (shape {self._made[i][0]})"
        if not isinstance(g, (np.ndarray, np.generic)) or is_masked(g):
            raise TypeError(f"{where} is a {type(g).__name__}, not an array")
        if g.shape != self._made[i][0]:
            raise ValueError(f"{where} has shape {g.shape}")
        if g.dtype.kind != "f":
            raise TypeError(f"{where} is {g.dtype}, not float")
        return np.asarray(g)

# %% nbgrader={"grade": false, "grade_id": "show-sign-step", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
class SignStep(Optimizer):
    """An example: every weight moves by learning_rate, against the sign of its slope."""

    def __init__(self, parameters, learning_rate=0.01):
        super().__init__(parameters, learning_rate=learning_rate)  # from here on self.learning_rate exists
        self.last_sign = Buffers()  # what the rule remembers: a number for each weight, 0 at first

    def rule(self, theta, g, last_sign, t):
        # Arrays of equal shape: some weights, their slopes, and what is remembered of them.
        # t is the number of this update: 1, 2, ...
        theta -= self.learning_rate * np.sign(g)
        last_sign[...] = np.sign(g)


path = descend(SignStep([weights([1.0, -0.5])], learning_rate=0.2), lambda theta: 2 * theta, steps=3)
print(path)
assert np.allclose(path[-1], [0.4, 0.1])

# %% [markdown]
"""
### Your turn: `SGD` (2 lines in `__init__`, about 5 in the rule)

`__init__` hands `learning_rate`, `momentum` and `weight_decay` to the base and makes one `Buffers()` called `momentum_buffers`. The rule changes `v` and `theta` **in place**: a plain `v = ...` would only rename. It must not change `g`; `g = g + ...` makes a new array and is fine.

<details><summary>Hint 1</summary>

In place means `v *= ...`, `v += ...`, `theta -= ...`, or `v[...] = ...`.

</details>
<details><summary>Hint 2</summary>

The signature is `rule(self, theta, g, v, t)`: `v` holds the velocities of the weights in `theta`; the base keeps them in `self.momentum_buffers`. `t` is not needed here. Multiply `v` by the momentum, then add the slope: two lines.

</details>
<details><summary>Hint 3</summary>

If you prefer to write the class without the base, it needs `step()`, `zero_grad()` (each `grad` becomes None), `parameters` (a list), `learning_rate`, `momentum`, `weight_decay`, `momentum_buffers` and `step_count`, which rises by one at each `step()`. A parameter whose `grad` is None is left alone, and so is its buffer.

</details>
<details><summary>Hint for three errors</summary>

`missing 1 required positional argument: 't'`: `__init__` has made no `Buffers()`. `no attribute '_names'`: `super().__init__(...)` was not called. `output array is read-only`: `g` was changed in place.

</details>
"""

# %% nbgrader={"grade": false, "grade_id": "sgd-class", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class SGD(Optimizer):
    """Stochastic gradient descent with momentum (Polyak 1964) and L2 weight decay.

    g <- g + weight_decay * theta;  v <- momentum * v + g, v = 0 at first;  theta <- theta - learning_rate * v.
    The velocity is a sum, without dampening, as in PyTorch. Memory: one number per parameter (4 bytes in float32).

    >>> w = Variable(1.0)
    >>> optimizer = SGD([w], learning_rate=0.1, momentum=0.9)
    >>> for _ in range(2):
    ...     w.grad = Variable(0.5, requires_grad=False)
    ...     optimizer.step()
    >>> round(float(w.data.data), 4), optimizer.step_count
    (0.855, 2)
    """

    momentum: float
    weight_decay: float

    def __init__(self, parameters, learning_rate: float = 0.01, momentum: float = 0.0, weight_decay: float = 0.0):
        ### BEGIN SOLUTION
        super().__init__(parameters, learning_rate=learning_rate, momentum=momentum, weight_decay=weight_decay)
        self.momentum_buffers = Buffers()
        ### END SOLUTION

    def rule(self, theta, g, v, t) -> None:
        """Update theta and the velocity v in place."""
        ### BEGIN SOLUTION
        if self.weight_decay > 0:
            g = g + self.weight_decay * theta
        if self.momentum > 0:
            v *= self.momentum
            v += g
        else:
            v[:] = g  # 0 * v would keep an infinity as a NaN
        theta -= self.learning_rate * v
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-sgd", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
from tinytorch import probes
from tinytorch.checks import Checks, hidden_inputs

checks = Checks("SGD", points=15)
checks.require("SGD is a class that this notebook defines", got=lambda: probes.written_here(SGD))
checks.check(
    "one plain step", 1,
    fed="theta = 1, gradient 5, the default learning rate 0.01",
    got=lambda: probes.trajectory(lambda ps: SGD(ps), [1.0], [[5.0]]),
    want=[[0.95]],
    slips={
        "the parameter is as before: step() updates v, moves theta by the new v, and puts theta into the parameter": [[1.0]],
        "this goes uphill: the step is subtracted": [[1.05]],
        "the learning rate is not used": [[-4.0]],
        "the default learning rate is 0.01": [[0.5]],
        "the size of the gradient is lost: it is neither clipped nor divided here": [[0.99]],
    },
)
checks.check(
    "another learning rate", 1,
    fed="theta = 1, gradient 0.5, learning rate 0.1",
    got=lambda: probes.trajectory(lambda ps: SGD(ps, learning_rate=0.1), [1.0], [[0.5]]),
    want=[[0.95]],
    slips={
        "the parameter is as before: step() updates v, moves theta by the new v, and puts theta into the parameter": [[1.0]],
        "this goes uphill: the step is subtracted": [[1.05]],
        "the learning rate is not used": [[0.5]],
        "the learning rate is fixed at its default, 0.01": [[0.995]],
    },
)
checks.check(
    "momentum, three steps", 1,
    fed="theta = 1; gradients 10, 20, 0; learning rate 0.01, momentum 0.5: v = 10, 25, 12.5",
    got=lambda: probes.trajectory(lambda ps: SGD(ps, momentum=0.5), [1.0], [[10.0], [20.0], [0.0]]),
    want=[[0.9, 0.65, 0.525]],
    slips={
        "momentum is ignored: v must remember the last v (a plain v = ... only renames)": [[0.9, 0.7, 0.7]],
        "this averages, with (1 - momentum) * g: here v <- momentum * v + g is a sum": [[0.95, 0.825, 0.7625]],
        "this averages after the first step: here v <- momentum * v + g is a sum": [[0.9, 0.75, 0.675]],
        "this is Nesterov's momentum: theta moves by v, not by g + momentum * v": [[0.85, 0.525, 0.4625]],
        "momentum is fixed at 0.9": [[0.9, 0.61, 0.349]],
        "theta moves by the last v: v is updated before theta": [[1.0, 0.9, 0.65]],
        "v is subtracted from g: v <- momentum * v + g": [[0.9, 0.75, 0.825]],
        "momentum and g are swapped: v <- momentum * v + g": [[0.95, 0.8, 0.65]],
        "v only adds up: the last v is multiplied by momentum": [[0.9, 0.6, 0.3]],
        "momentum counts twice: v <- momentum * v + g": [[0.9, 0.675, 0.61875]],
        "a gradient of 0 is a gradient: v moves theta on": [[0.9, 0.65, 0.65]],
    },
)
checks.check(
    "two parameters, each with its own v", 0.5,
    fed="theta = 1 and 1; gradients 10 and 0, then 0 and 20; learning rate 0.01, momentum 0.5: v = 10 and 0, then 5 and 20",
    got=lambda: probes.trajectory(lambda ps: SGD(ps, momentum=0.5), [1.0, 1.0], [[10.0, 0.0], [0.0, 20.0]]),
    want=[[0.9, 0.85], [1.0, 0.8]],
    slips={"the parameters share one v: each has its own, by its place in the list": [[0.9, 0.875], [0.95, 0.7375]]},
)
checks.check(
    "weight decay, one step", 1,
    fed="theta = 2, gradient 5, learning rate 0.01, weight_decay 2.5: g = 5 + 5",
    got=lambda: probes.trajectory(lambda ps: SGD(ps, weight_decay=2.5), [2.0], [[5.0]]),
    want=[[1.9]],
    slips={
        "weight decay is ignored: g <- g + weight_decay * theta": [[1.95]],
        "weight decay has the wrong sign: it is added to the gradient": [[2.0]],
        "weight decay counts twice: g <- g + weight_decay * theta": [[1.85]],
        "weight_decay is added without theta: g <- g + weight_decay * theta": [[1.925]],
        "theta is added without weight_decay: g <- g + weight_decay * theta": [[1.93]],
        "the decay is taken off theta without the learning rate": [[-3.05]],
        "the learning rate counts twice in the decay: g <- g + weight_decay * theta": [[1.9495]],
        "weight_decay multiplies theta, not g": [[1.825]],
        "weight_decay is fixed at 0.01": [[1.9498]],
    },
)
checks.check(
    "weight decay goes through momentum", 1,
    fed="theta = 1; gradient 0 twice; learning rate 0.01, momentum 0.5, weight_decay 10: v = 10, then 5 + 9",
    got=lambda: probes.trajectory(lambda ps: SGD(ps, momentum=0.5, weight_decay=10.0), [1.0], [[0.0], [0.0]]),
    want=[[0.9, 0.76]],
    slips={
        "momentum is ignored, or this is decoupled weight decay (AdamW's): here it is a part of g, before v": [[0.9, 0.81]],
        "weight decay is missing here: g <- g + weight_decay * theta, with momentum or without": [[1.0, 1.0]],
        "only the first step has weight decay": [[0.9, 0.85]],
        "the decay uses the first theta: it is weight_decay * theta as it is now": [[0.9, 0.75]],
    },
)
checks.check(
    "a parameter without a gradient is skipped, the next one is not", 1,
    fed="three parameters; gradients None, 5, None; which of them move",
    got=lambda: probes.moved(lambda ps: SGD(ps), [1.0, 1.0, 1.0], [[None, 5.0, None]]),
    want=[False, True, False],
    slips={"the first None ends the whole step: only that parameter is skipped": [False, False, False]},
)
checks.check(
    "the gradient is left as it was", 1, needs="one plain step",
    fed="gradient 5 in two steps with momentum 0.9, then with weight_decay 2.5 as well; the gradient after each step",
    got=lambda: [
        probes.gradients(lambda ps: SGD(ps, momentum=0.9), [2.0], [[5.0]], again=2),
        probes.gradients(lambda ps: SGD(ps, momentum=0.9, weight_decay=2.5), [2.0], [[5.0]], again=2),
    ],
    want=[[[5.0], [5.0]], [[5.0], [5.0]]],
    slips={
        "step() clears the gradient: that is the work of zero_grad()": [[[None], [None]], [[None], [None]]],
        "weight decay was added into the gradient itself: make a new array": [[[5.0], [5.0]], [[10.0], [14.75]]],
        "the gradient is scaled in place: make a new array": [[[0.05], [0.0005]], [[0.05], [0.0005]]],
        "v takes the gradient's place: v is kept apart": [[[5.0], [9.5]], [[10.0], [23.75]]],
        "v is the gradient's own array, so updating v changes the gradient: make a copy": [
            [[5.0], [9.0]], [[5.0], [5.0]]
        ],
    },
)
checks.check(
    "zero_grad() sets each grad to None", 1, needs="one plain step",
    fed="two parameters with gradients 0.5 and 2, one without; step(), then zero_grad()",
    got=lambda: probes.cleared(lambda ps: SGD(ps), [1.0, 1.0, 1.0], [[0.5, None, 2.0]]),
    want=[None, None, None],
    slips={
        "zeros are not None: later code asks whether there is a gradient": [0.0, None, 0.0],
        "zeros are not None, and a parameter without a gradient stays without one": [0.0, 0.0, 0.0],
        "the gradients are still there": [0.5, None, 2.0],
        "the last gradient is still there: every parameter has its turn": [None, None, 2.0],
        "the first gradient is still there: every parameter has its turn": [0.5, None, None],
    },
)
### BEGIN HIDDEN TESTS
import numpy as np

hidden = hidden_inputs("08_optimizers", "test-sgd")


def hidden_array(*shape, dtype=np.float32):
    """Numbers away from 0, of both signs."""
    signs = hidden.choice([-1.0, 1.0]) * (-1.0) ** np.arange(np.prod(shape, dtype=int)).reshape(shape)
    return np.asarray(signs * hidden.uniform(0.5, 1.5, size=shape), dtype)


def sgd_oracle(start, fed, rates, momenta=(0.0,), weight_decay=0.0, inside=False, shared=False):
    """float64, from the formulas; with several momenta as many optimizers take turns.

    Two slips: the learning rate stands `inside` the velocity; the optimizers have one `shared` velocity.
    """
    every = []
    for j, theta in enumerate(start):
        theta, vs, values = np.float64(theta), [0.0 for _ in momenta], []
        for k, (given, rate) in enumerate(zip(fed, rates)):
            mu, turn = momenta[k % len(momenta)], 0 if shared else k % len(momenta)
            if given[j] is not None:
                g = np.float64(given[j]) + weight_decay * theta
                vs[turn] = mu * vs[turn] + (rate * g if inside else g)
                theta = theta - (1.0 if inside else rate) * vs[turn]
            values.append(theta)
        every.append(values)
    return every


hidden_shapes = [(), (3,), (2, 4), (3,)]
hidden_start = [hidden_array(*shape) for shape in hidden_shapes]
hidden_fed = [[10 * hidden_array(*shape) for shape in hidden_shapes] for _ in range(5)]
hidden_rates = [float(rate) for rate in hidden.uniform(0.005, 0.04, size=5)]
hidden_mu, hidden_wd = float(hidden.uniform(0.6, 0.9)), float(hidden.uniform(0.3, 0.9))
checks.check(
    "hidden: four parameters, each with its own momentum", 0.5,
    fed=f"shapes {hidden_shapes}, momentum {hidden_mu}; before each step zero_grad(), and learning_rate set to {hidden_rates}",
    got=lambda: probes.trajectory(
        lambda ps: SGD(ps, momentum=hidden_mu), hidden_start, hidden_fed, hidden_rates, clearing=True
    ),
    want=sgd_oracle(hidden_start, hidden_fed, hidden_rates, [hidden_mu]),
    slips={
        "v is lost between the steps: step() has to remember it, and zero_grad() to leave it alone": sgd_oracle(
            hidden_start, hidden_fed, hidden_rates
        ),
        "the learning rate is inside the velocity: v <- momentum * v + g, then theta <- theta - learning_rate * v": sgd_oracle(
            hidden_start, hidden_fed, hidden_rates, [hidden_mu], inside=True
        ),
    },
)
checks.check(
    "hidden: a learning rate that changes between the steps", 1,
    fed=f"momentum 0, learning_rate 0.07 at first, then set to {hidden_rates} before the steps",
    got=lambda: probes.trajectory(lambda ps: SGD(ps, learning_rate=0.07), hidden_start, hidden_fed, hidden_rates),
    want=sgd_oracle(hidden_start, hidden_fed, hidden_rates),
    slips={
        "the first learning rate is kept: step() has to use self.learning_rate as it is now": sgd_oracle(
            hidden_start, hidden_fed, [0.07] * 5
        ),
    },
)
hidden_wide = [hidden_array(5, dtype=np.float64), hidden_array(2, 2, dtype=np.float64)]
hidden_steps = [[10 * hidden_array(5, dtype=np.float64), 10 * hidden_array(2, 2, dtype=np.float64)] for _ in range(4)]
checks.check(
    "hidden: float64 to all its digits", 1, tol=1e-12,
    fed=f"four steps of two float64 parameters, momentum {hidden_mu}, weight_decay {hidden_wd}",
    got=lambda: probes.trajectory(
        lambda ps: SGD(ps, 0.01, hidden_mu, hidden_wd), hidden_wide, hidden_steps
    ),
    want=sgd_oracle(hidden_wide, hidden_steps, [0.01] * 4, [hidden_mu], hidden_wd),
)
hidden_sum = probes.size(sgd_oracle(hidden_start, hidden_fed[:1], [0.01]))  # a side condition counts where the values are right
checks.check(
    "hidden: dtype and shape stay", 1, needs="one plain step",
    fed="two steps of parameters of shapes (), (3,), (2, 4), (3,) in float32 and (5,), (2, 2) in float64; and the sum of all sizes after one plain step",
    got=lambda: [
        *probes.kinds(
            lambda ps: SGD(ps, momentum=hidden_mu, weight_decay=hidden_wd),
            hidden_start + hidden_wide,
            [hidden_fed[0] + hidden_steps[0], hidden_fed[1] + hidden_steps[1]],
        ),
        probes.size(probes.trajectory(lambda ps: SGD(ps), hidden_start, hidden_fed[:1])),
    ],
    want=["float32 ()", "float32 (3,)", "float32 (2, 4)", "float32 (3,)", "float64 (5,)", "float64 (2, 2)", hidden_sum],
    slips={
        "float32 becomes float64: keep the parameter's own dtype": [*(f"float64 {shape}" for shape in [*hidden_shapes, (5,), (2, 2)]), hidden_sum],
        "float64 becomes float32: keep the parameter's own dtype": [*(f"float32 {shape}" for shape in [*hidden_shapes, (5,), (2, 2)]), hidden_sum],
    },
)
hidden_holes = [list(given) for given in hidden_fed]
hidden_holes[0][3] = hidden_holes[1][0] = hidden_holes[2][1] = hidden_holes[3][3] = hidden_holes[3][2] = None
checks.check(
    "hidden: a gradient that is missing for one step", 1,
    fed=f"four parameters; gradients 3, 0, 1, and both 2 and 3 are None in steps 1, 2, 3, 4; momentum {hidden_mu}",
    got=lambda: probes.trajectory(lambda ps: SGD(ps, momentum=hidden_mu), hidden_start, hidden_holes),
    want=sgd_oracle(hidden_start, hidden_holes, [0.01] * 5, [hidden_mu]),
    slips={
        "a missing gradient is no gradient of 0: that parameter and its v stay as they are": sgd_oracle(
            hidden_start, [[0.0 if g is None else g for g in given] for given in hidden_holes], [0.01] * 5, [hidden_mu]
        ),
    },
)
hidden_long = [hidden_fed[k // 2] for k in range(6)]
checks.check(
    "hidden: two optimizers over the same parameters share nothing", 1,
    fed=f"two optimizers over the same parameters take turns; momentum {hidden_mu} and 0",
    got=lambda: probes.trajectory(
        lambda ps: probes.Turns(SGD(ps, momentum=hidden_mu), SGD(ps)), hidden_start, hidden_long
    ),
    want=sgd_oracle(hidden_start, hidden_long, [0.01] * 6, [hidden_mu, 0.0]),
    slips={
        "the two share their velocities: each object makes its own in __init__": sgd_oracle(
            hidden_start, hidden_long, [0.01] * 6, [hidden_mu, 0.0], shared=True
        ),
    },
)
checks.check(
    "hidden: step_count, and a buffer for each parameter", 1, needs="one plain step",
    fed="four parameters, two steps with momentum: step_count after each, len(momentum_buffers), step_count after a step without gradients; the sum of all sizes after one plain step",
    got=lambda: [
        *probes.bookkeeping(lambda ps: SGD(ps, momentum=0.9), hidden_start, hidden_fed[:2], ["momentum_buffers"]),
        probes.size(probes.trajectory(lambda ps: SGD(ps), hidden_start, hidden_fed[:1])),
    ],
    want=[1, 2, 4, 3, hidden_sum],
    slips={
        "step_count rises once in each step(), not once for each parameter": [4, 8, 4, 8, hidden_sum],
        "step_count rises in each step(), also where no parameter has a gradient": [1, 2, 4, 2, hidden_sum],
        "step_count does not rise": [0, 0, 4, 0, hidden_sum],
        "step_count begins at 0": [2, 3, 4, 4, hidden_sum],
    },
)
### END HIDDEN TESTS
checks.score()

# %% nbgrader={"grade": false, "grade_id": "show-momentum-valley", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
def on_valley(optimizer_class, steps=40, **settings):
    return descend(optimizer_class([weights(start)], **settings), lambda theta: curvatures * theta, steps)


plain = on_valley(SGD, learning_rate=best)
rolling = on_valley(SGD, learning_rate=0.09, momentum=0.5)
fig, (left, right) = new(2, width=9.5)
contours(left, valley, (-10, 3), (-2.8, 2.6), levels=[1, 5, 15, 30, 50, 80])
for path, text, at, place in (
    (plain, f"plain, {best:.3f}", 6, (10, 16)),
    (rolling, "momentum 0.5, 0.09", 3, (8, -8)),
):
    trail(left, path, text, at=at, offset=place)
    (line,) = right.semilogy(valley(*path.T))
    label(right, line, text.split(",")[0])
left.set(title="The valley, by your SGD", xlabel="first weight", ylabel="second weight")
right.set(title="The loss", xlabel="step", ylabel="loss", xlim=(0, 54))
show(
    fig,
    alt=(
        "With momentum the path swings wide at first and then runs straight to the floor; its"
        " loss falls to a millionth of the loss without momentum in the same 40 steps."
    ),
)
assert valley(*rolling[-1]) < 1e-6 * valley(*plain[-1])
root = np.sqrt(curvatures[1] / curvatures[0])
settings = {"learning_rate": (2 / (1 + root)) ** 2, "momentum": ((root - 1) / (root + 1)) ** 2}  # the best pair
long_run = np.abs(on_valley(SGD, steps=400, **settings))
measured = (long_run[400] / long_run[200]) ** (1 / 200)
print(
    f"best factor per step: {shrink[0]:.3f} without momentum, {(root - 1) / (root + 1):.3f} with the best momentum; "
    f"measured {measured[0]:.3f} and {measured[1]:.3f}"
)
assert np.allclose(measured, (root - 1) / (root + 1), rtol=5e-3)

# %% [markdown]
r"""
With the best learning rate and momentum the factor per step is, in the long run, $(\sqrt\kappa - 1)/(\sqrt\kappa + 1)$ on a bowl: the number of steps grows like $\sqrt\kappa$ instead of $\kappa$.
"""

# %% nbgrader={"grade": false, "grade_id": "predict-momentum-limit", "locked": false, "schema_version": 3, "solution": false, "task": false} tags=["prediction", "skip-execution"]
# Prediction. Without momentum the limit is learning rate * curvature = 2. With momentum 0.9, at which number is it?
guess_momentum_limit = None

# %% nbgrader={"grade": false, "grade_id": "show-momentum-limit", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
curvature = np.linspace(0.01, 4.2, 400)
fig, ax = new()
for momentum, at in ((0.0, 30), (0.5, 130), (0.9, 230)):
    path = descend(
        SGD([weights(np.ones(400))], learning_rate=1.0, momentum=momentum),
        lambda theta: curvature * theta,
        200,
    )
    factor = np.abs(path[-1]) ** (1 / 200)
    (line,) = ax.plot(curvature, factor)
    label(ax, line, f"momentum {momentum:g}", at=at, offset=(6, -10))
    mark(ax, 2 + 2 * momentum, f"{2 + 2 * momentum:g}", height=0.02)
    assert np.all((factor < 1) == (curvature < 2 + 2 * momentum))
ax.axhline(1, color="#555555", linewidth=1)
mark(ax, guess_momentum_limit, "your prediction")
ax.set(
    title="Factor per step (mean of 200) by which a weight shrinks or grows",
    ylim=(0, 1.4),
    xlabel="learning rate × curvature",
    ylabel="factor per step",
)
show(
    fig,
    alt=(
        "Three curves that cross the factor 1 at learning rate times curvature 2, 3 and 3.8, "
        "for momentum 0, 0.5 and 0.9. With momentum the curves are flat over most of the "
        "range, at 0.7 and 0.95."
    ),
)

# %% [markdown]
r"""
The limit rises to $\eta\lambda < 2(1+\mu)$. To see why, write two steps of the rule as $\theta_{t+1} = (1+\mu-\eta\lambda)\,\theta_t - \mu\,\theta_{t-1}$ and try $\theta_t = z^t$: it is stable while both roots of

$$z^2 - (1+\mu-\eta\lambda)\,z + \mu = 0$$

are inside the unit circle. At the limit one root is $-1$, which gives $\eta\lambda = 2 + 2\mu$. Where the roots are complex, for $\eta\lambda$ between $(1-\sqrt\mu)^2$ and $(1+\sqrt\mu)^2$, both have size $\sqrt\mu$: the weight swings round the floor and shrinks by the factor $\sqrt\mu$ per step, whatever the curvature. That is the flat part of the curves, and it looks so in time:
"""

# %% nbgrader={"grade": false, "grade_id": "show-overshoot", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
def one_weight(steps=100, **settings):
    return descend(SGD([weights([1.0])], **settings), lambda theta: theta, steps)[:, 0]


slow = one_weight(learning_rate=0.1, momentum=0.0)
swing = one_weight(learning_rate=0.1, momentum=0.9)
envelope = 1.1 * 0.9 ** (np.arange(101) / 2)
fig, ax = new()
for values, text, at in ((slow, "momentum 0", 5), (swing, "momentum 0.9", 9)):
    (line,) = ax.plot(values)
    label(ax, line, text, at=at, offset=(8, 8 if values is slow else -8))
ax.plot(envelope, color="#999999", linewidth=1, linestyle=":")
ax.plot(-envelope, color="#999999", linewidth=1, linestyle=":")
ax.set(title="One weight on its way to 0", xlabel="step", ylabel="weight")
show(
    fig,
    alt=(
        "Without momentum the weight decays smoothly; with momentum 0.9 it passes zero, "
        "swings back and forth, and dies out inside a dotted envelope that shrinks by the "
        "square root of 0.9 per step."
    ),
)
assert swing.min() < -0.5 and np.all(np.abs(swing) <= envelope) and np.all(slow > 0)
border = (1 - math.sqrt(0.9)) ** 2
assert np.all(one_weight(steps=2000, learning_rate=0.9 * border, momentum=0.9) > 0)  # real roots: no swing
assert np.any(one_weight(steps=2000, learning_rate=1.1 * border, momentum=0.9) < 0)

# %% [markdown]
r"""
It overshoots because the velocity is still large when the weight passes the floor: the slopes collected on the way down have to be cancelled by slopes of the other sign. Where $\eta\lambda$ is below $(1-\sqrt\mu)^2$ the roots are real, and it creeps to the floor without a swing.

### Two spellings of momentum

Some libraries and papers let the velocity be an average, $u \leftarrow \mu u + (1-\mu) g$, with the step $\theta \leftarrow \theta - \eta u$. Then $u$ is $(1-\mu)\,v$: the same rule, with a learning rate $1/(1-\mu)$ times as large. Here, as in PyTorch, the velocity is the sum.
"""

# %% nbgrader={"grade": false, "grade_id": "show-spellings", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
def averaged(learning_rate, momentum=0.9, steps=30):
    theta, u = np.array([1.0]), 0.0
    for _ in range(steps):
        u = momentum * u + (1 - momentum) * theta
        theta = theta - learning_rate * u
    return theta[0]


summed = one_weight(steps=30, learning_rate=0.01, momentum=0.9)[-1]
print(f"sum, learning rate 0.01:      {summed:.6f}")
print(f"average, learning rate 0.01:  {averaged(0.01):.6f}")
print(f"average, learning rate 0.1:   {averaged(0.1):.6f}")
assert math.isclose(summed, averaged(0.1)) and averaged(0.01) > 2 * summed

# %% [markdown]
r"""
### Convex, but no bowl

A function is convex when its slope never falls from left to right. This one is: its slope is $25x$ below 1, $x + 24$ between 1 and 2, and $25x - 24$ above. Each piece has curvature 25 or 1, and $\eta = 1/9$, $\mu = 4/9$ are the best settings for bowls with curvatures from 1 to 25.
"""

# %% nbgrader={"grade": false, "grade_id": "predict-cycle", "locked": false, "schema_version": 3, "solution": false, "task": false} tags=["prediction", "skip-execution"]
# Prediction. Does momentum reach the floor at 0 from x = 3.3? Write "yes", "slowly" or "no".
guess_cycle = None

# %% nbgrader={"grade": false, "grade_id": "show-cycle", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
def bent_slope(x):
    return np.where(x < 1, 25 * x, np.where(x < 2, x + 24, 25 * x - 24))


heavy = descend(SGD([weights([3.3])], learning_rate=1 / 9, momentum=4 / 9), bent_slope, 300)[:, 0]
plain = descend(SGD([weights([3.3])], learning_rate=1 / 25), bent_slope, 300)[:, 0]
bowls = descend(
    SGD([weights([3.3, 3.3])], learning_rate=1 / 9, momentum=4 / 9), lambda x: np.array([1, 25]) * x, 300
)
fig, ax = new()
for values, text, place in (
    (heavy, "momentum 4/9, rate 1/9", (-50, 18)),
    (plain, "no momentum, rate 1/25", (-50, -58)),
):
    (line,) = ax.plot(values[:40], marker=".")
    label(ax, line, text, at=35, offset=place)
ax.set(title="The same convex function, with and without momentum", xlabel="step", ylabel="x", ylim=(-5, 4.5))
show(
    fig,
    alt=(
        "Without momentum x goes to 0. With momentum it jumps for ever between three values: "
        "about -1.8, 2.1 and 0.65."
    ),
)
print(f"your prediction: {guess_cycle}; the last three points: {heavy[-3:].round(3)}")
assert np.allclose(np.sort(heavy[-3:]) * 1225, [-2208, 792, 2592])  # three points, for ever
assert abs(plain[-1]) < 1e-9 and np.all(np.abs(bowls[-1]) < 1e-9)

# %% [markdown]
r"""
For ever. The settings are the best there are for bowls, and the function is convex, yet the path visits the same three points again and again ([Lessard, Recht and Packard, 2016](https://arxiv.org/abs/1408.3595)). Without momentum, $\eta\lambda < 2$ is enough on any convex function whose curvature stays below $\lambda$; with momentum, the limit of this section holds for bowls only.

**Question.** A network trains stably with momentum 0.9 and learning rate 0.1. A colleague sets the momentum to 0, keeps the learning rate, and expects the training to become "slower but safer". Is that right? Answer with the numbers of this section for the speed along gentle slopes, and for the stability along steep ones.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "reflect-velocity", "locked": false, "points": 0, "schema_version": 3, "solution": true, "task": false}
"""
### BEGIN SOLUTION
Speed: with agreeing slopes the velocity settled at 10 times the slope, so the effective rate falls from 1 to 0.1: about ten
times slower. Stability: the limit for learning rate * curvature falls from 3.8 to 2 (on bowls), so directions with a curvature between
20 and 38 were stable and now diverge: slower and less safe at this learning rate.
Full answer: both numbers, and that the limit falls. Half: only the factor of ten.
### END SOLUTION
"""

# %% [markdown]
"""
## 3. Adam

At its best, momentum turns a ratio of curvatures into its square root. In a network the ratio can be a million: one learning rate, chosen for the steepest weight, hardly moves the gentlest. Here are 400 weights with curvatures from a millionth to 1, all starting at 1:
"""

# %% nbgrader={"grade": false, "grade_id": "show-scales", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
spread = np.geomspace(1e-6, 1, 400)
sgd = SGD([weights(np.ones(400))], learning_rate=1.0, momentum=0.9)
scales_by_sgd = descend(sgd, lambda theta: spread * theta, 300)[-1]


def draw_scales(by_adam=None):
    fig, ax = new()
    for values, text, at, place in (
        (scales_by_sgd, "SGD, momentum 0.9, rate 1", 150, (10, 6)),
        (by_adam, "your Adam, rate 0.02", 30, (0, 12)),
    ):
        if values is not None:
            (line,) = ax.semilogx(spread, np.abs(values))
            label(ax, line, text, at=at, offset=place)
    ax.set(title="What 300 steps leave of a weight that began at 1", xlabel="curvature", ylabel="|weight|")
    return fig


show(
    draw_scales(),
    alt=(
        "SGD with momentum brings weights with curvature above two thousandths to 0; those below"
        " a hundred-thousandth hardly move."
    ),
)
assert np.all(np.abs(scales_by_sgd[spread > 2e-3]) < 1e-3) and np.all(scales_by_sgd[spread < 1e-5] > 0.95)

# %% [markdown]
r"""
Adam gives each weight a step size of its own: it divides a running average of the slopes, $m$, by the square root of a running average of their squares, $v$ ([Kingma and Ba, 2015](https://arxiv.org/abs/1412.6980)). The average $m$ does the work of the velocity; the root of $v$ says how large this weight's slopes usually are. With $t = 1, 2, \dots$ counting the updates of this parameter:

$$\begin{aligned}
g &\leftarrow g + \delta\,\theta && \text{where } \delta > 0 \\
m &\leftarrow \beta_1 m + (1-\beta_1)\, g && m = 0 \text{ at first}\\
v &\leftarrow \beta_2 v + (1-\beta_2)\, g^2 && v = 0 \text{ at first}\\
\hat m &= \frac{m}{1-\beta_1^{\,t}}, \qquad \hat v = \frac{v}{1-\beta_2^{\,t}} \\
\theta &\leftarrow \theta - \eta\, \frac{\hat m}{\sqrt{\hat v} + \epsilon}
\end{aligned}$$

Both averages begin at 0, so they are too small at first. Under a constant slope $m$ is $(1-\beta_1^t)\,g$: the division by $1-\beta_1^t$ (*bias correction*) gives back $g$. The $\epsilon$ prevents a division by 0. It stands outside the root and after the correction; some texts put it inside the root, or correct later, and get other numbers where slopes are tiny.

Three steps by hand, with slopes 2, 2 and $-1$ and $\eta = 0.1$:
"""

# %% nbgrader={"grade": false, "grade_id": "show-hand-adam", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
theta, m, v = 1.0, 0.0, 0.0
print(" t    g       m        v    m_hat   v_hat    step   theta")
for t, g in ((1, 2.0), (2, 2.0), (3, -1.0)):
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g**2
    corrected = m / (1 - 0.9**t), v / (1 - 0.999**t)
    change = 0.1 * corrected[0] / (math.sqrt(corrected[1]) + 1e-8)
    theta = theta - change
    print(
        f"{t:2} {g:5.1f} {m:7.3f} {v:8.5f} {corrected[0]:7.3f} {corrected[1]:7.3f} {change:7.4f} {theta:7.4f}"
    )
    assert t > 2 or math.isclose(change, 0.1, rel_tol=1e-6)
del theta, m, v, g, t

# %% nbgrader={"grade": false, "grade_id": "predict-first-step", "locked": false, "schema_version": 3, "solution": false, "task": false} tags=["prediction", "skip-execution"]
# Prediction. Adam with learning rate 0.01, first step, for a slope of 0.001 and for a slope of 1000: how far does each weight move?
# Two numbers above 0, in place of the two None.
guess_first_step = None, None

# %% [markdown]
r"""
### Your turn: `Adam` (2 to 4 lines in `__init__`, 6 to 9 in the rule)

`__init__` hands the five settings after `parameters` to the base, and makes two `Buffers()`: `first_moment`, then `second_moment`. The rule gets their pieces in this order. Change `theta`, `m` and `v` in place; $\hat m$ and $\hat v$ are new arrays, and must not replace `m` and `v`.

<details><summary>Hint 1</summary>

One line of code for each line of the equations, in their order. `self.beta1` and the other settings exist once the base has them.

</details>
<details><summary>Hint 2</summary>

`t` is the fourth argument after `theta`: `rule(self, theta, g, m, v, t)`. So the corrections are `1 - self.beta1**t` and `1 - self.beta2**t`.

</details>
<details><summary>Hint 3</summary>

An average in place takes two lines: first `m *= self.beta1`, then `m += ...`. For the last line: the bracket matters, `np.sqrt(v_hat) + self.epsilon` is divided by as a whole.

</details>
"""

# %% nbgrader={"grade": false, "grade_id": "adam-class", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Adam(Optimizer):
    """Adam (Kingma & Ba 2015, Algorithm 1), with L2 weight decay added to the gradient.

    m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2;  m_hat = m / (1 - beta1^t);  v_hat = v / (1 - beta2^t);
    theta <- theta - learning_rate * m_hat / (sqrt(v_hat) + epsilon), where t counts this parameter's own updates.
    Memory: two numbers per parameter (8 bytes in float32).

    >>> w = Variable(1.0)
    >>> optimizer = Adam([w], learning_rate=0.1)
    >>> w.grad = Variable(1e-3, requires_grad=False)
    >>> optimizer.step()
    >>> round(float(w.data.data), 4)
    0.9
    """

    beta1: float
    beta2: float
    epsilon: float
    weight_decay: float

    def __init__(self, parameters, learning_rate: float = 0.001, beta1: float = 0.9, beta2: float = 0.999,
                 epsilon: float = 1e-8, weight_decay: float = 0.0):
        ### BEGIN SOLUTION
        super().__init__(parameters, learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon,
                         weight_decay=weight_decay)
        self.first_moment, self.second_moment = Buffers(), Buffers()
        ### END SOLUTION

    def rule(self, theta, g, m, v, t) -> None:
        """Update theta and the two moments m and v in place."""
        ### BEGIN SOLUTION
        if self.weight_decay > 0:
            g = g + self.weight_decay * theta
        m *= self.beta1
        m += (1 - self.beta1) * g
        v *= self.beta2
        v += (1 - self.beta2) * g * g
        # learning_rate * m_hat / (sqrt(v_hat) + epsilon) in the paper's faster order (end of its section 2): no passes for m_hat, v_hat
        root = math.sqrt(1 - self.beta2**t)
        rate = self.learning_rate * root / (1 - self.beta1**t)
        theta -= rate * (m / (np.sqrt(v) + self.epsilon * root))
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-adam", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false}
from tinytorch import probes
from tinytorch.checks import Checks, hidden_inputs

checks = Checks("Adam", points=20)
checks.require("Adam is a class that this notebook defines", got=lambda: probes.written_here(Adam))
checks.check(
    "the first step has the size of the learning rate", 1.5, tol=1e-4,
    fed="theta = [0.01, 0.01], gradient [0.5, -4], the default learning rate 0.001",
    got=lambda: probes.trajectory(lambda ps: Adam(ps), [[0.01, 0.01]], [[[0.5, -4.0]]]),
    want=[[[0.009, 0.011]]],
    slips={
        "the parameter is as before: step() has to put the new value into it": [[[0.01, 0.01]]],
        "this goes uphill: the step is subtracted": [[[0.011, 0.009]]],
        "both corrections are missing: divide m by 1 - beta1^t and v by 1 - beta2^t": [[[0.0068377223, 0.0131622777]]],
        "the correction of m is missing: m_hat = m / (1 - beta1^t)": [[[0.0099, 0.0101]]],
        "the correction of v is missing: v_hat = v / (1 - beta2^t)": [[[-0.0216227766, 0.0416227766]]],
        "the square root of v_hat is missing": [[[0.008, 0.01025]]],
        "this is plain gradient descent": [[[0.0095, 0.014]]],
        "the learning rate is not used": [[[-0.99, 1.01]]],
        "0 / 0: t is 0 in the first step, so count it before the update": [[[float("nan")] * 2]],
        "m and v are averages: g enters by 1 - beta1, its square by 1 - beta2": [[[0.0096837722, 0.0103162278]]],
        "beta1 and 1 - beta1 are swapped: the last m is multiplied by beta1": [[[0.001, 0.019]]],
        "beta and 1 - beta are swapped in both averages": [[[0.0097152526, 0.0102847474]]],
    },
)
checks.check(
    "two steps", 2, tol=1e-4,
    fed="theta = 1; gradients 2, -5; learning rate 0.3, beta1 = 0.5, beta2 = 0.75: m_hat = 2, -8/3 and v_hat = 4, 16",
    got=lambda: probes.trajectory(
        lambda ps: Adam(ps, learning_rate=0.3, beta1=0.5, beta2=0.75), [1.0], [[2.0], [-5.0]]
    ),
    want=[[0.7, 0.9]],
    slips={
        "the learning rate is fixed at its default, 0.001": [[0.999, 0.9996667]],
        "beta1 and beta2 are swapped: beta1 belongs to m, beta2 to v": [[0.7, 0.8414214]],
        "t counts from 0 or runs ahead: it is 1 in the first step": [[0.7354337, 0.9325177]],
        "t stays 1 or is left out: the corrections grow weaker with every step": [[0.7, 0.9267787]],
        "the correction of m is missing: m_hat = m / (1 - beta1^t)": [[0.85, 1.0]],
        "the correction of v is missing: v_hat = v / (1 - beta2^t)": [[0.4, 0.7023716]],
        "the square root of v_hat is missing": [[0.85, 0.9]],
        "beta1 and beta2 are not used: these are the values for 0.9 and 0.999": [[0.7, 0.8326647]],
        "m and v start again in every step: they must remember": [[0.7, 1.0]],
        "m and v are not remembered: change them in place, a plain m = ... only renames": [[0.7, 0.9645751]],
        "m is not remembered: change it in place, a plain m = ... only renames": [[0.7, 0.95]],
        "v is not remembered: change it in place, a plain v = ... only renames": [[0.7, 0.9116599]],
        "beta1 and beta2 are swapped in the averages: beta1 belongs to m, beta2 to v": [[0.893934, 0.9569411]],
        "v is corrected by beta1: v_hat = v / (1 - beta2^t)": [[0.5757359, 0.8375974]],
        "m is corrected by beta2: m_hat = m / (1 - beta1^t)": [[0.4, 0.7428572]],
        "the corrections are multiplied: m and v are divided by them": [[0.925, 1.0375]],
        "m_hat takes the place of m: the average goes on uncorrected": [[0.7, 0.85]],
        "v_hat takes the place of v: the average goes on uncorrected": [[0.7, 0.8739835]],
        "m_hat and v_hat take the places of m and v: the averages go on uncorrected": [[0.7, 0.8304876]],
        "t is an exponent: beta^t, not beta * t": [[0.7, float("nan")]],
        "m is an average: m <- beta1 m + (1 - beta1) g": [[0.4, 0.8]],
        "v collects the squares of m: it is the average of g^2": [[0.4, 0.8855816]],
        "v collects the size of g: it is the average of g^2": [[0.5757359, 0.9908355]],
        "v collects g: it is the average of g^2": [[0.5757359, float("nan")]],
        "v only adds up: v <- beta2 v + (1 - beta2) g^2": [[0.7, 0.8485563]],
        "g is divided by the root: it is m_hat": [[0.7, 1.075]],
        "beta1 is fixed at 0.9": [[0.7, 0.8263158]],
        "beta2 is fixed at 0.999": [[0.7, 0.9100522]],
        "the correction of m uses 0.9: it is beta1 ** t": [[-0.5, 0.2894737]],
        "the correction of v uses 0.999: it is beta2 ** t": [[0.9810264, 0.9945455]],
        "the size of the gradient is lost: it is not clipped here": [[0.7, 0.8]],
    },
)
checks.check(
    "two parameters, each with its own m and v", 0.5, tol=1e-4,
    fed="theta = 1 and 1; gradients 2 and -4, then -5 and 10; learning rate 0.3, beta1 = 0.5, beta2 = 0.75",
    got=lambda: probes.trajectory(
        lambda ps: Adam(ps, learning_rate=0.3, beta1=0.5, beta2=0.75), [1.0, 1.0], [[2.0, -4.0], [-5.0, 10.0]]
    ),
    want=[[0.7, 0.9], [1.3, 1.1]],
    slips={
        "the parameters share m and v: each has its own, by its place in the list": [[0.7, 0.9745001], [1.2064742, 1.049502]],
        "the parameters share m: each has its own, by its place in the list": [[0.7, 1.025], [1.225, 1.05625]],
        "the parameters share v: each has its own, by its place in the list": [[0.7, 0.8689232], [1.2752989, 1.0892578]],
        "t rises for each parameter: it counts the steps, or this parameter's own": [[0.7, 0.897063], [1.2645751, 1.0645751]],
    },
)
checks.check(
    "epsilon stands outside the root, after the correction", 1.5, tol=1e-4,
    fed="theta = 1, gradient 1, learning rate 0.2, epsilon = 1: the step is 0.2 * 1 / (1 + 1)",
    got=lambda: probes.trajectory(lambda ps: Adam(ps, learning_rate=0.2, epsilon=1.0), [1.0], [[1.0]]),
    want=[[0.9]],
    slips={
        "epsilon is inside the root: sqrt(v_hat) + epsilon": [[0.8585786]],
        "epsilon is not used, or is fixed at its default": [[0.8]],
        "epsilon is added before v is corrected: sqrt(v_hat) + epsilon": [[0.9938693]],
        "epsilon is added to the quotient, a bracket is missing: m_hat / (sqrt(v_hat) + epsilon)": [[0.6]],
    },
)
checks.check(
    "weight decay is added to the gradient", 1.5, tol=1e-4,
    fed="theta = 1, gradient -1, learning rate 0.1, weight_decay 3: g = -1 + 3 points the other way",
    got=lambda: probes.trajectory(lambda ps: Adam(ps, learning_rate=0.1, weight_decay=3.0), [1.0], [[-1.0]]),
    want=[[0.9]],
    slips={
        "weight decay is ignored or subtracted: g <- g + weight_decay * theta": [[1.1]],
        "this is decoupled weight decay (AdamW's): here it is added to g, before m and v": [[0.8]],
        "the decay is taken off theta without the learning rate": [[-1.9]],
        "this is decoupled weight decay, after the step: here it is added to g, before m and v": [[0.77]],
        "the decayed g is used for v alone: m needs it too": [[1.05]],
    },
)
checks.check(
    "a parameter without a gradient is skipped, the next one is not", 1.5,
    fed="three parameters; gradients None, 0.5, None; which of them move",
    got=lambda: probes.moved(lambda ps: Adam(ps), [0.01, 0.01, 0.01], [[None, 0.5, None]]),
    want=[False, True, False],
    slips={"the first None ends the whole step: only that parameter is skipped": [False, False, False]},
)
checks.check(
    "the gradient is left as it was", 1, needs="the first step has the size of the learning rate",
    fed="gradient 5 in two steps, then with weight_decay 2.5 as well; the gradient after each step",
    got=lambda: [
        probes.gradients(lambda ps: Adam(ps), [2.0], [[5.0]], again=2),
        probes.gradients(lambda ps: Adam(ps, weight_decay=2.5), [2.0], [[5.0]], again=2),
    ],
    want=[[[5.0], [5.0]], [[5.0], [5.0]]],
    slips={
        "step() clears the gradient: that is the work of zero_grad()": [[[None], [None]], [[None], [None]]],
        "weight decay was added into the gradient itself: make a new array": [[[5.0], [5.0]], [[10.0], [14.9975]]],
        "the gradient is squared in place: make a new array": [[[25.0], [625.0]], [[5.0], [5.0]]],
    },
)
checks.check(
    "zero_grad() sets each grad to None", 1, needs="the first step has the size of the learning rate",
    fed="two parameters with gradients 0.5 and 2, one without; step(), then zero_grad()",
    got=lambda: probes.cleared(lambda ps: Adam(ps), [1.0, 1.0, 1.0], [[0.5, None, 2.0]]),
    want=[None, None, None],
    slips={
        "zeros are not None: later code asks whether there is a gradient": [0.0, None, 0.0],
        "zeros are not None, and a parameter without a gradient stays without one": [0.0, 0.0, 0.0],
        "the gradients are still there": [0.5, None, 2.0],
        "the last gradient is still there: every parameter has its turn": [None, None, 2.0],
        "the first gradient is still there: every parameter has its turn": [0.5, None, None],
    },
)
### BEGIN HIDDEN TESTS
import numpy as np

hidden = hidden_inputs("08_optimizers", "test-adam")


def hidden_array(*shape, dtype=np.float32):
    """Numbers away from 0, of both signs."""
    signs = hidden.choice([-1.0, 1.0]) * (-1.0) ** np.arange(np.prod(shape, dtype=int)).reshape(shape)
    return np.asarray(signs * hidden.uniform(0.5, 1.5, size=shape), dtype)


def adam_oracle(
    start, fed, rates, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0, own_count=True, turns=1, kept=1.0, shared=False
):
    """float64, from the formulas; t counts the parameter's updates or all steps. Several optimizers may take turns.

    Two slips: m and v are not `kept` (0) between the steps; the optimizers have `shared` moments.
    """
    every = []
    for j, theta in enumerate(start):
        theta, m, v, t, values = np.float64(theta), [0.0] * turns, [0.0] * turns, [0] * turns, []
        for k, (given, rate) in enumerate(zip(fed, rates)):
            i = k % turns
            t[i] += 1 if given[j] is not None or not own_count else 0
            if given[j] is not None:
                g = np.float64(given[j]) + weight_decay * theta
                s = 0 if shared else i
                m[s] = beta1 * kept * m[s] + (1 - beta1) * g
                v[s] = beta2 * kept * v[s] + (1 - beta2) * g**2
                theta = theta - rate * (m[s] / (1 - beta1 ** t[i])) / (np.sqrt(v[s] / (1 - beta2 ** t[i])) + epsilon)
            values.append(theta)
        every.append(values)
    return every


hidden_shapes = [(), (3,), (2, 4), (3,)]
hidden_start = [hidden_array(*shape) for shape in hidden_shapes]
hidden_small = [theta / 100 for theta in hidden_start]
hidden_fed = [[hidden_array(*shape) for shape in hidden_shapes] for _ in range(10)]
checks.check(
    "hidden: ten steps with the default betas", 1, tol=1e-4,
    fed=f"parameters of shapes {hidden_shapes}, learning rate 0.001; zero_grad() before each step",
    got=lambda: probes.trajectory(lambda ps: Adam(ps), hidden_small, hidden_fed, clearing=True),
    want=adam_oracle(hidden_small, hidden_fed, [0.001] * 10),
    slips={
        "m and v are lost between the steps: step() has to remember them, and zero_grad() to leave them alone": adam_oracle(
            hidden_small, hidden_fed, [0.001] * 10, kept=0.0
        ),
    },
)
hidden_betas = float(hidden.uniform(0.3, 0.7)), float(hidden.uniform(0.8, 0.95))
hidden_rates = [float(rate) for rate in hidden.uniform(0.1, 0.3, size=10)]
checks.check(
    "hidden: other betas, and a learning rate that changes", 1.5, tol=1e-4,
    fed=f"(beta1, beta2) = {hidden_betas}, learning_rate 0.7 at first, then set to {hidden_rates} before the steps",
    got=lambda: probes.trajectory(
        lambda ps: Adam(ps, 0.7, hidden_betas[0], hidden_betas[1]), hidden_start, hidden_fed, hidden_rates
    ),
    want=adam_oracle(hidden_start, hidden_fed, hidden_rates, *hidden_betas),
    slips={
        "beta1 and beta2 are swapped: after learning_rate comes beta1": adam_oracle(
            hidden_start, hidden_fed, hidden_rates, *hidden_betas[::-1]
        ),
        "the first learning rate is kept: step() has to use self.learning_rate as it is now": adam_oracle(
            hidden_start, hidden_fed, [0.7] * 10, *hidden_betas
        ),
    },
)
hidden_tiny = [[1e-8 * g for g in given[:3]] for given in hidden_fed[:3]]
checks.check(
    "hidden: gradients near epsilon", 1, tol=1e-4,
    fed="three steps with gradients of about 1e-8, learning rate 0.001, epsilon as it is by default",
    got=lambda: probes.trajectory(lambda ps: Adam(ps), hidden_small[:3], hidden_tiny),
    want=adam_oracle(hidden_small[:3], hidden_tiny, [0.001] * 3),
)
hidden_wd = float(hidden.uniform(0.5, 1.0))
hidden_pull = [[np.copysign(g, theta) for g, theta in zip(given, hidden_start)] for given in hidden_fed[:4]]
checks.check(
    "hidden: weight decay over several steps", 1, tol=1e-4,
    fed=f"gradients of the parameters' own signs, four steps, learning rate 0.1, weight_decay {hidden_wd}",
    got=lambda: probes.trajectory(
        lambda ps: Adam(ps, learning_rate=0.1, weight_decay=hidden_wd), hidden_start, hidden_pull
    ),
    want=adam_oracle(hidden_start, hidden_pull, [0.1] * 4, weight_decay=hidden_wd),
)
hidden_wide = [hidden_array(5, dtype=np.float64) / 100, hidden_array(2, 2, dtype=np.float64) / 100]
hidden_steps = [[1e6 * hidden_array(5, dtype=np.float64), 1e6 * hidden_array(2, 2, dtype=np.float64)] for _ in range(4)]
checks.check(
    "hidden: float64 to all its digits", 1, tol=1e-11,
    fed="four steps of two float64 parameters, learning rate 0.001",
    got=lambda: probes.trajectory(lambda ps: Adam(ps), hidden_wide, hidden_steps),
    want=adam_oracle(hidden_wide, hidden_steps, [0.001] * 4),
)
hidden_sum = probes.size(adam_oracle(hidden_start, hidden_fed[:1], [0.001]))  # a side condition counts where the values are right
checks.check(
    "hidden: dtype and shape stay", 1, needs="the first step has the size of the learning rate",
    fed="two steps of parameters of shapes (), (3,), (2, 4), (3,) in float32 and (5,), (2, 2) in float64; and the sum of all sizes after one plain step",
    got=lambda: [
        *probes.kinds(
            lambda ps: Adam(ps, weight_decay=hidden_wd),
            hidden_start + hidden_wide,
            [hidden_fed[0] + hidden_steps[0], hidden_fed[1] + hidden_steps[1]],
        ),
        probes.size(probes.trajectory(lambda ps: Adam(ps), hidden_start, hidden_fed[:1])),
    ],
    want=["float32 ()", "float32 (3,)", "float32 (2, 4)", "float32 (3,)", "float64 (5,)", "float64 (2, 2)", hidden_sum],
    slips={
        "float32 becomes float64: keep the parameter's own dtype": [*(f"float64 {shape}" for shape in [*hidden_shapes, (5,), (2, 2)]), hidden_sum],
        "float64 becomes float32: keep the parameter's own dtype": [*(f"float32 {shape}" for shape in [*hidden_shapes, (5,), (2, 2)]), hidden_sum],
    },
)
hidden_holes = [list(given) for given in hidden_fed[:5]]
hidden_holes[0][3] = hidden_holes[1][0] = hidden_holes[2][1] = hidden_holes[3][3] = hidden_holes[3][2] = None
checks.check(
    "hidden: a gradient that is missing for one step", 1, tol=1e-4,
    fed="four parameters; gradients 3, 0, 1, and both 2 and 3 are None in steps 1, 2, 3, 4 (either count of t is right)",
    got=lambda: probes.trajectory(lambda ps: Adam(ps), hidden_small, hidden_holes),
    want=adam_oracle(hidden_small, hidden_holes, [0.001] * 5),
    also=[adam_oracle(hidden_small, hidden_holes, [0.001] * 5, own_count=False)],
    slips={
        "a missing gradient is no gradient of 0: that parameter, its m and its v stay as they are": adam_oracle(
            hidden_small, [[0.0 if g is None else g for g in given] for given in hidden_holes], [0.001] * 5
        ),
    },
)
hidden_long = [hidden_fed[k // 2] for k in range(6)]
checks.check(
    "hidden: two optimizers over the same parameters share nothing", 1, tol=1e-4,
    fed="two optimizers over the same parameters take turns",
    got=lambda: probes.trajectory(lambda ps: probes.Turns(Adam(ps), Adam(ps)), hidden_small, hidden_long),
    want=adam_oracle(hidden_small, hidden_long, [0.001] * 6, turns=2),
    slips={
        "the two share their moments: each object makes its own in __init__": adam_oracle(
            hidden_small, hidden_long, [0.001] * 6, turns=2, shared=True
        ),
    },
)
checks.check(
    "hidden: step_count, and two moments for each parameter", 1, needs="the first step has the size of the learning rate",
    fed="four parameters, two steps: step_count after each, len(first_moment), len(second_moment), step_count after a step without gradients; the sum of all sizes after one plain step",
    got=lambda: [
        *probes.bookkeeping(lambda ps: Adam(ps), hidden_start, hidden_fed[:2], ["first_moment", "second_moment"]),
        probes.size(probes.trajectory(lambda ps: Adam(ps), hidden_start, hidden_fed[:1])),
    ],
    want=[1, 2, 4, 4, 3, hidden_sum],
    slips={
        "step_count rises once in each step(), not once for each parameter": [4, 8, 4, 4, 8, hidden_sum],
        "step_count rises in each step(), also where no parameter has a gradient": [1, 2, 4, 4, 2, hidden_sum],
        "step_count does not rise": [0, 0, 4, 4, 0, hidden_sum],
        "step_count begins at 0": [2, 3, 4, 4, 4, hidden_sum],
    },
)
### END HIDDEN TESTS
checks.score()

# %% nbgrader={"grade": false, "grade_id": "show-scales-adam", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
paths = descend(Adam([weights(np.ones(400))], learning_rate=0.02), lambda theta: spread * theta, 300)
by_adam = paths[-1]
show(
    draw_scales(by_adam),
    alt=(
        "The figure before with Adam's curve added: a flat line close to 0 for every "
        "curvature, while SGD leaves the weights of small curvature near 1."
    ),
)
print(f"between step 0 and 300 Adam's 400 paths are never further apart than {np.ptp(paths, axis=1).max():.3f}")
assert np.abs(by_adam).max() < 0.01 and np.ptp(paths, axis=1).max() < 0.02

# %% [markdown]
r"""
Every weight arrives, whatever its curvature, and nearly on the same path.

### The first step is the learning rate times a sign

At $t = 1$ the correction gives $\hat m = g$ and $\hat v = g^2$, so the step is $\eta\, g / (|g| + \epsilon)$: where the slope is far above $\epsilon$, its size cancels.
"""

# %% nbgrader={"grade": false, "grade_id": "show-first-step", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
slopes = np.geomspace(1e-11, 1e3, 400)


def first_step(optimizer):
    return -np.diff(descend(optimizer, lambda theta: slopes, 1), axis=0)[0]


fig, ax = new()
for step, text, at, place in (
    (first_step(Adam([weights(np.zeros(400))], learning_rate=0.01)), "Adam", 200, (0, -12)),
    (first_step(SGD([weights(np.zeros(400))], learning_rate=0.01)), "SGD", 200, (8, -6)),
):
    (line,) = ax.loglog(slopes, step)
    label(ax, line, text, at=at, offset=place)
for slope, guess in zip((1e-3, 1e3), guess_first_step, strict=True):
    if guess is not None:
        ax.plot(slope, guess, "kx", markersize=9)
mark(ax, 1e-8, "epsilon", height=0.04)
ax.set(
    title="The first step, learning rate 0.01 (crosses: your predictions)",
    xlabel="slope",
    ylabel="step",
)
show(
    fig,
    alt=(
        "SGD's first step is proportional to the slope. Adam's is 0.01 for all slopes from a "
        "millionth to a thousand, and shrinks where the slope comes near epsilon, 1e-8."
    ),
)
adam_step = first_step(Adam([weights(np.zeros(400))], learning_rate=0.01))
assert np.allclose(adam_step, 0.01 * slopes / (slopes + 1e-8))
assert np.allclose(adam_step[slopes > 1e-6], 0.01, rtol=0.01)

# %% [markdown]
"""
### What bias correction is for

A common account says that without the correction the first steps would be too small, because the averages start at 0. Both averages are too small, and the step is their quotient.
"""

# %% nbgrader={"grade": false, "grade_id": "predict-correction", "locked": false, "schema_version": 3, "solution": false, "task": false} tags=["prediction", "skip-execution"]
# Prediction. With beta1 = 0.9 and beta2 = 0.999 and no correction: how many learning rates long is the first step?
# A number below 1 says too short, above 1 too long.
guess_correction = None

# %% nbgrader={"grade": false, "grade_id": "show-correction", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
t = np.arange(1, 3001)
own = descend(Adam([weights([0.0])], learning_rate=0.01), lambda theta: np.array([1.0]), 3000)[:, 0]
corrected = -np.diff(own) / 0.01


def without_correction(beta1, beta2):
    """The steps under a slope of 1, in learning rates, when m and v are used as they are."""
    m = v = 0.0
    steps = []
    for _ in t:
        m, v = beta1 * m + (1 - beta1), beta2 * v + (1 - beta2)
        steps.append(m / math.sqrt(v))
    return np.array(steps)


uncorrected = without_correction(0.9, 0.999)
fig, ax = new()
for values, text, at in ((corrected, "your Adam", 5), (uncorrected, "without correction", 60)):
    (line,) = ax.semilogx(t, values)
    label(ax, line, text, at=at, offset=(6, 8))
if guess_correction is not None:
    ax.plot(1, guess_correction, "kx", markersize=9)
ax.set(
    title="Steps under a constant slope (cross: your prediction)", xlabel="t", ylabel="step / learning rate", ylim=(0, 7)
)
show(
    fig,
    alt=(
        "Corrected steps are 1 throughout. Without correction the first is 3.2 learning "
        "rates, the twelfth 6.6, the hundredth 3.2, the thousandth 1.3."
    ),
)
print(
    f"first {uncorrected[0]:.2f}, largest {uncorrected.max():.2f} at t = {uncorrected.argmax() + 1}, then {uncorrected[99]:.2f} at 100 "
    f"and {uncorrected[999]:.2f} at 1000; the first 100 steps together {uncorrected[:100].sum():.0f} instead of 100"
)
print(f"first step with beta1 = 0.99, beta2 = 0.9: {without_correction(0.99, 0.9)[0]:.3f}")
assert np.allclose(corrected, 1, atol=1e-4) and uncorrected.argmax() + 1 == 12
assert np.allclose(uncorrected, (1 - 0.9**t) / np.sqrt(1 - 0.999**t))
assert math.isclose(without_correction(0.99, 0.9)[0], 0.01 / math.sqrt(0.1))

# %% [markdown]
r"""
Too large. With these betas the square's average lags more than the mean's, so the quotient is too large for more than a thousand steps; the first is $(1-\beta_1)/\sqrt{1-\beta_2}$ learning rates long. (With $1-\beta_1 < \sqrt{1-\beta_2}$ it would be too short: it depends on the betas.)

### The loss times a million
"""

# %% nbgrader={"grade": false, "grade_id": "predict-million", "locked": false, "schema_version": 3, "solution": false, "task": false} tags=["prediction", "skip-execution"]
# Prediction, in words. Multiply the loss by a million and change nothing else. What becomes of SGD's path, and of Adam's?
guess_million = None

# %% nbgrader={"grade": false, "grade_id": "show-loss-scale", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
fig, axes = new(2, width=9.5, sharey=True)
paths = {}
for ax, make, name in (
    (axes[0], lambda p: SGD(p, learning_rate=0.05), "SGD, rate 0.05"),
    (axes[1], lambda p: Adam(p, learning_rate=0.5), "Adam, rate 0.5"),
):
    for scale, text in ((1e-6, "times a millionth"), (1.0, "times 1"), (1e6, "times a million")):
        path = paths[name, scale] = descend(
            make([weights(start)]), lambda theta: scale * curvatures * theta, 20
        )
        (line,) = ax.semilogy(np.clip(valley(*path.T), 1e-3, 1e6))
        if ax is axes[0]:
            label(
                ax,
                line,
                text,
                at=12 if scale < 1e6 else 1,
                offset=(6, {1e-6: 9, 1.0: -12, 1e6: -9}[scale]),
            )
    ax.set(title=name, xlabel="step", xticks=range(0, 21, 5))
axes[0].set(ylabel="the valley's own loss (cut at 10⁶)", ylim=(1e-3, 3e6))
label(axes[1], line, "all three", at=12, offset=(6, 8))
show(
    fig,
    alt=(
        "Left, SGD: with the loss times a millionth nothing moves, times 1 it falls, times a "
        "million it explodes. Right, Adam: the three curves lie on each other."
    ),
)
print(f"your prediction: {guess_million}")
sgd, adam = ([paths[name, scale] for scale in (1e-6, 1.0, 1e6)] for name in ("SGD, rate 0.05", "Adam, rate 0.5"))
assert np.allclose(sgd[0], start, atol=1e-3) and np.abs(sgd[1][-1]).max() < 9 and np.abs(sgd[2][1:]).min() > 1e5
assert np.allclose(adam[1], adam[2], atol=1e-6) and np.allclose(adam[1], adam[0], atol=0.05)
print(
    f"largest difference of Adam's paths: times a million {np.abs(adam[2] - adam[1]).max():.1e}, "
    f"times a millionth {np.abs(adam[0] - adam[1]).max():.1e} (here epsilon begins to count)"
)

# %% [markdown]
r"""
The factor appears in $m$ and in $\sqrt v$ alike and cancels, but for $\epsilon$. So Adam (without weight decay) needs no new learning rate when the loss of a batch is summed instead of averaged, and one value (0.001 is the default) serves many networks.

### Turn the bowl by 45 degrees

Adam's step sizes belong to the weights one by one. What if the valley does not run along one of them?
"""

# %% nbgrader={"grade": false, "grade_id": "predict-turn", "locked": false, "schema_version": 3, "solution": false, "task": false} tags=["prediction", "skip-execution"]
# Prediction. The valley turned by 45 degrees, with equal settings: who needs more steps than before, "SGD", "Adam", "both" or "neither"?
guess_turn = None

# %% nbgrader={"grade": false, "grade_id": "show-rotation", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
def steps_needed(make, angle, steps=400):
    """Steps until the loss stays below a thousandth of the first."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    bowl = turn @ np.diag([1.0, 100.0]) @ turn.T
    path = descend(make([weights(turn @ [2.0, 0.5])]), lambda theta: bowl @ theta, steps)
    loss = np.einsum("ti,ij,tj->t", path, bowl, path)
    return int(np.argmax(np.append(np.maximum.accumulate(loss[::-1])[::-1], 0) < 1e-3 * loss[0]))


rates = np.geomspace(0.02, 0.5, 8)
adam = np.array(
    [
        [steps_needed(lambda p: Adam(p, learning_rate=rate), angle) for rate in rates]
        for angle in (0, np.pi / 4)
    ]
)
sgd = [
    steps_needed(lambda p: SGD(p, learning_rate=0.018, momentum=0.8), angle)
    for angle in (0, np.pi / 4)
]
fig, ax = new()
for values, text in zip(
    adam, ("Adam, valley along a weight", "Adam, turned by 45 degrees"), strict=True
):
    (line,) = ax.semilogx(rates, values, marker="o", markersize=4)
    label(ax, line, text, at=2, offset=(8, 10))
(line,) = ax.semilogx(rates, np.full(8, sgd[0]), color="black", linestyle=":")
label(ax, line, f"SGD with momentum, rate 0.018: {sgd[0]} and {sgd[1]}", at=0, offset=(0, -11))
ax.set_xticks(rates, [f"{rate:.2f}" for rate in rates])
ax.minorticks_off()
ax.set(
    ylim=(-30, 420),
    yticks=range(0, 401, 100),
    title="Steps to a thousandth of the first loss (401: not in 400)",
    xlabel="Adam's learning rate",
    ylabel="steps",
)
show(
    fig,
    alt=(
        "Adam needs more steps on the turned valley, several times as many at small learning "
        "rates; at large ones the two meet. SGD needs the same number for both."
    ),
)
print(f"your prediction: {guess_turn}; Adam's best: {adam[0].min()} steps along a weight, {adam[1].min()} turned")
assert sgd[0] == sgd[1] and np.all(adam[1, :4] > 2.5 * adam[0, :4]) and adam[1].min() < 1.2 * adam[0].min()

# %% [markdown]
r"""
SGD does not know which way the axes run: turn the bowl and its path turns with it. Adam evens out gentle and steep directions only where they are the weights'. Turned, a small learning rate takes several times as many steps; a larger one, chosen anew, nearly makes up for it here.

### Weight decay inside Adam

The rule adds $\delta\theta$ to the slope, and then divides by $\sqrt{\hat v}$, decay and all. Below, 400 weights start at 1, and their slopes change sign, $+s, -s, -s, +s, \dots$, so that only the decay moves them in the long run.
"""

# %% nbgrader={"grade": false, "grade_id": "predict-decay", "locked": false, "schema_version": 3, "solution": false, "task": false} tags=["prediction", "skip-execution"]
# Prediction. Which weights does Adam's decay shrink less: those with "large" slopes s, or those with "small" ones?
guess_decay = None

# %% nbgrader={"grade": false, "grade_id": "show-decay", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
size = np.geomspace(1e-3, 1e3, 400)


def decayed(make):
    signs = iter(np.resize([1.0, -1.0, -1.0, 1.0], 600))
    return descend(make([weights(np.ones(400))]), lambda theta: size * next(signs), 600)[-1]


def draw_decay(*more):
    fig, ax = new()
    by_sgd = decayed(lambda p: SGD(p, learning_rate=0.01, weight_decay=0.1))
    by_adam = decayed(lambda p: Adam(p, learning_rate=0.01, weight_decay=0.1))
    for values, text, at, place in (
        (by_sgd, "SGD", 60, (0, 8)),
        (by_adam, "Adam", 90, (0, 12)),
        *more,
    ):
        (line,) = ax.semilogx(size, values)
        label(ax, line, text, at=at, offset=place)
    ax.set(
        title="What 600 steps with weight decay 0.1 leave of 1",
        xlabel="size s of the slopes",
        ylabel="weight",
        ylim=(-0.05, 1.1),
    )
    return fig, by_sgd, by_adam


fig, by_sgd, by_adam = draw_decay()
show(
    fig,
    alt=(
        "SGD shrinks every weight to 0.55, whatever the slopes. Adam brings weights with "
        "small slopes to 0 and leaves those with large slopes at 1."
    ),
)
print(f"your prediction: {guess_decay}")
assert np.allclose(by_sgd, (1 - 0.01 * 0.1) ** 600, atol=0.01)
assert abs(by_adam[0]) < 0.05 and by_adam[-1] > 0.95

# %% [markdown]
r"""
SGD shrinks every weight by the factor $1-\eta\delta$ per step, as asked. In Adam, weights with large slopes hardly decay, and weights with small ones go to 0. AdamW ([Loshchilov and Hutter, 2019](https://arxiv.org/abs/1711.05101)) takes the decay out of the slope, and shrinks the weight itself: $\theta \leftarrow (1-\eta\delta)\,\theta$. You can write it in section 7.

### Where Adam fails: the worst point

A weight is kept in $[-1, 1]$. The slope is $C = 4$ at every third step and $-1$ at the two others: on average the loss falls to the left, and $-1$ is the best point ([Reddi, Kale and Kumar, 2018](https://arxiv.org/abs/1904.09237)). Adam runs with the paper's $\beta_1 = 0$, $\beta_2 = 1/(1+C^2)$ (and a constant learning rate, where the paper's falls as $1/\sqrt t$).
"""

# %% nbgrader={"grade": false, "grade_id": "show-worst-point", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
C = 4


def walk(optimizer, steps=600):
    slopes = iter(np.resize([C, -1.0, -1.0], steps))
    (parameter,) = optimizer.parameters
    path = []
    for _ in range(steps):
        path.append(descend(optimizer, lambda theta: np.array([next(slopes)]), 1)[-1, 0])
        np.clip(parameter.data.data, -1, 1, out=parameter.data.data)
    return np.clip(path, -1, 1)


by_sgd = walk(SGD([weights([0.0])], learning_rate=0.01))
by_adam = walk(Adam([weights([0.0])], learning_rate=0.01, beta1=0.0, beta2=1 / (1 + C**2)))
by_default = walk(Adam([weights([0.0])], learning_rate=0.01))
fig, ax = new()
for values, text, place in (
    (by_sgd, "SGD", (8, 0)),
    (by_adam, "Adam, short memory", (14, -6)),
    (by_default, "Adam, default betas", (-10, 14)),
):
    (line,) = ax.plot(values)
    label(ax, line, text, at=130, offset=place)
ax.set(title="Two steps to the right, one long slope to the left", xlabel="step", ylabel="weight")
left_move, *right_moves = np.diff(by_adam[149:153]) / 0.01
print(
    f"Adam's three moves, in learning rates: {left_move:.2f} for the slope {C}, then {right_moves[0]:.2f} and {right_moves[1]:.2f}"
)
show(
    fig,
    alt=(
        "SGD falls to -1, the best point. Adam with a short memory climbs to +1, the worst "
        "point. Adam with the default betas goes to -1."
    ),
)
assert 0 < -left_move < sum(right_moves)
assert by_adam[-30:].mean() > 0.95 and by_sgd[-30:].mean() < -0.9 and by_default[-30:].mean() < -0.9

# %% [markdown]
r"""
The rare large slope inflates $v$ at once and so shrinks its own step to about one learning rate. Then $v$ forgets it, and the two small slopes together move further than that, in the wrong direction. The default betas remember long enough for this sequence; the paper constructs a sequence for every pair with $\beta_1 < \sqrt{\beta_2}$.

### Two zero training losses

Adam and SGD can both fit the training data exactly, and still be different models. In this data ([after Wilson et al., 2017](https://arxiv.org/abs/1705.08292)) the first feature is the label, $\pm 1$; two features are always 1; and every example has features that no other example has: one if its label is 1, five if it is $-1$. Test examples bring features of their own, whose weights were never trained.
"""

# %% nbgrader={"grade": false, "grade_id": "show-two-minima", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
rng = np.random.default_rng(0)
count = 60
labels = np.where(rng.random(count) < 0.6, 1.0, -1.0)
features = np.zeros((count, 3 + 5 * count))
features[:, 0], features[:, 1:3] = labels, 1.0
for i in range(count):
    features[i, 3 + 5 * i : 3 + 5 * i + (1 if labels[i] > 0 else 5)] = 1.0
test_labels = np.where(rng.random(1000) < 0.6, 1.0, -1.0)

fig, (left, right) = new(2, width=9.5)
shared = {}
for make, text, at, place in (
    (lambda p: SGD(p, learning_rate=0.3, momentum=0.9), "SGD", 60, (8, 10)),
    (lambda p: Adam(p, learning_rate=0.01), "Adam", 250, (-64, -22)),
):
    path = descend(
        make([weights(np.zeros(features.shape[1]))]), lambda w: features.T @ (features @ w - labels) / count, 400
    )
    train_loss = ((path @ features.T - labels) ** 2).mean(axis=1)
    scores = path[:, :1] * test_labels + path[:, 1:2] + path[:, 2:3]
    accuracy = (np.sign(scores) == test_labels).mean(axis=1)
    shared[text] = path[-1, :3]
    (line,) = left.semilogy(train_loss)
    label(left, line, text, at=at, offset=place)
    (line,) = right.plot(100 * accuracy)
    label(right, line, text, at=250, offset=(0, -10))
    print(f"{text}: weights of the label {path[-1, 0]:.2f}, of the two ones {path[-1, 1]:.2f} and {path[-1, 2]:.2f}")
    assert train_loss[-1] < 1e-12 and accuracy[-1] == (1.0 if text == "SGD" else np.mean(test_labels == 1))
left.set(title="Training loss", xlabel="step", ylim=(1e-16, 10))
right.set(title="Test accuracy, percent", xlabel="step", ylim=(0, 105))
show(
    fig,
    alt=(
        "Both training losses fall below a millionth of a millionth. SGD's test accuracy is "
        "100 percent; Adam's is 59 percent, the share of the label 1."
    ),
)
assert shared["SGD"][0] > 0.9 and np.allclose(shared["Adam"], 0.25, atol=1e-3)

# %% [markdown]
r"""
SGD's steps are proportional to the slopes. The slopes of the label's weight add up over all examples, so it gets nearly all. Adam's steps have one size for every weight that has a slope: all end at $\pm 0.25$, and the private features supply what is missing on the training data. On test data the two features that are always 1 outvote the label, and Adam always answers 1. The example was made for this purpose. On real tasks either may win: so compare test accuracy, not training loss.

**Question.** Three results of this section have one cause: the loss times a million, the turned bowl, and the two zero training losses. Which property of Adam's step is it? Name a kind of model or data where you would want this property, and say why.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "reflect-adam", "locked": false, "points": 0, "schema_version": 3, "solution": true, "task": false}
"""
### BEGIN SOLUTION
The step of each weight depends on that weight's own slopes only, relative to their own usual size: dividing by sqrt(v_hat) removes the scale,
weight by weight. That makes Adam blind to the loss's scale (good), dependent on the axes (the turned bowl), and equal in its
treatment of a shared and a private feature (the two minima).
Wanted where scales differ from weight to weight for no good reason: embeddings of rare words, sparse features, layers with very different
gradient sizes (transformers). Full answer: the property, and one sensible case with its reason.
### END SOLUTION
"""

# %% [markdown]
r"""
## 4. Learning-rate schedules

A network's slopes come from a small batch of data, so they are noisy. Take the loss $\frac{1}{2}\lambda\theta^2$ and add to each slope independent noise of mean 0 and standard deviation $\sigma$. The squared weight then obeys, on average, $\theta^2 \leftarrow (1-\eta\lambda)^2\,\theta^2 + \eta^2\sigma^2$. It stops falling where both sides are equal, at the *noise floor*:

$$\text{loss} = \frac{\lambda}{2}\,\theta^2 = \frac{\eta\,\sigma^2}{2\,(2-\eta\lambda)}$$

For small $\eta\lambda$ the floor is in proportion to the learning rate.
"""

# %% nbgrader={"grade": false, "grade_id": "show-noise-floor", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
def noisy_losses(make, before_step=lambda optimizer: None, steps=400, runs=1000):
    """The mean loss of many weights that start at 5, with lambda = sigma = 1."""
    rng = np.random.default_rng(0)
    optimizer = make([weights(np.full(runs, 5.0))])
    losses = [12.5]
    for _ in range(steps):
        before_step(optimizer)
        theta = descend(optimizer, lambda theta: theta + rng.normal(size=runs), 1)[-1]
        losses.append(0.5 * np.mean(theta**2))
    return np.array(losses)


def draw_floors(*more):
    fig, ax = new()
    places = {0.5: (330, (4, 10)), 0.05: (30, (6, 4)), 0.01: (160, (4, 10))}
    for values, text, (at, place) in (*((constant[rate], f"rate {rate}", places[rate]) for rate in constant), *more):
        (line,) = ax.semilogy(values)
        label(ax, line, text, at=at, offset=place)
    ax.set(title="Noisy slopes: mean loss of 1000 runs", xlabel="step", ylabel="loss", ylim=(1e-3, 20))
    return fig


constant = {rate: noisy_losses(lambda p: SGD(p, learning_rate=rate)) for rate in (0.5, 0.05, 0.01)}
show(
    draw_floors(),
    alt=(
        "At rate 0.5 the loss falls at once and stays at 0.17; at 0.05 it falls more slowly "
        "to 0.013; at 0.01 it is still falling after 400 steps."
    ),
)
for rate in (0.5, 0.05):
    floor = rate / (2 * (2 - rate))
    print(f"rate {rate}: measured {constant[rate][-100:].mean():.4f}, by the formula {floor:.4f}")
    assert math.isclose(constant[rate][-100:].mean(), floor, rel_tol=0.05)
assert constant[0.01][-1] < 0.9 * constant[0.01][-50]

# %% [markdown]
r"""
A large rate is fast and stops high; a small one is slow and ends low. So begin with a large one and lower it. The simplest schedule, `StepLR`, multiplies the rate by $\gamma$ after every $s$ epochs (an epoch is one pass over the data; $e = 0, 1, 2, \dots$):

$$\eta_e = \eta_0\,\gamma^{\lfloor e/s \rfloor}$$

For $\eta_0 = 0.5$, $s = 3$ and $\gamma = 0.1$, where `//` is the division that rounds down:
"""

# %% nbgrader={"grade": false, "grade_id": "show-hand-schedule", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
for epoch in (0, 1, 2, 3, 5, 6):
    print(
        f"epoch {epoch}: {epoch} // 3 = {epoch // 3}   rate 0.5 * 0.1 ** {epoch // 3} = {0.5 * 0.1 ** (epoch // 3):g}"
    )
assert math.isclose(0.5 * 0.1 ** (5 // 3), 0.05)

# %% [markdown]
"""
### Two conventions

Here, `step()` **opens** an epoch: call it at the top of the loop, and its first call opens epoch 0, which leaves the rate as it was. PyTorch's StepLR is called at the end of the epoch. Each epoch gets the same rate either way; the calls are numbered differently.
"""

# %% nbgrader={"grade": false, "grade_id": "predict-first-decay", "locked": false, "schema_version": 3, "solution": false, "task": false} tags=["prediction", "skip-execution"]
# Prediction. step_size is 3. Which call of step() is the first that lowers the rate: 1, 2, 3 or 4?
guess_first_decay = None

# %% [markdown]
"""
### Your turn: `StepLR.step` (3 lines)

The $k$-th call opens epoch $k-1$. `self.step_count` counts the calls and begins at 0; `self.initial_lr` is the rate that the optimizer had at first. The only thing to change outside is `self.optimizer.learning_rate`.

<details><summary>Hint 1</summary>

Before you count this call, `self.step_count` is exactly the number of the epoch that it opens.

</details>
<details><summary>Hint 2</summary>

Compute the rate from `self.initial_lr` each time, with `self.gamma ** (epoch // self.step_size)`.

</details>
"""

# %% nbgrader={"grade": false, "grade_id": "scheduler-base", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| export
class Scheduler:
    """Changes an optimizer's `learning_rate`, and only that. A subclass writes `step()`, called at the top of each epoch."""

    def __new__(cls, *_, **options):
        answer_foreign_names(cls.__name__, options, cls.__init__)
        return super().__new__(cls)

    def __init__(self, optimizer):
        if not hasattr(optimizer, "learning_rate"):
            raise TypeError(f"{type(self).__name__}: a {type(optimizer).__name__} has no learning_rate: give an optimizer")
        self.optimizer = optimizer
        self.initial_lr = optimizer.learning_rate
        self.step_count = 0

    def get_lr(self) -> float:
        """The optimizer's current rate."""
        return self.optimizer.learning_rate

    def state_dict(self) -> dict:
        """The numbers that a later run needs besides the optimizer's own state."""
        return {name: value for name, value in vars(self).items() if isinstance(value, (int, float))}

    def load_state_dict(self, state) -> None:
        """Go on where `state` was taken (load the optimizer's own state as well)."""
        owner, ours = f"{type(self).__name__}.load_state_dict", self.state_dict()
        if not hasattr(state, "keys"):
            raise TypeError(f"{owner}: wants what state_dict() gave, got a {type(state).__name__}")
        if odd := sorted(state.keys() ^ ours.keys()):
            raise ValueError(f"{owner}: {odd[0]} is on one side only")
        given = {name: np.asarray(state[name]) for name in ours}
        for name, value in given.items():
            if value.ndim or value.dtype.kind not in "biuf" or (name in ("step_count", "step_size") and not value >= (name == "step_size")):
                raise ValueError(f"{owner}: {name} cannot be {state[name]!r:.60}")
        vars(self).update({name: type(ours[name])(value) for name, value in given.items()})

# %% nbgrader={"grade": false, "grade_id": "steplr-class", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class StepLR(Scheduler):
    """Multiplies the learning rate by gamma after every step_size epochs.

    The k-th call of `step()` opens epoch k - 1 and sets learning_rate = initial_lr * gamma ** ((k - 1) // step_size), so it
    is called at the top of every epoch; the rates by epoch are those of PyTorch's StepLR, which is called at the end.

    >>> optimizer = SGD([Variable(1.0)], learning_rate=1.0)
    >>> schedule = StepLR(optimizer, step_size=2, gamma=0.5)
    >>> for epoch in range(5):
    ...     schedule.step()
    ...     print(epoch, schedule.get_lr())
    0 1.0
    1 1.0
    2 0.5
    3 0.5
    4 0.25
    """

    def __init__(self, optimizer, step_size: int, gamma: float = 0.1):
        super().__init__(optimizer)
        self.step_size = checked_count("StepLR", "step_size", step_size)
        self.gamma = checked_number("StepLR", "gamma", gamma)

    def step(self) -> None:
        """Open the next epoch: set its learning rate."""
        ### BEGIN SOLUTION
        epoch = self.step_count
        self.step_count += 1
        self.optimizer.learning_rate = self.initial_lr * self.gamma ** (epoch // self.step_size)
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-scheduler", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
from tinytorch import probes
from tinytorch.checks import Checks, hidden_inputs

checks = Checks("StepLR", points=10)
checks.require("StepLR is a class that this notebook defines", got=lambda: probes.written_here(StepLR))
checks.check(
    "the rates that occur", 1, tol=1e-7,
    fed="an SGD at learning rate 1, step_size 3, gamma 0.1; the different values of optimizer.learning_rate in eight calls",
    got=lambda: probes.distinct(
        probes.schedule(lambda optimizer: StepLR(optimizer, step_size=3, gamma=0.1), "SGD", 1.0, calls=8)
    ),
    want=[1.0, 0.1, 0.01],
    slips={
        "the optimizer never receives the rate: set optimizer.learning_rate, by the count of this scheduler's own calls": [1.0],
        "this decays once and then never again": [1.0, 0.1],
        "the first call decays already: it opens epoch 0, at the initial rate": [0.1, 0.01, 1e-3],
        "this decays at every call: gamma counts once for step_size epochs": [
            1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7
        ],
        "gamma divides: the rate is to fall": [1.0, 10.0, 100.0],
        "1 - gamma is used in place of gamma": [1.0, 0.9, 0.81],
        "the rate begins at 0.01: it begins at the optimizer's own learning rate": [0.01, 0.001, 0.0001],
    },
)
checks.check(
    "the rate of each of seven epochs", 1, tol=1e-7,
    fed="the same; optimizer.learning_rate after each call of step()",
    got=lambda: probes.schedule(lambda optimizer: StepLR(optimizer, step_size=3, gamma=0.1), "SGD", 1.0, calls=7),
    want=[1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 0.01],
    slips={
        "this decays one call early: here step() opens an epoch, PyTorch's closes one": [1.0, 1.0, 0.1, 0.1, 0.1, 0.01, 0.01],
        "this decays one call late: the call number step_size + 1 is the first to decay": [
            1.0, 1.0, 1.0, 1.0, 0.1, 0.1, 0.1
        ],
        "the decay is spread over the epochs: the exponent is a whole number, (k - 1) // step_size": [
            1.0, 0.1 ** (1 / 3), 0.1 ** (2 / 3), 0.1, 0.1 ** (4 / 3), 0.1 ** (5 / 3), 0.01
        ],
        "the decays compound: start from initial_lr each time, or multiply by gamma once for step_size calls": [
            1.0, 1.0, 1.0, 0.1, 0.01, 1e-3, 1e-5
        ],
        "after its first decay this decays at every call: gamma counts once for step_size epochs": [
            1.0, 1.0, 1.0, 0.1, 0.01, 1e-3, 1e-4
        ],
        "the division rounds up: (k - 1) // step_size rounds down": [1.0, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01],
        "the first call opens epoch 0: here it opens epoch -1": [10.0, 1.0, 1.0, 1.0, 0.1, 0.1, 0.1],
        "gamma is raised to a power, not multiplied by the number of decays": [0.0, 0.0, 0.0, 0.1, 0.1, 0.1, 0.2],
        "gamma is taken off the rate: the rate is multiplied by it": [1.0, 1.0, 1.0, 0.9, 0.9, 0.9, 0.8],
    },
)
checks.check(
    "halved at every epoch", 1, tol=1e-7,
    fed="an SGD at learning rate 8, step_size 1, gamma 0.5, four calls",
    got=lambda: probes.schedule(lambda optimizer: StepLR(optimizer, step_size=1, gamma=0.5), "SGD", 8.0, calls=4),
    want=[8.0, 4.0, 2.0, 1.0],
    slips={
        "gamma is fixed at its default, 0.1": [8.0, 0.8, 0.08, 0.008],
        "step_size is fixed at 3": [8.0, 8.0, 8.0, 4.0],
        "the decays end after two": [8.0, 4.0, 2.0, 2.0],
        "this decays one call early: here step() opens an epoch, PyTorch's closes one": [4.0, 2.0, 1.0, 0.5],
    },
)
checks.check(
    "get_lr() says the optimizer's rate", 1, tol=1e-7, needs="the rates that occur",
    fed="learning rate 1, step_size 2, gamma 0.5: get_lr() minus the rate that the optimizer has, at first and after three calls",
    got=lambda: probes.reported(lambda optimizer: StepLR(optimizer, step_size=2, gamma=0.5), "SGD", 1.0, calls=3),
    want=[0.0, 0.0, 0.0, 0.0],
    slips={
        "before the first step() the rate is the initial one": [1.0, 0.0, 0.0, 0.0],
        "the rate has changed before the first step(): __init__ leaves it as it is": [-0.5, 0.0, 0.0, 0.0],
        "get_lr() moves the schedule on: it only says the rate": [0.0, -0.5, -0.25, -0.125],
        "get_lr() says the initial rate: it is the optimizer's current one": [0.0, 0.0, 0.0, 0.5],
        "get_lr() says the rate of the next epoch": [0.0, 0.0, -0.5, 0.0],
    },
)
checks.check(
    "nothing else of the optimizer changes", 1, needs="the rates that occur",
    fed="an SGD over theta = 1 with gradient 0.5, after a step of its own; what four calls change besides the learning rate",
    got=lambda: probes.disturbed(lambda optimizer: StepLR(optimizer, step_size=2, gamma=0.5), "SGD", 1.0, calls=4),
    want=[],
    slips={
        "the optimizer's step_count is its own: the scheduler has one too": ["step_count"],
        "the scheduler changes the parameters or their gradients": ["parameters"],
        "the scheduler throws away what the optimizer remembers": ["momentum_buffers"],
        "the scheduler makes a step of the optimizer: that is the loop's work": ["step_count", "parameters"],
    },
)
### BEGIN HIDDEN TESTS
hidden = hidden_inputs("08_optimizers", "test-scheduler")


def schedule_oracle(rate, step_size, gamma, calls):
    return [rate * gamma ** ((k - 1) // step_size) for k in range(1, calls + 1)]


hidden_rate, hidden_gamma = float(hidden.uniform(0.5, 2.0)), float(hidden.uniform(0.5, 0.62))
hidden_size = int(hidden.integers(4, 7))
checks.check(
    "hidden: four decays and more on SGD", 1, tol=1e-7,
    fed=f"learning rate {hidden_rate}, step_size {hidden_size}, gamma {hidden_gamma}, {5 * hidden_size + 2} calls",
    got=lambda: probes.schedule(
        lambda optimizer: StepLR(optimizer, step_size=hidden_size, gamma=hidden_gamma), "SGD", hidden_rate, 5 * hidden_size + 2
    ),
    want=schedule_oracle(hidden_rate, hidden_size, hidden_gamma, 5 * hidden_size + 2),
)
checks.check(
    "hidden: four decays and more on Adam", 1, tol=1e-7,
    fed=f"learning rate {hidden_rate / 1000}, step_size 2, gamma {1 - hidden_gamma / 4}, 11 calls",
    got=lambda: probes.schedule(
        lambda optimizer: StepLR(optimizer, 2, 1 - hidden_gamma / 4), "Adam", hidden_rate / 1000, 11
    ),
    want=schedule_oracle(hidden_rate / 1000, 2, 1 - hidden_gamma / 4, 11),
)
checks.check(
    "hidden: gamma is 0.1 where nothing is said", 1, tol=1e-7,
    fed=f"learning rate {hidden_rate}, step_size 3, no gamma; the different rates in five calls",
    got=lambda: probes.distinct(
        probes.schedule(lambda optimizer: StepLR(optimizer, step_size=3), "SGD", hidden_rate, 5)
    ),
    want=[hidden_rate, 0.1 * hidden_rate],
    slips={"gamma is 0.5 where nothing is said: it is 0.1": [hidden_rate, 0.5 * hidden_rate]},
)
checks.check(
    "hidden: two schedules side by side", 1, tol=1e-7,
    fed=f"learning rate 1, step_size 3, gamma {hidden_gamma}; between two calls two other schedulers are called",
    got=lambda: probes.schedule(
        lambda optimizer: StepLR(optimizer, 3, hidden_gamma), "SGD", 1.0, 9, beside=lambda other: StepLR(other, 2, 0.3)
    ),
    want=schedule_oracle(1.0, 3, hidden_gamma, 9),
)
checks.check(
    "hidden: its values can be read", 1, tol=1e-7, needs="the rates that occur",
    fed=f"learning rate 2, step_size 3, gamma {hidden_gamma}, five calls: initial_lr, step_size, gamma, step_count, optimizer, and the different rates",
    got=lambda: [
        *probes.attributes(
            lambda optimizer: StepLR(optimizer, 3, hidden_gamma), 2.0, 5,
            ["initial_lr", "step_size", "gamma", "step_count", "optimizer"],
        ),
        *probes.distinct(probes.schedule(lambda optimizer: StepLR(optimizer, 3, hidden_gamma), "SGD", 2.0, 5)),
    ],
    want=[2.0, 3, hidden_gamma, 5, "the optimizer", 2.0, 2 * hidden_gamma],
    slips={
        "initial_lr is the rate at first: it does not change": [2 * hidden_gamma, 3, hidden_gamma, 5, "the optimizer", 2.0, 2 * hidden_gamma],
        "step_count counts the calls of step()": [2.0, 3, hidden_gamma, 0, "the optimizer", 2.0, 2 * hidden_gamma],
        "step_count begins at 0": [2.0, 3, hidden_gamma, 6, "the optimizer", 2.0, 2 * hidden_gamma],
    },
)
### END HIDDEN TESTS
checks.score()

# %% nbgrader={"grade": false, "grade_id": "show-steplr", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
def by_schedule(step_size):
    """Before each step: open an epoch (here every step is one), and note the rate."""
    rates.clear()

    def before_step(optimizer):
        if not rates:
            optimizer.schedule = StepLR(optimizer, step_size, gamma=0.2)
        optimizer.schedule.step()
        rates.append(optimizer.learning_rate)

    return before_step


rates = []
early = noisy_losses(lambda p: SGD(p, learning_rate=0.5), by_schedule(step_size=3))
first_fall = int(np.argmax(np.diff(rates) < 0)) + 2
scheduled = noisy_losses(lambda p: SGD(p, learning_rate=0.5), by_schedule(step_size=100))
show(
    draw_floors((scheduled, "0.5, then × 0.2 every 100", (300, (-40, -16)))),
    alt=(
        "The scheduled run falls at once to the floor of rate 0.5, then after steps 100, 200 "
        "and 300 towards lower floors, ending below the three constant rates."
    ),
)
print(f"step_size 3: call {first_fall} was the first to lower the rate; your prediction: {guess_first_decay}")
print(
    f"loss at the end: {scheduled[-50:].mean():.5f} with the schedule, {constant[0.01][-50:].mean():.5f} with rate 0.01 "
    f"throughout, {early[-50:].mean():.2f} if the rate falls every 3 steps"
)
assert np.allclose(rates, 0.5 * 0.2 ** (np.arange(400) // 100)) and first_fall == 4
assert scheduled[-50:].mean() < 0.5 * min(losses[-50:].mean() for losses in constant.values())
assert early[-50:].mean() > 10 * scheduled[-50:].mean()

# %% [markdown]
"""
As fast as the largest rate, and lower at the end than the three constant ones. Each drop lowers the floor, and the loss follows at the pace of the new rate: decay too early, as every 3 steps, and the slow pace costs more than the low floor gains.

## 5. What the machine adds

### Small updates of a large weight

A float32 keeps 24 binary digits, about 7 decimal ones. Here a weight of 100 receives a thousand updates of 0.000003:
"""

# %% nbgrader={"grade": false, "grade_id": "predict-stall", "locked": false, "schema_version": 3, "solution": false, "task": false} tags=["prediction", "skip-execution"]
# Prediction. From 100, where does the weight stand after 1000 updates of 3e-6, in float64, and in float32? Two numbers.
guess_stall = None

# %% nbgrader={"grade": false, "grade_id": "show-stall", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
def drift(dtype, update):
    optimizer = SGD([weights([100.0], dtype)], learning_rate=update)
    return descend(optimizer, lambda theta: np.ones(1), 1000)[:, 0].astype(np.float64) - 100


fig, ax = new()
for dtype, update, text in (
    (np.float64, 3e-6, "float64, updates of 3e-6"),
    (np.float32, 3e-6, "float32, updates of 3e-6"),
    (np.float32, 4e-6, "float32, updates of 4e-6"),
):
    (line,) = ax.plot(1000 * drift(dtype, update))
    label(ax, line, text, at=560, offset=(6, 9))
ax.set(title="A weight of 100 that should fall", xlabel="step", ylabel="(weight − 100) × 1000", ylim=(-8, 0.8))
show(
    fig,
    alt=(
        "In float64 the weight falls by 0.003. In float32 it does not move at all at updates "
        "of 3e-6, and falls nearly twice too fast at updates of 4e-6."
    ),
)
gap = 100 - np.nextafter(np.float32(100), np.float32(0)).astype(float)
print(f"your prediction: {guess_stall}; next float32 below 100: 100 - {gap:.2e}; an update below half of this gap is lost")
print(f"bfloat16, with 8 binary digits: at a weight just below 1 an update under {2.0**-9:.4f} is lost")
assert gap == 2.0**-17 and np.all(drift(np.float32, 3e-6) == 0)
assert math.isclose(drift(np.float64, 3e-6)[-1], -0.003, rel_tol=1e-6)
assert drift(np.float32, 4e-6)[-1] < 1.8 * drift(np.float64, 4e-6)[-1]

# %% [markdown]
"""
The updates are rounded away one by one, without a message. This is why training in 16 bits usually keeps a float32 copy of the weights for the optimizer.

### The same formula on pieces

Your plain loop makes a new array for each operation. For a large parameter these arrays do not fit into the processor's cache, and the time goes into moving them to memory and back. The cell below runs **your** `momentum_step` on slices of one large array, for many slice lengths.
"""

# %% nbgrader={"grade": false, "grade_id": "predict-pieces", "locked": false, "schema_version": 3, "solution": false, "task": false} tags=["prediction", "skip-execution"]
# Prediction, in words. Slices of 512, 32 thousand or 2 million numbers: which is the fastest, how much faster than the slowest?
guess_pieces = None

# %% nbgrader={"grade": false, "grade_id": "show-pieces", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
import time
import tracemalloc

total = 2**21
theta, velocity, g = (np.ones(total, np.float32) for _ in range(3))


def on_pieces(length):
    for begin in range(0, total, length):
        piece = slice(begin, begin + length)
        thetas, velocities = [theta[piece]], [velocity[piece]]
        momentum_step(thetas, [g[piece]], velocities, 0.01, 0.9)
        theta[piece], velocity[piece] = thetas[0], velocities[0]


def seconds(length):
    begun = time.perf_counter()
    on_pieces(length)
    return time.perf_counter() - begun


def temporaries(length):
    tracemalloc.start()
    on_pieces(length)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


lengths = 2 ** np.arange(9, 22, 2)
times = np.array([min(seconds(length) for _ in range(3)) for length in lengths]) / total * 1e9
fig, ax = new()
(line,) = ax.semilogx(lengths, times, marker="o", base=2)
ax.set(
    title="One momentum step over two million float32",
    xlabel="numbers per slice",
    ylabel="nanoseconds per number",
    ylim=(0, None),
)
show(
    fig,
    alt=(
        "A curve that falls and rises: short slices cost time for starting each operation, the "
        "longest ones for moving memory; between some thousand and some hundred thousand numbers "
        "it is low."
    ),
)
quickest = lengths[times.argmin()]
new_arrays = {length: temporaries(length) for length in (total, 32_768)}
print(f"your prediction: {guess_pieces}")
print(f"whole array: {times[-1]:.2f} ns per number, {new_arrays[total] / 1e6:.1f} MB of new arrays at once")
print(
    f"slices of {quickest}: {times.min():.2f} ns, {times[-1] / times.min():.1f} times as fast as the whole here; "
    f"slices of 32768 need {new_arrays[32_768] / 1e6:.2f} MB"
)
assert new_arrays[total] > 20 * new_arrays[32_768] and times.argmin() > 0

# %% [markdown]
"""
The curve is low where all arrays of one update fit into the cache. The class `Optimizer` calls your `rule` on such pieces (of `PIECE` numbers, or less than twice as many; small parameters share one), which is why its arrays are one-dimensional and why you write in place.
"""

# %% [markdown]
r"""
## 6. Training

### Your turn: `train_simple_model` (5 lines)

Fit $y = wx + b$ to the line $y = 2x + 1$ at $x = 1, \dots, 5$, one update for each point. The loops and the two optimizers are given. The body of the innermost loop is yours; it has five parts:

1. forget the old gradients (`backward()` adds to what is there),
2. predict: $wx + b$,
3. measure: the squared error against $2x + 1$,
4. find the slopes: `backward()` on the loss,
5. let the optimizer step.

Use `add`, `multiply` and `subtract`, which work on `Variable`s. A number becomes a constant by `Variable(x, requires_grad=False)`.

<details><summary>Hint 1</summary>

The square of the error is `multiply(error, error)`.

</details>
<details><summary>Hint 2</summary>

Parts 1 and 5 are calls of the optimizer without arguments; part 4 is a method of the loss. Their order matters: slopes first, then the step.

</details>
<details><summary>Hint 3</summary>

`prediction = add(multiply(w, ...), b)`, then `error = subtract(prediction, ...)`.

</details>
"""

# %% nbgrader={"grade": false, "grade_id": "predict-who-arrives", "locked": false, "schema_version": 3, "solution": false, "task": false} tags=["prediction", "skip-execution"]
# Prediction. 300 updates, learning rate 0.01: which of SGD (momentum 0.9) and Adam gets to w = 2, b = 1?
# "SGD", "Adam", "both" or "none".
guess_who_arrives = None

# %% nbgrader={"grade": false, "grade_id": "training-integration", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train_simple_model() -> tuple[float, float, float, float]:
    """Fit y = w x + b to y = 2 x + 1 by SGD and by Adam; returns (sgd_w, sgd_b, adam_w, adam_b)."""

    def fit(make_optimizer) -> tuple[float, float]:
        w, b = Variable(0.1), Variable(0.0)
        optimizer = make_optimizer([w, b])
        for _ in range(60):
            for x in (1.0, 2.0, 3.0, 4.0, 5.0):
                ### BEGIN SOLUTION
                optimizer.zero_grad()
                prediction = add(multiply(w, Variable(x, requires_grad=False)), b)
                error = subtract(prediction, Variable(2 * x + 1, requires_grad=False))
                multiply(error, error).backward()
                optimizer.step()
                ### END SOLUTION
        return float(w.data.data), float(b.data.data)

    return *fit(lambda ps: SGD(ps, learning_rate=0.01, momentum=0.9)), *fit(lambda ps: Adam(ps, learning_rate=0.01))

# %% nbgrader={"grade": true, "grade_id": "test-training-integration", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
from tinytorch import probes, rehearsal
from tinytorch.checks import Checks, hidden_inputs

checks = Checks("train_simple_model", points=15)
checks.require(
    "train_simple_model is a function that this notebook defines",
    got=lambda: probes.written_here(train_simple_model, apart=("SGD", "Adam")),
)
# rehearsal.watch runs your function while every step() of SGD and Adam only nudges each number that has a gradient, by a
# fixed amount: w and b pass through 2 and 1 shortly before the end. So these checks judge the loop alone, whatever your
# two optimizers do.
checks.check(
    "SGD makes 300 updates", 1.5,
    fed="the number of updates of each SGD that makes any: 60 epochs of 5 points by one optimizer",
    got=lambda: rehearsal.watch(train_simple_model)["SGD"]["updates"],
    want=[300],
    slips={
        "no SGD makes an update: call its step()": [],
        "one update per epoch: here each point has an update of its own": [60],
        "a new SGD is made for each epoch: its momentum is lost": [5] * 60,
        "a new SGD is made for each update: its momentum is lost": [1] * 300,
        "this is one epoch": [5],
        "Adam's updates come from an SGD too": [300, 300],
    },
)
checks.check(
    "Adam makes 300 updates", 1.5,
    fed="the number of updates of each Adam that makes any: 60 epochs of 5 points by one optimizer",
    got=lambda: rehearsal.watch(train_simple_model)["Adam"]["updates"],
    want=[300],
    slips={
        "no Adam makes an update: call its step()": [],
        "one update per epoch: here each point has an update of its own": [60],
        "a new Adam is made for each epoch: its moments are lost": [5] * 60,
        "a new Adam is made for each update: its moments are lost": [1] * 300,
        "this is one epoch": [5],
        "SGD's updates come from an Adam too": [300, 300],
    },
)
checks.check(
    "SGD's learning rate and momentum", 1,
    fed="learning_rate, momentum and weight_decay in all of SGD's updates",
    got=lambda: rehearsal.watch(train_simple_model)["SGD"]["settings"],
    want=[[0.01, 0.9, 0.0]],
    slips={"momentum is missing: it is 0.9 here": [[0.01, 0.0, 0.0]], "no SGD makes an update: call its step()": []},
)
checks.check(
    "Adam's learning rate", 1,
    fed="learning_rate, beta1, beta2, epsilon and weight_decay in all of Adam's updates",
    got=lambda: rehearsal.watch(train_simple_model)["Adam"]["settings"],
    want=[[0.01, 0.9, 0.999, 1e-8, 0.0]],
    slips={"this is Adam's default learning rate: it is 0.01 here": [[0.001, 0.9, 0.999, 1e-8, 0.0]], "no Adam makes an update: call its step()": []},
)
checks.check(
    "SGD starts from w = 0.1, b = 0", 1,
    fed="w and b at SGD's first update",
    got=lambda: rehearsal.watch(train_simple_model)["SGD"]["start"],
    want=[0.1, 0.0],
    slips={"no SGD makes an update: call its step()": []},
)
checks.check(
    "Adam starts from the same w and b", 1,
    fed="w and b at Adam's first update",
    got=lambda: rehearsal.watch(train_simple_model)["Adam"]["start"],
    want=[0.1, 0.0],
    slips={
        "Adam goes on from where SGD ended: give it new Variables": [2.2188736, 1.1152267],
        "no Adam makes an update: call its step()": [],
    },
)
checks.check(
    "each update has its own point's gradient", 1,
    fed="the gradients of w and b at SGD's first two updates, x = 1 and x = 2, in units of the first one of b; None: there is none",
    got=lambda: rehearsal.watch(train_simple_model)["SGD"]["gradient"][:2],
    want=[[-1.0, -1.0], [-3.2980391, -1.6490196]],
    slips={
        "the gradients add up: call zero_grad() once for each update": [[-1.0, -1.0], [-4.2980391, -2.6490196]],
        "the gradients have the wrong sign: the loss is a square": [[1.0, 1.0], [3.2980391, 1.6490196]],
        "the points come in another order: x = 1, 2, 3, 4, 5": [[-5.0, -1.0], [-3.2640118, -0.8160029]],
        "there is no gradient at step(): backward() on the loss comes after zero_grad() and before step()": [[None, None]] * 2,
        "the loss is not squared": [[1.0, 1.0], [2.0, 1.0]],
        "no SGD makes an update: call its step()": [],
    },
)
checks.check(
    "the four numbers are the trained ones", 1.5, tol=1e-3,
    fed="what is returned minus (sgd_w, sgd_b, adam_w, adam_b) after the last update",
    got=lambda: rehearsal.watch(train_simple_model)["missed"],
    want=[0.0, 0.0, 0.0, 0.0],
    slips={
        "w and b are swapped: the order is sgd_w, sgd_b, adam_w, adam_b": [
            -1.1036469, 1.1036469, -1.0507149, 1.0507149
        ],
        "SGD and Adam are swapped: the order is sgd_w, sgd_b, adam_w, adam_b": [
            -0.111869, -0.058937, 0.111869, 0.058937
        ],
        "these are SGD's numbers twice": [0.0, 0.0, 0.111869, 0.058937],
    },
)
### BEGIN HIDDEN TESTS
import numpy as np


def gradient_oracle(nudges, updates=100):
    """Of (w x + b - y)^2 at the scripted w and b, each point in its turn, in units of the first one of b."""
    rows = []
    for k in range(updates):
        x, w, b = 1.0 + k % 5, 0.1 + k * nudges[0] / 2**20, k * nudges[1] / 2**20
        error = w * x + b - (2.0 * x + 1.0)
        rows.append([error * x / 2.9, error / 2.9])
    return rows


checks.check(
    "hidden: SGD's gradients, point after point", 2, tol=1e-4,
    fed="the gradients of w and b at SGD's first 100 updates, in units of the first one of b",
    got=lambda: rehearsal.watch(train_simple_model)["SGD"]["gradient"][:100],
    want=gradient_oracle((7406, 3898)),
    slips={"the gradients add up: call zero_grad() once for each update": np.cumsum(gradient_oracle((7406, 3898)), axis=0).tolist()},
)
checks.check(
    "hidden: Adam's gradients, point after point", 2, tol=1e-4,
    fed="the gradients of w and b at Adam's first 100 updates, in units of the first one of b",
    got=lambda: rehearsal.watch(train_simple_model)["Adam"]["gradient"][:100],
    want=gradient_oracle((7015, 3692)),
    slips={
        "the gradients add up: call zero_grad() once for each update": np.cumsum(gradient_oracle((7015, 3692)), axis=0).tolist(),
        "there is no gradient at step(): backward() on the loss comes after zero_grad() and before step()": [[None, None]] * 100,
    },
)
checks.check(
    "hidden: the gradients come from backward()", 1.5,
    fed="how many updates of SGD and of Adam had no backward() since the last",
    got=lambda: [rehearsal.watch(train_simple_model)[name]["without"] for name in ("SGD", "Adam")],
    want=[0, 0],
)
### END HIDDEN TESTS
checks.score()

# %% nbgrader={"grade": false, "grade_id": "show-two-lines", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
def walk_to_line(optimizer, updates):
    w, b = optimizer.parameters
    path = [(0.1, 0.0)]
    for x in np.resize([1.0, 2.0, 3.0, 4.0, 5.0], updates):
        error = w.data.data * x + b.data.data - (2 * x + 1)
        w.grad = Variable(Tensor(np.asarray(2 * error * x)), requires_grad=False)
        b.grad = Variable(Tensor(np.asarray(2 * error)), requires_grad=False)
        optimizer.step()
        path.append((float(w.data.data), float(b.data.data)))
    return np.array(path)


def line_loss(w, b):
    return sum((w * x + b - (2 * x + 1)) ** 2 for x in range(1, 6)) / 5


by_sgd = walk_to_line(SGD([weights(0.1), weights(0.0)], learning_rate=0.01, momentum=0.9), 400)
by_adam = walk_to_line(Adam([weights(0.1), weights(0.0)], learning_rate=0.01), 3000)
fig, (left, right) = new(2, width=9.5)
contours(left, line_loss, (-0.9, 4.8), (-0.6, 2.2), levels=[0.02, 0.2, 1, 4, 10])
for path, text, place, at, beside in (
    (by_sgd, "SGD, momentum 0.9", (-60, -42), 250, (-112, 0)),
    (by_adam, "Adam", (-40, 2), 1500, (-30, 14)),
):
    (line,) = left.plot(*path[:301].T, linewidth=1.3)
    label(left, line, text, at=8 if path is by_sgd else -1, offset=place)
    (line,) = right.loglog(np.maximum(line_loss(*path.T), 1e-12))
    label(right, line, text, at=at, offset=beside)
left.plot(2, 1, "k+", markersize=12)
left.set(title="300 updates (cross: the answer)", xlabel="w", ylabel="b")
right.set(title="The loss, for more updates (cut at 10⁻¹²)", xlabel="update")
show(
    fig,
    alt=(
        "Left: SGD swings wide and ends on the answer w = 2, b = 1. Adam goes in a straight "
        "line with w and b growing equally, and ends at w = 1.6, b = 1.68. Right: given 3000 "
        "updates, Adam's loss falls further."
    ),
)
ends = [*by_sgd[300], *by_adam[300]]
print(f"your prediction: {guess_who_arrives}")
print("SGD  w {:.3f} b {:.3f}\nAdam w {:.3f} b {:.3f}".format(*ends))
print("Adam after 3000 updates: w {:.3f} b {:.3f}".format(*by_adam[-1]))
for text, more in (
    ("beta2 = 0.9, 600 updates", {"beta2": 0.9}),
    ("learning rate 0.1, 600 updates", {"learning_rate": 0.1}),
):
    end = walk_to_line(Adam([weights(0.1), weights(0.0)], **{"learning_rate": 0.01} | more), 600)[-1]
    print(f"Adam with {text}: w {end[0]:.3f} b {end[1]:.3f}")
    assert np.allclose(end, [2, 1], atol=0.01)
assert np.allclose(ends, train_simple_model(), atol=1e-3) and np.allclose(ends[:2], [2, 1], atol=1e-3)
assert abs(ends[2] - ends[3]) < 0.1 and abs(by_adam[-1] - [2, 1]).max() < 0.05

# %% [markdown]
"""
Adam has not arrived: about $w = 1.60$, $b = 1.68$. It moves both weights at nearly equal speed, because it evens out their scales, so $b$ passes 1 long before $w$ reaches 2. Then it has to come back along the floor of a valley that lies across both weights, where the slopes are small beside those that $v$ still remembers. Ten times as many updates bring it home; twice as many do if $v$ has a shorter memory, or if the learning rate is 0.1. "Adam against SGD" is always also one setting against another.

### Handwritten digits

Now real data: 1,797 digits of 8 x 8 pixels (*Optical Recognition of Handwritten Digits*, E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, CC BY 4.0), read by a network that your own optimizers train, on the `Tensor` and `Variable` of modules 01 and 07.
"""

# %% nbgrader={"grade": false, "grade_id": "show-digits", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
from tinytorch.data import load_digits

x_train, y_train, x_test, y_test = load_digits()
fig, axes = new(10, width=8, height=1.2)
for digit, ax in enumerate(axes):
    ax.imshow(x_train[np.argmax(y_train == digit)].reshape(8, 8), cmap="gray_r")
    ax.set_title(str(digit), fontsize=10)
    ax.axis("off")
show(
    fig,
    alt=("Ten small grey images of handwritten digits, from 0 to 9, each under its label."),
)
print(
    f"{len(x_train)} images to train on, {len(x_test)} to test; pixels from {x_train.min():g} to {x_train.max():g}"
)
assert x_train.shape == (1437, 64) and len(x_test) == 360

# %% [markdown]
"""
The network has one hidden layer of 64 units and about 4,800 weights. Training is the loop that you wrote, with batches of about 32 images instead of single points, and the schedule opens each epoch. Every setting runs from two random starts.
"""

# %% nbgrader={"grade": false, "grade_id": "show-training-code", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
from tinytorch.core.autograd import matmul, relu, softmax_cross_entropy


def network(seed):
    """Weights and biases of 64 inputs, 64 hidden units, 10 outputs."""
    rng = np.random.default_rng(seed)
    layers = [(rng.normal(size=(64, out)) * np.sqrt(2 / 64), np.zeros(out)) for out in (64, 10)]
    return [weights(values, np.float32) for layer in layers for values in layer]


def outputs(parameters, images):
    w1, b1, w2, b2 = parameters
    hidden = relu(add(matmul(Variable(Tensor(images), requires_grad=False), w1), b1))
    return add(matmul(hidden, w2), b2)


def test_accuracy(parameters):
    return float(np.mean(outputs(parameters, x_test).data.data.argmax(axis=1) == y_test))


def train(make_optimizer, make_schedule=None, epochs=20, seed=0):
    """The mean training loss and the test accuracy of each epoch."""
    parameters, rng, history = network(seed), np.random.default_rng(seed), []
    optimizer = make_optimizer(parameters)
    schedule = make_schedule(optimizer) if make_schedule else None
    for _ in range(epochs):
        if schedule:
            schedule.step()
        losses = []
        for batch in np.array_split(rng.permutation(len(x_train)), 45):
            optimizer.zero_grad()
            loss = softmax_cross_entropy(outputs(parameters, x_train[batch]), y_train[batch])
            loss.backward()
            optimizer.step()
            losses.append(float(loss.data.data))
        history.append((np.mean(losses), test_accuracy(parameters)))
    return np.array(history)


assert sum(parameter.data.data.size for parameter in network(0)) == 4810

# %% nbgrader={"grade": false, "grade_id": "predict-digits", "locked": false, "schema_version": 3, "solution": false, "task": false} tags=["prediction", "skip-execution"]
# Prediction, in words. After 20 epochs, order these by training loss: SGD 0.1, SGD 0.1 with momentum 0.9, Adam 0.01.
guess_digits = None

# %% nbgrader={"grade": false, "grade_id": "show-digits-training", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
begun = time.perf_counter()
settings = {
    "SGD 0.1": (lambda p: SGD(p, learning_rate=0.1), None),
    "momentum 0.9": (lambda p: SGD(p, learning_rate=0.1, momentum=0.9), None),
    "Adam 0.01": (lambda p: Adam(p, learning_rate=0.01), None),
    "Adam 0.03": (lambda p: Adam(p, learning_rate=0.03), None),
    "Adam 0.03, StepLR": (
        lambda p: Adam(p, learning_rate=0.03),
        lambda optimizer: StepLR(optimizer, step_size=10, gamma=0.1),
    ),
}
curves = {
    name: np.mean([train(*setting, seed=seed) for seed in range(2)], axis=0)
    for name, setting in settings.items()
}
fig, (left, right) = new(2, width=9.5, sharey=True)
for names, ax in (
    (("SGD 0.1", "momentum 0.9", "Adam 0.01"), left),
    (("Adam 0.03", "Adam 0.03, StepLR"), right),
):
    for name in names:
        (line,) = ax.semilogy(np.arange(1, 21), curves[name][:, 0])
        label(
            ax,
            line,
            f"{name}: {100 * curves[name][-1, 1]:.1f} %",
            offset=(4, -7 if name == "momentum 0.9" else 5),
        )
    ax.set(xlabel="epoch", xlim=(0.5, 33), xticks=[1, 5, 10, 15, 20])
left.set(title="Training loss (beside it: test accuracy)", ylabel="training loss")
right.set(title="A rate that is too large, and a schedule")
show(
    fig,
    alt=(
        "Left: SGD's training loss falls most slowly; those of SGD with momentum and of Adam "
        "are close together and end more than ten times lower. Right: Adam at rate 0.03 stays "
        "noisy; with StepLR its loss drops after epoch 10 and ends far lower. All test accuracies "
        "are above 95 percent."
    ),
)
losses, accuracies = np.array([curve[-1] for curve in curves.values()]).T
print(
    f"largest training loss / smallest: {losses.max() / losses.min():.0f}; "
    f"accuracies from {accuracies.min():.1%} to {accuracies.max():.1%}; one test image is {1 / len(x_test):.2%}"
)
print(f"your prediction: {guess_digits}; 10 trainings in {time.perf_counter() - begun:.1f} s")
assert all(curve[-1, 1] > 0.95 for curve in curves.values())
assert curves["SGD 0.1"][-1, 0] > 5 * max(curves["momentum 0.9"][-1, 0], curves["Adam 0.01"][-1, 0])
assert curves["Adam 0.03, StepLR"][-1, 0] < 0.5 * curves["Adam 0.03"][-1, 0]
assert losses.max() > 10 * losses.min() and np.ptp(accuracies) < 0.03

# %% [markdown]
"""
The training losses differ more than tenfold, the accuracies by about two points of a hundred. One test image is 0.28, so the momentum and Adam runs on the left cannot be told apart. The schedule rescues a rate that is too large.

Which digits does the network confuse?
"""

# %% nbgrader={"grade": false, "grade_id": "show-errors", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
parameters = network(0)
optimizer = Adam(parameters, learning_rate=0.01)
rng = np.random.default_rng(0)
for batch in np.concatenate(
    [rng.permutation(len(x_train))[:1408].reshape(44, 32) for _ in range(15)]
):
    optimizer.zero_grad()
    softmax_cross_entropy(outputs(parameters, x_train[batch]), y_train[batch]).backward()
    optimizer.step()
answers = outputs(parameters, x_test).data.data.argmax(axis=1)
wrong = np.flatnonzero(answers != y_test)
fig, axes = new(5, width=5.5, height=1.4)
for ax in axes:
    ax.axis("off")
for ax, i in zip(axes, wrong):
    ax.imshow(x_test[i].reshape(8, 8), cmap="gray_r")
    ax.set_title(f"{y_test[i]}, read {answers[i]}", fontsize=9)
show(
    fig,
    alt=(
        "The test images that the network reads wrongly, five at most, each with its label and "
        "the network's answer."
    ),
)
print(f"{len(wrong)} of {len(y_test)} wrong: accuracy {1 - len(wrong) / len(y_test):.1%}")
assert len(wrong) < 0.05 * len(y_test)

# %% [markdown]
"""
**Question.** A report says: "After 20 epochs the training loss was ten times lower with Adam than with SGD, so Adam is the better optimizer for these digits." Which two things would you want to see before you believe it, and why? What did this section show about them?
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "reflect-choice", "locked": false, "points": 0, "schema_version": 3, "solution": true, "task": false}
"""
### BEGIN SOLUTION
Any two, with the reason and what was seen here: (1) test accuracy, not training loss: here they differ by about two percent while the
losses differ more than tenfold, and section 3 had two zero training losses with different test accuracies; (2) each optimizer with a learning
rate tuned for it, and a schedule: the two 0.1 are different effective rates, and momentum closed the gap; (3) several
random starts and the size of the test set: 360 images, one is 0.28 percent; (4) the same budget of time or epochs.
### END SOLUTION
"""

# %% [markdown]
r"""
## 7. Optional: the rest of the family

Six short exercises: four rules on the loop that you have, a schedule, and clipping. They carry no points; every check shows all that it asks. `weight_decay` is added to the slope as in `SGD`, except in AdamW.

### Nesterov's momentum

Momentum overshot, and on one convex function it cycled for ever. Nesterov's rule looks ahead: it steps as if the velocity had already been updated once more with the same slope.

$$v \leftarrow \mu v + g, \qquad \theta \leftarrow \theta - \eta\,(g + \mu v)$$

<details><summary>Hint</summary>

`__init__` and all lines but the last are those of your `SGD`. `v` in the last line is the new velocity.

</details>
"""

# %% nbgrader={"grade": false, "grade_id": "family-nesterov", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Nesterov(Optimizer):
    """SGD with Nesterov's momentum, as PyTorch's SGD(nesterov=True): the step looks one update of the velocity ahead.

    v <- momentum * v + g;  theta <- theta - learning_rate * (g + momentum * v). L2 weight decay is added to g.
    After Sutskever et al. 2013, section 2. Memory: one number per parameter (4 bytes in float32).

    >>> w = np.array([1.0])
    >>> optimizer = Nesterov([w], learning_rate=0.1, momentum=0.9)
    >>> optimizer.step([np.array([0.5])])
    >>> w.round(4)
    array([0.905])
    """

    momentum: float
    weight_decay: float

    def __init__(self, parameters, learning_rate: float = 0.01, momentum: float = 0.9, weight_decay: float = 0.0):
        ### BEGIN SOLUTION
        super().__init__(parameters, learning_rate=learning_rate, momentum=momentum, weight_decay=weight_decay)
        self.momentum_buffers = Buffers()
        ### END SOLUTION

    def rule(self, theta, g, v, t) -> None:
        """Update theta and the velocity v in place."""
        ### BEGIN SOLUTION
        if self.weight_decay > 0:
            g = g + self.weight_decay * theta
        v *= self.momentum
        v += g
        theta -= self.learning_rate * (g + self.momentum * v)
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-nesterov", "locked": true, "points": 0, "schema_version": 3, "solution": false, "task": false}
from tinytorch import probes
from tinytorch.checks import Checks

checks = Checks("Nesterov", points=0)
checks.check(
    "two steps", 0,
    fed="theta = [1, 1]; gradients [1, -2], [1, 4]; learning rate 0.1, momentum 0.5",
    got=lambda: probes.trajectory(
        lambda ps: Nesterov(ps, learning_rate=0.1, momentum=0.5), [[1.0, 1.0]], [[[1.0, -2.0]], [[1.0, 4.0]]]
    ),
    want=[[[0.85, 1.3], [0.675, 0.75]]],
    slips={
        "this is the momentum of SGD: the step is g + momentum * v": [[[0.9, 1.2], [0.75, 0.9]]],
        "g is missing in the step: g + momentum * v": [[[0.95, 1.1], [0.875, 0.95]]],
        "the size of the gradient is used without its sign": [[[0.85, 0.7], [0.675, 0.05]]],
    },
)
checks.check(
    "weight decay", 0,
    fed="theta = [4, -2]; gradient [3, 2]; learning rate 0.1, momentum 0.5, weight_decay 0.25: g = [3 + 1, 2 - 0.5]",
    got=lambda: probes.trajectory(
        lambda ps: Nesterov(ps, learning_rate=0.1, momentum=0.5, weight_decay=0.25), [[4.0, -2.0]], [[[3.0, 2.0]]]
    ),
    want=[[[3.4, -2.225]]],
    slips={
        "weight decay is ignored: g <- g + weight_decay * theta": [[[3.55, -2.3]]],
        "weight decay has the wrong sign: it is added to the gradient": [[[3.7, -2.375]]],
    },
)
checks.score()

# %% nbgrader={"grade": false, "grade_id": "predict-nesterov", "locked": false, "schema_version": 3, "solution": false, "task": false} tags=["prediction", "skip-execution"]
# Prediction, in words. The convex function on which momentum cycled: does Nesterov's rule reach 0? And does it overshoot on a bowl?
guess_nesterov = None

# %% nbgrader={"grade": false, "grade_id": "show-nesterov", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
ahead = descend(Nesterov([weights([3.3])], learning_rate=1 / 25, momentum=2 / 3), bent_slope, 300)[:, 0]
damped = descend(Nesterov([weights([1.0])], learning_rate=0.1, momentum=0.9), lambda theta: theta, 100)[:, 0]
fig, (left, right) = new(2, width=9.5)
for ax, values, text, at, place in (
    (left, heavy[:40], "momentum 4/9, rate 1/9", 29, (-60, 16)),
    (left, ahead[:40], "Nesterov 2/3, rate 1/25", 30, (-50, -52)),
    (right, swing, "momentum 0.9", 19, (6, 10)),
    (right, damped, "Nesterov 0.9", 34, (8, -24)),
):
    (line,) = ax.plot(values)
    label(ax, line, text, at=at, offset=place)
    ax.set(xlabel="step")
left.set(title="The function with the cycle", ylim=(-5, 4.5))
right.set(title="One weight on its way to 0")
show(
    fig,
    alt=(
        "Left: Nesterov's rule goes to 0 in a few steps where momentum cycles. Right: with "
        "equal settings Nesterov's rule swings less far and settles sooner."
    ),
)
print(f"your prediction: {guess_nesterov}")
assert abs(ahead[-1]) < 1e-9 and np.abs(ahead[5:]).max() < 0.1 and np.ptp(heavy[-3:]) > 3
assert damped.min() > 0.8 * swing.min() and np.abs(damped[50:]).max() < 0.2 * np.abs(swing[50:]).max()

# %% [markdown]
r"""
With $\eta = 1/L$ and $\mu = (\sqrt\kappa-1)/(\sqrt\kappa+1)$, here 1/25 and 2/3, Nesterov's method is proved to converge on every convex function whose curvatures lie between $L/\kappa$ and $L$, bent ones included.

### RMSProp

Adam without its first average and without correction: divide the slope by the root of the running average of its square, then momentum $b$.

$$v \leftarrow \alpha v + (1-\alpha)\, g^2, \qquad b \leftarrow \mu b + \frac{g}{\sqrt v + \epsilon}, \qquad \theta \leftarrow \theta - \eta\, b$$

<details><summary>Hint</summary>

The arguments of `rule` are in the order of the `Buffers`: `v` is the average of squares, `b` the velocity. Without weight decay five lines.

</details>
"""

# %% nbgrader={"grade": false, "grade_id": "family-rmsprop", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class RMSProp(Optimizer):
    """RMSProp (Tieleman & Hinton 2012, lecture 6.5), with momentum after the division and epsilon outside the root, as PyTorch.

    v <- alpha v + (1 - alpha) g^2;  b <- momentum b + g / (sqrt(v) + epsilon);  theta <- theta - learning_rate * b.
    L2 weight decay is added to g. Memory: two numbers per parameter (8 bytes in float32).

    >>> w = np.array([1.0])
    >>> optimizer = RMSProp([w], learning_rate=0.01)
    >>> optimizer.step([np.array([2.0])])
    >>> w.round(4)
    array([0.9])
    """

    alpha: float
    epsilon: float
    weight_decay: float
    momentum: float

    def __init__(self, parameters, learning_rate: float = 0.01, alpha: float = 0.99, epsilon: float = 1e-8,
                 weight_decay: float = 0.0, momentum: float = 0.0):
        super().__init__(parameters, learning_rate=learning_rate, alpha=alpha, epsilon=epsilon,
                         weight_decay=weight_decay, momentum=momentum)
        self.square_average, self.momentum_buffers = Buffers(), Buffers()

    def rule(self, theta, g, v, b, t) -> None:
        """Update theta, the average of squares v and the velocity b in place."""
        ### BEGIN SOLUTION
        if self.weight_decay > 0:
            g = g + self.weight_decay * theta
        v *= self.alpha
        v += (1 - self.alpha) * g * g
        b *= self.momentum
        b += g / (np.sqrt(v) + self.epsilon)
        theta -= self.learning_rate * b
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-rmsprop", "locked": true, "points": 0, "schema_version": 3, "solution": false, "task": false}
from tinytorch import probes
from tinytorch.checks import Checks

checks = Checks("RMSProp", points=0)
checks.check(
    "two steps", 0,
    fed="theta = [1, 1]; gradients [2, -4], [3, 2]; learning rate 0.1, alpha 0.75: v = [1, 4], [3, 4]",
    got=lambda: probes.trajectory(
        lambda ps: RMSProp(ps, learning_rate=0.1, alpha=0.75), [[1.0, 1.0]], [[[2.0, -4.0]], [[3.0, 2.0]]]
    ),
    want=[[[0.8, 1.2], [0.6267949, 1.1]]],
    slips={"the new square counts in full: it is multiplied by 1 - alpha": [[[0.9, 1.1], [0.8133975, 1.05]]]},
)
checks.check(
    "two steps with momentum", 0,
    fed="the same with momentum 0.5: b = [2, -2], [2.7320508, 0]",
    got=lambda: probes.trajectory(
        lambda ps: RMSProp(ps, learning_rate=0.1, alpha=0.75, momentum=0.5), [[1.0, 1.0]], [[[2.0, -4.0]], [[3.0, 2.0]]]
    ),
    want=[[[0.8, 1.2], [0.5267949, 1.2]]],
    slips={"momentum is ignored: b must remember the last b": [[[0.8, 1.2], [0.6267949, 1.1]]]},
)
checks.check(
    "another size", 0,
    fed="theta = 1; gradient 8; learning rate 0.1, alpha 0.75: v = 16",
    got=lambda: probes.trajectory(lambda ps: RMSProp(ps, learning_rate=0.1, alpha=0.75), [1.0], [[8.0]]),
    want=[[0.8]],
    slips={"the root is missing": [[0.95]]},
)
checks.check(
    "epsilon", 0,
    fed="theta = 1; gradient 2; learning rate 0.1, alpha 0.75, epsilon 3: the step is 0.1 * 2 / (1 + 3)",
    got=lambda: probes.trajectory(lambda ps: RMSProp(ps, learning_rate=0.1, alpha=0.75, epsilon=3.0), [1.0], [[2.0]]),
    want=[[0.95]],
    slips={"epsilon is inside the root: sqrt(v) + epsilon": [[0.9]], "epsilon is not used": [[0.8]]},
)
checks.check(
    "weight decay", 0,
    fed="theta = [4, -4]; gradient [-1, -1]; learning rate 0.1, alpha 0.75, epsilon 0.5, weight_decay 0.5: g = [-1 + 2, -1 - 2]",
    got=lambda: probes.trajectory(
        lambda ps: RMSProp(ps, learning_rate=0.1, alpha=0.75, epsilon=0.5, weight_decay=0.5), [[4.0, -4.0]], [[[-1.0, -1.0]]]
    ),
    want=[[[3.9, -3.85]]],
    slips={
        "weight decay is ignored: g <- g + weight_decay * theta": [[[4.1, -3.9]]],
        "weight decay has the wrong sign: it is added to the gradient": [[[4.15, -4.1]]],
    },
)
checks.score()

# %% [markdown]
r"""
### AdaGrad

Instead of an average, the whole sum of squares. Under equal slopes the step can only get shorter; weights that rarely get a slope keep long steps.

$$s \leftarrow s + g^2, \qquad \theta \leftarrow \theta - \frac{\eta}{1 + (t-1)\,d}\;\frac{g}{\sqrt s + \epsilon}$$

$d$ is `lr_decay`, 0 unless given.

<details><summary>Hint</summary>

Two lines without weight decay: the sum in place (`s += ...`), then the step. `t` is the last argument of `rule`.

</details>
"""

# %% nbgrader={"grade": false, "grade_id": "family-adagrad", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class AdaGrad(Optimizer):
    """AdaGrad (Duchi, Hazan & Singer 2011, the diagonal form), as in PyTorch.

    s <- s + g^2;  theta <- theta - learning_rate / (1 + (t - 1) lr_decay) * g / (sqrt(s) + epsilon), where s begins as
    initial_accumulator_value. L2 weight decay is added to g. Memory: one number per parameter (4 bytes in float32).

    >>> w = np.array([1.0])
    >>> optimizer = AdaGrad([w], learning_rate=0.1)
    >>> for _ in range(2):
    ...     optimizer.step([np.array([3.0])])
    >>> w.round(4)
    array([0.8293])
    """

    lr_decay: float
    weight_decay: float
    epsilon: float

    def __init__(self, parameters, learning_rate: float = 0.01, lr_decay: float = 0.0, weight_decay: float = 0.0,
                 initial_accumulator_value: float = 0.0, epsilon: float = 1e-10):
        super().__init__(parameters, learning_rate=learning_rate, lr_decay=lr_decay, weight_decay=weight_decay,
                         epsilon=epsilon)
        self.square_sum = Buffers(checked_number("AdaGrad", "initial_accumulator_value", initial_accumulator_value))

    def rule(self, theta, g, s, t) -> None:
        """Update theta and the sum of squares s in place."""
        ### BEGIN SOLUTION
        if self.weight_decay > 0:
            g = g + self.weight_decay * theta
        s += g * g
        rate = self.learning_rate / (1 + (t - 1) * self.lr_decay)
        theta -= rate * g / (np.sqrt(s) + self.epsilon)
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-adagrad", "locked": true, "points": 0, "schema_version": 3, "solution": false, "task": false}
from tinytorch import probes
from tinytorch.checks import Checks

checks = Checks("AdaGrad", points=0)
checks.check(
    "two steps", 0,
    fed="theta = [1, 1]; gradients [3, -6], [4, 8]; learning rate 0.1: s = [9, 36], [25, 100]",
    got=lambda: probes.trajectory(lambda ps: AdaGrad(ps, learning_rate=0.1), [[1.0, 1.0]], [[[3.0, -6.0]], [[4.0, 8.0]]]),
    want=[[[0.9, 1.1], [0.82, 1.02]]],
    slips={
        "s forgets: it is the sum of all squares": [[[0.9, 1.1], [0.8, 1.0]]],
        "the root is missing": [[[0.9666667, 1.0166667], [0.9506667, 1.0086667]]],
    },
)
checks.check(
    "lr_decay", 0,
    fed="theta = 1; gradients 3, 4, 12; learning rate 0.1, lr_decay 0.5: s = 9, 25, 169, the third rate is half",
    got=lambda: probes.trajectory(lambda ps: AdaGrad(ps, learning_rate=0.1, lr_decay=0.5), [1.0], [[3.0], [4.0], [12.0]]),
    want=[[0.9, 0.8466667, 0.8005128]],
    slips={
        "lr_decay is ignored": [[0.9, 0.82, 0.7276923]],
        "t counts from 1: the first rate is not reduced": [[0.9333333, 0.8933333, 0.8564103]],
    },
)
checks.check(
    "epsilon", 0,
    fed="theta = 1; gradient 1; learning rate 0.1, epsilon 3: the step is 0.1 * 1 / (1 + 3)",
    got=lambda: probes.trajectory(lambda ps: AdaGrad(ps, learning_rate=0.1, epsilon=3.0), [1.0], [[1.0]]),
    want=[[0.975]],
    slips={"epsilon is inside the root: sqrt(s) + epsilon": [[0.95]], "epsilon is not used": [[0.9]]},
)
checks.check(
    "weight decay", 0,
    fed="theta = [4, -4]; gradient [-1, -1]; learning rate 0.1, epsilon 1, weight_decay 0.5: g = [-1 + 2, -1 - 2]",
    got=lambda: probes.trajectory(
        lambda ps: AdaGrad(ps, learning_rate=0.1, epsilon=1.0, weight_decay=0.5), [[4.0, -4.0]], [[[-1.0, -1.0]]]
    ),
    want=[[[3.95, -3.925]]],
    slips={
        "weight decay is ignored: g <- g + weight_decay * theta": [[[4.05, -3.95]]],
        "weight decay has the wrong sign: it is added to the gradient": [[[4.075, -4.05]]],
    },
)
checks.score()

# %% nbgrader={"grade": false, "grade_id": "predict-steps", "locked": false, "schema_version": 3, "solution": false, "task": false} tags=["prediction", "skip-execution"]
# Prediction, in words. Under a constant slope: how does the step of RMSProp change with t, and how that of AdaGrad?
guess_steps = None

# %% nbgrader={"grade": false, "grade_id": "show-family-steps", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
t = np.arange(1, 2001)
fig, (left, right) = new(2, width=9.5)
steps = {}
for make, text, at, place in (
    (Adam, "Adam", 40, (4, -9)),
    (RMSProp, "RMSProp, alpha 0.99", 12, (6, 6)),
    (AdaGrad, "AdaGrad", 100, (6, 8)),
):
    path = descend(make([weights([0.0])], learning_rate=0.01), lambda theta: np.ones(1), 2000)[:, 0]
    steps[text] = -np.diff(path) / 0.01
    (line,) = left.loglog(t, steps[text])
    label(left, line, text, at=at, offset=place)
left.set(title="Steps under a constant slope", xlabel="t", ylabel="step / learning rate")
climbing = walk(Adam([weights([0.0])], learning_rate=0.01, beta1=0.0, beta2=1 / (1 + C**2)))
arriving = walk(AdaGrad([weights([0.0])], learning_rate=0.3))
for values, text, place in (
    (climbing, "Adam, short memory", (14, -8)),
    (arriving, "AdaGrad, rate 0.3", (8, 8)),
):
    (line,) = right.plot(values)
    label(right, line, text, at=130, offset=place)
right.set(title="The sequence of the worst point", xlabel="step", ylabel="weight")
show(
    fig,
    alt=(
        "Left: Adam's steps are constant, RMSProp's begin at 10 learning rates and fall to 1,"
        " AdaGrad's fall as one over the root of t. Right: where Adam climbs to the worst "
        "point 1, AdaGrad goes to -1."
    ),
)
print(f"your prediction: {guess_steps}")
assert math.isclose(steps["RMSProp, alpha 0.99"][0], 10, rel_tol=1e-5)
assert np.allclose(steps["AdaGrad"], t**-0.5, rtol=1e-5)
assert climbing[-30:].mean() > 0.95 and arriving[-30:].mean() < -0.9

# %% [markdown]
r"""
RMSProp shows again what the missing correction does: its first step is $1/\sqrt{1-\alpha} = 10$ learning rates. AdaGrad does not fall for the sequence that led Adam astray: its $s$ never forgets the large slope.

### AdamW

First shrink the weight by the decay, then Adam's update of a slope that knows nothing of the decay:

$$\theta \leftarrow (1 - \eta\,\delta)\,\theta, \qquad\text{then Adam with } \delta = 0$$

<details><summary>Hint</summary>

`__init__` is that of your `Adam`. The rule is, too, without its lines for weight decay, and with one new line, in place, before the others.

</details>
"""

# %% nbgrader={"grade": false, "grade_id": "family-adamw", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class AdamW(Optimizer):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019, Algorithm 2, as in PyTorch).

    theta <- theta - learning_rate * weight_decay * theta, and then Adam's update without any decay in the gradient.
    Memory: two numbers per parameter (8 bytes in float32).

    >>> w = np.array([1.0])
    >>> optimizer = AdamW([w], learning_rate=0.1, weight_decay=0.5)
    >>> optimizer.step([np.array([1e-3])])
    >>> w.round(4)
    array([0.85])
    """

    beta1: float
    beta2: float
    epsilon: float
    weight_decay: float

    def __init__(self, parameters, learning_rate: float = 0.001, beta1: float = 0.9, beta2: float = 0.999,
                 epsilon: float = 1e-8, weight_decay: float = 0.01):
        ### BEGIN SOLUTION
        super().__init__(parameters, learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon,
                         weight_decay=weight_decay)
        self.first_moment, self.second_moment = Buffers(), Buffers()
        ### END SOLUTION

    def rule(self, theta, g, m, v, t) -> None:
        """Update theta and the two moments m and v in place."""
        ### BEGIN SOLUTION
        theta *= 1 - self.learning_rate * self.weight_decay
        m *= self.beta1
        m += (1 - self.beta1) * g
        v *= self.beta2
        v += (1 - self.beta2) * g * g
        # learning_rate * m_hat / (sqrt(v_hat) + epsilon) in the paper's faster order (end of its section 2): no passes for m_hat, v_hat
        root = math.sqrt(1 - self.beta2**t)
        rate = self.learning_rate * root / (1 - self.beta1**t)
        theta -= rate * (m / (np.sqrt(v) + self.epsilon * root))
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-adamw", "locked": true, "points": 0, "schema_version": 3, "solution": false, "task": false}
from tinytorch import probes
from tinytorch.checks import Checks

checks = Checks("AdamW", points=0)
checks.check(
    "one step", 0,
    fed="theta = 2, gradient -1, learning rate 0.1, weight_decay 2.5: shrink to 1.5, then a step of 0.1",
    got=lambda: probes.trajectory(lambda ps: AdamW(ps, learning_rate=0.1, weight_decay=2.5), [2.0], [[-1.0]]),
    want=[[1.6]],
    slips={
        "this is L2 decay inside Adam: shrink theta itself": [[1.9]],
        "there is no decay": [[2.1]],
        "the decay has the wrong sign": [[2.6]],
    },
)
checks.check(
    "two steps", 0,
    fed="theta = [1, 2]; gradients [2, -4], [-5, 10]; learning rate 0.3, beta1 = 0.5, beta2 = 0.75, weight_decay 1",
    got=lambda: probes.trajectory(
        lambda ps: AdamW(ps, learning_rate=0.3, beta1=0.5, beta2=0.75, weight_decay=1.0),
        [[1.0, 2.0]], [[[2.0, -4.0]], [[-5.0, 10.0]]],
    ),
    want=[[[0.4, 1.7], [0.48, 0.99]]],
    slips={"there is no decay": [[[0.7, 2.3], [0.9, 2.1]]]},
)
checks.check(
    "epsilon", 0,
    fed="theta = 1; gradient 1; learning rate 0.2, epsilon 3, weight_decay 0: the step is 0.2 * 1 / (1 + 3)",
    got=lambda: probes.trajectory(lambda ps: AdamW(ps, learning_rate=0.2, epsilon=3.0, weight_decay=0.0), [1.0], [[1.0]]),
    want=[[0.95]],
    slips={
        "epsilon is inside the root: sqrt(v_hat) + epsilon": [[0.9]],
        "epsilon is not used": [[0.8]],
        "epsilon is added before v is corrected: sqrt(v_hat) + epsilon": [[0.9979139]],
    },
)
checks.score()

# %% nbgrader={"grade": false, "grade_id": "show-adamw", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
by_adamw = decayed(lambda p: AdamW(p, learning_rate=0.01, weight_decay=0.1))
fig, by_sgd, by_adam = draw_decay((by_adamw, "your AdamW", 250, (0, -14)))
show(
    fig,
    alt=(
        "The figure of section 3 with AdamW added: a flat line that lies on SGD's, at 0.55, "
        "for all sizes of slopes."
    ),
)
assert np.allclose(by_adamw, (1 - 0.01 * 0.1) ** 600, atol=0.02)

# %% [markdown]
r"""
### Warm-up, then a cosine

A schedule as a pure function of the epoch gives the factor for the first rate. Two are given, and `LambdaLR` applies any such function:

$$\text{warm-up: } \frac{e}{W} \text{ up to epoch } W, \qquad \text{cosine: } \frac{1}{2}\left(1 + \cos\frac{\pi e}{T}\right) \text{ down to epoch } T$$

A warm-up from 0 spends epoch 0 at rate 0; the argument `start` lifts its beginning, and `floor` the cosine's end. Join them: first `linear_warmup(epoch, warmup, start)`, then `cosine_decay` over the epochs that remain, to `floor`.

<details><summary>Hint</summary>

The cosine begins where the warm-up ends: its own epoch is `epoch - warmup`, of `total - warmup`.

</details>
"""

# %% nbgrader={"grade": false, "grade_id": "schedule-functions", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| export
def step_decay(epoch: int, step_size: int, gamma: float = 0.1) -> float:
    """gamma once for every step_size epochs: what StepLR multiplies the first rate by.

    >>> [step_decay(epoch, step_size=2, gamma=0.5) for epoch in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    return checked_number("step_decay", "gamma", gamma) ** (epoch // checked_count("step_decay", "step_size", step_size))


def multi_step_decay(epoch: int, milestones, gamma: float = 0.1) -> float:
    """gamma once for every milestone that has been reached.

    >>> [multi_step_decay(epoch, milestones=[1, 3], gamma=0.5) for epoch in range(5)]
    [1.0, 0.5, 0.5, 0.25, 0.25]
    """
    if not hasattr(milestones, "__len__"):  # a generator would be empty at the second epoch
        raise TypeError(f"multi_step_decay: milestones must be a list of epochs, got a {type(milestones).__name__}")
    return checked_number("multi_step_decay", "gamma", gamma) ** sum(milestone <= epoch for milestone in milestones)


def exponential_decay(epoch: int, gamma: float) -> float:
    """gamma once for every epoch.

    >>> [exponential_decay(epoch, gamma=0.5) for epoch in range(3)]
    [1.0, 0.5, 0.25]
    """
    return checked_number("exponential_decay", "gamma", gamma) ** epoch


def cosine_decay(epoch: int, total: int, floor: float = 0.0) -> float:
    """Half a cosine from 1 down to `floor` at epoch `total`, and `floor` from there on (Loshchilov & Hutter 2017, eq. 5).

    >>> [round(cosine_decay(epoch, total=4), 4) for epoch in range(6)]
    [1.0, 0.8536, 0.5, 0.1464, 0.0, 0.0]
    """
    floor = checked_number("cosine_decay", "floor", floor)
    passed = min(epoch / checked_count("cosine_decay", "total", total), 1.0)
    return floor + (1 - floor) * (1 + math.cos(math.pi * passed)) / 2


def linear_warmup(epoch: int, warmup: int, start: float = 0.0) -> float:
    """A straight line from `start` up to 1 at epoch `warmup`, and 1 from there on.

    >>> [linear_warmup(epoch, warmup=4, start=0.5) for epoch in range(6)]
    [0.5, 0.625, 0.75, 0.875, 1.0, 1.0]
    """
    start = checked_number("linear_warmup", "start", start)
    return start + (1 - start) * min(epoch / checked_count("linear_warmup", "warmup", warmup), 1.0)

# %% nbgrader={"grade": false, "grade_id": "lambdalr-class", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| export
class LambdaLR(Scheduler):
    """Sets learning_rate = initial_lr * schedule(epoch, **settings), for any of the schedules here or a function of your own.

    As StepLR, its `step()` opens an epoch: call it at the top of each.

    >>> optimizer = SGD([Variable(1.0)], learning_rate=2.0)
    >>> scheduler = LambdaLR(optimizer, cosine_decay, total=4)
    >>> for epoch in range(3):
    ...     scheduler.step()
    ...     print(epoch, round(scheduler.get_lr(), 4))
    0 2.0
    1 1.7071
    2 1.0
    """

    def __init__(self, optimizer, schedule, **settings):
        super().__init__(optimizer)
        if not callable(schedule):
            raise TypeError(f"LambdaLR: schedule must be a function of the epoch, got {schedule!r:.60}")
        self.schedule, self.settings = schedule, settings
        self._factor(0)

    def _factor(self, epoch: int) -> float:
        return checked_number("LambdaLR", "the schedule's value", self.schedule(epoch, **self.settings))

    def step(self) -> None:
        """Open the next epoch: set its learning rate."""
        self.optimizer.learning_rate = self.initial_lr * self._factor(self.step_count)
        self.step_count += 1

# %% nbgrader={"grade": false, "grade_id": "schedules", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def warmup_cosine(epoch: int, warmup: int, total: int, floor: float = 0.0, start: float = 0.0) -> float:
    """A linear warm-up of `warmup` epochs, then a cosine that reaches `floor` at epoch `total`.

    >>> [round(warmup_cosine(epoch, warmup=2, total=6), 4) for epoch in range(8)]
    [0.0, 0.5, 1.0, 0.8536, 0.5, 0.1464, 0.0, 0.0]
    """
    checked_count("warmup_cosine", "total - warmup", total - warmup)
    ### BEGIN SOLUTION
    if epoch < warmup:
        return linear_warmup(epoch, warmup, start)
    return cosine_decay(epoch - warmup, total - warmup, floor)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-warmup", "locked": true, "points": 0, "schema_version": 3, "solution": false, "task": false}
from tinytorch.checks import Checks

checks = Checks("warmup_cosine", points=0)
checks.check(
    "eight epochs", 0,
    fed="epochs 0 to 7, warmup 2, total 6",
    got=lambda: [warmup_cosine(epoch, warmup=2, total=6) for epoch in range(8)],
    want=[0.0, 0.5, 1.0, 0.8535534, 0.5, 0.1464466, 0.0, 0.0],
    slips={
        "the cosine has to begin where the warm-up ends": [0.0, 0.5, 0.75, 0.5, 0.25, 0.0669873, 0.0, 0.0],
        "the cosine has total - warmup epochs": [0.0, 0.5, 1.0, 0.9330127, 0.75, 0.5, 0.25, 0.0669873],
    },
)
checks.check(
    "floor and start", 0,
    fed="epochs 0 to 6, warmup 3, total 5, floor 0.5, start 0.25",
    got=lambda: [warmup_cosine(epoch, warmup=3, total=5, floor=0.5, start=0.25) for epoch in range(7)],
    want=[0.25, 0.5, 0.75, 1.0, 0.75, 0.5, 0.5],
    slips={
        "start is ignored: hand it to linear_warmup": [0.0, 1 / 3, 2 / 3, 1.0, 0.75, 0.5, 0.5],
        "floor is ignored: hand it to cosine_decay": [0.25, 0.5, 0.75, 1.0, 0.5, 0.0, 0.0],
        "start and floor are both ignored: hand them on": [0.0, 1 / 3, 2 / 3, 1.0, 0.5, 0.0, 0.0],
    },
)
checks.score()

# %% nbgrader={"grade": false, "grade_id": "predict-warmup", "locked": false, "schema_version": 3, "solution": false, "task": false} tags=["prediction", "skip-execution"]
# Prediction. Adam at 0.2, twenty times its first rate on the digits. Which lowers the training loss more, "warm-up" or "decay"?
guess_warmup = None

# %% nbgrader={"grade": false, "grade_id": "show-warmup", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
epochs = np.arange(8)
schedules = {  # name: how to make it, its factors
    "constant": (None, np.ones(8)),
    "cosine": (
        lambda optimizer: LambdaLR(optimizer, cosine_decay, total=8),
        [cosine_decay(e, total=8) for e in epochs],
    ),
    "warm-up and cosine": (
        lambda optimizer: LambdaLR(optimizer, warmup_cosine, warmup=2, total=8, start=0.1),
        [warmup_cosine(e, warmup=2, total=8, start=0.1) for e in epochs],
    ),
}
fig, (left, right) = new(2, width=9.5)
runs = {}
places = ((6, (-30, -9)), (3, (-46, -10)), (4, (8, 8)))
for (name, (make_schedule, factors)), (at, place) in zip(schedules.items(), places, strict=True):
    trainings = [train(lambda p: Adam(p, learning_rate=0.2), make_schedule, epochs=8, seed=seed) for seed in range(2)]
    runs[name] = np.mean(trainings, axis=0)
    (line,) = left.plot(epochs, factors)
    label(left, line, name, at=at, offset=place)
    (line,) = right.semilogy(epochs + 1, runs[name][:, 0])
    label(right, line, f"{name}: {100 * runs[name][-1, 1]:.0f} %")
left.set(title="The factor of the learning rate", xlabel="epoch, from 0", ylim=(0, 1.05), xticks=epochs)
right.set(title="Training loss, Adam at 0.2 (test accuracy)", xlabel="epochs done", xlim=(0.8, 13), xticks=epochs + 1)
show(
    fig,
    alt=(
        "Left: the three schedules. Right: with a constant rate the training loss stays high,"
        " with the cosine it falls at the end, and with warm-up and cosine it begins lower "
        "and ends lowest, with the best test accuracy."
    ),
)
loss, accuracy = ({name: run[:, column] for name, run in runs.items()} for column in (0, 1))
ends = ", ".join(f"{name} {values[-1]:.3f}" for name, values in loss.items())
print(f"your prediction: {guess_warmup}; training loss at the end: {ends}")
assert loss["warm-up and cosine"][0] < 0.5 * loss["cosine"][0]
assert loss["warm-up and cosine"][-1] < 0.75 * loss["cosine"][-1] < 0.5 * loss["constant"][-1]
assert accuracy["warm-up and cosine"][-1] > accuracy["cosine"][-1] > accuracy["constant"][-1]

# %% [markdown]
r"""
In these runs the decay repairs much of what the large rate does, and the warm-up prevents what it would do in the first epochs, when all of Adam's steps have full size and its averages know few slopes.

### Clipping by the global norm

One slope that is far too large can undo an hour of training. The loss $(w^{20} - \frac{1}{2})^2$ is nearly flat below $w = 0.7$ and a wall above 1, as in a network that multiplies by the same weight twenty times. Clipping shortens the whole gradient and keeps its direction. With $n$ the norm of all slopes together:

$$g \leftarrow g \cdot \frac{c}{n} \quad \text{where } n > c$$

<details><summary>Hint</summary>

The given helper `replace_gradients(parameters, change)` puts `change(g)` in the place of each gradient `g`; `change` is a function, for instance a `lambda`.

</details>
"""

# %% nbgrader={"grade": false, "grade_id": "gradient-tools", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| exporti
def gradients_of(parameters) -> list:
    """The gradients' arrays (None where there is none), of Variables or given themselves as plain arrays."""
    given = [p.grad if isinstance(p, Variable) else p for p in parameters]
    return [g.data.data if isinstance(g, Variable) else g for g in given]


def with_gradients(owner: str, parameters) -> list:
    """Variables or plain gradient arrays as a list, or an error for one that cannot be clipped."""
    if isinstance(parameters, (Variable, np.ndarray)):
        parameters = [parameters]
    elif not hasattr(parameters, "__iter__"):
        raise TypeError(f"{owner}: give Variables or gradient arrays, got a {type(parameters).__name__}")
    parameters = list(parameters)
    for i, (p, g) in enumerate(zip(parameters, gradients_of(parameters), strict=True)):
        if g is not None and (not isinstance(g, np.ndarray) or is_masked(g) or g.dtype.kind != "f"):
            raise TypeError(f"{owner}: gradient {i} is {g.dtype if isinstance(g, np.ndarray) else type(g).__name__}, not an array of floats")
        if p is g and g is not None and not g.flags.writeable:
            raise ValueError(f"{owner}: gradient {i} of shape {g.shape} is read-only")
        if any(p is other for other in parameters[:i] if p is not None):
            raise ValueError(f"{owner}: gradient {i} comes twice")
    return parameters


def replace_gradients(parameters, change) -> None:
    """Give each Variable `change(gradient)` as its new gradient; write it into a plain gradient array."""
    for p, g in zip(parameters, gradients_of(parameters), strict=True):
        if isinstance(p, Variable) and g is not None:
            p.grad = Variable(change(g), requires_grad=False)
        elif g is not None:
            g[...] = change(g)

# %% nbgrader={"grade": false, "grade_id": "clip-by-value", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| export
def global_norm(gradients) -> float:
    """The Euclidean norm of all gradients as one vector, computed in float64 and without overflow.

    >>> global_norm([np.array([3.0]), None, np.array([[4.0]])])
    5.0
    """
    arrays = [g.reshape(-1) for g in gradients_of(with_gradients("global_norm", gradients)) if g is not None and g.size]
    largest = float(np.max([np.abs(g).max() for g in arrays])) if arrays else 0.0
    if largest == 0.0 or not math.isfinite(largest):
        return largest
    unit = 2.0 ** (math.frexp(largest)[1] - 1)  # a power of two: the division is exact
    slices = (g[i : i + PIECE].astype(np.float64) / unit for g in arrays for i in range(0, g.size, PIECE))
    return unit * math.sqrt(math.fsum(float(piece @ piece) for piece in slices))


def clip_by_value(parameters, limit: float) -> None:
    """Limit each element of each gradient to [-limit, limit]. A NaN stays NaN.

    Variables get a new `grad`; plain gradient arrays are changed in place.

    >>> g = np.array([-3.0, 0.5])
    >>> clip_by_value([g], limit=1.0)
    >>> g
    array([-1. ,  0.5])
    """
    limit = checked_number("clip_by_value", "limit", limit)
    replace_gradients(with_gradients("clip_by_value", parameters), lambda g: np.clip(g, -limit, limit))

# %% nbgrader={"grade": false, "grade_id": "clipping", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def clip_by_global_norm(parameters, max_norm: float) -> float:
    """Scale all gradients by one factor so that their global norm is at most max_norm (Pascanu et al. 2013, Algorithm 1).

    Returns the norm before. Variables get a new `grad`; plain gradient arrays are changed in place. A NaN or infinite
    norm is refused with a ValueError, and nothing has changed.

    >>> g = np.array([3.0, 4.0])
    >>> clip_by_global_norm([g], max_norm=1.0)
    5.0
    >>> g
    array([0.6, 0.8])
    """
    parameters = with_gradients("clip_by_global_norm", parameters)
    max_norm = max_norm if max_norm == math.inf else checked_number("clip_by_global_norm", "max_norm", max_norm)
    norm = global_norm(parameters)
    if not math.isfinite(norm):
        raise ValueError(f"clip_by_global_norm: the gradients' norm is {norm}")
    ### BEGIN SOLUTION
    if norm > max_norm:
        replace_gradients(parameters, lambda g: g * (max_norm / norm))
    ### END SOLUTION
    return norm

# %% nbgrader={"grade": true, "grade_id": "test-clipping", "locked": true, "points": 0, "schema_version": 3, "solution": false, "task": false}
from tinytorch.checks import Checks


def clipped(gradients, max_norm):
    arrays = [np.array(g, dtype=float) for g in gradients]
    norm = clip_by_global_norm(arrays, max_norm)
    return [float(norm), [array.tolist() for array in arrays]]


checks = Checks("clip_by_global_norm", points=0)
checks.check(
    "two gradients of norm 5", 0,
    fed="gradients [3, 0] and [4], max_norm 2",
    got=lambda: clipped([[3.0, 0.0], [4.0]], 2.0),
    want=[5.0, [[1.2, 0.0], [1.6]]],
    slips={
        "each gradient is clipped by its own norm: the norm is of all together": [5.0, [[2.0, 0.0], [2.0]]],
        "the norm becomes 1: it is to become max_norm": [5.0, [[0.6, 0.0], [0.8]]],
        "nothing is clipped": [5.0, [[3.0, 0.0], [4.0]]],
    },
)
checks.check(
    "short enough already", 0,
    fed="gradients [3, 0] and [4], max_norm 8",
    got=lambda: clipped([[3.0, 0.0], [4.0]], 8.0),
    want=[5.0, [[3.0, 0.0], [4.0]]],
    slips={"short gradients are made longer: scale only where the norm is above max_norm": [5.0, [[4.8, 0.0], [6.4]]]},
)
checks.score()

# %% nbgrader={"grade": false, "grade_id": "show-clipping", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
def wall(w):
    return 2 * (w**20 - 0.5) * 20 * w**19


def clipped_wall(w):
    g = [wall(w)]
    clip_by_global_norm(g, 1.0)
    return g[0]


falling = descend(SGD([weights([1.2])], learning_rate=0.01), clipped_wall, 60)[:, 0]
thrown = descend(SGD([weights([1.2])], learning_rate=0.01), wall, 1)[:, 0]
fig, ax = new()
(line,) = ax.plot(falling, marker=".")
label(ax, line, "clipped at norm 1", at=20, offset=(8, 6))
(line,) = ax.plot([0, 1], [1.2, 0.9])
label(ax, line, f"not clipped: to {thrown[1]:.0f}", offset=(6, 14))
ax.set(title="Gradient descent that starts on a wall", xlabel="step", ylabel="w", ylim=(0.9, 1.25))
show(
    fig,
    alt=(
        "Clipped, the weight comes down the wall in equal steps and then stays within a step "
        "of the floor near 0.97. Not clipped, its first step throws it to about -480."
    ),
)
print(f"the floor is at {0.5 ** (1 / 20):.3f}; clipped, the weight ends at {falling[-1]:.3f}")
assert abs(wall(0.7)) < 0.03 and wall(1.2) > 40_000
assert thrown[1] < -400 and abs(falling[-1] - 0.5 ** (1 / 20)) < 0.02

# %% [markdown]
"""
### Many machines

Training on several machines changes none of these rules. Each machine finds the slopes of its own share of the batch; the average over machines is the slope of the whole batch (shares of equal size), and every machine then makes the same step.
"""

# %% nbgrader={"grade": false, "grade_id": "show-distributed", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["skip-execution"]
parameters, batch = network(0), np.arange(64)


def slopes_of(rows):
    for parameter in parameters:
        parameter.grad = None
    softmax_cross_entropy(outputs(parameters, x_train[rows]), y_train[rows]).backward()
    return [parameter.grad.data.data for parameter in parameters]


whole, first, second = slopes_of(batch), slopes_of(batch[:32]), slopes_of(batch[32:])
print(
    f"largest difference: {max(np.abs((a + b) / 2 - c).max() for a, b, c in zip(first, second, whole)):.1e}"
)
assert all(np.allclose((a + b) / 2, c, atol=1e-6) for a, b, c in zip(first, second, whole))

# %% [markdown]
"""
## Before you hand in

Restart the kernel and run all cells. Then check the file from a terminal with `tinytorch validate optimizers_dev.ipynb`: it shows which visible checks pass, and says whether a locked cell is missing. Save, and hand in this notebook.
"""

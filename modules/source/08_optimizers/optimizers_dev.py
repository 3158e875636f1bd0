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
# Optimizers
"""

# %% nbgrader={"grade": false, "grade_id": "optimizers-imports", "locked": true, "schema_version": 3, "solution": false, "task": false}
#| default_exp core.optimizers
#| export
import math

import numpy as np

from tinytorch.core.autograd import Variable, add, multiply, subtract
from tinytorch.core.tensor import Tensor

# %% nbgrader={"grade": false, "grade_id": "optimizers-setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import sys

print(f"Python {sys.version.split()[0]}, NumPy {np.__version__}")

# %% [markdown]
"""
## Gradient descent
"""

# %% nbgrader={"grade": false, "grade_id": "gradient-descent-function", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def gradient_descent_step(parameter: Variable, learning_rate: float) -> None:
    ### BEGIN SOLUTION
    pass
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-gradient-descent", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
from tinytorch.checks import Checks

checks = Checks("gradient_descent_step", points=10)
checks.score()

# %% [markdown]
"""
## SGD
"""

# %% nbgrader={"grade": false, "grade_id": "sgd-class", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class SGD:
    ### BEGIN SOLUTION
    pass
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-sgd", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
from tinytorch.checks import Checks

checks = Checks("SGD", points=15)
checks.score()

# %% [markdown]
"""
## Adam
"""

# %% nbgrader={"grade": false, "grade_id": "adam-class", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Adam:
    ### BEGIN SOLUTION
    pass
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-adam", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false}
from tinytorch.checks import Checks

checks = Checks("Adam", points=20)
checks.score()

# %% [markdown]
"""
## Schedules
"""

# %% nbgrader={"grade": false, "grade_id": "steplr-class", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class StepLR:
    ### BEGIN SOLUTION
    pass
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-scheduler", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
from tinytorch.checks import Checks

checks = Checks("StepLR", points=10)
checks.score()

# %% [markdown]
"""
## Training
"""

# %% nbgrader={"grade": false, "grade_id": "training-integration", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train_simple_model():
    ### BEGIN SOLUTION
    pass
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-training-integration", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
from tinytorch.checks import Checks

checks = Checks("train_simple_model", points=15)
checks.score()

"""A tensor, an autograd and the optimizers that train neural networks, in NumPy, as a course."""

__version__ = "0.1.0"

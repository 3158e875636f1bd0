"""Right answers to module 08 in a student's own way: no base class, a new Tensor each time, state keyed by identity."""

import numpy as np

from tinytorch.core.tensor import Tensor


def gradient_descent_step(parameter, learning_rate):
    if parameter.grad is None:
        return
    parameter.data = Tensor(parameter.data.data - learning_rate * parameter.grad.data.data)


def momentum_step(thetas, slopes, velocities, learning_rate, momentum):
    for theta, g, v in zip(thetas, slopes, velocities, strict=True):
        v *= momentum
        v += g
        theta -= learning_rate * v


class SGD:
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0, weight_decay=0.0):
        self.parameters, self.learning_rate = list(parameters), learning_rate
        self.momentum, self.weight_decay = momentum, weight_decay
        self.momentum_buffers, self.step_count = {}, 0

    def zero_grad(self):
        for parameter in self.parameters:
            parameter.grad = None

    def step(self):
        self.step_count += 1
        for p in [p for p in self.parameters if p.grad is not None]:
            g = p.grad.data.data + self.weight_decay * p.data.data
            v = self.momentum * self.momentum_buffers.get(id(p), 0 * g) + g
            self.momentum_buffers[id(p)] = v
            p.data = Tensor(p.data.data - self.learning_rate * v)


class Adam:
    def __init__(self, parameters, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0):
        self.parameters, self.learning_rate, self.weight_decay = list(parameters), learning_rate, weight_decay
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.first_moment, self.second_moment, self.step_count = {}, {}, 0

    def zero_grad(self):
        for parameter in self.parameters:
            parameter.grad = None

    def step(self):
        self.step_count += 1
        for p in [p for p in self.parameters if p.grad is not None]:
            g = p.grad.data.data + self.weight_decay * p.data.data
            m = self.beta1 * self.first_moment.get(id(p), 0 * g) + (1 - self.beta1) * g
            v = self.beta2 * self.second_moment.get(id(p), 0 * g) + (1 - self.beta2) * g**2
            self.first_moment[id(p)], self.second_moment[id(p)] = m, v
            rate = self.learning_rate * (1 - self.beta2**self.step_count) ** 0.5 / (1 - self.beta1**self.step_count)
            shift = self.epsilon * (1 - self.beta2**self.step_count) ** 0.5
            p.data = Tensor(p.data.data - rate * m / (np.sqrt(v) + shift))


class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer, self.step_size, self.gamma = optimizer, step_size, gamma
        self.initial_lr, self.step_count = optimizer.learning_rate, 0

    def step(self):
        if self.step_count and self.step_count % self.step_size == 0:
            self.optimizer.learning_rate *= self.gamma
        self.step_count += 1

    def get_lr(self):
        return self.optimizer.learning_rate


ANSWERS = {
    "gradient-descent-function": gradient_descent_step,
    "plain-loop": momentum_step,
    "sgd-class": SGD,
    "adam-class": Adam,
    "steplr-class": StepLR,
}

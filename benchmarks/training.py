"""One epoch of a small network on the digits: tinytorch against PyTorch on one thread, and micrograd where it is installed.

    python benchmarks/training.py [--epochs 5]

The same start, batches and updates for all; seconds of the fastest epoch, and ratios to PyTorch in the same run.
micrograd computes number by number, so it gets a few examples only, and its epoch is scaled up from them.
"""

import argparse
import importlib.util
import os
import time
from collections.abc import Callable, Iterator

for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402  (after the number of threads is set)

from tinytorch.core.autograd import Variable, relu, softmax_cross_entropy  # noqa: E402
from tinytorch.data import load_digits  # noqa: E402

Arrays = list[np.ndarray]
Epoch = Callable[[Arrays, np.ndarray, np.ndarray, int], float]  # parameters, images, labels, batch -> last loss
RATE = 0.1


def start(inputs: int, hidden: int, outputs: int) -> Arrays:
    """Weights and biases of two layers, float32."""
    rng = np.random.default_rng(0)
    shapes = [(inputs, hidden), (hidden,), (hidden, outputs), (outputs,)]
    return [(rng.normal(size=s) * (len(s) == 2) / np.sqrt(s[0])).astype(np.float32) for s in shapes]


def batches(images: np.ndarray, labels: np.ndarray, size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for begin in range(0, len(images) - size + 1, size):
        yield images[begin : begin + size], labels[begin : begin + size]


def tinytorch_epoch(arrays: Arrays, images: np.ndarray, labels: np.ndarray, size: int) -> float:
    w1, b1, w2, b2 = parameters = [Variable(array) for array in arrays]
    for rows, wanted in batches(images, labels, size):
        loss = softmax_cross_entropy(relu(rows @ w1 + b1) @ w2 + b2, wanted)
        for parameter in parameters:
            parameter.zero_grad()
        loss.backward()
        for parameter in parameters:
            parameter.data.data -= RATE * parameter.grad.data.data
    return loss.item()


def torch_epoch(arrays: Arrays, images: np.ndarray, labels: np.ndarray, size: int) -> float:
    import torch

    torch.set_num_threads(1)
    w1, b1, w2, b2 = parameters = [torch.tensor(array, requires_grad=True) for array in arrays]
    for rows, wanted in batches(images, labels, size):
        loss = torch.nn.functional.cross_entropy((torch.from_numpy(rows) @ w1 + b1).relu() @ w2 + b2, torch.from_numpy(wanted))
        for parameter in parameters:
            parameter.grad = None
        loss.backward()
        with torch.no_grad():
            for parameter in parameters:
                parameter -= RATE * parameter.grad
    return loss.item()


def micrograd_seconds(arrays: Arrays, images: np.ndarray, examples: int = 4) -> float:
    """Seconds of an epoch, from a few examples; a squared error, because micrograd has no exponential."""
    from micrograd.nn import MLP

    network = MLP(arrays[0].shape[0], [arrays[0].shape[1], arrays[2].shape[1]])
    began = time.perf_counter()
    for row in images[:examples]:
        loss = sum((logit * logit for logit in network(row.tolist())), 0.0)
        network.zero_grad()
        loss.backward()
        for parameter in network.parameters():
            parameter.data -= RATE * parameter.grad
    return (time.perf_counter() - began) * len(images) / examples


def fastest(epoch: Epoch, arrays: Arrays, images: np.ndarray, labels: np.ndarray, size: int, repeats: int) -> tuple[float, float]:
    """Seconds of the fastest of several equal epochs, and the loss at its end."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        loss = epoch(arrays, images, labels, size)
        times.append(time.perf_counter() - began)
    return min(times), loss


def problems() -> Iterator[tuple[str, Arrays, np.ndarray, np.ndarray, int]]:
    images, labels = digits()
    yield "digits, 64-32-10, batches of 32", start(64, 32, 10), images, labels, 32
    rng = np.random.default_rng(1)
    made = rng.normal(size=(4096, 784)).astype(np.float32), rng.integers(0, 10, size=4096)
    yield "made, 784-256-10, batches of 128", start(784, 256, 10), *made, 128


def digits() -> tuple[np.ndarray, np.ndarray]:
    images, labels = load_digits()[:2]
    return np.ascontiguousarray(images, dtype=np.float32).reshape(len(images), -1), np.asarray(labels, dtype=np.int64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=5, help="epochs to take the fastest of (default 5)")
    repeats = parser.parse_args().epochs
    for name, arrays, images, labels, size in problems():
        ours, loss = fastest(tinytorch_epoch, arrays, images, labels, size, repeats)
        steps = len(images) // size
        print(f"{name}\n  tinytorch  {ours:8.4f} s an epoch, {1e6 * ours / steps:7.0f} us a step")
        if importlib.util.find_spec("torch"):
            theirs, wanted = fastest(torch_epoch, arrays, images, labels, size, repeats)
            print(f"  PyTorch    {theirs:8.4f} s; tinytorch takes {ours / theirs:.2f} times as long")
            assert abs(loss - wanted) < 1e-3, f"the losses differ: {loss} and {wanted}"
        if importlib.util.find_spec("micrograd") and images.shape[1] < 500:  # beyond, its recursion is too deep
            slow = micrograd_seconds(arrays, images)
            print(f"  micrograd  {slow:8.1f} s; {slow / ours:,.0f} times as long as tinytorch")


if __name__ == "__main__":
    main()

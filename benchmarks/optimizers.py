"""How fast a step is: this package, a naive implementation of the same formulas, torch.optim and optax, alternating in one run.

    python benchmarks/optimizers.py [--seconds 8] [--cold] [--case "ten scalars" ...]

Prints one table for each rule and case (medians), and which of the targets are reached or missed.
"""

import argparse
import math
import platform
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinytorch.core.autograd import Variable
from tinytorch.core.optimizers import SGD, Adam
from tinytorch.core.tensor import Tensor

CASES: dict[str, list[tuple[int, ...]]] = {
    "one array of 10,000,000": [(10_000_000,)],
    "1,000 arrays of 1,000": [(1000,)] * 1000,
    "a small MLP": [(784, 128), (128,), (128, 64), (64,), (64, 10), (10,)],
    "ten scalars": [()] * 10,
}
BYTES_MOVED = {"SGD": 5 * 4, "Adam": 7 * 4}  # per element of float32: each array read once, and written once where it changes
SETTINGS = {"SGD": {"learning_rate": 0.01, "momentum": 0.9}, "Adam": {"learning_rate": 0.001}}


class NaiveSGD:
    """The contract's formulas, array by array, as a learner first writes them."""

    def __init__(self, parameters, learning_rate, momentum):
        self.parameters, self.learning_rate, self.momentum, self.buffers = parameters, learning_rate, momentum, {}

    def step(self):
        for i, p in enumerate(self.parameters):
            if p.grad is None:
                continue
            theta, g = p.data.data, p.grad.data.data
            v = self.momentum * self.buffers.get(i, 0.0) + g
            self.buffers[i] = v
            p.data = Tensor(theta - self.learning_rate * v)


class NaiveAdam:
    """The contract's formulas, array by array, as a learner first writes them."""

    def __init__(self, parameters, learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
        self.parameters, self.learning_rate, self.t, self.m, self.v = parameters, learning_rate, 0, {}, {}
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon

    def step(self):
        self.t += 1
        for i, p in enumerate(self.parameters):
            if p.grad is None:
                continue
            theta, g = p.data.data, p.grad.data.data
            m = self.m[i] = self.beta1 * self.m.get(i, 0.0) + (1 - self.beta1) * g
            v = self.v[i] = self.beta2 * self.v.get(i, 0.0) + (1 - self.beta2) * g**2
            m_hat, v_hat = m / (1 - self.beta1**self.t), v / (1 - self.beta2**self.t)
            p.data = Tensor(theta - self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon))


OURS = {"SGD": SGD, "Adam": Adam}
NAIVE = {"SGD": NaiveSGD, "Adam": NaiveAdam}


def drawn(shapes) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [np.asarray(rng.normal(size=shape), np.float32) for shape in shapes]


def variables(shapes, gradients) -> list[Variable]:
    made = [Variable(theta) for theta in drawn(shapes)]
    for parameter, g in zip(made, gradients, strict=True):
        parameter.grad = Variable(g, requires_grad=False)
    return made


def of_torch(rule: str, shapes, gradients) -> Iterator[tuple[str, Callable[[], object]]]:
    """torch.optim in its three forms, each on one thread and on all."""
    try:
        import torch
    except ImportError:
        return
    everything = torch.get_num_threads()
    make: Any = {"SGD": lambda ps, **form: torch.optim.SGD(ps, lr=0.01, momentum=0.9, **form), "Adam": torch.optim.Adam}[rule]
    forms = {"default": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}
    for name, form in forms.items():
        parameters = [torch.tensor(theta, requires_grad=True) for theta in drawn(shapes)]
        for parameter, g in zip(parameters, gradients, strict=True):
            parameter.grad = torch.tensor(g)
        optimizer = make(parameters, **form)
        for threads in sorted({1, everything}):
            yield f"torch {name}, {threads} thread{'s' * (threads > 1)}", on_threads(torch, threads, optimizer.step)


def on_threads(torch, threads: int, step: Callable[[], object]) -> Callable[[], object]:
    def run():
        step()

    run.prepare = lambda: torch.set_num_threads(threads)  # type: ignore[attr-defined]
    return run


def of_optax(rule: str, shapes, gradients) -> Iterator[tuple[str, Callable[[], object]]]:
    """optax, the update and its application under one jax.jit that may write in place."""
    try:
        import jax
        import optax
    except ImportError:
        return
    chain: Any = {"SGD": optax.sgd(0.01, momentum=0.9), "Adam": optax.adam(0.001)}[rule]
    given = [jax.numpy.asarray(g) for g in gradients]


    def update(gradients, parameters, state):
        changes, state = chain.update(gradients, state, parameters)
        return optax.apply_updates(parameters, changes), state

    compiled = jax.jit(update, donate_argnums=(1, 2))
    kept = [jax.numpy.asarray(theta) for theta in drawn(shapes)]
    held = [kept, chain.init(kept)]

    def step():
        held[:] = compiled(given, *held)
        jax.block_until_ready(held)

    yield "optax, jit", step


def contestants(rule: str, shapes) -> dict[str, Callable[[], object]]:
    gradients = drawn(shapes)
    steps = {
        "naive": NAIVE[rule](variables(shapes, gradients), **SETTINGS[rule]).step,
        "this package": OURS[rule](variables(shapes, gradients), **SETTINGS[rule]).step,
    }
    return steps | dict(of_torch(rule, shapes, gradients)) | dict(of_optax(rule, shapes, gradients))


def turn(step: Callable[[], object], steps: int) -> float:
    """Seconds per step of one turn."""
    getattr(step, "prepare", lambda: None)()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return (time.perf_counter() - start) / steps


def medians(steps: dict[str, Callable[[], object]], seconds: float, cold: bool) -> dict[str, float]:
    """The median seconds per step of each, taken in turns so that a busy machine is busy for all of them.

    A turn is as many steps as fill a millisecond; cold, it is one step, right after another contestant's.
    """
    first = {name: min(turn(step, 1) for _ in range(3)) for name, step in steps.items()}  # makes state, or compiles
    many = {name: 1 if cold else max(1, min(100, round(1e-3 / value))) for name, value in first.items()}
    taken: dict[str, list[float]] = {name: [] for name in steps}
    end = time.perf_counter() + seconds
    while len(taken["naive"]) < 5 or time.perf_counter() < end and len(taken["naive"]) < 2000:
        for name, step in steps.items():
            taken[name].append(turn(step, many[name]))
    return {name: statistics.median(values) for name, values in taken.items()}


def temporaries(step: Callable[[], object]) -> int:
    """The most bytes that one step held beyond what it began with, by NumPy's own account."""
    tracemalloc.start()
    step()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    step()
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    return peak


def bandwidth() -> float:
    """Bytes per second that one core reads and writes when it adds one large array to another."""
    a, b = np.ones((2, 10_000_000), np.float32)
    taken = []
    for _ in range(9):
        start = time.perf_counter()
        a += b
        taken.append(time.perf_counter() - start)
    return 3 * a.nbytes / statistics.median(taken)


def targets(rule: str, case: str, ratio: Callable[[str], float]) -> Iterator[tuple[str, float, float]]:
    """What is to be reached: (against what, the ratio, its limit)."""
    large = case == "one array of 10,000,000"
    yield "naive", ratio("naive"), 0.40 if large or case == "1,000 arrays of 1,000" else 0.80
    yield "torch default, 1 thread", ratio("torch default, 1 thread"), 1.4 if large and rule == "SGD" else 1.0
    if rule == "Adam" and case in ("1,000 arrays of 1,000", "ten scalars"):
        yield "torch fused, 1 thread", ratio("torch fused, 1 thread"), 1.0


def table(rule: str, case: str, seconds: float, cold: bool) -> list[str]:
    """Measure one rule on one case and print it; returns the targets that were missed."""
    shapes = CASES[case]
    size = sum(math.prod(shape) for shape in shapes)
    steps = contestants(rule, shapes)
    median = medians(steps, seconds, cold)
    own = median["this package"]
    print(f"\n### {rule}, {case}\n\n| | ns per element | this package / it | bytes of temporaries |\n|---|---|---|---|")
    for name, value in median.items():
        held = f"{temporaries(steps[name]):,}" if name in ("naive", "this package") else "not measured"
        print(f"| {name} | {value / size * 1e9:.2f} | {own / value:.2f} | {held} |")
    print(f"| memory-bandwidth limit, one core | {BYTES_MOVED[rule] / bandwidth() * 1e9:.2f} | | |\n")
    missed = []
    for name, ratio, limit in targets(rule, case, lambda name: own / median.get(name, math.nan)):
        verdict = "not measured" if math.isnan(ratio) else "reached" if ratio <= limit else "MISSED"
        print(f"- {verdict}: {ratio:.2f} of {name}, to reach {limit:.2f}")
        missed += [f"{rule}, {case}: {ratio:.2f} of {name}, to reach {limit:.2f}"] * (verdict == "MISSED")
    return missed


IMPORT = """
import time
start = time.process_time(); import numpy; between = time.process_time(); import tinytorch.core.optimizers
print(between - start, time.process_time() - between)
"""


def imports() -> tuple[float, float]:
    """Processor seconds of importing NumPy, and of importing this package after it: the least of seven."""
    said = (subprocess.check_output([sys.executable, "-c", IMPORT], text=True) for _ in range(7))
    numpy, own = zip(*(map(float, line.split()) for line in said), strict=True)
    return min(numpy), min(own)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=8.0, help="for each rule and case")
    parser.add_argument("--case", nargs="*", default=list(CASES), choices=list(CASES))
    parser.add_argument("--cold", action="store_true", help="turns of one step, so that no caches are warm")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}; float32; medians of alternating steps")
    numpy, own = imports()
    print(f"import: {own * 1e3:.0f} ms above NumPy's {numpy * 1e3:.0f} ms, to stay under 30 ms")
    missed = [line for case in options.case for rule in OURS for line in table(rule, case, options.seconds, options.cold)]
    print("\n## Missed\n\n" + ("\n".join(f"- {line}" for line in missed) or "Nothing."))


if __name__ == "__main__":
    main()

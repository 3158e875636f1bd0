"""Where submissions are graded: in this process, in several, or by a Dask scheduler's workers."""

import functools
import os
import signal
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any

from tinytorch.course.errors import CourseError
from tinytorch.grader import kernel, waiting
from tinytorch.grader.grading import bring_up

__all__ = ["count", "executor"]

QUOTA = Path("/sys/fs/cgroup/cpu.max")  # of a container: microseconds of processor time, in so many


def count(options: Any) -> int:
    """How many submissions are graded at once. A cluster's workers come and go: those of now."""
    if options.scheduler and not options.workers:
        return max(1, sum(_cluster(options.scheduler).nthreads().values()))
    return options.workers or _cores()


def _cores() -> int:
    """Those that this process may use: on a shared machine a part, in a container what its quota comes to."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):  # no cgroup v2, or no quota: "max"
        quota, period = map(int, QUOTA.read_text().split())
        found = min(found, max(1, quota // period))
    return found


@functools.cache
def _cluster(address: str) -> Any:
    from distributed import Client

    try:
        return Client(address)
    except (OSError, ValueError) as error:
        raise CourseError(f"--scheduler {address}: {error}; start one with `dask scheduler`, which says its address") from error


class _Here(Executor):
    """One worker: this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def executor(options: Any, packed: tuple[bytes, ...] = ()) -> Executor:
    """`packed`: the plans whose judges come up at once, in each worker."""
    if options.scheduler:
        return _cluster(options.scheduler).get_executor()
    workers = count(options)
    if workers == 1:
        bring_up(packed)
        return _Here()
    waiting.close()  # its thread: forks do not get along with threads
    pool = _Pool(workers, get_context("fork"), _begin, (os.getpid(), packed))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # Python drops what falls into a fork
    try:
        pool.submit(os.getpid)  # starts them all
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    return pool


class _Pool(ProcessPoolExecutor):
    """Several processes. After Ctrl-C nobody waits for what is on its way."""

    def __exit__(self, kind: Any, *about: Any) -> Any:
        for worker in active_children() if kind else ():
            worker.terminate()
        return super().__exit__(kind, *about)


def _begin(parent: int, packed: tuple[bytes, ...]) -> None:
    """A worker ends with its grader, which would else be waited for; what a Ctrl-C means is the grader's to say."""
    kernel.die_with_parent(parent)
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:  # ignored already: by a shell, for what runs in the background
        signal.signal(signal.SIGINT, lambda *_: None)  # a sandbox that starts from here does not inherit this
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    bring_up(packed)

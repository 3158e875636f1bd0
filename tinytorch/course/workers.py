"""Where submissions are graded: in this process, in several, or by a Dask scheduler's workers."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import active_children, get_context
from typing import Any

from tinytorch.grader import kernel, waiting

__all__ = ["count", "executor"]


def count(options: Any) -> int:
    return options.workers or os.cpu_count() or 1


class _Here(Executor):
    """One worker: this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def executor(options: Any) -> Executor:
    if options.scheduler:
        from distributed import Client

        return Client(options.scheduler).get_executor()
    workers = count(options)
    if workers == 1:
        return _Here()
    waiting.close()  # its thread: forks do not get along with threads
    return _Pool(workers, get_context("fork"), _begin, (os.getpid(),))


class _Pool(ProcessPoolExecutor):
    """Several processes. After Ctrl-C nobody waits for what is on its way."""

    def __exit__(self, kind: Any, *about: Any) -> Any:
        for worker in active_children() if kind else ():
            worker.terminate()
        return super().__exit__(kind, *about)


def _begin(parent: int) -> None:
    """A worker ends with its grader, which would else be waited for; what a Ctrl-C means is the grader's to say."""
    kernel.die_with_parent(parent)
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:  # ignored already: by a shell, for what runs in the background
        signal.signal(signal.SIGINT, lambda *_: None)  # a sandbox that starts from here does not inherit this

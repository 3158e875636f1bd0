"""The sandboxes that wait: each is started ahead, used once, and buried beside the work."""

import atexit
import contextlib
import functools
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from tinytorch.grader.isolation import Level
from tinytorch.grader.limits import Limits
from tinytorch.grader.process import Broken, Sandbox

__all__ = ["close", "taken", "warm"]

_waiting: dict[tuple[int, Limits, Level], "Future[Sandbox]"] = {}  # by process: a fork has none of its parent's
_lock = threading.Lock()


@functools.cache
def _hands(pid: int) -> ThreadPoolExecutor:
    """Two threads that start sandboxes and bury them beside the work: a start need not wait for the burial before it.

    The kernel ends a sandbox with the thread that started it; these live as long as they are wanted.
    """
    return ThreadPoolExecutor(2, "sandboxes")


def warm(limits: Limits, level: Level) -> "Future[Sandbox]":
    """Start the next sandbox ahead; it waits, with nothing of any submission in it."""
    key = os.getpid(), limits, level
    with _lock:
        if key not in _waiting:
            _waiting[key] = _hands(key[0]).submit(_ready, limits, level)
        return _waiting[key]


def _ready(limits: Limits, level: Level, again: bool = True) -> Sandbox:
    """One that is up. One that never came up is tried again, once."""
    box = Sandbox(level, limits)
    try:
        box.ready()
    except Broken:
        box.close()
        if again:
            return _ready(limits, level, again=False)
        raise
    return box


@contextlib.contextmanager
def taken(limits: Limits, level: Level) -> Iterator[Sandbox]:
    """One for this block that is up and lives, buried at its end; the next is started while it works."""
    while (box := _take(limits, level)).process.poll() is not None:
        box.close()
    warm(limits, level)
    try:
        yield box
    finally:  # at once, where the next one could meet what is left of it
        _hands(os.getpid()).submit(box.close) if level.name == "bubblewrap" else box.close()


def _take(limits: Limits, level: Level) -> Sandbox:
    while True:
        warm(limits, level)
        with _lock:
            found = _waiting.pop((os.getpid(), limits, level), None)
        if found:  # else another thread was quicker
            return found.result()


@atexit.register
def close() -> None:
    """End those that wait, and see the others buried."""
    for key, found in list(_waiting.items()):
        del _waiting[key]
        if key[0] == os.getpid():
            with contextlib.suppress(Broken, OSError):
                found.result().close()
    _hands(os.getpid()).shutdown()
    _hands.cache_clear()

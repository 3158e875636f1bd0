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

PRELOAD = ("tinytorch.probes",)
_waiting: dict[tuple[int, Limits, Level], "Future[Sandbox]"] = {}  # by process: a fork has none of its parent's
_lock = threading.Lock()


@functools.cache
def _hands(pid: int) -> ThreadPoolExecutor:
    """A thread that starts sandboxes and buries them beside the work.

    The kernel ends a sandbox with the thread that started it; this one lives as long as they are wanted.
    """
    return ThreadPoolExecutor(1, "sandboxes")


def warm(limits: Limits, level: Level) -> "Future[Sandbox]":
    """Start the next sandbox ahead; it waits, with nothing of any submission in it."""
    key = os.getpid(), limits, level
    with _lock:
        if key not in _waiting:
            _waiting[key] = _hands(key[0]).submit(_ready, limits, level)
        return _waiting[key]


def _ready(limits: Limits, level: Level, again: bool = True) -> Sandbox:
    """One that is up. One that never came up is tried again, once."""
    box = Sandbox(level, limits, PRELOAD)
    try:
        box.ready()
    except Broken:
        box.close()
        if again:
            return _ready(limits, level, again=False)
        raise
    return box


def take(limits: Limits, level: Level) -> Sandbox:
    """One that is up and lives; the next is started while it works."""
    while True:
        warm(limits, level)
        with _lock:
            found = _waiting.pop((os.getpid(), limits, level), None)
        box = found.result() if found else None  # another thread may have been quicker
        if box and box.process.poll() is None:
            warm(limits, level)
            return box
        box.close() if box else None


@contextlib.contextmanager
def taken(limits: Limits, level: Level) -> Iterator[Sandbox]:
    """One for this block, buried at its end."""
    box = take(limits, level)
    try:
        yield box
    finally:
        bury(box)


def bury(box: Sandbox) -> None:
    """End it, with all that it started: at once, where the next one could meet what is left of it."""
    if box.level.name == "bubblewrap":
        _hands(os.getpid()).submit(box.close)
    else:
        box.close()


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

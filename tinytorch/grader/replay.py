"""Checks made once and judged for every submission: what they expect does not depend on any student."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

from tinytorch.checks import Checks, Result

__all__ = ["Call", "noting", "replay"]

METHODS = {name: getattr(Checks, name) for name in ("check", "require", "score")}
Call = tuple[bool, Checks, Callable[..., Any], Any, tuple[Any, ...], dict[str, Any]]  # hidden, whose, which, `got`, and the rest


@contextlib.contextmanager
def noting(note: Callable[..., Any]) -> Iterator[None]:
    """In this block `note` stands for the methods of Checks: it gets the checks, the method, and what that was called with."""
    for name, method in METHODS.items():
        setattr(Checks, name, functools.partialmethod(note, method))
    try:
        yield
    finally:
        for name, method in METHODS.items():
            setattr(Checks, name, method)


def replay(calls: list[Call], ask: Callable[[str], Any]) -> tuple[Any, list[tuple[bool, Result]]]:
    """The last call's value, and each result with whether it is hidden, from the values that `ask` gives for the keys."""
    value, results = None, list[tuple[bool, Result]]()
    for hidden, checks, method, key, args, keywords in calls:
        known = len(checks.results)
        got = {"got": lambda key=key: ask(key)} if key else {}
        value = method(checks, *args, **keywords, **got)
        results += [(hidden, result) for result in checks.results[known:]]
    return value, results

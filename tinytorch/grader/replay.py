"""Checks made once and judged for every submission: what they expect does not depend on any student."""

from collections.abc import Callable
from typing import Any

from tinytorch.checks import Checks

__all__ = ["Recorder", "replay"]


class Recorder(Checks):
    """Stands in for Checks while a cell runs with no submission: keeps what each check expects, and its question.

    `got()` gives the question's key there instead of a value.
    """

    made: list["Recorder"] = []
    hidden = False  # whether the statement that runs now is a hidden test

    def __init__(self, exercise: str, points: float) -> None:
        super().__init__(exercise, points)
        self.calls: list[tuple[bool, str, str, tuple[Any, ...], dict[str, Any]]] = []
        Recorder.made.append(self)

    def require(self, name: str, *, got: Callable[[], Any]) -> None:
        self.calls.append((Recorder.hidden, "require", got(), (name,), {}))

    def check(self, *args: Any, got: Callable[[], Any], **kwargs: Any) -> None:  # type: ignore[override]
        self.calls.append((Recorder.hidden, "check", got(), args, kwargs))

    def score(self) -> float | None:
        return None


def replay(made: Recorder, ask: Callable[[str], Any]) -> tuple[float | None, list[tuple[bool, Any]]]:
    """The cell's last value, and each result with whether it is hidden, from the values that `ask` gives."""
    checks = Checks(made.exercise, made.points)
    hidden: list[bool] = []
    for is_hidden, method, key, args, kwargs in made.calls:
        getattr(checks, method)(*args, **kwargs, got=lambda key=key: ask(key))
        hidden += [is_hidden] * (len(checks.results) - len(hidden))
    return checks.score(), list(zip(hidden, checks.results, strict=True))

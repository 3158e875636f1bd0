"""What stands behind the sites of a cell while it runs: the values that were reported, or a note of what they need."""

import json
from collections import defaultdict
from typing import Any

from tinytorch.checks import StudentError
from tinytorch.grader.forms import Site, Unsplittable
from tinytorch.grader.plain import NotPlain, decode, encode

__all__ = ["Sites", "short"]

ASKS, MOST_GIVEN = 5_000, 20_000


class Sites:
    """Stands behind `__enter__`, `__ask__` and `__capture__` while one cell runs, counting each site's executions."""

    def __init__(self, cell: dict[str, Any], reports: dict[str, Any]) -> None:
        self.cell, self.sites, self.reports = cell["id"], cell["parts"].sites, reports
        self.turns = defaultdict[int, tuple[int, ...]](tuple)
        self.asks: list[dict[str, Any]] = []
        self.bound: dict[str, tuple[int, Any]] = {}  # of each input, which object it was last, and what of it was sent
        self.shown: list[tuple[str, Any]] = []  # what the current statement was told

    def enter(self, depth: int, *numbers: int) -> None:
        """A new turn of the statement, loop or comprehension that they stand in, so many of which are around it."""
        for number in numbers:
            at = self.turns[number]
            self.turns[number] = (*at[:depth], sum(at[depth : depth + 1]) + 1)

    def key(self, number: int) -> str:
        return f"{self.cell}/{number}/{'.'.join(map(str, self.turns[number]))}"

    def ask(self, number: int) -> Any:
        return self.value(self.key(number))

    def value(self, key: str) -> Any:
        report = self.reports.get(key, {})
        text = self.sites[int(key.rsplit("/", 2)[1])].text
        if "value" not in report:
            raise StudentError(report.get("error") or f"{text}: {report.get('opaque') or 'this was not reached'}")
        try:
            value = decode(report["value"])
        except NotPlain as error:
            raise StudentError(f"{text}: {error}") from None
        self.shown.append((text, value))
        return value

    def capture(self, number: int, values: dict[str, Any]) -> None:
        site = self.sites[number]
        inputs = self.inputs(site, values)
        keep = [name for name in inputs if not site.fresh and self.bound.get(name) == (id(values[name]), inputs[name])]
        self.bound.update({name: (id(values[name]), code) for name, code in inputs.items()})
        kind = "run" if site.run else "expr"
        self.asks.append({"key": self.key(number), kind: site.text, "inputs": inputs, "keep": keep})
        if len(self.asks) > ASKS:
            raise Unsplittable(f"more than {ASKS} questions")

    def inputs(self, site: Site, values: dict[str, Any]) -> dict[str, Any]:
        """A given cell's values are in the sandbox as well, where a student may have changed them: what is small is sent."""
        found = {}
        for name, value in values.items():
            try:
                code = encode(value)
            except NotPlain as error:
                if name in site.given:
                    continue
                raise NotPlain(f"{name}: {error}") from None
            if name not in site.given or len(json.dumps(code)) < MOST_GIVEN:
                found[name] = code
        return found


def short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 300 else text[:300] + " ..."

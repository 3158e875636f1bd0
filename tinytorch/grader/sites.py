"""What stands behind the sites of a cell while it runs: the values that were reported, or a note of what they need."""

import ast
import copy
import itertools
import json
from collections import defaultdict, deque
from collections.abc import Callable
from types import FunctionType, GeneratorType, ModuleType
from typing import Any

import numpy as np

from tinytorch.checks import StudentError
from tinytorch.grader.forms import Site, Unsplittable
from tinytorch.grader.names import free
from tinytorch.grader.plain import Iterated, NotPlain, decode, encode

__all__ = ["Sites", "short"]

ITERATORS, MOST = (map, filter, zip, enumerate, reversed, GeneratorType), 10_000
ASKS, MOST_GIVEN = 5_000, 20_000
Taken = dict[str, Callable[[], Any]]


class Sites:
    """Stands behind `__enter__`, `__ask__` and `__capture__` while one cell runs, counting each site's executions."""

    def __init__(self, cell: dict[str, Any], reports: dict[str, Any], sent: dict[int, Any] | None = None) -> None:
        self.cell, self.parts, self.sites, self.reports = cell["id"], cell["parts"], cell["parts"].sites, reports
        self.turns = defaultdict[int, tuple[int, ...]](tuple)
        self.asks: list[dict[str, Any]] = []
        self.objects: list[tuple[Any, Any]] = []  # those that went in, and what of them was sent,
        self.places: dict[int, int] = {}  # by their identity
        self.names, self.handed = set[str](), set[str]()  # that the questions read, and those of them that are no check's `got`
        self.sent = {} if sent is None else sent  # what can be changed in place and went to the student's code, by identity
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

    def capture(self, number: int, values: dict[str, Any], taken: Taken | None = None) -> None:
        site = self.sites[number]
        code, values, inputs = self.going_in(site, values, taken)
        self.sent |= {} if site.fresh else changeable([*values.values()])
        which = {name: self.which(values[name], sent, site.fresh) for name, sent in inputs.items()}
        kind = "run" if site.run else "expr"
        self.asks.append({"key": self.key(number), kind: code, "inputs": inputs, "which": which})
        if len(self.asks) > ASKS:
            raise Unsplittable(f"more than {ASKS} questions")

    def going_in(self, site: Site, values: dict[str, Any], taken: Taken | None) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """The question, and its inputs as they are and as they are sent."""
        filled = Filled(site, taken or {}, values)
        asked = filled.visit(copy.deepcopy(site.asked))
        names = self.parts.reached(free(asked))
        self.names |= names
        self.handed |= set() if site.fresh else names
        values = {name: value for name, value in values.items() if name in names} | filled.values
        return ast.unparse(asked), values, self.inputs(site, values)

    def which(self, value: Any, sent: Any, fresh: bool) -> int:
        """The place of an object that has gone in as it is now: the student's code may have changed it. Else a new one."""
        place = self.places.get(id(value), -1)
        if fresh or place < 0 or self.objects[place][1] != sent:
            place = len(self.objects)
            self.objects.append((value, sent))
        self.places[id(value)] = place
        return place

    def may_be_changed(self, name: str, space: dict[str, Any]) -> bool:
        """Whether the student's code has had something in it, by whatever name; of a function's own names, that name."""
        return bool(self.sent.keys() & changeable(space[name])) if name in space else name in self.names

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


class Filled(ast.NodeTransformer):
    """Puts back each part that is no plain data, or is not there after all: then what it is made of goes in."""

    def __init__(self, site: Site, taken: Taken, known: dict[str, Any]) -> None:
        self.site, self.taken, self.known = site, taken, known
        self.values: dict[str, Any] = {}

    def visit_Name(self, node: ast.Name) -> ast.expr:
        part = self.site.parts.get(node.id)
        if part is None:
            return node
        changed = any(changeable(self.known[name]) for name in part.lent & self.known.keys())
        if changed and part.mixed and not self.site.fresh:
            raise NotPlain(f"{ast.unparse(part.value)}: what is right may stand beside what went in before")
        try:
            value = None if changed else self.taken[node.id]()
            value = Iterated([*itertools.islice(value, MOST)]) if isinstance(value, ITERATORS) else value
            encode(value)
        except Exception:
            changed = True
        if changed:
            return self.visit(copy.deepcopy(part.made_of))
        self.values[node.id] = value
        return node


def changeable(value: Any) -> dict[int, Any]:
    """The lists, dicts, sets, arrays and objects in it, by their identity: of an array, the one whose memory it shows."""
    found, queue = dict[int, Any](), [value]
    while queue:
        value = queue.pop()
        while isinstance(getattr(value, "base", None), np.ndarray):
            value = value.base
        if id(value) in found or isinstance(value, ModuleType | FunctionType):
            continue
        found |= {id(value): value} if type(value).__hash__ is None or hasattr(value, "__dict__") else {}
        queue += value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple | deque) else ()
        queue += getattr(value, "__dict__", {}).values()
    return found


def short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 300 else text[:300] + " ..."

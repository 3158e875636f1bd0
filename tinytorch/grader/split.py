"""Split a locked graded cell into what touches the student and what judges it.

The cell's syntax tree becomes two programs that a grader runs, neither with a student's object in it, and a list of
sites. `capture` runs the instructor's statements and notes, for each execution of a site, the plain values that it
needs; a sandbox evaluates the sites; `judge` runs the same statements with the reported values in the sites' places.
A name that the instructor's locked code did not bind is the student's. What cannot be split raises Unsplittable.
"""

import ast
from dataclasses import dataclass
from typing import Any

from tinytorch.grader.forms import Forced, Site, Unsplittable
from tinytorch.grader.names import Scope, bound, free
from tinytorch.grader.statements import Pair, Statements

__all__ = ["Split", "split"]


@dataclass
class Split:
    """The two programs, each a list of (line, statements), the sites, and the definitions that they need."""

    judge: list[tuple[int, list[ast.stmt]]]
    capture: list[tuple[int, list[ast.stmt]]]
    sites: list[Site]
    prelude: str


class _Splitter(Statements):
    """Also those that hold others: loops and branches."""

    def do_While(self, node: ast.While) -> Pair:
        if self.touches(node.test) or self.reported(node.test) or node.orelse:
            raise Unsplittable(f"line {node.lineno}: the student's values decide how often it is asked")
        before = set(self.scope.own)
        judge, capture = self.block(node.body)
        self.unsettled(before, node)
        return [ast.While(node.test, judge, [])], [ast.While(node.test, capture, [])]

    def do_If(self, node: ast.If) -> Pair:
        if self.touches(node.test) or self.reported(node.test):
            return self.judged_block(node, "test")
        before = set(self.scope.own)
        (judge, capture), (judge2, capture2) = self.block(node.body), self.block(node.orelse)
        self.unsettled(before, node)
        return [ast.If(node.test, judge, judge2)], [ast.If(node.test, capture, capture2)]

    def do_For(self, node: ast.For) -> Pair:
        if self.touches(node.iter) or self.reported(node.iter):
            return self.judged_block(node, "iter")
        for name in bound(node.target):
            if name in self.forced.names:
                raise Unsplittable(f"line {node.lineno}: a loop's {name} is not plain data")
            self.scope.bind(name)
        before = set(self.scope.own)
        judge, capture = self.block(node.body)
        self.unsettled(before, node)
        after, after_capture = self.block(node.orelse) if node.orelse else ([], [])
        return [ast.For(node.target, node.iter, judge, after)], [
            ast.For(node.target, node.iter, capture, after_capture)
        ]

    def unsettled(self, before: set[str], node: ast.stmt) -> None:
        changed = {name for name in before if self.scope.is_student(name)} | (
            before & self.scope.reported & self.sent()
        )
        if changed:
            raise Unsplittable(
                f"line {node.lineno}: {', '.join(sorted(changed))} may be the instructor's or the student's"
            )

    def sent(self) -> set[str]:
        return {name for site in self.sites for name in site.inputs}

    def judged_block(self, node: Any, header: str) -> Pair:
        """A loop or branch on a reported value: the judge's alone, so nothing in it may call the student's code."""
        setattr(node, header, self.expr(getattr(node, header)))
        local = bound(node.target) if isinstance(node, ast.For) else set[str]()
        names = set().union(*map(bound, (*node.body, *node.orelse))) | local
        if any(self.scope.is_student(n) for part in (*node.body, *node.orelse) for n in free(part) - names):
            raise Unsplittable(f"line {node.lineno}: the student's values decide what is called")
        for name in names:
            self.scope.report(name)
        return self.split(node)


def _finish(programs: list[tuple[int, list[ast.stmt]]]) -> list[tuple[int, list[ast.stmt]]]:
    for _, statements in programs:
        for node in statements:
            ast.fix_missing_locations(node)
    return programs


def split(source: str, scope: Scope, callables: set[str], forced: Forced) -> Split:
    """The cell's two programs; `scope` goes on to the next cell."""
    splitter = _Splitter(scope, callables, forced)
    judge, capture = [], []
    body = ast.parse(source).body
    for node in body:
        last = node is body[-1] and isinstance(node, ast.Expr)
        if last and isinstance(node, ast.Expr) and splitter.rooted(node.value):
            raise Unsplittable(f"line {node.lineno}: the cell's last value is the student's")
        ours, theirs = splitter.statement(node)
        judge.append((node.lineno, ours))
        capture.append((node.lineno, theirs))
    prelude = dict.fromkeys(ast.unparse(node) for node in sorted(splitter.needed.values(), key=_imports_first))
    return Split(_finish(judge), _finish(capture), splitter.sites, "\n".join(prelude))


def _imports_first(node: ast.stmt) -> bool:
    return not isinstance(node, ast.Import | ast.ImportFrom)

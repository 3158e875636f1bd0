"""Split a locked graded cell into what touches the student and what judges it.

The cell's syntax tree becomes two programs that a grader runs, neither with a student's object in it, and a list of
sites. `capture` runs the instructor's statements and notes, for each execution of a site, the plain values that it
needs; a sandbox evaluates the sites; `judge` runs the same statements with the reported values in the sites' places.
A name that the instructor's locked code did not bind is the student's. What cannot be split raises Unsplittable.
"""

import ast
from dataclasses import dataclass
from typing import Any

from tinytorch.grader.forms import Site, Unsplittable, is_print, name_of
from tinytorch.grader.helpers import compares
from tinytorch.grader.names import BUILTINS, DEFINITIONS, Scope, bound, free
from tinytorch.grader.statements import Pair, Statements, with_blocks

__all__ = ["Split", "split"]


Line = tuple[int, list[ast.stmt]]


@dataclass
class Split:
    """The two programs, each a list of (line, statements), the sites, and the definitions that they need."""

    judge: list[Line]
    capture: list[Line]
    sites: list[Site]
    needed: dict[str, ast.stmt]
    doubted: set[str]

    def prelude(self, names: set[str]) -> str:
        """The definitions of these names, imports first."""
        found = [node for name, node in self.needed.items() if name in names]
        imports_first = sorted(found, key=lambda node: not isinstance(node, ast.Import | ast.ImportFrom))
        return "\n".join(dict.fromkeys(map(ast.unparse, imports_first)))

    def kept(self, names: set[str]) -> set[str]:
        """Of the instructor's functions and classes that the student's code is given, those that make the cell run whole.

        The judge looks at something that one of them keeps (`counter.calls`), and has a copy that nobody called; or one compares
        with a value of the instructor's, and says there what is right.
        """
        parts = (part for _, nodes in self.judge for node in nodes for part in ast.walk(node))
        looked = {name_of(part.value) for part in parts if isinstance(part, ast.Attribute)}
        made = {name: node for name in names & self.needed.keys() if isinstance(node := self.needed[name], DEFINITIONS)}
        values = names - self.needed.keys() - BUILTINS
        judging = {name for name, node in made.items() if free(node) & values and any(map(compares, ast.walk(node)))}
        return judging | looked & made.keys()

    def reached(self, names: set[str]) -> set[str]:
        """Also the names that the definitions of these read."""
        seen = set[str]()
        while more := (names & self.needed.keys()) - seen:
            seen |= more
            names = names.union(*(free(self.needed[name]) for name in more))
        return names


class _Splitter(Statements):
    """Also those that hold others: `for` and `if`."""

    def do_For(self, node: ast.For | ast.If) -> Pair:
        """With what is in it in both programs, where that is ours to decide; none of it may leave open whose a name is."""
        header, local = ("iter", bound(node.target)) if isinstance(node, ast.For) else ("test", set[str]())
        if self.touches(getattr(node, header)) or self.reported(getattr(node, header)):
            return self.judged_block(node, header, local)
        self.must_not_run(getattr(node, header))
        self.doubt(getattr(node, header))
        lent = free(getattr(node, header)) & self.scope.lent
        for name in local:
            self.scope.bind(name)
        self.scope.lent |= local if lent else set()
        before, turns, begun = {*self.scope.own}, isinstance(node, ast.For), len(self.sites)
        self.loops += turns
        judge, capture = self.block(node.body)
        self.loops -= turns
        enter = [ast.Expr(self.entering(begun))] if turns and begun < len(self.sites) else []
        after, after_capture = self.block(node.orelse)
        sent = {name for site in self.sites for name in site.inputs}
        changed = {name for name in before if self.scope.is_student(name)} | (before & self.scope.reported & sent)
        if changed:
            raise Unsplittable(f"line {node.lineno}: {', '.join(sorted(changed))} may be the instructor's or the student's")
        judged = with_blocks(node, body=[*enter, *judge], orelse=after)
        return [judged], [with_blocks(node, body=[*enter, *capture], orelse=after_capture)]

    do_If = do_For

    def judged_block(self, node: Any, header: str, local: set[str]) -> Pair:
        """A loop or branch on a reported value: the judge's alone, so nothing in it may call the student's code."""
        if any(self.runs(part) for block in (*node.body, *node.orelse) for part in ast.walk(block)):
            raise Unsplittable(f"line {node.lineno}: something is run or opened where the student's values decide")
        node.body = [n for n in node.body if not (is_print(n) and self.touches(n))] or [ast.Pass()]  # earns nothing
        setattr(node, header, self.expr(getattr(node, header)))
        names = set().union(*map(bound, (*node.body, *node.orelse))) | local
        if any(self.scope.is_student(n) for part in (*node.body, *node.orelse) for n in free(part) - names):
            raise Unsplittable(f"line {node.lineno}: the student's values decide what is called")
        for name in names:
            self.scope.report(name)
        return self.split(node)


def split(source: str, scope: Scope) -> Split:
    """The cell's two programs; `scope` goes on to the next cell."""
    splitter = _Splitter(scope)
    judge, capture = list[Line](), list[Line]()
    body = ast.parse(source).body
    for node in body:
        if node is body[-1] and isinstance(node, ast.Expr) and splitter.rooted(node.value):
            raise Unsplittable(f"line {node.lineno}: the cell's last value is the student's")
        for program, statements in zip((judge, capture), splitter.statement(node), strict=True):
            program.append((node.lineno, [ast.fix_missing_locations(one) for one in statements]))
    return Split(judge, capture, splitter.sites, splitter.needed, splitter.doubted)

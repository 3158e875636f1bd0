"""The statements of a graded cell that hold no others: for each, what the judge runs and what notes the questions."""

import ast
import copy
from typing import Any

from tinytorch.grader.forms import Unsplittable, call, got_of, is_judging, is_print, last_name, name_of, root
from tinytorch.grader.helpers import note
from tinytorch.grader.names import DEFINITIONS, bound, free
from tinytorch.grader.questions import Questions

__all__ = ["Pair", "Statements", "with_blocks"]

NAMING = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Import, ast.ImportFrom, *DEFINITIONS)
SEEDS = {"seed", "manual_seed", "set_seed"}
Pair = tuple[list[ast.stmt], list[ast.stmt]]


class Statements(Questions):
    """The methods named for a statement give the judge's statements and the capture's."""

    def block(self, body: list[ast.stmt]) -> Pair:
        judge, capture = list[ast.stmt](), list[ast.stmt]()
        for node in body:
            ours, theirs = self.statement(node)
            judge += ours
            capture += theirs
        nothing: list[ast.stmt] = [ast.Pass()] if body else []
        return judge or nothing, capture or nothing

    def statement(self, node: ast.stmt) -> Pair:
        self.captures, self.begun = [], len(self.sites)
        if isinstance(node, NAMING):
            note(self.scope, node)
        handler = getattr(self, "do_" + type(node).__name__, None)
        if handler is not None:
            return handler(node)
        if self.touches(node, bound(node) - self.scope.student):
            raise Unsplittable(f"line {node.lineno}: {type(node).__name__.lower()} with the student's names in it")
        return self.ours(node)

    def ours(self, node: ast.stmt) -> Pair:
        """A statement without the student: in both programs, or in the judge's only if it reads reported values."""
        self.must_not_run(node)
        self.doubt(node)
        reported, seen = self.reported(node), self.changes_a_module(node) or _changed(node) & self.scope.lent
        judge, capture = self.in_sandbox(node) if seen and not reported else ([], [])
        for name in bound(node):
            self.scope.report(name) if reported else self.scope.bind(name)
        return [*judge, node], [*capture, *([] if reported else [node])]

    def split(self, node: ast.stmt) -> Pair:
        """`node` with sites in it, and what notes their inputs."""
        captured = ast.Expr(ast.Tuple(self.captures, ast.Load()))
        if self.begun == len(self.sites):
            return [node], [captured]
        enter = ast.Expr(self.entering(self.begun))
        return [enter, node], [enter, captured]

    def in_sandbox(self, node: ast.stmt) -> Pair:
        """A statement that is the student's: it runs there, in its turn."""
        return self.split(ast.Expr(self.site(node)))

    def do_Import(self, node: Any) -> Pair:
        timed = self.scope.bind_import(node)
        judge, capture = self.in_sandbox(node) if timed else ([], [])
        return [*judge, node], [*capture, node]

    do_ImportFrom = do_Import

    def do_FunctionDef(self, node: Any) -> Pair:
        if self.reported(node) or node.name in self.needed:
            raise Unsplittable(f"line {node.lineno}: {node.name} reads the student's values, or is defined anew")
        if not self.touches(node):
            self.scope.bind(node.name, node)
            return [node], [node]
        calls = (part.func for part in ast.walk(node) if isinstance(part, ast.Call))
        if any(isinstance(part, ast.Assert) for part in ast.walk(node)) or any(map(is_judging, calls)):
            return self.judging_function(node)
        self.scope.give_away(node.name, node)  # to be asked by a check's `got`, and by nothing else
        return [], []

    do_ClassDef = do_AsyncFunctionDef = do_FunctionDef

    def judging_function(self, node: Any) -> Pair:
        """A function of ours that calls the student's code and judges it: split like a cell, at each call anew."""
        inner = (ast.Return, ast.Yield, ast.YieldFrom, ast.Global, ast.Nonlocal, ast.Lambda, *DEFINITIONS)
        if not isinstance(node, ast.FunctionDef) or any(isinstance(n, inner) for b in node.body for n in ast.walk(b)):
            raise Unsplittable(f"line {node.lineno}: {node.name} both calls the student's code and judges it")
        outer, self.scope, read = self.scope, copy.deepcopy(self.scope), free(node)
        for name in (arg.arg for arg in ast.walk(node.args) if isinstance(arg, ast.arg)):
            self.scope.bind(name)
        judge, capture = self.block(node.body)
        outer.lent |= self.scope.lent & read
        self.scope = outer
        self.scope.bind(node.name)
        return [with_blocks(node, body=judge)], [with_blocks(node, body=capture)]

    def do_Assign(self, node: Any) -> Pair:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = bound(node)
        theirs = any(map(self.touches, targets)) or names & self.scope.shared
        if theirs and names - self.scope.shared:
            raise Unsplittable(f"line {node.lineno}: the instructor's and the student's are named together")
        if theirs or self.is_theirs(node):
            return self.given_away(node, names)
        if not self.touches(node):
            return self.ours(node)
        node.value = self.expr(node.value)
        for name in names:
            self.scope.report(name)
        return self.split(node)

    do_AnnAssign = do_AugAssign = do_Assign

    def is_theirs(self, node: Any) -> bool:
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            return self.scope.is_student(node.target.id)
        return self.rooted(node.value)

    def given_away(self, node: Any, names: set[str]) -> Pair:
        parts = [n for n in ast.walk(node) if isinstance(n, ast.Attribute | ast.Subscript) and isinstance(n.ctx, ast.Store)]
        if not all(self.touches(root(part)) for part in parts):
            raise Unsplittable(f"line {node.lineno}: something of the instructor's would hold what is the student's")
        pair = self.in_sandbox(node)
        for name in names:
            self.scope.give_away(name)
        made = isinstance(node.value, ast.Call) and name_of(node.value.func) in self.scope.classes
        self.scope.objects |= names if made else set()
        return pair

    def do_Expr(self, node: ast.Expr) -> Pair:
        held = self.held(node.value) if isinstance(node.value, ast.Call) and self.judges(node.value) else set()
        if not self.touches(node) and not held:
            return self.ours(node)
        if self.rooted(node.value):
            if is_print(node):  # `print(f, want)`
                node.value.args = [one for one in node.value.args if self.touches(one)]  # type: ignore[attr-defined]
            return self.in_sandbox(node)
        node.value = self.expr(node.value, held)
        if isinstance(node.value, ast.Call) and got_of(node.value) is None:
            for name in _changed(node) & self.scope.own - self.scope.made_by.keys():
                self.scope.report(name)  # `values.append(f(3))`: from now on a list of ours holds what was reported
        return self.split(node)

    def changes_a_module(self, node: ast.stmt) -> bool:
        """A seed, `np.linalg.solve = None`, `np.seterr(all="raise")`: the student's code has the same module."""
        for part in ast.walk(node):
            if isinstance(part, ast.Attribute | ast.Subscript) and not isinstance(part.ctx, ast.Load) and self.of_module(part):
                return True
            if isinstance(part, ast.Call) and last_name(part.func) in SEEDS:
                return True
        if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call) or is_judging(node.value.func):
            return False
        return self.of_module(node.value.func) and all(map(self.is_import, free(node) & self.scope.own))

    def of_module(self, node: ast.expr) -> bool:
        owner = root(node)
        return isinstance(owner, ast.Name) and self.is_import(owner.id)

    def is_import(self, name: str) -> bool:
        return isinstance(self.scope.made_by.get(name), ast.Import | ast.ImportFrom)

    def do_Assert(self, node: ast.Assert) -> Pair:
        if isinstance(node.test, ast.BoolOp) and isinstance(node.test.op, ast.And):
            return self.block([ast.copy_location(ast.Assert(part, node.msg), node) for part in node.test.values])
        node.msg = None if node.msg is not None and self.touches(node.msg) else node.msg
        held = self.held(node.test)
        if not self.touches(node) and not held:
            self.doubted |= set() if self.reported(node) else free(node.test) & self.scope.own
            return self.ours(node)
        thing = isinstance(node.test, ast.Name) and not held  # a function, say: only whether it is true can be asked
        node.test = self.expr(ast.copy_location(call("bool", node.test), node.test) if thing else node.test, held)
        return self.split(node)

    def held(self, test: ast.expr) -> set[str]:
        """The values of ours that the student's code has had, where a test is of nothing else: has it changed them?"""
        held = self.lent(test)
        if len(held) > 1:  # the one is to be right by the other
            raise Unsplittable(f"line {test.lineno}: {' and '.join(sorted(held))} have both been in the student's hands")
        return held


def with_blocks(node: ast.stmt, **blocks: list[ast.stmt]) -> ast.stmt:
    """The same statement with other statements in it."""
    made = copy.copy(node)
    vars(made).update(blocks)
    return made


def _changed(node: ast.stmt) -> set[str]:
    """The names whose values a statement may change in place."""
    if isinstance(node, ast.Expr):
        places = [node.value.func] if isinstance(node.value, ast.Call) else []
    else:
        places = getattr(node, "targets", [getattr(node, "target", None)])
    found = set[str]()
    for place in places:
        owner = root(place)
        if isinstance(owner, ast.Name) and (owner is not place or isinstance(node, ast.AugAssign)):
            found.add(owner.id)
    return found

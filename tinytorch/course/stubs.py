"""nbgrader's ClearSolutions with stubs that name their exercise; nbgrader_config.py makes plain nbgrader use it too."""

import ast
import re
from typing import Any

from nbgrader.preprocessors import ClearSolutions
from traitlets import Dict

__all__ = ["NamedStubs", "region_names"]

UNNAMED = "raise NotImplementedError('unnamed exercise')"


class NamedStubs(ClearSolutions):
    """Each region of code becomes `raise NotImplementedError("SGD.rule: ...")`, named for the def or class it stands in."""

    code_stub = Dict({"python": f"# YOUR CODE HERE\n{UNNAMED}"}).tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        # With `formats` in it and the source near, Jupytext would bring the answers back.
        nb.metadata.pop("jupytext", None)
        return super().preprocess(nb, resources)

    def _replace_solution_region(self, cell: Any, language: str) -> bool:
        if cell.cell_type != "code" or language != "python":
            return super()._replace_solution_region(cell, language)
        names = iter(region_names(cell.source, cell.metadata.nbgrader.get("grade_id", "this exercise")))
        replaced = super()._replace_solution_region(cell, language)
        cell.source = re.sub(re.escape(UNNAMED), lambda _: stub(next(names)), cell.source)
        return replaced


def stub(name: str) -> str:
    return f'raise NotImplementedError("{name}: your code goes here")'


def region_names(source: str, otherwise: str) -> list[str]:
    """For each solution region, in order, the dotted name of the innermost def or class around it."""
    begins = [number for number, line in enumerate(source.split("\n"), 1) if "BEGIN SOLUTION" in line]
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a magic, for instance
        return [otherwise] * len(begins)
    return [".".join(_around(tree, number)) or otherwise for number in begins]


def _around(node: ast.AST, line: int) -> list[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef) and child.lineno < line <= (child.end_lineno or 0):
            return [child.name, *_around(child, line)]
    return []

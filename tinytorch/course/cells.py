"""A percent source as the rubric reads it: its cells, their parts, and the words of its prose."""

import ast
import re
from pathlib import Path
from typing import Any

Cell = dict[str, Any]
NOISE = (
    r"### BEGIN SOLUTION.*?### END SOLUTION",
    r"```.*?```",
    r"\$\$.*?\$\$",
    r"\$[^$]*\$",
    r"<[^>]*>",
    r"\]\([^)]*\)",
)


def read(source: Path) -> list[Cell]:
    """The cells of a percent file, each with its place under `at`."""
    from tinytorch.course.percent import to_notebook

    cells = [dict(cell) for cell in to_notebook(source.read_text(encoding="utf-8")).cells]
    return [cell | {"at": number} for number, cell in enumerate(cells, 1)]


def name_of(cell: Cell) -> str:
    found = nbgrader(cell).get("grade_id")
    return f"cell {cell['at']}" + (f" ({found})" if found else "")


def nbgrader(cell: Cell) -> dict[str, Any]:
    return cell["metadata"].get("nbgrader", {})


def tagged(cells: list[Cell], tag: str) -> list[Cell]:
    return [cell for cell in cells if tag in cell["metadata"].get("tags", ())]


def texts(cells: list[Cell]) -> list[Cell]:
    return [cell for cell in cells if cell["cell_type"] == "markdown"]


def codes(cells: list[Cell]) -> list[Cell]:
    return [cell for cell in cells if cell["cell_type"] == "code"]


def graded(cells: list[Cell]) -> list[Cell]:
    return [cell for cell in codes(cells) if nbgrader(cell).get("grade")]


def reflections(cells: list[Cell]) -> list[Cell]:
    return [c for c in texts(cells) if nbgrader(c).get("grade") and nbgrader(c).get("solution")]


def tree(cell: Cell) -> ast.Module:
    """The cell's syntax, with magics and shell lines blanked."""
    return ast.parse(re.sub(r"^\s*[%!].*$", "pass", cell["source"], flags=re.MULTILINE))


def calls(cell: Cell, name: str) -> list[ast.Call]:
    """The calls of `name(...)` or `something.name(...)` in a code cell."""
    found = [node for node in ast.walk(tree(cell)) if isinstance(node, ast.Call)]
    return [call for call in found if getattr(call.func, "attr", getattr(call.func, "id", None)) == name]


def figures(cells: list[Cell]) -> list[tuple[Cell, ast.Call]]:
    return [(cell, call) for cell in codes(cells) for call in calls(cell, "show")]


def regions(cell: Cell) -> list[list[str]]:
    """The lines of each solution region that hold code or words, comments apart."""
    found = re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", cell["source"], flags=re.DOTALL)
    return [[line for line in text.splitlines() if line.strip() and not line.strip().startswith("#")] for text in found]


def words(text: str) -> int:
    """Words of prose: code, formulas, tags, addresses and marking notes do not count."""
    for noise in NOISE:
        text = re.sub(noise, " ", text, flags=re.DOTALL)
    return len(re.findall(r"[A-Za-z][A-Za-z'’-]*", text))

"""A student's own answers as their own `tinytorch.core` module, and the way back."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import tinytorch.core
from tinytorch.student.inside import python_of
from tinytorch.student.notebook import (
    Cell,
    Notebook,
    NotebookError,
    code_cells,
    grade_id,
    is_answer,
    is_test,
    is_untouched,
    nbgrader_of,
    write_whole,
)
from tinytorch.student.repair import repair

KEPT = ".kept"  # suffix of the module that stood there before
_DIRECTIVE = re.compile(r"^#\s*\|\s*(\w+)\s*(.*)$")
EXPORTED = {"export", "exporti"}  # nbdev's: public, and internal to the module
_OWN = "# Your own answers, written by `tinytorch export"


def export(notebook: Notebook, released: Notebook | None, replace: bool = False) -> Path:
    """Write the notebook's exported cells to its module of `tinytorch.core`; refused while an answer with points is open."""
    whole = repair(notebook, released).notebook
    target = module_path(whole)
    exported = [cell for _, cell in code_cells(whole.cells) if directives(cell).keys() & EXPORTED]
    if unfinished := open_answers(whole, released, needed=True):
        raise NotebookError(f"{notebook.path}: not answered yet: {', '.join(unfinished)}; nothing was written")
    if target.exists() and not is_own(target) and not replace:
        raise NotebookError(
            f"{target.name}: the course's own module stands there; add --replace to put yours in its place"
        )
    text = module_text(notebook, exported, target.stem)
    _proved(target, text)
    if target.exists() and not is_own(target):
        target.replace(kept_path(target))
    write_whole(target, text)
    return target


def restore(module: str) -> Path:
    """Go back: put the course's module where the student's own stands, or take the student's own away."""
    target = core_folder() / f"{module.removeprefix('core.').removesuffix('.py')}.py"
    if not target.exists() or not is_own(target):
        raise NotebookError(f"{target.name}: there is no module of your own to take back")
    target.replace(target.with_suffix(".py.mine"))
    if kept_path(target).exists():
        kept_path(target).replace(target)
    return target


def core_folder() -> Path:
    return Path(next(iter(tinytorch.core.__path__)))


def module_path(notebook: Notebook) -> Path:
    """Where the notebook's answers go, by its own `default_exp` line."""
    named = [given for cell in notebook.cells if (given := directives(cell).get("default_exp"))]
    if len(named) != 1 or not re.fullmatch(r"core\.\w+", named[0]):
        raise NotebookError(
            f"{notebook.path}: has no line `#| default_exp core.NAME`; is it a notebook of this course?"
        )
    return core_folder() / f"{named[0].removeprefix('core.')}.py"


def kept_path(target: Path) -> Path:
    return target.with_name(target.name + KEPT)


def is_own(target: Path) -> bool:
    return target.read_text(encoding="utf-8").startswith(_OWN)


def directives(cell: Cell) -> dict[str, str]:
    """The `#|` lines at the top of a code cell."""
    found = {}
    for line in cell["source"].splitlines() if cell.get("cell_type") == "code" else []:
        if line.strip() and not (hit := _DIRECTIVE.match(line)):
            break
        if line.strip() and hit:
            found[hit[1]] = hit[2].strip()
    return found


def open_answer(cell: Cell, stubs: dict[str, str]) -> str:
    """The name of what an answer cell still leaves open, empty where it is finished."""
    if not is_answer(cell):
        return ""
    name, source = grade_id(cell), python_of(cell["source"])
    try:
        open_parts = [_qualified(node, source) for node in ast.walk(ast.parse(source)) if _raises_stub(node)]
    except SyntaxError as problem:
        return f"{name} (line {problem.lineno} is not Python)"
    if not open_parts and (stubs.get(name) == cell["source"].strip() or is_untouched(cell)):
        open_parts = [name]
    return ", ".join(dict.fromkeys(open_parts))


def open_answers(notebook: Notebook, released: Notebook | None, needed: bool) -> list[str]:
    """What the exported answers leave open: of the exercises that carry points, or (not `needed`) of the optional ones."""
    stubs = {name: cell["source"].strip() for name, cell in released.by_id().items()} if released else {}
    optional = optional_answers(notebook.cells)
    cells = [cell for _, cell in code_cells(notebook.cells) if directives(cell).keys() & EXPORTED]
    return [what for c in cells if (grade_id(c) in optional) != needed and (what := open_answer(c, stubs))]


def optional_answers(cells: list[Cell]) -> set[str]:
    """The answers that are Python and whose test, the next one in the notebook, is worth no points."""
    optional, waiting = set[str](), list[str]()
    for cell in cells:
        if is_answer(cell) and _parses(cell):
            waiting.append(grade_id(cell))
        elif is_test(cell):
            optional |= set() if nbgrader_of(cell).get("points") else set(waiting)
            waiting = []
    return optional


def _parses(cell: Cell) -> bool:
    try:
        ast.parse(python_of(cell["source"]))
    except SyntaxError:
        return False
    return cell.get("cell_type") == "code"


def _raises_stub(node: ast.AST) -> bool:
    return isinstance(node, ast.Raise) and node.exc is not None and "NotImplementedError" in ast.dump(node.exc)


def _qualified(node: ast.AST, source: str) -> str:
    """The class and function that a node stands in, such as `SGD.rule`."""
    line = getattr(node, "lineno", 0)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    around = [
        n for n in ast.walk(ast.parse(source)) if isinstance(n, kinds) and n.lineno <= line <= (n.end_lineno or 0)
    ]
    return ".".join(n.name for n in sorted(around, key=lambda n: n.lineno)) or f"line {line}"


def module_text(notebook: Notebook, exported: list[Cell], name: str) -> str:
    """The module: where it came from, its public names, and the exported cells in order."""
    parts = [_without_directives(cell["source"]) for cell in exported]
    tree = ast.parse("\n".join(_without_directives(cell["source"]) for cell in exported if "export" in directives(cell)))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    public = sorted(node.name for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_"))
    head = f"{_OWN}` from {notebook.path.name} (sha {notebook.sha}).\n"
    head += f"# `tinytorch export --restore {name}` goes back to the course's own."
    return "\n\n".join([head, f"__all__ = {public!r}", *parts]) + "\n"


def _without_directives(source: str) -> str:
    return "\n".join(line for line in python_of(source).splitlines() if not _DIRECTIVE.match(line)).strip()


def _proved(target: Path, text: str) -> None:
    """Refuse a module that cannot be imported: the one that works now stays."""
    trial = target.with_name(f"{target.stem}_trial.py")
    write_whole(trial, text)
    try:
        command = [sys.executable, "-c", f"import tinytorch.core.{trial.stem}"]
        home = str(core_folder().parents[1])
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, cwd=home)
    except subprocess.TimeoutExpired:
        raise NotebookError(f"{target.name}: importing your answers takes over a minute; nothing was written") from None
    finally:
        trial.unlink()
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise NotebookError(f"{target.name}: your answers cannot be imported ({reason[0]}); nothing was written")

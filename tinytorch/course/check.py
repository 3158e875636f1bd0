"""`check`: one module held by its own tests: reference, blank notebook, every slip and right answer, and the rubric."""

import importlib
import re
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from tinytorch.course.build import prepared
from tinytorch.course.errors import CourseError
from tinytorch.course.modules import Module, find
from tinytorch.course.settings import load, root

__all__ = ["check", "lines"]

REGION = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n.*?^[ \t]*### END SOLUTION", re.M | re.S)


@dataclass
class Checked:
    """What was tried and what did not hold; `idle` are checks that no slip exercises."""

    module: str
    tried: dict[str, int] = field(default_factory=dict)
    misses: list[str] = field(default_factory=list)
    idle: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not self.misses


def check(name: str, course: Path | None = None) -> Checked:
    """Run everything that holds one module, in this process and without a kernel; nothing is written."""
    module = find(name)
    prepared(module, load(course).course)  # what the build refuses
    harness, rows = _catalogue(module)
    result = Checked(module.name)
    known = _reference(module, harness, result)
    _blank(module, harness, result)
    failing = _rows(module, harness, rows, result)
    result.idle = [
        f"{cell}: {name}" for cell, names in known.items() for name in names if name not in failing.get(cell, set())
    ]
    _rubric(module, result)
    return result


def _catalogue(module: Module) -> tuple[ModuleType, dict[str, list[Any]]]:
    """The tests' harness, and the rows of this module: wrong answers and right ones."""
    folder = root() / "tests" / "catalogue"
    if not (folder / "table.py").is_file():
        raise CourseError(f"{folder}: is not there; `check` needs the repository's tests beside the sources")
    sys.path.insert(0, str(root()))
    rows: dict[str, list[Any]] = {"SLIPS": [], "RIGHT": []}
    for path in sorted(folder.glob(f"m{module.name[:2]}*.py")):
        table = importlib.import_module(f"tests.catalogue.{path.stem}")
        for kind, found in rows.items():
            found += getattr(table, kind, [])
    return importlib.import_module("tests.catalogue.table"), rows


def _reference(module: Module, harness: ModuleType, result: Checked) -> dict[str, list[str]]:
    """The reference has full marks; the names of all checks by cell."""
    graded = harness.Notebook(module.name, {}).run()
    result.tried["graded cells"] = len(graded)
    for cell, outcome in graded.items():
        if outcome.score is not None:
            result.misses.append(f"reference: {cell} loses {', '.join(sorted(outcome.failed))}")
    return {cell: [check.name for check in outcome.results] for cell, outcome in graded.items()}


def _blank(module: Module, harness: ModuleType, result: Checked) -> None:
    """A notebook as released has no point anywhere."""
    cells = {cell.name: cell.source for cell in harness.cells(module.name) if cell.solution and not cell.graded}
    blank = {name: REGION.sub(r"\1raise NotImplementedError('blank')", source) for name, source in cells.items()}
    for cell, outcome in harness.Notebook(module.name, blank).run().items():
        if outcome.score != 0:
            result.misses.append(f"blank: {cell} gives {outcome.score if outcome.score is not None else 'all'} points")


def _rows(module: Module, harness: ModuleType, rows: dict[str, list[Any]], result: Checked) -> dict[str, set[str]]:
    """Every slip fails its checks and no others, every right answer none; the checks that some slip fails, by cell."""
    result.tried |= {"slips": len(rows["SLIPS"]), "right answers": len(rows["RIGHT"])}
    failing = dict[str, set[str]]()
    everything = [*rows["SLIPS"], *rows["RIGHT"]]
    with ProcessPoolExecutor(initializer=_quietly) as pool:
        for cell, wanted, misses in pool.map(partial(_row, harness.__name__), everything, chunksize=8):
            failing.setdefault(cell, set()).update(wanted)
            result.misses += misses
    return failing


def _quietly() -> None:
    """A worker finds the catalogue, and leaves Ctrl-C to its parent."""
    sys.path.insert(0, str(root()))
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _row(harness_name: str, row: Any) -> tuple[str, set[str], list[str]]:
    """One row: its graded cell, the checks that it is there to fail, and what did not hold."""
    harness = importlib.import_module(harness_name)
    cell = harness.graded_after(row.module)[row.cell]
    graded = harness.Notebook(row.module, {row.cell: row.answer}, row.free).run(only=cell)[cell]
    everything = row.fails == harness.ALL
    wanted = {each.name for each in graded.results} if everything else set(row.fails)
    # A row that fails everything says nothing of any one check.
    return cell, set() if everything else wanted, list(_wrong(f"{row.cell}: {row.name}", graded, wanted, row.says))


def _wrong(name: str, graded: Any, wanted: set[str], says: str) -> Iterator[str]:
    if unseen := wanted - graded.failed:
        yield f"{name}: passes {', '.join(sorted(unseen))}"
    if unjust := graded.failed - wanted:
        yield f"{name}: loses {', '.join(sorted(unjust))} too"
    if says not in graded.printed:
        yield f"{name}: the student does not read {says!r}"


def _rubric(module: Module, result: Checked) -> None:
    from tinytorch.course.rubric import look
    from tinytorch.course.standards import OF, SMALL

    misses = look(Path(module.source), OF.get(module.name, SMALL))
    result.misses += [f"rubric: {str(miss).removeprefix(f'{module.name}: rubric: ')}" for miss in misses]


def lines(result: Checked) -> list[str]:
    """The outcome for a terminal: the counts, each miss, and the checks that nothing exercises."""
    counts = ", ".join(f"{count} {name}" for name, count in result.tried.items())
    said = [f"{result.module}: {counts}; {len(result.misses)} misses, {len(result.idle)} checks that no slip exercises"]
    return said + [f"miss  {miss}" for miss in result.misses] + [f"idle  {name}" for name in result.idle]

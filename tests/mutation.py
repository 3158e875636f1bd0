"""Mechanical mutation: mutmut's operators on every reference solution, each mutant through its exercise's graded cell.

    python -m tests.mutation [MODULE...]

A mutant that keeps full marks survives. Each survivor is explained in `EXPLAINED`, or this ends with 1. The result is
written to `tests/mutation.md`. mutmut's own runner is for packages: a cell is no module, so only its operators are used.
"""

import contextlib
import difflib
import re
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.catalogue.table import SOURCES, Notebook, cells, graded_after

RESULT = Path(__file__).with_name("mutation.md")
SECONDS = 20
# What the change of a survivor looks like, and why no graded cell should tell it from the reference.
EXPLAINED = {
    r"\+ .*self\.(weight_decay|momentum) >= 0": "where the value is 0 the branch adds or keeps a zero: the same numbers",
    r"\+ .*checked_(count|number)\(": "another name in the text of an error, which no graded cell reads",
    r"\+ .*Variable\((x|2 \* x \+ 1), ?(requires_grad=(None|True))?\)": "a gradient for an input, which nobody reads",
    r"\+ .*SGD\(ps, momentum=0\.9\)": "0.01 is SGD's default",
    r"\+ for .*(strict=None|strict=False|second, )\)": "both tuples have `ndim` lengths, so `strict` never finds anything",
    r"\+ raise \w+\(None\)": "the text of an error, which no graded cell reads",
    r"\+ if (epoch <= warmup|norm >= max_norm):": "where both sides are equal the two branches agree",
    r"\+ value = np\.where\(x > 0": "at 0 both branches give 1/2",
}


@dataclass(frozen=True)
class Mutant:
    module: str
    cell: str
    text: str
    change: str


def answered(source: str) -> set[int]:
    """The lines of the solution regions; what is given stands in every student's cell."""
    lines, inside = set(), False
    for number, line in enumerate(source.splitlines(), 1):
        inside = (inside or "### BEGIN SOLUTION" in line) and "### END SOLUTION" not in line
        lines |= {number} if inside else set()
    return lines


def mutants(module: str, cell: str, source: str) -> Iterator[Mutant]:
    """The cell's text with one mutation each, in what the student writes."""
    from mutmut.mutation.file_mutation import create_mutations, deep_replace

    tree, mutations, _, _ = create_mutations(cell, source, covered_lines=answered(source))
    for mutation in mutations:
        text = deep_replace(tree, mutation.original_node, mutation.mutated_node).code
        lines = list(difflib.unified_diff(source.splitlines(), text.splitlines(), n=0, lineterm=""))[2:]
        change = " ".join(line[0] + " " + line[1:].strip() for line in lines if not line.startswith("@@"))
        if change:
            yield Mutant(module, cell, text, change)


@contextlib.contextmanager
def at_most(seconds: int) -> Iterator[None]:
    def ring(*_: object) -> None:
        raise KeyboardInterrupt  # the one thing that a check lets through

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def killed(mutant: Mutant) -> bool:
    test = graded_after(mutant.module)[mutant.cell]
    try:
        with at_most(SECONDS):
            graded = Notebook(mutant.module, {mutant.cell: mutant.text}).run(only=test)[test]
    except KeyboardInterrupt:
        return True
    return graded.score is not None


def reason(mutant: Mutant) -> str:
    return next((why for shape, why in EXPLAINED.items() if re.search(shape, mutant.change)), "")


def rows(modules: list[str]) -> Iterator[tuple[str, str, int, list[Mutant]]]:
    for module in modules:
        sources = {cell.name: cell.source for cell in cells(module)}
        for cell in graded_after(module):
            made = list(mutants(module, cell, sources[cell]))
            yield module, cell, len(made), [mutant for mutant in made if not killed(mutant)]


def report(modules: list[str]) -> int:
    """Write the result; 1 where a survivor has no explanation."""
    table, survivors = [], []
    for module, cell, made, alive in rows(modules):
        table.append(f"| {module} | `{cell}` | {made} | {made - len(alive)} | {len(alive)} |")
        survivors += alive
        print(table[-1], flush=True)
    lines = [f"- `{m.cell}`: `{m.change}`: {reason(m) or 'NOT EXPLAINED'}" for m in survivors]
    head = "# Mutation of the reference solutions\n\nMade by `make mutation` (mutmut's operators; see `tests/mutation.py`).\n\n"
    columns = "| module | exercise | mutants | killed | survivors |\n|---|---|---|---|---|\n"
    RESULT.write_text(head + columns + "\n".join(table) + "\n\n## Survivors\n\n" + "\n".join(lines) + "\n", encoding="utf-8")
    unknown = [mutant for mutant in survivors if not reason(mutant)]
    print(*(f"{mutant.cell}: {mutant.change}" for mutant in unknown), sep="\n")
    return int(bool(unknown))


if __name__ == "__main__":
    every = sorted(path.parent.name for path in SOURCES.glob("*/*_dev.py"))
    sys.exit(report(sys.argv[1:] or every))

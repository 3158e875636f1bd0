"""`grade --check`: what became of one check, under the same seed or another, and nothing written."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from tinytorch.course.errors import CourseError
from tinytorch.course.grade import Options, Run
from tinytorch.course.show import printable

__all__ = ["replay"]


def replay(name: str, check: str, course: Path | None, options: Options) -> int:
    """Print whether the check called `check` passes for each student, and where it does not, what was fed and what came."""
    run = Run(name, course, replace(options, dry_run=True))
    with ExitStack() as stack:
        folders = run.folders()
        run.start(stack)
        records = run.all_records(folders)
    said = [(record.student, line) for record in records for line in _lines(record.more) if line["name"] == check]
    if records and not said:
        raise CourseError(f"{name}: no cell has a check called {check!r}; `--dry-run --json` names them all")
    for student, line in said:
        text = "passed" if line["passed"] else line["text"]
        print(f"{student}:", "\n".join(map(printable, text.split("\n"))))
    return 0


def _lines(more: dict) -> list[dict]:
    notebooks = more.get("cells", {}).values()
    return [line for cells in notebooks for cell in cells.values() for line in cell["lines"]]

"""The student's command: `tinytorch validate` and `tinytorch export`, with the standard library's parser only."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from tinytorch.student.notebook import NotebookError, read

EXAMPLES = {
    "validate": "example: tinytorch validate optimizers_dev.ipynb",
    "export": "example: tinytorch export optimizers_dev.ipynb",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0: done; 1: done, and some visible check fails; 2: could not be done, nothing was changed (by Ctrl-C: but for a repair that was said)."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console that cannot show a character still gets the rest
    given = parser().parse_args(argv)
    try:
        return run_validate(given) if given.verb == "validate" else run_export(given)
    except NotebookError as problem:
        return _refused(str(problem))
    except OSError as problem:
        return _refused(f"{problem.filename or given.notebook}: {problem.strerror}; may you write in that folder?")
    except KeyboardInterrupt:
        return _refused("stopped by you; nothing was done but what is said above")


def _refused(line: str) -> int:
    print(f"tinytorch: {line}", file=sys.stderr)
    return 2


class _Parser(argparse.ArgumentParser):
    """A wrong word is one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (try `{self.prog} --help`)\n")


def parser() -> argparse.ArgumentParser:
    top = _Parser(prog="tinytorch", description="Check your notebook, or use your own answers.")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    check = verbs.add_parser("validate", help="check a notebook before you hand it in", epilog=EXAMPLES["validate"])
    check.add_argument("notebook", type=Path, metavar="NOTEBOOK")
    check.add_argument("--repair", action="store_true", help="put locked cells back (after a backup), then check")
    check.add_argument("--release", type=Path, metavar="FILE", help="the released notebook, e.g. a corrected one")
    check.add_argument("--cell-seconds", type=float, default=10, metavar="N", help="time limit of a cell (10)")
    check.add_argument("--json", action="store_true", help="print the result as JSON")
    check.add_argument("--course", type=Path, metavar="DIR", help="the course directory that has the release")
    own = verbs.add_parser("export", help="make your answers your own tinytorch.core", epilog=EXAMPLES["export"])
    own.add_argument("notebook", nargs="?", type=Path, metavar="NOTEBOOK")
    own.add_argument("--replace", action="store_true", help="put yours in the place of the course's module (kept)")
    own.add_argument("--restore", metavar="NAME", help="go back to the course's module, e.g. optimizers")
    own.add_argument("--release", type=Path, metavar="FILE", help="the released notebook, where it is not at hand")
    own.add_argument("--course", type=Path, metavar="DIR", help="the course directory that has the release")
    return top


def run_validate(given: argparse.Namespace) -> int:
    from tinytorch.student.repair import released_for, repair_file
    from tinytorch.student.validate import lines, validate

    notebook = read(given.notebook)
    before = released_for(notebook, course=given.course)
    released = read(given.release) if given.release else before
    if given.repair:
        done = repair_file(given.notebook, released, before)
        print("\n".join(done), file=sys.stderr if given.json else sys.stdout)
        notebook = read(given.notebook)
    result = validate(notebook, released, given.cell_seconds)
    print(json.dumps(result.as_json(), indent=1) if given.json else "\n".join(lines(result)))
    return 0 if result.passed else 1


def run_export(given: argparse.Namespace) -> int:
    from tinytorch.student.export import export, open_answers, restore
    from tinytorch.student.repair import released_for, repair

    if given.restore:
        taken = restore(given.restore).name
        print(f"{taken}: taken back; yours is kept as {taken}.mine")
        return 0
    if given.notebook is None:
        raise NotebookError("export: give your notebook, e.g. tinytorch export optimizers_dev.ipynb")
    notebook = read(given.notebook)
    released = released_for(notebook, given.release, given.course)
    target = export(notebook, released, given.replace)
    print(f"tinytorch.core.{target.stem} is now yours: {target}")
    if left := open_answers(repair(notebook, released).notebook, released, needed=False):
        print(f"optional and still open: {', '.join(left)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

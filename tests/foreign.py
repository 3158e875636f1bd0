"""Courses that are not ours, and nbgrader's own scores for them."""

import json
import shutil
from pathlib import Path
from typing import Any

from tinytorch.course.nbgrader import gradebook

Notebook = dict[str, Any]


def notebook(text: str) -> Notebook:
    """A source from cells that begin `# %% kind id points`; kinds: free, given, answer, test, manual, skip."""
    return {
        "cells": [_cell(part) for part in text.split("# %% ")[1:]],
        "metadata": KERNEL,
        "nbformat": 4,
        "nbformat_minor": 4,
    }


KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def _cell(part: str) -> dict[str, Any]:
    head, _, source = part.partition("\n")
    kind, name, points = (head.split() + ["", ""])[:3]
    about = {"grade": kind in ("test", "manual"), "solution": kind in ("answer", "manual"), "task": False}
    about |= {"locked": kind in ("given", "test", "skip"), "grade_id": name, "schema_version": 3}
    about |= {"points": float(points)} if points else {}
    meta: dict[str, Any] = {} if kind == "free" else {"nbgrader": about}
    meta |= {"tags": ["skip-execution"]} if kind == "skip" else {}
    code = {"outputs": [], "execution_count": None}
    return {"cell_type": "code", "metadata": meta, "source": source.strip("\n"), **code}


def answered(source: Notebook, **answers: str) -> Notebook:
    """What a student hands in: the source without its hidden tests, with other answers by grade_id."""
    cells = []
    for cell in json.loads(json.dumps(source))["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        text = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        cells.append(cell | {"source": answers.get(name.replace("-", "_"), text)})
    return source | {"cells": cells}


def course(
    folder: Path, assignment: str, sources: dict[str, Notebook], students: dict[str, dict[str, Notebook]]
) -> Path:
    """A course directory in nbgrader's layout."""
    for name, source in sources.items():
        _write(folder / "source" / assignment / f"{name}.ipynb", source)
    for student, books in students.items():
        for name, book in books.items():
            _write(folder / "submitted" / student / assignment / f"{name}.ipynb", book)
    return folder


def _write(path: Path, book: Notebook) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(book), "utf-8")


def copied(folder: Path, to: Path) -> Path:
    """The same course once more, without any grades."""
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns("gradebook*", "autograded", "records"))
    return to


def by_nbgrader(folder: Path, assignment: str) -> dict[str, dict[str, float | None]]:
    """Each student's automatic scores by cell, from nbgrader's own converters."""
    from nbgrader.converters import Autograde, GenerateAssignment
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    with gradebook(f"sqlite:///{folder / 'gradebook.db'}"):
        pass
    for converter in (GenerateAssignment, Autograde):
        config = Config()
        config.CourseDirectory.root, config.CourseDirectory.assignment_id = str(folder), assignment
        config.CourseDirectory.db_url = f"sqlite:///{folder / 'gradebook.db'}"
        config.Execute.timeout = 20
        converter(coursedir=CourseDirectory(config=config), config=config).start()
    return scores(folder, assignment)


def scores(folder: Path, assignment: str) -> dict[str, dict[str, float | None]]:
    """The automatic scores that stand in a course's gradebook: student -> notebook/cell -> score."""
    with gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        found = {}
        for submission in book.assignment_submissions(assignment):
            grades = [grade for one in submission.notebooks for grade in one.grades]
            found[submission.student.id] = {f"{g.notebook.name}/{g.name}": g.auto_score for g in grades}
        return found

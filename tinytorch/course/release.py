"""`release`: the student version, made in a scratch directory and database, proved clean, then published."""

import json
import shutil
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat

from tinytorch.course import settings as ini
from tinytorch.course.build import build
from tinytorch.course.clean import leaks
from tinytorch.course.errors import CourseError
from tinytorch.course.kit import packed, publish
from tinytorch.course.modules import Module, find

__all__ = ["release"]

Cells = dict[str, tuple[bool, bool, bool]]


def release(name: str, course: Path | None = None) -> Path:
    """Publish the module's student version; the notebook that students get."""
    module, settings = find(name), ini.load(course)
    build([name], course)
    with TemporaryDirectory() as folder:
        scratch = Path(folder)
        shutil.copytree(settings.course / "source" / module.name, scratch / "source" / module.name)
        _generate(module, scratch, f"sqlite:///{scratch / 'gradebook.db'}")
        _prove(module, scratch)
        kit = packed(module, module.built(scratch, "release"))
        settings.course.mkdir(parents=True, exist_ok=True)
        _refuse_changed_cells(module, settings, _read(module.built(scratch)))
        _ask_the_reference(module, settings.course)
        _generate(module, scratch, settings.gradebook)
        _publish(scratch / "release" / module.name, settings.course / "release" / module.name)
    publish(module, kit, settings.course)
    return module.built(settings.course, "release")


def _generate(module: Module, folder: Path, gradebook: str) -> None:
    """nbgrader's generate_assignment, with the project's own nbgrader_config.py."""
    from tinytorch.course import nbgrader

    done = nbgrader.run("GenerateAssignment", folder, gradebook, module.name)
    if done:
        raise CourseError(f"{module.name}: nbgrader cannot make the release, nothing was changed: {done}")


def _ask_the_reference(module: Module, course: Path) -> None:
    """What `grade` would find out at its first run, so that it is quick, and a source that cannot be graded is not released."""
    from tinytorch.course.shared import Options, Shared
    from tinytorch.grader.isolation import Refused

    with ExitStack() as stack, suppress(Refused):  # no sandbox here: `grade` will say so, on a machine that may have one
        shared = Shared(module.name, course, Options())
        shared.read()
        shared.prove(stack)
        wrong = [line for plan in shared.plans for line in _wrong(plan)]
        if wrong:
            shutil.rmtree(course / "plans" / module.name)  # asked anew next time: the machine may have been too busy
            raise CourseError(f"{module.name}: nothing was published\n" + "\n".join(wrong))


def _wrong(plan: Any) -> list[str]:
    """What the source's own answers show of the tests: points that they do not get, and points that nothing protects."""
    short = [f"{cell}: the source's own answers get {own}" for cell, own in plan.short.items()]
    return short + [f"{cell}: its points are unprotected, because {why}" for cell, why in plan.unprotected.items()]


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8"))


def _prove(module: Module, scratch: Path) -> None:
    from tinytorch.course.badge import ColabBadge

    made = scratch / "release" / module.name
    source = nbformat.read(module.built(scratch), as_version=4)
    ColabBadge(link=ini.load().colab).preprocess(source, {})
    released = _read(module.built(scratch, "release"))
    extra = [path.name for path in made.rglob("*") if path.suffix in (".py", ".pyc")]
    found = leaks(source, released) + [f"{name}: a Python file beside the notebook goes to the students" for name in extra]
    if found:
        raise CourseError(f"{module.name}: the release is not clean, nothing was published\n" + "\n".join(found))


def _refuse_changed_cells(module: Module, settings: ini.Settings, notebook: dict[str, Any]) -> None:
    """Once students have handed in, cells must neither come nor go: their grades hang on them."""
    from tinytorch.course.nbgrader import gradebook

    with gradebook(settings.gradebook, settings.course_id) as book:
        old, graded = _known(book, module)
    handed_in = graded or any((settings.course / "submitted").glob(f"*/{module.name}/*"))
    new = _cells(notebook)
    if not handed_in or not old:
        return
    changes = {"added": new.keys() - old.keys(), "removed": old.keys() - new.keys()}
    changes["changed in kind"] = {name for name in new.keys() & old.keys() if new[name] != old[name]}
    said = [f"{', '.join(sorted(names))} {what}" for what, names in changes.items() if names]
    if said:
        raise CourseError(f"{module.name}: students have handed in, so the cells must stay as released, but {'; '.join(said)}")


def _cells(notebook: dict[str, Any]) -> Cells:
    """The cells that the gradebook knows, by id: whether each is graded, a solution, a task."""
    known = [cell["metadata"].get("nbgrader", {}) for cell in notebook["cells"]]
    return {
        cell["grade_id"]: (cell["grade"], cell["solution"], cell["task"])
        for cell in known
        if any(cell.get(key) for key in ("grade", "solution", "task", "locked"))
    }


def _known(book: Any, module: Module) -> tuple[Cells, bool]:
    """The cells of the last release, as the gradebook has them, and whether a submission is graded."""
    from nbgrader.api import MissingEntry

    try:
        notebook = book.find_notebook(module.notebook, module.name)
    except MissingEntry:
        return {}, False
    kinds = [{cell.name for cell in found} for found in (notebook.grade_cells, notebook.solution_cells, notebook.task_cells)]
    names = {cell.name for cell in notebook.source_cells}.union(*kinds)
    return {name: (name in kinds[0], name in kinds[1], name in kinds[2]) for name in names}, bool(notebook.submissions)


def _publish(made: Path, target: Path) -> None:
    """Put the new folder where the old one is; the old one goes last."""
    target.parent.mkdir(parents=True, exist_ok=True)
    new, old = target.with_name(f".{target.name}.new"), target.with_name(f".{target.name}.old")
    for path in (new, old):
        shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(made, new)
    if target.exists():
        target.rename(old)
    new.rename(target)
    shutil.rmtree(old, ignore_errors=True)

"""`release`: the student version, made in a scratch directory and database, proved clean, then published."""

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tinytorch.course import settings as ini
from tinytorch.course.build import build
from tinytorch.course.clean import leaks
from tinytorch.course.errors import CourseError
from tinytorch.course.kit import packed, publish
from tinytorch.course.modules import Module, find

__all__ = ["release"]

Kinds = dict[str, tuple[bool, bool, bool]]


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
        _refuse_changed_cells(module, settings, _kinds(_read(module.built(scratch))))
        settings.course.mkdir(parents=True, exist_ok=True)
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


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8"))


def _prove(module: Module, scratch: Path) -> None:
    made = scratch / "release" / module.name
    notebooks = _read(module.built(scratch)), _read(module.built(scratch, "release"))
    extra = [path.name for path in made.rglob("*") if path.suffix in (".py", ".pyc")]
    found = leaks(*notebooks) + [f"{name}: a Python file beside the notebook goes to the students" for name in extra]
    if found:
        raise CourseError(f"{module.name}: the release is not clean, nothing was published\n" + "\n".join(found))


def _kinds(notebook: dict[str, Any]) -> Kinds:
    """What nbgrader's gradebook knows of the cells: their ids, and whether they are graded, solutions or tasks."""
    known = [cell["metadata"].get("nbgrader", {}) for cell in notebook["cells"]]
    return {m["grade_id"]: (m["grade"], m["solution"], m["task"]) for m in known if m and any(_of_nbgrader(m))}


def _of_nbgrader(metadata: dict[str, Any]) -> tuple[bool, ...]:
    return tuple(bool(metadata.get(key)) for key in ("grade", "solution", "task", "locked"))


def _refuse_changed_cells(module: Module, settings: ini.Settings, new: Kinds) -> None:
    """Once students have handed in, cells must neither come nor go: their grades hang on them."""
    published = module.built(settings.course, "release")
    handed_in = list((settings.course / "submitted").glob(f"*/{module.name}/*"))
    if not handed_in or not published.exists():
        return
    old = _kinds(_read(published))
    changes = {"added": new.keys() - old.keys(), "removed": old.keys() - new.keys()}
    changes["changed in kind"] = {name for name in new.keys() & old.keys() if new[name] != old[name]}
    said = [f"{', '.join(sorted(names))} {what}" for what, names in changes.items() if names]
    if said:
        raise CourseError(f"{module.name}: students have handed in, so the cells must stay as released, but {'; '.join(said)}")


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

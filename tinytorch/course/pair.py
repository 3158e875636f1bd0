"""The two halves of a pair: what was edited in the built notebook, and `pull`, which brings it back to the source."""

import subprocess
from difflib import unified_diff
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from tinytorch.course import settings as ini
from tinytorch.course.build import base_of, build, keep_base, write
from tinytorch.course.errors import CourseError
from tinytorch.course.modules import Module, find

__all__ = ["pull", "refuse_edited"]

SHOWN = 80


def notebook_source(path: Path) -> str:
    """The percent source that a notebook stands for; outputs, ids, times and the kernel's name are no part of it."""
    from tinytorch.course import percent
    from tinytorch.course.refusals import HEADER

    try:
        notebook = percent.load_notebook(path.read_text("utf-8"))
    except Exception as error:
        raise CourseError(f"{path}: not a readable notebook ({type(error).__name__}); repair it, or delete it and build") from error
    notebook.metadata = percent.to_notebook(HEADER).metadata
    for cell in notebook.cells:
        cell.metadata.pop("trusted", None)
    return percent.from_notebook(notebook)


def refuse_edited(module: Module, course: Path, source: str) -> None:
    """Raise an error with the difference if the notebook's text was edited since it was built."""
    path = module.built(course)
    if not path.exists():
        return
    text, base = notebook_source(path), base_of(module, course)
    if text in (source, base):
        return
    raise CourseError(
        f"{path}: was edited since it was built; nothing was overwritten. The difference:\n"
        f"{_difference(base or source, text, module.short, path.name)}"
        f"Bring the edit back to the source with `tinytorch pull {module.name}`, or delete the notebook to drop it."
    )


def pull(name: str, course: Path | None = None) -> tuple[str, int]:
    """Bring a notebook's edit back to its source, and build; what was done, and 1 if the build has an objection."""
    folder = ini.load(course).course
    module = find(name)
    path = module.built(folder)
    if not path.exists():
        raise CourseError(f"{path}: not there; `tinytorch build {module.name}` makes it")
    source, text, base = module.source.read_text("utf-8"), notebook_source(path), base_of(module, folder)
    if text in (source, base):
        return f"{module.name}: nothing to bring back", 0
    merged = text if base in (source, None) else _merge(module, source, base, text)
    kept = folder / ".built" / f"{module.name}.before-pull.py"
    write(kept, source)
    write(module.source, merged)
    keep_base(module, folder, text)  # the edit is in the source now: the build may overwrite the notebook
    said = f"{module.short}: has the notebook's edit; the source as it was is in {kept}"
    try:
        build([module.name], course)
    except CourseError as error:
        return f"{said}\nIt does not build yet:\n{error}", 1
    return said, 0


def _merge(module: Module, source: str, base: str | None, text: str) -> str:
    """Both halves were edited: what they changed in different places goes together, what clashes is refused."""
    with TemporaryDirectory() as folder:
        names = {"source": source, "built": base or "", "notebook": text}
        for name, content in names.items():
            Path(folder, name).write_text(content, encoding="utf-8")
        done = subprocess.run(["git", "merge-file", "-p", *names], cwd=folder, capture_output=True, encoding="utf-8")
    if done.returncode == 0:
        return done.stdout
    raise CourseError(
        f"{module.short}: source and notebook were both edited at the same place; nothing was changed. The notebook's edit:\n"
        f"{_difference(base or '', text, module.short, module.notebook + '.ipynb')}"
        "Make it by hand in the source, then delete the notebook and build."
    )


def _difference(old: str, new: str, before: str, after: str) -> str:
    lines = unified_diff(old.splitlines(True), new.splitlines(True), before, after, n=1)
    shown = list(islice(lines, SHOWN))
    return "".join(shown) + (f"... (only the first {SHOWN} lines are shown)\n" if len(shown) == SHOWN else "")

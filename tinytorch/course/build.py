"""`build`: percent source -> notebook in `course/source`, and export to `tinytorch/core`."""

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from tinytorch.course import settings as ini
from tinytorch.course.errors import CourseError
from tinytorch.course.modules import Module, every, find

__all__ = ["build", "write"]

TOOLS = ("build.py", "package.py", "percent.py", "refusals.py")


def build(names: Sequence[str], course: Path | None = None) -> list[str]:
    """Build the named modules (default: all); the names of those that had changed."""
    folder = ini.load(course).course
    modules = [find(name) for name in names] or every()
    return [module.name for module in modules if not _current(module, folder) and _build(module, folder)]


def write(path: Path, text: str) -> None:
    """Replace a file in one move, so that a reader or a crash never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def _build(module: Module, course: Path) -> bool:
    from tinytorch.course import package, percent

    source = module.source.read_text("utf-8")
    notebook = percent.to_notebook(source)
    if percent.from_notebook(notebook) != source:
        raise CourseError(f"{module.short}: source -> notebook -> source is not the identity")
    text = percent.notebook_text(notebook)
    files = package.exported(text, module.short)
    write(module.built(course), text)
    for name, code in files.items():
        write(ini.root() / "tinytorch" / name, code)
    _stamp(module, course, [ini.root() / "tinytorch" / name for name in files])
    return True


def _record(module: Module, course: Path) -> Path:
    return course / ".built" / f"{module.name}.json"


def _stamp(module: Module, course: Path, files: list[Path]) -> None:
    """Remember what this build read and wrote; the source as it was built is the base that `pull` compares with."""
    paths = [module.source, module.built(course), *files]
    state = {"tools": _tools(), "files": {str(path): _digest(path) for path in paths}}
    write(_record(module, course), json.dumps(state, indent=1))
    write(_record(module, course).with_suffix(".py"), module.source.read_text("utf-8"))


def _current(module: Module, course: Path) -> bool:
    """Whether everything that the last build read and wrote is as it left it."""
    try:
        state = json.loads(_record(module, course).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    files = {Path(path): digest for path, digest in state["files"].items()}
    here = {module.source, module.built(course)} <= files.keys()
    return here and state["tools"] == _tools() and all(_digest(path) == digest for path, digest in files.items())


def _tools() -> str:
    """What a build depends on besides the source: the tools and the files that drive them."""
    here = Path(__file__).parent
    return " ".join([version("jupytext"), version("nbdev"), *(_digest(here / name) for name in TOOLS)])


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() else "absent"

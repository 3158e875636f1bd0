"""`build`: percent source -> notebook in `course/source`, and export to `tinytorch/core`."""

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path

from tinytorch.course import settings as ini
from tinytorch.course.errors import CourseError
from tinytorch.course.modules import Module, every, find

__all__ = ["base_of", "behind", "build", "keep_base", "prepared", "write"]

TOOLS = ("build.py", "package.py", "percent.py", "points.py", "refusals.py")


def build(names: Sequence[str], course: Path | None = None) -> list[str]:
    """Build the named modules (default: all); the names of those that had changed."""
    folder = ini.load(course).course
    modules = [find(name) for name in names] or every()
    _refuse_unknown_options(folder)
    stale = [module for module in modules if not _current(module, folder)]
    files = [prepared(module, folder) for module in stale]
    for module, made in zip(stale, files, strict=True):
        _publish(module, folder, made)
    return [module.name for module in stale]


def write(path: Path, text: str) -> None:
    """Replace a file in one move, so that a reader or a crash never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_text(text, encoding="utf-8", errors="replace")  # half a character, from a name or an error
    new.replace(path)


def _difference(source: str, back: str) -> str:
    """The first line that a way through the notebook would change, and how to write it."""
    pairs = zip_longest(source.splitlines(), back.splitlines(), fillvalue="")
    found = ((number, here, there) for number, (here, there) in enumerate(pairs, 1) if here != there)
    number, here, there = next(found, (len(source.splitlines()), "the end of the file", "one newline"))
    raw = "\\" in here + there or there.startswith('r"""')
    hint = '; a text with a backslash begins with r"""' if raw else ""
    return f"{number}: {here!r} would come back from the notebook as {there!r}; write it so{hint}"


def prepared(module: Module, course: Path) -> dict[Path, str]:
    """All files that a module's build writes, made before any is written; whatever is wrong is raised here."""
    from tinytorch.course import package, percent, refusals
    from tinytorch.course.pair import refuse_edited

    source = module.source.read_text("utf-8")
    notebook = refusals.parsed(module.short, source)
    refuse_edited(module, course, source)
    _refuse_shared_target(module, source)
    if (back := percent.from_notebook(notebook)) != source:
        raise CourseError(f"{module.short}:{_difference(source, back)}")
    text = percent.notebook_text(notebook)
    _refuse_unprotected(module, text)
    exported = package.exported(text, module.short)
    return {module.built(course): text} | {ini.root() / "tinytorch" / name: code for name, code in exported.items()}


def _refuse_unknown_options(course: Path) -> None:
    """Ask nbgrader about nbgrader_config.py once for each version of the file: importing nbgrader takes seconds."""
    path, seen = ini.root() / "nbgrader_config.py", course / ".built" / "nbgrader_config"
    if not path.is_file() or (seen.is_file() and seen.read_text("utf-8") == _digest(path)):
        return
    from tinytorch.course.options import refuse_unknown

    refuse_unknown(path)
    write(seen, _digest(path))


def _publish(module: Module, course: Path, made: dict[Path, str]) -> None:
    """Write the files, and remember what this build read and wrote."""
    for path, text in made.items():
        write(path, text)
    state = {"tools": _tools(), "files": {str(path): _digest(path) for path in [module.source, *made]}}
    write(_record(module, course), json.dumps(state, indent=1))
    keep_base(module, course, module.source.read_text("utf-8"))


def _refuse_shared_target(module: Module, source: str) -> None:
    """nbdev would let the last of two modules that export to one file win, and say nothing."""
    from tinytorch.course.refusals import default_exp

    mine = default_exp(source)
    for other in every():
        theirs = default_exp(other.source.read_text("utf-8"))
        if mine and theirs and other != module and mine[1] == theirs[1]:
            raise CourseError(f"{module.short}:{mine[0]}: {other.short}:{theirs[0]} exports to {mine[1]} too; give each its own")


def _refuse_unprotected(module: Module, text: str) -> None:
    """A test that the grader cannot split would run in the student's own process."""
    from tinytorch.grader.plan import unsplittable

    for name, why in unsplittable(json.loads(text)).items():
        raise CourseError(f"{module.short}: {name} cannot be split, and its points would be unprotected: {why}")


def base_of(module: Module, course: Path) -> str | None:
    """The source as it was last built here: the base from which an edit of either half is told."""
    path = _record(module, course).with_suffix(".py")
    return path.read_text("utf-8") if path.is_file() else None


def keep_base(module: Module, course: Path, text: str) -> None:
    """From now on the notebook counts as edited only where it differs from this."""
    write(_record(module, course).with_suffix(".py"), text)


def _record(module: Module, course: Path) -> Path:
    return course / ".built" / f"{module.name}.json"


def _current(module: Module, course: Path) -> bool:
    """Whether everything that the last build read and wrote is as it left it."""
    try:
        state = json.loads(_record(module, course).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    files = {Path(path): digest for path, digest in state["files"].items()}
    here = {module.source, module.built(course)} <= files.keys()
    return here and state["tools"] == _tools() and all(_digest(path) == digest for path, digest in files.items())


def behind(assignment: str, course: Path) -> bool:
    """Whether a module's source has changed since the course's notebook was built from it, as an update of the tools does."""
    for module in (module for module in every() if module.name == assignment):
        try:
            files = json.loads(_record(module, course).read_text("utf-8"))["files"]
        except (OSError, ValueError):
            return False
        return files.get(str(module.source), "") not in ("", _digest(module.source))
    return False


def _tools() -> str:
    """What a build depends on besides the source: the tools and the files that drive them."""
    here = Path(__file__).parent
    return " ".join([version("jupytext"), version("nbdev"), *(_digest(here / name) for name in TOOLS)])


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() else "absent"

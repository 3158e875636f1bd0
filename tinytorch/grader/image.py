"""What a sandbox can see: a private directory with the interpreter, the packages of the course and the allowed files.

Made once per run, read-only for the sandboxes. The interpreter is taken into it, by hard links where they can be made.
Packages are linked to by name where the dropped user can read them, and taken into it where not.
"""

import importlib.util
import os
import platform
import py_compile
import re
import shutil
import stat
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Image", "libraries", "make", "needed"]

PACKAGE = Path(__file__).resolve().parent.parent
LIBRARY = f"{sys.platlibdir}/python{sys.version_info.major}.{sys.version_info.minor}"
NOT_NEEDED = {
    "test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "lib2to3", "site-packages", "dist-packages",
    "pydoc_data", f"config-{sys.version_info.major}.{sys.version_info.minor}-{sysconfig.get_config_var('MULTIARCH')}",
}  # fmt: skip
UNUSED = (".pyi", ".a", ".opt-1.pyc", ".opt-2.pyc")
UNCHECKED = py_compile.PycInvalidationMode.UNCHECKED_HASH
HELD_BACK = ("tinytorch", "__editable__", "_tinytorch", "__pycache__", "distutils-precedence", "_virtualenv")
SHARED = (
    "libpython", "libssl", "libcrypto", "libffi", "libz.", "libbz2", "liblzma", "libsqlite3", "libreadline",
    "libtinfo", "libncurses", "libexpat", "libuuid", "libstdc++", "libgcc_s", "libgomp", "libquadmath",
    "libgfortran", "libopenblas", "libblas", "libcblas", "liblapack",
)  # fmt: skip  of an interpreter that brings its own
OWN = (*sorted(path.name for path in PACKAGE.glob("*.py") if path.stem != "__main__"), "core", "data")
ENGINE = ("__init__.py", "ahead.py", "inside.py", "instead.py", "kernel.py", "names.py", "plain.py", "stubs.py")


@dataclass(frozen=True)
class Image:
    """Where the image stands, and what else must be visible for it to work: paths."""

    root: str
    python: str
    needs: tuple[str, ...]  # real paths of packages that links in the image lead to
    folders: tuple[str, ...]  # where all packages are shown: the folders that hold them,
    masked: tuple[str, ...]  # and what in them must not be seen


def needed(sources: Iterable[str]) -> tuple[str, ...] | None:
    """What a course shows its students: NumPy alone where its cells stand on tinytorch and on no other package, else all (None).

    All, because in a course that names NumPy alone an answer may well use SciPy: nbgrader gives it the points.
    """
    found = {name for source in sources for name in re.findall(r"^\s*(?:import|from)\s+(\w+)", source, re.M)}
    ours = "tinytorch" in found and found - sys.stdlib_module_names <= {"numpy", "tinytorch"}
    return ("numpy",) if ours else None


def make(root: Path, without: Iterable[str], packages: Iterable[str] | None, dropped: bool) -> Image:
    """Fill `root`. `without`: modules that must not be there; `packages`: top-level names, None for all that are installed."""
    site, python = root / "site", root / "python/bin" / Path(os.path.realpath(sys.executable)).name
    site.mkdir(parents=True)
    for place in (root, site):
        place.chmod(0o755)
    _interpreter(python)
    needs = [place for place in _packages(packages) if _linked(site / place.name, place, dropped)]
    folders = sorted({place.parent for place in needs}) if packages is None else []
    masked = [entry for folder in folders for entry in folder.iterdir() if _held_back(entry)]
    _own(site / "tinytorch", set(without))
    return Image(str(root), str(python), *(tuple(map(str, places)) for places in (needs, folders, masked)))


def _interpreter(python: Path) -> None:
    """A private one: beside the installed one stand all of its packages, and answers may be among them."""
    base = Path(sys.base_prefix)
    libraries = [
        place for place in (base / "lib").glob("*.so*") if place.name.startswith(SHARED) and base != Path("/usr")
    ]
    python.parent.mkdir(parents=True)
    (python.parent.parent / "lib").mkdir()
    _take(sys.executable, str(python))
    for source in (base / LIBRARY, *libraries):
        _take(str(source), str(python.parent.parent / source.relative_to(base)))


def _packages(names: Iterable[str] | None) -> list[Path]:
    """The directories and files of packages, each with the libraries that stand beside it."""
    if names is None:
        found = [entry for place in sys.path if place.endswith("-packages") for entry in Path(place).iterdir()]
        return [entry for entry in found if not _held_back(entry)]
    places = []
    for name in names:
        if (spec := importlib.util.find_spec(name)) and spec.origin:
            place = Path(spec.origin).parent if spec.submodule_search_locations else Path(spec.origin)
            places += [place, *place.parent.glob(f"{name}.libs")]
    return places


def _held_back(entry: Path) -> bool:
    return entry.name.startswith(HELD_BACK) or entry.suffix == ".pth"


def _linked(target: Path, source: Path, dropped: bool) -> bool:
    """Whether a package is shown where it stands; where the dropped user cannot get there, it is taken."""
    if target.exists() or target.is_symlink():
        return False
    if dropped and not reachable(source):
        _take(str(source), str(target))
        return False
    target.symlink_to(source)
    return True


def reachable(path: Path) -> bool:
    """Whether any user of the machine gets there."""
    return all(place.stat().st_mode & 0o001 for place in path.resolve().parents) and bool(path.stat().st_mode & 0o004)


def _take(source: str, target: str) -> None:
    """Link a tree into the image, file by file; a copy where it cannot be linked or not be read by others."""
    if os.path.isdir(source):
        os.makedirs(target)
        os.chmod(target, 0o755)
        for name in os.listdir(source):
            if name not in NOT_NEEDED and not name.endswith(UNUSED):
                _take(f"{source}/{name}", f"{target}/{name}")
        return
    source = os.path.realpath(source) if os.path.islink(source) else source
    mode = os.stat(source).st_mode
    try:
        if not mode & stat.S_IROTH:
            raise PermissionError
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
        os.chmod(target, mode & 0o111 | 0o444)


def _own(target: Path, without: set[str]) -> None:
    """Our own files that a sandbox may see: copies, compiled, with nothing of the module under grading."""
    shown = [place for name in OWN for place in (PACKAGE / name, *(PACKAGE / name).rglob("*"))]
    for source in (*shown, *(PACKAGE / "grader" / name for name in ENGINE)):
        inner = source.relative_to(PACKAGE)
        module = ".".join(("tinytorch", *inner.with_suffix("").parts))
        held_back = any(f"{module}.".startswith(f"{name}.") for name in without)
        if source.is_file() and not held_back and source.parent.name != "__pycache__":
            copy = target / inner
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
            if copy.suffix == ".py":
                py_compile.compile(str(copy), dfile=f"<{module}>", invalidation_mode=UNCHECKED)


def libraries() -> list[Path]:
    """Where the system keeps the shared libraries that an interpreter and its packages load, what loads them, and time zones.

    Debian's own packages find theirs by way of /etc/alternatives, which holds links and nothing else.
    """
    kind = sysconfig.get_config_var("MULTIARCH") or f"{platform.machine()}-linux-gnu"
    places = [Path("/usr/lib") / kind, Path("/usr/lib64"), Path("/lib") / kind, Path("/lib64"), *Path("/lib").glob("ld-*"),
              Path("/etc/alternatives"), Path("/usr/share/zoneinfo")]  # fmt: skip
    return [place for place in places if place.exists()]

"""The kit: one zip with all that a student of a module needs, and nothing that a student may not have."""

import ast
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import tinytorch
from tinytorch.course.errors import CourseError
from tinytorch.course.modules import Module, every

__all__ = ["packed", "publish"]

LIMIT = 5_000_000  # bytes
SHIPPED = ("__init__.py", "py.typed", "checks.py", "core/__init__.py")
FOLDERS = ("student", "data")
Files = dict[str, bytes]

PYPROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "tinytorch-kit-{dashed}"
version = "{version}"
description = "What a student of the module {name} needs: the notebook, its package and the self-check."
requires-python = ">=3.11"
dependencies = ["numpy>=1.26"]

[project.optional-dependencies]
notebook = ["jupyterlab>=4.2", "ipykernel>=6.29", "matplotlib>=3.8"]

[project.scripts]
tinytorch = "tinytorch.student.cli:main"

[tool.setuptools.packages.find]
include = ["tinytorch", "tinytorch.*"]

[tool.setuptools.package-data]
tinytorch = ["py.typed", "data/*", "released/*.ipynb"]
"""

MAIN = '''\
"""`python -m tinytorch`: the same as the command `tinytorch`."""

import sys

from tinytorch.student.cli import main

sys.exit(main())
'''

README = """\
# Module {name}

You need Python 3.11 or newer, on Linux, macOS or Windows. Open a terminal in this folder. With uv, type

    uv run tinytorch validate {notebook}

It makes an environment, installs this folder into it and checks your notebook. Without uv:

    python3 -m venv .venv
    . .venv/bin/activate
    python -m pip install -e .
    tinytorch validate {notebook}

On Windows the first two lines are `py -m venv .venv` and `.venv\\Scripts\\activate`. In each new
terminal activate again (with uv: put `uv run` before every command below).

## Work

Open `{notebook}` in JupyterLab, VS Code, Colab or whatever you like. Type your answers
where a cell says `raise NotImplementedError(...)`, and run the test cell below it.
For JupyterLab and the figures: `python -m pip install -e ".[notebook]"`, then
`jupyter lab {notebook}` (with uv: `uv run --extra notebook jupyter lab {notebook}`).

## Check

    tinytorch validate {notebook}

runs the whole notebook in a fresh process and says what passes, what fails and why. Its
last line names the saved version that it saw; the feedback page shows the same `sha`, so
you can see that the right file was graded. Save in your editor first. Hidden checks run
when you are graded: they feed other numbers, and ask for nothing that the text does not.

`tinytorch validate --repair {notebook}` puts locked cells back that were changed or lost.
Your answers and your own cells stay, and your file as it was is kept beside it. With
`--release FILE` it moves your answers into a corrected release.

## Go on with your own code

    tinytorch export {notebook}

writes your answers to `{target}`, so that what you build next runs on your own code.
`tinytorch export --restore {short}` takes it back. An open exercise that carries points is refused
by name; optional ones may stay open.

## Hand in

The file `{notebook}`, by the way your course names (its web page, a hub, a mail).
"""


def packed(module: Module, released: Path) -> bytes:
    """The kit with the released notebook; refused if it would hold a solution, or an import that it does not answer."""
    files = _files(module, released)
    _prove_no_answers(module, files)
    _prove_imports(module, files)
    data = _zipped(module.name, files)
    if len(data) > LIMIT:
        raise CourseError(f"{module.name}: the kit has {len(data):,} bytes, more than {LIMIT:,}; make its data smaller")
    return data


def publish(module: Module, data: bytes, course: Path) -> Path:
    """Write `course/kits/MODULE.zip` in one move."""
    target = course / "kits" / f"{module.name}.zip"
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_suffix(".new")
    aside.write_bytes(data)
    return aside.replace(target)


def _files(module: Module, released: Path) -> Files:
    """Every file of the kit by its name in it."""
    package = Path(tinytorch.__file__).parent
    files = {path.name: path.read_bytes() for path in sorted(released.parent.iterdir()) if path.is_file()}
    files |= {f"tinytorch/{name}": (package / name).read_bytes() for name in SHIPPED if (package / name).exists()}
    for folder in FOLDERS:
        for path in sorted((package / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                files[f"tinytorch/{path.relative_to(package).as_posix()}"] = path.read_bytes()
    for earlier in every():
        if earlier.name < module.name:
            files |= {f"tinytorch/core/{name}": (package / "core" / name).read_bytes() for name in _exports(earlier)}
    return _with_imported(files, package) | _written(module, released)


def _with_imported(files: Files, package: Path) -> Files:
    """The files and the modules at the top of the package that they import, and those that these import."""
    new = files
    while new:
        wanted = {
            f"{name.removeprefix('tinytorch.')}.py" for file, data in new.items() for name in _imported(file, data)
        }
        found = {f"tinytorch/{name}": package / name for name in wanted if "." not in name.removesuffix(".py")}
        new = {name: path.read_bytes() for name, path in found.items() if name not in files and path.is_file()}
        files = files | new
    return files


def _exports(module: Module) -> list[str]:
    """The files of `tinytorch.core` that a module exports, by its `default_exp` line."""
    found = re.findall(r"^#\s*\|\s*default_exp\s+core\.(\w+)", module.source.read_text(encoding="utf-8"), re.MULTILINE)
    return [f"{name}.py" for name in found]


def _written(module: Module, released: Path) -> Files:
    """The files that exist in the kit only."""
    target = next(iter(_exports(module)), "")
    values = {"name": module.name, "dashed": module.name.replace("_", "-"), "version": tinytorch.__version__}
    readme = README.format(
        **values, notebook=released.name, target=f"tinytorch/core/{target}", short=target.removesuffix(".py")
    )
    return {
        "pyproject.toml": PYPROJECT.format(**values).encode(),
        "README.md": readme.encode(),
        "tinytorch/__main__.py": MAIN.encode(),
        f"tinytorch/released/{module.name}.ipynb": released.read_bytes(),
    }


def _prove_no_answers(module: Module, files: Files) -> None:
    """No file of the kit may hold a whole solution or a hidden test of this module or of a later one."""
    texts = {name: _squeezed(_text(name, data)) for name, data in files.items()}
    for other in every():
        if other.name < module.name:
            continue
        for region in _regions(other.source.read_text(encoding="utf-8")):
            if hit := next((name for name, text in texts.items() if region in text), None):
                raise CourseError(
                    f"{module.name}: the kit's {hit} holds an answer of {other.name}; nothing was written"
                )


def _regions(source: str) -> Iterator[str]:
    """Solutions and hidden tests, squeezed; one so short that any code could hold it by chance is left out."""
    for region in re.findall(r"### BEGIN (?:SOLUTION|HIDDEN TESTS)\n(.*?)### END", source, re.DOTALL):
        if len(squeezed := _squeezed(region)) > 25:
            yield squeezed


def _text(name: str, data: bytes) -> str:
    """A file's text; of a notebook, its cells and outputs."""
    if not name.endswith(".ipynb"):
        return data.decode("utf-8", errors="ignore")
    cells = json.loads(data)["cells"]
    return "\n".join("".join(cell["source"]) + json.dumps(cell.get("outputs", "")) for cell in cells)


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _prove_imports(module: Module, files: Files) -> None:
    """Whatever of `tinytorch` the kit's notebook and package import is in the kit."""
    for name, data in files.items():
        for wanted in _imported(name, data):
            path = wanted.replace(".", "/")
            if f"{path}.py" not in files and f"{path}/__init__.py" not in files:
                raise CourseError(f"{module.name}: the kit's {name} imports {wanted}, which no kit of it may hold")


def _imported(name: str, data: bytes) -> set[str]:
    """The modules of `tinytorch` that a file imports."""
    trees = []
    if name.endswith(".py"):
        trees = [ast.parse(data)]
    elif name.endswith(".ipynb"):
        cells = [cell for cell in json.loads(data)["cells"] if cell["cell_type"] == "code"]
        trees = [tree for cell in cells if (tree := _tree("".join(cell["source"])))]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    found = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and not node.level:
            whole = node.module == "tinytorch"
            found |= {f"tinytorch.{alias.name}" for alias in node.names} if whole else {node.module or ""}
    return {wanted for wanted in found if wanted.startswith("tinytorch.")} - {"tinytorch.__version__"}


def _tree(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except SyntaxError:
        return None  # a cell with notebook magic; the proof by running the kit covers it


def _zipped(folder: str, files: Files) -> bytes:
    """The archive, byte for byte the same for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(str(PurePosixPath(folder) / name), date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(info, files[name])
    return buffer.getvalue()

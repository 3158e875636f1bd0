"""The student's kit: what is in it and what is not, installed by uv and by pip, worked through, and as on Windows."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT, WINDOWS

from tinytorch.course.errors import CourseError
from tinytorch.course.kit import LIMIT, packed
from tinytorch.course.modules import every, find

NAME, NOTEBOOK = "08_optimizers", "optimizers_dev.ipynb"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course directory with the module released."""
    folder = tmp_path_factory.mktemp("kit") / "course"
    command = [sys.executable, "-m", "tinytorch", "release", "08", "--course", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def kit(course, tmp_path) -> Path:
    """The kit, unpacked as a student does."""
    with zipfile.ZipFile(course / "kits" / f"{NAME}.zip") as archive:
        archive.extractall(tmp_path)
    return tmp_path / NAME


def reference(kit: Path, course: Path) -> Path:
    """The kit's notebook with the reference's answers typed into it."""
    solved = json.loads((course / "source" / NAME / NOTEBOOK).read_text("utf-8"))
    answers = {cell["metadata"].get("nbgrader", {}).get("grade_id"): cell["source"] for cell in solved["cells"]}
    notebook = json.loads((kit / NOTEBOOK).read_text("utf-8"))
    for cell in notebook["cells"]:
        meta = cell["metadata"].get("nbgrader", {})
        if meta.get("solution"):
            cell["source"] = answers[meta["grade_id"]]
    path = kit / "mine.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def test_what_is_in_it(kit, course):
    names = {path.relative_to(kit).as_posix() for path in kit.rglob("*") if path.is_file()}
    core = {Path(name).name for name in names if name.startswith("tinytorch/core/")}
    assert core == {"__init__.py", "tensor.py", "autograd.py"}
    assert not [name for name in names if re.search(r"course/|grader/|tests/|_dev\.py|optimizers\.py", name)]
    assert {NOTEBOOK, "README.md", "pyproject.toml", "tinytorch/checks.py", f"tinytorch/released/{NAME}.ipynb"} <= names
    assert (course / "kits" / f"{NAME}.zip").stat().st_size < LIMIT
    assert len((kit / "README.md").read_text().splitlines()) <= 60


def test_no_answer_is_in_it(kit):
    """Every region of the source, line by line: no file of the kit has one whole."""
    everything = [path.read_text("utf-8") for path in kit.rglob("*") if path.suffix in (".py", ".ipynb", ".md", ".toml")]
    squeezed = [re.sub(r"\\n|\\|\s", "", text) for text in everything]
    source = find("08").source.read_text("utf-8")
    regions = re.findall(r"### BEGIN (?:SOLUTION|HIDDEN TESTS)\n(.*?)### END", source, re.S)
    for region in (re.sub(r"\\n|\\|\s", "", region) for region in regions):
        assert len(region) <= 25 or not any(region in text for text in squeezed), region


def test_two_kits_are_byte_identical(course):
    released = find("08").built(course, "release")
    assert packed(find("08"), released) == packed(find("08"), released)


def test_a_kit_with_an_answer_is_refused(course, tmp_path):
    solved = tmp_path / NAME / NOTEBOOK
    solved.parent.mkdir()
    shutil.copy(course / "source" / NAME / NOTEBOOK, solved)
    with pytest.raises(CourseError, match="holds an answer of 08_optimizers"):
        packed(find("08"), solved)


def test_a_kit_that_imports_what_it_may_not_have_is_refused(course, tmp_path):
    released = tmp_path / NAME / NOTEBOOK
    released.parent.mkdir()
    text = (course / "release" / NAME / NOTEBOOK).read_text("utf-8")
    released.write_text(text.replace("import math", "import tinytorch.core.optimizers", 1), encoding="utf-8")
    with pytest.raises(CourseError, match="imports tinytorch.core.optimizers"):
        packed(find("08"), released)


def test_earlier_modules_have_kits_too():
    assert [module.name for module in every()][:1] == ["01_tensor"]


def borrowed(folder: Path) -> Path:
    """NumPy and setuptools from here, so that an empty environment needs no network."""
    site = Path(sysconfig.get_paths()["purelib"])
    folder.mkdir()
    for pattern in ("numpy", "numpy.libs", "setuptools", "setuptools-*", "_distutils_hack"):
        for path in site.glob(pattern):
            (folder / path.name).symlink_to(path)
    return folder


def work_through(kit: Path, course: Path, binary: Path, **env: str) -> None:
    """Check the untouched notebook, work, check again, export, and use one's own optimizers."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, cwd=kit, env={**clean, **env}, capture_output=True, text=True, check=False)

    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    command = str(binary / "tinytorch")
    assert "visible 0 of " in run(command, "validate", NOTEBOOK).stdout
    refused = run(command, "export", NOTEBOOK)
    assert refused.returncode == 2 and "not answered yet: gradient_descent_step, SGD" in refused.stderr
    mine = reference(kit, course)
    done = run(command, "validate", mine.name)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"visible ([\d.]+) of \1; hidden checks decide [\d.]+ more\. Saved \d\d:\d\d, sha [0-9a-f]{8}$", done.stdout.strip())
    assert run(command, "export", mine.name).returncode == 0
    own = run(str(binary / "python"), "-c", "import tinytorch.core.optimizers as o; print(o.__file__); o.SGD([])")
    assert str(kit) in own.stdout, own.stderr
    assert run(command, "export", "--restore", "optimizers").returncode == 0


def test_installed_by_uv_in_an_empty_environment(kit, course, tmp_path):
    uv = shutil.which("uv") or pytest.skip("uv is not installed")
    extra = str(borrowed(tmp_path / "borrowed"))
    env = {**os.environ, "PYTHONPATH": extra}
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(tmp_path / "env")], check=True)
    python = str(tmp_path / "env" / "bin" / "python")
    command = [uv, "pip", "install", "-q", "--offline", "--no-cache", "--no-deps", "--no-build-isolation", "--python", python, "-e", str(kit)]
    subprocess.run(command, check=True, env=env)
    work_through(kit, course, tmp_path / "env" / "bin", PYTHONPATH=extra)


@pytest.mark.slow
def test_installed_by_pip_in_an_empty_environment(kit, course, tmp_path):
    extra = str(borrowed(tmp_path / "borrowed"))
    env = {**os.environ, "PYTHONPATH": extra}
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "env")], check=True)
    pip = [str(tmp_path / "env" / "bin" / "python"), "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "-e", str(kit)], check=True, env=env)
    work_through(kit, course, tmp_path / "env" / "bin", PYTHONPATH=extra)


def test_as_on_windows(kit, course, tmp_path):
    """No fcntl, resource, pwd, fork or SIGALRM, in the command and in the process that runs the cells."""
    (tmp_path / "windows").mkdir()
    (tmp_path / "windows" / "sitecustomize.py").write_text(WINDOWS)
    path = os.pathsep.join([str(tmp_path / "windows"), str(kit), sysconfig.get_paths()["purelib"]])
    env = {**os.environ, "PYTHONPATH": path}
    mine = reference(kit, course)
    command = [sys.executable, "-m", "tinytorch", "validate", mine.name, "--json"]
    done = subprocess.run(command, cwd=kit, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["passed"]
    probe = "import os, signal\ntry:\n    import fcntl\nexcept ImportError:\n    assert not hasattr(os, 'fork') and not hasattr(signal, 'SIGALRM')\n    raise SystemExit"
    assert subprocess.run([sys.executable, "-c", probe], env=env, check=False).returncode == 0

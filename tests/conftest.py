"""What many tests share: the repository, and a small project of its own to build and break."""

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# `make test` activates nothing: what the tests call by name (nbgrader, which calls alembic; uv) stands beside Python.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
# Several tests at once, each with several threads of matrix products, wait for one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# What the operating system of most students does not have.
WINDOWS = """
import os, signal, sys
for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[name] = None
for name in ("fork", "forkpty", "getuid", "geteuid", "setsid", "killpg"):
    os.__dict__.pop(name, None)
for name in ("SIGALRM", "setitimer", "alarm"):
    signal.__dict__.pop(name, None)
"""
TOP = ("settings.ini", "pyproject.toml", "jupytext.toml", "nbgrader_config.py")


def copy_project(folder: Path) -> None:
    """The sources and the settings, with nothing built."""
    shutil.copytree(ROOT / "modules", folder / "modules", ignore=shutil.ignore_patterns("__pycache__"))
    for name in TOP:
        shutil.copy(ROOT / name, folder)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with nothing built; the working directory is in it."""
    copy_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def processor_seconds(run, times: int = 3) -> float:
    """The least processor time that a child process took in a few runs: the machine may be busy with other things."""

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        run()
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before

    return min(once() for _ in range(times))


@pytest.fixture
def tinytorch():
    """Run the command in a process of its own."""

    def run(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tinytorch", *map(str, words)]
        return subprocess.run(command, cwd=cwd, capture_output=True, encoding="utf-8", timeout=600)

    return run

"""Grading module 08: `nbgrader autograde` and `tinytorch grade` on the same submissions, in one run, cold cache, sandbox on.

    python benchmarks/grading.py [--students 100] [--memory 10,1000]

All submissions are honest and all are different. Overhead is wall time less what the same cells take in a bare process: in one
that is up already and runs one submission after another, and in a new one for each, as `python cells.py` would be.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tinytorch.course.demo import perfect

ROOT = Path(__file__).resolve().parents[1]
MODULE, NOTEBOOK = "08_optimizers", "optimizers_dev.ipynb"
TOP = ("settings.ini", "pyproject.toml", "jupytext.toml", "nbgrader_config.py")
BARE = """
import json, os, sys, time, contextlib, io
import numpy, tinytorch.checks, tinytorch.probes
total = 0.0
for path in sys.argv[1:]:
    cells = [c for c in json.load(open(path))["cells"] if c["cell_type"] == "code"]
    codes = [compile("".join(c["source"]), "<cell>", "exec") for c in cells if "skip-execution" not in c["metadata"].get("tags", ())]
    names, start = {"__name__": "__main__"}, time.process_time()
    sys.modules["__main__"].__dict__.update(names)
    with contextlib.redirect_stdout(io.StringIO()):
        for code in codes:
            exec(code, sys.modules["__main__"].__dict__)
    total += time.process_time() - start
print(total / len(sys.argv[1:]))
"""


Took = tuple[float, float]  # seconds of wall time, and of a processor


class Meter:
    """Processor seconds of a command with all its sandboxes and kernels, where a control group can be made; else 0."""

    def __init__(self) -> None:
        self.group = next(
            (Path(place) for place in ("/sys/fs/cgroup/cpuacct", "/sys/fs/cgroup") if os.access(place, os.W_OK)), None
        )
        self.group = self.group / f"tinytorch-bench-{os.getpid()}" if self.group else None

    def __enter__(self) -> "Meter":
        if self.group:
            self.group.mkdir()
        return self

    def enter(self) -> None:
        """In the child: be counted."""
        if self.group:
            (self.group / "cgroup.procs").write_text("0")

    def seconds(self) -> float:
        if not self.group:
            return 0.0
        if (self.group / "cpuacct.usage").exists():
            return int((self.group / "cpuacct.usage").read_text()) / 1e9
        return int((self.group / "cpu.stat").read_text().split()[1]) / 1e6

    def __exit__(self, *error: Any) -> None:
        while self.group and self.group.exists():
            try:
                self.group.rmdir()
            except OSError:  # a judging process that has not seen yet that its grader is gone
                time.sleep(0.01)


def run(*words: str, cwd: Path) -> Took:
    """Wall seconds of a command, and processor seconds."""
    folder = str(Path(sys.executable).parent)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PATH": f"{folder}:{os.environ['PATH']}"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # else each process compiles what it imports: nobody's usual case
    start = time.perf_counter()
    with Meter() as meter:
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            preexec_fn=meter.enter,
        )
        seconds, cpu = time.perf_counter() - start, meter.seconds()
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stderr[-2000:]}")
    return seconds, cpu


def project() -> Path:
    """A copy of the sources with a course built and released."""
    folder = Path(tempfile.mkdtemp(prefix="grading-"))
    shutil.copytree(ROOT / "modules", folder / "modules", ignore=shutil.ignore_patterns("__pycache__"))
    for name in TOP:
        shutil.copy(ROOT / name, folder)
    run("tinytorch", "build", "08", cwd=folder)
    run("tinytorch", "release", "08", cwd=folder)
    return folder


def hand_in(course: Path, students: int) -> None:
    """Right answers, each in words of its own."""
    source, release = (json.loads((course / stage / MODULE / NOTEBOOK).read_text()) for stage in ("source", "release"))
    for number in range(students):
        book = perfect(source, release)
        for cell in book["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("solution") and cell["cell_type"] == "code":
                text = "".join(cell["source"])
                cell["source"] = (
                    text.replace("m_hat", f"m_hat_{number}").replace("epoch", f"epoch_{number}") + f"\n# {number}\n"
                )
        place = course / "submitted" / f"student{number:04}" / MODULE / NOTEBOOK
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(book))


def copies(folder: Path, *names: str) -> Iterator[Path]:
    """Fresh copies of the project: nothing graded, nothing cached."""
    for name in names:
        yield Path(shutil.copytree(folder, folder.with_name(f"{folder.name}-{name}")))


def scores(course: Path) -> dict[str, float]:
    """From the gradebook."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        return {one.student.id: one.score for one in book.assignment_submissions(MODULE)}


def report(name: str, took: Took, students: int, bare: float, new: float, theirs: Took | None = None) -> None:
    """One line; with `theirs`, as multiples of what nbgrader took."""
    wall, cpu = (seconds / students for seconds in took)
    line = f"{name:26}{wall * 1000:7.0f} ms each, overhead {(wall - bare) * 1000:6.0f} ms (over a new process {(wall - new) * 1000:.0f})"
    line += f", processor {cpu * 1000:6.0f} ms"
    if theirs:
        part = (theirs[0] / students - bare) / max(wall - bare, 1e-9)
        line += f"   throughput x{theirs[0] / took[0]:.1f}, overhead 1/{part:.0f}, processor x{theirs[1] / max(took[1], 1e-9):.1f}"
    print(line, flush=True)


def compare(students: int) -> None:
    folder = project()
    hand_in(folder / "course", students)
    warm, theirs, one, two, single = copies(folder, "warm", "nbgrader", "one", "two", "single")
    run("nbgrader", "autograde", MODULE, "--student=student0000", cwd=warm)  # both have their bytecode from here on
    run("tinytorch", "grade", "08", "--student", "student0000", cwd=warm)
    paths = sorted(map(str, (folder / "course/submitted").rglob("*.ipynb")))
    bare = own_cells(paths)
    fast = run("tinytorch", "grade", "08", "--student", "student0000", cwd=single)[0]
    slow = run("nbgrader", "autograde", MODULE, cwd=theirs)
    mine = {
        workers: run("tinytorch", "grade", "08", "--workers", str(workers), cwd=place)
        for workers, place in ((1, one), (2, two))
    }
    bare = (bare + own_cells(paths)) / 2  # before and after: the machine's load changes
    new = own_processes(paths)
    print(f"{students} submissions; load {os.getloadavg()[0]:.1f}")
    print(f"their own cells in a bare process: {bare * 1000:.0f} ms each, which allows a throughput of at most "
          f"x{slow[0] / students / bare:.1f} with one worker, x{2 * slow[0] / students / bare:.1f} with two")  # fmt: skip
    print(f"the same in a new process for each, one at a time: {new * 1000:.0f} ms")
    report("nbgrader autograde", slow, students, bare, new)
    for workers, took in mine.items():
        report(f"tinytorch grade, {workers} worker" + "s" * (workers - 1), took, students, bare, new, slow)
    print(f"equal scores: {scores(theirs / 'course') == scores(one / 'course') == scores(two / 'course')}")
    print(f"one student: {fast:.2f} s of wall time")
    for place in folder.parent.glob(f"{folder.name}*"):
        shutil.rmtree(place)


def own_cells(paths: list[str]) -> float:
    """Seconds that the cells of one submission take, compiled already, with NumPy there and nothing around them."""
    path = os.pathsep.join((str(ROOT), sysconfig.get_path("platlib")))  # without what `site` adds to a development environment
    done = subprocess.run([sys.executable, "-S", "-c", BARE, *paths], env=os.environ | {"PYTHONPATH": path},
                          check=True, capture_output=True, text=True)  # fmt: skip
    return float(done.stdout)


def own_processes(paths: list[str]) -> float:
    """Seconds of wall time that one submission takes in a process of its own, from its start to its end."""
    start = time.perf_counter()
    for path in paths:
        own_cells([path])
    return (time.perf_counter() - start) / len(paths)


def memory(counts: list[int]) -> None:
    """The largest resident set of any process of a run."""
    for count in counts:
        folder = project()
        hand_in(folder / "course", count)
        peak = run_measured(folder)
        print(f"{count} submissions: at most {peak / 1024:.0f} MB in one process", flush=True)
        shutil.rmtree(folder)


def run_measured(folder: Path) -> float:
    reader, writer = os.pipe()
    if not os.fork():
        run("tinytorch", "grade", "08", "--workers", "1", cwd=folder)
        os.write(writer, str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        peak = said.read()
    os.wait()
    return float(peak)


def main(words: Any = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=100)
    parser.add_argument("--memory", help="numbers of submissions, such as 10,1000: measure memory instead")
    given = parser.parse_args(words)
    memory([int(count) for count in given.memory.split(",")]) if given.memory else compare(given.students)


if __name__ == "__main__":
    main()

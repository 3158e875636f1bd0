"""Run a notebook's code cells in a process of its own and report each, one JSON line per cell.

The parent (`run`) starts `tinytorch.student.inside`: a crash or an endless loop in a cell ends the child, never the check.
Nothing here needs a kernel, IPython or a POSIX system.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue
from typing import Any

Report = dict[str, Any]


def run(cells: list[dict[str, Any]], folder: Path, cell_seconds: float) -> Iterator[Report]:
    """Reports of the cells in order; a cell that ends the process is the last one, with the reason as its error."""
    child = _start(folder)
    assert child.stdin and child.stdout
    lines: Queue[str] = Queue()
    threading.Thread(target=_pump, args=(child.stdout, lines), daemon=True).start()
    threading.Thread(target=_feed, args=(child, cells), daemon=True).start()
    try:
        # The interpreter and NumPy start within the first cell's time; slow disks get some more.
        for place, cell in enumerate(cells):
            report = _next(lines, cell_seconds + (20 if place == 0 else 0))
            yield report | {"key": cell["key"]}
            if report.get("ended"):
                return
    finally:
        child.kill()
        child.wait()


def _start(folder: Path) -> subprocess.Popen[str]:
    env = {**os.environ, "MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"}
    # The notebook's folder is on the path, as in a kernel; the package is the one that runs this check.
    home = str(Path(__file__).parents[2])
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [home, str(folder), env.get("PYTHONPATH", "")]))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    command = [sys.executable, "-m", "tinytorch.student.inside"]
    return subprocess.Popen(command, cwd=folder, env=env, text=True, encoding="utf-8", **pipes)  # type: ignore[call-overload]


def _feed(child: subprocess.Popen[str], cells: list[dict[str, Any]]) -> None:
    """Hand the cells over; a child that has ended no longer reads."""
    assert child.stdin
    try:
        child.stdin.write(json.dumps(cells))
        child.stdin.close()
    except OSError:
        pass


def _pump(stream: Any, lines: "Queue[str]") -> None:
    for line in stream:
        lines.put(line)
    lines.put("")


def _next(lines: "Queue[str]", seconds: float) -> Report:
    """The next report, or the reason why none came."""
    try:
        line = lines.get(timeout=seconds)
    except Empty:
        return {"out": "", "error": f"stopped after {seconds:g} s; is there an endless loop?", "ended": True}
    if not line:
        return {"out": "", "error": "this cell ended the Python process (exit() or a crash)", "ended": True}
    return json.loads(line)

"""What one submission may use, and the means of the host that hold it to it."""

import contextlib
import fcntl
import functools
import os
import shutil
import subprocess
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Cgroup", "Limits", "as_user", "cgroup_roots", "children", "free_id", "kill_user", "processes", "remove", "widen"]

CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Limits:
    """The limits of one sandbox."""

    cell_seconds: float = 10
    wall_seconds: float = 180
    memory_mb: int = 1024
    disk_mb: int = 64
    processes: int = 64
    descriptors: int = 512
    kept_output: int = 64_000  # bytes of one cell's output that are kept
    output_bytes: int = 200_000_000  # bytes of one cell's output before it is stopped

    def resources(self, running: int = 0) -> dict[str, int]:
        """As RLIMIT names; `running`: processes that the same user has already."""
        return {
            "AS": self.memory_mb << 20,
            "CPU": int(self.wall_seconds) * 10,  # for what is left of a grader that was killed
            "FSIZE": self.disk_mb << 20,
            "NOFILE": self.descriptors,
            "NPROC": self.processes + running,
            "CORE": 1,  # a byte: no file, and where a program takes the dumps it gets none (0 does not stop that)
            "RTPRIO": 0,
            "MEMLOCK": 0,
            "MSGQUEUE": 0,
            "SIGPENDING": 256,
        }


def cgroup_roots() -> frozenset[Path]:
    """Where groups that limit memory and processes can be made: one place in cgroup v2, two in v1, or none."""
    if not Path("/proc/self/cgroup").exists():
        return frozenset()
    own = dict(line.split(":", 2)[1:] for line in Path("/proc/self/cgroup").read_text().splitlines())
    if (CGROUPS / "cgroup.controllers").exists():
        places = _unified(CGROUPS / own.get("", "/").lstrip("/"))
    else:
        places = [CGROUPS / name / own.get(name, "/").lstrip("/") for name in ("memory", "pids")]
    return frozenset(filter(_writable, places))


def _unified(own: Path) -> list[Path]:
    """The nearest group of cgroup v2 whose children have both controllers."""
    switches = [group / "cgroup.subtree_control" for group in (own, *own.parents)]
    able = [s.parent for s in switches if s.exists() and {"memory", "pids"} <= set(s.read_text().split())]
    return able[:1]


def _writable(place: Path) -> bool:
    probe = place / f"tinytorch-probe-{os.getpid()}"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError:
        return False
    return True


class Cgroup:
    """One sandbox's own group: the sum of its processes' memory, and their number."""

    def __init__(self, roots: Iterable[Path], name: str, limits: Limits) -> None:
        self.groups = {place / name for place in roots}
        for group in self.groups:
            group.mkdir()
        memory = str(limits.memory_mb + 64 << 20)  # a single process meets its own limit first: an error, not a death
        for file, value in {
            "memory.max": memory, "memory.swap.max": "0", "memory.oom.group": "1", "pids.max": str(limits.processes),
            "memory.limit_in_bytes": memory, "memory.memsw.limit_in_bytes": memory,
        }.items():  # fmt: skip
            self._write(file, value)

    def _write(self, file: str, value: str) -> None:
        """Where the file is there: names differ between v1 and v2, and swap may not be counted."""
        for group in self.groups:
            with contextlib.suppress(*([OSError] if "sw" in file else [ProcessLookupError])):
                if (group / file).exists():
                    (group / file).write_text(value)

    def add(self, *pids: int) -> None:
        """Put processes in; what they start follows them."""
        for pid in pids:
            self._write("cgroup.procs", str(pid))

    def killed(self) -> bool:
        """Whether the kernel killed a process for the group's memory."""
        for group in self.groups:
            for file in ("memory.events", "memory.oom_control"):
                if (group / file).exists() and "oom_kill 0" not in (group / file).read_text():
                    return True
        return False

    def close(self) -> None:
        """Remove the group; the kernel needs a moment to let the dead go."""
        for group in self.groups:
            for _ in range(200):
                try:
                    group.rmdir()
                    break
                except OSError:
                    time.sleep(0.005)


def as_user(uid: int | None, *command: str) -> dict[str, Any]:
    """What starts a command as that user (None: as ourselves). By a small program where there is one: to do it itself, Python
    has to fork, and then the grader copies each page that it touches, thousands for each sandbox.
    """
    if uid is None:
        return {"args": command}
    if small := _setpriv():
        return {"args": (small, f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--", *command)}
    return {"args": command, "user": uid, "group": uid, "extra_groups": []}


@functools.cache
def _setpriv() -> str:
    """Where it is, if it can do it."""
    found = shutil.which("setpriv") or ""
    words = [found, "--reuid=65534", "--regid=65534", "--clear-groups", "--", "true"]
    return found if found and not subprocess.run(words, stderr=subprocess.DEVNULL, check=False).returncode else ""


def kill_user(uid: int) -> None:
    """Kill every process of a user id that belongs to one sandbox alone."""
    subprocess.run(**as_user(uid, "kill", "-9", "-1"), stderr=subprocess.DEVNULL, check=False)


def remove(place: Path) -> None:
    """A directory of a student's: `rm` walks folders without end and follows no link; a folder may be shut to its owner."""
    for command in (["rm", "-rf", "--one-file-system"], ["chmod", "-R", "u+rwx"], ["rm", "-rf", "--one-file-system"]):
        if place.exists():
            subprocess.run([*command, place], stderr=subprocess.DEVNULL, check=False)


def widen(*pipes: int) -> None:
    """Room for a megabyte, while the user may have it: what all of their processes hold in pipes is counted together."""
    for pipe in pipes:
        with contextlib.suppress(PermissionError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)


def free_id(number: int) -> int:
    """A user id that no account has; a container may map only the small ones."""
    ends = [sum(map(int, line.split()[::2])) for line in Path("/proc/self/uid_map").read_text().splitlines()]
    start, span = (2_000_000_000, 30_000_000) if max(ends) > 2_030_000_000 else (20_000, 40_000)
    place = os.getpid() + zlib.crc32(os.uname().nodename.encode())  # of containers on one machine many have the same numbers
    return start + (place * 100 + number % 100) % span


def processes() -> int:
    """Processes and threads of our own user: the limit on their number counts them all."""
    count = 0
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            count += len(os.listdir(place / "task")) if place.stat().st_uid == os.getuid() else 0
    return count


def children(pid: int) -> list[int]:
    """Processes that `pid` has started."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    if listed.exists():
        return [int(child) for child in listed.read_text().split()]
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(place.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(place.parent.name))
    return found

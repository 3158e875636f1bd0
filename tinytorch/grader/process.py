"""One sandbox as a process: start it, give it orders, hear what it says, kill it with everything it started."""

import contextlib
import itertools
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinytorch.grader import kernel
from tinytorch.grader.isolation import ENVIRONMENT, Level
from tinytorch.grader.limits import Cgroup, Limits, as_user, children, free_id, kill_user, processes, remove, widen

__all__ = ["Broken", "Ended", "Sandbox"]

CHUNK = 1 << 20
LONGEST_LINE = 12 << 20
START_SECONDS, GRACE_SECONDS = 60, 0.5
# Where memory is short the kernel ends what is in a sandbox, however small, and no grader.
FIRST = "/bin/sh", "-c", 'unset PWD OLDPWD; { echo 1000 >/proc/self/oom_score_adj; } 2>/dev/null; exec "$0" "$@"'
_numbers = itertools.count()


class Broken(RuntimeError):
    """The sandbox itself failed, before any student code ran in it: our error, not the student's."""


@dataclass
class Ended:
    """How one order ended; `status` is what the inside said, or how it died."""

    status: str = ""
    error: str = ""
    alive: bool = True
    killed: bool = False  # by a signal that nothing in the sandbox has to have sent
    texts: dict[str, "Kept"] = field(default_factory=dict)  # `last`: where the interpreter stood when the time was up


class Kept:
    """The head of a stream, and its length: memory stays flat whatever is printed."""

    def __init__(self, most: int) -> None:
        self.most, self.head, self.length = most, bytearray(), 0

    def add(self, data: bytes) -> None:
        self.length += len(data)
        self.head += data[: self.most - len(self.head)]

    def text(self) -> str:
        cut = self.length - len(self.head)
        return self.head.decode(errors="replace") + (f"\n... {cut} bytes more" if cut else "")


class Sandbox:
    """Made, it is being started; closed, everything in it is dead."""

    def __init__(self, level: Level, limits: Limits) -> None:
        self.level, self.limits = level, limits
        number = next(_numbers)
        self.name = f"tinytorch-{os.getpid()}-{number}"
        # An id that nobody has, so that limits on a user's processes count this sandbox alone.
        self.uid = free_id(number) if level.drops else None
        self.cwd = Path(level.root).parent / self.name
        self.cgroup: Cgroup | None = None
        self._start()

    def _start(self) -> None:
        if self.level.name != "bubblewrap":
            kernel.adopt()
            self.cwd.mkdir(mode=0o700)
            os.chown(self.cwd, *(2 * [self.uid if self.uid is not None else -1]))
        pipes = {name: os.pipe() for name in ("orders", "reports", "last")}
        inner = [pipes["orders"][0], pipes["reports"][1], pipes["last"][1]]
        running = 0 if self.uid is not None else processes()
        settings = {"fds": inner, "limits": self.limits.resources(running)}
        library = Path(self.level.seen(self.level.python)).parent.parent / "lib"
        home = "/tmp" if self.level.name == "bubblewrap" else str(self.cwd)
        environment = {**ENVIRONMENT, "HOME": home, "TMPDIR": home, "LD_LIBRARY_PATH": str(library)}
        self.process = subprocess.Popen(
            **as_user(self.uid, *FIRST, *self.level.command(settings, str(self.cwd), self.limits.disk_mb)),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=inner,
            env=environment, cwd="/", start_new_session=True, umask=0o077,
        )  # fmt: skip
        for fd in inner:
            os.close(fd)
        self.orders = pipes["orders"][1]
        self.fds = {"reports": pipes["reports"][0], "last": pipes["last"][0]}
        self.fds |= {name: getattr(self.process, name).fileno() for name in ("stdout", "stderr")}
        widen(self.fds["stdout"], self.fds["stderr"])
        self.fds["end"] = os.pidfd_open(self.process.pid)
        for fd in (self.orders, *self.fds.values()):
            os.set_blocking(fd, False)
        self.line = b""

    def ready(self) -> None:
        """Wait until the doors are shut; from here on student code may come in."""
        ended = self._until(b"", time.monotonic() + START_SECONDS, lambda line: line.startswith(b'{"ready"'))
        if not ended.alive:
            raise Broken(f"the sandbox did not start: {ended.status} {ended.texts['stderr'].text()[-600:]}")
        if self.level.cgroups:
            self.cgroup = Cgroup(self.level.cgroups, self.name, self.limits)
            self.cgroup.add(self.process.pid, *children(self.process.pid))

    def do(self, order: dict[str, Any], seconds: float, hear: Callable[[bytes], bool]) -> Ended:
        """Give one order; `hear` gets each line and says whether it was the last. Dead after a status of ours."""
        text = json.dumps({**order, "seconds": seconds}).encode() + b"\n"
        ended = self._until(text, time.monotonic() + seconds + GRACE_SECONDS, hear)
        if not ended.alive and self.cgroup and self.cgroup.killed():
            ended.status = "memory"
        ended.killed = ended.status == "crash" and self.process.returncode in (-9, 137)  # 137: as bwrap says it
        return ended

    def _until(self, order: bytes, deadline: float, hear: Callable[[bytes], bool]) -> Ended:
        ended = Ended(texts={name: Kept(self.limits.kept_output) for name in ("stdout", "stderr", "last")})
        poll = select.poll()
        names = {fd: name for name, fd in self.fds.items()}
        for fd in names:
            poll.register(fd, select.POLLIN)
        if order:
            poll.register(self.orders, select.POLLOUT)
        done, self.said = False, 0
        while not done and not ended.status:
            events = poll.poll(max(0, deadline - time.monotonic()) * 1000)
            for fd, _ in events:
                if fd == self.orders:
                    order = self._write(order)
                    poll.unregister(fd) if not order else None
                elif names[fd] == "end":
                    ended.status = "crash"
                elif not (data := _read(fd)):
                    poll.unregister(fd)
                elif names[fd] == "reports":
                    done = self._lines(data, hear) or done
                else:
                    ended.texts[names[fd]].add(data)
            if self._too_much(ended):
                ended.status = "output"
            elif time.monotonic() > deadline:
                ended.status = "timeout"
        return self._ended(ended, done, hear)

    def _ended(self, ended: Ended, done: bool, hear: Callable[[bytes], bool]) -> Ended:
        """Read what was written before the end, so that it counts for this cell and no other."""
        ended.alive = done
        if done:
            ended.status = ""
        else:
            self.kill()
            while (data := _read(self.fds["reports"])) and len(self.line) < LONGEST_LINE:
                self._lines(data, hear)
        for name, kept in ended.texts.items():
            while (data := _read(self.fds[name])) and kept.length < self.limits.output_bytes + CHUNK:
                kept.add(data)
        return ended

    def _too_much(self, ended: Ended) -> bool:
        said = self.said + sum(kept.length for kept in ended.texts.values())
        return said > self.limits.output_bytes or len(self.line) > LONGEST_LINE

    def _write(self, order: bytes) -> bytes:
        try:
            return order[os.write(self.orders, order) :]
        except BlockingIOError:
            return order
        except BrokenPipeError:
            return b""

    def _lines(self, data: bytes, hear: Callable[[bytes], bool]) -> bool:
        self.said += len(data)
        *lines, self.line = (self.line + data).split(b"\n")
        return any(list(map(hear, lines)))

    def kill(self) -> None:
        """Everything in the sandbox; returns when it is dead."""
        if self.level.name == "bubblewrap":
            # The first process of a pid namespace takes all others with it, and bwrap ends when they are gone.
            for pid in children(self.process.pid) or [self.process.pid]:
                _kill(pid)
        else:
            _kill(-self.process.pid)
            if self.uid is not None:
                kill_user(self.uid)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        end = time.monotonic() + 5
        # Those it left behind are of its group: the filter keeps them in it.
        with contextlib.suppress(ChildProcessError):
            while time.monotonic() < end:
                if os.waitpid(-self.process.pid, os.WNOHANG) == (0, 0):
                    time.sleep(0.002)

    def close(self) -> None:
        """Kill, and leave nothing behind."""
        self.kill()
        for fd in (self.orders, self.fds["reports"], self.fds["last"], self.fds["end"]):
            os.close(fd)
        for stream in (self.process.stdout, self.process.stderr):
            stream.close() if stream else None
        if self.cgroup:
            self.cgroup.close()
        if self.cwd.exists():
            remove(self.cwd)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)  # of a negative one, the group


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, CHUNK)
    except (BlockingIOError, ValueError):
        return b""

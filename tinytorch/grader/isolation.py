"""The named levels of isolation: what this machine can do, what each level lacks on it, and why one is refused."""

import contextlib
import fcntl
import itertools
import json
import os
import platform
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinytorch.grader import image as images
from tinytorch.grader import kernel
from tinytorch.grader.limits import Limits, cgroup_roots, remove

__all__ = ["ENVIRONMENT", "Level", "Refused", "level", "on_linux", "probe", "sweep"]

NAMES = ("bubblewrap", "landlock", "unsafe")
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
ENVIRONMENT = {
    "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", "MPLBACKEND": "Agg", "USER": "student",
    "MALLOC_ARENA_MAX": "2",  # each thread would have 64 MB of addresses set aside for it, of the limited ones
    "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONHASHSEED": "0",
}  # fmt: skip
YOUNG = 60  # seconds
STATUS = Path("/proc/self/status")
NEEDED = sum(1 << number for number in (0, 1, 3, 5, 6, 7))  # CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID
START = "import sys; sys.path.insert(0, sys.argv[1]); from tinytorch.grader.inside import main; main(sys.argv[2])"


class Refused(Exception):
    """This machine cannot isolate as asked; the text says what would lift it."""


@dataclass(frozen=True)
class Level(images.Image):
    """One way to isolate, made ready for one run: an image and how it is shown. It can be pickled: workers share it."""

    name: str
    lacks: tuple[str, ...]
    without: frozenset[str]
    cgroups: frozenset[Path]

    @property
    def drops(self) -> bool:
        """Whether each sandbox gets a user id of its own."""
        return os.geteuid() == 0

    def __str__(self) -> str:
        return f"isolation: {self.name}" + "".join(f"; {lack}" for lack in self.lacks)

    def command(self, settings: dict[str, Any], cwd: str, disk_mb: int) -> list[str]:
        """The command line of one sandbox."""
        walled = self.name == "bubblewrap"
        readable = [self.root, *self.needs, *map(str, images.libraries())]
        settings |= {
            "cwd": "/tmp" if walled else cwd,
            "landlock": [readable, [cwd], DEVICES] if self.name == "landlock" else None,
            "shared": not walled,
            "parent": 0 if walled else os.getpid(),
        }
        site = self.seen(f"{self.root}/site")
        start = [self.seen(self.python), "-s", "-S", "-P", "-B", "-c", START, site, json.dumps(settings)]
        return [*self._bubblewrap(disk_mb), "--", *start] if walled else start

    def seen(self, path: str) -> str:
        """Where a path of the image is for the process inside."""
        return path.replace(self.root, "/grader", 1) if self.name == "bubblewrap" else path

    def _bubblewrap(self, disk_mb: int) -> list[str]:
        binds = [word for place in ("/tmp", "/dev/shm") for word in ("--size", str(disk_mb << 20), "--tmpfs", place)]
        for place in images.libraries():
            source = os.path.realpath(place)
            binds += ["--ro-bind", source, str(place)]
        for path in (*(self.folders or self.needs), self.root):
            binds += ["--ro-bind", path, self.seen(path)]
        for path in self.masked:
            binds += ["--tmpfs", path] if os.path.isdir(path) else ["--ro-bind", "/dev/null", path]
        for path in DEVICES:
            binds += ["--dev-bind", path, path]
        alone = ["--unshare-all", "--die-with-parent", "--as-pid-1", "--cap-drop", "ALL", "--hostname", "grader"]
        # Of its own session, or a kill of the process's own group meets bwrap outside, and the sandbox a moment later.
        alone += ["--new-session"]
        return [shutil.which("bwrap") or "bwrap", *alone, *binds, "--remount-ro", "/", "--chdir", "/tmp"]


def on_linux() -> None:
    """Refused elsewhere, before anything that only Linux has is asked for."""
    if platform.system() != "Linux":
        raise Refused("Sandboxes need Linux; on other systems use a Linux container or virtual machine.")


@contextlib.contextmanager
def level(
    name: str | None = None,
    without: Iterable[str] = (),
    packages: Iterable[str] | None = ("numpy",),
    limits: Limits | None = None,
) -> Iterator[Level]:
    """The level called `name` (None: the strongest that this machine has, never `unsafe`), for the length of one run.

    `without`: modules that must not be importable; `packages`: what is visible of the installed ones (None: all);
    `limits`: of the run, so that the sandbox that was tried is its first one.
    """
    on_linux()
    if os.geteuid() == 0 and not _becomes_another():
        raise Refused(POWERLESS)
    sweep()
    home = tempfile.mkdtemp(prefix=f"tinytorch-run-{os.getpid()}-", dir=_place())
    os.chmod(home, 0o711)
    with _held(home):
        try:
            image = images.make(Path(home, "image"), without, packages, os.geteuid() == 0)
            yield _choose(name, image, frozenset(without), limits or Limits())
        finally:
            from tinytorch.grader import waiting

            waiting.close()
            remove(Path(home))
            sweep()  # the groups that workers have left, which end with a sandbox that waits


def _place() -> str:
    """Where a private interpreter can stand: a hardened machine starts no program from its folder for temporary files."""
    places = [tempfile.gettempdir(), "/var/tmp"]
    for place in filter(os.path.isdir, places):
        if os.access(place, os.W_OK) and not os.statvfs(place).f_flag & os.ST_NOEXEC:
            return place
    raise Refused(f"No program may be started from {' or '.join(places)} here (they are mounted noexec, or closed): set TMPDIR to a "
                  "folder of yours where one may, on a local disk (of a container, `--tmpfs /tmp:exec`).")  # fmt: skip


def _becomes_another() -> bool:
    """Whether this root has what root has as a rule."""
    held = re.search(r"^CapEff:\s*(\w+)", STATUS.read_text(), re.M) if STATUS.exists() else None
    return held is None or int(held[1], 16) & NEEDED == NEEDED


def sweep() -> None:
    """Remove what a grader that was killed has left: private directories that nobody holds, groups that are empty."""
    for place in Path(_place()).glob("tinytorch-run-*"):
        with contextlib.suppress(OSError):
            found = place.lstat()  # another user's of the machine: could be changed for a link while it is removed
            if found.st_uid == os.geteuid() and abs(time.time() - found.st_mtime) > YOUNG:  # a new one may not be locked yet
                with _held(str(place)):
                    remove(place)
    for place in itertools.chain.from_iterable(root.glob("tinytorch-[0-9]*") for root in cgroup_roots()):
        if not Path("/proc", place.name.split("-")[1]).exists():
            with contextlib.suppress(OSError):
                place.rmdir()


@contextlib.contextmanager
def _held(home: str) -> Iterator[None]:
    """A run's own directory, locked while the run lives; OSError where another run lives in it."""
    place = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(place)


def _choose(name: str | None, image: images.Image, without: frozenset[str], limits: Limits) -> Level:
    if name and name not in NAMES:
        raise Refused(f"There is no isolation level {name!r}; the levels are {', '.join(NAMES)}.")
    reasons, cgroups = [], cgroup_roots()
    for candidate in (name,) if name else NAMES[:2]:
        lacks = tuple(_lacks(candidate, bool(cgroups)))
        chosen = Level(**vars(image), name=candidate, lacks=lacks, without=without, cgroups=cgroups)
        if not (why := probe(chosen, limits)):
            return chosen
        reasons.append(why)
    raise Refused("No sandbox can be had here. " + " ".join(reasons))


def _lacks(name: str, cgroups: bool) -> Iterator[str]:
    """What this level cannot do on this machine, for every report."""
    if not cgroups:
        yield "memory is limited per process, not in sum (no cgroup can be written)"
    if os.geteuid() != 0 and name != "bubblewrap":
        yield "student code has the grader's own user id"
    if name == "landlock":
        version = kernel.abi()
        yield "the sum of files on disk is not limited, and names of files can be probed"
        if not kernel.filterable():
            yield "sockets and System V memory are open (no filter for this processor)"
        if not kernel.filterable() and version < 6:
            yield f"signals to the grader are not stopped (Landlock {version}, 6 needed)"
        if version < 3:
            yield f"files can be cut short (Landlock {version}, 3 needed)"
    if name == "unsafe":
        yield "files of this machine are open to student code"


def probe(candidate: Level, limits: Limits) -> str:
    """Why the level cannot be had, and what lifts it; empty if it can."""
    if candidate.name == "landlock" and not kernel.abi():
        return "Landlock is not in this kernel: 5.13 or later with `lsm=landlock,...` on its command line is needed."
    if candidate.name == "bubblewrap" and not shutil.which("bwrap"):
        return "bubblewrap is not installed: `apt install bubblewrap` (Fedora: `dnf install bubblewrap`)."
    from tinytorch.grader import waiting

    try:
        waiting.warm(limits, candidate).result()
    except Exception as error:
        why = NAMESPACES if "bwrap: " in str(error) else f"{candidate.name} is there, but its sandbox did not start."
        return f"{why} [{str(error).strip()[-300:]}]"
    return ""


POWERLESS = (
    "This is root without root's capabilities: no sandbox can have another user's id, and no limit on processes holds for root. "
    "Start the grader as an ordinary user (in Docker `--user 1000`, in Kubernetes `runAsUser: 1000`)."
)
NAMESPACES = (
    "bubblewrap may not make namespaces here. The host's settings that lift it: `sysctl -w user.max_user_namespaces=10000` "
    "and, on Ubuntu 23.10 or later, `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` (on older Debian, "
    "`kernel.unprivileged_userns_clone=1`); in a container, start it with `--security-opt seccomp=unconfined "
    "--security-opt apparmor=unconfined`."
)

"""What a student handed in, as bytes; nothing in it ends the run for the others."""

import contextlib
import hashlib
import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tinytorch.grader import submission
from tinytorch.grader.files import find

__all__ = ["Work", "take"]

EXCHANGE = {"timestamp.txt", "submission_secret.txt"}  # nbgrader's own


@dataclass
class Work:
    """One student's submission on its way."""

    student: str
    folder: Path
    files: dict[str, bytes] = field(default_factory=dict)  # notebook -> what was handed in
    status: dict[str, str] = field(default_factory=dict)  # notebooks that cannot be graded
    notes: list[str] = field(default_factory=list)
    timestamp: datetime | None = None
    answers: str = ""  # a digest of the files,
    key: str = ""  # and of all that the scores depend on
    futures: dict[str, Any] = field(default_factory=dict)


def take(folder: Path, names: set[str], fingerprint: str) -> Work:
    """Read what a student handed in."""
    work = Work(folder.parent.name, folder)
    for name in sorted(names):
        try:
            _take_one(work, name, names)
        except submission.NotRead as error:
            work.status[name], work.notes = "refused", [*work.notes, str(error)]
        except OSError as error:
            work.status[name], work.notes = "failed", [*work.notes, f"{name}: {error.strerror}"]
    files = b"\0".join(name.encode() + data for name, data in sorted(work.files.items()))
    work.timestamp, work.answers = _timestamp(folder, work.notes), hashlib.sha256(files).hexdigest()
    work.key = hashlib.sha256((fingerprint + work.answers).encode()).hexdigest()
    return work


def _take_one(work: Work, name: str, names: set[str]) -> None:
    if work.folder.is_symlink() or work.folder.parent.is_symlink():
        raise submission.NotRead(f"{work.folder.parent.name}/{work.folder.name} is a link")
    with contextlib.suppress(NotADirectoryError):
        os.listdir(work.folder)  # what may not be read is not missing
    path, notes = find(work.folder, name, names)
    work.notes += notes
    if path is None:
        work.status[name] = "missing"
        work.notes += [f"there is no {name}.ipynb{_instead(work.folder)}"]
    else:
        work.files[name] = submission.read_bytes(path)


def _instead(folder: Path) -> str:
    """What is there in its place: a web page, a script, an archive."""
    with contextlib.suppress(OSError):
        found = sorted({path.name for path in folder.iterdir() if not path.name.startswith(".")} - EXCHANGE)
        return f", only {', '.join(found[:5])}"[:200] if found else ""
    return ""


def _timestamp(folder: Path, notes: list[str]) -> datetime | None:
    """When the collection says that it came. A student may have written the file: whatever is in it, it ends nothing."""
    path = folder / "timestamp.txt"
    try:
        text = submission.read_bytes(path)[:100].decode("ascii").strip() if os.path.lexists(path) else ""
        return _utc(text) if text else None
    except Exception:  # dateutil fails in many ways
        notes.append("timestamp.txt holds no time: whether this came late is not known")
        return None


def _utc(text: str) -> datetime:
    """nbgrader's timestamps: `2026-02-03 15:00:00 UTC`, an offset, or nothing, in naive UTC."""
    from dateutil import parser, tz

    when = parser.parse(text)
    return when.astimezone(tz.UTC).replace(tzinfo=None) if when.tzinfo else when

"""Bulk downloads of Canvas and Moodle: which file is whose, by the platforms' own rules for names.

Canvas (its `content_zipper` names the files, and it finds the owner of a re-uploaded file by the same rule):
`nameinlowercase_LATE_USERID_FILEID_original name`, where `_LATE` is there only for late work, the name keeps letters and
digits only, and both ids are the first parts that are whole numbers. Anonymous: `anon_XXXXX_FILEID_...`. Text entries and
links end in `_text.html` and `_link.html`. Only the latest attempt is in the archive.

Moodle (`mod/assign`): one folder `Full name_NUMBER_assignsubmission_file_/` for each student (no last underscore from
4.1 on; in one flat file name up to 3.0), a group's name and a hyphen in front where groups are on. NUMBER is the one in
the grading worksheet's Identifier, and an upload of feedback is matched by it.
"""

import re
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tinytorch.course.errors import CourseError

__all__ = ["Upload", "read_download"]

FILE_BYTES, ALL_BYTES, FILES = 100_000_000, 4_000_000_000, 20_000
# What comes before a folder's number is a name, and after a flat one's a file: a student may have written either so.
_FOLDER = re.compile(r"(?:^|/)([^/]*)_(\d+)_assignsubmission_(file|onlinetext)_?/(.*)$")
_FLAT = re.compile(r"(?:^|/)([^/]*?)_(\d+)_assignsubmission_(file|onlinetext)_?(.*)$")


@dataclass(frozen=True)
class Upload:
    """One file of a bulk download: whose it is, what it was called, and its bytes (None where they were not read)."""

    lms: str
    owner: str  # the platform's number of the student
    name: str  # the student's name as the platform spells it in file names
    file: str  # the student's own file name
    order: int  # of several files of one student the highest was handed in last
    late: bool
    prefix: str  # what a feedback file must be called so that the platform gives it to this student
    data: bytes | None
    problem: str = ""


def read_download(path: Path) -> list[Upload]:
    """Every file of the archive. Nothing is unpacked to disk, so no name in it can lead anywhere."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not _is_clutter(entry)]
            if len(entries) > FILES or sum(min(entry.file_size, FILE_BYTES) for entry in entries) > ALL_BYTES:
                raise CourseError(f"{path}: holds too much ({len(entries)} files); is it a download of submissions?")
            return [_upload(archive, entry) for entry in entries]
    except (OSError, zipfile.BadZipFile) as problem:
        raise CourseError(
            f"{path}: is no zip archive that can be read ({reason(problem)}); download it again"
        ) from None


def reason(problem: Exception) -> str:
    """An error in words: without the number and the path that Python puts round them."""
    return str(getattr(problem, "strerror", None) or problem)


def _is_clutter(entry: zipfile.ZipInfo) -> bool:
    """Folders, and what macOS adds when an archive is packed again."""
    name = PurePosixPath(entry.filename)
    return entry.is_dir() or "__MACOSX" in name.parts or name.name.startswith(("._", ".DS_Store", "~"))


def _upload(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Upload:
    data, problem = _bytes(archive, entry)
    name = _readable(entry).replace("\\", "/")
    return _moodle(name, data, problem) or _canvas(name, data, problem)


def _readable(entry: zipfile.ZipInfo) -> str:
    """The entry's name; archives that forget to say that their names are UTF-8 are common."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


def _bytes(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> tuple[bytes | None, str]:
    """An entry's bytes, or why they were not read. The declared size is not believed."""
    if stat.S_ISLNK(entry.external_attr >> 16):
        return None, "is a link"
    if entry.flag_bits & 0x1:
        return None, "is encrypted"
    try:
        with archive.open(entry) as stream:
            data = stream.read(FILE_BYTES + 1)
    except Exception as problem:  # one broken entry, whatever is broken in it (zlib.error, ...), is one student's
        return None, f"cannot be unpacked ({problem})"
    return (None, f"is larger than {FILE_BYTES // 1_000_000} MB") if len(data) > FILE_BYTES else (data, "")


def _moodle(path: str, data: bytes | None, problem: str) -> Upload | None:
    hit = _FOLDER.search(path) or _FLAT.search(path)
    if not hit:
        return None
    name, number, kind, rest = hit.groups()
    folder = f"{name}_{number}_assignsubmission_file_"
    file = PurePosixPath(rest).name
    if kind == "onlinetext":
        problem = problem or "is a text entry, not a file"
    return Upload("moodle", number, name, file, 0, False, f"{folder}/", data, problem)


def _canvas(path: str, data: bytes | None, problem: str) -> Upload:
    parts = PurePosixPath(path).name.split("_")
    numbers = [place for place, part in enumerate(parts) if place and re.fullmatch(r"[0-9]+", part)]  # the first is a name
    typed_in = parts[-1] in ("text.html", "link.html")
    at = next((place for place in numbers if place + 1 in numbers or typed_in), None)
    if parts[0].lower() == "anon" or at is None:
        reason = "is anonymous: switch anonymous grading off and download again" if parts[0] == "anon" else ""
        at = at or 0
        return Upload(
            "", "", "", path, 0, False, "", data, problem or reason or "is not named as Canvas or Moodle does"
        )
    late = "LATE" in (part.upper() for part in parts[:at])
    file, prefix = "_".join(parts[at + 2 :]), "_".join(parts[: at + 2]) + "_"
    if typed_in:
        return Upload("canvas", parts[at], parts[0], path, 0, late, "", data, problem or "is a text entry or a link")
    return Upload("canvas", parts[at], parts[0], file, int(parts[at + 1]), late, prefix, data, problem)

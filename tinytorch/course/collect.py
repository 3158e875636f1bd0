"""`collect`: the bulk download of a learning platform into `course/submitted`, with a row for everybody in the class."""

import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath

from tinytorch.course import nbconfig
from tinytorch.course.downloads import FILE_BYTES, Upload, read_download
from tinytorch.course.errors import CourseError
from tinytorch.course.modules import assignment as assignment_of
from tinytorch.course.roster import Person, doubts, folded, read_roster, safe_id, timestamp, zone
from tinytorch.course.settings import Settings
from tinytorch.course.show import printable
from tinytorch.grader.files import left_over
from tinytorch.grader.submission import MAX_PARTS, json_parts
from tinytorch.student.notebook import NotebookError, grade_id, parse, sha8

__all__ = ["collect", "collected", "known_numbers", "lines"]


@dataclass(frozen=True)
class Entry:
    """What is known of one student of a collection; `prefix` is what the platform wants a feedback file to be called."""

    name: str
    number: str = ""
    email: str = ""
    late: bool = False
    submitted: str = ""
    file: str = ""
    prefix: str = ""
    sha: str = ""


@dataclass
class Collected:
    """The outcome of a collection; `unplaced` and `replaced` are for a person's eye."""

    lms: str
    students: dict[str, Entry] = field(default_factory=dict)
    unplaced: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def placed(self) -> list[str]:
        return [who for who, entry in self.students.items() if entry.file]

    @property
    def absent(self) -> list[str]:
        return [who for who, entry in self.students.items() if not entry.file]

    @property
    def late(self) -> list[str]:
        return [who for who, entry in self.students.items() if entry.late]


def collect(name: str, archive: Path, roster: Path | None, settings: Settings) -> Collected:
    """Place every notebook of the archive under its student; all is read and decided before anything is written."""
    config = nbconfig.read(settings)
    assignment, uploads = assignment_of(name, settings.course, config.folders), read_download(archive)
    lms, people = _class(archive, uploads, roster)
    result = Collected(lms)
    source = _source(config.folders, assignment)
    found, ids = _owners(uploads, people, lms, result), _known_ids(source)
    chosen: dict[str, bytes] = {}
    for person in people:
        entry = Entry(person.full, person.number, person.email, person.late, person.submitted)
        if best := _best(person, found.get(person.id, []), ids, result):
            upload, chosen[person.id] = best
            late = entry.late or upload.late
            entry = replace(entry, late=late, file=upload.file, prefix=upload.prefix, sha=sha8(chosen[person.id]))
        result.students[person.id] = entry
    if not chosen:
        raise CourseError(f"{archive}: no notebook in it could be placed; the first reason: {next(iter(result.unplaced), 'it is empty')}")
    times = {who: timestamp(result.students[who].submitted) for who in chosen}
    for who, data in chosen.items():
        target = config.folders["submitted"] / who / assignment / source.name
        _place(target, settings.course / "replaced" / assignment, data, result)
        if times[who]:
            target.with_name("timestamp.txt").write_text(times[who] + "\n", encoding="utf-8")
    _remember(settings.course, config.gradebook, settings.course_id, assignment, result)
    result.notes += doubts(config.folders["submitted"], assignment, roster, set(result.students))
    result.notes += zone(times.values())
    return result


def _class(archive: Path, uploads: list[Upload], roster: Path | None) -> tuple[str, list[Person]]:
    """The platform and the class: from the roster, else everybody who is in the archive under the platform's number."""
    kinds = [upload.lms for upload in uploads if upload.lms]
    if not kinds:
        reason = f"; the first file: {uploads[0].file} {uploads[0].problem}" if uploads else ""
        raise CourseError(f"{archive}: holds no submission of Canvas or Moodle{reason}")
    lms = max(set(kinds), key=kinds.count)
    if roster is None:
        owners = {upload.owner: upload.name for upload in uploads if upload.owner}
        return lms, [Person(safe_id(number), name, "", "", number) for number, name in owners.items()]
    kind, people = read_roster(roster)
    if kind != lms:
        raise CourseError(f"{roster}: is a list of {kind}, but the archive is a download of {lms}; give the other file")
    return lms, people


def _owners(uploads: list[Upload], people: list[Person], lms: str, result: Collected) -> dict[str, list[Upload]]:
    """Each student's files; what has no owner, or two, is named."""
    numbers = {person.number: [person] for person in people if person.number}
    names: dict[str, list[Person]] = {}
    for person in people:
        for spelling in {folded(person.full), folded(f"{person.last} {person.first}")}:
            names.setdefault(spelling, []).append(person)
    found: dict[str, list[Upload]] = {}
    for upload in uploads:
        owners = numbers.get(upload.owner, []) if numbers else _by_name(upload.name, names)
        if upload.problem or len(owners) != 1:
            reason = upload.problem or ("fits nobody in the roster" if not owners else "fits two people in the roster")
            result.unplaced.append(f"{upload.prefix}{upload.file}: {reason}")
        else:
            found.setdefault(owners[0].id, []).append(upload)
    taken = {who for who, theirs in found.items() if len({upload.owner for upload in theirs}) > 1}
    shared = (upload for who in taken for upload in found.pop(who))
    result.unplaced += [f"{upload.prefix}{upload.file}: two people hand in under this name" for upload in shared]
    return found


def _by_name(name: str, names: dict[str, list[Person]]) -> list[Person]:
    """By full name, where the roster has no numbers; Moodle puts a group's name and a hyphen before it."""
    parts = name.split("-")
    tails = ("-".join(parts[start:]) for start in range(len(parts)))
    return next((names[folded(tail)] for tail in tails if folded(tail) in names), [])


def _best(person: Person, uploads: list[Upload], ids: set[str], result: Collected) -> tuple[Upload, bytes] | None:
    """The file to grade: the notebook that has most cells of the assignment, of equals the one handed in last."""
    notebooks = list(_notebooks(uploads))
    if uploads and not notebooks:
        files = ", ".join(upload.file for upload in uploads)
        result.unplaced.append(f"{person.full}: handed in {files}, but no notebook (.ipynb)")
    ranked = sorted(notebooks, key=lambda pair: (_shared(pair[1], ids), pair[0].order))
    if len(ranked) > 1:
        others = ", ".join(upload.file for upload, _ in ranked[:-1])
        result.notes.append(f"{person.full}: {ranked[-1][0].file} is taken, not {others}")
    return ranked[-1] if ranked else None


def _notebooks(uploads: list[Upload]) -> Iterator[tuple[Upload, bytes]]:
    """Files that are notebooks, and the notebooks in those that are zips (some hand in the whole kit)."""
    room = FILE_BYTES  # for all of a person's zips: small ones may hold gigabytes
    for upload in uploads:
        if upload.file.lower().endswith(".ipynb"):
            yield upload, upload.data or b""
        elif upload.file.lower().endswith(".zip") and room:
            for found in _unpacked(upload.data or b"", room):
                room -= len(found)
                yield upload, found


def _unpacked(data: bytes, room: int) -> Iterator[bytes]:
    """The notebooks in a zip, `room` bytes of them."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as inner:
            paths = ((entry, PurePosixPath(entry.filename)) for entry in inner.infolist())
            names = [entry for entry, path in paths if path.suffix == ".ipynb" and not left_over(path)]
            for entry in names[:50]:
                with inner.open(entry) as stream:
                    yield (found := stream.read(room))
                if not (room := room - len(found)):
                    return
    except Exception:  # a broken zip fails in as many ways as there are parts in it (zlib.error, struct.error, ...)
        return


def _shared(data: bytes, ids: set[str]) -> int:
    if json_parts(data) > MAX_PARTS:
        return -1
    try:
        return len({grade_id(cell) for cell in parse(data, "")[0]} & ids)
    except NotebookError:
        return -1


def _source(folders: dict[str, Path], assignment: str) -> Path:
    """The assignment's notebook as the course has it."""
    for stage in ("release", "source"):
        if found := sorted((folders[stage] / assignment).glob("*.ipynb")):
            return found[0]
    raise CourseError(f"{folders['source']}: has no notebook of {assignment}; release it first")


def _known_ids(source: Path) -> set[str]:
    cells, _ = parse(source.read_bytes(), str(source))
    return {name for cell in cells if (name := grade_id(cell))}


def _place(target: Path, aside: Path, data: bytes, result: Collected) -> None:
    """Write one submission; an earlier one that differs is kept aside, and never lost."""
    folder = target.parent
    if folder.is_symlink() or target.is_symlink():
        raise CourseError(f"{folder}: is a link; remove it and collect again")
    if target.is_file() and target.read_bytes() != data:
        kept = aside / f"{folder.parent.name}-{sha8(target.read_bytes())}"
        shutil.rmtree(kept, ignore_errors=True)
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(folder, kept)
        result.replaced.append(f"{folder.parent.name}: a newer file; the earlier one is kept in {kept.relative_to(aside.parents[1])}")
    folder.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)


def _remember(course: Path, url: str, course_id: str, assignment: str, result: Collected) -> None:
    """Keep who is who for `grades` and `feedback`, and give everybody a row in the gradebook."""
    path = _memory(course, assignment)
    path.parent.mkdir(parents=True, exist_ok=True)
    tree = {"lms": result.lms, "students": {who: asdict(entry) for who, entry in result.students.items()}}
    path.write_text(json.dumps(tree, indent=1, ensure_ascii=False), encoding="utf-8")
    from tinytorch.course.nbgrader import gradebook

    with gradebook(url, course_id) as book:
        known = {student.id for student in book.students}
        for who, entry in result.students.items():
            if who not in known:
                first, _, last = entry.name.rpartition(" ")
                book.add_student(who, first_name=first, last_name=last, email=entry.email or None)


def _memory(course: Path, assignment: str) -> Path:
    return course / "collected" / f"{assignment}.json"


def collected(course: Path, assignment: str) -> Collected:
    """What `collect` remembered of an assignment."""
    path = _memory(course, assignment)
    if not path.is_file():
        raise CourseError(f"{assignment}: nothing was collected from a platform; run `tinytorch collect` first")
    tree = json.loads(path.read_text(encoding="utf-8"))
    return Collected(tree["lms"], {who: Entry(**entry) for who, entry in tree["students"].items()})


def known_numbers(course: Path, assignment: str) -> dict[str, str]:
    """The platform's numbers and the course's ids, as far as an assignment was collected."""
    if not _memory(course, assignment).is_file():
        return {}
    students = collected(course, assignment).students
    return {entry.number: who for who, entry in students.items() if entry.number}


def lines(result: Collected) -> list[str]:
    """The outcome for a terminal: the counts, then each name that needs a look."""
    counts = f"{result.lms}: {len(result.placed)} placed, {len(result.late)} late, {len(result.absent)} absent"
    said = [counts + f", {len(result.unplaced)} not placed"]
    for title, names in (("late", result.late), ("absent", result.absent)):
        said += [f"{title:<11} {', '.join(names)}"] if names else []
    for title, entries in (("not placed", result.unplaced), ("replaced", result.replaced), ("note", result.notes)):
        said += [f"{title:<11} {line}" for line in entries]
    return [printable(line) for line in said]

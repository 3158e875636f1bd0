"""Who is in the class, from the file that the learning platform exports."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tinytorch.course.errors import CourseError
from tinytorch.course.tables import Table, read_table

__all__ = ["Person", "doubts", "folded", "read_roster", "safe_id", "timestamp", "zone"]


@dataclass(frozen=True)
class Person:
    """A student: the course's id for them, their names, and the platform's number (empty where it gives none)."""

    id: str
    first: str
    last: str
    email: str
    number: str
    late: bool = False
    submitted: str = ""  # the platform's words for when, where its file says so

    @property
    def full(self) -> str:
        return f"{self.first} {self.last}".strip()


def read_roster(path: Path) -> tuple[str, list[Person]]:
    """The platform (`canvas` or `moodle`) and its students.

    Canvas: the gradebook export (columns Student, ID, SIS Login ID, Section, ...). Moodle: the assignment's grading
    worksheet (Identifier "Participant 1234", Full name, ...) or the list of participants.
    """
    table = read_table(path)
    if table.column("Student", "LastName") is not None and table.column("ID") is not None:
        return "canvas", _unique(path, _canvas(table))
    if table.column("Identifier", "Full name", "First name", "Email address") is not None:
        return "moodle", _unique(path, _moodle(table))
    there = ", ".join(table.header[:8])
    raise CourseError(f"{path}: is neither Canvas's gradebook export nor Moodle's list; its columns are {there}")


def _canvas(table: Table) -> list[Person]:
    """Canvas writes "Last, First"; rows without a number ("Points Possible", "Manual Posting") are no students."""
    name, number = table.column("Student"), table.need("ID")
    last, first = table.column("LastName"), table.column("FirstName")
    login = table.column("SIS Login ID", "SIS User ID")
    people = []
    for row in table.rows:
        if not row[number].strip().isdecimal():
            continue
        family, given = (row[last], row[first or 0]) if last is not None else _split(row[name or 0])
        # The teacher's own test account stands at the end of every export.
        if (family.strip(), given.strip()) == ("Student", "Test"):
            continue
        own = row[login].strip() if login is not None else ""
        email = own if "@" in own else ""
        people.append(Person(safe_id(own or row[number]), given.strip(), family.strip(), email, row[number].strip()))
    return people


def _split(name: str) -> tuple[str, str]:
    family, _, given = name.partition(",")
    return family, given


def _moodle(table: Table) -> list[Person]:
    """The number in the worksheet's Identifier is the one in the download's folder names."""
    places = {
        "number": table.column("Identifier"),
        "full": table.column("Full name", "Full name with username"),
        "first": table.column("First name"),
        "last": table.column("Last name", "Surname"),
        "email": table.column("Email address", "Email"),
        "own": table.column("Username", "ID number", "Email address"),
        "status": table.column("Status"),
        "when": table.column("Last modified (submission)"),
    }
    people = []
    for row in table.rows:
        cell = {name: row[place].strip() if place is not None else "" for name, place in places.items()}
        number = "".join(re.findall(r"(\d+)$", cell["number"]))
        first, last = (cell["first"], cell["last"]) if cell["first"] or cell["last"] else _words(cell["full"])
        own = cell["own"] or cell["email"] or number
        late = bool(re.search(r"\b(late|overdue)\b", cell["status"], re.IGNORECASE))
        if own:
            when = cell["when"].strip("- ")
            people.append(Person(safe_id(own), first, last, cell["email"], number, late, when))
    return people


def _words(full: str) -> tuple[str, str]:
    first, _, last = full.partition(" ")
    return first, last


def _unique(path: Path, people: list[Person]) -> list[Person]:
    """Two people with one id would share a folder and a grade."""
    seen: dict[str, Person] = {}
    for person in people:
        if (other := seen.setdefault(person.id.casefold(), person)) is not person:
            raise CourseError(f"{path}: {other.full} and {person.full} have the same id {person.id}; mend the file")
    return people


def doubts(submitted: Path, assignment: str, roster: Path | None, students: set[str]) -> Iterator[str]:
    """What an instructor may not have meant: a class without a list, and people of another collection beside it."""
    if roster is None:
        yield "no --roster: students are known by the platform's numbers, and nobody who is absent can be seen"
    others = sorted({path.parent.name for path in submitted.glob(f"*/{assignment}")} - students)
    if others:
        named = ", ".join(others[:9]) + (f" and {len(others) - 9} more" if len(others) > 9 else "")
        yield f"in {submitted} and not in this class: {named}; remove the folders if they are of an earlier collection"


def safe_id(text: str) -> str:
    """An id that is a folder's name everywhere and holds no `+`, which nbgrader's exchange splits at."""
    plain = re.sub(r"[^\w.@-]", "_", unicodedata.normalize("NFC", text.strip()))
    return plain.lstrip(".-") or "unnamed"


def folded(name: str) -> str:
    """A name for comparing: case, accents' spelling, punctuation and spacing do not count."""
    return re.sub(r"[\W_]+", " ", unicodedata.normalize("NFC", name)).strip().casefold()


def timestamp(text: str) -> str:
    """Moodle's time of a submission in the form that nbgrader reads; empty where it is in another language."""
    tidy = re.sub(r"\s+", " ", text.replace("\u202f", " "))
    for form in ("%A, %d %B %Y, %I:%M %p", "%A, %d %B %Y, %H:%M", "%d/%m/%Y, %H:%M", "%Y-%m-%d %H:%M:%S"):
        try:
            return datetime.strptime(tidy, form).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
        except ValueError:
            continue
    return ""


def zone(times: Iterable[str]) -> Iterator[str]:
    """Moodle writes its own local time without saying which: `timestamp` took it for this machine's."""
    if latest := max(times, default=""):
        yield f"Moodle's times are read as this machine's local ones (UTC{latest[-5:]}); were they others, set TZ and collect again"

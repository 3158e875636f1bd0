"""Scores merged into the file that a learning platform exported, so that it can be imported there again.

Canvas's import takes the rows by the column ID and an assignment by a title that ends in its number, "Title (1234)"; the
row "Points Possible" says how many points it has there. Moodle's grading worksheet is taken by Identifier, and its
importer needs the columns Identifier, Grade and "Last modified (grade)" as they were; Moodle's gradebook export has a
column "Assignment: Title (Real)". Every other cell stays as it is.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from tinytorch.course.errors import CourseError
from tinytorch.course.records import SCORED
from tinytorch.course.roster import safe_id
from tinytorch.course.tables import Table, read_table

__all__ = ["Merged", "Row", "merge"]


@dataclass(frozen=True)
class Row:
    """One student's score in one assignment: with the marks that a person gave, less the penalty for late work."""

    assignment: str
    student: str
    score: float | None
    max_score: float
    status: str


@dataclass
class Merged:
    """The merged file's text, and who could not be filled in, each with the reason."""

    text: str
    filled: int = 0
    left: list[str] = field(default_factory=list)


def merge(
    lms: str,
    path: Path,
    assignment: str,
    scores: list[Row],
    numbers: dict[str, str],
    column: str = "",
    scale: bool = False,
) -> Merged:
    """Fill the assignment's column; `numbers` maps the platform's numbers to the course's student ids."""
    table = read_table(path)
    place = _column(table, lms, assignment, column)
    by_id = {score.student.casefold(): score for score in scores}
    if twins := [score.student for score in scores if by_id[score.student.casefold()] is not score]:
        raise CourseError(f"{twins[0]} and {by_id[twins[0].casefold()].student} are one name to {lms}; give one of them another")
    result = Merged("")
    seen: set[str] = set()
    for row in table.rows:
        who = _student(table, lms, row, numbers, by_id)
        if who is None:
            continue
        if who in seen:
            raise CourseError(f"{path}: two rows fit {by_id[who].student}; mend the file")
        seen.add(who)
        _fill(row, place, by_id[who], _factor(table, lms, place, row, by_id[who], scale), result)
    absent = [score.student for who, score in by_id.items() if who not in seen]
    result.left += [f"{who}: is not in {path.name}" for who in absent]
    result.text = table.text()
    return result


def _column(table: Table, lms: str, assignment: str, wanted: str) -> int:
    """The assignment's column: the one named, or the only one whose title holds the assignment's words."""
    if lms == "moodle" and not wanted and table.column("Identifier") is not None:
        return table.need("Grade")
    words = [word for word in re.split(r"[\W_]+", wanted or assignment.partition("_")[2] or assignment) if word]
    titles = [t for t in table.header if all(word.casefold() in t.casefold() for word in words)]
    titles = [t for t in titles if lms == "moodle" or re.search(r"\(\d+\)\s*$", t)]
    exact = [t for t in titles if wanted and t.strip().casefold() == wanted.casefold()]
    if len(exact or titles) != 1:
        found = "; ".join(titles) or "; ".join(t for t in table.header if "(" in t) or "none"
        raise CourseError(
            f'{table.path}: which column is {assignment}? Give one with --column "TITLE". There are: {found}'
        )
    return table.header.index((exact or titles)[0])


def _student(table: Table, lms: str, row: list[str], numbers: dict[str, str], known: dict[str, Row]) -> str | None:
    """Whose row it is, as a key of the scores: by the platform's number if it was collected, else by login or address."""
    names = ("ID",) if lms == "canvas" else ("Identifier",)
    place = table.column(*names)
    number = "".join(re.findall(r"(\d+)\s*$", row[place])) if place is not None else ""
    candidates = [numbers.get(number, "")]
    for title in ("SIS Login ID", "SIS User ID", "Username", "ID number", "Email address"):
        if (at := table.column(title)) is not None and row[at].strip():
            candidates.append(safe_id(row[at]))
    return next((who.casefold() for who in [*candidates, number] if who.casefold() in known), None)


def _factor(table: Table, lms: str, place: int, row: list[str], score: Row, scale: bool) -> float:
    """1, or what turns our points into the platform's where it has others and the instructor asked for it."""
    theirs = _possible(table, lms, place, row)
    if theirs is None or abs(theirs - score.max_score) < 1e-9:
        return 1.0
    if not scale:
        raise CourseError(
            f"{table.path}: has {theirs:g} points for {table.header[place]}, the gradebook {score.max_score:g}; "
            "change it there, or give --scale to convert"
        )
    return theirs / score.max_score


def _possible(table: Table, lms: str, place: int, row: list[str]) -> float | None:
    if lms == "canvas":
        cells = [r[place] for r in table.rows if r[0].strip().casefold() == "points possible"]
    else:
        at = table.column("Maximum Grade")
        cells = [row[at]] if at is not None else []
    return _number(cells[0]) if cells else None


def _number(text: str) -> float | None:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None


def _fill(row: list[str], place: int, score: Row, factor: float, result: Merged) -> None:
    """A graded score goes in; an excused student's cell and a student without a grade stay as they are."""
    if row[place].strip().upper() == "EX":
        result.left.append(f"{score.student}: is excused there")
    elif score.score is None or score.status not in SCORED:
        result.left.append(f"{score.student}: {score.status}")
    else:
        row[place] = f"{score.score * factor:.2f}".rstrip("0").rstrip(".")
        result.filled += 1

"""`report`: how a class did, from the records that grading keeps: scores, checks, slips, and who needs a person's eye."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median
from typing import Any

from tinytorch.course.collect import collected
from tinytorch.course.errors import CourseError
from tinytorch.course.records import SCORED, Record, read_records
from tinytorch.course.show import printable

__all__ = ["CheckCount", "Report", "anonymised", "lines", "report"]


@dataclass(frozen=True)
class CheckCount:
    """One check of one cell: of those whose check ran, how many failed it."""

    cell: str
    check: str
    points: float
    failed: int
    ran: int

    @property
    def share(self) -> float:
        return self.failed / self.ran if self.ran else 0.0


@dataclass(frozen=True)
class Report:
    """What the page and the terminal show; `eye` has the students that a person should look at, with the reasons."""

    assignment: str
    maximum: float
    scores: dict[str, float]
    statuses: dict[str, int]
    checks: list[CheckCount]
    slips: list[tuple[str, int]]
    eye: dict[str, list[str]]
    seconds: dict[str, float]
    late: list[str] = field(default_factory=list)

    @property
    def handed_in(self) -> int:
        return sum(count for status, count in self.statuses.items() if status != "missing")

    def bins(self, count: int = 10) -> list[int]:
        """How many scores lie in each of `count` equal parts of 0 to the maximum."""
        width = self.maximum / count or 1
        found = Counter(min(int(score / width), count - 1) for score in self.scores.values())
        return [found[place] for place in range(count)]

    def as_json(self) -> dict[str, Any]:
        checks = [
            {"cell": c.cell, "check": c.check, "points": c.points, "failed": c.failed, "ran": c.ran}
            for c in self.checks
        ]
        return {
            "assignment": self.assignment,
            "students": self.handed_in,
            "maximum": self.maximum,
            "mean": round(mean(self.scores.values()), 2) if self.scores else None,
            "median": median(self.scores.values()) if self.scores else None,
            "statuses": self.statuses,
            "checks": checks,
            "slips": [{"slip": slip, "students": count} for slip, count in self.slips],
            "eye": self.eye,
            "seconds": self.seconds,
            "late": self.late,
        }


def report(assignment: str, course: Path, marks: Mapping[str, float | None] | None = None) -> Report:
    """The report of an assignment from its records; `marks` are the gradebook's scores, a person's marks in them."""
    records = read_records(course, assignment)
    if not records:
        raise CourseError(f"{assignment}: nothing is graded yet; run `tinytorch grade` first")
    everybody = list(records.values())
    scores = {one.student: (marks or {}).get(one.student, one.score) for one in everybody if one.status in SCORED}
    return Report(
        assignment=assignment,
        maximum=max(record.max_score for record in everybody),
        scores={who: score for who, score in scores.items() if score is not None},
        statuses=dict(Counter(record.status for record in everybody)),
        checks=_checks(everybody),
        slips=_slips(everybody),
        eye={record.student: record.eye for record in everybody if record.eye},
        seconds={record.student: float(record.more["seconds"]) for record in everybody if "seconds" in record.more},
        late=_late(course, assignment),
    )


def _made(record: Record) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every check of a submission that was graded, with its cell's name."""
    for cells in record.more.get("cells", {}).values():
        for cell, found in cells.items():
            yield from ((cell, check) for check in found["lines"])


def _late(course: Path, assignment: str) -> list[str]:
    """Whom the platform's download called late; nbgrader's own times stand in the gradebook."""
    try:
        return collected(course, assignment).late
    except CourseError:
        return []


def _checks(records: list[Record]) -> list[CheckCount]:
    """Every check in the order of the notebook, with how many failed it."""
    points: dict[tuple[str, str], float] = {}
    ran, failed = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for record in records:
        for cell, check in _made(record):
            key = cell, check["name"]
            points[key] = check["points"]
            ran[key] += 1
            failed[key] += not check["passed"]
    return [CheckCount(*key, points=points[key], failed=failed[key], ran=ran[key]) for key in points]


def _slips(records: list[Record]) -> list[tuple[str, int]]:
    """The slips that were recognised, with the number of students who made each, most frequent first."""
    found = Counter[str]()
    for record in records:
        slips = {check.get("slip", "") for _, check in _made(record)}
        found.update(slip for slip in slips if slip and not slip.startswith("right, but"))
    return found.most_common()


def anonymised(given: Report) -> Report:
    """The same without names, for sharing: the numbers follow the score, so they tell nothing of the alphabet.

    What a person should see of a student may hold a name too: of a file, in an error.
    """
    order = sorted({*given.scores, *given.eye, *given.late}, key=lambda who: (-given.scores.get(who, -1), hash(who)))
    names = {who: f"student {place}" for place, who in enumerate(order, 1)}
    return Report(
        given.assignment,
        given.maximum,
        {names[who]: score for who, score in given.scores.items()},
        given.statuses,
        given.checks,
        given.slips,
        {names[who]: ["(it stands on the page with names)"] for who in given.eye},
        {names[who]: seconds for who, seconds in given.seconds.items() if who in names},
        [names[who] for who in given.late],
    )


def lines(given: Report, width: int = 80) -> list[str]:
    """The short table for a terminal: no line is longer than `width`, and nothing needs colour."""
    scores = list(given.scores.values())
    said = [f"{given.assignment}: {given.handed_in} submissions, {_statuses(given)}"]
    if scores:
        said.append(f"score  mean {mean(scores):.1f}, median {median(scores):g} of {given.maximum:g}")
        said += _bars(given)
    # Optional exercises, which most leave open, stand on the page only.
    hardest = sorted((c for c in given.checks if c.failed and c.points), key=lambda c: -c.share)[:8]
    said += ["", "checks that most failed"] if hardest else []
    said += [f"{c.share:5.0%}  {c.cell}: {c.check}" for c in hardest]
    said += ["", "slips"] if given.slips else []
    said += [f"{count:5}  {slip}" for slip, count in given.slips[:8]]
    said += ["", "for a person's eye"] if given.eye else []
    said += [f"       {who}: {'; '.join(reasons)}" for who, reasons in given.eye.items()]
    return [printable(line if len(line) <= width else line[: width - 3] + "...") for line in said]


def _statuses(given: Report) -> str:
    return ", ".join(f"{count} {status}" for status, count in sorted(given.statuses.items()))


def _bars(given: Report) -> list[str]:
    """A histogram of plain characters."""
    bins = given.bins()
    step, scale = given.maximum / len(bins), max(1, max(bins) / 50)
    return [
        f"{place * step:5.0f}-{(place + 1) * step:<4.0f} {'#' * round(n / scale)} {n}" for place, n in enumerate(bins)
    ]

"""A feedback page: our own words and the student's escaped text. No script runs in it, and no hidden check is in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any

__all__ = ["Exercise", "Page", "render"]

LONGEST = 6_000  # characters of any one text; a line of megabytes does not make a page of megabytes
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .4rem; }
p.sub { opacity: .75; margin-top: 0; } ul { padding-left: 1.2rem; }
pre { font-size: .85rem; overflow-x: auto; white-space: pre-wrap; border-left: 3px solid; padding-left: .8rem; }
h2 span { float: right; font-variant-numeric: tabular-nums; }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@dataclass
class Exercise:
    """One graded cell: its score (None: a person has still to mark it), the answers, the checks, a person's comment."""

    name: str
    score: float | None
    most: float
    answers: list[str]
    lines: list[dict[str, Any]]
    error: str
    comment: str


@dataclass
class Page:
    """One submission's page."""

    assignment: str
    student: str
    status: str
    notes: list[str]
    exercises: list[Exercise] = field(default_factory=list)
    sha: str = ""
    saved: str = ""
    late: float = 0.0  # points that late work has lost

    def total(self) -> tuple[float, float]:
        score = sum(one.score or 0.0 for one in self.exercises)
        return max(0.0, score - self.late), sum(one.most for one in self.exercises)


def render(page: Page) -> str:
    """The whole page, self-contained."""
    title = f"{escape(page.assignment)}, {escape(page.student)}"
    head = [
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        f"<title>{title}</title><style>{STYLE}</style>",
    ]
    body = [*_summary(page, title), *(part for one in page.exercises for part in _exercise(one))]
    return f'<!doctype html><html lang="en"><head>{"".join(head)}</head><body>\n{"".join(body)}</body></html>\n'


def _summary(page: Page, title: str) -> Iterator[str]:
    score, most = page.total()
    version = ", ".join(filter(None, [page.saved, page.sha and f"sha {page.sha}"]))
    late = f" ({page.late:g} taken because it was late)" if page.late else ""
    sub = f"{score:g} of {most:g} points{late}, {escape(page.status)}. {escape(version)}"
    yield f"<h1>{title}</h1>\n<p class='sub'>{sub}</p>\n"
    if page.notes:
        yield "<ul>" + "".join(f"<li>{_text(note)}</li>" for note in page.notes) + "</ul>\n"


def _exercise(one: Exercise) -> Iterator[str]:
    points = f"{one.score or 0:g} of {one.most:g}" if one.most else f"{one.score:+g}" if one.score else ""  # extra credit
    points = "to be marked" if one.score is None else points
    yield f"<h2>{escape(one.name)}<span>{points}</span></h2>\n"
    if one.error:
        yield f"<pre>{_text(one.error)}</pre>\n"
    yield from _checks(one.lines)
    if one.comment:
        yield f"<p><strong>Comment:</strong> {_text(one.comment)}</p>\n"
    for answer in one.answers:
        yield f"<details><summary>Your answer</summary><pre>{_text(answer)}</pre></details>\n"


def _checks(lines: list[dict[str, Any]]) -> Iterator[str]:
    """Visible checks by name, failed ones with their report; of the hidden ones only how many points they gave."""
    visible = [line for line in lines if not line.get("hidden")]
    hidden = [line for line in lines if line.get("hidden")]
    failed = [line for line in visible if not line["passed"]]
    if visible:
        yield f"<p>Visible checks: {_points(visible)}."
        yield " All pass.</p>\n" if not failed else f" {len(failed)} of {len(visible)} failed:</p>\n"
    for line in failed:
        yield f"<pre>{_text(line['text'])}</pre>\n"
    if hidden:
        yield f"<p>Hidden checks, on other inputs: {_points(hidden)}.</p>\n"


def _points(lines: list[dict[str, Any]]) -> str:
    earned, most = (sum(line["points"] for line in found) for found in ([x for x in lines if x["passed"]], lines))
    return f"{earned:g} of {most:g} points" if most else "optional, no points"


def _text(text: str) -> str:
    return escape(text if len(text) <= LONGEST else text[:LONGEST] + f"\n... ({len(text) - LONGEST:,} more characters)")

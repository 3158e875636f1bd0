"""The report as one self-contained HTML page: no script, no font, no picture from elsewhere; it reads in print."""

from datetime import datetime
from html import escape
from pathlib import Path
from statistics import mean, median

from tinytorch.course.report import CheckCount, Report

__all__ = ["page", "publish"]

STYLE = """
:root { --ink: #1b1f24; --soft: #59636e; --line: #d1d9e0; --bar: #3b6ea5; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
p.sub { color: var(--soft); margin-top: 0; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 600; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; } .scroll { overflow-x: auto; }
@media print { body { margin: 0; max-width: none; font-size: 11pt; } h2 { break-after: avoid; } tr { break-inside: avoid; } }
"""


def page(given: Report, made: str) -> str:
    """The whole page; `made` says when and from what."""
    parts = [
        f"<h1>{escape(given.assignment)}</h1>",
        f'<p class="sub">{escape(_summary(given))}. {escape(made)}</p>',
        "<h2>Scores</h2>",
        _histogram(given),
        "<h2>Checks, and the share of submissions that failed each</h2>",
        _checks([check for check in given.checks if check.points]),
        *_optional([check for check in given.checks if not check.points]),
        "<h2>Slips by frequency</h2>",
        _table(("students", "slip"), [(str(count), slip) for slip, count in given.slips])
        or "<p>None was recognised.</p>",
        "<h2>For a person's eye</h2>",
        _table(("student", "why"), [(who, "; ".join(why)) for who, why in given.eye.items()]) or "<p>Nobody.</p>",
        "<h2>Time to grade a submission</h2>",
        _times(given),
    ]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(given.assignment)}</title>'
    return f'<!doctype html><html lang="en"><head>{head}<style>{STYLE}</style></head><body>{"".join(parts)}</body></html>\n'


def _summary(given: Report) -> str:
    scores = list(given.scores.values())
    if not given.handed_in:
        return "nothing was handed in"
    statuses = ", ".join(f"{count} {status}" for status, count in sorted(given.statuses.items()))
    late = f", {len(given.late)} late" if given.late else ""
    middle = f": mean {mean(scores):.1f}, median {median(scores):g} of {given.maximum:g} points" if scores else ""
    return f"{given.handed_in} submissions ({statuses}{late}){middle}"


def _histogram(given: Report) -> str:
    """Bars with their counts on them, so that the figure needs no colour."""
    bins = given.bins()
    top, width, height = max(max(bins), 1), 720, 220
    step = width / len(bins)
    bars = []
    for place, count in enumerate(bins):
        tall = (height - 50) * count / top
        x, y = place * step, height - 30 - tall
        bars.append(f'<rect x="{x + 3:.1f}" y="{y:.1f}" width="{step - 6:.1f}" height="{tall:.1f}" fill="#3b6ea5"/>')
        bars.append(_label(x + step / 2, y - 5, str(count)))
        low, high = place * given.maximum / len(bins), (place + 1) * given.maximum / len(bins)
        bars.append(_label(x + step / 2, height - 12, f"{low:g}-{high:g}"))
    axis = f'<line x1="0" y1="{height - 30}" x2="{width}" y2="{height - 30}" stroke="#59636e"/>'
    title = "<title>How many submissions have a score in each range</title>"
    return f'<svg viewBox="0 0 {width} {height}" role="img">{title}{"".join(bars)}{axis}</svg>'


def _label(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="12" text-anchor="middle" fill="#1b1f24">{escape(text)}</text>'


def _checks(checks: list[CheckCount]) -> str:
    """One row per check, with a bar for the share."""
    rows = []
    for check in checks:
        bar = f'<svg viewBox="0 0 100 10" style="width:8rem;height:.7rem" preserveAspectRatio="none">' \
              f'<rect width="{100 * check.share:.0f}" height="10" fill="#3b6ea5"/></svg>'  # fmt: skip
        cells = f"<td>{escape(check.cell)}</td><td>{escape(check.check)}</td><td class=n>{check.points:g}</td>"
        rows.append(f"<tr>{cells}<td class=n>{check.share:.0%}</td><td>{bar}</td></tr>")
    head = "<tr><th>cell</th><th>check</th><th class=n>points</th><th class=n>failed</th><th></th></tr>"
    return f'<div class="scroll"><table>{head}{"".join(rows)}</table></div>'


def _optional(checks: list[CheckCount]) -> list[str]:
    return ["<h2>Optional exercises (no points)</h2>", _checks(checks)] if checks else []


def _table(head: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    if not rows:
        return ""
    body = "".join(f"<tr><td>{escape(left)}</td><td>{escape(right)}</td></tr>" for left, right in rows)
    return f'<div class="scroll"><table><tr><th>{head[0]}</th><th>{head[1]}</th></tr>{body}</table></div>'


def _times(given: Report) -> str:
    values = sorted(given.seconds.values())
    if not values:
        return "<p>Not recorded.</p>"
    slowest = sorted(given.seconds.items(), key=lambda pair: -pair[1])[:5]
    text = f"<p>Median {median(values):.2f} s, longest {values[-1]:.2f} s, {sum(values):.0f} s in all.</p>"
    return text + _table(("student", "seconds"), [(who, f"{seconds:.2f}") for who, seconds in slowest])


def publish(given: Report, course: Path, anonymous: bool) -> Path:
    """Write the page to `course/reports` and return its path."""
    target = course / "reports" / f"{given.assignment}{'-anonymous' if anonymous else ''}.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page(given, f"Made {datetime.now():%Y-%m-%d %H:%M}"), encoding="utf-8")
    return target

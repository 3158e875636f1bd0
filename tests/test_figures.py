"""Figures: Matplotlib is loaded when one is drawn, every line differs in more than colour, and the description goes along."""

import subprocess
import sys
from typing import Any

import pytest

from tinytorch import figures


@pytest.fixture(autouse=True)
def without_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "Agg")


def test_importing_loads_no_matplotlib() -> None:
    code = "import sys, tinytorch.figures; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_lines_differ_in_colour_and_in_dashes() -> None:
    assert len(set(figures.COLOURS)) == len(set(map(str, figures.DASHES))) == 7
    _, ax = figures.new()
    lines = [ax.plot([0, 1])[0] for _ in range(4)]
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 4
    assert len({line.get_linestyle() for line in lines}) == 4


def test_a_prediction_that_is_not_made_draws_nothing() -> None:
    _, ax = figures.new()
    figures.mark(ax, None, "your prediction")
    assert not ax.lines and not ax.texts
    figures.mark(ax, 2.0, "your prediction")
    assert len(ax.lines) == len(ax.texts) == 1


def test_a_label_that_is_far_from_its_line_has_a_leader() -> None:
    _, ax = figures.new()
    (line,) = ax.plot([0, 1])
    figures.label(ax, line, "near", offset=(40, 8))
    figures.label(ax, line, "far", offset=(0, -50))
    assert [text.arrow_patch is not None for text in ax.texts] == [False, True]


def test_the_description_reaches_every_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[dict[str, Any], dict[str, Any]]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw, metadata: shown.append((data, metadata)))
    fig, ax = figures.new()
    ax.plot([0, 1])
    figures.show(fig, alt='a line "that" rises < 1')
    ((data, metadata),) = shown
    assert data["text/plain"] == 'Figure: a line "that" rises < 1'
    assert metadata["image/png"]["alt"] == 'a line "that" rises < 1'
    assert 'alt="a line &quot;that&quot; rises &lt; 1"' in data["text/html"]

"""The Colab badge is in a released notebook where a link is set, and leaves no trace where none is."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tinytorch.course.badge import ColabBadge

TITLE = "# Optimizers\n\nBackpropagation gives the slope."


@pytest.mark.parametrize(
    ("link", "cells", "first"),
    [
        ("", [new_markdown_cell(TITLE)], TITLE),
        ("https://example.org/n.ipynb", [new_code_cell("1")], "1"),
        ("", [], None),
    ],
)
def test_no_badge(link: str, cells: list, first: str | None) -> None:
    notebook, _ = ColabBadge(link=link).preprocess(new_notebook(cells=cells), {})
    assert [cell.source for cell in notebook.cells] == ([] if first is None else [first])


def test_badge_under_the_title() -> None:
    link = "https://example.org/n.ipynb"
    notebook, _ = ColabBadge(link=link).preprocess(new_notebook(cells=[new_markdown_cell(TITLE)]), {})
    title, _, badge, *rest = notebook.cells[0].source.split("\n")
    assert (
        title == "# Optimizers" and badge.endswith(f"]({link})") and "\n".join(rest).strip() == TITLE.split("\n\n")[1]
    )

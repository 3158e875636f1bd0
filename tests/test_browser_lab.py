"""A student's first quarter of an hour, in JupyterLab in a real browser, with the kit's notebook."""

import json
import re
import subprocess
import sys
import zipfile

import pytest
from browsing import chromium, jupyter, shot
from conftest import ROOT

pytestmark = pytest.mark.browser
IDLE = ".jp-Notebook-ExecutionIndicator[data-status=idle]"
NOTEBOOK = "optimizers_dev.ipynb"
ANSWER = """parameter.data.data -= learning_rate * parameter.grad.data.data"""


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    command = [sys.executable, "-m", "tinytorch", "release", "08", "--course", str(folder / "course")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(folder / "course" / "kits" / "08_optimizers.zip") as archive:
        archive.extractall(folder)
    return folder / "08_optimizers"


def cell(page, text):
    return page.locator(".jp-Notebook .jp-CodeCell", has_text=text).first


def run(page, found):
    """Run one cell, and wait until its prompt shows a number; a key that came before the kernel was ready is lost."""
    number = found.locator(".jp-InputPrompt", has_text=re.compile(r"\[(\d+|\*)\]"))
    before = found.locator(".jp-InputPrompt").inner_text()
    for _ in range(6):
        found.locator(".jp-InputPrompt").click()
        page.keyboard.press("Control+Enter")
        page.wait_for_timeout(500)
        if number.count() and number.inner_text() != before:
            break
        page.wait_for_timeout(5000)
    found.locator(".jp-InputPrompt", has_text=re.compile(r"\[\d+\]")).wait_for()
    page.locator(IDLE).first.wait_for()


def validated(page):
    """Press Validate, and wait for what nbgrader says. It saves too, and two saves in a row make JupyterLab ask which one stays."""
    page.get_by_role("button", name="Validate").first.click()
    dialog = page.locator(".jp-Dialog")
    answer = dialog.get_by_text("test-sgd").or_(dialog.get_by_text("failed")).first
    asked = page.get_by_role("button", name="Overwrite")
    answer.or_(asked).first.wait_for(timeout=180_000)  # nbgrader runs every cell
    if asked.is_visible():
        asked.click()
        answer.wait_for(timeout=180_000)
    return dialog.inner_text()


def test_open_answer_check_plot_validate(kit, tmp_path):
    with jupyter(kit, tmp_path, PYTHONPATH=str(kit)) as address, chromium() as page:
        page.goto(f"{address}/lab/tree/{NOTEBOOK}?reset")
        page.locator(IDLE).first.wait_for()
        for text in ("#| default_exp core.optimizers", "Python {sys.version", "import contours", "def weights(", "def gradient_descent_step("):
            run(page, cell(page, text))
        test = cell(page, 'Checks("gradient_descent_step"')
        run(page, test)
        open_text = test.locator(".jp-OutputArea").inner_text()
        assert "gradient_descent_step: your code goes here" in open_text
        test.locator(".jp-OutputArea").scroll_into_view_if_needed()
        shot(page, "lab-open")

        answer = cell(page, "def gradient_descent_step(")
        answer.get_by_text("raise NotImplementedError").click()
        page.keyboard.press("End")
        page.keyboard.press("Shift+Home")
        page.keyboard.type("if parameter.grad is not None:\n" + ANSWER)
        run(page, answer)
        run(page, test)
        assert "all visible checks pass" in test.locator(".jp-OutputArea").inner_text()
        test.locator(".jp-OutputArea").scroll_into_view_if_needed()
        shot(page, "lab-pass")

        plot = cell(page, "def own_descent(")
        run(page, plot)
        plot.locator(".jp-OutputArea img").first.wait_for()
        plot.locator(".jp-OutputArea img").first.scroll_into_view_if_needed()
        shot(page, "lab-plot")

        page.keyboard.press("Control+s")
        page.locator(".lm-TabBar-tab.jp-mod-dirty").wait_for(state="detached")
        said = validated(page)
        shot(page, "lab-validate")
        assert "gradient_descent_step: all" not in said
    saved = json.loads((kit / NOTEBOOK).read_text())
    assert any(ANSWER in "".join(c["source"]) for c in saved["cells"]), "what was typed is in the file"

"""An instructor's marking in nbgrader's formgrader, in a real browser: comment, extra credit, new total, feedback."""

import json
import os
import subprocess
import sys
import time
import urllib.request

import pytest
from browsing import chromium, jupyter, shot
from conftest import ROOT

pytestmark = pytest.mark.browser
NAME, NOTEBOOK = "08_optimizers", "optimizers_dev"
CLASS = int(os.environ.get("TINYTORCH_CLASS", "3"))  # 300 for the time that docs/benchmarks.md reports


def command(folder, *words):
    done = subprocess.run([sys.executable, "-m", "tinytorch", *words, "--course", str(folder / "course")], cwd=ROOT,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def filled(folder):
    """Hand in: the reference's answers, and a sentence for each question (the formgrader shuffles the students)."""
    solved = json.loads((folder / "course" / "source" / NAME / f"{NOTEBOOK}.ipynb").read_text())
    answers = {c["metadata"].get("nbgrader", {}).get("grade_id"): c["source"] for c in solved["cells"]}
    notebook = json.loads((folder / "course" / "release" / NAME / f"{NOTEBOOK}.ipynb").read_text())
    for cell in notebook["cells"]:
        meta = cell["metadata"].get("nbgrader", {})
        if meta.get("solution"):
            cell["source"] = answers[meta["grade_id"]] if cell["cell_type"] == "code" else "My answer: the valley is narrow."
    for number in range(1, CLASS + 1):
        path = folder / "course" / "submitted" / f"student{number:03}" / NAME / f"{NOTEBOOK}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(notebook))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A graded class, and nbgrader's configuration for the server."""
    folder = tmp_path_factory.mktemp("marking")
    command(folder, "release", "08")
    filled(folder)
    command(folder, "grade", "08")
    course = folder / "course"
    (folder / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.CourseDirectory.course_id = 'tinytorch'\nc.CourseDirectory.root = {str(course)!r}\n"
        f"c.CourseDirectory.db_url = 'sqlite:///{course}/gradebook.db'\n"
    )
    return folder


def test_comment_extra_credit_and_total(folder, tmp_path):
    with jupyter(folder, tmp_path, PYTHONPATH=str(ROOT)) as address, chromium() as page:
        before = time.perf_counter()
        page.goto(f"{address}/formgrader/gradebook/{NAME}/{NOTEBOOK}")
        page.get_by_text("Submission #1", exact=True).first.wait_for()
        print(f"\nlist of {CLASS} submissions: {time.perf_counter() - before:.1f} s")
        page.get_by_text("Submission #1", exact=True).first.click()
        reflection = page.locator("input.extra-credit[id^=reflect]").first
        reflection.wait_for()
        name = reflection.get_attribute("id").removesuffix("_extra_credit")
        body = page.locator("body").inner_text()
        assert "My answer: the valley is narrow." in body
        assert "all checks pass" in body or "all visible checks pass" in body, "each check's lines are shown"
        comment = page.locator(f"textarea[id='{name}-comment']")
        # The page fills its fields when the marks arrive, and what was typed before that is lost.
        page.locator(f"input[id='{name}_extra_credit'][placeholder='0']").wait_for()
        page.locator(f"textarea[id='{name}-comment'][placeholder^='Type']").wait_for()
        with page.expect_response(lambda said: said.request.method == "PUT" and "/api/grade/" in said.url) as saved:
            # nbgrader counts extra credit only where the cell has a mark, be it 0 of 0.
            page.locator(f"input.score[id='{name}']").fill("0")
            reflection.focus()
        with page.expect_response(lambda said: said.request.method == "PUT" and "/api/grade/" in said.url) as saved:
            reflection.fill("2.5")
            comment.focus()
        assert saved.value.ok
        with page.expect_response(lambda said: said.request.method == "PUT" and "/api/comment/" in said.url) as saved:
            comment.fill("Well seen: the step must suit the steepest direction.")
            comment.press("Tab")
        assert saved.value.ok
        comment.scroll_into_view_if_needed()
        shot(page, "formgrader-comment")
        page.goto(f"{address}/formgrader/manage_submissions/{NAME}")
        page.get_by_text("student001").first.wait_for()
        total = page.locator("tr", has_text="student").filter(has_text="72.5")
        total.first.wait_for()
        shot(page, "formgrader-list")
        with urllib.request.urlopen(f"{address}/formgrader/api/submissions/{NAME}") as answer:
            scores = {row["student"]: row["score"] for row in json.load(answer)}
        assert sorted(scores.values())[-1] == 72.5 and sorted(scores.values())[0] == 70
    command(folder, "feedback", "08")
    marked = next(who for who, score in scores.items() if score == 72.5)
    page_text = (folder / "course" / "feedback" / marked / NAME / f"{NOTEBOOK}.html").read_text()
    assert "Well seen: the step must suit the steepest direction." in page_text and "72.5" in page_text

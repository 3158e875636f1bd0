"""The documentation: its commands run as they stand, its links lead somewhere, and its pages hold no solution."""

import html
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT

from tinytorch.course.modules import every

DOCS = ROOT / "docs"
BLOCK = re.compile(r"(<!-- shown: .*? -->\s*)?^ *```console\n(.*?)^ *```", re.M | re.S)
# Commands that another test runs as they stand.
ELSEWHERE = {"tinytorch demo": "tests/test_demo.py"}


def commands(page: str) -> list[str]:
    """What a page tells its reader to type, except what it says is only shown."""
    found = BLOCK.findall((DOCS / page).read_text("utf-8"))
    lines = [line.strip() for shown, block in found if not shown for line in block.splitlines()]
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ") and line[2:] not in ELSEWHERE]


def run(line: str, cwd: Path, *more: str, package: Path = ROOT) -> None:
    env = {**os.environ, "PYTHONPATH": str(package)}
    words = [sys.executable, "-m", *line.split(), *more]
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1) and "Traceback" not in done.stderr, f"{line}\n{done.stdout}\n{done.stderr}"


def hand_in(course: Path) -> None:
    """One student's reference answers."""
    solved = json.loads((course / "source/08_optimizers/optimizers_dev.ipynb").read_text("utf-8"))
    target = course / "submitted/ann/08_optimizers/optimizers_dev.ipynb"
    target.parent.mkdir(parents=True)
    target.write_text(json.dumps(answered(course, solved)), encoding="utf-8")


def answered(course: Path, solved: dict) -> dict:
    answers = {c["metadata"].get("nbgrader", {}).get("grade_id"): c["source"] for c in solved["cells"]}
    notebook = json.loads((course / "release/08_optimizers/optimizers_dev.ipynb").read_text("utf-8"))
    for cell in notebook["cells"]:
        meta = cell["metadata"].get("nbgrader", {})
        if meta.get("solution") and cell["cell_type"] == "code":
            cell["source"] = answers[meta["grade_id"]]
    return notebook


def snippets(page: Path) -> str:
    """The Python that a page shows, one block after the other."""
    return "\n".join(re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.M | re.S))


@pytest.mark.parametrize("page", ["README.md", "docs/importers.md", "docs/differences-from-torch.md", "docs/grader.md"])
def test_the_python_of_a_page_runs_and_prints_what_is_shown(page):
    assert (code := snippets(ROOT / page))
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shown = re.findall(r"^```text\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.M | re.S)
    assert not shown or done.stdout == "".join(shown)


def test_every_page_is_reached_and_every_command_is_a_command():
    pages = {path.stem for path in DOCS.glob("*.md")} - {"index"}
    listed = set(re.findall(r"^([\w-]+)$", (DOCS / "index.md").read_text(), re.M))
    assert pages <= listed, f"not in index.md: {pages - listed}"
    verbs = subprocess.run([sys.executable, "-m", "tinytorch", "--help"], capture_output=True, text=True, check=True).stdout
    for page in DOCS.glob("*.md"):
        for verb in re.findall(r"^\s*\$ tinytorch (\w+)", page.read_text(), re.M):
            assert re.search(rf"^  {verb}\s", verbs, re.M), f"{page.name}: tinytorch {verb}"


def test_the_threat_model_counts_the_engine():
    """Each of its files stands in one row, and a row's lines are what the page says, to the hundred and a little."""
    rows = re.findall(r"^\| (?:decides|isolates|stores).*\| (\d+) \| (.*) \|$", (ROOT / "docs/threat-model.md").read_text("utf-8"), re.M)
    named = [name for _, names in rows for name in names.split(", ")]
    files = {path.stem: len(path.read_text("utf-8").splitlines()) for path in (ROOT / "tinytorch/grader").glob("*.py")}
    assert sorted(named) == sorted(set(files) - {"__init__"})
    for said, names in rows:
        assert abs(int(said) - sum(files[name] for name in names.split(", "))) <= 150, names
    assert max(files.values()) <= 250, max(files, key=files.__getitem__)


def test_links_to_pages_and_pictures_lead_somewhere():
    for page in DOCS.glob("*.md"):
        for target in re.findall(r"\]\(([^)#:\s]+)\)", page.read_text("utf-8")):
            assert (DOCS / target).exists(), f"{page.name}: {target}"


@pytest.mark.slow
def test_the_pages_commands_run(tmp_path):
    """A week by the pages, in their order: authors, instructors, students."""
    course = tmp_path / "course"
    for line in commands("authors.md"):
        run(line, ROOT, "--course", str(course))
    for line in commands("instructors.md"):
        run(line, ROOT, "--course", str(course))
        if line == "tinytorch release 08":
            hand_in(course)
    with zipfile.ZipFile(course / "kits" / "08_optimizers.zip") as archive:
        archive.extractall(tmp_path)
    kit = tmp_path / "08_optimizers"
    (kit / "optimizers_dev.ipynb").write_bytes((course / "submitted/ann/08_optimizers/optimizers_dev.ipynb").read_bytes())
    for line in commands("students.md"):
        run(line, kit, package=kit)
    assert (kit / "tinytorch" / "core" / "optimizers.py").is_file() and (course / "reports").is_dir()


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_holds_no_solution(tmp_path):
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", str(DOCS), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not list((tmp_path / "_sources").glob("*"))
    text = "".join(re.sub(r"<[^>]+>", "", html.unescape(page.read_text("utf-8"))) for page in tmp_path.glob("modules/*.html"))
    squeezed = re.sub(r"\s", "", text)
    for module in every():
        source = module.source.read_text("utf-8")
        for region in re.findall(r"### BEGIN (?:SOLUTION|HIDDEN TESTS)\n(.*?)### END", source, re.S):
            assert len(whole := re.sub(r"\s", "", region)) < 60 or whole not in squeezed, f"{module.name}: {region}"
    assert text.count("your answer") >= 10 and list(tmp_path.glob("_images/*.png"))


def test_every_test_that_a_page_names_is_there():
    pages = [*DOCS.glob("*.md"), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md"))]
    named = {(page.name, found) for page in pages for found in re.findall(r"\btests/test_\w+\.py", page.read_text("utf-8"))}
    assert named and not [(page, name) for page, name in named if not (ROOT / name).exists()]

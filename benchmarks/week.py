"""The week on an LMS: from a bulk download of a class to grades and feedback ready to upload, command by command.

python benchmarks/week.py [--students 300] [--lms canvas] [--keep DIR]
"""

import argparse
import csv
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
NAME, NOTEBOOK = "08_optimizers", "optimizers_dev.ipynb"
FAMILIES = ["Lee", "O'Brien", "Müller", "Nguyễn", 'de "Wit"', "van der Berg, Jr.", "Øst", "García"]


def main() -> None:
    given = arguments()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        course = folder / "course"
        seconds = {"release 08": run(["release", "08"], course)}
        archive, listed = class_of(given.students, given.lms, course, folder)
        export, upload = folder / "import.csv", ["--format", given.lms, "--into", str(listed)]
        seconds["collect 08 ZIP --roster FILE"] = run(["collect", "08", str(archive), "--roster", str(listed)], course)
        seconds["grade 08"] = run(["grade", "08"], course)
        seconds["report 08"] = run(["report", "08"], course)
        seconds[f"grades --format {given.lms} --into FILE"] = run(["grades", *upload], course, export)
        seconds[f"feedback 08 --zip {given.lms}"] = run(["feedback", "08", "--zip", given.lms], course)
        show(seconds, given, export, archive)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument("--lms", choices=("canvas", "moodle"), default="canvas")
    parser.add_argument("--keep", type=Path, help="work there, and leave everything to look at")
    return parser.parse_args()


def run(words: list[str], course: Path, out: Path | None = None) -> float:
    """Seconds of one command, as a user starts it."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "tinytorch", *words, "--course", str(course)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode == 2:
        raise SystemExit(f"{' '.join(words)}: {done.stderr.decode()}")
    if out:
        out.write_bytes(done.stdout)
    return time.perf_counter() - begin


def class_of(count: int, lms: str, course: Path, folder: Path) -> tuple[Path, Path]:
    """A download with `count` different submissions, one in twelve absent, and the platform's own table."""
    blank = json.loads((course / "release" / NAME / NOTEBOOK).read_text("utf-8"))
    solved = json.loads((course / "source" / NAME / NOTEBOOK).read_text("utf-8"))
    chance, people = random.Random(1), []
    archive = folder / "submissions.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for number in range(1, count + 1):
            first, last = f"Zoë{number}", chance.choice(FAMILIES)
            people.append((number, first, last))
            if number % 12:
                packed.writestr(
                    file_name(lms, number, first, last, chance), json.dumps(answered(blank, solved, number, chance))
                )
    return archive, table(lms, people, folder)


def file_name(lms: str, number: int, first: str, last: str, chance: random.Random) -> str:
    if lms == "moodle":
        return f"{first} {last}_{number + 5000}_assignsubmission_file_/{NOTEBOOK}"
    name = "".join(letter for letter in f"{last}{first}".lower() if letter.isalnum())
    return f"{name}{'_LATE' if chance.random() < 0.05 else ''}_{number}_{number + 9000}_{NOTEBOOK}"


def answered(blank: dict, solved: dict, number: int, chance: random.Random) -> dict:
    """The reference's answers with one exercise in three replaced by a row of the catalogue: right or wrong."""
    answers = {c["metadata"].get("nbgrader", {}).get("grade_id"): c["source"] for c in solved["cells"]}
    notebook = json.loads(json.dumps(blank))
    for cell in notebook["cells"]:
        meta = cell["metadata"].get("nbgrader", {})
        if meta.get("solution") and cell["cell_type"] == "code":
            rows = catalogue().get(meta["grade_id"], [])
            answer = chance.choice(rows) if rows and chance.random() < 0.33 else "".join(answers[meta["grade_id"]])
            cell["source"] = f"{answer}\n# student {number}"
    return notebook


def catalogue(found: dict[str, list[str]] = {}) -> dict[str, list[str]]:  # noqa: B006 (read once)
    """Answers that need no free cell and end, by exercise."""
    if not found:
        from tests.catalogue import m08_right_adam, m08_right_sgd, m08_slips_adam, m08_slips_sgd, m08_slips_steplr

        for part in (m08_right_adam, m08_right_sgd, m08_slips_adam, m08_slips_sgd, m08_slips_steplr):
            for row in [*getattr(part, "SLIPS", []), *getattr(part, "RIGHT", [])]:
                found.setdefault(row.cell, []).extend([] if row.free else [row.answer])
    return found


def table(lms: str, people: list[tuple[int, str, str]], folder: Path) -> Path:
    """The file that the platform exports: the roster, and where the grades go."""
    path = folder / "export.csv"
    if lms == "canvas":
        rows = [
            ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Optimizers (77)"],
            ["    Points Possible", "", "", "", "", "70"],
        ]
        rows += [[f"{last}, {first}", str(n), f"s{n}", f"login{n}", "A", ""] for n, first, last in people]
    else:
        rows = [
            ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade", "Last modified (grade)"]
        ]
        rows += [
            [f"Participant {n + 5000}", f"{first} {last}", f"s{n}@uni.edu", "", "", "70.00", "-"]
            for n, first, last in people
        ]
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(rows)
    return path


def show(seconds: dict[str, float], given: argparse.Namespace, export: Path, archive: Path) -> None:
    filled = (
        sum(bool(row[-3 if given.lms == "moodle" else -1].strip()) for row in csv.reader(export.open(encoding="utf-8")))
        - 1
    )
    total = sum(list(seconds.values())[1:])
    print(f"{given.students} students on {given.lms}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
          f"Python {platform.python_version()}, download of {archive.stat().st_size / 1e6:.1f} MB")  # fmt: skip
    print(
        "\n".join(
            [
                "",
                "| command | seconds |",
                "|---|---:|",
                *(f"| `tinytorch {name}` | {s:.1f} |" for name, s in seconds.items()),
            ]
        )
    )
    print(
        f"| from the download on | {total:.1f} |\n\n{filled} rows of the platform's table hold a grade or its points."
    )


if __name__ == "__main__":
    main()

"""The grader's end of the judging process: questions down, verdicts up, and a new one where an absurd value ended it."""

import base64
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

__all__ = ["SECONDS", "Judge", "PlanError", "points"]

SECONDS = 10  # for one cell
NOT_JUDGED = "the values that came out could not be judged: they took too long or too much memory"


class PlanError(Exception):
    """The source itself cannot be graded with."""


class Judge:
    """A process that runs the instructor's half; started again where an absurd value ended it."""

    def __init__(self, plan: Any) -> None:
        self.plan, self.copy = plan, None if Path(plan.folder).is_dir() else _copied(plan.files)
        self.process = _start(plan, self.copy.name if self.copy else plan.folder)
        self.tell({"load": plan.for_judge(), "seed": plan.seed})

    def tell(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write((json.dumps(message) + "\n").encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            raise PlanError(f"the judging process ended; does `{sys.executable} -c 'import numpy'` work here?") from None

    def close(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
            self.process.communicate()
        if self.copy:
            self.copy.cleanup()

    def answer(self, seconds: float) -> dict[str, Any]:
        """What it answers to one question, in lines up to `ended`; killed where that takes too long."""
        assert self.process.stdout is not None
        end, late = time.monotonic() + seconds, threading.Timer(seconds, self.process.kill)
        answer: dict[str, Any] = {"verdicts": {}, "broken": ""}
        late.start()
        try:
            for line in itertools.takewhile(lambda text: text.endswith(b"\n"), self.process.stdout):
                said = json.loads(line)
                answer["verdicts"] |= said.pop("verdict", {})
                answer |= said
                if "ended" in said:
                    return answer
        finally:
            late.cancel()
            late.join()  # workers are forked from here, and forks do not get along with threads
        raise PlanError("the judging process ended" if time.monotonic() < end else "the judging process took too long")

    def capture(self) -> dict[str, Any]:
        self.tell({"capture": True})
        answer = self.answer(120)
        if answer["broken"]:
            raise PlanError(f"{self.plan.notebook}: {answer['broken'].strip().splitlines()[-1]}")
        if "asks" not in answer:
            raise PlanError(f"{self.plan.notebook}: the instructor's own cells crash or take too long")
        return answer["asks"]

    def verdicts(self, reports: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Of each split test the fields of its CellResult. A cell whose judging died is tried no more, the others again,
        as long as there is time: those that live may be as slow, each time."""
        found: dict[str, dict[str, Any]] = {}
        seconds = SECONDS * (2 + len(self.plan.tests))
        end = time.monotonic() + seconds
        skipped, texts = list[str](), [text for step in self.plan.steps.values() for text in step.get("texts", ())]
        for _ in range(1 + len(self.plan.tests)):
            self.tell({"judge": reports, "skip": skipped, "texts": texts})
            answer = self.answer(seconds)
            found |= answer["verdicts"]
            broken, begun = answer["broken"].strip(), answer.get("begin")
            if not (answer["ended"] or broken):
                break
            if not begun:
                raise PlanError(f"{self.plan.notebook}: {(broken or 'the judging process died').splitlines()[-1]}")
            skipped.append(begun)
            kind = broken.rpartition("\n")[2].partition(":")[0]  # the rest of it is ours, and a student reads this
            found[begun] = {"score": 0.0, "error": f"{NOT_JUDGED} ({kind})" if kind else NOT_JUDGED}
            if time.monotonic() > end:
                return {test["id"]: {"score": 0.0, "error": NOT_JUDGED} for test in self.plan.tests} | found
        return found


def points(value: Any, most: float, number: bool | None = False) -> float:
    """nbgrader's rule for a graded cell's last value: a number is the score, anything else is full marks.

    `number`: the right answers make it a number. Then NumPy's numbers count as such, and what is none gives nothing.
    """
    try:
        value = value.item() if number and hasattr(value, "item") else value
        score = float(repr(value)) if value is not None else most
    except ValueError:
        return 0.0 if number else most
    return min(max(score, 0.0), most) if score == score else 0.0


def _copied(files: dict[str, str]) -> "tempfile.TemporaryDirectory[str]":
    """Where they lie on another machine than the course."""
    folder = tempfile.TemporaryDirectory(prefix="tinytorch-")
    for name, content in files.items():
        place = Path(folder.name, name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(base64.b64decode(content))
    return folder


def _start(plan: Any, folder: str) -> "subprocess.Popen[bytes]":
    from tinytorch.grader.limits import widen  # not on Windows, where a build splits cells all the same

    root = str(Path(__file__).parents[2])
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])  # a cluster's modules have NumPy there
    env = os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    env |= {"TINYTORCH_SEEDS": json.dumps({plan.assignment: plan.seed}), "MPLBACKEND": "Agg"}
    env |= {"PYTHONOPTIMIZE": "", "PYTHONWARNINGS": ""}  # with asserts left out every answer would be right
    # What stands beside the notebooks is found last, as in the sandbox: a `signal.py` of a course's is not Python's own.
    code = "import sys; sys.path.append(''); from tinytorch.grader import ahead; from tinytorch.grader.judge import main; ahead.settle(); main()"
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=env,
    )
    assert process.stdin is not None
    widen(process.stdin.fileno())  # takes a notebook before the process is up to read it
    return process

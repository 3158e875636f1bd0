"""A submission's job through sandboxes: what was reached counts, and the rest is tried again without what died."""

import json
import secrets
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import Any

from tinytorch.grader import compiled, waiting
from tinytorch.grader.isolation import Level
from tinytorch.grader.job import Job, Outcome, Report, Step, StepOutcome
from tinytorch.grader.limits import Limits
from tinytorch.grader.process import Ended, Sandbox
from tinytorch.grader.submission import json_parts
from tinytorch.grader.where import line_of

__all__ = ["run"]

MOST_REPORTED = 64 << 20  # bytes, over a whole submission; a part of a list or dict counts as thirty
MOST_SHOWN = 8_000_000  # characters of output; after that a little of each cell's
MOST_PARTS = 1_000_000  # of one report
MOST_LEVELS = 120  # what `plain` encodes is never nested so deeply
MOST_DEATHS = 3  # of one cell, before the rest of it is left


def run(job: Job, limits: Limits, level: Level) -> Outcome:
    """Everything that came out of one submission. A pure function of the job, but for time."""
    if not level.without >= set(job["without"]):
        raise ValueError(f"this run's sandboxes show modules that the job forbids: {job['without']}")
    submission = _Submission(job, limits, level)
    while not submission.finished():
        with waiting.taken(limits, level) as box:
            submission.through(box)
    for test, deadly in submission.doubtful():
        with waiting.taken(limits, level) as box:
            submission.once_more(box, test, deadly)
    return submission.outcome


class _Submission:
    """What is known of one submission so far, over all the sandboxes that it needed."""

    def __init__(self, job: Job, limits: Limits, level: Level) -> None:
        self.job, self.limits = job, limits
        graded = sum(step["kind"] in ("ask", "whole") for step in job["steps"])
        self.free_end = time.monotonic() + limits.wall_seconds  # what is left then is for the exercises
        self.end = self.free_end + 2 * graded * job["cell_seconds"]
        self.outcome: Outcome = {"steps": {}, "reports": {}, "signs": []}
        self.deaths: Counter[str] = Counter()
        self.dead: set[str] = set()  # step ids and ask keys that are not run again
        self.front, self.spared = 0, False  # the first step that is not through; whether one was run again for no fault of its own
        self.numbers, self.room, self.shown = 0, MOST_REPORTED, MOST_SHOWN

    def finished(self) -> bool:
        steps = self.job["steps"]
        if time.monotonic() > self.end:
            for step in steps[self.front :]:
                self.outcome["steps"].setdefault(step["id"], {"status": "not run", "stdout": "", "stderr": ""})
            self.front = len(steps)
        return self.front >= len(steps)

    def through(self, box: Sandbox, last: Step | None = None, without: Collection[str] = ()) -> bool:
        """Run what is left in `box`, after what is already through, up to a `last` step; False when it dies before."""
        begin = {"do": "begin", "files": self.job["files"]}
        if not self._do(box, begin, 30, {}).alive:
            raise RuntimeError("the sandbox died before any cell ran")
        for place, step in enumerate(self.job["steps"]):
            if step is last:
                break
            if time.monotonic() > self.end or (step["id"] not in without and not self._step(box, place, step)):
                return False
            self.front = max(self.front, place + 1)
        return True

    def doubtful(self) -> Iterator[tuple[Step, set[str]]]:
        """The tests that died after another one had, and the answers that the others stand below.

        A test of a schedule makes a step of the student's optimizer: that this never ends is lost where it is tested.
        """
        answers, deadly = set[str](), set[str]()
        for step in self.job["steps"]:
            answers |= {step["id"]} if step["kind"] == "student" else set()
            if step["kind"] == "ask":
                if self.deaths[step["id"]]:
                    if deadly:
                        yield step, {*deadly}
                    deadly |= answers
                answers = set()

    def once_more(self, box: Sandbox, test: Step, deadly: set[str]) -> None:
        """Ask what this test did not say, without these answers; an error is no answer."""
        known = {**self.outcome["reports"]}
        self.dead -= {test["id"], *(ask["key"] for ask in test["asks"])}
        if not self.through(box, test, deadly):
            return
        asks = {token: key for token, key in self._asks(test, again=False).items() if key not in known}
        self._do(box, self._order(test, asks), self.job["cell_seconds"], asks)
        reports = self.outcome["reports"]
        self.outcome["reports"] = known | {key: one for key, one in reports.items() if "value" in one}
        if all(ask["key"] in self.outcome["reports"] for ask in test["asks"]):
            self.outcome["steps"][test["id"]]["status"] = "ok"

    def _step(self, box: Sandbox, place: int, step: Step) -> bool:
        """One step, new or again; False if the sandbox died of it."""
        again = place < self.front
        runs = step["kind"] != "ask" or any("run" in ask for ask in step["asks"])
        if step["id"] in self.dead or (again and not runs):
            return True
        asks = self._asks(step, again)
        order = self._order(step, asks) | {"env": step.get("env", {})}
        late = self.outcome["steps"].get(step["id"], {}).get("status") == "timeout"
        seconds = self.job["cell_seconds"] / (4 if late else 1)  # what is left of it gets less
        ended = self._do(box, order, min(seconds, max(0.1, self.end - time.monotonic())), {} if again else asks)
        if ended.killed and not self.spared:  # for another's memory, say, where the whole machine has none left
            self.spared = True
            return False
        if not again or not ended.alive:
            self._note(step, ended)
        if not ended.alive:
            self._died(step, asks)
        return ended.alive

    def _asks(self, step: Step, again: bool) -> dict[str, str]:
        """Token -> key of what the step is asked for; drawn anew, so that code that has not met an ask cannot answer it."""
        keys = [step["id"]] if step["kind"] == "whole" else [ask["key"] for ask in step["asks"]]
        keep = {ask["key"] for ask in step["asks"] if "run" in ask} if again else set(keys)
        return {secrets.token_hex(8): key for key in keys if key in keep and key not in self.dead}

    def _order(self, step: Step, asks: dict[str, str]) -> dict[str, Any]:
        if step["kind"] != "ask":
            short = self.deaths[step["id"]] or time.monotonic() > self.free_end
            free = "" if step["kind"] != "free" else "definitions" if short else "whole"
            token = next(iter(asks), "")
            order = {"do": "cell", "id": step["id"], "source": step["source"], "token": token, "free": free}
            return order | ({"code": compiled.cell(step["source"], step["id"])} if step["kind"] == "given" else {})
        tokens = {key: token for token, key in asks.items()}
        told = [compiled.question(ask, tokens[ask["key"]]) for ask in step["asks"] if ask["key"] in tokens]
        return {"do": "ask", "prelude": step["prelude"], "asks": told, "strict": self.job.get("strict", False)}

    def _do(self, box: Sandbox, order: dict[str, Any], seconds: float, asks: dict[str, str]) -> Ended:
        self.numbers += 1
        said: dict[str, Any] = {}
        ended = box.do({**order, "number": self.numbers}, seconds, self._hearing(asks, said))
        if ended.alive:
            ended.status, ended.error = str(said["status"])[:20], str(said["error"])[:20_000]
            ended.alive = ended.status != "memory"  # what filled it is still there
        return ended

    def _hearing(self, asks: dict[str, str], said: dict[str, Any]) -> Callable[[bytes], bool]:
        number, heard, kept = self.numbers, set(), self.room // 2  # what one step says leaves room for the others

        def hear(text: bytes) -> bool:
            line = _parsed(text)
            token = line.get("key")
            if line.get("done") == number and {"status", "error"} <= line.keys():
                said.update(line)
                return True
            if not isinstance(token, str) or (asks and token not in asks):
                self._sign("a line that nobody asked for came through the channel of reports")
            elif token in heard:
                self._sign(f"{asks.get(token, 'a check')} was reported twice")
            elif token in asks:
                heard.add(token)
                cost = len(text) + 30 * json_parts(text)
                fits = self.room - cost > kept
                self.room -= cost if fits else 0
                self.outcome["reports"].setdefault(
                    asks[token], _report(line, text) if fits else {"opaque": "too much was reported"}
                )
            return False

        return hear

    def _sign(self, text: str) -> None:
        if text not in self.outcome["signs"] and len(self.outcome["signs"]) < 20:
            self.outcome["signs"].append(text)

    def _note(self, step: Step, ended: Ended) -> None:
        """Keep how the step ended; the worst that happened to it stays."""
        known: StepOutcome = self.outcome["steps"].setdefault(step["id"], {"stdout": "", "stderr": ""})
        if not self.deaths[step["id"]]:
            status = ended.status if ended.status == "ok" or not ended.alive else "error"
            known["status"] = status  # type: ignore[typeddict-item]
            known["error"] = ended.error
            if not ended.alive and (where := line_of(ended.texts["last"].text(), self.job["steps"])):
                known["where"] = where
        for name in ("stdout", "stderr"):
            text = ended.texts[name].text()[: max(self.shown, 2000)]
            self.shown -= len(text)
            known[name] = (known[name] + text)[: 2 * self.limits.kept_output]  # type: ignore[literal-required]

    def _died(self, step: Step, asks: dict[str, str]) -> None:
        """Decide what is left out next time: the ask that was being answered, else the whole cell.

        Of a free cell its definitions are wanted still, once.
        """
        self.deaths[step["id"]] += 1
        open_asks = [key for key in asks.values() if key not in self.outcome["reports"]]
        if step["kind"] == "ask" and open_asks and self.deaths[step["id"]] < MOST_DEATHS:
            self.dead.add(open_asks[0])
        elif step["kind"] != "free" or self.deaths[step["id"]] > 1:
            self.dead.add(step["id"])


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line) if json_parts(line) <= MOST_PARTS else {}
    except (ValueError, RecursionError):
        return {}
    return said if type(said) is dict else {}


def _report(line: dict[str, Any], text: bytes) -> Report:
    if "value" in line:
        deep = text.count(b"[") + text.count(b"{") > MOST_LEVELS and _deep(line["value"])
        return {"opaque": "the value is nested too deeply"} if deep else {"value": line["value"]}
    if "opaque" in line:
        return {"opaque": str(line["opaque"])[:300]}
    return {"error": str(line.get("error"))[:20_000]}


def _deep(value: Any, levels: int = MOST_LEVELS) -> bool:
    """Whether a reported value is nested so deeply that even passing it on as JSON could fail."""
    inner = value.values() if type(value) is dict else value if type(value) is list else ()
    return not levels or any(_deep(one, levels - 1) for one in inner if type(one) in (dict, list))

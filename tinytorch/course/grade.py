"""`grade`: every submission of an assignment into the gradebook, each in a sandbox of its own."""

import functools
import hashlib
import json
import os
import pickle
import random
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tinytorch.course import nbconfig
from tinytorch.course import settings as ini
from tinytorch.course.build import write
from tinytorch.course.errors import CourseError
from tinytorch.course.modules import assignment
from tinytorch.course.plans import graded_cells, plans_of, proved
from tinytorch.course.records import Record, read_records, write_record
from tinytorch.course.show import progress_of, table
from sqlalchemy.exc import SQLAlchemyError
from tinytorch.grader import isolation, kernel, submission
from tinytorch.grader.gradebook import Book, BookError, CellScore, backup
from tinytorch.grader.grading import Graded, grade_bytes
from tinytorch.grader.image import needed
from tinytorch.grader.limits import Limits
from tinytorch.grader.plan import Plan

__all__ = ["Options", "grade", "grade_one"]

WORST = ("failed", "refused", "unreadable", "missing", "partly", "graded")


@dataclass(frozen=True)
class Options:
    """How to grade; the defaults are what `tinytorch grade MODULE` does."""

    student: str | None = None
    workers: int | None = None
    level: str | None = None
    dry_run: bool = False
    seed: int | None = None
    as_json: bool = False
    audit: bool = False
    scheduler: str | None = None


@dataclass
class Work:
    """One student's submission on its way."""

    student: str
    folder: Path
    files: dict[str, bytes] = field(default_factory=dict)  # notebook -> what was handed in
    status: dict[str, str] = field(default_factory=dict)  # notebooks that cannot be graded
    notes: list[str] = field(default_factory=list)
    timestamp: datetime | None = None
    key: str = ""
    futures: dict[str, Any] = field(default_factory=dict)


Done = tuple[Work, Record, dict[str, Graded] | None]


class Run:
    """One run of `grade` over an assignment."""

    def __init__(self, name: str, course: Path | None, options: Options) -> None:
        self.options, self.settings = options, ini.load(course)
        self.assignment = assignment(name, self.settings.course)
        self.config = nbconfig.read(self.settings)
        self.limits = Limits(cell_seconds=self.settings.cell_seconds, memory_mb=self.settings.memory_mb)
        self.records = read_records(self.settings.course, self.assignment)

    def start(self, stack: ExitStack) -> None:
        """Everything that the submissions share: plans, the sandbox's level, the gradebook, the workers."""
        self.seed = _seed(self.settings.course, self.assignment, self.options)
        self.book = self._book()
        self.plans = plans_of(
            self.config.folders["source"] / self.assignment,
            self.assignment,
            self.seed,
            self.settings.cell_seconds,
            self.book.source,
        )
        without = sorted({name for plan in self.plans for name in plan.without})
        try:
            self.level = stack.enter_context(isolation.level(self.options.level, without, self._packages()))
        except isolation.Refused as error:
            raise CourseError(str(error)) from error
        self.fingerprint = hashlib.sha256("".join(plan.fingerprint() for plan in self.plans).encode()).hexdigest()
        self.packed = {plan.notebook: self._proved(plan) for plan in self.plans}
        self.checksums = {plan.notebook: self._checksums(plan) for plan in self.plans}
        self.executor = stack.enter_context(_executor(self.options))

    def _packages(self) -> tuple[str, ...] | None:
        cells = (cell for plan in self.plans for cell in plan.cells)
        return needed(cell["source"] for cell in cells if cell["type"] == "code" and not cell["skip"])

    def _book(self) -> Book:
        """The gradebook, with the assignment entered if it is new to it."""
        try:
            book = Book(self.config.gradebook, self.assignment)
            missing = _unknown(book, self.config.folders["source"] / self.assignment)
        except BookError as error:
            missing = str(error)
        if not missing:
            return book
        from tinytorch.course.register import register

        problem = (
            "a dry run enters nothing"
            if self.options.dry_run
            else register(self.config, self.settings, self.assignment)
        )
        if problem:
            raise CourseError(f"{missing}, and it cannot be entered: {problem}")
        return Book(self.config.gradebook, self.assignment)

    def _checksums(self, plan: Plan) -> dict[str, str]:
        found = {cell["id"]: self.book.checksum(plan.notebook, cell["id"]) for cell in plan.cells if cell["id"]}
        return {name: text for name, text in found.items() if text}

    def _proved(self, plan: Plan) -> bytes:
        from tinytorch.grader import sandbox

        kept = self.settings.course / "plans" / self.assignment / f"{plan.notebook}.json"
        run = functools.partial(sandbox.run, limits=self.limits, level=self.level)
        return pickle.dumps(proved(plan, run, kept, write_it=not self.options.dry_run))

    # -- one submission

    def take(self, folder: Path) -> Work:
        """Read what a student handed in."""
        work = Work(folder.parent.name, folder)
        names = {plan.notebook for plan in self.plans}
        for name in sorted(names):
            try:
                self.take_one(work, name, names)
            except submission.Refused as error:
                work.status[name], work.notes = "refused", [*work.notes, str(error)]
            except OSError as error:
                work.status[name], work.notes = "failed", [*work.notes, f"{name}: {error.strerror}"]
        parts = [self.fingerprint.encode(), *(name.encode() + data for name, data in sorted(work.files.items()))]
        work.timestamp, work.key = _timestamp(folder), hashlib.sha256(b"\0".join(parts)).hexdigest()
        return work

    def take_one(self, work: Work, name: str, names: set[str]) -> None:
        if work.folder.is_symlink() or work.folder.parent.is_symlink():
            raise submission.Refused(f"{work.folder.parent.name}/{work.folder.name} is a link")
        path, notes = submission.find(work.folder, name, names)
        work.notes += notes
        if path is None:
            work.status[name] = "missing"
            work.notes += [f"there is no {name}.ipynb"]
        else:
            work.files[name] = submission.read_bytes(path)

    def known(self, work: Work) -> Record | None:
        """The record of the same answers under the same tests, where the gradebook still says the same."""
        record = self.records.get(work.student)
        if record is None or record.more.get("key") != work.key or self.options.dry_run or self.options.audit:
            return None
        scores = {name: self.book.auto_scores(work.student, name) for name in work.files}
        said = record.more["cells"]
        same = all(
            scores[n].get(cell, -1) == found["score"]
            for n in scores
            for cell, found in said.get(n, {}).items()
            if found["graded"]
        )
        return record if same and record.status in ("graded", "partly") and self._unchanged(work) else None

    def _unchanged(self, work: Work) -> bool:
        paths = [self.autograded(work, name) for name in work.files]
        row = self.book.rows.get(work.student)
        return all(path.is_file() for path in paths) and row is not None and row.timestamp == work.timestamp

    def send(self, work: Work) -> None:
        for name, data in work.files.items():
            arguments = (self.packed[name], data, self.limits, self.level, self.checksums[name])
            work.futures[name] = [self.executor.submit(grade_bytes, *arguments) for _ in range(1 + self.options.audit)]

    def receive(self, work: Work) -> tuple[Record, dict[str, Graded]]:
        """A submission's outcome, and what each notebook gave. Nothing is written yet."""
        found: dict[str, Graded] = {}
        eye: list[str] = []
        for name, futures in work.futures.items():
            try:
                found[name], *again = (future.result() for future in futures)
                eye += [
                    f"{name}: a second run gave other scores"
                    for other in again
                    if _scores(other) != _scores(found[name])
                ]
            except Exception as error:  # our own: said, and never in another student's way
                found[name] = Graded("failed", notes=[f"{type(error).__name__}: {error}"[:500]])
        return self.record(work, found, eye), found

    def record(self, work: Work, found: dict[str, Graded], eye: list[str]) -> Record:
        status = {**work.status, **{name: graded.status for name, graded in found.items()}}
        overall = min(status.values(), key=WORST.index)
        if overall == "missing" and len(set(status.values())) > 1:
            overall = min((one for one in status.values() if one != "missing"), key=WORST.index)
        cells = {name: {cell.id: _cell(cell) for cell in graded.cells.values()} for name, graded in found.items()}
        notes = work.notes + [note for graded in found.values() for note in graded.notes]
        eye = eye + [sign for graded in found.values() for sign in graded.signs]
        if overall != "graded":
            eye, notes = [*notes, *eye] or [overall], []
        scored = [cell for graded in found.values() for cell in graded.cells.values()]
        score = sum(cell.score or 0.0 for cell in scored) if overall in ("graded", "partly") else None
        most = sum(cell["points"] for plan in self.plans for cell in plan.cells if cell["grade"] or cell["task"])
        more = {"key": work.key, "seed": self.seed, "isolation": str(self.level), "tests": self.tests(), "cells": cells}
        more |= {"unprotected": {plan.notebook: plan.unprotected for plan in self.plans if plan.unprotected}}
        more |= {"seconds": round(sum(graded.seconds for graded in found.values()), 3)}
        more |= {"late_seconds": self.book.seconds_late(work.student, work.timestamp)}
        more |= {"waiting": sum(cell.score is None and cell.points > 0 for cell in scored)}
        more |= {"seconds": round(sum(graded.seconds for graded in found.values()), 3)}
        return Record(work.student, overall, score, most, notes, eye, more)

    def tests(self) -> dict[str, str]:
        """A digest of each test, to say later which ones changed."""
        return {
            f"{plan.notebook}/{cell['id']}": hashlib.sha256(cell["source"].encode()).hexdigest()[:16]
            for plan in self.plans
            for cell in plan.tests
        }

    def save(self, work: Work, record: Record, found: dict[str, Graded]) -> Record:
        """The gradebook first, the record last: a run that was cut off does this submission again."""
        if record.status in ("graded", "partly"):
            scores = {
                name: [CellScore(c.id, c.score, c.comment) for c in graded.cells.values()]
                for name, graded in found.items()
            }
            scores |= {name: self._zeros(name) for name, status in work.status.items() if status == "missing"}
            self.book.write(work.student, work.timestamp, scores, self.config.penalty)
            for name, graded in found.items():
                write(self.autograded(work, name), json.dumps(graded.book, indent=1, ensure_ascii=False) + "\n")
            record = Record(**{**asdict(record), "score": self.book.total(work.student)})
        write_record(self.settings.course, self.assignment, record)
        return record

    def _zeros(self, name: str) -> list[CellScore]:
        plan = next(plan for plan in self.plans if plan.notebook == name)
        return [CellScore(cell["id"], 0.0) for cell in plan.cells if cell["grade"]]

    def autograded(self, work: Work, name: str) -> Path:
        return self.config.folders["autograded"] / work.student / self.assignment / f"{name}.ipynb"

    # -- all of them

    def folders(self) -> list[Path]:
        submitted = self.config.folders["submitted"]
        folders = sorted(submitted.glob(f"{self.options.student or '*'}/{self.assignment}"))
        if not folders:
            raise CourseError(f"{submitted}: nobody has handed in {self.assignment}")
        return folders

    def all_records(self, folders: list[Path]) -> list[Record]:
        """Grade and save, in order. Where tests have changed, first say whose score changes, then save."""
        changed = self.changed_tests()
        graded = progress_of(self.outcomes(folders), len(folders))
        if not changed or self.options.dry_run:
            return [self.kept(*one) for one in graded]
        print(f"changed since the last grading: {', '.join(changed)}", file=sys.stderr)
        done = list(graded)
        for _, record, _ in done:
            self.say_change(record)
        return [self.kept(*one) for one in done]

    def outcomes(self, folders: list[Path]) -> Iterator[Done]:
        """Every submission's outcome, with a few on their way at once."""
        ahead: deque[tuple[Work, Record | None]] = deque()
        for folder in folders:
            work = self.take(folder)
            record = self.known(work)
            if record is None:
                self.send(work)
            ahead.append((work, record))
            if len(ahead) > 2 * _workers(self.options):
                yield self.finish(*ahead.popleft())
        yield from (self.finish(*one) for one in ahead)

    def finish(self, work: Work, record: Record | None) -> Done:
        return (work, record, None) if record else (work, *self.receive(work))

    def kept(self, work: Work, record: Record, found: dict[str, Graded] | None) -> Record:
        """Save an outcome that is new."""
        if self.options.dry_run or found is None:
            return record
        try:
            return self.save(work, record, found)
        except SQLAlchemyError as error:
            note = f"the gradebook could not be written: {str(error).splitlines()[0]}"
            return Record(work.student, "failed", None, record.max_score, eye=[note])

    def changed_tests(self) -> list[str]:
        now = self.tests()
        before = [record.more["tests"] for record in self.records.values() if "tests" in record.more]
        return sorted({name for tests in before for name in now if tests.get(name) != now[name]})

    def say_change(self, record: Record) -> None:
        old = self.records.get(record.student)
        new = {name: sum(cell["score"] or 0 for cell in cells.values()) for name, cells in record.more["cells"].items()}
        was = (
            {
                name: sum(cell["score"] or 0 for cell in cells.values())
                for name, cells in old.more.get("cells", {}).items()
            }
            if old
            else {}
        )
        if was and sum(new.values()) != sum(was.values()):
            print(f"{record.student}: {sum(was.values()):g} -> {sum(new.values()):g}", file=sys.stderr)

    def differences(self, record: Record) -> Iterator[str]:
        """Where a score is another one than the gradebook's, and why."""
        for name, cells in record.more["cells"].items():
            stands = self.book.auto_scores(record.student, name)
            for cell, found in cells.items():
                if found["graded"] and cell in stands and stands[cell] != found["score"]:
                    why = (
                        next(iter(found["error"].strip().splitlines()[-1:]), "")
                        or _failed(found)
                        or "every check passes here"
                    )
                    yield f"{record.student} {name}/{cell}: gradebook {_mark(stands[cell])}, here {_mark(found['score'])}: {why}"


def _failed(cell: dict[str, Any]) -> str:
    return ", ".join(line["name"] for line in cell["lines"] if not line["passed"])


def _mark(score: float | None) -> str:
    return "waits for a person" if score is None else f"{score:g}"


def _unknown(book: Book, source: Path) -> str:
    """Which of the source's graded cells the gradebook does not know; empty if it knows all."""
    for path in sorted(source.glob("*.ipynb")):
        own = book.notebooks.get(path.stem)
        known = {name for notebook, kind, name in book.cells if notebook == own and kind == "GradeCell"}
        if absent := [name for name in graded_cells(path) if name not in known]:
            return f"the gradebook does not know {path.stem}/{absent[0]}"
    return ""


def _cell(cell: Any) -> dict[str, Any]:
    kept = asdict(cell) | {"graded": cell.points > 0 or bool(cell.lines)}
    return {
        name: kept[name] for name in ("score", "points", "graded", "protected", "stopped", "error", "hidden", "lines")
    }


def _scores(graded: Graded) -> dict[str, float | None]:
    return {name: cell.score for name, cell in graded.cells.items()}


def _timestamp(folder: Path) -> datetime | None:
    """When the collection says that it came."""
    path = folder / "timestamp.txt"
    try:
        text = submission.read_bytes(path)[:100].decode("ascii").strip()
        return _utc(text) if text else None
    except (submission.Refused, ValueError):
        return None


def _utc(text: str) -> datetime:
    """nbgrader's timestamps: `2026-02-03 15:00:00 UTC`, an offset, or nothing, in naive UTC."""
    from dateutil import parser, tz

    when = parser.parse(text)
    return when.astimezone(tz.UTC).replace(tzinfo=None) if when.tzinfo else when


def _seed(course: Path, name: str, options: Options) -> int:
    """The assignment's seed: drawn when it is first graded, then kept with the course."""
    seeds = json.loads(ini.seeds(course))
    if options.seed is not None or name not in seeds:
        seeds[name] = random.SystemRandom().randrange(1, 2**31) if options.seed is None else options.seed
        if not options.dry_run:
            write(course / "seeds.json", json.dumps(seeds, indent=1) + "\n")
    return int(seeds[name])


def _workers(options: Options) -> int:
    return options.workers or os.cpu_count() or 1


class _Here(Executor):
    """One worker: this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def _executor(options: Options) -> Executor:
    if options.scheduler:
        from distributed import Client

        return Client(options.scheduler).get_executor()
    workers = _workers(options)
    if workers == 1:
        return _Here()
    # A worker whose grader was killed would wait for work for ever.
    return ProcessPoolExecutor(workers, get_context("fork"), kernel.die_with_parent, (os.getpid(),))


def grade(name: str, course: Path | None = None, options: Options | None = None) -> int:
    """Grade, and print a table; 1 if something needs a person's eye."""
    options = options or Options()
    run = Run(name, course, options)
    folders = run.folders()
    with ExitStack() as stack:
        run.start(stack)
        if not options.dry_run:
            backup(run.config.gradebook)
        records = run.all_records(folders)
        differences = [text for record in records for text in run.differences(record)] if options.dry_run else []
    _print(run, records, differences)
    return int(any(record.eye for record in records))


def grade_one(name: str, notebook: Path, course: Path | None = None, options: Options | None = None) -> dict[str, Any]:
    """One notebook's outcome as data, with nothing written: for queues and other machines."""
    run = Run(name, course, replace(options or Options(), dry_run=True, workers=1))
    with ExitStack() as stack:
        run.start(stack)
        work = Work(notebook.stem, notebook.parent)
        plan = next((plan for plan in run.plans if plan.notebook == notebook.stem), run.plans[0])
        try:
            work.files[plan.notebook] = submission.read_bytes(notebook)
        except submission.Refused as error:
            work.status[plan.notebook], work.notes = "refused", [str(error)]
        run.send(work)
        return asdict(run.receive(work)[0])


def _print(run: Run, records: list[Record], differences: list[str]) -> None:
    if run.options.as_json:
        print(json.dumps([asdict(record) for record in records]))
        return
    table(records)
    about = [str(run.level), f"configuration: {', '.join(map(str, run.config.files)) or 'none'}"]
    for plan in run.plans:
        about += [f"unprotected: {plan.notebook}/{cell}: {why}" for cell, why in plan.unprotected.items()]
    print("\n".join([*differences, *about]))

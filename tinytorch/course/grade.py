"""`grade`: every submission of an assignment into the gradebook, each in a sandbox of its own."""

import json
import pickle
import sys
import tempfile
from collections import deque
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, Any

from tinytorch.course import workers
from tinytorch.course.build import behind, write
from tinytorch.course.compare import change, compared
from tinytorch.course.errors import CourseError
from tinytorch.course.handed_in import Work, take
from tinytorch.course.outcome import combined, scores
from tinytorch.course.records import SCORED, Record, only_one, write_record
from tinytorch.course.refreshed import again_late, refreshed
from tinytorch.course.shared import Options, Shared
from tinytorch.course.show import printable, progress_of, table
from tinytorch.grader import submission
from tinytorch.grader.grading import CellResult, Graded, grade_bytes

__all__ = ["Options", "Run", "grade", "grade_one"]


Done = tuple[Work, Record, dict[str, Graded] | None]


class Run(Shared):
    """One run of `grade` over an assignment."""

    # -- one submission

    @property
    def afresh(self) -> bool:
        """Nothing of an earlier grading counts: a dry run says why a score differs, an audit whether it repeats."""
        return self.options.dry_run or self.options.audit

    def known(self, work: Work) -> Record | None:
        """The record of an earlier grading that holds as a whole."""
        there = all(self.autograded(work, name).is_file() for name in work.files)
        return self.earlier.whole(work) if there else None

    def send(self, work: Work) -> None:
        for name in work.files:
            work.futures[name] = self.submit(work, name)

    def submit(self, work: Work, name: str) -> "list[Future[Graded]]":
        data, kept = work.files[name], {} if self.afresh else self.earlier.kept(work).get(name, {})
        arguments = (self.packed[name], data, self.limits, self.level, self.checksums[name], kept)
        try:
            return [self.executor.submit(grade_bytes, *arguments) for _ in range(1 + self.options.audit)]
        except BrokenExecutor:
            self.executor = self.start_workers()
            return self.submit(work, name)

    def receive(self, work: Work) -> tuple[Record, dict[str, Graded]]:
        """A submission's outcome, and what each notebook gave. Nothing is written yet."""
        found: dict[str, Graded] = {}
        eye: list[str] = []
        for name, futures in work.futures.items():
            try:
                found[name], *again = self.results(work, name, futures)
                eye += [
                    f"{name}: a second run gave other scores" for other in again if scores(other) != scores(found[name])
                ]
            except Exception as error:  # our own: said, and never in another student's way
                found[name] = Graded("failed", notes=[f"{type(error).__name__}: {error}"[:500]])
        work.futures.clear()
        return self.record(work, found, eye), found

    def results(self, work: Work, name: str, futures: "list[Future[Graded]]") -> list[Graded]:
        """Where a worker was killed (for memory, as a rule), all that were on their way are lost: each is sent once more."""
        try:
            return [future.result() for future in futures]
        except BrokenExecutor:
            return [future.result() for future in self.submit(work, name)]

    def record(self, work: Work, found: dict[str, Graded], eye: list[str]) -> Record:
        most = sum(cell["points"] for plan in self.plans for cell in plan.cells if cell["grade"] or cell["task"])
        missing = [name for name, status in work.status.items() if status == "missing" and found]
        found |= {name: Graded("missing", {cell.id: cell for cell in self._zeros(name)}) for name in missing}
        record = combined(work, found, eye, most)
        more = {"seed": self.seed, "isolation": str(self.level), "tests": self.tests}
        more |= {"unprotected": {plan.notebook: plan.unprotected for plan in self.plans if plan.unprotected}}
        more |= {"late_seconds": self.book.seconds_late(work.student, work.timestamp)}
        return replace(record, more=record.more | more)

    def save(self, work: Work, record: Record, found: dict[str, Graded]) -> Record:
        """The gradebook first, the record last: a run that was cut off does this submission again."""
        if record.status in SCORED:
            scores = {name: [*graded.cells.values()] for name, graded in found.items()}
            self.book.write(work.student, work.timestamp, scores, self.config.penalty)
            for name, graded in found.items():
                if graded.executed:
                    write(self.autograded(work, name), json.dumps(graded.executed, ensure_ascii=False) + "\n")
            record = refreshed(self.book, record)
        write_record(self.settings.course, self.assignment, record)
        return record

    def save_again(self, old: Record, new: Record) -> Record:
        if new != old:
            write_record(self.settings.course, self.assignment, new)
        return new

    def _zeros(self, name: str) -> list[CellResult]:
        plan = next(plan for plan in self.plans if plan.notebook == name)
        return [CellResult(cell["id"], 0.0, cell["points"]) for cell in plan.cells if cell["grade"]]

    # -- all of them

    def all_records(self, folders: list[Path]) -> list[Record]:
        """Grade and save, in order. Where tests have changed, first say whose score changes, then save."""
        changed = self.earlier.changed({folder.parent.name for folder in folders})
        graded = progress_of(self.outcomes(folders), len(folders))
        if not changed or self.options.dry_run:
            return [self.kept(*one) for one in graded]
        print(f"changed since the last grading: {', '.join(changed)}, and what stands below", file=sys.stderr)
        with tempfile.TemporaryFile() as aside:  # a large class does not fit into memory
            lines = [line for one in graded for line in self.set_aside(one, aside)]
            print("\n".join(map(printable, lines or ["nobody's score changes"])), file=sys.stderr)
            aside.seek(0)
            return [self.kept(*pickle.load(aside)) for _ in folders]

    def set_aside(self, one: Done, file: IO[bytes]) -> Iterator[str]:
        """Keep an outcome for later, and say how the score changes."""
        pickle.dump(one, file)
        return change(self.earlier.record(one[0].student), one[1])

    def outcomes(self, folders: list[Path]) -> Iterator[Done]:
        """Every submission's outcome, with a few on their way at once."""
        ahead: deque[tuple[Work, Record | None]] = deque()
        for folder in folders:
            work = take(folder, {plan.notebook for plan in self.plans}, self.fingerprint)
            record = None if self.afresh else self.known(work)
            if record is None:
                self.send(work)
            ahead.append((work, record))
            if len(ahead) > 2 * workers.count(self.options):
                yield self.finish(*ahead.popleft())
        yield from (self.finish(*one) for one in ahead)

    def finish(self, work: Work, record: Record | None) -> Done:
        return (work, record, None) if record else (work, *self.receive(work))

    def kept(self, work: Work, record: Record, found: dict[str, Graded] | None) -> Record:
        """Save an outcome that is new, and of one that is not, what has changed around it; what a table shows of it."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            if self.options.dry_run:
                return record
            if found is None:
                new = self.save_again(record, again_late(self.book, self.config.penalty, record, work.timestamp))
            else:
                new = self.save(work, record, found)
            self.book.forget(work.student)
            return new if self.options.as_json else replace(new, more={"waiting": new.more.get("waiting")})
        except SQLAlchemyError as error:
            note = f"the gradebook could not be written: {str(error).splitlines()[0]}"
        except (CourseError, ValueError, OSError) as error:  # a name of 255 letters, say, has no room for `.json`
            note = str(error)[:300]
        return Record(work.student, "failed", None, record.max_score, eye=[note])


def grade(name: str, course: Path | None = None, options: Options | None = None) -> int:
    """Grade, and print a table; 1 if something needs a person's eye."""
    options = options or Options()
    run = Run(name, course, options)
    folders = run.folders()
    if not options.scheduler:
        run.options = options = replace(options, workers=min(workers.count(options), len(folders)))
    if behind(run.assignment, run.settings.course):
        print(
            f"{run.assignment}: its source is newer than the course's notebook; run `tinytorch build`, then grade",
            file=sys.stderr,
        )
    with ExitStack() as stack:
        if not options.dry_run:
            stack.enter_context(only_one(run.settings.course))
        run.start(stack)
        if not options.dry_run:
            run.book.backup()
        records = run.all_records(folders)
        found = compared(run.book, records) if options.dry_run else []
    _print(run, records, found)
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
        except submission.NotRead as error:
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
        about += [f"{plan.notebook}/{cell}: the source's own answers get {own}" for cell, own in plan.short.items()]
    about += ["(docs/your-own-course.md: what protects such points)"] if any(plan.unprotected for plan in run.plans) else []
    known = {(plan.notebook, cell["id"]) for plan in run.plans for cell in plan.cells if cell["grade"] or cell["task"]}
    entered = {(notebook, cell) for notebook in run.book.notebooks for cell in run.book.worth(notebook)}
    about += [f"{name}/{cell}: the source has it no more, and its points still count in the gradebook" for name, cell in sorted(entered - known)]
    print("\n".join(map(printable, [*differences, *about])))

"""What the submissions of one grading share."""

import functools
import gc
import hashlib
import json
import os
import pickle
import random
from concurrent.futures import Executor
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tinytorch.course import nbconfig, workers
from tinytorch.course import settings as ini
from tinytorch.course.build import write
from tinytorch.course.earlier import Earlier
from tinytorch.course.errors import CourseError, NoSandbox
from tinytorch.course.handed_in import Work
from tinytorch.course.modules import assignment
from tinytorch.course.plans import plans_of, prove, recalled
from tinytorch.grader import isolation, sandbox, touched, waiting
from tinytorch.grader.image import needed
from tinytorch.grader.limits import Limits
from tinytorch.grader.plan import Judge, Plan

if TYPE_CHECKING:
    from tinytorch.grader.gradebook import Book

__all__ = ["Options", "Shared"]


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


class Shared:
    """Plans, the sandbox's level, the gradebook, what an earlier grading says, the workers."""

    def __init__(self, name: str, course: Path | None, options: Options) -> None:
        self.options, self.settings = options, ini.load(course)
        self.config = nbconfig.read(self.settings)
        self.assignment = assignment(name, self.settings.course, self.config.folders)
        _ = self.config.plugin  # what cannot be imported is said before anything is graded
        seconds = self.settings.cell_seconds if self.settings.own else max(self.settings.cell_seconds, self.config.seconds)
        self.limits = Limits(seconds, max(Limits.wall_seconds, 18 * seconds), self.settings.memory_mb)

    def read(self) -> None:
        """The plans; those that an earlier run has proved are packed."""
        isolation.on_linux()
        os.environ.pop("TINYTORCH_ONLY_CHECK", None)  # is for plain nbgrader, gives no marks, must not reach a plan
        self.seed = _seed(self.settings.course, self.assignment, self.options)
        self.plans = plans_of(
            self.config.folders["source"] / self.assignment,
            self.assignment,
            self.seed,
            self.limits.cell_seconds,
            lambda *cell: getattr(self.book.released(*cell), "source", None),
            self.config.marks,
        )
        self.packed = {plan.notebook: pickle.dumps(plan) for plan in self.plans if recalled(plan, self._kept(plan))}

    def prove(self, stack: ExitStack) -> None:
        """The isolation's level, and the plans that are new; `stack` puts it away."""
        fresh = [plan for plan in self.plans if plan.notebook not in self.packed]
        judges = [stack.enter_context(closing(Judge(plan))) for plan in fresh]  # they come up while the level does
        without = sorted({name for plan in self.plans for name in plan.without})
        self.level = stack.enter_context(isolation.level(self.options.level, without, self._packages(), self.limits))
        run = functools.partial(sandbox.run, limits=self.limits, level=self.level)
        for plan, judge in zip(fresh, judges, strict=True):
            prove(plan, run, judge, None if self.options.dry_run else self._kept(plan))
        self.packed |= {plan.notebook: pickle.dumps(plan) for plan in fresh}

    def start(self, stack: ExitStack) -> None:
        """Make all ready to grade. Where nothing is to be proved, the workers' judges come up while the rest does."""
        try:
            self.read()
            early = self.start_workers() if len(self.packed) == len(self.plans) else None
            self.prove(stack)
        except isolation.Refused as error:
            raise NoSandbox(str(error)) from error
        if workers.count(self.options) > 1:
            waiting.close()  # the sandbox that was tried: nobody works in this process
        self.executor = early or self.start_workers()
        stack.push(lambda *error: self.executor.__exit__(*error))
        depends = [*(plan.fingerprint() for plan in self.plans), repr(self.limits), self.level.name]
        self.fingerprint = hashlib.sha256("".join(depends).encode()).hexdigest()
        self.checksums = {plan.notebook: self._checksums(plan) for plan in self.plans}
        digests = ((plan.notebook, touched.digests(plan)) for plan in self.plans)
        level = self.level.name  # at `unsafe` an answer may have read what is right
        self.tests = {f"{name}/{test}": f"{text} {level}" for name, found in digests for test, text in found.items()}
        self.earlier = Earlier(self.settings.course, self.assignment, self.book, self.tests)
        gc.freeze()  # what is here stays to the end: a collector that looks at it finds nothing, and takes 200 ms
        stack.callback(gc.unfreeze)

    def start_workers(self) -> Executor:
        return workers.executor(self.options, tuple(self.packed.values()))

    @functools.cached_property
    def book(self) -> "Book":
        """Opened when it is first wanted: what reads a database takes its time to import, and sandboxes start meanwhile."""
        from tinytorch.course.register import opened

        return opened(self.config, self.settings, self.assignment, self.options.dry_run)

    def _packages(self) -> tuple[str, ...] | None:
        cells = (cell for plan in self.plans for cell in plan.cells)
        return needed(cell["source"] for cell in cells if cell["type"] == "code" and not cell["skip"])

    def _checksums(self, plan: Plan) -> dict[str, str]:
        found = {cell["id"]: self.book.released(plan.notebook, cell["id"]) for cell in plan.cells if cell["id"]}
        return {name: row.checksum for name, row in found.items() if row and row.checksum}

    def _kept(self, plan: Plan) -> Path:
        return self.settings.course / "plans" / self.assignment / f"{plan.notebook}.json"

    def folders(self) -> list[Path]:
        submitted = self.config.folders["submitted"]
        student, left_out = self.options.student, self.config.left_out
        found = [place / self.assignment for place in sorted(submitted.iterdir())] if submitted.is_dir() else []
        found = [path for path in found if path.parent.name == student or path.parent.name not in left_out]
        there = {path.parent.name: path for path in found if _is_there(path)}
        if not there:
            raise CourseError(f"{submitted}: nobody has handed in {self.assignment}")
        if student is not None and student not in there:
            raise CourseError(f"{student!r} has not handed in {self.assignment}; {', '.join([*there][:9])} have")
        return [*there.values()] if student is None else [there[student]]

    def autograded(self, work: Work, name: str) -> Path:
        return self.config.folders["autograded"] / work.student / self.assignment / f"{name}.ipynb"


def _is_there(path: Path) -> bool:
    """Also where we may not look: that is said of its student, whom nobody would miss otherwise."""
    try:
        return bool(path.lstat())
    except PermissionError:
        return True
    except OSError:
        return False


def _seed(course: Path, name: str, options: Options) -> int:
    """The assignment's seed: drawn when it is first released or graded, then kept with the course."""
    seeds = _seeds(course)
    if options.seed is not None or name not in seeds:
        seeds[name] = random.SystemRandom().randrange(1, 2**31) if options.seed is None else options.seed
        if not options.dry_run:
            write(course / "seeds.json", json.dumps(seeds, indent=1) + "\n")
    return seeds[name]


def _seeds(course: Path) -> dict[str, int]:
    """Of each assignment. They are in every record too, so that a file which broke can be mended."""
    with suppress(ValueError):
        seeds = json.loads(ini.seeds(course))
        if isinstance(seeds, dict) and all(type(seed) is int for seed in seeds.values()):
            return seeds
    raise CourseError(
        f"{course / 'seeds.json'}: this holds no seeds; write them again as {{assignment: seed}} from the records, or remove it"
    )

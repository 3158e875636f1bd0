"""Which files the right answers write that lie beside the source already, from a run of the instructor's own.

A test that opens one would find it in the grader, whether a student's code has written it or not.
"""

from pathlib import PurePath

from tinytorch.grader.job import Job, Outcome, Step

__all__ = ["asking", "written"]

FIRST, LAST = "the files at first", "the files at last"
# Nothing gets a name in the notebook for it. A file's time has steps of some milliseconds.
TIMES = "__import__('time').sleep(0.02) or {{name: __import__('os').path.exists(name) and __import__('os').stat(name).st_mtime_ns for name in {0}}}"


def asking(job: Job) -> Job:
    """The same job, and before and after it the question."""
    text = TIMES.format([*job["files"]])
    first, last = (Step(id=id, kind="whole", source=text, prelude="", asks=[]) for id in (FIRST, LAST))
    return job | {"steps": [first, *job["steps"], last]} if job["files"] else job


def written(outcome: Outcome) -> set[str]:
    """Their names, without folders."""
    said = [outcome["reports"].get(name, {}).get("value") for name in (FIRST, LAST)]
    first, last = (zip(*one["dict"], strict=True) if one else () for one in said)
    return {PurePath(name).name for name, _ in {*last} - {*first}}

"""The command `tinytorch`. Each verb imports its stage when it runs, so that `--help` answers at once."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from tinytorch.course.cli_people import Course, ModuleName, register

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.callback()
def verbs() -> None:
    """From percent sources to grades: each verb is one stage of the course."""


@app.command(epilog="Example: tinytorch build 08")
def build(
    modules: Annotated[list[str] | None, typer.Argument(metavar="[MODULE]...")] = None, course: Course = None
) -> None:
    """Percent source -> notebook, and export to tinytorch/core."""
    from tinytorch.course.build import build

    for name in build(modules or [], course):
        typer.echo(f"built {name}")


@app.command(epilog="Example: tinytorch pull 08")
def pull(module: ModuleName, course: Course = None) -> None:
    """Bring an edit of the built notebook back to the percent source."""
    from tinytorch.course.pair import pull

    said, code = pull(module, course)
    typer.echo(said)
    raise typer.Exit(code)


@app.command(epilog="Example: tinytorch release 08")
def release(module: ModuleName, course: Course = None) -> None:
    """The student version and the kit, refused with any answer in it."""
    from tinytorch.course.release import release

    path = release(module, course)
    typer.echo(f"{path}\nkit: {path.parents[2] / 'kits' / f'{path.parent.name}.zip'}")


@app.command(epilog="Example: tinytorch grade 08 --student ada --dry-run")
def grade(
    module: ModuleName,
    student: Annotated[str | None, typer.Option(help="Grade this student only.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="How many to grade at once (default: the cores).")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; say where our scores differ.")] = False,
    seed: Annotated[int | None, typer.Option(help="A new seed for the hidden inputs.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The outcomes as JSON on standard output.")] = False,
    check: Annotated[str | None, typer.Option(help="Replay the check of this name and write nothing.")] = None,
    audit: Annotated[bool, typer.Option("--audit", help="Run everything twice and compare.")] = False,
    unsafe: Annotated[bool, typer.Option("--unsafe", help="Without a sandbox: a process with limits.")] = False,
    scheduler: Annotated[str | None, typer.Option(help="The address of a Dask scheduler.")] = None,
    course: Course = None,
) -> None:
    """Grade course/submitted/*/MODULE into the gradebook."""
    from tinytorch.course.grade import Options, grade
    from tinytorch.course.replay import replay

    level = "unsafe" if unsafe else None
    options = Options(student, workers, level, dry_run, seed, as_json, audit, scheduler)
    raise typer.Exit(grade(module, course, options) if check is None else replay(module, check, course, options))


@app.command("grade-one", epilog="Example: tinytorch grade-one 08 optimizers_dev.ipynb > outcome.json")
def grade_one(
    module: ModuleName,
    notebook: Annotated[Path, typer.Argument(metavar="NOTEBOOK", exists=True, dir_okay=False)],
    unsafe: Annotated[bool, typer.Option("--unsafe", help="Without a sandbox: a process with limits.")] = False,
    course: Course = None,
) -> None:
    """One notebook in, its outcome as JSON out; nothing is written. For queues and clusters."""
    import json

    from tinytorch.course.grade import Options, grade_one

    typer.echo(json.dumps(grade_one(module, notebook, course, Options(level="unsafe" if unsafe else None))))


@app.command(epilog="Example: tinytorch feedback 08 --zip canvas")
def feedback(
    module: ModuleName,
    packed: Annotated[
        str | None, typer.Option("--zip", metavar="canvas|moodle", help="Also an archive to upload.")
    ] = None,
    course: Course = None,
) -> None:
    """One HTML page for each graded submission."""
    from tinytorch.course.feedback import feedback

    pages = feedback(module, course)
    for path in pages if packed is None else []:
        typer.echo(path)
    if packed:
        from tinytorch.course.send import send
        from tinytorch.course.settings import load

        sent = send(module, packed, load(course))
        typer.echo("\n".join([*sent.left, f"{sent.pages} pages in {sent.path}"]))
        raise typer.Exit(1 if sent.left else 0)


@app.command(epilog="Example: tinytorch grades --format canvas --into exported.csv > import.csv")
def grades(
    form: Annotated[str, typer.Option("--format", help="csv, canvas or moodle.")] = "csv",
    into: Annotated[Path | None, typer.Option(help="The file that Canvas or Moodle exported: fill it in.")] = None,
    module: Annotated[str | None, typer.Option(help="The assignment to fill in, where there are several.")] = None,
    column: Annotated[str, typer.Option(help="The platform's title for it, where it is not clear.")] = "",
    scale: Annotated[bool, typer.Option("--scale", help="Convert to the platform's maximum.")] = False,
    course: Course = None,
) -> None:
    """The gradebook as a table on standard output."""
    from tinytorch.course.errors import CourseError
    from tinytorch.course.grades import grades, merged

    if into is None:
        if column or scale:
            raise CourseError("--column and --scale say how to fill in a file: name it with --into FILE")
        typer.echo(grades(form, course, module), nl=False)
        return
    done = merged(form, into, course, module, column, scale)
    sys.stdout.buffer.write(done.text.encode("utf-8"))
    typer.echo("\n".join([*(f"left: {line}" for line in done.left), f"{done.filled} scores filled in"]), err=True)


@app.command(epilog="Example: tinytorch demo --course /tmp/demo")
def demo(course: Course = None) -> None:
    """The whole course on six made students, in a fresh directory."""
    from tinytorch.course.demo import demo

    raise typer.Exit(demo(course))


register(app)

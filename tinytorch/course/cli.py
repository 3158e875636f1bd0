"""The command `tinytorch`. Each verb imports its stage when it runs, so that `--help` answers at once."""

from pathlib import Path
from typing import Annotated

import typer

from tinytorch.course.cli_people import register

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
register(app)

Course = Annotated[Path | None, typer.Option("--course", help="The course directory; settings.ini names the default.")]
ModuleName = Annotated[str, typer.Argument(metavar="MODULE", help="08, optimizers or 08_optimizers.")]


@app.callback()
def verbs() -> None:
    """From percent sources to grades: each verb is one stage of the course."""


@app.command()
def build(modules: Annotated[list[str] | None, typer.Argument(metavar="[MODULE]...")] = None, course: Course = None) -> None:
    """Percent source -> notebook in course/source, and export to tinytorch/core."""
    from tinytorch.course.build import build

    for name in build(modules or [], course):
        typer.echo(f"built {name}")


@app.command()
def pull(module: ModuleName, course: Course = None) -> None:
    """Bring an edit of the built notebook back to the percent source."""
    from tinytorch.course.pair import pull

    typer.echo(pull(module, course))


@app.command()
def release(module: ModuleName, course: Course = None) -> None:
    """The student version in course/release, refused if any answer is left in it."""
    from tinytorch.course.release import release

    typer.echo(release(module, course))


@app.command()
def grade(
    module: ModuleName,
    student: Annotated[str | None, typer.Option(help="Grade this student only.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="How many to grade at once.")] = None,
    course: Course = None,
) -> None:
    """Grade course/submitted/*/MODULE into the gradebook."""
    from tinytorch.course.grade import grade

    raise typer.Exit(grade(module, course, student, workers))


@app.command()
def feedback(module: ModuleName, course: Course = None) -> None:
    """One HTML page for each graded submission."""
    from tinytorch.course.feedback import feedback

    for path in feedback(module, course):
        typer.echo(path)


@app.command()
def grades(
    form: Annotated[str, typer.Option("--format", help="csv, canvas or moodle.")] = "csv",
    course: Course = None,
) -> None:
    """The gradebook as a table on standard output."""
    from tinytorch.course.grades import grades

    typer.echo(grades(form, course), nl=False)


@app.command()
def demo(course: Course = None) -> None:
    """The whole course on made submissions, from source to grades, in a fresh course directory."""
    from tinytorch.course.demo import demo

    raise typer.Exit(demo(course))

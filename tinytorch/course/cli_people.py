"""More verbs: what a student runs, what a class on a learning platform needs, and what an author starts with."""

import json
from pathlib import Path
from typing import Annotated

import typer

PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
Course = Annotated[
    Path | None,
    typer.Option("--course", help="The course directory; else the nbgrader course you stand in, else settings.ini names it."),
]
ModuleName = Annotated[str, typer.Argument(metavar="MODULE", help="08, optimizers or 08_optimizers.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]


def register(app: typer.Typer) -> None:
    """Add the verbs to the command."""
    app.command(context_settings=PASSED_ON)(validate)
    app.command(context_settings=PASSED_ON)(export)
    app.command(epilog="Example: tinytorch collect 08 submissions.zip --roster grades.csv")(collect)
    app.command(epilog="Example: tinytorch report 08 --anonymous")(report)
    app.command(epilog="Example: tinytorch new 09_training")(new)
    app.command(epilog="Example: tinytorch check 08")(check)
    app.command(epilog="Example: tinytorch preview 08")(preview)


def validate(context: typer.Context) -> None:
    """A student's self-check before handing in."""
    from tinytorch.student.cli import main

    raise typer.Exit(main(["validate", *context.args]))


def export(context: typer.Context) -> None:
    """A student's own work -> their own tinytorch.core."""
    from tinytorch.student.cli import main

    raise typer.Exit(main(["export", *context.args]))


def collect(
    module: ModuleName,
    archive: Annotated[Path, typer.Argument(metavar="ZIP", help="The bulk download of Canvas or Moodle.")],
    roster: Annotated[
        Path | None, typer.Option(help="Canvas's gradebook export, or Moodle's grading worksheet.")
    ] = None,
    course: Course = None,
    as_json: Json = False,
) -> None:
    """A bulk download into the submitted folder; absentees get a row."""
    from dataclasses import asdict

    from tinytorch.course.collect import collect, lines
    from tinytorch.course.settings import load

    result = collect(module, archive, roster, load(course))
    typer.echo(json.dumps(asdict(result), indent=1, ensure_ascii=False) if as_json else "\n".join(lines(result)))
    raise typer.Exit(1 if result.unplaced else 0)


def report(
    module: ModuleName,
    anonymous: Annotated[bool, typer.Option(help="Leave all names out, for sharing.")] = False,
    course: Course = None,
    as_json: Json = False,
) -> None:
    """How a class did: one HTML page, and a short table here."""
    from tinytorch.course.grades import rows as graded_rows
    from tinytorch.course.modules import assignment
    from tinytorch.course.report import anonymised, lines, report
    from tinytorch.course.report_page import publish
    from tinytorch.course.settings import load

    settings = load(course)
    folder, name = settings.course, assignment(module, settings.course)
    found = report(name, folder, {row.student: row.score for row in graded_rows(settings, name)})
    found = anonymised(found) if anonymous else found
    path = publish(found, folder, anonymous)
    typer.echo(json.dumps(found.as_json(), indent=1, ensure_ascii=False) if as_json else "\n".join(lines(found)))
    typer.echo(f"page: {path}", err=as_json)


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Two digits and a topic, e.g. 09_training.")],
    course: Course = None,
) -> None:
    """The skeleton of a module that passes the build."""
    from tinytorch.course.new import new
    from tinytorch.course.settings import load

    load(course)  # every verb takes a course, and refuses one whose settings cannot be read
    typer.echo("\n".join(f"wrote {path}" for path in new(name)))
    typer.echo(f"now: tinytorch build {name}, then open the first and write (docs/authors.md)")


def check(module: ModuleName, course: Course = None, as_json: Json = False) -> None:
    """All that holds a module: reference, blank, slips, rubric."""
    from dataclasses import asdict

    from tinytorch.course.check import check, lines

    result = check(module, course)
    typer.echo(json.dumps(asdict(result), indent=1, ensure_ascii=False) if as_json else "\n".join(lines(result)))
    raise typer.Exit(0 if result.good else 1)


def preview(module: ModuleName, course: Course = None) -> None:
    """The student's notebook as an HTML page to look at."""
    from tinytorch.course.preview import preview

    typer.echo(preview(module, course))

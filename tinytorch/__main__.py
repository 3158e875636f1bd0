"""`python -m tinytorch` and the console script `tinytorch`."""

import sys


def main() -> None:
    """Run the command; what cannot be done is one line on stderr and exit code 2."""
    from tinytorch.course.errors import CourseError

    try:
        from tinytorch.course.cli import app
    except ModuleNotFoundError as error:
        sys.exit(_missing(error))
    try:
        app(prog_name="tinytorch")
    except CourseError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except ModuleNotFoundError as error:
        print(_missing(error), file=sys.stderr)
        sys.exit(2)


def _missing(error: ModuleNotFoundError) -> str:
    name = (error.name or "").partition(".")[0]
    if name == "tinytorch":
        raise error
    return f"tinytorch: {name} is not installed; install this package with its extra 'course' (or 'student')"


if __name__ == "__main__":
    main()

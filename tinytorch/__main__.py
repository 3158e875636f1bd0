"""`python -m tinytorch` and the console script `tinytorch`."""

import errno
import os
import sys
import traceback
from typing import Any

from tinytorch.course.errors import CourseError

INTERRUPTED = "tinytorch: stopped by you; what was finished is kept, and the same command goes on from there"

NAMELESS = {  # errors that name no file, and what they are of
    errno.ENOSPC: "no space left where standard output goes; run the same command again",
    errno.ENOENT: "the folder that you stand in is gone; go to another one",
}


def main() -> None:
    """Run the command; what cannot be done is one line on stderr and exit code 2."""
    sys.exit(_run())


def _run() -> int:
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a name that this terminal cannot show is no error
    try:
        from tinytorch.course.cli import app

        code = int(app(prog_name="tinytorch", standalone_mode=False) or 0)
        if sys.stdout:  # else what cannot be written is found out past all of the below
            sys.stdout.flush()
        return _interrupted() if code == 130 else code  # typer's own number for Ctrl-C
    except KeyboardInterrupt:
        return _interrupted()
    except (BrokenPipeError, SystemExit):  # the latter is what typer and rich make of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader of our pipe has left
        return 2
    except Exception as error:
        if line := _known(error):
            return _said(line)
        traceback.print_exc()  # our own mistake: all of it, for whoever mends it
        return 2


def _interrupted() -> int:
    """Exit code 2 for a Ctrl-C.

    `python -m` remembers one that fell into an `exec` of a text, and would end by the signal whatever we return; running any
    other text makes it forget.
    """
    exec("")
    return _said(INTERRUPTED)


def _said(line: str) -> int:
    print(line, file=sys.stderr)
    return 2


def _known(error: Exception) -> str:
    """One line for what a person can mend: a word typed wrongly, a file, a database; nothing for our own mistakes."""
    if isinstance(error, CourseError):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("tinytorch"):
        name = (error.name or "").partition(".")[0]
        if name in ("fcntl", "resource"):
            return "tinytorch: grading needs Linux; on this system run it in a Linux container, in WSL or on a server"
        extra = "'cluster'" if name == "distributed" else "'course' (or 'student')"
        return f"tinytorch: {name} is not installed; install this package with its extra {extra}"
    if hasattr(error, "format_message"):  # typer keeps a click of its own, whose classes have no public name
        return _usage(error.format_message(), getattr(error, "ctx", None))
    if isinstance(error, OSError) and error.filename:
        advice = "make room, and run the same command again" if error.errno == errno.ENOSPC else "is that the right folder, and may you write there?"
        return f"{error.filename2 or error.filename}: {error.strerror or error}; {advice}"
    if isinstance(error, OSError) and error.errno in NAMELESS:
        return f"tinytorch: {NAMELESS[error.errno]}"
    if type(error).__module__.partition(".")[0] in ("sqlite3", "sqlalchemy"):
        return f"tinytorch: the gradebook cannot be used ({str(error).splitlines()[0]})"
    return ""


def _usage(message: str, context: Any) -> str:
    """The parser's message and where the help is; a command without any word is answered by the help itself."""
    if message.startswith("Usage:"):
        return message
    command = context.command_path if context else "tinytorch"
    return f"{command}: {message[:1].lower()}{message[1:].rstrip('.')} (try `{command} --help`)"


if __name__ == "__main__":
    main()

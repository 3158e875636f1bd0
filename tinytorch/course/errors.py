"""The errors that end a command with exit code 2."""

__all__ = ["CourseError", "NoSandbox"]


class CourseError(Exception):
    """What is wrong, where, and what to do about it. The command prints it and changes nothing."""


class NoSandbox(CourseError):
    """This machine cannot isolate as asked."""

"""The error that ends a command with exit code 2."""

__all__ = ["CourseError"]


class CourseError(Exception):
    """What is wrong, where, and what to do about it. The command prints it and changes nothing."""

"""Where in a student's code a cell was stopped, in words that they know: `your SGD.step (line 7)`."""

import ast
import re

from tinytorch.grader.job import Step
from tinytorch.grader.names import DEFINITIONS, parsed

__all__ = ["line_of"]


def line_of(stack: str, steps: list[Step]) -> str:
    """The line in the interpreter's last words, which may be forged: only what the source bears out is said.

    One source is read at most: a long one takes seconds, and forged words may name it a thousand times.
    """
    sources = {step["id"]: step["source"] for step in steps}
    for name, line in re.findall(r'File "<cell ([^"\n]+)>", line (\d{1,6}) in ', stack.rpartition("Thread")[2]):
        if name in sources and int(line) <= sources[name].count("\n") + 1:
            found = _definition(sources[name], int(line))
            return f"your {found} (line {line})" if found else ""
    return ""


def _definition(source: str, line: int) -> str:
    """`SGD.step` for a line in it, `cell` for one outside of any definition; empty where the source is no Python."""
    if not (tree := parsed(source)):
        return ""
    outer_first = (node for node in ast.walk(tree) if isinstance(node, DEFINITIONS))
    return ".".join(node.name for node in outer_first if node.lineno <= line <= (node.end_lineno or line)) or "cell"

"""IPython's own syntax: magics, shell commands and help mean nothing to a grader, and are turned away with a word."""

import ast
import contextlib
import re
from typing import Any

from tinytorch.grader.names import parsed

__all__ = ["MAX_READ", "clean", "clean_all"]

MAX_CODE = 500_000  # characters of all of a student's cells: Python needs up to 18 s and 1.5 GB to read a million
MAX_READ = 1_000_000  # characters of a notebook that IPython may read: all of a cell once more for each magic in it
MAGIC = re.compile(r"^([ \t]*)[%!?].*$", re.M)
RUN_BODY = {"time", "timeit", "capture", "prun", "python", "python3", "pypy", "debug", "memit", "snakeviz", "pyinstrument"}
CAPTURES = re.compile(r"%%capture[ \t]+(?:--\S+[ \t]+)*([A-Za-z_]\w*)")
PYLAB = "import numpy, matplotlib; from matplotlib import pylab, mlab, pyplot; np, plt = numpy, pyplot; from matplotlib.pylab import *; from numpy import *"
WRITES = re.compile(r"\s*%%(?:writefile|file)((?:[ \t]+-a|[ \t]+--append)?)[ \t]+(\S+)[ \t]*\n(.*)", re.S)


def clean_all(merged: list[dict[str, Any]], notes: list[str]) -> None:
    """A student's cells."""
    room, code = [MAX_READ], MAX_CODE
    for cell in merged:
        if cell["type"] != "code" or cell.get("locked"):
            continue
        size = len(cell["source"])
        if size > code:
            notes.append(f"{cell['id']}: left out, there are more than {MAX_CODE} characters of code before its end")
            cell["source"] = ""
        code -= len(cell["source"])
        cell["source"] = clean(cell["source"], notes, cell["id"], room)


def clean(source: str, notes: list[str], where: str, room: list[int] | None = None) -> str:
    """Source without magics, shell commands and help: Python that means the same, line for line.

    `room`: how many characters IPython may still read (a million take it three seconds); where they are too few, the
    lines of magics go.
    """
    if parsed(source):
        return source
    if written := WRITES.match(source):  # a helper module, to be imported further down
        append, name, body = written.groups()
        return f"open({name!r}, {'a' if append else 'w'!r}).write({body!r});"
    body = _without_cell_magic(source, notes, where)
    if body != source and parsed(body):
        return body
    return _without_magics(body, notes, where, room or [MAX_READ])


def _without_cell_magic(source: str, notes: list[str], where: str) -> str:
    """The body of `%%time` and its like; nothing of a cell in another language."""
    lines = source.split("\n")
    for _ in range(5):  # one may stand above another
        first = next((number for number, line in enumerate(lines) if line.strip()), 0)
        if not (magic := re.match(r"%%(\w+)", lines[first])):
            break
        if captured := CAPTURES.match(lines[first]):  # what the cell prints is looked at further down
            lines[first] = f"{captured[1]} = __captured__()"
            lines.append(f"{captured[1]}.end();")
            break
        kept = magic[1] in RUN_BODY
        notes.append(f"{where}: %%{magic[1][:40]} means nothing here and was dropped{'' if kept else ', with all of its cell'}")
        if not kept:
            return ""
        lines[first] = ""
    return "\n".join(lines)


def _without_magics(source: str, notes: list[str], where: str, room: list[int]) -> str:
    from IPython.core import inputtransformer2 as ipython  # slow to import, and seldom needed

    class Manager(ipython.TransformerManager):
        def do_one_token_transform(self, lines: list[str]) -> tuple[bool, list[str]]:
            room[0] -= sum(map(len, lines))
            if room[0] < 0:
                raise ValueError
            return super().do_one_token_transform(lines)

    with contextlib.suppress(Exception):  # whatever IPython stumbles over
        text = Manager().transform_cell(source)
        if tree := parsed(text):
            return _replaced(text, tree, notes, where)
    return MAGIC.sub(r"\1None", source)  # the student's own syntax error: it is reported when the cell is run


def _replaced(text: str, tree: ast.Module, notes: list[str], where: str) -> str:
    """Calls of `get_ipython()` become `None`; what `%time` and `%timeit` measure is run once."""
    lines, said = [line.encode() for line in text.split("\n")], list[str]()
    for node in sorted(filter(_is_magic, ast.walk(tree)), key=lambda n: (n.lineno, n.col_offset), reverse=True):  # type: ignore[attr-defined]
        assert isinstance(node, ast.Call) and node.end_lineno == node.lineno
        name, body = _named(node)
        said += [f"{where}: {name} means nothing here and was dropped"] if body in ("None", "[]") else []
        line = lines[node.lineno - 1]
        lines[node.lineno - 1] = line[: node.col_offset] + body.encode() + line[node.end_col_offset :]
    notes += dict.fromkeys(said[::-1])  # from top to bottom, and each once
    return b"\n".join(lines).decode()


def _is_magic(node: ast.AST) -> bool:
    function = node.func if isinstance(node, ast.Call) else None
    owner = function.value if isinstance(function, ast.Attribute) else None
    return isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and owner.func.id == "get_ipython"


def _named(node: ast.Call) -> tuple[str, str]:
    assert isinstance(node.func, ast.Attribute)
    said = [str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)]
    if node.func.attr != "run_line_magic" or not said:
        return "a shell command", "[]" if node.func.attr == "getoutput" else "None"
    if said[0] == "run" and (script := re.search(r"(?<![^\s'\"])[^\s'\"]+\.py\b", said[-1])):
        return "%run", f"exec(compile(open({script[0]!r}).read(), {script[0]!r}, 'exec'), globals())"
    if said[0] == "pylab":
        return "%pylab", PYLAB
    if said[0] in ("env", "set_env") and (pair := re.match(r"(\w+)(?:\s*=\s*|\s+)(.+)", said[-1])):
        return f"%{said[0]}", f"__import__('os').environ.update({{{pair[1]!r}: {pair[2]!r}}})"
    name, body = f"%{said[0]}", re.sub(r"^(\s*-\w+(\s+\d+)?)*\s*", "", said[1]) if len(said) > 1 else ""
    return name, body if said[0] in ("time", "timeit") and body and parsed(body) else "None"

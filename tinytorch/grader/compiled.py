"""The instructor's code as a sandbox gets it: compiled once for every submission."""

import ast
import base64
import functools
import marshal
from typing import Any

from tinytorch.grader.job import Ask

__all__ = ["cell", "question"]


def question(ask: Ask, token: str) -> dict[str, Any]:
    """To be reported under `token`; the sandbox learns no more of where it belongs."""
    text, kind = (ask["run"], "exec") if "run" in ask else (ask["expr"].strip(), "eval")
    return {"token": token, "code": _compiled(text, "<check>", kind), "inputs": ask["inputs"], "which": ask["which"]}


@functools.lru_cache(maxsize=200)
def cell(source: str, name: str) -> str:
    """A given cell that only defines; empty where each sandbox has to look at the text."""
    try:
        body = ast.parse(source).body
    except SyntaxError:  # which the cell says itself, where it runs
        return ""
    defines = all(isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Assign) for node in body)
    return _compiled(source, f"<cell {name}>", "exec") if defines else ""


@functools.lru_cache(maxsize=2_000)
def _compiled(text: str, name: str, kind: str) -> str:
    try:
        code = compile(text, name, kind, dont_inherit=True, optimize=0)  # with its asserts, also under `python -O`
    except SyntaxError as error:  # `f(a=1, a=2)` can be parsed: said where it would run
        code = compile(f"raise SyntaxError({error.msg!r})", name, "exec")
    return base64.b64encode(marshal.dumps(code)).decode()

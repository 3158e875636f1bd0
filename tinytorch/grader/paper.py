"""The executed notebook, as nbgrader's formgrader shows it: the answers, their output, and each check's lines."""

import hashlib
import re
from typing import Any

__all__ = ["checksum", "executed", "tame"]

MOST = 20_000  # characters of one output
# What makes a tag, an entity or a link, and MathJax's own ways to them. (A pattern would take a minute for 90 MB of them.)
APART = [("<", ""), ("&", ""), (":", "//"), ("]", "("), ("]", ":"), ("h", "ref"), ("mml", "Token")]
APART += [("\\", name) for name in ("style", "class", "cssId", "bbox")]


def checksum(cell: dict[str, Any]) -> str:
    """nbgrader's checksum of a cell."""
    flags = [cell["grade"], cell["solution_cell"], cell["locked"]]
    parts = [cell["source"], cell["type"], *map(str, flags), cell["id"]]
    parts += [str(cell["points"])] if cell["grade"] else []
    return hashlib.md5("".join(parts).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def executed(
    merged: list[dict[str, Any]], outcome: Any, results: dict[str, Any], checksums: dict[str, str]
) -> dict[str, Any]:
    """A notebook of format 4, with our outputs and none of the student's."""
    steps = outcome["steps"]
    cells = [_cell(cell, steps.get(cell["id"], {}), results.get(cell["id"]), checksums) for cell in merged]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    about = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 4}


def _cell(cell: dict[str, Any], step: dict[str, Any], result: Any, checksums: dict[str, str]) -> dict[str, Any]:
    made = {"cell_type": cell["type"], "metadata": _metadata(cell, checksums), "source": cell["source"]}
    if cell["type"] != "code":
        return made if cell.get("locked") else made | {"source": tame(cell["source"])}
    return made | {"execution_count": None, "outputs": _tested(result) if cell["role"] == "test" else _ran(step)}


def tame(text: str) -> str:
    """A student's Markdown without tags, links and entities: the formgrader would run their scripts, and it writes marks."""
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", text)  # a browser drops what a pattern would stumble over
    for first, second in APART:
        text = text.replace(f"{first} {second}", first + second).replace(first + second, f"{first} {second}")
    return text


def _metadata(cell: dict[str, Any], checksums: dict[str, str]) -> dict[str, Any]:
    if "locked" not in cell:
        return {}
    about = {"grade": cell["grade"], "solution": cell["solution_cell"], "locked": cell["locked"], "task": cell["task"]}
    about |= {"grade_id": cell["id"], "schema_version": 3, "cell_type": cell["type"]}
    about |= {"points": cell["points"]} if cell["grade"] or cell["task"] else {}
    return {"nbgrader": about | ({"checksum": checksums[cell["id"]]} if cell["id"] in checksums else {})}


def _ran(step: dict[str, Any]) -> list[dict[str, Any]]:
    outputs = [_stream(name, step.get(name, "")) for name in ("stdout", "stderr") if step.get(name)]
    failed = step.get("error") or ("" if step.get("status", "ok") in ("ok", "error") else step["status"])
    return outputs + ([_error(step.get("status", "error"), failed)] if failed else [])


def _tested(result: Any) -> list[dict[str, Any]]:
    warning = "" if result.protected else "unprotected: this cell ran in the student's own process\n"
    outputs = [_stream("stdout", text) for text in (warning + result.stdout,) if text]
    return outputs + ([_error("Failed", result.error)] if result.error else [])


def _stream(name: str, text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": _capped(text)}


def _error(name: str, text: str) -> dict[str, Any]:
    lines = _capped(text).splitlines() or [name]
    return {"output_type": "error", "ename": name, "evalue": lines[-1], "traceback": lines}


def _capped(text: str) -> str:
    return text if len(text) <= MOST else text[:MOST] + f"\n... {len(text) - MOST} characters more"

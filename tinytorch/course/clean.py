"""The proof that a released notebook holds no answer: it is compared with the source, cell by cell, not searched for marks."""

import re
import textwrap
from collections.abc import Iterator
from typing import Any

__all__ = ["leaks"]

SOLUTION = ("### BEGIN SOLUTION", "### END SOLUTION")
HIDDEN = ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")
STUB = re.compile(r'[ \t]*# YOUR CODE HERE\n\s*raise NotImplementedError\("[\w.-]+: your code goes here"\)|YOUR ANSWER HERE')
# Shorter regions ("pass", "self.step_count += 1") stand in given code as well; they are no answer by themselves.
WORTH = 40


def leaks(source: dict[str, Any], release: dict[str, Any]) -> list[str]:
    """What the released notebook holds that a student must not get, in words; empty when it is clean."""
    cells, given = source["cells"], release["cells"]
    if len(cells) != len(given):
        return [f"the release has {len(given)} cells, the source {len(cells)}"]
    found = [f"cell {_name(new, at)}: {what}" for at, (old, new) in enumerate(zip(cells, given)) for what in _cell(old, new)]
    if "jupytext" in release["metadata"]:
        found.append("the metadata has a jupytext key, with which the answers can come back")
    return found + list(_regions_elsewhere(cells, given))


def _name(cell: dict[str, Any], at: int) -> str:
    return cell["metadata"].get("nbgrader", {}).get("grade_id") or str(at)


def _cell(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """What is wrong with one released cell, given the source's."""
    text = _text(new)
    if new.get("outputs"):
        yield "has an output"
    if new.get("attachments") != old.get("attachments"):
        yield "has an attachment that the source has not"
    if not _is_stubbed(_without(_text(old), HIDDEN), text):
        yield "is not the source's with its regions replaced by stubs"
    if any(word in text for word in (*SOLUTION, *HIDDEN)):
        yield "holds a marker"


def _is_stubbed(source: str, text: str) -> bool:
    """Whether `text` is `source` with each solution region replaced by a stub, and nothing else."""
    kept = _without(source, SOLUTION, "\0").strip("\n").split("\0")
    pattern = rf"(?:{STUB.pattern})\n?".join(map(re.escape, kept))
    return re.fullmatch(pattern, text.strip("\n")) is not None


def _without(text: str, marks: tuple[str, str], instead: str = "") -> str:
    """The text without what stands between the marks, marks included."""
    return re.sub(rf"^[ \t]*{marks[0]}\n.*?^[ \t]*{marks[1]}(\n|\Z)", instead, text, flags=re.M | re.S)


def _regions(text: str, marks: tuple[str, str]) -> list[str]:
    found = re.findall(rf"^[ \t]*{marks[0]}\n(.*?)^[ \t]*{marks[1]}", text, flags=re.M | re.S)
    return [_plain(region) for region in found]


def _regions_elsewhere(cells: list[dict[str, Any]], given: list[dict[str, Any]]) -> Iterator[str]:
    """Each region of the source that stands whole in any released cell or output."""
    texts = [(_name(cell, at), _plain(_everything(cell))) for at, cell in enumerate(given)]
    for at, cell in enumerate(cells):
        for region in _regions(_text(cell), SOLUTION) + _regions(_text(cell), HIDDEN):
            for name, text in texts:
                if len(region) >= WORTH and region in text:
                    yield f"cell {name}: holds a whole region of {_name(cell, at)}"


def _plain(text: str) -> str:
    """Lines without indentation and empty ones, so that a copy at another depth is found."""
    return "\n".join(line.strip() for line in textwrap.dedent(text).splitlines() if line.strip())


def _text(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def _everything(cell: dict[str, Any]) -> str:
    """The cell's text and every string in its outputs."""
    return "\n".join([_text(cell), *_strings(cell.get("outputs", []))])


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and all(isinstance(part, str) for part in value):
        yield "".join(value)
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)

"""Which of the files in a student's folder is the notebook: the one of that name, or the one that it became."""

import difflib
import os
from pathlib import Path, PurePath

__all__ = ["find", "left_over"]


def find(folder: Path, name: str, names: set[str]) -> tuple[Path | None, list[str]]:
    """The notebook `name` in a student's folder, or the one that was probably renamed."""
    exact, others = folder / f"{name}.ipynb", _others(folder, name, names)[:100]
    if os.path.lexists(exact):
        return exact, _unread([path for path in others if ".ipynb" in path.name]) if len(names) == 1 else []
    if not others:
        return None, []
    # of equals the last: "(2)" is a later copy than "(1)"
    best = max(others[::-1], key=lambda path: difflib.SequenceMatcher(None, path.stem.lower(), name.lower()).ratio())
    if len(names) > 1 and name.lower() not in best.stem.lower():
        return None, []
    renamed = f"the notebook was renamed: {best.relative_to(folder)} was read as {exact.name}"
    return best, [renamed, *_unread([other for other in others if other != best])]


def _unread(others: list[Path]) -> list[str]:
    return [f"not read: {', '.join(path.name for path in others[:5])}"] if others else []


def _others(folder: Path, name: str, names: set[str]) -> list[Path]:
    """What else may be that notebook; of a folder in the student's folder (an unpacked archive) where there is nothing above."""
    expected = {f"{one}.ipynb" for one in names}
    for inner in ("", "*/", "*/*/"):
        for kinds in (("*.ipynb",), ("*.IPYNB", "*.ipynb.txt", "*.json")):
            found = [path for kind in kinds for path in sorted(folder.glob(inner + kind)) if _handed_in(path, folder)]
            if found := [path for path in found if path.name not in expected or inner and path.stem == name]:
                return found
    return []


def _handed_in(path: Path, folder: Path) -> bool:
    """Whether it is a student's own file, and not behind a link."""
    inner = path.relative_to(folder)
    return not left_over(inner) and not any((folder / above).is_symlink() for above in inner.parents)


def left_over(path: PurePath) -> bool:
    """Whether an editor, an archive, `--repair` or the kit left it there."""
    return ".before-" in path.name or any(part.startswith((".", "__MACOSX")) or part == "released" for part in path.parts)

"""A student's notebook as the grader will read it: released locked cells, the student's answers, their own cells kept."""

import copy
from dataclasses import dataclass
from pathlib import Path

from tinytorch import recognised
from tinytorch.student.notebook import (
    Cell,
    Notebook,
    NotebookError,
    grade_id,
    is_answer,
    is_locked,
    is_test,
    is_untouched,
    keep_copy,
    kind,
    read,
    write,
)


@dataclass(frozen=True)
class Repaired:
    """The notebook to grade and one line for each thing that differs from what was saved."""

    notebook: Notebook
    notes: list[str]
    lost: frozenset[str] = frozenset()  # answers that are gone: another cell may hold what the released one would hide


def released_for(notebook: Notebook, given: Path | None = None, course: Path | None = None) -> Notebook | None:
    """The released notebook that this one was made from, found by its cells and not by its name; by locked cells' text without any ids."""
    if given:
        return read(given)
    ours = {_key(cell) for cell in notebook.cells}  # the cells' ids are left where their metadata was stripped
    best, shared = None, 0
    for path in _places(notebook.path, course):
        try:
            candidate = read(path)
        except NotebookError:
            continue
        texts = {cell["source"].rstrip() for cell in candidate.cells if is_locked(cell)}
        both = len(ours & (candidate.by_id().keys() | texts))
        if both > shared:
            best, shared = candidate, both
    return best


def _places(path: Path, course: Path | None) -> list[Path]:
    """Where released notebooks lie: in the kit's package, or in a course directory above the notebook."""
    package = Path(__file__).parent.parent / "released"
    above = [folder / "course" / "release" for folder in path.resolve().parents]
    above += [(course or Path("course")) / "release"]
    found = [hit for folder in above if folder.is_dir() for hit in sorted(folder.glob("*/*.ipynb"))]
    return [hit for hit in [*sorted(package.glob("*.ipynb")), *found] if hit.resolve() != path.resolve()]


def repair(notebook: Notebook, released: Notebook | None, before: Notebook | None = None) -> Repaired:
    """Put the released locked cells back; without a release, only say which cells were changed or copied.

    `before` is the release that the student started from, where `released` is a corrected one: text that equals it is
    not the student's own.
    """
    if released is None:
        return Repaired(notebook, _oddities(notebook, None))
    notebook = notebook.with_cells(_recognised(notebook.cells, released.by_id()))
    given = {(_key(cell), cell["source"].rstrip()) for source in (released, before) if source for cell in source.cells}
    gone = released.by_id().keys() - notebook.by_id().keys()
    lost = frozenset(name for name in gone if is_answer(released.by_id()[name]))
    return Repaired(_merged(notebook, released, given), _oddities(notebook, released), lost)


def _recognised(cells: list[Cell], released: dict[str, Cell]) -> list[Cell]:
    """The cells, those whose metadata was stripped with their names: the released cell ids are the grade_ids, else as the grader does it."""
    ids = (str(cell.get("id") or cell["metadata"].get("id") or "") for cell in cells)
    names = [grade_id(cell) or (name if name in released else None) for cell, name in zip(cells, ids, strict=True)]
    known = {
        name: {"type": kind(cell), "locked": is_locked(cell), "grade": is_test(cell), "source": cell["source"]}
        for name, cell in released.items()
    }
    found = [recognised.Cell(name, kind(cell), cell["source"]) for name, cell in zip(names, cells, strict=True)]
    recognised.recognise(known, found)
    return [_named(cell, one.id, released) for cell, one in zip(cells, found, strict=True)]


def _named(cell: Cell, name: str | None, released: dict[str, Cell]) -> Cell:
    """The cell with the name that it was given, or without the one that was taken from it."""
    if name == (grade_id(cell) or None):
        return cell
    about = {key: value for key, value in cell["metadata"].items() if key != "nbgrader"}
    return {**cell, "metadata": about | ({"nbgrader": released[name]["metadata"]["nbgrader"]} if name else {})}


def _oddities(notebook: Notebook, released: Notebook | None) -> list[str]:
    """What the grader would not take as saved: copies, changed locked cells, missing cells."""
    names, covered = [name for cell in notebook.cells if (name := grade_id(cell))], _covered(notebook, released)
    notes = [
        f"copied: {name} stands {names.count(name)} times; the last one counts"
        + (", and it is open: your answer stands in an earlier one (--repair keeps that)" if name in covered else "")
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    theirs = notebook.by_id()
    if released is None:
        return notes + [
            f"changed: {n} is a locked cell; the grader uses the released one"
            for n, cell in theirs.items()
            if is_locked(cell) and is_untouched(cell) is False
        ]
    for name, cell in released.by_id().items():
        if name not in theirs:
            notes.append(f"missing: {name}; {'an answer that no other cell holds is lost' if is_answer(cell) else 'it is put back'}")
        elif is_locked(cell) and theirs[name]["source"].rstrip() != cell["source"].rstrip():
            notes.append(f"changed: {name} is a locked cell; the grader uses the released one")
    return notes


def _covered(notebook: Notebook, released: Notebook | None) -> set[str]:
    """Answers whose last copy is the open exercise, while an earlier copy holds what the student wrote."""
    stubs = {name: cell["source"].rstrip() for name, cell in released.by_id().items()} if released else {}
    return {
        name
        for cell in notebook.cells
        if is_answer(cell)
        and cell["source"].rstrip() != stubs.get(name := grade_id(cell))
        and notebook.by_id()[name]["source"].rstrip() == stubs.get(name)
    }


def _uncovered(notebook: Notebook, released: Notebook) -> Notebook:
    """Without the open copies of such answers, so that the student's own is the last one."""
    stubs = {name: released.by_id()[name]["source"].rstrip() for name in _covered(notebook, released)}
    return notebook.with_cells([c for c in notebook.cells if c["source"].rstrip() != stubs.get(grade_id(c))])


def _merged(notebook: Notebook, released: Notebook, given: set[tuple[str, str]]) -> Notebook:
    """The release in its order, with the student's answers in it and their own cells after the cell they followed."""
    answers, own = notebook.by_id(), _own_cells(notebook, released, given)
    merged = list(own.get("", []))
    for cell in released.cells:
        name = grade_id(cell)
        merged.append(_answered(cell, answers[name]) if name in answers and is_answer(cell) else copy.deepcopy(cell))
        merged += own.get(_key(cell), [])
    return notebook.with_cells(merged)


def _key(cell: Cell) -> str:
    """What makes a released cell the same cell in a student's copy."""
    return grade_id(cell) or str(cell.get("id") or cell["metadata"].get("id") or cell["source"].rstrip())


def _answered(released: Cell, theirs: Cell) -> Cell:
    cell = copy.deepcopy(released)
    cell["source"] = theirs["source"]
    if "outputs" in cell and theirs.get("cell_type") == cell.get("cell_type"):
        cell["outputs"] = theirs.get("outputs", [])
    return cell


def _own_cells(notebook: Notebook, released: Notebook, given: set[tuple[str, str]]) -> dict[str, list[Cell]]:
    """The student's own cells by the released cell that they follow; a given text that they changed is theirs too."""
    keys, own = {_key(cell) for cell in released.cells}, dict[str, list[Cell]]()
    anchor, passed, answers = "", set[str](), notebook.by_id()
    for cell in notebook.cells:
        key = _key(cell)
        half = is_answer(cell) and answers[grade_id(cell)] is not cell  # of a cell that was split: both have its name
        if not half:
            # A second copy of a released cell is no place to stand: only the first one stays.
            anchor = key if key in keys - passed else anchor
            passed.add(key)
        if (half or not grade_id(cell)) and cell["source"].strip() and (key, cell["source"].rstrip()) not in given:
            own.setdefault(anchor, []).append(_own(cell, key in keys))
    return own


def _own(cell: Cell, id_taken: bool) -> Cell:
    """A student's own cell; its id goes where the released cell keeps it, since ids are unique in a notebook."""
    cell = copy.deepcopy(cell)
    cell["metadata"].pop("nbgrader", None)
    if id_taken and "id" in cell:
        cell["id"] = f"{cell['id'][:58]}-own"
    return cell


def repair_file(path: Path, released: Notebook | None, before: Notebook | None = None) -> list[str]:
    """Repair a notebook file in place after a backup; the lines say what was done and where the backup lies."""
    notebook = read(path)
    if released is None:
        raise NotebookError(f"{path}: no released copy is at hand; give one with --release FILE")
    fixed = Repaired(repair(_uncovered(notebook, released), released, before).notebook, _oddities(notebook, released))
    if fixed.notebook.cells == notebook.cells:
        return ["nothing to repair"]
    backup = keep_copy(path, "before-repair")
    write(fixed.notebook, path)
    return [*fixed.notes, f"repaired {path.name}; your copy as it was is {backup.name}"]

"""The rules of `tinytorch.course.rubric`: each yields where something falls short, what was found, and how to mend it."""

import ast
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from statistics import median

import tinytorch.course.cells as nb
from tinytorch.course.standards import Standard

FORBIDDEN = (
    "congratulations", "well done", "great job", "awesome", "amazing", "exciting", "seamless", "simply", "obviously",
    "trivially", "of course", "as everyone knows", "state-of-the-art", "blazing", "dive in", "let's",
)  # fmt: skip
PICTURES = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf\ufe0f]|={8,}|#{7,}")


Finding = tuple[str, str, str]  # where, what was found, how to mend it
Findings = Iterator[Finding]
Rule = Callable[[list[nb.Cell], Standard], Findings]
RULES: dict[str, Rule] = {}


def rule(name: str) -> Callable[[Rule], Rule]:
    """Enter a function in the table of rules under `name`."""

    def enter(function: Rule) -> Rule:
        RULES[name] = function
        return function

    return enter


def fewer(what: str, found: int, want: int, mend: str) -> Findings:
    if found < want:
        yield "the whole notebook", f"{found} {what}, at least {want} wanted", mend


@rule("named checks")
def named_checks(cells: list[nb.Cell], standard: Standard) -> Findings:
    for cell in nb.graded(cells):
        made = nb.calls(cell, "check")
        if not made:
            yield nb.name_of(cell), "no check", 'add checks.check("name", points, ...)'
        for call in made:
            yield from one_check(cell, call)


def one_check(cell: nb.Cell, call: ast.Call) -> Findings:
    given = dict(zip(("name", "points"), call.args)) | {key.arg or "": key.value for key in call.keywords}
    points = getattr(given.get("points"), "value", 1)
    if "name" not in given:
        yield nb.name_of(cell), f"line {call.lineno}: a check without a name", "name what it looks at"
    most, least = (3, 0.5) if nb.nbgrader(cell).get("points") else (0, 0)
    if not least <= points <= most:
        yield (
            nb.name_of(cell),
            f"line {call.lineno}: a check of {points} points",
            f"between {least} and {most}: split or weigh it",
        )


@rule("points")
def points(cells: list[nb.Cell], standard: Standard) -> Findings:
    for cell in nb.graded(cells):
        literal = [getattr(call.args[1], "value", None) for call in nb.calls(cell, "check") if len(call.args) > 1]
        loops = [node for node in ast.walk(nb.tree(cell)) if isinstance(node, ast.For | ast.comprehension)]
        total = sum(value for value in literal if value is not None)
        if None not in literal and not loops and total != nb.nbgrader(cell)["points"]:
            yield (
                nb.name_of(cell),
                f"checks of {total} points in a cell of {nb.nbgrader(cell)['points']}",
                "make them equal",
            )


@rule("blanks")
def blanks(cells: list[nb.Cell], standard: Standard) -> Findings:
    sizes = [(cell, len(region)) for cell in nb.codes(cells) for region in nb.regions(cell)]
    for cell, size in sizes:
        if size > standard.blank_most:
            yield nb.name_of(cell), f"a blank of {size} lines", f"at most {standard.blank_most}: give more, or split it"
    if sizes and median(size for _, size in sizes) > standard.blank_median:
        found = f"the median blank has {median(size for _, size in sizes)} lines"
        yield "the whole notebook", found, f"at most {standard.blank_median}: smaller steps"


@rule("prose per check or figure")
def prose(cells: list[nb.Cell], standard: Standard) -> Findings:
    pieces = sum(len(nb.calls(cell, "check")) for cell in nb.graded(cells)) + len(nb.figures(cells))
    each = sum(nb.words(cell["source"]) for cell in nb.texts(cells)) / max(pieces, 1)
    if each > standard.prose_per_piece:
        yield "the whole notebook", f"{each:.0f} words", f"at most {standard.prose_per_piece}: cut, or show it instead"


@rule("prose in a row")
def prose_in_a_row(cells: list[nb.Cell], standard: Standard) -> Findings:
    row = 0
    for cell in cells:
        row = row + nb.words(cell["source"]) if cell["cell_type"] == "markdown" else 0
        if row > standard.prose_in_a_row:
            yield (
                nb.name_of(cell),
                f"{row} words without a cell to run",
                f"at most {standard.prose_in_a_row}: put a cell or a figure between",
            )


@rule("figures")
def enough_figures(cells: list[nb.Cell], standard: Standard) -> Findings:
    drawn = nb.figures(cells)
    yield from fewer("figures", len(drawn), standard.figures, "show what the text says")
    if not drawn or drawn[0][0]["at"] > standard.first_figure:
        found = nb.name_of(drawn[0][0]) if drawn else "there is none"
        yield (
            "the first figure",
            found,
            f"within the first {standard.first_figure} cells: begin with the failure, drawn",
        )


@rule("alternative text")
def alternative_text(cells: list[nb.Cell], standard: Standard) -> Findings:
    for cell, call in nb.figures(cells):
        alt = next((key.value for key in call.keywords if key.arg == "alt"), None)
        text = ast.unparse(alt) if alt else ""
        if nb.words(text) < standard.alt_words:
            yield (
                nb.name_of(cell),
                f"a figure described in {nb.words(text)} words",
                "say in alt= what a reader would see",
            )


@rule("claims")
def claims(cells: list[nb.Cell], standard: Standard) -> Findings:
    for cell, _ in nb.figures(cells) if standard.claims else ():
        if not any(isinstance(node, ast.Assert) for node in ast.walk(nb.tree(cell))):
            yield nb.name_of(cell), "a figure without an assert", "assert what the text says of it"


@rule("shown only")
def shown_only(cells: list[nb.Cell], standard: Standard) -> Findings:
    skipped = nb.tagged(cells, "skip-execution")
    for cell, _ in nb.figures(cells):
        if cell not in skipped:
            yield nb.name_of(cell), "a figure that grading would draw", "tag the cell skip-execution"
    for cell in skipped:
        if nb.nbgrader(cell).get("grade") or cell["source"].lstrip().startswith("#| export"):
            yield nb.name_of(cell), "a graded or exported cell is skipped", "take the tag skip-execution away"


@rule("predictions")
def predictions(cells: list[nb.Cell], standard: Standard) -> Findings:
    mend = "ask for one before the figure that answers it, in a cell tagged prediction"
    yield from fewer("predictions", len(nb.tagged(cells, "prediction")), standard.predictions, mend)


@rule("reflections")
def enough_reflections(cells: list[nb.Cell], standard: Standard) -> Findings:
    asked = nb.reflections(cells)
    yield from fewer(
        "reflections", len(asked), standard.reflections, "add a grade and solution markdown cell of 0 points"
    )
    for cell in asked:
        if nb.nbgrader(cell).get("points") != 0:
            yield nb.name_of(cell), "a reflection with automatic points", "give it 0 points"
        if not nb.regions(cell):
            yield nb.name_of(cell), "no marking notes", "put them into the cell's solution region"
        before = cells[cell["at"] - 2]
        if before["cell_type"] != "markdown" or "?" not in before["source"]:
            yield nb.name_of(cell), "no question in the cell above", "ask it there: the answer cell is replaced"


@rule("equations")
def equations(cells: list[nb.Cell], standard: Standard) -> Findings:
    found = sum(cell["source"].count("$$") // 2 for cell in nb.texts(cells))
    yield from fewer(
        "displayed equations", found, standard.equations, "write each rule as $$...$$ with the code's symbols"
    )


@rule("plain language")
def plain_language(cells: list[nb.Cell], standard: Standard) -> Findings:
    for cell in cells:
        text = cell["source"].lower()
        for word in FORBIDDEN:
            if re.search(rf"\b{re.escape(word)}", text):
                yield nb.name_of(cell), f'"{word}"', "leave it out"
        if PICTURES.search(cell["source"]):
            yield nb.name_of(cell), "a pictogram or a banner", "leave it out"


@rule("lists")
def lists(cells: list[nb.Cell], standard: Standard) -> Findings:
    for cell in nb.texts(cells):
        for block in re.split(r"\n\s*\n", cell["source"]):
            items = len(re.findall(r"^(?:[-*]|\d+\.) ", block, flags=re.MULTILINE))
            if items > standard.list_items:
                yield nb.name_of(cell), f"a list of {items}", f"at most {standard.list_items}: group or cut"


@rule("headings")
def headings(cells: list[nb.Cell], standard: Standard) -> Findings:
    found = [
        (cell, len(m)) for cell in nb.texts(cells) for m in re.findall(r"^(#+) ", cell["source"], flags=re.MULTILINE)
    ]
    if [level for _, level in found].count(1) != 1 or found[0][1] != 1:
        yield "the whole notebook", "not exactly one title, at the top", "one # heading, first"
    for (_, above), (cell, level) in pairwise(found):
        if level > above + 1:
            yield (
                nb.name_of(cell),
                f"a heading of level {level} below level {above}",
                "headings nest: leave no level out",
            )


@rule("docstrings")
def docstrings(cells: list[nb.Cell], standard: Standard) -> Findings:
    for cell in nb.codes(cells):
        if not cell["source"].lstrip().startswith("#|"):
            continue
        for node in nb.tree(cell).body:
            if (
                isinstance(node, ast.FunctionDef | ast.ClassDef)
                and not node.name.startswith("_")
                and not ast.get_docstring(node)
            ):
                yield nb.name_of(cell), f"{node.name} has no docstring", "say what an importer needs"


@rule("goals")
def goals(cells: list[nb.Cell], standard: Standard) -> Findings:
    listed = nb.tagged(cells, "goals")
    named = set(re.findall(r"`([\w-]+)`", " ".join(cell["source"] for cell in listed)))
    yield from fewer("cells of goals", len(listed), 1, "list the goals in a markdown cell tagged goals")
    wanted = [cell for cell in cells if nb.nbgrader(cell).get("grade")]
    for cell in wanted:
        if nb.nbgrader(cell)["grade_id"] not in named:
            yield nb.name_of(cell), "no goal names it", "write its id, in backticks, at the goal it checks"
    known = {nb.nbgrader(cell)["grade_id"] for cell in wanted}
    for line in re.findall(
        r"^(?:[-*]|\d+\.) .*(?:\n  .*)*", "\n".join(cell["source"] for cell in listed), flags=re.MULTILINE
    ):
        if not known & set(re.findall(r"`([\w-]+)`", line)):
            yield "the goals", f"no graded cell named in: {line[:60]}", "name the cell that checks it, or drop the goal"

"""The numbers that a module's notebook has to reach."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Standard:
    """What `tinytorch.course.rules` measures, and how much of it is wanted."""

    figures: int = 20
    predictions: int = 8
    reflections: int = 3
    equations: int = 6
    blank_median: float = 5
    blank_most: int = 10
    prose_per_piece: float = 150
    prose_in_a_row: int = 260
    list_items: int = 5
    alt_words: int = 8
    first_figure: int = 5
    claims: bool = True


FULL = Standard()
SMALL = Standard(figures=2, predictions=2, reflections=1, equations=2, claims=False)
OF = {"08_optimizers": FULL}  # the others are there to be built on, and are held to SMALL

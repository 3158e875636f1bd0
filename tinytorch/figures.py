"""How the notebooks' figures look: one style, labels at the lines, and a description for those who do not see them.

Matplotlib is imported when the first figure is drawn, so importing this module costs nothing.
"""

import base64
import io
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["COLOURS", "contours", "label", "mark", "new", "show", "trail"]

# Okabe and Ito's palette, without its yellow: told apart by readers with any colour vision, on white.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#000000", "#E69F00"]
DASHES = ["-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 3))]

PAPER = {
    "facecolor": "white",
    "edgecolor": "none",
    "pad": 0.5,
    "alpha": 0.8,
}  # behind a label, so that lines do not cross it
LEADER = 20  # points: a label that is higher or lower than that needs a line to what it names


def style() -> dict[str, Any]:
    """Matplotlib's settings: an opaque white ground (so a dark theme changes nothing), colours paired with dashes."""
    from cycler import cycler

    pairs = cycler(color=COLOURS) + cycler(linestyle=DASHES)
    return {
        "figure.facecolor": "white", "axes.facecolor": "white", "savefig.facecolor": "white", "text.color": "black",
        "axes.prop_cycle": pairs, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
        "grid.color": "#dddddd", "lines.linewidth": 1.8, "font.size": 10, "axes.titlesize": 10.5,
        "axes.titlelocation": "left", "legend.frameon": False, "figure.constrained_layout.use": True,
    }  # fmt: skip


def new(columns: int = 1, width: float = 7.0, height: float = 3.2, **options: Any) -> tuple[Any, Any]:
    """A figure and its axes, in a size that suits a laptop; `options` go to `matplotlib.pyplot.subplots`."""
    import matplotlib.pyplot as plt

    plt.rcParams.update(style())  # type: ignore[arg-type]
    return plt.subplots(1, columns, figsize=(width, height), **options)


def label(ax: Any, line: Any, text: str, at: int = -1, offset: Sequence[float] = (4, 0), **options: Any) -> None:
    """Write `text` beside point `at` of `line`, in the line's colour; from far off, a thin leader shows the way."""
    where = (line.get_xdata()[at], line.get_ydata()[at])
    options = {"va": "center", "fontsize": 9, "annotation_clip": False, "bbox": PAPER} | options
    if abs(offset[1]) > LEADER:
        options = {"arrowprops": {"arrowstyle": "-", "color": line.get_color(), "linewidth": 0.7}} | options
    ax.annotate(text, where, tuple(offset), textcoords="offset points", color=line.get_color(), **options)


def mark(ax: Any, x: float | None, text: str, height: float = 0.95) -> None:
    """A grey upright at `x` with its meaning beside it; nothing where `x` is None (a prediction not yet made)."""
    if x is None:
        return
    ax.axvline(x, color="#555555", linewidth=1, linestyle=":")
    place = ax.get_xaxis_transform()
    ax.annotate(text, (x, height), (3, 0), xycoords=place, textcoords="offset points", color="#333333", fontsize=9)


def contours(
    ax: Any, loss: Callable[[Any, Any], Any], x: Sequence[float], y: Sequence[float], levels: Any = 12
) -> None:
    """Level lines of `loss(x, y)` in light grey, for `x` and `y` between their two bounds."""
    import numpy as np

    across, up = np.meshgrid(np.linspace(x[0], x[1], 200), np.linspace(y[0], y[1], 200))
    ax.contour(across, up, loss(across, up), levels=levels, colors="#bbbbbb", linewidths=0.7, linestyles="-")
    ax.grid(False)


def trail(ax: Any, path: Any, text: str, at: int = -1, **options: Any) -> Any:
    """A path of two weights, a dot for each step, named at point `at`."""
    where = options.pop("offset", (4, 0))
    (line,) = ax.plot(path[:, 0], path[:, 1], marker=".", markersize=5, linewidth=1.2, **options)
    label(ax, line, text, at, where)
    return line


def drawn(fig: Any) -> bytes:
    """The figure as a PNG of 128 colours: a third of the size, which counts in a notebook that is handed in."""
    import matplotlib.pyplot as plt
    from PIL import Image  # Matplotlib needs it too

    full, small = io.BytesIO(), io.BytesIO()
    fig.savefig(full, format="png", dpi=150, pil_kwargs={"compress_level": 0})  # compressed once, below
    plt.close(fig)
    Image.open(full).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(small, format="png", optimize=True)
    return small.getvalue()


def show(fig: Any, alt: str) -> None:
    """Display `fig` once, with `alt` as its description wherever the notebook is read."""
    import html

    from IPython.display import display

    width = int(fig.get_figwidth() * 100)
    data = base64.b64encode(drawn(fig)).decode()
    image = f'<img style="max-width:100%" width="{width}" alt="{html.escape(alt)}" src="data:image/png;base64,{data}">'
    bundle = {"text/plain": f"Figure: {alt}", "image/png": data, "text/html": image}
    display(bundle, raw=True, metadata={"image/png": {"alt": alt, "width": width}})

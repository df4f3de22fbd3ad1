"""How every picture of a report looks: sizes, colours that the colour-blind can tell apart, quiet axes."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK = "#222222"
MUTED = "#767676"
GRID = "#e4e4e4"
RANKER = "#0072b2"
"""The ranker's colour, in every picture."""

FAMILY_COLOURS = ("#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Okabe and Ito's palette without the ranker's blue (https://jfly.uni-koeln.de/color/), in the families' order."""

BASELINE_STYLES: tuple[tuple[int, tuple[int, ...]], ...] = (
    (0, (1, 1)),
    (0, (4, 2)),
    (0, (4, 1, 1, 1)),
    (0, (8, 3)),
)
"""Baselines are grey and told apart by their dashes."""


def new_figure(width: float = 6.4, height: float = 5.0) -> Figure:
    """An empty figure, in inches, that no pyplot keeps alive."""
    return Figure(figsize=(width, height), dpi=120, layout="constrained", facecolor="white")


def dress(axes: Axes, *, title: str, x: str, y: str, grid: bool = True) -> None:
    """Title on the left, labelled axes, no box, a faint grid behind the data."""
    axes.set_title(title, loc="left", fontsize=11, color=INK, fontweight="bold")
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.tick_params(colors=MUTED, labelcolor=INK, length=3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(MUTED)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(color=GRID, linewidth=0.8)


def colour(position: int) -> str:
    """Colour of the family at this position."""
    return FAMILY_COLOURS[position % len(FAMILY_COLOURS)]

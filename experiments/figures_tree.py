"""The picture of the decision tree: questions from left to right, tracks as lines that get thinner, shares at the end.

It lies on its side because conditions are words: below each other they need no room but their line's height.
"""

import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from experiments.figures_style import INK, MUTED, RANKER, new_figure
from experiments.readable_tree import RULES_FILE, tree_title, tree_worth
from experiments.results import ReadableTree
from models.tree_rules import PictureNode, tree_picture

MOST_LEAVES = 32
"""Leaves that a picture shows; the text tells all of them."""
SHARES = LinearSegmentedColormap.from_list("skipped to liked", ["#d55e00", "#d9d4cf", RANKER])
"""The colour of a share of likes, 0 to 1: two of Okabe and Ito's, told apart by the colour-blind."""
WRAP = 44
"""Characters in a line of a condition."""
CHARACTER, ROW, END, HEAD = 0.066, 0.48, 2.3, 0.95
"""Inches: a character's width, a leaf's height, the room for what a leaf says, and for the title."""
THICKEST = 13.0
"""Points: the line of all tracks."""


def tree(shown: ReadableTree) -> Figure:
    """Each question's tracks as a line as thick as they are many, coloured by the share of them that were liked."""
    nodes = tree_picture(shown.arrays, shown.names, most_leaves=MOST_LEAVES)
    columns = _columns(nodes)
    n_leaves = sum(not node.question for node in nodes)
    width, height = max(columns[-1] + END, 6.4), HEAD + ROW * max(n_leaves, 3)
    figure = new_figure(width, height)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))  # inches, from the top: rows of leaves, HEAD below it
    axes.set_axis_off()
    axes.text(0.2, 0.28, tree_title(shown), fontsize=12, fontweight="bold", color=INK, va="center")
    left_out = any(node.n_rules > 1 and not node.question for node in nodes)
    said = f"{tree_worth(shown)}; thickness: tracks, colour: share of likes"
    axes.text(0.2, 0.56, said, fontsize=8.5, color=MUTED, va="center")
    if left_out:
        note = f"questions further down are left out: {RULES_FILE} has all"
        axes.text(0.2, 0.75, note, fontsize=8.5, color=MUTED, va="center")
    for node in nodes:
        _draw(axes, node, nodes, columns)
    return figure


def _columns(nodes: Sequence[PictureNode]) -> list[float]:
    """Where each row of nodes stands, in inches from the left; each as far from the last as its longest line needs."""
    ends = [0.55]
    for depth in range(1, max(node.y for node in nodes) + 1):
        longest = max(len(line) for node in nodes if node.y == depth for line in _lines(node.condition))
        ends.append(ends[-1] + 0.65 + CHARACTER * longest)
    return ends


def _draw(axes: Axes, node: PictureNode, nodes: Sequence[PictureNode], columns: Sequence[float]) -> None:
    total = nodes[0].n_tracks
    x, y = columns[node.y], _height(node)
    share = node.n_liked / node.n_tracks if node.n_tracks else node.probability
    colour = SHARES(share)
    if node.parent >= 0:
        parent = nodes[node.parent]
        start = columns[parent.y]
        thickness = max(0.8, THICKEST * node.n_tracks / max(total, 1))
        axes.plot([start, start], [_height(parent), y], color=MUTED, linewidth=0.8, zorder=1)
        axes.plot([start, x], [y, y], color=colour, linewidth=thickness, solid_capstyle="butt", zorder=2)
        # above the line, however thick
        raised = y - thickness / 72 / 2 - 0.03
        axes.text(start + 0.27, raised, "\n".join(_lines(node.condition)), fontsize=8, color=INK, va="bottom", zorder=4)
    if node.question:
        box = {"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": colour, "linewidth": 1.4}
        axes.text(x, y, _percent(share), fontsize=7.5, color=INK, ha="center", va="center", bbox=box, zorder=3)
        return
    axes.text(x + 0.08, y, f"{_percent(share)} liked", fontsize=9, color=INK, fontweight="bold", va="center")
    more = f", {node.n_rules} rules" if node.n_rules > 1 else ""
    axes.text(x + 0.88, y, f"{node.n_tracks:,} tracks{more}", fontsize=8, color=MUTED, va="center")


def _height(node: PictureNode) -> float:
    return HEAD + ROW * (node.x + 0.5)


def _lines(condition: str) -> list[str]:
    return textwrap.wrap(condition, WRAP)


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")

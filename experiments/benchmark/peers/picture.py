"""The picture of the report: ROC AUC over the seconds a fold took, ours and the peers."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from experiments.benchmark.peers.columns import COLUMNS, N_FOLDS, Column
from experiments.benchmark.peers.methods import METHODS
from experiments.benchmark.peers.scores import Row
from experiments.figures_style import INK, MUTED, RANKER, dress, new_figure

WIDTH, HEIGHT = 11.0, 4.8


@dataclass(frozen=True)
class Style:
    """How a method is drawn: open markers are ours or AutoGluon's with something changed."""

    colour: str
    marker: str
    filled: bool = True
    size: float = 6.5


STYLES = {
    "ours": Style(RANKER, "o"),
    "ours_catalogue": Style(RANKER, "*", size=11),
    "ours_boosted_trees": Style(RANKER, "s", filled=False),
    "ours_dense": Style(RANKER, "D", filled=False),
    "autogluon_best": Style("#d55e00", "o"),
    "autogluon_medium": Style("#d55e00", "o", filled=False),
    "flaml": Style("#009e73", "o"),
    "catboost_extra_trees": Style("#cc79a7", "D"),
    "catboost": Style("#cc79a7", "s"),
    "xgboost_optuna": Style(MUTED, "P"),
    "xgboost": Style(MUTED, "s"),
    "lightgbm": Style(MUTED, "^"),
    "random_forest": Style(MUTED, "v"),
}
"""Okabe and Ito's colours, as in the other pictures; ours blue, single models of one library grey."""


def drawn(rows: Sequence[Row], column: Column) -> dict[str, list[tuple[float, float]]]:
    """The points of every method in a column: (seconds a fold, ROC AUC), by seconds.

    Only of rows that were judged on all folds: a mean over some of them cannot be set beside the others.
    """
    points: dict[str, list[tuple[float, float]]] = {name: [] for name in METHODS}
    for row in rows:
        seconds, auc = row.seconds, row.mean("roc_auc")
        if row.column == column.name and len(row.judged) == N_FOLDS and seconds is not None and auc is not None:
            points[row.method].append((seconds, auc))
    return {name: sorted(found) for name, found in points.items() if found}


def picture(rows: Sequence[Row]) -> Figure:
    """One panel a column, one legend for all."""
    figure = new_figure(WIDTH, HEIGHT)
    handles: dict[str, Line2D] = {}
    for axes, column in zip(figure.subplots(1, len(COLUMNS)), COLUMNS.values(), strict=True):
        points = drawn(rows, column)
        for name, found in points.items():
            handles[name] = _line(axes, name, found)
        if not points:
            axes.annotate("not run on all folds", (0.5, 0.5), xycoords="axes fraction", ha="center", color=MUTED)
        _axes(axes, column)
    shown = [name for name in METHODS if name in handles]
    figure.legend(
        [handles[name] for name in shown],
        [METHODS[name].title for name in shown],
        loc="outside lower center",
        ncols=4,
        frameon=False,
        fontsize=9,
        labelcolor=INK,
    )
    return figure


def svg(rows: Sequence[Row]) -> str:
    """The picture as SVG; equal results give equal text."""
    text = io.StringIO()
    with rc_context({"svg.hashsalt": "earmark"}):
        picture(rows).savefig(text, format="svg", metadata={"Date": None})
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def _line(axes: Axes, name: str, points: Sequence[tuple[float, float]]) -> Line2D:
    style = STYLES[name]
    seconds, auc = zip(*points, strict=True)
    (line,) = axes.plot(
        seconds,
        auc,
        color=style.colour,
        marker=style.marker,
        markersize=style.size,
        markerfacecolor=style.colour if style.filled else "white",
        markeredgecolor=style.colour,
        linewidth=1.8,
        linestyle="-" if len(METHODS[name].budgets_s) > 1 else "none",
        zorder=3 if METHODS[name].ours else 2,
    )
    return line


def _axes(axes: Axes, column: Column) -> None:
    first = column is next(iter(COLUMNS.values()))
    title = column.title.replace(", ", ",\n")
    dress(axes, title=title, x="seconds a fold (fit and predict)", y="mean ROC AUC" if first else "")
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(10))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(0.08)

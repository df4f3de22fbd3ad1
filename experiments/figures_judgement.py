"""Pictures of how well a train's models judge the held-out tracks: ROC, precision-recall, calibration, confusion."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve, roc_curve

from experiments.figures_style import BASELINE_STYLES, INK, MUTED, RANKER, colour, dress, new_figure
from experiments.results import TrainResult

FloatArray = npt.NDArray[np.float64]

CALIBRATION_BINS = 10
Z_90 = 1.6449
"""90 % of a normal distribution lie within this many standard deviations."""


def roc(result: TrainResult) -> Figure:
    """Share of liked tracks kept against share of skipped tracks kept, at every threshold."""
    figure = new_figure()
    axes = figure.subplots()
    for line in _by_metric(result, "roc_auc"):
        skipped, liked, _ = roc_curve(result.test_labels, line.probability)
        axes.plot(skipped, liked, **line.style)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1)
    axes.annotate("guessing", (0.62, 0.62), xytext=(4, -12), textcoords="offset points", color=MUTED)
    kept = _kept(result)
    liked_rows = result.test_labels == 1
    axes.plot(
        np.mean(kept[~liked_rows]), np.mean(kept[liked_rows]), "o", color=RANKER, markersize=9, markeredgecolor="w"
    )
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    dress(
        axes,
        title=f"ROC on {result.n_test:,} held-out tracks",
        x="share of skipped tracks that are kept",
        y="share of liked tracks that are kept (recall)",
    )
    _legend(axes, "AUC; the dot is the ranker's threshold", loc="lower right")
    return figure


def precision_recall(result: TrainResult) -> Figure:
    """Share of kept tracks that are liked against share of liked tracks kept, at every threshold."""
    figure = new_figure()
    axes = figure.subplots()
    for line in _by_metric(result, "average_precision"):
        precision, recall, _ = precision_recall_curve(result.test_labels, line.probability)
        axes.plot(recall[:-1], precision[:-1], **line.style)  # without the last point, (0, 1): no threshold gives it
    liked = float(np.mean(result.test_labels))
    axes.axhline(liked, color=MUTED, linewidth=1)
    axes.annotate(
        f"keep everything: {liked:.2f}",
        (0.99, liked),
        xytext=(0, -12),
        textcoords="offset points",
        color=MUTED,
        ha="right",
    )
    if {"recall", "precision"} <= result.metrics.keys():
        axes.plot(
            result.metrics["recall"], result.metrics["precision"], "o", color=RANKER, markersize=9, markeredgecolor="w"
        )
    axes.set(xlim=(-0.01, 1.01), ylim=(0, 1.02))
    dress(
        axes,
        title=f"Precision and recall on {result.n_test:,} held-out tracks",
        x="recall: share of liked tracks that are kept",
        y="precision: share of kept tracks that are liked",
    )
    _legend(axes, "average precision; the dot is the ranker's threshold", loc="lower left")
    return figure


def calibration(result: TrainResult) -> Figure:
    """How often tracks are liked that are said to be liked with probability p; below, how many say so."""
    edges = np.linspace(0.0, 1.0, CALIBRATION_BINS + 1)
    place = np.clip(np.digitize(result.test_probability, edges[1:-1]), 0, CALIBRATION_BINS - 1)
    counts = np.bincount(place, minlength=CALIBRATION_BINS)
    filled = counts > 0
    liked = np.bincount(place, weights=result.test_labels.astype(np.float64), minlength=CALIBRATION_BINS)[filled]
    said = np.bincount(place, weights=result.test_probability, minlength=CALIBRATION_BINS)[filled] / counts[filled]
    share = liked / counts[filled]
    low, high = wilson(liked, counts[filled])
    figure = new_figure(6.4, 6.0)
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1)
    axes.annotate("perfectly honest", (0.7, 0.7), xytext=(30, -40), textcoords="offset points", color=MUTED)
    axes.errorbar(
        said, share, yerr=(share - low, high - share), fmt="o-", color=RANKER, elinewidth=1, capsize=2, markersize=6
    )
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.02, 1.04))
    error = result.metrics.get("ece")
    said_error = "" if error is None else f", off by {error:.3f} on average (ECE)"
    dress(axes, title=f"Calibration{said_error}", x="", y="share of tracks that are liked\n(bars: 90 % interval)")
    below.bar(edges[:-1], counts, width=1 / CALIBRATION_BINS, align="edge", color=RANKER, edgecolor="w")
    for left, count in zip(edges[:-1], counts, strict=True):
        below.annotate(
            f"{count:,}", (left + 0.5 / CALIBRATION_BINS, count), ha="center", va="bottom", fontsize=8, color=INK
        )
    below.margins(y=0.2)
    below.axvline(result.ranker.threshold, color=INK, linewidth=1, linestyle="--")
    dress(below, title="", x="like probability (dashed: the ranker's threshold)", y="tracks", grid=False)
    return figure


def confusion(result: TrainResult) -> Figure:
    """What the ranker kept and left out at its threshold, against what was liked."""
    kept = _kept(result)
    liked = result.test_labels == 1
    table = np.array([[np.sum(kept & liked), np.sum(~kept & liked)], [np.sum(kept & ~liked), np.sum(~kept & ~liked)]])
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    figure = new_figure(5.6, 4.4)
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.25, aspect="auto")
    names = (("kept, rightly", "missed"), ("kept, wrongly", "left out, rightly"))
    for row in range(2):
        for column in range(2):
            axes.annotate(
                f"{table[row, column]:,}",
                (column, row),
                ha="center",
                va="bottom",
                fontsize=20,
                color=_on(shares, row, column),
            )
            axes.annotate(
                f"{names[row][column]}\n{100 * shares[row, column]:.0f} % of the {('liked', 'skipped')[row]}",
                (column, row),
                xytext=(0, -4),
                textcoords="offset points",
                ha="center",
                va="top",
                color=_on(shares, row, column),
            )
    axes.set_xticks((0, 1), (f"kept ({int(kept.sum()):,})", f"left out ({int((~kept).sum()):,})"))
    axes.set_yticks((0, 1), (f"liked\n({int(liked.sum()):,})", f"skipped\n({int((~liked).sum()):,})"))
    dress(axes, title=f"At the threshold {result.ranker.threshold:.2f}", x="the ranker", y="the listener", grid=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure


def wilson(successes: npt.NDArray[Any], counts: npt.NDArray[Any], z: float = Z_90) -> tuple[FloatArray, FloatArray]:
    """Wilson's score interval of proportions.

    Parameters
    ----------
    successes, counts : ndarray, shape (n,)
        ``counts`` must be positive.
    z : float
        Half width in standard deviations.

    Returns
    -------
    tuple of ndarray, shape (n,)
        Low and high ends in [0, 1] that contain ``successes / counts``.

    References
    ----------
    Wilson (1927), JASA 22:209-212.
    """
    share = successes / counts
    middle = (share + z**2 / (2 * counts)) / (1 + z**2 / counts)
    half = z / (1 + z**2 / counts) * np.sqrt(share * (1 - share) / counts + z**2 / (4 * counts**2))
    return np.minimum(np.maximum(middle - half, 0), share), np.maximum(np.minimum(middle + half, 1), share)


@dataclass(frozen=True)
class _Line:
    """One model's probabilities and how its line is drawn."""

    probability: FloatArray
    style: dict[str, Any]
    value: float


def _by_metric(result: TrainResult, metric: str) -> list[_Line]:
    """All models of a train, the best first, so that the legend reads as a ranking."""
    return sorted(_lines(result, metric), key=lambda line: -line.value)


def _lines(result: TrainResult, metric: str) -> Iterator[_Line]:
    def line(label: str, probability: FloatArray, value: float | None, **style: Any) -> _Line:
        shown = float("-inf") if value is None else value
        return _Line(probability, {"label": f"{label}  {shown:.3f}", **style}, shown)

    yield line(
        f"ranker ({result.model})",
        result.test_probability,
        result.metrics.get(metric),
        color=RANKER,
        linewidth=2.6,
        zorder=3,
    )
    for position, family in enumerate(result.families):
        value = family.held_out.get(metric)
        yield line(family.title, family.held_out_probability, value, color=colour(position), linewidth=1.4)
    for position, baseline in enumerate(result.baselines):
        style = BASELINE_STYLES[position % len(BASELINE_STYLES)]
        value = baseline.metrics.get(metric)
        probability = baseline.held_out_probability
        yield line(baseline.title, probability, value, color=MUTED, linewidth=1.2, linestyle=style)


def _kept(result: TrainResult) -> npt.NDArray[np.bool_]:
    kept: npt.NDArray[np.bool_] = result.test_probability >= result.ranker.threshold
    return kept


def _legend(axes: Any, title: str, loc: str) -> None:
    axes.legend(title=title, loc=loc, fontsize=8, title_fontsize=8, frameon=True, framealpha=0.9, edgecolor="none")


def _on(shares: FloatArray, row: int, column: int) -> str:
    """Ink or white, whichever is read better on the cell."""
    return "white" if shares[row, column] > 0.7 else INK

"""Pictures of how a train got there: the search, the net's learning, and what the ranker listens to."""

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures_style import INK, MUTED, RANKER, colour, dress, new_figure
from experiments.metrics import METRICS
from experiments.results import FamilyResult, TrainResult, TrialRecord
from experiments.run_rows import mean_curves
from experiments.trial_scores import best_so_far

VALIDATION = "#d55e00"

HELD_OUT = "validation_"
"""Curves of the rows that a fit holds out inside its fold, to know when to stop, are named so (`models.neural`)."""

CURVE_TITLES = {"auc": "ROC AUC"}

WORST_LEFT_OUT = 0.1
"""The search's worst tenth of the scores may fall off the picture: differences between the best are then seen."""


def search_history(result: TrainResult) -> Figure:
    """Every trial's score, and the best complete one so far, a panel a family; pruned trials are crosses."""
    metric = METRICS[result.metric]
    better = "higher" if metric.greater_is_better else "lower"
    families = [family for family in result.families if family.trials]
    figure = new_figure(3.2 * max(len(families), 2), 4.2)
    panels = figure.subplots(1, max(len(families), 1), sharey=True, squeeze=False)[0]
    for position, (axes, family) in enumerate(zip(panels, families, strict=False)):
        _history(axes, family, result.metric, colour(position))
        said = f"mean {metric.title} over the folds\n({better} is better)"
        dress(axes, title=family.title, x="trial", y=said if position == 0 else "")
    panels[0].set_ylim(*_score_range([trial for family in families for trial in family.trials], result.metric))
    return figure


def feature_effects(result: TrainResult) -> Figure:
    """How far each feature moves the ranker, on average."""
    ordered = sorted(result.effects.items(), key=lambda item: item[1])
    figure = new_figure(6.4, 1.2 + 0.3 * max(len(ordered), 2))
    axes = figure.subplots()
    axes.barh([name for name, _ in ordered], [value for _, value in ordered], color=RANKER, height=0.7)
    for place, (_, value) in enumerate(ordered):
        axes.annotate(
            f"{value:.2f}",
            (value, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=INK,
        )
    axes.margins(x=0.1)
    dress(
        axes, title="What the ranker listens to", x="mean absolute effect on the log-odds of a like", y="", grid=False
    )
    axes.tick_params(axis="y", length=0)
    return figure


def learning_curve(family: FamilyResult) -> Figure:
    """Loss, and what else was watched, per epoch: each fit faint, their mean bold; a panel a kind of value.

    Fits end at different epochs; a mean is over those still training.
    """
    means = mean_curves(family.curves)
    kinds = _kinds(list(means))
    figure = new_figure(6.4 if len(kinds) == 1 else 4.8 * len(kinds), 4.4)
    panels = figure.subplots(1, len(kinds), squeeze=False)[0]
    for axes, (kind, names) in zip(panels, kinds.items(), strict=True):
        for name in names:
            for curve in family.curves:
                if name in curve:
                    epochs = range(1, len(curve[name]) + 1)
                    axes.plot(epochs, curve[name], color=_curve_colour(name), linewidth=0.7, alpha=0.35)
            mean = means[name]
            axes.plot(range(1, len(mean) + 1), mean, color=_curve_colour(name), linewidth=2.2, label=_said(name))
        shown = CURVE_TITLES.get(kind, kind)
        dress(axes, title=f"{family.title}: {shown}", x="epoch", y=shown)
        axes.legend(title=f"bold: mean of {len(family.curves)} fits", fontsize=8, title_fontsize=8, frameon=False)
    return figure


def _history(axes: Axes, family: FamilyResult, metric: str, line: str) -> None:
    trials = sorted(family.trials, key=lambda trial: trial.number)
    complete = [trial for trial in trials if trial.state == "complete"]
    pruned = [trial for trial in trials if trial.state == "pruned"]
    _points(axes, complete, label=f"{len(complete)} complete", marker="o", color=line, alpha=0.45)
    if pruned:
        _points(axes, pruned, label=f"{len(pruned)} pruned", marker="x", color=MUTED)
    best = best_so_far(trials, metric)
    axes.step([trial.number for trial in trials], best, where="post", color=line, linewidth=2.2, label="best so far")
    if math.isfinite(best[-1]):
        axes.annotate(
            f"best {best[-1]:.3f}",
            (trials[-1].number, best[-1]),
            xytext=(0, 5) if METRICS[metric].greater_is_better else (0, -12),
            textcoords="offset points",
            ha="right",
            color=INK,
            fontsize=9,
        )
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.14),
        ncols=3,
        fontsize=8,
        frameon=False,
        columnspacing=1.0,
        handlelength=1.2,
        handletextpad=0.4,
    )


def _points(axes: Axes, trials: Sequence[TrialRecord], **style: Any) -> None:
    numbers, scores = [trial.number for trial in trials], [trial.value for trial in trials]
    axes.plot(numbers, scores, linestyle="", markersize=4, **style)


def _score_range(trials: Sequence[TrialRecord], metric: str) -> tuple[float, float]:
    """Ends of the scores' axis: all scores but the worst tenth, with some room."""
    scores = sorted(trial.value for trial in trials)
    if not scores:
        return 0.0, 1.0
    left_out = int(WORST_LEFT_OUT * (len(scores) - 1))
    kept = scores[left_out:] if METRICS[metric].greater_is_better else scores[: len(scores) - left_out]
    room = max(kept[-1] - kept[0], 0.01)
    return kept[0] - 0.15 * room, kept[-1] + 0.15 * room


def _kinds(names: Sequence[str]) -> dict[str, list[str]]:
    """Curve names by what they measure: ``loss`` and ``validation_loss`` share a panel."""
    kinds: dict[str, list[str]] = {}
    for name in names:
        kinds.setdefault(name.removeprefix(HELD_OUT), []).append(name)
    return kinds


def _said(name: str) -> str:
    return "held out inside the fold" if name.startswith(HELD_OUT) else "training"


def _curve_colour(name: str) -> str:
    return VALIDATION if name.startswith(HELD_OUT) else RANKER

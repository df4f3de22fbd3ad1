"""Pictures of how a train got there: the search, the net's learning, and what the ranker listens to."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures_style import INK, MUTED, RANKER, colour, dress, new_figure
from experiments.results import FamilyResult, TrainResult, TrialRecord
from experiments.run_rows import best_so_far, mean_curves

VALIDATION = "#d55e00"

WORST_SHOWN = 0.1
"""The search's worst tenth of the scores may fall below the picture, so that the differences at the top are seen."""


def search_history(result: TrainResult) -> Figure:
    """Every trial's score, and the best one so far, a panel a family."""
    families = [family for family in result.families if family.trials]
    figure = new_figure(3.2 * max(len(families), 2), 4.2)
    panels = figure.subplots(1, max(len(families), 1), sharey=True, squeeze=False)[0]
    for position, (axes, family) in enumerate(zip(panels, families, strict=False)):
        _history(axes, family, colour(position))
        dress(axes, title=family.title, x="trial", y=f"mean {result.metric} over the folds" if position == 0 else "")
    panels[0].set_ylim(*_score_range([trial for family in families for trial in family.trials]))
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
    """Loss (and what else was watched) per epoch: each fold faint, their mean bold; a panel a kind of value."""
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
        dress(axes, title=f"{family.title}: {kind}", x="epoch", y=kind)
        axes.legend(title=f"mean of {len(family.curves)} folds", fontsize=8, title_fontsize=8, frameon=False)
    return figure


def _history(axes: Axes, family: FamilyResult, line: str) -> None:
    trials = sorted(family.trials, key=lambda trial: trial.number)
    complete = {t.number: t.value for t in trials if t.state == "complete" and t.value is not None}
    pruned = {t.number: t.value for t in trials if t.state == "pruned" and t.value is not None}
    axes.plot(list(complete), list(complete.values()), "o", color=line, alpha=0.45, markersize=4)
    axes.plot(list(pruned), list(pruned.values()), "x", color=MUTED, markersize=4)
    best = best_so_far(trial.value if trial.state == "complete" else None for trial in trials)
    axes.step([trial.number for trial in trials], best, where="post", color=line, linewidth=2.2)
    if best and math.isfinite(best[-1]):
        axes.annotate(
            f"best {best[-1]:.3f}",
            (trials[-1].number, best[-1]),
            xytext=(0, 5),
            textcoords="offset points",
            ha="right",
            color=INK,
            fontsize=9,
        )
    said = [f"{len(complete)} complete"] + ([f"{len(pruned)} pruned (x)"] if pruned else [])
    axes.annotate(", ".join(said), (0.98, 0.02), xycoords="axes fraction", ha="right", fontsize=8, color=MUTED)


def _score_range(trials: Sequence[TrialRecord]) -> tuple[float, float]:
    scores = sorted(trial.value for trial in trials if trial.value is not None)
    if not scores:
        return 0.0, 1.0
    low, high = scores[int(WORST_SHOWN * (len(scores) - 1))], scores[-1]
    room = max(high - low, 0.01)
    return low - 0.15 * room, high + 0.15 * room


def _kinds(names: Sequence[str]) -> dict[str, list[str]]:
    """Curve names by what they measure: ``loss`` and ``val_loss`` share a panel."""
    kinds: dict[str, list[str]] = {}
    for name in names:
        kinds.setdefault(name.removeprefix("val_"), []).append(name)
    return kinds


def _said(name: str) -> str:
    return "validation" if name.startswith("val_") else "training"


def _curve_colour(name: str) -> str:
    return VALIDATION if name.startswith("val_") else RANKER

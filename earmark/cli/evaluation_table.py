"""What `earmark evaluate` tells people, on stderr: three small tables and what to make of them."""

import math
from collections.abc import Sequence

from earmark.cli.evaluation_words import remarks, sentences
from earmark.cli.options import note
from earmark.cli.tables import text_table
from experiments.judging import Judgement
from experiments.kept_promises import PromiseCheck
from experiments.learning_curve import LearningCurve
from experiments.metrics import METRICS
from experiments.nested import Evaluation
from experiments.outer_views import SETTINGS, View

SHOWN = ("roc_auc", "average_precision", "combined", "precision", "recall", "log_loss", "brier", "ece")


def say_evaluation(evaluation: Evaluation) -> None:
    """The views beside each other, promised and realised precision, the learning curve, and all that in words."""
    taken = [view for view in evaluation.views if view.all_rows is not None]
    blocks = [_views(taken, evaluation)]
    if any(view.promises for view in taken):
        blocks.append(_promises([view for view in taken if view.promises]))
    if evaluation.curve is not None:
        blocks.append(_curve(evaluation.curve))
    for block in blocks:
        note("")
        note(block)
    for view in taken:
        if view.about is not None and view.all_rows is not None and view.all_rows is not view.about:
            short = _in_short(view.all_rows, evaluation)
            note(f"(all {view.all_rows.n_tracks:,} tracks of the {view.split} folds: {short})")
    note(f"(95 % intervals from resampled artists; {_about_the_figures(evaluation)})")
    note("")
    for line in sentences(evaluation):
        note(line)
    for line in remarks(evaluation):
        note(f"Note: {line}")


def _about_the_figures(evaluation: Evaluation) -> str:
    if not evaluation.left_out:
        return "precision and recall at each ranker's own cut"
    return "of average precision, chance alone reaches the share of likes among the tracks"


def _views(views: Sequence[View], evaluation: Evaluation) -> str:
    columns = [(SETTINGS[view.name], view.about) if view.about else ("all tracks", view.all_rows) for view in views]
    judged = [(title, found) for title, found in columns if found is not None]
    shown = [name for name in SHOWN if name not in evaluation.left_out]
    header = ["", *(title for title, _ in judged)]
    rows = [["tracks", *map(_counted, (found for _, found in judged))]]
    for name in shown:
        cells = [with_interval(found.metrics[name], *found.interval[name]) for _, found in judged]
        rows.append([METRICS[name].title, *cells])
    if evaluation.paired:
        header.append("familiar - unseen")
        gaps = [evaluation.paired[name] for name in shown]
        cells = [
            f"the same {judged[-1][1].n_tracks:,}",
            *(with_interval(gap.value, gap.low, gap.high, "+") for gap in gaps),
        ]
        rows = [[*row, cell] for row, cell in zip(rows, cells, strict=True)]
    return text_table(header, rows).rstrip()


def _in_short(found: Judgement, evaluation: Evaluation) -> str:
    names = [name for name in ("roc_auc", "log_loss") if name not in evaluation.left_out]
    return ", ".join(
        f"{METRICS[name].title} {with_interval(found.metrics[name], *found.interval[name])}" for name in names
    )


def _counted(found: Judgement) -> str:
    return f"{found.n_tracks:,}, {found.n_liked:,} liked"


def _promises(views: Sequence[View]) -> str:
    rows = [
        [f"{same[0].promised:g}", *map(_realised, same)]
        for same in zip(*(view.promises for view in views), strict=True)
    ]
    return text_table(["asked", *(f"liked of kept, {SETTINGS[view.name]}" for view in views)], rows).rstrip()


def _realised(check: PromiseCheck) -> str:
    if not check.folds_in_reach:
        return "out of reach"
    reached = "" if check.folds_in_reach == check.n_folds else f", {check.folds_in_reach}/{check.n_folds} folds"
    if not check.n_kept:
        return f"nothing kept{reached}"
    return f"{with_interval(check.realised, *check.interval)} of {check.n_kept:,}{reached}"


def _curve(curve: LearningCurve) -> str:
    rows = []
    for point in curve.points:
        auc, gap = point.roc_auc, point.behind
        behind = "" if point is curve.points[-1] else with_interval(gap.value, gap.low, gap.high)
        rows.append([str(point.n_train), with_interval(auc.value, auc.low, auc.high), behind])
    header = ["labels", f"ROC AUC, one {curve.family} alone", "behind the most labels"]
    return text_table(header, rows).rstrip()


def with_interval(value: float, low: float, high: float, sign: str = "") -> str:
    """``0.859 (0.842 to 0.875)``; a dash where there is no value, and the value alone where there is no interval."""
    if math.isnan(value):
        return "-"
    return f"{value:{sign}.3f}" + ("" if math.isnan(low) else f" ({low:{sign}.3f} to {high:{sign}.3f})")

"""What `earmark evaluate --json` answers: a stable, documented shape."""

from collections.abc import Sequence
from typing import Any

from earmark.answers import json_object
from earmark.reading import ReadTracks
from experiments.judging import Judgement
from experiments.kept_promises import PromiseCheck
from experiments.learning_curve import Estimate, LearningCurve
from experiments.nested import Evaluation
from experiments.outer_views import OuterFold, View


def evaluate_answer(
    evaluation: Evaluation, predictions: str, read: ReadTracks, catalogue_notes: Sequence[str] = ()
) -> dict[str, Any]:
    """The answer of `earmark evaluate`.

    Parameters
    ----------
    evaluation : Evaluation
    predictions : str
        Where they are.
    read : ReadTracks
        What was judged on.
    catalogue_notes : sequence of str
        What was recognised in the catalogue.

    Returns
    -------
    dict
        JSON values. ``split``, ``folds``, ``mean`` and ``interval`` are those of the first view, all its rows, each
        metric a mean over the folds. ``against`` is what likes are told from: ``dislikes``, or ``background`` where
        there are likes alone. Then the figures that ``left_out`` names, with the reason, are null. As in the answer of
        `earmark train`, ``set_aside`` and ``merged`` count rows of the source, and ``notes`` begin with what was
        recognised and converted.
    """
    first = evaluation.views[0]
    every = first.all_rows
    return json_object(
        {
            "source": read.source,
            "split": first.split,
            "set_aside": read.report.set_aside,
            "merged": read.report.merged,
            "against": "background" if evaluation.left_out else "dislikes",
            "folds": [_fold(fold) for fold in first.folds],
            "mean": {} if every is None else every.mean,
            "interval": {} if every is None else every.mean_interval,
            "predictions": predictions,
            "views": {view.name: _view(view) for view in evaluation.views},
            "paired": {
                name: {
                    "unseen": gap.first,
                    "familiar": gap.second,
                    "difference": gap.value,
                    "interval": (gap.low, gap.high),
                }
                for name, gap in evaluation.paired.items()
            },
            "promise": {
                view.name: None if "promise" in evaluation.left_out else [_promise(check) for check in view.promises]
                for view in evaluation.views
            },
            "learning_curve": None if evaluation.curve is None else _curve(evaluation.curve),
            "budget": None if evaluation.shares is None else vars(evaluation.shares),
            "left_out": evaluation.left_out,
            "elapsed_s": round(evaluation.elapsed_s, 2),
            "notes": (*read.notes, *catalogue_notes, *evaluation.notes),
        }
    )


def _fold(fold: OuterFold) -> dict[str, Any]:
    return {**vars(fold), "seconds": round(fold.seconds, 2)}


def _view(view: View) -> dict[str, Any]:
    return {
        "split": view.split,
        "why_not": view.why_not or None,
        **_judgement(view.about),
        "all_rows": None if view.all_rows is None else _judgement(view.all_rows),
        "folds": [_fold(fold) for fold in view.folds],
    }


def _judgement(found: Judgement | None) -> dict[str, Any]:
    if found is None:
        return {"n_tracks": 0, "n_liked": 0, "metrics": None, "interval": None}
    return {
        "n_tracks": found.n_tracks,
        "n_liked": found.n_liked,
        "metrics": found.metrics,
        "interval": found.interval,
    }


def _promise(check: PromiseCheck) -> dict[str, Any]:
    return {**vars(check), "verdict": check.verdict}


def _curve(curve: LearningCurve) -> dict[str, Any]:
    return {
        "family": curve.family,
        "metric": "roc_auc",
        "n_folds": curve.n_folds,
        "points": [
            {
                "share": point.share,
                "n_train": point.n_train,
                "roc_auc": point.roc_auc.value,
                "interval": (point.roc_auc.low, point.roc_auc.high),
                "behind": _estimate(point.behind),
            }
            for point in curve.points
        ],
        "power_law": None
        if curve.limit is None
        else {"limit": _estimate(curve.limit), "scale": curve.scale, "exponent": curve.exponent},
        "twice_as_many": None
        if curve.gain is None
        else {"n_labels": 2 * curve.n_labels, "gain": _estimate(curve.gain)},
    }


def _estimate(found: Estimate) -> dict[str, Any]:
    return {"value": found.value, "interval": (found.low, found.high)}

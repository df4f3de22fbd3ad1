"""What a train looks like as rows of the runs table: pure data, before MLflow sees any of it.

One row for the train, below it one a family and one a baseline, below each family one a trial. The metrics' plain names
(``roc_auc``) always mean the same held-out rows, so that rows of every kind compare in one column; other views of a
metric carry a prefix: ``out_of_fold/roc_auc``, ``keep_everything/precision``, ``interval/roc_auc_low``.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal

import numpy as np

from experiments.results import BaselineResult, FamilyResult, TrainResult, TrialRecord
from experiments.trial_scores import best_first, best_score, best_so_far

SETTINGS_SHOWN = ("split", "metric", "seed", "budget_s")
"""Settings that are parameters under a name of their own."""

Kind = Literal["train", "family", "baseline", "trial"]

KIND_TAG = "earmark.kind"
"""Tag that says what a row is; the runs table's filters use it."""

SESSION_TAG = "earmark.session"
"""Tag of a trial: ``this`` train ran it, or an ``earlier`` one of the same study, which this one went on from."""

TRIALS_LOGGED = 200
"""Trials of one train that become runs of their own: about 3.5 s of logging. The pictures show every trial."""


@dataclass(frozen=True)
class Point:
    """One value of a metric at one step (a fold, a trial or an epoch, counted from 0)."""

    name: str
    value: float
    step: int = 0


@dataclass(frozen=True)
class RunRow:
    """One run.

    Parameters
    ----------
    name : str
    kind : {"train", "family", "baseline", "trial"}
    started, ended : float
        Seconds since 1970, UTC.
    params, tags : mapping of str to str
    points : tuple of Point
        Finite values only: what is not defined is not logged.
    children : tuple of RunRow
    """

    name: str
    kind: Kind
    started: float
    ended: float
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    points: tuple[Point, ...] = ()
    children: tuple["RunRow", ...] = ()


def train_name(result: TrainResult) -> str:
    """A name a person can tell apart in a list: ``boosted_trees .861 random 2026-11-21 07:44``."""
    auc = result.metrics.get("roc_auc", math.nan)
    shown = f"{auc:.3f}".removeprefix("0") if math.isfinite(auc) else "-"
    return f"{result.model} {shown} {result.split} {result.started.astimezone():%Y-%m-%d %H:%M}"


def train_row(result: TrainResult, *, trials_logged: int = TRIALS_LOGGED) -> RunRow:
    """The whole train as rows.

    Parameters
    ----------
    result : TrainResult
    trials_logged : int
        At most this many trials become rows: every family's best in the searched metric, an equal share each.
    """
    started = result.started.timestamp()
    shares = _shares([len(family.trials) for family in result.families], trials_logged)
    children = [_family_row(family, result, share) for family, share in zip(result.families, shares, strict=True)]
    children += [_baseline_row(baseline, started) for baseline in result.baselines]
    heaviest = max(result.families, key=lambda family: family.weight, default=None)
    best = best_score([trial for family in result.families for trial in family.trials], result.metric)
    return RunRow(
        name=train_name(result),
        kind="train",
        started=started,
        ended=started + result.elapsed_s,
        params=train_params(result) | {f"best.{key}": str(value) for key, value in _best_params(heaviest).items()},
        tags={KIND_TAG: "train", "earmark.data_digest": result.data_digest}
        | {f"version.{name}": version for name, version in result.versions.items()},
        points=_points(
            result.metrics,
            {f"interval/{name}_low": low for name, (low, _) in result.intervals.items()},
            {f"interval/{name}_high": high for name, (_, high) in result.intervals.items()},
            {f"keep_everything/{name}": value for name, value in result.keep_everything.items()},
            {f"effect/{name}": value for name, value in result.effects.items()},
            {f"weight/{family.name}": family.weight for family in result.families},
            {"best_score": best, "elapsed_s": result.elapsed_s, "best_possible_roc_auc": result.best_possible_auc},
        ),
        children=tuple(children),
    )


def train_params(result: TrainResult) -> dict[str, str]:
    """The settings and sizes of a train, as MLflow parameters."""
    values = {
        "source": result.source,
        "split": result.split,
        "search_metric": result.metric,
        "seed": result.seed,
        "budget_s": result.budget_s,
        "model": result.model,
        "threshold": f"{result.ranker.threshold:.6g}",
        "n_tracks": result.n_tracks,
        "n_liked": result.n_liked,
        "n_train": result.n_train,
        "n_test": result.n_test,
        "n_trials": sum(len(family.trials) for family in result.families),
    }
    return {name: str(value) for name, value in values.items()} | {
        f"setting.{name}": str(value) for name, value in result.settings.items() if name not in SETTINGS_SHOWN
    }


def dataset_schema(columns: Mapping[str, str]) -> list[dict[str, object]]:
    """Columns of a tracks table as MLflow's column specifications."""
    return [{"type": _column_type(dtype), "name": name, "required": True} for name, dtype in columns.items()]


def mean_curves(curves: Sequence[Mapping[str, Sequence[float]]]) -> dict[str, list[float]]:
    """Learning curves averaged over folds; an epoch's mean is over the folds that were still training then.

    Parameters
    ----------
    curves : sequence of mapping
        One mapping of name -> values per epoch a fold.
    """
    names = dict.fromkeys(name for curve in curves for name in curve)
    means: dict[str, list[float]] = {}
    for name in names:
        folds = [curve[name] for curve in curves if name in curve]
        longest = max(map(len, folds))
        means[name] = [float(np.mean([fold[epoch] for fold in folds if epoch < len(fold)])) for epoch in range(longest)]
    return means


def _family_row(family: FamilyResult, result: TrainResult, trials_logged: int) -> RunRow:
    trials = sorted(family.trials, key=lambda trial: trial.number)
    started = min((trial.started.timestamp() for trial in trials), default=result.started.timestamp())
    best = best_so_far(trials, result.metric)
    history = [Point("best_score", value, trial.number) for trial, value in zip(trials, best, strict=True)]
    ranks = {trial.number: rank for rank, trial in enumerate(best_first(trials, result.metric), start=1)}
    curves = [
        Point(f"curve/{name}", value, epoch)
        for name, values in mean_curves(family.curves).items()
        for epoch, value in enumerate(values)
    ]
    return RunRow(
        name=family.name,
        kind="family",
        started=started,
        ended=started + sum(trial.seconds for trial in trials),
        params=_strings(family.best_params) | {"model": family.name, "n_trials": str(len(trials))},
        tags={KIND_TAG: "family", "earmark.title": family.title},
        points=_points(family.held_out, {f"out_of_fold/{name}": value for name, value in family.metrics.items()})
        + _finite([*history, *curves]),
        children=tuple(
            _trial_row(family, trial, result, ranks[trial.number])
            for trial in trials
            if ranks[trial.number] <= trials_logged
        ),
    )


def _baseline_row(baseline: BaselineResult, started: float) -> RunRow:
    return RunRow(
        name=f"baseline {baseline.name}",
        kind="baseline",
        started=started,
        ended=started,
        params={"model": baseline.name},
        tags={KIND_TAG: "baseline", "earmark.title": baseline.title},
        points=_points(baseline.metrics),
    )


def _trial_row(family: FamilyResult, trial: TrialRecord, result: TrainResult, rank: int) -> RunRow:
    """``rank`` counts from 1, the family's best: unlike scores, ranks sort alike whatever the metric."""
    suffix = "" if trial.state == "complete" else f" {trial.state}"
    session = "earlier" if trial.started < result.started else "this"
    return RunRow(
        name=f"{family.name} trial {trial.number}{suffix}",
        kind="trial",
        started=trial.started.timestamp(),
        ended=(trial.started + timedelta(seconds=trial.seconds)).timestamp(),
        params=_strings(trial.params) | {"model": family.name, "search_metric": result.metric},
        tags={KIND_TAG: "trial", "earmark.state": trial.state, SESSION_TAG: session},
        points=_points({"score": trial.value, "rank": rank})
        + _finite(Point("fold_score", value, fold) for fold, value in enumerate(trial.fold_scores)),
    )


def _shares(sizes: Sequence[int], total: int) -> list[int]:
    """Share ``total`` among groups as evenly as their sizes allow."""
    shares = [0] * len(sizes)
    left = total
    for position, index in enumerate(sorted(range(len(sizes)), key=lambda index: sizes[index])):
        shares[index] = min(sizes[index], left // (len(sizes) - position))
        left -= shares[index]
    return shares


def _best_params(heaviest: FamilyResult | None) -> Mapping[str, object]:
    return heaviest.best_params if heaviest else {}


def _strings(values: Mapping[str, object]) -> dict[str, str]:
    return {name: f"{value:.6g}" if isinstance(value, float) else str(value) for name, value in values.items()}


def _points(*mappings: Mapping[str, float | None]) -> tuple[Point, ...]:
    return _finite(
        Point(name, float(value)) for mapping in mappings for name, value in mapping.items() if value is not None
    )


def _finite(points: Iterable[Point]) -> tuple[Point, ...]:
    """Six digits are more than any number here is certain to, and fit a column."""
    return tuple(replace(point, value=float(f"{point.value:.6g}")) for point in points if math.isfinite(point.value))


def walk(row: RunRow) -> Iterator[RunRow]:
    """A row and all rows below it, parents first."""
    yield row
    for child in row.children:
        yield from walk(child)


def _column_type(dtype: str) -> str:
    """MLflow's name of a pandas dtype."""
    kinds = {"float": "double", "int": "long", "bool": "boolean", "datetime": "datetime"}
    return next((kind for start, kind in kinds.items() if dtype.lower().startswith(start)), "string")

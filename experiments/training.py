"""The main job: keep rows away, fit on the rest, and judge the result on the rows that were kept away.

The held-out rows do not depend on the seed and play no part in search, early stopping, calibration or threshold, nor in
which family wins. The ranker that is judged is the ranker that is saved.
"""

import time
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.bootstrap import intervals
from experiments.config import FitConfig, check_labels
from experiments.draws import first_draw, in_draw
from experiments.evaluation import bag_predict
from experiments.fitting import Fit, FittedFamily, fit
from experiments.metrics import METRICS, evaluate, keep_everything
from experiments.positive_unlabelled import check_split, matters, tells_of_artists, with_background
from experiments.progress import Listener, Progress, silent
from experiments.readable_tree import readable_tree
from experiments.results import BaselineResult, FamilyResult, ReadableTree, TrainResult
from experiments.splits import groups_for, outer_split
from experiments.train_words import ARTISTS_UNKNOWN
from experiments.versions import versions
from features.artists import artist_hashes
from features.identity import table_digest
from features.leaks import find_leaks
from features.schema import labelled
from models.estimators.tree import ShrunkenTree
from models.fitted import FittedModel, fit_model
from models.known import KnownTracks
from models.ranker import Ranker
from models.registry import baselines
from models.space import defaults

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

EFFECT_TRACKS = 200
"""Held-out tracks whose effects are averaged for the feature-effects picture."""


def train(
    tracks: pd.DataFrame,
    config: FitConfig,
    *,
    source: str,
    catalogue: pd.DataFrame | None = None,
    storage_url: str | None = None,
    on_progress: Listener = silent,
    best_prediction: pd.Series | None = None,
    notes: tuple[str, ...] = (),
    never_held_out: Collection[str] = (),
) -> TrainResult:
    """Train a ranker and judge it on held-out rows.

    Parameters
    ----------
    tracks : DataFrame
        A validated tracks table. Rows without a label are left out and counted in the notes; but where there are likes
        and no dislikes, they are what likes are learned against (`experiments.positive_unlabelled`).
    config : FitConfig
    source : str
        Where the tracks come from, as recorded.
    catalogue : DataFrame, optional
        Tracks of any kind that tell how artists sound (`features.catalogue`), and background where that is needed.
    storage_url : str, optional
        Database of the studies.
    on_progress : callable
    best_prediction : Series of float, optional
        By track id, the best possible P(like), where the source knows it.
    notes : tuple of str
        Said before; the train's own are added.
    never_held_out : collection of str
        Ids of tracks to be learned from, with others of their artists where those are kept apart, as long as half of
        the held-out rows remain. Tracks that the listener was asked about are no fair sample to judge on, either.

    Returns
    -------
    TrainResult

    Raises
    ------
    InputError
        If the table cannot be learnt from or split as asked.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    table, about = with_background(tracks, catalogue, config)
    check_split(table, config.split)
    notes = (*notes, *about)
    if config.split == "artist" and table["artist_name"].isna().all():
        notes = (*notes, ARTISTS_UNKNOWN)
    if not about and len(table) < len(tracks):
        notes = (*notes, f"{len(tracks) - len(table)} tracks without a label are not used")
    leaks = [leak for leak in find_leaks(table, check_labels(table)) if matters(leak, table)]
    notes = (*notes, *(f"{leak.message}; {leak.hint}" for leak in leaks))
    sides = _hold_out(table, config, never_held_out)
    on_progress(Progress("fitting baselines"))
    references = _judge_baselines(sides, config)
    left = replace(config, budget_s=_seconds_left(config.budget_s, clock))
    info = _info(sides, config, source, started)
    fitted = fit(sides.train, left, catalogue=catalogue, storage_url=storage_url, on_progress=on_progress, info=info)
    on_progress(Progress("judging on held-out tracks"))
    # Whoever ranks wants every track they already judged flagged, held out or not.
    inputs = fitted.ranker.inputs(sides.test)
    ranker = replace(fitted.ranker, known=KnownTracks.of(labelled(tracks)))
    judgement = _judge_ranker(ranker, sides, config)
    return TrainResult(
        source=source,
        split=config.split,
        metric=config.metric,
        seed=config.seed,
        budget_s=config.budget_s,
        n_tracks=len(sides.train) + len(sides.test),
        n_liked=int(table["liked"].sum()),
        n_train=len(sides.train),
        n_test=len(sides.test),
        data_digest=table_digest(table),
        columns={str(name): str(dtype) for name, dtype in table.dtypes.items()},
        families=tuple(_judge_family(family, sides, inputs) for family in fitted.families),
        baselines=references,
        model=fitted.ranker.info["model"],
        weights=fitted.ranker.info["members"],
        ranker=ranker,
        **judgement,
        judged=_judged(fitted, sides, judgement["test_probability"]),
        best_possible_auc=_best_possible_auc(best_prediction, sides),
        versions=versions(),
        started=started,
        notes=(*notes, *fitted.notes),
        settings=asdict(config),
        tree=_tree_to_read(fitted, sides, config),
        elapsed_s=time.monotonic() - clock,
    )


@dataclass(frozen=True)
class _Sides:
    """The rows that may be learnt from, and those that only judge."""

    train: pd.DataFrame
    y_train: IntArray
    test: pd.DataFrame
    y_test: IntArray


def _hold_out(table: pd.DataFrame, config: FitConfig, never: Collection[str]) -> _Sides:
    y = check_labels(table)
    train, test = outer_split(table, y, config.split)
    test = test[in_draw(table, 0)[test]]  # the share of likes that probabilities are of, however many draws there are
    groups = groups_for(table, "random" if config.split == "time" else config.split)
    spared = np.isin(groups[test], groups[table["track_id"].isin(never).to_numpy(dtype=bool)])
    rest = test[~spared]
    enough = 2 * len(rest) >= len(test) and len(np.unique(y[rest])) == len(np.unique(y[test]))
    if spared.any() and enough:
        train, test = np.sort(np.concatenate([train, test[spared]])), rest
    learnt, kept = (table.iloc[rows].reset_index(drop=True) for rows in (train, test))
    return _Sides(learnt, y[train], kept, y[test])


def _info(sides: _Sides, config: FitConfig, source: str, started: datetime) -> dict[str, Any]:
    """What the saved ranker says of itself."""
    return {
        "source": source,
        "split": config.split,
        "seed": config.seed,
        "trained": started.isoformat(timespec="seconds"),
        "n_tracks": len(sides.train),
        "n_liked": int(sides.y_train.sum()),
    }


def _judge_ranker(ranker: Ranker, sides: _Sides, config: FitConfig) -> dict[str, Any]:
    """The part of a `TrainResult` that is measured on the held-out rows."""
    probability = ranker.predict_proba(sides.test)
    groups = groups_for(sides.test, config.split)
    return {
        "metrics": evaluate(sides.y_test, probability, ranker.threshold),
        "intervals": intervals(sides.y_test, probability, ranker.threshold, groups=groups, seed=config.seed),
        "keep_everything": keep_everything(sides.y_test),
        "test_tracks": sides.test,
        "test_labels": sides.y_test,
        "test_probability": probability,
        "effects": _mean_effects(ranker, sides.test, config.seed),
    }


def _judged(fitted: Fit, sides: _Sides, test_probability: FloatArray) -> pd.DataFrame:
    """All rows with what was foreseen of them; the ranker's own out-of-fold rows are those that a fold predicts."""
    seen = ~np.isnan(fitted.ensemble.out_of_fold)
    foreseen = np.full(len(sides.train), np.nan)
    foreseen[seen] = fitted.ranker.out_of_fold.probability
    told = ((sides.train, foreseen, False), (sides.test, test_probability, True))
    parts = [rows.assign(like_probability=found, held_out=held) for rows, found, held in told]
    return pd.concat(parts, ignore_index=True)


def _best_possible_auc(best: pd.Series | None, sides: _Sides) -> float | None:
    """ROC AUC of the best possible prediction on the very rows the ranker is judged on."""
    if best is None:
        return None
    return METRICS["roc_auc"].score(sides.y_test, best.loc[sides.test["track_id"]].to_numpy(dtype=np.float64))


def _seconds_left(budget_s: float | None, clock: float) -> float | None:
    """What the baselines leave of the budget; a tenth at least, so that every family gets its default trial."""
    return None if budget_s is None else max(budget_s - (time.monotonic() - clock), budget_s / 10)


def _judge_baselines(sides: _Sides, config: FitConfig) -> tuple[BaselineResult, ...]:
    """Baselines with their defaults, at threshold 0.5, which is how they were published; those that apply."""
    learnt = first_draw(sides.train)  # what weighs the further draws down is nothing to them
    y, groups = learnt["liked"].to_numpy(dtype=np.int64), groups_for(learnt, config.split)
    results = []
    for spec in baselines():
        if spec.needs_artists and not _tells_artists(learnt):
            continue
        model = fit_model(spec, defaults(spec.space), config.seed, learnt, y, groups)
        probability = model.predict(sides.test)
        results.append(BaselineResult(spec.name, spec.title, evaluate(sides.y_test, probability, 0.5), probability))
    return tuple(results)


def _tells_artists(tracks: pd.DataFrame) -> bool:
    """Whether artists are named, and tell of taste: those of a catalogue's background tell where a track is from."""
    return "artist_name" in tracks and bool(artist_hashes(tracks["artist_name"]).any()) and tells_of_artists(tracks)


def _judge_family(family: FittedFamily, sides: _Sides, inputs: pd.DataFrame) -> FamilyResult:
    seen = ~np.isnan(family.probability)
    probability = family.calibration.apply(bag_predict(family.models, inputs))
    return FamilyResult(
        name=family.spec.name,
        title=family.spec.title,
        trials=family.trials,
        best_params=family.best_params,
        out_of_fold=family.out_of_fold,
        metrics=evaluate(sides.y_train[seen], family.probability[seen], family.threshold),
        held_out=evaluate(sides.y_test, probability, family.threshold),
        held_out_probability=probability,
        weight=family.weight,
        curves=tuple(curve for curve in map(_learning_curve, family.models) if curve),
    )


def _tree_to_read(fitted: Fit, sides: _Sides, config: FitConfig) -> ReadableTree | None:
    """The tree family's best settings as one tree; None where the family was not searched."""
    for family in fitted.families:
        if isinstance(family.models[0].estimator, ShrunkenTree):
            return readable_tree(family.best_params, first_draw(sides.train), fitted.ranker.profiles, config)
    return None


def _learning_curve(model: FittedModel) -> Mapping[str, tuple[float, ...]]:
    """Values per epoch of a model that learns in epochs; empty for others."""
    history: Mapping[str, tuple[float, ...]] = getattr(model.estimator, "history_", {})
    return history


def _mean_effects(ranker: Ranker, test_table: pd.DataFrame, seed: int) -> dict[str, float]:
    sample = test_table.sample(n=min(EFFECT_TRACKS, len(test_table)), random_state=seed)
    effects = ranker.explain(sample)
    return {str(name): float(effects[name].abs().mean()) for name in effects.columns.drop("base")}

"""The main job: keep rows away, fit on the rest, and judge the result on the rows that were kept away.

The held-out rows do not depend on the seed and play no part in search, early stopping, calibration or threshold, nor in
which family wins. The ranker that is judged is the ranker that is saved.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.bootstrap import intervals
from experiments.config import FitConfig, check_labels
from experiments.evaluation import bag_predict
from experiments.fitting import FittedFamily, fit
from experiments.metrics import METRICS, evaluate, keep_everything
from experiments.progress import Listener, Progress, silent
from experiments.results import BaselineResult, FamilyResult, TrainResult
from experiments.splits import groups_for, outer_split
from experiments.versions import versions
from features.identity import table_digest
from features.schema import AUDIO_FEATURES, labelled
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
    storage_url: str | None = None,
    on_progress: Listener = silent,
    best_prediction: pd.Series | None = None,
    notes: tuple[str, ...] = (),
) -> TrainResult:
    """Train a ranker and judge it on held-out rows.

    Parameters
    ----------
    tracks : DataFrame
        A validated tracks table; rows without a label are left out and counted in the notes.
    config : FitConfig
    source : str
        Where the tracks come from, as recorded.
    storage_url : str, optional
        Database of the studies.
    on_progress : callable
    best_prediction : Series of float, optional
        By track id, the best possible P(like), where the source knows it.
    notes : tuple of str
        Said before; the train's own are added.

    Returns
    -------
    TrainResult

    Raises
    ------
    InputError
        If the table cannot be learnt from or split as asked.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    table = labelled(tracks)
    if len(table) < len(tracks):
        notes = (*notes, f"{len(tracks) - len(table)} tracks without a label are not used")
    y = check_labels(table)
    train_rows, test_rows = outer_split(table, y, config.split)
    train_table = table.iloc[train_rows].reset_index(drop=True)
    test_table = table.iloc[test_rows].reset_index(drop=True)
    on_progress(Progress("fitting baselines"))
    references = _judge_baselines(train_table, y[train_rows], test_table, y[test_rows], config)
    info = {
        "source": source,
        "split": config.split,
        "seed": config.seed,
        "trained": started.isoformat(timespec="seconds"),
        "n_tracks": len(train_table),
        "n_liked": int(y[train_rows].sum()),
    }
    left = replace(config, budget_s=_seconds_left(config.budget_s, clock))
    fitted = fit(train_table, left, storage_url=storage_url, on_progress=on_progress, info=info)
    on_progress(Progress("judging on held-out tracks"))
    families = tuple(_judge_family(family, y[train_rows], test_table, y[test_rows]) for family in fitted.families)
    probability = fitted.ranker.predict_proba(test_table)
    groups = groups_for(test_table, config.split)
    return TrainResult(
        source=source,
        split=config.split,
        metric=config.metric,
        seed=config.seed,
        budget_s=config.budget_s,
        elapsed_s=time.monotonic() - clock,
        n_tracks=len(table),
        n_liked=int(y.sum()),
        n_train=len(train_rows),
        n_test=len(test_rows),
        data_digest=table_digest(table),
        columns={str(name): str(dtype) for name, dtype in table.dtypes.items()},
        families=families,
        baselines=references,
        winner=fitted.winner.spec.name,
        # Whoever ranks wants every track they already judged flagged, held out or not.
        ranker=replace(fitted.ranker, known=KnownTracks.of(table)),
        metrics=evaluate(y[test_rows], probability, fitted.ranker.threshold),
        intervals=intervals(y[test_rows], probability, fitted.ranker.threshold, groups=groups, seed=config.seed),
        keep_everything=keep_everything(y[test_rows]),
        test_tracks=test_table,
        test_labels=y[test_rows],
        test_probability=probability,
        effects=_mean_effects(fitted.ranker, test_table, config.seed),
        best_possible_auc=_best_possible_auc(best_prediction, test_table, y[test_rows]),
        versions=versions(),
        started=started,
        notes=(*notes, *fitted.notes),
        settings=asdict(config),
    )


def _best_possible_auc(best: pd.Series | None, test_table: pd.DataFrame, y_test: IntArray) -> float | None:
    """ROC AUC of the best possible prediction on the very rows the ranker is judged on."""
    if best is None:
        return None
    return METRICS["roc_auc"].score(y_test, best.loc[test_table["track_id"]].to_numpy(dtype=np.float64))


def _seconds_left(budget_s: float | None, clock: float) -> float | None:
    """What the baselines leave of the budget; a tenth at least, so that every family gets its default trial."""
    return None if budget_s is None else max(budget_s - (time.monotonic() - clock), budget_s / 10)


def _judge_baselines(
    train_table: pd.DataFrame, y_train: IntArray, test_table: pd.DataFrame, y_test: IntArray, config: FitConfig
) -> tuple[BaselineResult, ...]:
    """Baselines with their defaults, at threshold 0.5, which is how they were published."""
    groups = groups_for(train_table, config.split)
    results = []
    for spec in baselines():
        model = fit_model(spec, defaults(spec.space), config.seed, train_table, y_train, groups)
        probability = model.predict(test_table)
        results.append(BaselineResult(spec.name, spec.title, evaluate(y_test, probability, 0.5), probability))
    return tuple(results)


def _judge_family(family: FittedFamily, y_train: IntArray, test_table: pd.DataFrame, y_test: IntArray) -> FamilyResult:
    seen = ~np.isnan(family.probability)
    probability = family.calibration.apply(bag_predict(family.models, test_table))
    return FamilyResult(
        name=family.spec.name,
        title=family.spec.title,
        trials=family.trials,
        best_params=family.best_params,
        out_of_fold=family.out_of_fold,
        metrics=evaluate(y_train[seen], family.probability[seen], family.threshold),
        held_out=evaluate(y_test, probability, family.threshold),
        held_out_probability=probability,
        curves=tuple(curve for curve in map(_learning_curve, family.models) if curve),
    )


def _learning_curve(model: FittedModel) -> Mapping[str, tuple[float, ...]]:
    """Values per epoch of a model that learns in epochs; empty for others."""
    history: Mapping[str, tuple[float, ...]] = getattr(model.estimator, "history_", {})
    return history


def _mean_effects(ranker: Ranker, test_table: pd.DataFrame, seed: int) -> dict[str, float]:
    sample = test_table.sample(n=min(EFFECT_TRACKS, len(test_table)), random_state=seed)
    effects = ranker.explain(sample)
    return {name: float(effects[name].abs().mean()) for name in AUDIO_FEATURES}

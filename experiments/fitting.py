"""From labelled tracks to a ranker: search every family, bag the best over the folds, calibrate, cut.

Nothing here knows of held-out rows: `training` and `nested` keep those away and judge the ranker on them.
"""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.config import FitConfig, IntArray
from experiments.evaluation import FoldRun, Task, merge_runs, run_folds
from experiments.metrics import METRICS
from experiments.progress import Listener, Progress, silent
from experiments.results import TrialRecord
from experiments.search import FamilySearch, Limit, open_storage, search_family
from experiments.splits import groups_for, inner_folds
from experiments.versions import LEARNERS, versions
from features.errors import InputError
from features.identity import table_digest
from features.schema import AUDIO_FEATURES
from models.calibration import PlattCalibration, fit_platt
from models.fitted import FittedModel
from models.known import KnownTracks
from models.ranker import OutOfFold, Ranker, background_of
from models.space import Value
from models.spec import ModelSpec
from models.threshold import best_f_beta_threshold, precision_threshold

FloatArray = npt.NDArray[np.float64]

BAG_SHARE = 0.25
"""Part of a family's seconds that is kept for bagging its best model over further cuts."""


@dataclass(frozen=True)
class FittedFamily:
    """A searched family: its bag of fold models, calibrated, with its own threshold.

    ``out_of_fold`` is uncalibrated, ``probability`` calibrated; rows no fold predicts are NaN in both.
    """

    spec: ModelSpec
    trials: tuple[TrialRecord, ...]
    best_params: dict[str, Value]
    models: tuple[FittedModel, ...]
    score: float
    out_of_fold: FloatArray
    probability: FloatArray
    calibration: PlattCalibration
    threshold: float


@dataclass(frozen=True)
class Fit:
    """All searched families and the ranker made of the best.

    ``winner`` has the best mean score over the inner folds, those of further cuts where there was time for them;
    held-out rows have no say in it.
    """

    families: tuple[FittedFamily, ...]
    winner: FittedFamily
    ranker: Ranker
    notes: tuple[str, ...]


def fit(
    tracks: pd.DataFrame,
    config: FitConfig,
    *,
    storage_url: str | None = None,
    on_progress: Listener = silent,
    info: Mapping[str, Any] | None = None,
) -> Fit:
    """Search, bag, calibrate and cut.

    Parameters
    ----------
    tracks : DataFrame, shape (n, any)
        A validated tracks table, every row labelled, that has passed `experiments.config.check_labels` (as a whole: a
        training part of it may be smaller).
    config : FitConfig
    storage_url : str, optional
        Database of the studies; in memory where it is None.
    on_progress : callable
    info : mapping, optional
        Written into the ranker.

    Returns
    -------
    Fit

    Raises
    ------
    InputError
        If the table cannot be learnt from or split as asked.
    """
    started = time.monotonic()
    y = tracks["liked"].to_numpy(dtype=np.int64)
    tasks = _cut(tracks, y, config)
    deadline = started + config.budget_s if config.budget_s is not None else None
    storage = open_storage(storage_url)
    digest = task_digest(tracks, config)
    fitted, notes = [], []
    if len(tasks[0].folds) < config.folds_for(len(y))[0]:
        notes.append(f"cut into {len(tasks[0].folds)} folds only: the table is small, or has few artists")
    specs = config.families()
    for position, spec in enumerate(specs):
        share = _Share.of(deadline, len(specs) - position)
        search = search_family(
            spec,
            tasks[0],
            Limit(config.trials, share.search_until),
            storage,
            f"{spec.name}-{study_digest(spec, digest)}",
            _reporter(spec, deadline, on_progress),
        )
        run = _bag(spec, search, tasks, share.bag_until)
        family, family_notes = _finish_family(spec, y, search, run, config.min_precision)
        fitted.append(family)
        notes += family_notes
    sign = 1 if METRICS[config.metric].greater_is_better else -1
    winner = max(fitted, key=lambda family: sign * family.score)
    return Fit(tuple(fitted), winner, _ranker(winner, tasks[0], info or {}), tuple(notes))


def _cut(tracks: pd.DataFrame, y: IntArray, config: FitConfig) -> list[Task]:
    """One task a bag repeat; into fewer folds where few tracks or artists cannot be cut into as many as asked."""
    n_folds, repeats = config.folds_for(len(y))
    folds = None
    while folds is None:
        try:
            folds = inner_folds(tracks, y, config.split, n_folds=n_folds, repeats=repeats, seed=config.seed)
        except InputError:
            if n_folds == 2:
                raise
            n_folds -= 1
    groups = groups_for(tracks, config.split)
    return [
        Task(tracks, y, groups, folds[first : first + n_folds], config.metric, config.seed + first, config.jobs)
        for first in range(0, len(folds), n_folds)
    ]


@dataclass(frozen=True)
class _Share:
    """A family's part of the seconds: until when it may search, and until when it may bag its best model."""

    search_until: float | None
    bag_until: float | None

    @classmethod
    def of(cls, deadline: float | None, families_left: int) -> "_Share":
        """An equal part of the seconds left for every family that is still to come."""
        if deadline is None:
            return cls(None, None)
        now = time.monotonic()
        share = max(0.0, deadline - now) / families_left
        return cls(now + (1 - BAG_SHARE) * share, now + share)


def _bag(spec: ModelSpec, search: FamilySearch, tasks: Sequence[Task], until: float | None) -> FoldRun:
    """The best trial's models, and those of further cuts of the folds as long as there is time."""
    runs = [search.best]
    for task in tasks[1:]:
        if until is not None and time.monotonic() + search.seconds > until:
            break
        runs.append(run_folds(spec, search.best_params, task))
    return merge_runs(runs)


def _reporter(spec: ModelSpec, deadline: float | None, on_progress: Listener) -> Any:
    def on_trial(finished: int, last: float | None, best: float | None) -> None:
        left = max(0.0, deadline - time.monotonic()) if deadline is not None else None
        on_progress(Progress("searching", spec.name, finished, last, best, left))

    return on_trial


def task_digest(tracks: pd.DataFrame, config: FitConfig) -> str:
    """What makes two searches the same: the data they see, the folds and the metric."""
    columns = [name for name in ("track_id", "artist_name", *AUDIO_FEATURES, "added_at", "liked") if name in tracks]
    asked = [table_digest(tracks[columns]), config.split, config.metric, config.seed, config.folds_for(len(tracks))[0]]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def study_digest(spec: ModelSpec, digest: str) -> str:
    """A study's suffix; another search space or library version is another study."""
    space = {name: repr(dimension) for name, dimension in spec.space.items()}
    return hashlib.sha256(json.dumps([digest, space, versions(LEARNERS)]).encode()).hexdigest()[:16]


def _finish_family(
    spec: ModelSpec, y: IntArray, search: FamilySearch, run: FoldRun, min_precision: float | None
) -> tuple[FittedFamily, list[str]]:
    seen = ~np.isnan(run.out_of_fold)
    calibration = fit_platt(y[seen], run.out_of_fold[seen])
    probability = np.full(len(y), np.nan)
    probability[seen] = calibration.apply(run.out_of_fold[seen])
    threshold, notes = best_f_beta_threshold(y[seen], probability[seen]), []
    if min_precision is not None:
        asked = precision_threshold(y[seen], probability[seen], min_precision)
        if asked is None:
            notes.append(f"{spec.name}: no cut reached precision {min_precision:g} out of fold; it keeps its best F0.5")
        else:
            threshold = max(threshold, asked)
    score = float(np.mean(run.scores))
    family = FittedFamily(
        spec, search.trials, search.best_params, run.models, score, run.out_of_fold, probability, calibration, threshold
    )
    return family, notes


def _ranker(winner: FittedFamily, task: Task, info: Mapping[str, Any]) -> Ranker:
    seen = ~np.isnan(winner.probability)
    return Ranker(
        members=winner.models,
        calibration=winner.calibration,
        threshold=winner.threshold,
        out_of_fold=OutOfFold(task.y[seen], winner.probability[seen]),
        known=KnownTracks.of(task.tracks),
        trained_on=KnownTracks.of(task.tracks),
        background=background_of(task.tracks, task.seed),
        info={"model": winner.spec.name, **info},
    )

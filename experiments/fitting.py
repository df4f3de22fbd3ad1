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

from experiments.evaluation import FoldRun, Task, merge_runs, run_folds
from experiments.metrics import METRICS
from experiments.progress import Listener, Progress, silent
from experiments.results import TrialRecord
from experiments.search import FamilySearch, Limit, open_storage, search_family
from experiments.splits import Split, groups_for, inner_folds
from features.errors import InputError
from features.identity import table_digest
from features.schema import AUDIO_FEATURES
from models.calibration import PlattCalibration, fit_platt
from models.fitted import FittedModel
from models.known import KnownTracks
from models.ranker import OutOfFold, Ranker, background_of
from models.registry import families
from models.space import Value
from models.spec import ModelSpec
from models.threshold import best_f_beta_threshold, precision_threshold

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MIN_TRACKS = 60
MIN_OF_EACH = 10
BAG_SHARE = 0.25
"""Part of a family's seconds that is kept for bagging its best model over further cuts."""


@dataclass(frozen=True)
class FitConfig:
    """What a fit may spend and how it splits.

    Parameters
    ----------
    budget_s : float, optional
        Seconds for all families together; None leaves it to ``trials``.
    trials : int, optional
        Finished trials a family.
    models : tuple of str
        Families to search; empty for all.
    split : {"artist", "random", "time"}
    metric : str
        What the search maximises (or minimises, for losses).
    seed : int
    jobs : int
        Folds fitted at once.
    n_folds : int
    bag_repeats : int
        How often a family's best model is bagged over differently cut folds (once for the time split). More repeats
        steady the scores; with a budget only as many are made as fit into it.
    min_precision : float, optional
        The ranker's own cut promises this out-of-fold precision instead of the best F0.5.
    """

    budget_s: float | None = 120.0
    trials: int | None = None
    models: tuple[str, ...] = ()
    split: Split = "artist"
    metric: str = "roc_auc"
    seed: int = 0
    jobs: int = 2
    n_folds: int = 8
    bag_repeats: int = 3
    min_precision: float | None = None

    def __post_init__(self) -> None:
        if self.budget_s is None and self.trials is None:
            raise InputError("neither a budget nor a number of trials was given", "give --budget, --trials, or both")
        if self.budget_s is not None and not 0 < self.budget_s < float("inf"):
            raise InputError(f"the budget must be a positive number of seconds, got {self.budget_s:g}", "try 120")
        if self.trials is not None and self.trials < 1:
            raise InputError(f"at least one trial is needed, got {self.trials}", "try 30")
        if self.jobs < 1:
            raise InputError(f"jobs must be at least 1, got {self.jobs}", "give the number of cores to use")
        if self.n_folds < 2 or self.bag_repeats < 1:
            raise InputError(
                f"{self.n_folds} folds and {self.bag_repeats} bags cannot be cut", "use at least 2 folds and 1 bag"
            )
        if self.seed < 0:
            raise InputError(f"a seed is 0 or more, got {self.seed}", "try 0")
        if self.metric not in METRICS:
            raise InputError(f"there is no metric {self.metric!r}", "one of: " + ", ".join(METRICS))
        if METRICS[self.metric].needs_threshold:
            threshold_free = [name for name, metric in METRICS.items() if not metric.needs_threshold]
            raise InputError(
                f"{self.metric} needs a threshold, which is chosen after the search",
                "one of: " + ", ".join(threshold_free),
            )
        if self.min_precision is not None and not 0 < self.min_precision <= 1:
            raise InputError(f"a precision lies above 0 and at most at 1, got {self.min_precision:g}", "try 0.8")

    def families(self) -> tuple[ModelSpec, ...]:
        """The families to search, cheap ones first."""
        available = families()
        names = [spec.name for spec in available]
        for name in self.models:
            if name not in names:
                raise InputError(f"there is no model family {name!r}", "families: " + ", ".join(names))
        return tuple(spec for spec in available if not self.models or spec.name in self.models)


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

    ``winner`` has the best mean score over the inner folds; held-out rows have no say in it.
    """

    families: tuple[FittedFamily, ...]
    winner: FittedFamily
    ranker: Ranker
    notes: tuple[str, ...]


def check_labels(tracks: pd.DataFrame) -> IntArray:
    """Labels of a labelled tracks table, shape (n,).

    Raises
    ------
    InputError
        If there are too few tracks or too few of one class to learn from.
    """
    if "liked" not in tracks:
        raise InputError(
            "the tracks carry no label: nothing says which were liked",
            "add a column 'liked' with 1 and 0, or name the one you have with --label",
        )
    y = tracks["liked"].to_numpy(dtype=np.int64)
    liked, skipped = int(y.sum()), int(len(y) - y.sum())
    if not liked or not skipped:
        missing = "liked" if not liked else "skipped"
        raise InputError(
            f"all {len(y)} labelled tracks are of one kind: none is {missing}",
            "taste is learnt from both: add tracks of the other kind",
        )
    if len(y) < MIN_TRACKS or min(liked, skipped) < MIN_OF_EACH:
        raise InputError(
            f"{len(y)} labelled tracks ({liked} liked, {skipped} skipped) are too few to learn from",
            f"earmark needs at least {MIN_TRACKS}, and {MIN_OF_EACH} of each kind",
        )
    return y


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
        A validated tracks table, every row labelled.
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
    y = check_labels(tracks)
    tasks = _cut(tracks, y, config)
    deadline = started + config.budget_s if config.budget_s is not None else None
    storage = open_storage(storage_url)
    digest = task_digest(tracks, config)
    fitted, notes = [], [] if len(tasks[0].folds) == config.n_folds else [f"cut into {len(tasks[0].folds)} folds only"]
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
    repeats = 1 if config.split == "time" else config.bag_repeats
    n_folds, folds = config.n_folds, None
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
    asked = [table_digest(tracks[columns]), config.split, config.metric, config.seed, config.n_folds]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def study_digest(spec: ModelSpec, digest: str) -> str:
    """A study's suffix; another search space is another study."""
    space = {name: repr(dimension) for name, dimension in spec.space.items()}
    return hashlib.sha256(json.dumps([digest, space]).encode()).hexdigest()[:16]


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
            threshold = asked
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
        background=background_of(task.tracks, task.seed),
        info={"model": winner.spec.name, **info},
    )

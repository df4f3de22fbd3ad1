"""From labelled tracks to a ranker: search all families, average the best, calibrate, hear the artists, cut.

Nothing here knows of held-out rows: `training` and `nested` keep those away and judge the ranker on them.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import logit

from experiments import schedule
from experiments.config import FitConfig, IntArray
from experiments.draws import DRAWN_IN, size_of, with_own_draws
from experiments.ensembling import Ensemble, assemble, candidates_of
from experiments.evaluation import HIDDEN, HIDDEN_OF_DRAWN, Task
from experiments.finishing import finish
from experiments.positive_unlabelled import marked, tells_of_artists
from experiments.progress import Listener, Progress, silent
from experiments.results import TrialRecord
from experiments.search import FamilyStudy, open_storage, params_of
from experiments.splits import groups_for, inner_folds
from experiments.versions import LEARNERS, versions
from features.context import ArtistProfiles
from features.errors import InputError
from features.identity import table_digest
from features.inputs import input_table
from models.calibration import Calibration
from models.calibration_choice import fit_calibration
from models.fitted import FittedModel
from models.ranker import Ranker
from models.space import Value
from models.spec import ModelSpec
from models.threshold import best_f_beta_threshold

FloatArray = npt.NDArray[np.float64]

SEARCH_SHARE = 0.6
"""Part of the seconds that defaults and search may take; further cuts for the chosen members get the rest."""
SEARCH_ALONE = 0.9
"""The same where there are no further cuts to fit on: large tables, and the time split."""
SCORING = 5
"""Counts up whenever equal settings come to score otherwise: trials of before say nothing then."""
LAST_SECONDS = 0.03
"""Part of the seconds kept for calibration, thresholds and saving."""


@dataclass(frozen=True)
class FittedFamily:
    """A searched family: its best trial, calibrated, with its own threshold.

    ``out_of_fold`` is uncalibrated, ``probability`` calibrated; rows no fold predicts are NaN in both. ``weight`` is
    the family's in the ensemble, all its trials together.
    """

    spec: ModelSpec
    trials: tuple[TrialRecord, ...]
    best_params: dict[str, Value]
    models: tuple[FittedModel, ...]
    score: float
    weight: float
    out_of_fold: FloatArray
    probability: FloatArray
    calibration: Calibration
    threshold: float


@dataclass(frozen=True)
class Fit:
    """All searched families, and the ranker made of the best of them; held-out rows have no say in it."""

    families: tuple[FittedFamily, ...]
    ensemble: Ensemble
    ranker: Ranker
    notes: tuple[str, ...]


def fit(
    tracks: pd.DataFrame,
    config: FitConfig,
    *,
    catalogue: pd.DataFrame | None = None,
    storage_url: str | None = None,
    on_progress: Listener = silent,
    info: Mapping[str, Any] | None = None,
) -> Fit:
    """Search, average, calibrate and cut.

    Parameters
    ----------
    tracks : DataFrame, shape (n, any)
        A validated tracks table, every row labelled, that has passed `experiments.config.check_labels` (as a whole: a
        training part of it may be smaller); or one that `positive_unlabelled.with_background` made.
    config : FitConfig
    catalogue : DataFrame, optional
        Tracks of any kind that tell how artists sound (`features.catalogue`); labels have no part in it.
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
    profiles = ArtistProfiles.build(catalogue=catalogue, judged=tracks if tells_of_artists(tracks) else None)
    tasks, notes = _cut(tracks, input_table(profiles.attach(tracks)), y, config)
    if len(tasks[0].folds) < config.folds_for(size_of(tracks))[0]:
        notes.append(f"cut into {len(tasks[0].folds)} folds only: the table is small, or has few artists")
    deadline = started + config.budget_s if config.budget_s is not None else None
    studies = _studies(tracks, tasks[0], config, storage_url)
    share = SEARCH_SHARE if len(tasks) > 1 else SEARCH_ALONE
    searched = schedule.run(
        studies,
        _part(started, config, share),
        _reporter(deadline, on_progress),
        latest=_part(started, config, SEARCH_ALONE),
    )
    skipped = [study.spec.title for study in studies if study not in searched]
    if skipped:
        notes.append(f"no time for {', '.join(skipped)}: a larger budget lets them join")
    on_progress(Progress("averaging the best models"))
    by_family = [candidates_of(study) for study in searched]
    everyone = [candidate for family in by_family for candidate in family]
    ensemble = assemble(everyone, tasks, _part(started, config, 1 - LAST_SECONDS))
    ranker, ranker_notes = finish(ensemble, tracks, tasks[0], config, profiles, info or {})
    ranker, relative_notes = marked(ranker, tracks, ~np.isnan(ensemble.out_of_fold))
    families = tuple(_family(study, ensemble, tasks[0]) for study in searched)
    notes = [*notes, *relative_notes, *ranker_notes]
    return Fit(families, ensemble, replace(ranker, info={**ranker.info, "notes": notes}), tuple(notes))


def _part(started: float, config: FitConfig, share: float) -> float | None:
    return None if config.budget_s is None else started + share * config.budget_s


def _cut(tracks: pd.DataFrame, inputs: pd.DataFrame, y: IntArray, config: FitConfig) -> tuple[list[Task], list[str]]:
    """One task a bag repeat, and what to know of them.

    Into fewer folds where few tracks or artists cannot be cut into as many as asked; at random where artists cannot be
    told apart at all, as in a table of one artist.
    """
    kind, notes = config.split, []
    n_folds, repeats = config.folds_for(size_of(tracks))
    folds = None
    while folds is None:
        try:
            folds = inner_folds(tracks, y, kind, n_folds=n_folds, repeats=repeats, seed=config.seed)
        except InputError as error:
            if n_folds > 2:
                n_folds -= 1
            elif kind == "artist":
                kind, (n_folds, repeats) = "random", config.folds_for(size_of(tracks))
                notes.append(f"cut at random, for {error.message}: how well new artists are ranked is not known")
            else:
                raise
    folds = with_own_draws(folds, tracks)
    groups = groups_for(tracks, kind)
    weights = tracks["weight"].fillna(1.0).to_numpy(dtype=np.float64) if "weight" in tracks else None
    tasks = [
        Task(
            inputs,
            y,
            groups,
            folds[first : first + n_folds],
            config.metric,
            config.seed + first,
            config.jobs,
            weights,
            size_of(tracks),
            HIDDEN_OF_DRAWN if DRAWN_IN in tracks else HIDDEN,
        )
        for first in range(0, len(folds), n_folds)
    ]
    return tasks, notes


def _studies(tracks: pd.DataFrame, task: Task, config: FitConfig, storage_url: str | None) -> list[FamilyStudy]:
    storage = open_storage(storage_url)
    digest = task_digest(tracks, task.tracks, config)
    studies = [
        FamilyStudy(spec, task, config.trials, storage, f"{spec.name}-{study_digest(spec, digest)}")
        for spec in config.families()
    ]
    if config.trials is None and storage_url is not None:  # a number of trials promises the same result every time
        rate = float(task.y.mean())
        traits = {"size": float(np.log(len(task.y))), "odds": float(logit(rate)), "inputs": task.tracks.shape[1] / 20}
        for study in studies:
            if not study.finished:
                study.learn_from_earlier(traits)
    return studies


def _reporter(deadline: float | None, on_progress: Listener) -> schedule.OnTrial:
    def on_trial(spec: ModelSpec, finished: int, last: float | None, best: float | None) -> None:
        left = max(0.0, deadline - time.monotonic()) if deadline is not None else None
        on_progress(Progress("searching", spec.name, finished, last, best, left))

    return on_trial


def task_digest(tracks: pd.DataFrame, inputs: pd.DataFrame, config: FitConfig) -> str:
    """What makes two searches the same: the data they see, the folds and the metric."""
    columns = [name for name in ("track_id", "artist_name", "added_at", "liked", "weight", DRAWN_IN) if name in tracks]
    data = [table_digest(tracks[columns]), table_digest(inputs)]
    asked = [data, config.split, config.metric, config.seed, config.folds_for(size_of(tracks))[0]]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def study_digest(spec: ModelSpec, digest: str) -> str:
    """A study's suffix; another search space or library version is another study."""
    space = {name: repr(dimension) for name, dimension in spec.space.items()}
    return hashlib.sha256(json.dumps([SCORING, digest, space, versions(LEARNERS)]).encode()).hexdigest()[:16]


def _family(study: FamilyStudy, ensemble: Ensemble, task: Task) -> FittedFamily:
    best = study.ranked()[0]
    place = study.finished.index(best)
    bagged = [candidate for candidate in ensemble.candidates if candidate.spec is study.spec]
    chosen = next((candidate for candidate in bagged if candidate.number == place), None)
    run = study.run_of(best) if chosen is None else chosen.run
    seen = ~np.isnan(run.out_of_fold)
    calibration = fit_calibration(task.y[seen], run.out_of_fold[seen], task.groups[seen], seed=task.seed)
    probability = np.full(len(task.y), np.nan)
    probability[seen] = calibration.apply(run.out_of_fold[seen])
    return FittedFamily(
        spec=study.spec,
        trials=study.records(),
        best_params=params_of(best),
        models=run.models,
        score=float(np.mean(run.scores)),
        weight=sum(
            weight
            for candidate, weight in zip(ensemble.candidates, ensemble.weights, strict=True)
            if candidate.spec is study.spec
        ),
        out_of_fold=run.out_of_fold,
        probability=probability,
        calibration=calibration,
        threshold=best_f_beta_threshold(task.y[seen], probability[seen]),
    )

"""The one fold loop: every score of every model comes from here.

A model never sees the rows it is scored on: preprocessing, early stopping and fitting happen on a fold's training rows
inside `models.fitted.fit_model`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from experiments.config import SMALL_TABLE
from experiments.metrics import METRICS
from experiments.splits import Fold
from features.context import covered, without_context
from models.fitted import FittedModel, fit_model
from models.space import ParameterPath, Value, path_of
from models.spec import ModelSpec

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

HIDDEN = 0.3
"""Part of what a model learns without the artists' profiles; see `features.context`."""
HIDDEN_OF_DRAWN = 0.5
"""The same where dislikes are drawn from a catalogue: that an artist is in it tells background from likes, which must
not be believed too much (`experiments.draws.size_of`)."""
UNEVEN = 0.1
"""How much more often tracks whose artist's profile is known may be liked than others, as a standard deviation."""


@dataclass(frozen=True)
class Task:
    """What is learnt: labelled tracks and how they are split.

    Parameters
    ----------
    tracks : DataFrame, shape (n, any)
        What models read (`features.inputs.input_table`).
    y : ndarray of int, shape (n,)
    groups : ndarray, shape (n,)
        Artists (or tracks): rows of one group are never on both sides of a split made inside a model.
    folds : tuple of Fold
    metric : str
        Name of the searched metric in ``METRICS``.
    seed : int
    jobs : int
        Folds fitted at once.
    weights : ndarray of float, shape (n,), optional
        How much each label counts in fitting, compared with the others; scores do not weigh.
    size : int, optional
        Tracks by which the table is small or large, where that are not all n (`experiments.draws.size_of`).
    hidden : float, in (0, 1)
        Part of what a model learns without the artists' profiles, as `shown_shares` divides it.
    """

    tracks: pd.DataFrame
    y: IntArray
    groups: npt.NDArray[np.generic]
    folds: tuple[Fold, ...]
    metric: str = "roc_auc"
    seed: int = 0
    jobs: int = 2
    weights: FloatArray | None = None
    size: int | None = None
    hidden: float = HIDDEN


@dataclass(frozen=True)
class FoldRun:
    """One model a fold, with what it said of the rows it had not seen.

    Parameters
    ----------
    models : tuple of FittedModel
    scores : tuple of float
        The searched metric on each fold's test rows.
    out_of_fold : ndarray of float, shape (n,)
        Mean over repeats; NaN for rows no fold predicts.
    chosen : dict
        The hyperparameter that was read off instead of given, if there is one.
    """

    models: tuple[FittedModel, ...]
    scores: tuple[float, ...]
    out_of_fold: FloatArray
    chosen: dict[str, Value] = field(default_factory=dict)


def run_folds(
    spec: ModelSpec,
    params: dict[str, Value],
    task: Task,
    on_fold: Callable[[int, float], None] | None = None,
) -> FoldRun:
    """Fit and score a model on every fold.

    Where the family has a path (`models.space.ParameterPath`) and ``params`` does not give its value, every fold is
    fitted once, and all get the value that has the lowest log loss on all folds' test rows together: one number chosen
    by many rows, as a search chooses.

    Parameters
    ----------
    spec : ModelSpec
    params : dict
        Hyperparameters.
    task : Task
    on_fold : callable, optional
        Told each fold's number and score, in order whatever ``jobs`` is; may raise to stop. Along a path the score is
        at the best value so far.

    Returns
    -------
    FoldRun
    """
    path = path_of(spec.space, params)
    models: list[FittedModel] = []
    told: list[FloatArray] = []
    for number, (model, probabilities) in enumerate(_fitted_folds(spec, params, task, path)):
        models.append(model)
        told.append(probabilities)
        if on_fold is not None:
            fold = task.folds[number]
            on_fold(number, METRICS[task.metric].score(task.y[fold.test], probabilities[_best(task, told)]))
    chosen: dict[str, Value] = {} if path is None else {path[0]: path[1].steps[_best(task, told)]}
    total = np.zeros(len(task.y))
    times = np.zeros(len(task.y))
    scores = []
    for number, fold in enumerate(task.folds):
        models[number] = model = _settled(models[number], {**params, **chosen})
        # A model speaks for itself: what it said along the path may differ in the last digits, and a search that goes
        # on in another process, which is given the value, must end the same.
        probability = told[number][0] if path is None else model.predict(task.tracks.iloc[fold.test])
        total[fold.test] += probability
        times[fold.test] += 1
        scores.append(METRICS[task.metric].score(task.y[fold.test], probability))
    out_of_fold = np.divide(total, times, out=np.full(len(task.y), np.nan), where=times > 0)
    return FoldRun(tuple(models), tuple(scores), out_of_fold, chosen)


def _settled(model: FittedModel, params: Mapping[str, Value]) -> FittedModel:
    """The model at its family's value along the path, without what it keeps for other values."""
    path = path_of(model.spec.space, {})
    return model if path is None else model.at(cast("float", params[path[0]]))


def _best(task: Task, told: Sequence[FloatArray]) -> int:
    """Which value along the path has the lowest log loss on the test rows of the first folds.

    Loss after calibration, ROC AUC, and the default unless another value is clearly better were tried on 28 tables of
    250 to 3,000 labels: averages of families rank no better by any of them.
    """
    if len(told[0]) == 1:
        return 0
    y = np.concatenate([task.y[fold.test] for fold in task.folds[: len(told)]])
    return int(np.argmin([METRICS["log_loss"].score(y, probability) for probability in np.hstack(told)]))


def _fitted_folds(
    spec: ModelSpec, params: dict[str, Value], task: Task, path: tuple[str, ParameterPath] | None
) -> Iterator[tuple[FittedModel, FloatArray]]:
    """Fitted models and what they say of their test rows, in fold order, at most ``jobs`` folds ahead of the reader.

    That is (1, n_test), or along a path (n_values, n_test). Threads suffice: scikit-learn, XGBoost and TensorFlow let
    go of the interpreter's lock while they fit.
    """

    def fit(number: int) -> tuple[FittedModel, FloatArray]:
        held_out = task.tracks.iloc[task.folds[number].test]
        rows = _training_rows(task, number, once=spec.learns_once)
        if path is None:
            model = fit_model(spec, params, task.seed + number, *rows)
            return model, model.predict(held_out)[None, :]
        name, steps = path[0], path[1].steps
        model = fit_model(spec, {**params, name: steps[-1]}, task.seed + number, *rows)
        return model, model.along(held_out, steps)

    jobs = task.jobs
    if jobs == 1:
        yield from map(fit, range(len(task.folds)))
        return
    # Folds are what runs side by side: linear algebra with threads of its own in each would wait for itself.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(jobs) as pool:
        # Batch by batch, so that a pruned run has not fitted folds that nobody will look at.
        for first in range(0, len(task.folds), jobs):
            yield from pool.map(fit, range(first, min(first + jobs, len(task.folds))))


def _training_rows(
    task: Task, number: int, *, once: bool = False
) -> tuple[pd.DataFrame, IntArray, npt.NDArray[np.generic], FloatArray | None]:
    """Inputs, labels, groups and weights that a fold's model is fitted on.

    Where tracks carry their artist's profile, some rows are learned without it: candidates of whose artists nothing is
    known are then ranked as well as if there were no profiles (`features.context` has the figures). In a small table
    every row is learned twice, in some seven parts with and three without (`shown_shares`); in a large one each once,
    drawn anew for each fold's model, as by families to which a row and its copy would be two tracks that agree
    (``once``).
    """
    rows = task.folds[number].train
    tracks = task.tracks.iloc[rows]
    weights = None if task.weights is None else task.weights[rows] / task.weights[rows].mean()
    has_profile = covered(tracks)
    if not has_profile.any():
        return tracks, task.y[rows], task.groups[rows], weights
    shares = shown_shares(task.y[rows], task.groups[rows], has_profile, 1 - task.hidden, weights)
    twice = (task.size or len(task.y)) < SMALL_TABLE and not once
    if twice:
        shown, hidden = np.flatnonzero(shares > 0), np.flatnonzero(shares < 1)
    else:
        alone = np.random.default_rng([task.seed, number]).random(len(rows)) >= shares
        shown, hidden = np.flatnonzero(~alone), np.flatnonzero(alone)
    tracks = pd.concat([tracks.iloc[shown], without_context(tracks.iloc[hidden])], ignore_index=True)
    order = np.concatenate([shown, hidden])
    rows, weights = rows[order], None if weights is None else weights[order]
    if twice:
        parts = np.concatenate([shares[shown], 1 - shares[hidden]])
        weights = parts if weights is None else parts * weights
    return tracks, task.y[rows], task.groups[rows], weights


def shown_shares(
    y: IntArray,
    groups: npt.NDArray[np.generic],
    has_profile: npt.NDArray[np.bool_],
    share: float,
    weights: FloatArray | None = None,
) -> FloatArray:
    """Which part of each row is learned with its artist's profile: (n,).

    A profile is known where an artist has several tracks. In a small table those are few artists, and the listener may
    happen to like none of them: that a profile is known would be learned as a dislike, while of a list of candidates
    half may have one. So likes and skips are hidden in such parts that those shown hold likes more or less often than
    all rows by no more than can be believed: the posterior mean of that difference, which is normal about 0 with a
    deviation of ``UNEVEN`` as long as nothing is known, after as many artists as there are. With 200 labels of a real
    listener, judged by all tracks of other artists, extra trees gain .013 of ROC AUC in the mean of eight draws (.09 in
    one of them), an average of three families .004; with 300 to 1,500 labels the average gains -.001 to .002.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
    groups : ndarray, shape (n,)
        Artists; songs where folds are cut by songs, which are more, so that what is known is believed a little more.
    has_profile : ndarray of bool, shape (n,)
    share : float, in (0, 1)
        Part of all rows' weight that is shown, as far as it can be.
    weights : ndarray of float, shape (n,), optional

    Returns
    -------
    ndarray of float, shape (n,)
        In [0, 1]; ``share`` where there is no profile.
    """
    weight = np.ones(len(y)) if weights is None else weights
    held = np.array([weight[has_profile & (y == label)].sum() for label in (0, 1)])
    shares = np.full(len(y), share)
    if not held.all():
        shares[has_profile] = 0.0
        return shares
    rate = float(np.average(y, weights=weight))
    noise = rate * (1 - rate) / len(np.unique(groups[has_profile]))
    believed = rate + UNEVEN**2 / (UNEVEN**2 + noise) * (held[1] / held.sum() - rate)
    parts = share * held.sum() * np.array([1 - believed, believed]) / held
    shares[has_profile] = (parts / max(1.0, parts.max()))[y[has_profile]]
    return shares


def merge_runs(runs: Sequence[FoldRun]) -> FoldRun:
    """Runs over different cuts of the same rows as one: the first cut's models, and mean out-of-fold predictions.

    Further cuts make what is known of every row surer. Their models are let go: an average of 24 of a family ranks no
    better than one of 8 (measured on the Kaggle CSV), and takes three times as long to load and to ask.

    Where there are further runs, their scores stand alone: the first run's picked these hyperparameters as the best of
    many, which flatters.
    """
    together = np.array([run.out_of_fold for run in runs])
    times = np.sum(~np.isnan(together), axis=0)
    total = np.nansum(together, axis=0)
    mean = np.divide(total, times, out=np.full(total.shape, np.nan), where=times > 0)
    scores = tuple(score for run in runs[1:] for score in run.scores) or runs[0].scores
    return FoldRun(runs[0].models, scores, mean, runs[0].chosen)


def bag_predict(models: Sequence[FittedModel], tracks: pd.DataFrame) -> FloatArray:
    """Mean uncalibrated probability of a bag of models, shape (n_tracks,)."""
    mean: FloatArray = np.mean([model.predict(tracks) for model in models], axis=0)
    return mean

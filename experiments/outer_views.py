"""One kind of outer folds: a whole fit on each one's training rows, judged on its test rows.

``unseen`` is the view of folds by artist: nobody whose tracks are tested was heard in training. ``familiar`` is that of
folds at random, and is about the test rows whose artist has other songs among the training rows. ``later`` is that of
folds by time.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from experiments.config import MIN_OF_EACH
from experiments.fitting import fit
from experiments.judging import Judgement, Predicted, judge
from experiments.kept_promises import Kept, PromiseCheck, ask, check_promises
from experiments.likes_alone import told, told_of
from experiments.metrics import evaluate
from experiments.outer_ground import Ground, Lesson
from experiments.positive_unlabelled import is_background
from experiments.predictions import Bools, Floats
from experiments.progress import Progress
from experiments.splits import Rows, Split

VIEWS: Final[Mapping[Split, str]] = {"artist": "unseen", "random": "familiar", "time": "later"}
"""What each kind of outer folds tells of."""
SETTINGS: Final = {"unseen": "unseen artists", "familiar": "familiar artists", "later": "later tracks"}
"""The same in words."""
MIN_FAMILIAR: Final = 30
"""Fewer tracks by familiar artists than this say nothing about them."""


@dataclass(frozen=True)
class OuterFold:
    """One outer fold: a whole fit on its training rows, judged on all its test rows."""

    fold: int
    model: str
    n_train: int
    n_test: int
    seconds: float
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class View:
    """One kind of outer folds.

    Parameters
    ----------
    name : {"unseen", "familiar", "later"}
    split : {"artist", "random", "time"}
    folds : tuple of OuterFold
        Empty in a view that was not taken.
    about : Judgement or None
        Of the rows that the view is about: familiar artists' in ``familiar``, else all. None where there are too few.
    all_rows : Judgement or None
        Of every predicted row; None in a view that was not taken.
    promises : tuple of PromiseCheck
        Of the rows that the view is about; none where there are likes alone.
    predictions : DataFrame or None
        ``view, fold, track_id, liked, like_probability, predicted_like, familiar``: one row a predicted track, in the
        table's order. Where there are likes alone, background follows, ``liked`` being missing; ``predicted_like`` is
        missing throughout.
    why_not : str
        Why ``about`` is None.
    """

    name: str
    split: Split
    folds: tuple[OuterFold, ...] = ()
    about: Judgement | None = None
    all_rows: Judgement | None = None
    promises: tuple[PromiseCheck, ...] = ()
    predictions: pd.DataFrame | None = None
    why_not: str = ""


@dataclass(frozen=True)
class Round:
    """All outer folds of one kind, fitted.

    Parameters
    ----------
    rows : ndarray of int, shape (n,)
        Positions of the predicted rows, ascending.
    predicted : Predicted
        Of those rows.
    familiar : ndarray of bool, shape (n,)
        Which of them are by an artist of their fold's training rows.
    about : ndarray of bool, shape (n,)
        Which of them the view is about.
    folds : tuple of OuterFold
    promises : tuple of PromiseCheck
    weights : mapping of str to float
        By family, what it weighs in the folds' rankers together.
    """

    rows: Rows
    predicted: Predicted
    familiar: Bools
    about: Bools
    folds: tuple[OuterFold, ...]
    promises: tuple[PromiseCheck, ...]
    weights: Mapping[str, float]


def why_not(ground: Ground, split: Split, lessons: Sequence[Lesson]) -> str:
    """Why these folds cannot tell what their view is about; empty where they can."""
    if split != "random":
        return ""
    if not ground.keys.any():
        return "no track names its artist"
    liked = ground.y[np.concatenate([lesson.fold.test[lesson.familiar] for lesson in lessons])]
    n_liked = int(liked.sum())
    if len(liked) >= MIN_FAMILIAR and min(n_liked, len(liked) - n_liked) >= MIN_OF_EACH:
        return ""
    where = "the table" if ground.pool is None else "what a fold learns from"
    return (
        f"only {len(liked)} tracks ({n_liked} liked) are by artists with other songs in {where}; it takes "
        f"{MIN_FAMILIAR}, and {MIN_OF_EACH} of each kind"
    )


def fit_round(ground: Ground, split: Split, lessons: Sequence[Lesson], seconds: float | None) -> Round:
    """Fit on each fold's training rows and predict its test rows.

    Parameters
    ----------
    ground : Ground
    split : {"artist", "random", "time"}
    lessons : sequence of Lesson
    seconds : float, optional
        Budget of each fit; with None the configuration's trials alone bound it.

    Raises
    ------
    InputError
        If a fold's training rows cannot be split further.
    """
    folds = [lesson.fold for lesson in lessons]
    done = [_fit_fold(ground, split, number, len(folds), lesson, seconds) for number, lesson in enumerate(lessons)]
    rows = np.concatenate([fold.test for fold in folds])
    order = np.argsort(rows)
    predicted = Predicted(
        liked=(ground.y[rows] == 1)[order],
        probability=np.concatenate([one.probability for one in done])[order],
        kept=np.concatenate([one.kept for one in done])[order],
        fold=np.repeat(np.arange(len(folds)), [len(fold.test) for fold in folds])[order],
        artist=ground.artists[rows][order],
    )
    weights: Counter[str] = Counter()
    for one in done:
        weights.update(one.weights)
    asked = [(fold.test[one.about], one.answers) for fold, one in zip(folds, done, strict=True) if one.answers]
    return Round(
        rows=rows[order],
        predicted=predicted,
        familiar=np.concatenate([one.familiar for one in done])[order],
        about=np.concatenate([one.about for one in done])[order],
        folds=tuple(one.fold for one in done),
        promises=check_promises(
            [answers for _, answers in asked],
            [ground.y[part] == 1 for part, _ in asked],
            [ground.artists[part] for part, _ in asked],
        ),
        weights=weights,
    )


def view_of(ground: Ground, split: Split, found: Round, why: str) -> View:
    """Judge a round; ``why`` it cannot tell what its view is about is empty where it can."""
    seed, predicted, alone = ground.config.seed, found.predicted, ground.pool is not None
    all_rows = _judged(predicted, seed=seed, alone=alone)
    part = predicted.take(found.about)
    about = all_rows if found.about.all() else None if why else _judged(part, seed=seed, alone=alone)
    predictions = pd.DataFrame(
        {
            "view": VIEWS[split],
            "fold": predicted.fold,
            "track_id": ground.table["track_id"].to_numpy()[found.rows],
            "liked": predicted.liked.astype(np.int64),
            "like_probability": predicted.probability,
            "predicted_like": predicted.kept,
            "familiar": found.familiar,
        }
    )
    if alone:
        unknown = is_background(ground.table)[found.rows]
        predictions["liked"] = predictions["liked"].astype("Int64").mask(unknown)
        predictions["predicted_like"] = pd.array([pd.NA] * len(predictions), dtype="boolean")
    return View(VIEWS[split], split, found.folds, about, all_rows, () if why else found.promises, predictions, why)


def _judged(predicted: Predicted, *, seed: int, alone: bool) -> Judgement:
    found = judge(predicted, seed=seed)
    return told_of(found) if alone else found


@dataclass(frozen=True)
class _Fitted:
    """What a fold's ranker said of its test rows, and what is kept of the ranker."""

    fold: OuterFold
    probability: Floats
    kept: Bools
    familiar: Bools
    about: Bools
    answers: tuple[Kept, ...]
    weights: Mapping[str, float]


def _fit_fold(
    ground: Ground, split: Split, number: int, n_folds: int, lesson: Lesson, seconds: float | None
) -> _Fitted:
    where = f"{SETTINGS[VIEWS[split]]}, fold {number + 1} of {n_folds}"

    def tell(moment: Progress) -> None:
        ground.on_progress(replace(moment, stage=f"{where}: {moment.stage}"))

    clock = time.monotonic()
    train, test = ground.training_rows(lesson), ground.test_rows(lesson.fold)
    found = fit(
        train,
        replace(ground.config, budget_s=seconds),
        catalogue=ground.catalogue,
        storage_url=ground.storage_url,
        on_progress=tell,
    )
    probability = found.ranker.predict_proba(test)
    kept = probability >= found.ranker.threshold
    about = lesson.familiar if split == "random" else np.ones(len(test), dtype=np.bool_)
    metrics = evaluate(ground.y[lesson.fold.test], probability, kept)
    outer = OuterFold(
        number,
        str(found.ranker.info["model"]),
        len(train),
        len(test),
        time.monotonic() - clock,
        metrics if ground.pool is None else told(metrics),
    )
    can_promise = ground.pool is None and about.any()
    return _Fitted(
        fold=outer,
        probability=probability,
        kept=kept,
        familiar=lesson.familiar,
        about=about,
        answers=ask(found.ranker, test[about].reset_index(drop=True)) if can_promise else (),
        weights={family.spec.name: family.weight for family in found.families},
    )

"""Honest outer folds around the whole of fit: what a train would have reached on tracks it never saw.

Views of the same train stand side by side (`experiments.outer_views`); nothing that a fold's ranker is made of has seen
its test rows. A learning curve on the first view's folds says what more labels would bring.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from experiments.config import FitConfig
from experiments.judging import Difference, compare
from experiments.learning_curve import LearningCurve, curve_family, learning_curve
from experiments.likes_alone import LEFT_OUT, told_of_gaps
from experiments.outer_ground import Ground, Lesson
from experiments.outer_views import VIEWS, Round, View, fit_round, view_of, why_not
from experiments.positive_unlabelled import matters
from experiments.progress import Listener, Progress, silent
from experiments.splits import Split
from features.leaks import find_leaks

CURVE_SHARE: Final = 0.2
"""Part of the seconds that is kept for the learning curve."""
_FRESH: Final = (
    "each fold learns from its own likes against background drawn anew: no held-out track or duplicate of one is in "
    "it, nor, in the view of unseen artists, any track by their artists"
)
_FAMILIAR: Final = "familiar are artists with a track among the likes or the background that a fold learns from"


@dataclass(frozen=True)
class Shares:
    """How the seconds were shared: ``fit_s`` for each of the outer fits, at least ``curve_s`` for the curve, if any."""

    budget_s: float
    n_fits: int
    fit_s: float
    curve_s: float

    @classmethod
    def of(cls, budget_s: float, n_fits: int, curve_share: float = CURVE_SHARE) -> "Shares":
        """Equal shares for all fits, so that folds and views compare, and a part for the curve."""
        return cls(budget_s, n_fits, (1.0 - curve_share) * budget_s / n_fits, curve_share * budget_s)


@dataclass(frozen=True)
class Evaluation:
    """All views of a train.

    Parameters
    ----------
    views : tuple of View
        The first one was taken; others may say why not.
    paired : mapping of str to Difference
        Familiar view minus unseen view on the familiar artists' tracks; empty where there are not both.
    curve : LearningCurve or None
        On the first view's folds.
    shares : Shares or None
        None without a budget.
    notes : tuple of str
    elapsed_s : float
    left_out : mapping of str to str
        Figures that there are none of, and why: where likes are told from background, as `experiments.likes_alone`
        says; empty where they are told from dislikes.
    """

    views: tuple[View, ...]
    paired: Mapping[str, Difference]
    curve: LearningCurve | None
    shares: Shares | None
    notes: tuple[str, ...]
    elapsed_s: float
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def predictions(self) -> pd.DataFrame:
        """Those of all views, one after the other."""
        return pd.concat([view.predictions for view in self.views if view.predictions is not None], ignore_index=True)


def evaluate_folds(
    tracks: pd.DataFrame,
    config: FitConfig,
    *,
    views: Sequence[Split] = (),
    n_folds: int = 5,
    catalogue: pd.DataFrame | None = None,
    storage_url: str | None = None,
    on_progress: Listener = silent,
) -> Evaluation:
    """Fit on each outer fold's training rows and judge on its test rows.

    Parameters
    ----------
    tracks : DataFrame
        A validated tracks table; rows without a label are left out. But where there are likes and no dislikes, likes
        are learned against background, and told from background that is held out (`experiments.outer_background`).
    config : FitConfig
        Of every fit: what a train would be given. Only ``budget_s`` is the whole evaluation's, shared as ``Shares``
        says.
    views : sequence of {"artist", "random", "time"}
        Kinds of outer folds; by default the one that ``config`` splits by. Inner folds are cut as ``config`` says in
        all of them.
    n_folds : int
        At least 2.
    catalogue : DataFrame, optional
        Tracks of any kind that tell how artists sound, as `experiments.fitting.fit` takes it, and background where that
        is needed.
    storage_url : str, optional
        Database of the studies: an evaluation that was interrupted goes on from their finished trials.
    on_progress : callable

    Returns
    -------
    Evaluation

    Raises
    ------
    InputError
        If the table cannot be learnt from or split as asked.
    """
    started = time.monotonic()
    ground = Ground.of(tracks, config, catalogue, storage_url, on_progress)
    asked = tuple(views) or (config.split,)
    cut = {split: ground.lessons(split, n_folds) for split in asked}
    why = {split: why_not(ground, split, lessons) for split, lessons in cut.items()}
    taken = [split for split in asked if split == asked[0] or not why[split]]
    n_fits = sum(len(cut[split]) for split in taken)
    left_out = {} if ground.pool is None else LEFT_OUT
    curve_share = 0.0 if left_out else CURVE_SHARE
    shares = Shares.of(config.budget_s, n_fits, curve_share) if config.budget_s is not None else None
    rounds = {split: fit_round(ground, split, cut[split], shares.fit_s if shares else None) for split in taken}
    curve, missing = _curve(ground, asked[0], cut[asked[0]], rounds[asked[0]].weights, shares, started)
    on_progress(Progress("judging"))
    seen = tuple(
        view_of(ground, split, rounds[split], why[split])
        if split in rounds
        else View(VIEWS[split], split, why_not=why[split])
        for split in asked
    )
    paired = _paired(rounds["artist"], rounds["random"], config.seed) if {"artist", "random"} <= set(rounds) else {}
    notes = (*_notes(ground, asked, len(tracks)), *missing)
    if left_out:
        paired = told_of_gaps(paired)
    return Evaluation(seen, paired, curve, shares, notes, time.monotonic() - started, left_out)


def _paired(unseen: Round, familiar: Round, seed: int) -> dict[str, Difference]:
    """Both views of the familiar artists' tracks; every row is predicted in both."""
    rows = familiar.rows[familiar.about]
    same = np.searchsorted(unseen.rows, rows)
    return compare(unseen.predicted.take(same), familiar.predicted.take(familiar.about), seed=seed)


def _curve(
    ground: Ground,
    split: Split,
    lessons: Sequence[Lesson],
    weights: Mapping[str, float],
    shares: Shares | None,
    started: float,
) -> tuple[LearningCurve | None, tuple[str, ...]]:
    """The learning curve in what is left of the seconds, or a note that says why there is none."""
    if ground.pool is not None:
        return None, ()
    folds = [lesson.fold for lesson in lessons]
    seconds = max(shares.curve_s, started + shares.budget_s - time.monotonic()) if shares is not None else None
    if split == "time":
        folds = folds[-1:]  # the earlier ones learn from less by themselves
    family = curve_family(ground.config.families(), weights, len(folds[0].train), seconds)
    if family is None:
        return None, ("no time for a learning curve: give a larger budget",)
    curve = learning_curve(
        ground.table,
        ground.y,
        folds,
        ground.config,
        family,
        seconds=seconds,
        catalogue=ground.catalogue,
        storage_url=ground.storage_url,
        on_progress=ground.on_progress,
    )
    return curve, () if curve is not None else ("no learning curve: half of the labels are too few to learn from",)


def _notes(ground: Ground, asked: Sequence[Split], n_tracks: int) -> list[str]:
    leaks = [leak for leak in find_leaks(ground.table, ground.y) if matters(leak, ground.table)]
    notes = [*ground.notes, *(f"{leak.message}; {leak.hint}" for leak in leaks)]
    if ground.pool is not None:
        notes.append(_FRESH)
        notes += [_FAMILIAR] if "random" in asked else []
        if n_disliked := int(ground.pool.judged["liked"].eq(0).sum()):
            notes.append(f"{n_disliked} dislikes are too few to be judged apart: they count with the background")
    elif len(ground.table) < n_tracks:
        notes.append(f"{n_tracks - len(ground.table)} tracks without a label are not used")
    if not ground.keys.any():
        notes.append("no track names its artist: an artist's tracks may be on both sides of a fold, which flatters")
    return notes

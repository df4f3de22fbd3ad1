"""Whether a promised precision holds on tracks that a ranker never saw."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.judging import share_interval
from experiments.predictions import Bools
from features.errors import InputError
from models.ranker import Ranker

PROMISES: Final = (0.7, 0.8, 0.9)
"""Precisions that every fold's ranker is asked for."""
_ROW = "row of the outer fold"


@dataclass(frozen=True)
class Kept:
    """What one ranker kept of its outer fold when a precision was asked for: positions there; None out of reach."""

    promised: float
    rows: npt.NDArray[np.int64] | None


@dataclass(frozen=True)
class PromiseCheck:
    """A promised precision against the realised one, all outer folds together.

    Parameters
    ----------
    promised : float
    realised : float
        Share of the kept tracks that are liked; nan where none was kept.
    interval : (low, high)
        95 %, an artist's tracks counting as correlated.
    n_kept, n_candidates : int
    n_folds, folds_in_reach, folds_held : int
        Outer folds; those whose ranker said that it can promise this much; those of them that kept no track or kept
        the promise.
    """

    promised: float
    realised: float
    interval: tuple[float, float]
    n_kept: int
    n_candidates: int
    n_folds: int
    folds_in_reach: int
    folds_held: int

    @property
    def verdict(self) -> str:
        """``held``, ``within chance`` (missed by less than the interval), ``broken``, or ``out of reach``."""
        if not self.folds_in_reach:
            return "out of reach"
        if not self.n_kept or self.realised >= self.promised:
            return "held"
        return "within chance" if self.interval[1] >= self.promised else "broken"


def ask(ranker: Ranker, candidates: pd.DataFrame, promises: Sequence[float] = PROMISES) -> tuple[Kept, ...]:
    """Have candidates ranked with each promised precision, as a playlist would be.

    Parameters
    ----------
    ranker : Ranker
    candidates : DataFrame, shape (n, any)
        A tracks table the ranker never saw; labels are taken off.
    promises : sequence of float
    """
    table = candidates.drop(columns="liked", errors="ignore").assign(**{_ROW: np.arange(len(candidates))})
    answers = []
    for promised in promises:
        try:
            kept = ranker.ranking(table, min_precision=promised).tracks
        except InputError:  # these tracks were predicted before: only the precision can be refused
            answers.append(Kept(promised, None))
        else:
            answers.append(Kept(promised, kept[_ROW].to_numpy(dtype=np.int64)))
    return tuple(answers)


def check_promises(
    answers: Sequence[Sequence[Kept]], liked: Sequence[Bools], artists: Sequence[npt.NDArray[np.int64]]
) -> tuple[PromiseCheck, ...]:
    """Set what was kept beside what was promised.

    Parameters
    ----------
    answers : sequence of sequence of Kept
        Of each outer fold, all with the same promises.
    liked : sequence of ndarray of bool
        Labels of each fold's candidates.
    artists : sequence of ndarray of int
        Equal for one artist, in all folds.

    Returns
    -------
    tuple of PromiseCheck
        One a promise.
    """
    return tuple(_check(same, liked, artists) for same in zip(*answers, strict=True))


def _check(answers: Sequence[Kept], liked: Sequence[Bools], artists: Sequence[npt.NDArray[np.int64]]) -> PromiseCheck:
    reached = [(kept.rows, fold) for fold, kept in enumerate(answers) if kept.rows is not None]
    hits = [liked[fold][rows] for rows, fold in reached]
    who = [artists[fold][rows] for rows, fold in reached]
    together = np.concatenate(hits) if hits else np.zeros(0, dtype=np.bool_)
    promised = answers[0].promised
    return PromiseCheck(
        promised=promised,
        realised=float(together.mean()) if len(together) else float("nan"),
        interval=share_interval(together, np.concatenate(who) if who else np.zeros(0, dtype=np.int64)),
        n_kept=len(together),
        n_candidates=sum(map(len, liked)),
        n_folds=len(answers),
        folds_in_reach=len(reached),
        folds_held=sum(not len(of_fold) or float(of_fold.mean()) >= promised for of_fold in hits),
    )

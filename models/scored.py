"""Candidates with their like probabilities and all that cuts and explanations are made from.

Scoring is the slow part of a ranking and does not depend on the cut: whoever moves a slider scores once, then asks for
one `Ranking` after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import logit

from features.columns import AUDIO_FEATURES
from models.base_rate import BaseRate, adjust, estimate_base_rate
from models.evidence import Evidence
from models.names import Names
from models.promise import kept_precision
from models.ranking import (
    Ranking,
    check_cut,
    is_relative,
    missed,
    promised_threshold,
    rate_notes,
    unless_relative,
)

if TYPE_CHECKING:
    from models.ranker import Ranker

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

RANKED_COLUMNS = ["rank", "like_probability", "predicted_like", "known"]
"""What ranking adds to a table; an earlier ranking's are replaced."""


@dataclass(frozen=True)
class Scored:
    """All candidates, best first.

    Parameters
    ----------
    ranker : Ranker
        Whose scores these are.
    tracks : DataFrame, n rows
        The candidates with ``rank`` (from 1), ``like_probability`` and ``known``.
    inputs : DataFrame, n rows
        What the models read of them, in the same order.
    evidence : Evidence
        Out-of-fold rows that resemble these candidates, at their base rate.
    rate : float
        Share of likes that the probabilities are at.
    doubt : (float, float)
        Shift and noise of its log-odds; see `BaseRate.doubt`.
    base_rate : BaseRate or None
        What the scores said of the share of likes; None where it was given or not asked.
    notes : tuple of str
        What to know beside: what the candidates lack, another base rate.
    """

    ranker: Ranker
    tracks: pd.DataFrame
    inputs: pd.DataFrame
    evidence: Evidence
    rate: float
    doubt: tuple[float, float]
    base_rate: BaseRate | None
    notes: tuple[str, ...]

    @property
    def relative(self) -> bool:
        """Whether the ranker knows no dislikes: probabilities rank only, and no precision can be promised."""
        return is_relative(self.ranker.info)

    def keep(
        self,
        *,
        min_precision: float | None = None,
        top: int | None = None,
        threshold: float | None = None,
        among: BoolArray | None = None,
    ) -> Ranking:
        """Cut.

        Parameters
        ----------
        min_precision, top, threshold
            At most one; see `Ranker.rank`.
        among : ndarray of bool, shape (n,), optional
            The rows of ``tracks`` that may be kept at all. What is promised is promised of these.

        Returns
        -------
        Ranking
            Its tracks keep their ``rank`` among all candidates.

        Raises
        ------
        InputError
            If more than one cut is asked for, one is out of range, or the precision is out of reach.
        """
        check_cut(min_precision, top, threshold, None, relative=self.relative)
        tracks = self.tracks if among is None else self.tracks[among]
        cut = self.ranker.threshold if threshold is None else threshold
        if min_precision is not None:
            artists = Names.of(tracks).artists
            probability = tracks["like_probability"].to_numpy(dtype=np.float64)
            cut = promised_threshold(self.evidence, probability, artists, min_precision, self.doubt)
        likely = tracks["like_probability"] >= cut
        rows = likely.to_numpy() if top is None else np.arange(len(tracks)) < top
        kept = tracks[rows].reset_index(drop=True)
        kept.insert(len(kept.columns) - 1, "predicted_like", likely.to_numpy()[rows])
        expected = self.expected_precision(kept["like_probability"].to_numpy(dtype=np.float64))
        return unless_relative(Ranking(kept, cut, len(tracks), expected, self.base_rate, self.notes), self.ranker.info)

    def expected_precision(self, kept: FloatArray) -> tuple[float, float, float]:
        """Share of likes to expect among tracks of these like probabilities; see `promise.kept_precision`."""
        rows = self.evidence
        return kept_precision(
            rows.liked, rows.probability, kept, groups=rows.artist, weights=rows.weight, rate_sd=self.doubt[1]
        )

    def explain(self, rows: Sequence[int], *, permutations: int = 16) -> pd.DataFrame:
        """`Ranker.explain` of some rows of ``tracks``, as they were scored here.

        What the other candidates tell of an artist's sound counts, and ``base`` has the shift to the candidates' base
        rate in it: a row's sum is the log-odds of the like probability that is shown.

        Parameters
        ----------
        rows : sequence of int
            Positions, from 0.
        permutations : int

        Returns
        -------
        DataFrame, shape (n_rows, 1 + n_features)
        """
        some, inputs = self.tracks.iloc[list(rows)], self.inputs.iloc[list(rows)]
        effects = self.ranker.effects(inputs, Names.of(some), permutations=permutations)
        effects["base"] += logit(self.rate) - logit(self.ranker.like_rate)
        return effects.set_axis(some.index)


def score(ranker: Ranker, candidates: pd.DataFrame, base_rate: float | None = None) -> Scored:
    """Score candidates, at the share of likes that is given or that their scores tell; see `Ranker.rank`."""
    check_cut(None, None, None, base_rate, relative=is_relative(ranker.info))
    candidates = candidates.drop(columns=RANKED_COLUMNS, errors="ignore")
    inputs, names = ranker.inputs(candidates), Names.of(candidates)
    probability = ranker.probability(inputs, names)
    trained = ranker.like_rate
    likely = ranker.resembling(names)
    found = None
    if base_rate is None and len(probability) and not is_relative(ranker.info):
        out_of_fold, n_trained = (likely.liked, likely.probability), len(ranker.out_of_fold.liked)
        found = estimate_base_rate(probability, trained, n_trained=n_trained, out_of_fold=out_of_fold)
        if found.rate > trained:
            # More likes than in training are only believed if they are given: unfamiliar music looks like them, too,
            # and a promise must not rest on it.
            found = replace(found, rate=trained, shifted=False)
    rate = base_rate if base_rate is not None else trained if found is None else found.rate
    known = ranker.known.flags(candidates) if len(candidates) else np.zeros(0, dtype=bool)
    table = candidates.assign(like_probability=adjust(probability, trained, rate), known=known)
    tie_break = [name for name in ("track_id", *AUDIO_FEATURES) if name in table]
    table = table.reset_index(drop=True).sort_values(
        ["like_probability", *tie_break], ascending=[False] + [True] * len(tie_break)
    )
    order = table.index.to_numpy()
    table = table.reset_index(drop=True)
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    unheard = bool(ranker.genres.genres) and not ranker.genres.known(names.genres).any()
    heeded = bool(ranker.affinity.coefficients.any())
    notes = missed(ranker.background, candidates, artists=heeded, genres=unheard)
    return Scored(
        ranker,
        table,
        inputs.iloc[order].reset_index(drop=True),
        likely.at_rate(trained, rate),
        rate,
        (0.0, 0.0) if found is None else found.doubt,
        found,
        (*notes, *rate_notes(found, trained, rate)),
    )

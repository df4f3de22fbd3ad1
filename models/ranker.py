"""The ranker: fitted models, calibration and threshold as one thing that is saved, loaded and asked.

A ranker needs neither TensorFlow nor MLflow nor Optuna to load and to rank.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import InputError
from features.schema import AUDIO_FEATURES
from models.calibration import PlattCalibration
from models.explain import shapley_effects
from models.fitted import FittedModel
from models.known import KnownTracks
from models.threshold import expected_precision, precision_threshold

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

RANKED_COLUMNS = ["rank", "like_probability", "predicted_like", "known"]
"""What ranking adds to a table; an earlier ranking's are replaced."""
BACKGROUND_TRACKS = 32
"""Training tracks kept as the background of explanations."""


@dataclass(frozen=True)
class OutOfFold:
    """Calibrated out-of-fold predictions: the evidence behind every threshold.

    Parameters
    ----------
    liked : ndarray of int, shape (n,)
    probability : ndarray of float, shape (n,)
    """

    liked: IntArray
    probability: FloatArray


@dataclass(frozen=True)
class Ranking:
    """Ranked candidates and what is promised about them.

    Parameters
    ----------
    tracks : DataFrame
        The kept tracks, best first, with ``rank`` (from 1), ``like_probability``, ``predicted_like`` and ``known``.
    threshold : float
        ``predicted_like`` is ``like_probability >= threshold``.
    n_candidates : int
    expected_precision : tuple of float
        (value, low, high) for the kept tracks, a 90 % interval; NaN when none is kept.
    """

    tracks: pd.DataFrame
    threshold: float
    n_candidates: int
    expected_precision: tuple[float, float, float]


@dataclass(frozen=True)
class Ranker:
    """Scores tracks for one listener and keeps those they will probably like.

    Parameters
    ----------
    members : tuple of FittedModel
        One model a fold, averaged.
    calibration : PlattCalibration
        From out-of-fold predictions.
    threshold : float
        The cut used when nothing else is asked for, in [0, 1].
    out_of_fold : OutOfFold
    known : KnownTracks
        Fingerprints of the listener's labelled tracks: candidates among them are flagged.
    trained_on : KnownTracks
        Fingerprints of the tracks its models and calibration have seen; a judge leaves these out.
    background : ndarray of float, shape (n_background, 13)
        Features of some training tracks, in the order of ``AUDIO_FEATURES``.
    info : mapping
        What it is and where it comes from (JSON values).
    """

    members: tuple[FittedModel, ...]
    calibration: PlattCalibration
    threshold: float
    out_of_fold: OutOfFold
    known: KnownTracks
    trained_on: KnownTracks
    background: FloatArray
    info: Mapping[str, Any] = field(default_factory=dict)

    def predict_proba(self, tracks: pd.DataFrame) -> FloatArray:
        """Calibrated like probability of each track.

        Parameters
        ----------
        tracks : DataFrame, shape (n_tracks, any)
            A tracks table; a missing feature column counts as missing values.

        Returns
        -------
        ndarray of float, shape (n_tracks,)
            In [0, 1].

        Raises
        ------
        InputError
            If no audio feature column is there, or one is not numeric.
        """
        if not len(tracks):
            return np.zeros(0)
        return self.calibration.apply(self._mean_score(_feature_table(tracks)))

    def rank(
        self,
        candidates: pd.DataFrame,
        *,
        min_precision: float | None = None,
        top: int | None = None,
        threshold: float | None = None,
    ) -> pd.DataFrame:
        """Keep the candidates the listener will probably like, best first.

        Parameters
        ----------
        candidates : DataFrame
            A tracks table.
        min_precision : float, optional
            Cut where out-of-fold precision is at least this, in (0, 1].
        top : int, optional
            Keep this many instead of cutting.
        threshold : float, optional
            Cut at this like probability, in [0, 1].

        Returns
        -------
        DataFrame
            The kept rows of ``candidates`` with ``rank``, ``like_probability``, ``predicted_like`` and ``known``.

        Raises
        ------
        InputError
            If more than one cut is asked for, one is out of range, or the precision is out of reach.
        """
        return self.ranking(candidates, min_precision=min_precision, top=top, threshold=threshold).tracks

    def ranking(
        self,
        candidates: pd.DataFrame,
        *,
        min_precision: float | None = None,
        top: int | None = None,
        threshold: float | None = None,
    ) -> Ranking:
        """`rank` together with the threshold and the precision to expect."""
        cut = self.choose_threshold(min_precision=min_precision, top=top, threshold=threshold)
        candidates = candidates.drop(columns=RANKED_COLUMNS, errors="ignore")
        probability = self.predict_proba(candidates)
        table = candidates.assign(like_probability=probability, predicted_like=probability >= cut)
        table = table.assign(known=self.known.flags(candidates) if len(candidates) else np.zeros(0, dtype=bool))
        tie_break = [name for name in ("track_id", *AUDIO_FEATURES) if name in table]
        table = table.sort_values(
            ["like_probability", *tie_break], ascending=[False] + [True] * len(tie_break), ignore_index=True
        )
        table.insert(0, "rank", np.arange(1, len(table) + 1))
        kept = table.head(top) if top is not None else table[table["predicted_like"]]
        kept = kept.reset_index(drop=True)
        kept_p = kept["like_probability"].to_numpy(dtype=np.float64)
        lowest = float(kept_p.min()) if top is not None and len(kept_p) else cut
        support = int(np.sum(self.out_of_fold.probability >= lowest))
        return Ranking(kept, cut, len(candidates), expected_precision(kept_p, support))

    def choose_threshold(
        self, *, min_precision: float | None = None, top: int | None = None, threshold: float | None = None
    ) -> float:
        """The cut for what was asked; see `rank` for the parameters and errors."""
        if sum(value is not None for value in (min_precision, top, threshold)) > 1:
            raise InputError(
                "more than one cut was asked for (min_precision, top, threshold)", "give one of them, or none"
            )
        if top is not None and top < 1:
            raise InputError(f"top must be at least 1, got {top}", "ask for the number of tracks you want to keep")
        if threshold is not None:
            if not 0 <= threshold <= 1:
                raise InputError(f"a threshold is a like probability from 0 to 1, got {threshold}", "try 0.5")
            return threshold
        if min_precision is None:
            return self.threshold
        if not 0 < min_precision <= 1:
            raise InputError(
                f"a precision lies above 0 and at most at 1, got {min_precision}", "0.8 means: 8 of 10 kept are liked"
            )
        found = precision_threshold(self.out_of_fold.liked, self.out_of_fold.probability, min_precision)
        if found is None:
            raise InputError(
                f"no cut of this ranker reached a precision of {min_precision:g} on tracks it had not seen",
                "ask for less, or train on more tracks",
            )
        return found

    def explain(self, tracks: pd.DataFrame, *, permutations: int = 16) -> pd.DataFrame:
        """Signed effects of each track's features on its log-odds of being liked.

        Parameters
        ----------
        tracks : DataFrame, shape (n_tracks, any)
        permutations : int
            More are slower and steadier.

        Returns
        -------
        DataFrame, shape (n_tracks, 1 + 13)
            Index of ``tracks``; ``base`` (log-odds of a background track) and one column a feature. A row's sum is the
            log-odds of its like probability.
        """
        values = _feature_table(tracks).to_numpy(dtype=np.float64)
        effects, base = shapley_effects(self._log_odds, values, self.background, permutations=permutations)
        table = pd.DataFrame(effects, columns=list(AUDIO_FEATURES), index=tracks.index)
        table.insert(0, "base", base)
        return table

    def save(self, folder: str | Path) -> Path:
        """Write the ranker as a folder of open formats, whole or not at all; returns the folder."""
        from models.ranker_folder import save_ranker  # noqa: PLC0415 (it imports this module)

        return save_ranker(self, Path(folder))

    def _mean_score(self, features: pd.DataFrame) -> FloatArray:
        mean: FloatArray = np.mean([member.predict(features) for member in self.members], axis=0)
        return mean

    def _log_odds(self, values: FloatArray) -> FloatArray:
        return self.calibration.apply_log_odds(self._mean_score(pd.DataFrame(values, columns=list(AUDIO_FEATURES))))


def background_of(tracks: pd.DataFrame, seed: int) -> FloatArray:
    """Features of up to BACKGROUND_TRACKS tracks drawn at random, shape (n, 13)."""
    sample = tracks.sample(n=min(BACKGROUND_TRACKS, len(tracks)), random_state=seed)
    return _feature_table(sample).to_numpy(dtype=np.float64)


def _feature_table(tracks: pd.DataFrame) -> pd.DataFrame:
    """The 13 features as floats; a column that is not there is all missing."""
    present = [name for name in AUDIO_FEATURES if name in tracks]
    if not present:
        raise InputError(
            "the tracks have none of the audio features (acousticness, danceability, ...)",
            "read them with earmark.read, which recognises most exporters' columns",
        )
    try:
        return tracks.reindex(columns=list(AUDIO_FEATURES)).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"the audio features are not all numbers: {error}", "read the tracks with earmark.read, which checks them"
        ) from error

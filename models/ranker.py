"""The ranker: fitted models, calibration, artists and threshold as one thing that is saved, loaded and asked.

A ranker needs neither TensorFlow nor MLflow nor Optuna to load and to rank.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from features.context import ArtistProfiles
from features.inputs import input_table
from models.affinity import ArtistAffinity
from models.calibration import Calibration
from models.evidence import Evidence, OutOfFold
from models.explain import shapley_effects
from models.gaps import gaps, mean_over_gaps
from models.genre_effects import GenreEffects
from models.known import KnownTracks
from models.member import Member, predictions
from models.names import Names
from models.ranking import (
    ARTIST_LIKED,
    GENRES,
    Ranking,
    check_cut,
    check_features,
    feature_of,
    is_relative,
)
from models.scored import Scored, score

FloatArray = npt.NDArray[np.float64]

BACKGROUND_TRACKS = 32
"""Training tracks kept as the background of explanations, and to stand in for what a candidate lacks."""
LEARNED_GAPS = 10
"""Training tracks with a gap from which models may learn what it means: the background then has one, too."""


@dataclass(frozen=True)
class Ranker:
    """Scores tracks for one listener and keeps those they will probably like.

    Parameters
    ----------
    members : tuple of Member
    calibration : Calibration
        Of the members' weighted mean, from out-of-fold predictions.
    affinity : ArtistAffinity
        What the labels say of artists.
    profiles : ArtistProfiles
        How artists sound.
    threshold : float
        The cut used when nothing else is asked for, in [0, 1].
    out_of_fold : OutOfFold
    known : KnownTracks
        Fingerprints of the listener's labelled tracks: candidates among them are flagged.
    trained_on : KnownTracks
        Fingerprints of the tracks its models and calibration have seen; a judge leaves these out.
    background : DataFrame, shape (n_background, n_inputs)
        What models read of some training tracks.
    info : mapping
        What it is and where it comes from (JSON values).
    genres : GenreEffects
        What the labels say of genres.
    """

    members: tuple[Member, ...]
    calibration: Calibration
    affinity: ArtistAffinity
    profiles: ArtistProfiles
    threshold: float
    out_of_fold: OutOfFold
    known: KnownTracks
    trained_on: KnownTracks
    background: pd.DataFrame
    info: Mapping[str, Any] = field(default_factory=dict)
    genres: GenreEffects = field(default_factory=GenreEffects.none)

    def predict_proba(self, tracks: pd.DataFrame) -> FloatArray:
        """Calibrated like probability of each track, at the training table's base rate.

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
        return self.probability(self.inputs(tracks), Names.of(tracks))

    def probability(self, inputs: pd.DataFrame, names: Names) -> FloatArray:
        """`predict_proba`, of what the models read of some tracks."""
        return np.asarray(expit(self._log_odds(inputs, names))) if len(inputs) else np.zeros(0)

    def rank(
        self,
        candidates: pd.DataFrame,
        *,
        min_precision: float | None = None,
        top: int | None = None,
        threshold: float | None = None,
        base_rate: float | None = None,
    ) -> pd.DataFrame:
        """Keep the candidates the listener will probably like, best first.

        Parameters
        ----------
        candidates : DataFrame
            A tracks table.
        min_precision : float, optional
            Cut so that at least this share of the kept candidates will be liked, with a confidence of 90 %; in (0, 1].
        top : int, optional
            Keep this many instead of cutting.
        threshold : float, optional
            Cut at this like probability, in [0, 1].
        base_rate : float, optional
            The share of the candidates that the listener would like, in (0, 1). By default it is estimated from their
            scores, and taken to be the training table's unless it surely is lower.

        Returns
        -------
        DataFrame
            The kept rows of ``candidates`` with ``rank``, ``like_probability``, ``predicted_like`` and ``known``.

        Raises
        ------
        InputError
            If more than one cut is asked for, one is out of range, or the precision is out of reach.
        """
        return self.ranking(
            candidates, min_precision=min_precision, top=top, threshold=threshold, base_rate=base_rate
        ).tracks

    def ranking(
        self,
        candidates: pd.DataFrame,
        *,
        min_precision: float | None = None,
        top: int | None = None,
        threshold: float | None = None,
        base_rate: float | None = None,
    ) -> Ranking:
        """`rank` together with the threshold, the precision to expect and what to know beside."""
        check_cut(min_precision, top, threshold, base_rate, relative=is_relative(self.info))
        scored = self.scored(candidates, base_rate=base_rate)
        return scored.keep(min_precision=min_precision, top=top, threshold=threshold)

    def scored(self, candidates: pd.DataFrame, *, base_rate: float | None = None) -> Scored:
        """All candidates, best first, to be cut more than once or explained; parameters and errors as in `rank`."""
        return score(self, candidates, base_rate)

    @property
    def like_rate(self) -> float:
        """Share of likes among the training tracks."""
        return float(np.mean(self.out_of_fold.liked))

    def knowing(self, catalogue: pd.DataFrame) -> Ranker:
        """The same ranker with more tracks to tell how artists sound (canonical columns); labels are not read."""
        return replace(self, profiles=self.profiles.with_catalogue(catalogue))

    def explain(self, tracks: pd.DataFrame, *, permutations: int = 16) -> pd.DataFrame:
        """Signed effects of each track's features on its log-odds of being liked.

        Parameters
        ----------
        tracks : DataFrame, shape (n_tracks, any)
        permutations : int
            More are slower and steadier.

        Returns
        -------
        DataFrame, shape (n_tracks, 1 + n_features)
            Index of ``tracks``; ``base`` (log-odds of a background track), one column an audio feature, and one each
            of ``release_year``, ``popularity``, ``explicit``, ``artist_sound`` (all of the artist's profile together),
            ``artist_liked`` (the labels of the artist's other tracks) and ``genres`` where the ranker uses them. A
            row's sum is the log-odds of its like probability.
        """
        return self.effects(self.inputs(tracks), Names.of(tracks), permutations=permutations).set_axis(tracks.index)

    def effects(self, inputs: pd.DataFrame, names: Names, *, permutations: int = 16) -> pd.DataFrame:
        """`explain`, of what the models read of some tracks; its rows are numbered from 0."""
        columns = list(self.background.columns)
        named = [ARTIST_LIKED, GENRES] if self.genres.genres else [ARTIST_LIKED]
        owners = [*map(feature_of, columns), *named]
        features = list(dict.fromkeys(owners))
        codes, named_by = names.coded(len(named))
        values = np.column_stack([inputs.to_numpy(dtype=np.float64), codes])
        nobody = np.zeros((len(self.background), len(named)))
        background = np.column_stack([self.background.to_numpy(dtype=np.float64), nobody])

        def score_rows(rows: FloatArray) -> FloatArray:
            values, codes = np.split(rows, [len(columns)], axis=1)
            return self._log_odds(pd.DataFrame(values, columns=columns), named_by(codes))

        owner = [features.index(name) for name in owners]
        lacking = np.pad(gaps(inputs, self.background), ((0, 0), (0, len(named))))
        effects, base = shapley_effects(
            score_rows, values, background, owner=owner, lacking=lacking, permutations=permutations
        )
        table = pd.DataFrame(effects, columns=features)
        if not self.affinity.coefficients.any():
            table = table.drop(columns=ARTIST_LIKED)
        table.insert(0, "base", base)
        return table

    def save(self, folder: str | Path) -> Path:
        """Write the ranker as a folder of open formats, whole or not at all; returns the folder."""
        from models.ranker_folder import save_ranker  # noqa: PLC0415 (it imports this module)

        return save_ranker(self, Path(folder))

    def inputs(self, tracks: pd.DataFrame) -> pd.DataFrame:
        """What the models read of these tracks.

        Parameters
        ----------
        tracks : DataFrame, n_tracks rows
            A tracks table; a column that is not there is all missing. How artists sound is read from the ranker's
            profiles and from the other rows.

        Returns
        -------
        DataFrame of float, shape (n_tracks, n_inputs)

        Raises
        ------
        InputError
            If no audio feature column is there, or one is not numeric.
        """
        check_features(tracks)
        return input_table(self.profiles.attach_together(tracks)).reindex(columns=list(self.background.columns))

    def _log_odds(self, inputs: pd.DataFrame, names: Names) -> FloatArray:
        weights = np.array([member.weight for member in self.members])
        mean = mean_over_gaps(lambda rows: weights @ predictions(self.members, rows), inputs, self.background)
        log_odds = self.calibration.apply_log_odds(mean)
        log_odds = log_odds + self.genres.shift(log_odds, inputs, names.genres)
        return log_odds + self.affinity.shift(log_odds, names.artists)

    def resembling(self, names: Names) -> Evidence:
        """Out-of-fold rows that resemble candidates: as many of them by familiar artists, and of known genres."""
        if not len(names.artists):
            return self.out_of_fold.evidence(0.0)
        familiar, known = self.affinity.familiar(names.artists), self.genres.known(names.genres)
        return self.out_of_fold.evidence(float(np.mean(familiar)), float(np.mean(known)))


def background_of(inputs: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Inputs of up to BACKGROUND_TRACKS tracks drawn at random, shape (n, n_inputs).

    A column in which at least LEARNED_GAPS tracks have a gap has one in the background, so that it is left alone.
    """
    shuffled = inputs.sample(frac=1, random_state=seed)
    missing = shuffled.isna().to_numpy()
    first_gaps = missing[:, missing.sum(axis=0) >= LEARNED_GAPS].argmax(axis=0).tolist()
    rows = list(dict.fromkeys([*first_gaps, *range(len(inputs))]))[:BACKGROUND_TRACKS]
    return shuffled.iloc[sorted(rows)].reset_index(drop=True)

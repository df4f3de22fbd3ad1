"""A ranking: what it says, and whether what was asked for can be asked."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_hashable

from features.columns import AUDIO_FEATURES
from features.errors import InputError
from features.inputs import input_table
from models.base_rate import BaseRate
from models.evidence import Evidence
from models.promise import Cut, best_promise, promised_cut

FloatArray = npt.NDArray[np.float64]


ARTIST_SOUND = "artist_sound"
"""The effect of how the artist sounds on other tracks."""
ARTIST_LIKED = "artist_liked"
"""The effect of the listener's likes and skips of the artist's other tracks."""
GENRES = "genres"
"""The effect of the listener's likes and skips of other tracks of the same genres."""

LABELS = "labels"
"""Entry of a ranker's ``info`` that says what it learned from, where that is not likes and skips."""
LIKES_ONLY = "likes only"
"""Likes against background that nobody judged: like probabilities are relative to it."""


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
        (value, low, high) for the kept tracks, a 90 % interval; NaN when none is kept, or the ranker knows no dislikes.
    base_rate : BaseRate or None
        What the candidates' scores said of their share of likes; None where it was given or not asked.
    notes : tuple of str
        What to know beside: what the candidates lack, another base rate.
    """

    tracks: pd.DataFrame
    threshold: float
    n_candidates: int
    expected_precision: tuple[float, float, float]
    base_rate: BaseRate | None = None
    notes: tuple[str, ...] = ()


def rate_notes(found: BaseRate | None, trained: float, rate: float) -> tuple[str, ...]:
    """What to say of another base rate: of the one ``found`` in the candidates' scores, or given where that is None."""
    if rate == trained:
        return ()
    how = "as given"
    if found is not None:
        how = f"by their scores (90 % interval {100 * found.low:.0f} % to {100 * found.high:.0f} %)"
    more = "rarer" if rate < trained else "more frequent"
    shares = f"{100 * rate:.0f} %, {how}, against {100 * trained:.0f} %"
    return (f"likes are {more} among the candidates than in training ({shares}): like probabilities are adjusted",)


def is_relative(info: Mapping[str, Any]) -> bool:
    """Whether a ranker's like probabilities rank only, since it knows no dislikes."""
    return info.get(LABELS) == LIKES_ONLY


def unless_relative(ranking: Ranking, info: Mapping[str, Any]) -> Ranking:
    """The same, but of relative probabilities with a note in the place of what cannot be told: how many are liked."""
    if not is_relative(info):
        return ranking
    note = (
        "the ranker knows likes but no dislikes: like probabilities are relative to the background it learned against, "
        "they rank and do not say what share will be liked"
    )
    return replace(ranking, expected_precision=(math.nan, math.nan, math.nan), notes=(note, *ranking.notes))


def check_cut(
    min_precision: float | None,
    top: int | None,
    threshold: float | None,
    base_rate: float | None,
    *,
    relative: bool = False,
) -> None:
    """Raise ``InputError`` where more than one cut is asked for, one is out of range, or it needs absolute numbers."""
    if sum(value is not None for value in (min_precision, top, threshold)) > 1:
        raise InputError("more than one cut was asked for (min_precision, top, threshold)", "give one of them, or none")
    if top is not None and top < 1:
        raise InputError(f"top must be at least 1, got {top}", "ask for the number of tracks you want to keep")
    if threshold is not None and not 0 <= threshold <= 1:
        raise InputError(f"a threshold is a like probability from 0 to 1, got {threshold}", "try 0.5")
    if min_precision is not None and not 0 < min_precision <= 1:
        raise InputError(
            f"a precision lies above 0 and at most at 1, got {min_precision}", "0.8 means: 8 of 10 kept are liked"
        )
    if base_rate is not None and not 0 < base_rate < 1:
        raise InputError(f"a base rate lies between 0 and 1, got {base_rate}", "0.06 means: 6 of 100 would be liked")
    if relative and (min_precision is not None or base_rate is not None):
        what = "precision cannot be promised" if min_precision is not None else "base rate cannot be used"
        raise InputError(
            f"a {what}: the ranker learned from likes alone, its like probabilities are relative",
            "ask for --top N or --threshold P, or train on tracks that you do not like, too",
        )


def check_features(tracks: pd.DataFrame) -> None:
    """Raise ``InputError`` where a table has no audio features, they are not numbers, or names are not texts."""
    twice = tracks.columns[tracks.columns.duplicated()]
    if len(twice):
        raise InputError(f"the tracks have more than one column {str(twice[0])!r}", "keep the one that is right")
    for name in ("track_id", "track_name", "artist_name"):
        if name in tracks and not tracks[name].map(is_hashable).all():
            raise InputError(
                f"the column {name!r} holds lists or the like",
                "make each a text, as in 'Drake, Future', or read the tracks with earmark.read",
            )
    present = [name for name in AUDIO_FEATURES if name in tracks]
    if not present:
        raise InputError(
            "the tracks have none of the audio features (acousticness, danceability, ...)",
            "read them with earmark.read, which recognises most exporters' columns",
        )
    try:
        tracks[present].astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"the audio features are not all numbers: {error}", "read the tracks with earmark.read, which checks them"
        ) from error


def promised_threshold(
    evidence: Evidence,
    probability: FloatArray,
    artists: npt.NDArray[np.uint64],
    wanted: float,
    doubt: tuple[float, float],
) -> float:
    """The cut of which a precision can be promised for these candidates.

    Parameters
    ----------
    evidence : Evidence
        Out-of-fold rows that resemble the candidates.
    probability : ndarray of float, shape (n_candidates,)
    artists : ndarray of uint64, shape (n_candidates,)
        Keys; 0 where unknown.
    wanted : float
        In (0, 1].
    doubt : (float, float)
        Shift and noise of the base rate's log-odds; see `BaseRate.doubt`.

    Raises
    ------
    InputError
        If it cannot be promised; says what can.
    """
    groups = _groups(artists)

    def ask(search: Callable[..., Cut | None], **what: float) -> Cut | None:
        return search(
            evidence.liked,
            evidence.probability,
            candidates=probability,
            groups=evidence.artist,
            candidate_groups=groups,
            weights=evidence.weight,
            rate_shift=doubt[0],
            rate_sd=doubt[1],
            **what,
        )

    found = ask(promised_cut, min_precision=wanted)
    if found is not None:
        return found.threshold
    instead = ask(best_promise, below=wanted)
    asked = f"a precision of {wanted:g} cannot be promised for these {len(artists):,} candidates (90 % confidence)"
    if instead is None or instead.min_precision < np.average(evidence.liked, weights=evidence.weight):
        raise InputError(asked, "keep the predicted likes instead, or train on more tracks")
    raise InputError(
        f"{asked}; {instead.min_precision:g} can, and keeps {instead.kept} of them",
        f"ask for {instead.min_precision:g}, or train on more tracks",
    )


def missed(
    background: pd.DataFrame, candidates: pd.DataFrame, *, artists: bool, genres: bool = False
) -> tuple[str, ...]:
    """What the candidates lack of what a ranker learned from.

    Parameters
    ----------
    background : DataFrame
        What models read of some training tracks.
    candidates : DataFrame
        A tracks table.
    artists : bool
        Whether the ranker heeds the labels of artists.
    genres : bool
        Whether it heeds genres, and the candidates are of none that it knows.
    """
    if not len(candidates):
        return ()
    notes = []
    inputs = input_table(candidates)
    wanted = [name for name in background.columns if not name.startswith("artist_") and background[name].notna().any()]
    lacking = sorted({feature_of(name) for name in wanted if name not in inputs or inputs[name].isna().all()})
    if lacking:
        notes.append(f"the candidates have no {', '.join(lacking)}: ranked without")
    heard = artists or any(feature_of(name) == ARTIST_SOUND for name in background.columns)
    if heard and ("artist_name" not in candidates or candidates["artist_name"].isna().all()):
        notes.append("the candidates name no artists: ranked by sound alone")
    if genres:
        told = GENRES in candidates and bool(candidates[GENRES].notna().any())
        notes.append(f"the candidates have no genres{' known from training' if told else ''}: ranked without")
    return tuple(notes)


def feature_of(column: str) -> str:
    """The feature that an input column tells of: what people read."""
    if column.startswith("artist_"):
        return ARTIST_SOUND
    return "tempo" if column in {"tempo_sin", "tempo_cos"} else column


def _groups(artists: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Artists as codes; a track of an unknown artist is a group of its own."""
    codes = np.unique(artists, return_inverse=True)[1].astype(np.int64)
    unknown = artists == 0
    codes[unknown] = len(artists) + np.arange(int(unknown.sum()))
    return codes

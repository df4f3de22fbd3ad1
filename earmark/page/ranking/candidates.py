"""Scored candidates made ready once, so that filters and pages of them cost nearly nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from earmark.ranking import rank_answer
from features.columns import AUDIO_FEATURES
from features.identity import normalise_name
from features.report import ValidationReport
from models.names import Names
from models.ranking import Ranking
from models.scored import Scored

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
NOTHING = ValidationReport(rows=0, usable=0)


@dataclass(frozen=True, eq=False)
class Candidates:
    """Scored candidates, best first.

    Parameters
    ----------
    entries : tuple of dict, n
        The tracks as `earmark.ranking.rank_answer` tells them, and ``explicit``.
    names : mapping of str to list of str
        ``track_name`` and ``artist_name``, normalised; empty where missing.
    texts : list of str, n
        What is searched: both names.
    artists : ndarray of int, shape (n,)
        Codes; negative where the artist is unknown.
    artist_keys : ndarray of int, shape (n,)
        Codes for promises: every unknown artist is one of its own.
    probability : ndarray of float, shape (n,)
    known, explicit : ndarrays of bool, shape (n,)
    numbers : mapping of str to ndarray of float, shape (n,)
        The audio features; NaN where missing.
    """

    entries: tuple[dict[str, Any], ...]
    names: Mapping[str, list[str]]
    texts: list[str]
    artists: IntArray
    artist_keys: IntArray
    probability: FloatArray
    known: BoolArray
    explicit: BoolArray
    numbers: Mapping[str, FloatArray]

    def __len__(self) -> int:
        return len(self.entries)

    @classmethod
    def of(cls, scored: Scored) -> Self:
        """Make scored candidates ready."""
        tracks = scored.tracks
        explicit = _flags(tracks, "explicit")
        names = {name: [normalise_name(value) for value in _column(tracks, name)] for name in NAMES}
        codes = np.unique(Names.of(tracks).artists, return_inverse=True)[1].astype(np.int64)
        unknown = Names.of(tracks).artists == 0
        return cls(
            entries=tuple(_entries(scored, explicit)),
            names=names,
            texts=[f"{title}\n{artist}" for title, artist in zip(*names.values(), strict=True)],
            artists=np.where(unknown, -1, codes),
            artist_keys=np.where(unknown, len(codes) + np.arange(len(codes)), codes),
            probability=tracks["like_probability"].to_numpy(dtype=np.float64),
            known=tracks["known"].to_numpy(dtype=bool),
            explicit=explicit,
            numbers={name: _numbers(tracks, name) for name in AUDIO_FEATURES},
        )


NAMES = ("track_name", "artist_name")


def _entries(scored: Scored, explicit: BoolArray) -> list[dict[str, Any]]:
    """Every candidate in the words of the command line's answer; what is kept is said later."""
    tracks = scored.tracks.assign(predicted_like=False)
    everything = Ranking(tracks, 0.0, len(tracks), (np.nan, np.nan, np.nan))
    told: list[dict[str, Any]] = rank_answer(everything, "", report=NOTHING)["tracks"]
    return [{**entry, "explicit": bool(flag)} for entry, flag in zip(told, explicit, strict=True)]


def _column(tracks: pd.DataFrame, name: str) -> list[Any]:
    return tracks[name].to_list() if name in tracks else [None] * len(tracks)


def _flags(tracks: pd.DataFrame, name: str) -> BoolArray:
    if name not in tracks:
        return np.zeros(len(tracks), dtype=bool)
    return tracks[name].fillna(value=False).to_numpy(dtype=bool)


def _numbers(tracks: pd.DataFrame, name: str) -> FloatArray:
    if name not in tracks:
        return np.full(len(tracks), np.nan)
    return tracks[name].to_numpy(dtype=np.float64)

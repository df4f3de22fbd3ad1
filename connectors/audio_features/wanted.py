"""Which features the library lacks, recording by recording."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from connectors.audio_features.links import Wanted
from connectors.track_ids import ISRC_ID, plain_isrc, spotify_id
from features.columns import ANALYSED_FEATURES, AUDIO_FEATURES

_BIT: Final = {name: 1 << at for at, name in enumerate(AUDIO_FEATURES)}
_ANALYSED: Final = sum(_BIT[name] for name in ANALYSED_FEATURES)


@dataclass
class Survey:
    """What is known of the recordings that matter.

    Parameters
    ----------
    tracks : DataFrame
        All tracks of the library.
    place : ndarray of int, shape (n_tracks,)
        Each track's recording.
    asked : ndarray of bool, shape (n_tracks,)
        Which tracks features are wanted for.
    known : ndarray of int, shape (n_recordings,)
        The features known, one bit each in the order of ``AUDIO_FEATURES``.
    answered : dict of str to ndarray of bool, each of shape (n_recordings,)
        Which recordings a source has told something about.
    """

    tracks: pd.DataFrame
    place: npt.NDArray[np.intp]
    asked: npt.NDArray[np.bool_]
    known: npt.NDArray[np.int64]
    answered: dict[str, npt.NDArray[np.bool_]]

    def lacking(
        self, names: Collection[str], source: str, not_found: Collection[str], *, again: bool = False
    ) -> list[Wanted]:
        """Recordings to ask a source for, in the order of the library's tracks.

        Parameters
        ----------
        names : collection of str
            Features that it may know; a recording that lacks none of them is not asked for.
        source : str
        not_found : collection of str
            Ids of tracks that it did not know lately.
        again : bool
            Ask also for what it has told something about already.
        """
        bits = sum(_BIT[name] for name in names)
        lacks = (self.known & bits) != bits
        if not again:
            lacks &= ~self.answered.get(source, np.zeros(len(self.known), dtype=bool))
            lacks[self.place[self.tracks["track_id"].isin(set(not_found)).to_numpy(dtype=bool)]] = False
        matters = np.zeros(len(self.known), dtype=bool)
        matters[self.place[self.asked]] = True
        return self.describe(np.flatnonzero(matters & lacks))

    def is_news(self, place: int, names: Collection[str]) -> bool:
        """Whether one of these features of a recording is not known yet."""
        bits = sum(_BIT[name] for name in names)
        return bool(self.known[place] & bits != bits)

    def learn(self, place: int, names: Collection[str], source: str) -> None:
        """Note features that a source has just told of a recording."""
        self.known[place] |= sum(_BIT[name] for name in names)
        self.answered.setdefault(source, np.zeros(len(self.known), dtype=bool))[place] = True

    def sounds_known(self) -> npt.NDArray[np.bool_]:
        """Of which recordings anything is known that needs listening to the sound, (n_recordings,)."""
        heard: npt.NDArray[np.bool_] = (self.known & _ANALYSED) != 0
        return heard

    def lacks(self, name: str) -> npt.NDArray[np.bool_]:
        """Of which recordings a feature is not known, (n_recordings,)."""
        lacking: npt.NDArray[np.bool_] = (self.known & _BIT[name]) == 0
        return lacking

    def describe(self, places: npt.NDArray[np.intp]) -> list[Wanted]:
        """All that some recordings can be asked for by."""
        rows = self.tracks[np.isin(self.place, places)]
        members: dict[int, list[dict[str, Any]]] = {}
        for place, row in zip(self.place[rows.index], rows.to_dict("records"), strict=True):
            members.setdefault(int(place), []).append({str(name): value for name, value in row.items()})
        return [_describe(place, members[place]) for place in members]


def survey(
    tracks: pd.DataFrame, place: npt.NDArray[np.intp], features: pd.DataFrame, track_ids: Collection[str]
) -> Survey:
    """Look over the library.

    Parameters
    ----------
    tracks, features : DataFrame
        ``Library.tracks()`` and ``Library.features()``.
    place : ndarray of int, shape (n_tracks,)
        Each track's recording.
    track_ids : collection of str
        Tracks that features are wanted for.
    """
    tracks = tracks.reset_index(drop=True)
    n = int(place.max(initial=-1)) + 1
    known = np.zeros(n, dtype=np.int64)
    known[place[tracks["duration_ms"].notna().to_numpy(dtype=bool)]] = _BIT["duration_ms"]
    at = pd.Index(tracks["track_id"]).get_indexer(pd.Index(features["track_id"]))
    bits = features["name"].map(_BIT).fillna(0).to_numpy(dtype=np.int64)
    known_at = at >= 0
    np.bitwise_or.at(known, place[at[known_at]], bits[known_at])
    answered = {}
    for source in features["source"].unique():
        told = np.zeros(n, dtype=bool)
        told[place[at[known_at & (features["source"] == source).to_numpy(dtype=bool)]]] = True
        answered[str(source)] = told
    asked = tracks["track_id"].isin(set(track_ids)).to_numpy(dtype=bool)
    return Survey(tracks, place, asked, known, answered)


def _describe(place: int, members: list[dict[str, Any]]) -> Wanted:
    """A recording under its best id: Spotify's, then an ISRC's, then one of our own; the first of several in order."""
    ids = sorted(str(row["track_id"]) for row in members)
    spotify = next((track_id for track_id in ids if spotify_id(track_id)), None)
    by_isrc = next((track_id for track_id in ids if track_id.startswith(ISRC_ID)), None)
    isrcs = sorted(filter(None, (plain_isrc(value) for row in members for value in (row["isrc"], row["track_id"]))))
    chosen = spotify or by_isrc or ids[0]
    first = sorted(members, key=lambda row: str(row["track_id"]) != chosen)
    return Wanted(
        place=place,
        track_id=chosen,
        spotify_id=spotify,
        isrc=isrcs[0] if isrcs else None,
        track_name=_first(first, "track_name"),
        artist_name=_first(first, "artist_name"),
        duration_ms=_first(first, "duration_ms"),
    )


def _first(members: list[dict[str, Any]], name: str) -> Any:
    return next((row[name] for row in members if not pd.isna(row[name])), None)

"""Recognising an artist's track again: by its id, its song, or its sound; stable 64-bit keys of each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.identity import LOCAL_ID, hash64, normalise_name
from features.measures import ABSENT, MEASURES, SOUND, CodeArray, read_codes

KeyArray = npt.NDArray[np.uint64]

_GUESTS: Final = re.compile(r"\s[(\[]?(?:feat|ft|featuring)\b.*|\s[(\[]with\b.*|\s[-(\[][^-(\[]*\bremaster(?:ed)?\b.*")
_PUNCTUATION: Final = re.compile(r"[\W_]+")
_SOUND: Final = [MEASURES.index(name) for name in SOUND]
_KIND: Final = np.uint64(3)
_KINDS: Final = (np.uint64(1), np.uint64(2), np.uint64(3))
# The odd constants of splitmix64 (Steele, Lea and Flood 2014, https://doi.org/10.1145/2660193.2660195).
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX: Final = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


@dataclass(frozen=True)
class TrackRows:
    """What the rows of a table are recognised by, and what is remembered of them.

    Parameters
    ----------
    artist_names : list of str, length n_rows
        As written, empty where missing.
    titles : list of str, length n_rows
        As ``song_title``.
    ids : ndarray of uint64, shape (n_rows,)
        Keys of catalogue ids; 0 where there is none, or one that earmark made of the other columns.
    codes : ndarray of uint16, shape (n_rows, 14)
        As ``measures.read_codes``.
    """

    artist_names: list[str]
    titles: list[str]
    ids: KeyArray
    codes: CodeArray

    @classmethod
    def of(cls, tracks: pd.DataFrame) -> "TrackRows":
        """Read a table: canonical columns and units; a column that is not there is all missing."""
        ids = [
            f"id\n{given}" if given and not given.startswith(LOCAL_ID) else "" for given in _texts(tracks, "track_id")
        ]
        titles = [song_title(title) for title in _texts(tracks, "track_name")]
        return cls(_texts(tracks, "artist_name"), titles, text_keys(ids), read_codes(tracks))

    def keys(self, artists: Sequence[str]) -> tuple[KeyArray, KeyArray]:
        """Keys of the rows, if they are by these artists.

        Parameters
        ----------
        artists : sequence of str, length n_rows
            ``artist_names.artist_key`` of each row's artist; empty for nobody.

        Returns
        -------
        artists : ndarray of uint64, shape (n_rows,)
            Keys of the artists; 0 for nobody.
        keys : ndarray of uint64, shape (n_rows, 3)
            Keys of id, song and sound; 0 where one cannot be told.
        """
        by_artist = dict(zip(unique := list(dict.fromkeys(artists)), text_keys(unique), strict=True))
        owner = np.fromiter((by_artist[artist] for artist in artists), np.uint64, count=len(artists))
        pairs = zip(artists, self.titles, strict=True)
        songs = text_keys([f"song\n{artist}\n{title}" if artist and title else "" for artist, title in pairs])
        kinds = (self.ids, songs, _sound_keys(owner, self.codes[:, _SOUND]))
        # The lowest bits tell what a key is of.
        told = [np.where(keys > 0, keys & ~_KIND | kind, 0) for keys, kind in zip(kinds, _KINDS, strict=True)]
        return owner, np.column_stack(told)


def is_sound(keys: KeyArray) -> npt.NDArray[np.bool_]:
    """Which keys of ``TrackRows.keys`` are of a sound, same shape."""
    return np.asarray(keys & _KIND == _KINDS[-1])


def text_keys(texts: Sequence[str]) -> KeyArray:
    """The key of each text, shape (n_texts,); 0 for an empty one."""
    return np.fromiter((hash64(text.encode()) if text else 0 for text in texts), np.uint64, count=len(texts))


def song_title(title: object) -> str:
    """A title without case, accents, punctuation, guests ("feat.", "(with ...)") and remarks on a remaster."""
    folded = normalise_name(title)
    plain = _GUESTS.sub("", folded) if " " in folded else folded
    return _PUNCTUATION.sub(" ", plain).strip() or folded


def _texts(tracks: pd.DataFrame, name: str) -> list[str]:
    """A text column as plain strings, empty where missing."""
    if name not in tracks:
        return [""] * len(tracks)
    column: pd.Series[Any] = tracks[name]
    return column.astype(object).where(column.notna(), "").map(str).to_list()


def _sound_keys(artists: KeyArray, codes: CodeArray) -> KeyArray:
    """Keys of the artists' recordings, shape (n_tracks,); 0 for nobody's and where a part of the sound is missing."""
    mixed = artists.copy()
    for column in codes.T:
        mixed = (mixed ^ column.astype(np.uint64)) + _GOLDEN
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX[0]
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX[1]
        mixed ^= mixed >> np.uint64(31)
    unknown = (artists == 0) | (codes == ABSENT).any(axis=1)
    return np.where(unknown, np.uint64(0), np.maximum(mixed, np.uint64(1)))

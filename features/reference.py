"""Every track that is known of every artist, as little of it as profiles need: what is remembered, and its keys.

A track that several rows or tables hold counts once: rows with one id, one artist and song, or one artist and sound are
one track, and "one" carries over. A track's values are those of its first row, gaps filled from the later ones.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from features.artist_names import resolve_artists
from features.fingerprints import KeyArray, TrackRows, is_sound, text_keys
from features.measures import ABSENT, MEASURES, CodeArray, audible
from features.state import State, require, take_array, take_setting

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

MAX_TRACKS: Final = 250_000
"""More are not kept: with all their keys they would take more than 20 MB."""
PER_ARTIST: Final = (120, 90, 60, 40, 20)
"""How many tracks of an artist are kept, of those that are counted and of the others: the most with which all artists
fit. More than 120 add nothing (measured)."""

MAX_KEYS: Final = 3 * MAX_TRACKS
"""A track has an id, a song and a sound; one of many rows may have more keys."""


@dataclass(frozen=True)
class ReferenceTracks:
    """Known tracks.

    Parameters
    ----------
    artists : ndarray of uint64, shape (n_artists,)
        Keys of the artists, ascending.
    artist : ndarray of int32, shape (n_tracks,)
        Position of each track's artist in ``artists``.
    codes : ndarray of uint16, shape (n_tracks, 14)
        What is remembered of each track, as ``measures.read_codes``.
    counted : ndarray of bool, shape (n_tracks,)
        Tracks of a catalogue. The others come from tables chosen by taste: they say how an artist sounds, but how many
        of them there are says whom the listener likes.
    keys : ndarray of uint64, shape (n_keys,)
        What tracks are recognised by, ascending.
    key_track : ndarray of int32, shape (n_keys,)
        The track of each key.
    """

    artists: KeyArray
    artist: npt.NDArray[np.int32]
    codes: CodeArray
    counted: BoolArray
    keys: KeyArray
    key_track: npt.NDArray[np.int32]

    @classmethod
    def empty(cls) -> "ReferenceTracks":
        """No tracks at all."""
        keys, places = np.empty(0, np.uint64), np.empty(0, np.int32)
        return cls(keys, places, np.empty((0, len(MEASURES)), np.uint16), np.empty(0, bool), keys, places)

    def joined(self, tracks: pd.DataFrame, *, counted: bool) -> "ReferenceTracks":
        """These tracks and those of a table.

        Parameters
        ----------
        tracks : DataFrame
            counted : bool
            Whether the table is a catalogue, rather than chosen by taste.
        """
        return self.joined_rows(TrackRows.of(tracks), counted=counted)

    def joined_rows(self, table: TrackRows, *, counted: bool) -> "ReferenceTracks":
        """As ``joined``, of a table that was read already."""
        owners, given = table.keys(self._owners(table.artist_names))
        # A row without any key could not be told from itself later on, and left out of its own profile.
        rows = np.flatnonzero((owners != 0) & (given != 0).any(axis=1) & audible(table.codes))
        if len(rows) == 0:
            return self
        owner = np.concatenate([self.artists[self.artist], owners[rows]])
        codes = np.concatenate([self.codes, table.codes[rows]])
        row, kind = np.nonzero(given[rows])
        keys = np.concatenate([self.keys, given[rows][row, kind]])
        nodes = np.concatenate([self.key_track.astype(np.int64), len(self.artist) + row])
        unique, key_of = np.unique(keys, return_inverse=True)
        track = _number_tracks(nodes, key_of, len(owner), len(unique))
        first = np.unique(track, return_index=True)[1]
        artists, artist = np.unique(owner[first], return_inverse=True)
        is_counted = np.concatenate([self.counted, np.full(len(rows), counted)])
        key_track = np.empty(len(unique), np.int32)
        key_track[key_of] = track[nodes]
        return ReferenceTracks(
            artists=artists,
            artist=artist.astype(np.int32),
            codes=_first_known(codes, track, first),
            counted=np.bincount(track, weights=is_counted) > 0,
            keys=unique,
            key_track=key_track,
        )

    def bounded(self, first: KeyArray, *, max_tracks: int = MAX_TRACKS) -> "ReferenceTracks":
        """No more tracks than can be kept.

        Parameters
        ----------
        first : ndarray of uint64
            Keys of the artists to keep before others; the rest follow by their number of tracks.
        max_tracks : int
            Most tracks to keep.
        """
        # Counted tracks and others are cut apart: what was judged must not change an artist's count, and must be known
        # again, rather than new, when it is ranked.
        group = 2 * self.artist + self.counted
        size = np.bincount(group, minlength=2 * len(self.artists))
        per_artist, kept = choose_artists(size.reshape(-1, 2), np.isin(self.artists, first), max_tracks)
        # Keys are hashes: the tracks with the smallest are a random sample, always the same one. The key of a sound
        # comes last, so that no track's place, and with it its profile, depends on what it sounds like.
        order = np.full(len(self.artist), 2 * len(self.keys))
        np.minimum.at(order, self.key_track, np.arange(len(self.keys)) + len(self.keys) * is_sound(self.keys))
        by_group = np.lexsort([order, group])
        place = np.empty(len(by_group), np.int64)
        place[by_group] = np.arange(len(by_group)) - np.repeat(np.cumsum(size) - size, size)
        return self._only(kept[self.artist] & (place < per_artist))

    def n_tracks(self, artists: KeyArray) -> IntArray:
        """How many tracks are known of artists, by key, shape (n_artists,)."""
        place, found = find(self.artists, artists)
        return np.where(found, np.append(self.size, 0)[place], 0)

    def find_tracks(self, keys: KeyArray) -> IntArray:
        """Which track each key is of, same shape; -1 for none."""
        place, found = find(self.keys, keys)
        return np.where(found, np.append(self.key_track, -1)[place], -1)

    @cached_property
    def size(self) -> IntArray:
        """Number of tracks of each artist, shape (n_artists,)."""
        return np.bincount(self.artist, minlength=len(self.artists))

    @cached_property
    def sums(self) -> tuple[IntArray, IntArray, IntArray]:
        """Number of values, sum and sum of squares of the steps, each of shape (n_artists, 14)."""
        given = self.codes != ABSENT
        steps = np.where(given, self.codes, 0).astype(np.float64)  # sums of whole numbers below 2^53 are exact
        parts = (given, steps, steps**2)
        counts, sums, squares = (
            np.column_stack([np.bincount(self.artist, column, len(self.artists)) for column in part.T]).astype(np.int64)
            for part in parts
        )
        return counts, sums, squares

    @cached_property
    def n_counted(self) -> IntArray:
        """Number of counted tracks of each artist, shape (n_artists,)."""
        return np.bincount(self.artist, self.counted, len(self.artists)).astype(np.int64)

    def _owners(self, names: list[str]) -> list[str]:
        """The artist of each row by key; empty for nobody."""
        counts = Counter(name for name in names if name)
        resolved = resolve_artists(counts, lambda keys: self.n_tracks(text_keys(keys)).tolist())
        return [resolved.get(name, "") for name in names]

    def _only(self, kept: BoolArray) -> "ReferenceTracks":
        if kept.all() and len(self.keys) <= MAX_KEYS:
            return self
        artists, artist = np.unique(self.artists[self.artist[kept]], return_inverse=True)
        place = np.cumsum(kept) - 1
        own = np.flatnonzero(kept[self.key_track])[:MAX_KEYS]
        return ReferenceTracks(
            artists=artists,
            artist=artist.astype(np.int32),
            codes=self.codes[kept],
            counted=self.counted[kept],
            keys=self.keys[own],
            key_track=place[self.key_track[own]].astype(np.int32),
        )

    def get_state(self) -> State:
        """All arrays."""
        names = ("artists", "artist", "codes", "counted", "keys", "key_track")
        return State(settings={"measures": list(MEASURES)}, arrays={name: getattr(self, name) for name in names})

    @classmethod
    def from_state(cls, state: State) -> "ReferenceTracks":
        """Rebuild; raises ``RankerFormatError`` where arrays do not fit each other or are larger than allowed."""
        measures = take_setting(state, "measures", list)
        require(measures == list(MEASURES), f"profiles are of {measures}, this earmark makes them of {list(MEASURES)}")
        artists = take_array(state, "artists", np.uint64, (None,))
        artist = take_array(state, "artist", np.int32, (None,))
        require(len(artist) <= MAX_TRACKS, f"profiles of {len(artist)} tracks, expected at most {MAX_TRACKS}")
        codes = take_array(state, "codes", np.uint16, (len(artist), len(MEASURES)))
        counted = take_array(state, "counted", bool, (len(artist),))
        keys = take_array(state, "keys", np.uint64, (None,))
        require(len(keys) <= MAX_KEYS, f"{len(keys)} keys of tracks, expected at most {MAX_KEYS}")
        key_track = take_array(state, "key_track", np.int32, (len(keys),))
        for name, values in (("artists", artists), ("keys", keys)):
            require((values[1:] > values[:-1]).all() and (values > 0).all(), f"array {name!r} is not ascending from 1")
        require(_places(artist, len(artists)), "array 'artist' names artists that are not there")
        require(len(np.unique(artist)) == len(artists), "array 'artists' names artists without tracks")
        require(_places(key_track, len(artist)), "array 'key_track' names tracks that are not there")
        return cls(artists, artist, codes, counted, keys, key_track)


def find(known: KeyArray, wanted: KeyArray) -> tuple[IntArray, BoolArray]:
    """Where each key is among known ones, ascending, and whether it is there; a key that is not has a place too."""
    if len(known) == 0:
        return np.zeros(wanted.shape, np.int64), np.zeros(wanted.shape, bool)
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return place, known[place] == wanted


def choose_artists(size: IntArray, first: BoolArray, max_tracks: int) -> tuple[int, BoolArray]:
    """Which artists to keep, and how many tracks of each.

    Parameters
    ----------
    size : ndarray of int, shape (n_artists, n_kinds)
        How many tracks of each kind each has.
    first : ndarray of bool, shape (n_artists,)
        Which of them go before others.
    max_tracks : int
        Most tracks to keep.

    Returns
    -------
    per_artist : int
        Most tracks of a kind: the largest of ``PER_ARTIST`` with which all artists fit, else the smallest.
    kept : ndarray of bool, shape (n_artists,)
        All where they fit; else those that go first, then those with most tracks.
    """
    for per_artist in PER_ARTIST:
        tracks = np.minimum(size, per_artist).sum(axis=1)
        if tracks.sum() <= max_tracks:
            return per_artist, np.ones(len(size), bool)
    order = np.lexsort([-size.sum(axis=1), ~first])
    kept = np.zeros(len(size), bool)
    kept[order[np.cumsum(tracks[order]) <= max_tracks]] = True
    return per_artist, kept


def _number_tracks(nodes: IntArray, keys: IntArray, n_nodes: int, n_keys: int) -> IntArray:
    """Number the tracks, in the order of their first nodes: nodes that share a key are one, shape (n_nodes,)."""
    size = n_nodes + n_keys
    links = coo_array((np.ones(len(nodes), np.int8), (nodes, n_nodes + keys)), shape=(size, size))
    _, component = connected_components(links.tocsr(), directed=False)
    track: IntArray = pd.factorize(component[:n_nodes])[0]
    return track


def _first_known(codes: CodeArray, track: IntArray, first: IntArray) -> CodeArray:
    """The codes of each track's first node, with gaps filled from its later ones: shape (n_tracks, 14)."""
    filled = codes[first]
    several = np.flatnonzero(np.bincount(track)[track] > 1)
    for column, values in zip(filled.T, codes.T, strict=True):
        known = several[values[several] != ABSENT][::-1]
        # Assigned from the last to the first, so that the first known value stays.
        column[track[known]] = values[known]
    return filled


def _places(values: npt.NDArray[np.int32], size: int) -> bool:
    return bool(((values >= 0) & (values < size)).all())

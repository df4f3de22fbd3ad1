"""Background: tracks that nobody judged, to learn likes against where there are no dislikes.

The best background is what the listener meets and has not judged: the unlabelled rows of their own table. Where those
are too few, tracks of a catalogue follow. They are matched to the likes, so that "old", "obscure" or "of an artist whom
the catalogue hardly knows" is not learned as dislike. (For one listener whose table tells neither popularity nor year,
the ROC AUC of held-out likes against held-out dislikes was .822 with tracks matched by how many the catalogue has of an
artist, and .785 matched by the popularity and year of other tracks of theirs: how popular they are is taste, too. Each
is of a single draw; the mean over four seeds was .812. With all labels it was .895. Models that each learn from a draw
of their own do better than any one draw: `experiments.draws`.)

Likes, and dislikes where there are a few, are never among the background, nor is any duplicate of theirs.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.artists import artist_hashes
from features.columns import ANALYSED_FEATURES, AUDIO_FEATURES
from features.context import ARTIST_TRACKS, ArtistProfiles
from features.errors import InputError
from features.identity import track_keys
from features.inputs import input_table
from features.schema import validate

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

BACKGROUND: Final = "background"
"""Column of a table with background: OWN or FROM_CATALOGUE, missing for rows that were judged."""
OWN: Final = "table"
FROM_CATALOGUE: Final = "catalogue"

PER_ARTIST: Final = 3
"""Most tracks of an artist that are drawn from a catalogue: one who fills it must not be what likes are set against."""
MOST_CONSIDERED: Final = 40_000
"""Tracks of a catalogue, at random, that are looked at: matching more takes seconds and draws no better."""
BINS: Final = (6, 3, 1)
"""Bins of equally many likes that each trait is matched in; missing is one more, and what no like has is not drawn.

The most with which there are enough tracks."""
KNOWN: Final = 0.95
"""What likes know to at least this share, background must know: else a gap in it would say where a track is from."""

_SPARE: Final = 1.3  # more are drawn than wanted, since some turn out to be duplicates or not usable
_TRAITS: Final = ("popularity", "release_year", ARTIST_TRACKS)
_MUST_KNOW: Final = (*AUDIO_FEATURES, "release_date", "popularity", "explicit")


def draw_background(
    judged: pd.DataFrame, unlabelled: pd.DataFrame, catalogue: pd.DataFrame | None, n: int, seed: int = 0
) -> pd.DataFrame:
    """Tracks to learn likes against.

    Parameters
    ----------
    judged : DataFrame
        Labelled rows of a tracks table; those liked are what a catalogue's tracks are matched to.
    unlabelled : DataFrame
        Rows of the same table without a label. Where there are at least as many as likes, no others are drawn.
    catalogue : DataFrame, optional
        Canonical columns and units, not validated (`features.catalogue`). Tracks are drawn without replacement, with
        the shares that likes have in the joint bins of popularity, release year and number of the artist's other tracks
        in the catalogue, as far as likes know them; at most ``PER_ARTIST`` of an artist.
    n : int
        How many are wanted; fewer where there are no more.
    seed : int

    Returns
    -------
    DataFrame
        A tracks table without labels, with the column ``BACKGROUND``. Neither a judged track nor a duplicate of one.
    """
    rng = np.random.default_rng([seed, n])
    likes = judged[judged["liked"].eq(1).fillna(value=False).to_numpy(dtype=bool)]
    heard = unlabelled[unlabelled[list(ANALYSED_FEATURES)].notna().any(axis=1)]
    own = heard.iloc[np.sort(rng.permutation(len(heard))[:n])].drop(columns="liked", errors="ignore")
    own = own.assign(**{BACKGROUND: pd.Series(OWN, index=own.index, dtype="str")})
    if catalogue is None or not len(catalogue) or len(own) >= min(n, len(likes)):
        return own.reset_index(drop=True)
    drawn = _from_catalogue(likes, pd.concat([judged, heard]), catalogue, n - len(own), rng)
    drawn = drawn.assign(**{BACKGROUND: pd.Series(FROM_CATALOGUE, index=drawn.index, dtype="str")})
    return drawn.reset_index(drop=True) if own.empty else pd.concat([own, drawn], ignore_index=True)


def _from_catalogue(
    likes: pd.DataFrame, met: pd.DataFrame, catalogue: pd.DataFrame, n: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Validated tracks of a catalogue that match the likes and are none of those the listener met."""
    pool = _considered(likes, catalogue, n, rng)
    profiles = ArtistProfiles.build(catalogue=catalogue)
    traits = _traits(likes, likes, profiles), _traits(likes, pool, profiles)
    for n_bins in BINS:
        weights = _match(*traits, n_bins)
        if (weights > 0).sum() >= _SPARE * n:
            break
    # Efraimidis and Spirakis (Information Processing Letters 97, 2006): a weighted sample without replacement
    lot = rng.exponential(size=len(pool)) / np.where(weights > 0, weights, np.nan)
    order = np.argsort(lot)[: int((weights > 0).sum())][: int(_SPARE * n) + 1]
    if not len(order):
        return met.iloc[:0].drop(columns="liked", errors="ignore")
    try:
        drawn, _ = validate(pool.iloc[order].drop(columns="liked", errors="ignore"))
    except InputError:  # a catalogue in other units, or whose rows are all empty: nothing to set likes against
        return met.iloc[:0].drop(columns="liked", errors="ignore")
    fresh: pd.DataFrame = drawn[~_among(drawn, met)]
    return fresh.head(n)


def _considered(likes: pd.DataFrame, catalogue: pd.DataFrame, n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Tracks at random, few of an artist, which know what likes know as far as enough of them do."""
    pool = catalogue.reindex(columns=list(dict.fromkeys([*catalogue.columns, *AUDIO_FEATURES, "artist_name"])))
    pool = pool.iloc[rng.permutation(len(pool))]
    pool = pool[pool[list(ANALYSED_FEATURES)].notna().any(axis=1)]
    for name in _MUST_KNOW:
        if name in likes and name in pool and likes[name].notna().mean() >= KNOWN:
            knowing = pool[pool[name].notna()]
            pool = knowing if len(knowing) >= _SPARE * n else pool
    artist = artist_hashes(pool["artist_name"])
    turn = pd.Series(artist).groupby(artist).cumcount().to_numpy()
    few: pd.DataFrame = pool[(turn < PER_ARTIST) | (artist == 0)]
    return few.head(MOST_CONSIDERED)


def _traits(likes: pd.DataFrame, tracks: pd.DataFrame, profiles: ArtistProfiles) -> FloatArray:
    """What tracks are matched by, shape (n_tracks, n_traits); NaN where unknown."""
    known = input_table(profiles.attach(likes)).notna().any()
    inputs = input_table(profiles.attach(tracks)).reindex(columns=list(_TRAITS))
    values: FloatArray = inputs[[name for name in _TRAITS if known.get(name, False)]].to_numpy(dtype=np.float64)
    return values


def _match(likes: FloatArray, pool: FloatArray, n_bins: int) -> FloatArray:
    """Weights with which a draw from the pool has the likes' shares of each joint bin, shape (n_pool,)."""
    own, others = np.zeros(len(likes), dtype=np.int64), np.zeros(len(pool), dtype=np.int64)
    for mine, theirs in zip(likes.T, pool.T, strict=True):
        known = mine[~np.isnan(mine)]
        edges = np.unique(np.quantile(known, np.arange(n_bins + 1) / n_bins)) if len(known) else np.zeros(0)
        own, others = (code * (n_bins + 3) + _bins(values, edges) for code, values in ((own, mine), (others, theirs)))
    share = pd.Series(own).value_counts(normalize=True)
    size = pd.Series(others).value_counts()
    cell = pd.Series(others)
    return (cell.map(share).fillna(0.0) / cell.map(size)).to_numpy(dtype=np.float64)


def _bins(values: FloatArray, edges: FloatArray) -> IntArray:
    """Bins numbered from 2 and closed above; 0 where missing, 1 and the last outside of the edges."""
    lowest = (values == edges[0]) if len(edges) else np.zeros(len(values), dtype=bool)
    return np.where(np.isnan(values), 0, 1 + np.searchsorted(edges, values, side="left") + lowest).astype(np.int64)


def _among(tracks: pd.DataFrame, others: pd.DataFrame) -> BoolArray:
    """Which tracks are one of the others: same id, same artist and title, or same sound; shape (n_tracks,)."""
    keys, known = track_keys(tracks), track_keys(others)
    found = np.zeros(len(tracks), dtype=bool)
    for name in keys.columns:
        taken = known[name].to_numpy(dtype=np.uint64)
        found |= np.isin(keys[name].to_numpy(dtype=np.uint64), taken[taken != 0])
    return found

"""Listeners that do not exist, over real tracks: tables of any size, difficulty and share of likes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit

from features.columns import AUDIO_FEATURES

Floats = npt.NDArray[np.float64]

MOST_OF_AN_ARTIST = 8
"""Tracks that a table holds of one artist."""
ARTIST_FEELING = 0.5
"""Standard deviation, in log-odds, of what a listener feels for an artist whatever the music."""
_SPOTS, _RULES, _TOGETHER = 5, 8, 3


@dataclass(frozen=True)
class Listener:
    """Who judges the tracks of a catalogue.

    Parameters
    ----------
    taste : str
        A key of ``TASTES``.
    sharpness : float, > 0
        Standard deviation of the taste's log-odds: 4 is nearly certain, 0.5 nearly chance.
    like_rate : float
        Expected share of likes, in (0, 1).
    n_labels : int
    seed : int
    names : bool
        Whether their table tells artists.
    features : tuple of str
        Audio features that their table tells; the taste knows all.
    """

    taste: str
    sharpness: float
    like_rate: float
    n_labels: int
    seed: int
    names: bool = True
    features: tuple[str, ...] = AUDIO_FEATURES


def lines(z: Floats, rng: np.random.Generator) -> Floats:
    """A taste that adds features up."""
    return np.asarray(z @ rng.standard_normal(z.shape[1]))


def spots(z: Floats, rng: np.random.Generator) -> Floats:
    """Corners of music that are loved or hated, each of a few features."""
    total = np.zeros(len(z))
    for number in range(_SPOTS):
        seen = rng.choice(z.shape[1], _TOGETHER, replace=False)
        centre = z[rng.integers(len(z)), seen]
        total += (-1) ** number * rng.uniform(1, 2) * np.exp(-((z[:, seen] - centre) ** 2).sum(axis=1) / 2)
    return total


def rules(z: Floats, rng: np.random.Generator) -> Floats:
    """Thresholds on two features together, as a tree has them."""
    total = np.zeros(len(z))
    for _ in range(_RULES):
        seen = rng.choice(z.shape[1], 2, replace=False)
        edge = rng.normal(scale=0.7, size=2)
        total += rng.standard_normal() * ((z[:, seen] > edge) == (rng.random(2) < 0.5)).all(axis=1)
    return total


TASTES: Mapping[str, Callable[[Floats, np.random.Generator], Floats]] = {"lines": lines, "spots": spots, "rules": rules}


def judged(listener: Listener, catalogue: pd.DataFrame, n_test: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What a listener labelled, and labelled tracks of other artists to judge predictions by.

    Parameters
    ----------
    listener : Listener
    catalogue : DataFrame
        Canonical columns; rows without an artist or a feature are left out.
    n_test : int

    Returns
    -------
    train, test : DataFrame
        The listener's features, ``liked``, and ``artist_name`` if they tell it. ``n_labels`` rows, and ``n_test`` or a
        few less, so that no artist is in both.
    """
    rng = np.random.default_rng([listener.seed, listener.n_labels])
    known: pd.DataFrame = catalogue.dropna(subset=[*AUDIO_FEATURES, "artist_name"])
    known = known.sample(frac=1, random_state=listener.seed)
    pool: pd.DataFrame = known[known.groupby("artist_name").cumcount() < MOST_OF_AN_ARTIST]
    artist = pd.factorize(pool["artist_name"])[0]
    ordered = pool.iloc[np.argsort(artist, kind="stable")]
    artist = np.sort(artist)
    first = int(np.searchsorted(artist, artist[n_test]))  # where the last judging artist begins, who is left out
    others = np.flatnonzero(artist > artist[n_test])[: listener.n_labels]
    rows = np.concatenate([np.arange(first), others])
    tracks: pd.DataFrame = ordered.iloc[rows].reset_index(drop=True)
    artist = artist[rows]
    values = tracks[list(AUDIO_FEATURES)].to_numpy(dtype=np.float64)
    z = np.clip((values - values.mean(axis=0)) / values.std(axis=0), -3, 3)
    taste = TASTES[listener.taste](z, rng)
    score = listener.sharpness * (taste - taste.mean()) / taste.std()
    score += ARTIST_FEELING * rng.standard_normal(artist.max() + 1)[artist]
    offset = brentq(lambda shift: float(expit(score + shift).mean()) - listener.like_rate, -50, 50)
    tracks["liked"] = (rng.random(len(tracks)) < expit(score + offset)).astype(np.int64)
    seen = [*listener.features, *(["artist_name"] if listener.names else []), "liked"]
    train = tracks[seen].iloc[first:].head(listener.n_labels).reset_index(drop=True)
    return train, tracks[seen].iloc[:first].reset_index(drop=True)

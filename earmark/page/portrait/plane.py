"""A map of the tracks: the two directions in which their sound differs most, and what is beyond its known regions.

Principal components (Jolliffe, Principal Component Analysis, 2002) of the standardised audio features that are on a
scale. A missing value counts as the mean, and values beyond three standard deviations as three, so that no hour-long
recording sets an axis.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel

from earmark.page.portrait.taste_table import TasteTable
from earmark.page.portrait.wording import COMPARISONS, SCALES
from features.inputs import read_numbers

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

MOST_POINTS: Final = 2_000
MOST_CANDIDATES: Final = 500
_FARTHEST: Final = 3.0
_NAMED: Final = 0.3  # loadings from which on a feature names an axis
_WORDS: Final = 3


@dataclass(frozen=True)
class Plane:
    """Where a track lies.

    Parameters
    ----------
    features : tuple of str, length k
    means, scales : ndarray of float, shape (k,)
        What features are standardised by.
    loadings : ndarray of float, shape (2, k)
        Unit vectors; the cubes of each add up to more than 0.
    origin : ndarray of float, shape (2,)
        What is taken off, so that the table's mean lies at 0.
    shares : (float, float)
        Of the features' variance.
    """

    features: tuple[str, ...]
    means: FloatArray
    scales: FloatArray
    loadings: FloatArray
    origin: FloatArray
    shares: tuple[float, float]

    def standardised(self, values: FloatArray) -> FloatArray:
        """Features as distances are measured in: (n, k) to (n, k)."""
        return standardised(values, self.means, self.scales)

    def place(self, values: FloatArray) -> FloatArray:
        """Features to the two coordinates: (n, k) to (n, 2)."""
        placed: FloatArray = self.standardised(values) @ self.loadings.T - self.origin
        return placed

    def read(self, tracks: pd.DataFrame) -> FloatArray:
        """The features of a tracks table: (n, k)."""
        return read_numbers(tracks, self.features)


class Point(BaseModel):
    """A track on the map; ``like_probability`` is by models that had not seen it."""

    track_id: str
    track_name: str | None
    artist_name: str | None
    x: float
    y: float
    liked: bool
    like_probability: float | None


class Direction(BaseModel):
    """An axis of the map: what it means to lie at its low and high end, and its share of all variance."""

    low: str
    high: str
    share: float
    loadings: dict[str, float]


class TasteMap(BaseModel):
    """The tracks on a plane; ``points`` are all of them, or a sample with the same share of likes."""

    x: Direction
    y: Direction
    n_tracks: int
    points: list[Point]


def fit_plane(table: TasteTable) -> Plane:
    """The two directions in which tracks differ most: the first right singular vectors."""
    features = tuple(name for name in SCALES if not np.isnan(table.measures[name]).all())
    values = features_of(table, features)
    means, scales = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    scales = np.where(scales > 0, scales, 1.0)
    spread = standardised(values, means, scales)
    middle = spread.mean(axis=0)
    _, sizes, vectors = np.linalg.svd(spread - middle, full_matrices=False)
    n = min(2, len(vectors))
    loadings, shares = np.zeros((2, len(features))), np.zeros(2)
    # by the strong loadings together: the strongest alone may be another one for the next few tracks
    loadings[:n] = vectors[:n] * np.where((vectors[:n] ** 3).sum(axis=1, keepdims=True) < 0, -1, 1)
    shares[:n] = sizes[:n] ** 2 / max(float((sizes**2).sum()), np.finfo(np.float64).tiny)
    return Plane(features, means, scales, loadings, loadings @ middle, (float(shares[0]), float(shares[1])))


def standardised(values: FloatArray, means: FloatArray, scales: FloatArray) -> FloatArray:
    """Features in standard deviations from their means, missing ones at 0, at most three: (n, k) to (n, k)."""
    return np.clip(np.nan_to_num((values - means) / scales), -_FARTHEST, _FARTHEST)


def features_of(table: TasteTable, features: tuple[str, ...]) -> FloatArray:
    """Some features as columns: (n, k)."""
    return np.column_stack([table.measures[name] for name in features])


def taste_map(table: TasteTable, plane: Plane) -> TasteMap:
    """The map of a table."""
    placed = plane.place(features_of(table, plane.features))
    points = [
        Point(
            track_id=table.track_id[row],
            track_name=table.track_name[row],
            artist_name=table.artist_name[row],
            x=round(float(placed[row, 0]), 4),
            y=round(float(placed[row, 1]), 4),
            liked=bool(table.liked[row]),
            like_probability=None if np.isnan(table.probability[row]) else float(table.probability[row]),
        )
        for row in sample(table.liked, MOST_POINTS)
    ]
    return TasteMap(x=_direction(plane, 0), y=_direction(plane, 1), n_tracks=len(table), points=points)


def sample(liked: BoolArray, most: int, seed: int = 0) -> IntArray:
    """Rows drawn so that the share of likes stays: all of them where there are no more than ``most``."""
    if len(liked) <= most:
        return np.arange(len(liked))
    rng = np.random.default_rng(seed)
    n_liked = round(most * float(liked.mean()))
    sides = ((np.flatnonzero(liked), n_liked), (np.flatnonzero(~liked), most - n_liked))
    return np.sort(np.concatenate([rng.choice(rows, n, replace=False) for rows, n in sides]))


def _direction(plane: Plane, which: int) -> Direction:
    loadings = plane.loadings[which]
    order = [i for i in np.argsort(-np.abs(loadings), kind="stable")[:_WORDS] if abs(loadings[i]) >= _NAMED]
    words = [COMPARISONS[plane.features[i]] for i in order]
    rises = [loadings[i] > 0 for i in order]
    high = [word.rising if rise else word.falling for word, rise in zip(words, rises, strict=True)]
    low = [word.falling if rise else word.rising for word, rise in zip(words, rises, strict=True)]
    return Direction(
        low=", ".join(low),
        high=", ".join(high),
        share=plane.shares[which],
        loadings={name: round(float(value), 4) for name, value in zip(plane.features, loadings, strict=True)},
    )


def unlike(table: TasteTable, plane: Plane, candidates: FloatArray, quantile: float = 0.95) -> BoolArray:
    """Which candidates sound like no labelled track.

    A candidate is farther from its nearest labelled track, in standardised features, than 95 % of the labelled tracks
    are from the nearest other one: of candidates drawn as they were, 5 % would be.

    Parameters
    ----------
    table : TasteTable
    plane : Plane
    candidates : ndarray of float, shape (n_candidates, k)
        From `Plane.read`.
    quantile : float in (0, 1)

    Returns
    -------
    ndarray of bool, shape (n_candidates,)
    """
    from scipy.spatial import cKDTree  # noqa: PLC0415 (slow to load; the first view does without)

    known = plane.standardised(features_of(table, plane.features))
    tree = cKDTree(known)
    limit = float(np.quantile(tree.query(known, k=2)[0][:, 1], quantile))
    far: BoolArray = tree.query(plane.standardised(candidates))[0] > limit
    return far

"""Where likes and the other tracks lie along each feature: histograms with shared bins, ranges, shares."""

from typing import Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from earmark.page.portrait.taste_table import TasteTable
from earmark.page.portrait.wording import CATEGORIES, is_fraction, unit_of

FloatArray = npt.NDArray[np.float64]

BINS: Final = 25
_AXES: Final = {"key": (0.0, 11.0), "mode": (0.0, 1.0), "popularity": (0.0, 100.0)}


class Spread(BaseModel):
    """Where the middle of some tracks lies: 10 %, 50 % and 90 % quantiles in the feature's unit.

    ``shares`` are histogram heights: of each bin (a scale) or value (key, mode, metre), the share of the tracks of
    which the feature is known; they add up to 1.
    """

    n: int
    low: float | None
    median: float | None
    high: float | None
    shares: list[float]


class Distribution(BaseModel):
    """Likes and other tracks along one feature.

    ``edges`` are those of the bins, one more than there are shares; the first and last bin also hold what lies beyond.
    Of the key, the mode and the metre they are the values themselves, one for each share.
    """

    feature: str
    unit: str
    categorical: bool
    edges: list[float]
    liked: Spread
    others: Spread
    n_missing: int


def distributions(table: TasteTable) -> tuple[Distribution, ...]:
    """Those of all audio features, popularity and release year, as far as anything is known of them."""
    return tuple(
        distribution(name, values, table.liked) for name, values in table.measures.items() if not np.isnan(values).all()
    )


def distribution(feature: str, values: FloatArray, liked: npt.NDArray[np.bool_]) -> Distribution:
    """Likes and others along one feature.

    Parameters
    ----------
    feature : str
    values : ndarray of float, shape (n,)
        In the feature's unit; NaN where missing, but not all.
    liked : ndarray of bool, shape (n,)
    """
    known = ~np.isnan(values)
    categorical = feature in CATEGORIES
    edges = _kinds(feature, values[known]) if categorical else np.linspace(*axis(feature, values[known]), BINS + 1)
    sides = (_spread(values[known & side], edges, categorical=categorical) for side in (liked.astype(bool), ~liked))
    return Distribution(
        feature=feature,
        unit=unit_of(feature),
        categorical=categorical,
        edges=edges.tolist(),
        liked=next(sides),
        others=next(sides),
        n_missing=int((~known).sum()),
    )


def axis(feature: str, values: FloatArray) -> tuple[float, float]:
    """The two ends of a feature's axis: 0 to 1 for fractions, else what 99 of 100 tracks lie within.

    Parameters
    ----------
    feature : str
    values : ndarray of float, shape (n,)
        At least one, none missing.
    """
    if is_fraction(feature):
        return 0.0, 1.0
    if feature in _AXES:
        return _AXES[feature]
    low, high = (float(end) for end in np.quantile(values, [0.005, 0.995]))
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _kinds(feature: str, values: FloatArray) -> FloatArray:
    if feature in _AXES:
        return np.arange(_AXES[feature][0], _AXES[feature][1] + 1)
    return np.unique(values)


def _spread(values: FloatArray, edges: FloatArray, *, categorical: bool) -> Spread:
    if not len(values):
        return Spread(n=0, low=None, median=None, high=None, shares=[0.0] * (len(edges) - (not categorical)))
    if categorical:
        counts = (values[:, None] == edges[None, :]).sum(axis=0)
    else:
        counts = np.histogram(np.clip(values, edges[0], edges[-1]), bins=edges)[0]
    low, median, high = (None if categorical else float(end) for end in np.quantile(values, [0.1, 0.5, 0.9]))
    return Spread(n=len(values), low=low, median=median, high=high, shares=(counts / len(values)).tolist())

"""Whether taste drifts: likes and skips by quarter, and which features of what is liked change more than by chance.

An album is liked in one go, and an artist's tracks sound alike, so tracks are not independent: each artist counts once,
with the medians of date and feature of the likes. Spearman's rank correlation of the two is tested for each feature,
and the p-values are corrected for their number (Holm, Scandinavian Journal of Statistics 6, 1979).
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel
from scipy.special import stdtr

from earmark.feature_words import name_of
from earmark.page.portrait.taste_table import TasteTable
from earmark.page.portrait.wording import COMPARISONS, SCALES, YOU, Listener, listing, percent, sentence
from earmark.page.rendering import signed

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

LEVEL: Final = 0.05
"""Chance of seeing any drift where there is none."""
FEWEST_ARTISTS: Final = 20
FEWEST_DAYS: Final = 90
SHOWN: Final = 3
STEPS: Final = 24
"""Points of a running median."""
_WINDOW: Final = 6  # a running median sees the nearest sixth of the likes
_FEWEST_IN_WINDOW: Final = 12
_Z: Final = 1.96
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Quarter(BaseModel):
    """Tracks added in a quarter of a year; ``others`` are skips or background."""

    quarter: str
    liked: int
    others: int


class Moment(BaseModel):
    """The running median of what is liked, at a date (ISO 8601), with its 95 % band."""

    date: str
    median: float
    low: float
    high: float


class Trend(BaseModel):
    """How a feature of what is liked changes: Spearman's rho over artists, its p-value and that after Holm."""

    feature: str
    rho: float
    p_value: float
    p_holm: float
    drifts: bool
    running: list[Moment]


class Drift(BaseModel):
    """Likes over time; ``said`` says in words what is certain of it, or why nothing can be."""

    n_dated: int
    n_artists: int
    first: str | None
    last: str | None
    quarters: list[Quarter]
    trends: list[Trend]
    said: str


def drift(table: TasteTable, listener: Listener = YOU) -> Drift:
    """Likes over time, as far as dates are known."""
    dated = table.liked & ~np.isnan(table.added)
    days = table.added[dated]
    n_artists = len(np.unique(table.artists[dated]))
    trends: list[Trend] = []
    if not len(days):
        said = "No dates: this table does not say when tracks were added, so nothing can be said of drift."
    elif n_artists < FEWEST_ARTISTS:
        said = f"Likes of {n_artists} artists have a date, fewer than {FEWEST_ARTISTS}: too few to tell of drift."
    elif days.max() - days.min() < FEWEST_DAYS:
        said = f"All dates lie within {days.max() - days.min():.0f} days: too short to tell of drift."
    else:
        trends = _trends(table, np.flatnonzero(dated))
        said = _sentence(trends, n_artists, listener)
    return Drift(
        n_dated=int(dated.sum()),
        n_artists=n_artists,
        first=_date(days.min()) if len(days) else None,
        last=_date(days.max()) if len(days) else None,
        quarters=_quarters(table),
        trends=trends,
        said=said,
    )


def rank_correlation(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Spearman's rho and its two-sided p-value by Student's t; (0, 1) where either does not vary.

    Parameters
    ----------
    x, y : ndarray of float, shape (n,)
        At least 4.
    """
    ranks = np.array([pd.Series(values).rank() for values in (x, y)])
    if (ranks.min(axis=1) == ranks.max(axis=1)).any():
        return 0.0, 1.0
    rho = float(np.clip(np.corrcoef(ranks)[0, 1], -1, 1))
    if abs(rho) == 1:
        return rho, 0.0
    free = len(x) - 2
    return rho, float(2 * stdtr(free, -abs(rho) * (free / (1 - rho**2)) ** 0.5))


def holm(p_values: FloatArray) -> FloatArray:
    """P-values corrected for their number so that all of them hold at once; shape (n,), in [0, 1]."""
    order = np.argsort(p_values, kind="stable")
    stepped = np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1))
    corrected = np.empty_like(stepped)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def running_median(days: FloatArray, values: FloatArray) -> list[Moment]:
    """Medians of the nearest likes in time, with distribution-free bands.

    The band runs between the order statistics at ``n / 2 +- 1.96 sqrt(n) / 2`` (Conover, Practical Nonparametric
    Statistics, 1999, chapter 3.2).

    Parameters
    ----------
    days : ndarray of float, shape (n,)
        Since 1970.
    values : ndarray of float, shape (n,)
    """
    order = np.lexsort((values, days))
    days, values = days[order], values[order]
    width = min(max(len(days) // _WINDOW, _FEWEST_IN_WINDOW), len(days))
    starts = np.unique(np.linspace(0, len(days) - width, STEPS).astype(np.int64))
    reach = _Z * width**0.5 / 2
    low, high = max(int(np.floor(width / 2 - reach)), 0), min(int(np.ceil(width / 2 + reach)), width - 1)
    found = []
    for start in starts:
        window = np.sort(values[start : start + width])
        found.append(
            Moment(
                date=_date(float(np.median(days[start : start + width]))),
                median=float(np.median(window)),
                low=float(window[low]),
                high=float(window[high]),
            )
        )
    return found


def _trends(table: TasteTable, rows: IntArray) -> list[Trend]:
    """All features on a scale, those that change most first; the first few with their running medians."""
    measured = []
    for name in SCALES:
        known = rows[~np.isnan(table.measures[name][rows])]
        by_artist = pd.DataFrame({"day": table.added[known], "value": table.measures[name][known]})
        middles = by_artist.groupby(table.artists[known]).median()
        if len(middles) >= FEWEST_ARTISTS:
            measured.append((name, *rank_correlation(middles["day"].to_numpy(), middles["value"].to_numpy()), known))
    corrected = holm(np.array([p for _, _, p, _ in measured]))
    order = sorted(range(len(measured)), key=lambda i: (measured[i][2], measured[i][0]))
    trends = []
    for place, i in enumerate(order):
        name, rho, p, known = measured[i]
        running = running_median(table.added[known], table.measures[name][known]) if place < SHOWN else []
        trends.append(
            Trend(
                feature=name,
                rho=rho,
                p_value=p,
                p_holm=float(corrected[i]),
                drifts=bool(corrected[i] < LEVEL),
                running=running,
            )
        )
    return trends


def _sentence(trends: list[Trend], n_artists: int, listener: Listener) -> str:
    found = [trend for trend in trends if trend.drifts]
    how = f"{n_artists:,} artists, {len(trends)} features, chance of a false alarm {percent(LEVEL)}"
    if not found:
        closest = f"; {name_of(trends[0].feature)} comes closest, p = {trends[0].p_holm:.2f}" if trends else ""
        return f"What {listener.like} does not change over time by more than chance ({how}{closest})."
    parts = [_phrase(trend) for trend in found]
    return sentence(f"{listener.likes} have become {listing(parts)}: more than chance ({how}).")


def _phrase(trend: Trend) -> str:
    words = COMPARISONS[trend.feature]
    p = "p < 0.001" if trend.p_holm < 0.001 else f"p = {trend.p_holm:.3f}"
    more = words.more if trend.rho > 0 else words.less
    return f"{more} (rank correlation with time {signed(trend.rho)}, {p})"


def _quarters(table: TasteTable) -> list[Quarter]:
    """Every quarter from the first date to the last, empty ones too."""
    known = ~np.isnan(table.added)
    if not known.any():
        return []
    months = table.added[known].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    quarter = months // 3
    first, last = int(quarter.min()), int(quarter.max())
    sides = [
        np.bincount(quarter[side] - first, minlength=last - first + 1)
        for side in (table.liked[known], ~table.liked[known])
    ]
    return [
        Quarter(quarter=f"{1970 + q // 4} Q{q % 4 + 1}", liked=int(liked), others=int(others))
        for q, liked, others in zip(range(first, last + 1), *sides, strict=True)
    ]


def _date(days: float) -> str:
    return (_EPOCH + timedelta(days=float(days))).date().isoformat()

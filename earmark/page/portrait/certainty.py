"""How sure the ranker is of the tracks that it learned from, and how often it is right to be."""

from typing import Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from earmark.page.portrait.contrasts import clustered_auc
from earmark.page.portrait.taste_table import BACKGROUND_WORD, TasteTable
from earmark.page.portrait.wording import percent

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

BINS: Final = 20
RELIABILITY_BINS: Final = 10
UNSURE: Final = (0.4, 0.6)
SURPRISES: Final = 5
_Z_90: Final = 1.6449
_FEWEST: Final = 10


class Reliability(BaseModel):
    """Of tracks whose like probability lies within a tenth: their mean, and what share is liked, with its 90 % band."""

    n: int
    like_probability: float
    liked: float
    low: float
    high: float


class Area(BaseModel):
    """ROC AUC with its 95 % interval, for which artists are independent and their tracks are not."""

    rows: str
    n: int
    value: float
    low: float
    high: float


class Surprise(BaseModel):
    """A like that the ranker had thought unlikely, or a skip that it had thought likely."""

    track_id: str
    track_name: str | None
    artist_name: str | None
    liked: bool
    like_probability: float


class Certainty(BaseModel):
    """How sure the ranker is.

    ``liked`` and ``others`` count tracks by like probability, in twentieths from 0 to 1; ``unsure`` is the share
    between 0.4 and 0.6. All probabilities are by models that had not seen the track.
    """

    n: int
    liked: list[int]
    others: list[int]
    unsure: float
    reliability: list[Reliability]
    roc_auc: list[Area]
    surprises: list[Surprise]
    said: list[str]


def certainty(table: TasteTable) -> Certainty:
    """How sure the ranker of a table is; counts nothing where there are no probabilities."""
    known = ~np.isnan(table.probability)
    probability, liked = table.probability[known], table.liked[known]
    place = np.minimum((probability * BINS).astype(np.intp), BINS - 1)
    unsure = float(((probability >= UNSURE[0]) & (probability <= UNSURE[1])).mean()) if len(probability) else 0.0
    curve, areas = reliability(liked, probability), _areas(table, known)
    return Certainty(
        n=len(probability),
        liked=np.bincount(place[liked], minlength=BINS).tolist(),
        others=np.bincount(place[~liked], minlength=BINS).tolist(),
        unsure=unsure,
        reliability=curve,
        roc_auc=areas,
        surprises=_surprises(table, known),
        said=_sentences(table, len(probability), unsure, curve, areas),
    )


def reliability(liked: BoolArray, probability: FloatArray) -> list[Reliability]:
    """The calibration curve in tenths; empty ones are left out.

    Parameters
    ----------
    liked : ndarray of bool, shape (n,)
    probability : ndarray of float, shape (n,)
        In [0, 1].

    References
    ----------
    Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22:209-212.
    """
    place = np.minimum((probability * RELIABILITY_BINS).astype(np.intp), RELIABILITY_BINS - 1)
    counts = np.bincount(place, minlength=RELIABILITY_BINS)
    filled = counts > 0
    n = counts[filled]
    share = np.bincount(place, liked, minlength=RELIABILITY_BINS)[filled] / n
    mean = np.bincount(place, probability, minlength=RELIABILITY_BINS)[filled] / n
    middle = (share + _Z_90**2 / (2 * n)) / (1 + _Z_90**2 / n)
    half = _Z_90 / (1 + _Z_90**2 / n) * np.sqrt(share * (1 - share) / n + _Z_90**2 / (4 * n**2))
    low, high = np.minimum(np.maximum(middle - half, 0), share), np.maximum(np.minimum(middle + half, 1), share)
    return [
        Reliability(n=int(row[0]), like_probability=row[1], liked=row[2], low=row[3], high=row[4])
        for row in np.column_stack([n, mean, share, low, high]).tolist()
    ]


def _areas(table: TasteTable, known: BoolArray) -> list[Area]:
    parts = (("held out", known & table.held_out), ("out of fold", known & ~table.held_out))
    found = []
    for name, rows in parts:
        n_liked = int((rows & table.liked).sum())
        if min(n_liked, int(rows.sum()) - n_liked) >= _FEWEST:
            value, low, high = clustered_auc(table.liked[rows], table.probability[rows], table.artists[rows])
            found.append(Area(rows=name, n=int(rows.sum()), value=value, low=low, high=high))
    return found


def _surprises(table: TasteTable, known: BoolArray) -> list[Surprise]:
    """The likes that were least expected, then, where tracks were judged, the skips that were."""
    least = np.flatnonzero(known & table.liked)
    most = np.flatnonzero(known & ~table.liked) if table.others != BACKGROUND_WORD else np.zeros(0, dtype=np.intp)
    least = least[np.argsort(table.probability[least], kind="stable")][:SURPRISES]
    most = most[np.argsort(-table.probability[most], kind="stable")][:SURPRISES]
    return [
        Surprise(
            track_id=table.track_id[row],
            track_name=table.track_name[row],
            artist_name=table.artist_name[row],
            liked=bool(table.liked[row]),
            like_probability=float(table.probability[row]),
        )
        for row in (*least, *most)
    ]


def _sentences(table: TasteTable, n: int, unsure: float, curve: list[Reliability], areas: list[Area]) -> list[str]:
    if not n:
        return ["Nothing is known of how sure the ranker is: no track was predicted by models that had not seen it."]
    said = []
    if areas:
        best = areas[0]
        where = "held-out tracks" if best.rows == "held out" else "tracks, each by models that had not seen it"
        said.append(
            f"Of a like and a {'background track' if table.others == BACKGROUND_WORD else 'skip'}, the ranker puts the "
            f"like first {percent(best.value)} of the time (ROC AUC {best.value:.3f}, 95 % interval {best.low:.3f} to "
            f"{best.high:.3f}, {best.n:,} {where})."
        )
    said.append(f"It is unsure, between 40 % and 60 %, of {percent(unsure)} of {n:,} tracks.")
    if table.others == BACKGROUND_WORD:
        said.append("Like probabilities are relative to the background: they rank, and do not say what share is liked.")
    else:
        off = [row for row in curve if not row.low <= row.like_probability <= row.high]
        honest = f"{len(curve) - len(off)} of {len(curve)} tenths"
        said.append(
            f"Its probabilities can be taken at their word in {honest}: what it says lies within the 90 % band there."
        )
    return said

"""Columns that give the labels away: what to look at before anything is learned.

A table is often put together from two places: likes from one export, skips from another playlist. Then its ids, dates,
gaps or order of rows tell the two apart, and a model that sees them learns the place instead of the taste.

Each column is judged alone, where it has values, in two ways. By rank: the ROC AUC of its values, in either direction.
By rate: the ROC AUC of the share of likes among *other* rows with the same value (text) or a similar one (numbers and
dates, in bins of equal size), which also finds likes in the middle of a range. Rates are cross-fitted, so that a value
that occurs once, such as an id, says nothing. Folds follow from track ids: where a row stands does not matter.

Gaps are judged by a lower threshold: a value that is known of most likes and of few skips was never a matter of taste.

An AUC above the threshold must also be significantly above ``threshold - MARGIN``: a score test with Hanley and
McNeil's standard error (Radiology 143, 1982) in the form of Newcombe's fifth method (Statistics in Medicine 25, 2006),
which does not vanish where the AUC is 1; at 5 % over all columns together (Bonferroni).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.context import CONTEXT_COLUMNS
from features.genres import common_genres
from features.identity import LOCAL_ID, normalise_name, primary_artist
from features.inputs import INPUTS
from features.label_rates import auc_of_ranks, auc_of_rates, equal_bins, label_folds, standard_error
from features.report import show

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

Kind = Literal["value", "missing", "id", "date", "order"]
"""What gives the labels away: a column's values, its gaps, how an id is made, when something was, the order of rows."""
Severity = Literal["warning", "note", "harmless"]
"""``warning``: models see it. ``note``: they do not, but the table looks patched together. ``harmless``: row order."""

_MADE_FROM: Final = {"tempo_sin": "tempo", "tempo_cos": "tempo", "release_year": "release_date"}
_NAMES: Final = ("artist_name", "genres")
USED: Final = frozenset({_MADE_FROM.get(name, name) for name in INPUTS}.difference(CONTEXT_COLUMNS).union(_NAMES))
"""Columns that models see, as they are or as what `features.inputs` makes of them; of ``release_date`` the year."""
ROW_ORDER: Final = "row order"
"""The ``feature`` of a leak by the order of rows."""
MIN_OF_EACH: Final = 10
"""Liked and skipped tracks that a judgement needs at least."""
MARGIN: Final = 0.15
"""How far below the threshold an AUC must be ruled out: with 0.95, it is surely above 0.8.

The threshold alone decides about tables of hundreds of tracks; of 60 tracks, only a nearly perfect column is reported.
"""

GAPS_THRESHOLD: Final = 0.75
"""The same of whether a value is known, as of .75 of the likes and .25 of the skips: taste leaves no such gaps."""

_LEVEL: Final = 0.05
_MIN_SHARE: Final = 0.1  # of the tracks must have a value: what few have gives few away
_SEVERITIES: Final[tuple[Severity, ...]] = ("warning", "note", "harmless")

_MEND: Final = "leave the column out, or take likes and skips from the same place"
_ELSEWHERE: Final = (
    "models do not see it, but likes and skips look taken from different places, which other columns may show too: "
    "take them from the same place and time"
)
_SPLIT: Final = "; a split by time may part likes from skips, too: split by artist or at random"
_UNSORTED: Final = "no harm here, neither splits nor models look at it; shuffle rows for tools that test on the last"
_TIMES: Final = ("later for liked ones", "earlier for liked ones")


@dataclass(frozen=True)
class Leak:
    """One thing in a table that gives the labels away.

    Parameters
    ----------
    feature : str
        The column, or ``row order``.
    kind : {"value", "missing", "id", "date", "order"}
    severity : {"warning", "note", "harmless"}
    auc : float in (0.5, 1]
        How well it ranks liked against skipped tracks, whichever come first.
    n_tracks : int
        Tracks that it was measured on: those that have a value.
    message : str
        What, how strong, and in which way.
    hint : str
        The mend.
    alike : tuple of str
        Other columns that are missing in the very same rows.
    """

    feature: str
    kind: Kind
    severity: Severity
    auc: float
    n_tracks: int
    message: str
    hint: str
    alike: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Signal:
    """One way to look at a column: a number a row, NaN where unknown; the numbers of groups are mere names."""

    feature: str
    kind: Kind
    what: str
    of_rows: FloatArray
    used: bool = False
    groups: bool = False
    ends: tuple[str, str] = ("higher for liked ones", "lower for liked ones")
    alike: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Evidence:
    """How well a signal ranks the labels; ``excess`` is by how many standard errors the AUC is above the floor."""

    signal: _Signal
    auc: float
    excess: float
    n_tracks: int
    how: str


def find_leaks(tracks: pd.DataFrame, y: npt.ArrayLike, *, threshold: float = 0.95) -> tuple[Leak, ...]:
    """Find what gives the labels away.

    Parameters
    ----------
    tracks : DataFrame, shape (n, any)
        A validated tracks table, not changed. ``liked`` and ``weight``, how much labels count, are not looked at.
    y : array-like of 0 and 1, shape (n,)
    threshold : float in (0.5, 1)
        ROC AUC above which one column alone is too good to be true; of its gaps ``GAPS_THRESHOLD``, if that is less.

    Returns
    -------
    tuple of Leak
        At most one a column and kind; warnings first, then notes, each from the strongest. Empty where there are fewer
        than ``MIN_OF_EACH`` tracks of either class.

    Raises
    ------
    ValueError
        For labels other than 0 and 1, more or fewer labels than tracks, or a threshold out of range.
    """
    labels = np.asarray(y, dtype=np.float64)
    if labels.shape != (len(tracks),) or not np.isin(labels, (0.0, 1.0)).all():
        raise ValueError(f"expected {len(tracks)} labels of 0 and 1, got an array of shape {labels.shape}")
    if not 0.5 < threshold < 1.0:
        raise ValueError(f"expected a threshold above 0.5 and below 1, got {threshold}")
    if _rarer(labels) < MIN_OF_EACH:
        return ()
    folds = label_folds(tracks["track_id"], labels)
    evidence: dict[tuple[str, Kind], list[_Evidence]] = {}
    for signal in _signals(tracks):
        if found := list(_judge(signal, labels, folds, max(0.5, _limit(signal, threshold) - MARGIN))):
            evidence.setdefault((signal.feature, signal.kind), []).extend(found)
    least = NormalDist().inv_cdf(1.0 - _LEVEL / len(evidence))
    leaks = []
    for found in evidence.values():
        alarms = [one for one in found if one.auc > _limit(one.signal, threshold) and one.excess > least]
        if alarms:
            leaks.append(_leak(max(alarms, key=lambda one: (one.signal.used, one.auc))))
    return tuple(sorted(leaks, key=lambda leak: (_SEVERITIES.index(leak.severity), -leak.auc, leak.feature, leak.kind)))


def _limit(signal: _Signal, threshold: float) -> float:
    return min(threshold, GAPS_THRESHOLD) if signal.kind == "missing" else threshold


def _leak(evidence: _Evidence) -> Leak:
    """Put it in words."""
    signal = evidence.signal
    severity: Severity = "warning" if signal.used else "harmless" if signal.kind == "order" else "note"
    also = f" (like {', '.join(signal.alike)} in the same rows)" if signal.alike else ""
    message = (
        f"{signal.what}{also} tells liked from skipped tracks by itself: AUC {evidence.auc:.3f} over "
        f"{evidence.n_tracks:,} tracks, {evidence.how}"
    )
    mend = f"fill the gaps, {_MEND}" if signal.kind == "missing" else f"{_MEND}; if you do choose by it, all is well"
    hint = {"warning": mend, "note": _ELSEWHERE, "harmless": _UNSORTED}[severity]
    hint += _SPLIT if "added_at" in {signal.feature, *signal.alike} else ""
    return Leak(signal.feature, signal.kind, severity, evidence.auc, evidence.n_tracks, message, hint, signal.alike)


def _signals(tracks: pd.DataFrame) -> Iterator[_Signal]:
    """Every way to look at every column, the plainest first."""
    position = np.arange(len(tracks), dtype=np.float64)
    yield _Signal(ROW_ORDER, "order", "the order of rows", position, ends=("liked ones last", "liked ones first"))
    columns = {str(name): column for name, column in tracks.items() if name not in {"liked", "weight"}}
    yield from _gaps(columns)
    for name, column in columns.items():
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            yield from _of_moments(name, column)
        elif pd.api.types.is_numeric_dtype(column.dtype):
            yield _Signal(name, "value", name, column.to_numpy(dtype=np.float64, na_value=np.nan), name in USED)
        else:
            yield from _of_text(name, column)


def _gaps(columns: dict[str, "pd.Series[Any]"]) -> Iterator[_Signal]:
    """Which rows lack a value; columns with the same gaps are one signal, named after a used one if there is one."""
    alike: dict[bytes, list[str]] = {}
    for name in sorted(columns, key=lambda name: name not in USED):
        alike.setdefault(columns[name].isna().to_numpy(dtype=bool).tobytes(), []).append(name)
    for content, (name, *others) in alike.items():
        gone = np.frombuffer(content, dtype=bool).astype(np.float64)
        what, ends = f"whether {name} is missing", ("so for liked ones", "so for skipped ones")
        yield _Signal(name, "missing", what, gone, name in USED, ends=ends, alike=tuple(others))


def _of_moments(name: str, column: "pd.Series[Any]") -> Iterator[_Signal]:
    """When, and at what time of day: an export that knows only the day writes midnight."""
    seconds = np.asarray((column - pd.Timestamp(0, tz="UTC")).dt.total_seconds(), dtype=np.float64)
    yield _Signal(name, "date", name, seconds, name in USED, ends=_TIMES)
    yield _Signal(name, "date", f"the time of day of {name}", np.mod(seconds, 24 * 60 * 60), ends=_TIMES)


def _of_text(name: str, column: "pd.Series[Any]") -> Iterator[_Signal]:
    """What a text is, and what it looks like."""
    codes, distinct = pd.factorize(column, sort=True)
    texts = pd.Series(distinct, dtype="str")
    order, lengths, used = np.arange(len(texts)), texts.str.len().to_numpy(dtype=np.float64), name in USED
    kind: Kind = "id" if name in {"track_id", "isrc"} else "date" if name == "release_date" else "value"

    def of_rows(of_texts: npt.ArrayLike) -> FloatArray:
        return np.append(np.asarray(of_texts, dtype=np.float64), np.nan)[codes]  # a missing text has the code -1

    if kind == "id":
        made, counted = texts.str.startswith(LOCAL_ID), np.argsort(np.lexsort((order, lengths)))  # 9 before 10
        ends = ("so for liked ones", "so for skipped ones")
        yield _Signal(name, kind, f"whether {name} starts with {LOCAL_ID}", of_rows(made), ends=ends)
        yield _Signal(name, kind, f"the order of {name} as numbers", of_rows(counted))
        yield _Signal(name, kind, f"the alphabetical order of {name}", of_rows(order))
    elif kind == "date":
        yield _Signal(name, kind, f"the year of {name}", of_rows(texts.str[:4]), used, ends=_TIMES)
        yield _Signal(name, kind, name, of_rows(order), ends=_TIMES)
    else:
        names = pd.factorize(primary_artist(texts).map(normalise_name))[0] if name == "artist_name" else order
        yield _Signal(name, kind, name, of_rows(names), used, groups=True)
        if name == "genres":
            for genre, has in common_genres(texts):
                yield _Signal(name, kind, f"'{show(genre)}' among the genres", of_rows(has), used)
    yield _Signal(name, kind, f"the length of {name}", of_rows(lengths))


def _judge(signal: _Signal, labels: FloatArray, folds: IntArray, floor: float) -> Iterator[_Evidence]:
    """By rank and by rate; nothing where a column is constant or rarely known."""
    known = ~np.isnan(signal.of_rows)
    y = labels[known]
    distinct, codes, counts = np.unique(signal.of_rows[known], return_inverse=True, return_counts=True)
    if len(distinct) < 2 or _rarer(y) < MIN_OF_EACH or len(y) < _MIN_SHARE * len(labels):
        return
    error = standard_error(floor, y)
    if not signal.groups:
        far = max(auc := auc_of_ranks(codes, y), 1.0 - auc)
        yield _Evidence(signal, far, (far - floor) / error, len(y), signal.ends[auc < 0.5])
    auc = auc_of_rates(codes if signal.groups else equal_bins(codes, counts), y, folds[known])
    how = f"going by other tracks of {'the same' if signal.groups else 'a similar'} value"
    yield _Evidence(signal, auc, (auc - floor) / error, len(y), how)


def _rarer(y: FloatArray) -> float:
    """Tracks of the rarer class."""
    return float(min(y.sum(), len(y) - y.sum()))

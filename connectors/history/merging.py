"""One play that was reported twice: offline synchronisation, overlapping exports, rows written again."""

from typing import Final

import numpy as np
import numpy.typing as npt

from connectors.history.play_table import Ints, PlayTable

_SHARE: Final = 0.5
_BLUR_MS: Final = 2_000
"""Two plays of one track are one where they overlap by more than this share of the shorter one and the blur of their
time stamps. Crossfade overlaps repeats by 12 s at most, the rounding of times a skip and a restart by a second."""

_MIXER: Final = np.uint64(0x9E3779B97F4A7C15)  # 2^64 by the golden ratio (Knuth's multiplicative hashing)
_LENGTHS: Final = 1 << 27
"""More than the milliseconds of a day."""


def duplicates(table: PlayTable, fixed: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.bool_]:
    """Which plays repeat another one of the same track.

    A play is a repetition where it overlaps another one, ends in the same second, or began in the same second by the
    player's clock and was as long. Of several the one that says most stays: finished, then skipped, then the longest.

    Parameters
    ----------
    table : PlayTable
        Plays with an outcome, in any order.
    fixed : ndarray of bool, shape (n_plays,), optional
        Plays that stay in any case, such as those in the library.

    Returns
    -------
    ndarray of bool, shape (n_plays,)
    """
    fixed = np.zeros(len(table), dtype=bool) if fixed is None else fixed
    repeated = _same_beginning(table, fixed)
    while True:  # what stays of several may overlap one that was far from the others
        rest = np.flatnonzero(~repeated)
        overlapping = _overlapping(table.take(rest), fixed[rest])
        if not overlapping.any():
            return repeated
        repeated[rest[overlapping]] = True


def _same_beginning(table: PlayTable, fixed: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    repeated = np.zeros(len(table), dtype=bool)
    rows = _perhaps_same(table)
    table, stays = table.take(rows), fixed[rows]
    order = np.lexsort((table.ended_at, _worth(table, stays), table.ms_played, table.began_at, table.track))
    same = np.ones(max(len(order) - 1, 0), dtype=bool)
    for column in (table.track, table.began_at, table.ms_played):
        same &= column[order][1:] == column[order][:-1]
    repeated[rows[order[1:]]] = same & ~stays[order[1:]]
    return repeated


def _perhaps_same(table: PlayTable) -> npt.NDArray[np.intp]:
    """The plays that may have begun together with another of their track: nearly none, found by sorting one column."""
    # A length of 0 at one beginning may be several tries to start.
    known = np.flatnonzero((table.began_at > 0) & (table.ms_played > 0))
    mixed = np.zeros(len(known), dtype=np.uint64)
    for column in (table.track, table.began_at, table.ms_played):
        mixed = (mixed ^ column[known].astype(np.uint64)) * _MIXER  # wraps around
    ordered = np.sort(mixed)
    return known[np.isin(mixed, ordered[1:][ordered[1:] == ordered[:-1]])]


def _overlapping(table: PlayTable, fixed: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    worth = _worth(table, fixed)
    order = np.lexsort((worth, table.keys()))
    track, ended, ms = table.track[order], table.ended_at[order] * 1000, table.ms_played[order]
    worth, stays = worth[order], fixed[order]
    near = np.zeros(len(order), dtype=bool)
    near[1:] = (track[1:] == track[:-1]) & _overlap(ended[:-1], ms[:-1], ended[1:], ms[1:])
    repeated = np.zeros(len(order), dtype=bool)
    for first, end in _runs(track, near):
        best = first
        for place in range(first + 1, end):
            if not _overlap(ended[best], ms[best], ended[place], ms[place]):
                best = place
            elif worth[place] < worth[best]:
                repeated[best] = not stays[best]
                best = place
            else:
                repeated[place] = not stays[place]
    result = np.zeros(len(order), dtype=bool)
    result[order] = repeated
    return result


def _overlap(ended: Ints, ms: Ints, later_ended: Ints, later_ms: Ints) -> npt.NDArray[np.bool_]:
    """Whether a play and one that ended no sooner are one; lengths and ends in ms."""
    shared = ended - np.maximum(ended - ms, later_ended - later_ms)
    same: npt.NDArray[np.bool_] = (ended == later_ended) | (shared - _BLUR_MS > _SHARE * np.minimum(ms, later_ms))
    return same


def _runs(track: Ints, near: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First place and the place after the last of each track that has two plays close to each other."""
    starts = np.flatnonzero(np.append(True, track[1:] != track[:-1])) if len(track) else np.zeros(0, dtype=np.int64)
    ends = np.append(starts[1:], len(track))
    some = np.add.reduceat(near, starts) > 0 if len(starts) else np.zeros(0, dtype=bool)
    return list(zip(starts[some].tolist(), ends[some].tolist(), strict=True))


def _worth(table: PlayTable, fixed: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """The lower, the more a play says: what is fixed, then by outcome, then the longest."""
    length = np.minimum(table.ms_played, _LENGTHS - 1)
    worth: npt.NDArray[np.int64] = (~fixed * 16 + table.fate.astype(np.int64)) * _LENGTHS - length
    return worth

"""One play that was reported twice: offline synchronisation, overlapping exports, rows written again."""

from typing import Final

import numpy as np
import numpy.typing as npt

from connectors.history.play_table import Ints, PlayTable

_SHARE: Final = 0.5
_BLUR_MS: Final = 2_000
"""Two plays of one track are one where they overlap by more than this share of the shorter one and the blur of their
time stamps. Crossfade overlaps repeats by 12 s at most, the rounding of times a skip and a restart by a second."""


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
    order = np.lexsort((table.ended_at, table.fate, ~fixed, table.ms_played, table.began_at, table.track))
    # A length of 0 at one beginning may be several tries to start.
    known = (table.began_at[order] > 0) & (table.ms_played[order] > 0)
    same = known[1:]
    for column in (table.track, table.began_at, table.ms_played):
        same = same & (column[order][1:] == column[order][:-1])
    repeated = np.zeros(len(table), dtype=bool)
    repeated[order[1:]] = same & ~fixed[order[1:]]
    return repeated


def _overlapping(table: PlayTable, fixed: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    order = np.lexsort((-table.ms_played, table.fate, ~fixed, table.ended_at, table.track))
    track, ended, ms = table.track[order], table.ended_at[order] * 1000, table.ms_played[order]
    fate, stays = table.fate[order], fixed[order]
    near = np.zeros(len(order), dtype=bool)
    near[1:] = (track[1:] == track[:-1]) & _overlap(ended[:-1], ms[:-1], ended[1:], ms[1:])
    repeated = np.zeros(len(order), dtype=bool)
    for first, end in _runs(track, near):
        best = first
        for place in range(first + 1, end):
            if not _overlap(ended[best], ms[best], ended[place], ms[place]):
                best = place
            elif _says_more(place, best, stays, fate, ms):
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


def _says_more(place: int, best: int, stays: npt.NDArray[np.bool_], fate: Ints, ms: Ints) -> bool:
    return bool((not stays[place], fate[place], -ms[place]) < (not stays[best], fate[best], -ms[best]))

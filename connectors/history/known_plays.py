"""Which plays of an export are new: beside each other, and beside what the library has."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from connectors.history.merging import duplicates
from connectors.history.play_table import EXCLUDED, KEPT, Fate, PlayTable, ReasonRegister, concatenate
from connectors.history.track_register import NO_TRACK, NamedTrack, TrackRegister
from connectors.library import Outcome, PlayColumns

_OUTCOMES: Final[dict[Fate, Outcome]] = {
    Fate.FINISHED: "finished",
    Fate.SKIPPED: "skipped",
    Fate.NEUTRAL: "neutral",
}
_SECOND: Final = 1_000_000
"""Microseconds, in which the library keeps times."""


def fates(plays: PlayTable, register: TrackRegister, stored: PlayColumns) -> tuple[PlayTable, int]:
    """What becomes of each play.

    Parameters
    ----------
    plays : PlayTable
        As they were read.
    register : TrackRegister
        Numbers their tracks.
    stored : PlayColumns
        What the library has.

    Returns
    -------
    plays : PlayTable
        Those whose fate is still one of ``KEPT`` are to be written.
    shadowed : int
        How many of those that are left out are in the library nevertheless.
    """
    kept = np.flatnonzero(np.isin(plays.fate, KEPT))
    plays = plays.with_fate(kept[duplicates(plays.take(kept))], Fate.DUPLICATE)
    if not len(stored):
        return plays, 0
    there = _as_table(stored, register)
    known = np.isin(plays.keys(), there.keys())
    shadowed = int((known & np.isin(plays.fate, EXCLUDED)).sum())
    # Plays that other exports brought may be the same under a slightly other time.
    others = there.take(~np.isin(there.keys(), plays.keys()))
    new = np.isin(plays.fate, KEPT) & ~known
    beside = np.flatnonzero(new & np.isin(plays.track, others.track))
    repeated = duplicates(
        concatenate([plays.take(beside), others]), fixed=np.arange(len(beside) + len(others)) >= len(beside)
    )
    plays = plays.with_fate(known & np.isin(plays.fate, KEPT), Fate.KNOWN)
    return plays.with_fate(beside[repeated[: len(beside)]], Fate.DUPLICATE), shadowed


def to_write(
    plays: PlayTable, register: TrackRegister, reasons: ReasonRegister
) -> tuple[PlayColumns, Sequence[NamedTrack]]:
    """The plays that are kept, for the library.

    Returns
    -------
    plays : PlayColumns
        In the order of their key, in which a database takes them several times faster than in that of time.
    tracks : sequence of NamedTrack
        Those that the columns refer to by number, in the order of their ids.
    """
    order = sorted(range(len(register.tracks)), key=lambda number: register.tracks[number].track_id)
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    kept = np.flatnonzero(np.isin(plays.fate, KEPT))
    plays = plays.take(kept)
    plays = plays.take(np.argsort(replace(plays, track=rank[plays.track]).keys()))
    tracks = [register.tracks[number] for number in order]
    # The words of the outcomes are numbered as their fates are; number 0 of a reason is none.
    first = len(_OUTCOMES) - 1
    reason = np.array([-1, *range(first + 1, first + len(reasons.words))], dtype=np.int16)
    columns = PlayColumns(
        track_ids=[track.track_id for track in tracks],
        words=[*(_OUTCOMES[fate] for fate in sorted(_OUTCOMES)), *(word or "" for word in reasons.words[1:])],
        track=rank[plays.track],
        ended_at=plays.ended_at * _SECOND,
        ms_played=plays.ms_played,
        outcome=plays.fate.astype(np.int16),
        reason_start=reason[plays.reason_start],
        reason_end=reason[plays.reason_end],
        shuffle=plays.shuffle.astype(np.int8),
        offline=plays.offline.astype(np.int8),
    )
    return columns, tracks


def _as_table(stored: PlayColumns, register: TrackRegister) -> PlayTable:
    """The library's plays of tracks that the export names."""
    number = np.array([register.number_of_id(track_id) for track_id in stored.track_ids], dtype=np.int64)
    fate_of: dict[str, int] = {outcome: int(fate) for fate, outcome in _OUTCOMES.items()}
    fate = np.array([fate_of.get(word, Fate.NEUTRAL) for word in stored.words], dtype=np.int64)
    stored = stored.take(number[stored.track] != NO_TRACK)
    nothing = np.zeros(len(stored), dtype=np.int64)
    return PlayTable(
        track=number[stored.track],
        ended_at=stored.ended_at // _SECOND,
        began_at=nothing,
        ms_played=stored.ms_played,
        fate=fate[stored.outcome],
        reason_start=nothing,
        reason_end=nothing,
        shuffle=nothing,
        offline=nothing,
    )

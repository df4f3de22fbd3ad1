"""How much each play counts, by how it came about and how it ended; and which plays the reason misjudges.

The weights are ratios of trust, to one digit; none was fitted, for no table of plays comes with the truth.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

FINISHED: Final = "finished"
SKIPPED: Final = "skipped"
NEUTRAL: Final = "neutral"

WHOLE: Final = 0.95
"""Played to this share of its length a track was heard: whoever presses Next in the last seconds did not skip it."""

HALF_LIFE_DAYS: Final = 730.0
"""After two years a play counts half: tastes move."""

_BY_END: Final = {
    "trackdone": 1.0,
    "fwdbtn": 1.0,  # Next: said of this track
    "nextbtn": 1.0,
    "endplay": 0.6,  # something else was started: said of the other as much as of this one
    "backbtn": 0.5,  # often a return to the track before
    "unknown": 0.5,
}
_OTHERWISE: Final = 0.4  # the flag alone, or only a length

_CHOSEN: Final = ("clickrow", "clickside", "playbtn", "uriopen", "popup")
_CHOSEN_FINISHED: Final = 1.5  # asked for, and heard to the end
_CHOSEN_SKIPPED: Final = 0.7  # asked for all the same
_RETURNED_FINISHED: Final = 1.25  # gone back to, and heard to the end
_ORDERED_SKIPPED: Final = 0.8  # without shuffle the order was known: passing on tells more of the moment
_BROWSING: Final = 0.25  # one of several skips within two seconds: looking for something
_GLANCE_MS: Final = 2_000
_BURST_S: Final = 10
_RESTART_S: Final = 5
_ECHO_S: Final = 60
_SAME_LENGTH_MS: Final = 1_000
_SHORTEST_TRACK_MS: Final = 20_000


def weigh(
    plays: pd.DataFrame, recording: npt.NDArray[np.integer], duration_ms: npt.NDArray[np.float64] | None = None
) -> pd.DataFrame:
    """Judge and weigh each play.

    Parameters
    ----------
    plays : DataFrame
        Columns of ``connectors.library.rows.PlayRow``, in any order.
    recording : ndarray of int, shape (n_plays,)
    duration_ms : ndarray of float, shape (n_plays,), optional
        NaN where unknown.

    Returns
    -------
    DataFrame
        ``track_id``, ``recording``, ``ended_at``, ``outcome`` and ``weight`` (above 0), in order of time. Plays of the
        short form that the extended history has as well are left out.
    """
    table = plays.assign(
        recording=np.asarray(recording, dtype=np.int64),
        known_ms=np.nan if duration_ms is None else duration_ms,
        second=pd.DatetimeIndex(plays["ended_at"]).as_unit("s").astype("int64"),
    ).sort_values(["second", "track_id"], ignore_index=True)
    table = table[~_echoes(table)].reset_index(drop=True)
    table["outcome"] = _judged(table)
    table["weight"] = _weights(table)
    return table[["track_id", "recording", "ended_at", "outcome", "weight"]]


def _echoes(table: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Plays of the short form, known to the minute and without reasons, that are also there with reasons."""
    bare = (table["reason_start"].isna() & table["reason_end"].isna()).to_numpy()
    echo = np.zeros(len(table), dtype=bool)
    if bare.all() or not bare.any():
        return echo
    columns = table[["recording", "second", "ms_played"]]
    full = columns[~bare].assign(minute=columns["second"] // 60)
    short = columns[bare].assign(row=np.flatnonzero(bare), minute=columns["second"] // 60)
    for shift in (-1, 0, 1):
        pairs = short.assign(minute=short["minute"] + shift).merge(full, on=["recording", "minute"])
        near = (pairs["second_x"] - pairs["second_y"]).abs() <= _ECHO_S
        same = (pairs["ms_played_x"] - pairs["ms_played_y"]).abs() <= _SAME_LENGTH_MS
        echo[pairs["row"][near & same].to_numpy()] = True
    return echo


def _judged(table: pd.DataFrame) -> npt.NDArray[np.object_]:
    """The outcomes, mended where the length or the next play contradicts the reason."""
    outcome = table["outcome"].to_numpy(dtype=object).copy()
    whole = table["ms_played"].to_numpy() >= WHOLE * _durations(table)  # not so for NaN
    outcome[whole & (outcome != FINISHED)] = FINISHED
    following = table.shift(-1)
    restart = (
        (table["reason_end"] == "backbtn")
        & (following["reason_start"] == "backbtn")
        & (following["recording"] == table["recording"])
        & (following["second"] - following["ms_played"] / 1000 - table["second"] <= _RESTART_S)
    )
    outcome[restart.to_numpy(dtype=bool) & (outcome == SKIPPED)] = NEUTRAL
    return outcome


def _durations(table: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Length of each play's recording in ms: as known, else the median of plays to the end, else NaN."""
    ended = table["ms_played"].where((table["outcome"] == FINISHED) & (table["ms_played"] >= _SHORTEST_TRACK_MS))
    told = ended.groupby(table["recording"]).transform("median")
    return table["known_ms"].fillna(told).to_numpy(dtype=float)


def _weights(table: pd.DataFrame) -> npt.NDArray[np.float64]:
    ends = table["reason_end"].astype(object)
    weight = ends.map(_BY_END).fillna(_OTHERWISE).to_numpy(dtype=float).copy()
    skipped, finished = (table["outcome"] == SKIPPED).to_numpy(), (table["outcome"] == FINISHED).to_numpy()
    chosen = table["reason_start"].isin(_CHOSEN).to_numpy()
    returned = (table["reason_start"] == "backbtn").to_numpy()
    ordered = (table["shuffle"] == False).fillna(value=False).to_numpy(dtype=bool)  # noqa: E712 (missing is neither)
    weight[finished & chosen] *= _CHOSEN_FINISHED
    weight[finished & returned] *= _RETURNED_FINISHED
    weight[skipped & chosen] *= _CHOSEN_SKIPPED
    weight[skipped & ordered & ~chosen] *= _ORDERED_SKIPPED
    weight[_in_burst(table, skipped)] *= _BROWSING
    # Before the last play, not before today: the same history always says the same.
    second = table["second"].to_numpy(dtype=float)
    age_days = (second.max(initial=0) - second) / 86_400
    return np.asarray(weight * 0.5 ** (age_days / HALF_LIFE_DAYS), dtype=float)


def _in_burst(table: pd.DataFrame, skipped: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Skips within two seconds, right before or after another such skip."""
    glance = skipped & (table["ms_played"] < _GLANCE_MS).to_numpy()
    follows = np.zeros(len(table), dtype=bool)
    follows[1:] = glance[1:] & glance[:-1] & (np.diff(table["second"].to_numpy()) <= _BURST_S)
    leads: npt.NDArray[np.bool_] = np.append(follows[1:], np.False_)
    return follows | leads

"""From the library's raw rows to a tracks table: one row a recording, its label and its features."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from connectors.evidence.resolve import resolve
from connectors.evidence.rules import RULE_OF
from connectors.library import reading
from connectors.library.analyses import choose_values
from connectors.library.identity import Positions, isrcs, recordings
from connectors.library.rows import PAGE_DEMO
from connectors.track_ids import ISRC_ID
from features.columns import ANALYSED_FEATURES, AUDIO_FEATURES
from features.identity import LOCAL_ID

NAMES: Final = ("track_name", "artist_name", "album_name", "release_date", "isrc", "explicit", "popularity")
COLUMNS: Final = (
    "track_id",
    "track_name",
    "artist_name",
    *AUDIO_FEATURES,
    "album_name",
    "release_date",
    "isrc",
    "explicit",
    "popularity",
    "added_at",
    "weight",
    "liked",
)
"""The columns of the tracks table that a library gives, in the order of ``features.schema``."""

PLAYS_SOURCE: Final = "history"
"""Where plays come from, and so the verdicts that are drawn from them."""
_PLAY_KINDS: Final = ("finished", "skipped")
_AS_WEAK: Final = tuple(kind for kind, rule in RULE_OF.items() if rule.rank == RULE_OF["skipped"].rank)


@dataclass(frozen=True)
class LabelledTracks:
    """The library as a tracks table.

    Parameters
    ----------
    tracks : DataFrame
        One row a recording that there is evidence of, in the order of their ids: `COLUMNS`, not yet validated.
        ``liked`` is missing where evidence contradicts itself; ``added_at`` is when the deciding word was said.
    feature_sources : DataFrame
        Same rows, columns ``track_id`` and `AUDIO_FEATURES`: whose value each is.
    conflicts : DataFrame
        The recordings of which some evidence says the opposite of other: ``track_id``, ``track_name``, ``artist_name``,
        ``liked`` (missing where undecided) and ``decided_by``, the kind of evidence that decided.
    notes : tuple of str
        What a person should know, one line each.
    n_recordings : int
        Recordings in the library, with evidence or without.
    waiting : int
        Labelled tracks that were left out until a feature of theirs is known.
    n_drawn : int
        Labelled rows of ``tracks`` that nothing stronger than plays decided.
    """

    tracks: pd.DataFrame
    feature_sources: pd.DataFrame
    conflicts: pd.DataFrame
    notes: tuple[str, ...]
    n_recordings: int
    waiting: int
    n_drawn: int


def label_tracks(connection: Connection, *, sources: Collection[str] | None, wait: bool) -> LabelledTracks:
    """Resolve identity, labels and features.

    Parameters
    ----------
    connection : Connection
    sources : collection of str, optional
        Whose evidence counts; everybody's by default, but for what was said of the demo's invented tracks.
    wait : bool
        Leave out tracks without any analysed feature.

    Returns
    -------
    LabelledTracks
    """
    tracks = reading.read_tracks(connection)
    recording = recordings(tracks)
    evidence = _evidence(connection, tracks, recording, sources)
    labels = resolve(evidence, recording[positions_of(tracks, evidence["track_id"])])
    kept = labels["recording"].to_numpy()
    best, members = merge_recordings(tracks, recording, kept)
    values, whose = recording_features(connection, tracks, members, len(kept))
    # A duration is known from the catalogue before any analysis.
    whose["duration_ms"] = whose["duration_ms"].mask(best["duration_ms"].notna(), None)
    values["duration_ms"] = best["duration_ms"].fillna(values["duration_ms"])
    table = pd.concat([best[["track_id", *NAMES]], values], axis=1).assign(
        added_at=pd.DatetimeIndex(labels["at"]).as_unit("us"),
        weight=labels["weight"].to_numpy(dtype=float),
        liked=labels["liked"].astype("Int8").array,
    )
    conflicts = table[["track_id", "track_name", "artist_name", "liked"]].assign(decided_by=labels["decided_by"])
    conflicts = conflicts[labels["conflicting"].to_numpy(dtype=bool)]
    heard = table[list(ANALYSED_FEATURES)].notna().any(axis=1)
    labelled = table["liked"].notna()
    waiting = int((labelled & ~heard).sum()) if wait else 0
    notes = _notes(table, heard, n_ids=int((members[:, 0] >= 0).sum()), waiting=waiting)
    rows = np.argsort(table["track_id"].to_numpy(dtype=object))
    if wait:
        rows = rows[heard.to_numpy(dtype=bool)[rows]]
    return LabelledTracks(
        tracks=table.loc[rows, list(COLUMNS)].reset_index(drop=True),
        feature_sources=whose.assign(track_id=table["track_id"])
        .loc[rows, ["track_id", *AUDIO_FEATURES]]
        .reset_index(drop=True),
        conflicts=conflicts.sort_values("track_id").reset_index(drop=True),
        notes=notes,
        n_recordings=int(recording.max(initial=-1)) + 1,
        waiting=waiting,
        n_drawn=int((labelled.to_numpy() & labels["decided_by"].isin(_AS_WEAK).to_numpy())[rows].sum()),
    )


def _evidence(
    connection: Connection, tracks: pd.DataFrame, recording: Positions, sources: Collection[str] | None
) -> pd.DataFrame:
    """What counts as evidence: what was said, and what the plays say."""
    said = reading.read_evidence(connection)
    said = said[said["source"] != PAGE_DEMO] if sources is None else said[said["source"].isin(list(sources))]
    if sources is not None and PLAYS_SOURCE not in sources:
        return said
    plays = reading.read_plays(connection)
    if plays.empty:
        return said
    from connectors.evidence.skips import verdicts  # noqa: PLC0415 (only where there are plays)

    # Verdicts are drawn anew, for which plays are of one recording may have come to be known since the last time.
    said = said[~((said["source"] == PLAYS_SOURCE) & said["kind"].isin(_PLAY_KINDS))]
    position = positions_of(tracks, plays["track_id"])
    length = tracks["duration_ms"].groupby(recording).transform("median").to_numpy(dtype=float)
    heard = verdicts(plays, recording[position], duration_ms=length[position])
    drawn = pd.DataFrame([vars(row) for row in heard], columns=list(reading.EVIDENCE_DTYPES))
    drawn["at"] = pd.DatetimeIndex(pd.to_datetime(drawn["at"], utc=True)).as_unit("us")
    return pd.concat([said, drawn.astype(reading.EVIDENCE_DTYPES)], ignore_index=True)


def positions_of(tracks: pd.DataFrame, track_ids: "pd.Series[str]") -> Positions:
    """Where tracks stand in the table of all, which is by id."""
    positions: Positions = pd.Index(tracks["track_id"]).get_indexer(pd.Index(track_ids))
    return positions


def merge_recordings(tracks: pd.DataFrame, recording: Positions, kept: Positions) -> tuple[pd.DataFrame, Positions]:
    """The recordings of ``kept``, in their order, and for every track its row among them and its place in it.

    The id of a recording is one of Spotify's before an ISRC before a local one; among alike the track of which most is
    known, then the first by id. What is not known of that track is filled from the recording's others, in this order.
    """
    row_of = np.full(int(recording.max(initial=-1)) + 1, -1, dtype=np.intp)
    row_of[kept] = np.arange(len(kept))
    row = row_of[recording]
    ids = tracks["track_id"]
    worth = np.select([ids.str.startswith(LOCAL_ID), ids.str.startswith(ISRC_ID)], [2, 1], default=0)
    known = tracks.notna().sum(axis=1).to_numpy()
    order = np.lexsort([np.arange(len(tracks)), -known, worth, row])
    order = order[row[order] >= 0]
    members = np.full((len(tracks), 2), -1, dtype=np.intp)
    members[:, 0] = row
    begins = np.flatnonzero(np.diff(row[order], prepend=-1))
    members[order, 1] = np.arange(len(order)) - np.repeat(begins, np.diff(begins, append=len(order)))
    sorted_tracks = tracks.assign(isrc=pd.array(isrcs(tracks), dtype="str")).take(order)
    sorted_tracks["isrc"] = sorted_tracks["isrc"].mask(sorted_tracks["isrc"] == "", None)
    best = sorted_tracks.groupby(row[order]).first().reset_index(drop=True)
    return best.astype(reading.TRACK_DTYPES), members


def recording_features(
    connection: Connection, tracks: pd.DataFrame, members: Positions, size: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The feature values of each recording, and whose they are."""
    features = reading.read_features(connection)
    position = positions_of(tracks, features["track_id"])
    return choose_values(features, members[position, 0], members[position, 1], size)


def _notes(table: pd.DataFrame, heard: "pd.Series[bool]", *, n_ids: int, waiting: int) -> tuple[str, ...]:
    labelled = table["liked"].notna()
    liked = int((table["liked"] == 1).sum())
    total = int(labelled.sum())
    notes = [f"{total:,} labelled tracks: {liked:,} liked, {total - liked:,} not liked"]
    notes.append(f"{int((labelled & heard).sum()):,} of {total:,} labelled tracks have audio features")
    if n_ids > len(table):
        notes.append(f"{n_ids:,} ids are of {len(table):,} recordings: ids of one recording were merged")
    if total < len(table):
        notes.append(f"{len(table) - total:,} tracks are without a label: what is known of them contradicts itself")
    if waiting:
        notes.append(f"{waiting:,} labelled tracks wait until their audio features are known")
    return tuple(notes)

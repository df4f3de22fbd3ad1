"""What is in a library, counted."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, case, distinct, func, select

from connectors.library import tables
from connectors.library.labelling import LabelledTracks, label_tracks
from connectors.library.values import microseconds, moment
from connectors.track_ids import MATCHES
from features.columns import ANALYSED_FEATURES


@dataclass(frozen=True)
class EvidenceCount:
    """How many tracks a source says one kind of thing about."""

    source: str
    kind: str
    liked: bool
    tracks: int
    newest: datetime | None


@dataclass(frozen=True)
class FeatureCount:
    """How many tracks a source has analysed, how many of them whole, and how many by each way of matching.

    A track whose values were matched in several ways counts under the least sure; "unknown" are values that an earlier
    earmark stored.
    """

    source: str
    tracks: int
    whole: int
    matched_by: dict[str, int]


@dataclass(frozen=True)
class LastPull:
    """The end of a source's last pull."""

    at: datetime
    report: dict[str, Any]


@dataclass(frozen=True)
class Summary:
    """What is in a library.

    Parameters
    ----------
    place : str
        Where it lies.
    tracks, recordings : int
        Ids, and what they are ids of.
    plays : int
    evidence : tuple of EvidenceCount
    liked, disliked, undecided : int
        Recordings by label; undecided ones have evidence that contradicts itself.
    conflicts : int
        Recordings of which some evidence says the opposite of other, undecided or not.
    covered : int
        Labelled recordings with audio features.
    features : tuple of FeatureCount
    not_found : dict of str to int
        Tracks that a source did not have and is not asked for now.
    playlists : int
        Playlists that earmark made.
    pulls : tuple of LastPull
        The newest first.
    """

    place: str
    tracks: int
    recordings: int
    plays: int
    evidence: tuple[EvidenceCount, ...]
    liked: int
    disliked: int
    undecided: int
    conflicts: int
    covered: int
    features: tuple[FeatureCount, ...]
    not_found: dict[str, int]
    playlists: int
    pulls: tuple[LastPull, ...]

    def as_json(self) -> dict[str, Any]:
        """The stable answer of ``earmark library --json``."""
        labelled = self.liked + self.disliked
        return {
            "library": self.place,
            "tracks": self.tracks,
            "recordings": self.recordings,
            "plays": self.plays,
            "labels": {"liked": self.liked, "disliked": self.disliked, "undecided": self.undecided},
            "conflicts": self.conflicts,
            "coverage": {"labelled": labelled, "with_features": self.covered},
            "evidence": [
                {**vars(count), "newest": None if count.newest is None else count.newest.isoformat()}
                for count in self.evidence
            ],
            "features": [vars(count) for count in self.features],
            "not_found": self.not_found,
            "playlists": self.playlists,
            "pulls": [{"at": pull.at.isoformat(), **pull.report} for pull in self.pulls],
        }


def summarise(connection: Connection, place: str) -> Summary:
    """Count what is in a library."""
    labelled = label_tracks(connection, sources=None, wait=False)
    liked = labelled.tracks["liked"]
    return Summary(
        place=place,
        tracks=_count(connection, tables.TRACKS),
        recordings=labelled.n_recordings,
        plays=_count(connection, tables.PLAYS),
        evidence=_evidence(connection),
        liked=int((liked == 1).sum()),
        disliked=int((liked == 0).sum()),
        undecided=int(liked.isna().sum()),
        conflicts=len(labelled.conflicts),
        covered=_covered(labelled),
        features=_features(connection),
        not_found=_not_found(connection),
        playlists=_count(connection, tables.MADE_PLAYLISTS),
        pulls=_pulls(connection),
    )


def _covered(labelled: LabelledTracks) -> int:
    heard = labelled.tracks[list(ANALYSED_FEATURES)].notna().any(axis=1)
    return int((heard & labelled.tracks["liked"].notna()).sum())


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _evidence(connection: Connection) -> tuple[EvidenceCount, ...]:
    row = tables.EVIDENCE.c
    key = (row.source, row.kind, row.liked)
    query = select(*key, func.count().label("n"), func.max(row.at).label("newest")).group_by(*key).order_by(*key)
    return tuple(
        EvidenceCount(
            found.source, found.kind, bool(found.liked), found.n, None if found.newest is None else moment(found.newest)
        )
        for found in connection.execute(query)
    )


def _features(connection: Connection) -> tuple[FeatureCount, ...]:
    row = tables.FEATURES.c
    ways = [*MATCHES, "unknown"]
    doubt = case({way: at for at, way in enumerate(MATCHES)}, value=row.matched_by, else_=len(MATCHES))
    analysis = (
        select(row.source, row.track_id, func.count(distinct(row.name)).label("values"), func.max(doubt).label("doubt"))
        .where(row.name.in_(ANALYSED_FEATURES))
        .group_by(row.source, row.track_id)
        .subquery()
    ).c
    whole = func.count().filter(analysis["values"] == len(ANALYSED_FEATURES))
    matched = [func.count().filter(analysis.doubt == at) for at in range(len(ways))]
    query = select(analysis.source, func.count(), whole, *matched).group_by(analysis.source).order_by(analysis.source)
    return tuple(
        FeatureCount(source, n, n_whole, {way: found for way, found in zip(ways, counts, strict=True) if found})
        for source, n, n_whole, *counts in connection.execute(query)
    )


def _not_found(connection: Connection) -> dict[str, int]:
    row = tables.NOT_FOUND.c
    now = microseconds(datetime.now(UTC))
    query = select(row.source, func.count()).where(row.until > now).group_by(row.source).order_by(row.source)
    return {source: int(n) for source, n in connection.execute(query)}


def _pulls(connection: Connection) -> tuple[LastPull, ...]:
    row = tables.PULLS.c
    query = select(row.at, row.report).order_by(row.at.desc(), row.source)
    return tuple(LastPull(moment(at), json.loads(report)) for at, report in connection.execute(query))

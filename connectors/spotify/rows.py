"""From what Spotify answers to rows of the library."""

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from connectors.evidence.rules import RULE_OF
from connectors.library.library import Library
from connectors.library.rows import EvidenceRow, TrackRow
from connectors.pull_report import ReportBuilder
from connectors.spotify.answers import SavedTrack, SpotifyTrack
from connectors.spotify.local_files import local_id

SOURCE = "spotify"


def id_of(entry: SavedTrack) -> str | None:
    """What an entry's track goes by in the library; None where it is no track that can be judged, see `why_not`."""
    track = entry.track
    if track is None:
        return None
    return local_id(track) if track.is_local else track.track_id


def track_row(track_id: str, track: SpotifyTrack) -> TrackRow:
    """A track of Spotify's, or a local file, as the library keeps it under an id from `id_of`."""
    return TrackRow(
        track_id=track_id,
        track_name=track.track_name,
        artist_name=track.artist_name,
        album_name=track.album_name,
        isrc=track.isrc,
        duration_ms=track.duration_ms,
        release_date=track.release_date,
        explicit=track.explicit,
        popularity=track.popularity,
    )


class Keep(Protocol):
    """What writes entries to the library, and tells the track ids among them."""

    def __call__(self, entries: Sequence[SavedTrack], seen: Collection[str] = ()) -> list[str]:
        """Write those that are not among the ids ``seen`` before: of several entries of a track the first counts."""


def evidence_keeper(library: Library, kind: str, reason: str, report: ReportBuilder) -> Keep:
    """What writes entries as evidence of one kind, counts what became of each, and tells the track ids among them.

    Parameters
    ----------
    library : Library
    kind : str
        One of the kinds of ``connectors.evidence.rules``.
    reason : str
        For people.
    report : ReportBuilder
    """
    rule = RULE_OF[kind]
    evidence = library.evidence()
    known = set(evidence.loc[(evidence["source"] == SOURCE) & (evidence["kind"] == kind), "track_id"])

    def keep(entries: Sequence[SavedTrack], seen: Collection[str] = ()) -> list[str]:
        usable: dict[str, tuple[SavedTrack, SpotifyTrack]] = {}
        track_ids: dict[str, None] = {}
        for entry in entries:
            track, track_id = entry.track, id_of(entry)
            if track is None or track_id is None:
                report.count(why_not(entry))
                continue
            track_ids[track_id] = None
            if track_id in seen or track_id in usable:
                report.count(f"{kind}: named twice")
            else:
                usable[track_id] = entry, track
                what = "known" if track_id in known else "new"
                report.count(f"{kind}: {what}{' local file' if track.is_local else ''}")
        library.add_tracks(track_row(track_id, track) for track_id, (_, track) in usable.items())
        library.add_evidence(
            EvidenceRow(
                track_id=track_id,
                source=SOURCE,
                kind=kind,
                liked=rule.liked,
                weight=rule.weight,
                at=entry.added_at,
                reason=reason,
            )
            for track_id, (entry, _) in usable.items()
        )
        return list(track_ids)

    return keep


def as_entries(tracks: Iterable[SpotifyTrack]) -> list[SavedTrack]:
    """Tracks of a list that does not say when they were added."""
    return [SavedTrack(added_at=None, track=track) for track in tracks]


def why_not(entry: SavedTrack) -> str:
    """Why an entry is no track that can be judged, in words."""
    if entry.track is None:
        return entry.why_none or "Spotify no longer has it"
    return {"episode": "an episode, no music", "local": "a local file without title or artist"}.get(
        entry.track.kind, "it has no usable id"
    )

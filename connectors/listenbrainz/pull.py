"""Love and hate into the library; see ``connectors.verdict_lists``."""

import time
from collections.abc import Sequence
from functools import partial
from typing import Final

from connectors.library.library import Library
from connectors.library.rows import EvidenceRow, TrackRow
from connectors.listenbrainz.client import Feedback, ListenBrainz
from connectors.pull_report import PullReport
from connectors.track_ids import best_id, plain_isrc
from connectors.verdict_lists import Progress, VerdictList, VerdictPage

SOURCE: Final = "listenbrainz"
_STREAM: Final = "feedback"
_KINDS: Final = {1: "love", -1: "hate"}
_OUTCOMES: Final = {"love": "loved", "hate": "hated"}


def pull_listenbrainz(library: Library, client: ListenBrainz, user: str) -> PullReport:
    """Read all feedback of a user.

    Parameters
    ----------
    library : Library
    client : ListenBrainz
    user : str
        The name at ListenBrainz.

    Returns
    -------
    PullReport
        Of the whole pull, also where it went on from an earlier one.

    Raises
    ------
    NotFound
        Where there is no such user.
    ServiceError
        Where the service fails or asks to wait; pages that were read are kept, and the next pull goes on after them.
    """
    started, calls = time.monotonic(), client.calls

    def page_at(offset: int) -> VerdictPage[Feedback]:
        page = client.feedback(user, offset)
        end = offset + len(page.items)
        return VerdictPage(page.items, page.total, end if page.items and end < page.total else None)

    feedback = VerdictList(SOURCE, _STREAM, user, kinds=_OUTCOMES, first=0)
    progress, removed = feedback.read(library, page_at, partial(_keep, library))
    notes = progress.notes(removed, "verdicts")
    seen = progress.outcomes.total()
    return PullReport(SOURCE, seen, dict(progress.outcomes), client.calls - calls, time.monotonic() - started, notes)


def _keep(library: Library, items: Sequence[Feedback], progress: Progress) -> None:
    """Put one page into the library."""
    tracks: dict[str, TrackRow] = {}
    evidence = []
    known = {kind: set(ids) for kind, ids in progress.seen.items()}
    for item in items:
        kind, track_id = _KINDS.get(item.score or 0), _id(item)
        if kind is None:
            progress.outcomes["left out: neither love nor hate"] += 1
        elif track_id is None:
            progress.outcomes["left out: ListenBrainz does not know which recording it is"] += 1
        elif track_id in known[kind]:
            progress.outcomes["merged with a newer verdict on the same track"] += 1
        else:
            progress.outcomes[_OUTCOMES[kind]] += 1
            known[kind].add(track_id)
            progress.seen[kind].append(track_id)
            tracks[track_id] = _track(track_id, item)
            evidence.append(_evidence(track_id, kind, item))
    library.add_tracks(tracks.values())
    library.add_evidence(evidence)


def _id(item: Feedback) -> str | None:
    return best_id(item.spotify_id, item.isrc, item.artist_name, item.track_name)


def _track(track_id: str, item: Feedback) -> TrackRow:
    return TrackRow(
        track_id=track_id,
        track_name=item.track_name,
        artist_name=item.artist_name,
        album_name=item.album_name,
        isrc=plain_isrc(item.isrc),
        duration_ms=item.duration_ms,
    )


def _evidence(track_id: str, kind: str, item: Feedback) -> EvidenceRow:
    return EvidenceRow(
        track_id=track_id,
        source=SOURCE,
        kind=kind,
        liked=kind == "love",
        weight=1.0,
        at=item.at,
        reason=f"{_OUTCOMES[kind]} on ListenBrainz",
    )

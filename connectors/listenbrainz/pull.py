"""Love and hate into the library, resumable from the page where it stopped.

The library holds the feedback of one ListenBrainz user at a time: another user's pull replaces it, and a verdict that
was taken back disappears.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.library.library import Library
from connectors.library.rows import EvidenceRow, TrackRow
from connectors.listenbrainz.client import Feedback, ListenBrainz
from connectors.pull_report import PullReport
from connectors.track_ids import best_id, plain_isrc
from features.errors import ServiceError

SOURCE: Final = "listenbrainz"
_STREAM: Final = "feedback"
_KINDS: Final = {1: "love", -1: "hate"}
_OUTCOMES: Final = {"love": "loved", "hate": "hated"}
_MOST_RESTARTS: Final = 3


@dataclass
class _Progress:
    """How far a pull has come; kept in the library, so that another process can go on.

    Parameters
    ----------
    user : str
    offset : int
        Verdicts read.
    total : int or None
        Verdicts that there were when it began; a page read under another total may have moved.
    seen : dict of str to list of str
        Track ids by kind.
    outcomes : Counter
    """

    user: str
    offset: int = 0
    total: int | None = None
    seen: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in _KINDS.values()})
    outcomes: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, user: str, stored: dict[str, Any] | None) -> "_Progress":
        if stored is None or stored["user"] != user:
            return cls(user)
        return cls(user, stored["offset"], stored["total"], stored["seen"], Counter(stored["outcomes"]))

    def as_json(self) -> dict[str, Any]:
        return {
            "user": self.user,
            "offset": self.offset,
            "total": self.total,
            "seen": self.seen,
            "outcomes": dict(self.outcomes),
        }


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
    started = time.monotonic()
    calls = client.calls
    progress = _Progress.of(user, library.position(SOURCE, _STREAM))
    restarts = 0
    while True:
        page = client.feedback(user, progress.offset)
        if progress.total is not None and page.total != progress.total:
            # The newest come first: one more, or one less, moves all the others to other pages.
            restarts += 1
            if restarts > _MOST_RESTARTS:
                raise ServiceError(
                    f"the feedback of {user} changes faster than it can be read",
                    "run the same command again when nobody is giving feedback",
                )
            progress = _Progress(user)
            library.set_position(SOURCE, _STREAM, None)
            continue
        progress.total = page.total
        with library.transaction():
            _keep(library, page.items, progress)
            progress.offset += len(page.items)
            library.set_position(SOURCE, _STREAM, progress.as_json())
        if not page.items or progress.offset >= page.total:
            break
    with library.transaction():
        removed = sum(library.keep_evidence(SOURCE, kind, ids) for kind, ids in progress.seen.items())
        library.set_position(SOURCE, _STREAM, None)
    notes = (f"{removed:,} verdicts that were taken back are gone",) if removed else ()
    seen = sum(progress.outcomes.values())
    return PullReport(SOURCE, seen, dict(progress.outcomes), client.calls - calls, time.monotonic() - started, notes)


def _keep(library: Library, items: Sequence[Feedback], progress: _Progress) -> None:
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

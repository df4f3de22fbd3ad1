"""Loved tracks into the library, resumable from the page where it stopped.

The library holds the love of one Last.fm user at a time: another user's pull replaces it, and love that was taken back
disappears. Last.fm names a track by artist and title alone; it is one with the same recording under other ids.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from connectors.lastfm.client import LastFm, Loved
from connectors.library.library import Library
from connectors.library.rows import EvidenceRow, TrackRow
from connectors.pull_report import PullReport
from connectors.track_ids import best_id
from features.errors import ServiceError

SOURCE: Final = "lastfm"
_STREAM: Final = "loved"
_KIND: Final = "love"
_MOST_RESTARTS: Final = 3


@dataclass
class _Progress:
    """How far a pull has come; kept in the library, so that another process can go on.

    Parameters
    ----------
    user : str
    page : int
        The next one, from 1.
    total : int or None
        Loved tracks when it began; pages read under another total may have moved.
    seen : list of str
        Track ids.
    outcomes : dict of str to int
    """

    user: str
    page: int = 1
    total: int | None = None
    seen: list[str] = field(default_factory=list)
    outcomes: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, user: str, stored: dict[str, Any] | None) -> "_Progress":
        return cls(user) if stored is None or stored["user"] != user else cls(**stored)


def pull_lastfm(library: Library, client: LastFm, user: str) -> PullReport:
    """Read all tracks that a user loves.

    Parameters
    ----------
    library : Library
    client : LastFm
    user : str
        The name at Last.fm.

    Returns
    -------
    PullReport
        Of the whole pull, also where it went on from an earlier one.

    Raises
    ------
    NotFound
        Where there is no such user.
    InputError
        Where the key is refused, or the tracks are private.
    ServiceError
        Where the service fails or asks to wait; pages that were read are kept, and the next pull goes on after them.
    """
    started, calls, restarts = time.monotonic(), client.calls, 0
    progress = _Progress.of(user, library.position(SOURCE, _STREAM))
    while True:
        page = client.loved(user, progress.page)
        if progress.total is not None and page.total != progress.total:
            # The newest come first: one more, or one less, moves all the others to other pages.
            restarts += 1
            if restarts > _MOST_RESTARTS:
                raise ServiceError(
                    f"the loved tracks of {user} change faster than they can be read",
                    "run the same command again when nobody is loving tracks",
                )
            progress = _Progress(user)
            library.set_position(SOURCE, _STREAM, None)
            continue
        progress.total = page.total
        with library.transaction():
            _keep(library, page.items, progress)
            progress.page += 1
            library.set_position(SOURCE, _STREAM, asdict(progress))
        if not page.items or progress.page > page.pages:
            break
    with library.transaction():
        removed = library.keep_evidence(SOURCE, _KIND, progress.seen)
        library.set_position(SOURCE, _STREAM, None)
    notes = (f"{removed:,} loves that were taken back are gone",) if removed else ()
    seen = sum(progress.outcomes.values())
    return PullReport(SOURCE, seen, dict(progress.outcomes), client.calls - calls, time.monotonic() - started, notes)


def _keep(library: Library, items: Sequence[Loved], progress: _Progress) -> None:
    """Put one page into the library."""
    tracks, evidence, outcomes = [], [], Counter(progress.outcomes)
    known = set(progress.seen)
    for item in items:
        track_id = best_id(None, None, item.artist_name, item.track_name)
        if track_id is None:
            outcomes["left out: without artist or title"] += 1
        elif track_id in known:
            outcomes["merged with a newer love of the same track"] += 1
        else:
            outcomes["loved"] += 1
            known.add(track_id)
            progress.seen.append(track_id)
            tracks.append(TrackRow(track_id=track_id, track_name=item.track_name, artist_name=item.artist_name))
            evidence.append(
                EvidenceRow(
                    track_id=track_id, source=SOURCE, kind=_KIND, liked=True, at=item.at, reason="loved on Last.fm"
                )
            )
    progress.outcomes = dict(outcomes)
    library.add_tracks(tracks)
    library.add_evidence(evidence)

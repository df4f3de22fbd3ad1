"""Loved tracks into the library; see ``connectors.verdict_lists``.

Last.fm names a track by artist and title alone; it is one with the same recording under other ids.
"""

import time
from collections.abc import Sequence
from functools import partial
from typing import Final

from connectors.lastfm.client import LastFm, Loved
from connectors.library.library import Library
from connectors.library.rows import EvidenceRow, TrackRow
from connectors.pull_report import PullReport
from connectors.track_ids import best_id
from connectors.verdict_lists import Progress, VerdictList, VerdictPage

SOURCE: Final = "lastfm"
_STREAM: Final = "loved"
_KIND: Final = "love"


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
    started, calls = time.monotonic(), client.calls

    def page_at(number: int) -> VerdictPage[Loved]:
        page = client.loved(user, number)
        return VerdictPage(page.items, page.total, number + 1 if page.items and number < page.pages else None)

    loved = VerdictList(SOURCE, _STREAM, user, kinds=(_KIND,), first=1)
    progress, removed = loved.read(library, page_at, partial(_keep, library))
    notes = progress.notes(removed, "loves")
    seen = progress.outcomes.total()
    return PullReport(SOURCE, seen, dict(progress.outcomes), client.calls - calls, time.monotonic() - started, notes)


def _keep(library: Library, items: Sequence[Loved], progress: Progress) -> None:
    """Put one page into the library."""
    tracks, evidence = [], []
    known = set(progress.seen[_KIND])
    for item in items:
        track_id = best_id(None, None, item.artist_name, item.track_name)
        if track_id is None:
            progress.outcomes["left out: without artist or title"] += 1
        elif track_id in known:
            progress.outcomes["merged with a newer love of the same track"] += 1
        else:
            progress.outcomes["loved"] += 1
            known.add(track_id)
            progress.seen[_KIND].append(track_id)
            tracks.append(TrackRow(track_id=track_id, track_name=item.track_name, artist_name=item.artist_name))
            evidence.append(
                EvidenceRow(
                    track_id=track_id, source=SOURCE, kind=_KIND, liked=True, at=item.at, reason="loved on Last.fm"
                )
            )
    library.add_tracks(tracks)
    library.add_evidence(evidence)

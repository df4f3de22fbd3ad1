"""Into the library: an account's likes, playlists that its owner names as liked or disliked, and what they play most.

Every pull is incremental: an account in which nothing changed costs one call for the likes, one for each page of its
list of playlists that holds a named one, and once a week three for what is played most.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connectors.http.faults import Forbidden
from connectors.library.library import Library
from connectors.pull_report import PullReport, ReportBuilder
from connectors.spotify.account import check_account
from connectors.spotify.answers import Page, SavedTrack
from connectors.spotify.client import SpotifyClient
from connectors.spotify.named_playlists import name_playlists, pull_playlists
from connectors.spotify.rows import SOURCE, Keep, as_entries, evidence_keeper
from connectors.spotify.walk import entry_key, forget_walk, is_under_way, not_whole, walk

TIME_RANGES: Final = ("long_term", "medium_term", "short_term")
LIKES: Final = "likes"
_TOP: Final = "spotify:top"
_TOP_EVERY: Final = timedelta(days=7)
_MOST_NEW: Final = 500
"""New likes that are taken in one go; more are walked, which can be broken off at any page."""

Say = Callable[[str], None]


def pull_spotify(
    library: Library,
    client: SpotifyClient,
    *,
    liked: Sequence[str] = (),
    disliked: Sequence[str] = (),
    unnamed: Sequence[str] = (),
    on_progress: Say = lambda _: None,
    now: datetime | None = None,
) -> PullReport:
    """Bring the library up to date with an account.

    Parameters
    ----------
    library : Library
    client : SpotifyClient
        Signed in with ``settings.PULL_SCOPES``.
    liked, disliked : sequence of str
        Own playlists, by name, id or address, whose tracks count as liked or not; remembered for later pulls.
    unnamed : sequence of str
        Playlists that count no longer.
    on_progress : callable
        Told in words how far it is.
    now : datetime, optional
        Aware.

    Returns
    -------
    PullReport

    Raises
    ------
    InputError
        If a playlist is not found or not the account's own, or the library belongs to another account.
    ServiceError
        If Spotify fails or asks to wait; what was fetched is kept, and the next pull goes on from there.
    """
    started = time.monotonic()
    now = now or datetime.now(UTC)
    report = ReportBuilder()
    check_account(library, client)
    playlists = name_playlists(library, client, liked=liked, disliked=disliked, unnamed=unnamed)
    notes = [*client.notes, *_pull_likes(library, client, report, on_progress)]
    notes += pull_playlists(library, client, playlists, report, on_progress)
    notes += _pull_top(library, client, report, now)
    return report.finish(SOURCE, client.calls, time.monotonic() - started, tuple(notes))


def _pull_likes(library: Library, client: SpotifyClient, report: ReportBuilder, say: Say) -> list[str]:
    keep = evidence_keeper(library, "like", "liked on Spotify", report)
    known = library.position(SOURCE, LIKES)
    if known is not None and not is_under_way(library, LIKES) and _take_new(library, client, known, keep):
        return []

    def page_at(offset: int) -> Page[SavedTrack]:
        page = client.saved_tracks(offset)
        say(f"likes: {min(page.next_offset, page.total):,} of {page.total:,}")
        return page

    walked = walk(library, LIKES, page_at, keep)
    place, whole = walked.place, walked.is_whole(known)
    # where entries went while we walked, some that we saw may be gone: -1 makes the next pull walk again
    end: dict[str, Any] = {
        "head": place.head,
        "total": place.started if whole and not place.shrunk else -1,
        "unlisted": place.unlisted,
    }
    with library.transaction():
        if whole:
            library.keep_evidence(SOURCE, "like", walked.track_ids)
        library.set_position(SOURCE, LIKES, end)
        forget_walk(library, LIKES)
    if place.total > place.started and end["total"] >= 0:  # liked while we walked
        _take_new(library, client, end, keep)
    return [] if whole else [not_whole("your likes", place.unlisted)]


def _take_new(library: Library, client: SpotifyClient, known: dict[str, Any], keep: Keep) -> bool:
    """Take what was liked since the last pull; False where the likes changed in another way and must be walked anew.

    New likes come first. If there are n more than before, and the entry after n is the one that was first before, then
    nothing else changed.
    """
    page = client.saved_tracks(0)
    n_new = page.total - known["total"]
    if known["total"] < 0 or not 0 <= n_new <= min(page.total, _MOST_NEW):
        return False
    head = entry_key(page.items[0]) if page.items else ""
    entries = list(page.items)
    while len(entries) <= n_new and page.has_next:
        page = client.saved_tracks(page.next_offset)
        entries += page.items
    first_before = entry_key(entries[n_new]) if n_new < len(entries) else ""
    if first_before != known["head"]:
        return False
    with library.transaction():
        keep(entries)
        library.set_position(SOURCE, LIKES, {**known, "head": head, "total": known["total"] + n_new})
    return True


def _pull_top(library: Library, client: SpotifyClient, report: ReportBuilder, now: datetime) -> list[str]:
    """What is played most; it changes slowly and says little, so once a week is enough."""
    last = library.recall(_TOP)
    # A clock that was set back does not put it off until then.
    if last is not None and timedelta(0) <= now - datetime.fromisoformat(last["at"]) < _TOP_EVERY:
        return []
    try:
        entries = [entry for span in TIME_RANGES for entry in as_entries(client.top_tracks(span, 0).items)]
    except Forbidden as error:
        return [f"what you play most was not read: {error.message}"]
    with library.transaction():
        kept = evidence_keeper(library, "top", "among the tracks played most", report)(entries)
        library.keep_evidence(SOURCE, "top", kept)
        library.remember(_TOP, {"at": now.isoformat()})
    return []

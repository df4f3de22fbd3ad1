"""The rows of the library. They are raw: what one source said about one track, never merged when it is written.

Tracks go by ``track_id``: Spotify's 22 characters where they are known, else ``isrc:<ISRC>``, else ``local:<digest>``
of artist and title (``features.identity``). Times know their zone; the library keeps them in UTC, to the microsecond.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from connectors.track_ids import MatchedBy

Outcome = Literal["finished", "skipped", "neutral"]

PAGE: Final = "page"
"""What the listener said on earmark's own page."""
PAGE_DEMO: Final = "page_demo"
"""The same of the demo's invented tracks: kept apart, for it says nothing of anybody's taste."""

SOURCES: Final = ("spotify", "history", "listenbrainz", "lastfm", "csv", "catalogue", "reccobeats", PAGE, PAGE_DEMO)
"""Whom a row may come from."""


@dataclass(frozen=True, kw_only=True)
class TrackRow:
    """What is known of a track besides its features; keyed by ``track_id``.

    A value that is known is never replaced by None; a value that is not None replaces what was known.

    Parameters
    ----------
    track_id : str
    track_name, album_name : str, optional
    artist_name : str, optional
        Several artists joined by ``;``, the primary one first.
    isrc : str, optional
        International standard recording code.
    duration_ms : float, optional
    release_date : str, optional
        YYYY, YYYY-MM or YYYY-MM-DD.
    explicit : bool, optional
    popularity : float, optional
        0..100.
    """

    track_id: str
    track_name: str | None = None
    artist_name: str | None = None
    album_name: str | None = None
    isrc: str | None = None
    duration_ms: float | None = None
    release_date: str | None = None
    explicit: bool | None = None
    popularity: float | None = None


@dataclass(frozen=True, kw_only=True)
class EvidenceRow:
    """One reason to think that a track is liked or not; keyed by ``track_id``, ``source`` and ``kind``.

    Parameters
    ----------
    track_id : str
    source : str
        One of `SOURCES`.
    kind : str
        A rule of ``connectors.evidence.rules``: ban, banned_artist, love, hate, like, playlist_liked, ...
    liked : bool
    weight : float
        How much it counts, 0 to 1000; 1 is an ordinary label.
    at : datetime, optional
        When the listener said so.
    reason : str
        In words, for people.
    """

    track_id: str
    source: str
    kind: str
    liked: bool
    weight: float = 1.0
    at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class PlayRow:
    """One time that a track was played, of the listener's own history; keyed by ``track_id`` and ``ended_at``.

    Parameters
    ----------
    track_id : str
    ended_at : datetime
    ms_played : int
        0 also where the export tells an impossible length.
    outcome : {"finished", "skipped", "neutral"}
    reason_start, reason_end : str, optional
        Spotify's words.
    shuffle, offline : bool, optional
    """

    track_id: str
    ended_at: datetime
    ms_played: int
    outcome: Outcome
    reason_start: str | None = None
    reason_end: str | None = None
    shuffle: bool | None = None
    offline: bool | None = None


@dataclass(frozen=True, kw_only=True)
class FeatureRow:
    """What one source says a track sounds like; stored one value a row, keyed by ``track_id``, ``source`` and name.

    Parameters
    ----------
    track_id : str
    values : mapping of str to float
        By canonical name (``features.columns.AUDIO_FEATURES``), in canonical units. Missing ones are left out.
    source : str
        One of `SOURCES`.
    fetched_at : datetime
    matched_by : {"id", "isrc", "name"}, optional
        How the source was found to speak of this recording, which is all that can honestly be said of how sure its
        values are this recording's. By default what the track's id is made of: a table says itself which track it
        means.
    """

    track_id: str
    values: Mapping[str, float]
    source: str
    fetched_at: datetime
    matched_by: MatchedBy | None = None


@dataclass(frozen=True, kw_only=True)
class MadePlaylist:
    """A playlist that earmark made, the only kind that it ever changes; keyed by ``playlist_id``.

    Parameters
    ----------
    playlist_id, account, name : str
    created_at : datetime
    uris : tuple of str
        What it holds now, as far as earmark knows.
    before : tuple of str, optional
        What it held before the last push, for an undo; None where there is nothing to go back to.
    snapshot_id : str, optional
        The service's version of it.
    pending : tuple of str, optional
        What a push that was cut off had still to add; None where none is under way.
    """

    playlist_id: str
    account: str
    name: str
    created_at: datetime
    uris: tuple[str, ...] = ()
    before: tuple[str, ...] | None = None
    snapshot_id: str | None = None
    pending: tuple[str, ...] | None = None

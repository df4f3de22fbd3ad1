"""What Spotify answers, as types: whatever is missing is None, whatever is odd has a reason."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class SpotifyTrack:
    """One thing that can be played.

    Parameters
    ----------
    track_id : str or None
        22 base-62 characters; None for local files and episodes.
    uri : str
        ``spotify:track:...``, ``spotify:episode:...`` or ``spotify:local:...``.
    kind : str
        ``track``, ``episode`` or ``local``.
    track_name, album_name, isrc : str, optional
    artist_name : str, optional
        Artists joined by ``;``, the primary one first.
    duration_ms : int, optional
    release_date : str, optional
        YYYY, YYYY-MM or YYYY-MM-DD.
    explicit : bool, optional
    popularity : int, optional
        0..100; no longer given to apps in development mode.
    is_local : bool
    """

    track_id: str | None
    uri: str
    kind: Literal["track", "episode", "local"]
    track_name: str | None = None
    artist_name: str | None = None
    album_name: str | None = None
    isrc: str | None = None
    duration_ms: int | None = None
    release_date: str | None = None
    explicit: bool | None = None
    popularity: int | None = None
    is_local: bool = False


@dataclass(frozen=True, kw_only=True)
class SavedTrack:
    """One entry of a library or playlist.

    Parameters
    ----------
    added_at : datetime, optional
        Aware, UTC; very old playlists do not tell.
    track : SpotifyTrack or None
        None where Spotify gives no track any more.
    why_none : str or None
        Why there is no track, in words; None where there is one.
    """

    added_at: datetime | None
    track: SpotifyTrack | None
    why_none: str | None = None


@dataclass(frozen=True, kw_only=True)
class Playlist:
    """A playlist without its entries.

    Parameters
    ----------
    id, name, owner_id : str
    snapshot_id : str, optional
        Changes with every change of the playlist.
    n_tracks : int, optional
        None where Spotify does not tell, as for other people's playlists.
    is_mine : bool
        Whether the account that is signed in owns it.
    collaborative : bool
    description : str, optional
        None where there is none, or it was not asked for.
    """

    id: str
    name: str
    owner_id: str
    snapshot_id: str | None
    n_tracks: int | None
    is_mine: bool
    collaborative: bool
    description: str | None = None


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who is signed in.

    Parameters
    ----------
    id : str
        Key of the account: the immutable ``account_id`` where Spotify gives one, else the user id.
    user_id : str
        What playlists name as their owner.
    name : str
        For people.
    """

    id: str
    user_id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """A part of a list.

    Parameters
    ----------
    items : tuple
    offset : int
        Of the first item in the whole list.
    limit : int
        How many items the page could hold.
    total : int
        Length of the whole list.
    has_next : bool
        Whether there is another page, at `next_offset`.
    missing : int
        How many more items the page should hold by the list's length.
    """

    items: tuple[T, ...]
    offset: int
    limit: int
    total: int
    has_next: bool
    missing: int = 0

    @property
    def next_offset(self) -> int:
        """Offset of the page after this one; a page may be short in the middle of a list."""
        return self.offset + self.limit

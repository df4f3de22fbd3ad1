"""What the API says about playlists, what sending would do, and what it did."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

PLAYLIST_ADDRESS = "https://open.spotify.com/playlist/"

PlaylistName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")
]
"""A playlist's name on one line, as long as Spotify's own app allows."""
PlanId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""The digest of a plan that was shown."""


class AccountPlaylist(BaseModel):
    """A playlist that the account owns.

    Parameters
    ----------
    playlist_id, name : str
    n_tracks : int or None
        None where Spotify does not tell.
    made_by_earmark : bool
    """

    playlist_id: str
    name: str
    n_tracks: int | None
    made_by_earmark: bool


class AccountPlaylists(BaseModel):
    """The account that is signed in, by the name it shows, and its own playlists in its own order."""

    account: str
    playlists: list[AccountPlaylist]


class WantedPlaylist(BaseModel):
    """Which playlist to rank: an id, a URI or an address of Spotify's."""

    playlist: str = Field(min_length=1, max_length=500)


class FetchedList(BaseModel):
    """A playlist that is now a list of candidates.

    Parameters
    ----------
    list_id : str
        ``playlist-`` and Spotify's id.
    title : str
    n_tracks : int
        That can be ranked.
    notes : list of str
        What was left out and which features were found, one line each.
    """

    list_id: str
    title: str
    n_tracks: int
    notes: list[str]


class NamedTrack(BaseModel):
    """A track as people know it; without names where nobody knows them."""

    track_id: str
    track_name: str | None
    artist_name: str | None


class Plan(BaseModel):
    """What sending, or taking back, would do to a playlist; nothing of it is done yet.

    Parameters
    ----------
    plan : str
        Names just this plan; to be sent back to have it done.
    name : str
        Of the playlist.
    playlist_id : str or None
        None where it would be made.
    undo, makes, deletes, changes : bool
        Whether it takes the last push back; makes the playlist; deletes it; whether anything differs.
    n_tracks : int
        That it holds afterwards.
    without_id : int
        Tracks that were chosen and cannot be sent: they have no id of Spotify's.
    added, removed : list of NamedTrack
    reordered : bool
        Whether tracks that stay change their order.
    lost : int
        Entries that go and that no undo brings back: local files, what is gone from Spotify, and, where the playlist is
        deleted, all that earmark did not put in.
    """

    plan: str
    name: str
    playlist_id: str | None
    undo: bool
    makes: bool
    deletes: bool
    changes: bool
    n_tracks: int
    without_id: int
    added: list[NamedTrack]
    removed: list[NamedTrack]
    reordered: bool
    lost: int


class Sent(BaseModel):
    """What was done.

    Parameters
    ----------
    name : str
        Of the playlist.
    playlist_id, address : str or None
        None where it was deleted.
    changed : bool
        Whether anything was changed at Spotify.
    n_tracks : int
        That it holds now.
    n_unknown : int
        Tracks that Spotify does not know, and that were left out.
    """

    name: str
    playlist_id: str | None
    address: str | None
    changed: bool
    n_tracks: int
    n_unknown: int


class ToPlan(BaseModel):
    """Which playlist to plan for, by its name."""

    name: PlaylistName


class ToDo(ToPlan):
    """A plan that was seen and is to be done."""

    plan: PlanId

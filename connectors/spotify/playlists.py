"""What playlists an account has, and what a playlist holds, page by page."""

from collections.abc import Iterator

from connectors.http.faults import ServiceUnavailable
from connectors.spotify.answers import Page, Playlist, SavedTrack
from connectors.spotify.client import SpotifyClient


def all_playlists(client: SpotifyClient) -> Iterator[Playlist]:
    """Every playlist that the account owns or follows, in its own order."""
    for page in _pages(client):
        yield from page.items


def all_entries(client: SpotifyClient, playlist_id: str) -> Iterator[SavedTrack]:
    """Every entry of a playlist, in its order; raises ``Forbidden`` where it is someone else's."""
    page = client.playlist_items(playlist_id, 0)
    yield from page.items
    while page.has_next:
        page = client.playlist_items(playlist_id, page.next_offset)
        yield from page.items


def own_playlists(client: SpotifyClient, sought: str | None = None) -> dict[str, Playlist]:
    """The playlists that the account owns, by id.

    Parameters
    ----------
    client : SpotifyClient
    sought : str, optional
        The id of one that should be among them.

    Raises
    ------
    ServiceUnavailable
        If that is not, while Spotify counts playlists that it does not list: it may be gone, and it may not.
    """
    own: dict[str, Playlist] = {}
    missing = 0
    for page in _pages(client):
        own |= {playlist.id: playlist for playlist in page.items if playlist.is_mine}
        missing += page.missing
    if sought is not None and sought not in own and missing:
        raise ServiceUnavailable(
            f"Spotify counts {missing:,} of your playlists without listing them, and the one to change is not listed",
            "run the same command again later: nothing was changed",
        )
    return own


def contents(client: SpotifyClient, playlist_id: str) -> tuple[str, ...]:
    """The URIs in a playlist; empty for what a request cannot name: local files, and what Spotify no longer has."""
    tracks = [entry.track for entry in all_entries(client, playlist_id)]
    return tuple("" if track is None or track.kind == "local" else track.uri for track in tracks)


def _pages(client: SpotifyClient) -> Iterator[Page[Playlist]]:
    """The pages of the list of playlists."""
    page = client.my_playlists(0)
    yield page
    while page.has_next:
        page = client.my_playlists(page.next_offset)
        yield page

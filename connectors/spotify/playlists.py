"""What playlists an account has, and what a playlist holds, page by page."""

from collections.abc import Iterator

from connectors.spotify.answers import Playlist, SavedTrack
from connectors.spotify.client import SpotifyClient


def all_playlists(client: SpotifyClient) -> Iterator[Playlist]:
    """Every playlist that the account owns or follows, in its own order."""
    page = client.my_playlists(0)
    yield from page.items
    while page.has_next:
        page = client.my_playlists(page.next_offset)
        yield from page.items


def all_entries(client: SpotifyClient, playlist_id: str) -> Iterator[SavedTrack]:
    """Every entry of a playlist, in its order; raises ``Forbidden`` where it is someone else's."""
    page = client.playlist_items(playlist_id, 0)
    yield from page.items
    while page.has_next:
        page = client.playlist_items(playlist_id, page.next_offset)
        yield from page.items


def own_playlists(client: SpotifyClient) -> list[Playlist]:
    """The playlists that the account owns."""
    return [playlist for playlist in all_playlists(client) if playlist.is_mine]


def contents(client: SpotifyClient, playlist_id: str) -> tuple[str, ...]:
    """The URIs in a playlist; empty for what a request cannot name: local files, and what Spotify no longer has."""
    tracks = [entry.track for entry in all_entries(client, playlist_id)]
    return tuple("" if track is None or track.kind == "local" else track.uri for track in tracks)

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

"""The tracks of a playlist, to be ranked."""

from dataclasses import dataclass

from connectors.library.library import Library
from connectors.pull_report import ReportBuilder
from connectors.spotify.client import SpotifyClient
from connectors.spotify.rows import id_of, track_row, why_not
from features.errors import InputError
from features.identity import LOCAL_ID


@dataclass(frozen=True)
class Fetched:
    """A playlist's tracks, which the library knows now.

    Parameters
    ----------
    track_ids : tuple of str
        In the playlist's order, each once.
    notes : tuple of str
        How many there are, and what was left out; one line each.
    """

    track_ids: tuple[str, ...]
    notes: tuple[str, ...]


def fetch_playlist(library: Library, client: SpotifyClient, playlist_id: str) -> Fetched:
    """Fetch a playlist's tracks; they become no evidence of anything.

    Raises
    ------
    Forbidden
        If the playlist is someone else's.
    NotFound
        If there is none, or Spotify itself makes it.
    InputError
        If nothing in it can be ranked.
    """
    playlist = client.playlist(playlist_id)
    report = ReportBuilder()
    track_ids: dict[str, None] = {}
    offset, more = 0, True
    while more:
        page = client.playlist_items(playlist_id, offset)
        tracks = []
        for entry in page.items:
            track, track_id = entry.track, id_of(entry)
            if track is None or track_id is None:
                report.count(why_not(entry))
            else:
                tracks.append(track_row(track_id, track))
                track_ids[track_id] = None
        library.add_tracks(tracks)
        offset, more = page.next_offset, page.has_next
    left_out = [f"{n:,} left out: {why}" for why, n in sorted(report.outcomes.items())]
    if not track_ids:
        why_none = "; ".join(left_out) or "it is empty"
        raise InputError(
            f"the playlist {playlist.name!r} holds no track that can be ranked ({why_none})",
            "name a playlist of yours with tracks in it",
        )
    notes = [f"playlist {playlist.name!r}: {len(track_ids):,} tracks"]
    if files := sum(track_id.startswith(LOCAL_ID) for track_id in track_ids):
        notes.append(f"{files:,} of them are local files, known by artist and title: they can be ranked, not pushed")
    return Fetched(tuple(track_ids), (*notes, *left_out))

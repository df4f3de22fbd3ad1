"""A Spotify account: what changed since the last time is pulled, then all evidence in the library speaks.

``spotify`` is the account's own tracks with their labels; ``spotify:playlist:...`` is candidates, the tracks of one of
its playlists without labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from connectors.registry import SourceSpec
from connectors.source import Reading, SourceRequest, TrackSource
from connectors.sources._from_library import labelled_tracks, open_library
from connectors.spotify.references import is_spotify_address, playlist_id
from features.errors import EarmarkError, InputError, ServiceError

if TYPE_CHECKING:
    from connectors.library import Library
    from connectors.spotify.client import SpotifyClient

NAME = "spotify"
_MEND = "like some tracks in Spotify, or name a playlist: earmark pull spotify --liked NAME --disliked NAME"


@dataclass
class SpotifyAccount:
    """Everything that is known of the listener, once the account has been pulled.

    Parameters
    ----------
    request : SourceRequest
    """

    request: SourceRequest
    name: str = NAME

    def read(self) -> Reading:
        """Pull, then read the library; where Spotify cannot be asked, what was pulled before has to do.

        Raises
        ------
        InputError
            If nobody is signed in, or may not read, and nothing was pulled before; if what was is another account's.
        ServiceError
            If Spotify fails, and nothing was pulled before.
        """
        with open_library(self.request) as library:
            notes = self._refresh(library)
            reading = labelled_tracks(library, self.request, None, _MEND)
        return replace(reading, notes=(*notes, *reading.notes))

    def _refresh(self, library: "Library") -> list[str]:
        from connectors.pull_end import end_pull  # noqa: PLC0415 - opening a source is quick
        from connectors.spotify.account import OtherAccount  # noqa: PLC0415
        from connectors.spotify.pull import LIKES, pull_spotify  # noqa: PLC0415
        from connectors.spotify.settings import PULL_SCOPES  # noqa: PLC0415
        from connectors.spotify.walk import is_under_way  # noqa: PLC0415

        try:
            with _client(self.request, PULL_SCOPES) as client:
                report = pull_spotify(library, client, on_progress=self.request.on_progress)
                end_pull(library, report)
            features = fill_features(library, self.request)
        except (InputError, ServiceError) as error:
            broken_off = is_under_way(library, LIKES) and library.position(NAME, LIKES) is None
            if library.evidence().empty or broken_off or isinstance(error, OtherAccount):
                raise  # the first part of the likes is not the listener's taste
            return [f"not brought up to date: {error.message} ({error.hint})"]
        return [*report.lines(), *features]


@dataclass
class SpotifyPlaylist:
    """The tracks of one playlist, as candidates.

    Parameters
    ----------
    request : SourceRequest
        Refers to the playlist by URI or address.
    """

    request: SourceRequest
    name: str = NAME

    def read(self) -> Reading:
        """Fetch the playlist, and the features of its tracks that are not known yet.

        Raises
        ------
        InputError
            If nobody is signed in, or the playlist is someone else's.
        ServiceError
            If Spotify fails.
        """
        from connectors.spotify.candidates import fetch_playlist  # noqa: PLC0415

        identifier = playlist_id(self.request.reference)
        if identifier is None:
            raise InputError(
                f"{self.request.reference[:60]!r} names no playlist of Spotify's",
                "give spotify:playlist:ID with the ID of 22 letters and digits, or the playlist's link",
            )
        with open_library(self.request) as library:
            with _client(self.request, ("playlist-read-private",)) as client:
                fetched = fetch_playlist(library, client, identifier)
            notes = fill_features(library, self.request, fetched.track_ids)
            tracks = library.candidates(fetched.track_ids)
        return Reading(tracks, (*fetched.notes, *notes))


def fill_features(
    library: "Library", request: SourceRequest, track_ids: tuple[str, ...] | None = None
) -> tuple[str, ...]:
    """Ask for the audio features that are missing; a service that fails leaves a note, for what is known will do."""
    from connectors.audio_features.chain import pull_features  # noqa: PLC0415
    from connectors.audio_features.usual import usual_links  # noqa: PLC0415
    from connectors.pull_end import end_pull  # noqa: PLC0415

    def progress(source: str, done: int, total: int) -> None:
        request.on_progress(f"audio features from {source}: {done:,} of {total:,}")

    try:
        with usual_links(
            library, catalogue=request.catalogue, max_wait=request.max_wait, on_wait=request.on_wait
        ) as links:
            done = pull_features(library, links, track_ids=track_ids, on_batch=progress)
    except EarmarkError as error:
        return (f"some audio features are still to be fetched: {error.message} ({error.hint})",)
    end_pull(library, done.report)
    return tuple(done.report.lines())


def _client(request: SourceRequest, scopes: Sequence[str]) -> "SpotifyClient":
    from connectors.spotify.client import SpotifyClient  # noqa: PLC0415

    return SpotifyClient.signed_in(scopes=scopes, max_wait=request.max_wait, on_wait=request.on_wait)


def _open(request: SourceRequest) -> TrackSource:
    return SpotifyPlaylist(request) if is_spotify_address(request.reference) else SpotifyAccount(request)


SOURCE = SourceSpec(
    name=NAME,
    summary="your Spotify account, pulled and read; spotify:playlist:... is the tracks of a playlist of yours",
    open=_open,
    claims=is_spotify_address,
)

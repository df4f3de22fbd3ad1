"""The links of the chain in their usual order: Spotify where it still may be asked, a catalogue, ReccoBeats."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.audio_features.catalogue import CatalogueFeatures
from connectors.audio_features.links import Link
from connectors.audio_features.reccobeats import PER_SECOND, URL, ReccoBeats
from connectors.audio_features.spotify import SpotifyFeatures
from connectors.http.addresses import service_address
from connectors.http.transport import Transport
from connectors.http.waiting import Wait, silent
from connectors.library.library import Library
from connectors.spotify.client import SpotifyClient
from connectors.spotify.settings import find_client_id
from features.errors import InputError


@contextmanager
def usual_links(
    library: Library,
    *,
    catalogue: Path | None = None,
    offline: bool = False,
    max_wait: float = 60.0,
    on_wait: Callable[[Wait], None] = silent,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[list[Link]]:
    """The links, ready to be asked.

    Parameters
    ----------
    library : Library
    catalogue : Path, optional
        Parquet or CSV with audio features.
    offline : bool
        Ask no service.
    max_wait, on_wait
        As of ``Transport``.
    say : callable
        Told in words which service is left out, and why.
    """
    file: list[Link] = [] if catalogue is None else [CatalogueFeatures(catalogue)]
    if offline:
        yield file
        return
    with Transport("ReccoBeats", max_wait=max_wait, on_wait=on_wait, per_second=PER_SECOND) as transport:
        reccobeats = ReccoBeats(transport, service_address("EARMARK_RECCOBEATS_URL", URL))
        yield [*_spotify(library, max_wait, on_wait, say), *file, reccobeats]


def _spotify(
    library: Library, max_wait: float, on_wait: Callable[[Wait], None], say: Callable[[str], None]
) -> list[Link]:
    try:
        app = find_client_id()
    except InputError as error:  # who has no app needs none for what follows
        say(f"spotify: not asked for features ({error.message})")
        return []
    return [
        SpotifyFeatures(
            library, lambda: SpotifyClient.signed_in(scopes=(), max_wait=max_wait, on_wait=on_wait), app=app
        )
    ]

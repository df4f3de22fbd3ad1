"""What the listener's own streaming history says: bans, likes, skips."""

from connectors.registry import SourceSpec
from connectors.source import SourceRequest, TrackSource
from connectors.sources._from_library import FromLibrary


def _open(request: SourceRequest) -> TrackSource:
    return FromLibrary(
        request,
        "history",
        ("history",),
        "ask Spotify for your extended streaming history, then: earmark pull history my_spotify_data.zip",
    )


SOURCE = SourceSpec(
    name="history", summary="the skips, likes and bans of a streaming history that was pulled before", open=_open
)

"""What the listener loved and hated on ListenBrainz."""

from connectors.registry import SourceSpec
from connectors.source import SourceRequest, TrackSource
from connectors.sources._from_library import FromLibrary


def _open(request: SourceRequest) -> TrackSource:
    return FromLibrary(request, "listenbrainz", ("listenbrainz",), "earmark pull listenbrainz USER")


SOURCE = SourceSpec(
    name="listenbrainz", summary="loves and hates of a ListenBrainz user that were pulled before", open=_open
)

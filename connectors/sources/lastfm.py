"""What the listener loved on Last.fm."""

from connectors.registry import SourceSpec
from connectors.source import SourceRequest, TrackSource
from connectors.sources._from_library import FromLibrary


def _open(request: SourceRequest) -> TrackSource:
    return FromLibrary(request, "lastfm", ("lastfm",), "earmark pull lastfm USER")


SOURCE = SourceSpec(name="lastfm", summary="loves of a Last.fm user that were pulled before", open=_open)

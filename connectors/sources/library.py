"""Everything that was pulled so far, wherever from."""

from connectors.registry import SourceSpec
from connectors.source import SourceRequest, TrackSource
from connectors.sources._from_library import FromLibrary


def _open(request: SourceRequest) -> TrackSource:
    return FromLibrary(
        request,
        "library",
        None,
        "pull some first: 'earmark pull spotify', 'earmark pull history FILE', 'earmark pull listenbrainz USER'",
    )


SOURCE = SourceSpec(
    name="library",
    summary="all that was pulled before, with the labels that its evidence resolves to; asks no service",
    open=_open,
)

"""ListenBrainz on loopback, with feedback of our own."""

from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

from connectors.http.transport import Transport
from connectors.http.waiting import Wait
from connectors.listenbrainz.client import ListenBrainz
from tests.standin.exchange import Reply, Request
from tests.standin.server import LoopbackServer

CREATED = 1_700_000_000


def verdict(number: int, score: int = 1, **metadata: Any) -> dict[str, Any]:
    """Feedback as ListenBrainz words it, the lower the number the newer."""
    told = {"track_name": f"Song {number}", "artist_name": "Band", "additional_info": {"recording_msid": f"m-{number}"}}
    return {
        "user_id": "rob",
        "recording_mbid": f"mbid-{number}",
        "recording_msid": f"m-{number}",
        "score": score,
        "created": CREATED - number,
        "track_metadata": told | metadata,
    }


class ListenBrainzService:
    """Serves ``feedback`` by user name; ``faults`` come first, one a request; ``headers`` go with every answer."""

    def __init__(self) -> None:
        self.feedback: dict[str, list[Any]] = {}
        self.faults: list[Reply | None] = []
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.waits: list[Wait] = []
        self.slept: list[float] = []
        self._server = LoopbackServer("listenbrainz", 0, self._answer)

    def client(self, *, max_wait: float = 0.0) -> ListenBrainz:
        transport = Transport("ListenBrainz", max_wait=max_wait, on_wait=self.waits.append, sleep=self.slept.append)
        return ListenBrainz(transport, self._server.url, sleep=self.slept.append)

    def _answer(self, request: Request) -> Reply:
        self.asked.append((request.path, request.query))
        if self.faults and (fault := self.faults.pop(0)):
            return fault
        start, end = "/1/feedback/user/", "/get-feedback"
        assert request.path.startswith(start)
        assert request.path.endswith(end)
        user = unquote(request.path.removeprefix(start).removesuffix(end))
        if user not in self.feedback:
            return Reply(404, {"code": 404, "error": f"Cannot find user: {user}"}, self.headers)
        items = self.feedback[user]
        offset = int(request.query["offset"])
        page = items[offset : offset + min(int(request.query["count"]), 1000)]
        body = {"feedback": page, "count": len(page), "total_count": len(items), "offset": offset}
        return Reply(200, body, self.headers)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

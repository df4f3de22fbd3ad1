"""A service on loopback that answers as a script says, one reply a request; the last one stands for all that follow."""

from collections.abc import Callable
from types import TracebackType

from tests.standin.exchange import Reply, Request
from tests.standin.server import LoopbackServer

Answer = Reply | None | Callable[[Request], Reply | None]


class Scripted:
    """The server; ``requests`` holds what came in."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []
        self._server = LoopbackServer("scripted", 0, self._answer)

    @property
    def url(self) -> str:
        return self._server.url

    def __enter__(self) -> "Scripted":
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

    def _answer(self, request: Request) -> Reply | None:
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        return answer(request) if callable(answer) else answer


def limited(retry_after: str | None = None, reason: str | None = None) -> Reply:
    """A 429."""
    error = {"status": 429, "message": "API rate limit exceeded"} | ({"reason": reason} if reason else {})
    return Reply(429, {"error": error}, {} if retry_after is None else {"Retry-After": retry_after})

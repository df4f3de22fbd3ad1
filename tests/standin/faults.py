"""Faults by script: what goes wrong, where, and when.

Every answer of a fault is what a service was seen to answer (facts of October 2025 to September 2026), not what the
contract allows; it is therefore not validated.
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.standin.exchange import Reply, Request, spotify_error

PREMIUM: Final = (
    "Active premium subscription required for the owner of the app. If you're the owner, subscribe; it can take hours."
)
ALLOW_LIST: Final = "Check settings on developer.spotify.com/dashboard, the user may not be registered."
_HTML: Final = "<!doctype html><html><head><title>Sign in to the network</title></head><body>Welcome</body></html>"
_JSON: Final = {"Content-Type": "application/json; charset=utf-8"}

ANSWERS: Final[Mapping[str, Callable[[], Reply]]] = {
    "401": lambda: spotify_error(401, "The access token expired"),
    "401-detail-in-header": lambda: spotify_error(
        401, "Missing/invalid/expired access token", www_authenticate='Bearer error="invalid_token"'
    ),
    "403": lambda: spotify_error(403, "Forbidden"),
    "403-premium": lambda: Reply(403, PREMIUM),
    "403-allow-list": lambda: Reply(403, ALLOW_LIST),
    "403-allow-list-json": lambda: spotify_error(403, ALLOW_LIST),
    "403-scope": lambda: spotify_error(403, "Insufficient client scope"),
    "403-removed": lambda: spotify_error(403, "Forbidden"),
    "403-features": lambda: Reply(403, {"error": {"status": 403}}),
    "403-text": lambda: Reply(403, "Forbidden."),
    "404": lambda: spotify_error(404, "Resource not found"),
    "429": lambda: spotify_error(429, "API rate limit exceeded", Retry_After="1"),
    "429-without-header": lambda: spotify_error(429, "Too many requests"),
    "quota": lambda: Reply(429, {"error": {"status": 429, "message": "Too many requests", "reason": "QUOTA_EXCEEDED"}}),
    "500": lambda: spotify_error(500, "Server error"),
    "502": lambda: spotify_error(502, "Bad gateway"),
    "503": lambda: spotify_error(503, "Service unavailable"),
    "html": lambda: Reply(200, _HTML, {"Content-Type": "text/html; charset=utf-8"}),
    "html-502": lambda: Reply(502, _HTML, {"Content-Type": "text/html; charset=utf-8"}),
    "empty": lambda: Reply(200, b"", _JSON),
    "null": lambda: Reply(200, b"null", _JSON),
    "wrong-shape": lambda: Reply(200, b'{"items": 7}', _JSON),
    "error-string": lambda: Reply(400, {"error": "bad_request"}),
}
"""Faults that answer instead of the service."""

OTHERS: Final = ("close", "lost-answer", "close-after", "truncate", "truncate-json", "unlisted", "slow", "hook")
"""``close`` hangs up before the request is carried out, ``lost-answer`` after it was and without an answer,
``close-after`` after the answer; ``truncate`` hangs up in the middle of the answer, ``truncate-json`` sends half a body
as if it were whole; ``unlisted`` sends a page without its items; ``slow`` waits first; ``hook`` calls something."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong.

    Parameters
    ----------
    kind : str
        A key of `ANSWERS` or one of `OTHERS`.
    at : int, optional
        The number of the request, from 1, counted over those that ``service``, ``method`` and ``path`` fit.
    when : callable, optional
        Gives whether it strikes, from the `Request`. Without ``at`` and ``when`` it strikes at every request that fits.
    times : int, optional
        How many requests it strikes: 1 with ``at``, else without end.
    service : str
        spotify (the Web API), accounts (its sign-in), reccobeats or listenbrainz.
    method, path : str, optional
        Only requests of this method; only those whose path holds this text.
    retry_after : int or str, optional
        The header's value.
    seconds : float
        What ``slow`` waits.
    hook : callable, optional
        What ``hook`` calls with the `Request`, before it is carried out: a test may kill its client here.
    """

    kind: str
    at: int | None = None
    when: Callable[[Request], bool] | None = None
    times: int | None = None
    service: str = "spotify"
    method: str | None = None
    path: str | None = None
    retry_after: int | str | None = None
    seconds: float = 0.1
    hook: Callable[[Request], None] | None = None

    def __post_init__(self) -> None:
        if self.kind not in ANSWERS and self.kind not in OTHERS:
            raise ValueError(f"no fault is called {self.kind!r}: there are {', '.join([*ANSWERS, *OTHERS])}")
        if self.kind == "hook" and self.hook is None:
            raise ValueError("a fault of kind 'hook' needs something to call")

    def fits(self, request: Request) -> bool:
        """Whether it is about requests like this one."""
        return (
            request.service == self.service
            and self.method in (None, request.method)
            and (self.path is None or self.path in request.path)
        )

    def reply(self) -> Reply | None:
        """The answer in place of the service's; None where the service answers."""
        if self.kind not in ANSWERS:
            return None
        reply = ANSWERS[self.kind]()
        if self.retry_after is not None:
            reply.headers = {**reply.headers, "Retry-After": str(self.retry_after)}
        return reply

    def spoil(self, reply: Reply) -> Reply | None:
        """What is left of the service's answer."""
        if self.kind == "lost-answer":
            return None
        content = reply.encoded()
        if self.kind == "truncate":
            reply.keep = len(content) // 2
        elif self.kind == "truncate-json":
            reply.headers = {**_JSON, **reply.headers}
            reply.body = content[: len(content) // 2]
        elif self.kind == "unlisted":
            reply.body = {**reply.body, "feedback" if "feedback" in reply.body else "items": []}
        elif self.kind == "close-after":
            reply.hang_up = True
        return reply


class FaultScript:
    """Decides which fault strikes a request; the first of those that would wins, all of them count it."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._faults = list(faults)
        self._seen: Counter[int] = Counter()
        self._struck: Counter[int] = Counter()
        self._guard = threading.Lock()

    def add(self, fault: Fault) -> None:
        """One more; it counts requests from now on."""
        with self._guard:
            self._faults.append(fault)

    def clear(self) -> None:
        """No more faults."""
        with self._guard:
            self._faults.clear()
            self._seen.clear()
            self._struck.clear()

    def strike(self, request: Request) -> Fault | None:
        """The fault of a request, if any."""
        chosen = None
        with self._guard:
            for number, fault in enumerate(self._faults):
                if not fault.fits(request):
                    continue
                self._seen[number] += 1
                if chosen is None and self._strikes(number, fault, request):
                    self._struck[number] += 1
                    chosen = fault
        return chosen

    def _strikes(self, number: int, fault: Fault, request: Request) -> bool:
        times = fault.times if fault.times is not None else (1 if fault.at is not None else None)
        if times is not None and self._struck[number] >= times:
            return False
        if fault.at is not None and self._seen[number] < fault.at:
            return False
        return fault.when is None or fault.when(request)


def faults_of_json(rows: list[dict[str, Any]]) -> list[Fault]:
    """Faults from a JSON file: objects with the names of `Fault`, but for those that are callables."""
    return [Fault(**row) for row in rows]

"""Requests and replies of the stand-in services, and the record that is kept of them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Request:
    """One request as it came in; ``path`` is without query, ``query`` holds the first value of each name."""

    service: str
    method: str
    path: str
    query_string: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def query(self) -> dict[str, str]:
        """The parameters after the question mark; empty ones are kept."""
        return dict(reversed(parse_qsl(self.query_string, keep_blank_values=True)))

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form in the body."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    def json(self) -> Any:
        """The body as JSON; None where there is none; raises ``ValueError``."""
        return json.loads(self.body) if self.body else None


@dataclass
class Reply:
    """What is sent back.

    Parameters
    ----------
    status : int
    body : object
        Sent as JSON, but for str and bytes, which are sent as they are; None sends nothing.
    headers : mapping
    keep : int, optional
        Send this many bytes of the body alone, whatever its length says, and hang up.
    hang_up : bool
        Close the connection after it, though it was to be kept.
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    keep: int | None = None
    hang_up: bool = False

    def encoded(self) -> bytes:
        """The body as bytes."""
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return (
            self.body.encode() if isinstance(self.body, str) else json.dumps(self.body, separators=(",", ":")).encode()
        )


@dataclass(frozen=True)
class Call:
    """One request that was made, and what became of it.

    ``status`` is 0 where the connection was closed without an answer; ``fault`` is the kind of the fault that struck;
    ``at`` is in seconds of a clock that only goes forward.
    """

    service: str
    method: str
    path: str
    query: Mapping[str, str]
    status: int
    at: float
    fault: str | None = None


class Refused(Exception):  # noqa: N818  # an answer, not a failure of the stand-in
    """An error that a service answers with."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"{reply.status} {reply.body}")
        self.reply = reply


def spotify_error(status: int, message: str, **headers: str) -> Reply:
    """An error in the shape of Spotify's Web API; underscores in names of headers become hyphens."""
    body = {"error": {"status": status, "message": message}}
    return Reply(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


Handler = Callable[[Request], Reply]

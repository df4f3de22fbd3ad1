"""ListenBrainz's feedback, page by page.

Asked for without ``score``: ``total_count`` is of love and hate together, so only then does it tell where the end is,
and a verdict that turns around while it is read is seen once.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import requests

from connectors.http.faults import BadAnswer, NotFound, RateLimited
from connectors.http.transport import Transport
from connectors.http.waiting import Wait, count_down, retry_after
from features.cleaning import spotify_track_id
from features.errors import InputError, ServiceError
from features.report import show

URL: Final = "https://api.listenbrainz.org"
PAGE: Final = 1000
"""Most items that it gives at once (its MAX_ITEMS_PER_GET)."""

_NAME: Final = "ListenBrainz"
_LONGEST: Final = 1e9
"""Ten days in ms; what whoever submitted a track wrote may be any number."""


@dataclass(frozen=True)
class Feedback:
    """One verdict.

    Parameters
    ----------
    score : int or None
        1 love, -1 hate; None where it is neither.
    at : datetime or None
        When it was given, UTC.
    track_name, artist_name, album_name : str or None
        Artists joined by ``;``. None where the recording is not known to ListenBrainz.
    isrc, spotify_id : str or None
        As whoever submitted the track wrote them.
    duration_ms : float or None
    """

    score: int | None
    at: datetime | None = None
    track_name: str | None = None
    artist_name: str | None = None
    album_name: str | None = None
    isrc: str | None = None
    spotify_id: str | None = None
    duration_ms: float | None = None


@dataclass(frozen=True)
class FeedbackPage:
    """One answer.

    Parameters
    ----------
    items : tuple of Feedback
        The newest first.
    total : int
        Verdicts in all.
    """

    items: tuple[Feedback, ...]
    total: int


class ListenBrainz:
    """The client.

    Parameters
    ----------
    transport : Transport
        Its ``max_wait`` and ``on_wait`` hold for the service's own rate limit too.
    url : str
        Of the service, without version.
    sleep : callable
        Sleeps for so many seconds.
    """

    def __init__(self, transport: Transport, url: str = URL, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._transport = transport
        self._url = url.rstrip("/")
        self._sleep = sleep
        self._pause = 0.0

    @property
    def calls(self) -> int:
        """Requests sent, retries included."""
        return self._transport.calls

    def feedback(self, user: str, offset: int, count: int = PAGE) -> FeedbackPage:
        """A page of a user's feedback.

        Parameters
        ----------
        user : str
            The name at ListenBrainz; any characters.
        offset : int
            From 0.
        count : int
            Up to 1,000.

        Raises
        ------
        NotFound
            Where there is no such user.
        RateLimited
            Where it allows no call for longer than the transport may wait.
        ServiceError
            Where it fails or answers something else.
        """
        if user.strip(". ") == "":
            raise InputError(
                f"'{show(user)}' is no name of a ListenBrainz user", "give the name as in the address of its page"
            )
        self._rest()
        response = self._transport.get(
            f"{self._url}/1/feedback/user/{quote(user, safe='')}/get-feedback",
            params={"count": str(count), "offset": str(offset), "metadata": "true"},
        )
        self._pause = _pause(response)
        return _page(response, user)

    def _rest(self) -> None:
        """Wait where the last answer said that it was the last one allowed for a while."""
        seconds, self._pause = self._pause, 0.0
        if seconds > self._transport.max_wait:
            raise RateLimited(_NAME, datetime.now(UTC) + timedelta(seconds=seconds), seconds)
        if seconds:
            count_down(Wait(_NAME, "rate_limit", seconds, seconds), self._transport.on_wait, self._sleep)


def _pause(response: requests.Response) -> float:
    """Seconds until another call is allowed, of the answer's X-RateLimit headers."""
    if response.headers.get("X-RateLimit-Remaining", "").strip() != "0":
        return 0.0
    return retry_after(response.headers.get("X-RateLimit-Reset-In"), datetime.now(UTC)) or 0.0


def _page(response: requests.Response, user: str) -> FeedbackPage:
    if response.status_code == requests.codes.not_found:
        raise NotFound(
            f"ListenBrainz knows no user '{show(user)}'",
            "give the name as in the address of the user's page, https://listenbrainz.org/user/NAME/",
        )
    try:
        body = response.json()
    except ValueError as error:
        raise BadAnswer(
            f"ListenBrainz answered {response.status_code} with something that is not JSON",
            "try again later: what came before is kept",
        ) from error
    if not response.ok:
        said = body.get("error") if isinstance(body, dict) else ""
        raise ServiceError(
            f"ListenBrainz refused a request with {response.status_code}{f': {show(said, 120)}' if said else ''}",
            "try again later; if it stays so, its interface may have changed",
        )
    items, total = (body.get("feedback"), body.get("total_count")) if isinstance(body, dict) else (None, None)
    if not isinstance(items, list) or not isinstance(total, int) or isinstance(total, bool):
        raise BadAnswer(
            "ListenBrainz answered JSON of another shape, expected 'feedback' and 'total_count'",
            "its interface may have changed; what came before is kept",
        )
    return FeedbackPage(tuple(map(_feedback, items)), total)


def _feedback(item: object) -> Feedback:
    """One item; whatever is not as documented is taken as not told."""
    if not isinstance(item, dict):
        return Feedback(None)
    told = item.get("track_metadata")
    metadata: Mapping[str, Any] = told if isinstance(told, dict) else {}
    more = metadata.get("additional_info")
    info: Mapping[str, Any] = more if isinstance(more, dict) else {}
    score = item.get("score")
    return Feedback(
        score=int(score) if score in (1, -1) and not isinstance(score, bool) else None,
        at=_moment(item.get("created")),
        track_name=_text(metadata.get("track_name")),
        artist_name=_artists(metadata),
        album_name=_text(metadata.get("release_name")),
        isrc=_text(info.get("isrc")),
        spotify_id=spotify_track_id(_text(info.get("spotify_id")) or _text(info.get("origin_url")) or "") or None,
        duration_ms=_duration(info),
    )


def _artists(metadata: Mapping[str, Any]) -> str | None:
    """Artists joined by ``;`` where they are listed one by one, else the credit as it is written."""
    mapping = metadata.get("mbid_mapping")
    listed = mapping.get("artists") if isinstance(mapping, dict) else None
    artists = [artist for artist in listed if isinstance(artist, dict)] if isinstance(listed, list) else []
    names = [_text(artist.get("artist_credit_name")) for artist in artists]
    whole = ";".join(name for name in names if name)
    return whole or _text(metadata.get("artist_name"))


def _moment(created: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(created), UTC)  # type: ignore[arg-type]  # what is no number is caught
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _duration(info: Mapping[str, Any]) -> float | None:
    for name, factor in (("duration_ms", 1.0), ("duration", 1000.0)):
        value = info.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _LONGEST:
            return float(value) * factor
    return None


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None

"""Last.fm's loved tracks, page by page.

Anyone may read them, with a key of their own (https://www.last.fm/api/account/create). The key is part of every
address, so it is blanked in whatever is logged.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import requests

from connectors.http.faults import BadAnswer, NotFound
from connectors.http.redaction import hide
from connectors.http.transport import Transport
from features.errors import InputError, ServiceError
from features.report import show

URL: Final = "https://ws.audioscrobbler.com/2.0"
PAGE: Final = 200
PER_SECOND: Final = 5.0
"""Calls that Last.fm asks clients not to exceed."""

_NO_USER: Final = 6
_BAD_KEYS: Final = {10: "does not know", 26: "has suspended"}
_PRIVATE: Final = 17
_TOO_MANY: Final = 29


@dataclass(frozen=True)
class Loved:
    """One track.

    Parameters
    ----------
    track_name, artist_name : str or None
    at : datetime or None
        When it was loved, UTC.
    """

    track_name: str | None
    artist_name: str | None
    at: datetime | None = None


@dataclass(frozen=True)
class LovedPage:
    """One answer.

    Parameters
    ----------
    items : tuple of Loved
        The newest first.
    total, pages : int
        Tracks and pages in all.
    """

    items: tuple[Loved, ...]
    total: int
    pages: int


class LastFm:
    """The client.

    Parameters
    ----------
    transport : Transport
    key : str
        The caller's own API key.
    url : str
        Of the service.

    Raises
    ------
    InputError
        If the key is empty.
    """

    def __init__(self, transport: Transport, key: str, url: str = URL) -> None:
        if not key.strip():
            raise InputError(
                "Last.fm answers only with a key of your own",
                "make one (free) at https://www.last.fm/api/account/create and set EARMARK_LASTFM_KEY to it",
            )
        hide(key)
        self._transport = transport
        self._key = key.strip()
        self._url = f"{url.rstrip('/')}/"

    @property
    def calls(self) -> int:
        """Requests sent, retries included."""
        return self._transport.calls

    def loved(self, user: str, page: int) -> LovedPage:
        """A page of what a user loves.

        Parameters
        ----------
        user : str
        page : int
            From 1.

        Raises
        ------
        NotFound
            Where there is no such user.
        InputError
            Where the key is refused, or the user's tracks are private.
        ServiceError
            Where it fails, asks to wait for longer than the transport may, or answers something else.
        """
        response = self._transport.get(
            self._url,
            params={
                "method": "user.getlovedtracks",
                "user": user,
                "api_key": self._key,
                "format": "json",
                "limit": str(PAGE),
                "page": str(page),
            },
        )
        return _page(response, user)


def _page(response: requests.Response, user: str) -> LovedPage:
    try:
        body = response.json()
    except ValueError as error:
        raise BadAnswer(
            f"Last.fm answered {response.status_code} with something that is not JSON",
            "try again later: what came before is kept",
        ) from error
    told: Mapping[str, Any] = body if isinstance(body, dict) else {}
    if "error" in told or not response.ok:
        raise _refusal(told, response.status_code, user)
    found = told.get("lovedtracks")
    about = found.get("@attr") if isinstance(found, dict) else None
    total, pages = (_count(about.get(name)) if isinstance(about, dict) else None for name in ("total", "totalPages"))
    tracks = found.get("track") if isinstance(found, dict) else None
    if isinstance(tracks, dict):
        tracks = [tracks]  # so it writes a page of one
    if not isinstance(tracks, list) or total is None or pages is None:
        raise BadAnswer(
            "Last.fm answered JSON of another shape, expected 'lovedtracks'",
            "its interface may have changed; what came before is kept",
        )
    return LovedPage(tuple(map(_loved, tracks)), total, pages)


def _refusal(told: Mapping[str, Any], status: int, user: str) -> InputError | ServiceError:
    code = told.get("error")
    if code == _NO_USER:
        return NotFound(
            f"Last.fm knows no user '{show(user)}'", "give the name as in the address https://www.last.fm/user/NAME"
        )
    if code in _BAD_KEYS:
        return InputError(f"Last.fm {_BAD_KEYS[code]} this key", "set EARMARK_LASTFM_KEY to a key of your own")
    if code == _PRIVATE:
        return InputError(f"the loved tracks of '{show(user)}' are private", "open them in the privacy settings there")
    if code == _TOO_MANY:
        return ServiceError("Last.fm was asked too often", "try again in some minutes: what came before is kept")
    message = told.get("message")
    said = f": {show(message, 120)}" if isinstance(message, str) else ""
    return ServiceError(f"Last.fm refused a request with {code or status}{said}", "try again later")


def _loved(item: object) -> Loved:
    """One item; whatever is not as documented is taken as not told."""
    if not isinstance(item, dict):
        return Loved(None, None)
    artist, date = item.get("artist"), item.get("date")
    name = artist.get("name", artist.get("#text")) if isinstance(artist, dict) else artist
    return Loved(_text(item.get("name")), _text(name), _moment(date.get("uts") if isinstance(date, dict) else None))


def _moment(seconds: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(seconds), UTC)  # type: ignore[arg-type]  # what is no number is caught
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _count(value: object) -> int | None:
    """Last.fm writes numbers as text."""
    try:
        return int(value)  # type: ignore[call-overload, no-any-return]  # what is no number is caught
    except (TypeError, ValueError):
        return None


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None

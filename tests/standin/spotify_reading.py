"""Operations of the Web API that read: the profile, likes, top tracks, tracks, audio features and search."""

from typing import Any, Final

from tests.standin.account import Account
from tests.standin.bodies import Bodies
from tests.standin.exchange import Refused, Reply, Request, spotify_error

MAX_PAGE: Final = 50
MAX_IDS: Final = 50
MAX_FEATURES: Final = 100
MAX_SEARCH: Final = {"2026": 10, "legacy": 50}
MAX_SEARCH_OFFSET: Final = 1000
TIME_RANGES: Final = ("short_term", "medium_term", "long_term")
Scopes = frozenset[str]


class ReadingOperations:
    """Reads one account."""

    def __init__(self, account: Account, bodies: Bodies, *, features_open: bool) -> None:
        self._account = account
        self._bodies = bodies
        self._features_open = features_open

    def me(self, request: Request, scopes: Scopes) -> Reply:  # noqa: ARG002
        """GET /me."""
        return Reply(200, self._bodies.me(self._account, scopes))

    def saved_tracks(self, request: Request, scopes: Scopes) -> Reply:  # noqa: ARG002
        """GET /me/tracks."""
        limit, offset = paging(request)
        likes = self._account.likes
        entries = likes[offset : offset + limit]
        items = [self._bodies.saved(entry, self._account.catalogue.entry(entry.key)) for entry in entries]
        return Reply(200, self._bodies.page(f"{self._bodies.root}/me/tracks", items, offset, limit, len(likes)))

    def top(self, request: Request, scopes: Scopes, type: str) -> Reply:  # noqa: A002, ARG002
        """GET /me/top/tracks; artists have no use here."""
        limit, offset = paging(request)
        time_range = request.query.get("time_range", "medium_term")
        if type != "tracks" or time_range not in TIME_RANGES:
            raise Refused(spotify_error(400, "Invalid request"))
        keys = self._account.top.get(time_range, [])
        items = [self._bodies.track(self._account.catalogue.entry(key)) for key in keys[offset : offset + limit]]
        href = f"{self._bodies.root}/me/top/tracks"
        return Reply(200, self._bodies.page(href, items, offset, limit, len(keys), time_range=time_range))

    def track(self, request: Request, scopes: Scopes, id: str) -> Reply:  # noqa: A002, ARG002
        """GET /tracks/{id}."""
        if not is_id(id):
            raise Refused(spotify_error(400, "Invalid base62 id"))
        track = self._account.catalogue.find(id)
        if track is None:
            raise Refused(spotify_error(404, "Resource not found"))
        return Reply(200, self._bodies.track(track))

    def tracks(self, request: Request, scopes: Scopes) -> Reply:  # noqa: ARG002
        """GET /tracks?ids=: null for an unknown id."""
        ids = ids_of(request, MAX_IDS)
        return Reply(200, {"tracks": [self._bodies.track(self._account.catalogue.find(track_id)) for track_id in ids]})

    def audio_features(self, request: Request, scopes: Scopes) -> Reply:  # noqa: ARG002
        """GET /audio-features?ids=: null for an unknown id, and a bare 403 where they are closed."""
        if not self._features_open:
            raise Refused(Reply(403, {"error": {"status": 403}}))
        return Reply(200, {"audio_features": [self._features(track_id) for track_id in ids_of(request, MAX_FEATURES)]})

    def search(self, request: Request, scopes: Scopes) -> Reply:  # noqa: ARG002
        """GET /search for tracks: words in title or artist, or isrc:CODE."""
        default = 5 if self._bodies.dialect == "2026" else 20
        limit, offset = paging(request, default, MAX_SEARCH[self._bodies.dialect])
        words, kinds = request.query.get("q", ""), request.query.get("type", "").split(",")
        if not words:
            raise Refused(spotify_error(400, "No search query"))
        if kinds != ["track"] or offset > MAX_SEARCH_OFFSET:
            raise Refused(spotify_error(400, "Bad search type field"))
        found = self._account.catalogue.search(words, MAX_SEARCH_OFFSET)
        items = [self._bodies.track(track) for track in found[offset : offset + limit]]
        href = f"{self._bodies.root}/search"
        return Reply(200, {"tracks": self._bodies.page(href, items, offset, limit, len(found), q=words, type="track")})

    def _features(self, track_id: str) -> dict[str, Any] | None:
        track = self._account.catalogue.find(track_id)
        values = None if track is None else self._account.catalogue.features(track)
        return None if track is None or values is None else self._bodies.audio_features(track, values)


def paging(request: Request, default: int = 20, most: int = MAX_PAGE) -> tuple[int, int]:
    """Limit and offset of a request."""
    limit = whole(request, "limit", default)
    offset = whole(request, "offset", 0)
    if not 0 <= limit <= most:
        raise Refused(spotify_error(400, "Invalid limit"))
    if offset < 0:
        raise Refused(spotify_error(400, "Invalid offset"))
    return limit, offset


def ids_of(request: Request, most: int) -> list[str]:
    """The ids in the query: at least one, at most ``most``, all of the right shape."""
    ids = [track_id for track_id in request.query.get("ids", "").split(",") if track_id]
    if len(ids) > most:
        raise Refused(spotify_error(400, "Too many ids requested"))
    if not ids or not all(map(is_id, ids)):
        raise Refused(spotify_error(400, "invalid id"))
    return ids


def is_id(text: str) -> bool:
    """Whether it has the shape of Spotify's ids."""
    return len(text) == 22 and text.isascii() and text.isalnum()


def whole(request: Request, name: str, default: int) -> int:
    """A whole number in the query."""
    try:
        return int(request.query.get(name, default))
    except ValueError:
        raise Refused(spotify_error(400, f"Invalid {name}")) from None

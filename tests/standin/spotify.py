"""The Web API: which operations there are, who may call them, and what a dialect still has."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from tests.standin.account import Account
from tests.standin.bodies import Bodies, Dialect
from tests.standin.exchange import Refused, Reply, Request, spotify_error
from tests.standin.oauth import Authority
from tests.standin.spotify_playlists import PlaylistOperations, need
from tests.standin.spotify_reading import ReadingOperations

PREFIX: Final = "/v1"
ALL: Final[tuple[Dialect, ...]] = ("2026", "legacy")


@dataclass(frozen=True)
class Route:
    """One operation: ``template`` is the contract's path; ``dialects`` that have it; ``scope`` that it always needs."""

    method: str
    template: str
    handler: Callable[..., Reply]
    scope: str | None = None
    dialects: tuple[Dialect, ...] = ALL
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.template)
        object.__setattr__(self, "pattern", re.compile(pattern))


class Spotify:
    """Answers requests to the Web API for one account.

    Parameters
    ----------
    account : Account
    authority : Authority
        Knows the access tokens.
    url : str
        Address of the server, for the absolute addresses in pages.
    dialect : {"2026", "legacy"}
    features : {"open", "closed"}
        Whether this app may still ask for audio features.
    """

    def __init__(
        self, account: Account, authority: Authority, url: str, dialect: Dialect, features: Literal["open", "closed"]
    ) -> None:
        self._authority = authority
        self._dialect = dialect
        bodies = Bodies(f"{url}{PREFIX}", dialect)
        reading = ReadingOperations(account, bodies, features_open=features == "open")
        playlists = PlaylistOperations(account, bodies)
        self.routes = _routes(reading, playlists)

    def answer(self, request: Request) -> Reply:
        """Serve one request; errors are answers."""
        try:
            scopes = self._authority.scopes_of(request)
            route, values = self._route(request)
            if route.scope is not None:
                need(route.scope, scopes)
            return route.handler(request, scopes, **values)
        except Refused as refused:
            return refused.reply

    def _route(self, request: Request) -> tuple[Route, dict[str, str]]:
        path = plain_path(request.path)
        here = [(route, found) for route in self.routes if (found := route.pattern.fullmatch(path))]
        if not here:
            raise Refused(spotify_error(404, "Service not found"))
        for route, found in here:
            if route.method == request.method:
                if self._dialect not in route.dialects:
                    raise Refused(spotify_error(403, "Forbidden"))
                return route, found.groupdict()
        raise Refused(spotify_error(405, "Method not allowed"))


def plain_path(path: str) -> str:
    """The path without the version's prefix and without the slash at its end, which spotipy adds to some."""
    return path.removeprefix(PREFIX).rstrip("/")


def _routes(reading: ReadingOperations, playlists: PlaylistOperations) -> list[Route]:
    legacy: tuple[Dialect, ...] = ("legacy",)
    routes = [
        Route("GET", "/me", reading.me),
        Route("GET", "/me/tracks", reading.saved_tracks, "user-library-read"),
        Route("GET", "/me/top/{type}", reading.top, "user-top-read"),
        Route("GET", "/tracks", reading.tracks, dialects=legacy),
        Route("GET", "/tracks/{id}", reading.track),
        Route("GET", "/audio-features", reading.audio_features),
        Route("GET", "/search", reading.search),
        Route("GET", "/me/playlists", playlists.mine, "playlist-read-private"),
        Route("POST", "/me/playlists", playlists.create),
        Route("POST", "/users/{user_id}/playlists", playlists.create_for_user, dialects=legacy),
        Route("GET", "/playlists/{playlist_id}", playlists.playlist),
        Route("PUT", "/playlists/{playlist_id}", playlists.rename),
        Route("DELETE", "/playlists/{playlist_id}/followers", playlists.unfollow, dialects=legacy),
        Route("DELETE", "/me/library", playlists.remove_from_library),
    ]
    for end, dialects in (("items", ALL), ("tracks", legacy)):
        template = f"/playlists/{{playlist_id}}/{end}"
        routes += [
            Route("GET", template, playlists.items, "playlist-read-private", dialects),
            Route("POST", template, playlists.add, None, dialects),
            Route("PUT", template, playlists.replace_or_reorder, None, dialects),
            Route("DELETE", template, playlists.remove, None, dialects),
        ]
    return routes

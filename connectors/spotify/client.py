"""An account at Spotify: what can be read from it and written to it, typed, in whichever dialect the app is served."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final

from connectors.http.faults import Forbidden, NotFound, SignInNeeded
from connectors.http.transport import Transport
from connectors.http.waiting import Wait, silent
from connectors.spotify.answers import Account, Page, Playlist, SavedTrack, SpotifyTrack
from connectors.spotify.authorisation import Authorisation
from connectors.spotify.checks import check_count, check_id, check_uris
from connectors.spotify.diagnosis import forbidden, no_playlist
from connectors.spotify.dialect import Capabilities, in_dialect, is_closed
from connectors.spotify.reading import (
    read_account,
    read_entries,
    read_features,
    read_listed_playlist,
    read_page,
    read_playlist,
    read_snapshot,
    read_track,
)
from connectors.spotify.settings import DEFAULT_PORT, Addresses, config_folder, find_client_id
from connectors.spotify.sign_in import CAPABILITIES_FILE, token_cache
from connectors.spotify.tokens import TokenCache, sign_in_again, sign_in_command
from connectors.spotify.web_api import Requests, WebApi

__all__ = ["Account", "Page", "Playlist", "SavedTrack", "SpotifyClient", "SpotifyTrack"]

PAGE: Final = 50
"""Entries a page, Spotify's most."""


class SpotifyClient:
    """A signed-in account.

    Every method raises `SignInNeeded`, `Forbidden` or `NotFound` where the user can do something about it, and
    `RateLimited`, `QuotaExceeded`, `ServiceUnavailable` or `BadAnswer` where Spotify fails.

    Parameters
    ----------
    cache : TokenCache
        Of a token that covers ``scopes``.
    transport : Transport
    scopes : sequence of str
        What the caller needs.
    """

    def __init__(self, cache: TokenCache, transport: Transport, scopes: Sequence[str]) -> None:
        self._cache = cache
        self._transport = transport
        self._authorisation = Authorisation(cache, transport, scopes, DEFAULT_PORT)
        self._web = WebApi(transport, self._authorisation, frozenset(scopes))
        app = f"{cache.client_id} at {Addresses.now().api}"
        self._capabilities = Capabilities(config_folder() / CAPABILITIES_FILE, app)

    @classmethod
    def signed_in(
        cls, *, scopes: Sequence[str], max_wait: float = 60.0, on_wait: Callable[[Wait], None] = silent
    ) -> "SpotifyClient":
        """The account that signed in; never prompts.

        Parameters
        ----------
        scopes : sequence of str
        max_wait, on_wait
            As of `Transport`.

        Raises
        ------
        SignInNeeded
            If nobody has, or not for all of ``scopes``; says how.
        InputError
            If there is no client id.
        """
        cache = token_cache(find_client_id())
        token = cache.read()
        if token is None:
            raise sign_in_again("nobody is signed in to Spotify", frozenset(scopes))
        missing = sorted(set(scopes) - token.scopes)
        if missing:
            raise SignInNeeded(
                f"the sign-in to Spotify does not cover {', '.join(missing)}",
                f"sign in again and agree to more: {sign_in_command(frozenset(scopes) | token.scopes)}",
            )
        return cls(cache, Transport("Spotify", max_wait=max_wait, on_wait=on_wait), scopes)

    def __enter__(self) -> "SpotifyClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    @property
    def calls(self) -> int:
        """Requests sent, retries and renewals of the token included."""
        return self._transport.calls

    @property
    def notes(self) -> tuple[str, ...]:
        """What a report should tell: that the sign-in ends soon."""
        token = self._cache.read()
        warning = token.warning(datetime.now(UTC).date()) if token else None
        return (warning,) if warning else ()

    def account(self) -> Account:
        """Who is signed in; asked once, then kept with the token."""
        token = self._cache.read()
        if token is not None and token.account is not None:
            return token.account
        account = read_account(self._web.call("read who you are", lambda api: api.me()))
        self._authorisation.remember(account)
        return account

    def saved_tracks(self, offset: int) -> Page[SavedTrack]:
        """The likes from ``offset`` on, the latest first; at most 50."""
        page = self._web.call("read your likes", lambda api: api.current_user_saved_tracks(limit=PAGE, offset=offset))
        return read_entries(page, offset, PAGE)

    def my_playlists(self, offset: int) -> Page[Playlist]:
        """Playlists that the account owns or follows, from ``offset`` on; at most 50."""
        account = self.account()
        page = self._web.call("read your playlists", lambda api: api.current_user_playlists(limit=PAGE, offset=offset))
        return read_page(page, offset, PAGE, lambda content: read_listed_playlist(content, account))

    def playlist(self, playlist_id: str) -> Playlist:
        """One playlist, anybody's but Spotify's own."""
        check_id(playlist_id)
        try:
            content = self._web.call("read a playlist", lambda api: api.playlist_summary(playlist_id))
        except NotFound:
            raise no_playlist() from None
        return read_playlist(content, self.account())

    def playlist_items(self, playlist_id: str, offset: int) -> Page[SavedTrack]:
        """Entries of a playlist from ``offset`` on; at most 50.

        Raises
        ------
        Forbidden
            With reason ``not_owner`` for a playlist that the account neither owns nor works on.
        """
        page = self._in_playlist(
            playlist_id,
            "read the tracks of a playlist",
            lambda ending: lambda api: api.playlist_page(playlist_id, ending, PAGE, offset),
        )
        return read_entries(page, offset, PAGE)

    def top_tracks(self, time_range: str, offset: int) -> Page[SpotifyTrack]:
        """Tracks played most in ``short_term``, ``medium_term`` or ``long_term``; at most 50."""
        page = self._web.call(
            "read what you play most",
            lambda api: api.current_user_top_tracks(limit=PAGE, offset=offset, time_range=time_range),
        )
        return read_page(page, offset, PAGE, read_track)

    def audio_features(self, ids: Sequence[str]) -> dict[str, dict[str, float]]:
        """Audio features by track id, for at most 100 ids; those without any are left out.

        Raises
        ------
        Forbidden
            With reason ``features_closed`` where Spotify has closed them to the app; asked again after a month.
        """
        for track_id in ids:
            check_id(track_id)
        check_count(ids)
        what = "read audio features"
        if self._capabilities.get("audio_features") == "closed":
            raise forbidden("features_closed", what)
        try:
            answer = self._web.call(what, lambda api: api.feature_batch(ids))
        except (Forbidden, NotFound) as refusal:
            if not is_closed(refusal):
                raise
            self._capabilities.set("audio_features", "closed")
            raise forbidden("features_closed", what) from None
        self._capabilities.set("audio_features", "open")
        return read_features(answer, frozenset(ids))

    def create_playlist(self, name: str, description: str, public: bool = False) -> Playlist:
        """A new playlist of the account's own; private unless ``public``."""
        account = self.account()
        body = {"name": name, "public": public, "collaborative": False, "description": description}
        content = in_dialect(
            self._web,
            self._capabilities,
            "create_playlist",
            "make a playlist",
            {
                "me": lambda api: api.current_user_playlist_create(**body),
                "users": lambda api: api.create_for_user(account.user_id, body),
            },
        )
        return read_playlist(content, account)

    def add_items(self, playlist_id: str, uris: Sequence[str], position: int | None = None) -> str:
        """Add 1..100 URIs, at the end unless ``position`` says where; gives the snapshot id."""
        check_uris(uris)
        answer = self._in_playlist(
            playlist_id,
            "change a playlist",
            lambda ending: lambda api: api.playlist_add(playlist_id, ending, uris, position),
        )
        return read_snapshot(answer)

    def replace_items(self, playlist_id: str, uris: Sequence[str]) -> str:
        """Put 0..100 URIs in place of all that a playlist holds; gives the snapshot id."""
        check_uris(uris, least=0)
        answer = self._in_playlist(
            playlist_id,
            "change a playlist",
            lambda ending: lambda api: api.playlist_replace(playlist_id, ending, uris),
        )
        return read_snapshot(answer)

    def remove_items(self, playlist_id: str, uris: Sequence[str], snapshot_id: str | None = None) -> str:
        """Remove every occurrence of 1..100 URIs; gives the snapshot id."""
        check_uris(uris)
        answer = self._in_playlist(
            playlist_id,
            "change a playlist",
            lambda ending: lambda api: api.playlist_remove(playlist_id, ending, uris, snapshot_id),
        )
        return read_snapshot(answer)

    def unfollow(self, playlist_id: str) -> None:
        """Take a playlist out of the library, which is how Spotify deletes one."""
        check_id(playlist_id)
        in_dialect(
            self._web,
            self._capabilities,
            "unfollow",
            "remove a playlist",
            {
                "library": lambda api: api.library_remove([f"spotify:playlist:{playlist_id}"]),
                "followers": lambda api: api.playlist_unfollow(playlist_id),
            },
        )

    def _in_playlist(self, playlist_id: str, what: str, send: Callable[[str], Callable[[Requests], Any]]) -> Any:
        """A request for a playlist's entries, whose address ends in ``items`` or, in the older dialect, ``tracks``."""
        check_id(playlist_id)
        try:
            return in_dialect(
                self._web, self._capabilities, "playlist", what, {"items": send("items"), "tracks": send("tracks")}
            )
        except (Forbidden, NotFound) as refusal:
            if not is_closed(refusal):
                raise
            # Spotify says the same of a closed endpoint and of somebody else's playlist; whose it is tells them apart.
            playlist = self.playlist(playlist_id)
            if playlist.is_mine or playlist.collaborative:
                raise
        raise forbidden("not_owner", what)

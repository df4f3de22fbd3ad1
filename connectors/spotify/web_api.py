"""spotipy, with its exceptions turned into ours, and the requests that it does not (or not rightly) make."""

from collections.abc import Callable, Sequence
from typing import Any

import spotipy
from spotipy.exceptions import SpotifyException

from connectors.http.attempts import said
from connectors.http.faults import BadAnswer, NotFound, Reason, UnknownIds
from connectors.http.redaction import redact
from connectors.http.transport import TIMEOUT, Transport
from connectors.spotify.authorisation import Authorisation
from connectors.spotify.diagnosis import forbidden, names_unknown_ids, reason_of
from connectors.spotify.settings import Addresses
from connectors.spotify.tokens import sign_in_again, sign_in_command


class Requests(spotipy.Spotify):  # type: ignore[misc] # spotipy has no types
    """spotipy's requests, and those that it sends to removed endpoints or in a shape that Spotify does not specify."""

    def me(self) -> Any:
        """GET /me; spotipy adds a slash."""
        return self._get("me")

    def playlist_summary(self, playlist_id: str) -> Any:
        """GET /playlists/{id} without the entries, of which spotipy would get the first hundred."""
        fields = "id,name,owner(id),snapshot_id,collaborative,items(total),tracks(total)"
        return self._get(f"playlists/{playlist_id}", fields=fields)

    def playlist_page(self, playlist_id: str, ending: str, limit: int, offset: int) -> Any:
        """GET /playlists/{id}/items, or /tracks in the older dialect."""
        kinds = "track,episode"
        return self._get(f"playlists/{playlist_id}/{ending}", limit=limit, offset=offset, additional_types=kinds)

    def playlist_add(self, playlist_id: str, ending: str, uris: Sequence[str], position: int | None) -> Any:
        """POST of an object; spotipy posts a bare array."""
        body = {"uris": list(uris)} | ({} if position is None else {"position": position})
        return self._post(f"playlists/{playlist_id}/{ending}", payload=body)

    def playlist_replace(self, playlist_id: str, ending: str, uris: Sequence[str]) -> Any:
        """PUT, in either dialect."""
        return self._put(f"playlists/{playlist_id}/{ending}", payload={"uris": list(uris)})

    def playlist_remove(self, playlist_id: str, ending: str, uris: Sequence[str], snapshot_id: str | None) -> Any:
        """DELETE of every occurrence; the body's key is the dialect's name."""
        body: dict[str, Any] = {ending: [{"uri": uri} for uri in uris]}
        if snapshot_id is not None:
            body["snapshot_id"] = snapshot_id
        return self._delete(f"playlists/{playlist_id}/{ending}", payload=body)

    def library_remove(self, uris: Sequence[str]) -> Any:
        """DELETE /me/library, which takes the URIs in the query."""
        return self._delete("me/library", uris=",".join(uris))

    def playlist_unfollow(self, playlist_id: str) -> Any:
        """The same in the older dialect."""
        return self._delete(f"playlists/{playlist_id}/followers")

    def create_for_user(self, user_id: str, body: dict[str, Any]) -> Any:
        """POST of a new playlist in the older dialect."""
        return self._post(f"users/{user_id}/playlists", payload=body)

    def feature_batch(self, ids: Sequence[str]) -> Any:
        """GET /audio-features?ids=; spotipy adds a slash."""
        return self._get("audio-features", ids=",".join(ids))


class WebApi:
    """Calls of the Web API: a token that has ended is renewed once, and every refusal is explained.

    Parameters
    ----------
    transport : Transport
    authorisation : Authorisation
    scopes : frozenset of str
        What the caller needs: says how to sign in again.
    """

    def __init__(self, transport: Transport, authorisation: Authorisation, scopes: frozenset[str]) -> None:
        self._transport = transport
        self._authorisation = authorisation
        self._scopes = scopes
        self._requests = Requests(
            auth_manager=authorisation,
            requests_session=transport,
            requests_timeout=TIMEOUT,
            retries=0,
            status_retries=0,
        )
        self._requests.prefix = Addresses.now().api

    def call(self, what: str, send: Callable[[Requests], Any]) -> Any:
        """Send one request.

        Parameters
        ----------
        what : str
            What it is for, to follow "lets earmark": "read your likes".
        send : callable
            Is given spotipy.

        Returns
        -------
        object
            Parsed JSON; None where the answer has no body.

        Raises
        ------
        SignInNeeded, Forbidden, NotFound, UnknownIds
            Where the user can do something about it.
        RateLimited, QuotaExceeded, ServiceUnavailable, BadAnswer
            Where the service fails.
        """
        token = self._authorisation.get_access_token()
        status, answer = self._attempt(send)
        if status == 401:
            self._authorisation.renew(token)
            status, answer = self._attempt(send)
        if status < 400:
            return answer
        raise self._refusal(status, what)

    def _attempt(self, send: Callable[[Requests], Any]) -> tuple[int, Any]:
        """The status, and the answer where that is no error."""
        try:
            return 200, send(self._requests)
        except SpotifyException as error:
            return int(error.http_status), None
        except (AttributeError, RecursionError):
            # spotipy expects an object at "error" and breaks on the string that Spotify's accounts service sends. Any
            # other cause is a bug of ours.
            if not self._transport.refusal:
                raise
            return self._transport.status, None

    def _refusal(self, status: int, what: str) -> Exception:
        message = said(self._transport.refusal)[0]
        words = redact(message) if message else None
        if status == 401:
            return sign_in_again("Spotify does not accept the sign-in any more", self._scopes)
        if status in {403, 405, 410}:
            reason: Reason = reason_of(message) if status == 403 else "removed_endpoint"
            return forbidden(reason, what, said=words, command=sign_in_command(self._scopes))
        if status in {400, 404} and names_unknown_ids(message):
            return UnknownIds(
                f"Spotify does not know all the ids when asked to {what}: {words}",
                "leave out what is gone from Spotify, or was mistyped",
            )
        if status == 404:
            return NotFound(
                f"Spotify has nothing there when asked to {what}", "check the address or name; it may be gone"
            )
        return BadAnswer(
            f"Spotify refuses a request to {what} (HTTP {status}): {words or 'without a reason'}",
            "if it stays so, Spotify has changed its API and earmark needs an update",
        )

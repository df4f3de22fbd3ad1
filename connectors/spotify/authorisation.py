"""spotipy's PKCE flow, made safe for commands: it never prompts, and it refreshes once for all processes."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from spotipy.exceptions import SpotifyOauthError
from spotipy.oauth2 import SpotifyPKCE

from connectors.http.attempts import said
from connectors.http.faults import BadAnswer
from connectors.http.redaction import hide, redact
from connectors.http.transport import TIMEOUT, Transport
from connectors.spotify.answers import Account
from connectors.spotify.reading import bad_shape
from connectors.spotify.settings import Addresses, how_to_register, redirect_uri
from connectors.spotify.tokens import Token, TokenCache, sign_in_again
from features.errors import InputError

MARGIN: Final = 60.0
"""Seconds before its end at which an access token is renewed, as in spotipy."""


class Authorisation(SpotifyPKCE):  # type: ignore[misc] # spotipy has no types
    """Authorisation code flow with PKCE for one app.

    Parameters
    ----------
    cache : TokenCache
    transport : Transport
    scopes : sequence of str
        What a sign-in asks for.
    port : int
        Of the redirect address.
    """

    def __init__(self, cache: TokenCache, transport: Transport, scopes: Sequence[str], port: int) -> None:
        super().__init__(
            client_id=cache.client_id,
            redirect_uri=redirect_uri(port),
            scope=list(scopes),
            cache_handler=cache,
            requests_session=transport,
            requests_timeout=TIMEOUT,
            open_browser=False,
        )
        addresses = Addresses.now()
        self.OAUTH_AUTHORIZE_URL = addresses.authorize
        self.OAUTH_TOKEN_URL = addresses.token
        self._cache = cache
        self._transport = transport
        self._port = port

    def get_pkce_handshake_parameters(self) -> None:
        """Make a verifier and its challenge, which no log may show."""
        super().get_pkce_handshake_parameters()
        hide(self.code_verifier, self.code_challenge)

    def exchange(self, code: str) -> Token:
        """Turn the code of a sign-in into a token, and store it.

        Raises
        ------
        SignInNeeded
            If the code is no longer good.
        InputError
            If Spotify does not know the app.
        RateLimited, QuotaExceeded, ServiceUnavailable, BadAnswer
        """
        hide(code)
        with self._explained("the sign-in took too long or was used already"), self._cache.locked():
            super().get_access_token(code, check_cache=False)
        return self._token()

    def get_access_token(self, code: str | None = None, check_cache: bool = True) -> str:  # noqa: ARG002 (spotipy's)
        """An access token that is good for another minute; what spotipy asks for before each request.

        Raises
        ------
        SignInNeeded
            If nobody has signed in, or the sign-in is no longer good. Never prompts.
        RateLimited, QuotaExceeded, ServiceUnavailable, BadAnswer
        """
        token = self._token()
        return token.access_token if _lasts(token) else self.renew(token.access_token)

    def renew(self, rejected: str) -> str:
        """A new access token in place of one that has ended or was refused; as `get_access_token`."""
        with self._cache.locked():
            token = self._token()
            if token.access_token == rejected or not _lasts(token):  # else another process has renewed it meanwhile
                with self._explained("the sign-in to Spotify has ended or was revoked", token.scopes):
                    super().refresh_access_token(token.refresh_token)
                token = self._token()
        return token.access_token

    def remember(self, account: Account) -> None:
        """Keep with the token whose it is."""
        with self._cache.locked():
            token = self._token()
            if token.account != account:
                self._cache.write(replace(token, account=account))

    def _token(self) -> Token:
        token = self._cache.read()
        if token is None:
            raise sign_in_again("nobody is signed in to Spotify")
        return token

    @contextmanager
    def _explained(self, ended: str, scopes: frozenset[str] = frozenset()) -> Iterator[None]:
        """Turn what spotipy raises about the token endpoint's answers into our words."""
        try:
            yield
        except (SpotifyOauthError, AttributeError, TypeError, KeyError, ValueError):  # the latter: an unforeseen body
            message, reason = said(self._transport.refusal)
        else:
            return
        if reason == "invalid_grant":
            if self._cache.new_scope is None:
                self._cache.clear()
            raise sign_in_again(f"{ended}: {redact(message or reason)}", scopes)
        if reason in {"invalid_client", "unauthorized_client"}:
            raise InputError(
                f"Spotify does not know the app with the client id {self.client_id}", how_to_register(self._port)
            )
        raise BadAnswer(
            f"Spotify gives no token: {redact(message or 'without a reason')}",
            f"check that the app's redirect URI is {self.redirect_uri}, then sign in again: earmark login spotify",
        )

    def _add_custom_values_to_token_info(self, token_info: Any) -> dict[str, Any]:
        if not isinstance(token_info, Mapping):
            raise bad_shape("a token")
        hide(token_info.get("access_token"), token_info.get("refresh_token"))
        life = token_info.get("expires_in")
        seconds = float(life) if isinstance(life, int | float) and 0 < life < 1e7 else 3_600.0
        return {**token_info, "expires_at": time.time() + seconds}

    def _get_auth_response(self, open_browser: bool | None = None) -> str:  # noqa: ARG002 (spotipy's)
        raise sign_in_again("nobody is signed in to Spotify")  # spotipy would prompt


def _lasts(token: Token) -> bool:
    return token.expires_at - time.time() >= MARGIN

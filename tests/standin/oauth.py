"""Spotify's sign-in: the authorise page, consent, codes with PKCE, access and refresh tokens."""

import base64
import hashlib
import html
import ipaddress
import re
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import urlencode, urlsplit

from tests.standin.exchange import Refused, Reply, Request, spotify_error

CLIENT_ID: Final = "5ca1ab1e0ddba11c0ffee00decaf0bad"
"""The id of the one registered app."""

REFRESH_TOKEN_SECONDS: Final = 182 * 86_400
_SCOPE_NAMES: Final = """
app-remote-control playlist-read-private playlist-read-collaborative playlist-modify-public playlist-modify-private
user-library-read user-library-modify user-read-private user-read-email user-follow-read user-follow-modify
user-top-read user-read-playback-position user-read-playback-state user-read-recently-played
user-read-currently-playing user-modify-playback-state ugc-image-upload streaming
"""
SCOPES: Final = frozenset(_SCOPE_NAMES.split())
RefreshAnswer = Literal["absent", "empty", "null", "rotated", "same"]
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636, section 4.1
_PAGE: Final = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Stand-in for Spotify</title></head>
<body><h1>earmark would like to</h1><ul>{scopes}</ul>
<form method="post" action="/authorize/decision"><input type="hidden" name="request" value="{request}">
<button name="answer" value="agree">Agree</button> <button name="answer" value="cancel">Cancel</button></form>
</body></html>"""


@dataclass(frozen=True)
class _Grant:
    """What the listener agreed to, and what has to be shown in order to get tokens for it."""

    redirect_uri: str
    scopes: frozenset[str]
    challenge: str
    state: str | None = None


@dataclass
class Refresh:
    """A refresh token's scopes and end; ``why_dead`` is set where it was revoked."""

    scopes: frozenset[str]
    ends: float
    why_dead: str | None = None


@dataclass
class Authority:
    """Gives and checks tokens.

    Parameters
    ----------
    approve : bool
        Agree at once, without showing a page.
    refresh : str
        What a refresh says of the refresh token: ``absent``, ``empty`` text, ``null``, ``rotated`` (the old one dies)
        or the ``same`` again.
    scope_in_refresh : bool
        Whether a refresh names the scopes.
    token_seconds : int
        Life of an access token.
    """

    approve: bool = False
    refresh: RefreshAnswer = "absent"
    scope_in_refresh: bool = True
    token_seconds: int = 3600
    access_tokens: dict[str, tuple[frozenset[str], float]] = field(default_factory=dict)
    refresh_tokens: dict[str, Refresh] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._asked: dict[str, _Grant] = {}
        self._codes: dict[str, _Grant] = {}
        self._guard = threading.RLock()

    def answer(self, request: Request) -> Reply:
        """Serve one of the addresses of the accounts service."""
        routes = {
            ("GET", "/authorize"): self._authorise,
            ("POST", "/authorize/decision"): self._decide,
            ("POST", "/api/token"): self._token,
        }
        route = routes.get((request.method, request.path))
        if route is None:
            return Reply(404, "Not found")
        with self._guard:
            return route(request)

    def issue(self, scopes: frozenset[str]) -> dict[str, Any]:
        """A pair of tokens, as the token address answers."""
        refresh_token = f"refresh-{secrets.token_urlsafe(48)}"
        self.refresh_tokens[refresh_token] = Refresh(scopes, time.time() + REFRESH_TOKEN_SECONDS)
        return self._access(scopes) | {"refresh_token": refresh_token}

    def scopes_of(self, request: Request) -> frozenset[str]:
        """The scopes of a request's access token; refuses a missing, unknown or dead one."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or not token:
            raise Refused(spotify_error(401, "No token provided", WWW_Authenticate='Bearer realm="spotify"'))
        scopes, ends = self.access_tokens.get(token, (None, 0.0))
        if scopes is None:
            raise Refused(spotify_error(401, "Invalid access token"))
        if ends <= time.time():
            raise Refused(spotify_error(401, "The access token expired"))
        return scopes

    def expire_access_tokens(self) -> None:
        """Let an hour pass."""
        with self._guard:
            self.access_tokens = {token: (scopes, 0.0) for token, (scopes, _) in self.access_tokens.items()}

    def expire_refresh_tokens(self) -> None:
        """Let six months pass since every sign-in."""
        with self._guard:
            for refresh in self.refresh_tokens.values():
                refresh.ends = 0.0

    def revoke(self) -> None:
        """Let the listener remove the app from their account."""
        with self._guard:
            self.access_tokens.clear()
            for refresh in self.refresh_tokens.values():
                refresh.why_dead = "Refresh token revoked"

    def _authorise(self, request: Request) -> Reply:
        query = request.query
        scopes = frozenset(query.get("scope", "").split())
        redirect_uri = query.get("redirect_uri", "")
        if (refusal := _refusal(query.get("client_id"), redirect_uri, scopes)) is not None:
            return Reply(400, refusal)
        grant = _Grant(redirect_uri, scopes, query.get("code_challenge", ""), query.get("state"))
        if query.get("response_type") != "code":
            return _redirect(grant, error="unsupported_response_type")
        if query.get("code_challenge_method") != "S256" or len(grant.challenge) != 43:
            return _redirect(grant, error="invalid_request")
        if self.approve:
            return self._agree(grant)
        asked = secrets.token_urlsafe(16)
        self._asked[asked] = grant
        items = "".join(f"<li>{html.escape(scope)}</li>" for scope in sorted(scopes))
        page = _PAGE.format(scopes=items, request=asked)
        return Reply(200, page, {"Content-Type": "text/html; charset=utf-8"})

    def _decide(self, request: Request) -> Reply:
        grant = self._asked.pop(request.form.get("request", ""), None)
        if grant is None:
            return Reply(400, "This page has expired.")
        return self._agree(grant) if request.form.get("answer") == "agree" else _redirect(grant, error="access_denied")

    def _agree(self, grant: _Grant) -> Reply:
        code = f"code-{secrets.token_urlsafe(64)}"
        self._codes[code] = grant
        return _redirect(grant, code=code)

    def _token(self, request: Request) -> Reply:
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return _oauth_error("invalid_request", "content type must be application/x-www-form-urlencoded")
        form = request.form
        if form.get("client_id") != CLIENT_ID:
            return _oauth_error("invalid_client", "Invalid client")
        match form.get("grant_type"):
            case "authorization_code":
                return self._redeem(form)
            case "refresh_token":
                return self._refresh(form)
            case _:
                return _oauth_error("unsupported_grant_type", "grant_type parameter is missing")

    def _redeem(self, form: dict[str, str]) -> Reply:
        grant = self._codes.pop(form.get("code", ""), None)  # a code is good for one try
        if grant is None:
            return _oauth_error("invalid_grant", "Invalid authorization code")
        if form.get("redirect_uri") != grant.redirect_uri:
            return _oauth_error("invalid_grant", "Invalid redirect URI")
        verifier = form.get("code_verifier", "")
        if not _VERIFIER.fullmatch(verifier) or challenge_of(verifier) != grant.challenge:
            return _oauth_error("invalid_grant", "code_verifier was incorrect")
        return Reply(200, self.issue(grant.scopes))

    def _refresh(self, form: dict[str, str]) -> Reply:
        token = form.get("refresh_token", "")
        known = self.refresh_tokens.get(token)
        if known is None:
            return _oauth_error("invalid_grant", "Invalid refresh token")
        if known.why_dead or known.ends <= time.time():
            return _oauth_error("invalid_grant", known.why_dead or "Refresh token expired")
        answer: dict[str, Any] = self._access(known.scopes)
        if not self.scope_in_refresh:
            del answer["scope"]
        if self.refresh == "rotated":
            rotated = f"refresh-{secrets.token_urlsafe(48)}"
            self.refresh_tokens[rotated] = Refresh(known.scopes, known.ends)  # six months from the first sign-in
            known.why_dead = "Refresh token revoked"
            answer["refresh_token"] = rotated
        elif self.refresh != "absent":
            answer["refresh_token"] = {"empty": "", "null": None, "same": token}[self.refresh]
        return Reply(200, answer)

    def _access(self, scopes: frozenset[str]) -> dict[str, Any]:
        token = f"access-{secrets.token_urlsafe(96)}"
        self.access_tokens[token] = (scopes, time.time() + self.token_seconds)
        scope = " ".join(sorted(scopes))
        return {"access_token": token, "token_type": "Bearer", "expires_in": self.token_seconds, "scope": scope}


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier: RFC 7636, section 4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def is_loopback(address: str) -> bool:
    """Whether a redirect address is one that Spotify takes without HTTPS: http to an IP literal of this machine."""
    try:
        parts = urlsplit(address)
        return parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _refusal(client_id: str | None, redirect_uri: str, scopes: frozenset[str]) -> str | None:
    """What is told to the person and not to the app, for it may not be the app that sent them."""
    if client_id != CLIENT_ID:
        return "INVALID_CLIENT: Invalid client"
    if not is_loopback(redirect_uri):
        return "INVALID_CLIENT: Insecure redirect URI"
    return None if scopes <= SCOPES else f"INVALID_SCOPE: {', '.join(sorted(scopes - SCOPES))}"


def _redirect(grant: _Grant, **values: str) -> Reply:
    state = {} if grant.state is None else {"state": grant.state}
    return Reply(302, None, {"Location": f"{grant.redirect_uri}?{urlencode(values | state)}"})


def _oauth_error(error: str, description: str) -> Reply:
    return Reply(400, {"error": error, "error_description": description})

"""The token cache: one private JSON file, and what may be read from it.

A refresh answer may lack the refresh token or the scopes, or hold empty ones; what was known is kept then. Refresh
tokens live for six months from the sign-in, however often they are used, so the day of the sign-in is kept.
"""

import calendar
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout
from spotipy.cache_handler import CacheHandler

from connectors.http.faults import ServiceUnavailable, SignInNeeded
from connectors.http.redaction import hide
from connectors.spotify.answers import Account
from connectors.spotify.private_files import read_private, write_private
from connectors.spotify.reading import bad_shape
from connectors.spotify.settings import CLIENT_ID_VARIABLE, PULL_SCOPES, PUSH_SCOPES
from features.errors import InputError

LIFE_MONTHS: Final = 6
"""Of a refresh token, from the sign-in (Spotify's rule since July 2026)."""
WARNING_DAYS: Final = 30
LOCK_SECONDS: Final = 120.0
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")


@dataclass(frozen=True)
class Token:
    """A permission to speak for the user.

    Parameters
    ----------
    client_id : str
        The app that it was given to.
    access_token, refresh_token : str
    scope : str
        What it covers, separated by spaces.
    expires_at : float
        When the access token ends, in seconds since 1970.
    authorised_at : datetime
        When the user signed in; aware.
    account : Account, optional
        Whose it is, once that is known.
    """

    client_id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    scope: str
    expires_at: float
    authorised_at: datetime
    account: Account | None = None

    @property
    def scopes(self) -> frozenset[str]:
        """What it covers."""
        return frozenset(self.scope.split())

    @property
    def ends_on(self) -> date:
        """The day on which the refresh token ends and the user must sign in again."""
        start = self.authorised_at.astimezone(UTC).date()
        year, month = divmod(start.month - 1 + LIFE_MONTHS, 12)
        year, month = start.year + year, month + 1
        return date(year, month, min(start.day, calendar.monthrange(year, month)[1]))

    def warning(self, today: date) -> str | None:
        """What to tell when the sign-in ends within `WARNING_DAYS`; None before that."""
        left = (self.ends_on - today).days
        if left > WARNING_DAYS:
            return None
        when = f"in {left} day{'s' if left != 1 else ''}" if left > 0 else "now"
        command = sign_in_command(self.scopes)
        return f"the sign-in to Spotify ends on {self.ends_on:%d %b %Y} ({when}): '{command}' renews it"


class TokenCache(CacheHandler):  # type: ignore[misc] # spotipy has no types
    """The token file of one app.

    Parameters
    ----------
    path : Path
    client_id : str
        The app; a token that was given to another is refused.
    new_scope : str, optional
        Given where a token of a new sign-in is awaited, with the scopes that were asked for: nothing of the old token
        is kept then.
    """

    def __init__(self, path: Path, client_id: str, new_scope: str | None = None) -> None:
        self.path = path
        self.client_id = client_id
        self.new_scope = new_scope

    def read(self) -> Token | None:
        """The token; None where nobody has signed in.

        Raises
        ------
        SignInNeeded
            If the file is damaged, and so deleted; or if its token was given to another app, which it stays good for.
        InputError
            If it may not be read.
        """
        try:
            token = _parse(json.loads(read_private(self.path)))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(
                f"{self.path} cannot be read: {error.strerror}", "set EARMARK_CONFIG to a folder that is yours"
            ) from error
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
            self.clear()
            raise sign_in_again("the stored sign-in to Spotify was damaged and is deleted") from None
        hide(token.access_token, token.refresh_token)
        if token.client_id != self.client_id:
            raise SignInNeeded(
                "the stored sign-in to Spotify is for another app",
                f"sign in with this one, '{sign_in_command(token.scopes)}', or name the other by {CLIENT_ID_VARIABLE}",
            )
        return token

    def write(self, token: Token) -> None:
        """Replace the token in one step."""
        hide(token.access_token, token.refresh_token)
        content = asdict(token) | {"authorised_at": token.authorised_at.isoformat()}
        write_private(self.path, json.dumps(content) + "\n")

    def clear(self) -> bool:
        """Delete the token; whether there was one."""
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        return True

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from refreshing at the same time: the second would send a token that is used up.

        Raises
        ------
        ServiceUnavailable
            If another process holds the lock for `LOCK_SECONDS`.
        """
        lock = FileLock(self.path.with_suffix(".lock"), timeout=LOCK_SECONDS, mode=0o600)
        try:
            lock.acquire()
        except Timeout:
            raise ServiceUnavailable(
                "another earmark has been renewing the sign-in to Spotify for minutes", "end it, then run this again"
            ) from None
        try:
            yield
        finally:
            lock.release()

    def get_cached_token(self) -> dict[str, Any] | None:
        """The token as spotipy wants it."""
        token = self.read()
        return None if token is None else {**asdict(token), "token_type": "Bearer"}

    def save_token_to_cache(self, token_info: Mapping[str, Any]) -> None:
        """Store the token endpoint's answer, with what it lacks from the token before.

        Raises
        ------
        BadAnswer
            If it holds no access token, or there is no refresh token in it nor before.
        SignInNeeded
            If it renews a token that is no more: the user has signed out meanwhile.
        """
        before = None if self.new_scope is not None else self.read()
        if before is None and self.new_scope is None:
            raise sign_in_again("nobody is signed in to Spotify any more")
        access = _token_text(token_info.get("access_token"))
        refresh = _token_text(token_info.get("refresh_token")) or (before.refresh_token if before else None)
        if access is None or refresh is None:
            raise bad_shape("a token")
        given = token_info.get("scope")
        known = before.scope if before else self.new_scope or ""
        self.write(
            Token(
                client_id=self.client_id,
                access_token=access,
                refresh_token=refresh,
                scope=given if isinstance(given, str) and given.strip() else known,
                expires_at=float(token_info["expires_at"]),
                authorised_at=before.authorised_at if before else datetime.now(UTC),
                account=before.account if before else None,
            )
        )


def sign_in_command(scopes: frozenset[str] = frozenset()) -> str:
    """The command that gives a permission for these scopes."""
    needs_push = scopes & set(PUSH_SCOPES) - set(PULL_SCOPES)
    return "earmark login spotify --for push" if needs_push else "earmark login spotify"


def sign_in_again(message: str, scopes: frozenset[str] = frozenset()) -> SignInNeeded:
    """The error of a sign-in that is missing or no longer good."""
    return SignInNeeded(message, f"sign in: {sign_in_command(scopes)}")


def _parse(content: Any) -> Token:
    """The file's content; raises ValueError, TypeError or KeyError where it is not a token."""
    access, refresh = _token_text(content["access_token"]), _token_text(content["refresh_token"])
    authorised_at = datetime.fromisoformat(content["authorised_at"])
    scope, client_id, account = content["scope"], content["client_id"], content.get("account")
    if access is None or refresh is None or not isinstance(scope, str) or not isinstance(client_id, str):
        raise ValueError("not a token")
    if authorised_at.tzinfo is None:
        raise ValueError("a time without a zone")
    return Token(
        client_id=client_id,
        access_token=access,
        refresh_token=refresh,
        scope=scope,
        expires_at=float(content["expires_at"]),
        authorised_at=authorised_at,
        account=None if account is None else Account(**{key: str(account[key]) for key in ("id", "user_id", "name")}),
    )


def _token_text(value: Any) -> str | None:
    """A token that can stand in a header; None for anything else, the empty string too."""
    return value if isinstance(value, str) and _TOKEN.fullmatch(value) else None

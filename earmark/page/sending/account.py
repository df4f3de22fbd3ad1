"""The account that is signed in at Spotify, in the words of a page."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from connectors.http.faults import NotFound, QuotaExceeded, RateLimited
from earmark.page.faults import BusyError, NotFoundError
from features.errors import InputError, ServiceError

if TYPE_CHECKING:
    from connectors.spotify.client import SpotifyClient

MAX_WAIT: Final = 10.0
"""Seconds that a service may ask one request to wait; a page that waits longer looks dead."""
READ_SCOPES: Final = ("playlist-read-private",)


@dataclass(frozen=True)
class SignIn:
    """Whether the page may speak for somebody.

    Parameters
    ----------
    allowed : bool
    account : str
        The name that the account shows; empty where it is not known yet.
    message, hint : str
        What is missing, and the command that mends it; empty where nothing is.
    """

    allowed: bool
    account: str = ""
    message: str = ""
    hint: str = ""


def sign_in_for(scopes: Sequence[str]) -> SignIn:
    """Whether somebody is signed in for all of some scopes; asks no service.

    Parameters
    ----------
    scopes : sequence of str
    """
    from connectors.spotify.client import SpotifyClient  # noqa: PLC0415 (spotipy; ranking does without)
    from connectors.spotify.settings import find_client_id  # noqa: PLC0415
    from connectors.spotify.sign_in import token_cache  # noqa: PLC0415

    try:
        with SpotifyClient.signed_in(scopes=scopes):
            token = token_cache(find_client_id()).read()
    except InputError as error:
        return SignIn(allowed=False, message=error.message, hint=error.hint)
    known = token is not None and token.account is not None
    return SignIn(allowed=True, account=token.account.name if known else "")  # type: ignore[union-attr]


@contextmanager
def account_at_spotify(scopes: Sequence[str]) -> Iterator["SpotifyClient"]:
    """The account that is signed in, for one request.

    Parameters
    ----------
    scopes : sequence of str

    Raises
    ------
    InputError
        If nobody is signed in for these scopes, or Spotify refuses; says why.
    NotFoundError
        If what was asked for is not there.
    BusyError
        If another push is under way, or was made since a plan was.
    ServiceError
        If Spotify fails, or asks to wait for longer than `MAX_WAIT`.
    """
    from connectors.spotify.client import SpotifyClient  # noqa: PLC0415
    from connectors.spotify.one_push import AnotherPush, PlanOutdated  # noqa: PLC0415

    try:
        with SpotifyClient.signed_in(scopes=scopes, max_wait=MAX_WAIT) as client:
            yield client
    except (RateLimited, QuotaExceeded) as error:
        raise ServiceError(error.message, "try again then: what was done so far is kept") from error
    except NotFound as error:
        raise NotFoundError(error.message, error.hint) from error
    except (AnotherPush, PlanOutdated) as error:
        raise BusyError(error.message, error.hint) from error

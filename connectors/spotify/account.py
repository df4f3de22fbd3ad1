"""Whose library it is."""

from typing import Final

from connectors.library.library import Library
from connectors.spotify.answers import Account
from connectors.spotify.client import SpotifyClient
from features.errors import InputError

_ACCOUNT: Final = "spotify:account"


class OtherAccount(InputError):  # noqa: N818 (it reads as what happened)
    """The library belongs to another account than the one that is signed in (exit code 2)."""


def check_account(library: Library, client: SpotifyClient) -> Account:
    """The account that is signed in, where the library is its own or nobody's yet.

    One library, one listener: the likes of two would teach nothing of either.

    Raises
    ------
    OtherAccount
        If the library belongs to another account.
    """
    account = client.account()
    known = library.recall(_ACCOUNT)
    if known is None:
        library.remember(_ACCOUNT, {"id": account.id})
    elif known["id"] != account.id:
        raise OtherAccount(
            f"the library belongs to another Spotify account than {account.name}'s",
            "set EARMARK_HOME to a folder of its own for each listener, or 'earmark library forget spotify' first",
        )
    return account

"""``earmark login spotify`` and ``earmark logout spotify``."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from earmark.cli.options import Verbose, note
from features.errors import InputError


class Purpose(StrEnum):
    """What a sign-in is for: it asks for no more than that needs."""

    PULL = "pull"
    PUSH = "push"


ClientId = Annotated[
    str | None, typer.Option("--client-id", help="Of your Spotify app; else SPOTIPY_CLIENT_ID, else the last one.")
]
For = Annotated[Purpose, typer.Option("--for", help="pull reads; push may also make playlists.")]
Headless = Annotated[bool, typer.Option("--headless", help="The browser is elsewhere: paste the address it ends at.")]
Port = Annotated[
    int | None,
    typer.Option(
        "--port", min=1, max=65_535, help="Of the redirect URI http://127.0.0.1:PORT/callback; else the last one."
    ),
]
Timeout = Annotated[float, typer.Option("--timeout", min=1, max=3_600, help="Seconds to wait for the browser.")]
Forget = Annotated[bool, typer.Option("--forget", help="Also delete all that came from Spotify from the library.")]

login_app = typer.Typer(help="Sign in to a service.", rich_markup_mode=None)
logout_app = typer.Typer(help="Sign out of a service.", rich_markup_mode=None)


@login_app.callback()
def login() -> None:
    """Sign in to a service."""


@logout_app.callback()
def logout() -> None:
    """Sign out of a service."""


@login_app.command("spotify")
def login_spotify(
    client_id: ClientId = None,
    purpose: For = Purpose.PULL,
    headless: Headless = False,
    port: Port = None,
    timeout: Timeout = 180.0,
    verbose: Verbose = False,
) -> None:
    """Sign in to Spotify on its own page; earmark never sees your password."""
    from connectors.spotify.client import SpotifyClient
    from connectors.spotify.settings import PULL_SCOPES, PUSH_SCOPES, find_client_id, find_port
    from connectors.spotify.sign_in import Terminal, show_page, sign_in
    from earmark.cli.pulling import show_wait

    app, port = find_client_id(client_id), find_port(port)
    granted = _granted(app)  # a sign-in anew must not take back what an earlier one allowed
    scopes = sorted({*PULL_SCOPES, *(PUSH_SCOPES if purpose is Purpose.PUSH else ()), *granted})
    terminal = Terminal(say=note, ask=_ask if sys.stdin and sys.stdin.isatty() else None, show_page=show_page)
    token = sign_in(app, scopes, terminal, port=port, headless=headless, timeout=timeout)
    refused = sorted(set(scopes) - token.scopes)
    if refused:
        raise InputError(
            f"you are signed in, but did not agree to {', '.join(refused)}", "run it again and agree to all of it"
        )
    note(f"signed in to Spotify until {token.ends_on:%d %b %Y}; then it wants you to sign in again")
    with SpotifyClient.signed_in(scopes=scopes, on_wait=show_wait) as client:
        # The first request finds out whether the app may speak for this account at all.
        note(f"this is the account of {client.account().name}")


def _granted(client_id: str) -> frozenset[str]:
    """What the present sign-in allows; nothing where there is none that can be used."""
    from connectors.spotify.sign_in import token_cache

    try:
        token = token_cache(client_id).read()
    except InputError:
        return frozenset()
    return token.scopes if token is not None else frozenset()


@logout_app.command("spotify")
def logout_spotify(forget: Forget = False, verbose: Verbose = False) -> None:
    """Delete the stored sign-in to Spotify."""
    from connectors.spotify.settings import APPS_PAGE
    from connectors.spotify.sign_in import sign_out

    note("signed out of Spotify: the stored sign-in is deleted" if sign_out() else "nobody was signed in to Spotify")
    note(f"to take the permission back at Spotify, too, remove the app at {APPS_PAGE}")
    if not forget:
        note("what was pulled stays in the library; 'earmark logout spotify --forget' deletes that, too")
        return
    from earmark.cli.pulling import open_library
    from earmark.forgetting import SPOTIFY, in_words
    from earmark.forgetting import forget as forget_all
    from earmark.home import Home

    with open_library() as library:
        gone = forget_all(library, Home.here(), SPOTIFY)
    note(f"deleted: {in_words(gone) or 'nothing, there was nothing from Spotify'}")


def _ask(question: str) -> str:
    """Ask on stderr; stdout is for data."""
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline()

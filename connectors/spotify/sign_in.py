"""Signing in: from the page that asks the user to the stored token."""

import os
import secrets
import sys
import webbrowser
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connectors.http.redaction import hide
from connectors.http.transport import Transport
from connectors.spotify.authorisation import Authorisation
from connectors.spotify.callback import code_of, listening, read_redirect
from connectors.spotify.private_files import make_private_folder
from connectors.spotify.settings import config_folder, redirect_uri, store_app
from connectors.spotify.tokens import Token, TokenCache
from features.errors import InputError

TOKEN_FILE = "spotify-token.json"  # noqa: S105 (a file's name)
CAPABILITIES_FILE = "spotify-capabilities.json"


@dataclass(frozen=True)
class Terminal:
    """How a sign-in speaks with the user.

    Parameters
    ----------
    say : callable
        Shows a line or several.
    ask : callable or None
        Shows a line and gives what the user answers; None where nobody can answer.
    show_page : callable
        Opens an address in a browser, if there is one.
    """

    say: Callable[[str], None]
    ask: Callable[[str], str] | None
    show_page: Callable[[str], None]


def token_cache(client_id: str, new_scope: str | None = None) -> TokenCache:
    """The token file in the configuration folder; ``new_scope`` as in `TokenCache`."""
    return TokenCache(config_folder() / TOKEN_FILE, client_id, new_scope)


def sign_in(
    client_id: str,
    scopes: Sequence[str],
    terminal: Terminal,
    *,
    port: int,
    headless: bool = False,
    timeout: float = 180.0,
) -> Token:
    """Ask the user on Spotify's page, and store the token that comes of it. A sign-in that fails changes nothing.

    Parameters
    ----------
    client_id : str
    scopes : sequence of str
        What to ask for.
    terminal : Terminal
    port : int
        Of the redirect address, which the app must have registered.
    headless : bool
        Take the redirect address from the user, whose browser is on another machine.
    timeout : float
        Seconds to wait for the browser.

    Raises
    ------
    InputError
        If the user declines, does not answer, or cannot be asked; if the port is taken; if the app is unknown.
    SignInNeeded
        If the code is no longer good.
    RateLimited, QuotaExceeded, ServiceUnavailable, BadAnswer
    """
    if headless and terminal.ask is None:
        raise InputError(
            "a headless sign-in reads the address that you paste, and there is no terminal to read from",
            "run 'earmark login spotify --headless' in a terminal",
        )
    state = secrets.token_urlsafe(32)
    hide(state)
    cache = token_cache(client_id, new_scope=" ".join(scopes))
    with Transport("Spotify") as transport:
        flow = Authorisation(cache, transport, scopes, port)
        address = flow.get_authorize_url(state)
        code = (
            _pasted_code(address, state, terminal, port) if headless else _code(address, state, terminal, port, timeout)
        )
        make_private_folder(cache.path.parent)
        token = flow.exchange(code)
    store_app(client_id, port)
    return token


def sign_out() -> bool:
    """Delete the token, and what was found out about the app; whether anybody was signed in. The client id stays."""
    if not config_folder().is_dir():
        return False
    cache = TokenCache(config_folder() / TOKEN_FILE, "")
    with cache.locked():  # a process that renews the token now would write it again
        signed_in = cache.clear()
    (config_folder() / CAPABILITIES_FILE).unlink(missing_ok=True)
    return signed_in


def show_page(address: str) -> None:
    """Open an address in the user's browser where there is one: a display and a terminal, or ``BROWSER``."""
    display = sys.platform in {"win32", "darwin"} or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if not (os.environ.get("BROWSER") or (display and sys.stderr.isatty())):
        return
    try:
        webbrowser.open(address)
    except (webbrowser.Error, OSError):
        return  # the address stands in the terminal


def _code(address: str, state: str, terminal: Terminal, port: int, timeout: float) -> str:
    with listening(port, state) as callback:
        terminal.say(f"sign in to Spotify on this page:\n\n{address}\n")
        terminal.say(f"waiting {timeout:.0f} s for the browser to come back to {redirect_uri(port)}")
        terminal.show_page(address)
        return code_of(callback.wait(timeout))


def _pasted_code(address: str, state: str, terminal: Terminal, port: int) -> str:
    terminal.say(f"open this page in any browser and agree:\n\n{address}\n")
    terminal.say(f"the browser then fails to open {redirect_uri(port)}...: that is as it should be")
    redirect = read_redirect(terminal.ask("paste that page's whole address here: ") if terminal.ask else "", state)
    if redirect is None:
        raise InputError(
            "what was pasted is not the address that this sign-in ends with",
            "run it again, and copy the whole address, which begins with "
            f"{redirect_uri(port)}?code=, from the browser's address bar",
        )
    return code_of(redirect)

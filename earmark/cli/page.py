"""``earmark page``: rank, see why, keep or skip, train and send back, in a browser."""

import os
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from earmark.cli.options import Verbose, note
from features.errors import InputError

if TYPE_CHECKING:
    from earmark.page.settings import PageSettings

PORT = 8000
PORTS = 20
"""Tried from the usual one on, where none was asked for."""
SHORTEST = 8
"""Characters of a password that other machines may guess at, twenty times a minute."""


def page(
    port: Annotated[
        int | None,
        typer.Option(
            "--port", "-p", min=0, max=65535, help=f"Port; {PORT} or the next free one by default, 0: any free one."
        ),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", help="Address to bind; beyond this machine it needs a password.")
    ] = "127.0.0.1",
    password: Annotated[
        str | None,
        typer.Option("--password", envvar="EARMARK_PAGE_PASSWORD", show_envvar=True, help="Asked of every visitor."),
    ] = None,
    browser: Annotated[bool, typer.Option("--open/--no-open", help="Open it in a browser.")] = True,
    mlflow_url: Annotated[
        str, typer.Option("--mlflow-url", help="Where 'earmark ui' is: links to runs lead there.")
    ] = "http://127.0.0.1:5000",
    verbose: Verbose = False,
) -> None:
    """Open the page: rank, see why, keep or skip, train, send back. On this machine only; Ctrl-C ends it."""
    from earmark.home import Home
    from earmark.page.opening import address_of, listen, only_page, tell_address
    from earmark.page.settings import PageSettings

    settings = PageSettings(host=host.strip(), password=password or None, mlflow_url=mlflow_url)
    _check(settings)
    home = Home.here()
    with only_page(home) as told:
        opened = listen(settings.host, PORT, tried=PORTS) if port is None else listen(settings.host, port)
        note("starting the page ...")
        from earmark.page.serving import server_of

        server = server_of(home, replace(settings, port=opened.getsockname()[1]))
        address = address_of(settings.host, opened)
        tell_address(told, address)
        _say_where(settings, address)
        if browser:
            _open(address)
        signal.signal(signal.SIGTERM, _interrupt)
        signal.signal(signal.SIGHUP, server.handle_exit)  # a closed terminal ends the page as Ctrl-C does
        with suppress(KeyboardInterrupt):
            server.run(sockets=[opened])
        note("stopped")


def _check(settings: "PageSettings") -> None:
    """Raise InputError where others could reach the page without a password that is worth the name."""
    if not settings.host:
        raise InputError("--host is empty", "leave it out, or give an address of this machine")
    if not settings.mlflow_url.startswith(("http://", "https://")):
        raise InputError("--mlflow-url is not the address of a website", "give one like http://127.0.0.1:5000")
    if not settings.reachable_from_elsewhere:
        return
    if settings.password is None:
        raise InputError(
            f"--host {settings.host} lets other machines in, and there is no password",
            "set EARMARK_PAGE_PASSWORD (or --password), or leave --host out",
        )
    if len(settings.password) < SHORTEST:
        raise InputError(
            f"the password has {len(settings.password)} characters, and other machines can guess at it",
            f"choose one of at least {SHORTEST}",
        )


def _say_where(settings: "PageSettings", address: str) -> None:
    note(f"open {address}")
    if settings.reachable_from_elsewhere:
        note("note: other machines reach it by this machine's address in numbers, and nothing on the way is encrypted:")
        note("      the password and all you see can be read in that network; use it in one that you trust")
    note("Ctrl-C ends it")


def _open(address: str) -> None:
    """Open a browser where there is a screen; elsewhere Python would start one inside the terminal."""
    if sys.platform not in {"darwin", "win32"} and not {"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ):
        return
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt

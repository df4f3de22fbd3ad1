"""A sign-in for tests, written as `earmark login spotify` would leave it; and the browser's part of a real one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from threading import Thread

import pytest

from connectors.spotify.settings import PULL_SCOPES, PUSH_SCOPES, store_app
from connectors.spotify.sign_in import Terminal, token_cache
from tests.standin import StandIn

ALL_SCOPES = tuple(dict.fromkeys([*PULL_SCOPES, *PUSH_SCOPES]))


def use(standin: StandIn, config: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send earmark to a stand-in, its configuration to a folder."""
    for name in ("SPOTIPY_CLIENT_ID", "BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in standin.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("EARMARK_CONFIG", str(config))


def sign_in_quietly(
    standin: StandIn, scopes: Sequence[str] = ALL_SCOPES, authorised_at: datetime | None = None, **changes: object
) -> None:
    """Store a token of the stand-in's."""
    store_app(standin.client_id, 8912)
    cache = token_cache(standin.client_id, new_scope=" ".join(scopes))
    cache.save_token_to_cache(standin.token(scopes) | changes)
    token = token_cache(standin.client_id).read()
    assert token is not None
    if authorised_at is not None:
        cache.write(replace(token, authorised_at=authorised_at.astimezone(UTC)))


def person(standin: StandIn, *, agree: bool = True) -> tuple[Terminal, list[str]]:
    """A terminal whose user presses a button in a browser on the same machine; and what was said to them."""
    said: list[str] = []

    def show_page(address: str) -> None:
        Thread(target=standin.authorise, args=(address,), kwargs={"agree": agree, "visit": True}, daemon=True).start()

    return Terminal(say=said.append, ask=None, show_page=show_page), said

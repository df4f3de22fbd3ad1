"""`make train SOURCE=spotify DEMO_ACCOUNT=1`: what keeps the demo listener apart from the user."""

from pathlib import Path

import pytest

from tests.standin import Account, StandIn
from tests.standin.try_account import HOME, environment


def test_nothing_of_ones_own_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EARMARK_HOME", "EARMARK_CONFIG"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("EARMARK_DATABASE_URL", "postgresql://me:secret@db.example/mine")
    monkeypatch.setenv("SPOTIPY_CLIENT_ID", "f" * 32)
    with StandIn(Account.made_up(1)) as standin:
        variables = environment(standin)
    assert "EARMARK_DATABASE_URL" not in variables
    assert variables["SPOTIPY_CLIENT_ID"] == standin.client_id
    assert {variables["EARMARK_HOME"], variables["EARMARK_CONFIG"]} == {
        str(HOME.resolve()), str(HOME.resolve() / "config"),
    }  # fmt: skip
    for name in ("EARMARK_SPOTIFY_URL", "EARMARK_RECCOBEATS_URL", "EARMARK_LISTENBRAINZ_URL"):
        assert variables[name].startswith("http://127.0.0.1:")

"""``earmark pull csv``, ``listenbrainz``, ``lastfm`` and ``features``: what they print, and how they end."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
import typer
from typer.testing import CliRunner

from earmark.cli.pull_csv import pull_csv
from earmark.cli.pull_features import pull_features
from earmark.cli.pull_lastfm import pull_lastfm
from earmark.cli.pull_listenbrainz import pull_listenbrainz
from earmark.cli.pulling import open_library
from features.errors import InputError
from tests.connectors.spotify.signed_in import sign_in_quietly, use
from tests.standin import Account, Feedback, StandIn
from tests.standin.exchange import Reply
from tests.standin.server import LoopbackServer

app = typer.Typer()
for name, command in (
    ("csv", pull_csv),
    ("listenbrainz", pull_listenbrainz),
    ("lastfm", pull_lastfm),
    ("features", pull_features),
):
    app.command(name)(command)


@pytest.fixture(scope="module")
def standin() -> Iterator[StandIn]:
    account = Account.made_up(200, seed=5)
    account.listenbrainz["rob"] = [Feedback(1, 1_700_000_000, "Song", "Band", None, None, "m-1")]
    with StandIn(account) as running:
        yield running


@pytest.fixture(autouse=True)
def services(standin: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable, value in standin.environment().items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("EARMARK_CONFIG", str(tmp_path / "config"))
    monkeypatch.setattr("connectors.audio_features.reccobeats.PER_SECOND", 1000.0)  # nobody to be polite to
    monkeypatch.delenv("EARMARK_DATABASE_URL", raising=False)
    monkeypatch.delenv("SPOTIPY_CLIENT_ID", raising=False)


def run(*arguments: str) -> tuple[str, str]:
    """Stdout and stderr."""
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout, result.stderr


def run_json(*arguments: str) -> dict[str, Any]:
    answered: dict[str, Any] = json.loads(run(*arguments, "--json")[0])
    assert sum(answered["outcomes"].values()) == answered["seen"]
    return answered


def likes(standin: StandIn, path: Path) -> Path:
    """The account's likes as a table that knows no feature but one, of one track."""
    entries = (standin.account.catalogue.entry(like.key) for like in standin.account.likes)
    tracks = [track for track in entries if track is not None and track.kind == "track"]
    lines = [f"{track.track_id},{track.isrc or ''},,1" for track in tracks]
    path.write_text("\n".join(["track_id,isrc,energy,liked", *lines, f"{'x' * 22},,0.5,0", ""]))
    return path


def test_a_table_then_its_features(standin: StandIn, tmp_path: Path) -> None:
    table = likes(standin, tmp_path / "likes.csv")
    pulled = run_json("csv", str(table))
    assert pulled["source"] == "csv"
    assert pulled["outcomes"]["disliked"] == 1
    assert pulled["calls"] == 0

    offline = run_json("features", "--offline")
    assert offline["calls"] == 0
    assert offline["coverage"]["with_features"] == 1

    out, err = run("features")
    assert out.startswith("features: ")
    assert "found by reccobeats" in out
    assert "spotify: not asked for features (there is no Spotify client id)" in err
    again = run_json("features")
    assert again["calls"] == 0
    assert again["coverage"]["with_features"] > 50
    with open_library() as library:
        assert library.tracks_table().tracks["energy"].notna().sum() == again["coverage"]["with_features"]


def test_listenbrainz(tmp_path: Path) -> None:
    answered = run_json("listenbrainz", "rob")
    assert answered["outcomes"] == {"loved": 1}
    assert answered["calls"] == 1
    assert run("listenbrainz", "rob")[0].splitlines()[0].startswith("listenbrainz: 1 rows in ")


def test_lastfm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EARMARK_LASTFM_KEY", raising=False)
    with pytest.raises(InputError, match="a key of your own"):
        run("lastfm", "rj")
    track = {"name": "Song", "artist": {"name": "Band"}, "date": {"uts": "1700000000"}}
    page = {"lovedtracks": {"track": track, "@attr": {"total": "1", "totalPages": "1", "page": "1", "perPage": "200"}}}
    server = LoopbackServer("lastfm", 0, lambda _: Reply(200, page))
    server.start()
    try:
        monkeypatch.setenv("EARMARK_LASTFM_URL", f"{server.url}/2.0")
        monkeypatch.setenv("EARMARK_LASTFM_KEY", "0123456789abcdef0123456789abcdef")
        assert run_json("lastfm", "rj")["outcomes"] == {"loved": 1}
    finally:
        server.stop()


def test_errors_pass_to_the_command_line() -> None:
    with pytest.raises(InputError, match="no user 'nobody'"):
        run("listenbrainz", "nobody")
    with pytest.raises(InputError, match="there is no file"):
        run("csv", "none.csv")


def test_only_a_loopback_address_replaces_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_LISTENBRAINZ_URL", "http://example.org")
    with pytest.raises(InputError, match="EARMARK_LISTENBRAINZ_URL"):
        run("listenbrainz", "rob")


@pytest.mark.parametrize("state", ["open", "closed"])
def test_features_of_an_account_that_is_signed_in(
    state: Literal["open", "closed"], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StandIn(Account.made_up(230, seed=6), features=state, dialect="legacy") as standin:
        use(standin, tmp_path / "config", monkeypatch)
        sign_in_quietly(standin)
        run("csv", str(likes(standin, tmp_path / "likes.csv")))
        first = run_json("features")
        n = first["seen"] - 1  # the one whose id is made up has a feature, and lacks the others
        at_spotify = len(standin.calls_to("spotify", "/audio-features"))
        at_reccobeats = len(standin.calls_to("reccobeats"))
        if state == "open":
            assert at_spotify == 3
            assert first["outcomes"]["found by spotify"] > n / 2
            assert at_reccobeats < -(-n // 40)
        else:
            assert at_spotify == 1
            assert "found by spotify" not in first["outcomes"]
            assert at_reccobeats == -(-(n + 1) // 40)
            assert any("features are closed to this app" in note for note in first["notes"])
        assert first["calls"] == at_spotify + at_reccobeats
        second = run_json("features")
        assert second["calls"] == 0
        assert not any("closed" in note for note in second["notes"])
        assert len(standin.calls_to("spotify", "/audio-features")) == at_spotify
        assert second["coverage"] == first["coverage"]

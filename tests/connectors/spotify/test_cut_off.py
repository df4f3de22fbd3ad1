"""A pull that is cut off, by a kill, a dead network or a rate limit of 20 hours, and run again loses nothing."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from connectors.audio_features.chain import pull_features
from connectors.audio_features.reccobeats import ReccoBeats
from connectors.audio_features.spotify import SpotifyFeatures
from connectors.http.faults import RateLimited, ServiceUnavailable
from connectors.http.transport import Transport
from connectors.library import Library
from connectors.spotify.client import SpotifyClient
from connectors.spotify.pull import pull_spotify
from connectors.spotify.settings import PULL_SCOPES
from features.errors import ServiceError
from tests.connectors.spotify.commands import Commands
from tests.connectors.spotify.signed_in import sign_in_quietly, use
from tests.standin import Account, Fault, StandIn

N_LIKES = 430
LIKES, PLAYLISTS, ITEMS, TOP, FEATURES = "/me/tracks", "/me/playlists", "/items", "/me/top", "/audio-features"
TIMES = {"features": "fetched_at", "not_found": "until"}
"""Columns that hold when something was fetched, which no second pull repeats."""
DAY = 74_214

KILLED = [
    (LIKES, 1), (LIKES, 4), (LIKES, 9), (PLAYLISTS, 1), (ITEMS, 1), (ITEMS, 3), (TOP, 2), (FEATURES, 3),
]  # fmt: skip
GONE = [("spotify", LIKES, 2), ("spotify", LIKES, 8), ("spotify", ITEMS, 2), ("spotify", TOP, 3),
        ("spotify", FEATURES, 1), ("reccobeats", FEATURES, 5)]  # fmt: skip
LIMITED = [("spotify", LIKES, 5), ("spotify", PLAYLISTS, 1), ("spotify", ITEMS, 3), ("spotify", TOP, 1),
           ("reccobeats", FEATURES, 1), ("reccobeats", FEATURES, 9)]  # fmt: skip

Rows = dict[str, list[tuple[Any, ...]]]


def rows(url: str) -> Rows:
    """Every row of a library, but for reports and times of fetching."""
    found: Rows = {}
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        for name in ("tracks", "evidence", "plays", "features", "not_found", "positions", "made_playlists"):
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
            kept = ", ".join(f'"{column}"' for column in columns if column != TIMES.get(name))
            everything = connection.execute(f"SELECT {kept} FROM {name}").fetchall()  # noqa: S608 (the library's own names)
            found[name] = sorted(everything, key=repr)
        remembered = connection.execute("SELECT key, value FROM remembered ORDER BY key").fetchall()
    found["remembered"] = [(key, {**json.loads(value), "at": None}) for key, value in remembered]
    return found


def pull_account(url: str) -> None:
    with Library.open(url) as library, SpotifyClient.signed_in(scopes=PULL_SCOPES, max_wait=0.0) as client:
        pull_spotify(library, client, disliked=["Skipped"])


def pull_all_features(standin: StandIn, url: str) -> None:
    with (
        Library.open(url) as library,
        SpotifyClient.signed_in(scopes=(), max_wait=0.0) as client,
        Transport("ReccoBeats", max_wait=0.0) as transport,
    ):
        links = [
            SpotifyFeatures(library, lambda: client, app=standin.client_id),
            ReccoBeats(transport, standin.reccobeats_url),
        ]
        pull_features(library, links)


@pytest.fixture
def machine(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Commands]:
    """A machine on which the account is signed in; the parameter is whether Spotify gives features."""
    with StandIn(Account.made_up(N_LIKES), features=request.param) as standin:
        machine = Commands(standin, tmp_path)
        use(standin, machine.config, monkeypatch)
        sign_in_quietly(standin)
        yield machine


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    """The rows that a pull ends with which nothing disturbs, by whether Spotify gives features."""
    ends = {}
    for features in ("open", "closed"):
        folder = tmp_path_factory.mktemp(features)
        with StandIn(Account.made_up(N_LIKES), features=features) as standin, pytest.MonkeyPatch.context() as patch:
            use(standin, folder / "config", patch)
            sign_in_quietly(standin)
            url = f"sqlite:///{folder / 'library.db'}"
            pull_account(url)
            pull_all_features(standin, url)
            ends[features] = rows(url)
    assert len(ends["open"]["evidence"]) > N_LIKES
    assert len(ends["closed"]["features"]) > 2_000
    return ends


@pytest.mark.parametrize("machine", ["open"], indirect=True)
@pytest.mark.parametrize(("path", "at"), KILLED)
def test_killed_with_signal_9(path: str, at: int, machine: Commands, undisturbed: dict[str, Rows]) -> None:
    url = machine.library_url
    if path == FEATURES:
        (machine.home / "data").mkdir(parents=True)
        pull_account(url)
        machine.kill_at(("pull", "features"), path=path, at=at)
    else:
        machine.kill_at(("pull", "spotify", "--disliked", "Skipped"), path=path, at=at)
    pull_account(url)
    pull_all_features(machine.standin, url)
    assert rows(url) == undisturbed["open"]
    # the page that was killed is asked for again, no other; and once more whether there is anything new
    assert len(machine.standin.calls_to("spotify", LIKES)) <= ceil(N_LIKES / 50) + 2


@pytest.mark.parametrize("machine", ["closed"], indirect=True)
@pytest.mark.parametrize(("service", "path", "at"), GONE)
def test_the_network_is_gone_for_a_while(
    service: str, path: str, at: int, machine: Commands, undisturbed: dict[str, Rows]
) -> None:
    machine.standin.faults.add(Fault(kind="close", service=service, path=path, at=at, times=3))
    assert again_until_done(machine, ServiceUnavailable) == 3
    assert rows(machine.library_url) == undisturbed["closed"]


@pytest.mark.parametrize("machine", ["closed"], indirect=True)
@pytest.mark.parametrize(("service", "path", "at"), LIMITED)
def test_told_to_come_back_in_twenty_hours(
    service: str, path: str, at: int, machine: Commands, undisturbed: dict[str, Rows]
) -> None:
    machine.standin.faults.add(Fault(kind="429", service=service, path=path, at=at, retry_after=DAY))
    assert again_until_done(machine, RateLimited) == 1
    assert rows(machine.library_url) == undisturbed["closed"]


@pytest.mark.parametrize("machine", ["closed"], indirect=True)
@pytest.mark.parametrize(("path", "at"), [(LIKES, 1), (LIKES, 5), (LIKES, 9), (ITEMS, 2)])
def test_another_pull_of_the_same_account_meanwhile(
    path: str, at: int, machine: Commands, undisturbed: dict[str, Rows]
) -> None:
    (machine.home / "data").mkdir(parents=True)
    url = machine.library_url
    machine.standin.faults.add(Fault(kind="hook", hook=lambda _: pull_account(url), path=path, at=at))
    pull_account(url)
    pull_all_features(machine.standin, url)
    assert rows(url) == undisturbed["closed"]


@pytest.mark.parametrize("machine", ["closed"], indirect=True)
def test_many_new_likes_can_be_cut_off_at_any_page_too(machine: Commands) -> None:
    (machine.home / "data").mkdir(parents=True)
    account = Account.made_up(1_000)
    everything = account.likes
    with StandIn(account) as standin, pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARMARK_SPOTIFY_URL", standin.spotify_url)
        sign_in_quietly(standin)
        account.likes = everything[900:]
        pull_account(machine.library_url)
        account.likes = everything
        before = len(standin.calls_to("spotify", LIKES))
        standin.faults.add(Fault(kind="429", path=LIKES, at=15, retry_after=DAY))
        with pytest.raises(RateLimited):
            pull_account(machine.library_url)
        pull_account(machine.library_url)
        assert len(standin.calls_to("spotify", LIKES)) == before + 1 + 20 + 1  # a look, twenty pages, one of them twice
        whole = f"sqlite:///{machine.folder / 'whole.db'}"
        pull_account(whole)
        assert rows(machine.library_url)["evidence"] == rows(whole)["evidence"]


def test_there_are_twenty_points() -> None:
    assert len(KILLED) + len(GONE) + len(LIMITED) == 20


def again_until_done(machine: Commands, expected: type[ServiceError]) -> int:
    """Pull the account, then the features, each until it goes through; how often one was cut off."""
    (machine.home / "data").mkdir(parents=True)
    url, cuts = machine.library_url, 0
    steps: list[Callable[[], None]] = [lambda: pull_account(url), lambda: pull_all_features(machine.standin, url)]
    while steps:
        try:
            steps[0]()
        except expected:
            cuts += 1
        else:
            del steps[0]
    return cuts

"""Pushes side by side: one goes through, the others say so, and there is one playlist."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.library import Library
from connectors.spotify.client import SpotifyClient
from connectors.spotify.one_push import AnotherPush, PlanOutdated
from connectors.spotify.push import plan_push, plan_undo, push
from connectors.spotify.settings import PUSH_SCOPES
from tests.connectors.spotify.commands import Commands
from tests.connectors.spotify.signed_in import sign_in_quietly, use
from tests.standin import Account, Fault, Rates, Request, StandIn

NAME = "Predicted likes"


@pytest.fixture
def standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with StandIn(Account.made_up(100, rates=Rates(without_isrc=0.0))) as made:
        use(made, tmp_path / "config", monkeypatch)
        sign_in_quietly(made)
        (tmp_path / "home" / "data").mkdir(parents=True)
        yield made


@pytest.fixture
def library(standin: StandIn, tmp_path: Path) -> Iterator[Library]:
    with Library.open(f"sqlite:///{tmp_path / 'home' / 'data' / 'library.db'}") as opened:
        yield opened


@pytest.fixture
def client(standin: StandIn) -> Iterator[SpotifyClient]:
    with SpotifyClient.signed_in(scopes=PUSH_SCOPES, max_wait=0.0) as signed_in:
        yield signed_in


def tracks(standin: StandIn, first: int, last: int) -> list[str]:
    found = [standin.account.catalogue.entry(4 * number) for number in range(first, last)]
    return [track.uri for track in found if track is not None]


def n_made(standin: StandIn) -> int:
    return sum(standin.account.playlists[one].name == NAME for one in standin.account.followed)


def test_a_second_process_waits_for_nothing_and_makes_nothing(
    standin: StandIn, library: Library, client: SpotifyClient, tmp_path: Path
) -> None:
    file = tmp_path / "likes.csv"
    file.write_text("\n".join(["track_id", *(uri.rpartition(":")[2] for uri in tracks(standin, 0, 5))]))
    said: list[tuple[int, str]] = []

    def push_as_well(_: Request) -> None:
        second = Commands(standin, tmp_path).run("push", str(file), "--yes")
        said.append((second.code, second.err))

    standin.faults.add(Fault(kind="hook", method="POST", path="/me/playlists", hook=push_as_well))
    made = push(library, client, plan_push(library, client, NAME, tracks(standin, 0, 5)))
    assert made is not None
    ((code, words),) = said
    assert code == 2
    assert "another earmark is changing a playlist of this account right now" in words
    assert n_made(standin) == 1


def test_a_plan_that_another_push_has_overtaken_is_refused(
    standin: StandIn, library: Library, client: SpotifyClient
) -> None:
    plans = [plan_push(library, client, NAME, tracks(standin, 0, last)) for last in (5, 7)]
    push(library, client, plans[0])
    with pytest.raises(PlanOutdated, match="was changed by another push") as refused:
        push(library, client, plans[1])
    assert "look again" in refused.value.hint
    assert n_made(standin) == 1
    undo = plan_undo(library, client, NAME)
    push(library, client, plan_push(library, client, NAME, tracks(standin, 0, 7)))
    with pytest.raises(PlanOutdated):  # it would delete the playlist, which holds more by now
        push(library, client, undo)
    assert n_made(standin) == 1


def test_who_comes_during_a_push_is_told_apart_from_who_comes_after_it(
    standin: StandIn, library: Library, client: SpotifyClient
) -> None:
    plan = plan_push(library, client, NAME, tracks(standin, 0, 5))
    met: list[type[Exception]] = []

    def again(_: str) -> None:
        with pytest.raises(AnotherPush) as refused:
            push(library, client, plan)
        met.append(refused.type)

    assert push(library, client, plan, on_progress=again) is not None
    assert met == [AnotherPush]
    with pytest.raises(PlanOutdated):
        push(library, client, plan)

"""Playlists that are named, named otherwise, and changed while a pull was broken off."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.http.faults import RateLimited
from connectors.library import Library
from connectors.spotify.client import SpotifyClient
from connectors.spotify.pull import pull_spotify
from connectors.spotify.settings import PULL_SCOPES
from features.errors import InputError
from tests.connectors.spotify.signed_in import sign_in_quietly, use
from tests.connectors.spotify.test_cut_off import rows
from tests.standin import Account, Fault, StandIn


@pytest.fixture
def standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with StandIn(Account.made_up(60)) as standin:
        use(standin, tmp_path / "config", monkeypatch)
        sign_in_quietly(standin)
        yield standin


def pull(url: str, **named: list[str]) -> None:
    with Library.open(url) as library, SpotifyClient.signed_in(scopes=PULL_SCOPES, max_wait=0.0) as client:
        pull_spotify(library, client, **named)  # type: ignore[arg-type]


def judged(url: str, kind: str) -> set[str]:
    with Library.open(url) as library:
        evidence = library.evidence()
    return set(evidence.loc[evidence["kind"] == kind, "track_id"])


def test_one_that_is_named_again_counts_again(standin: StandIn, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'library.db'}"
    pull(url, disliked=["Skipped"])
    before = judged(url, "playlist_disliked")
    pull(url, unnamed=["Skipped"])
    assert judged(url, "playlist_disliked") == set()
    pull(url, disliked=["Skipped"])
    assert judged(url, "playlist_disliked") == before
    assert len(before) > 50


def test_one_that_is_gone_counts_no_longer_and_again_when_it_is_back(standin: StandIn, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'library.db'}"
    skipped = standin.account.playlist_called("Skipped").playlist_id
    pull(url, disliked=["Skipped"])
    before = judged(url, "playlist_disliked")
    standin.account.followed.remove(skipped)
    pull(url)
    assert judged(url, "playlist_disliked") == set()
    standin.account.followed.append(skipped)
    pull(url)
    assert judged(url, "playlist_disliked") == before


def test_one_that_changed_while_its_walk_was_broken_off_is_walked_anew(standin: StandIn, tmp_path: Path) -> None:
    broken, whole = (f"sqlite:///{tmp_path / name}.db" for name in ("broken", "whole"))
    standin.faults.add(Fault(kind="429", path="/items", at=3, retry_after=74_214))
    with pytest.raises(RateLimited):
        pull(broken, disliked=["Skipped"])
    skipped = standin.account.playlist_called("Skipped")
    skipped.change(skipped.entries[5:40])
    pull(broken)
    pull(whole, disliked=["Skipped"])
    after, undisturbed = rows(broken), rows(whole)
    assert {name: after[name] for name in ("evidence", "positions")} == {
        name: undisturbed[name] for name in ("evidence", "positions")
    }


def test_of_a_track_that_stands_twice_the_first_entry_counts_also_where_a_walk_broke_off_between(
    standin: StandIn, tmp_path: Path
) -> None:
    broken, whole = (f"sqlite:///{tmp_path / name}.db" for name in ("broken", "whole"))
    skipped = standin.account.playlist_called("Skipped")
    again = [replace(entry, added=entry.added + 1_000_000) for entry in skipped.entries[:10]]
    skipped.change([*skipped.entries, *again])
    pull(whole, disliked=["Skipped"])
    standin.faults.add(Fault(kind="429", path="/items", at=3, retry_after=74_214))
    with pytest.raises(RateLimited):
        pull(broken, disliked=["Skipped"])
    pull(broken)
    assert rows(broken)["evidence"] == rows(whole)["evidence"]


def test_of_two_of_a_name_ones_own_is_meant(standin: StandIn, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'library.db'}"
    standin.account.add_playlist("Skipped", owner_id="a_friend", public=True)
    pull(url, disliked=["Skipped"])
    assert len(judged(url, "playlist_disliked")) > 50
    standin.account.add_playlist("Skipped")
    with pytest.raises(InputError, match="2 playlists are called 'Skipped'"):
        pull(url, disliked=["Skipped"])


@pytest.mark.parametrize("path", ["/me/playlists", "/items"])
def test_what_another_process_names_meanwhile_stays_named(path: str, standin: StandIn, tmp_path: Path) -> None:
    together, apart = (f"sqlite:///{tmp_path / name}.db" for name in ("together", "apart"))
    pull(apart, liked=["Party"])
    pull(apart, disliked=["Skipped"])
    standin.faults.add(Fault(kind="hook", hook=lambda _: pull(together, liked=["Party"]), path=path, at=1))
    pull(together, disliked=["Skipped"])
    assert rows(together)["evidence"] == rows(apart)["evidence"]
    pull(together)
    assert rows(together)["evidence"] == rows(apart)["evidence"]


def test_what_another_process_is_still_reading_is_not_taken_away(standin: StandIn, tmp_path: Path) -> None:
    together, apart = (f"sqlite:///{tmp_path / name}.db" for name in ("together", "apart"))
    pull(apart, liked=["Party"], disliked=["Skipped"])
    pull(together, disliked=["Skipped"])

    def reads_a_page(_: object) -> None:
        standin.faults.add(Fault(kind="429", path="/items", at=2, retry_after=74_214))
        with pytest.raises(RateLimited):
            pull(together, liked=["Party"])

    standin.faults.add(Fault(kind="hook", hook=reads_a_page, path="/me/playlists", at=1))
    pull(together)
    assert 0 < len(judged(together, "playlist_liked")) < len(judged(apart, "playlist_liked"))
    pull(together)
    assert judged(together, "playlist_liked") == judged(apart, "playlist_liked")


def test_what_another_process_unnames_meanwhile_can_be_named_again(standin: StandIn, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'library.db'}"
    pull(url, disliked=["Skipped"])
    before = judged(url, "playlist_disliked")
    skipped = standin.account.playlist_called("Skipped")
    skipped.change(skipped.entries)
    standin.faults.add(Fault(kind="hook", hook=lambda _: pull(url, unnamed=["Skipped"]), path="/items", at=2))
    pull(url)
    assert judged(url, "playlist_disliked") == set()
    pull(url, disliked=["Skipped"])
    assert judged(url, "playlist_disliked") == before

"""How many calls a pull costs in which nothing, or little, has changed since the last one."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from connectors.spotify.sign_in import token_cache
from tests.connectors.spotify.test_pull import at, contents, ids, pull
from tests.standin import Account, StandIn

LISTED = 160
"""Playlists of the account: four pages; the friend's is the first, "Skipped" the next, "Mix 158" the last."""
DIALECTS = ("2026", "legacy")


def many_playlists() -> Account:
    account = Account.made_up(60, n_playlists=LISTED - 1, playlist_size=4)
    assert len(account.followed) == LISTED
    return account


def calls_for(standin: StandIn, path: str) -> int:
    return len(standin.calls_to("spotify", path))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("named", "calls"),
    [
        ([], 1),
        (["Mix 158"], 2),
        (["Skipped", "Party"], 2),  # both on the first page
        (["Skipped", "Mix 158"], 3),
        (["Skipped", "Mix 80", "Mix 158"], 4),
        (["Skipped", "Mix 60", "Mix 110", "Mix 158"], 5),  # on every page: as many calls as listing takes
    ],
)
def test_a_second_pull_asks_for_the_likes_and_for_each_page_that_lists_a_named_playlist(
    dialect: str, named: list[str], calls: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin = StandIn(many_playlists(), dialect=dialect)  # type: ignore[arg-type]
    with at(standin, tmp_path, monkeypatch) as library:
        pull(library, disliked=named)
        before = contents(library)
        assert [pull(library).calls for _ in range(2)] == [calls, calls]
        for old, new in zip(before, contents(library), strict=True):
            pd.testing.assert_frame_equal(old, new)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_change_of_the_one_named_playlist_among_many_is_seen_at_once(
    dialect: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = many_playlists()
    last = account.playlist_called("Mix 158")
    standin = StandIn(account, dialect=dialect)  # type: ignore[arg-type]
    with at(standin, tmp_path, monkeypatch) as library:
        pull(library, disliked=["Mix 158"])
        before = ids(library, "playlist_disliked")
        last.change(last.entries[:1])
        assert pull(library).calls == 3  # likes, the page of the list, the playlist
        assert ids(library, "playlist_disliked") < before
        assert pull(library).calls == 2


@pytest.mark.parametrize("dialect", DIALECTS)
def test_one_that_its_owner_deleted_is_noticed_at_once_though_spotify_still_knows_it(
    dialect: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = many_playlists()
    last = account.playlist_called("Mix 158").playlist_id
    standin = StandIn(account, dialect=dialect)  # type: ignore[arg-type]
    with at(standin, tmp_path, monkeypatch) as library:
        pull(library, disliked=["Mix 158", "Skipped"])
        both = ids(library, "playlist_disliked")
        account.followed.remove(last)
        assert last in account.playlists  # it still answers 200 to who asks for it by its id
        report = pull(library)
        assert ids(library, "playlist_disliked") < both
        [said] = [note for note in report.notes if "is gone from the account" in note]
        assert f"--unname {last}" in said
        assert report.calls == 1 + 2 + 4  # it may have moved to any page
        assert pull(library).calls == 1 + 4
        pull(library, unnamed=[last])
        assert pull(library).calls == 2


def test_playlists_that_moved_to_another_page_are_found_there_and_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = many_playlists()
    standin = StandIn(account)
    edge = account.playlists[account.followed[49]].name  # the last of its page
    with at(standin, tmp_path, monkeypatch) as library:
        pull(library, disliked=[edge])
        before = contents(library)
        account.add_playlist("New")
        asked = calls_for(standin, "/me/playlists")
        report = pull(library)
        assert calls_for(standin, "/me/playlists") == asked + 3  # where it was, and from the head to where it is
        assert not any("gone" in note for note in report.notes)
        for old, new in zip(before, contents(library), strict=True):
            pd.testing.assert_frame_equal(old, new)
        assert pull(library).calls == 2


def test_a_list_that_became_much_shorter_is_still_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = many_playlists()
    last = account.playlist_called("Mix 158").playlist_id
    with at(StandIn(account), tmp_path, monkeypatch) as library:
        pull(library, disliked=["Mix 158"])
        before = ids(library, "playlist_disliked")
        account.followed[:] = [*account.followed[:3], last]  # the page that listed it is beyond the end now
        pull(library)
        assert ids(library, "playlist_disliked") == before
        assert pull(library).calls == 2


def test_of_a_library_whose_pages_are_not_known_the_list_is_read_until_all_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with at(StandIn(many_playlists()), tmp_path, monkeypatch) as library:
        pull(library, disliked=["Mix 60"])
        library.remember("spotify:playlist_pages", {})  # as an older earmark left it
        assert [pull(library).calls for _ in range(2)] == [3, 2]


def test_who_is_signed_in_is_not_asked_again_and_a_token_that_ended_costs_one_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin = StandIn(many_playlists())
    with at(standin, tmp_path, monkeypatch) as library:
        pull(library, disliked=["Mix 158"])
        cache = token_cache(standin.client_id)
        token = cache.read()
        assert token is not None
        cache.write(replace(token, expires_at=0.0))
        assert pull(library).calls == 3  # the token, the likes, a page of the list
        assert [call.path.rstrip("/") for call in standin.calls].count("/v1/me") == 1

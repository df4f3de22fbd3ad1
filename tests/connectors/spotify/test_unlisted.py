"""Pages that hold less than the list counts: what is not listed is not taken back, and it is asked for again."""

from pathlib import Path

import pytest

from connectors.spotify.client import SpotifyClient
from connectors.spotify.playlists import contents
from connectors.spotify.settings import PULL_SCOPES
from tests.connectors.spotify.test_pull import at, ids, likes_of, pull
from tests.standin import Account, Fault, StandIn

UNLISTED = "Spotify counts it and does not list it"


def test_likes_on_a_page_that_comes_empty_once_are_kept_and_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account.made_up(160)
    standin = StandIn(account)
    with at(standin, tmp_path, monkeypatch) as library:
        pull(library)
        account.unlike(next(track_id for track_id in sorted(likes_of(account))))
        standin.faults.add(Fault(kind="unlisted", path="/me/tracks", at=3))  # a look, the first page, the second
        report = pull(library)
        assert report.outcomes[UNLISTED] == 50
        assert any("counts 50 of your likes" in note for note in report.notes)
        assert ids(library, "like") > likes_of(account)  # also the one that was taken back: nobody can tell yet
        again = pull(library)
        assert not again.notes
        assert ids(library, "like") == likes_of(account)
        assert pull(library).calls <= 3


def test_likes_that_are_never_listed_do_not_cost_a_walk_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account.made_up(160)
    standin = StandIn(account)
    standin.faults.add(
        Fault(kind="unlisted", path="/me/tracks", when=lambda request: request.query.get("offset") == "50")
    )
    with at(standin, tmp_path, monkeypatch) as library:
        assert len(pull(library).notes) == 1
        gone = account.catalogue.entry(account.likes[0].key)
        assert gone is not None
        account.unlike(gone.track_id)
        assert not pull(library).notes  # as many as the last time: that is how Spotify counts
        assert gone.track_id not in ids(library, "like")
        assert pull(library).calls <= 3


def test_a_playlist_whose_page_comes_empty_once_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    standin = StandIn(Account.made_up(60))
    with at(standin, tmp_path, monkeypatch) as library:
        pull(library, disliked=["Skipped"])
        before = ids(library, "playlist_disliked")
        skipped = standin.account.playlist_called("Skipped")
        skipped.change(skipped.entries)
        standin.faults.add(Fault(kind="unlisted", path="/items", at=2))
        report = pull(library)
        assert any("of the tracks in 'Skipped'" in note for note in report.notes)
        assert ids(library, "playlist_disliked") == before
        skipped.change(skipped.entries[60:])
        pull(library)
        assert ids(library, "playlist_disliked") < before
        assert pull(library).calls <= 3


def test_what_is_not_listed_keeps_its_place_among_what_a_playlist_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin = StandIn(Account.made_up(60))
    with at(standin, tmp_path, monkeypatch):
        skipped = standin.account.playlist_called("Skipped")
        standin.faults.add(Fault(kind="unlisted", path="/items", at=2))
        with SpotifyClient.signed_in(scopes=PULL_SCOPES, max_wait=0.0) as client:
            held = contents(client, skipped.playlist_id)
            whole = contents(client, skipped.playlist_id)
        assert len(held) == len(whole) == len(skipped.entries)
        assert held[50:100] == ("",) * 50
        assert (held[:50], held[100:]) == (whole[:50], whole[100:])


def test_a_list_of_playlists_that_comes_empty_once_makes_none_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin = StandIn(Account.made_up(60))
    with at(standin, tmp_path, monkeypatch) as library:
        pull(library, disliked=["Skipped"])
        before = ids(library, "playlist_disliked")
        standin.faults.add(Fault(kind="unlisted", path="/me/playlists", at=1, times=2))  # its page, then from the head
        report = pull(library)
        skipped = standin.account.playlist_called("Skipped").playlist_id
        assert report.notes == (f"the playlist {skipped} was not read this time: its tracks stay as they are",)
        assert ids(library, "playlist_disliked") == before
        again = pull(library)
        assert (again.notes, again.calls) == ((), 2)
        assert ids(library, "playlist_disliked") == before

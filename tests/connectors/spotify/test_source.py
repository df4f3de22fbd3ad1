"""The source ``spotify``: an account pulled and labelled, and its playlists as candidates."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.http.faults import Forbidden, NotFound, RateLimited, SignInNeeded
from connectors.registry import open_source
from connectors.source import Reading, SourceRequest
from connectors.sources.spotify import SOURCE
from features.errors import InputError
from tests.connectors.spotify.signed_in import sign_in_quietly, use
from tests.standin import EDITORIAL, Account, Fault, StandIn
from tests.standin.made_up import VANISHED, episode_key


@dataclass
class Listener:
    """A stand-in and where the library is."""

    standin: StandIn
    url: str

    def read(self, reference: str = "spotify") -> Reading:
        """Read the source."""
        return SOURCE.open(SourceRequest(reference, library_url=self.url, max_wait=0.0)).read()

    def read_playlist(self, name: str) -> Reading:
        """One of the account's playlists, as candidates."""
        return self.read(f"spotify:playlist:{self.standin.account.playlist_called(name).playlist_id}")


@pytest.fixture
def listener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    with StandIn(Account.made_up(70), features="open") as standin:
        use(standin, tmp_path / "config", monkeypatch)
        sign_in_quietly(standin)
        yield Listener(standin, f"sqlite:///{tmp_path / 'library.db'}")


def test_an_account_is_pulled_and_its_features_are_filled(listener: Listener) -> None:
    reading = listener.read()
    assert (reading.tracks["liked"] == 1).sum() > 60
    assert reading.tracks["tempo"].notna().mean() > 0.9
    again = listener.read()
    assert again.tracks.equals(reading.tracks)
    assert len(listener.standin.calls_to("spotify", "/me/tracks")) == 2 + 1


def test_a_service_that_fails_leaves_what_was_pulled(listener: Listener) -> None:
    before = listener.read()
    listener.standin.faults.add(Fault(kind="429", retry_after=74_214))
    reading = listener.read()
    assert reading.tracks.equals(before.tracks)
    assert "asks to wait 20 h 3" in " ".join(reading.notes)
    assert "not brought up to date" in " ".join(reading.notes)


def test_a_part_of_the_likes_is_not_learned_from(listener: Listener) -> None:
    listener.standin.faults.add(Fault(kind="429", at=2, path="/me/tracks", retry_after=74_214))
    with pytest.raises(RateLimited):
        listener.read()
    assert (listener.read().tracks["liked"] == 1).sum() > 60


def test_what_takes_long_is_told(listener: Listener) -> None:
    told: list[str] = []
    request = SourceRequest("spotify", library_url=listener.url, max_wait=0.0, on_progress=told.append)
    SOURCE.open(request).read()
    assert any(line.startswith("likes: 50 of ") for line in told)
    assert any(line.startswith("audio features from spotify: ") for line in told)


def test_without_a_sign_in_and_without_a_library_it_says_how(
    listener: Listener, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EARMARK_CONFIG", str(tmp_path / "nobody"))
    monkeypatch.setenv("SPOTIPY_CLIENT_ID", listener.standin.client_id)
    with pytest.raises(SignInNeeded, match="nobody is signed in") as refused:
        listener.read()
    assert "earmark login spotify" in refused.value.hint


def test_another_account_does_not_learn_from_this_library(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    listener.read()
    sign_in_quietly(listener.standin)  # a new sign-in, of which it is not known yet whose it is
    listener.standin.account.account_id = "somebody else"
    with pytest.raises(InputError, match="belongs to another Spotify account"):
        listener.read()


def test_a_playlist_gives_candidates_in_its_order(listener: Listener) -> None:
    account = listener.standin.account
    entries = [account.catalogue.entry(one.key) for one in account.playlist_called("Party").entries]
    ids = dict.fromkeys(track.track_id for track in entries if track is not None and track.kind == "track")
    reading = listener.read_playlist("Party")
    assert list(reading.tracks["track_id"]) == list(ids)
    assert "liked" not in reading.tracks
    assert reading.tracks["tempo"].notna().mean() > 0.9
    assert len(listener.read_playlist("Party").tracks) == len(ids)
    with pytest.raises(InputError):  # candidates are evidence of nothing
        open_source("library", library_url=listener.url).read()


def test_a_playlist_of_somebody_else_is_explained(listener: Listener) -> None:
    with pytest.raises(Forbidden) as refused:
        listener.read_playlist("A Friend's Mix")
    assert refused.value.reason == "not_owner"
    assert "own" in f"{refused.value.message} {refused.value.hint}"


def test_a_playlist_of_spotifys_own_is_not_there(listener: Listener) -> None:
    with pytest.raises(NotFound):
        listener.read(f"https://open.spotify.com/playlist/{EDITORIAL}?si=1")


def test_a_playlist_without_anything_to_rank_says_what_it_holds(listener: Listener) -> None:
    account = listener.standin.account
    account.add_playlist("Nothing yet")
    account.add_playlist("Talk", [VANISHED, episode_key(1), episode_key(2)])
    with pytest.raises(InputError, match=r"'Nothing yet' holds no track that can be ranked \(it is empty\)"):
        listener.read_playlist("Nothing yet")
    with pytest.raises(InputError, match="1 left out: Spotify no longer has it; 2 left out: an episode, no music"):
        listener.read_playlist("Talk")


def test_features_that_cannot_be_fetched_do_not_stop_candidates(listener: Listener) -> None:
    listener.standin.faults.add(Fault(kind="500", path="/audio-features"))
    reading = listener.read_playlist("Party")
    assert len(reading.tracks) > 50
    assert any("still to be fetched" in note for note in reading.notes)

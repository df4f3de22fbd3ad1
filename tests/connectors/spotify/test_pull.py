"""Pulling an account from the stand-in Spotify into a library."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path

import pandas as pd
import pytest

from connectors.http.faults import RateLimited
from connectors.library import Library
from connectors.pull_report import PullReport
from connectors.spotify.client import SpotifyClient
from connectors.spotify.pull import pull_spotify
from connectors.spotify.settings import PULL_SCOPES
from features.errors import InputError, ServiceError
from tests.connectors.spotify.signed_in import sign_in_quietly, use
from tests.standin import Account, Fault, StandIn

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
N_LIKES = 430


@contextmanager
def at(standin: StandIn, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """A library beside a running stand-in, signed in."""
    with standin:
        use(standin, folder / "config", monkeypatch)
        sign_in_quietly(standin)
        with Library.open(f"sqlite:///{folder / 'library.db'}") as library:
            yield library


def pull(library: Library, **asked: object) -> PullReport:
    with SpotifyClient.signed_in(scopes=PULL_SCOPES, max_wait=0.0) as client:
        return pull_spotify(library, client, **{"now": NOW, **asked})  # type: ignore[arg-type]


def contents(library: Library) -> tuple[pd.DataFrame, pd.DataFrame]:
    return library.tracks(), library.evidence()


def ids(library: Library, kind: str) -> set[str]:
    evidence = library.evidence()
    return set(evidence.loc[evidence["kind"] == kind, "track_id"])


def likes_of(account: Account) -> set[str]:
    tracks = [account.catalogue.entry(entry.key) for entry in account.likes]
    return {track.track_id for track in tracks if track is not None and track.track_id}


@pytest.mark.parametrize("dialect", ["2026", "legacy"])
def test_likes_are_pulled_with_one_call_a_fifty(dialect: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account.made_up(N_LIKES)
    standin = StandIn(account, dialect=dialect)  # type: ignore[arg-type]
    with at(standin, tmp_path, monkeypatch) as library:
        report = pull(library)
        assert len(standin.calls_to("spotify", "/me/tracks")) == ceil(N_LIKES / 50)
        assert ids(library, "like") == likes_of(account)
        assert sum(n for name, n in report.outcomes.items() if not name.startswith("top")) == N_LIKES
        evidence = library.evidence()
        assert evidence.loc[evidence["kind"] == "like", "at"].notna().all()
        named = library.tracks()
        assert named["track_name"].notna().all()
        assert named["isrc"].notna().mean() > 0.9


def test_a_second_pull_of_an_unchanged_account_makes_at_most_three_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin = StandIn(Account.made_up(N_LIKES))
    with at(standin, tmp_path, monkeypatch) as library:
        pull(library, disliked=["Skipped"])
        before = contents(library)
        again = pull(library)
        assert again.calls <= 3
        assert not any("new" in name for name in again.outcomes)
        for old, new in zip(before, contents(library), strict=True):
            pd.testing.assert_frame_equal(old, new)


def test_only_new_likes_are_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account.made_up(N_LIKES)
    candidates = account.playlist_called("Skipped").entries
    fresh = [account.catalogue.entry(entry.key) for entry in candidates]
    new = [track.track_id for track in fresh if track is not None and track.track_id][:3]
    standin = StandIn(account)
    with at(standin, tmp_path, monkeypatch) as library:
        pull(library)
        for track_id in new:
            account.like(track_id)
        before = len(standin.calls_to("spotify", "/me/tracks"))
        report = pull(library)
        assert len(standin.calls_to("spotify", "/me/tracks")) == before + 1
        assert report.outcomes["like: new"] == len(set(new) - set())
        assert ids(library, "like") == likes_of(account)


def test_a_like_that_is_taken_back_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account.made_up(N_LIKES)
    standin = StandIn(account)
    with at(standin, tmp_path, monkeypatch) as library:
        pull(library)
        gone = sorted(likes_of(account))[7]
        account.unlike(gone)
        pull(library)
        assert gone not in ids(library, "like")
        assert ids(library, "like") == likes_of(account)


@pytest.mark.parametrize("at_page", range(1, 10))
def test_a_pull_that_breaks_off_goes_on_at_the_page_it_had_not_finished(
    at_page: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with at(StandIn(Account.made_up(N_LIKES)), tmp_path, monkeypatch) as library:
        pull(library, disliked=["Skipped"])
        undisturbed = contents(library)

    broken = tmp_path / "broken"
    broken.mkdir()
    fault = Fault(kind="429", at=at_page, path="/me/tracks", retry_after=74214)
    standin = StandIn(Account.made_up(N_LIKES), faults=[fault])
    with at(standin, broken, monkeypatch) as library:
        with pytest.raises(RateLimited) as limit:
            pull(library, disliked=["Skipped"])
        assert limit.value.exit_code == 3
        assert limit.value.seconds > 70_000
        pull(library, disliked=["Skipped"])
        # the page that was refused was asked for twice, all others once
        assert len(standin.calls_to("spotify", "/me/tracks")) == ceil(N_LIKES / 50) + 1
        for old, new in zip(undisturbed, contents(library), strict=True):
            pd.testing.assert_frame_equal(old, new)


@pytest.mark.parametrize("kind", ["500", "close", "truncate", "html"])
def test_whatever_breaks_off_a_playlist_nothing_is_lost(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with at(StandIn(Account.made_up(60)), tmp_path, monkeypatch) as library:
        pull(library, disliked=["Skipped"])
        undisturbed = contents(library)
    broken = tmp_path / "broken"
    broken.mkdir()
    # at every try: retries alone do not help
    fault = Fault(
        kind=kind,
        when=lambda request: "offset=50" in str(request.query) or "50" in str(request.query),
        times=8,
        path="/playlists/",
    )
    standin = StandIn(Account.made_up(60), faults=[fault])
    with at(standin, broken, monkeypatch) as library:
        for _ in range(9):
            try:
                pull(library, disliked=["Skipped"])
                break
            except ServiceError:
                continue
        for old, new in zip(undisturbed, contents(library), strict=True):
            pd.testing.assert_frame_equal(old, new)


def test_playlists_count_as_named_and_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account.made_up(60)
    standin = StandIn(account)
    skipped = account.playlist_called("Skipped")
    with at(standin, tmp_path, monkeypatch) as library:
        pull(library, disliked=[f"https://open.spotify.com/playlist/{skipped.playlist_id}?si=1"])
        first = ids(library, "playlist_disliked")
        assert len(first) > 50
        skipped.change(skipped.entries[:10])
        pull(library)
        assert ids(library, "playlist_disliked") < first
        pull(library, unnamed=["Skipped"])
        assert ids(library, "playlist_disliked") == set()


def test_a_playlist_can_change_sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with at(StandIn(Account.made_up(60)), tmp_path, monkeypatch) as library:
        pull(library, disliked=["Skipped"])
        before = ids(library, "playlist_disliked")
        pull(library, liked=["skipped"])
        assert (ids(library, "playlist_disliked"), ids(library, "playlist_liked")) == (set(), before)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"liked": ["Skiped"]}, "no playlist of the account is called 'Skiped'"),
        ({"liked": ["Skipped"], "disliked": ["Skipped"]}, "named as liked and as disliked"),
    ],
)
def test_playlists_that_cannot_be_meant(
    asked: dict[str, list[str]], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with at(StandIn(Account.made_up(60)), tmp_path, monkeypatch) as library, pytest.raises(InputError, match=message):
        pull(library, **asked)


def test_what_is_played_most_is_weak_evidence_and_read_once_a_week(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin = StandIn(Account.made_up(60))
    with at(standin, tmp_path, monkeypatch) as library:
        pull(library)
        calls = len(standin.calls_to("spotify", "/me/top"))
        assert calls == 3
        evidence = library.evidence()
        assert evidence.loc[evidence["kind"] == "top", "weight"].max() < 0.5
        pull(library, now=NOW + timedelta(days=6))
        assert len(standin.calls_to("spotify", "/me/top")) == calls
        pull(library, now=NOW + timedelta(days=8))
        assert len(standin.calls_to("spotify", "/me/top")) == 2 * calls
        pull(library, now=NOW - timedelta(days=400))  # the clock had been wrong
        assert len(standin.calls_to("spotify", "/me/top")) == 3 * calls


def test_two_listeners_do_not_share_a_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with at(StandIn(Account.made_up(60)), tmp_path, monkeypatch) as library:
        pull(library)
    other = Account.made_up(60, seed=1)
    other.account_id = "someone"
    with (
        at(StandIn(other), tmp_path, monkeypatch) as library,
        pytest.raises(InputError, match="another Spotify account"),
    ):
        pull(library)

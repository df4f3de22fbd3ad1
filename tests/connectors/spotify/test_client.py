"""The client against the stand-in, whose every request and answer is held against Spotify's own specification."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.http.faults import (
    BadAnswer,
    Forbidden,
    NotFound,
    QuotaExceeded,
    RateLimited,
    Reason,
    ServiceUnavailable,
)
from connectors.http.waiting import Wait
from connectors.spotify.client import SpotifyClient
from connectors.spotify.settings import config_folder
from connectors.spotify.sign_in import token_cache
from features.columns import AUDIO_FEATURES
from features.errors import EarmarkError, InputError
from tests.connectors.spotify.signed_in import ALL_SCOPES, sign_in_quietly, use
from tests.standin import EDITORIAL, Account, Fault, Rates, StandIn

AWKWARD = Rates(null=0.1, local=0.1, episode=0.1, relinked=0.05)
Start = Callable[..., tuple[StandIn, SpotifyClient]]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts a stand-in, signs in and gives the client."""
    running: list[StandIn] = []

    def begin(max_wait: float = 60.0, **arguments: Any) -> tuple[StandIn, SpotifyClient]:
        standin = StandIn(arguments.pop("account", None) or Account.made_up(230), **arguments)
        running.append(standin)
        standin.start()
        use(standin, tmp_path / "config", monkeypatch)
        sign_in_quietly(standin)
        return standin, SpotifyClient.signed_in(scopes=ALL_SCOPES, max_wait=max_wait)

    yield begin
    for standin in running:
        standin.__exit__(None, None, None)


def ids_of(client: SpotifyClient, n: int) -> list[str]:
    saved = client.saved_tracks(0).items
    return [one.track.track_id for one in saved if one.track and one.track.track_id][:n]


def paths(standin: StandIn, since: int = 0) -> list[str]:
    return [f"{call.method} {call.path.removeprefix('/v1')} {call.status}" for call in standin.calls[since:]]


def own(standin: StandIn, name: str = "Skipped") -> str:
    return standin.account.playlist_called(name).playlist_id


def test_likes_are_paged_to_the_last(start: Start) -> None:
    _, client = start(account=Account.made_up(230, rates=AWKWARD))
    offset, seen = 0, []
    while True:
        page = client.saved_tracks(offset)
        assert (page.offset, page.total) == (offset, 230)
        seen += page.items
        if not page.has_next:
            break
        offset = page.next_offset
    assert len(seen) == 230
    assert client.calls == 5
    kinds = {one.track.kind if one.track else one.why_none for one in seen}
    assert kinds == {"track", "local", "Spotify no longer has it"}
    for one in seen:
        assert one.added_at is not None
        assert one.added_at.tzinfo is UTC
        assert (one.track is None) == (one.why_none is not None)
        if one.track and one.track.kind == "local":
            assert one.track.track_id is None
            assert one.track.is_local
            assert one.track.uri.startswith("spotify:local:")
            assert one.track.track_name
    track = next(one.track for one in seen if one.track and one.track.isrc)
    assert track.uri == f"spotify:track:{track.track_id}"
    assert track.artist_name
    assert track.album_name
    assert track.duration_ms
    assert track.release_date
    assert track.explicit is not None


@pytest.mark.parametrize("dialect", ["2026", "legacy"])
def test_a_playlist_reads_the_same_in_both_dialects(start: Start, dialect: str) -> None:
    _, client = start(account=Account.made_up(60, rates=AWKWARD, playlist_size=120), dialect=dialect)
    listed = client.my_playlists(0)
    assert [one.name for one in listed.items if one.is_mine][:1] == ["Skipped"]
    skipped = next(one for one in listed.items if one.name == "Skipped")
    assert skipped.n_tracks == 120
    assert client.playlist(skipped.id) == skipped
    entries = [one for offset in (0, 50, 100) for one in client.playlist_items(skipped.id, offset).items]
    assert len(entries) == 120
    kinds = {one.track.kind for one in entries if one.track}
    assert kinds == {"track", "local", "episode"}
    assert all(one.track.track_id is None for one in entries if one.track and one.track.kind == "episode")
    assert {one.track.popularity is None for one in entries if one.track and one.track.kind == "track"} == {
        dialect == "2026"
    }


@pytest.mark.parametrize("kind", ["403-removed", "404", "403-text"])
def test_the_older_address_is_tried_once_where_the_newer_is_closed(start: Start, kind: str) -> None:
    standin, client = start(dialect="legacy", faults=[Fault(kind=kind, path="/items")])
    first = client.playlist_items(own(standin), 0)
    assert len(first.items) == 50
    assert paths(standin) == [
        f"GET /playlists/{own(standin)}/items {kind[:3]}", f"GET /playlists/{own(standin)}/tracks 200"
    ]  # fmt: skip
    before = len(standin.calls)
    again = SpotifyClient.signed_in(scopes=ALL_SCOPES)
    again.playlist_items(own(standin), 50)
    uri = f"spotify:track:{ids_of(again, 1)[0]}"
    again.add_items(own(standin), [uri])
    again.remove_items(own(standin), [uri])
    again.replace_items(own(standin), [uri])
    assert not [path for path in paths(standin, before) if "/items" in path]


def test_what_was_found_out_is_asked_again_after_a_month(start: Start) -> None:
    standin, client = start(features="closed")
    ids = ids_of(client, 3)
    path = config_folder() / "spotify-capabilities.json"
    for age, n_calls in ((timedelta(0), 1), (timedelta(days=29), 1), (timedelta(days=31), 2), (-timedelta(days=2), 3)):
        if path.exists():
            content = json.loads(path.read_text())
            content["known"]["audio_features"]["at"] = (datetime.now(UTC) - age).isoformat()
            path.write_text(json.dumps(content))
        with pytest.raises(Forbidden) as caught:
            client.audio_features(ids)
        assert caught.value.reason == "features_closed"
        assert len(standin.calls_to("spotify", "/audio-features")) == n_calls
    path.write_text("{")
    with pytest.raises(Forbidden):
        client.audio_features(ids)
    assert len(standin.calls_to("spotify", "/audio-features")) == 4


def test_a_memory_that_is_wrong_is_mended(start: Start) -> None:
    standin, client = start()
    client.playlist_items(own(standin), 0)
    path = config_folder() / "spotify-capabilities.json"
    path.write_text(path.read_text().replace('"items"', '"tracks"'))
    assert client.playlist_items(own(standin), 0).items
    assert '"items"' in path.read_text()


def test_what_holds_for_one_app_is_not_believed_of_another(start: Start) -> None:
    standin, client = start(features="closed")
    with pytest.raises(Forbidden):
        client.audio_features(ids_of(client, 1))
    text = (config_folder() / "spotify-capabilities.json").read_text()
    (config_folder() / "spotify-capabilities.json").write_text(text.replace(standin.client_id, "f" * 32))
    with pytest.raises(Forbidden):
        client.audio_features(ids_of(client, 1))
    assert len(standin.calls_to("spotify", "/audio-features")) == 2


@pytest.mark.parametrize("kind", ["429", "500", "403-premium", "403-allow-list", "quota", "close"])
def test_trouble_says_nothing_about_what_the_app_may(start: Start, kind: str) -> None:
    standin, client = start(max_wait=0, features="open")
    ids = ids_of(client, 3)
    standin.faults.add(Fault(kind=kind, at=1, path="/audio-features"))
    with pytest.raises(EarmarkError):
        client.audio_features(ids)
    assert set(client.audio_features(ids)) <= set(ids)


def test_audio_features_are_numbers_by_id(start: Start) -> None:
    _, client = start(features="open", account=Account.made_up(60, rates=Rates(with_features=0.5)))
    ids = ids_of(client, 40)
    features = client.audio_features(ids)
    assert 5 < len(features) < 40
    assert set(features) < set(ids)
    for values in features.values():
        assert set(values) == set(AUDIO_FEATURES)
        assert all(type(value) is float for value in values.values())


def test_top_tracks_are_tracks(start: Start) -> None:
    _, client = start()
    for time_range in ("short_term", "medium_term", "long_term"):
        page = client.top_tracks(time_range, 0)
        assert len(page.items) == min(50, page.total)
        assert all(track.track_id for track in page.items)


def test_the_account_is_asked_for_once(start: Start) -> None:
    standin, client = start()
    account = client.account()
    assert (account.id, account.user_id) == (standin.account.account_id, standin.account.user_id)
    assert SpotifyClient.signed_in(scopes=ALL_SCOPES).account() == account
    assert paths(standin) == ["GET /me 200"]
    standin.authority.expire_access_tokens()
    client.saved_tracks(0)
    assert client.account() == account
    token = token_cache(standin.client_id).read()
    assert token is not None
    assert token.account == account


@pytest.mark.parametrize("dialect", ["2026", "legacy"])
def test_a_playlist_is_made_changed_and_removed(start: Start, dialect: str) -> None:
    standin, client = start(dialect=dialect)
    uris = [f"spotify:track:{track_id}" for track_id in ids_of(client, 4)]
    made = client.create_playlist("Predicted likes", "by earmark")
    assert made.is_mine
    assert standin.account.playlist_called("Predicted likes").public is False
    snapshots = [client.add_items(made.id, uris[:2]), client.add_items(made.id, uris[2:3], position=0)]

    def held() -> list[str]:
        return [one.track.uri for one in client.playlist_items(made.id, 0).items if one.track]

    assert held() == [uris[2], *uris[:2]]
    snapshots.append(client.remove_items(made.id, [uris[0]], snapshots[-1]))
    assert held() == [uris[2], uris[1]]
    snapshots.append(client.replace_items(made.id, [uris[3]]))
    assert held() == [uris[3]]
    snapshots.append(client.replace_items(made.id, []))
    assert held() == []
    assert len(set(snapshots)) == 5
    assert client.playlist(made.id).snapshot_id == snapshots[-1]
    client.unfollow(made.id)
    assert made.id not in [one.id for one in client.my_playlists(0).items]


def test_older_ways_to_make_and_remove_a_playlist_are_known(start: Start) -> None:
    gone = [
        Fault(kind="403-removed", method="POST", path="/me/playlists"),
        Fault(kind="403-removed", path="/me/library"),
    ]
    standin, client = start(dialect="legacy", faults=gone)
    made = client.create_playlist("Predicted likes", "by earmark", public=True)
    client.unfollow(made.id)
    assert paths(standin)[-3:] == [
        f"POST /users/{standin.account.user_id}/playlists 201",
        "DELETE /me/library 403",
        f"DELETE /playlists/{made.id}/followers 200",
    ]


def test_somebody_elses_playlist_is_explained(start: Start) -> None:
    standin, client = start()
    friends = own(standin, "A Friend's Mix")
    for _ in range(2):
        with pytest.raises(Forbidden, match="own or work on") as caught:
            client.playlist_items(friends, 0)
        assert caught.value.reason == "not_owner"
        assert "copy its tracks" in caught.value.hint
        client.playlist_items(own(standin), 0)  # now the address is known to work
    with pytest.raises(Forbidden) as caught:
        client.add_items(friends, ["spotify:track:" + "0" * 22])
    assert caught.value.reason == "not_owner"
    assert client.playlist(friends).is_mine is False


def test_a_playlist_that_is_not_there_is_explained(start: Start) -> None:
    _, client = start()
    for missing in (EDITORIAL, "0" * 22):
        for ask in (client.playlist, lambda playlist_id: client.playlist_items(playlist_id, 0)):
            with pytest.raises(NotFound, match="those that it makes itself") as caught:
                ask(missing)
            assert "copy its tracks to one of your own" in caught.value.hint


@pytest.mark.parametrize(
    ("kind", "reason", "mend"),
    [
        ("403-premium", "premium", "renew Premium"),
        ("403-allow-list", "allow_list", "User Management"),
        ("403-allow-list-json", "allow_list", "User Management"),
        ("403-scope", "scope", "earmark login spotify"),
        ("403-removed", "removed_endpoint", "its users"),
        ("403-text", "removed_endpoint", "its users"),
        ("403-features", "removed_endpoint", "its users"),
    ],
)
def test_each_403_is_told_apart(start: Start, kind: str, reason: Reason, mend: str) -> None:
    _, client = start(faults=[Fault(kind=kind)])
    for action in (lambda: client.saved_tracks(0), lambda: client.playlist_items("0" * 22, 0)):
        with pytest.raises(Forbidden) as caught:
            action()
        assert caught.value.reason == reason
        assert mend in caught.value.hint
        assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("quota", QuotaExceeded),
        ("429", RateLimited),
        ("500", ServiceUnavailable),
        ("html-502", ServiceUnavailable),
        ("close", ServiceUnavailable),
        ("truncate", ServiceUnavailable),
        ("truncate-json", BadAnswer),
        ("html", BadAnswer),
        ("empty", BadAnswer),
        ("null", BadAnswer),
        ("wrong-shape", BadAnswer),
        ("error-string", BadAnswer),
        ("404", NotFound),
    ],
)
def test_each_failure_is_told_apart(start: Start, kind: str, expected: type[EarmarkError]) -> None:
    _, client = start(max_wait=0, faults=[Fault(kind=kind)])
    for action in (
        lambda: client.saved_tracks(0),
        lambda: client.my_playlists(0),
        lambda: client.top_tracks("long_term", 0),
    ):
        with pytest.raises(expected) as caught:
            action()
        assert caught.value.message
        assert caught.value.hint
        assert caught.value.exit_code == (2 if expected is NotFound else 3)
    assert client.calls == 3


def test_passing_trouble_is_survived(start: Start) -> None:
    kinds = ("500", "close", "truncate", "truncate-json", "401")
    _, client = start(faults=[Fault(kind=kind, at=at) for at, kind in enumerate(kinds, 1)])
    client._transport._sleep = lambda _: None
    assert len(client.saved_tracks(0).items) == 50
    assert client.calls == 5 + 1 + 1


def test_a_rate_limit_is_counted_down(start: Start) -> None:
    waits: list[Wait] = []
    start(faults=[Fault(kind="429", at=1, retry_after=1)])
    client = SpotifyClient.signed_in(scopes=ALL_SCOPES, on_wait=waits.append)
    client._transport._sleep = lambda _: None
    assert client.saved_tracks(0).items
    assert [(wait.why, wait.remaining) for wait in waits] == [("rate_limit", 1.0), ("rate_limit", 0.0)]


@pytest.mark.parametrize(
    "bad",
    ["", "x", "../me", "0" * 21, "0" * 23, "0" * 21 + "/", "0" * 21 + "\n", "é" * 22, "spotify:track:" + "0" * 22],
)
def test_an_id_that_is_none_never_reaches_a_path(start: Start, bad: str) -> None:
    standin, client = start()
    for action in (
        lambda: client.playlist(bad),
        lambda: client.playlist_items(bad, 0),
        lambda: client.audio_features([bad]),
        lambda: client.add_items(bad, ["spotify:track:" + "0" * 22]),
        lambda: client.unfollow(bad),
    ):
        with pytest.raises(InputError, match="not a Spotify id"):
            action()
    for uri in (
        bad if bad.startswith("spotify:track:0000") is False else "spotify:local:a",
        "spotify:playlist:" + "0" * 22,
    ):
        with pytest.raises(InputError, match="cannot be put into"):
            client.add_items("0" * 22, [uri])
    assert not standin.calls


def test_no_more_goes_out_than_spotify_takes(start: Start) -> None:
    standin, client = start()
    uris = ["spotify:track:" + "0" * 22] * 101
    for action in (
        lambda: client.add_items("0" * 22, uris),
        lambda: client.add_items("0" * 22, []),
        lambda: client.replace_items("0" * 22, uris),
        lambda: client.remove_items("0" * 22, uris),
        lambda: client.audio_features(["0" * 22] * 101),
    ):
        with pytest.raises(ValueError, match="at a time"):
            action()
    assert not standin.calls

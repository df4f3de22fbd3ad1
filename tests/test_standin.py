"""The stand-in services answer as Spotify, ReccoBeats and ListenBrainz do."""

import resource
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.standin import EDITORIAL, Account, Playlist, Rates, Request, StandIn
from tests.standin.account import Entry
from tests.standin.bodies import Bodies
from tests.standin.client import AWKWARD, EVERYTHING, Client, pages
from tests.standin.made_up import MadeUpCatalogue
from tests.standin.spotify_playlists import PlaylistOperations


@pytest.fixture(params=["2026", "legacy"])
def standin(request: pytest.FixtureRequest) -> Iterator[StandIn]:
    with StandIn(Account.made_up(230, seed=3, rates=AWKWARD), dialect=request.param, features="open") as service:
        yield service


@pytest.fixture
def modern() -> Iterator[StandIn]:
    with StandIn(Account.made_up(60, seed=1), dialect="2026") as service:
        yield service


def own(standin: StandIn) -> Playlist:
    return standin.account.playlist_called("Skipped")


def test_pages_give_every_like_once_and_in_order(standin: StandIn) -> None:
    catalogue, likes = standin.account.catalogue, standin.account.likes
    rows = pages(Client(standin), "/me/tracks")
    tracks = [catalogue.entry(entry.key) for entry in likes]
    assert [row["added_at"] for row in rows] == [entry.added_at for entry in likes]
    assert [row["track"] and row["track"]["uri"] for row in rows] == [track and track.uri for track in tracks]
    assert len(standin.calls_to("spotify", "/me/tracks")) == 5


def test_several_clients_at_once_get_the_same(standin: StandIn) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: pages(Client(standin), "/me/tracks"), range(6)))
    assert all(rows == found[0] for rows in found)
    assert len(standin.calls) == 30


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/me/tracks", "user-library-read"),
        ("GET", "/me/playlists", "playlist-read-private"),
        ("GET", "/me/top/tracks", "user-top-read"),
        ("GET", "/playlists/{own}/items", "playlist-read-private"),
        ("POST", "/playlists/{own}/items", "playlist-modify-private"),
        ("PUT", "/playlists/{own}/items", "playlist-modify-private"),
        ("DELETE", "/playlists/{own}/items", "playlist-modify-private"),
        ("PUT", "/playlists/{own}", "playlist-modify-private"),
        ("DELETE", "/me/library?uris=spotify:playlist:{own}", "playlist-modify-public"),
    ],
)
def test_an_operation_needs_its_scope(modern: StandIn, method: str, path: str, scope: str) -> None:
    others = " ".join(set(EVERYTHING.split()) - {scope})
    answer = Client(modern, others)(method, path.format(own=own(modern).playlist_id))
    assert answer.status_code == 403
    assert answer.json() == {"error": {"status": 403, "message": "Insufficient client scope"}}


@pytest.mark.parametrize("public", [True, False])
def test_making_a_playlist_needs_the_scope_of_its_kind(modern: StandIn, public: bool) -> None:
    wrong = "playlist-modify-private" if public else "playlist-modify-public"
    assert Client(modern, wrong)("POST", "/me/playlists", json={"name": "x", "public": public}).status_code == 403


def test_playlists_of_others_and_editorial_ones(modern: StandIn) -> None:
    client, friends = Client(modern), modern.account.playlist_called("A Friend's Mix").playlist_id
    assert "items" not in client.get(f"/playlists/{friends}")
    assert client("GET", f"/playlists/{friends}/items").status_code == 403
    assert client("POST", f"/playlists/{friends}/items", json={"uris": []}).status_code == 403
    for playlist_id in (EDITORIAL, "1" * 22):
        assert client("GET", f"/playlists/{playlist_id}").status_code == 404
    assert client("GET", "/tracks/" + "1" * 22).status_code == 404


def test_closed_features_are_refused_without_a_word(modern: StandIn) -> None:
    answer = Client(modern)("GET", "/audio-features", params={"ids": "1" * 22})
    assert (answer.status_code, answer.text) == (403, '{"error":{"status":403}}')


def test_too_many_at_once_are_refused() -> None:
    with StandIn(Account.made_up(300), dialect="legacy", features="open") as service:
        client = Client(service)
        ids = [row["track"]["id"] for row in pages(client, "/me/tracks") if row["track"] and row["track"]["id"]]
        uris = [f"spotify:track:{track_id}" for track_id in ids]
        here = f"/playlists/{own(service).playlist_id}/items"
        for method in ("POST", "PUT"):
            assert client(method, here, json={"uris": uris[:101]}).status_code == 400
            assert client(method, here, json={"uris": uris[:100]}).status_code in {200, 201}
        assert client("DELETE", here, json={"items": [{"uri": uri} for uri in uris[:101]]}).status_code == 400
        for path, most in (("/tracks", 50), ("/audio-features", 100)):
            assert client("GET", path, params={"ids": ",".join(ids[:most])}).status_code == 200
            assert client("GET", path, params={"ids": ",".join(ids[: most + 1])}).status_code == 400


def test_snapshots_change_and_are_checked(modern: StandIn) -> None:
    client, here = Client(modern), f"/playlists/{own(modern).playlist_id}/items"
    uris = [row["item"]["uri"] for row in client.get(here, limit=50)["items"] if row["item"] and row["item"]["id"]][:3]
    before = own(modern).snapshot_id
    rows = {"items": [{"uri": uri} for uri in uris if ":track:" in uri]}
    assert client("DELETE", here, json=rows | {"snapshot_id": "made-up"}).status_code == 400
    assert own(modern).snapshot_id == before
    after = client("DELETE", here, json=rows | {"snapshot_id": before}).json()["snapshot_id"]
    assert after == own(modern).snapshot_id != before
    assert client("POST", here, json={"uris": ["spotify:track:" + "1" * 22]}).status_code == 400


@given(size=st.integers(1, 12), data=st.data())
@settings(max_examples=60, deadline=None)
def test_reordering_moves_a_range_as_the_documentation_says(size: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, size - 1))
    length = data.draw(st.integers(1, size - start))
    before = data.draw(st.integers(0, size))
    account = Account.made_up(1)
    playlist = account.add_playlist("x", range(0, 4 * size, 4))
    operations = PlaylistOperations(account, Bodies("http://127.0.0.1/v1", "2026"))
    body = f'{{"range_start": {start}, "insert_before": {before}, "range_length": {length}}}'.encode()
    scopes = frozenset({"playlist-modify-private"})
    operations.replace_or_reorder(Request("spotify", "PUT", "/v1/x", body=body), scopes, playlist.playlist_id)

    # The documentation's words: the range is put before the item that stood at insert_before.
    marks: list[object] = list(range(size))
    marks.insert(before, "here")
    moved = [mark for mark in range(size) if start <= mark < start + length]
    expected: list[Any] = []
    for mark in marks:
        if mark == "here":
            expected += moved
        elif mark not in moved:
            expected.append(mark)
    assert [entry.key // 4 for entry in playlist.entries] == expected


def test_a_removed_playlist_leaves_the_list_and_lives_on(modern: StandIn) -> None:
    client, playlist_id = Client(modern), own(modern).playlist_id
    assert client("DELETE", "/me/library", params={"uris": f"spotify:playlist:{playlist_id}"}).status_code == 200
    assert playlist_id not in [one["id"] for one in client.get("/me/playlists")["items"]]
    assert client("GET", f"/playlists/{playlist_id}").status_code == 200


def test_a_like_taken_back_and_a_new_one(modern: StandIn) -> None:
    client, account = Client(modern), modern.account
    first = account.catalogue.entry(account.likes[0].key)
    assert first is not None
    account.unlike(first.track_id)
    assert client.get("/me/tracks", limit=1)["total"] == 59
    account.like(first.track_id)
    assert client.get("/me/tracks", limit=1)["items"][0]["track"]["id"] == first.track_id


# --------------------------------------------------------------------------------------- ReccoBeats and ListenBrainz


def test_reccobeats_answers_what_it_knows_by_any_id_in_any_order() -> None:
    rates = Rates(without_isrc=0, relinked=0, local=0, null=0, at_reccobeats=0.5, twice_at_reccobeats=0.5)
    with StandIn(Account.made_up(400, rates=rates)) as service:
        catalogue = service.account.catalogue
        tracks = [track for entry in service.account.likes[:40] if (track := catalogue.entry(entry.key)) is not None]
        known = [track for track in tracks if catalogue.at_reccobeats(track)]
        url = f"{service.reccobeats_url}/v1/audio-features"
        by_id, by_isrc, by_uuid = (
            requests.get(url, params={"ids": ",".join(ids)}, timeout=10).json()["content"]
            for ids in (
                [track.track_id for track in tracks],
                [track.isrc or "" for track in tracks],
                [catalogue.uuid(track) for track in tracks],
            )
        )
        assert 5 < len(known) < 35
        hrefs = [f"https://open.spotify.com/track/{track.track_id}" for track in known]
        assert sorted(row["href"] for row in by_id) == sorted(hrefs)
        assert [row["href"] for row in by_id] != hrefs
        assert {row["id"] for row in by_uuid} == {row["id"] for row in by_id}
        assert 2 in Counter(row["isrc"] for row in by_isrc).values()
        assert {"time_signature", "duration_ms"}.isdisjoint(by_id[0])
        assert len(by_id[0]) == 14
        assert requests.get(url, params={"ids": ",".join(["1" * 22] * 41)}, timeout=10).status_code == 400
        assert len(service.intervals("reccobeats")) == 3


def test_listenbrainz_pages_feedback_and_tells_its_rate() -> None:
    with StandIn(Account.made_up(3_000, seed=2)) as service:
        url = f"{service.listenbrainz_url}/1/feedback/user/made_up_listener/get-feedback"
        answer = requests.get(url, params={"score": -1, "count": 5, "offset": 5, "metadata": "true"}, timeout=10)
        told = answer.json()
        assert (told["count"], told["offset"], len(told["feedback"])) == (5, 5, 5)
        assert told["total_count"] == sum(one.score == -1 for one in service.account.listenbrainz["made_up_listener"])
        assert {one["score"] for one in told["feedback"]} == {-1}
        assert {"artist_name", "track_name"} <= {*told["feedback"][0]["track_metadata"]}
        assert answer.headers["X-RateLimit-Remaining"] == "29"
        assert requests.get(url, timeout=10).json()["feedback"][0]["track_metadata"] is None
        assert requests.get(url.replace("made_up_listener", "nobody"), timeout=10).status_code == 404


# ------------------------------------------------------------------------------------------------------------- accounts


@given(key=st.integers(0, 4 * 1_000 - 1), seed=st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_ids_of_a_made_up_catalogue_can_be_turned_back(key: int, seed: int) -> None:
    catalogue = MadeUpCatalogue(1_000, seed, Rates(twice_at_reccobeats=0))
    track = catalogue.entry(key)
    assert track is not None
    assert len(track.track_id) == 22
    assert track.track_id.isalnum()
    assert catalogue.key_of(track.track_id) == key
    assert catalogue.by_uuid(catalogue.uuid(track)) == track
    if track.isrc:
        assert [one.recording for one in catalogue.by_isrc(track.isrc)] == [track.recording]


def test_an_account_of_fifty_thousand_likes_starts_at_once_and_stays_small() -> None:
    start = time.process_time()
    assert len(Account.made_up(50_000).likes) == 50_000
    assert time.process_time() - start < 2.0
    tracemalloc.start()
    try:
        account = Account.made_up(10_000)
        assert tracemalloc.get_traced_memory()[1] < 8e6
        assert account.catalogue.entry(account.likes[-1].key) is not None
    finally:
        tracemalloc.stop()


def test_the_same_seed_gives_the_same_account_and_awkward_entries_come_at_their_rates() -> None:
    one, two, other = (Account.made_up(4_000, seed, rates=AWKWARD) for seed in (5, 5, 6))
    assert one.likes == two.likes != other.likes
    tracks = [one.catalogue.entry(entry.key) for entry in one.likes]
    assert tracks == [two.catalogue.entry(entry.key) for entry in two.likes]
    kinds = Counter("null" if track is None else track.kind for track in tracks)
    assert kinds["null"] / 4_000 == pytest.approx(0.05, abs=0.015)
    assert kinds["local"] / 4_000 == pytest.approx(0.1, abs=0.02)
    real = [track for track in tracks if track is not None and track.kind == "track"]
    assert len({track.track_id for track in real}) == len(real)
    assert sum(track.isrc is None for track in real) / len(real) == pytest.approx(0.2, abs=0.025)
    assert len({track.recording for track in real}) / len(real) == pytest.approx(0.9, abs=0.03)


def test_the_demo_account_has_the_demo_listeners_taste() -> None:
    from connectors.demo.listener import demo_listener

    listener, account = demo_listener(0), Account.demo()
    table = listener.tracks.set_index("track_id")

    def ids(entries: list[Entry]) -> list[str]:
        return [track.track_id for entry in entries if (track := account.catalogue.entry(entry.key)) is not None]

    liked, skipped = ids(account.likes), ids(account.playlist_called("Skipped").entries)
    assert set(liked) == set(table.index[table["liked"] == 1])
    assert set(skipped) == set(table.index[table["liked"] == 0])
    assert ids(account.playlist_called("Discover").entries) == list(listener.candidates["track_id"])
    analysed = table.loc[liked, "energy"].dropna()
    with StandIn(account, features="open") as service:
        some = list(analysed.index[:40])
        theirs = requests.get(
            f"{service.reccobeats_url}/v1/audio-features", params={"ids": ",".join(some)}, timeout=10
        ).json()["content"]
        told = {row["href"].rsplit("/", 1)[1]: row["energy"] for row in theirs}
        assert told == analysed.loc[some].to_dict()
        spotify = Client(service).get("/audio-features", ids=",".join(liked[:100]))["audio_features"]
        assert {row["id"]: row["energy"] for row in spotify if row} == {
            track_id: energy for track_id, energy in analysed.items() if track_id in liked[:100]
        }


def test_pages_of_likes_cost_little_time_of_the_processor() -> None:
    with StandIn(Account.made_up(2_500)) as service:
        client = Client(service)
        start = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        pages(client, "/me/tracks")
        assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - start < 4.0

"""The stand-in keeps to Spotify's contract, and notices every request and answer that does not."""

import copy
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.standin import Account, BrokenContractError, Playlist, Rates, Reply, Request, StandIn, contract_schemas
from tests.standin.bodies import Bodies
from tests.standin.client import AWKWARD, EVERYTHING, Client, pages
from tests.standin.contract import Contract, contract_path, document, find_contract
from tests.standin.deviations import DEVIATIONS, Deviation
from tests.standin.spotify import plain_path
from tests.standin.spotify_playlists import PlaylistOperations
from tests.standin.spotify_reading import ReadingOperations


@pytest.fixture(scope="module")
def contract_there() -> None:
    """The OpenAPI file; skipped by name where missing, a failure under CI."""
    if find_contract("2026") is None:
        message = f"Spotify's OpenAPI file is not at {contract_path()}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)


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


def test_every_operation_keeps_to_the_contract(standin: StandIn, contract_there: None) -> None:
    client, legacy = Client(standin), standin.dialect == "legacy"
    end = "tracks" if legacy else "items"
    ids = [track["id"] for track in client.get("/me/top/tracks", limit=20, time_range="long_term")["items"]]
    uris = [f"spotify:track:{track_id}" for track_id in ids]
    friends = standin.account.playlist_called("A Friend's Mix").playlist_id

    assert client.get("/me")["account_id"] == standin.account.account_id
    assert len(client.get("/me/tracks", limit=50, offset=100)["items"]) == 50
    assert client.get("/me/playlists", limit=2)["total"] == 4
    assert client.get(f"/tracks/{ids[0]}")["id"] == ids[0]
    features = client.get("/audio-features", ids=",".join([*ids, "0" * 22]))["audio_features"]
    assert len(features) == 21
    assert features[-1] is None
    assert client.get("/search", q="river", type="track", limit=3)["tracks"]["limit"] == 3
    batch = client("GET", "/tracks", params={"ids": ",".join([*ids, "0" * 22])})
    assert batch.status_code == (200 if legacy else 403)

    made = client("POST", "/me/playlists", json={"name": "Mine", "public": False, "description": "d"})
    assert made.status_code == 201
    here = f"/playlists/{made.json()['id']}"
    assert client("PUT", here, json={"name": "Ours"}).status_code == 200
    first = client("POST", f"{here}/{end}", json={"uris": uris}).json()["snapshot_id"]
    assert client("PUT", f"{here}/{end}", json={"range_start": 0, "insert_before": 3}).status_code == 200
    assert client.get(f"{here}/{end}", limit=5)["total"] == 20
    rows = {"tracks" if legacy else "items": [{"uri": uris[0]}], "snapshot_id": first}
    assert client("DELETE", f"{here}/{end}", json=rows).status_code == 200
    assert client("PUT", f"{here}/{end}", json={"uris": uris[:7]}).status_code == 200
    assert client.get(here)["name"] == "Ours"
    assert client("GET", f"/playlists/{friends}/{end}").status_code == (200 if legacy else 403)
    assert client("DELETE", "/me/library", params={"uris": f"spotify:playlist:{made.json()['id']}"}).status_code == 200
    assert client("DELETE", f"{here}/followers").status_code == (200 if legacy else 403)
    if legacy:
        assert client("POST", f"/users/{standin.account.user_id}/playlists", json={"name": "Old"}).status_code == 201

    for route in standin._spotify.routes:
        fits = [route.pattern.fullmatch(plain_path(call.path)) for call in standin.calls if call.method == route.method]
        assert any(fits) or (route.dialects == ("legacy",) and not legacy) or (legacy and end not in route.template), (
            route
        )
    assert standin.validates
    assert standin.violations == []


def test_all_pages_of_awkward_lists_keep_to_the_contract(standin: StandIn, contract_there: None) -> None:
    client = Client(standin)
    end, name = ("tracks", "track") if standin.dialect == "legacy" else ("items", "item")
    likes = [row["track"] for row in pages(client, "/me/tracks")]
    lines = [row[name] for row in pages(client, f"/playlists/{own(standin).playlist_id}/{end}")]

    assert None in likes
    assert any(track["is_local"] and track["id"] is None for track in likes if track)
    assert {line["type"] for line in lines if line} == {"track", "episode"}
    assert standin.violations == []


def test_what_is_removed_is_absent_in_2026_and_there_before(contract_there: None) -> None:
    seen = {}
    for dialect in ("2026", "legacy"):
        with StandIn(Account.made_up(20), dialect=dialect) as service:
            client = Client(service)
            track = client.get("/me/tracks", limit=1)["items"][0]["track"]
            listed = client.get("/me/playlists")["items"][-1]
            seen[dialect] = ({*track}, {*track["album"]}, {*listed}, {*client.get("/me")})
    gone = [old - new for new, old in zip(seen["2026"], seen["legacy"], strict=True)]
    assert gone[0] == {"available_markets", "popularity", "preview_url"}
    assert gone[1] == {"available_markets"}
    assert gone[2] == {"tracks"}
    assert gone[3] == {"followers", "country", "product", "explicit_content", "email"}
    assert "items" in seen["2026"][2]
    assert "external_ids" in seen["2026"][0]


@pytest.fixture(scope="module")
def contract(contract_there: None) -> Contract:
    found = find_contract("2026")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def good_page() -> Any:
    with StandIn(Account.made_up(3, rates=Rates(0, 0, 0, 0))) as service:
        return Client(service).get("/me/tracks", limit=3)


LIKES = Request("spotify", "GET", "/v1/me/tracks", "limit=3")


@pytest.mark.parametrize(
    ("place", "value", "word"),
    [
        (("items", 0, "track", "id"), 7, "not of type 'string'"),
        (("items", 0, "track", "popularity"), 50, "popularity"),
        (("items", 0, "track", "album", "available_markets"), [], "available_markets"),
        (("items", 0, "track", "ISRC"), "x", "ISRC"),
        (("items", 0, "added_at"), "yesterday", "date-time"),
        (("items", 0, "track", "type"), "song", "song"),
        (("total",), None, "total"),
        (("items", 0, "track", "album", "album_type"), "vinyl", "vinyl"),
    ],
)
def test_an_answer_against_the_contract_is_noticed(
    contract: Contract, good_page: Any, place: tuple[Any, ...], value: Any, word: str
) -> None:
    page = copy.deepcopy(good_page)
    assert contract.fresh().check(LIKES, Reply(200, page)) == []
    held = page
    for step in place[:-1]:
        held = held[step]
    held[place[-1]] = value
    assert any(word in fault for fault in contract.fresh().check(LIKES, Reply(200, page)))


def test_an_answer_that_lacks_something_is_noticed(contract: Contract, good_page: Any) -> None:
    for name in ("id", "artists", "external_ids"):
        page = copy.deepcopy(good_page)
        del page["items"][1]["track"][name]
        assert any(name in fault for fault in contract.fresh().check(LIKES, Reply(200, page)))
    assert contract.fresh().check(LIKES, Reply(418, {})) == ["answer GET /me/tracks 418: no such status is listed"]


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        (Request("spotify", "GET", "/v1/me/trakcs"), "no such operation"),
        (Request("spotify", "PATCH", "/v1/me"), "no such operation"),
        (Request("spotify", "GET", "/v1/me/tracks", "limit=51"), "not between 0 and 50"),
        (Request("spotify", "GET", "/v1/me/tracks", "limit=many"), "not a whole number"),
        (Request("spotify", "GET", "/v1/me/tracks", "page=2"), "'page' is not declared"),
        (Request("spotify", "GET", "/v1/me/top/songs"), "none of artists, tracks"),
        (Request("spotify", "GET", "/v1/search", "q=x"), "'type' is missing"),
        (Request("spotify", "GET", "/v1/me", "", {"content-type": "application/json"}, b"{}"), "takes none"),
        (Request("spotify", "POST", "/v1/me/playlists", "", {"content-type": "application/json"}, b"{}"), "'name'"),
        (Request("spotify", "POST", "/v1/me/playlists", "", {"content-type": "text/plain"}, b"{}"), "not declared"),
        (Request("spotify", "POST", "/v1/me/playlists", "", {"content-type": "application/json"}, b"{"), "not JSON"),
        (
            Request("spotify", "POST", "/v1/playlists/x/items", "", {"content-type": "application/json"}, b'["a"]'),
            "object",
        ),
    ],
)
def test_a_request_against_the_contract_is_noticed(contract: Contract, request_: Request, word: str) -> None:
    reply = Reply(400, {"error": {"status": 400, "message": "no"}})
    assert any(word in fault for fault in contract.fresh().check(request_, reply))


def test_a_slash_at_the_end_is_spotipys_and_allowed(modern: StandIn, contract_there: None) -> None:
    assert Client(modern)("GET", "/me/").status_code == 200


def test_leaving_raises_what_was_against_the_contract(contract_there: None) -> None:
    with pytest.raises(BrokenContractError, match="limit=51"), StandIn(Account.made_up(1)) as service:
        assert Client(service)("GET", "/me/tracks", params={"limit": 51}).status_code == 400
    with pytest.raises(KeyError) as caught, StandIn(Account.made_up(1)) as service:  # noqa: PT012
        Client(service)("GET", "/me/tracks", params={"limit": 51})
        raise KeyError("the test's own")
    assert "limit=51" in caught.value.__notes__[0]


def test_after_fifty_answers_each_twentieth_is_judged(contract: Contract) -> None:
    fresh = contract.fresh()
    found = [bool(fresh.check(LIKES, Reply(200, {}))) for _ in range(100)]
    assert [place for place, bad in enumerate(found, start=1) if bad] == [*range(1, 51), 60, 80, 100]


@pytest.mark.parametrize("left_out", [one for one in DEVIATIONS if one.change], ids=lambda one: one.where)
def test_each_deviation_is_needed(
    left_out: Deviation, contract: Contract, contract_there: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(left_out.why) > 20
    answers = awkward_answers()
    assert [fault for request, reply in answers for fault in contract.fresh().check(request, reply)] == []
    monkeypatch.setattr(contract_schemas, "DEVIATIONS", [one for one in DEVIATIONS if one is not left_out])
    stricter = Contract(document(contract_path()), "2026")
    assert any(stricter.check(request, reply) for request, reply in answers)


def awkward_answers() -> list[tuple[Request, Reply]]:
    """Answers that hold what the contract does not foresee, all in the dialect of 2026."""
    account = Account.made_up(150, seed=3, rates=AWKWARD)
    account.display_name = None
    bodies = Bodies("http://127.0.0.1/v1", "2026")
    reading, playlists = ReadingOperations(account, bodies, features_open=True), PlaylistOperations(account, bodies)
    first, everything = account.catalogue.find(known_id(account)), frozenset(EVERYTHING.split())
    assert first is not None
    own_id = account.playlist_called("Skipped").playlist_id
    likes = Request("spotify", "GET", "/v1/me/tracks", "limit=50")
    lines = Request("spotify", "GET", f"/v1/playlists/{own_id}/items", "limit=50")
    unknown_metre = bodies.audio_features(first, dict(account.catalogue.features(first) or {}) | {"time_signature": 0})
    return [
        (likes, reading.saved_tracks(likes, everything)),
        (lines, playlists.items(lines, everything, own_id)),
        (Request("spotify", "GET", "/v1/me"), reading.me(likes, everything)),
        (
            Request("spotify", "GET", "/v1/audio-features", f"ids={first.track_id}"),
            Reply(200, {"audio_features": [unknown_metre, None]}),
        ),
    ]


def known_id(account: Account) -> str:
    """The id of the first like that has features."""
    tracks = [account.catalogue.entry(entry.key) for entry in account.likes]
    return next(track.track_id for track in tracks if track is not None and account.catalogue.features(track))


def test_older_apps_may_search_fifty_at_once(contract_there: None) -> None:
    for dialect, status in (("2026", 400), ("legacy", 200)):
        with StandIn(Account.made_up(60), dialect=dialect) as service:
            query = {"q": "river", "type": "track", "limit": 50}
            assert Client(service)("GET", "/search", params=query).status_code == status
            assert bool(service.violations) == (status == 400)
            service.violations.clear()


def test_nothing_is_validated_where_the_contract_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EARMARK_SHARED_DATA", str(tmp_path / "nowhere"))
    with StandIn(Account.made_up(1)) as service:
        assert not service.validates
        assert Client(service)("GET", "/me/tracks", params={"limit": 51}).status_code == 400

"""Files of the listener's own: evidence like any other, candidates, and nothing that Spotify or ReccoBeats is told."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from connectors.http.faults import RateLimited
from connectors.library import Library
from connectors.pull_report import PullReport
from connectors.source import Reading, SourceRequest
from connectors.sources.spotify import SOURCE
from connectors.spotify.client import SpotifyClient
from connectors.spotify.lists import read_list
from connectors.spotify.playlists import contents
from connectors.spotify.pull import pull_spotify
from connectors.spotify.push import plan_push
from connectors.spotify.reading import read_entry
from connectors.spotify.rows import id_of
from connectors.spotify.settings import PULL_SCOPES, PUSH_SCOPES
from connectors.track_ids import best_id
from features.errors import InputError
from tests.connectors.spotify.signed_in import sign_in_quietly, use
from tests.standin import Account, Fault, StandIn

ONE, TWO, THREE = ("a" * 22, "b" * 22, "c" * 22)
SOUND = {
    "acousticness": 0.1, "danceability": 0.7, "energy": 0.8, "instrumentalness": 0.0, "key": 4, "liveness": 0.2,
    "loudness": -6.5, "mode": 1, "speechiness": 0.05, "tempo": 121.9, "valence": 0.6,
}  # fmt: skip


def track(track_id: str, name: str, energy: float) -> dict[str, Any]:
    return {"id": track_id, "name": name, "artists": ["Band", "Guest"], "features": SOUND | {"energy": energy}}


def local(name: str, artists: list[str], duration_ms: int = 200_000) -> dict[str, Any]:
    return {"name": name, "artists": artists, "kind": "local", "duration_ms": duration_ms}


LIKES = [
    track(ONE, "One: The Song", 0.25),
    local("one: the song", ["Band"], 201_500),  # the same recording
    local("One: The Song (Live)", ["Band"], 260_000),
    local("Mine & Ours", ["The Garage"], 100_500),
    local("mine & ours", ["the garage"], 100_000),  # named twice
    local("Track 01", ["Unknown Artist"]),
    local("", ["The Garage"]),
    local("Voice memo", []),
    None,
    track(TWO, "Two", 0.75),
]
SKIPPED = [local("Two", ["Band"], 199_000), local("Noise", ["The Garage"]), local("Noise", [])]
MINE, LIVE, SAME, OTHER_TWO, NOISE = (
    str(best_id(None, None, artist, title))
    for artist, title in (
        ("The Garage", "Mine & Ours"), ("Band", "One: The Song (Live)"), ("Band", "One: The Song"), ("Band", "Two"),
        ("The Garage", "Noise"),
    )
)  # fmt: skip


@pytest.fixture
def standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """An account with local files, signed in; its features are open."""
    path = tmp_path / "account.json"
    path.write_text(json.dumps({"user": "me", "likes": LIKES, "playlists": [{"name": "Skipped", "tracks": SKIPPED}]}))
    with StandIn(Account.from_file(path), features="open") as service:
        use(service, tmp_path / "config", monkeypatch)
        sign_in_quietly(service)
        yield service


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(f"sqlite:///{tmp_path / 'library.db'}") as opened:
        yield opened


def pull(library: Library) -> PullReport:
    with SpotifyClient.signed_in(scopes=PULL_SCOPES, max_wait=0.0) as client:
        return pull_spotify(library, client, disliked=["Skipped"])


def candidates(standin: StandIn, folder: Path, catalogue: Path | None = None) -> Reading:
    playlist = standin.account.playlist_called("Skipped").playlist_id
    request = SourceRequest(
        f"spotify:playlist:{playlist}",
        library_url=f"sqlite:///{folder / 'library.db'}",
        max_wait=0.0,
        catalogue=catalogue,
    )
    return SOURCE.open(request).read()


def test_local_files_are_evidence_and_every_entry_is_accounted_for(standin: StandIn, library: Library) -> None:
    report = pull(library)
    assert report.outcomes == {
        "like: new": 2,
        "like: new local file": 3,
        "like: named twice": 1,
        "playlist_disliked: new local file": 2,
        "a local file without title or artist": 4,
        "Spotify no longer has it": 1,
    }
    assert report.seen == sum(report.outcomes.values()) == len(LIKES) + len(SKIPPED)
    tracks = library.tracks().set_index("track_id")
    assert set(tracks.index) == {ONE, TWO, SAME, LIVE, MINE, OTHER_TWO, NOISE}
    assert tracks.loc[MINE, ["track_name", "artist_name", "duration_ms"]].to_list() == [
        "Mine & Ours", "The Garage", 100_500
    ]  # fmt: skip
    evidence = library.evidence().set_index("track_id")
    assert evidence.loc[[SAME, LIVE, MINE], "kind"].unique().tolist() == ["like"]
    assert evidence.loc[[OTHER_TWO, NOISE], "kind"].unique().tolist() == ["playlist_disliked"]


def test_a_local_file_and_spotifys_track_of_the_same_recording_are_one(standin: StandIn, tmp_path: Path) -> None:
    """One label for both, with the features of the one that has an id; a live take of its own length stays its own."""
    request = SourceRequest("spotify", library_url=f"sqlite:///{tmp_path / 'library.db'}", max_wait=0.0)
    with Library.open(request.library_url) as library:
        pull(library)
    heard = SOURCE.open(request).read().tracks
    assert heard["track_id"].tolist() == [ONE, TWO]  # the others wait for their features
    with Library.open(request.library_url) as library:
        table = library.tracks_table().tracks.set_index("track_id")
    assert table["energy"].dropna().to_dict() == {ONE: 0.25, TWO: 0.75}
    # A playlist that is named outweighs a like: the file in it is the track that was liked.
    assert table["liked"].to_dict() == {ONE: 1, LIVE: 1, MINE: 1, NOISE: 0, TWO: 0}


def test_no_service_is_ever_told_of_a_local_file(standin: StandIn, tmp_path: Path) -> None:
    with Library.open(f"sqlite:///{tmp_path / 'library.db'}") as library:
        pull(library)
    request = SourceRequest("spotify", library_url=f"sqlite:///{tmp_path / 'library.db'}", max_wait=0.0)
    SOURCE.open(request).read()
    asked = [call for service in ("spotify", "reccobeats") for call in standin.calls_to(service)]
    assert any("audio-features" in call.path for call in asked)
    assert not any("local" in f"{call.path} {call.query}".lower() for call in asked)


def test_a_second_pull_finds_nothing_new(standin: StandIn, library: Library) -> None:
    pull(library)
    before = library.tracks(), library.evidence()
    report = pull(library)
    assert not any("new" in outcome for outcome in report.outcomes)
    for old, new in zip(before, (library.tracks(), library.evidence()), strict=True):
        pd.testing.assert_frame_equal(old, new)


def test_a_local_file_that_is_taken_out_counts_no_longer(standin: StandIn, library: Library) -> None:
    pull(library)
    skipped = standin.account.playlist_called("Skipped")
    skipped.change(skipped.entries[:1])
    pull(library)
    evidence = library.evidence()
    assert set(evidence.loc[evidence["kind"] == "playlist_disliked", "track_id"]) == {OTHER_TWO}


def test_a_pull_that_breaks_off_among_local_files_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: Library
) -> None:
    likes = [local(f"Song {n % 70}", ["The Garage"]) for n in range(120)]
    path = tmp_path / "account.json"
    path.write_text(json.dumps({"user": "me", "likes": likes, "playlists": [{"name": "Skipped"}]}))
    fault = Fault(kind="429", at=2, path="/me/tracks", retry_after=74_214)
    with StandIn(Account.from_file(path), faults=[fault]) as service:
        use(service, tmp_path / "config", monkeypatch)
        sign_in_quietly(service)
        with pytest.raises(RateLimited):
            pull(library)
        report = pull(library)
    assert len(library.evidence()) == 70
    assert report.outcomes == {"like: named twice": 50, "like: new local file": 20}  # of the two pages that were left


def test_local_files_are_candidates_with_the_features_of_their_recording(
    standin: StandIn, library: Library, tmp_path: Path
) -> None:
    pull(library)
    SOURCE.open(SourceRequest("spotify", library_url=f"sqlite:///{tmp_path / 'library.db'}", max_wait=0.0)).read()
    reading = candidates(standin, tmp_path)
    assert reading.tracks["track_id"].tolist() == [OTHER_TWO, NOISE]
    assert reading.tracks["energy"].tolist()[0] == 0.75
    assert reading.tracks["energy"].isna().tolist()[1]
    assert "2 of them are local files, known by artist and title: they can be ranked, not pushed" in reading.notes
    assert "1 left out: a local file without title or artist" in reading.notes


def test_a_catalogue_tells_what_a_local_file_sounds_like(standin: StandIn, tmp_path: Path) -> None:
    """By artist and title however they are written, where the lengths agree."""
    path = tmp_path / "catalogue.parquet"
    row = SOUND | {"time_signature": 4, "duration_ms": 198_500}
    pd.DataFrame(
        [
            row | {"track_name": "NOISE", "artist_name": "Garage"},
            row | {"track_name": "Noise", "artist_name": "The Garage", "duration_ms": 240_000, "energy": 0.1},
            row | {"track_name": "Two", "artist_name": "Band", "duration_ms": 150_000},
        ]
    ).to_parquet(path)
    reading = candidates(standin, tmp_path, path)
    assert reading.tracks.set_index("track_id")["energy"].dropna().to_dict() == {NOISE: 0.8}
    with Library.open(f"sqlite:///{tmp_path / 'library.db'}") as library:
        assert set(library.features()["matched_by"]) == {"name"}


def test_nothing_of_a_local_file_is_ever_sent(standin: StandIn, library: Library, tmp_path: Path) -> None:
    """Neither out of a ranked table, nor out of a playlist, nor by whoever makes a URI of its id."""
    ranked = tmp_path / "likes.csv"
    ranked.write_text(f"rank,track_id\n1,{MINE}\n2,{ONE}\n3,{NOISE}\n")
    listed = read_list(ranked)
    assert (listed.uris, listed.unknown) == ((f"spotify:track:{ONE}",), 2)
    with SpotifyClient.signed_in(scopes=PUSH_SCOPES, max_wait=0.0) as client:
        playlist = standin.account.playlist_called("Skipped")
        assert contents(client, playlist.playlist_id) == ("", "", "")
        assert plan_push(library, client, "Likes", listed.uris).wanted == (f"spotify:track:{ONE}",)
        before = list(playlist.entries)
        with pytest.raises(InputError, match="cannot be put into a playlist"):
            client.add_items(playlist.playlist_id, [f"spotify:track:{MINE}"])
        assert playlist.entries == before


def entry(uri: str, **body: Any) -> dict[str, Any]:
    """A playlist's line about a local file, as the Web API's guide to local files shows it."""
    empty = {"id": None, "is_local": True, "name": "", "artists": [], "album": {"name": ""}, "duration_ms": 0}
    return {"added_at": "2015-01-25T07:51:45Z", "is_local": True, "item": empty | {"uri": uri} | body}


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (
            "spotify:local:David+Wise:Donkey+Kong+Country%3A+Tropical+Freeze:Snomads+Island:127",
            ("David Wise", "Donkey Kong Country: Tropical Freeze", "Snomads Island", 127_000),
        ),
        ("spotify:local:Flite%2c+Medium+Minus:A:Find+What:399", ("Flite, Medium Minus", "A", "Find What", 399_000)),
        ("spotify:local:Beyonc%C3%A9::1%2B1:0", ("Beyoncé", None, "1+1", None)),
        ("spotify:local:::Voice+memo:30", (None, None, "Voice memo", 30_000)),
        ("spotify:local:Beyonc%E9:Album:1%2B1:60", (None, "Album", "1+1", 60_000)),  # Latin-1
        ("spotify:local:A:B:C:", ("A", "B", "C", None)),
        ("spotify:local:A:B:C:-5", ("A", "B", "C", None)),
        ("spotify:local:A:B:C:99999999999", ("A", "B", "C", None)),
        ("spotify:local:A:B:Two: Three:60", (None, None, None, None)),  # whose colon is it?
        ("spotify:local:A:B", (None, None, None, None)),
        ("spotify:local:", (None, None, None, None)),
        ("", (None, None, None, None)),
    ],
)  # fmt: skip
def test_what_a_body_leaves_empty_is_read_from_the_uri(uri: str, expected: tuple[object, ...]) -> None:
    found = read_entry(entry(uri)).track
    assert found is not None
    assert (found.artist_name, found.album_name, found.track_name, found.duration_ms) == expected
    assert found.kind == "local"


def test_a_body_counts_before_the_uri() -> None:
    """The URI's seconds are cut off; the body's milliseconds are not."""
    told = entry("spotify:local:a:b:c:200", name="C", artists=[{"name": "A"}], duration_ms=200_800)
    found = read_entry(told).track
    assert found is not None
    assert (found.artist_name, found.track_name, found.album_name, found.duration_ms) == ("A", "C", "b", 200_800)


@pytest.mark.parametrize(
    ("artist", "title", "known"),
    [
        ("Björk", "Jóga", True),
        ("bjork", "JOGA", True),
        ("Unknown Artist", "Track 01", False),
        ("Various Artists", "Hit", False),
        ("", "Jóga", False),
        ("Björk", " ", False),
    ],
)
def test_a_local_file_goes_by_artist_and_title(artist: str, title: str, known: bool) -> None:
    told = read_entry(entry("", name=title, artists=[{"name": artist}]))
    assert id_of(told) == (best_id(None, None, "Björk", "Jóga") if known else None)

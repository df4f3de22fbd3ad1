"""Files that list the tracks of a playlist."""

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest

from connectors.demo.listener import demo_listener
from connectors.spotify.lists import TrackList, read_list
from features.errors import InputError

ONE, TWO = "11dFghVXANMlKmJXsNCbNl", "6rqhFgbbKwnb9MLmUQDhG6"
URIS = (f"spotify:track:{ONE}", f"spotify:track:{TWO}")
RANKED = f"rank,track_id,track_name,artist_name\n1,{ONE},A,B\n2,local:0123456789abcdef,C,D\n3,{TWO},E,F\n4,{ONE},A,B\n"


def test_the_csv_of_rank(tmp_path: Path) -> None:
    path = tmp_path / "likes.csv"
    path.write_text(RANKED)
    found = read_list(path)
    assert (found.uris, found.unknown, found.repeated) == (URIS, 1, 1)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(
            {"model": "x", "notes": ["n"], "tracks": [{"rank": 1, "track_id": ONE}, {"rank": 2, "track_id": TWO}]}
        ),
        f"#EXTM3U\n#EXTINF:1,A\nhttps://open.spotify.com/track/{ONE}\nhttps://open.spotify.com/intl-de/track/{TWO}?si=1\n",
        f"spotify:track:{ONE}\nspotify:track:{TWO}\n",
        f"{ONE}\n{TWO}\n",
        f"track_id\n{ONE}\n{TWO}\n",
        f"Track URI;Track Name\nspotify:track:{ONE};A\nspotify:track:{TWO};B\n",
        f'{{"track_id": "{ONE}"}}\n{{"track_id": "{TWO}"}}\n',
    ],
    ids=["rank's json", "m3u", "uris", "ids", "one column", "exportify", "json lines"],
)
def test_other_shapes(tmp_path: Path, text: str) -> None:
    path = tmp_path / "list.gz"
    path.write_bytes(gzip.compress(text.encode()))
    assert read_list(path) == TrackList(URIS, repeated=0, unknown=0)


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "likes.parquet"
    pd.DataFrame({"track_id": [ONE, None, TWO]}).to_parquet(path)
    found = read_list(path)
    assert (found.uris, found.unknown) == (URIS, 1)


@pytest.mark.parametrize(
    "text",
    [
        "name,artist\nA,B\n",
        "track_id\nlocal:0123456789abcdef\n",
        '{"tracks": []}',
        f"https://evil.example/track/{ONE}\n",
    ],
)
def test_a_file_without_tracks_of_spotify_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "list.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=r"list\.txt") as error:
        read_list(path)
    assert "track_id" in error.value.hint


def test_the_demos_tracks_are_no_spotifys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EARMARK_SPOTIFY_URL", raising=False)
    invented = demo_listener(0).candidates.head(3)
    path = tmp_path / "ranked.csv"
    pd.concat([invented, pd.DataFrame({"track_id": [ONE]})]).to_csv(path, index=False)
    with pytest.raises(InputError, match=r"ranked.csv: 3 of the 4 tracks are the demo's: they are invented") as refused:
        read_list(path)
    assert "rank tracks of your own" in refused.value.hint
    monkeypatch.setenv("EARMARK_SPOTIFY_URL", "http://127.0.0.1:9")  # a stand-in's account may be the demo listener's
    assert read_list(path).uris[-1] == f"spotify:track:{ONE}"

"""Looking recordings up in a file."""

import gzip
import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from connectors.audio_features.catalogue import CatalogueFeatures
from connectors.audio_features.chain import pull_features
from connectors.audio_features.links import Wanted
from connectors.library import Library, TrackRow
from features.errors import InputError
from tests.connectors.audio_features.services import NOW, WHOLE, isrc_of, judge, known, spotify_id_of

COLUMNS = {"track_id": None, "isrc": None, "track_name": None, "artist_name": None}


def catalogue(path: Path, *rows: dict[str, Any]) -> CatalogueFeatures:
    pd.DataFrame([COLUMNS | WHOLE | row for row in rows]).to_parquet(path / "catalogue.parquet")
    return CatalogueFeatures(path / "catalogue.parquet")


def found(link: CatalogueFeatures, *wanted: Wanted) -> dict[str, float]:
    """Energies by track id."""
    return {track_id: values["energy"] for answer in link.answers(wanted) for track_id, values in answer.found.items()}


def test_by_id_then_isrc_then_name(tmp_path: Path) -> None:
    link = catalogue(
        tmp_path,
        {"track_id": f"spotify:track:{spotify_id_of(1)}", "energy": 0.1},
        {"track_id": f"https://open.spotify.com/track/{spotify_id_of(2)}?si=abc", "energy": 0.2},
        {"isrc": "gb-aaa-00-00003", "energy": 0.3},
        {"track_name": "Étude", "artist_name": "The Björk Trio;Someone", "energy": 0.4},
        {"track_id": spotify_id_of(5), "isrc": isrc_of(3), "energy": 0.5},
    )
    wanted = [
        Wanted(1, spotify_id_of(1), spotify_id_of(1), isrc_of(3)),
        Wanted(2, spotify_id_of(2), spotify_id_of(2)),
        Wanted(3, f"isrc:{isrc_of(3)}", None, isrc_of(3)),
        Wanted(4, "local:1", None, None, "etude", "Bjork Trio"),
        Wanted(6, spotify_id_of(6), spotify_id_of(6), isrc_of(6), "Etude", "Another"),
    ]
    energies = found(link, *wanted)
    assert {name: energies[name] for name in energies if not name.startswith("isrc")} == {
        spotify_id_of(1): 0.1,
        spotify_id_of(2): 0.2,
        "local:1": 0.4,
    }
    assert energies[f"isrc:{isrc_of(3)}"] in (0.3, 0.5)  # one ISRC, two rows as full as each other
    assert found(link, *wanted) == energies


def test_the_fullest_row_counts(tmp_path: Path) -> None:
    link = catalogue(
        tmp_path,
        {"track_id": spotify_id_of(1), "energy": 0.1, "mode": None},
        {"track_id": spotify_id_of(1), "energy": 0.2},
        {"track_id": spotify_id_of(1), "energy": 0.3, "key": None},
        {"track_id": spotify_id_of(1), **dict.fromkeys(WHOLE, 0)},  # the analysis failed: nothing is known
        {"track_id": spotify_id_of(2), **dict.fromkeys(WHOLE)},
        {"isrc": isrc_of(2), "energy": 0.4},
    )
    wanted = [Wanted(n, spotify_id_of(n), spotify_id_of(n), isrc_of(n)) for n in (1, 2)]
    assert found(link, *wanted) == {spotify_id_of(1): 0.2, spotify_id_of(2): 0.4}


@pytest.mark.parametrize(
    ("duration", "lengths", "energy"),
    [
        (200_000, (200_000,), 0.0),
        (200_000, (201_900, 300_000), 0.0),
        (200_000, (300_000, 198_100), 0.1),
        (200_000, (202_100,), None),
        (200_000, (None,), 0.0),
        (None, (200_000,), 0.0),
        (None, (200_000, 201_500), 0.0),
        (None, (200_000, 240_000), None),
    ],
)
def test_a_name_is_enough_only_for_one_recording(
    tmp_path: Path, duration: float | None, lengths: tuple[float | None, ...], energy: float | None
) -> None:
    rows = [
        {"track_name": "Song", "artist_name": "Band", "duration_ms": length, "energy": number / 10}
        for number, length in enumerate(lengths)
    ]
    link = catalogue(tmp_path, *rows)
    one = Wanted(1, "local:1", None, None, "song", "band", duration)
    assert found(link, one) == ({} if energy is None else {"local:1": energy})
    told_apart = any("not told apart" in note for note in link.notes)
    assert told_apart == (energy is None)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"energy": 0.65, "valence": 0.75, "loudness": -3.0, "tempo": 243.8}, True),  # another mastering
        ({"energy": 0.59}, False),
        ({"acousticness": 0.5}, False),  # another take of the same length
        ({"acousticness": None}, True),
        ({"tempo": 0, "danceability": 0, "time_signature": 0, "energy": 0}, True),  # the analysis failed
        ({"acousticness": 0.5, "duration_ms": 240_000}, True),  # not of this length: not this recording
    ],
)
def test_a_name_and_a_length_are_enough_only_for_one_sound(
    tmp_path: Path, changes: dict[str, float | None], same: bool
) -> None:
    song = {"track_name": "Song", "artist_name": "Band"}
    link = catalogue(tmp_path, song, song | changes)
    one = Wanted(1, "local:1", None, None, "song", "The Band", 202_500.0)
    assert bool(found(link, one)) is same
    assert any("not told apart" in note for note in link.notes) is not same


def test_what_each_was_recognised_by_is_told(tmp_path: Path) -> None:
    link = catalogue(
        tmp_path,
        {"track_id": spotify_id_of(1), "isrc": isrc_of(1)},
        {"isrc": isrc_of(2)},
        {"track_name": "Song", "artist_name": "Band"},
    )
    wanted = [
        *(Wanted(n, spotify_id_of(n), spotify_id_of(n), isrc_of(n)) for n in (1, 2)),
        Wanted(3, "local:3", None, None, "song", "band"),
        Wanted(4, spotify_id_of(4), spotify_id_of(4), None, "Song", "Band", 200_000.0),
        Wanted(5, spotify_id_of(5), spotify_id_of(5)),
    ]
    (answer,) = link.answers(wanted)
    assert answer.matched == {
        spotify_id_of(1): "id", spotify_id_of(2): "isrc", "local:3": "name", spotify_id_of(4): "name"
    }  # fmt: skip
    assert answer.matched.keys() == answer.found.keys()


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ("Shakira", "Shakira, Ozuna", True),
        ("Shakira;Ozuna", "Shakira", True),
        ("Tyler, The Creator", "Tyler, The Creator", True),
        ("Tyler, The Creator", "Tyler, Someone", False),
        ("Earth, Wind & Fire", "Earth, Wind and Fire", True),
        ("Various Artists", "Various Artists", False),
    ],
)
def test_artists_however_they_are_written(tmp_path: Path, ours: str, theirs: str, same: bool) -> None:
    link = catalogue(tmp_path, {"track_name": "Song", "artist_name": theirs})
    assert bool(found(link, Wanted(1, "local:1", None, None, "Song", ours))) is same


def test_a_table_of_another_exporter_in_other_units(tmp_path: Path) -> None:
    path = tmp_path / "export.csv.gz"
    lines = ["Track URI;Track Name;Artist Name(s);Duration;Energy_%;Danceability_%;Valence_%;BPM;Key"]
    lines += [f"spotify:track:{spotify_id_of(n)};Song {n};Band;3:20;{n};50;60;120,5;C#" for n in range(1, 40)]
    lines += ['broken;"line']
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    link = CatalogueFeatures(path)
    wanted = [Wanted(n, spotify_id_of(n), spotify_id_of(n)) for n in range(1, 30)]
    answers = list(link.answers(wanted))
    assert answers[0].found[spotify_id_of(7)] == {
        "energy": 0.07,
        "danceability": 0.5,
        "valence": 0.6,
        "tempo": 120.5,
        "duration_ms": 200_000.0,
        "key": 1.0,
    }
    assert len(answers[0].found) == 29


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"track_id": ["a"], "colour": ["red"]}, "none of the audio features"),
        ({"energy": [0.5], "colour": ["red"]}, "nothing in the catalogue tells which track"),
        ({"energy": [0.5], "track_name": ["Song"]}, "nothing in the catalogue tells which track"),
    ],
)
def test_files_that_are_no_catalogue(tmp_path: Path, table: dict[str, list[Any]], message: str) -> None:
    path = tmp_path / "table.parquet"
    pd.DataFrame(table).to_parquet(path)
    with pytest.raises(InputError, match=message) as raised:
        list(CatalogueFeatures(path).answers([Wanted(1, spotify_id_of(1), spotify_id_of(1))]))
    assert raised.value.message.startswith(str(path))
    with pytest.raises(InputError, match="no such file"):
        list(CatalogueFeatures(tmp_path / "none.csv").answers([Wanted(1, "x", "x")]))


def test_what_is_not_in_one_catalogue_may_be_in_the_next(library: Library, tmp_path: Path) -> None:
    judge(library, [TrackRow(track_id=spotify_id_of(1))])
    first = pull_features(library, [catalogue(tmp_path, {"track_id": spotify_id_of(2)})], clock=lambda: NOW)
    assert first.report.outcomes == {"not found": 1}
    second = pull_features(
        library, [catalogue(tmp_path, {"track_id": spotify_id_of(1), "mode": None})], clock=lambda: NOW
    )
    assert second.report.outcomes == {"found by catalogue": 1}
    third = pull_features(library, [catalogue(tmp_path, {"track_id": spotify_id_of(1)})], clock=lambda: NOW)
    assert third.report.outcomes == {"completed": 1}
    assert known(library)[spotify_id_of(1)]["catalogue"] == WHOLE
    partial = catalogue(tmp_path, {"track_id": spotify_id_of(2), "mode": None})
    judge(library, [TrackRow(track_id=spotify_id_of(2))])
    pull_features(library, [partial], clock=lambda: NOW)
    before = library.features()
    again = pull_features(library, [partial], clock=lambda: NOW + timedelta(days=1))
    assert again.report.outcomes == {"known already": 2}
    pd.testing.assert_frame_equal(library.features(), before)
    assert third.report.calls == 0


@pytest.mark.shared_data
def test_the_real_history_in_the_real_catalogue(library: Library, shared_data: Path) -> None:
    plays = json.loads((shared_data / "history" / "Streaming_History_Audio_2023_1.json").read_text(encoding="utf-8"))
    tracks = {
        row["spotify_track_uri"].removeprefix("spotify:track:"): (
            row["master_metadata_track_name"],
            row["master_metadata_album_artist_name"],
        )
        for row in plays
        if row["spotify_track_uri"]
    }
    judge(
        library,
        [TrackRow(track_id=one, track_name=name, artist_name=artist) for one, (name, artist) in tracks.items()],
    )
    link = CatalogueFeatures(shared_data / "catalogue" / "tracks.parquet")
    started = time.monotonic()
    done = pull_features(library, [link], clock=lambda: NOW)
    assert time.monotonic() - started < 10
    # 1,736 ids are heard in this file, of which the catalogue holds 500 by their ids (shared data, README).
    table = pd.read_parquet(shared_data / "catalogue" / "tracks.parquet")
    assert table["track_id"].isin(list(tracks)).sum() == 500
    assert done.coverage.with_features >= 490
    values = known(library)
    for row in table[table["track_id"].isin(list(values))].head(50).itertuples():
        assert values[row.track_id]["catalogue"]["energy"] == pytest.approx(row.energy)
        assert values[row.track_id]["catalogue"]["danceability"] == pytest.approx(row.danceability)

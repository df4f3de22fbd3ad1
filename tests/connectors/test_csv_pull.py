"""A table file's labels and features in the library."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from connectors.csv_pull import pull_csv
from connectors.library import EvidenceRow, Library
from connectors.track_ids import best_id
from features.errors import InputError

HEADER = "track_id,track_name,artist_name,isrc,energy,valence,liked"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(f"sqlite:///{tmp_path / 'library.db'}") as opened:
        yield opened


def write(path: Path, *lines: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def told(library: Library) -> set[tuple[str, str]]:
    evidence = library.evidence()
    return set(zip(evidence["track_id"], evidence["kind"], strict=True))


def spotify_id_of(number: int) -> str:
    return f"{number:022d}"


def everything(library: Library) -> list[pd.DataFrame]:
    return [library.tracks(), library.evidence(), library.features()]


def test_rows_become_tracks_evidence_and_features(library: Library, tmp_path: Path) -> None:
    path = write(
        tmp_path / "mine.csv",
        f"spotify:track:{spotify_id_of(1)},One,A;B,gb-aaa-00-00001,0.1,0.5,1",
        "17,Two,Band,GBAAA0000002,0.2,0.5,0",
        "18,Three,Band,,0.3,0.5,1",
        f"{spotify_id_of(4)},Four,Band,,0.4,0.5,",
    )
    report = pull_csv(library, path)
    three = str(best_id(None, None, "Band", "Three"))
    assert told(library) == {
        (spotify_id_of(1), "csv_liked"),
        ("isrc:GBAAA0000002", "csv_disliked"),
        (three, "csv_liked"),
    }
    assert report.outcomes == {"liked": 2, "disliked": 1, "no label, its features are kept": 1}
    assert report.seen == 4
    assert report.calls == 0
    evidence = library.evidence()
    assert set(evidence["source"]) == {"csv"}
    assert set(evidence["reason"]) == {"liked in mine.csv", "disliked in mine.csv"}
    assert set(evidence["weight"]) == {1.0}
    tracks = library.tracks().set_index("track_id")
    assert tracks.loc[spotify_id_of(1), ["track_name", "artist_name", "isrc"]].tolist() == [
        "One",
        "A;B",
        "GBAAA0000001",
    ]
    features = library.features()
    assert set(features["source"]) == {"csv"}
    assert set(features["fetched_at"]) == {pd.Timestamp(1_700_000_000, unit="s", tz="UTC")}
    energy = features[features["name"] == "energy"].set_index("track_id")["value"]
    assert energy.to_dict() == {spotify_id_of(1): 0.1, "isrc:GBAAA0000002": 0.2, three: 0.3, spotify_id_of(4): 0.4}


def test_a_second_pull_changes_nothing(library: Library, tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", f"{spotify_id_of(1)},One,A,,0.1,0.5,1", f"{spotify_id_of(2)},Two,A,,0.2,0.5,0")
    first, before = pull_csv(library, path), everything(library)
    second, after = pull_csv(library, path), everything(library)
    assert first.outcomes == second.outcomes
    for one, other in zip(before, after, strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_what_the_file_says_now_replaces_what_it_said(library: Library, tmp_path: Path) -> None:
    lines = [f"{spotify_id_of(n)},Song {n},A,,0.{n},0.5,{n % 2}" for n in range(1, 6)]
    path = write(tmp_path / "mine.csv", *lines)
    pull_csv(library, path)
    library.add_evidence([EvidenceRow(track_id=spotify_id_of(5), source="spotify", kind="like", liked=True)])
    lines[0] = f"{spotify_id_of(1)},Song 1,A,,0.9,0.5,0"
    report = pull_csv(library, write(path, *lines[:3], lines[3].removesuffix("0")))
    assert told(library) == {
        (spotify_id_of(1), "csv_disliked"),
        (spotify_id_of(2), "csv_disliked"),
        (spotify_id_of(3), "csv_liked"),
        (spotify_id_of(5), "like"),
    }
    assert "3 labels of an earlier pull are gone: the file does not say them any more" in report.notes
    features = library.features().set_index(["track_id", "name"])["value"]
    assert features[spotify_id_of(1), "energy"] == 0.9


def test_files_do_not_take_back_what_others_say(library: Library, tmp_path: Path) -> None:
    both, mine, yours = (f"{spotify_id_of(n)},Song {n},A,,0.{n},0.5,1" for n in (1, 2, 3))
    first = write(tmp_path / "first.csv", both, mine)
    second = write(tmp_path / "second.csv", both, yours)
    pull_csv(library, first)
    pull_csv(library, second)
    assert {track for track, _ in told(library)} == {spotify_id_of(n) for n in (1, 2, 3)}
    pull_csv(library, write(first, mine))
    assert {track for track, _ in told(library)} == {spotify_id_of(n) for n in (1, 2, 3)}
    pull_csv(library, write(second, yours))
    assert {track for track, _ in told(library)} == {spotify_id_of(n) for n in (2, 3)}


def test_the_same_file_by_another_path(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "demo", f"{spotify_id_of(1)},One,A,,0.1,0.5,1")
    pull_csv(library, path)
    monkeypatch.chdir(tmp_path)
    write(path, f"{spotify_id_of(2)},Two,A,,0.1,0.5,1")
    pull_csv(library, Path("demo"))
    assert told(library) == {(spotify_id_of(2), "csv_liked")}


@pytest.mark.parametrize("keep_the_old_one", [False, True], ids=["moved", "copied"])
def test_a_file_that_was_moved_counts_once(library: Library, tmp_path: Path, keep_the_old_one: bool) -> None:
    lines = [f"{spotify_id_of(n)},Song {n},A,,0.{n},0.5,{n % 2}" for n in range(1, 5)]
    old = write(tmp_path / "old.csv", *lines)
    other = write(tmp_path / "other.csv", f"{spotify_id_of(9)},Song 9,A,,0.9,0.5,1")
    pull_csv(library, old)
    pull_csv(library, other)
    new = write(tmp_path / "new.csv", *lines)
    if not keep_the_old_one:
        old.unlink()
    before = told(library)
    report = pull_csv(library, new)
    assert f"pulled before as {old}, the same file: it counts once, as this one" in report.notes
    assert told(library) == before
    assert set(library.evidence()["reason"]) == {"liked in new.csv", "disliked in new.csv", "liked in other.csv"}
    assert not any("pulled before" in note for note in pull_csv(library, new).notes)
    report = pull_csv(library, write(new, *lines[:2]))  # what was deleted there is no longer said by the old path
    assert told(library) == {
        (spotify_id_of(1), "csv_liked"),
        (spotify_id_of(2), "csv_disliked"),
        (spotify_id_of(9), "csv_liked"),
    }
    assert "2 labels of an earlier pull are gone: the file does not say them any more" in report.notes


def test_files_of_a_library_that_knows_no_digests_keep_their_labels(library: Library, tmp_path: Path) -> None:
    pull_csv(library, write(tmp_path / "first.csv", f"{spotify_id_of(1)},One,A,,0.1,0.5,1"))
    stream = f"file {tmp_path / 'first.csv'}"
    position = library.position("csv", stream) or {}
    library.set_position("csv", stream, {kind: position[kind] for kind in ("csv_liked", "csv_disliked")})
    pull_csv(library, write(tmp_path / "second.csv", f"{spotify_id_of(2)},Two,A,,0.1,0.5,1"))
    assert told(library) == {(spotify_id_of(1), "csv_liked"), (spotify_id_of(2), "csv_liked")}


def test_labels_without_features_wait_for_the_chain(library: Library, tmp_path: Path) -> None:
    path = write(
        tmp_path / "mine.csv",
        f"{spotify_id_of(1)},One,A,,0.1,0.5,1",
        f"{spotify_id_of(2)},Two,A,,,,0",
        f"{spotify_id_of(2)},Two,A,,,,0",
        f"{spotify_id_of(1)},One,A,,,,1",
        f"{spotify_id_of(3)},Three,A,,,,",
        ",Four,A,,,,yes",
        ",,A,,,,1",
        f"{spotify_id_of(6)},Six,A,,,,maybe",
    )
    report = pull_csv(library, path)
    assert told(library) == {
        (spotify_id_of(1), "csv_liked"),
        (spotify_id_of(2), "csv_disliked"),
        (str(best_id(None, None, "A", "Four")), "csv_liked"),
    }
    assert report.outcomes == {
        "liked": 2,
        "disliked": 1,
        "merged with an earlier row of the same track": 2,
        "set aside: neither a label nor features": 2,
        "set aside: no id, and not both title and artist": 1,
    }
    assert "2 labelled tracks have no features in this file: 'earmark pull features' looks for them" in report.notes


def test_when_and_how_much(library: Library, tmp_path: Path) -> None:
    header = "track_id,energy,liked,added_at,weight"
    path = write(
        tmp_path / "mine.csv",
        f"{spotify_id_of(1)},0.1,1,2024-05-31T18:20:00Z,2.5",
        f"{spotify_id_of(2)},,1,2024-06-01,",
        f"{spotify_id_of(3)},,1,2024-06-01,5000",
        header=header,
    )
    pull_csv(library, path)
    evidence = library.evidence().set_index("track_id")
    assert evidence["at"].tolist() == [pd.Timestamp("2024-05-31T18:20Z"), *[pd.Timestamp("2024-06-01T00:00Z")] * 2]
    assert evidence["weight"].tolist() == [2.5, 1.0, 1.0]


def test_a_table_without_labels_is_kept_for_its_features(library: Library, tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", f"{spotify_id_of(1)},0.1", header="track_id,energy")
    report = pull_csv(library, path)
    assert report.outcomes == {"no label, its features are kept": 1}
    assert "no row says what was liked: nothing to learn from, but the features are kept" in report.notes


@pytest.mark.parametrize(
    ("header", "lines", "message"),
    [
        ("track_id,colour,liked", ["a,red,1"], "none of the audio features"),
        (HEADER, [",,,,,,1", ",,A,,,,"], "none of the 2 rows"),
        (HEADER + ",saved", [",x,A,,0.5,,1,0"], "ambiguous label"),
    ],
)
def test_files_that_cannot_be_used(
    library: Library, tmp_path: Path, header: str, lines: list[str], message: str
) -> None:
    path = write(tmp_path / "bad.csv", *lines, header=header)
    with pytest.raises(InputError, match=message) as raised:
        pull_csv(library, path)
    assert str(path) in raised.value.message
    assert library.tracks().empty


def test_a_file_that_is_not_there(library: Library, tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path, Path("demo")):
        with pytest.raises(InputError, match="no file"):
            pull_csv(library, path)


def test_the_label_may_be_named(library: Library, tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", f"{spotify_id_of(1)},0.1,1", header="track_id,energy,verdict")
    assert pull_csv(library, path, label="verdict").outcomes == {"liked": 1}


@pytest.mark.shared_data
def test_the_kaggle_table(library: Library, kaggle_csv: Path) -> None:
    report = pull_csv(library, kaggle_csv)
    counts: dict[str, Any] = report.outcomes
    assert report.seen == 2017
    # 1,020 liked and 997 not (shared data, README), less those merged and contradictory.
    aside = sum(n for name, n in counts.items() if name.startswith(("set aside", "merged")))
    assert counts["liked"] + counts["disliked"] == 2017 - aside
    assert 0 < aside < 60
    evidence = library.evidence()
    assert evidence["kind"].value_counts().to_dict() == {
        "csv_liked": counts["liked"],
        "csv_disliked": counts["disliked"],
    }
    assert 13 * len(library.tracks()) - len(library.features()) == 1  # one time signature is 1: not known
    table = library.tracks_table()
    assert abs(len(table.tracks) - len(evidence)) < 10

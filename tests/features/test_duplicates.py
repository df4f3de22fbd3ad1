"""Which rows are the same track, how they are merged, and the counts on real tables."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as pdt
import pytest

from features.columns import AUDIO_FEATURES
from features.schema import validate


def row(valence: float = 0.5, **cells: object) -> dict[str, Any]:
    """One good row; tracks of different valence have different features."""
    return dict.fromkeys(AUDIO_FEATURES, 0.5) | {
        "duration_ms": 200_000,
        "key": 1,
        "mode": 1,
        "tempo": 100,
        "time_signature": 4,
        "valence": valence,
        **cells,
    }


def test_same_id_is_the_same_track_and_missing_cells_are_filled_from_later_rows() -> None:
    tracks, report = validate(
        pd.DataFrame(
            [
                row(0.1, track_id="a", track_name=None, energy=None, popularity=None, explicit=None),
                row(0.2, track_id="b", track_name="Other", energy=0.5, popularity=2, explicit=False),
                row(0.3, track_id="spotify:track:a", track_name="Song", energy=0.9, popularity=40, explicit=True),
                row(0.4, track_id="a", track_name="Sing", energy=0.8, popularity=50, explicit=False),
            ]
        )
    )
    assert report.merged == 1, "a URI that is no 22-character id is not taken apart"
    first = tracks.iloc[0]
    assert (first["track_id"], first["valence"], first["track_name"], first["energy"]) == ("a", 0.1, "Sing", 0.8)
    assert (first["popularity"], bool(first["explicit"])) == (50, False)


def test_a_name_merges_only_where_an_id_is_missing() -> None:
    rows = [
        row(0.1, track_id="a", track_name="Song", artist_name="Band"),
        row(0.2, track_id="b", track_name="Song", artist_name="Band"),
        row(0.3, track_id=None, track_name="SONG ", artist_name="bänd"),
        row(0.4, track_id=None, track_name="Song", artist_name=None),
    ]
    tracks, report = validate(pd.DataFrame(rows))
    assert report.merged == 1
    assert tracks["valence"].tolist() == [0.1, 0.2, 0.4]


def test_a_row_without_id_takes_the_id_of_a_later_row_of_its_name() -> None:
    rows = [
        row(0.1, track_id=None, track_name="Song", artist_name="Band"),
        row(0.2, track_id="a", track_name="Song", artist_name="Band"),
    ]
    tracks, report = validate(pd.DataFrame(rows))
    assert report.merged == 1
    assert (tracks["track_id"].tolist(), tracks["valence"].tolist()) == (["a"], [0.1])


def test_the_same_complete_features_are_the_same_recording_whatever_the_names() -> None:
    rows = [
        row(track_id="a", track_name="Song", artist_name="Band"),
        row(track_id="b", track_name="Lied", artist_name="Kapelle"),
        row(track_id="c", key=-1),
        row(track_id="d", key=-1),
    ]
    tracks, report = validate(pd.DataFrame(rows))
    assert report.merged == 1, "unknown keys are not equal keys"
    assert tracks["track_id"].tolist() == ["a", "c", "d"]


def test_features_of_single_precision_match_those_of_double() -> None:
    table = pd.DataFrame([row(0.749, track_id="a"), row(float(np.float32(0.749)), track_id="b")])
    assert validate(table)[1].merged == 1


def test_what_a_merge_fills_in_may_show_another_duplicate() -> None:
    rows = [
        row(0.1, track_id="a", energy=None),
        row(None, track_id="a", energy=0.9),  # type: ignore[arg-type]  # incomplete until the first row fills it
        row(0.1, track_id="b", energy=0.9),
    ]
    tracks, report = validate(pd.DataFrame(rows))
    assert (report.merged, tracks["track_id"].tolist()) == (2, ["a"])


@pytest.mark.parametrize(
    ("labels", "expected"),
    [([1, 1], 1), ([None, 0], 0), ([1, None], 1), ([None, None], None)],
)
def test_labels_of_one_track_that_agree_are_kept(labels: list[int | None], expected: int | None) -> None:
    tracks, report = validate(pd.DataFrame([row(track_id="a", liked=label) for label in labels]))
    assert report.merged == 1
    assert report.set_aside == {}
    assert tracks["liked"].isna().item() if expected is None else tracks["liked"].item() == expected


def test_contradictory_labels_set_every_row_of_the_track_aside_and_say_which() -> None:
    rows = [
        row(0.1, track_id="z", liked=1),
        row(0.2, track_id="a", liked=1, track_name="Song", artist_name="Band"),
        row(0.3, track_id="a", liked=None),
        row(0.4, track_id="y", liked=0),
        row(0.5, track_id="a", liked=0),
    ]
    tracks, report = validate(pd.DataFrame(rows))
    assert tracks["track_id"].tolist() == ["z", "y"]
    assert (report.merged, report.set_aside) == (0, {"contradictory labels": 3})
    (fault,) = report.faults
    assert (fault.column, fault.first_rows, fault.example) == ("liked", (2, 3, 5), "Song by Band")


def test_a_row_set_aside_does_not_contradict() -> None:
    rows = [row(0.1, track_id="a", liked=1), row(0.2, track_id="a", liked=0, energy=7)]
    tracks, report = validate(pd.DataFrame(rows))
    assert report.set_aside == {"out of range": 1}
    assert tracks["liked"].tolist() == [1]


def kaggle(path: Path) -> pd.DataFrame:
    """The Kaggle CSV under canonical names."""
    names = {"target": "liked", "song_title": "track_name", "artist": "artist_name"}
    return pd.read_csv(path).rename(columns=names)


def test_kaggle_counts(kaggle_csv: Path) -> None:
    """2,017 rows: 36 repeat artist and title, one repeats features under another title, one has a curly apostrophe."""
    table = kaggle(kaggle_csv)
    tracks, report = validate(table)
    assert (report.rows, report.usable, report.merged) == (2017, 1976, 35)
    assert report.set_aside == {"contradictory labels": 6}
    (fault,) = report.faults
    assert (fault.rows, fault.first_rows) == (6, (1, 422, 966, 1174, 1216))
    torn = set(table["track_name"]) - set(tracks["track_name"])
    assert {"Mask Off", "Get Lucky", "Swimming Pools (Drank) - Extended Version"} <= torn
    assert tracks["liked"].value_counts().to_dict() == {1: 988, 0: 988}
    assert tracks["track_id"].str.fullmatch("local:[0-9a-f]{16}").all()


def test_kaggle_counts_agree_with_a_plain_union_find(kaggle_csv: Path) -> None:
    table = kaggle(kaggle_csv)
    parent = list(range(len(table)))

    def find(place: int) -> int:
        while parent[place] != place:
            place = parent[place]
        return place

    seen: dict[object, int] = {}
    for place, record in enumerate(table.to_dict("records")):
        name = (record["artist_name"].casefold(), record["track_name"].replace("’", "'").casefold())
        for key in (name, tuple(record[feature] for feature in AUDIO_FEATURES)):
            parent[find(place)] = find(seen.setdefault(key, place))
    groups = table.groupby([find(place) for place in range(len(table))])["liked"]
    torn = groups.min() != groups.max()
    report = validate(table)[1]
    assert report.usable == int((~torn).sum())
    assert report.set_aside["contradictory labels"] == int(groups.size()[torn].sum())


def test_catalogue_counts(shared_data: Path) -> None:
    """153,212 tracks by id in seconds; what merges is the same recording under several ids."""
    catalogue = pd.read_parquet(shared_data / "catalogue" / "tracks.parquet")
    tracks, report = validate(catalogue)
    assert (report.rows, report.usable, report.merged) == (153_212, 145_663, 7_476)
    assert report.set_aside == {"no audio features": 70, "out of range": 3}
    again, second = validate(tracks)
    pdt.assert_frame_equal(again, tracks)
    assert (second.faults, second.merged, second.set_aside) == ((), 0, {})

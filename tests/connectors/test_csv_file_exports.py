"""Tables as exporters, spreadsheets and DJ programs leave them, read to validated tracks."""

import pandas as pd
import pytest

from connectors.sources.csv_file import read_table
from features.columns import AUDIO_FEATURES
from features.schema import validate

# Skiley's names of columns, as its users' programs declare them (one row of a "Skiley Export.csv").
SKILEY = (
    b"addedAt,addedBy,albumArtistsNames,albumName,albumPopularity,albumRecordLabel,albumReleaseDate,artistGenres,"
    b"artistName,isLikedByUser,secondaryArtistsNames,trackDuration,trackFeatureAcousticness,trackFeatureDanceability,"
    b"trackFeatureEnergy,trackFeatureInstrumentalness,trackFeatureKey,trackFeatureLiveness,trackFeatureLoudness,"
    b"trackFeatureMode,trackFeatureSpeechiness,trackFeatureTempo,trackFeatureTimeSignature,trackFeatureValence,"
    b"trackIsrc,trackName,trackPopularity,trackUri,trackUrl\n"
    b"2019-06-22,me,James Blunt,Back to Bedlam,73,Custard,2005-08-08,,James Blunt,true,,03:29,0.633,0.675,0.479,"
    b"0.0000176,0,0.088,-9.87,0,0.0278,81.998,4,0.454,USAT20401588,You're Beautiful,80,"
    b"spotify:track:0vg4WnUWvze6pBOJDTq99k,https://open.spotify.com/track/0vg4WnUWvze6pBOJDTq99k\n"
)


def tracks_of(text: str | bytes) -> tuple[pd.DataFrame, str]:
    """Validated tracks, and the notes as one text."""
    table, notes = read_table(text if isinstance(text, bytes) else text.encode())
    return validate(table)[0], "\n".join(notes)


def column(header: str, *cells: str) -> tuple[list[object], str]:
    """One column beside another that makes every row a track, without a unit of its own."""
    tracks, notes = tracks_of("\n".join([f"tempo;{header}", *(f"{100 + at};{cell}" for at, cell in enumerate(cells))]))
    name = next(name for name in tracks if name != "tempo" and tracks[name].notna().any() and name != "track_id")
    return [None if pd.isna(value) else value for value in tracks[name]], notes


def test_skiley() -> None:
    tracks, _ = tracks_of(SKILEY)
    track = tracks.iloc[0]
    assert tracks[list(AUDIO_FEATURES)].notna().all(axis=None)
    assert (track["track_id"], track["isrc"]) == ("0vg4WnUWvze6pBOJDTq99k", "USAT20401588")
    assert (track["duration_ms"], track["loudness"], track["key"], track["mode"]) == (209000, -9.87, 0, 0)
    assert (track["release_date"], str(track["added_at"].date())) == ("2005-08-08", "2019-06-22")
    assert (track["track_name"], track["artist_name"], track["popularity"]) == ("You're Beautiful", "James Blunt", 80)


def test_a_german_spreadsheet() -> None:
    text = (
        "sep=;\r\nTrack Name;Artist Names;Energy;Loudness;Duration (ms);Explicit;Added At;Liked\r\n"
        "Für;Ä;0,905;-5,5 dBFS;1.207.959;WAHR;02.01.2021 03:04;WAHR\r\n"
        "B;C;0,4;—;180.000;FALSCH;31.01.2021 14:05;FALSCH\r\n"
    )
    tracks, notes = tracks_of(text.encode("cp1252"))
    assert tracks["duration_ms"].tolist() == [1_207_959, 180_000]
    assert tracks["explicit"].tolist() == [True, False]
    assert tracks["liked"].tolist() == [1, 0]
    assert tracks["added_at"].astype(str).tolist() == ["2021-01-02 03:04:00+00:00", "2021-01-31 14:05:00+00:00"]
    assert tracks["loudness"].isna().tolist() == [False, True]
    assert "decimal commas in energy, loudness" in notes


@pytest.mark.parametrize(
    ("yes", "no"),
    [("VRAI", "FAUX"), ("VERDADERO", "FALSO"), ("VERO", "FALSO"), ("WAAR", "ONWAAR"), ("PRAWDA", "FAŁSZ")],
)
def test_true_and_false_in_the_language_of_the_spreadsheet(yes: str, no: str) -> None:
    assert column("Explicit", yes, no, "")[0] == [True, False, None]
    assert column("Liked", yes, no, "")[0] == [1, 0, None]


def test_clock_times_that_a_spreadsheet_took_for_hours() -> None:
    values, notes = column("Duration", *["03:45:00", "04:05:00", "02:59:00"] * 4, "")
    assert values == [*[225_000, 245_000, 179_000] * 4, None]
    assert "Duration: m:ss that a spreadsheet wrote as h:mm:00 -> duration_ms" in notes


@pytest.mark.parametrize(
    "cells",
    [
        ["1:00:00", "2:00:00", "1:30:00"] * 4,  # sets of a radio station
        ["1:58:00", "2:02:00", "1:31:00", "0:45:00"],  # films
        ["03:45:00", "04:05:00"],
        ["1:03:00", "1:07:30", "2:01:00"],
        ["0:03:45", "0:04:00", "0:03:00"] * 4,
        ["0:03:00", "0:04:00", "0:07:00"] * 4,
    ],
)
def test_hours_that_may_be_hours_stay(cells: list[str]) -> None:
    values, notes = column("Duration", *cells)
    assert values == [pd.Timedelta(cell).total_seconds() * 1000 for cell in cells]
    assert "spreadsheet" not in notes


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("3 min 20 s", 200_000), ("3m20s", 200_000), ("PT3M20S", 200_000), ("1 hr 2 min", 3_720_000), ("200 sec", 200_000),
     ("3.5 min.", 210_000), ("200000 ms", 200_000), ("207 959", 207_959), ("1'207'959", 1_207_959),
     ("1\u00a0207\u00a0959", 1_207_959), ("1.207.959", 1_207_959)],
)  # fmt: skip
def test_durations_in_words_and_with_thousands(cell: str, expected: float) -> None:
    assert column("Duration", cell, "4:00")[0] == [expected, 240_000]


@pytest.mark.parametrize("cell", ["PT", "3 x", "long", "20 7959", "1.20.959", "3 s 2 min", "5 minor"])
def test_durations_in_no_words_stay_for_the_report(cell: str) -> None:
    tracks, _ = read_table(f"tempo;Duration\n100;{cell}\n100;4:00\n".encode())
    assert tracks["duration_ms"].tolist() == [cell, 240_000]


def test_points_are_thousands_in_the_whole_column_or_nowhere() -> None:
    assert column("Duration (ms)", "207.959", "1.204.600", "60.000")[0] == [207_959, 1_204_600, 60_000]
    assert column("Duration (s)", "207.959", "180.5")[0] == [207_959, 180_500]
    assert column("Duration (s)", "1207.959", "180.5", "207.959")[0] == [1_207_959, 180_500, 207_959]


def test_mixed_in_key() -> None:
    rows = "\n".join(f"S{at};A;{key};{energy};12{at}" for at, (key, energy) in enumerate(
        [("08A", 7), ("12B", 5), ("1A", 9), ("10B", 6), ("5A", 3)]
    ))  # fmt: skip
    tracks, notes = tracks_of(f"Track title;Artist;Key result;Energy;BPM\n{rows}\n")
    assert tracks["energy"].tolist() == [0.7, 0.5, 0.9, 0.6, 0.3]
    assert tracks["key"].tolist() == [9, 4, 8, 2, 0]
    assert tracks["mode"].tolist() == [0, 1, 0, 1, 0]
    assert "energy: ratings 1..10 -> 0..1" in notes
    assert "percent" not in notes


@pytest.mark.parametrize(
    "other",
    [["95", "90", "88", "97", "99"], ["90%", "80%", "7%", "70%", "60%"]],
)
def test_low_percentages_beside_others_are_no_ratings(other: list[str]) -> None:
    rows = "\n".join(f"{energy};{cell}" for energy, cell in zip([7, 5, 9, 6, 3], other, strict=True))
    tracks, notes = tracks_of(f"energy;acousticness\n{rows}\n")
    assert tracks["energy"].tolist() == [0.07, 0.05, 0.09, 0.06, 0.03]
    assert "ratings" not in notes


def test_low_percentages_of_quiet_music_are_no_ratings() -> None:
    tracks, notes = tracks_of("nrgy;dnce;val\n1;5;3\n3;9;6\n2;8;4\n1;6;5\n2;7;6\n")
    assert tracks["energy"].tolist() == [0.01, 0.03, 0.02, 0.01, 0.02]
    assert tracks["danceability"].tolist() == [0.05, 0.09, 0.08, 0.06, 0.07]
    assert "ratings" not in notes


def test_the_column_that_says_most_is_read() -> None:
    tracks, _ = tracks_of(
        "energy;Camelot;initial key;Duration (mm:ss);Duration\n.5;8A;A;3:20;200040\n.6;8B;C;3:21;201030\n"
    )
    assert (tracks["key"].tolist(), tracks["mode"].tolist()) == ([9, 0], [0, 1])
    assert tracks["duration_ms"].tolist() == [200_040, 201_030]


def test_milliseconds_are_no_beats() -> None:
    tracks, _ = read_table(b"energy;tempo\n.5;140 ms\n.6;120 bpm\n")
    assert tracks["tempo"].tolist() == ["140 ms", 120]


def test_low_percentages_of_speech_are_no_ratings() -> None:
    assert column("speechiness", "7", "5", "9", "6", "3")[0] == [0.07, 0.05, 0.09, 0.06, 0.03]

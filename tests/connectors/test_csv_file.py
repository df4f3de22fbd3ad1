"""The shapes that exporters and data sets write."""

import gzip
import io
import json
import os
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from connectors.registry import open_source
from connectors.sources.csv_file import read_table
from features.columns import AUDIO_FEATURES
from features.errors import InputError
from features.schema import validate

EXPORTIFY = (
    "\ufeff"
    '"Track URI","Track Name","Album Name","Artist Name(s)","Release Date","Duration (ms)","Popularity","Explicit",'
    '"Added By","Added At","Genres","Record Label","Danceability","Energy","Key","Loudness","Mode","Speechiness",'
    '"Acousticness","Instrumentalness","Liveness","Valence","Tempo","Time Signature"\n'
    '"spotify:track:11dFghVXANMlKmJXsNCbNl","Cut To The Feeling","Cut, To ""The"" Feeling","Carly Rae Jepsen;Other",'
    '"2017-05-26",207959,63,false,"spotify:user:a","2021-01-02T03:04:05Z","pop,dance","Schoolboy",'
    "0.696,0.905,0,-5.519,1,0.11,0.01,0.000286,0.0842,0.529,117.334,4\n"
    '"spotify:local:Me:Album:Song:100","Song","Album","Me","",100000,,,"","","","",,,,,,,,,,,,\n'
).encode()

OLD_EXPORTIFY = (
    b"Track URI,Track Name,Artist URI(s),Artist Name(s),Album URI,Album Name,Album Release Date,Track Duration (ms),"
    b"Explicit,Popularity,ISRC,Added By,Added At,Label,Danceability,Tempo\n"
    b'spotify:track:11dFghVXANMlKmJXsNCbNl,911,x,"Tyler\\, The Creator, Frank Ocean",y,Flower Boy,2017,255573,'
    b"true,70,USQX91701278,me,2021-01-02T03:04:05Z,Columbia,0.5,90.0\n"
    b"spotify:track:21dFghVXANMlKmJXsNCbNl,912,x,Someone,y,Other,2018-01-01,255573,"
    b"true,70,USQX91701279,me,2021-01-02T03:04:05Z,A label called yes,0.5,91.0\n"
)

SORT_YOUR_MUSIC = (
    b"#,TITLE,ARTIST,RELEASE,BPM,ENERGY,DANCE,LOUD,VALENCE,LENGTH,ACOUSTIC,POP.,A.SEP,RND\n"
    b"1,Ghost,A,2019-02-03,118,81,66,-5,93,3:45,1,63,12,4711\n"
    b"2,Smoke,B,2018,74,4,45,-18,10,1:02:03,0,0,13,815\n"
)


def read(data: bytes, label: str | None = None) -> tuple[pd.DataFrame, str]:
    """Tracks, and the notes as one text."""
    tracks, notes = read_table(data, label)
    assert all(note and "\n" not in note for note in notes)
    return tracks, "\n".join(notes)


def test_exportify() -> None:
    tracks, notes = read(EXPORTIFY)
    assert set(AUDIO_FEATURES) < set(tracks.columns)
    first = tracks.iloc[0]
    assert first["track_id"] == "11dFghVXANMlKmJXsNCbNl"
    assert first["artist_name"] == "Carly Rae Jepsen;Other"
    assert first["album_name"] == 'Cut, To "The" Feeling'
    assert (first["duration_ms"], first["tempo"], first["popularity"]) == (207959, 117.334, 63)
    assert (first["explicit"], first["added_at"]) == ("false", "2021-01-02T03:04:05Z")
    assert pd.isna(tracks["track_id"][1])
    assert np.isnan(tracks["energy"][1])
    assert "track_id: Spotify URIs or links -> ids" in notes
    assert "Added By" in notes
    assert "encoding" not in notes


def test_older_exportify_with_a_record_label_and_escaped_commas() -> None:
    tracks, notes = read(OLD_EXPORTIFY)
    assert "liked" not in tracks
    assert "'Label' does not hold likes (for example 'Columbia')" in notes
    assert tracks["artist_name"].tolist() == ["Tyler, The Creator;Frank Ocean", "Someone"]
    assert tracks["isrc"][0] == "USQX91701278"
    assert tracks["duration_ms"][0] == 255573
    assert tracks["release_date"].tolist() == ["2017", "2018-01-01"]
    assert "Track Duration (ms) -> duration_ms" in notes


def test_sort_your_music() -> None:
    tracks, notes = read(SORT_YOUR_MUSIC)
    assert tracks["energy"].tolist() == [0.81, 0.04]
    assert tracks["danceability"].tolist() == [0.66, 0.45]
    assert tracks["acousticness"].tolist() == [0.01, 0]
    assert tracks["loudness"].tolist() == [-5, -18]
    assert tracks["duration_ms"].tolist() == [225000, 3723000]
    assert tracks["tempo"].tolist() == [118, 74]
    assert tracks["popularity"].tolist() == [63, 0]
    assert tracks["release_date"].tolist() == ["2019-02-03", "2018"]
    assert "percent 0..100 -> 0..1" in notes
    assert "LENGTH: m:ss -> duration_ms" in notes
    assert "3 columns ignored: #, A.SEP, RND" in notes
    assert "not in the table: instrumentalness, key, liveness, mode, speechiness, time_signature" in notes


@pytest.mark.parametrize(
    ("separator", "note"), [(",", ""), (";", "separator ;"), ("\t", "separator tab"), ("|", "separator |")]
)
def test_separators(separator: str, note: str) -> None:
    header, row = ["title", "artist", "energy", "tempo"], ["a,b;c|d", "X", "0.5", "120"]
    quoted = [separator.join(f'"{cell}"' for cell in line) for line in (header, row)]
    tracks, notes = read("\n".join(quoted).encode())
    assert tracks["track_name"].tolist() == ["a,b;c|d"]
    assert tracks["energy"].tolist() == [0.5]
    assert note in notes
    assert ("separator" in notes) == bool(note)


def test_decimal_commas() -> None:
    tracks, notes = read(b"title;energy;tempo;loudness\nA;0,5;120,25;-7,5\nB;1;90;\n")
    assert tracks["energy"].tolist() == [0.5, 1]
    assert tracks["tempo"].tolist() == [120.25, 90]
    assert tracks["loudness"][0] == -7.5
    assert np.isnan(tracks["loudness"][1])
    assert "decimal commas in energy, loudness, tempo" in notes


def test_first_line_that_names_the_separator() -> None:
    tracks, _ = read(b"sep=;\r\ntitle;energy\r\nA;0.5\r\n")
    assert tracks["energy"].tolist() == [0.5]


@pytest.mark.parametrize(
    ("encoding", "note"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("utf-16", "encoding utf-16"),
        ("utf-16-be", "encoding utf-16"),
        ("cp1252", "encoding windows-1252"),
        ("utf-32", "encoding utf-32"),
    ],
)
def test_encodings(encoding: str, note: str) -> None:
    text = "title,artist,energy\nFünf – Straße,Mötley Crüe,0.5\n"
    if encoding == "utf-16-be":
        text = "\ufeff" + text
    tracks, notes = read(text.encode(encoding))
    assert tracks["track_name"].tolist() == ["Fünf – Straße"]
    assert tracks["artist_name"].tolist() == ["Mötley Crüe"]
    assert note in notes
    assert ("encoding" in notes) == bool(note)


def test_latin_1_where_windows_has_no_letter() -> None:
    tracks, notes = read(b"title,energy\nCr\xfce\x81,0.5\n")
    assert tracks["track_name"].tolist() == ["Crüe\x81"]
    assert "encoding latin-1" in notes


def test_utf_8_with_a_broken_byte_stays_utf_8() -> None:
    tracks, notes = read("title,energy\nÜber äöüß ñandú,0.5\n".encode() + b"caf\xc3,0.6\n")
    assert tracks["track_name"].tolist() == ["Über äöüß ñandú", "caf\ufffd"]
    assert "1 unreadable place" in notes


def test_quoted_fields_with_line_ends_and_separators() -> None:
    tracks, _ = read(b'title,artist,energy\r\n"one\r\ntwo, ""three""","A, B",0.5\r\n12" mix,C,0.6\r\n')
    assert tracks["track_name"].tolist() == ['one\r\ntwo, "three"', '12" mix']
    assert tracks["artist_name"].tolist() == ["A, B", "C"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends_and_blank_lines(ending: str) -> None:
    tracks, _ = read(ending.join(["", "title,energy", "A,0.5", "", "B,0.6", ""]).encode())
    assert tracks["energy"].tolist() == [0.5, 0.6]


def test_rows_that_are_too_short_or_end_in_separators() -> None:
    tracks, _ = read(b"title,energy,tempo\nA,0.5\n\nB,0.6,120,,\n")
    assert tracks["energy"].tolist() == [0.5, 0.6]
    assert np.isnan(tracks["tempo"][0])
    assert tracks["tempo"][1] == 120


def test_names_that_look_like_missing_values_are_names() -> None:
    tracks, _ = read(b"title,artist,energy\nNA,None,NA\nnull,nan,\n")
    assert tracks["track_name"].tolist() == ["NA", "null"]
    assert tracks["artist_name"].tolist() == ["None", "nan"]
    assert tracks["energy"].isna().all()


RECORDS = [
    {"id": "a", "name": "A", "artists": [{"name": "X"}, {"name": "Y"}], "energy": 0.5, "mode": 1, "liked": True},
    {"id": "b", "name": 1979, "artists": ["Z"], "energy": None, "key": "C#", "liked": False},
    {"id": "c", "name": "C\u2028D", "tempo": 120, "liked": None},
]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(json.dumps(record, ensure_ascii=False) for record in RECORDS),
        json.dumps(RECORDS, indent=2),
        json.dumps({"tracks": RECORDS}),
    ],
)
def test_json(text: str) -> None:
    tracks, notes = read(text.encode())
    assert tracks["track_id"].tolist() == ["a", "b", "c"]
    assert tracks["track_name"].tolist() == ["A", "1979", "C\u2028D"]
    assert tracks["artist_name"].tolist()[:2] == ["X;Y", "Z"]
    assert tracks["liked"].tolist() == [1, 0, pd.NA]
    assert tracks["energy"][0] == 0.5
    assert tracks["key"][1] == 1
    assert "JSON" in notes


@pytest.mark.parametrize(
    "text",
    [
        '{"audio_features": [{"id": "a", "energy": 0.5}, null, {"id": "b", "energy": 0.6}]}',
        '{"audio_features": [null, {"id": "a", "energy": 0.5}, {"id": "b", "energy": 0.6}]}',
        '[null, {"id": "a", "energy": 0.5}, {"id": "b", "energy": 0.6}]',
        '{"id": "a", "energy": 0.5}\nnull\n{"id": "b", "energy": 0.6}\n',
    ],
)
def test_tracks_that_spotify_answers_with_null_are_rows_without_features(text: str) -> None:
    tracks, notes = read(text.encode())
    assert len(tracks) == 3
    assert "1 row without anything (null in the JSON)" in notes
    valid, report = validate(tracks)
    assert valid["track_id"].tolist() == ["a", "b"]
    assert report.set_aside == {"no audio features": 1}


def test_one_json_object_is_one_track() -> None:
    assert read(b'{"energy": 0.5}')[0]["energy"].tolist() == [0.5]


def test_json_with_half_a_surrogate_pair() -> None:
    tracks, _ = read(b'{"name": "x\\ud800", "energy": 0.5, "added_at": "\\ud800"}')
    assert tracks["track_name"].tolist() == ["x?"]


def test_parquet() -> None:
    frame = pd.DataFrame(
        {
            "name": pd.Categorical(["A", "B"]),
            "artists": [["X", "Y"], ["Z"]],
            "energy": np.array([0.25, np.nan], dtype="float32"),
            "key": pd.array([1, None], dtype="Int16"),
            "release_date": pd.to_datetime(["2020-01-02", "2021-01-02"]).date,
            "album": [b"caf\xc3\xa9", b""],
            "explicit": pd.array([True, None], dtype="boolean"),
            "saved": [True, False],
        },
        index=pd.Index(["i1", "i2"], name="track_id"),
    )
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    tracks, notes = read(buffer.getvalue())
    assert tracks["track_id"].tolist() == ["i1", "i2"]
    assert tracks["track_name"].tolist() == ["A", "B"]
    assert tracks["artist_name"].tolist() == ["X;Y", "Z"]
    assert tracks["energy"][0] == 0.25
    assert tracks["key"].isna().tolist() == [False, True]
    assert tracks["release_date"].tolist() == ["2020-01-02", "2021-01-02"]
    assert tracks["album_name"].tolist()[0] == "café"
    assert tracks["liked"].tolist() == [1, 0]
    assert isinstance(tracks.index, pd.RangeIndex)
    assert "parquet" in notes


def test_gzip_is_known_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "tracks.csv"
    path.write_bytes(gzip.compress(SORT_YOUR_MUSIC[:200]) + gzip.compress(SORT_YOUR_MUSIC[200:]))
    reading = open_source(str(path)).read()
    assert len(reading.tracks) == 2
    assert "gzip unpacked" in reading.notes


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(SORT_YOUR_MUSIC,))
    writer.start()
    assert len(open_source(str(pipe)).read().tracks) == 2
    writer.join()


def test_row_numbers_are_no_track_ids() -> None:
    tracks, notes = read(b"id,song,energy\n0,A,0.5\n1,B,0.6\n")
    assert "track_id" not in tracks
    assert "1 column ignored: id" in notes
    assert read(b"id,song,energy\nx0,A,0.5\nx1,B,0.6\n")[0]["track_id"].tolist() == ["x0", "x1"]


def test_of_several_fitting_columns_the_exact_name_is_used() -> None:
    tracks, notes = read(b"Duration (ms),BPM,duration_ms,tempo,Tempo\n1,2,200000,120,3\n")
    assert tracks["duration_ms"].tolist() == [200000]
    assert tracks["tempo"].tolist() == [120]
    assert "duration_ms: 'duration_ms' (column 3) is used, not 'Duration (ms)' (column 1)" in notes
    assert "tempo: 'tempo' (column 4) is used, not 'Tempo' (column 5), 'BPM' (column 2)" in notes


def test_of_several_fitting_columns_with_different_names_the_places_are_not_told() -> None:
    assert "tempo: 'tempo' is used, not 'BPM'" in read(b"BPM,tempo\n1,120\n")[1]


def test_columns_of_one_name_are_told_apart_by_their_places() -> None:
    tracks, notes = read(b"title,energy,tempo,energy\nA,0.5,120,0.6\n")
    assert tracks["energy"].tolist() == [0.5]
    assert "energy: 'energy' (column 2) is used, not 'energy' (column 4)" in notes


def test_headers_and_cells_of_strangers_are_shown_short_and_cannot_steer_a_terminal() -> None:
    long = "junk\x1b[31m" + "x" * 500
    data = f'"{long}","en\nergy","Label","dura\x07tion"\n1,0.5,"evil\x1b[2J{"y" * 99}",3:45\n1,0.6,"Columbia",3:45\n'
    tracks, notes = read(data.encode())
    assert tracks["energy"].tolist() == [0.5, 0.6]
    assert all(line.isprintable() for line in notes.split("\n"))
    assert "x" * 40 not in notes
    assert "y" * 40 not in notes
    assert "junk?[31mxxx" in notes
    assert "'Label' does not hold likes (for example 'evil?[2Jyyy" in notes
    assert "dura?tion: m:ss -> duration_ms" in notes
    for label in ("Label", "nothing\x1b[2J" + "z" * 99):
        with pytest.raises(InputError) as caught:
            read_table(data.encode(), label)
        assert (caught.value.message + caught.value.hint).isprintable()
        assert "y" * 40 not in caught.value.message
        assert "z" * 40 not in caught.value.message
        assert "x" * 40 not in caught.value.hint
    with pytest.raises(InputError) as caught:
        read_table(f"{long},b\n1,2\n".encode())
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 150


def test_links_become_ids_and_python_lists_become_names() -> None:
    link = "https://open.spotify.com/intl-de/track/11dFghVXANMlKmJXsNCbNl?si=1"
    tracks, _ = read(f"url,artists,energy\n{link},\"['A', \"\"B's\"\", 'C\\'s']\",0.5\n".encode())
    assert tracks["track_id"].tolist() == ["11dFghVXANMlKmJXsNCbNl"]
    assert tracks["artist_name"].tolist() == ["A;B's;C's"]


def test_what_is_not_understood_is_kept_for_the_report() -> None:
    tracks, notes = read(b"title,energy,tempo,liked\nA,high,120,yes\nB,0.5,fast,perhaps\n")
    assert tracks["energy"].tolist() == ["high", 0.5]
    assert tracks["tempo"].tolist() == [120, "fast"]
    assert tracks["liked"].tolist() == [1, "perhaps"]
    assert "1 not understood" in notes


def test_infinities_are_kept_for_the_report() -> None:
    assert read(b"energy,tempo\ninf,120\n0.5,-Infinity\n")[0]["energy"].tolist() == [np.inf, 0.5]


def test_one_row_is_a_table() -> None:
    tracks, _ = read(b"title,energy\nA,0.5")
    assert tracks.to_dict("records") == [{"track_name": "A", "energy": 0.5}]
    assert isinstance(tracks.index, pd.RangeIndex)


def test_columns_that_hold_nothing_are_said_and_are_no_names() -> None:
    rows = [f"N/A,none,0.{row},n/a,,-,unknown" for row in range(1, 4)]
    tracks, notes = read("\n".join(["Song,artist,energy,valence,added_at,genres,key", *rows]).encode())
    assert "no value in: Song, artist, genres, added_at, key, valence" in notes
    assert tracks["track_name"].isna().all()
    assert tracks["artist_name"].isna().all()
    assert len(validate(tracks)[0]) == 3, "three songs of unknown names are not one song"


def test_one_value_is_enough_and_one_track_may_have_the_name_of_nothing() -> None:
    tracks, notes = read(b"title,artist,energy,valence\nNone,None,0.5,n/a\n")
    assert (tracks["track_name"][0], tracks["artist_name"][0]) == ("None", "None")
    tracks, notes = read(b"title,artist,energy,valence\nNone,None,0.5,n/a\nOther,None,0.6,0.1\nThird,Other,0.7,\n")
    assert tracks["artist_name"].tolist() == ["None", "None", "Other"]
    assert "no value in" not in notes

"""Units and notations of others."""

import numpy as np
import pandas as pd
import pytest

from connectors.sources.csv_file import read_table
from connectors.tables.columns import ALIASES, NUMBERS, UNIT_INTERVAL, canonical_name, normalise
from features.columns import AUDIO_FEATURES
from features.schema import validate


def column(header: str, *cells: str, name: str | None = None) -> list[object]:
    data = "\n".join([f"{header};valence", *(f"{cell};0.5" for cell in cells)]).encode()
    return read_table(data)[0][name or canonical_name(header)].tolist()


def test_the_names_of_columns_are_those_of_the_schema() -> None:
    from features.schema import COLUMNS

    assert set(ALIASES) | {"liked"} == set(COLUMNS)
    assert set(AUDIO_FEATURES) | {"popularity", "weight"} == set(NUMBERS)
    assert {name for name, info in COLUMNS.items() if info.unit == "fraction"} == set(UNIT_INTERVAL)


def test_no_name_means_two_columns() -> None:
    names = [normalise(alias) for canonical, aliases in ALIASES.items() for alias in {canonical, *aliases}]
    owners = {
        (normalise(alias), canonical) for canonical, aliases in ALIASES.items() for alias in (canonical, *aliases)
    }
    assert all(names)
    assert len({name for name, _ in owners}) == len(owners)


@pytest.mark.parametrize("name", UNIT_INTERVAL)
def test_percent(name: str) -> None:
    assert column(name, "80", "0", "100") == [0.8, 0, 1]
    assert column(name, "80%", "7 %", "")[:2] == [0.8, 0.07]
    assert column(name, "55.5", "60.25") == [0.555, 0.6025]


@pytest.mark.parametrize(
    "cells", [["0", "1", "1"], ["0", "0"], ["1"], ["0.5", "1.5"], ["0.2", "80", "0.3"], ["150", "80"], ["-3", "80"]]
)
def test_what_is_not_percent_stays(cells: list[str]) -> None:
    assert column("energy", *cells) == [float(cell) for cell in cells]


def test_percent_of_one_column_says_nothing_about_fractions_in_another() -> None:
    tracks, notes = read_table(b"energy,liveness,acousticness\n80,1,0.25\n70,0,0.5\n")
    assert tracks["liveness"].tolist() == [1, 0]
    assert tracks["acousticness"].tolist() == [0.25, 0.5]
    assert "energy: percent 0..100 -> 0..1" in notes


def percent_table(decimals: int | None, **changes: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A table of 60 tracks with fractions like Spotify's, and the same in percent."""
    rng = np.random.default_rng(7)
    low = {"instrumentalness": 0.0049, "acousticness": 0.04, "speechiness": 0.045}
    truth = pd.DataFrame(
        {name: np.round(np.clip(low.get(name, 0.4) * np.exp(rng.normal(size=60)), 0, 1), 4) for name in UNIT_INTERVAL}
    )
    shown = truth * 100
    return truth, (shown if decimals is None else shown.round(decimals)).assign(**changes)


@pytest.mark.parametrize("decimals", [0, 1, 2, None])
def test_a_whole_table_in_percent(decimals: int | None) -> None:
    truth, shown = percent_table(decimals)
    tracks, notes = read_table(shown.to_csv(index=False).encode())
    assert 0.3 < shown["instrumentalness"].median() < 0.7 or decimals == 0
    for name in UNIT_INTERVAL:
        assert (
            np.abs(tracks[name] - truth[name]).max()
            <= 0.5 * 10.0 ** -((4 if decimals is None else decimals) + 2) + 1e-9
        )
    (note,) = [note for note in notes if "percent" in note]
    assert note.startswith(", ".join(UNIT_INTERVAL))
    assert ("instrumentalness" in note.partition("(")[2]) == (decimals != 0)


def test_of_a_table_in_percent_a_column_that_stays_below_one_is_told_by_its_decimals() -> None:
    _, shown = percent_table(2)
    traces = np.round(np.linspace(0.01, 0.99, 60), 2)
    tracks, notes = read_table(shown.assign(instrumentalness=traces).to_csv(index=False).encode())
    assert tracks["instrumentalness"].to_numpy() == pytest.approx(traces / 100)
    assert any("instrumentalness" in note and note.endswith("like the others)") for note in notes)

    fractions = np.round(np.linspace(0.0123, 0.9876, 60), 4)
    tracks, notes = read_table(shown.assign(instrumentalness=fractions).to_csv(index=False).encode())
    assert (tracks["instrumentalness"] == fractions).all()
    assert "instrumentalness: taken as 0..1 already" in notes


@pytest.mark.parametrize("cell", ["130", "-0.5"])
def test_in_a_table_in_percent_what_is_no_percentage_stays_for_the_report(cell: str) -> None:
    tracks, _ = read_table(f"energy,valence,liveness\n80,60,0.7\n70,50,{cell}\n".encode())
    assert tracks["liveness"].tolist() == [0.7, float(cell)]


@pytest.mark.parametrize(
    ("header", "cells", "expected"),
    [
        ("duration_ms", ["200000", "180000"], [200000, 180000]),
        ("Duration (ms)", ["200", "180"], [200000, 180000]),
        ("duration", ["200", "180.5"], [200000, 180500]),
        ("duration", ["200000", "180000"], [200000, 180000]),
        ("length", ["3.5", "4"], [210000, 240000]),
        ("duration_s", ["200", "12"], [200000, 12000]),
        ("Duration Minutes", ["3.5", "4"], [210000, 240000]),
        ("LENGTH", ["3:45", "0:59"], [225000, 59000]),
        ("Time", ["1:00:00", "61:01.5"], [3600000, 3661500]),
        ("duration_ms", ["3:45", "4:00"], [225000, 240000]),
        ("duration_ms", ["204,600", "1,204,600"], [204600, 1204600]),
        ("duration_ms", ["5", "7"], [300000, 420000]),
        ("duration_ms", ["3.5"], [210000]),
        ("duration_ms", ["3.5", "4"] * 6, [210000, 240000] * 6),
        ("duration_ms", ["1500", "900"], [1500, 900]),
        ("LENGTH", ["3:45", "215", "0:59"], [225000, 215000, 59000]),
        ("LENGTH", ["3:45", "215000", "0:59"], [225000, 215000, 59000]),
        ("duration_ms", ["3:45", "215"], [225000, 215000]),
        ("duration", ["3:45", "3.5", ""], [225000, 210000, None]),
    ],
)
def test_durations(header: str, cells: list[str], expected: list[float | None]) -> None:
    found = column(header, *cells, name="duration_ms")
    assert [None if np.isnan(value) else value for value in found] == expected


def test_units_beside_clock_times_are_told() -> None:
    assert "LENGTH: m:ss and seconds -> duration_ms" in read_table(b"LENGTH,energy\n3:45,0.5\n215,0.5\n")[1]


def test_a_duration_that_is_none_stays_for_the_report() -> None:
    assert column("duration", "3:45", "long", "3:99") == [225000, "long", "3:99"]


@pytest.mark.parametrize(
    ("name", "pitch"),
    [("C", 0), ("C#", 1), ("Db", 1), ("C♯", 1), ("D♭", 1), ("c sharp", 1), ("E flat", 3), ("Bb", 10), ("b", 11),
     ("Cb", 11), ("B#", 0), ("F♯/G♭", 6), ("G#/Ab", 8), ("7", 7), ("-1", -1), ("8B", 0), ("9B", 7), ("8A", 9),
     ("5a", 0), ("12B", 4), ("F Sharp", 6), ("F-sharp", 6), ("F SHARP", 6), ("f♯", 6), ("G-Flat", 6), ("f_sharp", 6),
     ("H", 11), ("h", 11), ("F Sharp / G Flat", 6)],
)  # fmt: skip
def test_keys(name: str, pitch: int) -> None:
    assert column("key", name, "C") == [pitch, 0]


@pytest.mark.parametrize(
    ("name", "pitch", "mode"),
    [("A minor", 9, 0), ("Am", 9, 0), ("A Major", 9, 1), ("F# maj", 6, 1), ("Ebmin", 3, 0), ("C♯/D♭ Minor", 1, 0),
     ("AM", 9, 1), ("8A", 9, 0), ("8B", 0, 1), ("F-Sharp-Minor", 6, 0), ("H-Moll", 11, 0),
     ("D Dur", 2, 1)],
)  # fmt: skip
def test_keys_that_name_the_mode(name: str, pitch: int, mode: int) -> None:
    tracks, notes = read_table(f"key,energy\n{name},0.5\nG,0.6\n".encode())
    assert tracks["key"].tolist() == [pitch, 7]
    assert tracks["mode"][0] == mode
    assert np.isnan(tracks["mode"][1])
    assert "key names -> pitch classes 0..11" in notes
    assert "mode: taken from the names of keys" in notes


def test_a_mode_column_goes_before_the_names_of_keys() -> None:
    tracks, notes = read_table(b"key,mode,energy\nA minor,1,0.5\nA minor,,0.5\n")
    assert tracks["mode"].tolist() == [1, 0]
    assert "mode: taken from the names of keys" in notes
    tracks, notes = read_table(b"key,mode,energy\nA minor,1,0.5\nC,,0.5\n")
    assert tracks["mode"][0] == 1
    assert "mode: taken from the names of keys" not in notes


@pytest.mark.parametrize("word", ["J", "X minor", "Cis", "F Sharpish", "Cx", "13A", "do"])
def test_keys_that_are_none_stay_for_the_report(word: str) -> None:
    assert column("key", word, "C") == [word, 0]


def test_modes_and_meters() -> None:
    assert column("mode", "Major", "minor", "1", "0") == [1, 0, 1, 0]
    assert column("mode", "dorian", "minor") == ["dorian", 0]
    assert column("time_signature", "4/4", "3/4", "5") == [4, 3, 5]


@pytest.mark.parametrize(
    ("header", "cell", "expected"),
    [("loudness", "-7.5 dB", -7.5), ("Loud (Db)", "\u22127", -7), ("BPM", "120 bpm", 120), ("tempo", "120,5", 120.5),
     ("tempo", "1_000", "1_000"), ("tempo", "1e2", 100), ("tempo", " 99 ", 99)],
)  # fmt: skip
def test_numbers_in_other_hands(header: str, cell: str, expected: object) -> None:
    assert column(header, cell, "?")[0] == expected


def test_numbers_are_read_exactly() -> None:
    values = np.random.default_rng(0).random(2000)
    assert (read_table(("energy\n" + "\n".join(map(repr, values.tolist()))).encode())[0]["energy"] == values).all()


@pytest.mark.parametrize("loud", [[5.2, 12.3, 7.0], [0.0, 3.5, 2.0, 2.5, 41.0]])
def test_loudness_without_its_minus_signs_gets_them_back(loud: list[float]) -> None:
    text = "energy,loudness\n" + "\n".join(f"0.5,{value}" for value in loud)
    tracks, notes = read_table(text.encode())
    assert tracks["loudness"].tolist() == [-value for value in loud]
    assert "loudness: minus signs put back" in notes


@pytest.mark.parametrize("loud", [[5.2, 12.3], [5.2, 12.3, -7.0], [62.0, 70.0, 55.0], [-5.0, -7.0, -12.0]])
def test_loudness_that_may_be_right_or_something_else_stays(loud: list[float]) -> None:
    text = "energy,loudness\n" + "\n".join(f"0.5,{value}" for value in loud)
    tracks, notes = read_table(text.encode())
    assert tracks["loudness"].tolist() == loud
    assert not [note for note in notes if "minus" in note]
    faults = [fault for fault in validate(tracks)[1].faults if fault.rule == "out of range"]
    told = "these are no dB" if min(loud) > 50 else "the minus signs seem to be lost"
    assert all(told in fault.hint for fault in faults)
    assert len(faults) == (max(loud) > 10)

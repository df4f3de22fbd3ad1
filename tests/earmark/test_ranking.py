"""Rankings as JSON, CSV and playlists."""

import csv
import io
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.ranking import REASONS, as_csv, as_m3u, in_words, is_spotify_id, printable, rank_answer, reasons
from features.report import ValidationReport
from features.schema import AUDIO_FEATURES
from models.ranker import Ranker, Ranking

NOTHING_ODD = ValidationReport(7, 7)


def ranking_of(**columns: object) -> Ranking:
    table = pd.DataFrame(
        {
            "rank": [1, 2],
            "track_id": ["4uLU6hMCjMI75M1A2tKUQC", "local:0a"],
            "track_name": ["One", None],
            "artist_name": ["Somebody; Else", pd.NA],
            "like_probability": [0.91234567, 0.5],
            "predicted_like": [True, False],
            "known": [False, True],
        }
        | columns
    )
    return Ranking(table, 0.6, 7, (0.71234, math.nan, 0.9))


def test_missing_values_become_null() -> None:
    answer = rank_answer(ranking_of(), "a-model", report=ValidationReport(10, 7, (), 1, {"no audio features": 2}))
    assert answer["expected_precision"] == {"value": 0.7123, "low": None, "high": 0.9}
    assert (answer["set_aside"], answer["merged"]) == ({"no audio features": 2}, 1)
    assert answer["tracks"][1] == {
        "rank": 2,
        "track_id": "local:0a",
        "track_name": None,
        "artist_name": None,
        "like_probability": 0.5,
        "predicted_like": False,
        "known": True,
    }
    assert answer["tracks"][0]["like_probability"] == 0.912346


def test_csv_quotes_what_would_break_it_and_reads_back() -> None:
    names = ['He said "no", twice', "two\nlines"]
    answer = rank_answer(ranking_of(track_name=names), "m", report=NOTHING_ODD)
    rows = list(csv.DictReader(io.StringIO(as_csv(answer))))
    assert [row["track_name"] for row in rows] == names
    assert rows[1]["artist_name"] == ""
    assert "reasons" not in rows[0]


def test_csv_of_nothing_is_a_header() -> None:
    empty = Ranking(ranking_of().tracks.head(0), 0.6, 7, (math.nan, math.nan, math.nan))
    assert as_csv(rank_answer(empty, "m", report=NOTHING_ODD)).splitlines() == [
        "rank,track_id,track_name,artist_name,like_probability,predicted_like,known"
    ]
    assert as_m3u(rank_answer(empty, "m", report=NOTHING_ODD), empty.tracks["rank"]) == "#EXTM3U\n"


@given(
    titles=st.lists(st.one_of(st.none(), st.text()), min_size=2, max_size=2),
    artists=st.lists(st.one_of(st.none(), st.text()), min_size=2, max_size=2),
    ids=st.lists(st.text(min_size=1), min_size=2, max_size=2),
)
def test_a_playlist_plays_nothing_but_spotifys_addresses_whatever_the_names(
    titles: list[str | None], artists: list[str | None], ids: list[str]
) -> None:
    ranking = ranking_of(track_name=titles, artist_name=artists, track_id=ids)
    text = as_m3u(rank_answer(ranking, "m", report=NOTHING_ODD), pd.Series([1000.0, np.nan]))
    lines = text.splitlines()
    entries = [line for line in lines[1:] if line.startswith("#EXTINF:")]
    assert [entry.split(",")[0] for entry in entries] == ["#EXTINF:1", "#EXTINF:-1"]
    played = [line for line in lines if not line.startswith("#")]
    assert played == [f"https://open.spotify.com/track/{track_id}" for track_id in ids if is_spotify_id(track_id)]
    assert len(lines) == 3 + len(played)


@pytest.mark.parametrize(
    ("track_id", "expected"),
    [
        ("4uLU6hMCjMI75M1A2tKUQC", True),
        ("4uLU6hMCjMI75M1A2tKUQ", False),
        ("4uLU6hMCjMI75M1A2tKUQ/", False),
        ("４uLU6hMCjMI75M1A2tKUQC", False),
        ("local:0123456789abcdef", False),
    ],
)
def test_only_spotifys_ids_become_addresses(track_id: str, expected: bool) -> None:
    assert is_spotify_id(track_id) == expected
    answer = rank_answer(ranking_of(track_id=[track_id, "x"]), "m", report=NOTHING_ODD)
    text = as_m3u(answer, pd.Series([1.0, 1.0]))
    assert (f"https://open.spotify.com/track/{track_id}" in text) == expected


def test_the_demos_tracks_have_no_address(demo_candidates: pd.DataFrame) -> None:
    invented = demo_candidates["track_id"].iloc[0]
    answer = rank_answer(ranking_of(track_id=[invented, "4uLU6hMCjMI75M1A2tKUQC"]), "m", report=NOTHING_ODD)
    lines = as_m3u(answer, pd.Series([1000.0, 1000.0])).splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC"
    ]
    assert len(lines) == 4


@given(st.text())
def test_printable_text_stays_on_its_line(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert len(shown) <= len(text)
    assert printable(shown) == shown


def test_reasons_are_the_strongest_effects_of_each_track(demo_ranker: Ranker, demo_tracks: pd.DataFrame) -> None:
    candidates = demo_tracks.head(6).copy()
    candidates.loc[0, "energy"] = np.nan
    scored = demo_ranker.scored(candidates)
    tracks = scored.tracks.iloc[[4, 1, 3]]
    effects = scored.explain([4, 1, 3]).drop(columns="base")
    for position, why in enumerate(reasons(scored, tracks)):
        assert len(why) == REASONS
        row = effects.iloc[position].abs()
        assert {reason["feature"] for reason in why} == set(row.nlargest(REASONS).index)
        for reason in why:
            if reason["feature"] in AUDIO_FEATURES:
                value = tracks[reason["feature"]].iloc[position]
                assert reason["value"] == (None if math.isnan(value) else value)
            assert reason["effect"] == round(float(effects[reason["feature"]].iloc[position]), 4)


def test_the_release_year_is_told_where_it_is_known(
    demo_ranker: Ranker, demo_candidates: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earmark.ranking.REASONS", 100)
    scored = demo_ranker.scored(demo_candidates)
    every = [reason for why in reasons(scored, scored.tracks.head(9)) for reason in why]
    told = [reason for reason in every if reason["feature"] == "release_year"]
    assert len(told) == 9
    years = {float(date[:4]) for date in demo_candidates["release_date"].dropna()}
    assert {reason["value"] for reason in told} <= years


def test_reasons_in_words() -> None:
    why = [
        {"feature": "danceability", "value": 0.8349, "effect": 0.412},
        {"feature": "energy", "value": None, "effect": -0.1},
    ]
    assert in_words(why) == "danceability 0.83: +0.41, energy missing: -0.10"
    assert in_words([]) == ""
    nothing = [{"feature": "valence", "value": None, "effect": effect} for effect in (-0.0012, 0.0, 0.0049)]
    assert in_words([*why, *nothing]) == in_words(why)
    assert in_words(nothing) == ""


def test_reasons_have_the_pages_units() -> None:
    why = [
        {"feature": "duration_ms", "value": 445_800.0, "effect": -0.3},
        {"feature": "loudness", "value": -7.24, "effect": 0.2},
        {"feature": "key", "value": 6.0, "effect": 0.1},
        {"feature": "key", "value": -1.0, "effect": 0.1},
        {"feature": "artist_sound", "value": None, "effect": 0.1},
    ]
    assert in_words(why) == (
        "duration 7:26: -0.30, loudness \N{MINUS SIGN}7.2 dB: +0.20, key F♯: +0.10, key missing: +0.10, "
        "the artist's sound: +0.10"
    )

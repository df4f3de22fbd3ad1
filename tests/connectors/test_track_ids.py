"""What a track goes by."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.track_ids import best_id, named_by, plain_isrc, spotify_id
from features.columns import AUDIO_FEATURES
from features.identity import local_ids

SPOTIFY = "4iV5W9uYEdYUVa79Axb7Rh"


@pytest.mark.parametrize(
    ("given", "isrc", "expected"),
    [
        (SPOTIFY, "USS1Z9900001", SPOTIFY),
        ("17", "us-s1z-99-00001", "isrc:USS1Z9900001"),
        (None, "isrc:USS1Z9900001", "isrc:USS1Z9900001"),
        (float("nan"), float("nan"), None),
        (SPOTIFY + "\n", "USS1Z990000", None),
        (f"spotify:track:{SPOTIFY}", "USS1Z99000012", None),
    ],
)
def test_the_best_that_is_known(given: object, isrc: object, expected: str | None) -> None:
    assert best_id(given, isrc, None, "Song") == expected


@pytest.mark.parametrize(
    ("track_id", "way"), [(SPOTIFY, "id"), ("isrc:USS1Z9900001", "isrc"), ("local:0123456789abcdef", "name")]
)
def test_what_an_id_is_made_of(track_id: str, way: str) -> None:
    assert named_by(track_id) == way


def test_what_is_no_text_is_no_id() -> None:
    assert spotify_id(17) is None
    assert plain_isrc(17) is None


@given(st.text(), st.text())
def test_local_ids_are_those_of_a_tracks_table(artist: str, title: str) -> None:
    ours = best_id(None, None, artist, title)
    if ours is not None:
        table = pd.DataFrame({"track_id": [None], "track_name": [title], "artist_name": [artist]})
        columns = ["track_id", "track_name", "artist_name", *AUDIO_FEATURES]
        assert local_ids(table.reindex(columns=columns)).tolist() == [ours]

"""Normalised names, stable keys, ids made here and the digest of a table."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.columns import AUDIO_FEATURES
from features.identity import local_ids, normalise_artist, normalise_name, primary_artist, table_digest, track_keys


def tracks(**columns: object) -> pd.DataFrame:
    """Two clean tracks with some columns replaced."""
    table = pd.DataFrame({name: [0.25, 0.5] for name in AUDIO_FEATURES})
    names = {"track_id": ["a", None], "track_name": ["Song", "Lied"], "artist_name": ["Band", None]}
    for name, values in names.items():
        table.insert(0, name, pd.Series(values, dtype="str"))
    return table.assign(**columns)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Beyoncé", "beyonce"),
        ("Beyonce\u0301", "beyonce"),
        ("  It Ain\u2019t   Me ", "it ain't me"),
        ("It Ain`t Me", "it ain't me"),
        ("\u201cHeroes\u201d", '"heroes"'),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("Sigur R\u00f3s \u2013 \u00c1g\u00e6tis", "sigur ros - ag\u00e6tis"),
        ("\uff26\uff35\uff2c\uff2c", "full"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("non\u00a0breaking\u3000space", "non breaking space"),
        ("", ""),
        (None, ""),
        (np.nan, ""),
        (pd.NA, ""),
    ],
)
def test_names_are_folded(name: object, expected: str) -> None:
    assert normalise_name(name) == expected


def test_marks_that_tell_letters_apart_are_kept() -> None:
    assert normalise_name("\u304c") != normalise_name("\u304b")
    assert normalise_name("\u304b\u3099") == normalise_name("\u304c")


@given(st.text())
def test_folding_again_changes_nothing(name: str) -> None:
    folded = normalise_name(name)
    assert normalise_name(folded) == folded
    assert normalise_name(f" {name}  ") == folded


def test_artists_are_the_same_under_either_separator() -> None:
    assert normalise_artist("JAY-Z;Kanye West") == normalise_artist("Jay\u2010Z ,  Kanye West") == "jay-z, kanye west"


def test_primary_artist_does_not_split_at_commas() -> None:
    given_names = pd.Series(
        [
            "Tyler, The Creator",
            "Drake;Future",
            "Eminem feat. Dido",
            "A Ft. B",
            "Craft Spells",
            "X (featuring Y)",
            "; B",
            None,
        ],
        index=range(8, 0, -1),
        dtype="str",
    )
    answer = primary_artist(given_names)
    assert answer.tolist()[:-1] == ["Tyler, The Creator", "Drake", "Eminem", "A", "Craft Spells", "X", "B"]
    assert answer.isna().tolist() == [False] * 7 + [True]
    assert answer.index.equals(given_names.index)


def test_keys_are_stable_across_runs_and_machines() -> None:
    keys = track_keys(tracks())
    assert keys.dtypes.astype(str).tolist() == ["uint64"] * 3
    assert keys.to_dict("list") == {
        "id_key": [4681665781835383343, 0],
        "name_key": [13686603802033053239, 0],
        "feature_key": [5829046617169157584, 17485388188813769969],
    }


def test_keys_are_zero_where_something_is_missing_and_ignore_how_a_name_is_written() -> None:
    table = tracks(artist_name=["BÄND", "Band"], track_name=["song", "Song "], key=[np.nan, 1.0])
    keys = track_keys(table.set_axis([7, 9]))
    assert keys.index.tolist() == [7, 9]
    folded, plain = keys["name_key"]
    assert folded == plain != 0
    assert (keys["feature_key"] == 0).tolist() == [True, False]


def test_artist_and_title_do_not_run_into_each_other() -> None:
    keys = track_keys(tracks(artist_name=["ab", "a"], track_name=["c", "bc"]))
    assert keys["name_key"].nunique() == 2


def test_made_ids_come_from_the_name_else_from_what_is_known_and_are_unique() -> None:
    nameless = tracks(track_id=None, track_name=None, artist_name=None, key=np.nan)
    twins = pd.concat([nameless, nameless, tracks(track_id=None, artist_name="Band")], ignore_index=True)
    ids = local_ids(twins.astype(dict.fromkeys(["track_id", "track_name", "artist_name"], "str")))
    assert ids.is_unique
    assert ids.str.fullmatch("local:[0-9a-f]{16}").all()
    assert ids.iloc[4] == f"local:{13686603802033053239:016x}", "the name's key, so a stored key finds it again"


def test_given_ids_are_kept() -> None:
    ids = local_ids(tracks())
    assert ids.iloc[0] == "a"
    assert ids.iloc[1].startswith("local:")


def test_a_digest_sees_content_order_and_types_but_not_the_index() -> None:
    table = tracks(
        liked=pd.array([1, None], dtype="Int8"),
        explicit=pd.array([True, None], dtype="boolean"),
        added_at=pd.to_datetime(["2024-05-31", None], utc=True),
    )
    digest = table_digest(table)
    assert len(digest) == 64
    assert table_digest(table.set_axis([5, 5])) == digest
    assert table_digest(table.copy(deep=True)) == digest
    changed = [
        table.iloc[::-1],
        table.iloc[:, ::-1],
        table.rename(columns={"key": "clef"}),
        table.assign(liked=pd.array([0, None], dtype="Int8")),
        table.assign(liked=pd.array([1, 0], dtype="Int8")),
        table.assign(liked=table["liked"].astype("Int16")),
        table.assign(explicit=pd.array([True, False], dtype="boolean")),
        table.assign(added_at=table["added_at"] + pd.Timedelta("1us")),
        table.assign(track_name=["Song", "Lied "]),
        table.assign(energy=[0.25, np.nextafter(0.5, 1)]),
    ]
    assert len({digest, *map(table_digest, changed)}) == len(changed) + 1


def test_a_digest_does_not_let_text_move_between_rows() -> None:
    assert table_digest(tracks(track_name=["ab", "c"])) != table_digest(tracks(track_name=["a", "bc"]))
    assert table_digest(tracks(track_name=["", "c"])) != table_digest(
        tracks(track_name=pd.Series([None, "c"], dtype="str"))
    )


def test_a_digest_knows_one_zero_and_one_nan() -> None:
    assert table_digest(tracks(energy=[0.0, 1.0])) == table_digest(tracks(energy=[-0.0, 1.0]))
    strange_nan = np.array([0x7FF8000000000001, 0], dtype=np.uint64).view(np.float64)
    assert table_digest(tracks(energy=strange_nan)) == table_digest(tracks(energy=[np.nan, 0.0]))

"""Artists' names and songs' titles: what counts as the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.artist_names import artist_key, artist_keys, resolve_artists
from features.fingerprints import song_title


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Beatles", "beatles"),
        ("Beatles, The", "The Beatles"),
        ("Beyoncé", "BEYONCE"),
        ("Simon & Garfunkel", "Simon and Garfunkel"),
        ("Florence + The Machine", "Florence & the Machine"),
        ("JAY-Z", "Jay Z"),
        ("'The Black Eyed Peas'", "Black Eyed Peas"),
        ("H.E.R.", "HER"),
        ("Tyler, The Creator", "Tyler the Creator"),
        ("Guns N\u2019 Roses", "Guns N' Roses"),
        ("T. Rex", "T  Rex"),
    ],
)
def test_ways_to_write_one_artist(one: str, other: str) -> None:
    assert artist_key(one) == artist_key(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("The The", "Thee"), ("!!!", "???"), ("A$AP Rocky", "AAP Rocky"), ("がらし", "からし"), ("Air", "Aira")],
)
def test_artists_that_are_two(one: str, other: str) -> None:
    assert artist_key(one) != artist_key(other)


@pytest.mark.parametrize("name", [None, float("nan"), "", "  ", "Various Artists", "unknown artist", "[Unknown]", 7])
def test_nobody_has_no_key(name: object) -> None:
    assert artist_keys(name) == ()


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("Drake", ("drake",)),
        ("Drake;Future", ("drake",)),
        ("Drake feat. Future", ("drake",)),
        ("Drake ft Future", ("drake",)),
        ("Drake (featuring Future)", ("drake",)),
        ("['Drake', \"Future\"]", ("drake",)),
        ("['Destiny\\'s Child', 'Wyclef Jean']", ("destinys child",)),
        ("Drake, Future", ("drake future", "drake")),
        ("Tyler, The Creator feat. Kali Uchis", ("tyler the creator", "tyler")),
        ("Ella Fitzgerald with Count Basie", ("ella fitzgerald with count basie", "ella fitzgerald")),
        ("Teams vs. Star Slinger", ("teams vs star slinger", "teams")),
        ("Daft Punk", ("daft punk",)),  # "ft" inside a word
        ("Earth, Wind & Fire", ("earth wind and fire", "earth")),
    ],
)
def test_what_an_artist_is_looked_up_by(name: str, keys: tuple[str, ...]) -> None:
    assert artist_keys(name) == keys


def test_lists_are_told_from_names_by_what_else_is_known() -> None:
    counts = {"Shakira, Ozuna": 2, "Shakira": 40, "Earth, Wind & Fire": 60, "Earth": 3, "Oh, Sleeper": 4, "Nobody": 1}
    found = resolve_artists({**counts, "Various Artists": 500})
    assert found == {
        "Shakira, Ozuna": "shakira",
        "Shakira": "shakira",
        "Earth, Wind & Fire": "earth wind and fire",
        "Earth": "earth",
        "Oh, Sleeper": "oh sleeper",
        "Nobody": "nobody",
        "Various Artists": "",
    }


def test_tracks_known_before_count_too() -> None:
    known = {"shakira": 40, "tyler the creator": 9, "tyler": 2}
    found = resolve_artists(
        {"Shakira, Ozuna": 3, "Tyler, The Creator": 1}, lambda keys: [known.get(key, 0) for key in keys]
    )
    assert found == {"Shakira, Ozuna": "shakira", "Tyler, The Creator": "tyler the creator"}


@given(st.text(max_size=30))
def test_any_text_has_at_most_two_keys_and_they_are_stable(name: str) -> None:
    keys = artist_keys(name)
    assert len(keys) <= 2
    assert all(key and key == " ".join(key.split()) for key in keys)
    assert artist_keys(f"  {name}\n") == keys


@given(st.text(st.characters(exclude_characters=";["), min_size=1, max_size=30))
def test_what_follows_a_semicolon_changes_nothing(name: str) -> None:
    if name.strip():
        assert artist_keys(f"{name};Somebody Else") == artist_keys(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mask Off", "'MASK OFF'"),
        ("Metro Spider (with Young Thug)", "Metro Spider"),
        ("NÓS2 (feat. Deezy)", "NOS2"),
        ("One ft. Somebody", "One"),
        ("Come Together - Remastered 2009", "Come Together"),
        ("Come Together (2009 Remaster)", "Come Together"),
    ],
)
def test_titles_of_one_song(one: str, other: str) -> None:
    assert song_title(one) == song_title(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("Dance with Me", "Dance"), ("Song - Live", "Song"), ("Intro", "Outro"), ("?", "!"), ("1-2-3", "4-5-6")],
)
def test_titles_of_two_songs(one: str, other: str) -> None:
    assert song_title(one) != song_title(other)

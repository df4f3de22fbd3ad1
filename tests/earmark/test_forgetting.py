"""What is forgotten with a source, and what is not its to take."""

from pathlib import Path

import pandas as pd
import pytest

from connectors.library import EvidenceRow, Library, TrackRow
from earmark.forgetting import forget, in_words
from earmark.home import Home
from earmark.training_tables import load_table, save_table

OWN, EVERYBODYS, OTHER = "a" * 32, "b" * 32, "c" * 32


@pytest.fixture
def home(tmp_path: Path, demo_tracks: pd.DataFrame) -> Home:
    """A library with a like from a history, and what was learned from csv, from all, and from last.fm."""
    home = Home(tmp_path)
    for run_id, source in ((OWN, "csv"), (EVERYBODYS, "library"), (OTHER, "lastfm")):
        save_table(home, run_id, demo_tracks.head(3), source)
    with Library.open(home.library_url) as library:
        library.add_tracks([TrackRow(track_id="local:1", track_name="One", artist_name="Somebody")])
        library.add_tracks([TrackRow(track_id="local:2", track_name="Two", artist_name="Nobody tells of it")])
        library.add_evidence([EvidenceRow(track_id="local:1", source="history", kind="like", liked=True)])
    return home


def left(home: Home) -> list[str]:
    return [run_id for run_id in (OWN, EVERYBODYS, OTHER) if load_table(home, run_id) is not None]


def test_a_source_of_which_the_library_has_nothing_takes_only_its_own_tables(home: Home) -> None:
    with Library.open(home.library_url) as library:
        gone = forget(library, home, "csv")
        assert gone["training_tables"] == 1
        assert left(home) == [EVERYBODYS, OTHER]
        assert not any(forget(library, home, "csv").values())
        assert library.summary().tracks == 2


def test_what_learned_from_all_goes_with_any_evidence(home: Home) -> None:
    with Library.open(home.library_url) as library:
        gone = forget(library, home, "history")
    assert (gone["evidence"], gone["tracks"], gone["training_tables"]) == (1, 2, 1)
    assert left(home) == [OWN, OTHER]


def test_one_of_a_kind_is_spoken_of_as_one() -> None:
    gone = {"evidence": 1, "plays": 0, "not_found": 10, "tracks": 1200, "training_tables": 1}
    assert in_words(gone) == "1 evidence, 10 not found, 1,200 tracks, 1 training table"
    assert in_words({"lists": 0}) == ""

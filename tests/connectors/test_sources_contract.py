"""What every source keeps to: each file under ``connectors/sources`` is tested the moment it exists."""

import importlib
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from connectors.evidence.rules import RULE_OF
from connectors.library import Library
from connectors.library.rows import EvidenceRow, FeatureRow, TrackRow
from connectors.registry import SourceSpec, open_source, sources
from connectors.source import Reading, SourceRequest
from connectors.sources import _template
from features.errors import InputError
from features.schema import validate

EVERY = sources()
NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize("name", EVERY)
def test_names_agree(name: str) -> None:
    spec = EVERY[name]
    assert spec.name == name
    assert importlib.import_module(f"connectors.sources.{name}").SOURCE is spec
    assert name.isidentifier()
    assert name.islower()


@pytest.mark.parametrize("name", EVERY)
def test_says_in_one_line_what_it_is(name: str) -> None:
    spec = EVERY[name]
    assert spec.summary.strip()
    assert spec.summary.isprintable()
    assert open_source(name).name == name


@pytest.fixture
def library_url(tmp_path: Path) -> str:
    """A library in which each source that reads it finds a track."""
    url = f"sqlite:///{tmp_path / 'library.db'}"
    with Library.open(url) as library:
        for source, kind in (("spotify", "like"), ("history", "ban"), ("listenbrainz", "love"), ("lastfm", "love")):
            rule = RULE_OF[kind]
            track_id = f"{source:0<22}"
            library.add_tracks([TrackRow(track_id=track_id, track_name=source, artist_name="Band")])
            row = {"source": source, "kind": kind, "liked": rule.liked, "weight": rule.weight, "at": None}
            library.add_evidence([EvidenceRow(track_id=track_id, reason="for a test", **row)])
            library.add_features([FeatureRow(track_id=track_id, values={"energy": 0.5}, source="csv", fetched_at=NOW)])
    return url


@pytest.mark.parametrize("name", sorted(set(EVERY) - {"csv_file"}))
def test_has_no_labels_where_none_are_wanted(name: str, library_url: str) -> None:
    found = open_source(name, label="whatever", labels=False, library_url=library_url).read().tracks
    assert "liked" not in found
    assert len(found) > 0


@pytest.mark.parametrize("name", ["library", "history", "listenbrainz", "lastfm", "spotify"])
def test_an_empty_library_is_explained(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        open_source(name, library_url=f"sqlite:///{tmp_path / 'empty.db'}").read()
    assert "earmark" in caught.value.hint


def test_tracks_without_features_wait_or_are_used(library_url: str) -> None:
    with Library.open(library_url) as library:
        library.add_tracks([TrackRow(track_id="unheard", track_name="Song", artist_name="Band")])
        library.add_evidence(
            [
                EvidenceRow(
                    track_id="unheard", source="spotify", kind="like", liked=True, weight=1.0, at=None, reason="test"
                )
            ]
        )
    waiting, used = (
        open_source("library", library_url=library_url, without_features=choice).read() for choice in ("wait", "use")
    )
    assert set(used.tracks["track_id"]) - set(waiting.tracks["track_id"]) == {"unheard"}
    assert any("1 labelled tracks wait" in note for note in waiting.notes)
    assert "unheard" in set(validate(used.tracks, unheard=True)[0]["track_id"])


def test_where_spotify_cannot_be_asked_the_library_has_to_do(library_url: str) -> None:
    reading = open_source("spotify", library_url=library_url).read()
    assert sorted(reading.tracks["liked"]) == [0, 1, 1, 1]
    assert any(note.startswith("not brought up to date: there is no Spotify client id") for note in reading.notes)


@pytest.mark.parametrize("name", EVERY)
def test_is_documented(name: str) -> None:
    assert importlib.import_module(f"connectors.sources.{name}").__doc__


def test_the_template_works_as_it_stands() -> None:
    assert isinstance(_template.SOURCE, SourceSpec)
    reading = _template.SOURCE.open(SourceRequest("_template")).read()
    assert isinstance(reading, Reading)
    assert isinstance(reading.tracks, pd.DataFrame)
    assert reading.tracks["track_name"].tolist() == ["Cut To The Feeling"]

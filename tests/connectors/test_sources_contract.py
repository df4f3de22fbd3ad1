"""What every source keeps to: each file under ``connectors/sources`` is tested the moment it exists."""

import importlib

import pandas as pd
import pytest

from connectors.registry import SourceSpec, open_source, sources
from connectors.source import Reading, SourceRequest
from connectors.sources import _template

EVERY = sources()


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


@pytest.mark.parametrize("name", sorted(set(EVERY) - {"csv_file"}))
def test_has_no_labels_where_none_are_wanted(name: str) -> None:
    assert "liked" not in open_source(name, label="whatever", labels=False).read().tracks


@pytest.mark.parametrize("name", EVERY)
def test_is_documented(name: str) -> None:
    assert importlib.import_module(f"connectors.sources.{name}").__doc__


def test_the_template_works_as_it_stands() -> None:
    assert isinstance(_template.SOURCE, SourceSpec)
    reading = _template.SOURCE.open(SourceRequest("_template")).read()
    assert isinstance(reading, Reading)
    assert isinstance(reading.tracks, pd.DataFrame)
    assert reading.tracks["track_name"].tolist() == ["Cut To The Feeling"]

"""What every source keeps to: each file under ``connectors/sources`` is tested the moment it exists."""

import importlib

import pandas as pd
import pytest

from connectors.registry import SourceSpec, open_source, sources
from connectors.source import Reading
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
    source = open_source(name)
    assert source.name == name
    assert source.describe().strip()
    assert source.describe().isprintable()


@pytest.mark.parametrize("name", EVERY)
def test_is_documented(name: str) -> None:
    assert importlib.import_module(f"connectors.sources.{name}").__doc__


def test_the_template_works_as_it_stands() -> None:
    assert isinstance(_template.SOURCE, SourceSpec)
    source = _template.SOURCE.open("_template", None, 0)
    reading = source.read()
    assert isinstance(reading, Reading)
    assert isinstance(reading.tracks, pd.DataFrame)
    assert reading.tracks["track_name"].tolist() == ["Cut To The Feeling"]
    assert source.describe().isprintable()

"""A library with judged tracks, and services on loopback that answer as they are told."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.library import Library
from tests.connectors.audio_features.services import ReccoBeatsService


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(f"sqlite:///{tmp_path / 'library.db'}") as opened:
        yield opened


@pytest.fixture
def service() -> Iterator[ReccoBeatsService]:
    with ReccoBeatsService() as running:
        yield running

"""A library, and ListenBrainz on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.library import Library
from tests.connectors.listenbrainz.services import ListenBrainzService


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(f"sqlite:///{tmp_path / 'library.db'}") as opened:
        yield opened


@pytest.fixture
def service() -> Iterator[ListenBrainzService]:
    with ListenBrainzService() as running:
        yield running

"""What tests of training and evaluating share."""

import pandas as pd
import pytest

from experiments.benchmark.likes_only import hidden


@pytest.fixture(scope="session")
def own(demo_tracks: pd.DataFrame) -> pd.DataFrame:
    """The demo listener's table without a single dislike: they are unlabelled, and so is a third of the likes."""
    return hidden(demo_tracks, seed=0)

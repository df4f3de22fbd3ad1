"""What every test shares: the real tables beside the project, and a quiet, isolated working folder."""

import os
import signal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, settings

from connectors.registry import open_source
from experiments.config import FitConfig
from experiments.fitting import fit
from features.schema import validate
from models.ranker import Ranker

SHARED_DATA = Path(os.environ.get("EARMARK_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))

# The first example is slow to make where coverage is measured and both cores are taken; that says nothing of the code.
settings.register_profile("earmark", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("earmark")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background jobs ignore Ctrl-C, and so would the commands that tests start in order to interrupt them.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real tables; skipped by name where missing, a failure under CI."""
    if not SHARED_DATA.is_dir():
        message = f"real tables are not at {SHARED_DATA} (set EARMARK_SHARED_DATA)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return SHARED_DATA


@pytest.fixture(scope="session")
def kaggle_csv(shared_data: Path) -> Path:
    """The Kaggle CSV: 2,017 labelled tracks of one listener."""
    return shared_data / "listeners" / "spotifyclassification.csv"


@pytest.fixture(scope="session")
def demo_tracks() -> pd.DataFrame:
    """A validated, labelled tracks table of some 600 tracks: whole artists of the demo listener."""
    tracks, _ = validate(open_source("demo").read().tracks)
    artists = tracks["artist_name"].drop_duplicates().iloc[:90]
    return tracks[tracks["artist_name"].isin(artists)].head(600).reset_index(drop=True)


@pytest.fixture(scope="session")
def demo_candidates() -> pd.DataFrame:
    """Validated tracks without labels, ten of them known to the demo listener."""
    return validate(open_source("demo_candidates").read().tracks)[0]


@pytest.fixture(scope="session")
def demo_ranker(demo_tracks: pd.DataFrame) -> Ranker:
    """A ranker of boosted trees: the default trial alone, which takes a second or two."""
    return fit(demo_tracks, FitConfig(budget_s=None, trials=1, models=("boosted_trees",))).ranker


@pytest.fixture(autouse=True)
def state_stays_in_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test writes to the project's own mlruns."""
    monkeypatch.setenv("EARMARK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EARMARK_CONFIG", str(tmp_path / "config"))
    for name in ("MLFLOW_TRACKING_URI", "EARMARK_DATABASE_URL", "SPOTIPY_CLIENT_ID"):
        monkeypatch.delenv(name, raising=False)

"""What the end of a train says where little is known: no artists, and nothing but chance to learn from."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from earmark.cli.main import run
from experiments.train_words import ARTISTS_UNKNOWN


def test_chance_and_unknown_artists_are_called_so(
    tmp_path: Path, demo_tracks: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "noartist.csv"
    by_chance = np.random.default_rng(2).permutation(np.arange(80) % 2)
    demo_tracks.head(80).assign(liked=by_chance).drop(columns="artist_name").to_csv(table, index=False)
    assert run(["train", str(table), "--trials", "1", "--models", "tree"]) == 0
    said = capsys.readouterr().err
    assert "held-out tracks (artists unknown):" in said
    assert said.count(f"Note: {ARTISTS_UNKNOWN}") == 1
    assert said.count(" 0.5, which is guessing: the held-out tracks do not show that it learned anything.") == 1

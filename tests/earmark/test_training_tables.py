"""What a ranker learned from stays on this machine, and goes with its source."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from earmark.home import Home
from earmark.training_tables import forget_tables, load_table, save_table, table_file
from experiments.config import FitConfig
from experiments.training import train
from features.errors import InputError
from models.ranker import Ranker


def test_tables_come_back_and_go_with_their_source(tmp_path: Path, demo_tracks: pd.DataFrame) -> None:
    home = Home(tmp_path)
    for run_id, source in (("a" * 32, "spotify"), ("b" * 32, "my.csv"), ("c" * 32, "library")):
        save_table(home, run_id, demo_tracks, source)
    pd.testing.assert_frame_equal(load_table(home, "a" * 32), demo_tracks, check_like=False)
    assert load_table(home, "d" * 32) is None
    assert forget_tables(home, {"spotify", "library"}) == 2
    assert not table_file(home, "a" * 32).exists()
    assert load_table(home, "b" * 32) is not None
    assert forget_tables(home, {"spotify", "library"}) == 0


def test_a_damaged_table_is_told_in_words_and_goes_with_any_source(tmp_path: Path, demo_tracks: pd.DataFrame) -> None:
    home = Home(tmp_path)
    save_table(home, "a" * 32, demo_tracks, "spotify")
    file = table_file(home, "a" * 32)
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(InputError, match="cannot be read"):
        load_table(home, "a" * 32)
    assert forget_tables(home, {"lastfm"}) == 1
    assert load_table(home, "a" * 32) is None


def test_a_train_tells_what_was_foreseen_of_every_row(demo_tracks: pd.DataFrame) -> None:
    config = FitConfig(budget_s=None, trials=1, models=("boosted_trees",), bag_repeats=1)
    found = train(demo_tracks, config, source="demo")
    judged = found.judged
    assert set(judged["track_id"]) == set(demo_tracks["track_id"])
    assert judged["held_out"].sum() == found.n_test
    assert np.array_equal(judged.loc[judged["held_out"], "like_probability"], found.test_probability)
    # by models that had not seen the row: the ranker itself is far surer of what it has learned
    seen = judged[~judged["held_out"]]
    assert isinstance(found.ranker, Ranker)
    sure = np.abs(found.ranker.predict_proba(seen) - seen["liked"].astype(float)).mean()
    assert np.abs(seen["like_probability"] - seen["liked"].astype(float)).mean() > sure + 0.02

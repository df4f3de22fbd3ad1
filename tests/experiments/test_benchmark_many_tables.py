"""Invented listeners and the figures of many tables; not the fits."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import ExtraTreesClassifier

from experiments.benchmark.invented_listeners import TASTES, Listener, judged
from experiments.benchmark.many_tables import MEMBER, OURS, Scores, figures_of
from experiments.metrics import METRICS
from features.columns import AUDIO_FEATURES


@pytest.fixture(scope="module")
def catalogue() -> pd.DataFrame:
    """6,000 tracks of noise by 900 artists, one of whom has a third of all."""
    generator = np.random.default_rng(0)
    tracks = pd.DataFrame(generator.standard_normal((6000, len(AUDIO_FEATURES))), columns=list(AUDIO_FEATURES))
    artist = np.where(generator.random(6000) < 1 / 3, 0, generator.integers(1, 900, 6000))
    tracks["artist_name"] = [f"artist {number}" for number in artist]
    tracks.loc[:9, "energy"] = np.nan
    return tracks


@pytest.mark.parametrize("taste", TASTES)
@pytest.mark.parametrize("like_rate", [0.1, 0.5])
def test_a_listener_judges_two_tables_without_a_common_artist(
    taste: str, like_rate: float, catalogue: pd.DataFrame
) -> None:
    train, test = judged(Listener(taste, 2.0, like_rate, 1500, 3), catalogue, 1000)
    assert len(train) == 1500
    assert 990 <= len(test) <= 1000
    assert not set(train["artist_name"]) & set(test["artist_name"])
    assert pd.concat([train, test])["artist_name"].value_counts().max() <= 8
    together = np.concatenate([train["liked"], test["liked"]])
    assert together.mean() == pytest.approx(like_rate, abs=0.03)  # three standard errors of 2,500 labels
    assert train.notna().all(axis=None)


def test_the_same_listener_says_the_same_and_tells_no_more_than_asked(catalogue: pd.DataFrame) -> None:
    listener = Listener("rules", 2.0, 0.5, 300, 1, names=False, features=("energy", "tempo"))
    first, again = judged(listener, catalogue, 200), judged(listener, catalogue, 200)
    for one, other in zip(first, again, strict=True):
        pd.testing.assert_frame_equal(one, other)
        assert list(one) == ["energy", "tempo", "liked"]


def test_sharper_tastes_are_easier_to_foresee(catalogue: pd.DataFrame) -> None:
    scores = []
    for sharpness in (0.5, 5.0):
        train, test = judged(Listener("lines", sharpness, 0.5, 1500, 0, names=False), catalogue, 1000)
        forest = ExtraTreesClassifier(100, random_state=0).fit(train.drop(columns="liked"), train["liked"])
        p = forest.predict_proba(test.drop(columns="liked"))[:, 1]
        scores.append(METRICS["roc_auc"].score(test["liked"].to_numpy(dtype=np.int64), p))
    assert scores[0] < 0.7
    assert scores[1] > 0.8


def test_figures_are_means_over_tables_and_the_worst_of_them() -> None:
    def scores(ours: float, catboost: float, both: float, member: float) -> Scores:
        auc = {OURS: ours, "catboost": catboost, "catboost_extra_trees": both, MEMBER: member}
        return Scores(auc, {OURS: 0.5, "catboost": 0.6, "catboost_extra_trees": 0.45}, 1.0, "dense 0")

    found = figures_of({"easy": scores(0.9, 0.88, 0.91, 0.89), "hard": scores(0.6, 0.58, 0.59, 0.61)})
    named = {figure.name: figure for figure in found}
    assert named["ROC AUC above catboost, mean"].measured == pytest.approx(0.02)
    assert named["ROC AUC above catboost_extra_trees, mean"].measured == pytest.approx(0.0)
    assert named["share of tables with a better ROC AUC than catboost_extra_trees"].measured == pytest.approx(0.5)
    assert named["log loss below catboost, mean"].measured == pytest.approx(0.1)
    assert named["log loss below catboost_extra_trees, mean"].holds is False
    least = named["ROC AUC above its own best member, least"]
    assert least.measured == pytest.approx(-0.01)
    assert least.note.startswith("hard (dense 0)")

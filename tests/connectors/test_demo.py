"""The demo listener: the same for a seed everywhere, like real tracks, and as hard to learn as it says."""

from hashlib import sha256

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier

from connectors.demo.listener import DemoListener, demo_listener
from connectors.demo.names import artist_names, is_demo_id, track_ids, track_titles
from connectors.registry import open_source
from features.columns import ANALYSED_FEATURES, AUDIO_FEATURES
from features.errors import InputError
from features.identity import track_keys
from features.schema import validate

GOLDEN = "949dfead2e9ba01319ccadae304dacf5c2e520494bb936f02dd0128ac494315d"


@pytest.fixture(scope="module")
def listener() -> DemoListener:
    return demo_listener(0)


@pytest.fixture(scope="module")
def judged(listener: DemoListener) -> pd.DataFrame:
    """The tracks that have an analysis, with what features can tell of each."""
    tracks = listener.tracks.assign(bound=listener.feature_probability, truth=listener.true_probability)
    return tracks[tracks["energy"].notna()].reset_index(drop=True)


def digest(listener: DemoListener) -> str:
    """A digest of everything, the computed numbers rounded as far as platforms may differ.

    To renew ``GOLDEN`` after a wanted change: print ``digest(demo_listener(0))``.
    """
    content = listener.tracks.to_csv(index=False) + listener.candidates.to_csv(index=False)
    for values in (listener.true_probability, listener.feature_probability, listener.candidate_probability):
        content += " ".join(f"{value:.6f}" for value in values)
    return sha256(content.encode()).hexdigest()


def test_default_listener_is_golden(listener: DemoListener) -> None:
    assert digest(listener) == GOLDEN


def test_no_id_is_one_that_spotify_can_have_given(listener: DemoListener) -> None:
    assert listener.tracks["track_id"].map(is_demo_id).all()
    assert listener.candidates["track_id"].map(is_demo_id).all()
    # Spotify's ids are numbers of 128 bits in base 62, its digits in this order, written with 22 of them.
    digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    first_of_the_largest = digits[(2**128 - 1) // 62**21]
    least = listener.tracks["track_id"].str[0].map(digits.index).min()
    assert least > digits.index(first_of_the_largest)
    for real in ("4uLU6hMCjMI75M1A2tKUQC", "demo", "local:demo", "demonstration-listener"[:21], ""):
        assert not is_demo_id(real)


def test_same_seed_same_listener_other_seed_another(listener: DemoListener) -> None:
    pd.testing.assert_frame_equal(demo_listener(0).tracks, listener.tracks)
    other = demo_listener(1)
    assert set(other.tracks["track_id"]).isdisjoint(listener.tracks["track_id"])


def test_tables_are_valid_and_only_lost_analyses_are_set_aside(listener: DemoListener) -> None:
    for table in (listener.tracks, listener.candidates):
        usable, report = validate(table)
        lost = int(table["energy"].isna().sum())
        assert 0 < lost < 0.03 * len(table)
        assert table.loc[table["energy"].isna(), list(ANALYSED_FEATURES)].isna().all(axis=None)
        assert table["duration_ms"].notna().all()
        assert (len(usable), report.merged) == (len(table) - lost, 0)
        assert sum(report.set_aside.values()) == lost


def test_shape_of_the_listener(listener: DemoListener) -> None:
    tracks = listener.tracks
    counts = tracks["artist_name"].value_counts()
    assert len(tracks) == 2000
    assert len(counts) == 300
    assert counts.max() > 8 * counts.median()  # heavy tail
    assert 0.45 < tracks["liked"].mean() < 0.55
    assert tracks["track_id"].str.fullmatch("[0-9A-Za-z]{22}").all()
    assert tracks["track_id"].is_unique
    assert (tracks["added_at"].max() - tracks["added_at"].min()).days > 3.9 * 365
    assert (pd.to_datetime(tracks["release_date"].str[:4], utc=True) <= tracks["added_at"]).all()


def test_candidates_mix_known_familiar_and_new(listener: DemoListener) -> None:
    candidates, tracks = listener.candidates, listener.tracks
    assert len(candidates) == len(listener.candidate_probability) == 300
    assert {"liked", "added_at"}.isdisjoint(candidates)
    assert candidates["track_id"].is_unique
    known = candidates["track_id"].isin(tracks["track_id"]).to_numpy()
    assert known.sum() == 10
    truth = pd.Series(listener.true_probability, index=tracks["track_id"])
    np.testing.assert_array_equal(truth[candidates["track_id"][known]], listener.candidate_probability[known])
    names = track_keys(tracks)["name_key"]
    np.testing.assert_array_equal(track_keys(candidates)["name_key"].isin(names), known)
    familiar = candidates["artist_name"].isin(tracks["artist_name"]).mean()
    assert 0.4 < familiar < 0.6


def test_features_hang_together_as_real_ones(judged: pd.DataFrame, shared_data: object) -> None:
    real = pd.read_parquet(f"{shared_data}/catalogue/tracks.parquet", columns=list(AUDIO_FEATURES))
    real = real.dropna().astype(float).sample(5000, random_state=0)
    names = [name for name in AUDIO_FEATURES if name not in ("key", "mode", "time_signature")]
    apart = (judged[names].corr("spearman") - real[names].corr("spearman")).abs()
    assert apart.to_numpy().max() < 0.35
    for name in names:
        low, high = np.quantile(real[name], [0.1, 0.9])
        assert low < judged[name].median() < high, name


def test_special_features(judged: pd.DataFrame) -> None:
    instrumentalness = judged["instrumentalness"]
    assert (instrumentalness == 0).mean() > 0.2
    assert instrumentalness.between(0.05, 0.5).mean() < 0.5 * (instrumentalness > 0.5).mean()  # two heaps
    assert set(judged["key"]) == set(range(12))
    assert (judged["time_signature"] == 4).mean() > 0.85
    assert (judged["tempo"] > 165).mean() > 0.06  # counted double


def test_probabilities_are_those_of_the_labels(listener: DemoListener, judged: pd.DataFrame) -> None:
    liked = judged["liked"].to_numpy(dtype=int)
    for name in ("bound", "truth"):
        expected, spread = judged[name].sum(), np.sqrt((judged[name] * (1 - judged[name])).sum())
        assert abs(liked.sum() - expected) < 5 * spread
        logit = np.log(judged[[name]] / (1 - judged[[name]])).to_numpy()
        assert LogisticRegression(C=1e6).fit(logit, liked).coef_[0, 0] == pytest.approx(1.0, abs=0.15)  # calibrated
    assert listener.best_possible_auc == pytest.approx(roc_auc_score(liked, judged["bound"]))
    assert listener.best_auc_knowing_artists == pytest.approx(roc_auc_score(liked, judged["truth"]))


@pytest.mark.parametrize("seed", range(5))
def test_best_possible_auc_is_in_its_range_and_below_knowing_artists(seed: int) -> None:
    listener = demo_listener(seed)
    assert 0.88 < listener.best_possible_auc < listener.best_auc_knowing_artists < 0.95


def test_boosted_trees_come_near_the_bound_and_simple_models_do_not(
    listener: DemoListener, judged: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    X, y = judged[list(AUDIO_FEATURES)].to_numpy(), judged["liked"].to_numpy(dtype=int)
    models = {
        "boosted": XGBClassifier(
            n_estimators=300, learning_rate=0.04, max_depth=3, subsample=0.6, colsample_bytree=0.7, n_jobs=1
        ),
        "tree": DecisionTreeClassifier(max_depth=6, min_samples_leaf=15, random_state=0),
        "line": LogisticRegression(),
    }
    predicted = {name: np.zeros(len(y)) for name in models}
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0).split(X, y, judged["artist_name"])
    for train, test in folds:
        scaler = StandardScaler().fit(X[train])
        for name, model in models.items():
            model.fit(scaler.transform(X[train]), y[train])
            predicted[name][test] = model.predict_proba(scaler.transform(X[test]))[:, 1]
    auc = {name: roc_auc_score(y, probability) for name, probability in predicted.items()}
    assert listener.best_possible_auc - 0.03 < auc["boosted"] < listener.best_possible_auc
    assert auc["tree"] < auc["boosted"] - 0.03
    assert auc["line"] < 0.7


def test_names_are_distinct() -> None:
    rng = np.random.default_rng(3)
    for draw in (artist_names, track_titles, track_ids):
        names = draw(2000, rng)
        assert len(set(names)) == len(names) == 2000
        assert all(name.strip() == name and name.isascii() for name in names)


def test_source_reads_the_listener_of_its_seed() -> None:
    reading, listener = open_source("demo", seed=2).read(), demo_listener(2)
    pd.testing.assert_frame_equal(reading.tracks, listener.tracks)
    assert list(reading.best_prediction) == list(listener.feature_probability)
    assert list(reading.best_prediction.index) == list(reading.tracks["track_id"])
    assert f"{listener.best_possible_auc:.3f}" in reading.notes[1]


def test_source_leaves_out_labels_where_none_are_wanted() -> None:
    reading, listener = open_source("demo", seed=2, labels=False).read(), demo_listener(2)
    pd.testing.assert_frame_equal(reading.tracks, listener.tracks.drop(columns="liked"))


def test_candidates_source_reads_unlabelled_tracks_of_the_same_listener() -> None:
    reading = open_source("demo_candidates", seed=2).read()
    pd.testing.assert_frame_equal(reading.tracks, demo_listener(2).candidates)
    assert reading.best_prediction is None


@pytest.mark.parametrize("name", ["demo", "demo_candidates"])
def test_an_unknown_label_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="target") as caught:
        open_source(name, label="target")
    assert "--label" in caught.value.hint


def test_the_demos_own_label_may_be_named() -> None:
    assert "liked" in open_source("demo", label="liked").read().tracks

"""The Python API, as the README and the design say it."""

import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import earmark
from experiments.config import FitConfig
from experiments.fitting import fit as fit_tracks
from features.schema import AUDIO_FEATURES, validate


@pytest.fixture(scope="module")
def ranker(demo_tracks: pd.DataFrame) -> earmark.Ranker:
    return earmark.fit(demo_tracks, trials=1, models=["tree"], seed=3)


def test_the_whole_way_of_the_readme(
    demo_tracks: pd.DataFrame, demo_candidates: pd.DataFrame, ranker: earmark.Ranker, tmp_path: Path
) -> None:
    file = tmp_path / "data.csv"
    demo_tracks.to_csv(file, index=False)
    tracks = earmark.read(file)
    assert earmark.fit(tracks, trials=1, models=["tree"], seed=3).predict_proba(tracks) == pytest.approx(
        ranker.predict_proba(demo_tracks)
    )
    p = ranker.predict_proba(demo_candidates)
    assert p.shape == (len(demo_candidates),)
    assert p.min() >= 0
    assert p.max() <= 1
    kept = ranker.rank(demo_candidates, threshold=0.6)
    assert {"rank", "like_probability", "predicted_like"} <= set(kept.columns)
    assert kept["like_probability"].is_monotonic_decreasing
    assert list(kept["rank"]) == list(range(1, len(kept) + 1))
    why = ranker.explain(kept.head(3))
    assert list(why.columns)[:14] == ["base", *AUDIO_FEATURES]
    assert np.isfinite(why.to_numpy()).all()
    ranker.save(tmp_path / "my-ranker")
    assert np.array_equal(earmark.load(tmp_path / "my-ranker").predict_proba(demo_candidates), p)
    assert np.array_equal(earmark.load(str(tmp_path / "my-ranker") + "/").predict_proba(demo_candidates), p)


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet", ".jsonl"])
def test_a_labelled_table_comes_back_as_it_was(demo_tracks: pd.DataFrame, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"tracks{suffix}"
    if suffix == ".parquet":
        demo_tracks.to_parquet(file)
    elif suffix == ".jsonl":
        demo_tracks.to_json(file, orient="records", lines=True, date_format="iso", date_unit="us", double_precision=15)
    else:
        demo_tracks.to_csv(file, index=False)
    tracks = earmark.read(file)
    pd.testing.assert_frame_equal(tracks, demo_tracks, check_exact=suffix != ".jsonl")
    again = tmp_path / "again.parquet"
    tracks.to_parquet(again)
    pd.testing.assert_frame_equal(earmark.read(again), tracks, check_exact=True)


def test_read_says_what_it_found(demo_tracks: pd.DataFrame, tmp_path: Path) -> None:
    file = tmp_path / "tracks.csv"
    demo_tracks.rename(columns={"liked": "target"}).to_csv(file, index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tracks = earmark.read(file)
    assert any("target" in note for note in tracks.attrs["notes"])
    report = tracks.attrs["report"]
    assert (report["rows"], report["usable"], report["merged"], report["set_aside"]) == (600, 600, 0, {})


def test_read_warns_once_where_rows_are_set_aside(demo_tracks: pd.DataFrame, tmp_path: Path) -> None:
    file = tmp_path / "tracks.csv"
    faulty = demo_tracks.astype({"energy": object}).copy()
    faulty.loc[[3, 8], "energy"] = "loud"
    faulty.to_csv(file, index=False)
    with pytest.warns(UserWarning, match="2 of 600 rows were set aside") as caught:
        tracks = earmark.read(file)
    assert len(caught) == 1
    assert caught[0].filename == __file__, "the warning must point at the caller"
    assert len(tracks) == 598


def test_a_source_is_read_by_name_and_seed() -> None:
    with pytest.warns(UserWarning, match="set aside"):
        tracks = earmark.read("demo", seed=5)
    with pytest.warns(UserWarning, match="set aside"):
        other = earmark.read("demo", seed=6)
    assert len(tracks) > 1900
    assert not tracks["energy"].head(50).equals(other["energy"].head(50))


def test_the_label_can_be_named(demo_tracks: pd.DataFrame, tmp_path: Path) -> None:
    file = tmp_path / "tracks.csv"
    demo_tracks.rename(columns={"liked": "my verdict"}).to_csv(file, index=False)
    assert "liked" not in earmark.read(file)
    assert earmark.read(file, label="my verdict")["liked"].equals(demo_tracks["liked"])


def test_fit_writes_nothing_and_repeats_itself(
    demo_tracks: pd.DataFrame, ranker: earmark.Ranker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = demo_tracks.copy()
    again = earmark.fit(demo_tracks, trials=1, models=["tree"], seed=3)
    assert not list(tmp_path.rglob("*"))
    pd.testing.assert_frame_equal(demo_tracks, before)
    assert again.threshold == ranker.threshold
    assert np.array_equal(again.predict_proba(demo_tracks), ranker.predict_proba(demo_tracks))


def test_unlabelled_rows_are_left_out(demo_tracks: pd.DataFrame) -> None:
    some = demo_tracks.copy()
    some.loc[400:, "liked"] = pd.NA
    fitted = earmark.fit(some, trials=1, models=["tree"])
    only = fit_tracks(demo_tracks.head(400), FitConfig(budget_s=None, trials=1, models=("tree",))).ranker
    assert np.array_equal(fitted.predict_proba(demo_tracks), only.predict_proba(demo_tracks))


def test_a_budget_bounds_the_fit(demo_tracks: pd.DataFrame) -> None:
    ranker = earmark.fit(demo_tracks, budget=0.5, models=["tree"])
    assert ranker.info["model"] == "tree"


def test_a_wanted_precision_moves_the_cut(demo_tracks: pd.DataFrame, ranker: earmark.Ranker) -> None:
    def precision(fitted: earmark.Ranker) -> float:
        return float(fitted.out_of_fold.liked[fitted.out_of_fold.probability >= fitted.threshold].mean())

    wanted = precision(ranker) + 0.02
    careful = earmark.fit(demo_tracks, trials=1, models=["tree"], seed=3, min_precision=wanted)
    assert careful.threshold > ranker.threshold
    assert precision(careful) >= wanted


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"budget": -1}, "positive number of seconds"),
        ({"trials": 0}, "at least one trial"),
        ({"models": ["forest"], "trials": 1}, "no model family"),
        ({"metric": "beauty", "trials": 1}, "no metric"),
        ({"min_precision": 2, "trials": 1}, "precision"),
    ],
)
def test_what_cannot_be_done_is_one_error_with_a_hint(
    demo_tracks: pd.DataFrame, arguments: dict[str, object], expected: str
) -> None:
    with pytest.raises(earmark.EarmarkError, match=expected) as caught:
        earmark.fit(demo_tracks, **arguments)  # type: ignore[arg-type]
    assert caught.value.hint


def hand_made(n: int = 120) -> pd.DataFrame:
    """A table as people make one in a notebook: plain numbers, a label of 0 and 1, nothing validated."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({name: rng.random(n) for name in AUDIO_FEATURES})
    return table.assign(
        track_id=[f"id{row}" for row in range(n)],
        artist_name=[f"artist {row % 30}" for row in range(n)],
        duration_ms=rng.integers(100_000, 300_000, n),
        key=rng.integers(0, 12, n),
        mode=rng.integers(0, 2, n),
        loudness=-20 * table["loudness"],
        tempo=60 + 120 * table["tempo"],
        time_signature=4,
        liked=(table["energy"] + 0.3 * rng.normal(size=n) > 0.5).astype(int),
    )


CHEAP = {"trials": 1, "models": ["tree"]}


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.drop(columns="track_id"),
        lambda table: table.drop(columns="artist_name"),
        lambda table: table[["energy", "valence", "danceability", "liked"]],
        lambda table: table.assign(liked=np.where(table["liked"] == 1, "liked", "skipped")),
        lambda table: table.assign(liked=table["liked"].astype("category")),
        lambda table: table.set_axis([f"row {row}" for row in range(len(table))]),
        lambda table: table.set_axis([0] * len(table)),
        lambda table: table.convert_dtypes(),
    ],
    ids=["no ids", "no artists", "three features", "words", "categories", "string index", "one index", "nullable"],
)
def test_tables_made_by_hand_are_fitted(change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    table = change(hand_made())
    before = table.copy()
    fitted = earmark.fit(table, **CHEAP)
    pd.testing.assert_frame_equal(table, before)
    p = fitted.predict_proba(table.drop(columns="liked"))
    liked = hand_made()["liked"].to_numpy(dtype=bool)
    assert p[liked].mean() > p[~liked].mean() + 0.2
    assert len(fitted.out_of_fold.liked) == 120


def test_labels_that_cannot_be_understood_are_set_aside_aloud() -> None:
    table = hand_made()
    with (
        pytest.warns(UserWarning, match=f"{(table['liked'] == 0).sum()} of 120 rows were set aside") as caught,
        pytest.raises(earmark.EarmarkError, match="none is skipped"),
    ):
        earmark.fit(table.assign(liked=2 * table["liked"] - 1), **CHEAP)
    assert caught[0].filename == __file__, "the warning must point at the caller"


def test_rows_given_twice_count_once() -> None:
    table = hand_made()
    twice = earmark.fit(pd.concat([table, table.head(60)]), **CHEAP)
    assert len(twice.out_of_fold.liked) == 120
    assert np.array_equal(twice.predict_proba(table), earmark.fit(table, **CHEAP).predict_proba(table))


def test_a_validated_table_is_learned_from_as_it_is(demo_tracks: pd.DataFrame, ranker: earmark.Ranker) -> None:
    pd.testing.assert_frame_equal(validate(demo_tracks, unheard=True)[0], demo_tracks, check_exact=True)
    unheard = demo_tracks.copy()
    unheard.loc[:4, list(AUDIO_FEATURES)] = np.nan
    pd.testing.assert_frame_equal(validate(unheard, unheard=True)[0], unheard, check_exact=True)
    only = fit_tracks(demo_tracks, FitConfig(budget_s=None, trials=1, models=("tree",), seed=3)).ranker
    assert ranker.threshold == only.threshold
    assert np.array_equal(ranker.predict_proba(demo_tracks), only.predict_proba(demo_tracks))


@pytest.mark.parametrize(
    ("weight", "words"), [(0.0, "no track has a label that counts"), ("skips", "labelled tracks are of one kind")]
)
def test_labels_without_a_weight_are_too_few_to_learn_from(weight: object, words: str) -> None:
    table = hand_made()
    with pytest.raises(earmark.EarmarkError, match=words):
        earmark.fit(table.assign(weight=table["liked"] if weight == "skips" else weight), **CHEAP)


def test_rows_of_no_weight_have_no_say(demo_tracks: pd.DataFrame) -> None:
    odd = np.arange(len(demo_tracks)) % 2 == 1
    halves = demo_tracks.assign(weight=np.where(odd, 1.0, 0.0))
    fitted = earmark.fit(halves, **CHEAP)
    assert len(fitted.out_of_fold.liked) == odd.sum()
    turned = halves.assign(liked=halves["liked"].where(odd, 1 - halves["liked"]))
    assert np.array_equal(earmark.fit(turned, **CHEAP).predict_proba(halves), fitted.predict_proba(halves))


def test_candidates_cannot_be_fitted(demo_candidates: pd.DataFrame) -> None:
    with pytest.raises(earmark.EarmarkError, match="label"):
        earmark.fit(demo_candidates, trials=1)


def test_a_missing_file_and_a_missing_ranker_are_earmarks_errors(tmp_path: Path) -> None:
    with pytest.raises(earmark.EarmarkError, match="neither a file nor a source"):
        earmark.read(tmp_path / "missing.csv")
    with pytest.raises(earmark.EarmarkError, match="no saved ranker"):
        earmark.load(tmp_path)


def test_names_that_are_not_there_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="module 'earmark' has no attribute 'learn'"):
        _ = earmark.learn  # type: ignore[attr-defined]
    assert not hasattr(earmark, "pandas")
    assert all(hasattr(earmark, name) for name in earmark.__all__)


def test_importing_earmark_waits_for_no_library_and_reading_for_no_search() -> None:
    code = (
        "import sys, earmark\nprint(sorted({'pandas', 'numpy'} & set(sys.modules)))\nearmark.read\n"
        "print(sorted({'optuna', 'mlflow', 'tensorflow', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n[]\n"

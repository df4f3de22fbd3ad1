"""Several draws of a catalogue: each model learns from one of them, all are judged on the first."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from connectors.registry import open_source
from experiments.benchmark.likes_only import hidden
from experiments.config import FitConfig
from experiments.draws import DRAWN_IN, DRAWS, draw_several, first_draw, in_draw, size_of, with_own_draws
from experiments.evaluation import _training_rows
from experiments.fitting import Fit, _cut, fit, task_digest
from experiments.nested import evaluate_folds
from experiments.outer_background import Known
from experiments.outer_ground import Ground
from experiments.positive_unlabelled import PER_LIKE, is_background, matters, with_background
from experiments.progress import silent
from experiments.splits import Split, inner_folds
from experiments.training import train
from features.artists import artist_hashes
from features.background import BACKGROUND, FROM_CATALOGUE, OWN
from features.context import ARTIST_TRACKS
from features.errors import InputError
from features.inputs import input_table
from features.leaks import find_leaks
from features.schema import validate
from models.ranker_folder import load

QUICK = FitConfig(budget_s=None, trials=1, models=("tree",), n_folds=7, bag_repeats=1)


@pytest.fixture(scope="module")
def likes(demo_tracks: pd.DataFrame) -> pd.DataFrame:
    return demo_tracks[demo_tracks["liked"] == 1].head(150).reset_index(drop=True)


@pytest.fixture(scope="module")
def catalogue() -> pd.DataFrame:
    return validate(open_source("demo").read().tracks)[0].drop(columns=["liked", "added_at"])


@pytest.fixture(scope="module")
def few_own(likes: pd.DataFrame, demo_tracks: pd.DataFrame) -> pd.DataFrame:
    """The likes, and unlabelled tracks that are too few to do without a catalogue."""
    others = demo_tracks[demo_tracks["liked"] == 0].head(40)
    return pd.concat([likes, others.assign(liked=others["liked"].mask(others["liked"] == 0))], ignore_index=True)


@pytest.fixture(scope="module")
def table(few_own: pd.DataFrame, catalogue: pd.DataFrame) -> pd.DataFrame:
    return with_background(few_own, catalogue, QUICK)[0]


@pytest.fixture(scope="module")
def fitted(table: pd.DataFrame) -> Fit:
    return fit(table, QUICK)


def drawn_in(table: pd.DataFrame) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Which draws each row of the catalogue is in, read from the column itself; shape (n_catalogued, DRAWS)."""
    bits = table[DRAWN_IN].dropna().to_numpy(dtype=np.int64)
    return np.array([[bool(row & 2**number) for number in range(DRAWS)] for row in bits])


def test_a_track_of_several_draws_stands_in_the_table_once(table: pd.DataFrame, few_own: pd.DataFrame) -> None:
    assert table["track_id"].is_unique
    catalogued = (table[BACKGROUND] == FROM_CATALOGUE).to_numpy(dtype=bool)
    assert table[DRAWN_IN].notna().to_numpy().tolist() == catalogued.tolist()
    within = drawn_in(table)
    assert within.any(axis=1).all()
    assert (within.sum(axis=1) > 1).any()  # of a small catalogue some come again
    assert within.sum(axis=0) == pytest.approx(PER_LIKE * 150 - 40, abs=3)
    assert len({tuple(column) for column in within.T}) == DRAWS
    assert set(table["track_id"][table[BACKGROUND] == OWN]) == set(few_own["track_id"][few_own["liked"].isna()])


def test_a_track_with_two_ids_is_one_track(likes: pd.DataFrame, catalogue: pd.DataFrame) -> None:
    """The same sound is the same recording, whichever of its ids a draw came upon."""
    again = catalogue.assign(track_id=[f"again{row}" for row in range(len(catalogue))])
    both = pd.concat([catalogue, again], ignore_index=True)
    found = draw_several(likes, likes.head(0), both, 300, 0)
    assert not found.duplicated([name for name in catalogue.columns if name != "track_id"]).any()
    assert found["track_id"].str.startswith("again").any()
    assert (drawn_in(found).sum(axis=1) > 1).any()


@pytest.mark.parametrize("split", ["artist", "random"])
def test_a_fold_learns_from_its_own_draw_and_is_tested_on_the_first(table: pd.DataFrame, split: Split) -> None:
    folds = inner_folds(table, table["liked"], split, n_folds=7, repeats=2)
    dealt = with_own_draws(folds, table)
    bits = table[DRAWN_IN].to_numpy(dtype=float, na_value=np.nan)
    for number, (plain, fold) in enumerate(zip(folds, dealt, strict=True)):
        for before, after, draw in ((plain.train, fold.train, number % 5), (plain.test, fold.test, 0)):
            wanted = [row for row in before if np.isnan(bits[row]) or int(bits[row]) & 2**draw]
            assert after.tolist() == wanted
        assert len(fold.train) < len(plain.train)
    tested = np.concatenate([fold.test for fold in dealt[:7]])
    assert np.sort(tested).tolist() == np.flatnonzero(in_draw(table, 0)).tolist()


def test_only_the_first_draw_is_foreseen_and_calibrated_on(fitted: Fit, table: pd.DataFrame) -> None:
    first = in_draw(table, 0)
    assert np.isnan(fitted.ensemble.out_of_fold).tolist() == (~first).tolist()
    evidence = fitted.ranker.out_of_fold
    assert evidence.liked.tolist() == table["liked"][first].tolist()
    # calibrated to the mix of one draw, a third of it likes, whatever the models' weights and the table's mix
    assert evidence.probability.mean() == pytest.approx(150 / first.sum(), abs=0.03)
    assert table["liked"].mean() < 0.2


def test_likes_and_the_background_of_a_model_weigh_the_same(table: pd.DataFrame) -> None:
    drawn, weight = is_background(table), table["weight"].to_numpy(dtype=float)
    of_draws = [weight[drawn & in_draw(table, number)].sum() for number in range(DRAWS)]
    assert np.mean(of_draws) == pytest.approx(weight[~drawn].sum())
    assert of_draws == pytest.approx([150] * DRAWS, rel=0.02)


def test_equal_seeds_draw_equally_and_neighbouring_ones_share_no_draw(
    few_own: pd.DataFrame, catalogue: pd.DataFrame, table: pd.DataFrame
) -> None:
    pd.testing.assert_frame_equal(with_background(few_own, catalogue, QUICK)[0], table)
    other, _ = with_background(few_own, catalogue, replace(QUICK, seed=1))
    mine, theirs = (
        {frozenset(found["track_id"][in_draw(found, number)]) for number in range(DRAWS)} for found in (table, other)
    )
    assert len(mine) == len(theirs) == DRAWS
    assert not mine & theirs


def test_enough_own_rows_are_one_draw(own: pd.DataFrame, catalogue: pd.DataFrame) -> None:
    table, notes = with_background(own, catalogue, QUICK)
    assert DRAWN_IN not in table
    assert "draws" not in notes[0]
    assert first_draw(table) is table
    folds = inner_folds(table, table["liked"], n_folds=3)
    assert with_own_draws(folds, table) is folds
    assert in_draw(table, 3).all()


def test_what_people_are_told_is_so(table: pd.DataFrame, few_own: pd.DataFrame, catalogue: pd.DataFrame) -> None:
    _, notes = with_background(few_own, catalogue, QUICK)
    within = drawn_in(table)
    size = round(within.sum() / DRAWS)
    assert "150 likes are learned against 40 unlabelled tracks of the table and " in notes[0]
    draws = f"5 draws of about {size}, and each model learns from one"
    assert f"{len(within):,} matched tracks of the catalogue ({draws})" in notes[0]


def test_a_catalogue_too_small_for_any_draw_is_refused(likes: pd.DataFrame, catalogue: pd.DataFrame) -> None:
    others = catalogue[~catalogue["track_id"].isin(likes["track_id"])]
    with pytest.raises(InputError, match=r"150 likes, 0 dislikes and \d other tracks .* too few"):
        with_background(likes, others.head(9), QUICK)


def test_the_first_draw_is_a_table_of_one_draw(table: pd.DataFrame) -> None:
    first = first_draw(table)
    assert DRAWN_IN not in first
    assert list(first["track_id"]) == list(table["track_id"][in_draw(table, 0)])
    assert list(first.index) == list(range(len(first)))


def test_the_column_teaches_nothing_and_is_no_leak(table: pd.DataFrame, fitted: Fit, tmp_path: Path) -> None:
    assert DRAWN_IN not in input_table(table)
    told = [leak for leak in find_leaks(table, table["liked"].to_numpy(dtype=int)) if matters(leak, table)]
    assert not any(DRAWN_IN in f"{leak.feature} {leak.message} {leak.alike}" for leak in told)
    assert DRAWN_IN not in fitted.ranker.background
    folder = fitted.ranker.save(tmp_path / "ranker")
    for path in folder.rglob("*"):
        assert path.is_dir() or DRAWN_IN.encode() not in path.read_bytes()
    blind = table.drop(columns=DRAWN_IN)
    assert np.array_equal(load(folder).predict_proba(table), fitted.ranker.predict_proba(blind))


def test_a_search_of_other_draws_is_another_search(table: pd.DataFrame) -> None:
    inputs = input_table(table)
    turned = table.assign(**{DRAWN_IN: 2**DRAWS - table[DRAWN_IN]})
    assert task_digest(table, inputs, QUICK) != task_digest(turned, inputs, QUICK)


@pytest.mark.parametrize("split", ["artist", "random"])
def test_nothing_held_out_is_in_any_draw_of_a_fold(likes: pd.DataFrame, catalogue: pd.DataFrame, split: Split) -> None:
    found = Ground.of(likes, QUICK, catalogue, None, silent)
    assert found.pool is not None
    assert DRAWN_IN not in found.table
    assert is_background(found.table).sum() == PER_LIKE * len(likes)
    for lesson in found.lessons(split, 2):
        learned, held_out = found.training_rows(lesson), found.pool.held_out(lesson.fold)
        assert drawn_in(learned).sum(axis=0).min() > 100
        assert not Known.of(learned).among(held_out.songs).any()
        if split == "artist":
            assert not np.isin(artist_hashes(learned["artist_name"]), held_out.artists).any()
        assert not {DRAWN_IN, BACKGROUND, "liked"} & set(found.test_rows(lesson.fold))


def test_an_evaluation_predicts_each_row_once_a_view(likes: pd.DataFrame, catalogue: pd.DataFrame) -> None:
    found = evaluate_folds(likes, QUICK, catalogue=catalogue, views=("artist",), n_folds=2)
    rows = found.predictions
    assert len(rows) == (1 + PER_LIKE) * len(likes)
    assert rows["track_id"].is_unique
    assert rows["like_probability"].between(0, 1).all()


def test_train_holds_out_a_part_of_the_first_draw(
    likes: pd.DataFrame, catalogue: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.training.baselines", tuple)  # a net that takes seconds is none of our business
    result = train(likes, QUICK, source="demo", catalogue=catalogue)
    assert in_draw(result.test_tracks, 0).all()
    assert result.test_labels.tolist() == result.test_tracks["liked"].tolist()
    assert result.test_labels.mean() == pytest.approx(1 / (1 + PER_LIKE), abs=0.08)
    assert result.n_tracks == result.n_train + result.n_test == len(result.judged)
    assert result.tree is not None
    assert result.tree.n_tracks < result.n_train  # one draw: nobody averages trees that are read


def test_a_table_is_as_large_as_with_one_draw(table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """More draws are no more labels: they do not make folds fewer, nor rows learned once instead of twice."""
    between = (len(table) + size_of(table)) // 2
    assert size_of(table) == len(first_draw(table)) < between
    for module in ("config", "evaluation"):
        monkeypatch.setattr(f"experiments.{module}.SMALL_TABLE", between)
    by_default = FitConfig()
    assert by_default.folds_for(len(table)) == (5, 1)
    inputs = input_table(table).assign(**{ARTIST_TRACKS: 1.0})
    tasks, _ = _cut(table, inputs, table["liked"].to_numpy(dtype=np.int64), by_default)
    assert [len(task.folds) for task in tasks] == [8] * 3
    for task in tasks:
        for number, fold in enumerate(task.folds):
            learned, _, groups, _ = _training_rows(task, number)
            assert len(learned) == len(groups) == 2 * len(fold.train)
            assert learned[ARTIST_TRACKS].isna().sum() == len(fold.train)
    once = replace(tasks[0], size=between)
    assert len(_training_rows(once, 0)[0]) == len(once.folds[0].train)


def test_the_folds_of_a_fit_are_dealt_the_draws(table: pd.DataFrame) -> None:
    tasks, _ = _cut(table, input_table(table), table["liked"].to_numpy(dtype=np.int64), replace(QUICK, bag_repeats=2))
    folds = [fold for task in tasks for fold in task.folds]
    assert len(folds) == 14
    assert {task.size for task in tasks} == {size_of(table)}
    for number, fold in enumerate(folds):
        assert in_draw(table, number)[fold.train].all()
        assert in_draw(table, 0)[fold.test].all()


def test_dislikes_leave_a_table_as_it_was(demo_tracks: pd.DataFrame, catalogue: pd.DataFrame) -> None:
    assert DRAWN_IN not in with_background(demo_tracks, catalogue, QUICK)[0]
    assert DRAWN_IN not in with_background(hidden(demo_tracks, seed=0), None, QUICK)[0]

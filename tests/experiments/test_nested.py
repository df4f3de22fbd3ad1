"""An evaluation: outer folds that keep their word, two views of one train, promises and a curve beside them."""

import numpy as np
import pandas as pd
import pytest

from experiments.config import FitConfig
from experiments.judging import RANKING
from experiments.metrics import METRICS, evaluate
from experiments.nested import CURVE_SHARE, Evaluation, Shares, evaluate_folds
from experiments.outer_ground import Ground
from experiments.progress import Progress, silent
from experiments.splits import Split, groups_for, outer_folds
from features.errors import InputError

QUICK = FitConfig(budget_s=None, trials=1, models=("tree",), n_folds=3, bag_repeats=1)
BOTH: tuple[Split, ...] = ("artist", "random")


@pytest.fixture(scope="module")
def table(demo_tracks: pd.DataFrame) -> pd.DataFrame:
    return demo_tracks.head(400).reset_index(drop=True)


@pytest.fixture(scope="module")
def found(table: pd.DataFrame) -> Evaluation:
    unlabelled = table.tail(5).assign(liked=pd.array([pd.NA] * 5, dtype="Int8"), track_id=[f"new{i}" for i in range(5)])
    return evaluate_folds(pd.concat([unlabelled, table]), QUICK, views=BOTH, n_folds=2)


def rows_of(found: Evaluation, view: str) -> pd.DataFrame:
    return found.predictions[found.predictions["view"] == view].reset_index(drop=True)


def same_fold(rows: pd.DataFrame, groups: np.ndarray) -> bool:
    """Whether no group is in two folds."""
    fold = rows.groupby(groups)["fold"]
    return bool((fold.min() == fold.max()).all())


def test_every_labelled_track_is_predicted_once_in_each_view(found: Evaluation, table: pd.DataFrame) -> None:
    assert [view.name for view in found.views] == ["unseen", "familiar"]
    for view in found.views:
        rows = rows_of(found, view.name)
        assert list(rows["track_id"]) == list(table["track_id"])
        assert list(rows["liked"]) == list(table["liked"])
        assert rows["like_probability"].between(0, 1).all()
    assert any("5 tracks without a label" in line for line in found.notes)


def test_unseen_artists_are_unseen_and_familiar_ones_are_not(found: Evaluation, table: pd.DataFrame) -> None:
    unseen, familiar = rows_of(found, "unseen"), rows_of(found, "familiar")
    artist = table["artist_name"]
    assert same_fold(unseen, groups_for(table, "artist"))
    assert not unseen["familiar"].any()
    in_other_folds = [artist[row] in set(artist[familiar["fold"] != fold]) for row, fold in enumerate(familiar["fold"])]
    assert list(familiar["familiar"]) == in_other_folds
    assert 0 < familiar["familiar"].sum() < len(familiar)
    assert same_fold(familiar, groups_for(table, "random"))


def test_each_view_is_judged_on_its_own_rows(found: Evaluation) -> None:
    unseen, familiar = found.views
    assert unseen.about == unseen.all_rows
    assert unseen.about is not None
    assert unseen.about.metrics["roc_auc"] > 0.65
    for view, rows, judged in (
        (unseen, rows_of(found, "unseen"), unseen.about),
        (familiar, rows_of(found, "familiar"), familiar.all_rows),
        (familiar, rows_of(found, "familiar").query("familiar"), familiar.about),
    ):
        assert judged is not None
        assert (judged.n_tracks, judged.n_liked) == (len(rows), rows["liked"].sum())
        kept = rows["predicted_like"].to_numpy(dtype=bool)
        together = evaluate(rows["liked"], rows["like_probability"], kept)
        for name in METRICS.keys() - RANKING:
            assert judged.metrics[name] == pytest.approx(together[name])
        if judged is view.all_rows:
            for name in METRICS:
                assert judged.mean[name] == pytest.approx(np.mean([fold.metrics[name] for fold in view.folds]))


def test_the_pair_is_of_the_same_tracks(found: Evaluation) -> None:
    rows = rows_of(found, "familiar")["familiar"]
    unseen, familiar = (rows_of(found, name)[rows] for name in ("unseen", "familiar"))
    gap = found.paired["brier"]
    assert gap.first == pytest.approx(METRICS["brier"].score(unseen["liked"], unseen["like_probability"]))
    assert gap.second == pytest.approx(METRICS["brier"].score(familiar["liked"], familiar["like_probability"]))
    assert gap.low < gap.value == gap.second - gap.first < gap.high


def test_promises_are_checked_on_each_views_rows(found: Evaluation) -> None:
    for view in found.views:
        assert view.about is not None
        assert [check.promised for check in view.promises] == [0.7, 0.8, 0.9]
        assert all(check.n_candidates == view.about.n_tracks for check in view.promises)
        assert all(0 <= check.folds_held <= check.folds_in_reach <= check.n_folds == 2 for check in view.promises)


def test_the_curve_is_measured_on_the_first_views_folds(found: Evaluation) -> None:
    assert found.curve is not None
    assert (found.curve.family, found.curve.n_labels, found.curve.n_folds) == ("tree", 400, 2)
    assert found.curve.points[-1].n_train == 200


def test_an_evaluation_without_a_budget_is_repeatable(found: Evaluation, table: pd.DataFrame) -> None:
    shuffled = table.sample(frac=1, random_state=1).reset_index(drop=True)
    again = evaluate_folds(table, QUICK, views=("artist",), n_folds=2)
    assert found.shares is again.shares is None
    assert again.predictions.equals(rows_of(found, "unseen"))
    assert again.views[0].about == found.views[0].about
    assert again.curve == found.curve
    folds = [outer_folds(rows, rows["liked"].to_numpy(dtype=np.int64), n_folds=2)[0] for rows in (table, shuffled)]
    assert set(table["track_id"].iloc[folds[0].test]) == set(shuffled["track_id"].iloc[folds[1].test])


def test_one_view_is_that_of_the_configuration(table: pd.DataFrame) -> None:
    config = FitConfig(**{**vars(QUICK), "split": "time"})
    found = evaluate_folds(table, config, n_folds=2)
    assert [(view.name, view.split) for view in found.views] == [("later", "time")]
    assert not found.paired
    times = table.set_index("track_id")["added_at"][found.predictions["track_id"]]
    assert 0 < len(times) < len(table)
    untested = ~table["track_id"].isin(found.predictions["track_id"])
    assert table["added_at"][untested].max() <= times.min()


def test_without_artists_the_familiar_view_says_that_it_cannot_be_taken(table: pd.DataFrame) -> None:
    nameless = table.assign(artist_name=pd.array([None] * len(table), dtype="str"))
    moments: list[Progress] = []
    found = evaluate_folds(nameless, QUICK, views=BOTH, n_folds=2, on_progress=moments.append)
    unseen, familiar = found.views
    assert unseen.about is not None
    assert (familiar.about, familiar.all_rows, familiar.folds) == (None, None, ())
    assert familiar.why_not == "no track names its artist"
    assert not found.paired
    assert not any("familiar" in moment.stage for moment in moments)
    assert any("flatters" in line for line in found.notes)


def test_artists_of_one_song_each_are_too_few_to_be_familiar(table: pd.DataFrame) -> None:
    alone = table.assign(artist_name=[f"artist {row}" if row > 20 else "band" for row in range(len(table))])
    found = evaluate_folds(alone, QUICK, views=("random",), n_folds=2)
    (view,) = found.views
    assert view.about is None
    assert "by artists with other songs" in view.why_not
    assert view.all_rows is not None
    assert view.all_rows.n_tracks == len(table)
    assert view.promises == ()


def test_the_budget_is_shared_equally_among_fits_after_the_curves_part() -> None:
    shares = Shares.of(120.0, 10)
    assert (shares.fit_s, shares.curve_s) == pytest.approx((9.6, 24.0))
    assert shares.n_fits * shares.fit_s + shares.curve_s == pytest.approx(shares.budget_s)
    assert Shares.of(30.0, 3).curve_s == pytest.approx(CURVE_SHARE * 30.0)


def test_no_fit_is_given_more_than_its_share(table: pd.DataFrame) -> None:
    moments: list[Progress] = []
    config = FitConfig(**{**vars(QUICK), "budget_s": 3.0, "trials": 2})
    found = evaluate_folds(table, config, n_folds=2, on_progress=moments.append)
    assert found.shares == Shares.of(3.0, 2)
    left = [moment.seconds_left for moment in moments if moment.seconds_left is not None]
    assert left
    assert max(left) <= found.shares.fit_s
    assert {moment.stage.split(":")[0] for moment in moments} >= {
        f"unseen artists, fold {fold} of 2" for fold in (1, 2)
    }


def test_what_cannot_be_split_is_refused_before_anything_is_fitted(table: pd.DataFrame) -> None:
    moments: list[Progress] = []
    few = table.assign(artist_name=np.where(np.arange(len(table)) % 2, "one", "other"))
    with pytest.raises(InputError, match="at least 3 artists"):
        evaluate_folds(few, QUICK, views=("random", "artist"), n_folds=3, on_progress=moments.append)
    assert not moments


def test_no_real_artist_is_on_both_sides_under_another_spelling(kaggle_csv: object) -> None:
    tracks = pd.read_csv(str(kaggle_csv)).rename(columns={"artist": "artist_name", "target": "liked"})
    tracks = tracks.assign(track_id=[f"id{row}" for row in range(len(tracks))])
    ground = Ground.of(tracks, QUICK, None, None, silent)
    for lesson in ground.lessons("artist", 5):
        assert not lesson.familiar.any()

"""Every picture shows what the result says, with labels and lines to compare with."""

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.image import imread

from experiments.benchmark.made_up_train import STARTED, made_up_ranker, made_up_result, made_up_tracks
from experiments.figures_judgement import wilson
from experiments.figures_search import learning_curve
from experiments.figures_style import BASELINE_STYLES, RANKER
from experiments.reports import figures
from experiments.results import TrainResult, TrialRecord
from experiments.run_notes import describe
from experiments.run_rows import SESSION_TAG, RunRow, mean_curves, train_name, train_row, walk
from experiments.run_views import VIEWS
from experiments.trial_scores import best_first, best_score, best_so_far
from models.held_out import judge
from models.registry import baselines

NAMES = {"roc", "precision_recall", "calibration", "confusion", "search_history", "feature_effects"}


@pytest.fixture(scope="module")
def result() -> TrainResult:
    return made_up_result(trials=60, ranker=made_up_ranker(made_up_tracks()))


@pytest.fixture(scope="module")
def pictures(result: TrainResult) -> dict[str, Figure]:
    return figures(result)


@pytest.fixture(scope="module")
def loss(result: TrainResult) -> TrainResult:
    """The same train as if searched by a loss: what was 0.8 is 0.2, and the same trials are the better ones."""
    families = tuple(
        replace(family, trials=tuple(replace(trial, value=1 - trial.value) for trial in family.trials))
        for family in result.families
    )
    return replace(result, metric="log_loss", families=families)


def trial(number: int, value: float, state: Literal["complete", "pruned"] = "complete") -> TrialRecord:
    return TrialRecord(number, state, value, {}, (value,), STARTED, 1.0)


def history(row: RunRow) -> list[float]:
    return [point.value for point in row.points if point.name == "best_score"]


def words(figure: Figure) -> str:
    from matplotlib.text import Text

    return "\n".join(text.get_text() for text in figure.findobj(Text))


def test_there_is_every_picture_and_a_curve_only_for_what_learns_in_epochs(pictures: dict[str, Figure]) -> None:
    assert set(pictures) == NAMES | {"learning_curve_dense"}


def test_every_picture_can_be_saved_and_labels_its_axes(pictures: dict[str, Figure], tmp_path: Path) -> None:
    for name, figure in pictures.items():
        figure.savefig(tmp_path / f"{name}.png")
        assert np.ptp(imread(tmp_path / f"{name}.png")[:, :, :3]) > 0.5, name
        assert figure.axes[-1].get_xlabel(), name
        assert figure.axes[0].get_ylabel() or name == "feature_effects", name
        assert figure.axes[0].get_title(loc="left"), name


def test_every_baseline_has_dashes_of_its_own() -> None:
    assert len(set(BASELINE_STYLES)) >= len(baselines())


def test_models_are_ranked_in_the_legend_beside_what_chance_gives(
    pictures: dict[str, Figure], result: TrainResult
) -> None:
    labels = [text.get_text() for text in pictures["roc"].axes[0].get_legend().get_texts()]
    assert labels[0] == f"ranker (ensemble)  {result.metrics['roc_auc']:.3f}"
    assert len(labels) == 1 + len(result.families) + len(result.baselines)
    values = [float(label.rsplit(maxsplit=1)[1]) for label in labels]
    assert values == sorted(values, reverse=True)
    assert "guessing" in words(pictures["roc"])
    assert f"keep everything: {result.test_labels.mean():.2f}" in words(pictures["precision_recall"])


def test_the_confusion_counts_every_held_out_track_once(pictures: dict[str, Figure], result: TrainResult) -> None:
    counts = [int(line) for line in words(pictures["confusion"]).splitlines() if line.isdecimal()]
    kept = result.test_probability >= result.ranker.threshold
    assert sorted(counts) == sorted(
        int(np.sum((kept == k) & (result.test_labels == liked))) for k in (True, False) for liked in (0, 1)
    )


def test_calibration_counts_every_held_out_track_once(pictures: dict[str, Figure], result: TrainResult) -> None:
    assert sum(bar.get_height() for bar in pictures["calibration"].axes[1].patches) == result.n_test


@pytest.mark.parametrize(("searched", "best_of"), [("result", max), ("loss", min)])
def test_the_search_history_marks_pruned_trials_and_follows_the_best_complete_one(
    searched: str, best_of: Callable[[Iterable[float]], float], request: pytest.FixtureRequest
) -> None:
    train: TrainResult = request.getfixturevalue(searched)
    # a pruned trial has seen easy folds only: better than all others, and still not the best
    lucky = 1.0 if best_of is max else 0.0
    train = replace(
        train,
        families=tuple(
            replace(f, trials=tuple(replace(t, value=lucky) if t.number == 4 else t for t in f.trials))
            for f in train.families
        ),
    )
    for axes, family in zip(figures(train)["search_history"].axes, train.families, strict=True):
        complete = [trial for trial in family.trials if trial.state == "complete"]
        pruned = [trial for trial in family.trials if trial.state == "pruned"]
        dots, crosses, line = axes.lines
        assert (crosses.get_marker(), crosses.get_label()) == ("x", f"{len(pruned)} pruned")
        assert np.array_equal(crosses.get_ydata(), [trial.value for trial in pruned])
        assert np.array_equal(dots.get_ydata(), [trial.value for trial in complete])
        best = best_of(trial.value for trial in complete)
        assert np.asarray(line.get_ydata())[-1] == best
        assert f"best {best:.3f}" in [text.get_text() for text in axes.texts]


def test_the_search_history_shows_the_best_scores_and_may_leave_out_the_worst(
    result: TrainResult, loss: TrainResult
) -> None:
    for train, better in ((result, "higher"), (loss, "lower")):
        axes = figures(train)["search_history"].axes[0]
        assert f"({better} is better)" in axes.get_ylabel()
        low, high = axes.get_ylim()
        scores = [trial.value for family in train.families for trial in family.trials]
        worst, best = (min(scores), max(scores)) if train is result else (max(scores), min(scores))
        assert low < best < high
        assert not low < worst < high


def test_training_and_held_out_loss_share_a_panel_in_two_colours(result: TrainResult) -> None:
    watched = judge(np.zeros((2, 1), np.float32), np.array([0, 1], np.float32), np.ones((2, 1), dtype=np.bool_))
    curve = dict.fromkeys(("loss", *watched), (0.7, 0.5, 0.4))
    figure = learning_curve(replace(result.families[2], curves=(curve, curve, curve)))
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        f"Dense net: {shown}" for shown in ("loss", "ROC AUC", "accuracy")
    ]
    legends = [legend for axes in figure.axes if (legend := axes.get_legend())]
    labels = [[text.get_text() for text in legend.get_texts()] for legend in legends]
    assert labels == [["training", "held out inside the fold"]] + [["held out inside the fold"]] * 2
    training, held_out = (line.get_color() for line in legends[0].get_lines())
    assert training == RANKER != held_out
    assert {line.get_color() for legend in legends[1:] for line in legend.get_lines()} == {held_out}
    assert legends[0].get_title().get_text() == "bold: mean of 3 fits"


def test_a_train_without_trials_or_liked_tracks_still_gets_its_pictures(result: TrainResult) -> None:
    bare = replace(
        result,
        families=tuple(replace(family, trials=(), curves=()) for family in result.families),
        test_probability=np.full(result.n_test, 0.25),
        metrics={"roc_auc": math.nan},
    )
    assert set(figures(bare)) == NAMES
    assert train_name(bare).startswith("ensemble - random")


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50)), min_size=1))
def test_wilson_intervals_hold_the_share_and_stay_proportions(pairs: list[tuple[int, int]]) -> None:
    successes = np.array([min(pair) for pair in pairs], dtype=np.float64)
    counts = np.array([max(pair) for pair in pairs])
    low, high = wilson(successes, counts)
    assert np.all((low >= 0) & (low <= successes / counts) & (successes / counts <= high) & (high <= 1))


def test_wilson_intervals_are_the_published_ones() -> None:
    low, high = wilson(np.array([8.0]), np.array([10]), z=1.96)
    assert (round(float(low[0]), 3), round(float(high[0]), 3)) == (0.490, 0.943)


def test_the_best_so_far_is_of_complete_trials_in_the_metrics_sense() -> None:
    trials = [trial(0, 0.1, "pruned"), trial(1, 0.5), trial(2, 0.9, "pruned"), trial(3, 0.4), trial(4, 0.7)]
    assert np.array_equal(best_so_far(trials, "roc_auc"), [math.nan, 0.5, 0.5, 0.5, 0.7], equal_nan=True)
    assert np.array_equal(best_so_far(trials, "log_loss"), [math.nan, 0.5, 0.5, 0.4, 0.4], equal_nan=True)
    assert (best_score(trials, "roc_auc"), best_score(trials, "log_loss")) == (0.7, 0.4)
    assert math.isnan(best_score(trials[:1], "roc_auc"))
    assert math.isnan(best_score([], "roc_auc"))


def test_trials_are_ranked_complete_then_good_then_old() -> None:
    trials = [trial(0, 0.5), trial(1, 0.9, "pruned"), trial(2, 0.7), trial(3, 0.1, "pruned"), trial(4, 0.5)]
    assert [t.number for t in best_first(trials, "roc_auc")] == [2, 0, 4, 1, 3]
    assert [t.number for t in best_first(trials, "log_loss")] == [0, 4, 2, 3, 1]


def test_a_mean_curve_is_over_the_folds_still_training() -> None:
    assert mean_curves([{"loss": (1.0, 0.5)}, {"loss": (3.0,)}]) == {"loss": [2.0, 0.5]}


def test_the_best_trials_of_every_family_are_recorded_within_the_limit(result: TrainResult) -> None:
    row = train_row(result, trials_logged=10)
    families = [child for child in row.children if child.kind == "family"]
    assert sum(len(family.children) for family in families) == 10
    for child, family in zip(families, result.families, strict=True):
        best = max((t for t in family.trials if t.state == "complete"), key=lambda trial: trial.value)
        assert f"{family.name} trial {best.number}" in [trial.name for trial in child.children]
        assert child.params["n_trials"] == str(len(family.trials))


def test_a_loss_is_recorded_the_right_way_up(result: TrainResult, loss: TrainResult) -> None:
    upright, mirrored = (train_row(train, trials_logged=10) for train in (result, loss))
    assert history(mirrored)[0] == pytest.approx(1 - history(upright)[0], abs=1e-5)
    complete = [t.value for f in loss.families for t in f.trials if t.state == "complete"]
    assert history(mirrored)[0] == pytest.approx(min(complete), rel=1e-5)
    for upright_child, child in zip(upright.children, mirrored.children, strict=True):
        assert np.allclose(history(child), 1 - np.array(history(upright_child)), atol=1e-5)
        assert [trial.name for trial in child.children] == [trial.name for trial in upright_child.children]


def test_ranks_put_the_best_trials_first_whatever_the_metric(loss: TrainResult) -> None:
    trials = [child for child in walk(train_row(loss)) if child.kind == "trial" and child.params["model"] == "tree"]
    ranked = sorted(trials, key=lambda row: next(point.value for point in row.points if point.name == "rank"))
    scores = [next(point.value for point in row.points if point.name == "score") for row in ranked]
    n_complete = sum(row.tags["earmark.state"] == "complete" for row in ranked)
    assert 0 < n_complete < len(ranked)
    assert scores[:n_complete] == sorted(scores[:n_complete])
    assert {row.tags["earmark.state"] for row in ranked[n_complete:]} == {"pruned"}
    assert {row.params["search_metric"] for row in ranked} == {"log_loss"}
    view = json.loads(VIEWS["trials"])
    assert (view["orderByKey"], view["orderByAsc"]) == ("metrics.`rank`", True)


def test_trials_of_earlier_sessions_are_told_apart(result: TrainResult) -> None:
    resumed = replace(result, started=result.families[0].trials[0].started + timedelta(seconds=7))
    rows = [row for row in walk(train_row(resumed)) if row.kind == "trial"]
    for row in rows:
        number = int(row.name.split()[2])  # one started every second
        assert row.tags[SESSION_TAG] == ("earlier" if number < 7 else "this")
    assert {row.tags[SESSION_TAG] for row in rows} == {"earlier", "this"}


def test_rows_hold_finite_numbers_only(result: TrainResult) -> None:
    odd = replace(result, metrics={"roc_auc": math.nan, "precision": math.inf, "recall": 0.123456789})
    points = {point.name: point.value for point in train_row(odd).points}
    assert points["recall"] == 0.123457
    assert not {"roc_auc", "precision", "best_possible_roc_auc"} & points.keys()
    assert all(math.isfinite(point.value) for row in walk(train_row(odd)) for point in row.points)


def test_the_description_sets_the_ranker_beside_every_model_and_explains_itself(result: TrainResult) -> None:
    text = describe(replace(result, best_possible_auc=0.9, notes=("a note",)))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 1 + len(result.families) + len(result.baselines) + 1
    assert len({row.count("|") for row in rows}) == 1
    for said in ("[0.831, 0.891]", "How to read it", "reaches a `roc_auc` of 0.900 on these very held-out", "- a note"):
        assert said in text


def test_the_description_says_when_trials_have_no_run_of_their_own(result: TrainResult) -> None:
    n_trials = sum(len(family.trials) for family in result.families)
    assert "runs of their own" not in describe(result, trials_logged=n_trials)
    logged = [row for row in walk(train_row(result, trials_logged=n_trials - 1)) if row.kind == "trial"]
    assert f"best {len(logged)} of the {n_trials} trials" in describe(result, trials_logged=n_trials - 1)

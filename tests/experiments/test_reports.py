"""Every picture shows what the result says, with labels and lines to compare with."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.image import imread

from experiments.benchmark.made_up_train import made_up_ranker, made_up_result, made_up_tracks
from experiments.figures_judgement import wilson
from experiments.reports import figures
from experiments.results import TrainResult
from experiments.run_notes import describe
from experiments.run_rows import best_so_far, mean_curves, train_name, train_row, walk

NAMES = {"roc", "precision_recall", "calibration", "confusion", "search_history", "feature_effects"}


@pytest.fixture(scope="module")
def result() -> TrainResult:
    return made_up_result(trials=60, ranker=made_up_ranker(made_up_tracks()))


@pytest.fixture(scope="module")
def pictures(result: TrainResult) -> dict[str, Figure]:
    return figures(result)


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


def test_models_are_ranked_in_the_legend_beside_what_chance_gives(
    pictures: dict[str, Figure], result: TrainResult
) -> None:
    labels = [text.get_text() for text in pictures["roc"].axes[0].get_legend().get_texts()]
    assert labels[0] == f"ranker (boosted_trees)  {result.metrics['roc_auc']:.3f}"
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


def test_pruned_trials_are_marked_and_not_the_best(pictures: dict[str, Figure], result: TrainResult) -> None:
    for axes, family in zip(pictures["search_history"].axes, result.families, strict=True):
        pruned = [trial for trial in family.trials if trial.state == "pruned"]
        crosses = next(line for line in axes.lines if line.get_marker() == "x")
        assert len(crosses.get_xdata()) == len(pruned) > 0
        best = max(trial.value or 0 for trial in family.trials if trial.state == "complete")
        assert f"best {best:.3f}" in [text.get_text() for text in axes.texts]


def test_a_train_without_trials_or_liked_tracks_still_gets_its_pictures(result: TrainResult) -> None:
    bare = replace(
        result,
        families=tuple(replace(family, trials=(), curves=()) for family in result.families),
        test_probability=np.full(result.n_test, 0.25),
        metrics={"roc_auc": math.nan},
    )
    assert set(figures(bare)) == NAMES
    assert train_name(bare).startswith("boosted_trees - random")


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50)), min_size=1))
def test_wilson_intervals_hold_the_share_and_stay_proportions(pairs: list[tuple[int, int]]) -> None:
    successes = np.array([min(pair) for pair in pairs], dtype=np.float64)
    counts = np.array([max(pair) for pair in pairs])
    low, high = wilson(successes, counts)
    assert np.all((low >= 0) & (low <= successes / counts) & (successes / counts <= high) & (high <= 1))


def test_wilson_intervals_are_the_published_ones() -> None:
    low, high = wilson(np.array([8.0]), np.array([10]), z=1.96)
    assert (round(float(low[0]), 3), round(float(high[0]), 3)) == (0.490, 0.943)


def test_the_best_so_far_never_falls_and_skips_what_has_no_score() -> None:
    assert best_so_far([0.5, None, 0.4, 0.7, None]) == [0.5, 0.5, 0.5, 0.7, 0.7]
    assert math.isnan(best_so_far([None])[0])


def test_a_mean_curve_is_over_the_folds_still_training() -> None:
    assert mean_curves([{"loss": (1.0, 0.5)}, {"loss": (3.0,)}]) == {"loss": [2.0, 0.5]}


def test_the_best_trials_of_every_family_are_recorded_within_the_limit(result: TrainResult) -> None:
    row = train_row(result, trials_logged=10)
    families = [child for child in row.children if child.kind == "family"]
    assert sum(len(family.children) for family in families) == 10
    for child, family in zip(families, result.families, strict=True):
        best = max((t for t in family.trials if t.state == "complete"), key=lambda trial: trial.value or 0)
        assert f"{family.name} trial {best.number}" in [trial.name for trial in child.children]
        assert child.params["n_trials"] == str(len(family.trials))


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
    for said in ("[0.831, 0.891]", "How to read it", "any model can reach on this listener is 0.900", "- a note"):
        assert said in text

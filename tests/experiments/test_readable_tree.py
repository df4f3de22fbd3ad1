"""The tree that people read: fitted on all training tracks, pruned, judged by folds, told in words and in a picture."""

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Text
from mlflow import MlflowClient

from experiments import training
from experiments.benchmark.made_up_train import made_up_result
from experiments.config import FitConfig
from experiments.figures_tree import MOST_LEAVES, tree
from experiments.readable_tree import RULES_FILE, readable_tree, simplest, tree_text
from experiments.reports import figures
from experiments.results import ReadableTree, TrainResult
from experiments.tracking import Tracker
from features.context import ArtistProfiles
from models.estimators.tree import ShrunkenTree
from models.tree_rules import tree_picture, tree_rules

CONFIG = FitConfig(budget_s=None, trials=1, models=("tree",), n_folds=3, bag_repeats=1)


@pytest.fixture(scope="module")
def shown(demo_tracks: pd.DataFrame) -> ReadableTree:
    return readable_tree({}, demo_tracks, ArtistProfiles.build(judged=demo_tracks), CONFIG)


@pytest.fixture(scope="module")
def bushy(shown: ReadableTree) -> ReadableTree:
    """A tree of far more leaves than a picture shows."""
    generator = np.random.default_rng(0)
    X = generator.random((2000, len(shown.names)))
    grown = ShrunkenTree(max_depth=None, min_samples_leaf=1, ccp_alpha=0.0).fit(X, generator.random(2000) > 0.5)
    return replace(shown, arrays=grown.tree_, n_tracks=2000)


@pytest.fixture(scope="module")
def result(shown: ReadableTree) -> TrainResult:
    return replace(made_up_result(trials=6), tree=shown)


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_every_training_track_is_counted_once_in_one_rule(shown: ReadableTree, demo_tracks: pd.DataFrame) -> None:
    rules = tree_rules(shown.arrays, shown.names)
    assert sum(rule.n_tracks for rule in rules) == shown.n_tracks == len(demo_tracks)
    assert sum(rule.n_liked for rule in rules) == int(demo_tracks["liked"].sum())
    assert len(rules) > 2
    assert shown.n_folds == 3


def test_its_worth_is_out_of_fold(shown: ReadableTree, demo_tracks: pd.DataFrame) -> None:
    assert 0.65 < shown.roc_auc < 0.9
    shuffled = demo_tracks.assign(liked=demo_tracks["liked"].sample(frac=1, random_state=0).to_numpy())
    guessing = readable_tree({"ccp_alpha": 0.0}, shuffled, ArtistProfiles.build(), CONFIG)
    assert 0.4 < guessing.roc_auc < 0.6  # on the rows it was fitted on, such a tree would seem far better


def test_it_is_pruned_further_where_that_costs_nothing(demo_tracks: pd.DataFrame) -> None:
    given = {"ccp_alpha": 0.0, "min_samples_leaf": 1}
    found = readable_tree(given, demo_tracks, ArtistProfiles.build(), CONFIG)
    assert found.params["ccp_alpha"] in (1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
    assert found.params["min_samples_leaf"] == 1


def test_label_weights_count(demo_tracks: pd.DataFrame) -> None:
    weight = np.where(demo_tracks["energy"].fillna(0) > 0.5, 5.0, 1.0)
    even, uneven = (
        readable_tree({}, table, ArtistProfiles.build(), CONFIG)
        for table in (demo_tracks, demo_tracks.assign(weight=weight))
    )
    assert not np.array_equal(even.arrays.value, uneven.arrays.value)
    assert even.arrays.n_tracks[0] == uneven.arrays.n_tracks[0]


def test_a_table_of_few_artists_is_cut_into_fewer_folds(demo_tracks: pd.DataFrame) -> None:
    three = demo_tracks["artist_name"].value_counts().index[:3]
    few = demo_tracks[demo_tracks["artist_name"].isin(three)].reset_index(drop=True)
    found = readable_tree({}, few, ArtistProfiles.build(), replace(CONFIG, n_folds=8))
    assert 2 <= found.n_folds <= 3


def test_one_standard_error_decides() -> None:
    # the best's mean is .80 with a standard error of .01: .79 may be as good, .78 may not
    assert simplest([(0.79, 0.81), (0.78, 0.80), (0.77, 0.79)]) == 1
    assert simplest([(0.9,), (0.8,)]) == 0
    assert simplest([(0.8, math.nan), (0.8, 0.1)]) == 1
    assert simplest([(math.nan,), (math.nan,)]) == 0


@given(st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=6))
def test_the_simplest_is_never_simpler_than_allowed(scores: list[list[float]]) -> None:
    mean = np.mean(scores, axis=1)
    best = int(np.argmax(mean))
    found = simplest(scores)
    assert found >= best
    assert mean[found] >= mean[best] - np.std(scores[best], ddof=1) / math.sqrt(3) - 1e-12


def test_the_text_says_what_the_tree_is_and_each_rule_in_words(result: TrainResult, shown: ReadableTree) -> None:
    text = tree_text(result)
    assert text is not None
    head, rules, nested = re.split(r"\n\nRULES.*\n\n|\n\nTHE TREE.*\n\n", text)
    assert head.startswith(f"One decision tree, learned from {shown.n_tracks} tracks")
    for said in (
        f"ROC AUC of such a tree {shown.roc_auc:.3f}",
        "3 folds",
        "does not use this very tree",
        "max_depth 8",
    ):
        assert said in head.replace("\n", " ")
    shares = [int(line.split(" %")[0]) for line in rules.splitlines()]
    assert shares == sorted(shares, reverse=True)
    assert len(shares) == len(tree_rules(shown.arrays, shown.names)) == nested.count("liked (")
    assert nested.startswith("if ")
    assert not re.search(r"\b\w+_(mean|sin|cos|ms)\b|e-\d", rules + nested)
    assert max(map(len, head.splitlines())) <= 110


def test_without_trees_there_is_neither_text_nor_picture(result: TrainResult) -> None:
    bare = replace(result, tree=None)
    assert tree_text(bare) is None
    assert "tree" not in figures(bare)
    assert "tree" in figures(result)


def test_the_picture_shows_every_leaf_and_its_conditions(shown: ReadableTree, tmp_path: Path) -> None:
    figure = tree(shown)
    figure.savefig(tmp_path / "tree.png")
    assert np.ptp(imread(tmp_path / "tree.png")[:, :, :3]) > 0.5
    rules = tree_rules(shown.arrays, shown.names)
    said = words(figure)
    assert sum(text.endswith("liked") for text in said) == len(rules)
    for rule in rules:
        assert f"{rule.n_tracks:,} tracks" in said
    joined = " ".join(said).replace("\n", " ")
    for node in tree_picture(shown.arrays, shown.names)[1:]:
        assert node.condition in joined


def test_no_words_in_the_picture_overlap_or_leave_it(bushy: ReadableTree, shown: ReadableTree) -> None:
    for one in (shown, bushy):
        figure = tree(one)
        renderer, texts = FigureCanvasAgg(figure).get_renderer(), list(figure.axes[0].texts)
        boxes = [text.get_window_extent(renderer) for text in texts]
        page = figure.bbox
        for place, box in enumerate(boxes):
            assert page.x0 <= box.x0 < box.x1 <= page.x1, texts[place].get_text()
            assert page.y0 <= box.y0 < box.y1 <= page.y1, texts[place].get_text()
            for other in range(place):
                assert not box.overlaps(boxes[other]), (texts[place].get_text(), texts[other].get_text())


def test_a_bushy_tree_is_drawn_from_its_top_and_says_so(bushy: ReadableTree) -> None:
    n_rules = len(tree_rules(bushy.arrays, bushy.names))
    nodes = tree_picture(bushy.arrays, bushy.names, most_leaves=MOST_LEAVES)
    leaves = [node for node in nodes if not node.question]
    assert n_rules > MOST_LEAVES >= len(leaves) > 1
    assert sum(node.n_rules for node in leaves) == nodes[0].n_rules == n_rules
    assert sum(node.n_tracks for node in leaves) == 2000
    assert any(RULES_FILE in text for text in words(tree(bushy)))


def test_a_tree_without_questions_is_a_picture_too(shown: ReadableTree, bushy: ReadableTree) -> None:
    (only,) = tree_picture(bushy.arrays, bushy.names, most_leaves=1)
    assert (only.question, only.n_tracks) == ("", 2000)
    stump = ShrunkenTree().fit(np.zeros((40, len(shown.names))), np.arange(40) % 2)
    assert "50 % liked" in words(tree(replace(shown, arrays=stump.tree_, n_tracks=40, roc_auc=math.nan)))


def test_a_train_fits_the_tree_on_its_training_rows_alone(
    demo_tracks: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "EFFECT_TRACKS", 2)  # explanations take long, and are not asked about
    found = training.train(demo_tracks, CONFIG, source="demo")
    assert found.tree is not None
    assert found.tree.n_tracks == found.n_train < found.n_tracks


def test_text_and_picture_are_recorded_with_the_train(result: TrainResult, tmp_path: Path) -> None:
    tracker = Tracker(tmp_path / "mlruns")
    run_id = tracker.start("running", {})
    tracker.record(run_id, result, result.ranker.save(tmp_path / run_id), {"tree": figures(result)["tree"]})
    client = MlflowClient(tracking_uri=tracker.uri)
    assert RULES_FILE in [file.path for file in client.list_artifacts(run_id)]
    assert [file.path for file in client.list_artifacts(run_id, "pictures")] == ["pictures/tree.png"]
    stored = client.download_artifacts(run_id, RULES_FILE, str(tmp_path))
    assert Path(stored).read_text(encoding="utf-8") == tree_text(result)

"""A tree in words: one rule holds for each track, and says what people understand."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.inputs import key_circle, tempo_circle
from models.estimators.tree import ShrunkenTree
from models.fitted import fit_model
from models.registry import spec
from models.tree_arrays import TreeArrays
from models.tree_rules import rules_text, tree_picture, tree_rules

KEYS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def stump(threshold: float, *, missing_left: bool = False) -> TreeArrays:
    """One question about input 0; 10 tracks and 3 liked on the left, 1,200 and 900 on the right."""
    return TreeArrays(
        left=np.array([1, -1, -1]),
        right=np.array([2, -1, -1]),
        feature=np.array([0, -1, -1]),
        threshold=np.array([threshold, 0.0, 0.0]),
        missing_left=np.array([missing_left, False, False]),
        value=np.array([0.7, 0.3, 0.75]),
        n_tracks=np.array([1210, 10, 1200]),
        n_liked=np.array([903, 3, 900]),
    )


@pytest.mark.parametrize(
    ("name", "threshold", "left", "right"),
    [
        ("energy", 0.6215, "energy <= 0.622", "energy > 0.622"),
        ("instrumentalness", 0.0000524, "instrumentalness <= 0.0000524", "instrumentalness > 0.0000524"),
        ("tempo", 118.04, "tempo <= 118 BPM", "tempo > 118 BPM"),
        ("loudness", -7.4123, "loudness <= -7.41 dB", "loudness > -7.41 dB"),
        ("duration_ms", 205_400.0, "duration <= 3:25 min", "duration > 3:25 min"),
        ("mode", 0.5, "in minor", "in major"),
        ("explicit", 0.5, "not explicit", "explicit"),
        ("time_signature", 3.5, "beats in a bar <= 3", "beats in a bar >= 4"),
        ("release_year", 2003.5, "release year <= 2003", "release year >= 2004"),
        ("key", 9.5, "key not A# or B", "key A# or B"),
        ("key_sin", 0.9, "key not D#", "key D#"),
        ("key_cos", -0.4, "key E, F, F#, G or G#", "key not E, F, F#, G or G#"),
        ("tempo_cos", -0.99, "tempo 89 to 92 BPM once", "tempo not 89 to 92 BPM once"),
        ("artist_loudness_mean", -9.0, "artist's mean loudness <= -9 dB", "artist's mean loudness > -9 dB"),
        ("artist_year_mean", 1999.25, "artist's other tracks <= 1999.2", "artist's other tracks > 1999.2"),
        ("energy_missing", 0.5, "energy known", "energy unknown"),
    ],
)
def test_words_for_each_input(name: str, threshold: float, left: str, right: str) -> None:
    low, high = tree_rules(stump(threshold), [name])
    assert left in str(low)
    assert right in str(high)
    assert str(low).endswith(": 30 % liked (10 tracks)")
    assert str(high).endswith(": 75 % liked (1,200 tracks)")
    assert (low.probability, low.n_liked, low.n_tracks) == (0.3, 3, 10)


def test_known_against_missing() -> None:
    X = np.array([[1.0], [2.0], [3.0], [np.nan], [np.nan]])
    tree = ShrunkenTree(min_samples_leaf=1, shrinkage=0.0).fit(X, [0, 0, 0, 1, 1]).tree_
    assert [str(rule) for rule in tree_rules(tree, ["tempo"])] == [
        "tempo known: 0 % liked (3 tracks)",
        "tempo unknown: 100 % liked (2 tracks)",
    ]


def test_where_unknown_values_go_is_said_on_request() -> None:
    tree = stump(0.5, missing_left=True)
    assert [rule.conditions for rule in tree_rules(tree, ["energy"], unknown=True)] == [
        ("energy <= 0.5 (or unknown)",),
        ("energy > 0.5",),
    ]


def test_nested_text_and_picture_of_a_known_tree() -> None:
    generator = np.random.default_rng(0)
    energy = generator.choice([0.25, 0.75], 400, p=[0.6, 0.4])
    X = np.column_stack([energy, generator.choice([50_000.0, 150_000.0], 400, p=[0.2, 0.8])])
    y = ((X[:, 0] > 0.5) & (X[:, 1] > 100_000)).astype(int)
    tree = ShrunkenTree(min_samples_leaf=1, shrinkage=0.0, max_depth=2).fit(X, y).tree_
    names = ["energy", "duration_ms"]
    low, high = int((X[:, 0] <= 0.5).sum()), int(y.sum())
    assert rules_text(tree, names).splitlines() == [
        "if energy <= 0.5:",
        f"    0 % liked ({low} tracks)",
        "else (energy > 0.5):",
        "    if duration <= 1:40 min:",
        f"        0 % liked ({400 - low - high} tracks)",
        "    else (duration > 1:40 min):",
        f"        100 % liked ({high} tracks)",
    ]
    nodes = tree_picture(tree, names)
    assert [(node.parent, node.x, node.y) for node in nodes] == [
        (-1, 0.75, 0),
        (0, 0.0, 1),
        (0, 1.5, 1),
        (2, 1.0, 2),
        (2, 2.0, 2),
    ]
    assert nodes[0].question == nodes[1].condition
    assert [node.question == "" for node in nodes] == [False, True, False, True, True]
    assert [node.n_tracks for node in nodes] == [400, low, 400 - low, 400 - low - high, high]


def test_a_tree_of_one_leaf() -> None:
    tree = ShrunkenTree(max_depth=1).fit(np.zeros((4, 1)), [0, 1, 1, 1]).tree_
    assert [str(rule) for rule in tree_rules(tree, ["energy"])] == ["every track: 75 % liked (4 tracks)"]
    assert rules_text(tree, ["energy"]) == "75 % liked (4 tracks)"
    assert [(node.x, node.y, node.question) for node in tree_picture(tree, ["energy"])] == [(0.0, 0, "")]


def test_an_input_without_a_name_is_an_error() -> None:
    with pytest.raises(ValueError, match="compares input 0, but there are 0 names"):
        tree_rules(stump(0.5), [])


def holds(condition: str, track: dict[str, float]) -> bool:
    """Reads a condition back; ``track`` by input, with ``key`` as a number."""
    if condition.startswith("key "):
        listed = re.findall(r"[A-G]#?", condition.removeprefix("key not ").removeprefix("key "))
        return (KEYS[int(track["key"])] in listed) != condition.startswith("key not ")
    found = re.fullmatch(r"(?:([\d.]+) < )?(\w+)(?: > ([\d.]+))?(?: <= ([\d.]+))?", condition)
    low, name, above, high = found.groups()
    low = low or above
    return (low is None or track[name] > float(low)) and (high is None or track[name] <= float(high))


def test_exactly_the_leafs_rule_holds_for_a_track() -> None:
    """Keys are exact; the other values stay clear of the thresholds, which are told with three digits."""
    generator = np.random.default_rng(1)
    table = pd.DataFrame({"key": generator.integers(0, 12, 1500).astype(float)})
    table["energy"] = generator.integers(0, 11, 1500) / 10
    table["valence"] = generator.integers(0, 11, 1500) / 10
    y = ((table["key"].isin([0, 1, 7]) & (table["energy"] > 0.35)) | (table["valence"] > 0.75)).to_numpy().astype(int)
    y ^= generator.random(1500) < 0.1
    X = np.column_stack([key_circle(table), table[["energy", "valence"]]])
    tree = ShrunkenTree(max_depth=8, ccp_alpha=0.0, min_samples_leaf=4, random_state=0).fit(X, y).tree_
    rules = tree_rules(tree, ["key_sin", "key_cos", "energy", "valence"])
    leaves = np.flatnonzero(tree.left < 0)
    order = np.argsort([rule.n_tracks for rule in rules])
    assert sorted(rule.n_tracks for rule in rules) == sorted(tree.n_tracks[leaves])
    assert len(order) > 10
    for track, leaf in zip(table.to_dict("records"), tree.apply(X), strict=True):
        fitting = [rule for rule in rules if all(holds(condition, track) for condition in rule.conditions)]
        assert [rule.probability for rule in fitting] == [tree.value[leaf]]


def test_folded_tempos_are_told_as_they_are_compared() -> None:
    tempo = np.random.default_rng(0).uniform(80, 160, 2000)
    circle = tempo_circle(tempo)
    y = ((tempo > 100) & (tempo < 120)).astype(int)
    tree = ShrunkenTree(min_samples_leaf=1, shrinkage=0.0, ccp_alpha=0.0).fit(circle, y).tree_
    liked = [rule for rule in tree_rules(tree, ["tempo_sin", "tempo_cos"]) if rule.n_liked]
    assert sum(rule.n_liked for rule in liked) == sum(rule.n_tracks for rule in liked) == y.sum()
    told = [tuple(map(int, re.findall(r"(\d+) to (\d+) BPM", str(rule))[0])) for rule in liked]
    assert (min(low for low, _ in told), max(high for _, high in told)) == (100, 120)


def test_the_fitted_family_reads_well_on_the_kaggle_table(kaggle_csv: Path) -> None:
    table = pd.read_csv(kaggle_csv, index_col=0)
    model = fit_model(spec("tree"), {}, 0, table, table["target"].to_numpy())
    names = model.preparation.get_feature_names_out()
    rules = tree_rules(model.estimator.tree_, names)
    assert sum(rule.n_tracks for rule in rules) == len(table)
    assert sum(rule.n_liked for rule in rules) == table["target"].sum()
    assert not re.search(r"_|e-\d|inf|nan", rules_text(model.estimator.tree_, names))

"""The decision tree that people read: fitted on all training tracks, judged by folds, told as rules.

A ranker averages trees, each fitted on a part of the tracks, so that none of its own is the one to show. This one has
the family's best settings and all training tracks, each once. It is pruned further than the search asks for as long as
that costs no more ROC AUC than chance would: the one-standard-error rule (Breiman et al. 1984, CART, section 3.4.3),
by which the simplest of the trees that may be the best is taken. How well such a tree ranks is measured out of fold.
"""

import math
import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from experiments.config import FitConfig, IntArray
from experiments.metrics import METRICS
from experiments.results import FloatArray, ReadableTree, TrainResult
from experiments.splits import Fold, inner_folds
from features.context import ArtistProfiles
from features.errors import InputError
from features.inputs import input_table
from features.preprocessing import TreeInputs
from models.estimators.tree import SPACE, ShrunkenTree
from models.space import Choice, Value, defaults
from models.tree_rules import Rule, rules_text, tree_rules

WIDTH = 110
"""Characters in a line of the text's head."""

RULES_FILE = "tree_rules.txt"
FAMILY = "tree"


def readable_tree(
    params: Mapping[str, Value], tracks: pd.DataFrame, profiles: ArtistProfiles, config: FitConfig
) -> ReadableTree:
    """Fit one tree on all training tracks, and measure how well such trees rank.

    Parameters
    ----------
    params : mapping
        Of `models.estimators.tree`.
    tracks : DataFrame, shape (n, any)
        The labelled training part of a tracks table.
    profiles : ArtistProfiles
        What the ranker knows of artists.
    config : FitConfig

    Returns
    -------
    ReadableTree
    """
    settings = {**defaults(SPACE), **params}
    inputs = input_table(profiles.attach(tracks))
    y = tracks["liked"].to_numpy(dtype=np.int64)
    weights = tracks["weight"].fillna(1.0).to_numpy(dtype=np.float64) if "weight" in tracks else np.ones(len(y))
    folds = _folds(tracks, y, config)

    def fitted(rows: IntArray, pruning: Value) -> tuple[TreeInputs, ShrunkenTree]:
        preparation = TreeInputs().fit(inputs.iloc[rows])
        tree = ShrunkenTree(**{**settings, "ccp_alpha": pruning}, random_state=config.seed)  # type: ignore[arg-type]
        return preparation, tree.fit(preparation.transform(inputs.iloc[rows]), y[rows], sample_weight=weights[rows])

    def judged(pruning: Value) -> FloatArray:
        """Out-of-fold probabilities; NaN for rows no fold predicts."""
        said = np.full(len(y), np.nan)
        for fold in folds:
            preparation, tree = fitted(fold.train, pruning)
            said[fold.test] = tree.predict_proba(preparation.transform(inputs.iloc[fold.test]))[:, 1]
        return said

    said = {pruning: judged(pruning) for pruning in _prunings(settings["ccp_alpha"])}
    auc = METRICS["roc_auc"].score
    scores = [[auc(y[fold.test], p[fold.test]) for fold in folds] for p in said.values()]
    pruning = list(said)[simplest(scores)]
    seen = ~np.isnan(said[pruning])
    preparation, tree = fitted(np.arange(len(y)), pruning)
    return ReadableTree(
        arrays=tree.tree_,
        names=tuple(map(str, preparation.get_feature_names_out())),
        params={**settings, "ccp_alpha": pruning},
        n_tracks=len(y),
        n_folds=len(folds),
        roc_auc=auc(y[seen], said[pruning][seen]),
    )


def simplest(scores: Sequence[Sequence[float]]) -> int:
    """The last candidate that is no more than one standard error below the best.

    Parameters
    ----------
    scores : sequence of sequence of float
        Of each candidate, the more complex ones first, on the same folds; folds without a score are NaN.

    Returns
    -------
    int
        0 where nothing has a score.
    """
    table = np.asarray(scores, dtype=np.float64)
    table = table[:, np.isfinite(table).all(axis=0)]
    if not table.shape[1]:
        return 0
    mean = table.mean(axis=1)
    best = int(np.argmax(mean))
    error = table[best].std(ddof=1) / math.sqrt(table.shape[1]) if table.shape[1] > 1 else 0.0
    return int(np.flatnonzero(mean >= mean[best] - error)[-1])


def tree_text(result: TrainResult) -> str | None:
    """The file ``tree_rules.txt``: what the tree is, its rules from the most liked down, and the tree as nested ifs.

    Parameters
    ----------
    result : TrainResult

    Returns
    -------
    str or None
        None where trees were not searched.
    """
    tree = result.tree
    if tree is None:
        return None
    rules = sorted(tree_rules(tree.arrays, tree.names), key=_most_liked_first)
    nested = rules_text(tree.arrays, tree.names, unknown=True)
    lines = [
        tree_title(tree),
        "",
        *(line for paragraph in _about(tree, result) for line in textwrap.wrap(paragraph, WIDTH)),
        "",
        f"RULES, the most liked first; exactly one holds for a track ({len(rules)} in all)",
        "",
        *(f"{rule.share}: {rule.when}" for rule in rules),
        "",
        "THE TREE, from its first question down",
        "",
        nested,
    ]
    if " or unknown" in nested:
        lines += ["", '"or unknown": a track of which that is not known goes this way, too.']
    return "\n".join(lines) + "\n"


def tree_title(tree: ReadableTree) -> str:
    """One line for the head of a text or a picture."""
    return f"One decision tree, learned from {tree.n_tracks:,} tracks"


def tree_worth(tree: ReadableTree) -> str:
    """How well one such tree ranks, in words."""
    if math.isnan(tree.roc_auc):
        return "out-of-fold ROC AUC not defined"
    return f"out-of-fold ROC AUC of such a tree {tree.roc_auc:.3f}"


def _about(tree: ReadableTree, result: TrainResult) -> list[str]:
    weight = next((family.weight for family in result.families if family.name == FAMILY), 0.0)
    share = f"{weight:.0%}".replace("%", " %")
    used = f"have a weight of {share} in it" if weight else "have no weight in it"
    settings = ", ".join(f"{name} {_said(value)}" for name, value in tree.params.items())
    held_out = result.metrics.get("roc_auc", math.nan)
    here = (
        f"It is here to be read: the ranker ({result.model}) does not use this very tree. Other trees, each fitted on "
        f"a part of the tracks, {used}."
    )
    worth = (
        f"Worth: {tree_worth(tree)} ({tree.n_folds} folds, split: {result.split}); the ranker's on {result.n_test:,} "
        f"held-out tracks is {held_out:.3f}. 0.5 is guessing, 1 is perfect."
    )
    flatter = "Shares are those of the tracks it was learned from, so they flatter, those of few tracks most."
    search = (
        f"Settings: {settings}. They are the search's best; ccp_alpha may be greater, which prunes further, where that "
        "costs no more than one standard error."
    )
    return [here, worth, flatter, search]


def _most_liked_first(rule: Rule) -> tuple[float, int]:
    share = rule.n_liked / rule.n_tracks if rule.n_tracks else rule.probability
    return -share, -rule.n_tracks


def _prunings(searched: Value) -> list[Value]:
    """The search's own strength of pruning and the greater ones of its space."""
    choices = SPACE["ccp_alpha"]
    others = choices.options if isinstance(choices, Choice) else ()
    return [searched, *(value for value in others if float(value or 0) > float(searched or 0))]


def _said(value: Value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _folds(tracks: pd.DataFrame, y: IntArray, config: FitConfig) -> tuple[Fold, ...]:
    """As many folds as a search cuts, or fewer where tracks or artists are too few for that."""
    for n_folds in range(config.folds_for(len(y))[0], 2, -1):
        try:
            return inner_folds(tracks, y, config.split, n_folds=n_folds, seed=config.seed)
        except InputError:
            continue
    return inner_folds(tracks, y, config.split, n_folds=2, seed=config.seed)

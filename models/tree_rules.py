"""A decision tree in words: rules that a listener can read, and where to draw its nodes.

Thresholds are told in the units people know: minutes instead of milliseconds, keys by their names, major and minor. A
rule tells the tracks it was learned from, as they were: 71 % liked (112 tracks).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.tree_arrays import TreeArrays
from models.tree_wording import Region, cut, everywhere, subject_of, tell

_Regions = Mapping[str, Region]

_ALWAYS = "in any case"
"""Where a cut leaves nothing out: scikit-learn grows none such, but a file may hold one."""


@dataclass(frozen=True)
class Rule:
    """One leaf.

    Parameters
    ----------
    conditions : tuple of str
        All must hold; none where the tree is a single leaf.
    probability : float
        What the tree predicts there: P(like), in [0, 1].
    n_tracks, n_liked : int
        Training tracks it holds for, and how many of them were liked.
    """

    conditions: tuple[str, ...]
    probability: float
    n_tracks: int
    n_liked: int

    @property
    def when(self) -> str:
        """Its conditions in one line."""
        return " and ".join(self.conditions) or "every track"

    @property
    def share(self) -> str:
        """How many of its tracks were liked: ``71 % liked (112 tracks)``."""
        return _share(self.n_liked, self.n_tracks)

    def __str__(self) -> str:
        return f"{self.when}: {self.share}"


@dataclass(frozen=True)
class PictureNode:
    """One node of a drawing.

    Parameters
    ----------
    parent : int
        Its parent's place in the sequence; -1 for the root, which comes first.
    x, y : float
        Leaves stand 1 apart from left to right, from 0; each parent above the middle of its children; y is the number
        of questions before it.
    condition : str
        What is true on the line from its parent; empty for the root.
    question : str
        What it asks: tracks of which it is true go left; empty for a leaf.
    probability : float
        P(like) there, in [0, 1].
    n_tracks, n_liked : int
    n_rules : int
        Leaves of the tree that it stands for: 1 for a leaf, more where it is drawn as one and its questions left out.
    """

    parent: int
    x: float
    y: int
    condition: str
    question: str
    probability: float
    n_tracks: int
    n_liked: int
    n_rules: int


def tree_rules(tree: TreeArrays, names: Sequence[str], *, unknown: bool = False) -> tuple[Rule, ...]:
    """One rule a leaf, from left to right; exactly one holds for a track.

    Parameters
    ----------
    tree : TreeArrays
    names : sequence of str
        Of the inputs, as ``TreeInputs.get_feature_names_out`` gives them.
    unknown : bool
        Whether to say for which rules a missing value counts as fitting.

    Raises
    ------
    ValueError
        Where the tree compares an input without a name.
    """
    return tuple(
        Rule(
            tuple(text for name, region in regions.items() if (text := tell(name, region, unknown=unknown))),
            float(tree.value[node]),
            int(tree.n_tracks[node]),
            int(tree.n_liked[node]),
        )
        for node, regions, _ in _walk(tree, names)
        if tree.left[node] < 0
    )


def rules_text(tree: TreeArrays, names: Sequence[str], *, unknown: bool = False) -> str:
    """The tree as nested if and else, a line each; parameters and errors as in `tree_rules`."""
    lines = []
    for node, _, path in _walk(tree, names):
        if path:
            # a line holds one condition only: nothing to set apart by brackets
            condition = (tell(*path[-1].split, unknown=unknown) or _ALWAYS).replace(" (or unknown)", " or unknown")
            lines.append("    " * (len(path) - 1) + (f"if {condition}:" if path[-1].left else f"else ({condition}):"))
        if tree.left[node] < 0:
            lines.append("    " * len(path) + _share(int(tree.n_liked[node]), int(tree.n_tracks[node])))
    return "\n".join(lines)


def tree_picture(
    tree: TreeArrays, names: Sequence[str], *, unknown: bool = False, most_leaves: int | None = None
) -> tuple[PictureNode, ...]:
    """All nodes, each before its children.

    Parameters
    ----------
    tree, names, unknown
        As in `tree_rules`, as are the errors.
    most_leaves : int, at least 1, optional
        Where there are more, as many rows of questions are left out, from below, as it takes.
    """
    n_rules = _leaves_below(tree)
    tree = tree if most_leaves is None else _cut_short(tree, most_leaves)
    walked = list(_walk(tree, names))
    place = {node: number for number, (node, _, _) in enumerate(walked)}
    leaves = [node for node, _, _ in walked if tree.left[node] < 0]
    x = {node: float(number) for number, node in enumerate(leaves)}
    for node, _, _ in reversed(walked):
        if tree.left[node] >= 0:
            x[node] = (x[int(tree.left[node])] + x[int(tree.right[node])]) / 2
    told = {node: (tell(*path[-1].split, unknown=unknown) or _ALWAYS) if path else "" for node, _, path in walked}
    return tuple(
        PictureNode(
            place[path[-1].parent] if path else -1,
            x[node],
            len(path),
            told[node],
            told[int(tree.left[node])] if tree.left[node] >= 0 else "",
            float(tree.value[node]),
            int(tree.n_tracks[node]),
            int(tree.n_liked[node]),
            int(n_rules[node]),
        )
        for node, _, path in walked
    )


def _leaves_below(tree: TreeArrays) -> npt.NDArray[np.int64]:
    """Leaves below each node, a leaf's being 1: (n_nodes,)."""
    leaves = (tree.left < 0).astype(np.int64)
    for parent in np.flatnonzero(tree.left >= 0)[::-1]:  # children stand after their parents
        leaves[parent] = leaves[tree.left[parent]] + leaves[tree.right[parent]]
    return leaves


def _cut_short(tree: TreeArrays, most_leaves: int) -> TreeArrays:
    """The tree with its deepest questions left out, so that it has at most so many leaves."""
    depth = np.zeros(len(tree.left), dtype=np.int64)
    for parent in np.flatnonzero(tree.left >= 0):
        depth[tree.left[parent]] = depth[tree.right[parent]] = depth[parent] + 1
    for deepest in range(int(depth.max()), -1, -1):
        ends = (depth == deepest) | ((depth < deepest) & (tree.left < 0))
        if ends.sum() <= most_leaves:
            break
    stays = (tree.left >= 0) & (depth < deepest)
    return replace(
        tree,
        left=np.where(stays, tree.left, -1),
        right=np.where(stays, tree.right, -1),
        feature=np.where(stays, tree.feature, -1),
    )


@dataclass(frozen=True)
class _Step:
    """One branch taken: from which node, to which side, and what holds of the subject that was compared there."""

    parent: int
    left: bool
    split: tuple[str, Region]


def _walk(tree: TreeArrays, names: Sequence[str]) -> Iterator[tuple[int, _Regions, tuple[_Step, ...]]]:
    """Every node, left before right, with all that holds there and the branches that lead to it."""
    if tree.feature.max(initial=-1) >= len(names):
        raise ValueError(f"the tree compares input {tree.feature.max()}, but there are {len(names)} names")
    waiting: list[tuple[int, _Regions, tuple[_Step, ...]]] = [(0, {}, ())]
    while waiting:
        node, regions, path = waiting.pop()
        yield node, regions, path
        if tree.left[node] < 0:
            continue
        name = str(names[tree.feature[node]])
        subject = subject_of(name)
        before = regions.get(subject, everywhere(subject))
        for left, child in ((False, tree.right[node]), (True, tree.left[node])):
            side = {"left": left, "missing_left": bool(tree.missing_left[node])}
            after = cut(name, before, float(tree.threshold[node]), **side)
            # a line of the nested text tells its own cut only; of a circle, what is left of it
            alone = after if after.places else cut(name, Region(), float(tree.threshold[node]), **side)
            waiting.append((int(child), {**regions, subject: after}, (*path, _Step(node, left, (subject, alone)))))


def _share(n_liked: int, n_tracks: int) -> str:
    if n_tracks == 0:
        return "no tracks"
    return f"{n_liked / n_tracks:.0%} liked ({n_tracks:,} track{'' if n_tracks == 1 else 's'})".replace("%", " %")

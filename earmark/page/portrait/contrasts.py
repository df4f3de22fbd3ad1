"""How likes differ from the other tracks, feature by feature, and which of it is clear enough to be said.

Likes may have more of a feature (louder), or keep nearer to the middle of it (neither calm nor wild): both count.

The size of a difference is Cliff's delta: the chance that a like has more of the feature than another track, less the
chance that it has less (Cliff, Psychological Bulletin 114, 1993). It is twice the area under the ROC curve less 1, so
its interval is that area's, which lets an artist's tracks hang together (Obuchowski, Biometrics 53, 1997).
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, ndtri

from earmark.feature_words import name_of, value_in_words
from earmark.page.portrait.taste_table import BACKGROUND_WORD, TasteTable
from earmark.page.portrait.wording import (
    COMPARISONS,
    YOU,
    Listener,
    listing,
    percent,
    sentence,
)

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

Kind = Literal["level", "middle"]

SMALL: Final = 0.147
"""Differences below are called negligible (Romano et al., Annual meeting of the Florida Association of Institutional
Research, 2006)."""
MOST_SAID: Final = 4
FEWEST: Final = 10
"""Likes and others that a difference is measured on at least."""


@dataclass(frozen=True)
class Contrast:
    """How likes differ from the others in one feature.

    Parameters
    ----------
    feature : str
    kind : {"level", "middle"}
        How much of it tracks have, or how near they keep to its median over all tracks.
    liked, others : float
        Medians of the level or of the distance from the middle, in the feature's unit; of the mode, the share in major.
    delta, low, high : float
        Cliff's delta in [-1, 1]: above 0, likes have more, or keep nearer to the middle. The interval holds for all
        contrasts at once with 95 % confidence (Bonferroni).
    n : int
        Tracks of which the feature is known.
    """

    feature: str
    kind: Kind
    liked: float
    others: float
    delta: float
    low: float
    high: float
    n: int

    @property
    def clear(self) -> bool:
        """Whether the difference is certain, and not negligible."""
        return (self.low > 0 or self.high < 0) and abs(self.delta) >= SMALL


def contrasts(table: TasteTable) -> tuple[Contrast, ...]:
    """All features on a scale in both ways, and the level of the mode: the greatest difference first."""
    names = [name for name in table.measures if name in COMPARISONS and _known_enough(table, name)]
    wanted: list[tuple[str, Kind]] = [(name, "level") for name in names]
    wanted += [(name, "middle") for name in names if name != "mode"]
    level = 1 - 0.05 / max(len(wanted), 1)
    found = [_contrast(table, name, kind, level) for name, kind in wanted]
    return tuple(sorted(found, key=lambda contrast: (-abs(contrast.delta), contrast.feature, contrast.kind)))


def clustered_auc(
    liked: BoolArray, score: FloatArray, groups: IntArray, level: float = 0.95
) -> tuple[float, float, float]:
    """ROC AUC with an interval for rows that come in groups.

    Parameters
    ----------
    liked : ndarray of bool, shape (n,)
        Both classes occur.
    score : ndarray of float, shape (n,)
    groups : ndarray of int, shape (n,)
        Rows of one group are not independent of each other.
    level : float in (0, 1)

    Returns
    -------
    auc, low, high : float
        Symmetric on the log-odds scale, so that it stays within [0, 1]; [0, 1] where there are fewer than two groups
        of either class, and the AUC itself where it does not vary (at 0 and 1).

    References
    ----------
    Obuchowski, N. A. (1997), Nonparametric analysis of clustered ROC curve data, Biometrics 53:567-578.
    """
    above, below = _placements(score[liked], score[~liked]), 1 - _placements(score[~liked], score[liked])
    n_liked, n_others = len(above), len(below)
    auc = float(above.mean())
    codes = np.unique(groups, return_inverse=True)[1]
    n_groups = int(codes.max()) + 1
    of_liked = np.bincount(codes[liked], above - auc, minlength=n_groups)
    of_others = np.bincount(codes[~liked], below - auc, minlength=n_groups)
    with_liked, with_others = (len(np.unique(codes[rows])) for rows in (liked, ~liked))
    if min(with_liked, with_others) < 2:
        return auc, 0.0, 1.0
    variance = (
        with_liked / (with_liked - 1) * float(of_liked @ of_liked) / n_liked**2
        + with_others / (with_others - 1) * float(of_others @ of_others) / n_others**2
        + 2 * n_groups / (n_groups - 1) * float(of_liked @ of_others) / (n_liked * n_others)
    )
    if not 0 < auc < 1 or variance <= 0:
        return auc, auc, auc
    half = float(ndtri((1 + level) / 2)) * variance**0.5 / (auc * (1 - auc))
    middle = logit(auc)
    return auc, float(expit(middle - half)), float(expit(middle + half))


def said(found: tuple[Contrast, ...], others: str, listener: Listener = YOU) -> tuple[str, ...]:
    """What is clear of the differences, in a sentence or two; one that says so where nothing is.

    Of one feature, the greater difference alone is said.
    """
    largest: dict[str, Contrast] = {}
    for contrast in found:
        largest.setdefault(contrast.feature, contrast)
    clear = [contrast for contrast in largest.values() if contrast.clear]
    who = f"background tracks, which {listener.have} not judged" if others == BACKGROUND_WORD else listener.skips
    if not clear:
        return (f"No single feature tells {listener.likes} from {who} with certainty.",)
    levels = [_phrase(contrast) for contrast in clear if contrast.kind == "level"]
    near, far = (
        [_distance(contrast) for contrast in clear if contrast.kind == "middle" and (contrast.delta > 0) is nearer]
        for nearer in (True, False)
    )
    sentences = []
    if levels:
        verb = f"{listener.likes} are" if others == BACKGROUND_WORD else f"{listener.like} tracks that are"
        than = f", set against {who}" if others == BACKGROUND_WORD else ""
        sentences.append(sentence(f"{verb} {listing(levels[:MOST_SAID])}{than}."))
    for words, parts in (("keep nearer to the middle than", near), ("lie farther from the middle than", far)):
        if parts:
            sentences.append(sentence(f"{listener.likes} {words} {who} in {listing(parts[:MOST_SAID])}."))
    return tuple(sentences)


def _phrase(contrast: Contrast) -> str:
    words = COMPARISONS[contrast.feature]
    word = words.more if contrast.delta > 0 else words.less
    if contrast.feature == "mode":
        major = contrast.liked, contrast.others
        liked, others = map(percent, major if contrast.delta > 0 else (1 - major[0], 1 - major[1]))
        return f"{word} ({liked} against {others})"
    liked, others = (value_in_words(contrast.feature, value) for value in (contrast.liked, contrast.others))
    return f"{word} (median {liked} against {others})"


def _distance(contrast: Contrast) -> str:
    liked, others = (value_in_words(contrast.feature, value) for value in (contrast.liked, contrast.others))
    return f"{name_of(contrast.feature)} (median distance {liked} against {others})"


def _known_enough(table: TasteTable, name: str) -> bool:
    known = ~np.isnan(table.measures[name])
    return bool(min(int((known & table.liked).sum()), int((known & ~table.liked).sum())) >= FEWEST)


def _contrast(table: TasteTable, name: str, kind: Kind, level: float) -> Contrast:
    known = ~np.isnan(table.measures[name])
    values, liked = table.measures[name][known], table.liked[known]
    if kind == "middle":
        values = np.abs(values - np.median(values))
    area = clustered_auc(liked, -values if kind == "middle" else values, table.artists[known], level)
    delta, low, high = (2 * value - 1 for value in area)
    middle = np.mean if name == "mode" else np.median
    of_liked, of_others = float(middle(values[liked])), float(middle(values[~liked]))
    return Contrast(name, kind, of_liked, of_others, delta, low, high, int(known.sum()))


def _placements(values: FloatArray, against: FloatArray) -> FloatArray:
    """The share of the others that lie below each value, ties counting half."""
    ordered = np.sort(against)
    return (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")) / (2 * len(ordered))

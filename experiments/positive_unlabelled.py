"""Likes and no dislikes: learn likes against background, and say that what comes of it ranks and promises nothing.

A model that tells likes from unlabelled tracks ranks them as one that tells likes from dislikes, if the likes among the
unlabelled are like the other likes (Elkan and Noto, KDD 2008). Its probabilities are another matter: they depend on how
many background tracks were drawn, and on how many of those would be liked. So they are only called relative, no
precision is promised of them, and the share of likes among the background is estimated and told.

Background rows are marked by the column ``features.background.BACKGROUND``; a table without it is learned from as ever.
"""

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.config import MIN_OF_EACH, MIN_TRACKS, FitConfig, check_labels
from experiments.draws import DRAWS, draw_several, in_draw
from experiments.splits import Split
from features.background import BACKGROUND, FROM_CATALOGUE
from features.comparable import made_comparable
from features.errors import InputError
from features.leaks import Leak
from features.schema import labelled
from models.class_prior import class_prior
from models.known import KnownTracks
from models.ranker import Ranker
from models.ranking import LABELS, LIKES_ONLY

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

MIN_LIKES: Final = MIN_TRACKS
"""Likes that it takes to learn from likes alone."""
PER_LIKE: Final = 2
"""Background tracks a like, in each draw: the ROC AUC against real dislikes was .822, with one .815, with three .807.

Those are of single draws, and chance in them is as large: another of two a like gave .817, and four seeds over five
folds .812 in the mean. So the number hardly matters between one and two. Five draws gave .824 (`experiments.draws`).
"""


def learns_from_likes(tracks: pd.DataFrame, *, catalogue: bool) -> bool:
    """Whether a table has likes to learn from, too few dislikes, and something to draw background from.

    Parameters
    ----------
    tracks : DataFrame
        A validated tracks table.
    catalogue : bool
        Whether there is one.
    """
    if "liked" not in tracks:
        return False
    judged = labelled(tracks)["liked"]  # a label of weight 0 does not count, nor is its track unlabelled
    liked, disliked = int((judged == 1).sum()), int((judged == 0).sum())
    unlabelled = int(tracks["liked"].isna().sum())
    return liked >= MIN_LIKES and disliked < MIN_OF_EACH and (catalogue or unlabelled >= MIN_OF_EACH)


def check_learnable(tracks: pd.DataFrame, config: FitConfig, *, catalogue: bool) -> None:
    """Raise ``InputError`` where a table cannot be learned from, as far as can be told before a catalogue is read.

    Parameters
    ----------
    tracks : DataFrame
        A validated tracks table.
    config : FitConfig
    catalogue : bool
        Whether there is one.
    """
    if not learns_from_likes(tracks, catalogue=catalogue):
        check_labels(labelled(tracks))
    elif config.min_precision is not None:
        raise InputError(
            f"a precision of {config.min_precision:g} cannot be promised from likes alone",
            "leave --min-precision out, or add tracks that you do not like",
        )


def with_background(
    tracks: pd.DataFrame, catalogue: pd.DataFrame | None, config: FitConfig
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The rows of a table to learn from; with background where there are likes and no dislikes.

    Parameters
    ----------
    tracks : DataFrame
        A validated tracks table.
    catalogue : DataFrame, optional
        Where the table's own unlabelled rows are too few, background is drawn from it.
    config : FitConfig

    Returns
    -------
    table : DataFrame
        The labelled rows, in order. With background after them where it is needed: labelled 0, marked by the column
        ``BACKGROUND``, and weighing so little that both sides weigh the same in each draw (`experiments.draws`), on
        average.
    notes : tuple of str
        What to know of the background; none where there is none.

    Raises
    ------
    InputError
        If neither can be learned from.
    """
    check_learnable(tracks, config, catalogue=catalogue is not None)
    judged = labelled(tracks)
    if not learns_from_likes(tracks, catalogue=catalogue is not None):
        return judged, ()
    unlabelled = tracks[tracks["liked"].isna()]
    n_liked = int(judged["liked"].sum())
    background = draw_several(judged, unlabelled, catalogue, PER_LIKE * n_liked, config.seed)
    few = min(int(in_draw(background, number).sum()) for number in range(DRAWS))
    if few < MIN_OF_EACH:
        raise InputError(
            f"there are {n_liked} likes, {len(judged) - n_liked} dislikes and {few} other tracks to set likes against: "
            "too few",
            "give a larger catalogue with --catalogue FILE, or add tracks that you do not like",
        )
    judged, background, changed = made_comparable(judged, background)
    table = pd.concat([_weighed(judged), background.assign(weight=1.0, liked=0)], ignore_index=True)
    table["liked"] = table["liked"].astype("Int8")
    table[BACKGROUND] = table[BACKGROUND].astype("str")
    drawn = is_background(table)
    room = table["weight"][~drawn & (table["liked"] == 1)].sum() - table["weight"][~drawn & (table["liked"] == 0)].sum()
    table.loc[drawn, "weight"] = float(np.clip(room / _in_a_draw(table), 0.01, 1.0))
    return table, (*_described(table), *changed)


def check_split(table: pd.DataFrame, split: Split) -> None:
    """Raise ``InputError`` where a table has background of a catalogue and is to be split by time.

    Parameters
    ----------
    table : DataFrame
        As `with_background` gives it.
    split : {"artist", "random", "time"}
    """
    if split == "time" and from_catalogue(table):
        raise InputError(
            "the time split needs to know when tracks were added, and those of a catalogue never were",
            "use --split artist or --split random",
        )


def is_background(table: pd.DataFrame) -> BoolArray:
    """Which rows of a table are background that nobody judged."""
    if BACKGROUND not in table:
        return np.zeros(len(table), dtype=np.bool_)
    return table[BACKGROUND].notna().to_numpy(dtype=np.bool_)


def matters(leak: Leak, table: pd.DataFrame) -> bool:
    """Whether a leak is worth telling: background differs from likes in where it is from, and in whose tracks it is."""
    return BACKGROUND not in table or (leak.severity == "warning" and leak.feature != "artist_name")


def tells_of_artists(table: pd.DataFrame) -> bool:
    """Whether a table may say how artists sound.

    Not where its background is from a catalogue: the likes' artists would then be known from more tracks than the
    background's, and models would learn that.
    """
    return not from_catalogue(table)


def from_catalogue(table: pd.DataFrame) -> bool:
    """Whether a table has background of a catalogue."""
    return BACKGROUND in table and bool((table[BACKGROUND] == FROM_CATALOGUE).any())


def calibration_weights(table: pd.DataFrame, weights: FloatArray | None) -> FloatArray | None:
    """Weights of the labels when probabilities are calibrated: background counts as it is, so that they fit the mix."""
    return None if weights is None else np.where(is_background(table), 1.0, weights)


def marked(ranker: Ranker, table: pd.DataFrame, scored: BoolArray) -> tuple[Ranker, tuple[str, ...]]:
    """A ranker that says of itself that it knows likes alone; as it is where the table has no background.

    Parameters
    ----------
    ranker : Ranker
        Fitted on the table.
    table : DataFrame
        As `with_background` gives it, or a part of it.
    scored : ndarray of bool, shape (n,)
        Its rows that have an out-of-fold prediction.

    Returns
    -------
    ranker : Ranker
        With ``labels``, ``n_background`` and ``class_prior`` in its ``info``, knowing only tracks that were judged.
    notes : tuple of str
    """
    if BACKGROUND not in table:
        return ranker, ()
    drawn = is_background(table)
    score, liked = ranker.out_of_fold.new, table["liked"].to_numpy(dtype=np.int64)[scored] == 1
    found = class_prior(score[liked], score[drawn[scored]])
    told = {
        LABELS: LIKES_ONLY,
        "n_background": int(drawn.sum()),
        "class_prior": {"value": round(found.value, 4), "high": round(found.high, 4)},
    }
    share = f"about {100 * found.value:.0f} % of the background, at most {100 * found.high:.0f} % (90 % confidence)"
    note = f"by their scores, {share}, would be liked, too"
    return replace(ranker, info={**ranker.info, **told}, known=KnownTracks.of(table[~drawn])), (note,)


def _weighed(judged: pd.DataFrame) -> pd.DataFrame:
    weight = judged["weight"].fillna(1.0) if "weight" in judged else 1.0
    return judged.assign(weight=weight, **{BACKGROUND: pd.Series(pd.NA, index=judged.index, dtype="str")})


def _in_a_draw(table: pd.DataFrame) -> float:
    """Background rows that a model may learn from: the mean over draws."""
    drawn = is_background(table)
    return float(np.mean([(drawn & in_draw(table, number)).sum() for number in range(DRAWS)]))


def _described(table: pd.DataFrame) -> tuple[str, ...]:
    """What the table is made of, and what that means."""
    drawn = is_background(table)
    liked, disliked = int((table["liked"] == 1).sum()), int((table["liked"][~drawn] == 0).sum())
    catalogued = int((table[BACKGROUND] == FROM_CATALOGUE).sum())
    own = int(drawn.sum()) - catalogued
    parts = [f"{own:,} unlabelled tracks of the table"] if own else []
    if catalogued:
        size = round(_in_a_draw(table)) - own
        draws = f"{DRAWS} draws of about {size:,}, and each model learns from one"
        parts.append(f"{catalogued:,} matched tracks of the catalogue ({draws})")
    few = f" and {disliked} dislikes" if disliked else ""
    which = f"{liked:,} likes are learned against {' and '.join(parts)}{few}"
    return (
        f"there are likes and {'hardly any' if disliked else 'no'} dislikes: {which}",
        "like probabilities are relative to that background: they rank, but do not say what share will be liked",
        "held-out figures tell likes from background, not likes from dislikes",
    )

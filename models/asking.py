"""Which candidates to ask the listener about next: those whose answers would settle most of what is undecided.

A candidate is undecided as far as its like probability is near 1/2. How much one answer would tell of it is read from a
Gaussian process over how tracks sound: an answer about one track tells of those that sound alike, and what was judged
already is known. Greedily, that candidate is chosen which lessens the variance at all undecided candidates most, and
its answer counts as given before the next is chosen. So a batch asks about undecided music rather than about undecided
tracks: not twice about the same sound, and not about an outlier whose answer tells of nothing else.

`experiments.benchmark.asking` measures the labels saved. What else was tried, on ten deals of one listener's table, by
mean ROC AUC over 100 to 400 labels beside this (standard errors about .005):

==========================================================  =====
random                                                      -.020
greatest variance x uncertainty                             -.017
as this, without heeding what was judged (five deals)       -.014
drawn with chances that grow with the uncertainty           -.011
the most uncertain                                          -.010
weighted k-means++ away from what was judged                -.009
==========================================================  =====

The most uncertain did worse than random on three demo listeners (by .020). Weighing by how the members disagree, by the
noise of an answer, or distances by what the models heed gained nothing that could be told from chance. Committees that
also hear how artists sound need fewer labels, and gained less from being asked well: .005 above random (13 deals,
standard error .005).

`models.doubt` has the criterion; Bickford Smith et al. 2023, "Prediction-oriented Bayesian active learning",
arXiv:2304.08151, say why not to ask for what is merely most uncertain.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.special import expit
from scipy.stats import rankdata
from threadpoolctl import threadpool_limits

from features.errors import InputError
from features.identity import track_keys
from features.inputs import NUMERIC, input_table, key_circle
from features.quantiles import QuantileCurves
from models.doubt import Doubt
from models.known import KEYS, KnownTracks
from models.member import predictions
from models.names import Names
from models.ranker import Ranker
from models.ranking import check_features, is_relative

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.intp]

SOUND: Final = (*NUMERIC, "release_year", "popularity", "explicit")
"""Inputs that say how alike two tracks are, with the key. How the artist sounds is not among them: above random asking,
committees that hear it gained .000 with it and .004 without (seven deals of the same table, standard error .007)."""

DISAGREE = "the models disagree"
EITHER_WAY = "could go either way"
UNLIKE = "unlike anything judged"
TYPICAL = "tells of many others"
STANDS_OUT = 0.75
"""A trait is worth telling where so large a share of the candidates has less of it."""
_DIGITS = 6


@dataclass(frozen=True)
class Asked:
    """Candidates to ask about, the most informative first.

    Parameters
    ----------
    positions : ndarray of int, shape (n_asked,)
        Rows of the candidates.
    uncertainty : ndarray of float, shape (n_asked,)
        In [0, 1]: 0 where the ranker is certain, 1 where a like is as likely as not. Of a ranker that knows likes only:
        1 in the middle of its order.
    why : tuple of str
        What speaks most for each, compared with the other candidates.
    """

    positions: Positions
    uncertainty: FloatArray
    why: tuple[str, ...]


def ask(
    ranker: Ranker,
    tracks: pd.DataFrame,
    n: int,
    *,
    judged: pd.DataFrame | None = None,
    exclude: BoolArray | None = None,
    member_probability: FloatArray | None = None,
    seed: int = 0,
) -> Asked:
    """Choose what to ask the listener about next.

    Parameters
    ----------
    ranker : Ranker
    tracks : DataFrame, n_tracks rows
        Candidates, a tracks table. Songs that the ranker knows, or that are among the others below, are never asked
        about, and none is twice.
    n : int, >= 1
        How many; fewer where there are not so many left.
    judged : DataFrame, optional
        Tracks that the listener judged, before the ranker was made and since. Give them where they are at hand: the
        few tracks that a ranker keeps, which stand for them otherwise, save far fewer labels.
    exclude : ndarray of bool, shape (n_tracks,), optional
        Candidates not to be asked about, such as those that the listener passed over.
    member_probability : ndarray of float, shape (n_members, n_tracks), optional
        What ``models.member.predictions`` said of the candidates, where that is known already.
    seed : int
        Equal seeds ask about the same, in whichever order the candidates come.

    Returns
    -------
    Asked

    Raises
    ------
    InputError
        If no audio feature column is there, or one is not numeric, or fewer than one is asked for.
    """
    if n < 1:
        raise InputError(f"at least one track has to be asked about, got {n}", "ask for 10")
    allowed = np.ones(len(tracks), dtype=bool) if exclude is None else ~np.asarray(exclude, dtype=bool)
    if allowed.shape != (len(tracks),):
        raise ValueError(f"exclude must have shape ({len(tracks)},), got {allowed.shape}")
    if not allowed.any():
        return Asked(np.empty(0, dtype=np.intp), np.empty(0), ())
    said = predictions(ranker.members, ranker.inputs(tracks)) if member_probability is None else member_probability
    check_features(tracks)
    inputs = input_table(tracks)
    uncertainty = _uncertainty(ranker, said, inputs, Names.of(tracks))
    known = ranker.background if judged is None else input_table(judged)
    each = max(1.0, len(ranker.out_of_fold.liked) / len(known)) if judged is None else 1.0
    features, judged_features = standardised(inputs, known)
    keys = track_keys(tracks)
    done = [tracks[~allowed]] if judged is None else [tracks[~allowed], judged]
    rows = np.flatnonzero(allowed & ~_barred(keys, [ranker.known, *map(KnownTracks.of, done)]))
    rows = rows[_by_content(features[rows], uncertainty[rows])]
    rows = rows[_first_of_songs(keys.iloc[rows])]
    if not len(rows):
        return Asked(np.empty(0, dtype=np.intp), np.empty(0), ())
    with threadpool_limits(1, "blas"):  # small products: threads of their own would wait for each other
        doubt = Doubt.of(features[rows], uncertainty[rows], judged_features, each, seed)
        chosen = doubt.settle(n)
    reasons = _reasons(said[:, rows][:, doubt.considered], uncertainty[rows][doubt.considered], doubt)
    positions = rows[doubt.considered[chosen]]
    return Asked(positions, uncertainty[positions], tuple(reasons[place] for place in chosen))


def undecided(probability: FloatArray) -> FloatArray:
    """``1 - |2 p - 1|``: 1 where a like is as likely as not, 0 where it is certain or out of the question."""
    return np.asarray(1 - np.abs(2 * probability - 1))


def most_informative(
    uncertainty: FloatArray,
    features: FloatArray,
    n_asked: int,
    *,
    judged: FloatArray | None = None,
    answers_each: float = 1.0,
    seed: int = 0,
) -> Positions:
    """Candidates whose answers would settle most, best first.

    Parameters
    ----------
    uncertainty : ndarray of float, shape (n,)
        In [0, 1]; 1 where a like is as likely as not.
    features : ndarray of float, shape (n, n_features)
        Standardised; NaN where unknown. A track of which little is known is taken to be like no other.
    n_asked : int
        How many; fewer where there are not so many candidates.
    judged : ndarray of float, shape (n_judged, n_features), optional
        The same of tracks that were judged.
    answers_each : float, >= 1
        How many answers each of them stands for.
    seed : int
        Of what is drawn where there are very many.

    Returns
    -------
    ndarray of int, shape (min(n_asked, n),)
        The same candidates in whichever order they come.
    """
    if not len(uncertainty):
        return np.empty(0, dtype=np.intp)
    order = _by_content(features, uncertainty)
    known = np.empty((0, features.shape[1])) if judged is None else judged
    with threadpool_limits(1, "blas"):
        doubt = Doubt.of(features[order], uncertainty[order], known, answers_each, seed)
        return np.asarray(order[doubt.considered[doubt.settle(n_asked)]], dtype=np.intp)


def _by_content(features: FloatArray, uncertainty: FloatArray) -> Positions:
    """An order of the rows that does not depend on the order they come in."""
    columns = np.column_stack([features, uncertainty]).round(_DIGITS) + 0.0
    return np.lexsort(columns.T)


def _uncertainty(ranker: Ranker, said: FloatArray, inputs: pd.DataFrame, names: Names) -> FloatArray:
    """How undecided each candidate is, (n,), in [0, 1]."""
    weights = np.array([member.weight for member in ranker.members])
    log_odds = ranker.calibration.apply_log_odds(weights @ said)
    log_odds = log_odds + ranker.genres.shift(log_odds, inputs, names.genres)
    probability = expit(log_odds + ranker.affinity.shift(log_odds, names.artists)).round(_DIGITS)
    if is_relative(ranker.info):
        probability = (rankdata(probability) - 0.5) / len(probability)
    return undecided(probability)


def standardised(inputs: pd.DataFrame, judged: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Candidates and judged tracks on one scale, the candidates'.

    Parameters
    ----------
    inputs, judged : DataFrame
        Input tables (`features.inputs.input_table`).

    Returns
    -------
    two ndarrays of float, shape (n, n_features) and (n_judged, n_features)
        Normal scores of what a track sounds like, and the key as a circle; NaN where unknown.
    """
    names = tuple(name for name in SOUND if name in inputs)
    values, known = (table.reindex(columns=list(names)).to_numpy(dtype=np.float64) for table in (inputs, judged))
    curves = QuantileCurves.fitted(names, values)
    varies = [len(knots) > 0 for knots in curves.knots]
    scores = [curves.apply(part)[:, varies] for part in (values, known)]
    heard = inputs["key"].ge(0).any() if "key" in inputs else False
    circles = [key_circle(table) if heard else np.empty((len(table), 0)) for table in (inputs, judged)]
    features, judged_features = (np.column_stack(parts) for parts in zip(scores, circles, strict=True))
    return features, judged_features


def _barred(keys: pd.DataFrame, done: Iterable[KnownTracks]) -> BoolArray:
    """Which tracks, by their keys, are songs of any of these."""
    found = [np.isin(keys[name].to_numpy(), of.fingerprints[name]) for of in done for name in KEYS]
    return np.asarray(np.any(found, axis=0))


def _first_of_songs(keys: pd.DataFrame) -> Positions:
    """The first row of each song: rows of one id, of one artist and title, or of the very same sound are one song."""
    rows = np.arange(len(keys))
    ends = []
    for name in KEYS:
        key = keys[name].to_numpy()
        _, first, code = np.unique(key, return_index=True, return_inverse=True)
        ends.append(np.where(key == 0, rows, first[code]))
    links = (np.ones(len(rows) * len(ends)), (np.tile(rows, len(ends)), np.concatenate(ends)))
    song = connected_components(coo_array(links, shape=(len(rows), len(rows))), directed=False)[1]
    return np.sort(np.unique(song, return_index=True)[1])


def _reasons(said: FloatArray, uncertainty: FloatArray, doubt: Doubt) -> list[str]:
    """What stands out most of each candidate that may be asked about; all that are chosen tell of others."""
    traits = {EITHER_WAY: uncertainty, DISAGREE: said.std(axis=0), UNLIKE: doubt.variance}
    shares = np.array([rankdata(trait.round(_DIGITS)) / len(uncertainty) for trait in traits.values()])
    words = np.array([*traits, TYPICAL])[np.where(shares.max(axis=0) >= STANDS_OUT, shares.argmax(axis=0), len(traits))]
    return list(map(str, words))

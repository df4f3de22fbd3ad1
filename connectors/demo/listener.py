"""The demo listener: one taste over invented tracks, whose every probability of a like is known.

The listener likes a track with P(like | track) = sigmoid(taste(features) + feeling for its artist). ``taste`` is
smooth and not monotone (sweet spots, a love of dancing that turns round where it is acoustic), so that a line cannot
follow it and a single tree only roughly. The feeling for an artist is drawn apart from all features.

What "best possible" means here: nobody who judges unseen artists by audio features can know the feeling for the artist.
The reference is therefore the ranking by P(like | features), with that feeling averaged out, judged like any model:
by its ROC AUC against the labels that were drawn, on the tracks that have features. It is the bound on the whole table;
on a fifth of it, chance moves a bound by about 0.015. Under the ``random`` split a model may recognise artists and come
out above it; ``best_auc_knowing_artists`` is the bound that then holds.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from connectors.demo.music import Floats, Ints, draw_artists, draw_tracks, lose_analyses, tracks_per_artist

N_TRACKS = 2000
N_ARTISTS = 300
N_CANDIDATES = 300
N_KNOWN_CANDIDATES = 10
_FAMILIAR = 145  # candidates by artists of the training table; as many are by new ones
_NEW_ARTISTS = 60

_SHARPNESS = 1.6  # of the taste against chance: sets how much of the likes can be foreseen at all
_ARTIST_FEELING = 0.4  # standard deviation in log-odds
_NODES, _NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(9)  # averages over a normal distribution


@dataclass(frozen=True)
class DemoListener:
    """Everything about one demo listener, the truth included.

    Parameters
    ----------
    tracks : DataFrame, n_tracks rows
        Labelled tracks under canonical columns; 2,000 of them unless another number was asked for.
    true_probability : ndarray of float, shape (n_tracks,)
        The P(like) that each label was drawn from, the feeling for the artist included.
    feature_probability : ndarray of float, shape (n_tracks,)
        P(like | features of a track by an unseen artist): the best prediction from audio features. The mean where the
        analysis is lost.
    candidates : DataFrame
        300 unlabelled tracks: half by familiar artists, half by new ones, and 10 that ``tracks`` holds as well.
    candidate_probability : ndarray of float, shape (300,)
        Their true P(like).
    candidate_feature_probability : ndarray of float, shape (300,)
        The same as ``feature_probability``, of the candidates.
    best_possible_auc : float
        ROC AUC of ``feature_probability`` against the labels of ``tracks`` that have an analysis.
    best_auc_knowing_artists : float
        ROC AUC of ``true_probability`` against the same labels.
    """

    tracks: pd.DataFrame
    true_probability: Floats
    feature_probability: Floats
    candidates: pd.DataFrame
    candidate_probability: Floats
    candidate_feature_probability: Floats
    best_possible_auc: float
    best_auc_knowing_artists: float


def demo_listener(seed: int = 0, *, n_tracks: int = N_TRACKS, n_artists: int = N_ARTISTS) -> DemoListener:
    """Invent artists, tracks, candidates and a listener.

    Parameters
    ----------
    seed : int, non-negative
        The same seed and sizes give the same values on every machine.
    n_tracks, n_artists : int, > 0
        Sizes of the training table.

    Returns
    -------
    DemoListener
    """
    rng = np.random.default_rng(seed)
    artists = draw_artists(n_artists + _NEW_ARTISTS, rng)
    artist, is_candidate = _cast(n_tracks, n_artists, rng)
    tracks = draw_tracks(artists, artist, rng)

    taste = _taste(tracks)
    taste -= np.median(taste[~is_candidate])  # so that about half of the tracks are liked
    true = _sigmoid(taste + _ARTIST_FEELING * rng.standard_normal(len(artists.names))[artist])
    from_features = _sigmoid(taste[:, None] + _ARTIST_FEELING * _NODES) @ (_NODE_WEIGHTS / _NODE_WEIGHTS.sum())
    lost = lose_analyses(tracks, rng)
    from_features[lost] = from_features[~is_candidate].mean()
    liked = rng.random(len(tracks)) < true
    tracks["liked"] = pd.array(liked.astype(np.int8), dtype="Int8")

    known = rng.choice(np.flatnonzero(~is_candidate), N_KNOWN_CANDIDATES, replace=False)
    shown = rng.permutation(np.concatenate([np.flatnonzero(is_candidate), known]))
    judged = ~is_candidate & ~lost
    return DemoListener(
        tracks=tracks[~is_candidate].reset_index(drop=True),
        true_probability=true[~is_candidate],
        feature_probability=from_features[~is_candidate],
        candidates=tracks.iloc[shown].drop(columns=["liked", "added_at"]).reset_index(drop=True),
        candidate_probability=true[shown],
        candidate_feature_probability=from_features[shown],
        best_possible_auc=_auc(liked[judged], from_features[judged]),
        best_auc_knowing_artists=_auc(liked[judged], true[judged]),
    )


def _cast(n_tracks: int, n_artists: int, rng: np.random.Generator) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Who plays each track, and whether it is a candidate; both (n,), in random order."""
    training = np.repeat(np.arange(n_artists), tracks_per_artist(n_tracks, n_artists, rng))
    familiar = training[rng.integers(n_tracks, size=_FAMILIAR)]
    n_unseen = N_CANDIDATES - N_KNOWN_CANDIDATES - _FAMILIAR
    unseen = n_artists + np.repeat(np.arange(_NEW_ARTISTS), tracks_per_artist(n_unseen, _NEW_ARTISTS, rng))
    artist = np.concatenate([training, familiar, unseen])
    order = rng.permutation(len(artist))
    return artist[order], order >= n_tracks


def _taste(tracks: pd.DataFrame) -> Floats:
    """Log-odds of a like but for a constant, from the published features: (n_tracks,).

    Four features out of thirteen carry it, in three sweet spots and one interaction, so that some 1,600 labels are
    enough to learn it; the others are there to be seen through.
    """
    energy, valence, danceability, acousticness = (
        tracks[name].to_numpy() for name in ("energy", "valence", "danceability", "acousticness")
    )
    lively_not_loud = 3.6 * _sweet_spot(energy, 0.58, 0.16)
    neither_sad_nor_sunny = 2.4 * _sweet_spot(valence, 0.45, 0.14)
    steady = 2.2 * _sweet_spot(danceability, 0.58, 0.12)
    danceable = _above(danceability, 0.60, 0.05) - 0.5
    dances_unless_acoustic = 1.8 * danceable * (1.0 - 2.0 * _above(acousticness, 0.25, 0.04))
    return _SHARPNESS * (lively_not_loud + neither_sad_nor_sunny + steady + dances_unless_acoustic)


def _sweet_spot(values: Floats, centre: float, width: float) -> Floats:
    return np.exp(-0.5 * ((values - centre) / width) ** 2)


def _above(values: Floats, centre: float, width: float) -> Floats:
    return _sigmoid((values - centre) / width)


def _sigmoid(logit: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-logit))


def _auc(labels: npt.NDArray[np.bool_], score: Floats) -> float:
    """ROC AUC as the share of (liked, skipped) pairs in the right order, ties counting half."""
    liked, skipped = score[labels][:, None], score[~labels][None, :]
    return float(((liked > skipped) + 0.5 * (liked == skipped)).mean())

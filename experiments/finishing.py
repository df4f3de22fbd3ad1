"""From an ensemble to a ranker: calibrate it, hear what labels say of genres and of artists, and cut."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from experiments.config import FitConfig
from experiments.ensembling import Candidate, Ensemble
from experiments.evaluation import Task
from experiments.positive_unlabelled import calibration_weights, tells_of_artists
from experiments.splits import groups_for
from features.artists import artist_hashes
from features.context import ArtistProfiles
from features.genres import genre_texts
from models.affinity import AffinityFit, fit_affinity
from models.calibration_choice import fit_calibration, label_weights
from models.evidence import OutOfFold
from models.genre_fit import GenreFit, fit_genres
from models.known import KnownTracks
from models.promise import best_promise, promised_cut
from models.ranker import Ranker, background_of
from models.threshold import FloatArray, best_f_beta_threshold

FAMILIAR_SHARE = 0.5
"""Of the candidates that the ranker's own cut is made for: the best F0.5 of an artist's fans alone is far stricter.

On the Kaggle CSV a cut at the best F0.5 of familiar artists' tracks (.84) has .76 on new artists', and this one .82; on
familiar ones' it has .953, where .960 is the best.
"""


def finish(
    ensemble: Ensemble,
    tracks: pd.DataFrame,
    task: Task,
    config: FitConfig,
    profiles: ArtistProfiles,
    info: Mapping[str, Any],
) -> tuple[Ranker, list[str]]:
    """Make the ranker, and say what is worth knowing of it.

    Parameters
    ----------
    ensemble : Ensemble
    tracks : DataFrame, shape (n, any)
        The labelled tracks table.
    task : Task
    config : FitConfig
    profiles : ArtistProfiles
    info : mapping
        Written into the ranker.
    """
    seen = ~np.isnan(ensemble.out_of_fold)
    rows = tracks[seen]
    y, raw = task.y[seen], ensemble.out_of_fold[seen]
    artist = groups_for(rows, "artist")
    weights = calibration_weights(tracks, task.weights)
    weights = None if weights is None else label_weights(y, weights[seen])
    calibration = fit_calibration(y, raw, artist, sample_weight=weights, seed=config.seed)
    log_odds = calibration.apply_log_odds(raw)
    genres = fit_genres(
        y, log_odds, task.tracks[seen], genre_texts(rows), artist, sample_weight=weights, seed=config.seed
    )
    log_odds = log_odds + genres.shift
    told = tells_of_artists(tracks)
    artists = artist_hashes(rows["artist_name"]) if told else np.zeros(len(rows), dtype=np.uint64)
    heard = fit_affinity(y, log_odds, artists, groups_for(rows, "random"), sample_weight=weights, seed=config.seed)
    by_genre = np.where(genres.known, genres.shift, np.nan) if genres.gain else None
    evidence = OutOfFold(y, expit(log_odds), expit(log_odds + heard.shift), heard.familiar, artist, by_genre)
    threshold, notes = own_cut(evidence, config.min_precision, weights)
    ranker = Ranker(
        members=ensemble.members,
        calibration=calibration,
        affinity=heard.affinity,
        profiles=profiles,
        threshold=threshold,
        out_of_fold=evidence,
        known=KnownTracks.of(tracks),
        trained_on=KnownTracks.of(tracks),
        background=background_of(task.tracks, config.seed),
        info={"model": _name(ensemble.candidates), "members": _shares(ensemble), **info},
        genres=genres.effects,
    )
    return ranker, [*notes, *_genre_notes(genres), *_affinity_notes(heard)]


def own_cut(evidence: OutOfFold, min_precision: float | None, weights: FloatArray | None) -> tuple[float, list[str]]:
    """Where a ranker cuts unless told otherwise: at the best F0.5, or where a precision can be promised, if stricter.

    Parameters
    ----------
    evidence : OutOfFold
    min_precision : float, optional
    weights : ndarray of float, shape (n,), optional
        How much each label counts for the best F0.5. In a promise all count alike: plays are surest of what is liked
        most, so that weighing them says too much (on 39 invented listeners a promise of .9 then held in .83 of the
        cases, instead of .95), while labels that may be wrong only make it more careful.

    Returns
    -------
    (threshold, notes) : tuple of float and list of str
        What to know of it: that the precision is out of reach.
    """
    rows, probability, share = evidence.mixed(FAMILIAR_SHARE)
    weight = share if weights is None else share * weights[rows]
    threshold = best_f_beta_threshold(evidence.liked[rows], probability, weight=weight)
    if min_precision is None:
        return threshold, []
    found = promised_cut(evidence.liked, evidence.new, min_precision, groups=evidence.artist)
    if found is not None:
        return max(threshold, found.threshold), []
    instead = best_promise(evidence.liked, evidence.new, below=min_precision, groups=evidence.artist)
    can = "no precision can be promised" if instead is None else f"{instead.min_precision:g} can"
    note = f"a precision of {min_precision:g} cannot be promised ({can}): the ranker keeps its best F0.5"
    return max(threshold, instead.threshold) if instead is not None else threshold, [note]


def _name(candidates: Sequence[Candidate]) -> str:
    names = {candidate.spec.name for candidate in candidates}
    return names.pop() if len(names) == 1 else "ensemble"


def _shares(ensemble: Ensemble) -> dict[str, float]:
    return {
        candidate.name: round(weight, 4)
        for candidate, weight in zip(ensemble.candidates, ensemble.weights, strict=True)
    }


def _affinity_notes(heard: AffinityFit) -> list[str]:
    if not heard.gain:
        return []
    return [
        f"artists help: {heard.familiar.sum():,} tracks of artists with several labels, log loss {heard.gain:.3f} lower"
    ]


def _genre_notes(genres: GenreFit) -> list[str]:
    if not genres.gain:
        return []
    known = f"{genres.known.sum():,} tracks of {len(genres.effects.genres):,} genres"
    return [f"genres help: {known}, log loss {genres.gain:.3f} lower"]

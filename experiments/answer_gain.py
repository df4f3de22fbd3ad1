"""What answers are worth: how much better the tracks that were judged before are told apart with them than without.

The same two cheap families are fitted twice on the same artist-grouped folds of the table, once without the answers and
once with them among every fold's training rows. Answers about an artist or a recording of a fold's test rows are left
out of that fold, so nothing is gained by having heard the very tracks that are asked for. Predictions are paired: the
interval is of the difference, over resampled artists. It tells of this table's listener and tracks; another draw of
answers would gain a little more or less.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.bootstrap import centred, resampled
from experiments.config import check_labels
from experiments.evaluation import Task, run_folds
from experiments.metrics import roc_auc
from experiments.positive_unlabelled import tells_of_artists
from experiments.splits import Fold, groups_for, inner_folds
from features.context import ArtistProfiles
from features.errors import InputError
from features.inputs import input_table
from models.known import KnownTracks
from models.registry import spec
from models.space import Value

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FAMILIES: Final[Mapping[str, dict[str, Value]]] = {
    "extra_trees": {"max_features": 0.5, "shrinkage": 2.0},
    "symmetric_trees": {
        "iterations": 100,
        "learning_rate": 0.1,
        "score_function": "L2",
        "leaf_estimation_iterations": 1,
    },
}
"""Strong, and unlike each other: their average is near the best there is on small tables. Set to be quick."""
N_FOLDS: Final = 5
RESAMPLES: Final = 500


@dataclass(frozen=True)
class Gain:
    """ROC AUC without and with the answers, on the same tracks of artists that were not learned from.

    Parameters
    ----------
    before, after : float
        Mean over the folds, in [0, 1].
    difference, low, high : float
        ``after - before`` with its 95 % interval over resampled artists; NaN where nothing could be resampled.
    n_answers : int
        Answers learned from; each in all folds but its artist's.
    n_tracks : int
        Judged before, and predicted here.
    """

    before: float
    after: float
    difference: float
    low: float
    high: float
    n_answers: int
    n_tracks: int

    def in_words(self) -> str:
        """One sentence for people."""
        answers = "1 answer" if self.n_answers == 1 else f"{self.n_answers:,} answers"
        scores = (
            f"ROC AUC on your {self.n_tracks:,} other tracks {self.before:.3f} without, {self.after:.3f} with: "
            f"{self.difference:+.3f}, 95 % interval {self.low:+.3f} to {self.high:+.3f}"
        )
        one = self.n_answers == 1
        if self.low > 0:
            return f"{answers} {'makes' if one else 'make'} the next train rank better ({scores})"
        if self.high < 0:
            return f"{answers} {'makes' if one else 'make'} the next train rank worse ({scores}): was one a slip?"
        return f"{answers} {'is' if one else 'are'} too few to tell what the next train gains ({scores})"


def answer_gain(
    table: pd.DataFrame,
    answers: pd.DataFrame,
    *,
    catalogue: pd.DataFrame | None = None,
    seed: int = 0,
    jobs: int = 2,
) -> Gain:
    """Measure what answers add to what can be predicted of the tracks judged before.

    Parameters
    ----------
    table : DataFrame, shape (n, any)
        The validated tracks table that a ranker was trained on, every row labelled. Rows that are among the answers
        count as answers: the table may be the one before or after they were added.
    answers : DataFrame, shape (m, any)
        A validated tracks table; rows without a label are not yet answers.
    catalogue : DataFrame, optional
        Tracks of any kind that tell how artists sound, as `experiments.fitting.fit` takes them.
    seed : int
        Of folds, models and resamples.
    jobs : int
        Folds fitted at once.

    Returns
    -------
    Gain

    Raises
    ------
    InputError
        If there are no answers, or the table without them cannot be learned from.
    """
    if "liked" not in answers or not answers["liked"].notna().any():
        raise InputError(
            "there are no answers yet, so there is nothing to measure", "answer some of the tracks asked about first"
        )
    answered = answers[answers["liked"].notna()]
    judged = table[~KnownTracks.of(answered).flags(table)]
    if not len(judged):
        raise InputError(
            "nothing of the table is left without the answers, so there is nothing to measure them on",
            "give the table that the ranker was trained on",
        )
    y = check_labels(judged, likes_will_do=False)
    together = pd.concat([judged, answered], ignore_index=True)
    folds = inner_folds(judged.reset_index(drop=True), y, "artist", n_folds=N_FOLDS, seed=seed)
    probability = _out_of_fold(together, (folds, with_answers(together, len(judged), folds)), catalogue, seed, jobs)

    def scores(rows: npt.NDArray[np.intp]) -> FloatArray:
        parts = [rows[np.isin(rows, fold.test)] for fold in folds]
        of_folds = [[roc_auc(y[part], p[part]) if len(part) else np.nan for part in parts] for p in probability]
        before, after = np.mean(of_folds, axis=1)
        return np.array([before, after, after - before])

    before, after, difference = map(float, scores(np.arange(len(y))))
    artists = groups_for(judged, "artist")
    draws = resampled(scores, len(y), groups=artists, n=RESAMPLES, seed=seed)
    low, high = centred(np.array([difference]), draws[:, 2:])[0]
    return Gain(before, after, difference, float(low), float(high), len(answered), len(judged))


def with_answers(together: pd.DataFrame, n_judged: int, folds: Sequence[Fold]) -> tuple[Fold, ...]:
    """The same folds with answers to learn from, but for those whose artist or recording is tested.

    Parameters
    ----------
    together : DataFrame
        Tracks judged before, then the answers.
    n_judged : int
        How many rows are tracks judged before.
    folds : sequence of Fold
        Positions among the tracks judged before.

    Returns
    -------
    tuple of Fold
    """
    groups = [groups_for(together, kind) for kind in ("artist", "random")]
    answers = np.arange(n_judged, len(together))
    found = []
    for fold in folds:
        tested = np.any([np.isin(of[answers], of[fold.test]) for of in groups], axis=0)
        found.append(Fold(np.concatenate([fold.train, answers[~tested]]), fold.test))
    return tuple(found)


def _out_of_fold(
    together: pd.DataFrame, cuts: Sequence[Sequence[Fold]], catalogue: pd.DataFrame | None, seed: int, jobs: int
) -> FloatArray:
    """The families' mean prediction of the tracks judged before, for each way to learn: (n_cuts, n_rows).

    Both ways hear the same of artists: the answers' tracks were known before they were judged.
    """
    profiles = ArtistProfiles.build(catalogue=catalogue, judged=together if tells_of_artists(together) else None)
    inputs = input_table(profiles.attach(together))
    y = together["liked"].to_numpy(dtype=np.int64)
    weights = together["weight"].fillna(1.0).to_numpy(dtype=np.float64) if "weight" in together else None
    artists = groups_for(together, "artist")
    tasks = [Task(inputs, y, artists, tuple(folds), seed=seed, jobs=jobs, weights=weights) for folds in cuts]
    return np.array(
        [
            np.mean([run_folds(spec(name), params, task).out_of_fold for name, params in FAMILIES.items()], axis=0)
            for task in tasks
        ]
    )

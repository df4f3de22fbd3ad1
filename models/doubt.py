"""How much one answer tells of other tracks: a Gaussian process over how tracks sound.

The criterion is the sum of variances at undecided tracks, and what one more answer takes from it (Cohn, Ghahramani and
Jordan 1996, "Active learning with statistical models", JAIR 4, without weights; Seo et al. 2000, "Gaussian process
regression: active data selection and test point rejection", with a Gaussian process).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.linalg import cholesky, solve_triangular
from scipy.spatial.distance import cdist

FloatArray = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

REACH: Final = 0.7
"""How far an answer tells of other tracks: the kernel's length scale; two tracks drawn at random lie sqrt(2) apart."""
NOISE: Final = 0.3
"""Variance of one answer, where a track's own before any answer is 1."""
MOST_CONSIDERED: Final = 2000
"""Candidates that may be asked about; of more, so many are drawn."""
MOST_JUDGED: Final = 512
"""Judged tracks that are heeded; of more, so many are drawn and stand for the others."""
REFERENCE: Final = 512
"""Candidates over which is summed what an answer tells."""
LEAST_WEIGHT: Final = 1e-3
"""Weight of a candidate that is decided: where all are, coverage counts."""


@dataclass(frozen=True)
class Points:
    """Places of tracks, and how far they are known: 1, and less where features are missing.

    A missing feature is taken for the average, with a coordinate of the track's own that says how far it may be from
    there: it makes the track less like all others by the same factor.

    Parameters
    ----------
    place : ndarray of float, shape (n, n_features)
        Scaled so that two tracks drawn at random lie sqrt(2) apart, whatever the number of features.
    known : ndarray of float, shape (n,)
        In (0, 1].
    """

    place: FloatArray
    known: FloatArray

    @classmethod
    def of(cls, features: FloatArray) -> "Points":
        """Tracks by standardised features (n, n_features), NaN where unknown."""
        missing = np.isnan(features).sum(axis=1) / max(features.shape[1], 1)
        scaled = np.nan_to_num(features) / np.sqrt(max(features.shape[1], 1))
        return cls(scaled, np.exp(-missing / (2 * REACH**2)))

    def take(self, rows: Positions) -> "Points":
        """Some of them."""
        return Points(self.place[rows], self.known[rows])

    def alike(self, other: "Points") -> FloatArray:
        """The kernel: (n, n_other), in [0, 1]."""
        near = np.exp(-cdist(self.place, other.place, "sqeuclidean") / (2 * REACH**2))
        return np.asarray(self.known[:, None] * near * other.known)


@dataclass(frozen=True)
class Doubt:
    """A Gaussian process given what was judged, at the candidates that may be asked about and at the reference.

    Parameters
    ----------
    considered : ndarray of int, shape (n_considered,)
        Positions among the candidates.
    points : Points
        Those.
    explained : ndarray of float, shape (n_judged, n_considered)
        The judged tracks' part: products of its columns are what they tell of two candidates together.
    variance : ndarray of float, shape (n_considered,)
    covariance : ndarray of float, shape (n_considered, n_reference)
    weight : ndarray of float, shape (n_reference,)
        How undecided the reference is.
    """

    considered: Positions
    points: Points
    explained: FloatArray
    variance: FloatArray
    covariance: FloatArray
    weight: FloatArray

    @classmethod
    def of(
        cls, features: FloatArray, uncertainty: FloatArray, judged: FloatArray, answers_each: float, seed: int
    ) -> "Doubt":
        """What is doubtful given the judged tracks and before anything more is asked; see `asking.most_informative`."""
        rng = np.random.default_rng(seed)
        considered = _drawn(len(features), MOST_CONSIDERED, rng)
        points = Points.of(features[considered])
        reference = _drawn(len(considered), REFERENCE, rng)
        heeded = _drawn(len(judged), MOST_JUDGED, rng)
        known = Points.of(judged[heeded])
        explained = np.zeros((0, len(considered)))
        if len(heeded):
            among = known.alike(known)
            among[np.diag_indices(len(heeded))] = 1 + NOISE * len(heeded) / (len(judged) * answers_each)
            explained = solve_triangular(cholesky(among, lower=True), known.alike(points), lower=True)
        covariance = points.alike(points.take(reference)) - explained.T @ explained[:, reference]
        variance = 1 - (explained**2).sum(axis=0)
        weight = np.maximum(uncertainty[considered[reference]], LEAST_WEIGHT)
        return cls(considered, points, explained, np.maximum(variance, 0.0), covariance, weight)

    def settle(self, n: int) -> Positions:
        """Choose one after the other, each as if those before had been answered: positions among the considered."""
        variance, squares = self.variance.copy(), self.covariance**2 @ self.weight
        free = np.ones(len(variance), dtype=bool)
        chosen: list[int] = []
        steps = np.empty((min(n, len(variance)), len(variance)))
        at_reference = np.empty((len(steps), self.covariance.shape[1]))
        for number in range(len(steps)):
            best = int(np.argmax(np.where(free, squares / (variance + NOISE), -np.inf)))
            free[best] = False
            chosen.append(best)
            root = np.sqrt(variance[best] + NOISE)
            before, there = steps[:number], at_reference[:number]
            step = self.points.alike(self.points.take(np.array([best])))[:, 0]
            step[best] = 1.0
            step = (step - self.explained.T @ self.explained[:, best] - before[:, best] @ before) / root
            row = (self.covariance[best] - before[:, best] @ there) / root
            # the sum of squared covariances after this answer, from those before it: no table is updated
            heavy = self.weight * row
            product = self.covariance @ heavy - (there @ heavy) @ before
            squares = np.maximum(squares - 2 * step * product + step**2 * (heavy @ row), 0.0)
            variance = np.maximum(variance - step**2, 0.0)
            steps[number], at_reference[number] = step, row
        return np.array(chosen, dtype=np.intp)


def _drawn(n: int, most: int, rng: np.random.Generator) -> Positions:
    return np.arange(n) if n <= most else np.sort(rng.choice(n, most, replace=False))

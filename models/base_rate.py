"""How many of the candidates will be liked at all, and like probabilities that take it into account.

A like probability answers for tracks like those of the training table. Where likes are rarer among the candidates (a
Discover Weekly against a table of favourites) every probability is too high by the same factor of odds, as long as
liked tracks sound alike here and there, and skipped ones too (label shift). The candidates' own scores then say how
rare likes are: Saerens, Latinne & Decaestecker (2002), "Adjusting the outputs of a classifier to new a priori
probabilities".
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, logsumexp

from models.calibration import log_odds

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MIN_CANDIDATES = 50
"""Fewer candidates than this say too little about a base rate."""
CERTAINTY = 3.84
"""Twice the log-likelihood ratio from which a shift is believed: 5 % of a chi-squared of one degree of freedom."""
CLEAR = 4.0
"""Standard errors that the mean score must have moved: other artists' music moves it by three without any shift."""
PRIOR_SD = 1.5
"""Standard deviation of the prior of the shift, in log-odds: 57 % to 6 % is two of them."""
GRID = np.linspace(-7.0, 7.0, 281)
"""Shifts of the log-odds that are considered: steps of 0.05."""
TOLERANCE = 0.1
"""Distance between distributions of scores that is forgiven beyond chance: a bag's scores are not quite its folds'."""


@dataclass(frozen=True)
class BaseRate:
    """The share of likes to expect among candidates.

    Parameters
    ----------
    rate : float
        To use: the estimate where ``shifted``, else the training table's; in (0, 1).
    estimate, low, high : float
        What the candidates' scores say: posterior mean on the log-odds scale, and the interval of 90 %.
    shifted : bool
        Whether the candidates' rate is surely another than the training table's.
    n_candidates : int
    log_odds_sd : float
        Standard deviation of the log-odds of the estimate.
    fits : bool
        Whether the candidates' scores can be a mixture of those of liked and skipped training tracks at all. Where they
        cannot (other music, missing columns), the estimate means nothing and is not used.
    """

    rate: float
    estimate: float
    low: float
    high: float
    shifted: bool
    n_candidates: int
    log_odds_sd: float = 0.0
    fits: bool = True

    @property
    def doubt(self) -> tuple[float, float]:
        """What a promise has to allow for: how far the rate's log-odds may lie from those of ``rate``, and the noise.

        A hint of fewer likes that is too weak to adjust every probability is heeded here: caution costs only a few kept
        tracks. (0, 0) where the estimate means nothing, as with fewer than MIN_CANDIDATES.
        """
        if self.n_candidates < MIN_CANDIDATES or not self.fits:
            return 0.0, 0.0
        return min(0.0, float(logit(self.estimate) - logit(self.rate))), self.log_odds_sd


def estimate_base_rate(
    probability: FloatArray,
    trained_rate: float,
    *,
    n_trained: int | None = None,
    out_of_fold: tuple[IntArray, FloatArray] | None = None,
) -> BaseRate:
    """Estimate the candidates' share of likes from their scores alone.

    The likelihood is that of Saerens et al., whose EM climbs to its maximum; here the whole of it is taken, times a
    normal prior around no shift (weak models would else run to 0 or 1). A rate other than the training table's is
    used only where the likelihood ratio is beyond its own noise and that of the calibration.

    Parameters
    ----------
    probability : ndarray of float, shape (n_candidates,)
        Calibrated like probabilities, at the training table's base rate.
    trained_rate : float
        Share of likes in the training table, in (0, 1).
    n_trained : int, optional
        Out-of-fold rows behind the calibration, whose level is as uncertain as a base rate estimated from so many. As
        many as ``out_of_fold`` has, where that is given.
    out_of_fold : tuple of ndarrays of shape (n_trained,), optional
        Labels and like probabilities of these rows. The candidates' scores are measured against the mean of theirs,
        which is better known than the share of likes, and must be a mixture of the scores of the two classes.

    Returns
    -------
    BaseRate

    Raises
    ------
    ValueError
        If ``trained_rate`` is out of range.
    """
    _check_rate(trained_rate)
    n = len(probability)
    start = float(logit(trained_rate))
    before = start if out_of_fold is None else float(logit(np.clip(np.mean(out_of_fold[1]), 1e-6, 1 - 1e-6)))
    # Likelihood ratio of liked to skipped: the odds of the score over the odds before it was seen.
    ratio = np.exp(log_odds(np.asarray(probability, dtype=np.float64)) - before)
    rates = expit(before + GRID)
    likelihood = np.array([np.sum(np.log1p(rate * (ratio - 1.0))) for rate in rates])
    if n_trained is None and out_of_fold is not None:
        n_trained = len(out_of_fold[0])
    if n_trained is not None:
        likelihood = likelihood * (n_trained / (n_trained + n))
    posterior = likelihood - 0.5 * (GRID / PRIOR_SD) ** 2
    mass = np.exp(posterior - logsumexp(posterior))
    low, high = (float(edge) for edge in np.interp([0.05, 0.95], np.cumsum(mass) - mass / 2, GRID))
    unshifted = float(np.interp(0.0, GRID, likelihood))
    fits = out_of_fold is None or not n or _is_mixture(probability, *out_of_fold, float(rates[np.argmax(posterior)]))
    shifted = fits and n >= MIN_CANDIDATES and 2 * (float(likelihood.max()) - unshifted) > CERTAINTY
    mean = float(mass @ GRID)
    sd = float(np.sqrt(mass @ (GRID - mean) ** 2))
    if out_of_fold is not None and n >= MIN_CANDIDATES:
        moved, noise, score = _mean_shift(np.asarray(probability, dtype=np.float64), *out_of_fold)
        if abs(moved) < abs(mean):
            mean, sd, low, high = moved, noise, moved - 1.645 * noise, moved + 1.645 * noise
            shifted = shifted and score > CLEAR
    estimate = float(expit(start + mean))
    interval = float(expit(start + low)), float(expit(start + high))
    return BaseRate(estimate if shifted else trained_rate, estimate, *interval, bool(shifted), n, sd, fits)


def _mean_shift(probability: FloatArray, y: IntArray, p: FloatArray) -> tuple[float, float, float]:
    """The shift of log-odds that the candidates' mean score tells of, its noise, and how many errors the rate moved.

    Lipton, Wang & Smola (2018), "Detecting and correcting for label shift with black box predictors": the mean score is
    a mixture of the classes' mean scores. Unfamiliar music gets lukewarm scores, whose likelihood runs far away while
    their mean stays where it was; of the two estimates the one nearer to no shift is used.
    """
    rate = float(np.mean(y))
    skipped, liked = (float(np.mean(p[y == label])) for label in (0, 1))
    spread = max(liked - skipped, 1e-3)
    moved = float(np.clip(rate + (np.mean(probability) - np.mean(p)) / spread, 0.002, 0.998))
    error = max(float(np.sqrt(np.var(probability) / len(probability) + np.var(p) / len(p))) / spread, 1e-6)
    noise = min(error / (moved * (1 - moved)), PRIOR_SD)
    return float(logit(moved) - logit(rate)), noise, abs(moved - rate) / error


def _is_mixture(probability: FloatArray, y: IntArray, p: FloatArray, rate: float) -> bool:
    """Kolmogorov and Smirnov's test (1 %) of candidates' scores against the mixture of the classes' scores."""
    scores = np.sort(probability)
    n = [max(int(np.sum(y == label)), 1) for label in (0, 1)]
    below = [np.searchsorted(np.sort(p[y == label]), scores, side="right") / n[label] for label in (0, 1)]
    mixture = (1 - rate) * below[0] + rate * below[1]
    own = np.searchsorted(scores, scores, side="right") / len(scores)
    spread = np.sqrt(1 / len(scores) + (1 - rate) ** 2 / n[0] + rate**2 / n[1])
    return bool(np.abs(own - mixture).max() <= 1.63 * spread + TOLERANCE)


def adjust(probability: FloatArray, trained_rate: float, rate: float) -> FloatArray:
    """Like probabilities at another base rate: the log-odds move by the same amount for every track.

    Parameters
    ----------
    probability : ndarray of float, shape (n,)
        Calibrated, at ``trained_rate``.
    trained_rate, rate : float
        Shares of likes in (0, 1), in the training table and among the candidates.

    Returns
    -------
    ndarray of float, shape (n,)
        In the same order; as given where the rates are equal.

    Raises
    ------
    ValueError
        If a rate is out of range.
    """
    _check_rate(trained_rate)
    _check_rate(rate)
    if rate == trained_rate:
        return probability
    moved: FloatArray = expit(log_odds(probability) + logit(rate) - logit(trained_rate))
    return moved


def class_weights(y: IntArray, trained_rate: float, rate: float) -> FloatArray:
    """Weights that make labelled rows count as a table with another base rate would.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
    trained_rate, rate : float
        Shares of likes in (0, 1), in the rows and in the table they stand for.

    Returns
    -------
    ndarray of float, shape (n,)
        ``rate / trained_rate`` for liked rows, ``(1 - rate) / (1 - trained_rate)`` for skipped ones.

    Raises
    ------
    ValueError
        If a rate is out of range.
    """
    _check_rate(trained_rate)
    _check_rate(rate)
    weights: FloatArray = np.where(y == 1, rate / trained_rate, (1 - rate) / (1 - trained_rate))
    return weights


def _check_rate(rate: float) -> None:
    if not 0 < rate < 1:
        raise ValueError(f"a base rate lies between 0 and 1, got {rate}")

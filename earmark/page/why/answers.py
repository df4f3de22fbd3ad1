"""Why a track got its score: the effects of its features, and where it lies among what the listener likes."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum

from pydantic import BaseModel
from scipy.special import expit

from earmark.feature_words import WORDS, feature_in_words
from earmark.page.portrait.distributions import Distribution
from earmark.page.portrait.wording import unit_of
from earmark.ranking import printable
from models.scored import Scored


class Effect(BaseModel):
    """What a feature does to the score of a track.

    ``effect`` is on the log-odds of being liked: with the base, they add up to the score. ``effect_on_probability`` is
    how much lower the like probability would be without it, in [-1, 1]; such parts do not add up, for the scale of
    probabilities bends.
    """

    feature: str
    words: str
    value: float | None
    unit: str
    effect: float
    effect_on_probability: float


class Middle(BaseModel):
    """Where the middle of some tracks lies: 10 %, 50 % and 90 % quantiles, in the feature's unit."""

    n: int
    low: float | None
    median: float | None
    high: float | None


class Standing(BaseModel):
    """A track among the likes and the other tracks that the ranker learned from, along one feature.

    A feature on a scale has ranges, on an axis from ``axis_low`` to ``axis_high``. Of the key, the mode and the metre,
    ``share_liked`` and ``share_others`` tell how many of the tracks have the same value as this one.
    """

    feature: str
    unit: str
    value: float | None
    axis_low: float
    axis_high: float
    liked: Middle
    others: Middle
    share_liked: float | None
    share_others: float | None


class WhyAnswer(BaseModel):
    """Why a track has its like probability.

    ``base`` is the log-odds that the ranker starts from, where nothing is known of a track; ``base`` and all effects
    add up to ``log_odds``, that of ``like_probability``. Numbers are not rounded. ``relative`` rankers know no
    dislikes: their probabilities rank only. ``standings`` are empty where it is not known what the ranker learned from.
    """

    track_id: str
    track_name: str | None
    artist_name: str | None
    rank: int
    like_probability: float
    relative: bool
    base: float
    base_probability: float
    log_odds: float
    effects: list[Effect]
    others: str
    standings: list[Standing]


@dataclass(frozen=True)
class Learned:
    """What a ranker learned from: likes and others along each feature, and what the others are called."""

    others: str
    distributions: Mapping[str, Distribution]


def why(scored: Scored, row: int, learned: Learned | None) -> WhyAnswer:
    """Why a candidate got its score.

    Parameters
    ----------
    scored : Scored
    row : int
        Its position in ``scored.tracks``, from 0.
    learned : Learned, optional
        None where the table that the ranker learned from is gone.

    Returns
    -------
    WhyAnswer
        Effects are sorted by their size. An effect on the probability p is ``p - sigmoid(logit p - effect)``.
    """
    track, inputs = scored.tracks.iloc[row], scored.inputs.iloc[row]
    parts = scored.explain([row]).iloc[0]
    base, by_feature = float(parts["base"]), {str(name): float(parts[name]) for name in parts.index if name != "base"}
    log_odds = fsum([base, *by_feature.values()])
    values = {name: _number(inputs[name]) for name in by_feature if name in inputs and name not in WORDS}
    effects = [
        Effect(
            feature=name,
            words=feature_in_words(name, values.get(name)),
            value=values.get(name),
            unit=unit_of(name),
            effect=effect,
            effect_on_probability=float(expit(log_odds) - expit(log_odds - effect)),
        )
        for name, effect in sorted(by_feature.items(), key=lambda item: (-abs(item[1]), item[0]))
    ]
    distributions = {} if learned is None else learned.distributions
    return WhyAnswer(
        track_id=str(track["track_id"]),
        track_name=_text(track.get("track_name")),
        artist_name=_text(track.get("artist_name")),
        rank=int(track["rank"]),
        like_probability=float(track["like_probability"]),
        relative=scored.relative,
        base=base,
        base_probability=float(expit(base)),
        log_odds=log_odds,
        effects=effects,
        others="" if learned is None else learned.others,
        standings=[standing(found, values.get(name)) for name, found in distributions.items()],
    )


def standing(found: Distribution, value: float | None) -> Standing:
    """A value among likes and others."""
    sides = (found.liked, found.others)
    liked, others = (Middle(n=side.n, low=side.low, median=side.median, high=side.high) for side in sides)
    shares: tuple[float | None, float | None] = (None, None)
    if found.categorical and value is not None:
        kinds = dict(zip(found.edges, zip(found.liked.shares, found.others.shares, strict=True), strict=True))
        shares = kinds.get(value, (0.0, 0.0))
    return Standing(
        feature=found.feature,
        unit=found.unit,
        value=value,
        axis_low=found.edges[0],
        axis_high=found.edges[-1],
        liked=liked,
        others=others,
        share_liked=shares[0],
        share_others=shares[1],
    )


def _number(value: object) -> float | None:
    number = float(value)  # type: ignore[arg-type]
    return None if number != number else number  # noqa: PLR0124 (NaN)


def _text(value: object) -> str | None:
    return printable(value) or None if isinstance(value, str) else None

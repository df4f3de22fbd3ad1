"""Small pictures for each line: a track's value among likes and others, and the effect as a bar from the middle."""

from dataclasses import dataclass
from typing import Final

from earmark.feature_words import name_of, value_in_words
from earmark.page.portrait.charts import Chart, box, line, scale, shapes
from earmark.page.portrait.wording import percent
from earmark.page.rendering import signed
from earmark.page.why.answers import Effect, Middle, Standing, WhyAnswer

SHOWN: Final = 8
"""Effects that are shown at once; the smaller ones wait in a fold."""
STRIP: Final = (200, 24)
BAR: Final = (160, 24)
_EDGE: Final = 3


@dataclass(frozen=True)
class EffectLine:
    """One effect with its pictures; ``strip`` is missing where a feature has no range, and ``shares`` stand instead.

    ``number`` is the effect on the log-odds and ``part`` that on the probability, in words.
    """

    effect: Effect
    number: str
    part: str
    bar: Chart
    strip: Chart | None
    shares: str


@dataclass(frozen=True)
class RangeRow:
    """One line of the table that tells in numbers what the strips show."""

    name: str
    value: str
    liked: str
    others: str


def effect_lines(answer: WhyAnswer) -> tuple[EffectLine, ...]:
    """All effects, the greatest first, on one scale."""
    most = max((abs(effect.effect) for effect in answer.effects), default=0.0)
    standings = {standing.feature: standing for standing in answer.standings}
    return tuple(_line(effect, standings.get(effect.feature), answer.others, most) for effect in answer.effects)


def _line(effect: Effect, standing: Standing | None, others: str, most: float) -> EffectLine:
    on_scale = standing is not None and standing.liked.median is not None and standing.others.median is not None
    strip = strip_chart(standing, others) if standing is not None and on_scale else None
    shares = ""
    if standing is not None and standing.share_liked is not None and standing.share_others is not None:
        liked, rest = percent(standing.share_liked), percent(standing.share_others)
        shares = f"as {liked} of liked, {rest} of {others}"
    number, part = in_words(effect.effect), f"{in_words(100 * effect.effect_on_probability, 0)} %"
    return EffectLine(effect, number, part, bar_chart(effect, most), strip, shares)


def in_words(number: float, digits: int = 2) -> str:
    """``+0.11``; without a sign where nothing is left of it."""
    shown = signed(number, digits)
    return shown if shown.strip("0.+\N{MINUS SIGN}") else shown[1:]


def range_rows(answer: WhyAnswer) -> tuple[RangeRow, ...]:
    """Ranges in words."""
    return tuple(
        RangeRow(
            name_of(standing.feature),
            value_in_words(standing.feature, standing.value),
            _range_in_words(standing.feature, standing.liked),
            _range_in_words(standing.feature, standing.others),
        )
        for standing in answer.standings
        if standing.liked.median is not None or standing.others.median is not None
    )


def strip_chart(standing: Standing, others: str) -> Chart:
    """The liked range above, the others' below, 10 to 90 % with medians; the track is a line through both."""
    width, height = STRIP
    x = scale(standing.axis_low, standing.axis_high, _EDGE, width - _EDGE)
    paths = [(line([(_EDGE, height / 2), (width - _EDGE, height / 2)]), "base")]
    for middle, top, side in ((standing.liked, 3, "liked"), (standing.others, 14, "others")):
        if middle.low is None or middle.high is None or middle.median is None:
            continue
        left, right = x(middle.low), x(middle.high)
        paths.append((box(left, top, max(right - left, 2.0), 7), f"range-{side}"))
        paths.append((box(x(middle.median) - 1, top - 1, 2, 9), f"middle-{side}"))
    if standing.value is not None:
        paths.append((box(x(standing.value) - 2, 0, 4, height), "mark"))
    liked, rest = (_range_in_words(standing.feature, side) for side in (standing.liked, standing.others))
    said = f"liked {liked}, {others} {rest}"
    return Chart(said, width, height, shapes(*paths), stretch=True)


def bar_chart(effect: Effect, most: float) -> Chart:
    """An effect to the right where it speaks for the track, to the left where it speaks against it."""
    width, height = BAR
    zero = width / 2
    length = scale(0, most or 1.0, 0, zero - _EDGE)(abs(effect.effect))
    bar = box(zero if effect.effect > 0 else zero - length, 5, length, height - 10)
    kind = "bar-for" if effect.effect > 0 else "bar-against"
    return Chart("", width, height, shapes((bar, kind), (line([(zero, 0), (zero, height)]), "zero")), stretch=True)


def _range_in_words(feature: str, middle: Middle) -> str:
    if middle.low is None or middle.high is None or middle.median is None:
        return "unknown"
    low, median, high = (value_in_words(feature, value) for value in (middle.low, middle.median, middle.high))
    return f"{low} to {high}, median {median}"

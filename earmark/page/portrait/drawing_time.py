"""Taste over time: likes and the others by quarter, back to back, and running medians with their bands."""

from datetime import date
from typing import Final

from earmark.feature_words import name_of, value_in_words
from earmark.page.portrait.charts import Anchor, Chart, Text, area, box, line, scale, shapes
from earmark.page.portrait.drift import Quarter, Trend

WIDTH: Final = 400
MOST_QUARTERS: Final = 60
_LEFT, _RIGHT = 56, WIDTH - 8


def quarters_chart(quarters: list[Quarter], others: str) -> Chart:
    """Likes upwards, the others downwards; the last fifteen years."""
    shown = quarters[-MOST_QUARTERS:]
    most = max([*(quarter.liked for quarter in shown), *(quarter.others for quarter in shown), 1])
    height, middle = 150, 68.0
    size = scale(0, most, 0, 56)
    slot = (_RIGHT - _LEFT) / len(shown)
    width = max(slot - 2, slot * 0.6)
    up = "".join(box(_LEFT + slot * i, middle - size(q.liked), width, size(q.liked)) for i, q in enumerate(shown))
    down = "".join(box(_LEFT + slot * i, middle + 1, width, size(q.others)) for i, q in enumerate(shown))
    texts = [
        Text(_LEFT - 6, middle - 24, "liked", "end"),
        Text(_LEFT - 6, middle + 32, "others" if others == "background" else others, "end"),
        *_ends(shown[0].quarter, shown[-1].quarter, height - 6),
    ]
    peak = max(range(len(shown)), key=lambda i: shown[i].liked)
    texts.append(Text(_LEFT + slot * (peak + 0.5), middle - size(shown[peak].liked) - 4, str(shown[peak].liked)))
    said = f"Tracks by quarter, {shown[0].quarter} to {shown[-1].quarter}: at most {most:,} liked or {others} in one"
    return Chart(said, WIDTH, height, shapes((up, "bar-liked"), (down, "bar-others-solid")), tuple(texts))


def trend_chart(trend: Trend) -> Chart:
    """The running median of a feature of what is liked, with its 95 % band."""
    days = [date.fromisoformat(moment.date).toordinal() for moment in trend.running]
    low, high = min(moment.low for moment in trend.running), max(moment.high for moment in trend.running)
    height, top, base = 120, 12, 96
    x, y = scale(days[0], days[-1], _LEFT, _RIGHT), scale(low, high, base, top)
    upper, lower, middle = (
        [(x(day), y(getattr(moment, side))) for day, moment in zip(days, trend.running, strict=True)]
        for side in ("high", "low", "median")
    )
    texts = _ends(trend.running[0].date[:7], trend.running[-1].date[:7], height - 6)
    for end in (low, high):
        texts += (Text(_LEFT - 6, y(end) + 4, value_in_words(trend.feature, end), "end", "label quiet-label"),)
    first, last = (value_in_words(trend.feature, trend.running[end].median) for end in (0, -1))
    said = f"Running median of {name_of(trend.feature)} of what is liked: {first} at first, {last} at last"
    return Chart(said, WIDTH, height, shapes((area(upper, lower), "band"), (line(middle), "line-liked")), texts)


def _ends(first: str, last: str, y: float) -> tuple[Text, ...]:
    ends: tuple[tuple[float, str, Anchor], ...] = ((_LEFT, first, "start"), (_RIGHT, last, "end"))
    return tuple(Text(x, y, text, anchor, "label quiet-label") for x, text, anchor in ends)

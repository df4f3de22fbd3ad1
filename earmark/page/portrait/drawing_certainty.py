"""How sure the ranker is: probabilities back to back, and how often they come true."""

from typing import Final

from earmark.page.portrait.certainty import BINS, UNSURE, Certainty
from earmark.page.portrait.charts import Anchor, Chart, Text, at, box, line, scale, shapes
from earmark.page.portrait.wording import percent

WIDTH: Final = 400
_LEFT, _RIGHT = 56, WIDTH - 8


def probability_chart(found: Certainty, others: str) -> Chart:
    """Likes upwards and the others downwards, by like probability; the unsure middle is shaded."""
    most = max([*found.liked, *found.others, 1])
    height, middle, tall = 220, 98.0, 84.0
    size, x = scale(0, most, 0, tall), scale(0, 1, _LEFT, _RIGHT)
    width = (_RIGHT - _LEFT) / BINS - 1.5
    up = "".join(box(x(i / BINS), middle - size(n), width, size(n)) for i, n in enumerate(found.liked))
    down = "".join(box(x(i / BINS), middle + 1, width, size(n)) for i, n in enumerate(found.others))
    unsure = box(x(UNSURE[0]), middle - tall - 8, x(UNSURE[1]) - x(UNSURE[0]), 2 * tall + 16)
    texts = [
        Text(_LEFT - 6, middle - tall / 2, "liked", "end"),
        Text(_LEFT - 6, middle + tall / 2, "others" if others == "background" else others, "end"),
        Text(x(0.5), middle - tall + 6, "unsure", kind="label quiet-label"),
        *_percents(height - 8),
    ]
    liked, rest = (sum(counts[BINS // 2 :]) / max(sum(counts), 1) for counts in (found.liked, found.others))
    said = f"Like probabilities: above 50 % for {percent(liked)} of liked and {percent(rest)} of {others} tracks"
    drawn = shapes((unsure, "shade"), (up, "bar-liked"), (down, "bar-others-solid"))
    return Chart(said, WIDTH, height, drawn, tuple(texts))


def reliability_chart(found: Certainty) -> Chart:
    """What the ranker says against what is liked, with 90 % bands; on the diagonal it is honest."""
    height, top, base = 300, 10, 268
    x, y = scale(0, 1, _LEFT, _RIGHT), scale(0, 1, base, top)
    rows = found.reliability
    bands = "".join(f"M{at(x(row.like_probability), y(row.low))}V{y(row.high):.1f}" for row in rows)
    dots = "".join(f"M{at(x(row.like_probability), y(row.liked))}h0" for row in rows)
    curve = line([(x(row.like_probability), y(row.liked)) for row in rows]) if rows else ""
    grid = "".join(line([(_LEFT, y(tick)), (_RIGHT, y(tick))]) for tick in (0, 0.5, 1))
    ticks = [Text(_LEFT - 6, y(tick) + 4, percent(tick), "end", "label quiet-label") for tick in (0, 0.5, 1)]
    ticks.append(Text(x(0.72) + 8, y(0.72) + 18, "honest", "start", "label quiet-label"))
    parts = (f"{percent(row.like_probability)} said, {percent(row.liked)} liked" for row in rows)
    drawn = shapes(
        (grid, "grid"),
        (line([(x(0), y(0)), (x(1), y(1))]), "diagonal"),
        (bands, "whisker"),
        (curve, "line-accent"),
        (dots, "dot-accent"),
    )
    return Chart(f"Calibration: {'; '.join(parts)}", WIDTH, height, drawn, (*ticks, *_percents(height - 14)))


def _percents(y: float) -> tuple[Text, ...]:
    x = scale(0, 1, _LEFT, _RIGHT)
    places: tuple[tuple[float, Anchor], ...] = ((0, "start"), (0.5, "middle"), (1, "end"))
    return tuple(Text(x(share), y, percent(share), anchor, "label quiet-label") for share, anchor in places)

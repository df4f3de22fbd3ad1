"""Small multiples: likes as an area and the others as a line, feature by feature."""

from typing import Final

from earmark.feature_words import KEYS, name_of, value_in_words
from earmark.page.portrait.charts import Anchor, Chart, Text, area, box, line, scale, shapes, steps
from earmark.page.portrait.distributions import Distribution
from earmark.page.portrait.wording import percent

WIDTH: Final = 240
HEIGHT: Final = 104
_LEFT, _RIGHT, _TOP, _BASE = 4, WIDTH - 4, 20, 86
_APART: Final = 5


def distribution_chart(found: Distribution, others: str) -> Chart:
    """One feature.

    Parameters
    ----------
    found : Distribution
    others : str
        What the tracks that are not likes are called.
    """
    highest = max([*found.liked.shares, *found.others.shares, 1e-9])
    if found.categorical:
        return _bars(found, others, highest)
    x, y = scale(found.edges[0], found.edges[-1], _LEFT, _RIGHT), scale(0, highest, _BASE, _TOP)
    edges = [x(edge) for edge in found.edges]
    liked, rest = ([y(share) for share in side.shares] for side in (found.liked, found.others))
    paths = [
        (area(steps(edges, liked), [(edges[0], _BASE), (edges[-1], _BASE)]), "area-liked"),
        (line(steps(edges, rest)), "line-others"),
        (line([(_LEFT, _BASE), (_RIGHT, _BASE)]), "base"),
    ]
    ends: tuple[tuple[float, Anchor], ...] = ((found.edges[0], "start"), (found.edges[-1], "end"))
    texts = [
        Text(x(edge), _BASE + 14, value_in_words(found.feature, edge), anchor, "label quiet-label")
        for edge, anchor in ends
    ]
    medians = [(side.median, kind) for side, kind in ((found.liked, "liked"), (found.others, "others"))]
    known = sorted(
        (x(value), kind, value_in_words(found.feature, value)) for value, kind in medians if value is not None
    )
    paths += [(line([(place, _TOP - 4), (place, _BASE)]), f"median-{kind}") for place, kind, _ in known]
    texts += _median_labels(known)
    return Chart(_said(found, others), WIDTH, HEIGHT, shapes(*paths), tuple(texts))


def _median_labels(medians: list[tuple[float, str, str]]) -> list[Text]:
    """The medians' values: the lower one left of its line, the other one right, moved so that neither is cut off.

    Parameters
    ----------
    medians : list of (float, str, str)
        Place, kind and words, from left to right.
    """
    if len({words for _, _, words in medians}) == 1:
        place, _, words = medians[-1]
        return [Text(min(place + 3, WIDTH - _room(words)), _TOP - 6, words, "start")]
    (left, of_left, first), (right, of_right, second) = medians
    start = min(max(right + 3, _room(first) + _APART), WIDTH - _room(second))
    end = max(min(left - 3, start - _APART), _room(first))
    labels: tuple[tuple[float, str, Anchor, str], ...] = (
        (end, first, "end", of_left),
        (start, second, "start", of_right),
    )
    return [Text(place, _TOP - 6, words, anchor, f"label label-{kind}") for place, words, anchor, kind in labels]


def _room(words: str) -> float:
    """About how wide a label is."""
    return 7.4 * len(words)


def _bars(found: Distribution, others: str, highest: float) -> Chart:
    """Pairs of bars: likes filled, the others as an outline."""
    y = scale(0, highest, _BASE, _TOP)
    slot = (_RIGHT - _LEFT) / len(found.edges)
    width = min(slot * 0.4, 22)
    paths, texts = [], []
    for place, value in enumerate(found.edges):
        middle = _LEFT + slot * (place + 0.5)
        sides = ((found.liked.shares[place], -width, "area-liked"), (found.others.shares[place], 0.0, "bar-others"))
        paths += [(box(middle + shift, y(share), width, _BASE - y(share)), kind) for share, shift, kind in sides]
        texts.append(Text(middle, _BASE + 14, _kind_in_words(found.feature, value), kind="label quiet-label"))
    paths.append((line([(_LEFT, _BASE), (_RIGHT, _BASE)]), "base"))
    return Chart(_said(found, others), WIDTH, HEIGHT, shapes(*paths), tuple(texts))


def _kind_in_words(feature: str, value: float) -> str:
    if feature == "key":
        return KEYS[int(value) % 12]
    return f"{value:.0f}" if feature == "time_signature" else value_in_words(feature, value)


def _said(found: Distribution, others: str) -> str:
    name = name_of(found.feature)
    if found.categorical:
        most = [
            value_in_words(found.feature, found.edges[side.shares.index(max(side.shares))])
            + f" ({percent(max(side.shares))})"
            for side in (found.liked, found.others)
        ]
        return f"{name}: most frequent among liked {most[0]}, among {others} {most[1]}"
    liked, rest = (value_in_words(found.feature, side.median) for side in (found.liked, found.others))
    return f"{name}: median of liked {liked}, of {others} {rest}"

"""The map: dots for likes, crosses for the others, coloured by like probability; candidates as diamonds."""

from typing import Final

from earmark.page.portrait.charts import Chart, Path, Text, at, line, scale, shapes
from earmark.page.portrait.plane import Point, TasteMap
from earmark.page.portrait.unknown import CandidateGaps

WIDTH: Final = 640
COLOURS: Final = 9
"""Steps of the diverging scale: 0 is surely not liked, 8 surely liked, the middle one is grey."""
_MARGIN: Final = 12
_UNKNOWN: Final = "unknown"


def map_chart(found: TasteMap, candidates: CandidateGaps | None, others: str) -> Chart:
    """The map; both axes have one scale, so that distances can be compared.

    Parameters
    ----------
    found : TasteMap
    candidates : CandidateGaps, optional
        Drawn above, in paths of the class ``candidates``.
    others : str
    """
    xs, ys = [point.x for point in found.points], [point.y for point in found.points]
    width = max(max(xs) - min(xs), 1e-6)
    unit = (WIDTH - 2 * _MARGIN) / width
    height = round(min(max((max(ys) - min(ys)) * unit, WIDTH * 0.4), WIDTH) + 2 * _MARGIN)
    unit = min(unit, (height - 2 * _MARGIN) / max(max(ys) - min(ys), 1e-6))
    across, down = width * unit, (max(ys) - min(ys)) * unit
    x = scale(min(xs), max(xs), (WIDTH - across) / 2, (WIDTH + across) / 2)
    y = scale(min(ys), max(ys), (height + down) / 2, (height - down) / 2)
    places: dict[str, list[str]] = {}
    for point in found.points:
        shape = _dot if point.liked else _cross
        places.setdefault(_kind(point), []).append(shape(x(point.x), y(point.y)))
    axes = [(line([(x(0), 0), (x(0), height)]) + line([(0, y(0)), (WIDTH, y(0))]), "grid")]
    marks = [("".join(places[kind]), f"point {kind}") for kind in sorted(places, key=_depth)]
    for far in (False, True):
        some = [] if candidates is None else [point for point in candidates.points if point.unlike_any is far]
        kind = "candidates unlike" if far else "candidates"
        marks.append(("".join(_diamond(x(point.x), y(point.y)) for point in some), kind))
    said = f"{len(found.points):,} tracks by sound. To the right: {found.x.high}. Upwards: {found.y.high}."
    return Chart(f"{said} Dots are liked, crosses {others}.", WIDTH, height, shapes(*axes, *marks))


def colour_key() -> Chart:
    """The steps of the colours, from 0 to 100 %."""
    side = 22
    paths = tuple(Path(f"M{side * step + 1} 2h{side - 2}v10h{2 - side}Z", f"swatch p{step}") for step in range(COLOURS))
    labels = ((0, "0 %", "start"), (side * COLOURS / 2, "50 %", "middle"), (side * COLOURS, "100 %", "end"))
    texts = tuple(Text(x, 26, text, anchor) for x, text, anchor in labels)  # type: ignore[arg-type]
    return Chart("Colours of the like probability, from 0 to 100 %", side * COLOURS, 30, paths, texts)


def _kind(point: Point) -> str:
    shape = "dot" if point.liked else "cross"
    if point.like_probability is None:
        return f"{shape} {_UNKNOWN}"
    return f"{shape} p{min(int(point.like_probability * COLOURS), COLOURS - 1)}"


def _depth(kind: str) -> tuple[float, str]:
    """What is drawn later lies above: the surer the higher."""
    step = kind.rsplit("p", 1)[-1] if not kind.endswith(_UNKNOWN) else str(COLOURS // 2)
    return abs(int(step) - COLOURS // 2), kind


def _dot(x: float, y: float) -> str:
    return f"M{at(x, y)}h0"


def _cross(x: float, y: float) -> str:
    return f"M{at(x - 2.2, y - 2.2)}l4.4 4.4m-4.4 0l4.4-4.4"


def _diamond(x: float, y: float) -> str:
    return f"M{at(x, y - 4)}l4 4-4 4-4-4Z"

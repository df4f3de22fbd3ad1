"""What charts are drawn with: paths, texts and scales. A chart is data; one template macro turns it into SVG.

Coordinates are in the chart's own units, which are pixels where it is shown at its natural width.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Scale = Callable[[float], float]
Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Path:
    """A shape: an SVG path and the class that colours it."""

    d: str
    kind: str


@dataclass(frozen=True)
class Text:
    """A label at a point; ``kind`` is its class."""

    x: float
    y: float
    text: str
    anchor: Anchor = "middle"
    kind: str = "label"


@dataclass(frozen=True)
class Chart:
    """A picture: ``said`` tells what it shows to those who do not see it; ``stretch`` lets it fill its place."""

    said: str
    width: int
    height: int
    paths: tuple[Path, ...]
    texts: tuple[Text, ...] = ()
    stretch: bool = False


def scale(low: float, high: float, start: float, end: float) -> Scale:
    """Values from low to high to places from start to end; values beyond lie at the ends."""
    span = high - low if high != low else 1.0

    def place(value: float) -> float:
        return start + (end - start) * min(max((value - low) / span, 0.0), 1.0)

    return place


def at(x: float, y: float) -> str:
    """A point of a path, to a tenth of a pixel."""
    return f"{x:.1f} {y:.1f}"


def line(points: Iterable[tuple[float, float]]) -> str:
    """A path through points."""
    return "M" + "L".join(at(x, y) for x, y in points)


def area(upper: Sequence[tuple[float, float]], lower: Sequence[tuple[float, float]]) -> str:
    """The area between two lines."""
    return f"{line([*upper, *reversed(lower)])}Z"


def box(x: float, y: float, width: float, height: float) -> str:
    """A rectangle; nothing where it has no height or width."""
    return f"M{at(x, y)}h{width:.1f}v{height:.1f}h{-width:.1f}Z" if width > 0 and height > 0 else ""


def steps(edges: Sequence[float], heights: Sequence[float]) -> list[tuple[float, float]]:
    """The outline of a histogram, from left to right."""
    outline = []
    for left, right, height in zip(edges, edges[1:], heights, strict=False):
        outline += [(left, height), (right, height)]
    return outline


def shapes(*found: tuple[str, str]) -> tuple[Path, ...]:
    """Paths with their classes, without empty ones."""
    return tuple(Path(d, kind) for d, kind in found if d)

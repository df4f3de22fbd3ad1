"""Parts of an input's range in words: thresholds in the units that people know, keys by their names.

The sine and cosine of a circle are told together, as what they stand for: a set of keys, arcs of tempos.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.tree_arrays import GREATEST

_KEYS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_BEATS = np.arange(800, 1600) / 10
"""Tempos in one octave, in BPM: what the circle of the tempo is told by."""
_UNITS = {"loudness": " dB", "tempo": " BPM"}
_BOTH = {
    "mode": ("in minor", "in major"),
    "explicit": ("not explicit", "explicit"),
}
"""Inputs of two values, 0 and 1."""
_CALLED = {
    "duration_ms": "duration",
    "time_signature": "beats in a bar",
    "release_year": "release year",
    "artist_mode_mean": "share of the artist's tracks in major",
    "artist_explicit_mean": "share of the artist's tracks that are explicit",
    "artist_tracks": "number of the artist's other tracks",
    "artist_year_mean": "mean year of the artist's other tracks",
    "artist_year_std": "spread of years of the artist's other tracks",
}
_WHOLE = ("time_signature", "release_year", "popularity", "artist_tracks")
"""Inputs that are whole numbers: 3.5 lies between 3 and 4."""


@dataclass(frozen=True)
class _Circle:
    """Two inputs, sine and cosine, that stand for one of a few values in a ring."""

    name: str
    sine: npt.NDArray[np.float32]
    cosine: npt.NDArray[np.float32]
    tell: Callable[[npt.NDArray[np.bool_]], str]


@dataclass(frozen=True)
class Region:
    """What one subject can be: above ``low`` up to ``high``, or in these places of a circle; and whether unknown."""

    low: float = -np.inf
    high: float = np.inf
    places: tuple[bool, ...] = ()
    unknown: bool = True


def cut(name: str, region: Region, threshold: float, *, left: bool, missing_left: bool) -> Region:
    """What a comparison leaves of a region on one side.

    Parameters
    ----------
    name : str
        Of the input that is compared.
    region : Region
        Of its subject.
    threshold : float
        Values at most as great go left.
    left : bool
        The side.
    missing_left : bool
        Whether missing values go left.
    """
    unknown = region.unknown and missing_left == left
    circle = _CIRCLES.get(subject_of(name))
    if circle is not None:
        below = (circle.sine if name.endswith("_sin") else circle.cosine) <= threshold
        return Region(places=tuple((np.asarray(region.places) & (below == left)).tolist()), unknown=unknown)
    if left:
        return Region(region.low, min(region.high, threshold), unknown=unknown)
    return Region(max(region.low, threshold), region.high, unknown=unknown)


def subject_of(name: str) -> str:
    """What an input's region is told as: sine and cosine of a circle are one subject, every other input is its own."""
    stem = name.removesuffix("_sin").removesuffix("_cos")
    return f"{stem}_circle" if stem != name and f"{stem}_circle" in _CIRCLES else name


def everywhere(subject: str) -> Region:
    """All that a subject can be."""
    return Region(places=(True,) * len(_CIRCLES[subject].sine) if subject in _CIRCLES else ())


def tell(subject: str, region: Region, *, unknown: bool) -> str:
    """A region in words; empty where it leaves nothing out.

    Parameters
    ----------
    subject : str
        As `subject_of` gives it.
    region : Region
    unknown : bool
        Whether to say where values fit that are not known.
    """
    text, known = _tell_known(subject, region)
    if not known:
        return f"{_called(subject)} unknown"
    if not text:
        return "" if region.unknown else f"{_called(subject)} known"
    return f"{text} (or unknown)" if unknown and region.unknown else text


def _tell_known(subject: str, region: Region) -> tuple[str, bool]:
    """Which of the known values fit, in words (empty: all), and whether any do."""
    if subject in _CIRCLES:
        places = np.asarray(region.places)
        return ("" if places.all() or not places.any() else _CIRCLES[subject].tell(places)), bool(places.any())
    if subject == "key":
        fits = np.array([region.low < place <= region.high for place in range(len(_KEYS))])
        return ("" if fits.all() or not fits.any() else _tell_keys(fits)), bool(fits.any())
    if subject in _BOTH:
        low, high = (region.low < value <= region.high for value in (0, 1))
        return ("" if low == high else _BOTH[subject][int(high)]), low or high
    return _tell_range(subject, region.low, region.high), region.low < GREATEST


def _tell_range(name: str, low: float, high: float) -> str:
    called, all_low, all_high = _called(name), low <= -GREATEST, high >= GREATEST
    if name.endswith("_missing"):
        return f"{_called(name.removesuffix('_missing'))} {'known' if high < 1 else 'unknown'}"
    if name in _WHOLE:
        least, most = np.floor(max(low, -GREATEST)) + 1, np.floor(min(high, GREATEST))
        above, below = f"{called} >= {least:.0f}", f"{called} <= {most:.0f}"
        both = f"{called} = {most:.0f}" if least == most else f"{called} from {least:.0f} to {most:.0f}"
    else:
        unit = _UNITS.get(name.removeprefix("artist_").removesuffix("_mean").removesuffix("_std"), "")
        least_told, most_told = (_number(name, min(max(end, -GREATEST), GREATEST)) for end in (low, high))
        above, below = f"{called} > {least_told}{unit}", f"{called} <= {most_told}{unit}"
        both = f"{least_told} < {below}"
    if all_high:
        return "" if all_low else above
    return below if all_low else both


def _called(name: str) -> str:
    """What people call an input."""
    if name in _CIRCLES:
        return _CIRCLES[name].name
    if name in _CALLED:
        return _CALLED[name]
    if name.startswith("artist_") and name.endswith(("_mean", "_std")):
        what, _, statistic = name.removeprefix("artist_").rpartition("_")
        return f"artist's {'mean' if statistic == 'mean' else 'spread of'} {_called(what)}"
    return name.replace("_", " ")


def _number(name: str, value: float) -> str:
    """Three digits that count (tempos: a tenth, years: whole), never in powers of ten; minutes and seconds."""
    if "duration_ms" in name:
        seconds = round(value / 1000)
        return f"{seconds // 60}:{seconds % 60:02d} min"
    if "tempo" in name or "year" in name:
        return f"{value:.1f}".removesuffix(".0")
    return np.format_float_positional(float(f"{value:.3g}"), trim="-")


def _tell_keys(places: npt.NDArray[np.bool_]) -> str:
    """The fewer of the keys that fit and those that do not."""
    fits = [name for name, on in zip(_KEYS, places, strict=True) if on]
    others = [name for name in _KEYS if name not in fits]
    return f"key {_listed(fits)}" if len(fits) <= len(others) else f"key not {_listed(others)}"


def _tell_beats(places: npt.NDArray[np.bool_]) -> str:
    """The fewer of the stretches of the octave that fit and those that do not."""
    fits, others = _stretches(places), _stretches(~places)
    told = _listed(fits) if len(fits) <= len(others) else f"not {_listed(others)}"
    return f"tempo {told} BPM once halved or doubled into 80 to 160"


def _stretches(places: npt.NDArray[np.bool_]) -> list[str]:
    """Each from its first to its last tempo; one of less than a beat a minute as about that."""
    padded = np.concatenate([[False], places, [False]])
    first, after = np.flatnonzero(~padded[:-1] & padded[1:]), np.flatnonzero(padded[:-1] & ~padded[1:])
    step = _BEATS[1] - _BEATS[0]
    ends = [
        (f"{_BEATS[start]:.0f}", f"{_BEATS[stop - 1] + step:.0f}") for start, stop in zip(first, after, strict=True)
    ]
    return [f"about {low}" if low == high else f"{low} to {high}" for low, high in ends]


def _listed(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _circle(name: str, angle: npt.NDArray[np.float64], tell: Callable[[npt.NDArray[np.bool_]], str]) -> _Circle:
    return _Circle(name, np.sin(angle).astype(np.float32), np.cos(angle).astype(np.float32), tell)


_CIRCLES = {
    "key_circle": _circle("key", 2 * np.pi * np.arange(12.0) / 12, _tell_keys),
    "tempo_circle": _circle("tempo", 2 * np.pi * np.log2(_BEATS), _tell_beats),
}
"""Computed as `features.inputs` computes them, and rounded as trees compare."""

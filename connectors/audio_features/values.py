"""Whether a value that a source answered can be what it says."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import numpy as np

from features.columns import ANALYSED_FEATURES, AUDIO_FEATURES
from features.schema import COLUMNS

_WHOLE: Final = frozenset({"key", "mode", "time_signature"})


def known_values(given: Mapping[Any, object], names: Collection[str] = AUDIO_FEATURES) -> tuple[dict[str, float], int]:
    """The values of an answer that are known and can be right.

    Parameters
    ----------
    given : mapping
        By canonical name, in canonical units; other keys are not looked at.
    names : collection of str
        What to look for.

    Returns
    -------
    values : dict of str to float
        Within the ranges of ``features.schema``. Spotify's codes for "unknown" (key -1, tempo 0, time signature 0 or
        1, all zeros after an analysis that failed) are left out, as what is missing is.
    dropped : int
        Values that were given but cannot be right: no number, not finite, out of range, a key between two keys.
    """
    values: dict[str, float] = {}
    dropped = 0
    for name in names:
        value = given.get(name)
        if _missing(value):
            continue
        if _possible(name, value):
            values[name] = float(value)  # type: ignore[arg-type]  # _possible has seen that it is a number
        else:
            dropped += 1
    return _without_unknowns(values), dropped


def _missing(value: object) -> bool:
    return value is None or (isinstance(value, float | np.floating) and bool(np.isnan(value)))


def _possible(name: str, value: object) -> bool:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    info = COLUMNS[name]
    low, high = info.low, info.high
    inside = bool((low is None or value >= low) and (high is None or value <= high))
    return inside and (name not in _WHOLE or float(value).is_integer())  # in this order: 10**400 is no float


def _without_unknowns(values: dict[str, float]) -> dict[str, float]:
    # Spotify answers zeros where the analysis failed, of which no one alone is telling.
    failed = values.get("tempo") == 0 and values.get("danceability") == 0 and not values.get("time_signature", 0.0) > 0
    unknown = set(ANALYSED_FEATURES) if failed else set()
    unknown |= {"key"} if values.get("key", 0.0) < 0 else set()
    unknown |= {"tempo"} if values.get("tempo") == 0 else set()
    unknown |= {"time_signature"} if values.get("time_signature", 4.0) <= 1 else set()
    return {name: value for name, value in values.items() if name not in unknown}

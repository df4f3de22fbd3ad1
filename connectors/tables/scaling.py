"""Tables that somebody scaled for a model: recognised and refused, because the true units cannot be got back."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from connectors.tables.columns import UNIT_INTERVAL
from features.errors import InputError

_MEND = (
    "export the raw features: tempo in BPM (about 40 to 220), loudness in dB (about -60 to 5), "
    "duration in milliseconds, the others from 0 to 1"
)


def refuse_scaled(columns: Mapping[str, NDArray[np.float64]]) -> None:
    """Raise where the features look scaled.

    Parameters
    ----------
    columns : mapping
        Canonical name -> numbers as in the file, NaN where missing; before any conversion.

    Raises
    ------
    InputError
        "min-max scaled": every known tempo or duration is in 0..1, or every loudness of three or more. "standardised":
        about a fifth or more of what cannot be negative is negative (a lone -1 for "unknown" does not count).
    """
    values = {name: column[np.isfinite(column)] for name, column in columns.items()}
    for name, unit in (("tempo", "BPM"), ("duration_ms", "milliseconds"), ("loudness", "dB")):
        known = values.get(name, np.empty(0))
        known = known[known != 0]
        # Single loud masters do lie above 0 dB; a table of nothing else does not exist.
        if known.size >= (3 if name == "loudness" else 1) and known.min() > 0 and known.max() <= 1:
            raise InputError(
                f"the table looks min-max scaled: {name} lies between {known.min():.3g} and {known.max():.3g}, "
                f"expected {unit}",
                _MEND,
            )
    negative = [
        name for name in (*UNIT_INTERVAL, "tempo", "duration_ms") if _goes_below_zero(values.get(name, np.empty(0)))
    ]
    if negative:
        lowest = min(float(values[name].min()) for name in negative)
        raise InputError(
            f"the table looks standardised: {', '.join(negative)} cannot be negative, but go down to {lowest:.3g}",
            _MEND,
        )


def _goes_below_zero(known: NDArray[np.float64]) -> bool:
    below = known[known < 0]
    return bool(below.size >= 2 and below.size >= 0.2 * known.size and (below != -1).any() and known.max() > 0)

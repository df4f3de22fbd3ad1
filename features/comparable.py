"""Two tables side by side: take away what tells where a row comes from rather than what it sounds like.

Likes of one service and tracks of a catalogue differ in more than taste: one knows no tempo for a third of its rows, the
other rounds to two decimals. A model that tells likes from other tracks would learn that first.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.columns import AUDIO_FEATURES
from features.report import plural_columns

GAP: Final = 0.1
"""Most that the shares of rows without a value may differ by."""
MOST_DECIMALS: Final = 6
"""Finer than this, nobody rounds: numbers in single precision have no more."""

_COMPARED: Final = (*AUDIO_FEATURES, "release_date", "popularity", "explicit", "genres")
_ROUNDED: Final = 0.99  # of the values have no more decimals

"""What the end of a play says: heard to the end, skipped, or neither.

The flag ``skipped`` is null in old rows and false for all rows from 2015 to October 2022, so the reason goes before it,
and a flag that is not true says nothing.
"""

from typing import Final

import numpy as np

from connectors.history.play_table import Fate, Ints, ReasonRegister

FINISHING: Final = "trackdone"
SKIPPING: Final = ("fwdbtn", "nextbtn", "backbtn", "endplay", "unknown")
"""Next, back, something else was started, and what stands for those in some years. How much each says is for
``connectors.evidence.skips``: the reason is kept with the play."""

SHORT_PLAY_MS: Final = 10_000
"""The short form has no reason, so that only plays too short to have been listened to tell anything: skips come after
14 s on average, and what is left within 10 s was hardly left by accident. Longer plays may have ended in any way."""


def outcomes(reason_end: Ints, skipped: Ints, reasons: ReasonRegister) -> Ints:
    """The outcome of each play.

    Parameters
    ----------
    reason_end : ndarray of int64, shape (n_plays,)
        Numbers in ``reasons``.
    skipped : ndarray of int64, shape (n_plays,)
        1, 0, -1 unknown.
    reasons : ReasonRegister

    Returns
    -------
    ndarray of int64, shape (n_plays,)
        FINISHED, SKIPPED or NEUTRAL of ``Fate``.
    """
    says = {FINISHING: Fate.FINISHED, **dict.fromkeys(SKIPPING, Fate.SKIPPED)}
    by_reason = np.array([says.get(word or "", Fate.NEUTRAL) for word in reasons.words], dtype=np.int64)
    fate = by_reason[reason_end]
    fate[(fate == Fate.NEUTRAL) & (skipped == 1)] = Fate.SKIPPED
    return fate


def short_form_outcomes(ms_played: Ints) -> Ints:
    """The outcome of plays that only a length is known of; none of them is finished, for their length is not known."""
    return np.where((ms_played > 0) & (ms_played < SHORT_PLAY_MS), int(Fate.SKIPPED), int(Fate.NEUTRAL))

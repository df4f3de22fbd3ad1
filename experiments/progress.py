"""What a running train tells whoever is looking."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """One moment of a train.

    Parameters
    ----------
    stage : str
        What is going on, in words.
    family : str, optional
        The family's name while it is searched.
    trials : int
        Finished trials of that family, earlier sessions' included.
    last, best : float, optional
        Value of the trial just finished, and the best so far, in the searched metric.
    seconds_left : float, optional
        Until the whole search ends; None where trials alone bound it.
    """

    stage: str
    family: str | None = None
    trials: int = 0
    last: float | None = None
    best: float | None = None
    seconds_left: float | None = None


Listener = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """A listener that does not care."""

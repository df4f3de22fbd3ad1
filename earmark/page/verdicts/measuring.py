"""What the answers since a train add: measured in a thread, one at a time, once for each state of the answers."""

import logging
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock, Thread
from typing import Final

import numpy as np
from cachetools import LRUCache

from earmark.home import Home
from earmark.page.faults import BusyError
from earmark.page.verdicts.answers import Measured
from earmark.training_tables import load_table
from earmark.verdicts import verdict_tracks
from features.errors import EarmarkError, InputError

_LOG = logging.getLogger(__name__)
_KEPT: Final = 16


@dataclass(frozen=True)
class Answers:
    """Answers since a train.

    Parameters
    ----------
    run_id : str
        The train.
    source : {"page", "page_demo"}
    verdicts : tuple of (str, str)
        Track id and verdict, sorted.
    """

    run_id: str
    source: str
    verdicts: tuple[tuple[str, str], ...]

    @property
    def key(self) -> str:
        """The same for the same answers."""
        return sha256(repr((self.run_id, self.source, self.verdicts)).encode()).hexdigest()


class GainMeter:
    """Measures, and remembers what it found.

    Parameters
    ----------
    home : Home
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._lock = Lock()
        self._found: LRUCache[str, Measured] = LRUCache(_KEPT)
        self._running: str | None = None

    def found(self, answers: Answers) -> Measured:
        """What is known of these answers."""
        with self._lock:
            return self._found.get(answers.key) or self._state(answers)

    def start(self, answers: Answers) -> Measured:
        """Begin to measure, unless the result is known or it is being measured.

        Raises
        ------
        BusyError
            If other answers are being measured.
        """
        with self._lock:
            known = self._found.get(answers.key)
            if known is not None and known.state == "done":
                return known
            if self._running is None:
                self._running = answers.key
                self._found.pop(answers.key, None)
                Thread(target=self._measure, args=(answers,), name="answer-gain", daemon=True).start()
            elif self._running != answers.key:
                raise BusyError("other answers are being measured", "wait until that ends")
            return self._state(answers)

    def _state(self, answers: Answers) -> Measured:
        return Measured(state="running" if self._running == answers.key else "none", n_answers=len(answers.verdicts))

    def _measure(self, answers: Answers) -> None:
        n = len(answers.verdicts)
        try:
            found = _measured(self._home, answers)
        except EarmarkError as error:
            found = Measured(state="failed", words=error.message, hint=error.hint, n_answers=n)
        except Exception as error:
            _LOG.exception("a bug while measuring what answers add")
            words = f"{type(error).__name__}: this is a bug in earmark"
            hint = "the terminal that earmark page runs in says more: please report it"
            found = Measured(state="failed", words=words, hint=hint, n_answers=n)
        with self._lock:
            self._running = None
            self._found[answers.key] = found


def _measured(home: Home, answers: Answers) -> Measured:
    from experiments.answer_gain import answer_gain  # noqa: PLC0415 (what trains is loaded by who measures)

    if not answers.verdicts:
        raise InputError("there are no answers since this model was trained", "answer some of the tracks below first")
    table = load_table(home, answers.run_id)
    if table is None:
        raise InputError("what this model learned from is not kept any more", "train again, then measure")
    wanted = dict(answers.verdicts)
    said = verdict_tracks(home, answers.source)
    new = None if said is None else said[said["track_id"].isin(list(wanted))]
    if new is None or new.empty:
        raise InputError("none of the answers is about a track with audio features", "answer some others")
    gain = answer_gain(table.drop(columns=["like_probability", "held_out"]), new, jobs=1)
    numbers = {name: float(getattr(gain, name)) for name in ("before", "after", "difference", "low", "high")}
    told = {name: value if np.isfinite(value) else None for name, value in numbers.items()}
    return Measured.model_validate({"state": "done", "words": gain.in_words(), "n_answers": gain.n_answers, **told})

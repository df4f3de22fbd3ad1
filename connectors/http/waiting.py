"""How long to wait before the next attempt, and how a wait is shown."""

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

LONGEST = 366 * 86_400.0
"""Seconds; a service that asks for more is taken to ask for this, so that a date can be said."""

Why = Literal["rate_limit", "service", "network"]


@dataclass(frozen=True)
class Wait:
    """One wait before a request is sent again.

    Parameters
    ----------
    service : str
        The service's name for people.
    why : str
        ``rate_limit`` (it asked us to wait), ``service`` (it failed) or ``network`` (it could not be reached).
    seconds : float
        The whole wait.
    remaining : float
        What is left of it; 0 when it is over.
    """

    service: str
    why: Why
    seconds: float
    remaining: float


def silent(wait: Wait) -> None:
    """Show nothing."""


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a ``Retry-After`` header asks for (RFC 9110, section 10.2.3: seconds or an HTTP date).

    Parameters
    ----------
    value : str, optional
    now : datetime
        Aware.

    Returns
    -------
    float or None
        In [0, `LONGEST`]; None where the header is missing or not understood.
    """
    text = (value or "").strip()
    if re.fullmatch(r"\d{1,20}(\.\d{1,6})?", text, re.ASCII):
        return min(float(text), LONGEST)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), LONGEST)


def count_down(wait: Wait, on_wait: Callable[[Wait], None], sleep: Callable[[float], None] = time.sleep) -> None:
    """Wait, telling ``on_wait`` what remains: at first, after every second, and when it is over."""
    for elapsed in range(math.ceil(wait.seconds)):
        remaining = wait.seconds - elapsed
        on_wait(Wait(wait.service, wait.why, wait.seconds, remaining))
        sleep(min(1.0, remaining))
    on_wait(Wait(wait.service, wait.why, wait.seconds, 0.0))

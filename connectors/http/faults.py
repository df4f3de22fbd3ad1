"""What can go wrong with a service, each kind told apart from the others.

Faults of the service itself are `ServiceError` (exit code 3): trying again later helps. Faults that the user can mend
are `InputError` (exit code 2). None of the first kind is ever an answer: a track whose request was rate limited is not
a track that does not exist.
"""
# ruff: noqa: N818 (they read as what happened)

import math
from datetime import datetime
from typing import Literal, get_args

from features.errors import InputError, ServiceError

Reason = Literal["premium", "allow_list", "scope", "removed_endpoint", "not_owner", "features_closed", "unknown"]
REASONS: tuple[Reason, ...] = get_args(Reason)


class RateLimited(ServiceError):
    """The service asks to wait for longer than we may (exit code 3).

    Parameters
    ----------
    service : str
        The service's name for people.
    retry_at : datetime
        When to come back; aware.
    seconds : float
        How long that is from now.
    """

    def __init__(self, service: str, retry_at: datetime, seconds: float) -> None:
        super().__init__(
            f"{service} asks to wait {duration_words(seconds)}, until {local_time(retry_at)}",
            "run the same command again then: what had been fetched is kept; --max-wait SECONDS allows longer waits",
        )
        self.service = service
        self.retry_at = retry_at
        self.seconds = seconds


class QuotaExceeded(ServiceError):
    """The quota of the developer who registered the app is used up (exit code 3).

    Parameters
    ----------
    service : str
    retry_at : datetime, optional
        When to come back, where the service says so; aware.
    """

    def __init__(self, service: str, retry_at: datetime | None = None) -> None:
        when = f"after {local_time(retry_at)}" if retry_at else "in some hours"
        super().__init__(
            f"the quota that {service} grants to the owner of the app is used up",
            f"run the same command again {when}: what had been fetched is kept; a developer's apps share one quota",
        )
        self.service = service
        self.retry_at = retry_at


class ServiceUnavailable(ServiceError):
    """The service cannot be reached, breaks off or fails on its own side, also after retries (exit code 3)."""


class BadAnswer(ServiceError):
    """The answer is not what the service promises: not JSON, of another shape, too long, or sent elsewhere (exit 3)."""


class SignInNeeded(InputError):
    """There is no valid permission to speak for the user (exit code 2)."""


class Forbidden(InputError):
    """The service understood and refused (exit code 2).

    Parameters
    ----------
    message, hint : str
    reason : str
        One of `REASONS`.
    """

    def __init__(self, message: str, hint: str, reason: Reason = "unknown") -> None:
        super().__init__(message, hint)
        self.reason: Reason = reason


class NotFound(InputError):
    """What was asked for is not there (exit code 2)."""


class UnknownIds(InputError):
    """A request names several ids, and the service does not have all of them; it does not say which (exit code 2)."""


def local_time(moment: datetime) -> str:
    """A moment as a person's clock shows it: ``Sun 22 Nov 2026 11:05`` in the local time zone."""
    return moment.astimezone().strftime("%a %d %b %Y %H:%M")


def duration_words(seconds: float) -> str:
    """A duration in the two largest units that matter: ``20 h 37 min``, ``1 min 5 s``, ``12 s``."""
    left = max(0, math.ceil(seconds))
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"

"""What one attempt to reach a service came to, and whether another may help; pure, ``transport`` acts on it."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import requests
from urllib3.exceptions import NameResolutionError, NewConnectionError

from connectors.http.faults import BadAnswer, QuotaExceeded, RateLimited, ServiceUnavailable, local_time
from connectors.http.waiting import Why, retry_after
from features.errors import EarmarkError

IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Methods that may be sent twice (RFC 9110, section 9.2.2)."""
UNSTATED: Final = 30.0
"""Seconds to come back in where a 429 names none: the length of Spotify's rolling window."""
LATER: Final = "run the same command again later: what had been fetched is kept"


class Transient(Exception):  # noqa: N818 (an outcome of one attempt, not an error that anyone sees)
    """Another attempt may help.

    Parameters
    ----------
    fault : EarmarkError
        What to raise if there is no other attempt.
    why : str
        See `Wait.why`.
    asked : float, optional
        Seconds that the service asks to wait.
    untouched : bool
        Whether it is sure that nothing was done, so that even a POST may be sent again.
    """

    def __init__(self, fault: EarmarkError, why: Why, *, asked: float | None = None, untouched: bool = False) -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.why: Why = why
        self.asked = asked or None
        self.untouched = untouched

    def may_repeat(self, method: str) -> bool:
        """Whether the request may be sent again without the risk of doing something twice."""
        return self.untouched or method in IDEMPOTENT


def of_network(service: str, error: requests.RequestException) -> Transient | EarmarkError:
    """What a request that got no answer came to."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, requests.exceptions.SSLError):
        return ServiceUnavailable(
            f"{service} cannot be reached safely: its certificate is not accepted",
            "check this machine's clock and whether the network asks you to sign in; set REQUESTS_CA_BUNDLE for a "
            "certificate of your own",
        )
    if isinstance(error, requests.exceptions.ProxyError):
        said, untouched = "the proxy cannot be reached", False
    elif isinstance(reason, NameResolutionError):
        said, untouched = "its name cannot be looked up", True
    elif isinstance(error, requests.exceptions.ConnectTimeout) or isinstance(reason, NewConnectionError):
        said, untouched = "no connection is made", True
    elif isinstance(error, requests.exceptions.Timeout):
        said, untouched = "it does not answer in time", False
    else:
        said, untouched = "the connection breaks off", False
    fault = ServiceUnavailable(f"{service} cannot be reached: {said}", f"check that this machine is online; {LATER}")
    return Transient(fault, "network", untouched=untouched)


def broken_off(service: str) -> Transient:
    """An answer whose end is missing."""
    return Transient(ServiceUnavailable(f"{service} breaks off in the middle of its answer", LATER), "network")


def of_answer(service: str, response: requests.Response, now: datetime) -> Transient | EarmarkError | None:
    """What an answer came to; None where it is one to work with: a 2xx as promised, or a 4xx but 429."""
    status = response.status_code
    if status == 429:
        return _rate_limit(service, response, now)
    if status >= 500:
        asked = retry_after(response.headers.get("Retry-After"), now)
        return Transient(_failure(service, status, asked, now), "service", asked=asked)
    if status < 300 and response.content.strip():
        return _not_json(service, response)
    return None


def said(text: str) -> tuple[str | None, str | None]:
    """Message and reason in the body of an error, whatever its shape.

    Parameters
    ----------
    text : str
        ``{"error": {"message": ..., "reason": ...}}``, ``{"error": "...", "error_description": "..."}``, other JSON,
        or plain text.

    Returns
    -------
    message : str or None
        At most 300 characters; None where nothing is said.
    reason : str or None
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return text.strip()[:300] or None, None
    error = content.get("error", content) if isinstance(content, Mapping) else None
    if isinstance(error, Mapping):
        return _text(error.get("message")), _text(error.get("reason"))
    described = content.get("error_description") if isinstance(content, Mapping) else None
    return _text(described) or _text(error), _text(error)


def _rate_limit(service: str, response: requests.Response, now: datetime) -> Transient | EarmarkError:
    asked = retry_after(response.headers.get("Retry-After"), now)
    if said(response.text)[1] == "QUOTA_EXCEEDED":
        return QuotaExceeded(service, now + timedelta(seconds=asked) if asked else None)
    seconds = asked or UNSTATED
    fault = RateLimited(service, now + timedelta(seconds=seconds), seconds)
    return Transient(fault, "rate_limit", asked=asked, untouched=True)


def _failure(service: str, status: int, asked: float | None, now: datetime) -> ServiceUnavailable:
    when = f"after {local_time(now + timedelta(seconds=asked))}" if asked else "later"
    return ServiceUnavailable(
        f"{service} fails on its own side (HTTP {status})",
        f"run the same command again {when}: what had been fetched is kept",
    )


def _not_json(service: str, response: requests.Response) -> Transient | EarmarkError | None:
    try:
        response.json()
    except (ValueError, RecursionError):
        pass
    else:
        return None
    begins = response.content.lstrip()[:1]
    if begins == b"<":
        return BadAnswer(
            f"a web page came where {service}'s answer should be",
            "does this network ask you to sign in? open any page in a browser, then run the command again",
        )
    if response.request.method in {"PUT", "DELETE"} and begins not in {b"{", b"["}:
        return None  # Spotify was seen to answer changes with a word of its own; that it is a 2xx says enough
    return Transient(BadAnswer(f"{service}'s answer is not JSON", LATER), "service")


def _text(value: Any) -> str | None:
    return value.strip()[:300] or None if isinstance(value, str) else None

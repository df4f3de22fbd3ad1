"""The session that every service is spoken to through.

It waits when it is asked to, never longer than allowed; sends again only what may safely be sent again; follows no
redirect to another server, so that a token never leaves for one; and gives answers that are whole.
"""

import io
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import AuthBase
from tenacity import RetryCallState, Retrying, wait_random_exponential
from urllib3.exceptions import HTTPError as BrokenBody

from connectors.http.addresses import is_loopback, origin
from connectors.http.attempts import Transient, broken_off, of_answer, of_network
from connectors.http.faults import BadAnswer, ServiceUnavailable
from connectors.http.redaction import install
from connectors.http.waiting import Wait, count_down, silent

TIMEOUT: Final = (10.0, 30.0)
"""Seconds to connect, and between two parts of an answer."""
SLOWEST: Final = 180.0
"""Seconds for one whole answer; a server that drips bytes is given up on."""
LARGEST: Final = 32 * 2**20
"""Bytes of an answer, unpacked; the largest page of any service is far below one MiB."""
MOST_ATTEMPTS: Final = 6
"""Attempts in network trouble and 5xx; those that a rate limit asks for are bounded by ``max_wait``."""
MOST_REDIRECTS: Final = 5
_full_jitter = wait_random_exponential(multiplier=0.5, max=16)


class _AsGiven(AuthBase):
    """Leaves a request's headers alone; without it requests would put a password from ~/.netrc over our token."""

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        return r


class Transport(requests.Session):
    """A session for one service; not for several threads. What it and the libraries around it log holds no secrets.

    Parameters
    ----------
    service : str
        Its name for people.
    max_wait : float
        Seconds that all waits of one request may take together; 0 never waits.
    on_wait : callable
        Told of every wait, second by second.
    per_second : float, optional
        Most requests a second, where the service asks for politeness.
    user_agent : str
    sleep : callable
        Sleeps for so many seconds.
    largest : int
        Bytes of an answer, unpacked.

    Attributes
    ----------
    calls : int
        Requests sent, retries and redirects included.
    refusal : str
        Body of the last answer if that was a 4xx, at most 2,000 characters; else empty.
    status : int
        Status of the last answer that was given back; 0 before the first.
    """

    def __init__(
        self,
        service: str,
        *,
        max_wait: float = 60.0,
        on_wait: Callable[[Wait], None] = silent,
        per_second: float | None = None,
        user_agent: str = "earmark",
        sleep: Callable[[float], None] = time.sleep,
        largest: int = LARGEST,
    ) -> None:
        super().__init__()
        install()
        self.service = service
        self.max_wait = max_wait
        self.on_wait = on_wait
        self.calls = 0
        self.refusal = ""
        self.status = 0
        self.auth = _AsGiven()
        self.headers["User-Agent"] = user_agent
        self._gap = 1.0 / per_second if per_second else 0.0
        self._last_sent = float("-inf")
        self._sleep = sleep
        self._largest = largest

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request, again where that is safe, and give its whole answer.

        GET, HEAD, PUT and DELETE are sent again after network trouble, 5xx and answers that break off; POST only where
        no connection was made. 429 means that nothing was done: every method is sent again after it.

        Returns
        -------
        requests.Response
            Of any status but 3xx, 429 and 5xx; the body of a 2xx is JSON or empty, or that of a PUT or DELETE.

        Raises
        ------
        RateLimited, QuotaExceeded, ServiceUnavailable, BadAnswer
            Where waiting longer is not allowed, or retries do not help.
        """
        verb, address = _string(method).upper(), _string(url)
        attempts = Retrying(
            retry=lambda state: (trouble := _trouble(state)) is not None and trouble.may_repeat(verb),
            wait=_delay,
            stop=self._gives_up,
            before_sleep=self._wait,
            sleep=lambda _: None,  # `_wait` has slept: it alone knows what to show
            reraise=True,
        )
        self.refusal = ""
        try:
            response: requests.Response = attempts(self._attempt, verb, address, *args, **kwargs)
        except Transient as trouble:
            raise trouble.fault from trouble.__cause__
        self.status = response.status_code
        self.refusal = response.text[:2_000] if response.status_code >= 400 else ""
        return response

    def _attempt(self, method: str, url: str, *args: Any, **kwargs: Any) -> requests.Response:
        """Send once, redirects within the same server included; raises `Transient` or a fault."""
        response = self._send(method, url, *args, **kwargs)
        for _ in range(MOST_REDIRECTS):
            if not response.is_redirect:
                break
            url = self._same_server(method, url, response)
            kwargs.pop("params", None)  # they are in the new address, or are not wanted there
            response = self._send(method, url, *args, **kwargs)
        if 300 <= response.status_code < 400:
            raise BadAnswer(f"{self.service} redirects without an end", "try again later")
        outcome = of_answer(self.service, response, datetime.now(UTC))
        if outcome is not None:
            raise outcome
        return response

    def _send(self, method: str, url: str, *args: Any, **kwargs: Any) -> requests.Response:
        pause = self._last_sent + self._gap - time.monotonic()
        if pause > 0:
            self._sleep(pause)
        self._last_sent = time.monotonic()
        if is_loopback(url):
            kwargs["proxies"] = {
                "no_proxy": urlsplit(url).hostname or ""
            }  # a proxy cannot reach this machine's servers
        kwargs.update(allow_redirects=False, stream=True, timeout=kwargs.get("timeout") or TIMEOUT)
        self.calls += 1
        try:
            response = super().request(method, url, *args, **kwargs)
        except requests.RequestException as error:
            if isinstance(error, ValueError):
                raise  # an address or header that cannot be sent: a bug, no trouble of the network
            raise of_network(self.service, error) from None
        self._read(response)
        return response

    def _read(self, response: requests.Response) -> None:
        """Read the body, which must end where it says, soon enough, and not be too long."""
        parts = io.BytesIO()
        end = time.monotonic() + SLOWEST
        try:
            for chunk in response.raw.stream(65_536, decode_content=True):
                parts.write(chunk)
                if parts.tell() > self._largest:
                    raise BadAnswer(
                        f"{self.service}'s answer is longer than {self._largest:,} bytes", "try again later"
                    )
                if time.monotonic() > end:
                    raise ServiceUnavailable(f"{self.service} answers too slowly", "run the same command again later")
        except (BrokenBody, OSError):
            raise broken_off(self.service) from None
        finally:
            response.close()
        parts.seek(0)
        response.raw = parts

    def _same_server(self, method: str, url: str, response: requests.Response) -> str:
        """Where a redirect leads, if it may be followed."""
        target = urljoin(url, response.headers["Location"])
        try:
            stays = origin(target) == origin(url)
        except ValueError:
            stays = False
        if stays and method in {"GET", "HEAD"}:
            return target
        raise BadAnswer(
            f"{self.service} redirects a request elsewhere, which earmark does not follow",
            "does this network ask you to sign in? open any page in a browser, then run the command again",
        )

    def _gives_up(self, state: RetryCallState) -> bool:
        trouble = _trouble(state)
        limited = trouble is not None and trouble.why == "rate_limit"
        too_often = state.attempt_number >= MOST_ATTEMPTS and not limited
        return too_often or state.idle_for + state.upcoming_sleep > self.max_wait

    def _wait(self, state: RetryCallState) -> None:
        trouble = _trouble(state)
        if trouble is not None:
            seconds = state.upcoming_sleep
            count_down(Wait(self.service, trouble.why, seconds, seconds), self.on_wait, self._sleep)


def _trouble(state: RetryCallState) -> Transient | None:
    error = state.outcome.exception() if state.outcome is not None else None
    return error if isinstance(error, Transient) else None


def _delay(state: RetryCallState) -> float:
    """Seconds to the next attempt: as asked; else exponential with full jitter, slower where a rate limit is met."""
    trouble = _trouble(state)
    if trouble is not None and trouble.asked is not None:
        return trouble.asked
    patience = 2.0 ** min(state.attempt_number - 1, 4) if trouble is not None and trouble.why == "rate_limit" else 0.0
    return patience + _full_jitter(state)


def _string(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value

"""The password of a page that others can reach, and how often it may be guessed."""

import hmac
import time
from collections import deque
from collections.abc import Callable
from hashlib import sha256
from threading import Lock
from typing import Final

from features.errors import InputError

WINDOW_S: Final = 60.0
PER_ADDRESS: Final = 5
IN_ALL: Final = 20


class TooManyError(InputError):
    """Too many wrong passwords within a minute."""


class Password:
    """Compares passwords, and stops counting after too many wrong ones.

    Parameters
    ----------
    password : str
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, password: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._digest = _digest(password)
        self._clock = clock
        self._lock = Lock()
        self._wrong: deque[tuple[float, str]] = deque()

    def check(self, given: str, address: str) -> bool:
        """Whether the password is right; takes equally long whatever it is.

        Parameters
        ----------
        given : str
        address : str
            Where the visitor comes from.

        Raises
        ------
        TooManyError
            After 5 wrong ones from one address, or 20 in all, within a minute; the right one must wait then, too, or
            guessing would go on.
        """
        with self._lock:
            now = self._clock()
            while self._wrong and self._wrong[0][0] <= now - WINDOW_S:
                self._wrong.popleft()
            here = [when for when, where in self._wrong if where == address]
            if len(here) >= PER_ADDRESS or len(self._wrong) >= IN_ALL:
                first = here[0] if len(here) >= PER_ADDRESS else self._wrong[0][0]
                seconds = max(1, round(first + WINDOW_S - now))
                raise TooManyError("too many wrong passwords", f"wait {seconds} seconds, then try again")
            right = hmac.compare_digest(_digest(given), self._digest)
            if not right:
                self._wrong.append((now, address))
            return right


def _digest(password: str) -> bytes:
    return sha256(password.encode("utf-8", "surrogatepass")).digest()

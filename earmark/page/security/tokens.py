"""Sessions and the tokens that changes need.

A session is 32 random bytes in a cookie; its token is an HMAC of them under the page's key, so that an open page goes
on after a restart and nothing has to be stored. Who has logged in is kept in memory alone.
"""

import hmac
import os
import re
import secrets
import tempfile
from pathlib import Path
from threading import Lock
from typing import Final

from cachetools import TTLCache

COOKIE: Final = "earmark_session"
LIFE_S: Final = 12 * 3600.0
_KEY_BYTES: Final = 32
_ID: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_MOST: Final = 1000
"""Visitors who are logged in at once; the oldest give way."""


class Sessions:
    """Makes session ids and tokens, and knows who has logged in.

    Parameters
    ----------
    key : bytes
        Secret; tokens made under another key are not ours.
    life_s : float
        Seconds for which a login holds.
    """

    def __init__(self, key: bytes, life_s: float = LIFE_S) -> None:
        self._key = key
        self._lock = Lock()
        self._logged_in: TTLCache[str, bool] = TTLCache(_MOST, life_s)

    @staticmethod
    def new_id() -> str:
        """32 random bytes, as 43 characters that a cookie can hold."""
        return secrets.token_urlsafe(32)

    @staticmethod
    def is_id(text: str) -> bool:
        """Whether it has the form of a session id."""
        return _ID.fullmatch(text) is not None

    def token(self, session_id: str) -> str:
        """The token that changes in a session need."""
        return hmac.digest(self._key, b"csrf:" + session_id.encode(), "sha256").hex()

    def is_token(self, session_id: str, token: str) -> bool:
        """Whether a token belongs to a session; takes equally long whatever it is."""
        return hmac.compare_digest(self.token(session_id).encode(), token.encode("utf-8", "replace"))

    def log_in(self) -> str:
        """A new session that has given the password: an id that was known before the login is worth nothing after."""
        session_id = self.new_id()
        with self._lock:
            self._logged_in[session_id] = True
        return session_id

    def is_logged_in(self, session_id: str) -> bool:
        """Whether a session has given the password, no longer than its life ago."""
        with self._lock:
            return session_id in self._logged_in

    def log_out(self, session_id: str) -> None:
        """Have a session ask for the password again."""
        with self._lock:
            self._logged_in.pop(session_id, None)


def page_key(file: Path) -> bytes:
    """The page's key: read from a file that is its owner's alone, or made there, whole or not at all.

    Parameters
    ----------
    file : Path
        Its folder is made where it is missing.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.is_file() and len(key := file.read_bytes()) == _KEY_BYTES:
        file.chmod(0o600)
        return key
    handle, staging = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)  # mkstemp's files are private
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(secrets.token_bytes(_KEY_BYTES))
            stream.flush()
            os.fsync(stream.fileno())
        Path(staging).replace(file)
    finally:
        Path(staging).unlink(missing_ok=True)
    return file.read_bytes()

"""Keeps tokens, codes and secrets out of logs, at every level.

spotipy logs the headers and bodies of what it sends, refresh tokens included; urllib3 logs addresses. A filter on a
logger does not see the records of the loggers below it, and one on a handler only guards that handler, so records are
cleaned where they are made: every handler, whoever installed it, gets the cleaned text.
"""

import logging
import re
import traceback
from collections import OrderedDict
from threading import Lock
from typing import Any, Final

BLANK: Final = "[hidden]"
LOGGERS: Final = ("spotipy", "requests", "urllib3", "http.client", "connectors", "earmark")
SHORTEST: Final = 8
"""Characters; shorter values are not secrets, and blanking them would blank ordinary words."""
_MOST: Final = 512

_NAMES: Final = (
    r"(?:access|refresh|id)_token|client_secret|code_verifier|code_challenge|authorization_code"
    r"|authorization|proxy-authorization|set-cookie|cookie|password|state|code"
)
_VALUE: Final = rf"[^\s'\"&,;}}\])<>\\]{{{SHORTEST},}}"
_PATTERNS: Final = (
    # Schemes of an Authorization header, wherever they stand.
    re.compile(rf"(?i)(?P<keep>(?:Bearer|Basic|(?<![/\w])Token)\s+){_VALUE}"),
    # name=value of a query or form; "name": "value" of JSON; 'name': b'value' of a dict's repr; also URL-encoded.
    re.compile(
        rf"(?i)(?P<keep>(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{{2}}))(?:{_NAMES})\\?['\"]?\s*(?:[=:]|%3D)\s*(?:b?\\?['\"])?){_VALUE}"
    ),
)

_secrets: "OrderedDict[str, None]" = OrderedDict()
_lock = Lock()


def hide(*values: object) -> None:
    """From now on blank these values wherever they stand, whatever surrounds them.

    Parameters
    ----------
    *values : object
        Strings; anything else, and strings of less than `SHORTEST` characters, is passed over.
    """
    with _lock:
        for value in values:
            if isinstance(value, str) and len(value) >= SHORTEST:
                _secrets[value] = None
                _secrets.move_to_end(value)
        while len(_secrets) > _MOST:
            _secrets.popitem(last=False)


def redact(text: str) -> str:
    """The same text with everything that is, or looks like, a secret blanked."""
    with _lock:
        known = sorted(_secrets, key=len, reverse=True)
    for secret in known:
        text = text.replace(secret, BLANK)
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\g<keep>{BLANK}", text)
    return text


def clean(record: logging.LogRecord) -> logging.LogRecord:
    """Blank the secrets of a log record: of its message with the arguments filled in, of its traceback and stack."""
    record.msg, record.args = redact(_message(record)), None
    if record.exc_info and record.exc_info[1] is not None:
        # A handler formats the traceback only where none is given yet; without exc_info none can be made anew.
        record.exc_text = redact("".join(traceback.format_exception(record.exc_info[1])).rstrip("\n"))
        record.exc_info = None
    if record.stack_info:
        record.stack_info = redact(record.stack_info)
    return record


def install() -> None:
    """Clean every record of `LOGGERS` and the loggers below them; doing it twice changes nothing.

    spotipy and urllib3 also say at level ERROR or WARNING what earmark says in its own words; without a handler of the
    user's those lines would reach stderr through Python's last resort, so the loggers get one that writes nothing.
    """
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(handler, logging.NullHandler) for handler in logger.handlers):
            logger.addHandler(logging.NullHandler())
    made_before = logging.getLogRecordFactory()
    if isinstance(made_before, _Factory):
        return
    logging.setLogRecordFactory(_Factory(made_before))


class _Factory:
    """Makes log records as before, and cleans those of `LOGGERS`."""

    def __init__(self, make: Any) -> None:
        self.make = make

    def __call__(self, name: str, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record: logging.LogRecord = self.make(name, *args, **kwargs)
        return clean(record) if name.startswith(LOGGERS) else record


def _message(record: logging.LogRecord) -> str:
    try:
        message = record.getMessage()
    except Exception:  # arguments that do not fit the message must not end the program
        message = f"{record.msg!r} {record.args!r}"
    return message

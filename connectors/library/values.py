"""Values as the library's databases keep them: times as microseconds, text without what a database refuses."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pandas as pd

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """Whole microseconds since 1970 in UTC.

    Raises
    ------
    ValueError
        If the time does not know its zone.
    """
    if at.tzinfo is None:
        raise ValueError(f"a time without a zone: {at}")
    return (at - _EPOCH) // _MICROSECOND


def moment(stored: int) -> datetime:
    """The time in UTC that ``microseconds`` gave."""
    return _EPOCH + stored * _MICROSECOND


def missing(value: Any) -> bool:
    """Whether a value is one of the ways to say that there is none: None, pandas' NA, NaN."""
    return value is None or value is pd.NA or value != value  # noqa: PLR0124 (NaN)


def plain(text: str | None) -> str | None:
    """Text that every database takes: without NUL, lone surrogates (from broken JSON escapes) as question marks."""
    if text is None or (text.isascii() and "\0" not in text):
        return text
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def to_json(value: Any) -> str:
    """JSON, in ASCII, that reads the same everywhere."""
    return json.dumps(value, sort_keys=True, allow_nan=False)

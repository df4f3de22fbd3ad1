"""Names of jobs: they sort by time, and nothing else is ever looked up below the folder of jobs."""

import re
from datetime import UTC, datetime
from secrets import token_hex
from typing import Final

PATTERN: Final = r"^\d{8}-\d{6}-\d{6}-[0-9a-f]{4}$"
_ID: Final = re.compile(PATTERN[1:-1], re.ASCII)


def new_job_id() -> str:
    """``20261121-173059-123456-9f3c``: date, time and microseconds in UTC, then chance."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{token_hex(2)}"


def is_job_id(text: str) -> bool:
    """Whether a text can be the id of a job."""
    return _ID.fullmatch(text) is not None

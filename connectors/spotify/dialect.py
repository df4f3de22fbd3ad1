"""What this app may do, and in which dialect: tried once, remembered for a month.

Apps in development mode lost many endpoints in February 2026, and got others; apps with extended quota kept them; what
older apps have is contradictory. So nothing is assumed: the newer way is tried first, the older one where that is
closed, and what worked is remembered in a file beside the token.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from connectors.http.faults import Forbidden, NotFound
from connectors.spotify.diagnosis import forbidden
from connectors.spotify.private_files import write_private
from connectors.spotify.web_api import Requests, WebApi

REMEMBERED: Final = timedelta(days=30)


class Capabilities:
    """What was found out about one app at one address.

    Parameters
    ----------
    path : Path
        JSON file; one that is damaged or of another app counts as empty.
    app : str
        Client id and address of the API.
    """

    def __init__(self, path: Path, app: str) -> None:
        self._path = path
        self._app = app

    def get(self, name: str) -> str | None:
        """What was found out; None where nothing was, or too long ago."""
        entry = self._read().get(name)
        try:
            value, at = str(entry["value"]), datetime.fromisoformat(entry["at"])  # type: ignore[index]
            return value if timedelta(0) <= datetime.now(UTC) - at < REMEMBERED else None
        except (TypeError, KeyError, ValueError):
            return None

    def set(self, name: str, value: str) -> None:
        """Remember from now on; a value that is remembered already is not dated anew."""
        if self.get(name) == value:
            return
        entries = {**self._read(), name: {"value": value, "at": datetime.now(UTC).isoformat()}}
        write_private(self._path, json.dumps({"app": self._app, "known": entries}, indent=2) + "\n")

    def _read(self) -> Mapping[str, Any]:
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            known = content["known"] if content["app"] == self._app else {}
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return {}
        return known if isinstance(known, dict) else {}


def in_dialect(
    web: WebApi, capabilities: Capabilities, name: str, what: str, ways: Mapping[str, Callable[[Requests], Any]]
) -> Any:
    """Try the way that is known to work, else each in turn; remember what worked."""
    known = capabilities.get(name)
    first: Forbidden | NotFound | None = None
    for way in sorted(ways, key=lambda way: way != known):
        try:
            answer = web.call(what, ways[way])
        except (Forbidden, NotFound) as refusal:
            if not is_closed(refusal):
                raise
            first = first or refusal
        else:
            capabilities.set(name, way)
            return answer
    raise first or forbidden("removed_endpoint", what)


def is_closed(refusal: Forbidden | NotFound) -> bool:
    """Whether a refusal may mean that there is no such endpoint for this app."""
    return isinstance(refusal, NotFound) or refusal.reason == "removed_endpoint"

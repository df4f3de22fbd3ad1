"""ReccoBeats: audio features by Spotify id, ISRC or its own id, for what it knows."""

import random
from typing import Any, Final

from tests.standin.exchange import Reply, Request
from tests.standin.tracks import Catalogue, Track

MAX_IDS: Final = 40
_NOT_THERE: Final = {"duration_ms", "time_signature"}


class ReccoBeats:
    """Answers GET /v1/audio-features?ids=: at most 40 ids, unknown ones left out, rows in any order."""

    def __init__(self, catalogue: Catalogue, seed: int = 0) -> None:
        self._catalogue = catalogue
        self._order = random.Random(seed)

    def answer(self, request: Request) -> Reply:
        """Serve one request."""
        if request.path != "/v1/audio-features":
            return _error(404, 4041, "Resource not found")
        if request.method != "GET":
            return _error(405, 4051, "Method not allowed")
        ids = [one for one in request.query.get("ids", "").split(",") if one]
        if not ids:
            return _error(400, 4001, "ids is required")
        if len(ids) > MAX_IDS:
            return _error(400, 4002, f"size of ids must be at most {MAX_IDS}")
        rows = {self._catalogue.uuid(track): self._row(track) for one in ids for track in self._tracks(one)}
        content = list(rows.values())
        self._order.shuffle(content)
        return Reply(200, {"content": content})

    def _tracks(self, id_: str) -> list[Track]:
        by_id = {12: self._catalogue.by_isrc, 22: self._catalogue.find, 36: self._catalogue.by_uuid}.get(len(id_))
        found: Any = by_id(id_) if by_id else None
        tracks = [found] if isinstance(found, Track) else list(found or ())
        return [track for track in tracks if self._catalogue.at_reccobeats(track)]

    def _row(self, track: Track) -> dict[str, Any]:
        values = self._catalogue.features(track) or {}
        return {
            "id": self._catalogue.uuid(track),
            "href": f"https://open.spotify.com/track/{track.track_id}",
            "isrc": track.isrc,
            **{name: value for name, value in values.items() if name not in _NOT_THERE},
        }


def _error(status: int, code: int, message: str) -> Reply:
    return Reply(status, {"timestamp": "2026-08-21T10:00:00.000Z", "code": code, "error": message})

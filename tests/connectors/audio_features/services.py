"""ReccoBeats on loopback with a catalogue of our own, and a Spotify client whose answers are scripted."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from connectors.audio_features.reccobeats import ReccoBeats
from connectors.http.transport import Transport
from connectors.library import EvidenceRow, Library, TrackRow
from tests.standin.exchange import Reply, Request
from tests.standin.server import LoopbackServer

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)

SOUND = {
    "acousticness": 0.1,
    "danceability": 0.7,
    "energy": 0.8,
    "instrumentalness": 0.0,
    "key": 4,
    "liveness": 0.2,
    "loudness": -6.5,
    "mode": 1,
    "speechiness": 0.05,
    "tempo": 121.9,
    "valence": 0.6,
}
"""What ReccoBeats tells of a track: 11 of the 13 features."""

WHOLE = SOUND | {"time_signature": 4, "duration_ms": 201_000}


def spotify_id_of(number: int) -> str:
    return f"{number:022d}"


def isrc_of(number: int) -> str:
    return f"GBAAA{number:07d}"


def judge(library: Library, rows: Iterable[TrackRow]) -> None:
    """Put liked tracks into the library."""
    rows = list(rows)
    library.add_tracks(rows)
    library.add_evidence(
        EvidenceRow(track_id=row.track_id, source="spotify", kind="like", liked=True, at=NOW) for row in rows
    )


def numbered(n: int, *, isrc: bool = True) -> list[TrackRow]:
    return [TrackRow(track_id=spotify_id_of(one), isrc=isrc_of(one) if isrc else None) for one in range(n)]


def known(library: Library) -> dict[str, dict[str, dict[str, float]]]:
    """Values by track, source and name."""
    values: dict[str, dict[str, dict[str, float]]] = {}
    for row in library.features().itertuples():
        values.setdefault(row.track_id, {}).setdefault(row.source, {})[row.name] = row.value
    return values


class ReccoBeatsService:
    """Answers from ``rows``, shuffled; ``faults`` come first, one a request.

    ``asked`` holds the ids of each request that was answered.
    """

    def __init__(self) -> None:
        self.rows: dict[str, list[Mapping[str, Any]]] = {}
        self.faults: list[Reply | None] = []
        self.asked: list[list[str]] = []
        self._server = LoopbackServer("reccobeats", 0, self._answer)

    def knows(self, number: int, **changes: Any) -> None:
        """Let it know a numbered track; several times for several rows."""
        row: dict[str, Any] = {"id": f"uuid-{number}", "isrc": isrc_of(number)}
        row |= SOUND | {"href": f"https://open.spotify.com/track/{spotify_id_of(number)}"}
        for name in (isrc_of(number), spotify_id_of(number)):
            self.rows.setdefault(name, []).append(row | changes)

    def link(self, *, max_wait: float = 0.0) -> ReccoBeats:
        return ReccoBeats(Transport("ReccoBeats", max_wait=max_wait, sleep=lambda _: None), self._server.url)

    def _answer(self, request: Request) -> Reply | None:
        assert request.path == "/v1/audio-features"
        if self.faults and (fault := self.faults.pop(0)):
            return fault
        ids = request.query["ids"].split(",")
        if len(ids) > 40:
            return Reply(400, {"code": 4001, "message": "too many ids"})
        self.asked.append(ids)
        content = [row for one in ids for row in self.rows.get(one, [])]
        random.Random(len(self.asked)).shuffle(content)
        return Reply(200, {"content": content})

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()


class SpotifyAnswers:
    """A signed-in client: ``answer`` is asked for each batch."""

    def __init__(self, answer: Callable[[Sequence[str]], Mapping[str, Mapping[str, float]]]) -> None:
        self._answer = answer
        self.calls = 0

    def audio_features(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
        assert 0 < len(ids) <= 100
        self.calls += 1
        return self._answer(ids)

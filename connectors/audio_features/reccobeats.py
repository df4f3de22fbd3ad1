"""ReccoBeats: Spotify-like features for who has no access to Spotify's, free and without a key.

Recordings go by ISRC where it is known: Spotify's ids are not for third parties, an ISRC is nobody's. Answers come in
any order and leave out what is unknown, so each is put to its recording by its ISRC, or by the id at the end of its
link. They hold neither a time signature nor a duration.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import requests

from connectors.audio_features.links import Answer, Wanted
from connectors.audio_features.values import known_values
from connectors.http.faults import BadAnswer
from connectors.http.transport import Transport
from connectors.track_ids import MatchedBy, plain_isrc, spotify_id
from features.columns import AUDIO_FEATURES
from features.errors import ServiceError
from features.report import show

BATCH: Final = 40
"""Most ids that it takes in a call; 41 are refused."""

PER_SECOND: Final = 1.0
"""Its limit is not published; this is polite."""

URL: Final = "https://api.reccobeats.com"

_PROVIDES: Final = tuple(name for name in AUDIO_FEATURES if name not in {"time_signature", "duration_ms"})


class ReccoBeats:
    """The link that asks ReccoBeats.

    Parameters
    ----------
    transport : Transport
        For ``PER_SECOND`` calls a second.
    url : str
        Of the service, without version.
    """

    source: Final = "reccobeats"
    provides: Final = frozenset(_PROVIDES)
    remembers: Final = True

    def __init__(self, transport: Transport, url: str = URL) -> None:
        self._transport = transport
        self._url = f"{url.rstrip('/')}/v1/audio-features"
        self._strays = 0

    @property
    def calls(self) -> int:
        """Requests sent, retries included."""
        return self._transport.calls

    @property
    def notes(self) -> tuple[str, ...]:
        """How many answers were to nothing that was asked."""
        if not self._strays:
            return ()
        return (f"reccobeats: {self._strays:,} answers are of no track that was asked for, and left out",)

    def can_ask(self, wanted: Wanted) -> bool:
        """It knows ISRCs and Spotify's ids; a local file has neither."""
        return _asked_by(wanted) is not None

    def answers(self, wanted: Sequence[Wanted]) -> Iterator[Answer]:
        """Ask in batches of 40."""
        for start in range(0, len(wanted), BATCH):
            batch = wanted[start : start + BATCH]
            names = [name for name in map(_asked_by, batch) if name]
            rows = _content(self._transport.get(self._url, params={"ids": ",".join(names)}))
            given, strays = _put_to(batch, rows)
            self._strays += strays
            found: dict[str, Mapping[str, float]] = {}
            matched: dict[str, MatchedBy] = {}
            dropped = 0
            for one in batch:
                values, wrong, way = _best(one, given.get(one.track_id, []))
                dropped += wrong
                if values:
                    found[one.track_id] = values
                    matched[one.track_id] = way
            yield Answer(batch, found, matched, dropped)


def _asked_by(wanted: Wanted) -> str | None:
    return wanted.isrc or wanted.spotify_id


def _content(response: requests.Response) -> list[Mapping[str, Any]]:
    """The rows of an answer; whatever else the service says is an error in words.

    That includes 404: tracks that it does not know are left out of an answer, so it would mean that its address moved.
    """
    try:
        body = response.json()
    except ValueError as error:
        raise BadAnswer(
            f"reccobeats answered {response.status_code} with something that is not JSON",
            "try again later: what came before is kept, and nothing is asked for twice",
        ) from error
    if not response.ok:
        said = body.get("message") or body.get("error") if isinstance(body, dict) else ""
        raise ServiceError(
            f"reccobeats refused a request with {response.status_code}{f': {show(said, 120)}' if said else ''}",
            "try again later; if it stays so, its interface may have changed: bring a catalogue with --catalogue",
        )
    rows = body.get("content") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadAnswer(
            "reccobeats answered JSON of another shape, expected a list under 'content'",
            "its interface may have changed: bring a catalogue with --catalogue, or try again later",
        )
    return rows


def _put_to(
    batch: Sequence[Wanted], rows: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, list[Mapping[str, Any]]], int]:
    """The rows of each recording, by ``Wanted.track_id``, and how many rows are of none of them."""
    by_isrc = {one.isrc: one for one in batch if one.isrc}
    by_id = {one.spotify_id: one for one in batch if one.spotify_id}
    given: dict[str, list[Mapping[str, Any]]] = {}
    strays = 0
    for row in rows:
        meant = {
            one.track_id
            for one in (by_isrc.get(plain_isrc(row.get("isrc")) or ""), by_id.get(_linked(row) or ""))
            if one is not None
        }
        strays += not meant
        for track_id in meant:
            given.setdefault(track_id, []).append(row)
    return given, strays


def _best(one: Wanted, rows: Sequence[Mapping[str, Any]]) -> tuple[dict[str, float], int, MatchedBy]:
    """One of a recording's rows (one a release): that of our own id, else the fullest; their order does not matter."""
    if not rows:
        return {}, 0, "isrc"
    judged = [(known_values(row, _PROVIDES), _linked(row) or "") for row in rows]
    best = min(judged, key=lambda entry: (entry[1] != one.spotify_id, -len(entry[0][0]), entry[1]))
    (values, dropped), linked = best
    return values, dropped, "id" if linked == one.spotify_id else "isrc"


def _linked(row: Mapping[str, Any]) -> str | None:
    """Spotify's id at the end of a row's link."""
    link = row.get("href")
    return spotify_id(link.split("?")[0].rstrip("/").rsplit("/", 1)[-1]) if isinstance(link, str) else None

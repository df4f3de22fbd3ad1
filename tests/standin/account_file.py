"""Accounts written in JSON.

``{"user": "me", "likes": [TRACK, ...], "playlists": [{"name": "Skipped", "owner": "me", "public": false, "tracks":
[TRACK, ...]}], "top": [ID, ...], "listenbrainz": {"user": "me", "loved": [ID, ...], "hated": [ID, ...]}}``, where a
TRACK is null, the id of a track that stood before, or ``{"id": ..., "name": ..., "artists": [...], "album": ...,
"isrc": ..., "duration_ms": ..., "release_date": ..., "explicit": ..., "popularity": ..., "kind": "track" | "local" |
"episode", "added_at": "2024-05-06T07:08:09Z", "features": {...}}``; name and artists must be given, all else may be
left out.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.standin.account import Account, Entry
from tests.standin.listed import ListedCatalogue
from tests.standin.made_up_account import feedback_of
from tests.standin.tracks import FEATURES, Track

_NEWEST = 1_780_000_000


class _Reader:
    """Collects tracks and gives the key of each."""

    def __init__(self) -> None:
        self.tracks: list[Track | None] = []
        self.features: dict[str, dict[str, float]] = {}
        self._keys: dict[str, int] = {}

    def entries(self, rows: Iterable[Any]) -> list[Entry]:
        """Entries of a list, the newest first where no times are given."""
        entries = []
        for place, row in enumerate(rows):
            told = row.get("added_at") if isinstance(row, dict) else None
            added = int(datetime.fromisoformat(told).timestamp()) if told else _NEWEST - 3_600 * place
            entries.append(Entry(added, self.key(row)))
        return entries

    def key(self, row: Any) -> int:
        """The key of one track, which is added where it is new."""
        if isinstance(row, str):
            return self._keys[row]
        if isinstance(row, dict) and row.get("id") in self._keys:
            return self._keys[row["id"]]
        track = None if row is None else _track(len(self.tracks), row)
        self.tracks.append(track)
        key = len(self.tracks) - 1
        if track is not None and track.track_id:
            self._keys[track.track_id] = key
            if "features" in row:
                plain = {"time_signature": 4, "duration_ms": track.duration_ms, **row["features"]}
                self.features[track.track_id] = {name: plain[name] for name in FEATURES}
        return key


def account_of_file(path: Path) -> Account:
    """Read an account; KeyError names what is missing."""
    told = json.loads(path.read_text())
    reader = _Reader()
    likes = reader.entries(told.get("likes", []))
    playlists = [(one, reader.entries(one.get("tracks", []))) for one in told.get("playlists", [])]
    top = [reader.key(track_id) for track_id in told.get("top", [])]
    catalogue = ListedCatalogue(reader.tracks, reader.features)
    account = Account(catalogue, user_id=told.get("user", "listener"), likes=likes)
    for one, entries in reversed(playlists):
        playlist = account.add_playlist(one["name"], owner_id=one.get("owner"), public=one.get("public", False))
        playlist.change(entries)
    account.top = dict.fromkeys(("short_term", "medium_term", "long_term"), top)
    feedback = told.get("listenbrainz", {})
    judged = [(1, one) for one in feedback.get("loved", [])] + [(-1, one) for one in feedback.get("hated", [])]
    if feedback:
        account.listenbrainz[feedback["user"]] = [
            feedback_of(track, score, _NEWEST - 60 * place)
            for place, (score, track_id) in enumerate(judged)
            if (track := catalogue.find(track_id)) is not None
        ]
    return account


def _track(number: int, row: dict[str, Any]) -> Track:
    kind = row.get("kind", "track")
    artists = tuple((_id(f"artist {name}") if kind != "local" else "", name) for name in row["artists"])
    album = row.get("album", "Album")
    return Track(
        track_id="" if kind == "local" else row.get("id") or _id(f"track {number} {row['name']}"),
        track_name=row["name"],
        artists=artists,
        album_id="" if kind == "local" else _id(f"album {album}"),
        album_name=album,
        duration_ms=row.get("duration_ms", 200_000),
        recording=number,
        isrc=row.get("isrc"),
        release_date=row.get("release_date", "2001-02-03"),
        explicit=row.get("explicit", False),
        popularity=row.get("popularity", 50),
        kind=kind,
    )


def _id(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:22]

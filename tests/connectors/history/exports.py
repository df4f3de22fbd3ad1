"""Exports as Spotify writes them, small."""

import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2023, 5, 1, 12, tzinfo=UTC)
PERSONAL = {
    "username": "secretlistener",
    "platform": "SecretPhone 5",
    "conn_country": "ZZ",
    "ip_addr_decrypted": "203.0.113.77",
    "ip_addr": "203.0.113.78",
    "user_agent_decrypted": "SecretAgent/1.0",
}


def uri(number: int) -> str:
    return f"spotify:track:{number:022d}"


def row(number: int, minute: float, **changed: Any) -> dict[str, Any]:
    """A row of the extended history: track ``number`` heard to the end, the end ``minute`` minutes after START."""
    end = START + timedelta(minutes=minute)
    return {
        "ts": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        **PERSONAL,
        "ms_played": 180_000,
        "master_metadata_track_name": f"Song {number}",
        "master_metadata_album_artist_name": f"Band {number % 3}",
        "master_metadata_album_album_name": f"Album {number}",
        "spotify_track_uri": uri(number),
        "episode_name": None,
        "episode_show_name": None,
        "spotify_episode_uri": None,
        "reason_start": "trackdone",
        "reason_end": "trackdone",
        "shuffle": True,
        "skipped": False,
        "offline": False,
        "offline_timestamp": int(end.timestamp()) - 180,
        "incognito_mode": False,
        **changed,
    }


def skip(number: int, minute: float, **changed: Any) -> dict[str, Any]:
    begin = int((START + timedelta(minutes=minute)).timestamp()) - 15
    return row(number, minute, **{"ms_played": 15_000, "reason_end": "fwdbtn", "offline_timestamp": begin, **changed})


def write(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))
    return path


def zipped(path: Path, **entries: Any) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in entries.items():
            archive.writestr(name, value if isinstance(value, bytes) else json.dumps(value))
    return path

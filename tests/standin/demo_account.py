"""The account of the demo listener, so that a newcomer without one can try everything."""

from typing import Any

import pandas as pd

from connectors.demo.listener import demo_listener
from tests.standin.account import Account, Entry
from tests.standin.listed import ListedCatalogue
from tests.standin.made_up_account import feedback_of
from tests.standin.tracks import FEATURES, Track

_LATEST = 1_760_000_000


def demo_account(seed: int) -> Account:
    """An account as `Account.demo` describes it; the listener's name at ListenBrainz is "demo"."""
    listener = demo_listener(seed)
    everything = pd.concat([listener.tracks, listener.candidates], ignore_index=True)
    everything = everything.drop_duplicates("track_id", ignore_index=True)
    artist_ids = {name: f"{number:022d}" for number, name in enumerate(dict.fromkeys(everything["artist_name"]))}
    rows: list[dict[str, Any]] = everything.to_dict("records")  # type: ignore[assignment]
    tracks = [_track(number, row, artist_ids) for number, row in enumerate(rows)]
    features = {row["track_id"]: {name: _plain(name, row[name]) for name in FEATURES} for row in rows}
    catalogue = ListedCatalogue(tracks, features)

    account = Account(catalogue, user_id="demo_listener", account_id="dEmoLi5ten", display_name="Demo Listener")
    account.likes = _entries(catalogue, listener.tracks[listener.tracks["liked"] == 1])
    skipped = listener.tracks[listener.tracks["liked"] == 0]
    account.add_playlist("Discover", [_key(catalogue, track_id) for track_id in listener.candidates["track_id"]])
    account.add_playlist("Skipped").change(_entries(catalogue, skipped))
    account.top = {
        time_range: [entry.key for entry in account.likes[first : first + 150 : 3]]
        for first, time_range in enumerate(("short_term", "medium_term", "long_term"))
    }
    judged = [(1, account.likes[:60:3]), (-1, account.playlist_called("Skipped").entries[:30:3])]
    account.listenbrainz["demo"] = [
        feedback_of(track, score, _LATEST - 60 * number)
        for score, entries in judged
        for number, entry in enumerate(entries)
        if (track := catalogue.entry(entry.key)) is not None
    ]
    return account


def _entries(catalogue: ListedCatalogue, tracks: pd.DataFrame) -> list[Entry]:
    """Tracks with the day they came in: likes and skips go on side by side, and the day tells nothing of them."""
    dated = zip(tracks["track_id"], tracks["added_at"], strict=True)
    return [Entry(int(added.timestamp()), _key(catalogue, track_id)) for track_id, added in dated]


def _track(number: int, row: dict[str, Any], artist_ids: dict[str, str]) -> Track:
    album = f"{number:021d}A"
    return Track(
        track_id=row["track_id"],
        track_name=row["track_name"],
        artists=((artist_ids[row["artist_name"]], row["artist_name"]),),
        album_id=album,
        album_name=f"{row['track_name']} (single)",
        duration_ms=int(row["duration_ms"]),
        recording=number,
        isrc=f"QZDEM{number:07d}",
        release_date=row["release_date"],
        explicit=bool(row["explicit"]),
        popularity=int(row["popularity"]),
    )


def _plain(name: str, value: float) -> float:
    whole = name in {"duration_ms", "key", "mode", "time_signature"} and not pd.isna(value)
    return int(value) if whole else float(value)


def _key(catalogue: ListedCatalogue, track_id: str) -> int:
    key = catalogue.key_of(track_id)
    if key is None:
        raise KeyError(track_id)
    return key

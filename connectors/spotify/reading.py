"""From Spotify's JSON to the types of ``answers``, in both dialects.

Since February 2026 a playlist's ``tracks`` are called ``items``, and each entry's ``track`` is called ``item``. Any
value may be missing or null, and a value of the wrong type counts as missing; only an answer without which nothing can
be said is an error.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeGuard, TypeVar

from connectors.http.faults import BadAnswer
from connectors.spotify.answers import Account, Page, Playlist, SavedTrack, SpotifyTrack
from connectors.spotify.local_files import PREFIX, completed
from connectors.track_ids import plain_isrc, spotify_id
from features.columns import AUDIO_FEATURES

T = TypeVar("T")
Json = Mapping[str, Any]

NOT_LISTED: Final = SavedTrack(added_at=None, track=None, why_none="Spotify counts it and does not list it")
"""What stands for an entry that a page should hold by the list's own length."""

_BEYOND: Final = 1e15
"""No number that Spotify means is as large; an integer of JSON may be larger than any float."""


def is_spotify_id(value: object) -> bool:
    """Whether a value is an id of Spotify's: 22 base-62 characters."""
    return spotify_id(value) is not None


def read_page(answer: Any, offset: int, limit: int, read: Callable[[Any], T | None]) -> Page[T]:
    """One page of any list; entries of which ``read`` makes nothing are left out.

    Raises
    ------
    BadAnswer
        If it is not a page.
    """
    page = _mapping(answer, "a page")
    items, total = page.get("items"), _whole(page.get("total"))
    if not isinstance(items, list) or total is None:
        raise bad_shape("a page")
    limit = min(limit, _whole(page.get("limit")) or limit)  # a server that gives shorter pages is followed by its steps
    # By the length, not by ``next``: where that is missing too early, what follows would count as taken back.
    has_next = offset + limit < total
    entries = tuple(entry for entry in map(read, items) if entry is not None)
    missing = max(min(limit, total - offset) - len(items), 0)
    return Page(items=entries, offset=offset, limit=limit, total=total, has_next=has_next, missing=missing)


def read_entries(answer: Any, offset: int, limit: int) -> Page[SavedTrack]:
    """One page of a library or playlist, as long as the list's length says: `NOT_LISTED` where entries are missing.

    Raises
    ------
    BadAnswer
        If it is not a page.
    """
    page = read_page(answer, offset, limit, read_entry)
    return replace(page, items=page.items + (NOT_LISTED,) * page.missing)


def read_entry(entry: Any) -> SavedTrack:
    """One entry of a library or playlist."""
    if not isinstance(entry, Mapping):
        return SavedTrack(added_at=None, track=None, why_none="the entry is empty")
    content = entry.get("item") or entry.get("track")
    added_at = read_time(entry.get("added_at"))
    if not isinstance(content, Mapping):
        return SavedTrack(added_at=added_at, track=None, why_none="Spotify no longer has it")
    track = read_track(content, is_local=entry.get("is_local") is True)
    why = None if track else "it has no usable id"
    return SavedTrack(added_at=added_at, track=track, why_none=why)


def read_track(content: Any, *, is_local: bool = False) -> SpotifyTrack | None:
    """A track, episode or local file; None where it cannot be told which one it is."""
    if not isinstance(content, Mapping):
        return None
    uri = _text(content.get("uri")) or ""
    if is_local or content.get("is_local") is True or uri.startswith(PREFIX):
        return completed(_track(content, None, uri or PREFIX, "local"))
    identifier = content.get("id")
    if not is_spotify_id(identifier):
        return None
    if content.get("type") == "episode" or uri.startswith("spotify:episode:"):
        return _track(content, None, f"spotify:episode:{identifier}", "episode")
    return _track(content, identifier, f"spotify:track:{identifier}", "track")


def read_playlist(content: Any, account: Account) -> Playlist:
    """A playlist, in either dialect.

    Raises
    ------
    BadAnswer
        If it has no id.
    """
    playlist = _mapping(content, "a playlist")
    identifier = playlist.get("id")
    if not isinstance(identifier, str) or not is_spotify_id(identifier):
        raise bad_shape("a playlist")
    owner = playlist.get("owner")
    owner_id = (_text(owner.get("id")) if isinstance(owner, Mapping) else None) or ""
    contents = playlist.get("items") or playlist.get("tracks")
    return Playlist(
        id=identifier,
        name=_text(playlist.get("name")) or "",
        owner_id=owner_id,
        snapshot_id=_text(playlist.get("snapshot_id")),
        n_tracks=_whole(contents.get("total")) if isinstance(contents, Mapping) else None,
        is_mine=owner_id in {account.user_id, account.id} and owner_id != "",
        collaborative=playlist.get("collaborative") is True,
        description=_text(playlist.get("description")),
    )


def read_listed_playlist(content: Any, account: Account) -> Playlist | None:
    """A playlist of a list, which may be null; None where it has no id."""
    return read_playlist(content, account) if is_spotify_id(_object(content).get("id")) else None


def read_account(content: Any) -> Account:
    """Who is signed in.

    Raises
    ------
    BadAnswer
        If there is no id.
    """
    profile = _mapping(content, "an account")
    user_id = _text(profile.get("id")) or _text(profile.get("account_id"))
    if user_id is None:
        raise bad_shape("an account")
    return Account(
        id=_text(profile.get("account_id")) or user_id,
        user_id=user_id,
        name=_text(profile.get("display_name")) or user_id,
    )


def read_snapshot(content: Any) -> str:
    """The snapshot id that a change of a playlist answers with.

    Raises
    ------
    BadAnswer
        If there is none.
    """
    snapshot = _text(_mapping(content, "a snapshot id").get("snapshot_id"))
    if snapshot is None:
        raise bad_shape("a snapshot id")
    return snapshot


def read_features(answer: Any, asked: frozenset[str]) -> dict[str, dict[str, float]]:
    """Audio features by track id: what is a number, of the ids that were asked for.

    Raises
    ------
    BadAnswer
        If it is no list of features, or one without a place for each id: what is not known has null in its place, and
        nothing else may be taken for not known.
    """
    rows = answer.get("audio_features") if isinstance(answer, Mapping) else None
    if not isinstance(rows, list) or len(rows) < len(asked):
        raise bad_shape("audio features")
    told = [row for row in rows if isinstance(row, Mapping) and isinstance(row.get("id"), str)]
    return {row["id"]: _numbers(row) for row in told if row["id"] in asked}


def _numbers(row: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name in AUDIO_FEATURES if _is_number(value := row.get(name))}


def read_time(value: Any) -> datetime | None:
    """A time such as ``2026-11-21T14:00:00Z``, aware; None where missing, odd or the epoch that means unknown."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year > 1970 else None


def bad_shape(expected: str) -> BadAnswer:
    """The error of an answer that has another shape than the one promised."""
    return BadAnswer(
        f"Spotify did not answer with {expected}",
        "try again later; if it stays so, Spotify has changed its API and earmark needs an update",
    )


def _track(content: Json, track_id: str | None, uri: str, kind: Literal["track", "episode", "local"]) -> SpotifyTrack:
    album, codes = _object(content.get("album")), _object(content.get("external_ids"))
    listed = content.get("artists")
    artists = [a for a in listed if isinstance(a, Mapping)] if isinstance(listed, list) else []
    return SpotifyTrack(
        track_id=track_id,
        uri=uri,
        kind=kind,
        track_name=_text(content.get("name")),
        artist_name=";".join(name for a in artists if (name := _text(a.get("name")))) or None,
        album_name=_text(album.get("name")),
        isrc=plain_isrc(codes.get("isrc")),
        duration_ms=_whole(content.get("duration_ms")) or None,
        release_date=_date(album.get("release_date")),
        explicit=content["explicit"] if isinstance(content.get("explicit"), bool) else None,
        popularity=_whole(content.get("popularity")),
        is_local=kind == "local",
    )


def _mapping(value: Any, expected: str) -> Json:
    if not isinstance(value, Mapping):
        raise bad_shape(expected)
    return value


def _object(value: Any) -> Json:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    return int(value) if _is_number(value) and value >= 0 else None


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and -_BEYOND < value < _BEYOND  # nor NaN


def _date(value: Any) -> str | None:
    text = _text(value) or ""
    return text if re.fullmatch(r"[1-9]\d{3}(-\d\d){0,2}", text, re.ASCII) else None

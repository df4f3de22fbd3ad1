"""Where the contract is known to be wrong, older or stricter than what Spotify answers, in one table with reasons.

``Deviation.change`` gets the contract's schemas (its own copy) and changes them in place. What is not here is a
violation: spotipy's ``playlist_add_items``, for one, which posts a bare list where the contract asks for an object.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.standin.bodies import Dialect

Schemas = dict[str, Any]


@dataclass(frozen=True)
class Deviation:
    """One deliberate difference from the contract: where, why, and in which dialects."""

    where: str
    why: str
    change: Callable[[Schemas], None] | None = None
    dialects: tuple[Dialect, ...] = ("2026", "legacy")


def or_null(schema: Schemas) -> Schemas:
    """The same or null; not as ``anyOf``, whose messages do not say what is wrong."""
    return {"if": {"enum": [None]}, "then": {}, "else": schema}


def _nullable(name: str, *properties: str) -> Callable[[Schemas], None]:
    def change(schemas: Schemas) -> None:
        for one in properties:
            held = schemas[name]["properties"]
            held[one] = or_null(held[one])

    return change


def _markets_may_be_gone(schemas: Schemas) -> None:
    schemas["AlbumBase"]["required"].remove("available_markets")


def _local_files(schemas: Schemas) -> None:
    """A track is judged by ``LocalTrackObject`` where it says so: the same with nulls for what has no id."""
    track = schemas["TrackObject"]
    album, artist = (
        schemas["SimplifiedAlbumObject"]["allOf"][1]["properties"],
        schemas["SimplifiedArtistObject"]["properties"],
    )
    album_fields = {name: or_null(one) for name, one in {**schemas["AlbumBase"]["properties"], **album}.items()}
    artist_fields = {name: or_null(one) for name, one in artist.items()}
    local = {
        **track["properties"],
        "album": {"type": "object", "properties": album_fields},
        "artists": {"type": "array", "items": {"type": "object", "properties": artist_fields}},
        **{name: {"type": "string", "nullable": True} for name in ("href", "id")},
    }
    schemas["LocalTrackObject"] = {"type": "object", "properties": local, "required": ["name", "uri", "is_local"]}
    schemas["OtherTrackObject"] = track
    is_local = {"properties": {"is_local": {"enum": [True]}}, "required": ["is_local"]}
    schemas["TrackObject"] = {
        "if": is_local,
        "then": {"$ref": "#/components/schemas/LocalTrackObject"},
        "else": {"$ref": "#/components/schemas/OtherTrackObject"},
    }


def _unknown_metre(schemas: Schemas) -> None:
    schemas["TimeSignature"]["minimum"] = 0


DEVIATIONS: Final = (
    Deviation("playlist entries", "a vanished track is null", _nullable("PlaylistTrackObject", "item", "track")),
    Deviation("likes", "a vanished track is null", _nullable("SavedTrackObject", "track")),
    Deviation("TrackObject", "local files have neither id nor href, and their albums nulls", _local_files),
    Deviation("TimeSignature", "Spotify answers 0 and 1 where it could not tell the metre", _unknown_metre),
    Deviation("PrivateUserObject.display_name", "its description says null if not available, its type does not",
              _nullable("PrivateUserObject", "display_name")),
    Deviation("AlbumBase.available_markets", "required, but removed for apps in development mode in February 2026",
              _markets_may_be_gone, ("2026",)),
    Deviation("GET /tracks, GET /audio-features", "unknown ids are null, against the contract; see NULL_IN_LISTS"),
    Deviation("GET /search", "apps of before February 2026 may ask for 50 at once, not 10; see SEARCH_LIMIT"),
    Deviation("GET /audio-features", "where it is closed the 403 has no message, which the contract requires"),
    Deviation("all operations", "400, 404, 405 and 5xx have the shape of the other errors but are not listed"),
    Deviation("DELETE /me/library", "its 400 is said to be a bare error; it is wrapped like every other one"),
    Deviation("all paths", "spotipy ends some with a slash (/me/, /tracks/?ids=), and Spotify answers the same"),
    Deviation("answers of faults", "what goes wrong by script is not validated: no contract has HTML or half a body"),
)  # fmt: skip
"""Every deviation; those without a change are built into ``contract``."""

NULL_IN_LISTS: Final = {("GET", "/tracks"): "tracks", ("GET", "/audio-features"): "audio_features"}
SEARCH_LIMIT: Final[dict[Dialect, int]] = {"2026": 10, "legacy": 50}

NEEDED: Final = {
    "TrackObject": (
        "id", "name", "uri", "type", "artists", "album", "duration_ms", "explicit", "external_ids", "is_local",
    ),
    "SavedTrackObject": ("added_at", "track"),
    "PlaylistTrackObject": ("added_at", "is_local"),
    "SimplifiedPlaylistObject": ("id", "name", "owner", "snapshot_id", "collaborative"),
    "PlaylistObject": ("id", "name", "owner", "snapshot_id", "collaborative"),
    "PrivateUserObject": ("id", "account_id", "display_name"),
    "SimplifiedArtistObject": ("id", "name"),
    "AudioFeaturesObject": (
        "id", "acousticness", "danceability", "duration_ms", "energy", "instrumentalness", "key", "liveness",
        "loudness", "mode", "speechiness", "tempo", "time_signature", "valence",
    ),
}  # fmt: skip
"""What an answer must hold besides: the contract requires hardly anything of these objects, but Spotify gives it."""

"""Spotify's JSON objects in both dialects: pure functions of what the account holds.

The dialect "2026" is that of apps in development mode since February 2026: deprecated fields are gone, playlists have
``items`` of ``item``. The dialect "legacy" is that of older apps: ``tracks`` of ``track``, and all fields.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from tests.standin.account import Account, Entry, Playlist
from tests.standin.tracks import Track

Dialect = Literal["2026", "legacy"]
_MARKETS = ["DE", "FR", "GB", "SE", "US"]
_OPEN = "https://open.spotify.com"


@dataclass(frozen=True)
class Bodies:
    """Makes the objects of one dialect; ``root`` is the address of the Web API, ending with ``/v1``."""

    root: str
    dialect: Dialect

    @property
    def legacy(self) -> bool:
        """Whether deprecated fields are there."""
        return self.dialect == "legacy"

    def me(self, account: Account, scopes: frozenset[str]) -> dict[str, Any]:
        """The listener's profile; what of it the scopes open."""
        profile = self._user(account.user_id) | {
            "account_id": account.account_id,
            "display_name": account.display_name,
            "images": [],
        }
        if self.legacy:
            profile["followers"] = {"href": None, "total": 0}
            if "user-read-private" in scopes:
                profile |= {"country": "SE", "product": "premium"}
                profile["explicit_content"] = {"filter_enabled": False, "filter_locked": False}
            if "user-read-email" in scopes:
                profile["email"] = f"{account.user_id}@example.org"
        return profile

    def track(self, track: Track | None) -> dict[str, Any] | None:
        """A track, an episode or a local file; null for what has vanished."""
        if track is None:
            return None
        if track.kind == "episode":
            return self._episode(track)
        local = track.kind == "local"
        body: dict[str, Any] = {
            "album": self._album(track),
            "artists": [self._artist(artist_id, name) for artist_id, name in track.artists],
            "disc_number": 0 if local else 1,
            "duration_ms": track.duration_ms,
            "explicit": track.explicit,
            "external_ids": {"isrc": track.isrc} if track.isrc else {},
            "external_urls": {} if local else {"spotify": f"{_OPEN}/track/{track.track_id}"},
            "href": None if local else f"{self.root}/tracks/{track.track_id}",
            "id": None if local else track.track_id,
            "is_local": local,
            "name": track.track_name,
            "track_number": 0 if local else 1,
            "type": "track",
            "uri": track.uri,
        }
        if not local:
            body["is_playable"] = True
        if self.legacy:
            body |= {
                "available_markets": [] if local else _MARKETS,
                "popularity": track.popularity,
                "preview_url": None,
            }
            if track.linked_from:
                body["linked_from"] = self._link("track", track.linked_from) | {"external_urls": {}}
        return body

    def saved(self, entry: Entry, track: Track | None) -> dict[str, Any]:
        """A like."""
        return {"added_at": entry.added_at, "track": self.track(track)}

    def playlist_item(self, entry: Entry, track: Track | None, adder: str) -> dict[str, Any]:
        """A line of a playlist."""
        return {
            "added_at": entry.added_at,
            "added_by": self._user(adder),
            "is_local": track is not None and track.kind == "local",
            "track" if self.legacy else "item": self.track(track),
        }

    def playlist(self, playlist: Playlist, contents: dict[str, Any] | None) -> dict[str, Any]:
        """A playlist; ``contents`` are a page or a reference, None where the listener may not see them."""
        body: dict[str, Any] = {
            "collaborative": playlist.collaborative,
            "description": playlist.description,
            "external_urls": {"spotify": f"{_OPEN}/playlist/{playlist.playlist_id}"},
            "href": f"{self.root}/playlists/{playlist.playlist_id}",
            "id": playlist.playlist_id,
            "images": [],
            "name": playlist.name,
            "owner": self._user(playlist.owner_id) | {"display_name": playlist.owner_id},
            "public": playlist.public,
            "snapshot_id": playlist.snapshot_id,
            "type": "playlist",
            "uri": f"spotify:playlist:{playlist.playlist_id}",
        }
        if contents is not None:
            body["tracks" if self.legacy else "items"] = contents
        return body

    def contents_href(self, playlist: Playlist) -> str:
        """The address of a playlist's contents."""
        return f"{self.root}/playlists/{playlist.playlist_id}/{'tracks' if self.legacy else 'items'}"

    def audio_features(self, track: Track, values: Any) -> dict[str, Any]:
        """Audio features as Spotify gives them."""
        return dict(values) | {
            "analysis_url": f"{self.root}/audio-analysis/{track.track_id}",
            "id": track.track_id,
            "track_href": f"{self.root}/tracks/{track.track_id}",
            "type": "audio_features",
            "uri": track.uri,
        }

    def page(self, href: str, items: Sequence[Any], offset: int, limit: int, total: int, **more: str) -> dict[str, Any]:
        """A page of a list with absolute addresses of its neighbours, on this very host."""

        def address(at: int) -> str:
            return f"{href}?{urlencode({'offset': at, 'limit': limit, **more})}"

        return {
            "href": address(offset),
            "items": list(items),
            "limit": limit,
            "next": address(offset + limit) if offset + limit < total else None,
            "offset": offset,
            "previous": address(max(offset - limit, 0)) if offset > 0 else None,
            "total": total,
        }

    def _album(self, track: Track) -> dict[str, Any]:
        if track.kind == "local":
            return {
                "album_type": None, "artists": [], "external_urls": {}, "href": None, "id": None, "images": [],
                "name": track.album_name, "release_date": None, "release_date_precision": None, "type": "album",
                "uri": None, **({"available_markets": []} if self.legacy else {}),
            }  # fmt: skip
        body = self._link("album", track.album_id) | {
            "album_type": "album",
            "artists": [self._artist(*track.artists[0])],
            "external_urls": {"spotify": f"{_OPEN}/album/{track.album_id}"},
            "images": [
                {"url": f"https://i.scdn.co/image/{track.album_id}{size}", "height": size, "width": size}
                for size in (640, 64)
            ],
            "name": track.album_name,
            "release_date": track.release_date,
            "release_date_precision": {4: "year", 7: "month"}.get(len(track.release_date), "day"),
            "total_tracks": 10,
        }
        return body | ({"available_markets": _MARKETS} if self.legacy else {})

    def _artist(self, artist_id: str, name: str) -> dict[str, Any]:
        if not artist_id:
            return {"external_urls": {}, "href": None, "id": None, "name": name, "type": "artist", "uri": None}
        return self._link("artist", artist_id) | {
            "external_urls": {"spotify": f"{_OPEN}/artist/{artist_id}"},
            "name": name,
        }

    def _episode(self, track: Track) -> dict[str, Any]:
        show_id = track.album_id
        texts = {"description": "Two people talk.", "html_description": "<p>Two people talk.</p>", "images": []}
        common = {"explicit": False, "is_externally_hosted": False, "languages": ["en"], **texts}
        show = self._link("show", show_id) | common | {
            "available_markets": _MARKETS, "copyrights": [], "external_urls": {"spotify": f"{_OPEN}/show/{show_id}"},
            "media_type": "audio", "name": track.album_name, "publisher": "Nobody", "total_episodes": 99,
        }  # fmt: skip
        return self._link("episode", track.track_id) | common | {
            "audio_preview_url": None, "duration_ms": track.duration_ms, "is_playable": True, "name": track.track_name,
            "external_urls": {"spotify": f"{_OPEN}/episode/{track.track_id}"}, "release_date": track.release_date,
            "release_date_precision": "day", "show": show,
        }  # fmt: skip

    def _user(self, user_id: str) -> dict[str, Any]:
        return self._link("user", user_id) | {"external_urls": {"spotify": f"{_OPEN}/user/{user_id}"}}

    def _link(self, kind: str, id_: str) -> dict[str, Any]:
        return {"href": f"{self.root}/{kind}s/{id_}", "id": id_, "type": kind, "uri": f"spotify:{kind}:{id_}"}

"""Operations of the Web API on playlists: reading, making, changing and unfollowing them."""

import time
from typing import Any, Final

from tests.standin.account import EDITORIAL, Account, Entry, Playlist
from tests.standin.bodies import Bodies
from tests.standin.exchange import Refused, Reply, Request, spotify_error
from tests.standin.spotify_reading import Scopes, is_id, paging, whole

MAX_URIS: Final = 100
MAX_LIBRARY_URIS: Final = 40
MAX_ITEMS: Final = 10_000
MAX_OFFSET: Final = 100_000
_FIRST_PAGE: Final = 100


class PlaylistOperations:
    """Reads and changes the playlists of one account."""

    def __init__(self, account: Account, bodies: Bodies) -> None:
        self._account = account
        self._bodies = bodies

    def mine(self, request: Request, scopes: Scopes) -> Reply:  # noqa: ARG002
        """GET /me/playlists: the listener's own and those that they follow."""
        limit, offset = paging(request)
        if offset > MAX_OFFSET:
            raise Refused(spotify_error(400, "Invalid offset"))
        ids = self._account.followed
        items = [self._listed(self._account.playlists[one]) for one in ids[offset : offset + limit]]
        return Reply(200, self._bodies.page(f"{self._bodies.root}/me/playlists", items, offset, limit, len(ids)))

    def playlist(self, request: Request, scopes: Scopes, playlist_id: str) -> Reply:  # noqa: ARG002
        """GET /playlists/{id}: with the first 100 entries where the listener may see them."""
        playlist = self._find(playlist_id)
        contents = self._page(playlist, 0, _FIRST_PAGE) if self._may_see(playlist) else None
        return Reply(200, self._bodies.playlist(playlist, contents))

    def items(self, request: Request, scopes: Scopes, playlist_id: str) -> Reply:  # noqa: ARG002
        """GET /playlists/{id}/items (or /tracks)."""
        playlist = self._find(playlist_id)
        if not self._may_see(playlist):
            raise Refused(spotify_error(403, "Forbidden"))
        limit, offset = paging(request)
        return Reply(200, self._page(playlist, offset, limit))

    def create(self, request: Request, scopes: Scopes) -> Reply:
        """POST /me/playlists: public unless it is said otherwise."""
        body = _object(request)
        name, public = body.get("name"), body.get("public", True)
        if not isinstance(name, str) or not name:
            raise Refused(spotify_error(400, "Missing required field: name"))
        if body.get("collaborative") and public:
            raise Refused(spotify_error(400, "Collaborative playlists can only be private."))
        need("playlist-modify-public" if public else "playlist-modify-private", scopes)
        playlist = self._account.add_playlist(
            name, public=bool(public), collaborative=bool(body.get("collaborative")),
            description=body.get("description") or "",
        )  # fmt: skip
        return Reply(201, self._bodies.playlist(playlist, self._page(playlist, 0, _FIRST_PAGE)))

    def create_for_user(self, request: Request, scopes: Scopes, user_id: str) -> Reply:
        """POST /users/{id}/playlists: what was before POST /me/playlists."""
        if user_id != self._account.user_id:
            raise Refused(spotify_error(403, "You cannot create a playlist for another user."))
        return self.create(request, scopes)

    def rename(self, request: Request, scopes: Scopes, playlist_id: str) -> Reply:
        """PUT /playlists/{id}: name, description, public."""
        playlist = self._own(playlist_id, scopes)
        body = _object(request)
        playlist.name = body.get("name", playlist.name)
        playlist.description = body.get("description", playlist.description)
        playlist.public = bool(body.get("public", playlist.public))
        playlist.change(playlist.entries)
        return Reply(200, b"")

    def add(self, request: Request, scopes: Scopes, playlist_id: str) -> Reply:
        """POST /playlists/{id}/items: up to 100, at a position or at the end; the query overrides the body."""
        playlist = self._own(playlist_id, scopes)
        body = _object(request) if request.body else {}
        uris = request.query["uris"].split(",") if "uris" in request.query else body.get("uris")
        added = self._entries(uris)
        size = len(playlist.entries)
        at = whole(request, "position", body.get("position", size))
        if not (isinstance(at, int) and 0 <= at <= size):
            raise Refused(spotify_error(400, "Index out of bounds."))
        if len(playlist.entries) + len(added) > MAX_ITEMS:
            raise Refused(spotify_error(400, "Playlist size limit reached"))
        return _snapshot(201, playlist.change([*playlist.entries[:at], *added, *playlist.entries[at:]]))

    def replace_or_reorder(self, request: Request, scopes: Scopes, playlist_id: str) -> Reply:
        """PUT /playlists/{id}/items: replace all, or move a range; never both."""
        playlist = self._own(playlist_id, scopes)
        body = _object(request) if request.body else {}
        uris = request.query["uris"].split(",") if "uris" in request.query else body.get("uris")
        if uris is not None:
            if "range_start" in body:
                raise Refused(spotify_error(400, "Replace and reorder cannot be done together."))
            return _snapshot(200, playlist.change(self._entries(uris)))
        _check_snapshot(playlist, body)
        start, before, length = body.get("range_start"), body.get("insert_before"), body.get("range_length", 1)
        size = len(playlist.entries)
        if not (isinstance(start, int) and isinstance(before, int) and isinstance(length, int)):
            raise Refused(spotify_error(400, "Missing range_start or insert_before"))
        if not (start >= 0 and start + length <= size and 0 <= before <= size and length > 0):
            raise Refused(spotify_error(400, "Index out of bounds."))
        moved = playlist.entries[start : start + length]
        rest = playlist.entries[:start] + playlist.entries[start + length :]
        at = before if before <= start else max(before - length, start)
        return _snapshot(200, playlist.change([*rest[:at], *moved, *rest[at:]]))

    def remove(self, request: Request, scopes: Scopes, playlist_id: str) -> Reply:
        """DELETE /playlists/{id}/items: every occurrence of up to 100 addresses."""
        playlist = self._own(playlist_id, scopes)
        body = _object(request)
        rows = body.get("tracks" if request.path.rstrip("/").endswith("/tracks") else "items")
        if not isinstance(rows, list) or not all(
            isinstance(row, dict) and isinstance(row.get("uri"), str) for row in rows
        ):
            raise Refused(spotify_error(400, "No uris provided"))
        if len(rows) > MAX_URIS:
            raise Refused(spotify_error(400, "Too many ids requested"))
        _check_snapshot(playlist, body)
        gone = {row["uri"] for row in rows}
        return _snapshot(200, playlist.change([one for one in playlist.entries if self._uri(one) not in gone]))

    def unfollow(self, request: Request, scopes: Scopes, playlist_id: str) -> Reply:  # noqa: ARG002
        """DELETE /playlists/{id}/followers: the playlist lives on, out of the listener's list."""
        playlist = self._find(playlist_id)
        need("playlist-modify-public" if playlist.public else "playlist-modify-private", scopes)
        self._forget(playlist)
        return Reply(200, b"")

    def remove_from_library(self, request: Request, scopes: Scopes) -> Reply:
        """DELETE /me/library?uris=: playlists are unfollowed, tracks lose their like."""
        uris = [uri for uri in request.query.get("uris", "").split(",") if uri]
        if not uris or len(uris) > MAX_LIBRARY_URIS:
            raise Refused(spotify_error(400, "Missing or too many uris"))
        parts = [uri.split(":") for uri in uris]
        if not all(len(part) == 3 and part[0] == "spotify" and part[1] in {"track", "playlist"} for part in parts):
            raise Refused(spotify_error(400, "Invalid uri"))
        for _, kind, id_ in parts:
            need("playlist-modify-public" if kind == "playlist" else "user-library-modify", scopes)
            if kind == "playlist":
                self._forget(self._find(id_))
            elif self._account.catalogue.find(id_) is not None:
                self._account.unlike(id_)
        return Reply(200, b"")

    def _find(self, playlist_id: str) -> Playlist:
        playlist = self._account.playlists.get(playlist_id)
        if playlist is None or playlist_id == EDITORIAL:
            message = "Resource not found" if is_id(playlist_id) else "Invalid base62 id"
            raise Refused(spotify_error(404 if is_id(playlist_id) else 400, message))
        return playlist

    def _own(self, playlist_id: str, scopes: Scopes) -> Playlist:
        playlist = self._find(playlist_id)
        need("playlist-modify-public" if playlist.public else "playlist-modify-private", scopes)
        if playlist.owner_id != self._account.user_id and not playlist.collaborative:
            raise Refused(spotify_error(403, "You cannot change a playlist you don't own."))
        return playlist

    def _may_see(self, playlist: Playlist) -> bool:
        own = playlist.owner_id == self._account.user_id or playlist.collaborative
        return own or self._bodies.legacy

    def _listed(self, playlist: Playlist) -> dict[str, Any]:
        reference = {"href": self._bodies.contents_href(playlist), "total": len(playlist.entries)}
        return self._bodies.playlist(playlist, reference if self._may_see(playlist) else None)

    def _page(self, playlist: Playlist, offset: int, limit: int) -> dict[str, Any]:
        items = [
            self._bodies.playlist_item(entry, self._account.catalogue.entry(entry.key), playlist.owner_id)
            for entry in playlist.entries[offset : offset + limit]
        ]
        return self._bodies.page(self._bodies.contents_href(playlist), items, offset, limit, len(playlist.entries))

    def _entries(self, uris: Any) -> list[Entry]:
        if not isinstance(uris, list) or not all(isinstance(uri, str) for uri in uris):
            raise Refused(spotify_error(400, "No uris provided"))
        if len(uris) > MAX_URIS:
            raise Refused(spotify_error(400, "You can add a maximum of 100 tracks per request."))
        now, entries = int(time.time()), []
        for uri in uris:
            start, _, track_id = uri.strip().rpartition(":")
            if start != "spotify:track" or not is_id(track_id):
                raise Refused(spotify_error(400, f"Invalid track uri: {uri}"))
            key = self._account.catalogue.key_of(track_id)
            if key is None:
                raise Refused(spotify_error(400, "Payload contains a non-existing ID"))
            entries.append(Entry(now, key))
        return entries

    def _uri(self, entry: Entry) -> str | None:
        track = self._account.catalogue.entry(entry.key)
        return None if track is None else track.uri

    def _forget(self, playlist: Playlist) -> None:
        if playlist.playlist_id in self._account.followed:
            self._account.followed.remove(playlist.playlist_id)


def need(scope: str, scopes: Scopes) -> None:
    """Refuse a token without a scope."""
    if scope not in scopes:
        raise Refused(spotify_error(403, "Insufficient client scope"))


def _object(request: Request) -> dict[str, Any]:
    try:
        body = request.json()
    except ValueError:
        raise Refused(spotify_error(400, "Error parsing JSON.")) from None
    if not isinstance(body, dict):
        raise Refused(spotify_error(400, "Error parsing JSON."))
    return body


def _check_snapshot(playlist: Playlist, body: dict[str, Any]) -> None:
    snapshot_id = body.get("snapshot_id")
    if snapshot_id is not None and snapshot_id not in playlist.snapshots:
        raise Refused(spotify_error(400, "Invalid playlist snapshot"))


def _snapshot(status: int, snapshot_id: str) -> Reply:
    return Reply(status, {"snapshot_id": snapshot_id})

"""Playlists that the listener names: everything in one is liked, or nothing is."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from connectors.library.library import Library
from connectors.pull_report import ReportBuilder
from connectors.spotify.answers import Page, Playlist, SavedTrack
from connectors.spotify.client import SpotifyClient
from connectors.spotify.playlists import all_playlists
from connectors.spotify.references import playlist_id
from connectors.spotify.rows import SOURCE, evidence_keeper
from connectors.spotify.walk import forget_walk, walk
from features.errors import InputError

KINDS: Final = ("playlist_liked", "playlist_disliked")
_NAMED: Final = "spotify:named_playlists"
_SHOWN: Final = 20


def name_playlists(
    library: Library, client: SpotifyClient, *, liked: Sequence[str], disliked: Sequence[str], unnamed: Sequence[str]
) -> dict[str, tuple[str, Playlist | None]]:
    """Remember which playlists count as what.

    Parameters
    ----------
    library : Library
    client : SpotifyClient
    liked, disliked, unnamed : sequence of str
        Names, ids or addresses of own playlists.

    Returns
    -------
    dict
        Kind and playlist by id, of all that are named now or were before; None for one that is gone. Empty, without
        a call, where none ever was named.

    Raises
    ------
    InputError
        Where one is not found, its name is not the only one, or it is someone else's.
    """
    named: dict[str, str] = dict(library.recall(_NAMED) or {})
    wanted = [(text, kind) for kind, texts in zip(KINDS, (liked, disliked), strict=True) for text in texts]
    if not (named or wanted or unnamed):
        return {}
    mine = {playlist.id: playlist for playlist in all_playlists(client)}
    dropped = {_find(text, mine, named).id for text in unnamed}
    named = {identifier: kind for identifier, kind in named.items() if identifier not in dropped}
    asked: dict[str, str] = {}
    for text, kind in wanted:
        playlist = _find(text, mine, named)
        if not (playlist.is_mine or playlist.collaborative):
            raise InputError(
                f"the playlist {playlist.name!r} is someone else's: Spotify tells its tracks to its owner alone",
                "copy its tracks into a playlist of your own, and name that one",
            )
        if asked.setdefault(playlist.id, kind) != kind:
            raise InputError(f"the playlist {playlist.name!r} is named as liked and as disliked", "name it once")
    named |= asked
    with library.transaction():
        library.remember(_NAMED, named)
        for identifier in dropped:  # named again, its tracks must be read again: their evidence goes now
            _forget(library, identifier)
    return {identifier: (kind, mine.get(identifier)) for identifier, kind in named.items()}


def pull_playlists(
    library: Library,
    client: SpotifyClient,
    playlists: Mapping[str, tuple[str, Playlist | None]],
    report: ReportBuilder,
    say: Callable[[str], None],
) -> list[str]:
    """Read the playlists that changed since the last pull.

    Parameters
    ----------
    library : Library
    client : SpotifyClient
    playlists : mapping
        As `name_playlists` gives it.
    report : ReportBuilder
    say : callable
        Told in words how far it is.

    Returns
    -------
    list of str
        Notes, one line each.
    """
    notes: list[str] = []
    track_ids: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for identifier, (kind, playlist) in playlists.items():
        if playlist is None:
            notes.append(f"a playlist named as {_said(kind)} is gone from the account: its tracks count no longer")
            _forget(library, identifier)
        else:
            track_ids[kind] |= _pull_playlist(library, client, playlist, kind, report, say)
    for kind, kept in track_ids.items():
        library.keep_evidence(SOURCE, kind, kept)
    return notes


def _pull_playlist(
    library: Library,
    client: SpotifyClient,
    playlist: Playlist,
    kind: str,
    report: ReportBuilder,
    say: Callable[[str], None],
) -> set[str]:
    """The tracks of one playlist, fetched only where its snapshot is not the one that is known."""
    stream = _stream(playlist.id)
    known = library.position(SOURCE, stream)
    snapshot = playlist.snapshot_id
    if known is not None and snapshot is not None and (known["snapshot"], known["kind"]) == (snapshot, kind):
        return set(known["track_ids"])

    def page_at(offset: int) -> Page[SavedTrack]:
        page = client.playlist_items(playlist.id, offset)
        say(f"playlist {playlist.name!r}: {min(page.next_offset, page.total):,} of {page.total:,}")
        return page

    keep = evidence_keeper(
        library, kind, f"in the playlist {playlist.name!r}, which you named as {_said(kind)}", report
    )
    walked = walk(library, stream, page_at, keep, version=f"{kind} {snapshot}")
    track_ids = sorted(walked.track_ids)
    with library.transaction():
        library.set_position(SOURCE, stream, {"snapshot": snapshot, "kind": kind, "track_ids": track_ids})
        forget_walk(library, stream)
    return set(track_ids)


def _find(text: str, mine: Mapping[str, Playlist], named: Mapping[str, str]) -> Playlist:
    """The playlist that a person means."""
    identifier = playlist_id(text)
    if identifier is not None and identifier in mine:
        return mine[identifier]
    if identifier is not None and identifier in named:  # gone from the account, but it can still be unnamed
        return Playlist(
            id=identifier, name=text, owner_id="", snapshot_id=None, n_tracks=None, is_mine=False, collaborative=False
        )
    for fold in (str, str.casefold):
        found = [playlist for playlist in mine.values() if fold(playlist.name) == fold(text)]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(playlist.id for playlist in found[:_SHOWN])
            raise InputError(f"{len(found)} playlists are called {text!r}", f"name one by its id: {ids}")
    names = [playlist.name for playlist in mine.values()]
    near = difflib.get_close_matches(text, names, n=3) or names[:_SHOWN]
    shown = ", ".join(map(repr, near)) if near else "there is none"
    raise InputError(f"no playlist of the account is called {text!r}", f"your playlists: {shown}")


def _forget(library: Library, identifier: str) -> None:
    """Forget what is known of a playlist, a walk that broke off included."""
    library.set_position(SOURCE, _stream(identifier), None)
    forget_walk(library, _stream(identifier))


def _stream(identifier: str) -> str:
    return f"playlist {identifier}"


def _said(kind: str) -> str:
    return kind.removeprefix("playlist_")

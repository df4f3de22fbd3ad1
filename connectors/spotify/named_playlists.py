"""Playlists that the listener names: everything in one is liked, or nothing is.

Whether one has changed, and whether it is still in the account, the account's list of playlists tells, fifty a call.
Which page lists each is remembered, and later pulls ask for those pages alone: a call for each named playlist at most.
Where one is on none of them, the whole list is read as well. Asking for each by its id would cost as many calls and not
tell whether it is gone: who deletes a playlist only stops following it, and Spotify goes on answering for it.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from connectors.library.library import Library
from connectors.pull_report import ReportBuilder
from connectors.spotify.answers import Page, Playlist, SavedTrack
from connectors.spotify.client import SpotifyClient
from connectors.spotify.references import playlist_id
from connectors.spotify.rows import SOURCE, evidence_keeper
from connectors.spotify.walk import forget_walk, not_whole, seen_so_far, walk
from features.errors import InputError

KINDS: Final = ("playlist_liked", "playlist_disliked")
_NAMED: Final = "spotify:named_playlists"
_PAGES: Final = "spotify:playlist_pages"
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
        Kind and playlist by id, of all that are named now or were before; None for one that is gone. Where Spotify
        counts playlists that it does not list, those not found are left out. Empty, without a call, where none ever was
        named.

    Raises
    ------
    InputError
        Where one is not found, its name is not the only one, or it is someone else's.
    """
    named: dict[str, str] = dict(library.recall(_NAMED) or {})
    wanted = [(text, kind) for kind, texts in zip(KINDS, (liked, disliked), strict=True) for text in texts]
    if not (named or wanted or unnamed):
        return {}
    if wanted or unnamed:
        mine, pages, whole = _listed(client)
    else:
        known: dict[str, int] = dict(library.recall(_PAGES) or {})
        mine, pages, whole = _listed(
            client, known.values() if named.keys() <= known.keys() else (), until=frozenset(named)
        )
    dropped = {_find(text, mine, named).id for text in unnamed}
    named = {identifier: kind for identifier, kind in named.items() if identifier not in dropped}
    asked = _asked(wanted, mine, named)
    named |= asked
    with library.transaction():
        # Only what was asked for is changed: another process may have named others meanwhile.
        now = {**(library.recall(_NAMED) or {}), **asked}
        now = {identifier: now[identifier] for identifier in now if identifier in asked or identifier not in dropped}
        listed = {**(library.recall(_PAGES) or {}), **dict.fromkeys(named), **pages}
        library.remember(_NAMED, now)
        library.remember(_PAGES, {identifier: at for identifier in now if (at := listed.get(identifier)) is not None})
        for identifier in dropped:  # named again, its tracks must be read again: their evidence goes now
            _forget(library, identifier)
    return {
        identifier: (kind, mine.get(identifier)) for identifier, kind in named.items() if whole or identifier in mine
    }


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
    for identifier, (kind, playlist) in playlists.items():
        if playlist is None:
            notes.append(
                f"the playlist {identifier}, which you named as {_said(kind)}, is gone from the account: its tracks "
                f"count no longer, and each pull looks through all playlists for it until '--unname {identifier}'"
            )
            _forget(library, identifier)
        else:
            notes += _pull_playlist(library, client, playlist, kind, report, say)
    left = _keep_named(library, playlists)
    return [
        *notes,
        *(f"the playlist {identifier} was not read this time: its tracks stay as they are" for identifier in left),
    ]


def _keep_named(library: Library, pulled: Iterable[str]) -> list[str]:
    """Remove the evidence of what stands in no named playlist any more; gives the named ones that were not pulled.

    Which are named, and what is in them, the library tells at this moment: another process may have named some
    meanwhile, and have read a part of them.
    """
    with library.transaction():
        named: dict[str, str] = dict(library.recall(_NAMED) or {})
        for identifier in set(pulled) - named.keys():
            _forget(library, identifier)
        track_ids: dict[str, set[str]] = {kind: set() for kind in KINDS}
        for identifier, kind in named.items():
            known = library.position(SOURCE, _stream(identifier))
            if known is not None and known["kind"] == kind:
                track_ids[kind].update(known["track_ids"])
            track_ids[kind] |= seen_so_far(library, _stream(identifier))
        for kind, kept in track_ids.items():
            library.keep_evidence(SOURCE, kind, kept)
    return sorted(named.keys() - set(pulled))


def _pull_playlist(
    library: Library,
    client: SpotifyClient,
    playlist: Playlist,
    kind: str,
    report: ReportBuilder,
    say: Callable[[str], None],
) -> list[str]:
    """Read one playlist, where its snapshot is not the one that is known; gives notes."""
    stream = _stream(playlist.id)
    known = library.position(SOURCE, stream)
    snapshot = playlist.snapshot_id
    if known is not None and snapshot is not None and (known["snapshot"], known["kind"]) == (snapshot, kind):
        return []

    def page_at(offset: int) -> Page[SavedTrack]:
        page = client.playlist_items(playlist.id, offset)
        say(f"playlist {playlist.name!r}: {min(page.next_offset, page.total):,} of {page.total:,}")
        return page

    keep = evidence_keeper(
        library, kind, f"in the playlist {playlist.name!r}, which you named as {_said(kind)}", report
    )
    walked = walk(library, stream, page_at, keep, version=f"{kind} {snapshot}")
    whole, track_ids = walked.is_whole(known), set(walked.track_ids)
    if not whole and known is not None and known["kind"] == kind:
        track_ids |= set(known["track_ids"])
    end = {
        "snapshot": snapshot if whole else None,  # without one the next pull reads it again
        "kind": kind,
        "track_ids": sorted(track_ids),
        "unlisted": walked.place.unlisted,
    }
    with library.transaction():
        library.set_position(SOURCE, stream, end)
        forget_walk(library, stream)
    return [] if whole else [not_whole(f"the tracks in {playlist.name!r}", walked.place.unlisted)]


def _listed(
    client: SpotifyClient, first: Iterable[int] = (), until: frozenset[str] | None = None
) -> tuple[dict[str, Playlist], dict[str, int], bool]:
    """The account's playlists by id, the offsets of the pages that list them, and whether these held all they should.

    All of them; with ``until``, as many as it takes to find these: the pages ``first`` alone where they list them all.
    """
    mine: dict[str, Playlist] = {}
    pages: dict[str, int] = {}
    whole = True
    for page in _pages(client, first):
        whole &= page.missing == 0
        mine |= {playlist.id: playlist for playlist in page.items}
        pages |= {playlist.id: page.offset for playlist in page.items}
        if until is not None and until <= mine.keys():
            break
    return mine, pages, whole


def _pages(client: SpotifyClient, first: Iterable[int]) -> Iterator[Page[Playlist]]:
    """The pages of the list of playlists at the offsets ``first``, then every page from the head.

    From the head in one go, the first ones again: what moves while the pages come could hide between old and new ones.
    """
    for offset in sorted(set(first)):
        yield client.my_playlists(offset)
    page = client.my_playlists(0)
    yield page
    while page.has_next:
        page = client.my_playlists(page.next_offset)
        yield page


def _asked(wanted: Sequence[tuple[str, str]], mine: Mapping[str, Playlist], named: Mapping[str, str]) -> dict[str, str]:
    """Kind by id, of what a person named just now."""
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
    return asked


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
        own = [playlist for playlist in found if playlist.is_mine or playlist.collaborative]
        found = own or found  # what is followed of others' cannot be meant where one of one's own is called so
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

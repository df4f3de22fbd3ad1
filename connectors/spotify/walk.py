"""Walking through a long list of an account, page by page, so that it can be broken off anywhere and gone on with.

Where a walk stands is committed together with each page's rows: a walk that was killed goes on at the page it had not
finished, and ends with the library of a walk that was not. Offsets count from the head of a list that may change under
our feet: where it got shorter, the entries after us moved up, and the walk steps back by as many. Where another process
walks the same list meanwhile, both go on where the library says that the walk stands.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from connectors.library.library import Library
from connectors.spotify.answers import Page, SavedTrack
from connectors.spotify.rows import SOURCE, Keep
from features.errors import InputError


@dataclass(frozen=True)
class Place:
    """Where a walk stands.

    Parameters
    ----------
    version : str or None
        Of the list when the walk began; a list of another version is begun anew.
    head : str
        Its first entry then, see `entry_key`.
    started, total : int
        Its length then, and at the last page.
    offset : int
        Where the next page begins.
    pages : int
        Pages done.
    shrunk : bool
        Whether entries were taken away meanwhile: some that were seen may be gone.
    unlisted : int
        How many entries the list counts that its pages did not hold.
    """

    version: str | None
    head: str = ""
    started: int = 0
    total: int = 0
    offset: int = 0
    pages: int = 0
    shrunk: bool = False
    unlisted: int = 0


@dataclass(frozen=True)
class Walked:
    """A list that was walked to its end; `forget_walk` clears up once what follows from it is committed.

    Parameters
    ----------
    place : Place
    track_ids : frozenset of str
        Of all entries that are tracks.
    """

    place: Place
    track_ids: frozenset[str]

    def is_whole(self, known: Mapping[str, Any] | None) -> bool:
        """Whether the pages held what the list counts, so that what was not seen was taken back.

        Where the walk before missed as many entries, Spotify counts them and never lists them.

        Parameters
        ----------
        known : mapping, optional
            The position that the walk before ended with.
        """
        return self.place.unlisted in {0, (known or {}).get("unlisted", 0)}


def walk(
    library: Library,
    stream: str,
    page_at: Callable[[int], Page[SavedTrack]],
    keep: Keep,
    version: str | None = None,
) -> Walked:
    """Walk a list to its end, from its head or from where an earlier walk broke off.

    Parameters
    ----------
    library : Library
    stream : str
        The walk's name in the library.
    page_at : callable
        Fetches the page at an offset.
    keep : Keep
        Called inside a transaction.
    version : str, optional
        What an unfinished walk must have begun with to be gone on with.

    Returns
    -------
    Walked

    Raises
    ------
    InputError
        If another process walks another version of the list.
    """
    walked = None
    _begin(library, stream, version)
    while walked is None:
        walked = _go_on(library, stream, page_at, keep, version)
    return walked


def _begin(library: Library, stream: str, version: str | None) -> None:
    """Forget a walk that broke off in a list of another version."""
    stored = library.position(SOURCE, _name(stream))
    if stored is not None and stored["version"] != version:
        forget_walk(library, stream)


def _go_on(
    library: Library,
    stream: str,
    page_at: Callable[[int], Page[SavedTrack]],
    keep: Keep,
    version: str | None,
) -> Walked | None:
    """Walk on from where the library says, to the end; None where another process moved the walk meanwhile."""
    stored = library.position(SOURCE, _name(stream))
    place = Place(**stored) if stored is not None else Place(version)
    if place.version != version:
        raise InputError(
            "another earmark is pulling the same list, which has changed meanwhile", "when it is done, run this again"
        )
    seen = set(_seen(library, stream, place.pages))
    while True:
        page = page_at(place.offset)
        if place.pages and page.total < place.total:
            back = max(place.offset - (place.total - page.total), 0)
            place = replace(place, total=page.total, offset=back, shrunk=True)
            continue
        if not place.pages:
            place = replace(place, head=entry_key(page.items[0]) if page.items else "", started=page.total)
        with library.transaction():
            if library.position(SOURCE, _name(stream)) != stored:
                return None
            track_ids = keep(page.items, seen)
            seen.update(track_ids)
            library.set_position(SOURCE, _name(stream, place.pages), {"track_ids": track_ids})
            place = replace(
                place,
                total=page.total,
                offset=page.next_offset,
                pages=place.pages + 1,
                unlisted=place.unlisted + page.missing,
            )
            stored = asdict(place)
            library.set_position(SOURCE, _name(stream), stored)
            if not page.has_next:
                return Walked(place, frozenset(seen))


def forget_walk(library: Library, stream: str) -> None:
    """Forget where a walk stood, finished or not."""
    stored = library.position(SOURCE, _name(stream))
    if stored is None:
        return
    with library.transaction():
        for number in range(stored["pages"]):
            library.set_position(SOURCE, _name(stream, number), None)
        library.set_position(SOURCE, _name(stream), None)


def is_under_way(library: Library, stream: str) -> bool:
    """Whether a walk broke off."""
    return library.position(SOURCE, _name(stream)) is not None


def seen_so_far(library: Library, stream: str) -> set[str]:
    """The track ids in the pages of a walk that is not finished; empty where there is none."""
    stored = library.position(SOURCE, _name(stream))
    return set() if stored is None else set(_seen(library, stream, stored["pages"]))


def not_whole(what: str, unlisted: int) -> str:
    """What a report says of a list whose pages held less than it counts."""
    return (
        f"Spotify counts {unlisted:,} of {what} without listing them: none is taken as gone, the next pull asks again"
    )


def entry_key(entry: SavedTrack) -> str:
    """What an entry is recognised by: when it was added, and what it is."""
    added = entry.added_at.isoformat() if entry.added_at else ""
    return f"{added} {entry.track.uri if entry.track else ''}"


def _seen(library: Library, stream: str, pages: int) -> list[str]:
    stored = (library.position(SOURCE, _name(stream, number)) for number in range(pages))
    return [track_id for page in stored if page is not None for track_id in page["track_ids"]]


def _name(stream: str, page: int | None = None) -> str:
    return f"{stream}, walk" if page is None else f"{stream}, page {page}"

"""The smallest set of requests that turns one list of tracks into another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

MOST: Final = 100
"""Tracks a request."""


@dataclass(frozen=True)
class Remove:
    """Take tracks out, wherever they stand."""

    uris: tuple[str, ...]


@dataclass(frozen=True)
class Insert:
    """Put tracks in before a position."""

    uris: tuple[str, ...]
    position: int


@dataclass(frozen=True)
class Replace:
    """Empty the list, and begin it with these."""

    uris: tuple[str, ...]


Change = Remove | Insert | Replace


def changes(current: Sequence[str], wanted: Sequence[str]) -> tuple[Change, ...]:
    """Requests of at most `MOST` tracks each that turn ``current`` into ``wanted``.

    Tracks that stay keep their place and the day they were added, where their order allows; else, and where one is
    wanted twice, the list is written anew. Broken off after any request, the same function tells what is left to do.

    Parameters
    ----------
    current : sequence of str
        URIs, as they are; empty for what cannot be named and so not be taken out alone, such as local files.
    wanted : sequence of str
        URIs.

    Returns
    -------
    tuple of Remove, Insert or Replace
        To be made in order; empty where nothing differs.
    """
    if list(current) == list(wanted):
        return ()
    stay = set(wanted)
    left = [uri for uri in current if uri in stay]
    known = set(left)
    in_order = left == [uri for uri in wanted if uri in known]  # false also where one stands twice
    if not in_order or not left or "" in current or len(stay) < len(wanted):
        first, *rest = [tuple(wanted[start : start + MOST]) for start in range(0, len(wanted), MOST)] or [()]
        return (Replace(first), *(Insert(uris, MOST * number) for number, uris in enumerate(rest, 1)))
    gone = list(dict.fromkeys(uri for uri in current if uri not in stay))
    removals = [Remove(tuple(gone[start : start + MOST])) for start in range(0, len(gone), MOST)]
    return (*removals, *_inserts(wanted, known))


def apply(current: Sequence[str], change: Change) -> list[str]:
    """What a list is after a change."""
    match change:
        case Remove(uris):
            gone = set(uris)
            return [uri for uri in current if uri not in gone]
        case Insert(uris, position):
            return [*current[:position], *uris, *current[position:]]
        case Replace(uris):
            return list(uris)


def _inserts(wanted: Sequence[str], known: set[str]) -> Iterator[Insert]:
    """Runs of new tracks, front to back, so that everything before a run stands where it should."""
    run: list[str] = []
    for position, uri in enumerate(wanted):
        if uri in known or len(run) == MOST:
            if run:
                yield Insert(tuple(run), position - len(run))
            run = []
        if uri not in known:
            run.append(uri)
    if run:
        yield Insert(tuple(run), len(wanted) - len(run))

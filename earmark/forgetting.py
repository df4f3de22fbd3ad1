"""Deletes all that came from a source, wherever it is kept: the library, training tables, lists on the page."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from earmark.home import Home
from earmark.training_tables import forget_tables

if TYPE_CHECKING:
    from connectors.library import Library

EVERYBODYS: Final = ("library", "spotify")
"""Sources of trains that read the evidence of all: what such a train learned from is forgotten with any of it."""
SPOTIFY: Final = "spotify"


def forget(library: "Library", home: Home, source: str) -> dict[str, int]:
    """Delete what came from a source.

    Parameters
    ----------
    library : Library
    home : Home
    source : str
        One of ``connectors.library.rows.SOURCES``.

    Returns
    -------
    dict of str to int
        Rows and files deleted by kind, in the words of people.
    """
    gone = library.forget(source)
    # Where the library had nothing of it, neither had the trains that read all of the library.
    gone["training_tables"] = forget_tables(home, {source, *EVERYBODYS} if any(gone.values()) else {source})
    if source == SPOTIFY:
        from earmark.page.list_files import forget_playlists  # noqa: PLC0415 (pandas; other sources have none)

        gone["lists"] = forget_playlists(home)
    return gone


def in_words(gone: Mapping[str, int]) -> str:
    """What was deleted: ``12 evidence, 1 training table``; empty where nothing was."""
    counts = {kind.replace("_", " "): count for kind, count in gone.items() if count}
    return ", ".join(f"{count:,} {kind.removesuffix('s') if count == 1 else kind}" for kind, count in counts.items())

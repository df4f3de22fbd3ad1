"""What sources share that read the library of pulled tracks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.source import Reading, SourceRequest
from features.errors import InputError

if TYPE_CHECKING:
    from connectors.library import Library


@dataclass
class FromLibrary:
    """Tracks that were pulled before, with the labels that their evidence resolves to.

    Parameters
    ----------
    request : SourceRequest
    name : str
    evidence_of : tuple of str or None
        Whose evidence counts; everybody's where None.
    mend : str
        How to fill the library, for the error where there is nothing in it.
    """

    request: SourceRequest
    name: str
    evidence_of: tuple[str, ...] | None
    mend: str

    def read(self) -> Reading:
        """Read the library; raises ``InputError`` where it holds no evidence."""
        with open_library(self.request) as library:
            return labelled_tracks(library, self.request, self.evidence_of, self.mend)


def labelled_tracks(
    library: "Library", request: SourceRequest, evidence_of: tuple[str, ...] | None, mend: str
) -> Reading:
    """One row a recording that there is evidence of: the source's, and what was said on the page.

    Raises
    ------
    InputError
        Where there is none.
    """
    sources = _whose(evidence_of, page=request.page_verdicts)
    found = library.tracks_table(sources=sources, without_features=request.without_features)
    if found.tracks.empty:
        waiting = f" but {found.waiting:,} that wait for audio features" if found.waiting else ""
        raise InputError(f"the library holds no tracks with a verdict{waiting}", mend)
    tracks = found.tracks if request.labels else found.tracks.drop(columns=["liked", "weight"])
    return Reading(tracks, found.notes)


def _whose(evidence_of: tuple[str, ...] | None, *, page: bool) -> tuple[str, ...] | None:
    """The sources whose evidence counts, with or without the page."""
    from connectors.library.rows import PAGE, PAGE_DEMO, SOURCES  # noqa: PLC0415 - its package loads the driver

    if evidence_of is not None:
        return (*evidence_of, PAGE) if page else evidence_of
    return None if page else tuple(source for source in SOURCES if source not in {PAGE, PAGE_DEMO})


@contextmanager
def open_library(request: SourceRequest) -> "Iterator[Library]":
    """The library that a request names.

    Raises
    ------
    InputError
        Where it names none.
    """
    from connectors.library import Library  # noqa: PLC0415 - a database driver; files are read without

    if request.library_url is None:
        raise InputError("no library was named", "read it through earmark.read(), or give library_url")
    with Library.open(request.library_url) as library:
        yield library

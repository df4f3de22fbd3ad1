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
    """One row a recording that there is evidence of.

    Raises
    ------
    InputError
        Where there is none.
    """
    found = library.tracks_table(sources=evidence_of, without_features=request.without_features)
    if found.tracks.empty:
        waiting = f" but {found.waiting:,} that wait for audio features" if found.waiting else ""
        raise InputError(f"the library holds no tracks with a verdict{waiting}", mend)
    tracks = found.tracks if request.labels else found.tracks.drop(columns=["liked", "weight"])
    return Reading(tracks, found.notes)


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

"""What sources share that read the library of pulled tracks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from connectors.source import Reading, SourceRequest
from features.columns import ANALYSED_FEATURES, AUDIO_FEATURES
from features.comparable import GAP, known_unevenly
from features.errors import InputError

if TYPE_CHECKING:
    from connectors.library import Library

_TELLING: Final = (*AUDIO_FEATURES, "release_date", "popularity", "explicit")
"""Columns that are learned from, also by whether they are known."""

WEAK: Final = (
    "most of these labels are drawn from plays, from how often a track was skipped or heard to the end, and that is a "
    "weak signal: moods and parties skip as well. On one real history a CatBoost reached a ROC AUC of 0.55 for artists "
    "that it did not know and 0.75 for familiar ones, where 0.5 is guessing. Likes, bans and what you keep or skip on "
    "the page say more"
)
"""Measured on one export of 4,427 plays: on the 159 of its tracks with a clear verdict and audio features."""


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
    if not request.labels:
        return Reading(found.tracks.drop(columns=["liked", "weight"]), found.notes)
    weak = (WEAK,) if 2 * found.n_drawn > found.tracks["liked"].notna().sum() else ()
    tracks, left_out = known_alike(found.tracks)
    return Reading(tracks, (*found.notes, *weak, *left_out))


def known_alike(tracks: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Leave out what is known of liked tracks and of others to different degrees.

    An account tells when its likes were released and how long they are, an export names what was skipped and no more. A
    model would learn that what has a release date is liked: nearly always right here, and of any candidate wrong.

    Parameters
    ----------
    tracks : DataFrame
        As the library gives it, with ``liked``.

    Returns
    -------
    tracks : DataFrame
        The same rows and columns. Of those with audio features the shares of either label that know a column differ by
        at most ``GAP``; where they did not, it is missing in every row.
    notes : tuple of str
        What was left out, and what still tells.
    """
    heard = tracks[list(ANALYSED_FEATURES)].notna().any(axis=1)
    judged = [(tracks["liked"] == label).fillna(value=False).to_numpy(dtype=bool) for label in (1, 0)]
    liked, others = (tracks[heard & label] for label in judged)
    if liked.empty or others.empty:
        return tracks, ()
    notes = []
    share_heard = [heard[label].mean() for label in judged]
    if abs(share_heard[0] - share_heard[1]) > GAP:
        notes.append(
            f"{100 * share_heard[0]:.0f} % of the liked tracks have audio features and {100 * share_heard[1]:.0f} % of "
            "the others: a model learns that, too; '--without-features wait' leaves out those without"
        )
    uneven = known_unevenly(liked, others, _TELLING)
    if uneven:
        notes.append(
            f"not learned from, since known of liked tracks and others to different degrees: {', '.join(uneven)}"
        )
    nothing = {name: tracks[name].where(np.zeros(len(tracks), dtype=bool)) for name in uneven}
    return tracks.assign(**nothing), tuple(notes)


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

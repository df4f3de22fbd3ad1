"""The chain: what the library has is never asked for again, and what one source lacks goes on to the next.

Every batch is committed before the next one is sent: a pull that is killed, or told to wait, goes on where it stopped.
Where a source fails the pull stops rather than ask the next one: what a track sounds like must not depend on who had
a bad minute.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from connectors.audio_features.coverage import Coverage, coverage
from connectors.audio_features.links import Answer, Link
from connectors.audio_features.wanted import Survey, survey
from connectors.evidence.skips import verdicts
from connectors.library.identity import recordings
from connectors.library.library import Library
from connectors.library.rows import FeatureRow, TrackRow
from connectors.pull_report import PullReport, ReportBuilder
from features.columns import ANALYSED_FEATURES

ASK_AGAIN_AFTER: Final = timedelta(days=30)
"""How long what a service did not know is not asked for again: their catalogues grow."""

_SOUND: Final = frozenset(ANALYSED_FEATURES)

OnBatch = Callable[[str, int, int], None]
"""Told after each batch: the source, how many recordings it has been asked for, and how many it will be."""


@dataclass(frozen=True)
class FeaturesPull:
    """The end of a walk along the chain.

    Parameters
    ----------
    report : PullReport
        Its rows are the recordings that features are wanted for.
    coverage : Coverage
        What is known now.
    """

    report: PullReport
    coverage: Coverage

    def as_json(self) -> dict[str, Any]:
        """The report's answer, and ``coverage``."""
        return self.report.as_json() | {"coverage": self.coverage.as_json()}


def pull_features(
    library: Library,
    links: Sequence[Link],
    *,
    track_ids: Collection[str] | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    on_batch: OnBatch = lambda _source, _done, _all: None,
) -> FeaturesPull:
    """Fill the library's gaps.

    Parameters
    ----------
    library : Library
    links : sequence of Link
        In the order in which they are asked.
    track_ids : collection of str, optional
        Tracks that features are wanted for, such as candidates; by default all that there is evidence about,
        plays included.
    clock : callable
        Gives the time, in UTC.
    on_batch : callable
        See `OnBatch`.

    Returns
    -------
    FeaturesPull

    Raises
    ------
    ServiceError, InputError
        Where a source fails, or says to wait longer than is allowed. What it had answered is in the library.
    """
    started, calls = time.monotonic(), sum(link.calls for link in links)
    looked = _survey(library, track_ids)
    before = looked.sounds_known()
    told: dict[int, str] = {}
    dropped: Counter[str] = Counter()
    for link in links:
        for answer in _ask(library, link, looked, clock, on_batch):
            dropped[link.source] += answer.dropped
            for wanted in answer.asked:
                if not _SOUND.isdisjoint(answer.found.get(wanted.track_id, ())):
                    told.setdefault(wanted.place, link.source)
    after = coverage(looked)
    notes = [note for link in links for note in link.notes]
    notes += [f"{source}: {n:,} values that cannot be right are left out" for source, n in dropped.items() if n]
    outcomes = _outcomes(looked, before, told, links)
    calls = sum(link.calls for link in links) - calls
    return FeaturesPull(outcomes.finish("features", calls, time.monotonic() - started, (*notes, *after.lines())), after)


def _survey(library: Library, track_ids: Collection[str] | None) -> Survey:
    tracks = library.tracks()
    unheard_of = sorted(set(track_ids or ()) - set(tracks["track_id"]))
    if unheard_of:  # candidates of which nothing but the id is known
        library.add_tracks(TrackRow(track_id=track_id) for track_id in unheard_of)
        tracks = library.tracks()
    place = recordings(tracks)
    wanted = _judged(library, tracks, place) if track_ids is None else track_ids
    return survey(tracks, place, library.features(), wanted)


def _judged(library: Library, tracks: pd.DataFrame, place: npt.NDArray[np.intp]) -> set[str]:
    """The tracks that there is evidence about; for recordings of which plays tell something, one of their tracks."""
    said = set(library.evidence()["track_id"])
    plays = library.plays()
    if plays.empty:
        return said
    at = pd.Index(tracks["track_id"]).get_indexer(pd.Index(plays["track_id"]))
    return said | {row.track_id for row in verdicts(plays, place[at])}


def _ask(
    library: Library, link: Link, looked: Survey, clock: Callable[[], datetime], on_batch: OnBatch
) -> Iterator[Answer]:
    """Ask one link for all that is missing, and commit each of its answers."""
    now = clock()
    unknown = library.not_found(link.source, now, now + ASK_AGAIN_AFTER) if link.remembers else set()
    lacking = looked.lacking(link.provides, link.source, unknown, again=not link.remembers)
    wanted = [one for one in lacking if link.can_ask(one)]
    done = 0
    for given in link.answers(wanted) if wanted else ():
        answer = given
        at = clock()
        if not link.remembers:  # who is asked again and again has mostly said it before
            places = {one.track_id: one.place for one in answer.asked}
            news = {id_: values for id_, values in answer.found.items() if looked.is_news(places[id_], values)}
            answer = replace(answer, found=news)
        with library.transaction():
            library.add_features(
                FeatureRow(
                    track_id=track_id,
                    values=values,
                    source=link.source,
                    fetched_at=at,
                    matched_by=answer.matched[track_id],
                )
                for track_id, values in answer.found.items()
            )
            if link.remembers:
                missed = [one.track_id for one in answer.asked if one.track_id not in answer.found]
                library.mark_not_found(link.source, missed, at + ASK_AGAIN_AFTER)
        for one in answer.asked:
            if one.track_id in answer.found:
                looked.learn(one.place, answer.found[one.track_id], link.source)
        done += len(answer.asked)
        on_batch(link.source, done, len(wanted))
        yield answer


def _outcomes(
    looked: Survey, before: npt.NDArray[np.bool_], told: dict[int, str], links: Sequence[Link]
) -> ReportBuilder:
    """What became of every recording that features are wanted for."""
    silent = looked.describe(np.flatnonzero(~looked.sounds_known()))
    askable = {one.place for one in silent if any(link.can_ask(one) for link in links)}
    builder = ReportBuilder()
    for place in np.unique(looked.place[looked.asked]).tolist():
        if before[place]:
            builder.count("completed" if place in told else "known already")
        elif place in told:
            builder.count(f"found by {told[place]}")
        else:
            builder.count("not found" if place in askable else "no id to ask by")
    return builder

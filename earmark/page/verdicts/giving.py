"""Verdicts on tracks of a list: given, withdrawn, undone, listed."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from earmark.page.desk import Desk
from earmark.page.faults import NotFoundError
from earmark.page.verdicts.answers import GivenVerdict, TrackVerdict, Verdicts, Word
from earmark.page.verdicts.book import source_of
from earmark.verdicts import verdict_source

if TYPE_CHECKING:
    from connectors.library import Step


def say(desk: Desk, list_id: str, track_id: str, verdict: Word | None) -> TrackVerdict:
    """Give a verdict on a track of a list, or withdraw it.

    Raises
    ------
    NotFoundError
        If there is no such list, or no such track in it.
    """
    track, listed = track_of(desk, list_id, track_id), desk.lists.get(list_id)
    step = desk.verdicts.say(listed, track, verdict)
    if step is not None:
        return _told(desk, step, verdict=step.verdict, before=step.before.verdict if step.before else None)
    title = str(track.get("track_name") or track_id)
    return TrackVerdict(list_id=list_id, track_id=track_id, title=title, verdict=verdict, before=verdict)


def undo(desk: Desk) -> TrackVerdict:
    """Take the last step back; what is said of its track then, and ``before`` what the step had said.

    Raises
    ------
    NotFoundError
        If there is nothing to undo.
    """
    step = desk.verdicts.undo()
    if step is None:
        raise NotFoundError("there is nothing to undo", "keep or skip a track first")
    now = step.before.verdict if step.before else None
    return _told(desk, step, verdict=now, before=step.verdict)


def given(desk: Desk, list_id: str, model: str) -> Verdicts:
    """All verdicts that count where this list is learned from.

    Raises
    ------
    NotFoundError
        If there is no such list.
    """
    desk.lists.get(list_id)
    source = source_of(list_id)
    newest_first = sorted(desk.verdicts.said(source).items(), key=lambda entry: (entry[1].at, entry[0]), reverse=True)
    told = [
        GivenVerdict(track_id=track_id, verdict=said.verdict, at=said.at.isoformat()) for track_id, said in newest_first
    ]
    return Verdicts(list_id=list_id, source=source, verdicts=told, since_last_train=since_train(desk, list_id, model))


def since_train(desk: Desk, list_id: str, model: str) -> int:
    """How many answers on such lists the next train learns from that the last one did not.

    The last one is the model's, if it learns from such answers at all (a ranker of the demo learns nothing from what
    was said of real tracks, nor the other way round), else the newest that does.
    """
    source = source_of(list_id)
    trains = [entry for entry in desk.rankers.entries() if verdict_source(entry.source) == source]
    if not trains:
        return len(desk.verdicts.said(source))
    try:
        run_id = desk.rankers.run_id(model)
    except NotFoundError:
        run_id = ""
    last = next((entry for entry in trains if entry.run_id == run_id), trains[0])
    return desk.verdicts.count_since(source, last.trained)


def entry_of(desk: Desk, model: str) -> Any:
    """What is known of a ranker; raises `NotFoundError` where there is none."""
    run_id = desk.rankers.run_id(model)
    found = next((entry for entry in desk.rankers.entries() if entry.run_id == run_id), None)
    if found is None:
        raise NotFoundError(f"there is no ranker {run_id!r} that can be read", "train another one")
    return found


def track_of(desk: Desk, list_id: str, track_id: str) -> dict[str, Any]:
    """A track's row of a list; raises `NotFoundError` where there is none."""
    tracks = desk.lists.get(list_id).tracks
    found = tracks[(tracks["track_id"] == track_id).to_numpy(dtype=bool)]
    if found.empty:
        raise NotFoundError(f"the list has no track {track_id[:60]!r}", "take a track_id of the list's ranking")
    return {str(name): value for name, value in found.iloc[0].items()}


def _told(desk: Desk, step: "Step", *, verdict: Word | None, before: Word | None) -> TrackVerdict:
    also = set(step.replaced)
    with suppress(NotFoundError):  # a step may be of a list that is gone
        also.update(desk.verdicts.ids_of(desk.lists.get(step.list_id), step.track_id))
    return TrackVerdict(
        list_id=step.list_id,
        track_id=step.track_id,
        title=step.title,
        verdict=verdict,
        before=before,
        also=sorted(also - {step.track_id}),
    )

"""The library's verdicts in memory, and what they say of each list: worked out once for each state of both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from earmark.page.lists import CandidateList
from earmark.page.verdicts.recordings import ListIndex, ListVerdicts

if TYPE_CHECKING:
    from connectors.library import Said, TrackRow

NOTHING: Final = ListVerdicts()


@dataclass(frozen=True, eq=False)
class Mirror:
    """One source's verdicts as the library has them.

    Parameters
    ----------
    said : mapping of str to Said
        By track id.
    tracks : mapping of str to TrackRow
        What is known of these tracks.
    """

    said: Mapping[str, "Said"] = field(default_factory=dict)
    tracks: Mapping[str, "TrackRow"] = field(default_factory=dict)


class ListPlaces:
    """Finds what a mirror says of lists; shared by all requests. What is kept of a list goes when the list goes."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._places: WeakKeyDictionary[CandidateList, _Place] = WeakKeyDictionary()

    def verdicts(self, listed: CandidateList, mirror: Mirror) -> ListVerdicts:
        """What is said of the tracks of a list."""
        return self._place(listed).verdicts(mirror) if mirror.said else NOTHING

    def ids_of(self, listed: CandidateList, track_id: str) -> list[str]:
        """The ids in a list that are of the same recording as one of them."""
        return self._place(listed).index.ids_of(track_id)

    def _place(self, listed: CandidateList) -> "_Place":
        with self._lock:  # two requests for a list index it once
            found = self._places.get(listed)
            if found is None:
                found = self._places[listed] = _Place(ListIndex(listed.tracks))
            return found


class _Place:
    """A list's index, and what it found for the mirror that was asked last."""

    def __init__(self, index: ListIndex) -> None:
        self.index = index
        self._lock = Lock()
        self._found: tuple[Mirror | None, ListVerdicts] = (None, NOTHING)

    def verdicts(self, mirror: Mirror) -> ListVerdicts:
        known, found = self._found
        if known is mirror:
            return found
        with self._lock:  # two requests work it out once
            known, found = self._found
            if known is not mirror:
                found = self.index.verdicts(mirror.said, mirror.tracks)
                self._found = (mirror, found)
            return found

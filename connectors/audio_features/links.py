"""What a link of the chain is asked for, and what it answers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from connectors.track_ids import MatchedBy


@dataclass(frozen=True)
class Wanted:
    """A recording of which some features are not known, and all that it can be asked for by.

    Parameters
    ----------
    place : int
        Its number in the survey.
    track_id : str
        Under which an answer is stored; one of the recording's ids, Spotify's where it has one.
    spotify_id : str or None
        22 characters.
    isrc : str or None
        12 characters, upper case.
    track_name, artist_name : str or None
    duration_ms : float or None
    """

    place: int
    track_id: str
    spotify_id: str | None = None
    isrc: str | None = None
    track_name: str | None = None
    artist_name: str | None = None
    duration_ms: float | None = None


@dataclass(frozen=True)
class Answer:
    """What one batch brought; committed at once, so that nothing is ever asked for twice.

    Parameters
    ----------
    asked : sequence of Wanted
        Everything the batch was about.
    found : mapping of str to (mapping of str to float)
        Checked values, none empty, by ``Wanted.track_id``.
    matched : mapping of str to {"id", "isrc", "name"}
        What each of the found was recognised by.
    dropped : int
        Values that cannot be right.
    """

    asked: Sequence[Wanted]
    found: Mapping[str, Mapping[str, float]]
    matched: Mapping[str, MatchedBy]
    dropped: int = 0


class Link(Protocol):
    """One source of features."""

    @property
    def source(self) -> str:
        """As stored with every value."""

    @property
    def provides(self) -> frozenset[str]:
        """The features that it may know."""

    @property
    def remembers(self) -> bool:
        """Whether what it did not find is not asked for again for a while; a file on this disk may be, at no cost."""

    @property
    def calls(self) -> int:
        """Requests sent so far, retries included."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know about the answers so far, one line each."""

    def can_ask(self, wanted: Wanted) -> bool:
        """Whether the recording bears a name that this source knows recordings by."""

    def answers(self, wanted: Sequence[Wanted]) -> Iterator[Answer]:
        """Ask, batch by batch; nothing is sent before the answer to the batch before has been dealt with.

        Raises
        ------
        ServiceError, InputError
            Where the source fails; what had been answered stays.
        """

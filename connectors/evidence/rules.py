"""What counts as liking or not, how much, and what goes before what: the one table that labels come from."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Rule:
    """What one kind of evidence says.

    Parameters
    ----------
    kind : str
        The kind of evidence.
    liked : bool
        What it says of the track.
    rank : int
        1 is the strongest; the strongest kind that a recording has decides alone, and equal ranks can contradict.
    weight : float
        The most that a label decided by it counts in training, in (0, 1]; a row of evidence may say less.
    why : str
        The reason for rank and weight.
    """

    kind: str
    liked: bool
    rank: int
    weight: float
    why: str


RULES: Final = (
    Rule("ban", False, 1, 1.0, "the listener told Spotify never to play this track: the one explicit no that it keeps"),
    Rule("banned_artist", False, 2, 0.8, "never to play this artist: said of the artist, not of each of their tracks"),
    Rule("kept", True, 3, 1.0, "a verdict on the very recording, given to earmark: the newest way of saying so"),
    Rule("rejected", False, 3, 1.0, "a verdict on the very recording, given to earmark: the newest way of saying so"),
    Rule("love", True, 4, 1.0, "a verdict on the recording itself, asked for as such"),
    Rule("hate", False, 4, 1.0, "a verdict on the recording itself, asked for as such"),
    Rule("csv_liked", True, 5, 1.0, "a table of verdicts that the listener gave to earmark"),
    Rule("csv_disliked", False, 5, 1.0, "a table of verdicts that the listener gave to earmark"),
    Rule(
        "playlist_liked", True, 5, 0.9, "the listener named the playlist as liked; some of it may be there for company"
    ),
    Rule("playlist_disliked", False, 5, 0.9, "the listener named the playlist as disliked, track by track unchecked"),
    Rule("like", True, 6, 1.0, "saved, and not taken back; below what was said to earmark, for tastes move on"),
    Rule(
        "finished", True, 7, 0.5, "heard to the end more often than usual: the ear agreed, or nobody was at the button"
    ),
    Rule("skipped", False, 7, 0.5, "skipped more often than usual: moods and bad moments skip as well"),
    Rule("top", True, 8, 0.3, "much played of late, by whoever shares the account and without saying why"),
)
"""Every kind of evidence, the strongest first."""

RULE_OF: Final = MappingProxyType({rule.kind: rule for rule in RULES})
"""The same by kind."""

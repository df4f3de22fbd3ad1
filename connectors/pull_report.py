"""What a pull says when it is done: every row that was seen, and what became of it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class PullReport:
    """The end of one pull.

    Parameters
    ----------
    source : str
        "spotify", "history", "listenbrainz", "lastfm", "csv" or "features".
    seen : int
        Rows that the source gave.
    outcomes : dict of str to int
        What became of them; adds up to ``seen``.
    calls : int
        Requests sent, retries included.
    seconds : float
    notes : tuple of str
        What else a person should know, one line each.

    Raises
    ------
    ValueError
        Where the outcomes do not add up: a row was lost or counted twice, which is a bug.
    """

    source: str
    seen: int
    outcomes: dict[str, int]
    calls: int
    seconds: float
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        total = sum(self.outcomes.values())
        if total != self.seen:
            raise ValueError(f"a pull of {self.source} saw {self.seen} rows and accounts for {total}: {self.outcomes}")

    def as_json(self) -> dict[str, Any]:
        """The stable answer of ``--json``."""
        return {
            "source": self.source,
            "seen": self.seen,
            "outcomes": dict(self.outcomes),
            "calls": self.calls,
            "seconds": round(self.seconds, 3),
            "notes": list(self.notes),
        }

    def lines(self) -> list[str]:
        """The same for people: one line a kind of outcome, the most frequent first."""
        counts = sorted(self.outcomes.items(), key=lambda entry: (-entry[1], entry[0]))
        head = f"{self.source}: {self.seen:,} rows in {self.seconds:.1f} s and {self.calls:,} calls"
        return [head, *(f"  {count:>9,}  {name}" for name, count in counts if count), *self.notes]


@dataclass
class ReportBuilder:
    """Counts outcomes while a pull goes on."""

    outcomes: Counter[str] = field(default_factory=Counter)

    def count(self, outcome: str, n: int = 1) -> None:
        """One more row, or ``n``, came to this end."""
        self.outcomes[outcome] += n

    @property
    def seen(self) -> int:
        """Rows counted so far."""
        return sum(self.outcomes.values())

    def finish(self, source: str, calls: int, seconds: float, notes: tuple[str, ...] = ()) -> PullReport:
        """The report."""
        return PullReport(source, self.seen, dict(self.outcomes), calls, seconds, notes)

"""What validation found, for people and for programs."""

from dataclasses import dataclass, field
from typing import Any

HARMLESS = frozenset({"missing column", "no audio features", "contradictory labels"})
"""Rules about what a table does not tell, rather than about cells that cannot be right."""


_LONGEST = 40


def show(value: object, longest: int = _LONGEST) -> str:
    """A header or cell of a stranger's file on one short line, safe to print.

    Parameters
    ----------
    value : object
        White space in it becomes single spaces; characters that cannot be printed, which could steer a terminal, become
        ``?``.
    longest : int, at least 3
        Longer texts are cut and end in ``...``.
    """
    words = " ".join((f"{value:.10g}" if isinstance(value, float) else str(value)).split())
    words = "".join(character if character.isprintable() else "?" for character in words)
    return words if len(words) <= longest else words[: longest - 3] + "..."


@dataclass(frozen=True)
class Fault:
    """One kind of fault in one column, however many rows have it.

    Parameters
    ----------
    column : str
        The column's canonical name; ``audio features`` for a fault of all of them together.
    rule : str
        What is wrong, such as ``not a number`` or ``out of range``.
    rows : int
        How many rows have the fault.
    first_rows : tuple of int
        The first few of them as a person counts: 1 is the first row of data, the header is not counted. Empty for a
        fault of the whole column.
    example : str
        One faulty value, or nothing.
    hint : str
        What is expected and how to mend it.
    """

    column: str
    rule: str
    rows: int
    first_rows: tuple[int, ...]
    example: str
    hint: str

    def to_dict(self) -> dict[str, Any]:
        """The fault as JSON values."""
        return {
            "column": self.column,
            "rule": self.rule,
            "rows": self.rows,
            "first_rows": list(self.first_rows),
            "example": self.example,
            "hint": self.hint,
        }

    def where(self) -> str:
        """The rows in words, such as ``2 rows (3, 8), such as 'loud'``."""
        if not self.first_rows:
            return "the whole column"
        numbers = ", ".join(f"{row}" for row in self.first_rows)
        more = ", ..." if self.rows > len(self.first_rows) else ""
        example = f", such as {self.example!r}" if self.example else ""
        return f"{_rows(self.rows)} ({numbers}{more}){example}"


@dataclass(frozen=True)
class ValidationReport:
    """The account of one validation: ``rows == usable + merged + sum(set_aside.values())``.

    Parameters
    ----------
    rows : int
        Rows given.
    usable : int
        Tracks that came out.
    faults : tuple of Fault
        One for each column and rule.
    merged : int
        Rows that went into an earlier row of the same track.
    set_aside : dict of str to int
        Rows that cannot be used, by the first reason found; no row is counted twice.
    """

    rows: int
    usable: int
    faults: tuple[Fault, ...] = ()
    merged: int = 0
    set_aside: dict[str, int] = field(default_factory=dict)

    @property
    def malformed(self) -> bool:
        """Whether a cell holds what it must not, or nothing is usable; rows that merely tell nothing are fine."""
        return not self.usable or any(fault.rule not in HARMLESS for fault in self.faults)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON values: what ``earmark validate --json`` answers."""
        return {
            "rows": self.rows,
            "usable": self.usable,
            "faults": [fault.to_dict() for fault in self.faults],
            "merged": self.merged,
            "set_aside": dict(self.set_aside),
        }

    def lines(self) -> list[str]:
        """The report as lines of plain text: the account first, then one line a fault."""
        return [*self._account(), *self._fault_lines()]

    def _account(self) -> list[str]:
        """How many rows went where."""
        set_aside = sum(self.set_aside.values())
        if not self.faults and not set_aside and not self.merged:
            return [f"All good: {_rows(self.rows)}, every one a usable track."]
        lines = [f"{_rows(self.rows)} read, {self.usable:,} usable {'track' if self.usable == 1 else 'tracks'}."]
        if self.merged:
            lines.append(f"{_rows(self.merged)} merged into an earlier row of the same track.")
        if set_aside:
            reasons = ", ".join(f"{reason} ({count:,})" for reason, count in self.set_aside.items())
            lines.append(f"{_rows(set_aside)} set aside: {reasons}.")
        return lines

    def _fault_lines(self) -> list[str]:
        """One aligned line a fault."""
        if not self.faults:
            return ["No faults found."] if self.merged else []
        cells = [(fault.column, fault.rule) for fault in self.faults]
        widths = [max(len(row[place]) for row in cells) for place in range(2)]
        title = "1 fault" if len(cells) == 1 else f"{len(cells)} kinds of fault"
        lines = [f"{title} (row 1 is the first row of data):"]
        for row, fault in zip(cells, self.faults, strict=True):
            column, rule = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            lines.append(f"  {column}  {rule}  {fault.where()}: {fault.hint}")
        return lines


def _rows(count: int) -> str:
    """A number of rows in words."""
    return "1 row" if count == 1 else f"{count:,} rows"

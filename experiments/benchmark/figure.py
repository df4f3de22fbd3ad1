"""What a benchmark answers with: figures, each beside what is wanted of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

HOLDS = {True: "yes", False: "NO", None: "-"}


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Parameters
    ----------
    name : str
        What was measured, in words.
    measured : float or None
        None where it could not be measured.
    wanted : str
        Such as ``<= 150``; empty where the number is only shown.
    holds : bool or None
        Whether it is as wanted; None where nothing is, or nothing could be measured.
    unit : str
        Empty for shares and scores in [0, 1].
    note : str
        How it came about: the parts of a ratio, the load of the machine.
    """

    name: str
    measured: float | None
    wanted: str = ""
    holds: bool | None = None
    unit: str = ""
    note: str = ""


def at_most(name: str, measured: float | None, bound: float, *, unit: str = "", note: str = "") -> Figure:
    """A figure that holds up to ``bound``; an undefined one (None, NaN) does not hold."""
    return Figure(name, measured, f"<= {in_digits(bound)}", measured is not None and measured <= bound, unit, note)


def at_least(name: str, measured: float | None, bound: float, *, unit: str = "", note: str = "") -> Figure:
    """A figure that holds from ``bound``; an undefined one (None, NaN) does not hold."""
    return Figure(name, measured, f">= {in_digits(bound)}", measured is not None and measured >= bound, unit, note)


def in_digits(value: float) -> str:
    """A number to four significant digits, large ones as people write them: 0.8312, 131.2, 102,300."""
    return f"{float(f'{value:.4g}'):,.15g}"


def text_table(measured: Mapping[str, Sequence[Figure]]) -> str:
    """A plain table of the figures of each benchmark: benchmark, figure, wanted, measured, holds, note."""
    rows = [("benchmark", "figure", "wanted", "measured", "holds", "note")]
    rows += [
        (name, entry.name, entry.wanted, _measured(entry), HOLDS[entry.holds], entry.note)
        for name, figures in measured.items()
        for entry in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _measured(figure: Figure) -> str:
    if figure.measured is None:
        return "-"
    return f"{in_digits(figure.measured)} {figure.unit}".rstrip()

"""Text with separators (CSV and its cousins) to a raw table."""

import csv
import io
import re

import pandas as pd

from connectors.tables.columns import count_known
from connectors.tables.raw import RawTable, counted
from features.errors import InputError

_SEPARATORS = {",": ",", ";": ";", "\t": "tab", "|": "|"}
_SAMPLE = 1 << 16  # less than csv's limit for one field, so that sniffing cannot fail
_SHOWN = 5


def parse_delimited(text: str) -> RawTable:
    """Split a text table into columns of text.

    Quoted fields may hold separators and line ends. Rows shorter than the header end in empty cells; rows longer than
    it are refused, unless only empty cells stick out. ``sep=;`` as a first line, which Excel writes, is obeyed.

    Parameters
    ----------
    text : str
        Decoded content; the first row is the header.

    Returns
    -------
    RawTable
        Text columns; possibly no rows.

    Raises
    ------
    InputError
        For rows with too many fields or a quote that never closes.
    """
    blank = len(text) - len(text.lstrip("\r\n"))
    told = re.compile(r"sep=([,;\t|])\r?\n", flags=re.IGNORECASE).match(text, blank)
    above, text = text[: told.end() if told else blank], text[told.end() if told else blank :]
    separator = told.group(1) if told else _sniff(text)
    try:
        # Without a header row, pandas takes the width from the first line and never guesses an index.
        frame = pd.read_csv(
            io.StringIO(text, newline=""), sep=separator, header=None, dtype=str, na_filter=False, skipinitialspace=True
        )
    except pd.errors.EmptyDataError as error:
        raise InputError("the file holds no columns", "export the table again") from error
    except pd.errors.ParserError as error:
        frame = _parse_carefully(text, separator, len(_lines(above)), error)
    notes = () if separator == "," else (f"separator {_SEPARATORS[separator]}",)
    headers = tuple(str(header).strip() for header in frame.iloc[0])
    body = frame.iloc[1:].reset_index(drop=True)
    return RawTable(headers, tuple(body[position] for position in body.columns), notes)


def _sniff(text: str) -> str:
    """The separator under which the header names most known columns, then most columns."""
    sample = text[:_SAMPLE]

    def score(separator: str) -> tuple[int, int]:
        header = next(csv.reader(io.StringIO(sample, newline=""), delimiter=separator, skipinitialspace=True), [])
        return count_known(header), len(header)

    return max(_SEPARATORS, key=score)


def _lines(text: str) -> list[str]:
    """As csv and editors count them."""
    return list(io.StringIO(text, newline=""))


def _parse_carefully(text: str, separator: str, above: int, cause: Exception) -> pd.DataFrame:
    """Row by row, where pandas gave up: say which lines are wrong, or cut off empty cells that stick out.

    Lines are the file's, with the ``above`` that come before ``text``: what an editor shows.
    """
    if "EOF inside string" in str(cause):
        raise InputError(
            f"a quoted field that starts in line {above + _start_of_last_row(text, separator)} or below never ends",
            'double the quotes inside a field: "12"" mix"',
        ) from cause
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    rows: list[list[str]] = []
    ragged: list[int] = []
    try:
        for row in reader:
            if not row:
                continue
            rows.append(row)
            if any(cell.strip() for cell in row[len(rows[0]) :]):
                ragged.append(above + reader.line_num)
    except csv.Error as error:
        raise InputError(
            f"line {above + reader.line_num} cannot be split into fields ({error})", "export the table again"
        ) from error
    if ragged:
        lines = ", ".join(map(str, ragged[:_SHOWN])) + (", ..." if len(ragged) > _SHOWN else "")
        verb = "has" if len(ragged) == 1 else "have"
        mend = "put fields that hold the separator in double quotes"
        if 1 < len(ragged) == len(rows) - 1:  # not one row fits
            mend = "delete what stands above the names of the columns"
        raise InputError(
            f"{counted(len(ragged), 'row')} {verb} more fields than the header's {len(rows[0])} (line {lines})", mend
        ) from cause
    width = len(rows[0])
    return pd.DataFrame([(row + [""] * width)[:width] for row in rows], dtype="str")


def _start_of_last_row(text: str, separator: str) -> int:
    """The line, from 1, in which the last row starts: the one that swallows the rest where a quote never closes."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    starts, previous = 1, 1
    try:
        for _ in reader:
            previous, starts = starts, reader.line_num + 1
    except csv.Error:  # the rest is longer than a field may be
        return starts
    return previous

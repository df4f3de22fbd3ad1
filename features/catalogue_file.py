"""A table file opened by DuckDB, which reads that file and nothing else.

The file may come from a stranger: DuckDB may not open another, fetches no extensions, keeps to a fixed amount of memory
and writes nothing to disk. Values travel as bound parameters; columns go by their numbers, so that no query's text
holds a word from the file.
"""

import csv
import glob
import gzip
import io
import stat
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from features.errors import InputError
from features.report import show

if TYPE_CHECKING:
    import duckdb

_PARQUET: Final = b"PAR1"
_GZIP: Final = b"\x1f\x8b"
_MARK: Final = b"\xef\xbb\xbf"
_HEAD: Final = 1 << 16
_SEPARATORS: Final = (",", ";", "\t", "|")
_MOST_COLUMNS: Final = 2000
_MEMORY: Final = "1GB"
_SETTINGS: Final[dict[str, str | bool | int | float | list[str]]] = {
    "threads": 1,  # one thread always gives the rows in the same order
    "memory_limit": _MEMORY,
    "temp_directory": "",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,
}


@dataclass(frozen=True)
class TableFile:
    """An open file.

    Parameters
    ----------
    headers : tuple of str
        As written.
    connection : DuckDBPyConnection
        Ends with the block of ``open_table``.
    expression : str
        What stands after FROM, with columns c0, c1, ...
    parameters : tuple
        Of the expression.
    types : tuple of str
        DuckDB's types of the columns.
    is_text : bool
        Whether it is CSV, whose lines can be broken.
    """

    headers: tuple[str, ...]
    connection: "duckdb.DuckDBPyConnection"
    expression: str
    parameters: tuple[Any, ...]
    types: tuple[str, ...]
    is_text: bool

    def text(self, at: int) -> str:
        """The expression of a column as text, lists joined by semicolons."""
        return f"array_to_string(c{at}, ';')" if self.types[at].endswith("[]") else f"CAST(c{at} AS VARCHAR)"

    def query(self, text: str, **tables: pd.DataFrame) -> pd.DataFrame:
        """The answer to a query that names ``expression`` once.

        Parameters
        ----------
        text : str
            DuckDB's SQL.
        tables : DataFrame
            Further tables, by the names that the query gives them.
        """
        for name, table in tables.items():
            self.connection.register(name, table)
        return self.connection.execute(text, self.parameters).df()

    def rejects(self) -> tuple[int, int]:
        """How many lines could not be split into fields in the queries so far, and which is the first, from 1."""
        if not self.is_text:
            return 0, 0
        found = self.connection.execute("SELECT count(DISTINCT line), min(line) FROM reject_errors").fetchone()
        return (found[0], found[1]) if found and found[0] else (0, 0)


@contextmanager
def open_table(path: Path) -> Iterator[TableFile]:
    """Open parquet, or CSV in UTF-8 (, ; tab or |; also under gzip) with a header; content decides, not the name.

    Raises
    ------
    InputError
        Where the file is missing, empty or unreadable, also later in the block; the message starts with the path.
    """
    import duckdb  # noqa: PLC0415 - only who brings a catalogue waits for it

    try:
        real, head = _locate(path)
        with closing(duckdb.connect(":memory:", config=_SETTINGS)) as connection:
            place = glob.escape(str(real))  # an asterisk in a path is an asterisk
            connection.execute("SET allowed_paths = ?", [[str(real), place]])
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            is_parquet = head.startswith(_PARQUET)
            yield _parquet(connection, place) if is_parquet else _delimited(connection, place, head)
    except duckdb.OutOfMemoryException as error:
        raise InputError(
            f"{path}: reading it takes more than {_MEMORY} of memory", "leave out columns and rows that are not needed"
        ) from error
    except (duckdb.Error, UnicodeError, csv.Error) as error:
        why = show((str(error).splitlines() or [type(error).__name__])[0], longest=200)
        raise InputError(
            f"{path}: the file cannot be read ({why})", "expected parquet, or CSV in UTF-8; export it again"
        ) from error
    except InputError as error:
        raise InputError(f"{path}: {error.message}", error.hint) from error


def _locate(path: Path) -> tuple[Path, bytes]:
    """A file's own path, and its first bytes; where it is under gzip, gzip's mark and then what is inside."""
    try:
        path = path.expanduser().resolve()
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError("this is not a regular file, expected a table", "name a parquet or CSV file")
        with path.open("rb") as file:
            head = file.read(_HEAD)
        if head.startswith(_GZIP):
            with gzip.open(path) as unpacked:
                head = _GZIP + unpacked.read(_HEAD)
    except FileNotFoundError as error:
        raise InputError("there is no such file", "check the path; a relative one starts in this folder") from error
    except (OSError, EOFError, ValueError, RuntimeError, zlib.error) as error:
        raise InputError(f"the file cannot be read ({error})", "check the path, and your right to read it") from error
    if not head.removeprefix(_GZIP).removeprefix(_MARK).strip():
        raise InputError("the file is empty, expected a header and rows", "export the table again")
    return path, head


def _parquet(connection: "duckdb.DuckDBPyConnection", place: str) -> TableFile:
    source = "read_parquet(?, binary_as_string = true)"
    columns = connection.execute(f"DESCRIBE SELECT * FROM {source}", [place]).fetchall()  # noqa: S608 - a constant
    headers, types = (tuple(str(column[part]) for column in columns) for part in (0, 1))
    _check_width(headers)
    return TableFile(headers, connection, _numbered(source, len(headers)), (place,), types, is_text=False)


def _delimited(connection: "duckdb.DuckDBPyConnection", place: str, head: bytes) -> TableFile:
    """Text with the separator that gives its first line most columns."""
    under_gzip = head.startswith(_GZIP)
    text = head.removeprefix(_GZIP).removeprefix(_MARK)
    if b"\x00" in text:
        raise InputError("this is neither parquet nor text in UTF-8", "export the table as parquet or CSV in UTF-8")
    # What was read may end in the middle of a character, but hardly in that of the header.
    lines = text.decode("utf-8", errors="replace")
    rows = {mark: next(csv.reader(io.StringIO(lines, newline=""), delimiter=mark), []) for mark in _SEPARATORS}
    mark = max(rows, key=lambda mark: len(rows[mark]))
    headers = tuple(header.strip() for header in rows[mark])
    _check_width(headers)
    columns = ", ".join(f"c{at}: 'VARCHAR'" for at in range(len(headers)))
    source = (
        "read_csv(?, delim = ?, compression = ?, auto_detect = false, header = true, quote = '\"', escape = '\"', "
        f"ignore_errors = true, store_rejects = true, columns = {{{columns}}})"
    )
    parameters = (place, mark, "gzip" if under_gzip else "none")
    types = ("VARCHAR",) * len(headers)
    return TableFile(headers, connection, _numbered(source, len(headers)), parameters, types, is_text=True)


def _check_width(headers: tuple[str, ...]) -> None:
    if not 0 < len(headers) <= _MOST_COLUMNS:
        raise InputError(f"the table has {len(headers)} columns, expected 1 to {_MOST_COLUMNS}", "leave some out")


def _numbered(source: str, n_columns: int) -> str:
    return f"{source} AS t({', '.join(f'c{at}' for at in range(n_columns))})"

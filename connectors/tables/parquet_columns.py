"""A parquet file to a raw table."""

from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from connectors.tables.raw import RawTable
from connectors.tables.unpacking import MAX_BYTES
from features.errors import InputError
from features.report import show

if TYPE_CHECKING:
    import pyarrow as pa

_BYTES_A_VALUE: Final = 8
"""Of a number, or of a pointer to a text, once it is in a column."""


def parse_parquet(data: bytes) -> RawTable:
    """Read all columns of a parquet file; metadata that pandas may have written in it is not trusted.

    A file names a value once, however many rows hold it, so a small file can be a huge table: what it would come to is
    reckoned before it does.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    RawTable

    Raises
    ------
    InputError
        For damaged or truncated files, and for more than ``unpacking.MAX_BYTES`` unpacked, with 8 bytes a value.
    """
    import pyarrow as pa  # noqa: PLC0415 - only parquet files need it

    try:
        table = _read(data)
        columns = tuple(pd.Series(column.to_pandas()).reset_index(drop=True) for column in table.columns)
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        why = show((str(error).splitlines() or [type(error).__name__])[0], longest=200)
        raise InputError(
            f"the parquet file is damaged or truncated ({why})", "copy or export the file again"
        ) from error
    return RawTable(tuple(table.column_names), columns, ("parquet",))


def _read(data: bytes) -> "pa.Table":
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    file = pq.ParquetFile(pa.BufferReader(data))
    _check_size(_size(file.metadata))
    kinds = file.schema_arrow
    nested = [field.name for field in kinds if not _is_flat(field.type)]
    size, rows = 0, _rows_at_once(file.metadata)
    for batch in file.iter_batches(rows, columns=nested) if nested else ():
        size += batch.nbytes
        _check_size(size)
    texts = [field.name for field in kinds if _is_text(field.type)]
    table = pq.ParquetFile(pa.BufferReader(data), read_dictionary=texts).read()
    table.validate(full=True)  # pandas would look at damaged text only when it is used
    _check_size(sum(_text_size(column) for column in table.columns if _names_texts(column.type)))
    return table.cast(kinds)


def _is_text(kind: "pa.DataType") -> bool:
    import pyarrow.types as kinds  # noqa: PLC0415

    return any(test(kind) for test in (kinds.is_string, kinds.is_large_string, kinds.is_binary, kinds.is_large_binary))


def _is_flat(kind: "pa.DataType") -> bool:
    """Whether a column's size is told by the file's metadata or by the texts that it names."""
    import pyarrow.types as kinds  # noqa: PLC0415

    if kinds.is_dictionary(kind):
        return _is_flat(kind.value_type)
    return _is_text(kind) or any(test(kind) for test in (kinds.is_primitive, kinds.is_null, kinds.is_decimal))


def _rows_at_once(about: Any) -> int:
    """Rows that fit into memory, whichever value of the file they repeat."""
    largest = max((int(about.row_group(group).total_byte_size) for group in range(about.num_row_groups)), default=1)
    return max(1, min(65_536, MAX_BYTES // max(largest, 1)))


def _names_texts(kind: "pa.DataType") -> bool:
    import pyarrow.types as kinds  # noqa: PLC0415

    return kinds.is_dictionary(kind) and _is_text(kind.value_type)


def _size(about: Any) -> int:
    """Bytes that a table has at least, by the file's metadata; lists hold more values than rows."""
    groups = [about.row_group(number) for number in range(about.num_row_groups)]
    values = sum(int(group.column(number).num_values) for group in groups for number in range(group.num_columns))
    return max(_BYTES_A_VALUE * values, sum(int(group.total_byte_size) for group in groups))


def _text_size(column: "pa.ChunkedArray[Any]") -> int:
    """Bytes of all texts of a column that names each of them once."""
    import pyarrow.compute as pc  # noqa: PLC0415

    lengths = (pc.binary_length(chunk.dictionary).take(chunk.indices) for chunk in column.chunks)
    return sum(int(pc.sum(length).as_py() or 0) for length in lengths)


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise InputError(
            f"the table is {size / 1024**3:.1f} GB unpacked, at most {MAX_BYTES / 1024**3:g} GB can be read",
            "split it into several files",
        )

"""A parquet file to a raw table."""

import pandas as pd

from connectors.tables.raw import RawTable
from connectors.tables.unpacking import MAX_BYTES
from features.errors import InputError
from features.report import show


def parse_parquet(data: bytes) -> RawTable:
    """Read all columns of a parquet file; metadata that pandas may have written in it is not trusted.

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
        For damaged or truncated files, and for more than ``unpacking.MAX_BYTES`` unpacked.
    """
    import pyarrow as pa  # noqa: PLC0415 - only parquet files need it
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        expanded = sum(file.metadata.row_group(group).total_byte_size for group in range(file.metadata.num_row_groups))
        if expanded > MAX_BYTES:
            raise InputError(f"the table is {expanded / 1024**3:.1f} GB unpacked", "split it into several files")
        table = file.read()
        table.validate(full=True)  # pandas would look at damaged text only when it is used
        columns = tuple(pd.Series(column.to_pandas()).reset_index(drop=True) for column in table.columns)
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        why = show((str(error).splitlines() or [type(error).__name__])[0], longest=200)
        raise InputError(
            f"the parquet file is damaged or truncated ({why})", "copy or export the file again"
        ) from error
    return RawTable(tuple(table.column_names), columns, ("parquet",))

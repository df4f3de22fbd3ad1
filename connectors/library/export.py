"""The library as a file: a tracks table that earmark, and anything else, reads."""

from io import BytesIO
from typing import Final

import pandas as pd

from features.errors import InputError

FORMATS: Final = (".csv", ".parquet")


def check_format(ending: str) -> None:
    """Refuse an ending that no format goes by.

    Raises
    ------
    InputError
        If it is not one of `FORMATS`.
    """
    if ending.lower() not in FORMATS:
        raise InputError(
            f"a library is exported as {' or '.join(FORMATS)}, not as {ending or 'a file without an ending'}",
            "give a file name that ends in one of them",
        )


def export_bytes(tracks: pd.DataFrame, ending: str) -> bytes:
    """A tracks table as the content of a file.

    Parameters
    ----------
    tracks : DataFrame
    ending : str
        One of `FORMATS`: CSV in UTF-8 with times in ISO 8601, or parquet.

    Returns
    -------
    bytes

    Raises
    ------
    InputError
        If the ending is none of them.
    """
    check_format(ending)
    if ending.lower() == ".csv":
        return tracks.to_csv(index=False, lineterminator="\n").encode()
    target = BytesIO()
    tracks.to_parquet(target, index=False)
    return target.getvalue()

"""From a name or a path to validated tracks."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from connectors.http.waiting import Wait, silent
from connectors.registry import open_source, sources
from connectors.tables.assembly import to_tracks
from connectors.tables.columns import recognise
from connectors.tables.raw import RawTable
from earmark.home import Home
from features.catalogue import Catalogue, read_catalogue
from features.errors import InputError
from features.report import ValidationReport
from features.schema import validate

FILES = "csv_file"


def read_known(path: str | Path) -> Catalogue:
    """Read a catalogue that tells how artists sound, under any exporter's column names.

    Parameters
    ----------
    path : str or Path
        Parquet or CSV of tracks of any kind.

    Raises
    ------
    InputError
        If it cannot be read, or names no artists or audio features.
    """
    return read_catalogue(
        path,
        recognise=lambda headers: recognise(headers).positions,
        convert=lambda table: to_tracks(
            RawTable(tuple(table.columns), tuple(table[name] for name in table)), labels=False
        )[0],
    )


@dataclass(frozen=True)
class Fetching:
    """How a source that asks a service does so.

    Parameters
    ----------
    max_wait : float
        Longest wait, in seconds, that a service may ask for.
    on_wait : callable
        Told of each wait while it lasts.
    on_progress : callable
        Told in words how far it is.
    """

    max_wait: float = 60.0
    on_wait: Callable[[Wait], None] = silent
    on_progress: Callable[[str], None] = lambda _: None


@dataclass(frozen=True)
class ReadTracks:
    """Validated tracks with all that should be said about them.

    Parameters
    ----------
    tracks : DataFrame
        A tracks table.
    report : ValidationReport
    notes : tuple of str
        What was recognised and converted.
    source : str
        The source's name; of a file, the file's.
    best_prediction : Series of float or None
        See `connectors.source.Reading`.
    verdicts_of : str or None
        Whose verdicts from the page are among the labels, ``page`` or ``page_demo``; None where there are none.
    judged_on_page : frozenset of str
        Ids of the tracks whose labels these are.
    """

    tracks: pd.DataFrame
    report: ValidationReport
    notes: tuple[str, ...]
    source: str
    best_prediction: pd.Series | None
    verdicts_of: str | None = None
    judged_on_page: frozenset[str] = frozenset()


def read_tracks(
    reference: str,
    *,
    label: str | None = None,
    seed: int = 0,
    labels: bool = True,
    catalogue: Path | None = None,
    without_features: Literal["use", "wait"] = "wait",
    page_verdicts: bool = True,
    fetching: Fetching | None = None,
) -> ReadTracks:
    """Read a source or file and validate it.

    Parameters
    ----------
    reference : str
        A source's name or a path.
    label : str, optional
        The label column, where it cannot be guessed.
    seed : int
        For sources that generate.
    labels : bool
        Whether labels are wanted; without, a label that cannot be understood costs no track.
    catalogue : Path, optional
        A table in which sources may look up audio features that they do not have.
    without_features : {"use", "wait"}
        Whether tracks without any audio feature are used for what else is known of them, or wait until one is known.
    page_verdicts : bool
        Whether what was said on the page counts, in sources that read the library.
    fetching : Fetching, optional
        How sources ask services.

    Raises
    ------
    InputError
        If it cannot be read or not a single row is usable.
    """
    fetching = fetching or Fetching()
    source = open_source(
        reference,
        label=label,
        seed=seed,
        labels=labels,
        library_url=Home.here().library_url,
        catalogue=catalogue,
        without_features=without_features,
        page_verdicts=page_verdicts,
        max_wait=fetching.max_wait,
        on_wait=fetching.on_wait,
        on_progress=fetching.on_progress,
    )
    reading = source.read()
    tracks, report = validate(reading.tracks, unheard=without_features == "use")
    if not len(tracks):
        raise InputError(
            "\n".join([f"none of the {report.rows:,} rows of {reference} can be used", *report.lines()]),
            "mend these columns where the table came from, and read it again",
        )
    return ReadTracks(tracks, report, reading.notes, _name(source.name, reference), reading.best_prediction)


def _name(source: str, reference: str) -> str:
    """What was read: a source's name, or a file's, which must not be mistaken for a source."""
    file = Path(reference).name
    return source if source != FILES else f"./{file}" if file in sources() else file

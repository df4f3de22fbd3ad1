"""A raw table to a tracks table: canonical names and units, not yet validated."""

import dataclasses
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from connectors.tables.columns import ALIASES, NUMBERS, Recognised, normalise, recognise
from connectors.tables.dates import read_dates
from connectors.tables.durations import duration_to_ms
from connectors.tables.labels import find_label, label_positions
from connectors.tables.numeric import MISSING_WORDS, Numbers, cell_text, cell_texts, parse_numbers
from connectors.tables.raw import RawTable, counted
from connectors.tables.scaling import refuse_scaled
from connectors.tables.units import (
    loudness_to_db,
    percent_to_unit,
    read_key,
    read_meter,
    read_mode,
    read_weight,
)
from features.cleaning import spotify_track_id
from features.columns import AUDIO_FEATURES
from features.errors import InputError
from features.report import show

_SPOTIFY_LOCAL = "spotify:local:"
_LIST_OF_NAMES = re.compile(r"\[\s*(?:'|\").*(?:'|\")\s*\]", flags=re.DOTALL)
_QUOTED_NAME = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", flags=re.DOTALL)
_SHOWN = 5


def to_tracks(
    table: RawTable, label: str | None = None, *, labels: bool = True
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Recognise columns, convert units, find the label.

    Parameters
    ----------
    table : RawTable
        As read.
    label : str, optional
        Header of the label column.
    labels : bool
        Whether labels are wanted; without, there is no ``liked``, and columns that could hold labels or their weights
        are left out.

    Returns
    -------
    tracks : DataFrame
        RangeIndex; only columns that the input had, under ``features.schema`` names. Numbers are float64 and ``liked``
        is nullable Int8; a column with cells that were not understood is object and keeps them as text.
    notes : tuple of str
        What was recognised and converted, one line each.

    Raises
    ------
    InputError
        Without rows or audio features, with scaled features, or as ``labels.find_label``.
    """
    if not table.n_rows:
        raise InputError("the table has a header but no rows", "export the table again, with tracks in it")
    found, left_out = find_label(table, label) if labels else (None, ())
    label_columns = {found.position} if found else set() if labels else label_positions(table, label)
    row_numbers = {
        at for at, header in enumerate(table.headers) if normalise(header) == "id" and _row_numbers(table.columns[at])
    }
    recognised = recognise(table.headers, row_numbers | label_columns)
    if not any(name in recognised.positions for name in AUDIO_FEATURES):
        raise _no_features(table.headers, recognised)
    numbers, unit_notes = _read_numbers(table, recognised)
    texts, text_notes = _read_texts(table, recognised)
    columns = texts | {name: column.to_series() for name, column in numbers.items()}
    ordered = {name: columns[name] for name in ALIASES if name in columns}
    empty = [table.headers[recognised.positions[name]] for name, column in ordered.items() if _says_nothing(column)]
    notes = [*table.notes, *recognised.notes, *text_notes, *unit_notes]
    if found:
        ordered["liked"] = found.liked
        notes += found.notes
    elif label_columns:
        named = ", ".join(show(table.headers[at]) for at in sorted(label_columns)[:_SHOWN])
        notes.append(f"label columns are not needed here: {named}")
    unused = sorted({*recognised.ignored, *row_numbers} - label_columns)
    notes += [*left_out, *_ignored_note([table.headers[at] for at in unused]), *_missing_note(numbers)]
    notes += [f"no value in: {', '.join(map(show, empty))}"] if empty else []
    return pd.DataFrame(ordered), tuple(notes)


def _read_numbers(table: RawTable, recognised: Recognised) -> tuple[dict[str, Numbers], list[str]]:
    numbers = {
        name: parse_numbers(table.columns[recognised.positions[name]], thousands=name == "duration_ms")
        for name in NUMBERS
        if name in recognised.positions
    }
    refuse_scaled({name: column.floats for name, column in numbers.items()})
    notes: list[str] = []
    commas = [name for name, column in numbers.items() if column.decimal_commas]
    if commas:
        notes.append(f"decimal commas in {', '.join(commas)}")
    numbers, lines = percent_to_unit(numbers)
    notes += lines
    if "duration_ms" in numbers:
        header = table.headers[recognised.positions["duration_ms"]]
        numbers["duration_ms"], lines = duration_to_ms(numbers["duration_ms"], header)
        notes += lines
    if "loudness" in numbers:
        numbers["loudness"], lines = loudness_to_db(numbers["loudness"])
        notes += lines
    if "weight" in numbers:
        numbers["weight"], lines = read_weight(numbers["weight"])
        notes += lines
    if "mode" in numbers:
        numbers["mode"], lines = read_mode(numbers["mode"])
        notes += lines
    if "key" in numbers:
        numbers["key"], mode, lines = read_key(numbers["key"])
        notes += lines
        if mode is not None:
            given = numbers.get("mode")
            numbers["mode"] = mode if given is None else _fill(given, mode)
            if given is None or numbers["mode"].finite().size > given.finite().size:
                notes.append("mode: taken from the names of keys")
    if "time_signature" in numbers:
        numbers["time_signature"], lines = read_meter(numbers["time_signature"])
        notes += lines
    return numbers, notes


def _fill(numbers: Numbers, other: Numbers) -> Numbers:
    """Missing cells from another column; strange ones stay, to be reported."""
    gaps = np.isnan(numbers.floats) & ~numbers.strange
    return dataclasses.replace(numbers, floats=np.where(gaps, other.floats, numbers.floats))


def _read_texts(table: RawTable, recognised: Recognised) -> tuple[dict[str, pd.Series], list[str]]:
    columns: dict[str, pd.Series] = {}
    notes: list[str] = []
    for name, position in recognised.positions.items():
        if name in NUMBERS:
            continue
        column = table.columns[position]
        if name in {"explicit", "genres"} or (
            name == "added_at" and pd.api.types.is_datetime64_any_dtype(column.dtype)
        ):
            # No unit to convert: validation reads words, lists and datetimes, and reports those that it cannot read.
            columns[name] = column
            continue
        texts = cell_texts(column)
        if len(texts) > 1 and len(set(texts)) == 1 and _is_missing(texts[0]):
            texts = [None] * len(texts)  # a song may be called "None", but not every one
        if name == "track_id":
            texts, lines = _spotify_ids(texts)
            notes += lines
        elif name in {"release_date", "added_at"}:
            texts, lines = read_dates(name, texts)
            notes += lines
        elif name == "artist_name":
            texts = [_artists(text) for text in texts]
        columns[name] = pd.Series(texts, dtype="str")
    return columns, notes


def _spotify_ids(texts: Sequence[str | None]) -> tuple[list[str | None], Sequence[str]]:
    """Bare ids out of URIs and links; files on somebody's own disk have none."""
    ids = [None if text is None or text.startswith(_SPOTIFY_LOCAL) else spotify_track_id(text) for text in texts]
    shortened = any(new != old for new, old in zip(ids, texts, strict=True))
    return ids, ["track_id: Spotify URIs or links -> ids"] if shortened else []


def _artists(text: str | None) -> str | None:
    r"""Several artists joined with ";".

    Exportify writes ``Tyler\, The Creator, Frank Ocean``, some tables a Python list: ``['A', 'B']``.
    """
    if text and _LIST_OF_NAMES.fullmatch(text):
        names = (re.sub(r"\\(.)", r"\1", single or double).strip() for single, double in _QUOTED_NAME.findall(text))
        return ";".join(name for name in names if name) or None
    if text and "\\," in text:
        return ";".join(part.replace("\\,", ",") for part in re.split(r"(?<!\\),\s*", text))
    return text


def _row_numbers(column: pd.Series) -> bool:
    """Whether an ``id`` column only counts rows."""
    numbers = parse_numbers(column)
    values = numbers.finite()
    return bool(values.size and not numbers.strange.any() and (values == np.round(values)).all())


def _no_features(headers: Sequence[str], recognised: Recognised) -> InputError:
    shown = ", ".join(show(header) or "(nameless)" for header in headers[:10]) + (", ..." if len(headers) > 10 else "")
    known = f"names tracks ({', '.join(recognised.positions)}) but " if recognised.positions else ""
    return InputError(
        f"the table {known}has none of the audio features; its {counted(len(headers), 'column')}: {shown}",
        f"expected columns such as {', '.join(AUDIO_FEATURES[:2])}, tempo; export the table with audio features",
    )


def _ignored_note(headers: Sequence[str]) -> list[str]:
    if not headers:
        return []
    names = ", ".join(show(header) or "(nameless)" for header in headers[:_SHOWN])
    return [f"{counted(len(headers), 'column')} ignored: {names}{', ...' if len(headers) > _SHOWN else ''}"]


def _says_nothing(column: pd.Series) -> bool:
    """Whether no cell holds a value; asked of the first cells, it is told by them nearly always."""
    return all(_is_missing(cell_text(value)) for value in column)


def _is_missing(text: str | None) -> bool:
    return text is None or text.casefold() in MISSING_WORDS


def _missing_note(numbers: dict[str, Numbers]) -> list[str]:
    absent = [name for name in AUDIO_FEATURES if name not in numbers]
    return [f"not in the table: {', '.join(absent)}"] if absent else []

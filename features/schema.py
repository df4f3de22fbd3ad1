"""THE schema of a tracks table: every column with its dtype, unit, range and meaning, and the way into it.

``validate`` takes whatever a source read, under canonical column names, and gives a table on which everything else
relies: one row a track, RangeIndex, the dtypes below, NaN (or ``<NA>``) for missing. It tells what it found and did in
one report; rows are merged or set aside and counted, never dropped in silence.
"""

from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.pandas as pa

from features.cleaning import CLEANERS, Cleaner, numbers, release_dates, track_ids
from features.columns import ANALYSED_FEATURES, AUDIO_FEATURES, ColumnInfo
from features.duplicates import merge_duplicates
from features.errors import InputError
from features.findings import WHOLE_NUMBER, Finding, first_reasons, impossible_numbers, not_understood, refuse_scaled
from features.genres import genres
from features.identity import local_ids
from features.report import Fault, ValidationReport, show

__all__ = ["AUDIO_FEATURES", "COLUMNS", "ColumnInfo", "TracksSchema", "labelled", "validate"]

_DAY_MS: Final = 24 * 60 * 60 * 1000


def _text(description: str, *, nullable: bool = True, unique: bool = False) -> Any:
    """A text column."""
    return pa.Field(nullable=nullable, unique=unique, description=description, metadata={"unit": ""})


def _number(low: float, high: float, unit: str, description: str) -> Any:
    """A numeric column that may be missing."""
    return pa.Field(ge=low, le=high, nullable=True, description=description, metadata={"unit": unit})


class TracksSchema(pa.DataFrameModel):
    """A tracks table. Audio features: https://developer.spotify.com/documentation/web-api/reference/get-audio-features."""

    track_id: str = _text("Spotify's 22-character id, or local: and a digest", nullable=False, unique=True)
    track_name: str = _text("Title")
    artist_name: str = _text("Artist; several joined by ';' or ', '")
    acousticness: float = _number(0, 1, "fraction", "Confidence that the track is acoustic")
    danceability: float = _number(
        0, 1, "fraction", "Fitness for dancing: tempo, steadiness of rhythm, strength of beat"
    )
    duration_ms: float = _number(1, _DAY_MS, "ms", "Duration, up to a day")
    energy: float = _number(0, 1, "fraction", "Perceived intensity and activity")
    instrumentalness: float = _number(0, 1, "fraction", "Confidence that nobody sings")
    key: float = _number(-1, 11, "pitch class", "Key: 0 = C, 1 = C sharp, ...; -1 = unknown, missing after validation")
    liveness: float = _number(0, 1, "fraction", "Confidence that an audience is present")
    loudness: float = _number(-70, 10, "dB", "Mean loudness over the track, usually -60 to 0")
    mode: float = _number(0, 1, "0 = minor, 1 = major", "Mode")
    speechiness: float = _number(0, 1, "fraction", "Presence of spoken words")
    tempo: float = _number(0, 300, "BPM", "Tempo; 0 = unknown, missing after validation")
    time_signature: float = _number(0, 7, "beats in a bar", "Metre; 0 or 1 = unknown, missing after validation")
    valence: float = _number(0, 1, "fraction", "Musical positiveness, from sad or angry to happy")
    album_name: str | None = _text("Album")
    release_date: str | None = _text("Release date as YYYY, YYYY-MM or YYYY-MM-DD")
    isrc: str | None = _text("International standard recording code")
    explicit: pd.BooleanDtype | None = pa.Field(
        nullable=True, description="Whether the lyrics are explicit", metadata={"unit": "yes or no"}
    )
    popularity: float | None = _number(0, 100, "points", "Spotify's popularity when the table was made")
    genres: str | None = _text("Genres in lower case; several joined by ';'")
    added_at: pd.DatetimeTZDtype | None = pa.Field(
        nullable=True,
        dtype_kwargs={"unit": "us", "tz": "UTC"},
        description="When the listener added or judged the track",
        metadata={"unit": "UTC"},
    )
    weight: float | None = _number(0, 1000, "times", "How much the label counts; 1 where it is missing")
    liked: pd.Int8Dtype | None = pa.Field(
        isin=[0, 1], nullable=True, description="The label", metadata={"unit": "1 = liked, 0 = not liked"}
    )

    @pa.check("key", "mode", "time_signature", name=WHOLE_NUMBER)
    def _is_whole(cls, column: "pd.Series[Any]") -> "pd.Series[Any]":  # noqa: N805  # pandera makes it a class method
        return column % 1 == 0


_SCHEMA: Final = TracksSchema.to_schema()


def _column_info(column: Any) -> ColumnInfo:
    """What pandera knows about a column, in our words."""
    bounds = {name: value for check in column.checks for name, value in check.statistics.items()}
    allowed = bounds.get("allowed_values", [None])
    dtype = "str" if str(column.dtype).startswith("str") else str(column.dtype)
    low, high = bounds.get("min_value", allowed[0]), bounds.get("max_value", allowed[-1])
    return ColumnInfo(dtype, column.metadata["unit"], low, high, column.nullable, column.description)


COLUMNS: Final[dict[str, ColumnInfo]] = {name: _column_info(column) for name, column in _SCHEMA.columns.items()}
"""Every column of a tracks table, in order."""

_ALWAYS: Final = tuple(name for name, column in _SCHEMA.columns.items() if column.required)
_SPECIAL_CLEANERS: Final[dict[str, Cleaner]] = {
    "track_id": track_ids,
    "release_date": release_dates,
    "genres": genres,
    "mode": partial(numbers, switches=True),
}


def validate(table: pd.DataFrame, *, unheard: bool = False) -> tuple[pd.DataFrame, ValidationReport]:
    """Turn a table under canonical column names into a tracks table, and say what was found and done.

    Parameters
    ----------
    table : DataFrame
        Any dtypes, index and order of columns; columns that the schema does not know are ignored. Not changed.
    unheard : bool
        Keep rows of which no analysed feature is known; else they are set aside, for nothing tells how they sound.

    Returns
    -------
    tracks : DataFrame
        Valid under ``TracksSchema``, columns in its order: the required ones, and of the others those that were given.
        Tracks keep the order of their first rows. Validating it again changes and reports nothing.
    report : ValidationReport
        Faults by column and rule, rows merged, rows set aside by reason.

    Raises
    ------
    InputError
        Where there are no rows, none of the audio features, or the values cannot be in the columns' units.
    """
    given, faults = _select(table)
    rows, findings = _clean(given)
    rows = _forget_unknowns(rows)
    findings += [] if unheard else _without_features(rows)
    reasons = first_reasons(findings, len(rows))
    kept = np.flatnonzero(reasons == "")
    tracks, track_of = merge_duplicates(rows.iloc[kept])
    torn = _contradictory(rows["liked"].iloc[kept], track_of) if "liked" in rows else np.zeros(len(tracks), dtype=bool)
    if torn.any():
        bad = np.zeros(len(rows), dtype=bool)
        bad[kept[torn[track_of]]] = True
        hint = "liked in one row and not in another; keep the row that is right"
        findings.append(Finding("liked", "contradictory labels", hint, bad, _called(rows, bad)))
        reasons = first_reasons(findings, len(rows))
    tracks = tracks[~torn].reset_index(drop=True)
    tracks["track_id"] = local_ids(tracks)
    refuse_scaled(tracks)
    found, counts = np.unique(reasons[reasons != ""].astype(str), return_counts=True)
    return tracks, ValidationReport(
        rows=len(rows),
        usable=len(tracks),
        faults=(*faults, *(finding.fault() for finding in findings)),
        merged=int((~torn[track_of]).sum()) - len(tracks),
        set_aside={str(reason): int(count) for reason, count in zip(found, counts, strict=True)},
    )


def labelled(tracks: pd.DataFrame) -> pd.DataFrame:
    """The tracks that have a label, numbered from 0.

    Parameters
    ----------
    tracks : DataFrame
        A validated tracks table.

    Returns
    -------
    DataFrame
        Rows where ``liked`` is 1 or 0 and counts (a ``weight`` of 0 does not), in order; none where the table
        has labels but they are all missing.

    Raises
    ------
    InputError
        Where the table has no ``liked`` column.
    """
    if "liked" not in tracks:
        raise InputError(
            "the table has no labels: there is no 'liked' column",
            "add a column 'liked' with 1 for tracks you like and 0 for tracks you do not, or name the column that says "
            "so (--label)",
        )
    told = tracks["liked"].notna()
    if "weight" in tracks:
        told &= tracks["weight"].fillna(1.0) > 0
    return tracks[told].reset_index(drop=True)


def _select(table: pd.DataFrame) -> tuple[dict[str, "pd.Series[Any]"], list[Fault]]:
    """The columns that the schema knows, in its order, and what is wrong with the set of them."""
    names = list(table.columns)
    listed = ", ".join(repr(show(name)) for name in names[:15]) + (f" and {len(names) - 15} more" if names[15:] else "")
    if len(table) == 0:
        raise InputError(f"the table has no rows (columns: {listed or 'none'})", "give a table with one row a track")
    if not any(name in ANALYSED_FEATURES for name in names):
        raise InputError(
            f"none of the audio features is among the table's columns: {listed or 'there are none'}",
            f"expected {', '.join(AUDIO_FEATURES)}",
        )
    given = {name: table.iloc[:, names.index(name)] for name in COLUMNS if name in names}
    twice = [
        Fault(name, "duplicate column name", len(table), (), "", "the first one was used; rename or drop the others")
        for name in given
        if names.count(name) > 1
    ]
    missing = [
        Fault(name, "missing column", len(table), (), "", "taken as missing for every track; add it if you have it")
        for name in AUDIO_FEATURES
        if name not in given
    ]
    return given, missing + twice


def _clean(given: dict[str, "pd.Series[Any]"]) -> tuple[pd.DataFrame, list[Finding]]:
    """Every row with the schema's dtypes and required columns, and the cells that cannot be right.

    Cells whose row stays are missing in it.
    """
    size = len(next(iter(given.values())))
    empty = pd.Series([None] * size, dtype=object)
    rows, findings = {}, []
    for name, info in COLUMNS.items():
        if name in given or name in _ALWAYS:
            raw = given.get(name, empty)
            cleaned = _SPECIAL_CLEANERS.get(name, CLEANERS[info.dtype])(raw)
            rows[name] = cleaned.column
            if cleaned.bad.any():
                findings.append(not_understood(name, info.dtype, raw, cleaned.bad))
    table = pd.DataFrame(rows)
    numeric = [name for name in table if COLUMNS[str(name)].dtype == "float64"]
    for finding in impossible_numbers(_SCHEMA, table[numeric], COLUMNS):
        findings.append(finding)
        if not finding.sets_aside:
            table[finding.column] = table[finding.column].mask(finding.bad)
    order = list(COLUMNS)
    return table, sorted(findings, key=lambda finding: order.index(finding.column))


def _forget_unknowns(rows: pd.DataFrame) -> pd.DataFrame:
    """Turn Spotify's codes for "unknown" into missing values."""
    rows = rows.copy()
    # What Spotify answers where the analysis failed: zeros, of which no one alone is telling.
    failed = (rows["tempo"] == 0) & (rows["danceability"] == 0) & ~(rows["time_signature"] > 0)
    rows.loc[failed, list(ANALYSED_FEATURES)] = np.nan
    rows["key"] = rows["key"].mask(rows["key"] < 0)
    rows["tempo"] = rows["tempo"].mask(rows["tempo"] == 0)
    rows["time_signature"] = rows["time_signature"].mask(rows["time_signature"] <= 1)
    return rows


def _without_features(rows: pd.DataFrame) -> list[Finding]:
    """Rows of which nothing can be judged: all features missing or zeros (a duration alone says nothing)."""
    bad = rows[list(ANALYSED_FEATURES)].isna().all(axis=1).to_numpy(dtype=bool)
    hint = "nothing is known of how these sound, or their analysis is all zeros"
    return [Finding("audio features", "no audio features", hint, bad, _called(rows, bad))] if bad.any() else []


def _contradictory(liked: "pd.Series[Any]", track_of: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Which tracks have rows of both labels: (n_tracks,)."""
    size = int(track_of.max(initial=-1)) + 1
    votes = [
        np.bincount(track_of[(liked == label).fillna(value=False).to_numpy(dtype=bool)], minlength=size)
        for label in (0, 1)
    ]
    return (votes[0] > 0) & (votes[1] > 0)


def _called(rows: pd.DataFrame, bad: npt.NDArray[np.bool_]) -> str:
    """What people call the first of some rows."""
    first = rows.iloc[int(np.flatnonzero(bad)[0])]
    title, artist, track_id = (
        None if pd.isna(first[name]) else str(first[name]) for name in ("track_name", "artist_name", "track_id")
    )
    return f"{title} by {artist}" if title and artist else title or track_id or ""

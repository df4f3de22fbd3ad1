"""Promises of validation that hold for every table."""

from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as pdt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.columns import AUDIO_FEATURES
from features.schema import TracksSchema, validate

SONGS = [
    dict(zip(AUDIO_FEATURES, (0.1, 0.8, 200_000, 0.7, 0.0, 5, 0.1, -6.5, 1, 0.05, 120.0, 4, 0.5), strict=True)),
    dict(zip(AUDIO_FEATURES, (0.9, 0.2, 180_000, 0.3, 0.9, 0, 0.2, -20, 0, 0.04, 80.0, 3, 0.1), strict=True)),
]
ODD_CELLS = st.sampled_from(
    [None, np.nan, pd.NA, np.inf, "x", "0.5", "", True, -1, 0, 1, 0.5, 2.5, 1e9, 10**400, "60", b"1", pd.Timestamp(0)]
)
ANYTHING = st.one_of(ODD_CELLS, st.text(max_size=3), st.floats(), st.integers(), st.booleans(), st.dates())


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """One row, mostly like few songs so that rows meet, with some cells gone wrong."""
    cells: dict[str, Any] = dict(draw(st.sampled_from(SONGS)))
    cells |= draw(st.dictionaries(st.sampled_from(AUDIO_FEATURES), ODD_CELLS, max_size=2))
    if draw(st.integers(0, 9)) == 0:
        cells |= dict.fromkeys(AUDIO_FEATURES)
    if str(cells["tempo"]) in {"1", "0.5", "b'1'"}:  # a table of such tempos alone is refused as scaled
        cells["tempo"] = 99
    names = {
        "track_id": ["a", "spotify:track:" + "a" * 22, "a" * 22, "local:0", None, "", 7],
        "track_name": ["Song", "SÓNG ", "Lied", None],
        "artist_name": ["Band", "band", None],
        "liked": [1, 0, None, True, "yes", "no", "perhaps"],
        "added_at": [None, "2024-05-31", "0001-01-01T00:00:00+05:00", "9999-12-31T23:00:00-05:00", "bad"],
        "release_date": ["2024", "2024-02", "x", 1999.0, None],
        "explicit": [True, "no", "?!", None],
    }
    return cells | {name: draw(st.sampled_from(values)) for name, values in names.items()}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(rows(), min_size=1, max_size=9))
def test_every_row_is_accounted_for_and_a_second_validation_changes_nothing(records: list[dict[str, Any]]) -> None:
    table = pd.DataFrame(records, dtype=object).assign(isrc=[f"{place:03}" for place in range(len(records))])
    before = table.copy(deep=True)
    tracks, report = validate(table)
    pdt.assert_frame_equal(table, before)
    assert report.rows == len(records) == report.usable + report.merged + sum(report.set_aside.values())
    assert len(tracks) == report.usable
    TracksSchema.validate(tracks, lazy=True)
    assert tracks["isrc"].is_monotonic_increasing, "tracks keep the order of their first rows"
    if len(tracks):
        again, second = validate(tracks)
        pdt.assert_frame_equal(again, tracks)
        assert (second.faults, second.merged, second.set_aside) == ((), 0, {})


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(ANYTHING, ANYTHING, ANYTHING), min_size=1, max_size=5))
def test_no_cell_whatever_breaks_the_account(cells: list[tuple[Any, Any, Any]]) -> None:
    table = pd.DataFrame(
        {"danceability": 0.5, "energy": None, "track_name": None, "added_at": None}, index=range(len(cells))
    )
    for place, name in enumerate(("energy", "track_name", "added_at")):
        table[name] = pd.Series([cell[place] for cell in cells], dtype=object)
    tracks, report = validate(table)
    assert len(cells) == report.usable + report.merged + sum(report.set_aside.values())
    assert tracks["energy"].dropna().between(0, 1).all()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(rows(), min_size=1, max_size=9))
def test_faults_tell_each_column_and_rule_once_with_true_rows(records: list[dict[str, Any]]) -> None:
    report = validate(pd.DataFrame(records, dtype=object))[1]
    kinds = [(fault.column, fault.rule) for fault in report.faults]
    assert len(kinds) == len(set(kinds))
    for fault in report.faults:
        assert 1 <= len(fault.first_rows) <= fault.rows <= len(records)
        assert all(1 <= number <= len(records) for number in fault.first_rows)

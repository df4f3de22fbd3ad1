"""Gaps that training never had are filled by what other tracks have there, row by row, and no other gap is."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.context import ARTIST_TRACKS
from models import gaps as module
from models.gaps import gaps, likely_contents, mean_over_gaps

COLUMNS = ["energy", "tempo", "popularity", ARTIST_TRACKS]
"""The background knows the first two always, the third not always; the last tells of the artist."""


def table(n: int, seed: int, missing: float = 0.3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, len(COLUMNS)))
    return pd.DataFrame(np.where(rng.random(values.shape) < missing, np.nan, values), columns=COLUMNS)


def background_of(n: int, seed: int) -> pd.DataFrame:
    rows = table(n, seed, missing=0.0)
    rows.loc[0, "popularity"] = np.nan
    return rows


def crooked(rows: pd.DataFrame) -> np.ndarray:
    """What is missing scores by itself, as in a tree that sends it to one side."""
    x = rows.to_numpy()
    by_column = np.where(np.isnan(x), [5.0, -7.0, 11.0, 13.0], np.sin(3 * x))
    return by_column.sum(axis=1) + by_column[:, 0] * by_column[:, 1]


def by_hand(rows: pd.DataFrame, background: pd.DataFrame) -> list[float]:
    means = []
    for _, row in rows.iterrows():
        scores = []
        for _, track in background.iterrows():
            filled = row.copy()
            for name in ("energy", "tempo"):
                if np.isnan(row[name]):
                    filled[name] = track[name]
            scores.append(crooked(filled.to_frame().T)[0])
        means.append(float(np.mean(scores)))
    return means


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 12), st.integers(1, 6))
def test_a_score_is_the_mean_with_each_background_tracks_values_put_in(seed: int, n: int, n_background: int) -> None:
    rows, background = table(n, seed), background_of(n_background, seed + 1)
    assert mean_over_gaps(crooked, rows, background) == pytest.approx(by_hand(rows, background), abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(0, 3), st.booleans())
def test_a_few_contents_stand_for_all(seed: int, n: int, n_columns: int, coarse: bool) -> None:
    generator = np.random.default_rng(seed)
    known = generator.normal(size=(n, n_columns))
    known = known.round() if coarse else known
    contents, shares = likely_contents(known)
    assert len(contents) == len(shares) == len(np.unique(contents, axis=0)) <= 16
    assert shares.sum() == pytest.approx(1)
    assert (shares > 0).all()
    assert {*map(tuple, contents)} <= {*map(tuple, known)}
    if len(np.unique(known, axis=0)) <= 16:
        assert shares @ contents == pytest.approx(known.mean(axis=0))


@pytest.mark.parametrize("seed", range(5))
def test_means_over_few_contents_are_near_those_over_all(seed: int) -> None:
    known = np.random.default_rng(seed).normal(size=(32, 1))
    contents, shares = likely_contents(known)
    for score in (np.sin, np.tanh, np.square, lambda x: x > 0):
        assert (shares @ score(contents))[0] == pytest.approx(score(known).mean(), abs=0.15 * score(known).std())
    assert (shares @ contents)[0] == pytest.approx(known.mean(), abs=0.05)


def test_both_gaps_of_a_row_are_filled_by_the_same_track() -> None:
    background = pd.DataFrame({"energy": [0.0, 1.0], "tempo": [0.0, 1.0]})
    nothing_known = pd.DataFrame({"energy": [np.nan], "tempo": [np.nan]})
    found = mean_over_gaps(lambda rows: (rows["energy"] * rows["tempo"]).to_numpy(), nothing_known, background)
    assert found == pytest.approx([0.5])  # a quarter, were they drawn apart


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sets(st.integers(0, 39), min_size=1))
def test_rows_have_no_say_in_each_other(seed: int, numbers: set[int]) -> None:
    rows, background = table(40, seed), background_of(32, seed + 1)
    some = rows.iloc[sorted(numbers)].reset_index(drop=True)
    together = mean_over_gaps(crooked, rows, background)[sorted(numbers)]
    assert mean_over_gaps(crooked, some, background) == pytest.approx(together, abs=1e-12)


def test_rows_without_such_gaps_are_scored_once_and_as_they_are() -> None:
    background = background_of(8, 1)
    rows = table(30, 2)
    rows[["energy", "tempo"]] = rows[["energy", "tempo"]].fillna(0.25)
    seen: list[pd.DataFrame] = []

    def score(some: pd.DataFrame) -> np.ndarray:
        seen.append(some)
        return crooked(some)

    assert np.array_equal(mean_over_gaps(score, rows, background), crooked(rows))
    (whole,) = seen
    pd.testing.assert_frame_equal(whole, rows, check_exact=True)
    partly = rows.copy()
    partly.loc[4, "tempo"] = np.nan
    found = mean_over_gaps(score, partly, background)
    assert np.array_equal(np.delete(found, 4), crooked(rows.drop(index=4)))
    assert [len(some) for some in seen[1:]] == [29, 8]


def test_gaps_that_training_had_and_those_of_artists_are_left_alone() -> None:
    background = background_of(8, 1)
    nothing_known = pd.DataFrame(np.nan, index=range(3), columns=COLUMNS)
    assert gaps(nothing_known, background).tolist() == [[True, True, False, False]] * 3
    known = nothing_known.assign(energy=0.5, tempo=1.0)
    assert not gaps(known, background).any()
    assert np.array_equal(mean_over_gaps(crooked, known, background), crooked(known))

    def score(some: pd.DataFrame) -> np.ndarray:
        assert some[["popularity", ARTIST_TRACKS]].isna().all(axis=None)
        assert some[["energy", "tempo"]].notna().all(axis=None)
        return crooked(some)

    mean_over_gaps(score, nothing_known, background)


def test_the_index_of_the_rows_has_no_say() -> None:
    rows, background = table(20, 3), background_of(4, 4)
    again = rows.set_axis(["same"] * 20)
    assert np.array_equal(mean_over_gaps(crooked, again, background), mean_over_gaps(crooked, rows, background))


def test_more_rows_than_are_filled_at_a_time() -> None:
    background = background_of(3, 1)
    rows = table(2 * module._ROWS + 5, 2).assign(tempo=np.nan)
    sizes: list[int] = []

    def score(some: pd.DataFrame) -> np.ndarray:
        sizes.append(len(some))
        return crooked(some)

    found = mean_over_gaps(score, rows, background)
    assert max(sizes) == 3 * module._ROWS
    assert sum(sizes) == 3 * len(rows)
    parts = [
        mean_over_gaps(crooked, rows.iloc[start : start + 1000], background) for start in range(0, len(rows), 1000)
    ]
    assert found == pytest.approx(np.concatenate(parts), abs=1e-12)


def test_no_rows_have_no_scores() -> None:
    assert mean_over_gaps(crooked, table(0, 0), background_of(2, 0)).shape == (0,)

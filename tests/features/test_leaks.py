"""What gives labels away is found, whatever its kind; what does not is left alone."""

import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandas.testing as pdt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from connectors.registry import open_source
from features.columns import AUDIO_FEATURES
from features.context import ArtistProfiles
from features.genres import genre_texts
from features.inputs import INPUTS, input_table
from features.leaks import USED, Leak, find_leaks
from features.schema import COLUMNS, labelled, validate

Labels = npt.NDArray[np.int64]
LETTERS = np.array(list("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))


def honest(n: int, seed: int = 0) -> tuple[pd.DataFrame, Labels]:
    """A table of one's own to change, and labels that have nothing to do with it."""
    tracks, y = _honest(n, seed)
    return tracks.copy(), y.copy()


@cache
def _honest(n: int, seed: int) -> tuple[pd.DataFrame, Labels]:
    """A valid tracks table with every column, some cells missing, and labels that have nothing to do with it."""
    rng = np.random.default_rng(seed)
    day = [f"{year}-{month:02}-11" for year, month in zip(*rng.integers((1960, 1), (2024, 13), (n, 2)).T, strict=True)]
    heard = pd.to_timedelta(rng.integers(0, 3000 * 86400, n), unit="s")
    table = pd.DataFrame(rng.random((n, len(AUDIO_FEATURES))), columns=list(AUDIO_FEATURES)).assign(
        duration_ms=rng.integers(90_000, 400_000, n),
        key=rng.integers(0, 12, n),
        mode=rng.integers(0, 2, n),
        tempo=rng.uniform(60, 200, n),
        time_signature=rng.choice([3, 4], n),
        loudness=rng.uniform(-30, 0, n),
        track_id=["".join(letters) for letters in rng.choice(LETTERS, (n, 22))],
        track_name=[f"Song {number}" for number in rng.integers(0, 100 * n, n)],
        artist_name=[f"Artist {number}" for number in rng.integers(0, n // 4, n)],
        album_name=[f"Album {number}" for number in rng.integers(0, n // 2, n)],
        release_date=[date[:length] for date, length in zip(day, rng.choice([4, 10], n), strict=True)],
        isrc=[
            f"{land}{number:010}" for land, number in zip(rng.choice(["US", "GB"], n), rng.permutation(n), strict=True)
        ],
        explicit=rng.random(n) < 0.2,
        popularity=rng.integers(0, 101, n),
        genres=[";".join(f"genre {number}" for number in some) for some in rng.integers(0, 12, (n, 3))],
        added_at=pd.Timestamp("2016-01-01", tz="UTC") + heard,
    )
    for name in ("popularity", "genres", "added_at", "release_date", "album_name", "energy"):
        table[name] = table[name].mask(rng.random(n) < 0.1)
    tracks, _ = validate(table)
    assert len(tracks) == n
    assert set(tracks) == set(COLUMNS) - {"weight", "liked"}
    return tracks, rng.permutation(np.arange(n) % 2)


def kinds(leaks: tuple[Leak, ...]) -> set[tuple[str, str, str]]:
    """What was found, without how strong."""
    return {(leak.feature, leak.kind, leak.severity) for leak in leaks}


def middle(tracks: pd.DataFrame, y: Labels) -> None:
    """Likes are in the middle of the range, skips at both ends of it."""
    ends = tracks["valence"].rank(pct=True)
    tracks["energy"] = np.where(y == 1, 0.3 + 0.4 * ends, np.where(ends < 0.5, 0.5 * ends, 0.5 + 0.5 * ends))


def day(tracks: pd.DataFrame, y: Labels) -> None:
    """Skips were all imported within a minute, in the middle of the likes' years."""
    import_ = pd.Timestamp("2020-02-02T12:00:00Z") + pd.to_timedelta(np.arange(len(y)) % 60, unit="s")
    tracks["added_at"] = tracks["added_at"].where(pd.Series(y == 1), pd.Series(import_).dt.as_unit("us"))


def midnight(tracks: pd.DataFrame, y: Labels) -> None:
    """Likes were exported with the day alone."""
    tracks["added_at"] = tracks["added_at"].where(pd.Series(y == 0), tracks["added_at"].dt.floor("D"))


def put(tracks: pd.DataFrame, y: Labels, name: str, liked: object, skipped: object) -> None:
    """One value for likes, another for skips; a Series keeps its rows."""
    values = [pd.Series([value] * len(y)) if not isinstance(value, pd.Series) else value for value in (liked, skipped)]
    tracks[name] = values[0].where(pd.Series(y == 1), values[1]).astype(tracks[name].dtype)


def times(first: str, y: Labels, days: int) -> "pd.Series[str]":
    """Dates one after the other."""
    return pd.Series(pd.Timestamp(first) + pd.to_timedelta(np.arange(len(y)) * days, unit="D")).dt.strftime("%Y-%m-%d")


def odd_lengths(tracks: pd.DataFrame) -> "pd.Series[str]":
    """Ids of 12 to 44 characters."""
    lengths = 12 + (tracks["duration_ms"] % 33).astype(int)
    return pd.Series([(2 * name)[:length] for name, length in zip(tracks["track_id"], lengths, strict=True)])


def counting(template: str, n: int, first: int) -> "pd.Series[str]":
    """Numbered ids."""
    return pd.Series([template.format(first + place) for place in range(n)])


PLANTED: dict[str, tuple[Callable[[pd.DataFrame, Labels], None], tuple[str, str, str]]] = {
    "popularity, higher": (
        lambda t, y: put(t, y, "popularity", t["popularity"] / 2 + 50, t["popularity"] / 3),
        ("popularity", "value", "warning"),
    ),
    "tempo, lower": (
        lambda t, y: put(t, y, "tempo", t["tempo"] - 50, t["tempo"] + 100),
        ("tempo", "value", "warning"),
    ),
    "energy, in the middle": (middle, ("energy", "value", "warning")),
    "explicit": (lambda t, y: put(t, y, "explicit", True, False), ("explicit", "value", "warning")),
    "artist": (
        lambda t, y: put(t, y, "artist_name", "Ann;" + t["track_id"], "BØB feat. " + t["track_id"]),
        ("artist_name", "value", "warning"),
    ),
    "genres as they are": (lambda t, y: put(t, y, "genres", "rock", "pop"), ("genres", "value", "warning")),
    "a genre among others": (
        lambda t, y: put(t, y, "genres", "pop;" + t["genres"].fillna("jazz"), t["genres"].fillna("jazz")),
        ("genres", "value", "warning"),
    ),
    "genres of likes only": (
        lambda t, y: put(t, y, "genres", t["genres"].fillna("jazz"), None),
        ("genres", "missing", "warning"),
    ),
    "album": (lambda t, y: put(t, y, "album_name", "Mine", "Chart"), ("album_name", "value", "note")),
    "length of title": (
        lambda t, y: put(t, y, "track_name", t["track_name"], t["track_name"] + " - Remastered"),
        ("track_name", "value", "note"),
    ),
    "release year": (
        lambda t, y: put(t, y, "release_date", times("2010-12-01", y, days=30), times("2010-11-30", y, days=-30)),
        ("release_date", "date", "warning"),
    ),
    "precision of release date": (
        lambda t, y: put(t, y, "release_date", t["release_date"].str[:4], t["release_date"].str[:4] + "-01-01"),
        ("release_date", "date", "note"),
    ),
    "skips added first": (
        lambda t, y: put(t, y, "added_at", t["added_at"] + pd.Timedelta(days=3001), t["added_at"]),
        ("added_at", "date", "note"),
    ),
    "skips added within a minute": (day, ("added_at", "date", "note")),
    "likes added at midnight": (midnight, ("added_at", "date", "note")),
    "skips without an id": (
        lambda t, y: put(t, y, "track_id", t["track_id"], counting("local:{:016x}", len(t), 2**62)),
        ("track_id", "id", "note"),
    ),
    "ids of another length": (
        lambda t, y: put(t, y, "track_id", t["track_id"].str[:12], t["track_id"]),
        ("track_id", "id", "note"),
    ),
    "ids with a prefix": (
        lambda t, y: put(t, y, "track_id", "my" + odd_lengths(t), "zz" + odd_lengths(t)),
        ("track_id", "id", "note"),
    ),
    "counted ids": (
        lambda t, y: put(t, y, "track_id", counting("t{}", len(t), 1), counting("t{}", len(t), 1 + len(t))),
        ("track_id", "id", "note"),
    ),
    "land of the isrc": (
        lambda t, y: put(t, y, "isrc", "DE" + t["isrc"].str[2:], "US" + t["isrc"].str[2:]),
        ("isrc", "id", "note"),
    ),
    "popularity of likes only": (
        lambda t, y: put(t, y, "popularity", t["explicit"] * 50.0, None),
        ("popularity", "missing", "warning"),
    ),
    "artists of skips only": (
        lambda t, y: put(t, y, "artist_name", None, t["artist_name"]),
        ("artist_name", "missing", "warning"),
    ),
    "time of likes only": (
        lambda t, y: put(t, y, "added_at", pd.Timestamp(0, tz="UTC"), None),
        ("added_at", "missing", "note"),
    ),
}


@pytest.mark.parametrize("n", [80, 400])
@pytest.mark.parametrize("plant", PLANTED)
def test_a_planted_leak_is_found_and_nothing_else(plant: str, n: int) -> None:
    tracks, y = honest(n)
    change, expected = PLANTED[plant]
    change(tracks, y)
    (leak,) = find_leaks(tracks, y)
    assert kinds((leak,)) == {expected}
    assert 0.95 < leak.auc <= 1
    assert f"{leak.auc:.3f}" in leak.message
    assert leak.feature in leak.message
    assert "same place" in leak.hint
    assert ("split by time" in leak.hint) == (leak.feature == "added_at")


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        ("skips without an id", "whether track_id starts with local: tells"),
        ("skips without an id", "so for skipped ones"),
        ("artist", "going by other tracks of the same value"),
        ("energy, in the middle", "going by other tracks of a similar value"),
        ("release year", "the year of release_date tells"),
        ("skips added first", "over 200 tracks, later for liked ones"),
        ("popularity of likes only", "whether popularity is missing tells"),
    ],
)
def test_the_message_says_in_which_way(plant: str, said: str) -> None:
    tracks, y = honest(200)
    tracks["added_at"] = tracks["added_at"].ffill().bfill()
    PLANTED[plant][0](tracks, y)
    (leak,) = find_leaks(tracks, y)
    assert said in leak.message


@pytest.mark.parametrize(("of_likes", "of_skips", "found"), [(0.95, 0.3, True), (0.3, 0.95, True), (0.7, 0.4, False)])
def test_a_value_that_mostly_one_side_has_is_found_before_it_tells_all(
    of_likes: float, of_skips: float, found: bool
) -> None:
    """Tables put together from two places do not differ in every row: an AUC of .82 by gaps is no taste."""
    tracks, y = honest(400)
    shown = np.random.default_rng(0).random(400) < np.where(y == 1, of_likes, of_skips)
    tracks["popularity"] = tracks["popularity"].where(shown)
    assert kinds(find_leaks(tracks, y)) == ({("popularity", "missing", "warning")} if found else set())


@pytest.mark.parametrize("below", [0, 25, 40])
def test_a_value_that_only_likes_have_is_found_wherever_it_lies(below: int) -> None:
    tracks, y = honest(80)
    spread = np.concatenate([np.linspace(0, 0.4, below), np.linspace(0.6, 1, 40 - below)])
    tracks.loc[y == 0, "speechiness"] = spread
    tracks.loc[y == 1, "speechiness"] = 0.5
    (leak,) = find_leaks(tracks, y)
    assert kinds((leak,)) == {("speechiness", "value", "warning")}
    assert leak.auc == pytest.approx(1.0)


@pytest.mark.parametrize("plant", PLANTED)
def test_the_order_of_rows_changes_nothing_but_what_is_said_of_it(plant: str) -> None:
    tracks, y = honest(200, seed=1)
    PLANTED[plant][0](tracks, y)
    expected = find_leaks(tracks, y)
    for order in (np.random.default_rng(2).permutation(len(y)), np.argsort(y, kind="stable")):
        found = find_leaks(tracks.iloc[order], y[order])
        assert tuple(leak for leak in found if leak.kind != "order") == expected
    assert [leak.severity for leak in found if leak.kind == "order"] == ["harmless"]


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (np.repeat([1, 0], 100), "liked ones first"),
        (np.repeat([0, 1], 100), "liked ones last"),
        (np.repeat([0, 1, 0, 1, 0], 40), "going by"),
    ],
)
def test_sorted_rows_are_told_and_harmless(y: Labels, said: str) -> None:
    (leak,) = find_leaks(honest(200)[0], y)
    assert kinds((leak,)) == {("row order", "order", "harmless")}
    assert said in leak.message
    assert "no harm" in leak.hint


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.sampled_from([20, 40, 60, 100, 200]), share=st.floats(0.05, 0.95))
def test_labels_that_have_nothing_to_do_with_the_table_raise_no_alarm(seed: int, n: int, share: float) -> None:
    tracks, _ = honest(n, seed)
    assert find_leaks(tracks, np.random.default_rng(seed).random(n) < share) == ()


@pytest.mark.parametrize("n", [60, 200])
def test_a_strong_honest_column_is_rarely_a_leak(n: int) -> None:
    # Normal scores a standard deviation and a half apart: the true AUC is Phi(1.5 / sqrt(2)) = 0.856.
    alarms = 0
    for seed in range(12):
        tracks, y = honest(n, seed)
        tracks["loudness"] = np.random.default_rng(seed).standard_normal(n) + 1.5 * y
        alarms += bool(find_leaks(tracks, y))
    assert alarms == 0


@pytest.mark.parametrize("sign", [1, -1])
def test_the_auc_is_that_of_the_tracks_that_have_a_value(sign: int) -> None:
    tracks, y = honest(400, seed=3)
    tracks["loudness"] = sign * (np.random.default_rng(3).standard_normal(400) + 3 * y).round(1)
    tracks.loc[:99, "loudness"] = np.nan
    (leak,) = find_leaks(tracks, y)
    assert leak.n_tracks == 300
    assert leak.auc == pytest.approx(roc_auc_score(y[100:], sign * tracks["loudness"][100:]), abs=1e-12)
    assert leak.message.endswith("higher for liked ones" if sign == 1 else "lower for liked ones")


def test_what_few_tracks_have_is_no_leak() -> None:
    tracks, y = honest(600)
    tracks["popularity"] = np.where(np.arange(600) < 50, 100.0 * y, np.nan)
    assert find_leaks(tracks, y) == ()
    tracks["popularity"] = np.where(np.arange(600) < 100, 100.0 * y, np.nan)
    assert kinds(find_leaks(tracks, y)) == {("popularity", "value", "warning")}


def test_columns_with_the_same_gaps_are_one_leak_of_the_used_one() -> None:
    tracks, y = honest(200)
    tracks[["album_name", "release_date"]] = "2001"
    for name in ("album_name", "explicit", "isrc", "release_date"):
        tracks[name] = tracks[name].mask(pd.Series(y == 0))
    (leak,) = find_leaks(tracks, y)
    assert kinds((leak,)) == {("release_date", "missing", "warning")}
    assert set(leak.alike) == {"album_name", "explicit", "isrc"}
    assert "album_name" in leak.message


def test_warnings_come_before_notes_and_notes_before_what_does_no_harm() -> None:
    tracks, y = honest(200)
    y = np.sort(y)
    for plant in ("skips without an id", "popularity, higher"):
        PLANTED[plant][0](tracks, y)
    assert [leak.severity for leak in find_leaks(tracks, y)] == ["warning", "note", "harmless"]


def test_the_threshold_is_the_callers() -> None:
    tracks, y = honest(600)
    tracks["valence"] = np.clip(0.5 + 0.3 * (y - 0.5) + 0.1 * np.random.default_rng(0).standard_normal(600), 0, 1)
    assert find_leaks(tracks, y, threshold=0.99) == ()
    assert kinds(find_leaks(tracks, y)) == {("valence", "value", "warning")}


def test_a_table_too_small_to_tell_is_silent_and_sixty_tracks_are_enough() -> None:
    tracks, y = honest(60)
    tracks["popularity"] = 100.0 * y
    assert kinds(find_leaks(tracks, y)) == {("popularity", "value", "warning")}
    dozens = np.concatenate([np.flatnonzero(y == label)[:12] for label in (0, 1)])
    assert "popularity" not in {leak.feature for leak in find_leaks(tracks.iloc[dozens], y[dozens])}
    few = np.flatnonzero((y == 1) | (np.cumsum(1 - y) <= 9))
    assert find_leaks(tracks.iloc[few], y[few]) == ()
    assert find_leaks(tracks.iloc[:0], []) == ()
    assert find_leaks(tracks, np.ones(60)) == ()


def test_constants_gaps_and_contradictory_labels_tell_nothing() -> None:
    tracks, y = honest(100)
    for name in tracks.columns.drop("track_id"):
        tracks[name] = tracks[name].iloc[3] if name in {"tempo", "artist_name", "added_at", "explicit"} else None
    tracks = tracks.astype(honest(100)[0].dtypes.to_dict())
    tracks["tempo"] = tracks["tempo"].fillna(100.0)
    assert find_leaks(tracks, y) == ()
    twins, y = honest(50)
    again = pd.concat([twins, twins.assign(track_id="x" + twins["track_id"].str[1:])], ignore_index=True)
    assert find_leaks(again.sample(frac=1, random_state=0), np.resize(y, 100)) == ()


def test_the_table_stays_as_it_was_and_its_label_is_not_looked_at() -> None:
    tracks, y = honest(100)
    with_label = tracks.assign(liked=pd.Series(y, dtype="Int8"))
    before = with_label.copy(deep=True)
    assert find_leaks(with_label, y) == find_leaks(tracks, y) == ()
    pdt.assert_frame_equal(with_label, before)


def test_gaps_of_dates_told_under_another_name_also_speak_of_the_split() -> None:
    tracks, y = honest(100)
    for name in ("added_at", "popularity"):
        tracks[name] = tracks[name].bfill().ffill().mask(pd.Series(y == 0))
    (leak,) = find_leaks(tracks, y)
    assert (leak.feature, leak.alike) == ("popularity", ("added_at",))
    assert "split by time" in leak.hint


def other_values(tracks: pd.DataFrame, name: str) -> pd.DataFrame:
    """The table with every value of one column exchanged for another that it may have."""
    column = tracks[name]
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return tracks.assign(**{name: column + pd.Timedelta(days=400)})
    if pd.api.types.is_bool_dtype(column.dtype):
        return tracks.assign(**{name: ~column})
    if pd.api.types.is_numeric_dtype(column.dtype):
        return tracks.assign(**{name: (COLUMNS[name].low + COLUMNS[name].high) - column})
    new = "1955" if name == "release_date" else [f"another {row}" for row in range(len(tracks))]
    return tracks.assign(**{name: pd.Series(new, index=tracks.index, dtype=column.dtype)})


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_is_used_where_it_changes_what_models_read(name: str) -> None:
    # The catalogue has the same artists but none of the tracks, so nothing depends on how they are identified.
    tracks, y = honest(200)
    tracks = tracks.assign(weight=1.0 + y, liked=pd.Series(y, dtype="Int8"))
    profiles = ArtistProfiles.build(catalogue=honest(200, seed=9)[0], deviations=True)

    def read(table: pd.DataFrame) -> pd.DataFrame:
        return input_table(profiles.attach(table)).assign(genres=genre_texts(table))

    assert set(read(tracks)) == {*INPUTS, "genres"}
    assert read(tracks).equals(read(other_values(tracks, name))) == (name not in USED)


def test_models_read_columns_of_the_schema_only() -> None:
    assert set(COLUMNS) > USED


def test_labels_that_count_differently_are_no_leak() -> None:
    tracks, y = honest(100)
    for weight in (np.where(y == 1, 3.0, 1.0), np.where(y == 1, np.nan, 0.5)):
        assert find_leaks(tracks.assign(weight=weight), y) == ()


@pytest.mark.parametrize("y", [np.zeros(59), np.full(60, 2), np.full(60, np.nan), np.zeros((60, 1))])
def test_other_labels_are_refused(y: npt.ArrayLike) -> None:
    with pytest.raises(ValueError, match="60 labels of 0 and 1"):
        find_leaks(honest(60)[0], y)


@pytest.mark.parametrize("threshold", [0.5, 1.0, float("nan")])
def test_other_thresholds_are_refused(threshold: float) -> None:
    tracks, y = honest(60)
    with pytest.raises(ValueError, match="threshold"):
        find_leaks(tracks, y, threshold=threshold)


def test_the_kaggle_table_is_sorted_by_label_and_has_no_other_leak(kaggle_csv: Path) -> None:
    tracks = labelled(validate(open_source(str(kaggle_csv)).read().tracks)[0])
    y = tracks["liked"].to_numpy(dtype=np.int64)
    (leak,) = find_leaks(tracks, y)
    assert kinds((leak,)) == {("row order", "order", "harmless")}
    assert leak.auc == pytest.approx(1.0)
    shuffled = np.random.default_rng(0).permutation(len(y))
    assert find_leaks(tracks.iloc[shuffled], y[shuffled]) == ()


@pytest.mark.parametrize("seed", [0, 1])
def test_the_demo_listener_has_no_leak(seed: int) -> None:
    tracks = labelled(validate(open_source("demo", seed=seed).read().tracks)[0])
    assert find_leaks(tracks, tracks["liked"].to_numpy(dtype=np.int64)) == ()


def test_twenty_thousand_tracks_do_not_keep_anyone_waiting() -> None:
    tracks, y = honest(20_000)
    started = time.process_time()
    assert find_leaks(tracks, y) == ()
    assert time.process_time() - started < 2, "half a second on an idle machine"

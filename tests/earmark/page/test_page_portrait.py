"""The taste portrait on made-up tables of which the answer is known, and over HTTP."""

import json
import re
import time
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy import stats

from earmark.feature_words import value_in_words
from earmark.page.portrait.answer import Portrait, portrait
from earmark.page.portrait.certainty import reliability
from earmark.page.portrait.contrasts import clustered_auc
from earmark.page.portrait.distributions import distribution
from earmark.page.portrait.drawing_distributions import distribution_chart
from earmark.page.portrait.drawing_map import map_chart
from earmark.page.portrait.drift import drift, holm, rank_correlation
from earmark.page.portrait.pages import draw
from earmark.page.portrait.plane import features_of, fit_plane, sample, unlike
from earmark.page.portrait.taste_table import TasteTable
from earmark.page.portrait.unknown import candidate_gaps
from earmark.page.portrait.wording import SCALES
from earmark.training_tables import save_table, table_file
from experiments.bootstrap import intervals
from experiments.metrics import roc_auc
from features.background import BACKGROUND

RUN_ID = "0123456789abcdef0123456789abcdef"
FloatArray = npt.NDArray[np.float64]


def made_up(
    n: int = 400, *, seed: int = 0, per_artist: int = 4, louder: float = 0.0, dates: bool = True
) -> pd.DataFrame:
    """A table without any taste in it, but for likes that are so many dB louder."""
    rng = np.random.default_rng(seed)
    liked = rng.permutation(n) % 2
    fractions = ("acousticness", "danceability", "energy", "instrumentalness", "liveness", "speechiness", "valence")
    table = pd.DataFrame({name: rng.beta(2, 2, n) for name in fractions})
    table["loudness"] = np.clip(rng.normal(-9, 3, n) + louder * liked, -60, 0)
    table["tempo"] = rng.uniform(70, 180, n)
    table["duration_ms"] = rng.uniform(120_000, 360_000, n)
    table["key"], table["mode"] = rng.integers(0, 12, n).astype(float), rng.integers(0, 2, n).astype(float)
    table["time_signature"] = 4.0
    table.insert(0, "track_id", [f"local:{number:08d}" for number in rng.permutation(n)])
    table["track_name"] = [f"Title {row}" for row in range(n)]
    table["artist_name"] = [f"Artist {row // per_artist}" for row in range(n)]
    if dates:
        table["added_at"] = pd.Timestamp("2023-01-01", tz="UTC") + pd.to_timedelta(rng.uniform(0, 1000, n), unit="D")
    table["liked"] = pd.array(liked, dtype="Int8")
    table["like_probability"] = np.clip(0.5 + 0.2 * (liked - 0.5) + rng.normal(0, 0.2, n), 0.01, 0.99)
    table["held_out"] = rng.random(n) < 0.3
    return table


def test_louder_likes_are_said_to_be_louder_and_nothing_else_is() -> None:
    found = portrait(made_up(louder=4.0)).portrait
    first = found.differences[0]
    assert (first.feature, first.kind, first.clear) == ("loudness", "level", True)
    assert first.low < first.delta < first.high
    assert first.delta == pytest.approx(2 * stats.norm.cdf(4 / (3 * 2**0.5)) - 1, abs=0.08)
    liked, others = (value_in_words("loudness", value) for value in (first.liked, first.others))
    assert found.summary == [f"You like tracks that are louder (median {liked} against {others})."]
    quieter = portrait(made_up(louder=-4.0)).portrait
    assert quieter.summary[0].startswith("You like tracks that are quieter (median")


def test_a_taste_for_the_middle_is_said() -> None:
    table = made_up()
    liked = (table["liked"] == 1).to_numpy()
    table["energy"] = np.where(liked, 0.5 + (table["energy"] - 0.5) / 4, table["energy"])
    (said,) = portrait(table).portrait.summary
    assert said.startswith("Your likes keep nearer to the middle than your skips in energy (median distance 0.0")
    table["energy"] = np.where(liked, table["energy"], 0.5 + (table["energy"] - 0.5) / 40)
    (said,) = portrait(table).portrait.summary
    assert said.startswith("Your likes lie farther from the middle than your skips in energy")


def test_differences_are_hardly_ever_said_of_tables_without_any() -> None:
    said = [portrait(made_up(200, seed=seed, dates=False)).portrait.summary for seed in range(40)]
    nothing = ["No single feature tells your likes from your skips with certainty."]
    assert sum(lines != nothing for lines in said) <= 6  # 5 % each: more than 6 of 40 happens once in 300 times


def test_the_order_of_rows_does_not_matter() -> None:
    table = made_up(300, louder=2.0)
    table.loc[5, "tempo"] = np.nan
    found = portrait(table).portrait
    shuffled = portrait(table.sample(frac=1, random_state=1).reset_index(drop=True)).portrait
    assert shuffled == found
    assert draw(shuffled) == draw(found)


def test_the_map_is_that_of_numpys_svd_up_to_signs() -> None:
    table = TasteTable.of(made_up(250, louder=3.0))
    plane = fit_plane(table)
    spread = plane.standardised(features_of(table, plane.features))
    left, sizes, right = np.linalg.svd(spread - spread.mean(axis=0))
    placed = plane.place(features_of(table, plane.features))
    for axis in (0, 1):
        assert abs(plane.loadings[axis] @ right[axis]) == pytest.approx(1)
        assert np.abs(placed[:, axis]) == pytest.approx(np.abs(left[:, axis] * sizes[axis]))
        assert (plane.loadings[axis] ** 3).sum() > 0
    assert plane.shares == pytest.approx(tuple(sizes[:2] ** 2 / (sizes**2).sum()))


def test_the_map_is_that_of_scikit_learn_and_its_axes_are_named() -> None:
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(3)
    table = made_up(400)
    common = rng.normal(size=400)
    table["energy"] = 0.5 + 0.1 * common + rng.normal(0, 0.01, 400)
    table["loudness"] = -10 + 2 * common + rng.normal(0, 0.2, 400)
    table["acousticness"] = 0.5 - 0.1 * common + rng.normal(0, 0.01, 400)
    drawn = portrait(table)
    assert set(drawn.portrait.map.x.high.split(", ")) == {"more energy", "louder", "less acoustic"}
    assert set(drawn.portrait.map.x.low.split(", ")) == {"less energy", "quieter", "more acoustic"}
    spread = drawn.plane.standardised(features_of(drawn.table, drawn.plane.features))
    theirs = PCA(n_components=2, svd_solver="full").fit_transform(spread)
    ours = np.array([[point.x, point.y] for point in drawn.portrait.map.points])
    assert np.abs(ours) == pytest.approx(np.abs(theirs), abs=1e-4)
    assert drawn.plane.features == SCALES


def test_a_large_table_is_sampled_with_its_share_of_likes() -> None:
    liked = np.arange(5000) < 500
    rows = sample(liked, 2000)
    assert len(rows) == len(set(rows.tolist())) == 2000
    assert liked[rows].sum() == 200
    assert sample(liked[:100], 2000).tolist() == list(range(100))


def test_candidates_that_sound_like_nothing_judged_are_found() -> None:
    table = made_up(500)
    taste = TasteTable.of(table)
    plane = fit_plane(taste)
    alike = made_up(1000, seed=7).drop(columns=["liked", "like_probability", "held_out"])
    assert unlike(taste, plane, plane.read(alike)).mean() == pytest.approx(0.05, abs=0.04)
    strange = alike.assign(loudness=-30.0, instrumentalness=1.0, tempo=40.0, duration_ms=900_000.0)
    strange["artist_name"] = [f"Stranger {row // 5}" for row in range(1000)]
    strange.loc[0, "artist_name"] = "Artist 0"
    found = candidate_gaps(taste, plane, strange, list_id="file-1", title="Strange")
    assert found.n_unlike > 990
    assert (found.n_new_artists, found.n_named) == (200, 201)
    assert len(found.points) == 500
    assert found.said[1] == "Of its 201 artists, 200 (100\N{NO-BREAK SPACE}%) were never judged."
    assert f"{found.n_unlike:,} tracks of 1,000 in Strange" in found.said[0]
    assert candidate_gaps(taste, plane, strange.head(0)).points == []


def test_drift_is_found_and_said() -> None:
    table = made_up(600)
    days = (table["added_at"] - table["added_at"].min()).dt.days.to_numpy()
    table["valence"] = np.clip(0.8 - days / 2000 + np.random.default_rng(0).normal(0, 0.1, 600), 0, 1)
    found = drift(TasteTable.of(table))
    first = found.trends[0]
    assert (first.feature, first.drifts) == ("valence", True)
    assert first.rho < -0.5
    assert found.said.startswith("Your likes have become darker (rank correlation with time \N{MINUS SIGN}0.")
    assert [trend.feature for trend in found.trends if trend.drifts] == ["valence"]
    running = first.running
    assert running[0].median > running[-1].median + 0.2
    assert all(moment.low <= moment.median <= moment.high for moment in running)
    assert sum(quarter.liked for quarter in found.quarters) == 300
    assert [quarter.quarter for quarter in found.quarters][:2] == ["2023 Q1", "2023 Q2"]


def test_shuffled_dates_drift_at_the_stated_rate_even_where_artists_are_liked_in_one_go() -> None:
    rng = np.random.default_rng(5)
    table = made_up(240, per_artist=6)
    sound = np.repeat(rng.uniform(0.1, 0.9, (40, 3)), 6, axis=0)
    for place, name in enumerate(("energy", "valence", "danceability")):
        table[name] = sound[:, place]
    alarms, runs = 0, 100
    for _ in range(runs):
        day = np.repeat(rng.uniform(0, 900, 40), 6)  # all of an artist's tracks on one day
        table["added_at"] = pd.Timestamp("2022-01-01", tz="UTC") + pd.to_timedelta(day, unit="D")
        found = drift(TasteTable.of(table))
        alarms += any(trend.drifts for trend in found.trends)
        assert ("by more than chance" in found.said) is not any(trend.drifts for trend in found.trends)
    assert alarms <= 12  # 5 % are 5; more than 12 happens once in 600 times


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"added_at": pd.NaT}, "No dates"),
        ({"added_at": pd.Timestamp("2024-05-05", tz="UTC")}, "All dates lie within 0 days"),
        ({"artist_name": "One and the same"}, "Likes of 1 artists have a date, fewer than 20"),
    ],
)
def test_where_nothing_can_be_said_of_drift_that_is_said(change: dict[str, Any], said: str) -> None:
    found = portrait(made_up(120).assign(**change)).portrait
    assert found.drift.said.startswith(said)
    assert found.drift.trends == []
    assert portrait(made_up(120, dates=False)).portrait.drift.quarters == []


def test_correlation_and_correction_are_scipys_and_holms() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=30), rng.integers(0, 5, 30).astype(float)
    theirs = stats.spearmanr(x, y)
    assert rank_correlation(x, y) == pytest.approx((theirs.statistic, theirs.pvalue))
    assert rank_correlation(x, np.ones(30)) == (0.0, 1.0)
    assert rank_correlation(x, x) == (1.0, 0.0)
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_the_area_under_the_curve_and_its_interval() -> None:
    rng = np.random.default_rng(2)
    artist = np.repeat(np.arange(80), 6)
    taste = np.repeat(rng.normal(size=80), 6)
    liked = rng.random(480) < 1 / (1 + np.exp(-2 * taste))
    score = np.round(1 / (1 + np.exp(-(taste + rng.normal(size=480)))), 2)
    value, low, high = clustered_auc(liked, score, artist)
    assert value == pytest.approx(roc_auc(liked.astype(int), score))
    by_draws = intervals(liked.astype(int), score, 0.5, groups=artist, n=400)["roc_auc"]
    assert (low, high) == pytest.approx(by_draws, abs=0.015)
    alone = clustered_auc(liked, score, np.arange(480))
    assert alone[2] - alone[1] < 0.9 * (high - low)
    assert clustered_auc(liked, liked.astype(float), artist) == (1.0, 1.0, 1.0)
    assert clustered_auc(liked, score, np.zeros(480, dtype=np.int64))[1:] == (0.0, 1.0)


def test_calibration_is_counted_in_tenths() -> None:
    probability = np.array([0.05] * 100 + [0.55] * 50 + [1.0])
    liked = np.concatenate([np.arange(100) < 10, np.arange(50) < 40, [True]])
    low, half, sure = reliability(liked, probability)
    assert (low.n, low.like_probability, low.liked) == (100, pytest.approx(0.05), 0.1)
    theirs = stats.binomtest(10, 100).proportion_ci(0.9, method="wilson")
    assert (low.low, low.high) == pytest.approx((theirs.low, theirs.high), abs=1e-4)
    assert (half.n, half.liked, sure.n) == (50, 0.8, 1)


def test_certainty_counts_what_it_says() -> None:
    table = made_up(500)
    table["like_probability"] = [0.5, 0.45, 0.95, 0.05, 1.0] * 100
    table.loc[7, "like_probability"] = np.nan
    found = portrait(table).portrait
    assert found.certainty.n == sum(found.certainty.liked) + sum(found.certainty.others) == 499
    assert found.certainty.unsure == pytest.approx(200 / 499)
    assert [area.rows for area in found.certainty.roc_auc] == ["held out", "out of fold"]
    surprises = found.certainty.surprises
    assert [one.liked for one in surprises] == [True] * 5 + [False] * 5
    assert {one.like_probability for one in surprises} == {0.05, 1.0}
    assert any(gap.kind == "no prediction" and gap.n == 1 for gap in found.gaps)


def test_bins_are_shared_and_add_up() -> None:
    values = np.array([0.0, 0.1, 0.5, 1.0, np.nan, 0.9])
    found = distribution("energy", values, np.array([True, True, False, False, True, False]))
    assert found.edges == pytest.approx(np.linspace(0, 1, 26))
    assert (sum(found.liked.shares), sum(found.others.shares)) == pytest.approx((1, 1))
    assert (found.liked.n, found.others.n, found.n_missing) == (2, 3, 1)
    assert found.liked.shares[0] == found.liked.shares[2] == 0.5
    keys = distribution("key", np.array([0.0, 0.0, 11.0]), np.array([True, True, False]))
    assert keys.edges == list(range(12))
    assert (keys.liked.shares[0], keys.others.shares[11]) == (1.0, 1.0)
    assert keys.liked.median is None


def test_medians_are_labelled_within_the_picture_and_apart() -> None:
    rng = np.random.default_rng(0)
    for feature, low, high in (("loudness", -20, -2), ("energy", 0, 1), ("tempo", 60, 200)):
        for _ in range(100):
            liked, others = rng.uniform(low, high, 2)
            values = np.concatenate([np.full(50, liked), np.full(50, others), np.linspace(low, high, 20)])
            chart = distribution_chart(distribution(feature, values, np.arange(120) < 50), "skipped")
            labels = [text for text in chart.texts if text.y < 20]
            spans = []
            for text in labels:
                room = 7.0 * len(text.text)
                spans.append((text.x - room, text.x) if text.anchor == "end" else (text.x, text.x + room))
            assert all(start >= 0 and end <= chart.width for start, end in spans), labels
            assert len(spans) == 1 or spans[0][1] < spans[1][0], labels


def test_likes_alone_are_set_against_background_and_never_called_skips() -> None:
    table = made_up(louder=4.0)
    drawn_from = np.where(table["liked"] == 1, None, "catalogue")
    table[BACKGROUND] = pd.Series(drawn_from, index=table.index, dtype="str")
    found = portrait(table).portrait
    assert found.others == "background"
    assert found.summary[0].startswith("Your likes are louder (median ")
    assert found.summary[0].endswith("set against background tracks, which you have not judged.")
    pictures = draw(found)
    words = [*found.summary, found.drift.said, *found.certainty.said, *(gap.said for gap in found.gaps)]
    words += [pictures.map.said, pictures.probability.said, *(chart.said for _, chart in pictures.features)]
    assert not [line for line in words if "skip" in line]
    assert all(one.liked for one in found.certainty.surprises)


def test_gaps_of_a_table_are_counted() -> None:
    table = made_up(100, per_artist=2)
    table.loc[:9, "tempo"] = np.nan
    table.loc[:2, "energy"] = np.nan
    table.loc[0, "artist_name"] = None
    found = {gap.kind: gap for gap in portrait(table).portrait.gaps}
    assert found["missing features"].n == 10
    assert found["missing features"].said.endswith("lack an audio feature: tempo (10) and energy (3).")
    assert (found["artists seen once"].n, found["artists seen once"].of) == (1, 50)
    assert found["no artist"].n == 1


@pytest.mark.parametrize("lacking", [["tempo", "key", "mode"], ["artist_name"], [*SCALES[1:]], ["track_name"]])
def test_tables_that_lack_much_still_have_a_portrait(lacking: list[str]) -> None:
    table = made_up(60, dates=False).assign(**dict.fromkeys(lacking, None)).drop(columns="held_out")
    for name in set(lacking) & set(SCALES):
        table[name] = table[name].astype(float)
    found = portrait(table).portrait
    again = json.loads(found.model_dump_json(), parse_constant=lambda constant: pytest.fail(f"JSON has {constant}"))
    assert Portrait.model_validate(again) == found
    assert draw(found).map.paths


def test_marks_on_the_map_tell_label_and_probability() -> None:
    table = made_up(40)
    table["like_probability"] = np.where(table["liked"] == 1, 0.99, 0.01)
    table.loc[0, "like_probability"] = np.nan
    chart = map_chart(portrait(table).portrait.map, None, "skipped")
    kinds = {path.kind: path.d.count("M") for path in chart.paths if path.kind.startswith("point")}
    unknown = "point dot unknown" if table.loc[0, "liked"] == 1 else "point cross unknown"
    assert set(kinds) == {"point dot p8", "point cross p0", unknown}
    assert sum(kinds.values()) == 40


def test_five_thousand_tracks_take_less_than_two_seconds() -> None:
    table = made_up(5000, louder=1.0)
    began = time.process_time()
    found = portrait(table)
    draw(found.portrait)
    candidate_gaps(found.table, found.plane, table.head(1000))
    assert time.process_time() - began < 2.0


def test_json_has_the_portrait_of_the_champion(served: Any, demo_tracks: pd.DataFrame) -> None:
    answer = served.browser.get(f"{served.url}/api/v1/portrait", params={"list": "demo"}, timeout=60)
    assert answer.status_code == 200
    found = answer.json()
    assert (found["n_tracks"], found["n_liked"]) == (len(demo_tracks), int(demo_tracks["liked"].sum()))
    assert found["candidates"]["n_candidates"] == 294
    assert len(found["map"]["points"]) == len(demo_tracks)
    without = served.browser.get(f"{served.url}/api/v1/portrait", params={"list": ""}, timeout=60).json()
    assert without["candidates"] is None
    assert {**found, "candidates": None} == without


def test_a_table_that_changes_is_drawn_anew_and_one_that_is_gone_is_said_to_be(served: Any) -> None:
    save_table(served.home, RUN_ID, made_up(louder=4.0), "made up")
    found = served.browser.get(f"{served.url}/api/v1/portrait", timeout=60).json()
    assert "louder" in found["summary"][0]
    page = served.browser.get(f"{served.url}/portrait", timeout=60).text
    assert found["summary"][0] in page
    table_file(served.home, RUN_ID).write_bytes(b"not a table")
    damaged = served.browser.get(f"{served.url}/api/v1/portrait", timeout=60)
    assert damaged.status_code == 422
    assert "cannot be read" in damaged.json()["error"]
    table_file(served.home, RUN_ID).unlink()
    gone = served.browser.get(f"{served.url}/api/v1/portrait", timeout=60)
    assert gone.status_code == 404
    assert "not kept on this machine" in gone.json()["error"]
    assert served.browser.get(f"{served.url}/portrait", timeout=60).status_code == 404


def test_whose_taste_it_is_is_said(served: Any) -> None:
    def shown() -> str:
        return str(served.browser.get(f"{served.url}/portrait", params={"list": ""}, timeout=60).text)

    assert "<h1>Your taste</h1>" in shown()
    file = served.home.rankers / RUN_ID / "ranker.json"
    about = json.loads(file.read_text())
    file.write_text(json.dumps({**about, "info": {**about["info"], "source": "demo"}}))
    save_table(served.home, RUN_ID, made_up(louder=4.0), "demo")
    found = served.browser.get(f"{served.url}/api/v1/portrait", timeout=60).json()
    assert found["listener"] == "demo"
    assert found["summary"][0].startswith("The demo listener likes tracks that are louder (median")
    text = shown()
    assert "<h1>The demo listener&#39;s taste</h1>" in text
    notice = text.partition('<p class="notice">')[2].partition("</p>")[0]
    words = re.sub("<[^>]*>", " ", text.partition("<main")[2].replace(notice, ""))
    assert "invented listener" in notice
    assert not re.findall(r"\b[Yy]ours?\b|\b[Yy]ou\b", words)


@pytest.mark.parametrize("query", [{"list": "nothing"}, {"model": "nobody"}, {"model": "f" * 32}, {"list": "../etc"}])
def test_what_is_not_there_is_not_found(served: Any, query: dict[str, str]) -> None:
    for path in ("/api/v1/portrait", "/portrait"):
        assert served.browser.get(f"{served.url}{path}", params=query, timeout=60).status_code == 404


def test_titles_from_strangers_are_text(served: Any) -> None:
    table = made_up(200).assign(track_name="<script>alert(1)</script>", artist_name="</svg><b>")
    save_table(served.home, RUN_ID, table, "made up")
    page = served.browser.get(f"{served.url}/portrait", timeout=60).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert " style=" not in page

"""The pure parts of the benchmarks of kept promises and of the demo's curve; their splits on disk; not the figures."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from experiments.benchmark import demo_curve, promise_kept
from experiments.benchmark.demo_curve import Point, as_json, deal, figure_of, invent, markdown
from experiments.benchmark.promise_kept import Answer, Bin, Split, Store, bins_of, calibration_error, luck
from experiments.metrics import METRICS

NOBODY = Bin(0, 0, 0.0, 0.0)


def split(number: int, *answers: Answer) -> Split:
    bins = (NOBODY,) * 9 + (Bin(100, 96, 95.0, 4.75),)
    return Split(number, 100, 5.0, 0.9, answers or tuple(Answer(p, 50, 45) for p in (0.7, 0.8, 0.9)), bins)


@pytest.mark.parametrize(
    ("answer", "held"),
    [(Answer(0.9, 10, 9), True), (Answer(0.9, 10, 8), False), (Answer(0.7, 10, 7), True), (Answer(0.9, 0, 0), True)],
)
def test_a_promise_holds_from_what_was_promised(answer: Answer, held: bool) -> None:
    assert answer.held is held


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=60))
def test_the_calibration_error_of_bins_is_that_of_rows(rows: list[tuple[bool, float]]) -> None:
    liked, probability = np.array([like for like, _ in rows]), np.array([p for _, p in rows])
    bins = bins_of(liked, probability)
    assert sum(of.n for of in bins) == len(rows)
    assert calibration_error(bins) == pytest.approx(METRICS["ece"].score(liked, probability), abs=1e-12)


def test_luck_is_the_error_of_honest_probabilities() -> None:
    generator = np.random.default_rng(0)
    probability = generator.random(400)
    errors = [
        METRICS["ece"].score(generator.random(400) < probability, probability) for _ in range(400)
    ]  # drawn from the very probabilities: what remains is chance
    assert luck(bins_of(probability > 2, probability)) == pytest.approx(np.mean(errors), rel=0.05)


def test_figures_say_how_often_promises_were_made_and_held() -> None:
    refused = Answer(0.9, 0, 0, "a precision of 0.9 cannot be promised; ask for 0.85")
    splits = [
        split(0, Answer(0.7, 50, 40), Answer(0.8, 40, 36), refused),
        split(1, Answer(0.7, 60, 45), Answer(0.8, 40, 30), refused),
        split(2, Answer(0.7, 40, 32), Answer(0.8, 0, 0), refused),
    ]
    at_7, at_8, at_9, pooled, mean, seconds = promise_kept.figures(splits, ("tree", "extra_trees"))
    assert all("trials=1, tree + extra_trees, 3 splits" in figure.name for figure in (at_7, at_8, at_9, pooled, mean))
    assert (at_7.measured, at_7.holds) == (1.0, True)
    assert (
        "held in 3 of 3 made, 95 % interval 0.438 to 1.000; mean precision 0.7833, mean share kept 0.500" in at_7.note
    )
    assert (at_8.measured, at_8.holds) == (2 / 3, False)
    assert "nothing kept in 1" in at_8.note
    assert (at_9.measured, at_9.holds) == (None, None)
    assert "out of reach in 3" in at_9.note
    assert "ask for 0.85" in at_9.note
    assert pooled.measured == pytest.approx(0.01)
    assert pooled.holds
    assert mean.measured == pytest.approx(0.01)
    assert f"{math.sqrt(2 / math.pi * 4.75) / 100:.4f}" in mean.note
    assert seconds.measured == 5.0


def test_splits_are_measured_once_and_survive_a_torn_line(tmp_path: Path) -> None:
    store, measured = Store(tmp_path), []

    def measure(number: int) -> Split:
        measured.append(number)
        return split(number)

    assert store.measure(range(2), measure) == [split(0), split(1)]
    with (tmp_path / "splits.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"number": 2, "n_te')
    assert [found.number for found in store.measure(range(4), measure)] == [0, 1, 2, 3]
    assert measured == [0, 1, 2, 3]
    assert store.read() == {number: split(number) for number in range(4)}


def test_what_another_process_is_measuring_is_left_for_last_and_not_measured_again(tmp_path: Path) -> None:
    store, measured = Store(tmp_path), []
    other = FileLock(tmp_path / "split-0.lock")
    other.acquire()

    def measure(number: int) -> Split:
        measured.append(number)
        if number == 1:  # the other one ends meanwhile
            store._append(split(0))
            other.release()
        return split(number)

    assert [found.number for found in store.measure(range(3), measure)] == [0, 1, 2]
    assert measured == [1, 2]


def test_other_data_or_versions_are_measured_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_HOME", str(tmp_path))
    first, same, other = (promise_kept.store_for({"table": table}) for table in ("a", "a", "b"))
    assert first.folder == same.folder != other.folder
    assert first.folder.parent == tmp_path / "mlruns" / "benchmark" / "promise"
    assert json.loads((other.folder / "about.json").read_text())["table"] == "b"


def test_a_split_is_fitted_on_the_one_side_and_judged_on_the_other(demo_tracks: pd.DataFrame) -> None:
    found = promise_kept.measure_split(demo_tracks.head(400), 3, ("tree",))
    assert found.n_test == 80 == sum(of.n for of in found.bins)
    assert 0.5 < found.roc_auc < 1
    assert [answer.promised for answer in found.answers] == [0.7, 0.8, 0.9]
    for answer in found.answers:
        assert 0 <= answer.n_liked <= answer.n_kept <= 80
        assert not answer.refusal or "cannot be promised" in answer.refusal


def point(n_labels: int, roc_auc: float) -> Point:
    return Point(n_labels, roc_auc, 0.9, 5000, 60.0, 61.5, "ensemble", "load 0.1 before, 2.0 after")


def test_the_share_of_the_way_counts_from_guessing() -> None:
    assert point(2000, 0.9).share == 1
    assert point(2000, 0.5).share == 0
    assert point(2000, 0.7).share == pytest.approx(0.5)


def test_the_curve_is_wanted_at_2000_labels_only() -> None:
    assert [figure_of(point(n, 0.85)).holds for n in (100, 2000, 10_000)] == [None, False, None]
    assert figure_of(point(2000, 0.89)).holds
    assert "0.8900 of 0.9000 on 5,000 tracks" in figure_of(point(2000, 0.89)).note


def test_the_curve_is_a_markdown_table_and_data() -> None:
    points = [point(100, 0.7), point(10_000, 0.88)]
    assert markdown(points).splitlines() == [
        "| labels | ROC AUC | best possible | share of the way | seconds |",
        "|---:|---:|---:|---:|---:|",
        "| 100 | 0.7000 | 0.9000 | 50.0 % | 62 |",
        "| 10,000 | 0.8800 | 0.9000 | 95.0 % | 62 |",
    ]
    data = json.loads(as_json(points))
    assert [(entry["n_labels"], round(entry["share"], 6)) for entry in data] == [(100, 0.5), (10_000, 0.95)]


def test_artists_judge_or_are_learned_from_and_smaller_tables_lie_in_larger_ones() -> None:
    tracks = invent(3000)
    table = deal(tracks, n_test=1000)
    assert 1000 <= len(table.test) < 1300
    assert len(table.best) == len(table.test)
    assert not set(table.test["artist_name"]) & set(table.train["artist_name"])
    assert table.test["energy"].notna().all()
    assert "best" not in table.train
    best = tracks.set_index("track_id")["best"].loc[table.test["track_id"]]
    assert np.array_equal(best, table.best)
    likes = METRICS["roc_auc"].score(table.test["liked"].to_numpy(dtype=int), table.best)
    assert 0.85 < likes < 0.97
    runs = (table.train["artist_name"] != table.train["artist_name"].shift()).sum()
    assert runs == table.train["artist_name"].nunique()  # artist by artist


def test_any_number_of_tracks_is_of_one_listener_and_leaves_the_demo_as_it_was() -> None:
    from connectors.demo import listener

    assert len(invent(2500)) == 2500
    assert invent(2500)["artist_name"].nunique() == 375
    assert (listener.N_TRACKS, listener.N_ARTISTS) == (2000, 300)
    assert invent(2000).drop(columns="best").equals(listener.demo_listener(0).tracks)


@pytest.mark.parametrize("arguments", [["--labels", "0"], ["--labels", "20000"], ["--seconds", "0"]])
def test_options_out_of_range_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        demo_curve.main(arguments)
    assert left.value.code == 2
    assert "between 1 and 10000" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        promise_kept.main(["--splits", "0"])

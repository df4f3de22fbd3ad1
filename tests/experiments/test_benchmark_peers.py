"""The bench of ours and its peers: same rows for all, results that are kept, arithmetic of pairs, an honest report."""

import importlib.util
import json
import math
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from xml.dom import minidom

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp
from sklearn.metrics import log_loss, roc_auc_score

from experiments.benchmark import __main__ as bench_command
from experiments.benchmark.peers import fit_ours, store
from experiments.benchmark.peers.columns import COLUMNS, N_FOLDS, folds, read_table, write_fold
from experiments.benchmark.peers.goals import goals
from experiments.benchmark.peers.main import main
from experiments.benchmark.peers.methods import METHODS, Cell, planned
from experiments.benchmark.peers.picture import STYLES, drawn, svg
from experiments.benchmark.peers.report import Stored, gaps, markdown
from experiments.benchmark.peers.running import OUR_MODULE, Bench, missing, run
from experiments.benchmark.peers.scores import corrected_interval, difference, keeping_everything, rows_of
from experiments.benchmark.peers.store import Folder, Result, code_digest, folder_for, our_code, write_atomically
from features.schema import AUDIO_FEATURES, validate
from models.ranker import Ranker

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements-peers.lock", "requirements-peers-torch.lock")


@pytest.fixture(scope="module")
def fit_peer() -> ModuleType:
    """The peers' script, loaded from its file as their environment runs it."""
    spec = importlib.util.spec_from_file_location("fit_peer_alone", store.ROOT / store.PEERS_SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def table(kaggle_csv: Path) -> pd.DataFrame:
    return read_table(kaggle_csv)


def made_up(cell: Cell, shift: float = 0.0, n: int = 60) -> Result:
    """A result of random predictions; a larger ``shift`` is a better method."""
    generator = np.random.default_rng(cell.fold)
    liked = generator.random(n) < 0.5
    score = generator.normal(0, 1, n) + (1 + shift) * (2 * liked - 1)
    probability = 1 / (1 + np.exp(-score))
    labels = tuple(int(label) for label in liked)
    return Result(cell, 4 * n, labels, tuple(map(float, probability)), 61.5, "2026-11-21T10:00:00+00:00", 0.01)


def every_result(shift: float = 0.0) -> list[Result]:
    """Of all that is planned; ours better by ``shift``."""
    return [made_up(cell, shift * METHODS[cell.method].ours) for cell in planned(everything=True)]


def stored(results: list[Result]) -> Stored:
    about = {"machine": store_machine(), "cores": 2, "versions": {"python": "3.11.7", "torch": "2.13.0+cpu"}}
    return Stored(rows_of(results), {"ours": about, "peers": about})


def store_machine() -> dict[str, object]:
    return {"cpu": "a processor", "cores": 2, "memory_gib": 24, "system": "Linux x86_64"}


# Columns and folds


def test_the_folds_are_those_of_the_published_table(table: pd.DataFrame) -> None:
    assert len(table) == 2017
    for column in COLUMNS.values():
        parts = folds(table, column)
        assert len(parts) == N_FOLDS
        tested = np.sort(np.concatenate([test for _, test in parts]))
        assert (tested == np.arange(len(table))).all()
        for train, test in parts:
            assert not set(train) & set(test)
            assert len(train) + len(test) == len(table)
            together = set(table["artist_name"].iloc[train]) & set(table["artist_name"].iloc[test])
            assert bool(together) is not column.unseen_artists
    audio, named = folds(table, COLUMNS["audio"]), folds(table, COLUMNS["artist_name"])
    assert all((one[1] == other[1]).all() for one, other in zip(audio, named, strict=True))


def test_a_fold_shows_what_its_column_allows_and_never_a_test_label(table: pd.DataFrame, tmp_path: Path) -> None:
    train, test = folds(table, COLUMNS["audio"])[1]
    for names in ((), ("artist_name",), ("artist_name", "track_name")):
        paths = write_fold(table, train, test, names, tmp_path)
        written = [pq.read_table(path) for path in paths]
        assert written[0].column_names == [*AUDIO_FEATURES, *names, "liked"]
        assert written[1].column_names == [*AUDIO_FEATURES, *names]
        assert [part.num_rows for part in written] == [len(train), len(test)]
        assert (written[1]["tempo"].to_numpy() == table["tempo"].to_numpy()[test]).all()
        assert all(part.schema.metadata is None for part in written)


# Methods


def test_ours_sees_no_more_than_the_peers_but_for_the_catalogue() -> None:
    peers = {name: METHODS["catboost"].names_in(column) for name, column in COLUMNS.items()}
    assert peers == {"audio": (), "unseen_artists": (), "artist_name": ("artist_name",)}
    for method in METHODS.values():
        seen = {name: method.names_in(COLUMNS[name]) for name in method.columns}
        if "catalogue" in method.options:
            assert len({str(method.options_in(COLUMNS[name])) for name in method.columns}) == 1
            assert set(seen.values()) == {("artist_name", "track_name")}
        else:
            assert seen == {name: peers[name] for name in method.columns}


def test_the_plan_has_the_tables_first_and_obeys_its_filters() -> None:
    cells = planned()
    assert len({cell.key for cell in cells}) == len(cells)
    of_tables = planned(headline=True)
    assert cells[: len(of_tables)] == of_tables
    assert all(cell.budget_s == METHODS[cell.method].headline_s for cell in of_tables)
    assert {cell.budget_s for cell in cells if cell.method == "ours"} == {10.0, 30.0, 60.0, 120.0}
    assert not [cell for cell in cells if cell.method == "xgboost_optuna"]
    assert len(planned(everything=True)) == len(cells) + len(COLUMNS) * N_FOLDS
    assert len(planned(only=["xgboost_optuna"])) == len(COLUMNS) * N_FOLDS
    assert {cell.column for cell in cells if cell.method == "ours_catalogue"} == {"unseen_artists", "artist_name"}
    few = planned(only=["ours", "catboost"], columns=["audio"], fold_numbers=[3], budgets_s=[10])
    assert few == [Cell("audio", "ours", 10.0, 3)]


def test_every_method_can_be_fitted_and_drawn(fit_peer: ModuleType) -> None:
    assert set(fit_peer.PEERS) == {name for name, method in METHODS.items() if not method.ours}
    assert set(STYLES) == set(METHODS)


# The peers' script


def test_the_peers_script_imports_nothing_of_ours() -> None:
    code = (store.ROOT / store.PEERS_SCRIPT).read_text()
    assert not re.search(rf"^\s*(from|import) ({'|'.join(store.ROOMS)})\b", code, re.MULTILINE)


def test_a_peer_never_learns_from_a_name_what_it_may_not(fit_peer: ModuleType, tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    X = pd.DataFrame({"energy": generator.random(40), "artist_name": [f"artist {row}" for row in range(40)]})
    y = np.arange(40) % 2
    X_test = pd.DataFrame({"energy": [0.5, 0.5], "artist_name": ["artist 3", "never heard of"]})
    task = fit_peer.Task(X, y, X_test, None, 1, 0, tmp_path)
    train, test = task.categorical()
    assert list(train["artist_name"].astype(str)) == list(X["artist_name"])
    assert train["artist_name"].dtype == test["artist_name"].dtype
    assert test["artist_name"].isna().tolist() == [False, True]
    encoded, encoded_test = task.encoded()
    # every artist has one track: a share of likes that is cross-fitted knows nothing of that track's own label
    np.testing.assert_allclose(encoded[:, 0], 0.5)
    assert encoded_test[0, 0] > encoded_test[1, 0] == 0.5  # artist 3 was liked; of the other nothing is known


# Results that are kept


def test_a_result_comes_back_as_it_was_written(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "new", {"seed": 0})
    result = made_up(Cell("audio", "catboost", None, 2))
    folder.write(result)
    assert folder.read(result.cell) == result
    assert folder.read(replace(result.cell, fold=3)) is None
    assert sorted(path.name for path in folder.path.iterdir()) == ["about.json", "audio-catboost-own-2.json"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda _: "",
        lambda _: "[]",
        lambda text: json.dumps({**json.loads(text), "probability": [0.5]}),
        lambda text: text.replace('"fold": 2', '"fold": 4'),
        lambda text: text.replace('"n_train"', '"n"'),
    ],
)
def test_a_damaged_result_counts_as_missing(tmp_path: Path, damage: object) -> None:
    folder, result = Folder(tmp_path, {}), made_up(Cell("audio", "catboost", None, 2))
    folder.write(result)
    path = tmp_path / f"{result.cell.key}.json"
    path.write_text(damage(path.read_text()))  # type: ignore[operator]
    assert folder.read(result.cell) is None


def test_a_write_that_fails_leaves_the_old_text(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "new \ud800")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]


def test_other_data_versions_or_code_are_other_results_but_another_machine_is_not(tmp_path: Path) -> None:
    about = {"table": "7f", "versions": {"numpy": "2.4.6"}, "code": "a1", "machine": {"cores": 2}}
    path = folder_for(tmp_path, "peers", about).path
    assert folder_for(tmp_path, "peers", {**about, "machine": {"cores": 64}}).path == path
    others = [{**about, "table": "80"}, {**about, "code": "a2"}, {**about, "versions": {"numpy": "2.5.0"}}]
    paths = {folder_for(tmp_path, "peers", other).path for other in others}
    assert len(paths | {path, folder_for(tmp_path, "ours", about).path}) == 5


def test_code_is_told_apart_by_what_it_does(tmp_path: Path) -> None:
    module = tmp_path / "a.py"

    def digest(code: str) -> str:
        module.write_text(code)
        return code_digest([module], tmp_path)

    assert digest("x = 1\n") == digest("x  =  1  # one\n")
    assert digest("x = 1\n") != digest("x = 2\n")


def test_a_fit_runs_through_no_code_that_its_results_do_not_depend_on() -> None:
    code = "import json, sys, earmark.api, experiments.fitting; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = {name for name in json.loads(done.stdout) if name.split(".")[0] in store.ROOMS}
    counted = {path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in our_code()}
    assert loaded - {name.removesuffix(".__init__") for name in counted} == set()


# Running: the real script, by this environment's Python


@pytest.fixture
def small_bench(table: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A bench of 200 tracks, whose peers run in the environment of the tests."""
    csv = tmp_path / "shared" / "listeners" / "spotifyclassification.csv"
    csv.parent.mkdir(parents=True)
    raw = table.rename(columns={"liked": "target", "artist_name": "artist", "track_name": "song_title"})
    raw.sample(200, random_state=0).to_csv(csv, index=False)
    monkeypatch.setenv("EARMARK_SHARED_DATA", str(tmp_path / "shared"))
    return Bench(csv, tmp_path / "store", Path(sys.executable))


def test_the_bench_goes_on_where_it_was_stopped_and_tells_what_failed(
    small_bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = planned(only=["random_forest"], columns=["artist_name"], fold_numbers=[0, 1])
    assert missing(small_bench, cells) == cells
    running = run(small_bench, cells)
    first = next(running)
    running.close()  # as Ctrl-C between two fits does
    assert missing(small_bench, cells) == cells[1:]
    assert first.cell == cells[0]
    assert roc_auc_score(first.liked, first.probability) > 0.6
    assert (len(first.liked), first.n_train) == (40, 160)

    asked = [
        "peers",
        *("--store", str(small_bench.root), "--docs", str(tmp_path / "docs"), "--peers-python", sys.executable),
        *("--columns", "artist_name", "--folds", "0", "1"),
    ]
    assert bench_command.main([*asked, "--only", "random_forest", "--json"]) == 0
    told = capsys.readouterr()
    assert "1 of 2 fits are there, 1 to do" in told.err
    (row,) = json.loads(told.out)["rows"]
    assert row["folds"] == [0, 1]
    assert missing(small_bench, cells) == []

    # FLAML is in the peers' environment only: a failure is kept, told, and tried again
    assert bench_command.main([*asked, "--only", "flaml", "--folds", "0", "--headline"]) == 1
    told = capsys.readouterr()
    assert "No module named 'flaml'" in told.err
    failed = planned(only=["flaml"], columns=["artist_name"], fold_numbers=[0], headline=True)
    assert missing(small_bench, failed) == failed
    said = (tmp_path / "docs" / "benchmark.md").read_text()
    assert "fold 0 failed:" in said
    assert "random forest, 500 trees: fold 2, 3, 4 not run" in said
    assert str(tmp_path) not in said


def test_ours_is_fitted_through_its_front_door(table: pd.DataFrame, tmp_path: Path) -> None:
    rows = np.random.default_rng(0).permutation(len(table))
    files = write_fold(table, rows[:150], rows[150:250], (), tmp_path)
    asked = ("--train", str(files[0]), "--test", str(files[1]), "--out", str(tmp_path), "--seconds", "1")
    fit_ours.main([*asked, "--options", json.dumps({"models": ["tree"], "split": "random"})])
    probability = pd.read_parquet(tmp_path / "predictions.parquet")["probability"]
    assert len(probability) == 100
    assert roc_auc_score(table["liked"].to_numpy()[rows[150:250]], probability) > 0.55
    assert 0 < json.loads((tmp_path / "answer.json").read_text())["seconds"] < 60
    assert importlib.util.find_spec(OUR_MODULE) is not None


def test_peers_without_an_environment_are_told_how_to_get_one(
    small_bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--store", str(small_bench.root), "--docs", str(tmp_path), "--peers-python", str(tmp_path / "none")]
    assert main([*where, "--only", "flaml"]) == 2
    assert "make bench" in capsys.readouterr().err
    assert main([*where, "--report"]) == 0
    assert "of which there are none yet" in (tmp_path / "benchmark.md").read_text()


def test_rows_of_one_track_are_all_predicted(demo_ranker: Ranker, demo_candidates: pd.DataFrame) -> None:
    features = demo_candidates[list(AUDIO_FEATURES)].head(20).reset_index(drop=True)
    rows = pd.concat([features, features.iloc[[3, 3, 7]]], ignore_index=True)
    assert len(validate(rows)[0]) == 20
    expected = demo_ranker.predict_proba(validate(features)[0])
    np.testing.assert_allclose(
        fit_ours.predicted(demo_ranker, rows), [*expected, expected[3], expected[3], expected[7]]
    )


# The arithmetic of pairs


def test_the_corrected_interval_by_hand() -> None:
    # mean .02, variance .00025, (1/5 + 1/4) x .00025 = .0001125, its root .01060660, times t of 4 degrees 2.7764451
    low, high = corrected_interval([0.01, 0.03, 0.02, 0.00, 0.04], 0.25)
    assert (low, high) == pytest.approx((-0.0094486, 0.0494486), abs=1e-6)


@given(st.lists(st.floats(-0.1, 0.1), min_size=2, max_size=10).filter(lambda values: np.std(values) > 1e-6))
def test_without_overlap_it_is_students_and_with_it_wider(differences: list[float]) -> None:
    low, high = corrected_interval(differences, 0.0)
    plain = ttest_1samp(differences, 0.0).confidence_interval(0.95)
    assert (low, high) == pytest.approx((plain.low, plain.high), abs=1e-9)
    wider = corrected_interval(differences, 0.25)
    assert wider[0] < low <= high < wider[1]


def test_one_fold_has_no_interval() -> None:
    assert all(math.isnan(bound) for bound in corrected_interval([0.01], 0.25))


def test_differences_are_of_the_folds_that_both_have() -> None:
    ours = [made_up(Cell("audio", "ours", 60.0, fold), 0.5) for fold in range(5)]
    theirs = [made_up(Cell("audio", "flaml", 60.0, fold)) for fold in range(5)]
    theirs[1] = replace(theirs[1], probability=(), note="failed")
    row, other = rows_of([*theirs, *ours])
    assert (row.method, other.method) == ("ours", "flaml")
    found, back = difference(row, other, "roc_auc"), difference(other, row, "roc_auc")
    assert found is not None
    assert back is not None
    by_hand = [
        roc_auc_score(ours[fold].liked, ours[fold].probability)
        - roc_auc_score(theirs[fold].liked, theirs[fold].probability)
        for fold in (0, 2, 3, 4)
    ]
    assert found.n_folds == 4
    assert found.mean == pytest.approx(np.mean(by_hand))
    assert (found.low, found.high) == pytest.approx(corrected_interval(by_hand, 0.25))
    assert (-back.high, -back.low) == pytest.approx((found.low, found.high))
    assert difference(row, replace(other, results={1: theirs[1]}), "roc_auc") is None


def test_means_are_scikit_learns() -> None:
    results = [made_up(Cell("audio", "flaml", 60.0, fold)) for fold in range(5)]
    (row,) = rows_of(results)
    assert row.mean("roc_auc") == pytest.approx(np.mean([roc_auc_score(r.liked, r.probability) for r in results]))
    assert row.mean("log_loss") == pytest.approx(np.mean([log_loss(r.liked, r.probability) for r in results]))
    assert row.seconds == 61.5
    everything = keeping_everything(results)
    assert everything["roc_auc"] == 0.5
    assert everything["accuracy"] == pytest.approx(np.mean([np.mean(r.liked) for r in results]))


# The report


def tables_of(text: str) -> list[list[str]]:
    """The tables of a Markdown text, each as its lines."""
    return [block.splitlines() for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)]


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_report_is_whole_and_says_what_is_missing(share: float) -> None:
    everything = every_result()
    chosen = np.random.default_rng(1).random(len(everything)) < share
    results = [result for result, taken in zip(everything, chosen, strict=True) if taken]
    text = markdown(stored(results))
    for lines in tables_of(text):
        assert len({line.count("|") for line in lines}) == 1
    absent = sum(len(numbers) for numbers in gaps(rows_of(results)).values())
    assert absent == len(everything) - len(results)
    assert ("every method was run on every fold" in text) is (share == 1.0)
    assert ("not run" in text) is (share < 1.0)
    assert "nan" not in text
    assert "None" not in text


def test_equal_results_give_an_equal_report_and_picture() -> None:
    results = every_result()
    assert markdown(stored(results)) == markdown(stored(results[::-1]))
    assert svg(rows_of(results)) == svg(rows_of(results[::-1]))


def test_the_table_shows_the_golden_row() -> None:
    # a fold of four tracks: three of the four pairs are ranked right, log loss mean(-ln .8, .6, .6, .9)
    probability = (0.8, 0.6, 0.4, 0.1)
    cells = [Cell("audio", "catboost", None, fold) for fold in range(5)]
    results = [Result(cell, 16, (1, 0, 1, 0), probability, 2.04, "2026-11-21T10:00:00+00:00") for cell in cells]
    text = markdown(stored(results))
    log_of_labels = -(math.log(0.8) + math.log(0.4) + math.log(0.4) + math.log(0.9)) / 4
    assert f"| CatBoost, defaults | 0.7500 | 0.8333 | 0.5000 | {log_of_labels:.4f} |" in text
    assert "| 2.0 | 5 of 5 |" in text
    assert "| keep everything | 0.5000 | 0.5000 | 0.5000 | 0.6931 |" in text


def test_results_of_older_code_and_busy_hours_are_told() -> None:
    results = [replace(result, others_cores=0.9) for result in every_result()]
    text = markdown(replace(stored(results), outdated=("ours",)))
    assert "another version of its code" in text
    assert f"in {len(results)} of {len(results)} fits, whose seconds are upper bounds" in text
    assert "another version of its code" not in markdown(stored(results))


def test_without_torch_the_report_says_what_autogluon_lacked() -> None:
    whole = stored(every_result())
    lacking = {**whole.about["peers"], "versions": {"python": "3.11.7"}}
    assert "without its two networks" in markdown(replace(whole, about={**whole.about, "peers": lacking}))
    assert "without its two networks" not in markdown(whole)


def test_goals_hold_only_of_all_folds() -> None:
    good, bad = goals(rows_of(every_result(5.0))), goals(rows_of(every_result(-0.9)))
    assert all(figure.holds for figure in good)
    assert not any(figure.holds for figure in bad)
    assert all(figure.holds is False for figure in bad)
    some = goals(rows_of([result for result in every_result(5.0) if result.cell.fold != 4]))
    assert all(figure.holds is None and figure.measured is not None for figure in some)
    assert all(figure.holds is None and figure.measured is None for figure in goals([]))
    assert len({figure.name for figure in good}) == len(good)


def test_the_picture_shows_complete_rows_only() -> None:
    results = [result for result in every_result() if (result.cell.method, result.cell.fold) != ("flaml", 2)]
    points = drawn(rows_of(results), COLUMNS["audio"])
    assert "flaml" not in points
    assert len(points["ours"]) == 4
    assert "ours_catalogue" not in points
    for text in (svg(rows_of(results)), svg([])):
        assert len(minidom.parseString(text).getElementsByTagName("svg")) == 1  # noqa: S318 (our own text)


# The peers' environment


@pytest.mark.parametrize("name", LOCKS)
def test_the_peers_lock_is_exact_hashed_and_names_no_host(name: str) -> None:
    text = (ROOT / name).read_text()
    entries = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+==[^\s;]+", entry), entry.splitlines()[0]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry.splitlines()[0]
    assert not re.search(r"https?:|://|@ ?(git|file)", text)


def test_the_peers_lock_has_what_was_asked_for_and_no_gpu() -> None:
    lines = (ROOT / "requirements-peers.in").read_text().splitlines()
    asked = [re.split(r"[\[=<> ]", line)[0].replace(".", "-") for line in lines if line and not line.startswith("#")]
    pinned = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / LOCKS[0]).read_text(), re.MULTILINE))
    assert set(asked) <= pinned
    assert not [name for name in pinned if re.match(r"nvidia|cuda|triton|torch", name)]

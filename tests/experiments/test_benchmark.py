"""The benchmarks' machinery: bounds, tables, exit codes, commands in processes of their own; not the figures."""

import json
import math
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from experiments.benchmark import __main__ as bench
from experiments.benchmark import commands
from experiments.benchmark.commands import CommandFailedError, interleaved, run_command
from experiments.benchmark.figure import Figure, at_least, at_most, in_digits, text_table
from experiments.benchmark.historic_folds import beside_published
from experiments.benchmark.shared_tables import TableMissingError, shared_table


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def answer_with(monkeypatch: pytest.MonkeyPatch, figures: list[Figure] | Exception) -> None:
    """Every benchmark then answers so."""

    def run() -> list[Figure]:
        if isinstance(figures, Exception):
            raise figures
        return figures

    monkeypatch.setattr(bench, "_module", lambda _: SimpleNamespace(run=run, __doc__="What it is.\n\nMore."))


@pytest.mark.parametrize(("measured", "most", "least"), [(1.9, True, False), (2.0, True, True), (2.1, False, True)])
def test_a_bound_is_part_of_what_is_wanted(measured: float, most: bool, least: bool) -> None:
    assert at_most("x", measured, 2).holds is most
    assert at_least("x", measured, 2).holds is least


@pytest.mark.parametrize("undefined", [None, math.nan])
def test_an_undefined_figure_does_not_hold(undefined: float | None) -> None:
    assert at_most("x", undefined, 2).holds is False
    assert at_least("x", undefined, 2).holds is False


def test_published_figures_are_met_where_the_ranges_overlap() -> None:
    assert beside_published("net", (0.73, 0.71), (0.68, 0.72)).holds is True
    assert beside_published("net", (0.73, 0.74), (0.68, 0.72)).holds is False
    assert beside_published("net", (0.66, 0.67), (0.68, 0.72)).holds is False
    assert beside_published("tree", (0.66, 0.67), None).holds is None


def test_the_table_is_plain_and_aligned() -> None:
    figures = [at_most("wall time", 131.234, 150, unit="s", note="load 0.4"), Figure("accuracy", None)]
    assert text_table({"kaggle": figures}).splitlines() == [
        "benchmark  figure     wanted  measured  holds  note",
        "kaggle     wall time  <= 150  131.2 s   yes    load 0.4",
        "kaggle     accuracy           -         -",
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.83124, "0.8312"),
        (131.234, "131.2"),
        (5018.4, "5,018"),
        (102_345.6, "102,300"),
        (0.0, "0"),
        (1e9, "1,000,000,000"),
        (-1234.5, "-1,234"),
        (float("nan"), "nan"),
        (0.00001, "1e-05"),
    ],
)
def test_large_numbers_are_not_said_in_powers_of_ten(value: float, said: str) -> None:
    assert in_digits(value) == said
    table = text_table({"scoring": [at_least("all families", value, 100_000, unit="tracks/s")]})
    assert f">= 100,000  {said} tracks/s" in table


@pytest.mark.parametrize(
    ("figures", "code"),
    [
        ([at_most("x", 1.0, 2)], 0),
        ([Figure("x", 1.0)], 0),
        ([at_most("x", 1.0, 2), at_most("y", 3.0, 2)], 1),
        (TableMissingError("tracks.csv is missing"), 0),
        (CommandFailedError("earmark left with 2"), 1),
        (ZeroDivisionError("a bug of the benchmark"), 1),
    ],
)
def test_the_exit_code_says_whether_all_holds(
    figures: list[Figure] | Exception, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer_with(monkeypatch, figures)
    assert bench.main(["help", "demo", "demo"]) == code
    said = capsys.readouterr().out
    assert said.count("\ndemo") == said.count("\nhelp") > 0
    if isinstance(figures, Exception):
        assert str(figures) in said


def test_json_carries_every_field(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    answer_with(monkeypatch, [at_most("wall time", 1.5, 2, unit="s", note="load 0.4")])
    assert bench.main(["demo", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "benchmark": "demo",
            "name": "wall time",
            "measured": 1.5,
            "wanted": "<= 2",
            "holds": True,
            "unit": "s",
            "note": "load 0.4",
        }
    ]


def test_without_names_all_but_the_longest_are_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer_with(monkeypatch, [Figure("x", 1.0)])
    bench.main([])
    run = [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]]
    assert run == [name for name in bench.BENCHMARKS if name not in bench.ONLY_IF_NAMED]


def test_every_benchmark_is_listed_with_what_it_measures(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(bench.BENCHMARKS)
    assert all(len(line.split()) > 3 for line in lines)
    assert all(callable(bench._module(name).run) for name in bench.BENCHMARKS)


def test_a_wrong_name_is_told_with_the_right_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        bench.main(["demmo"])
    assert left.value.code == 2
    said = capsys.readouterr().err
    assert all(name in said for name in bench.BENCHMARKS)


def test_a_command_is_timed_apart_from_our_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    code = (
        "import json, os, sys, time; print('a line', file=sys.stderr); time.sleep(0.2);"
        "print('saving', file=sys.stderr);"
        "print(json.dumps([os.getcwd(), os.environ['EARMARK_HOME'], os.environ.get('MLFLOW_TRACKING_URI')]))"
    )
    finished = run_command(python(code), tmp_path)
    assert json.loads(finished.stdout) == [str(tmp_path), str(tmp_path), None]
    assert 0.2 <= finished.second_of("sav") <= finished.seconds
    assert finished.second_of("sav") - finished.second_of("a line") >= 0.15
    with pytest.raises(LookupError, match="never said 'line'"):
        finished.second_of("line")


def test_a_failed_command_tells_its_last_lines(tmp_path: Path) -> None:
    code = "import sys; print('error: no file', 'hint: name one', sep='\\n', file=sys.stderr); sys.exit(2)"
    with pytest.raises(CommandFailedError, match="left with 2: error: no file / hint: name one"):
        run_command(python(code), tmp_path)


def test_commands_take_turns_and_the_first_round_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds, order = iter([9.0, 9.0, 1.0, 4.0, 3.0, 5.0, 2.0, 6.0]), []

    def run(command: tuple[str, ...], home: Path) -> SimpleNamespace:
        order.append(command[0])
        return SimpleNamespace(seconds=next(seconds))

    monkeypatch.setattr(commands, "run_command", run)
    assert interleaved({"ours": ("a",), "theirs": ("b",)}, 3, tmp_path) == {"ours": 2.0, "theirs": 5.0}
    assert order == ["a", "b"] * 4


def test_missing_tables_are_told_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_SHARED_DATA", str(tmp_path))
    with pytest.raises(TableMissingError, match=r"tracks\.parquet is missing"):
        shared_table("catalogue/tracks.parquet")
    assert [figure.holds for name in ("kaggle", "historic", "rank") for figure in bench.measure(name)] == [None] * 3


def test_a_real_command_of_earmark_answers(tmp_path: Path) -> None:
    finished = commands.earmark("sources", "--json", home=tmp_path)
    assert "demo" in json.dumps(finished.answer())


def test_real_tables_lie_where_the_tests_find_them(shared_data: Path) -> None:
    assert shared_table("listeners/spotifyclassification.csv").parents[1] == shared_data.resolve()

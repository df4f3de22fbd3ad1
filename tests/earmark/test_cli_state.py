"""`models`, `sources` and `doctor` say what there is, and what of it is damaged."""

import json
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from earmark.cli.main import run
from earmark.home import Home
from experiments.config import FitConfig
from experiments.fitting import fit
from models.ranker import Ranker
from tests.connectors.spotify.signed_in import sign_in_quietly, use
from tests.standin import Account, StandIn


def answer_of(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    assert run([*arguments, "--json"]) == code
    said = capsys.readouterr()
    assert not said.err
    return json.loads(said.out)


@pytest.fixture(scope="module")
def small_ranker(demo_tracks: pd.DataFrame) -> Ranker:
    """A bag of eight trees: loads in a moment."""
    return fit(demo_tracks, FitConfig(budget_s=None, trials=1, models=("tree",), bag_repeats=1)).ranker


@pytest.fixture
def home() -> Home:
    home = Home.here()
    home.prepare()
    return home


@pytest.fixture
def champion(home: Home, small_ranker: Ranker) -> Path:
    """A saved champion."""
    folder = small_ranker.save(home.rankers / "abcdef0123")
    home.set_champion("abcdef0123")
    return folder


def test_sources_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer_of(capsys, "sources")
    assert {"csv_file", "demo", "demo_candidates"} <= {source["name"] for source in found}
    assert all(source["summary"] for source in found)
    assert run(["sources"]) == 0
    table = capsys.readouterr().out
    assert all(source["name"] in table and source["summary"] in table for source in found)


def test_models_are_listed_before_anything_was_trained(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer_of(capsys, "models")
    roles = {model["name"]: model["role"] for model in found["models"]}
    assert [name for name, role in roles.items() if role == "family"] == [
        "tree",
        "extra_trees",
        "boosted_trees",
        "additive",
        "symmetric_trees",
        "gaussian_process",
        "dense",
    ]
    assert {name for name, role in roles.items() if role == "baseline"} == {
        "majority",
        "untuned_tree",
        "historic_dense",
        "artist_mean",
    }
    assert found["rankers"] == []
    assert not Home.here().mlruns.exists(), "looking must not make anything"


def test_rankers_are_listed_with_the_champion_marked_and_damage_named(
    home: Home, champion: Path, small_ranker: Ranker, capsys: pytest.CaptureFixture[str]
) -> None:
    small_ranker.save(home.rankers / "fedcba9876")
    (home.rankers / "fedcba9876" / "ranker.json").write_text("{")
    found = {ranker["ranker"]: ranker for ranker in answer_of(capsys, "models")["rankers"]}
    assert found["abcdef0123"]["champion"] is True
    assert found["abcdef0123"]["model"] == "tree"
    assert found["fedcba9876"]["champion"] is False
    assert found["fedcba9876"]["model"] == "damaged"
    assert run(["models"]) == 0
    table = capsys.readouterr().out
    assert next(line for line in table.splitlines() if line.startswith("abcdef0123")).endswith("champion")
    assert "damaged" in table


def test_a_healthy_home_is_fine(home: Home, champion: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(home.mlruns / "search.db")) as connection, connection:
        connection.execute("CREATE TABLE trials (n INTEGER)")
    checks = {check["name"]: check for check in answer_of(capsys, "doctor")}
    assert set(checks) == {"libraries", "room", "mlflow.db", "search.db", "champion", "library", "spotify"}
    assert all(check["fine"] for check in checks.values())
    assert checks["search.db"]["found"] == "ok"
    assert checks["mlflow.db"]["found"] == "none yet"
    assert checks["champion"]["found"] == str(champion)
    assert run(["doctor"]) == 0
    assert capsys.readouterr().out.count("\nok ") == 7


def test_an_empty_home_is_fine_and_stays_empty(capsys: pytest.CaptureFixture[str]) -> None:
    checks = answer_of(capsys, "doctor")
    assert all(check["fine"] for check in checks)
    assert not Home.here().mlruns.exists()


def truncated(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE numbers (n INTEGER, t TEXT)")
        connection.executemany("INSERT INTO numbers VALUES (?, ?)", [(n, "x" * 200) for n in range(2000)])
    path.write_bytes(path.read_bytes()[:50_000])


def overwritten(path: Path) -> None:
    path.write_bytes(b"this is not a database, and long enough to be sure of it" * 100)


@pytest.mark.parametrize("name", ["search.db", "mlflow.db"])
@pytest.mark.parametrize("damage", [truncated, overwritten])
def test_a_damaged_database_is_found_with_its_mend(
    home: Home, name: str, damage: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(home.mlruns / name)
    checks = {check["name"]: check for check in answer_of(capsys, "doctor", code=2)}
    assert [check for check in checks if not checks[check]["fine"]] == [name]
    assert str(home.mlruns / name) in checks[name]["mend"]
    assert run(["doctor"]) == 2
    assert f"BAD  {name}" in capsys.readouterr().out


@pytest.mark.parametrize("damage", ["manifest", "arrays", "gone", "pointer"])
def test_a_damaged_champion_is_found_with_its_mend(
    home: Home, champion: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if damage == "manifest":
        (champion / "ranker.json").write_text("[]")
    elif damage == "arrays":
        content = bytearray((champion / "arrays.npz").read_bytes())
        content[len(content) // 2] ^= 1
        (champion / "arrays.npz").write_bytes(content)
    elif damage == "gone":
        champion.rename(home.root / "elsewhere")
    else:
        home.champion_file.write_text("{}")
    checks = {check["name"]: check for check in answer_of(capsys, "doctor", code=2)}
    assert [check for check in checks if not checks[check]["fine"]] == ["champion"]
    assert "train" in checks["champion"]["mend"]
    assert run(["rank", "demo_candidates"]) == 2
    said = capsys.readouterr()
    assert not said.out
    assert said.err.startswith("error: ")
    assert "\nhint: " in said.err


def test_a_damaged_library_is_found_with_its_mend(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.library_file.parent.mkdir(parents=True)
    overwritten(home.library_file)
    checks = {check["name"]: check for check in answer_of(capsys, "doctor", code=2)}
    assert [check for check in checks if not checks[check]["fine"]] == ["library"]
    assert str(home.library_file) in checks["library"]["found"] + checks["library"]["mend"]


def test_a_sign_in_that_ends_soon_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with StandIn(Account.made_up(10)) as standin:
        use(standin, os.environ["EARMARK_CONFIG"], monkeypatch)
        sign_in_quietly(standin)
        assert "signed in until" in {check["name"]: check for check in answer_of(capsys, "doctor")}["spotify"]["found"]
        sign_in_quietly(standin, authorised_at=datetime.now(UTC) - timedelta(days=170))
        found = {check["name"]: check for check in answer_of(capsys, "doctor", code=2)}["spotify"]
    assert "earmark login spotify" in found["mend"]


def test_little_room_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("earmark.cli.doctor.ROOM_NEEDED", 2**62)
    checks = {check["name"]: check for check in answer_of(capsys, "doctor", code=2)}
    assert not checks["room"]["fine"]
    assert checks["room"]["mend"] == "make room"


def test_a_folder_that_cannot_be_written_to_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Tests may run as root, who may write anywhere.
    monkeypatch.setattr("earmark.cli.doctor.os.access", lambda *_: False)
    checks = {check["name"]: check for check in answer_of(capsys, "doctor", code=2)}
    assert not checks["room"]["fine"]
    assert checks["room"]["found"].endswith("which cannot be written to")
    assert checks["room"]["mend"] == "set EARMARK_HOME to a folder of your own"


def test_a_missing_library_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from experiments.versions import versions

    partial = {name: number for name, number in versions().items() if name not in {"xgboost-cpu", "xgboost", "optuna"}}
    monkeypatch.setattr("experiments.versions.versions", lambda: partial)
    checks = {check["name"]: check for check in answer_of(capsys, "doctor", code=2)}
    assert checks["libraries"]["mend"] == "'make train' installs optuna, xgboost"

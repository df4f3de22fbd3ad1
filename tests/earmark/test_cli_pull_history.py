"""``earmark pull history``: what it prints, and how it ends."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from earmark.cli.pull_history import pull_history
from earmark.cli.pulling import open_library
from features.errors import InputError
from tests.connectors.history.exports import row, skip, write

app = typer.Typer()
app.command()(pull_history)


@pytest.fixture(autouse=True)
def own_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EARMARK_DATABASE_URL", raising=False)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return write(tmp_path / "export" / "endsong_0.json", [row(1, 0), skip(2, 5), row(3, 700, incognito_mode=True)])


def test_people_read_what_became_of_the_rows(export: Path) -> None:
    result = CliRunner().invoke(app, [str(export.parent)], catch_exceptions=False)
    assert result.exit_code == 0
    assert result.stdout.startswith("history: 3 rows in ")
    assert "2  finished" in result.stdout
    with open_library() as library:
        assert len(library.plays()) == 3
        assert [pull.report["source"] for pull in library.summary().pulls] == ["history"]


def test_options_leave_plays_out(export: Path) -> None:
    options = ["--without-incognito", "--without-hours", "14-15", "--time-zone", "Europe/Paris", "--json"]
    result = CliRunner().invoke(app, [str(export), *options], catch_exceptions=False)
    answer = json.loads(result.stdout)
    assert (answer["source"], answer["seen"], answer["calls"]) == ("history", 3, 0)
    assert sum(answer["outcomes"].values()) == 3
    assert answer["outcomes"]["left out: incognito"] == 1
    assert answer["outcomes"]["left out: hours asleep"] == 2
    assert result.stderr == ""


def test_shuffled_plays_and_shared_devices_are_left_out_and_no_device_is_kept(tmp_path: Path) -> None:
    rows = [
        row(1, 0, shuffle=True, platform="Android OS"),
        row(2, 5, shuffle=False, platform="Partner google Home_Mini"),
        row(3, 700, shuffle=False, platform="Android OS"),
        row(4, 900, shuffle=None, platform=None),
    ]
    export = write(tmp_path / "export" / "endsong_0.json", rows)
    options = ["--without-shuffle", "--without-device", "GOOGLE home", "--json"]
    result = CliRunner().invoke(app, [str(export), *options], catch_exceptions=False)
    outcomes = json.loads(result.stdout)["outcomes"]
    assert (outcomes["left out: shuffled"], outcomes["left out: shared device"]) == (1, 1)
    assert sum(outcomes.values()) == 4
    with open_library() as library:
        assert len(library.plays()) == 2
    assert b"oogle" not in b"".join(path.read_bytes() for path in (tmp_path / "home" / "data").iterdir())


def test_the_time_zone_is_said_where_it_was_not_given(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    result = CliRunner().invoke(app, [str(export), "--after", "2023-05-02"], catch_exceptions=False)
    assert "those of Asia/Tokyo" in result.stderr
    assert "left out: other dates" in result.stdout


@pytest.mark.parametrize(
    "options", [["--without-hours", "noon"], ["--after", "1.2.23"], ["--without-device", " "], ["--time-zone", "Mars"]]
)
def test_options_that_cannot_be_are_errors(export: Path, options: list[str]) -> None:
    with pytest.raises(InputError):
        CliRunner().invoke(app, [str(export), *options], catch_exceptions=False)

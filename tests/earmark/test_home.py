"""Where state lives, and how a ranker is found."""

from pathlib import Path

import pytest

from earmark.home import Home
from features.errors import InputError


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.prepare()
    return home


def test_earmark_home_moves_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EARMARK_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert Home.here().mlruns == tmp_path / "mlruns"
    monkeypatch.setenv("EARMARK_HOME", str(tmp_path / "elsewhere"))
    assert Home.here().mlruns == tmp_path / "elsewhere" / "mlruns"


def test_a_ranker_is_found_by_champion_run_id_or_path(home: Home) -> None:
    for run_id in ("abcdef1", "abcdef2", "123456789"):
        (home.rankers / run_id).mkdir()
    home.set_champion("abcdef2")
    assert home.find_ranker("champion").name == "abcdef2"
    assert home.find_ranker("123456") == home.rankers / "123456789"
    assert home.find_ranker(str(home.rankers / "abcdef1")).name == "abcdef1"
    with pytest.raises(InputError, match="2 runs begin with abcdef"):
        home.find_ranker("abcdef")
    for nothing in ("12345", "ffffff", "../rankers"):
        with pytest.raises(InputError, match="there is no ranker"):
            home.find_ranker(nothing)


def test_before_the_first_train_the_error_says_how_to_train(home: Home) -> None:
    with pytest.raises(InputError) as caught:
        home.find_ranker("champion")
    assert "earmark train" in caught.value.hint


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"ranker":'])
def test_a_damaged_champion_file_is_explained(home: Home, content: str) -> None:
    home.champion_file.write_text(content)
    with pytest.raises(InputError, match="damaged"):
        home.champion()


def test_a_champion_file_cannot_lead_out_of_the_folder(home: Home) -> None:
    home.champion_file.write_text('{"ranker": "../../../elsewhere"}')
    assert home.champion() == home.rankers / "elsewhere"


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "mlruns").write_text("a file in the way")
    with pytest.raises(InputError, match="cannot be written"):
        Home(tmp_path).prepare()

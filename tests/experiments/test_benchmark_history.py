"""The benchmark of long histories: what it makes up, what it measures, and that it leaves other libraries alone."""

import json
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from experiments.benchmark.commands import CommandFailedError
from experiments.benchmark.history_pull import figures_of, metered, write_history

WORKS = "import json, time; held = b'x' * 200_000_000; time.sleep(0.3)\nwhile time.process_time() < 0.4: pass\n"


def test_processor_time_clock_and_memory_are_the_commands_own(tmp_path: Path) -> None:
    ours = b"x" * 500_000_000  # a process starts with the peak of the one that made it
    taken = metered((sys.executable, "-c", f"{WORKS}print(json.dumps({{'held': len(held)}}))"), tmp_path)
    assert taken.answer == {"held": 200_000_000} != {"held": len(ours)}
    assert 0.4 <= taken.processor_s < 0.6
    assert taken.wall_s >= taken.processor_s + 0.2
    assert 200 <= taken.peak_mb < 260


def test_a_failed_command_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandFailedError, match="left with 3: no such file"):
        metered((sys.executable, "-c", "import sys; print('no such file', file=sys.stderr); sys.exit(3)"), tmp_path)


def test_a_made_up_history_is_one_play_after_the_other(tmp_path: Path) -> None:
    write_history(tmp_path / "one.json", 2000)
    write_history(tmp_path / "two.json", 2000)
    written = (tmp_path / "one.json").read_bytes()
    assert written == (tmp_path / "two.json").read_bytes()
    assert 700 <= len(written) / 2000 <= 750
    plays = json.loads(written)
    assert len(plays) == 2000
    assert all(before["ts"] < after["ts"] for before, after in pairwise(plays))
    assert 100 < len({play["spotify_track_uri"] for play in plays}) <= 200
    assert sum(play["skipped"] for play in plays) / 2000 == pytest.approx(0.4, abs=0.04)  # four standard errors


def test_both_pulls_are_measured_in_a_library_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.db"
    monkeypatch.setenv("EARMARK_DATABASE_URL", f"sqlite:///{own}")
    speed, peak, known, speed_again, peak_again = figures_of(3000)
    assert not own.exists()
    assert (known.measured, known.holds) == (3000, True)
    assert "3,000 plays, 2 MB" in speed.note
    for figure in (speed, speed_again):
        assert figure.measured is not None
        assert 100 < figure.measured < 3000 / 0.1  # no earmark starts in less
    assert peak.holds
    assert peak_again.holds
    assert [figure.wanted for figure in (speed, speed_again)] == [">= 100,000", ""]

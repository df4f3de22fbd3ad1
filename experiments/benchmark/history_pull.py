"""How many plays a processor second `earmark pull history` takes of a long history, and in how much memory.

Processor seconds of the whole command, its start included: other work on the machine stretches the seconds of a clock.
``python -m experiments.benchmark.history_pull COMMAND...`` runs a command that answers with JSON and says what it took.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from experiments.benchmark.commands import Load, earmark_command, run_command
from experiments.benchmark.figure import Figure, at_least, at_most

PLAYS: Final = 410_000
"""Make a file of about 300 MB."""
PLAYS_OF_A_TRACK: Final = 10
"""Mean number."""
SKIPPED: Final = 0.4
"""Share of plays."""
PLAYS_A_SECOND: Final = 100_000
PEAK_MB: Final = 500
_KNOWN: Final = "already in the library"
_BYTES: Final = 1 if sys.platform == "darwin" else 1024
"""Unit of ``ru_maxrss``."""


@dataclass(frozen=True)
class Metered:
    """What a command answered, and what it took.

    Parameters
    ----------
    processor_s : float
        Seconds of processor time, the system's included.
    wall_s : float
        Seconds of a clock.
    peak_mb : float
        Most resident memory, in 10^6 bytes, pages of mapped files included.
    answer : dict
        The JSON object that the command printed.
    """

    processor_s: float
    wall_s: float
    peak_mb: float
    answer: dict[str, Any]


def run() -> list[Figure]:
    """The figures of a made-up history of about 300 MB."""
    return figures_of(PLAYS)


def figures_of(n_plays: int) -> list[Figure]:
    """A history of so many plays, pulled into a new SQLite library, and once more into the same.

    Returns
    -------
    list of Figure
        Speed and memory of both pulls, and that the first lost no play.

    Raises
    ------
    CommandFailedError
        If a pull fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        file = home / "history.json"
        write_history(file, n_plays)
        size = f"{n_plays:,} plays, {file.stat().st_size / 1e6:,.0f} MB"
        load = Load()
        pull = (*earmark_command("pull", "history"), str(file), "--json")
        first, second = metered(pull, home), metered(pull, home)
    known = second.answer["outcomes"].get(_KNOWN, 0)
    said = f"{_took(first)}; {size}; {load.in_words()}"
    speed, speed_again = (n_plays / pulled.processor_s for pulled in (first, second))
    return [
        at_least(
            "plays a processor second, pulled into a new library", speed, PLAYS_A_SECOND, unit="plays/s", note=said
        ),
        at_most("peak memory of that", first.peak_mb, PEAK_MB, unit="MB"),
        at_least("plays of it that a second pull finds in the library", known, n_plays),
        Figure("plays a processor second of the second pull", speed_again, unit="plays/s", note=_took(second)),
        at_most("peak memory of that pull", second.peak_mb, PEAK_MB, unit="MB"),
    ]


def _took(pulled: Metered) -> str:
    clock = f"{pulled.wall_s:.2f} s by the clock, {pulled.answer['seconds']:.2f} s of it after earmark's start"
    return f"{pulled.processor_s:.2f} s of processor time; {clock}"


def metered(command: Sequence[str], home: Path) -> Metered:
    """Run a command that answers with JSON, its state below ``home``, and say what it took.

    Raises
    ------
    CommandFailedError
        If its exit code is not 0.
    """
    # A process starts with the peak of the one that made it, so a small one stands between it and us.
    return Metered(**run_command((sys.executable, "-m", "experiments.benchmark.history_pull", *command), home).answer())


def _meter(command: Sequence[str]) -> int:
    """Print what `metered` reads; the command's exit code."""
    started = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        return done.returncode
    taken = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = taken.ru_maxrss * _BYTES / 1e6
    print(json.dumps(asdict(Metered(taken.ru_utime + taken.ru_stime, seconds, peak, json.loads(done.stdout)))))
    return 0


def write_history(file: Path, n_plays: int) -> None:
    """A made-up extended streaming history as Spotify exports it, one play after the other, always the same.

    Parameters
    ----------
    file : Path
        JSON, some 730 bytes a play.
    n_plays : int
        Of a tenth as many tracks, some far oftener than others.
    """
    random = np.random.default_rng(7)
    n_tracks = max(1, n_plays // PLAYS_OF_A_TRACK)
    often = random.lognormal(0, 1.5, n_tracks)
    tracks = random.choice(n_tracks, size=n_plays, p=often / often.sum())
    skipped = random.random(n_plays) < SKIPPED
    ms_played = np.where(skipped, random.integers(500, 40_000, n_plays), 120_000 + tracks * 7_919 % 200_000)
    ends = np.cumsum(ms_played + 2_000) // 1_000
    begin = datetime(2012, 1, 1, tzinfo=UTC)
    with file.open("w", encoding="utf-8") as out:
        for number, (track, skip, ms, end) in enumerate(zip(tracks, skipped, ms_played, ends, strict=True)):
            row = _row(int(track), int(ms), begin + timedelta(seconds=int(end)), skipped=bool(skip))
            out.write(("," if number else "[") + json.dumps(row, indent=1))
        out.write("]")


def _row(track: int, ms: int, end: datetime, *, skipped: bool) -> dict[str, Any]:
    reason = "fwdbtn" if skipped else "trackdone"
    return {
        "ts": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "username": "listener",
        "platform": "Android OS 11 API 30 (samsung, SM-G981B)",
        "ms_played": ms,
        "conn_country": "ZZ",
        "ip_addr_decrypted": "203.0.113.77",
        "user_agent_decrypted": "unknown",
        "master_metadata_track_name": f"A song of some length, number {track}",
        "master_metadata_album_artist_name": f"Some artist {track % 997}",
        "master_metadata_album_album_name": f"The album {track // 9}",
        "spotify_track_uri": f"spotify:track:{track * 7_919 % 10**9:022d}",
        "episode_name": None,
        "episode_show_name": None,
        "spotify_episode_uri": None,
        "reason_start": reason,
        "reason_end": reason,
        "shuffle": track % 2 == 0,
        "skipped": skipped,
        "offline": False,
        "offline_timestamp": int(end.timestamp()) - ms // 1000,
        "incognito_mode": False,
    }


if __name__ == "__main__":
    sys.exit(_meter(sys.argv[1:]))

"""Several processes at once, and processes that are killed: nothing lost, nothing half."""

import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import inspect

from connectors.library import Library, TrackRow
from connectors.library.address import parse
from connectors.library.database import connect

ROOT = Path(__file__).parents[3]

PREAMBLE = """
import os, signal, sys
from datetime import UTC, datetime, timedelta
from connectors.library import EvidenceRow, FeatureRow, Library, PlayRow, TrackRow
url, name = sys.argv[1:3]
T0 = datetime(2026, 1, 1, tzinfo=UTC)
def heard(track, source): return FeatureRow(track_id=track, values={"energy": 0.5}, source=source, fetched_at=T0)
def said(track, source): return EvidenceRow(track_id=track, source=source, kind="like", liked=True, at=T0, reason="")
"""

WRITE = """
with Library.open(url) as library:
    for page in range(30):
        tracks = [f"{name}-{page}-{n}" for n in range(20)] + [f"shared-{n}" for n in range(20)]
        if name == "b":
            tracks.reverse()
        with library.transaction():
            library.add_tracks(TrackRow(track_id=track, track_name=name) for track in tracks)
            library.add_evidence(said(track, name) for track in tracks)
            library.add_features(heard(track, name) for track in tracks)
            seen = library.position("spotify", "pages") or {"n": 0}
            library.set_position("spotify", "pages", {"n": seen["n"] + 1})
        library.evidence()
        print(page, flush=True)
"""

# Each page is a transaction of 50 tracks with their evidence and the position; endless, until killed.
ENDLESS = """
with Library.open(url) as library:
    for page in range(10**9):
        with library.transaction():
            tracks = [f"{page:06d}-{n:02d}" for n in range(50)]
            library.add_tracks(TrackRow(track_id=track) for track in tracks)
            library.add_evidence(said(track, "spotify") for track in tracks)
            library.set_position("spotify", "likes", {"offset": 50 * (page + 1)})
        print(page, flush=True)
"""

MIGRATE_AND_DIE = """
from sqlalchemy import event
from sqlalchemy.engine import Engine
left = int(name)
def die(connection, cursor, statement, parameters, context, executemany):
    global left
    if statement.lstrip().startswith(("CREATE", "INSERT")):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
event.listen(Engine, "after_cursor_execute", die)
Library.open(url).close()
"""


# 10,000 tracks with 13 values each, made one after the other; says by how many MiB the peak of memory grew.
LARGE = """
import resource
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
values = dict.fromkeys("abcdefghijklm", 0.5)
with Library.open(url) as library:
    library.add_features([FeatureRow(track_id="first", values=values, source="csv", fetched_at=T0)])
    before = peak()
    library.add_tracks(TrackRow(track_id=f"{n:022d}", track_name=f"{n}") for n in range(10_000))
    library.add_evidence(said(f"{n:022d}", "spotify") for n in range(10_000))
    ids = (f"{n:022d}" for n in range(10_000))
    library.add_features(FeatureRow(track_id=t, values=values, source="csv", fetched_at=T0) for t in ids)
    print(peak() - before)
"""


def start(code: str, url: str, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PREAMBLE + code, url, name]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def test_two_processes_write_at_once_and_nothing_is_lost(library_url: str) -> None:
    """Both also make the database, for neither waits for the other to begin."""
    processes = [start(WRITE, library_url, name) for name in ("a", "b")]
    for process in processes:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    with Library.open(library_url) as library:
        assert library.position("spotify", "pages") == {"n": 60}  # read and written in one transaction
        evidence = library.evidence()
        features = library.features()
        tracks = library.tracks().set_index("track_id")["track_name"]
    assert len(tracks) == 2 * 30 * 20 + 20
    for table in (evidence, features):
        assert table.groupby("source").size().to_dict() == {"a": 620, "b": 620}
    assert set(tracks[[f"a-{page}-{n}" for page in range(30) for n in range(20)]]) == {"a"}


def test_what_was_committed_before_a_kill_stays_and_nothing_is_half(library_url: str) -> None:
    reached = -1
    for round_ in range(3):
        process = start(ENDLESS, library_url, "a")
        assert process.stdout is not None
        for _ in range(3 + 5 * round_):
            reached = max(reached, int(process.stdout.readline()))
        time.sleep(0.003 * round_)  # somewhere within the next page
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()
        reached = max([reached, *(int(line) for line in rest.split())])
        with Library.open(library_url) as library:
            evidence = library.evidence()
            tracks = library.tracks()
            position = library.position("spotify", "likes")
        pages = evidence["track_id"].str[:6].value_counts()
        assert set(pages) == {50}
        assert sorted(map(int, pages.index)) == list(range(len(pages)))
        assert tracks["track_id"].to_list() == evidence["track_id"].to_list()
        assert len(pages) >= reached + 1  # said, so committed
        assert position is not None


@pytest.mark.parametrize("statements", [0, 1, 5, 9])
def test_a_migration_killed_half_way_is_survived(library_url: str, statements: int) -> None:
    process = start(MIGRATE_AND_DIE, library_url, str(statements))
    _, said = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, said
    engine = connect(parse(library_url))
    assert inspect(engine).get_table_names() == []
    engine.dispose()
    with Library.open(library_url) as library:
        assert library.tracks().empty


def test_memory_does_not_grow_with_what_is_written(sqlite_file: Path) -> None:
    url = f"sqlite:///{sqlite_file}"
    process = start(LARGE, url, "a")
    told, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert int(told) < 40
    with Library.open(url) as library:
        assert len(library.features()) == 130_013


def test_many_processes_may_open_a_new_library_at_once(library_url: str) -> None:
    processes = [start("Library.open(url).close()", library_url, "a") for _ in range(3)]
    for process in processes:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said


LOOK = """
with Library.open(url) as library:
    print(len(library.evidence()), flush=True)
"""


def test_opening_a_library_twice_keeps_the_locks_of_the_first(sqlite_file: Path) -> None:
    """A log that another process takes away while this one writes to it is lost with all that was acknowledged."""
    url = f"sqlite:///{sqlite_file}"
    look = [sys.executable, "-c", PREAMBLE + LOOK, url, "other"]
    with Library.open(url) as library:
        for number in range(2):
            at = datetime(2026, 1, 1, tzinfo=UTC)
            library.verdicts.say("page", "demo", TrackRow(track_id=f"track-{number}"), "keep", at)
            Library.open(url).close()
            seen = subprocess.run(look, check=True, capture_output=True, text=True, cwd=ROOT).stdout
            assert int(seen) == number + 1

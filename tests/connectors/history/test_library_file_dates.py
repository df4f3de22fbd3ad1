"""Library files of several exports: the newest one counts, in whatever order they are pulled."""

import json
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.history.pull import pull_history
from connectors.library import Library
from tests.connectors.history.exports import uri

LEFT_OUT = "left out: a newer library file is known"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
OLD, NEW = (2024, 3, 1, 10, 0, 0), (2025, 2, 1, 10, 0, 0)
Date = tuple[int, int, int, int, int, int]


def said(likes: list[int], bans: list[int], artists: list[str]) -> str:
    def named(number: int) -> dict[str, str]:
        return {"artist": f"Band {number}", "album": "Album", "track": f"Song {number}", "uri": uri(number)}

    listed = {"tracks": [*map(named, likes)], "bannedTracks": [*map(named, bans)]}
    return json.dumps(listed | {"bannedArtists": [{"name": name} for name in artists]})


def export(path: Path, made: Date, content: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("MyData/YourLibrary.json", made), content)
    return path


def unpacked(path: Path, made: Date, content: str) -> Path:
    path.write_text(content)
    os.utime(path, (seconds := datetime(*made, tzinfo=UTC).timestamp(), seconds))
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return export(tmp_path / "old.zip", OLD, said([1, 2, 3], [4], ["Band 1", "Band 9"]))


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return export(tmp_path / "new.zip", NEW, said([2, 5], [3], ["Band 2"]))


def told(library: Library) -> set[tuple[str, int]]:
    evidence = library.evidence()
    return set(zip(evidence["kind"], evidence["track_id"].astype(int), strict=True))


NEWER = {("like", 2), ("like", 5), ("ban", 3), ("banned_artist", 2)}
OLDER = {("like", 1), ("like", 2), ("like", 3), ("ban", 4), ("banned_artist", 1)}


def test_an_older_export_changes_nothing_and_every_row_of_it_is_named(library: Library, old: Path, new: Path) -> None:
    pull_history(library, [new], now=NOW)
    report = pull_history(library, [old], now=NOW)
    assert told(library) == NEWER
    assert library.recall("history:banned_artists") == {"names": ["Band 2"]}
    assert report.outcomes == {LEFT_OUT: 6}
    (note,) = report.notes
    assert note.startswith("the library file of 2024-03-01 is left out, for one of 2025-02-01 is known: ")
    assert note.endswith("'earmark library forget history' and pull without the newer one")


def test_the_older_export_counts_once_the_history_is_forgotten(library: Library, old: Path, new: Path) -> None:
    pull_history(library, [new], now=NOW)
    library.forget("history")
    assert LEFT_OUT not in pull_history(library, [old], now=NOW).outcomes
    assert told(library) == OLDER


def test_a_newer_export_replaces_and_the_same_again_changes_nothing(library: Library, old: Path, new: Path) -> None:
    pull_history(library, [old], now=NOW)
    assert told(library) == OLDER
    for _ in range(2):
        report = pull_history(library, [new], now=NOW)
        assert report.outcomes == {"like in the library file": 2, "banned track": 1, "banned artist": 1}
        assert told(library) == NEWER


def test_of_two_exports_at_once_the_newer_one_counts(library: Library, old: Path, new: Path) -> None:
    report = pull_history(library, [new, old], now=NOW)
    assert told(library) == NEWER
    assert (report.seen, report.outcomes[LEFT_OUT]) == (10, 6)


def test_the_same_export_in_parts_or_unpacked_elsewhere_is_no_other_one(library: Library, tmp_path: Path) -> None:
    whole = export(tmp_path / "whole.zip", NEW, said([1], [], []))
    ten_hours_earlier = unpacked(tmp_path / "YourLibrary.json", (2025, 2, 1, 0, 0, 0), said([2], [], []))
    pull_history(library, [whole], now=NOW)
    assert LEFT_OUT not in pull_history(library, [ten_hours_earlier], now=NOW).outcomes
    assert told(library) == {("like", 2)}
    pull_history(library, [whole, ten_hours_earlier], now=NOW)
    assert told(library) == {("like", 1), ("like", 2)}


@pytest.mark.parametrize(
    "made", [(1980, 1, 1, 0, 0, 0), (2024, 0, 0, 0, 0, 0), (2027, 1, 1, 0, 0, 0)], ids=["1980", "none", "future"]
)
def test_without_a_date_the_last_one_pulled_counts(library: Library, tmp_path: Path, new: Path, made: Date) -> None:
    undated = export(tmp_path / "undated.zip", made, said([7], [], []))
    for path, expected in ((new, NEWER), (undated, {("like", 7)})) * 2:
        assert LEFT_OUT not in pull_history(library, [path], now=NOW).outcomes
        assert told(library) == expected


def test_outside_of_an_archive_the_file_itself_tells_its_date(library: Library, tmp_path: Path, new: Path) -> None:
    pull_history(library, [new], now=NOW)
    report = pull_history(library, [unpacked(tmp_path / "YourLibrary.json", OLD, said([1], [], []))], now=NOW)
    assert report.outcomes == {LEFT_OUT: 1}
    assert told(library) == NEWER


def test_an_undated_file_beside_an_outdated_one_is_taken(
    library: Library, old: Path, new: Path, tmp_path: Path
) -> None:
    undated = export(tmp_path / "undated.zip", (1980, 1, 1, 0, 0, 0), said([6], [], []))
    pull_history(library, [new], now=NOW)
    report = pull_history(library, [old, undated], now=NOW)
    assert report.outcomes[LEFT_OUT] == 6
    assert any("for one of 2025-02-01 is known" in note for note in report.notes)
    assert ("like", 6) in told(library)
    assert not {("like", 1), ("ban", 4)} & told(library)

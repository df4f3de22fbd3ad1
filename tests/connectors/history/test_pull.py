"""A pull of the listener's own export: every row accounted for, nothing twice, nothing lost, nothing personal kept."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from connectors.history import pull as pulling
from connectors.history.artist_bans import apply_artist_bans
from connectors.history.exclusions import Exclusions
from connectors.history.pull import draw_verdicts, pull_history
from connectors.library import Library, PlayRow, TrackRow
from connectors.library.play_store import PlayStore
from features.errors import InputError
from tests.connectors.history.exports import PERSONAL, START, row, skip, uri, write, zipped

TABLES = ("tracks", "evidence", "plays")


def content(library: Library) -> dict[str, pd.DataFrame]:
    return {name: getattr(library, name)() for name in TABLES}


def assert_equal(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> None:
    for name in TABLES:
        pd.testing.assert_frame_equal(one[name], other[name])


def history(n: int = 120, first: int = 0) -> list[dict]:
    """Plays of 12 tracks, a third of them always skipped."""
    return [(skip if number % 12 % 3 == 0 else row)(number % 12, 4.0 * number) for number in range(first, first + n)]


def opened(path: Path) -> Library:
    return Library.open(f"sqlite:///{path}")


@pytest.mark.shared_data
def test_every_row_of_a_real_history_is_accounted_for(shared_data: Path, library: Library) -> None:
    """Golden: 4,427 rows; 2,316 trackdone and 2 of podcasts, counted by hand in the file."""
    report = pull_history(library, [shared_data / "history"])
    assert report.seen == 4427
    assert report.outcomes == {
        "finished": 2316,
        "skipped": 1765,
        "neither finished nor skipped": 343,
        "podcast": 2,
        "merged: same play reported twice": 1,
    }
    before = content(library)
    assert len(before["plays"]) == 2316 + 1765 + 343
    labels = library.tracks_table().tracks
    assert labels["weight"].between(0, 1, inclusive="right").all()
    catalogue = pd.read_parquet(shared_data / "catalogue" / "tracks.parquet", columns=["track_id"])
    verdicts = before["evidence"]
    assert verdicts["track_id"].isin(catalogue["track_id"]).sum() >= 140
    again = pull_history(library, [shared_data / "history"])
    assert again.outcomes["already in the library"] == 4424
    assert_equal(before, content(library))


@pytest.mark.parametrize("ms_played", [15_000, 10**12, -1])
def test_a_skip_of_an_impossible_length_stays_a_skip(ms_played: int, tmp_path: Path, library: Library) -> None:
    """Of a track that was heard to the end now and then, by which its length is known."""
    plays = [*history(), *(row(0, 1_000.0 + number) for number in range(0, 9, 4))]
    plays += [skip(0, 2_000.0 + 4 * number, ms_played=ms_played) for number in range(12)]
    report = pull_history(library, [write(tmp_path / "Streaming_History_Audio_2023.json", plays)])
    assert report.outcomes["skipped"] == 40 + 12
    verdicts = library.evidence().set_index("track_id")
    assert verdicts.loc[uri(0).rpartition(":")[2], "kind"] == "skipped"


def test_mixed_vintages_of_folder_archive_and_files(tmp_path: Path, library: Library) -> None:
    old = [{**each, "skipped": None, "offline_timestamp": each["offline_timestamp"] * 1000} for each in history(40)]
    short = [{"endTime": "2023-06-01 12:00", "artistName": "Band 1", "trackName": "Song 1", "msPlayed": 3_000}]
    archive = zipped(tmp_path / "my_spotify_data.zip", **{"MyData/endsong_0.json": old})
    bom = tmp_path / "folder" / "Streaming_History_Audio_2023_1.json"
    write(bom, None).write_bytes(b"\xef\xbb\xbf" + json.dumps(history(40, first=40)).encode())
    write(tmp_path / "folder" / "deeper" / "StreamingHistory_music_0.json", short)
    write(tmp_path / "folder" / "Playlist1.json", {"playlists": []})
    write(tmp_path / "folder" / "Inferences.json", {"inferences": ["likes cheese"]})
    video = write(tmp_path / "endvideo.json", [row(1, 9_000)])
    broken = tmp_path / "folder" / "Streaming_History_Audio_2024_2.json"
    broken.write_text(json.dumps(history(20, first=80))[:-40])
    report = pull_history(library, [archive, tmp_path / "folder", video])
    assert report.seen == 40 + 40 + 1 + 1 + 19
    assert report.outcomes["video"] == 1
    assert len(library.plays()) == 40 + 40 + 1 + 19
    notes = "\n".join(report.notes)
    assert "Streaming_History_Audio_2024_2.json is cut off at character" in notes
    assert "the 19 rows before are used" in notes
    assert "playlist files were not read" in notes


def test_a_later_export_adds_only_what_is_new(tmp_path: Path, library: Library) -> None:
    first = write(tmp_path / "1.json", history(60))
    later = write(tmp_path / "2.json", [*history(100, first=20), row(5, 1.0, offline_timestamp=0)])
    pull_history(library, [first])
    report = pull_history(library, [later])
    assert report.outcomes["already in the library"] == 40
    with opened(tmp_path / "other.db") as other:
        pull_history(other, [first, later])
        assert_equal(content(library), content(other))
    before = content(library)
    for paths in ([first], [later, first], [later]):
        pull_history(library, paths)
        assert_equal(before, content(library))


def test_the_same_play_of_another_export_under_another_second_is_one(tmp_path: Path, library: Library) -> None:
    pull_history(library, [write(tmp_path / "1.json", [*history(30), row(7, 500)])])
    shifted = row(7, 500 + 2 / 60, offline_timestamp=0)
    report = pull_history(library, [write(tmp_path / "2.json", [*history(30), shifted])])
    assert report.outcomes["merged: same play reported twice"] == 1
    assert len(library.plays()) == 31
    assert pull_history(library, [tmp_path / "2.json"]).outcomes == report.outcomes


KILLED = """
import os, signal, sys
from pathlib import Path
from connectors.history import pull
from connectors.library import Library
pull._CHUNK = 25
left = int(sys.argv[3])
def progress(text):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
with Library.open("sqlite:///" + sys.argv[1]) as library:
    pull.pull_history(library, [Path(sys.argv[2])], on_progress=progress)
"""


@pytest.fixture
def export(tmp_path: Path) -> Path:
    liked = [{"artist": "Band 2", "album": "Album 2", "track": "Song 2", "uri": uri(2)}]
    return zipped(
        tmp_path / "export.zip",
        **{
            "MyData/Streaming_History_Audio_2023.json": history(),
            "MyData/YourLibrary.json": {"tracks": liked, "bannedTracks": [], "bannedArtists": [{"name": "Band 0"}]},
        },
    )


@pytest.mark.parametrize("after", [3, 6])
def test_killed_and_repeated_equals_an_undisturbed_pull(tmp_path: Path, library: Library, export: Path, after) -> None:
    file = tmp_path / "killed.db"
    command = [sys.executable, "-c", KILLED, str(file), str(export), str(after)]
    result = subprocess.run(
        command, check=False, env={**os.environ, "PYTHONPATH": str(Path(pulling.__file__).parents[2])}
    )
    assert result.returncode == -signal.SIGKILL
    pull_history(library, [export])
    with opened(file) as killed:
        assert len(killed.plays()) < len(library.plays()) or killed.evidence().empty
        pull_history(killed, [export])
        assert_equal(content(killed), content(library))


class PowerCutError(Exception):
    """The machine went away."""


def test_cut_off_in_any_transaction_and_repeated(tmp_path: Path, library: Library, export: Path, monkeypatch) -> None:
    pull_history(library, [export])
    whole = content(library)
    monkeypatch.setattr(pulling, "_CHUNK", 25)
    ways = ((PlayStore, "add"), (PlayStore, "add_names"))
    ways += tuple((Library, name) for name in ("keep_evidence", "add_evidence", "remember"))
    for owner, way in ways:
        for after in (0, 2):
            with opened(tmp_path / f"{way}{after}.db") as cut, monkeypatch.context() as patch:
                calls = iter([getattr(owner, way)] * after)

                def once_too_often(*given, calls=calls):
                    call = next(calls, None)
                    if call is None:
                        raise PowerCutError
                    return call(*given)

                patch.setattr(owner, way, once_too_often)
                try:
                    pull_history(cut, [export])
                except PowerCutError:
                    assert not whole["evidence"].equals(cut.evidence())
                else:
                    assert after > 0  # every way is gone at least once
                patch.undo()
                pull_history(cut, [export])
                assert_equal(content(cut), whole)


def test_nothing_personal_is_stored(tmp_path: Path, export: Path) -> None:
    with opened(tmp_path / "library.db") as library:
        pull_history(library, [export])
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("library.db*"))
    assert b"Song 2" in stored
    for value in PERSONAL.values():
        assert value == "ZZ" or value.encode() not in stored
    assert b"ZZ" not in stored


def test_the_library_file(tmp_path: Path, library: Library) -> None:
    pull_history(library, [write(tmp_path / "plays.json", history())])
    entry = {"artist": "Band 2", "album": "Album 2", "track": "Song 2"}
    file = {
        "tracks": [{**entry, "uri": uri(2)}, {**entry, "uri": "spotify:local:a:b:c:1", "track": "Demo"}, {"uri": None}],
        "albums": [{"artist": "a", "album": "b", "uri": "c"}] * 3,
        "bannedTracks": [{**entry, "uri": uri(5)}],
        "bannedArtists": [{"name": "Band 0", "uri": "spotify:artist:x"}, "odd"],
        "other": [],
    }
    report = pull_history(library, [write(tmp_path / "YourLibrary.json", file)])
    assert report.outcomes == {
        "like in the library file": 2,
        "library entry without a name": 2,
        "library entry that is no track": 3,
        "banned track": 1,
        "banned artist": 1,
    }
    evidence = library.evidence().set_index(["kind", "track_id"])
    tracks = library.tracks().set_index("track_id")
    banned = set(evidence.loc["banned_artist"].index)
    assert banned == set(tracks.index[tracks["artist_name"] == "Band 0"]) != set()
    assert not evidence.loc["banned_artist"]["liked"].any()
    # A track that comes later is banned too, as soon as the pull that brings it is done.
    library.add_tracks([TrackRow(track_id="late", track_name="New", artist_name="BAND 0;Guest")])
    library.add_tracks([TrackRow(track_id="guest", track_name="New", artist_name="Other;Band 0")])
    assert apply_artist_bans(library) == len(banned) + 1
    assert ("banned_artist", "late") in library.evidence().set_index(["kind", "track_id"]).index
    # What is taken back goes.
    file |= {"tracks": [], "bannedTracks": [], "bannedArtists": []}
    pull_history(library, [write(tmp_path / "YourLibrary.json", file)])
    assert set(library.evidence()["kind"]) <= {"finished", "skipped"}
    library.forget("history")
    assert library.evidence().empty
    assert library.recall("history:banned_artists") is None


def test_a_history_does_not_replace_better_names(tmp_path: Path, library: Library) -> None:
    library.add_tracks([TrackRow(track_id=uri(1)[14:], track_name="Song 1", artist_name="Band 1;Guest")])
    pull_history(library, [write(tmp_path / "plays.json", history())])
    known = library.tracks().set_index("track_id").loc[uri(1)[14:]]
    assert (known["artist_name"], known["album_name"]) == ("Band 1;Guest", "Album 1")


def test_reasons_that_no_database_stores_are_cleaned_and_no_word_confuses(tmp_path: Path, library: Library) -> None:
    odd = [row(1, 0, reason_end="half \ud83d"), row(1, 10, reason_end="nothing\0"), row(1, 20, reason_end="skipped")]
    path = write(tmp_path / "plays.json", odd)
    for _ in range(2):
        pull_history(library, [path])
        assert library.plays()["reason_end"].to_list() == ["half ?", "nothing", "skipped"]


def test_plays_that_another_process_wrote_meanwhile_count(tmp_path: Path, library: Library) -> None:
    """They are written between the reading of what is known and the verdicts."""
    path = write(tmp_path / "plays.json", history())
    late = [
        PlayRow(track_id="late", ended_at=START + timedelta(minutes=n), ms_played=9_000, outcome="skipped")
        for n in range(12)
    ]

    def progress(text: str) -> None:
        if text.startswith("drawing"):
            library.add_plays(late)

    pull_history(library, [path], on_progress=progress)
    assert library.evidence().set_index("track_id").loc["late", "kind"] == "skipped"


def test_plays_of_tracks_that_another_process_forgot_meanwhile_do_not_count(tmp_path: Path, library: Library) -> None:
    path = write(tmp_path / "plays.json", history())
    pull_history(library, [path])
    known = library.play_store.columns()
    gone = replace(known, track_ids=["gone" if track_id.endswith("3") else track_id for track_id in known.track_ids])
    before = set(library.evidence()["track_id"])
    draw_verdicts(library, gone)
    assert set(library.evidence()["track_id"]) == {track_id for track_id in before if not track_id.endswith("3")}


def test_exclusions_are_counted_and_what_is_there_already_is_said(tmp_path: Path, library: Library) -> None:
    path = write(tmp_path / "plays.json", [*history(20), row(1, 900, incognito_mode=True)])
    hidden = Exclusions(incognito=True)
    with opened(tmp_path / "other.db") as other:
        report = pull_history(other, [path], hidden)
        assert report.outcomes["left out: incognito"] == 1
        assert len(other.plays()) == 20
        assert len(report.notes) == 1
        assert "skips are a weak signal" in report.notes[0]
    pull_history(library, [path])
    assert "1 plays that you leave out now are in the library" in pull_history(library, [path], hidden).notes[-1]


def test_a_file_whose_first_row_is_broken_is_said(tmp_path: Path, library: Library) -> None:
    good = write(tmp_path / "Streaming_History_Audio_2022_0.json", [row(1, 0)])
    broken = tmp_path / "Streaming_History_Audio_2023_1.json"
    broken.write_text('[{"ts": ?}, ' + good.read_text()[1:])
    report = pull_history(library, [tmp_path])
    assert report.outcomes == {"finished": 1}
    assert any(f"{broken} is not JSON at character" in note for note in report.notes)
    with pytest.raises(InputError, match="is not JSON at character"):
        pull_history(library, [broken])


def test_the_short_history_alone_is_said_to_tell_little(tmp_path: Path, library: Library) -> None:
    rows = [
        {"endTime": f"2023-06-{day:02d} 12:00", "artistName": "Band", "trackName": "Song", "msPlayed": 3_000}
        for day in range(1, 9)
    ]
    report = pull_history(library, [write(tmp_path / "StreamingHistory0.json", rows)])
    assert report.outcomes["skipped"] == 8
    assert "tells little" in report.notes[0]
    assert library.evidence().empty


def unrelated(folder: Path) -> None:
    folder.mkdir()
    for number in range(2_000):
        (folder / f"{number}.json").write_text('{"a": 1}' if number % 2 else "[section]\nkey=value")


@pytest.mark.parametrize(
    ("make", "message", "hint"),
    [
        (lambda path: path.mkdir(), "no Spotify export, it has no JSON file", "Extended streaming history"),
        (lambda path: write(path, {"a": 1}), "no Spotify export, it has neither plays nor a library", "give the ZIP"),
        (lambda path: path.write_text("hello"), "no Spotify export", "give the ZIP"),
        (
            lambda path: zipped(path, **{"MyData/Userdata.json": {"email": "x"}}),
            "account data, without history",
            "ask for",
        ),
        (lambda path: write(path / "Playlist1.json", {"playlists": []}), "account data, without history", "ask for"),
        (lambda path: zipped(path, **{"../x.json": history(3)}), "points outside the archive", "ask for"),
        (unrelated, "no Spotify export, none of its 2,000 JSON files is one", "ask for"),
    ],
)
def test_what_is_no_export_is_said(tmp_path: Path, library: Library, make, message, hint) -> None:
    path = tmp_path / "given"
    make(path)
    with pytest.raises(InputError) as refused:
        pull_history(library, [path])
    assert message in refused.value.message
    assert str(path) in refused.value.message
    assert hint in refused.value.hint
    assert library.tracks().empty

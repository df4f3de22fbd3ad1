"""Lists of candidates: kept whole, found by id alone, and files of strangers read within bounds."""

import gzip
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.home import Home
from earmark.page.faults import NotFoundError
from earmark.page.lists import DEMO, MAX_LISTS, CandidateList, CandidateLists
from earmark.page.uploads import LONGEST_ID, MAX_ROWS, read_upload, shown_name
from features.errors import InputError

PLAYLIST = "playlist-37i9dQZF1DXcBWIGoYBM5M"
MB = 2**20


@pytest.fixture
def lists(tmp_path: Path) -> CandidateLists:
    return CandidateLists(Home(tmp_path / "home"))


@pytest.fixture
def playlist(demo_candidates: pd.DataFrame) -> CandidateList:
    some = demo_candidates.head(20).reset_index(drop=True)
    return CandidateList(PLAYLIST, "Träume & <b>", "playlist", some, ("20 tracks", "café"), {"no audio features": 3}, 2)


def test_a_list_comes_back_as_it_was_put(lists: CandidateLists, playlist: CandidateList, tmp_path: Path) -> None:
    put = lists.put(playlist)
    assert lists.get(PLAYLIST) is put is lists.get(PLAYLIST)
    again = CandidateLists(Home(tmp_path / "home")).get(PLAYLIST)  # another process
    pd.testing.assert_frame_equal(again.tracks, playlist.tracks)
    assert replace(again, tracks=put.tracks).__dict__ == put.__dict__
    assert again.tracks.attrs == {}


def test_entries_tell_the_demo_first_then_the_newest(lists: CandidateLists, playlist: CandidateList) -> None:
    lists.put(playlist)
    newer = lists.put(replace(playlist, list_id="file-0123456789abcdef", kind="file", title="b"))
    found = lists.entries()
    assert [entry.list_id for entry in found] == [DEMO, newer.list_id, PLAYLIST]
    assert [(entry.n_tracks, entry.kind, entry.title) for entry in found[1:]] == [
        (20, "file", "b"),
        (20, "playlist", "Träume & <b>"),
    ]
    assert found[1].added_at > found[2].added_at > found[0].added_at == ""


def test_a_list_that_is_put_again_takes_the_place_of_the_old_one(
    lists: CandidateLists, playlist: CandidateList
) -> None:
    lists.put(playlist)
    lists.put(replace(playlist, tracks=playlist.tracks.head(5)))
    assert len(lists.get(PLAYLIST).tracks) == 5
    assert [entry.n_tracks for entry in lists.entries()[1:]] == [5]


def test_the_oldest_lists_go(lists: CandidateLists, playlist: CandidateList) -> None:
    small = replace(playlist, tracks=playlist.tracks.head(1), kind="file")
    ids = [f"file-{number:016x}" for number in range(MAX_LISTS + 2)]
    for list_id in ids:
        lists.put(replace(small, list_id=list_id))
    assert [entry.list_id for entry in lists.entries()] == [DEMO, *reversed(ids[2:])]
    with pytest.raises(NotFoundError):
        lists.get(ids[0])


@pytest.mark.parametrize(
    "list_id",
    [
        "../../etc/passwd",
        "file-../../../etc/pa",
        "file-0123456789abcdeg",
        "file-0123456789abcdef\n",
        "file-0123456789abcdef.parquet",
        "FILE-0123456789ABCDEF",
        "playlist-37i9dQZF1DXcBWIGoYBM5/",
        "playlist-" + "\u0663" * 22,
        "",
        "\x00",
        "a" * 5000,
    ],
)
def test_only_an_id_finds_a_file(lists: CandidateLists, playlist: CandidateList, list_id: str) -> None:
    with pytest.raises(NotFoundError, match="there is no list"):
        lists.get(list_id)
    with pytest.raises(NotFoundError, match="there is no list"):
        lists.remove(list_id)
    with pytest.raises(NotFoundError, match="there is no list"):
        lists.put(replace(playlist, list_id=list_id))


def test_a_list_that_another_process_deleted_is_gone(lists: CandidateLists, playlist: CandidateList) -> None:
    lists.put(playlist)
    (lists.folder / f"{PLAYLIST}.parquet").unlink()
    with pytest.raises(NotFoundError):
        lists.get(PLAYLIST)
    assert [entry.list_id for entry in lists.entries()] == [DEMO]
    with pytest.raises(NotFoundError):
        lists.remove(PLAYLIST)


def test_playlists_are_forgotten_and_files_stay(lists: CandidateLists, playlist: CandidateList) -> None:
    lists.put(playlist)
    kept = lists.put(replace(playlist, list_id="file-0123456789abcdef", kind="file"))
    assert lists.forget_playlists() == 1
    assert [entry.list_id for entry in lists.entries()] == [DEMO, kept.list_id]
    with pytest.raises(NotFoundError):
        lists.get(PLAYLIST)
    assert lists.forget_playlists() == 0


@pytest.mark.parametrize("content", [b"", b"PAR1PAR1", b"not a table"])
def test_a_damaged_file_is_said_and_left_out(lists: CandidateLists, playlist: CandidateList, content: bytes) -> None:
    lists.put(playlist)
    (lists.folder / f"{PLAYLIST}.parquet").write_bytes(content)
    assert [entry.list_id for entry in lists.entries()] == [DEMO]
    with pytest.raises(InputError, match="is damaged"):
        lists.get(PLAYLIST)
    lists.remove(PLAYLIST)
    assert not list(lists.folder.iterdir())


def test_the_demo_cannot_be_removed(lists: CandidateLists) -> None:
    with pytest.raises(InputError, match="demo"):
        lists.remove(DEMO)
    assert len(lists.get(DEMO).tracks) == 294


def _parquet(table: pd.DataFrame) -> bytes:
    return bytes(table.to_parquet(index=False))


def _jsonl(table: pd.DataFrame) -> bytes:
    return table.to_json(orient="records", lines=True).encode()


FORMATS: dict[str, Callable[[pd.DataFrame], bytes]] = {
    "a.csv": lambda table: table.to_csv(index=False).encode(),
    "a.csv.gz": lambda table: gzip.compress(table.to_csv(index=False).encode()),
    "a.parquet": _parquet,
    "a.jsonl": _jsonl,
    "a.json": lambda table: table.to_json(orient="records", indent=2).encode(),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_of_any_format_becomes_a_list(lists: CandidateLists, demo_candidates: pd.DataFrame, name: str) -> None:
    data = FORMATS[name](demo_candidates.assign(liked=1))
    kept = lists.add_file(name, data)
    assert re.fullmatch(r"file-[0-9a-f]{16}", kept.list_id)
    assert kept.title == name
    assert kept.tracks["track_id"].tolist() == demo_candidates["track_id"].tolist()
    np.testing.assert_allclose(kept.tracks["energy"], demo_candidates["energy"], atol=1e-9)
    assert "liked" not in kept.tracks
    assert lists.add_file("another name", data).list_id == kept.list_id
    assert [file.name for file in lists.folder.iterdir()] == [f"{kept.list_id}.parquet"]


def _many(table: pd.DataFrame, rows: int) -> pd.DataFrame:
    repeated = pd.concat([table[["track_name", "energy", "tempo"]]] * (rows // len(table) + 1)).head(rows)
    return repeated.reset_index(drop=True)


def _repeated(text: str, rows: int) -> bytes:
    """A small parquet file of one long text that every row points to."""
    column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, dtype=np.int32)), pa.array([text]))
    data = io.BytesIO()
    pq.write_table(pa.table({"track_name": column}), data, compression="zstd", store_schema=False)
    return data.getvalue()


BAD = {
    "empty": (lambda _: b"", "is empty"),
    "gzip of nothing": (lambda _: gzip.compress(b""), "holds nothing"),
    "a picture": (lambda _: b"\x89PNG\r\n\x1a\n" + bytes(100), "a PNG picture"),
    "noise": (lambda _: np.random.default_rng(0).bytes(4000), ""),
    "a pickle": (lambda _: b"\x80\x04\x95" + bytes(50), "a Python pickle"),
    "prose": (lambda _: b"Dear Sir or Madam,\nno table here\n", "none of the audio features"),
    "too large": (lambda _: b"energy\n" + b"0.5\n" * MB, "larger than 1 MB"),
    "a bomb": (lambda _: gzip.compress(b"energy\n" + b"0.5\n" * 4 * MB), "larger than 4 MB unpacked"),
    "half a gzip": (lambda table: FORMATS["a.csv.gz"](table)[:2000], "gzip data ends too early"),
    "half a parquet": (lambda table: _parquet(table)[:5000], "parquet file is damaged"),
    "60,000 rows of parquet": (lambda table: _parquet(_many(table, 60_000)), "60,000 rows, at most 50,000"),
    "a parquet bomb": (lambda _: _repeated("a" * MB, 40_000), "larger than 4 MB unpacked"),
    "60,000 short rows": (lambda _: gzip.compress(b"energy,tempo\n" + b"0.5,120\n" * 60_000), "60,000 rows, at most"),
    "lines without end": (lambda _: gzip.compress(b"\n" * 3 * MB), "lines, at most 50,000"),
    "a million columns": (lambda _: b"," * MB, "first line is longer"),
    "nothing usable": (lambda _: b"track_name,energy\na,\nb,\n", "none of the 2 rows can be used"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_is_refused_in_words(lists: CandidateLists, demo_candidates: pd.DataFrame, what: str) -> None:
    make, words = BAD[what]
    with pytest.raises(InputError) as caught:
        lists.add_file("../../etc/my list.csv", make(demo_candidates), max_bytes=MB)
    message = caught.value.message
    assert message.startswith("my list.csv: ")
    assert words in message
    assert caught.value.hint
    assert str(lists.folder.parents[2]) not in message  # no path of ours
    assert not lists.folder.exists()


def test_as_many_rows_as_allowed_are_read() -> None:
    names = "\n".join(f"t{number},{number % 100 / 100},120" for number in range(MAX_ROWS))
    read = read_upload("a.csv", f"track_name,energy,tempo\n{names}\n".encode(), 32 * MB)
    assert len(read.tracks) == MAX_ROWS


@pytest.mark.parametrize("ids", [["i" * 201, "é" * 200], [None, None], [17, 18]])
def test_every_id_can_be_asked_about(demo_candidates: pd.DataFrame, ids: list[object]) -> None:
    table = io.BytesIO()
    demo_candidates.head(2).assign(track_id=pd.Series(ids)).to_parquet(table)
    found = read_upload("ids.parquet", table.getvalue(), 2**20).tracks["track_id"]
    assert len(found) == 2
    assert found.str.len().max() <= LONGEST_ID
    assert found.str.startswith("local:").tolist() == [one is None or len(str(one)) > LONGEST_ID for one in ids]


def test_what_is_said_of_a_list_is_kept(lists: CandidateLists) -> None:
    rows = [{"track_name": "a", "artist_name": "b", "energy": 0.5, "tempo": 120.0}]
    data = io.BytesIO()
    data.write(json.dumps([*rows, *rows, {"track_name": "c", "artist_name": "d", "energy": None}]).encode())
    kept = lists.add_file("a.json", data.getvalue())
    assert (len(kept.tracks), kept.merged, dict(kept.set_aside or {})) == (1, 1, {"no audio features": 1})
    assert any("merged" in note for note in kept.notes)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_long_json_of_one_line_is_read(demo_candidates: pd.DataFrame, encoding: str) -> None:
    rows = demo_candidates.assign(explicit=None).to_json(orient="records")
    text = json.dumps([{**row, "more": "x" * 1000} for row in json.loads(rows)])
    assert len(text) > 2**18
    assert len(read_upload("a.json", text.encode(encoding), 32 * MB).tracks) == len(demo_candidates)


def test_a_table_of_an_old_macintosh_is_read(demo_candidates: pd.DataFrame) -> None:
    wide = pd.concat([demo_candidates] * 10).assign(more="x" * 100)
    data = wide.to_csv(index=False, lineterminator="\r").encode()
    assert len(data) > 2**18
    assert len(read_upload("a.csv", data, 32 * MB).tracks) == len(demo_candidates)


@given(st.text(max_size=300))
def test_a_shown_name_is_one_short_printable_word_of_a_path(name: str) -> None:
    shown = shown_name(name)
    assert 0 < len(shown) <= 80
    assert shown.isprintable()
    assert not {"/", "\\"} & set(shown)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\list.csv", "list.csv"),
        ("", "a file without a name"),
        ("a\x1b[31mb.csv", "a?[31mb.csv"),
    ],
)
def test_shown_names(name: str, shown: str) -> None:
    assert shown_name(name) == shown

"""Catalogues in files: what is read, what is refused, and that DuckDB reads nothing else."""

import gzip
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from connectors.tables.assembly import to_tracks
from connectors.tables.columns import recognise
from connectors.tables.raw import RawTable
from features.catalogue import Catalogue, exact_names, read_catalogue
from features.catalogue_file import open_table
from features.context import ArtistProfiles, covered
from features.errors import InputError

TRACKS = pd.DataFrame(
    {
        "track_id": ["a", "b", "c", "d", "e"],
        "track_name": ["One", 'Two; or "2"', "Three", "Four", "Five"],
        "artist_name": ["Abba", "ABBA", "Björk", None, "Shakira, Ozuna"],
        "energy": [0.1, 0.2, 0.3, 0.4, 0.5],
        "explicit": [True, False, None, True, False],
        "label": ["x", "y", "z", "z", "z"],
    }
)


def as_csv(separator: str = ",") -> Callable[[Path], None]:
    return lambda path: TRACKS.to_csv(path, index=False, sep=separator)


def as_gzip(path: Path) -> None:
    path.write_bytes(gzip.compress(TRACKS.to_csv(index=False).encode()))


def as_marked_csv(path: Path) -> None:
    path.write_text(TRACKS.to_csv(index=False), encoding="utf-8-sig")


WRITERS: dict[str, Callable[[Path], None]] = {
    "parquet": TRACKS.to_parquet,
    "commas": as_csv(),
    "semicolons": as_csv(";"),
    "tabs": as_csv("\t"),
    "gzip": as_gzip,
    "byte order mark": as_marked_csv,
}


def rows(catalogue: Catalogue) -> list[tuple[str, str, float]]:
    """Titles, artists and energies by id."""
    tracks = catalogue.tracks.sort_values("track_id")
    return list(zip(tracks["track_name"], tracks["artist_name"], tracks["energy"].astype(float), strict=True))


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
def test_formats_are_told_by_content(write: Callable[[Path], None], tmp_path: Path) -> None:
    write(tmp_path / "catalogue.dat")
    catalogue = read_catalogue(tmp_path / "catalogue.dat")
    assert rows(catalogue) == [
        ("One", "Abba", 0.1),
        ('Two; or "2"', "ABBA", 0.2),
        ("Three", "Björk", 0.3),
        ("Five", "Shakira, Ozuna", 0.5),
    ]
    assert list(catalogue.tracks) == ["track_id", "track_name", "artist_name", "energy", "explicit"]
    assert catalogue.notes == ("catalogue: 4 tracks of 3 artists",)


@pytest.mark.parametrize(
    "name", ["we[i]rd *?.csv", "quote ' \" ; drop table x --.csv", "\u00e9t\u00e9.parquet.csv", "{a,b}.csv", "~.csv"]
)
def test_a_path_is_only_a_path(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_csv()(tmp_path / name)
    TRACKS.head(1).to_csv(tmp_path / "weird xy.csv", index=False)
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path / "folder")
    assert len(read_catalogue(Path("..") / name).tracks) == 4
    (tmp_path / "link").symlink_to(tmp_path / name)
    assert len(read_catalogue(tmp_path / "link").tracks) == 4


def test_names_from_the_file_are_no_code(tmp_path: Path) -> None:
    evil = "x'); DROP TABLE t; SELECT * FROM read_text('/etc/passwd'); --"
    table = TRACKS.rename(columns={"label": evil}).assign(artist_name=["Abba", evil, "a' OR '1'='1", '"', "%"])
    for path in (tmp_path / "t.csv", tmp_path / "t.parquet"):
        table.to_csv(path, index=False) if path.suffix == ".csv" else table.to_parquet(path)
        tracks = read_catalogue(path, artists=[evil]).tracks
        assert tracks["artist_name"].tolist() == [evil]
        tracks = read_catalogue(path, recognise=lambda headers: {**exact_names(headers), "popularity": 5}).tracks
        assert sorted(tracks[evil]) == ["x", "y", "z", "z", "z"]


def test_nothing_but_the_file_can_be_read(tmp_path: Path) -> None:
    as_csv()(tmp_path / "t.csv")
    as_csv()(tmp_path / "other.csv")
    with open_table(tmp_path / "t.csv") as table:
        connection = table.connection
        for query in (
            f"FROM read_csv('{tmp_path / 'other.csv'}')",
            "SELECT * FROM read_text('/etc/passwd')",
            "SELECT * FROM 'https://example.org/t.parquet'",
            f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
            f"ATTACH '{tmp_path / 'new.db'}'",
            "INSTALL httpfs",
            "LOAD httpfs",
            "SET enable_external_access = true",
            "SET threads = 8",
            "SELECT * FROM TRACKS",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(query)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.csv", "t.csv"]


def test_only_the_artists_wanted_are_read(tmp_path: Path) -> None:
    as_csv()(tmp_path / "t.csv")
    some = read_catalogue(tmp_path / "t.csv", artists=["the abba feat. Somebody", "Shakira, Ozuna", "Unheard Of"])
    assert sorted(some.tracks["artist_name"]) == ["ABBA", "Abba", "Shakira, Ozuna"]
    assert some.notes == ("catalogue: 3 tracks of 2 artists",)
    none = read_catalogue(tmp_path / "t.csv", artists=["Unheard Of"]).tracks
    assert len(none) == 0
    assert "energy" in none


def test_a_large_catalogue_is_cut_fairly(tmp_path: Path) -> None:
    sizes = {"Giant": 500, "Large": 90, "Wanted": 3, "Small": 3}
    names = [name for name, size in sizes.items() for _ in range(size)]
    table = pd.DataFrame({"track_id": [f"{at}" for at in range(len(names))], "artist_name": names, "energy": 0.5})
    table.to_parquet(tmp_path / "t.parquet")

    def sizes_of(**options: object) -> dict[str, int]:
        tracks = read_catalogue(tmp_path / "t.parquet", **options).tracks  # type: ignore[arg-type]
        return dict(tracks["artist_name"].value_counts())

    assert sizes_of() == {"Giant": 120, "Large": 90, "Wanted": 3, "Small": 3}
    assert sizes_of(max_tracks=130) == {"Giant": 60, "Large": 60, "Wanted": 3, "Small": 3}
    assert sizes_of(max_tracks=23, first=["Wanted"]) == {"Giant": 20, "Wanted": 3}
    some, again = (read_catalogue(tmp_path / "t.parquet", max_tracks=130).tracks for _ in range(2))
    pd.testing.assert_frame_equal(some, again)
    giant = some.loc[some["artist_name"] == "Giant", "track_id"].astype(int)
    assert giant.max() - giant.min() > 250  # a sample, not the first


def test_other_headers_units_and_types(tmp_path: Path) -> None:
    def convert(table: pd.DataFrame) -> pd.DataFrame:
        return to_tracks(RawTable(tuple(table.columns), tuple(table[name] for name in table)), labels=False)[0]

    table = pd.DataFrame(
        {
            "Track URI": [f"spotify:track:{at:022d}" for at in range(3)],
            "Artist Name(s)": [["Abba"], ["Björk", "Abba"], []],
            "Danceability": ["63%", "70%", "5%"],
            "Duration": ["3:20", "0:30", "1:00"],
            "Release": [1976, 1995, 2001],
        }
    )
    table.to_parquet(tmp_path / "t.parquet")
    tracks = read_catalogue(
        tmp_path / "t.parquet", recognise=lambda headers: recognise(headers).positions, convert=convert
    ).tracks
    assert tracks["artist_name"].tolist() == ["Abba", "Björk;Abba"]
    assert tracks["danceability"].tolist() == [0.63, 0.7]
    assert tracks["duration_ms"].tolist() == [200_000, 30_000]
    assert tracks["track_id"].tolist() == [f"{at:022d}" for at in range(2)]


def test_broken_lines_are_left_out_and_counted(tmp_path: Path) -> None:
    lines = [
        "artist_name,energy",
        "Abba,0.1",
        "Abba,0.2,too,many",
        "too few",
        '"Björk",0.3',
        "A,\udce9,",
        "Abba,0.4",
    ]
    (tmp_path / "t.csv").write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
    catalogue = read_catalogue(tmp_path / "t.csv")
    assert sorted(catalogue.tracks["energy"].astype(float)) == [0.1, 0.3, 0.4]
    assert catalogue.notes[-1] == "catalogue: 3 lines that could not be read are left out, the first is line 3"


BAD = {
    "nothing": (b"", "the file is empty"),
    "blank": (b"\xef\xbb\xbf \n", "the file is empty"),
    "no artists": (b"track_name,energy\na,0.1\n", "names no artists; its columns: track_name, energy"),
    "no artist": (b"artist_name,energy\n,0.1\n", "names no artist in any row"),
    "no rows": (b"artist_name,energy\n", "names no artist in any row"),
    "no features": (b"artist_name,title\nAbba,One\n", "none of the audio features; its columns: artist_name, title"),
    "cut parquet": (b"PAR1\x15\x04", "the file cannot be read"),
    "cut gzip": (gzip.compress(b"artist_name,energy\nAbba,0.1\n")[:25], "the file cannot be read"),
    "wide text": ("artist_name,energy\nAbba,0.1\n".encode("utf-16"), "neither parquet nor text in UTF-8"),
    "too wide": (b"artist_name,energy" + b",x" * 3000 + b"\n", "has 3002 columns"),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD.keys())
def test_bad_files_are_explained(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as raised:
        read_catalogue(path)
    assert message in raised.value.message
    assert raised.value.message.startswith(str(path))
    assert raised.value.hint


def test_what_is_no_file_is_explained(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path in (tmp_path / "missing.csv", tmp_path, tmp_path / "pipe", tmp_path / "loop", Path("a\x00b")):
        with pytest.raises(InputError) as raised:
            read_catalogue(path)
        assert raised.value.message.startswith(str(path))


def test_damaged_parquet_is_explained(tmp_path: Path) -> None:
    TRACKS.to_parquet(tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    numbers = np.random.default_rng(0)
    refused = 0
    for _ in range(30):
        content = bytearray(whole)
        for at in numbers.integers(4, len(whole) - 4, 20):
            content[at] = numbers.integers(256)
        (tmp_path / "t.parquet").write_bytes(content)
        try:
            read_catalogue(tmp_path / "t.parquet")
        except InputError:
            refused += 1
    assert refused > 10


def test_the_real_catalogue_says_the_same_as_csv(shared_data: Path, tmp_path: Path) -> None:
    sample = pd.read_parquet(shared_data / "catalogue" / "tracks.parquet").sample(8000, random_state=0)
    sample.to_parquet(tmp_path / "t.parquet")
    sample.to_csv(tmp_path / "t.csv", index=False)
    attached = [
        ArtistProfiles.build(catalogue=read_catalogue(tmp_path / name).tracks).attach(sample.reset_index(drop=True))
        for name in ("t.parquet", "t.csv")
    ]
    assert covered(attached[0]).mean() > 0.5
    # Single precision in one, its decimals in the other: a value may fall on the next of 65,535 steps.
    pd.testing.assert_frame_equal(*attached, rtol=1e-4, atol=1e-3)


def test_reading_a_catalogue_leaves_nothing_on_stderr(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.csv"
    file.write_text("artist_name,energy\nSomebody,0.5\n")
    code = "import sys; from features.catalogue import read_catalogue; print(len(read_catalogue(sys.argv[1]).tracks))"
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("1", "")

"""Files that cannot be read: what went wrong and the mend, never a traceback of somebody else's."""

import bz2
import gzip
import io
import json
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.registry import open_source
from connectors.sources.csv_file import read_table
from connectors.tables import unpacking
from features.errors import InputError

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256))
GZIPPED = gzip.compress(b"title,energy\n" + os.urandom(2000).hex().encode() + b",0.5\n")


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "content")
    return buffer.getvalue()


def opendocument(kind: str) -> bytes:
    """As the standard wants it: the type first, not compressed (OpenDocument 1.3, part 2, 3.3)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}", zipfile.ZIP_STORED)
        archive.writestr("content.xml", "<office:document-content/>")
    return buffer.getvalue()


def parquet(frame: pd.DataFrame, compression: str | None = "snappy") -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, compression=compression)
    return buffer.getvalue()


PARQUET = parquet(pd.DataFrame({"energy": np.linspace(0, 1, 100)}))
NAMES = parquet(pd.DataFrame({"title": ["a rare title", "B"], "energy": [0.5, 0.6]}), None)
JUNK = (",".join(f"junk{i}" for i in range(50)) + "\n" + ",".join("1" * 50) + "\n").encode()

BAD = {
    "white space": (b" \n\t\n", "only white space", "export"),
    "byte order mark only": (b"\xef\xbb\xbf", "only white space", "export"),
    "header only": (b"title,artist,energy\n", "no rows", "export"),
    "picture": (PNG, "a PNG picture", "CSV"),
    "zip": (zipped("tracks.csv"), "a zip archive", "unpack"),
    "workbook": (zipped("[Content_Types].xml", "xl/workbook.xml"), "Excel workbook (.xlsx)", "save the sheet as CSV"),
    "empty zip": (zipped(), "a zip archive with nothing in it", "export"),
    "OpenDocument spreadsheet": (opendocument("spreadsheet"), "an OpenDocument spreadsheet (.ods)", "save the sheet"),
    "OpenDocument text": (opendocument("text"), "an OpenDocument document", "export the table as CSV"),
    "Word document": (zipped("[Content_Types].xml", "word/document.xml"), "a Word document (.docx)", "CSV"),
    "Numbers": (zipped("Index/Document.iwa"), "a Numbers, Pages or Keynote document", "export the sheet as CSV"),
    "extended history": (zipped("Spotify Extended Streaming History/Streaming_History_Audio_2020_1.json"),
                         "an export of your streaming history", "earmark pull history"),
    "account data": (zipped("MyData/StreamingHistory_music_0.json"), "streaming history", "earmark pull history"),
    "old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "old Excel workbook", "CSV"),
    "bzip2": (bz2.compress(b"energy\n0.5\n"), "bzip2", "unpack"),
    "pickle": (b"\x80\x04\x95" + bytes(50), "pickle", "CSV"),
    "newer pickle": (pickle.dumps([0.5] * 50, protocol=5), "a Python pickle", "CSV"),
    "older pickle": (pickle.dumps([0.5] * 50, protocol=2), "a Python pickle", "CSV"),
    "feather": (b"ARROW1\x00\x00" + bytes(50), "an Arrow file (Feather)", "CSV"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(50), "an HDF5 file", "CSV"),
    "rich text": (b"{\\rtf1\\ansi Dear listener}", "a document (RTF)", "CSV"),
    "random bytes": (np.random.default_rng(0).bytes(5000), "NUL", "CSV"),
    "control characters": (bytes(range(1, 32)) * 20, "binary", "CSV"),
    "NUL bytes": (b"title,energy\nA\x00B,0.5\n", "NUL characters (first at character 15)", "CSV"),
    "UTF-16 without a mark": ("title,energy\nA,0.5\n".encode("utf-16-le"), "NUL", "UTF-8"),
    "damaged UTF-16": (b"\xff\xfet\x00i\x00t", "marked as utf-16 but damaged", "again"),
    "web page": (b"\n<!DOCTYPE html><html><body>Sign in</body></html>", "web page", "sign-in"),
    "junk": (JUNK, "50 columns: junk0, junk1", "danceability"),
    "names only": (b"title,artist\nA,B\n", "names tracks (track_name, artist_name) but has none", "audio features"),
    "numbers without a header": (b"1,2,3\n4,5,6\n", "none of the audio features; its 3 columns: 1, 2, 3", "tempo"),
    "truncated gzip": (GZIPPED[:-20], "ends too early", "again"),
    "damaged gzip": (GZIPPED[:100] + b"\xff" * 50 + GZIPPED[150:], "gzip data is damaged", "again"),
    "empty gzip": (gzip.compress(b""), "holds nothing", "again"),
    "gzip in gzip": (gzip.compress(GZIPPED), "compressed twice", "unpack"),
    "gzip of a picture": (gzip.compress(PNG), "a PNG picture", "CSV"),
    "ragged": (b"title,energy\nA,0.5\nB, b,0.6\nC,0.7\nD,d,0.8\n",
               "2 rows have more fields than the header's 2 (line 3, 5)", "double quotes"),
    "a title": (b"My playlist\nenergy,liked\n.5,1\n.3,0\n",
                "3 rows have more fields than the header's 1 (line 2, 3, 4)", "delete what stands above"),
    "ragged with a huge field": (b'title,energy\nA,1,2\n"' + b"x" * 200_000 + b'",0.5\n',
                                 "line 3 cannot be split into fields", "again"),
    "separator only": (b"sep=;\n", "no columns", "export"),
    "open quote": (b'title,energy\nA,0.5\n"B,0.6\nC,0.7\n', "a quoted field that starts in line 3 or below", "quotes"),
    "open quote below other lines": (b'\n\nsep=;\ntitle;energy\n\n"A\nB";0.5\n"C;0.6\nD;0.7\n',
                                     "starts in line 8", "quotes"),
    "open quote over very much": (b'title,energy\nA,0.5\n"B,0.6\n' + b"C,0.7\n" * 30_000, "starts in line 3", "quotes"),
    "ragged below other lines": (b"\r\n\r\ntitle,energy\r\nA,0.5\r\nB, b,0.6\r\n", "(line 5)", "double quotes"),
    "truncated parquet": (PARQUET[: len(PARQUET) // 2], "parquet file is damaged or truncated", "again"),
    "parquet with damaged text": (NAMES.replace(b"a rare title", b"a rare \xfftle"), "damaged or truncated", "again"),
    "parquet without a body": (b"PAR1", "parquet file is damaged or truncated", "again"),
    "parquet without rows": (parquet(pd.DataFrame({"energy": np.empty(0)})), "no rows", "export"),
    "broken JSON": (b'{"energy": 0.5}\n{"energy": \n', "line 2 is not JSON", "one object a track"),
    "broken JSON array": (b'[{"energy": 0.5},\n{"energy"', "line 2 is not JSON", "one object a track"),
    "deep JSON line": (b'{"energy": 0.5}\n' + b"[" * 100_000, "line 2 is not JSON", "one object a track"),
    "deep JSON": (b"[" * 100_000, "is not JSON", "one object a track"),
    "huge JSON number": (b'{"energy": ' + b"9" * 5000 + b"}", "is not JSON", "one object a track"),
    "JSON numbers": (b"[1, 2]", "entry 1 of the JSON is a number", "one object a track"),
    "JSON columns": (b'{"energy": [0.5, 0.6], "tempo": [1, 2]}', "whole columns", "records"),
    "empty JSON": (b"[]", "no rows", "export"),
    "JSON without fields": (b"{}", "no rows", "export"),
    "JSON with endless fields": (
        json.dumps([{f"f{row}_{i}": 1 for i in range(50)} for row in range(50)]).encode(),
        "2,000 different fields", "one object",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_content_that_cannot_be_read(case: str, tmp_path: Path) -> None:
    data, message, hint = BAD[case]
    path = tmp_path / "tracks.csv"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        open_source(str(path)).read()
    assert caught.value.message.startswith(f"{path}: ")
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 500


def test_files_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="a directory"):
        open_source(str(tmp_path)).read()
    if Path("/dev/zero").exists():
        with pytest.raises(InputError, match="not a regular file"):
            open_source("/dev/zero").read()
    path = tmp_path / "tracks.csv"
    path.touch()
    with pytest.raises(InputError, match="is empty"):
        open_source(str(path)).read()
    source = open_source(str(path))
    path.unlink()
    with pytest.raises(InputError, match="no such file"):
        source.read()


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PermissionError(13, "Permission denied"), "permission denied"),
        (OSError(5, "Input/output error"), "Input/output"),
    ],
)
def test_files_that_may_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, message: str
) -> None:
    path = tmp_path / "tracks.csv"
    path.write_text("energy\n0.5\n")
    source = open_source(str(path))

    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=message) as caught:
        source.read()
    assert caught.value.hint


def test_unpacking_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_BYTES", 10_000)
    bomb = gzip.compress(b"energy\n" + b"0.5\n" * 1_000_000)
    assert len(bomb) < 10_000
    with pytest.raises(InputError, match="larger than"):
        read_table(bomb)
    path = tmp_path / "tracks.csv"
    path.write_bytes(b"energy\n" + b"0.5\n" * 3000)
    with pytest.raises(InputError, match="larger than"):
        open_source(str(path)).read()


def test_a_parquet_file_that_says_it_is_huge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.tables.parquet_columns.MAX_BYTES", 100)
    with pytest.raises(InputError, match="GB unpacked"):
        read_table(PARQUET)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"energy": np.full(1_000_000, 0.5)}),
        pd.DataFrame({"energy": pd.array([None] * 1_000_000, dtype="Float64")}),
        pd.DataFrame({"energy": [0.5] * 1_000, "title": "long " * 2_000}),
        pd.DataFrame({"energy": [0.5] * 1_000, "title": pd.Categorical(["long " * 2_000] * 1_000)}),
        pd.DataFrame({"energy": [0.5] * 10, "artists": [["A"] * 100_000] * 10}),
    ],
    ids=["equal values", "nothing", "one long text", "one category", "long lists"],
)
def test_a_small_parquet_file_of_a_huge_table(frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    data = parquet(frame)
    assert len(data) < 20_000
    assert len(read_table(data)[0]) == len(frame)
    monkeypatch.setattr("connectors.tables.parquet_columns.MAX_BYTES", 2_000_000)
    with pytest.raises(InputError, match=r"GB unpacked, at most .* can be read") as refused:
        read_table(data)
    assert refused.value.hint == "split it into several files"


@pytest.mark.parametrize("kind", ["struct", "list", "view", "fixed size"])
def test_a_small_parquet_file_of_long_texts_in_other_columns(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    n, long = 300, "z" * 10_000
    texts = pa.array([long] * n)
    column = {
        "struct": lambda: pa.StructArray.from_arrays([texts], ["text"]),
        "list": lambda: pa.ListArray.from_arrays(pa.array(range(n + 1), pa.int32()), texts),
        "view": lambda: texts.cast(pa.string_view()),
        "fixed size": lambda: pa.array([long.encode()] * n, pa.binary(10_000)),
    }[kind]()
    buffer = io.BytesIO()
    pq.write_table(pa.table({"energy": [0.5] * n, "text": column}), buffer, compression="zstd")
    assert len(buffer.getvalue()) < 20_000
    assert len(read_table(buffer.getvalue())[0]) == n
    monkeypatch.setattr("connectors.tables.parquet_columns.MAX_BYTES", 1_000_000)
    with pytest.raises(InputError, match=r"GB unpacked, at most .* can be read"):
        read_table(buffer.getvalue())


RAW = pd.DataFrame(
    {
        "energy": np.linspace(0.1, 0.9, 20),
        "valence": np.linspace(0.9, 0.2, 20) ** 2,
        "tempo": np.linspace(70, 180, 20),
        "loudness": np.linspace(-20, -3, 20),
        "duration_ms": np.linspace(100_000, 400_000, 20),
    }
)


def scaled(frame: pd.DataFrame, how: str) -> pd.DataFrame:
    if how == "min-max":
        return (frame - frame.min()) / (frame.max() - frame.min())
    return (frame - frame.mean()) / frame.std()


@pytest.mark.parametrize("columns", [list(RAW), ["energy", "tempo"], ["energy", "loudness"], ["energy", "duration_ms"]])
def test_a_min_max_scaled_table_is_refused(columns: list[str]) -> None:
    data = scaled(RAW[columns], "min-max").to_csv(index=False).encode()
    with pytest.raises(InputError, match="looks min-max scaled") as caught:
        read_table(data)
    assert "raw features" in caught.value.hint


@pytest.mark.parametrize("columns", [list(RAW), ["energy"], ["valence", "tempo"], ["tempo", "loudness"]])
@pytest.mark.parametrize("rows", [5, 20])
def test_a_standardised_table_is_refused(columns: list[str], rows: int) -> None:
    data = scaled(RAW[columns].iloc[:rows], "standard").to_csv(index=False).encode()
    with pytest.raises(InputError, match="looks standardised") as caught:
        read_table(data)
    assert "raw features" in caught.value.hint


def test_tables_that_are_not_scaled_pass() -> None:
    odd = RAW.copy()
    odd.loc[0, ["energy", "tempo", "loudness"]] = [-0.5, 0, 0.4]
    assert len(read_table(odd.to_csv(index=False).encode())[0]) == 20
    unknown = RAW.assign(tempo=0.0)
    assert read_table(unknown.to_csv(index=False).encode())[0]["tempo"].eq(0).all()
    sentinel = RAW.assign(energy=[-1.0] * 10 + [0.5] * 10)
    assert read_table(sentinel.to_csv(index=False).encode())[0]["energy"].min() == -1
    assert len(read_table(b"energy,loudness\n0.5,0.7\n")[0]) == 1

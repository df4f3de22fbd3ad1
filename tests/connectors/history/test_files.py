"""Files, folders and archives: what is honest is read, and what is not is refused with words, never unpacked."""

import io
import json
import os
import stat
import zipfile
from pathlib import Path

import pytest

from connectors.history.files import Document, documents
from features.errors import InputError

ROWS = b'[{"a": 1}]'


def found(*paths: Path) -> tuple[list[str], dict[str, str]]:
    """Names of documents that can be read, and refusals by name."""
    read, refused = [], {}
    for each in documents(paths):
        name = Path(each.name).name
        if isinstance(each, Document):
            assert [element for batch in each.batches() for element in batch] == [{"a": 1}]
            read.append(name)
        else:
            refused[name] = each.why
    return read, refused


def archive(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as made:
        for name, data in entries:
            made.writestr(name, data, compress_type=method)
    return path


def test_folders_are_read_to_any_depth_by_content_and_in_order(tmp_path: Path) -> None:
    for name in ("b/deep/er/two.txt", "a/one.json", "a/zero.JSON"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(ROWS)
    (tmp_path / "ReadMeFirst.pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "nothing.json").write_bytes(b"")
    archive(tmp_path / "b" / "more", ("inner/three.json", ROWS))
    assert found(tmp_path) == (["one.json", "zero.JSON", "three.json", "two.txt"], {})
    assert found(tmp_path / "a" / "one.json", tmp_path / "a") == (["one.json", "zero.JSON"], {})


def test_links_and_pipes_in_a_folder_are_passed_by(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    (tmp_path / "outside.json").write_bytes(ROWS)
    (folder / "link.json").symlink_to(tmp_path / "outside.json")
    os.mkfifo(folder / "pipe.json")
    (folder / "real.json").write_bytes(ROWS)
    assert found(folder) == (["real.json"], {})


def test_nothing_of_an_archive_reaches_the_disk(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    link = zipfile.ZipInfo("link.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = archive(
        inside / "my_spotify_data.zip",
        ("../escape.json", ROWS),
        ("/absolute.json", ROWS),
        ("..\\windows.json", ROWS),
        ("C:/drive.json", ROWS),
        (link, b"/etc/passwd"),
        ("inner.zip", b"PK\x03\x04"),
        ("MyData/good.json", ROWS),
    )
    before = sorted(tmp_path.rglob("*"))
    read, refused = found(path)
    assert read == ["good.json"]
    assert sorted(refused.values()) == [
        *["has a name that points outside the archive"] * 4,
        "is a link, not a file",
        "is an archive within the archive: unpack it and give its path",
    ]
    assert sorted(tmp_path.rglob("*")) == before


def test_bombs_are_refused_by_their_ratio(tmp_path: Path) -> None:
    path = archive(tmp_path / "bomb.zip", ("bomb.json", b"[" + b" " * (20 << 20)), ("good.json", ROWS))
    read, refused = found(path)
    assert read == ["good.json"]
    assert refused["bomb.json"].endswith("that is a ZIP bomb")


def test_archives_of_too_many_files_or_bytes_are_refused_whole(tmp_path: Path) -> None:
    many = archive(tmp_path / "many.zip", *((f"{n}.json", b"") for n in range(10_001)), method=zipfile.ZIP_STORED)
    with pytest.raises(InputError, match="more than 10,000 files"):
        found(many)
    assert found(tmp_path)[1]["many.zip"].startswith("holds more than 10,000 files")
    huge = io.BytesIO(archive(tmp_path / "huge.zip", *((f"{n}.json", ROWS) for n in range(3))).read_bytes()).getvalue()
    at = -1
    while (at := huge.find(b"PK\x01\x02", at + 1)) >= 0:  # the unpacked sizes of the table of contents
        huge = huge[: at + 24] + (0xFFFFFFF0).to_bytes(4, "little") + huge[at + 28 :]
    (tmp_path / "huge.zip").write_bytes(huge)
    with pytest.raises(InputError, match="would unpack to 3 files of 12,287 MB"):
        found(tmp_path / "huge.zip")


def test_encrypted_entries_and_unusual_methods_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "locked.zip", ("a.json", ROWS))
    data = bytearray(path.read_bytes())
    data[data.find(b"PK\x03\x04") + 6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert found(path)[1]["a.json"].startswith("is encrypted")
    lzma = archive(tmp_path / "lzma.zip", ("a.json", ROWS), method=zipfile.ZIP_LZMA)
    assert "packed in a way" in found(lzma)[1]["a.json"]


def test_damage_within_an_archive_costs_that_entry(tmp_path: Path) -> None:
    rows = json.dumps([{"a": n, "b": os.urandom(30).hex()} for n in range(5_000)]).encode()
    path = archive(tmp_path / "damaged.zip", ("bad.json", rows), ("good.json", ROWS))
    data = bytearray(path.read_bytes())
    data[100_000:100_100] = b"\xff" * 100
    path.write_bytes(data)
    seen = {}
    for each in documents([path]):
        assert isinstance(each, Document)
        try:
            seen[each.name] = sum(len(batch) for batch in each.batches())
        except ValueError as error:
            seen[each.name] = str(error)
    assert "damaged" in str(seen[f"{path}/bad.json"]) or "JSON" in str(seen[f"{path}/bad.json"])
    assert seen[f"{path}/good.json"] == 1


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    whole = archive(tmp_path / "a.zip", ("a.json", ROWS * 100)).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:-40])
    with pytest.raises(InputError, match="damaged or was not fully downloaded"):
        found(tmp_path / "cut.zip")
    (tmp_path / "text.zip").write_bytes(b"hello")
    with pytest.raises(InputError, match="damaged"):
        found(tmp_path / "text.zip")


def test_paths_that_cannot_be_read_are_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        found(tmp_path / "missing.zip")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="neither a file nor a folder"):
        found(tmp_path / "pipe")
    with pytest.raises(InputError, match="cannot be looked at"):
        found(Path("a\x00b"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_said(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_bytes(ROWS)
    secret.chmod(0)
    with pytest.raises(InputError, match="you may not read it"):
        found(secret)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    refused = found(tmp_path)[1]
    assert refused.keys() == {"secret.json", "closed"}
    assert all("cannot be read" in why for why in refused.values())
    with pytest.raises(InputError, match="you may not read it"):
        found(closed)

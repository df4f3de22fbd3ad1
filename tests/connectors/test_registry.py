"""Finding and opening sources."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import connectors.sources
from connectors.registry import SourceDefinitionError, open_source, sources
from connectors.source import SourceRequest
from connectors.sources.csv_file import TableFile
from features.errors import InputError

GOOD = """
from connectors.registry import SourceSpec
SOURCE = SourceSpec("{name}", "a source for tests", lambda request: request)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A second folder of sources, seen by the registry only here."""
    before = set(sys.modules)
    monkeypatch.setattr(connectors.sources, "__path__", [str(tmp_path), *connectors.sources.__path__])
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("connectors.sources.zz_"):
            del sys.modules[name]


def write(folder: Path, module: str, content: str) -> None:
    (folder / f"{module}.py").write_text(textwrap.dedent(content))


def test_a_new_file_is_a_new_source(folder: Path) -> None:
    write(folder, "zz_new", GOOD.format(name="zz_new"))
    assert sources()["zz_new"].summary == "a source for tests"
    assert list(sources()) == sorted(sources())
    assert open_source("zz_new", label="mine", seed=7) == SourceRequest("zz_new", "mine", 7, labels=True)
    assert open_source("zz_new", labels=False) == SourceRequest("zz_new", None, 0, labels=False)


def test_modules_with_an_underscore_are_passed_over(folder: Path) -> None:
    write(folder, "_zz_helper", "raise RuntimeError('must not be imported')")
    assert not any("helper" in name or "template" in name for name in sources())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("import no_such_library", "'zz_bad' cannot be imported: No module named 'no_such_library'"),
        ("1 +", "'zz_bad' cannot be imported"),
        ("raise OSError('boom')", "'zz_bad' cannot be imported: boom"),
        ("X = 1", "'zz_bad' has no SOURCE"),
        ("SOURCE = 'text'", "'zz_bad' has no SOURCE"),
        (GOOD.format(name="zz_other"), "'zz_bad' names its source 'zz_other'"),
        (GOOD.format(name="csv_file"), "two sources are named 'csv_file': csv_file and zz_bad"),
    ],
)
def test_a_broken_source_is_never_silent(folder: Path, content: str, message: str) -> None:
    write(folder, "zz_bad", content)
    with pytest.raises(SourceDefinitionError, match=message):
        sources()


def test_opening_a_source_checks_its_name(folder: Path) -> None:
    write(folder, "zz_bad", GOOD.format(name="zz_other"))
    with pytest.raises(SourceDefinitionError, match="names its source 'zz_other'"):
        open_source("zz_bad")


def test_opening_a_source_imports_no_other(folder: Path) -> None:
    write(folder, "zz_new", GOOD.format(name="zz_new"))
    write(folder, "zz_bad", "raise RuntimeError('must not be imported')")
    assert open_source("zz_new")
    assert "connectors.sources.zz_bad" not in sys.modules


def test_opening_a_file_loads_neither_other_sources_nor_big_libraries(tmp_path: Path) -> None:
    path = tmp_path / "tracks.csv"
    path.write_text("energy\n0.5\n")
    code = (
        "import sys; from connectors.registry import open_source; open_source(sys.argv[1]).read();"
        "assert 'connectors.sources.demo' not in sys.modules;"
        "assert not {'pandera', 'sklearn', 'mlflow', 'pyarrow.parquet'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, timeout=60)


def test_a_source_goes_before_a_file_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    write(folder, "zz_new", GOOD.format(name="zz_new"))
    monkeypatch.chdir(tmp_path)
    Path("zz_new").write_text("energy\n0.5\n")
    assert open_source("zz_new") == SourceRequest("zz_new")
    assert open_source("./zz_new").read().tracks["energy"].tolist() == [0.5]


def test_a_path_becomes_a_table_with_its_label(tmp_path: Path) -> None:
    path = tmp_path / "tracks.csv"
    path.write_text("energy,mine\n0.5,1\n")
    source = open_source(str(path), label="mine")
    assert isinstance(source, TableFile)
    assert source.read().tracks["liked"].tolist() == [1]


def test_a_path_is_read_without_its_labels_where_they_are_not_wanted(tmp_path: Path) -> None:
    path = tmp_path / "tracks.csv"
    path.write_text("energy,liked,saved\n0.5,1,perhaps\n")
    with pytest.raises(InputError, match="ambiguous"):
        open_source(str(path)).read()
    assert list(open_source(str(path), labels=False).read().tracks) == ["energy"]


def test_a_path_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "tracks.csv").write_text("energy\n0.5\n")
    assert len(open_source("~/tracks.csv").read().tracks) == 1


def test_neither_file_nor_source(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        open_source("csv_fil")
    assert "'csv_fil' is neither a file nor a source" in caught.value.message
    assert "did you mean 'csv_file'?" in caught.value.hint
    assert all(name in caught.value.hint for name in sources())

    (tmp_path / "playlist.csv").touch()
    with pytest.raises(InputError) as caught:
        open_source(str(tmp_path / "playlst.csv"))
    assert f"did you mean '{tmp_path / 'playlist.csv'}'?" in caught.value.hint

    with pytest.raises(InputError) as caught:
        open_source("-")
    assert caught.value.hint == "to read what another program writes, name /dev/stdin"


@pytest.mark.parametrize(
    "reference", ["", "a\0b", "x" * 5000, "https://example.org/tracks.csv", "~nobody-here/x", "a/b/c"]
)
def test_odd_references(reference: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        open_source(reference).read()
    assert caught.value.hint
    assert len(caught.value.message) < 300


def test_the_file_source_without_a_file() -> None:
    with pytest.raises(InputError, match="none was named"):
        open_source("csv_file").read()


def test_a_path_that_may_not_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(InputError, match="permission denied"):
        open_source("/nowhere/secret.csv").read()


def test_no_name_at_all_is_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="no table was named"):
        open_source("")


@pytest.mark.parametrize(
    "reference", ["spotify:playlist:abc", "spotify:album:4uLU6hMCjMI75M1A2tKUQC", "https://open.spotify.com/playlist/a"]
)
def test_what_is_spotifys_but_no_playlist_is_called_so(reference: str) -> None:
    with pytest.raises(InputError, match="names no playlist of Spotify's") as caught:
        open_source(reference).read()
    assert "22 letters and digits" in caught.value.hint

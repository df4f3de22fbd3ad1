"""The database itself: who may read the file, what is said when it cannot be used, and how it is brought up to date."""

import itertools
import json
import os
import sqlite3
import stat
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from connectors.library import Library, TrackRow, migrating
from connectors.library.address import parse, shown
from connectors.library.database import connect, writer
from connectors.library.migrating import HEAD, VERSION_TABLE, migrate
from connectors.library.tables import METADATA
from features.errors import EarmarkError, InputError, ServiceError

MIGRATIONS = Path(migrating.__file__).parent / "migrations"


@pytest.fixture
def engine(library_url: str) -> Engine:
    made = connect(parse(library_url))
    yield made
    made.dispose()


def test_the_file_and_its_companions_are_private_and_the_folder_is_made(sqlite_file: Path) -> None:
    before = os.umask(0)
    try:
        with Library.open(f"sqlite:///{sqlite_file}") as library:
            library.add_tracks([TrackRow(track_id="a")])
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in sqlite_file.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(["library.db", "library.db-wal", "library.db-shm"], 0o600)


def test_a_file_that_others_could_read_is_made_private(sqlite_file: Path) -> None:
    sqlite_file.parent.mkdir()
    sqlite_file.touch(0o644)
    Library.open(f"sqlite:///{sqlite_file}").close()
    assert stat.S_IMODE(sqlite_file.stat().st_mode) == 0o600


def test_sqlite_is_set_up_for_several_processes(sqlite_file: Path) -> None:
    engine = connect(parse(f"sqlite:///{sqlite_file}"))
    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys", "secure_delete")
        }
    engine.dispose()
    assert found == {
        "journal_mode": "wal",
        "synchronous": 1,
        "busy_timeout": 60_000,
        "foreign_keys": 1,
        "secure_delete": 1,
    }


def test_migrations_make_the_tables_that_the_code_knows(engine: Engine) -> None:
    migrate(engine, "here")
    ours = {*METADATA.tables, VERSION_TABLE}

    def include(name: str | None, kind: str, _: object) -> bool:
        return kind != "table" or name in ours

    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True, "version_table": VERSION_TABLE}
        context = MigrationContext.configure(connection, opts={**options, "include_name": include})
        assert compare_metadata(context, METADATA) == []


def test_the_last_step_has_the_number_that_the_code_says() -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    assert script.get_heads() == [HEAD]
    steps = [step.revision for step in script.walk_revisions()]
    assert all(len(step) == 4 and step.isdigit() for step in steps), "numbers are compared as text"
    assert steps == sorted(steps, reverse=True)


def test_a_migration_that_fails_half_way_leaves_the_database_as_it_was(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Making tables is part of the transaction, in SQLite as well."""
    upgrade = migrating._upgrade

    def fail(connection: object) -> None:
        upgrade(connection)
        raise OSError("power cut")

    monkeypatch.setattr(migrating, "_upgrade", fail)
    with pytest.raises(OSError, match="power cut"):
        migrate(engine, "here")
    monkeypatch.undo()
    with engine.connect() as connection:
        assert not engine.dialect.get_table_names(connection)
    migrate(engine, "here")
    with engine.connect() as connection:
        assert migrating.version(connection) == HEAD


def at_the_first_step(engine: Engine) -> None:
    """A library as an earmark before matches were kept left it."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    positions = {
        ("spotify", "likes"): {"head": "x", "total": 5},
        ("spotify", "likes, walk"): {"pages": 1},
        ("spotify", "likes, page 0"): {"track_ids": ["a"]},
        ("spotify", "playlist p"): {"snapshot": "s", "kind": "playlist_liked", "track_ids": ["a"]},
        ("spotify", "playlist p, walk"): {"pages": 0},
        ("spotify", "making Likes"): {"known": []},
        ("csv", "likes"): {"total": 5},
    }
    with writer(engine).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("INSERT INTO tracks (track_id) VALUES ('a')"))
        connection.execute(text("INSERT INTO features VALUES ('a', 'catalogue', 'energy', 0.5, 1)"))
        for (source, stream), value in positions.items():
            row = {"source": source, "stream": stream, "value": json.dumps(value)}
            connection.execute(text("INSERT INTO positions VALUES (:source, :stream, :value)"), row)


def test_a_library_from_before_matches_were_kept_is_brought_up_to_date(library_url: str, engine: Engine) -> None:
    """Its values stay, of which nobody knows how they were matched; Spotify's lists are read anew for local files."""
    at_the_first_step(engine)
    for _ in range(2):  # what a pull does then is not undone by opening the library again
        with Library.open(library_url) as library:
            stored = library.features()
            assert stored[["track_id", "source", "name", "value"]].to_numpy().tolist() == [
                ["a", "catalogue", "energy", 0.5]
            ]
            assert stored["matched_by"].isna().all()
            assert library.summary().features[0].matched_by == {"unknown": 1}
            assert library.position("spotify", "likes") == {"head": "x", "total": -1}
            assert library.position("spotify", "playlist p") == {
                "snapshot": None, "kind": "playlist_liked", "track_ids": ["a"]
            }  # fmt: skip
            for stream in ("likes, walk", "likes, page 0", "playlist p, walk"):
                assert library.position("spotify", stream) is None
            assert library.position("spotify", "making Likes") == {"known": []}
            assert library.position("csv", "likes") == {"total": 5}


def test_a_library_of_a_newer_earmark_is_refused_with_a_mend(library_url: str, engine: Engine) -> None:
    migrate(engine, "here")
    with writer(engine).begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '0999'"))  # noqa: S608
    with pytest.raises(InputError, match="newer earmark: its version is 0999") as caught:
        Library.open(library_url)
    assert "update earmark" in caught.value.hint


def test_studies_may_lie_in_the_same_database(library_url: str, library: Library) -> None:
    """Both keep a version in a table of their own."""
    from experiments.search import open_storage

    library.add_tracks([TrackRow(track_id="a")])
    storage = open_storage(library_url.replace("postgresql://", "postgresql+psycopg://"))
    assert storage.get_all_studies() == []
    storage.remove_session()
    storage.engine.dispose()
    with Library.open(library_url) as again:
        assert len(again.tracks()) == 1


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to be looked at " * 100, b"SQLite format 3\0" * 300]
)
def test_a_damaged_file_is_refused_with_a_mend(sqlite_file: Path, content: bytes) -> None:
    sqlite_file.parent.mkdir()
    sqlite_file.write_bytes(content)
    with pytest.raises(InputError, match="is damaged, or not a library") as caught:
        Library.open(f"sqlite:///{sqlite_file}")
    assert str(sqlite_file) in caught.value.message
    assert "move the file away" in caught.value.hint
    assert sqlite_file.read_bytes() == content


def test_damage_that_shows_later_is_explained_as_well(sqlite_file: Path) -> None:
    with Library.open(f"sqlite:///{sqlite_file}") as library:
        library.add_tracks(TrackRow(track_id=f"{n:022d}", track_name="x" * 50) for n in range(2_000))
    with sqlite_file.open("r+b") as file:
        size = sqlite_file.stat().st_size
        for page in range(8, size // 4096):
            file.seek(page * 4096)
            file.write(os.urandom(64))
    with Library.open(f"sqlite:///{sqlite_file}") as library, pytest.raises(InputError, match="is damaged"):
        library.tracks()


def test_a_place_that_is_not_ours_is_explained(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in the way")
    with pytest.raises(InputError, match="cannot be opened"):
        Library.open(f"sqlite:///{tmp_path}/data/library.db")
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(InputError, match="cannot be opened: Is a directory"):
        Library.open(f"sqlite:///{tmp_path}/folder.db")


def test_a_writer_that_waits_too_long_says_so(sqlite_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.library.database.LOCK_WAIT_S", 0.05)
    with Library.open(f"sqlite:///{sqlite_file}") as library:
        other = sqlite3.connect(sqlite_file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE").close()
        with pytest.raises(InputError, match="another program has been writing"):
            library.add_tracks([TrackRow(track_id="a")])
        assert library.tracks().empty  # readers do not wait
        other.close()
        library.add_tracks([TrackRow(track_id="a")])


ADDRESSES = (
    "mysql://me:secret@host/x",
    "me:secret@host",
    "postgresql://me:sec/ret@secret:port/x",
    "postgresql+psycopg2://me:secret@host/x",
    "secret",
    "",
)


@pytest.mark.parametrize("url", ADDRESSES)
def test_an_address_that_is_not_understood_is_not_repeated(url: str) -> None:
    with pytest.raises(InputError, match="not understood") as caught:
        Library.open(url)
    assert "secret" not in caught.value.message + caught.value.hint + repr(caught.value)


def test_the_place_is_shown_without_credentials() -> None:
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        url = parse(f"{scheme}://me:secret@host:5433/earmark?password=secret&sslkey=secret")
        assert shown(url) == "PostgreSQL at host:5433, database earmark"
        assert url.drivername == "postgresql+psycopg"
    assert shown(parse("sqlite:////home/me/data/library.db")) == "/home/me/data/library.db"


@pytest.mark.parametrize(
    ("user", "database", "kind"),
    [
        ("earmark:wrong", "postgres", InputError),
        ("earmark:{right}", "nosuch", InputError),
        (None, "x?connect_timeout=2", ServiceError),
    ],
)
def test_a_server_that_refuses_is_explained_without_credentials(
    postgresql: str, user: str | None, database: str, kind: type[EarmarkError]
) -> None:
    right = postgresql.split(":")[2].split("@", maxsplit=1)[0]
    host = postgresql.split("@")[1]
    if user is None:
        user, host = "earmark:{right}", "127.0.0.1:1"
    with pytest.raises(kind) as caught:
        Library.open(f"postgresql://{user.format(right=right)}@{host}/{database}")
    said = caught.value.message + caught.value.hint
    assert host in said
    for secret in (right, "p@ss", "wrong"):
        assert secret not in said


def test_no_error_or_name_holds_the_password(postgresql_url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with Library.open(postgresql_url) as library:
        library.add_tracks([TrackRow(track_id="a")])
        with pytest.raises(Exception) as caught, library._writing() as connection:  # noqa: PT011 (whatever it is)
            connection.execute(text("SELECT :value::int / 0 FROM nowhere"), {"value": "secret"})
        told = [repr(library), str(library), library.place, repr(library._engine), repr(caught.value), caplog.text]
    for words, secret in itertools.product(told, ("p@ss", "p%40ss")):
        assert secret not in words


def test_tables_of_another_program_are_not_touched(postgresql_url: str) -> None:
    import psycopg

    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE plays (title text)")
        with pytest.raises(InputError, match="another program keeps tables of the same names") as caught:
            Library.open(postgresql_url)
        assert "createdb" in caught.value.hint
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert names == [("plays",)]

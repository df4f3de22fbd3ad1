"""Libraries on both databases: a SQLite file, and PostgreSQL on a server that the tests start."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from connectors.library import Library

PASSWORD = "p@ss:w/ord"  # noqa: S105 (of a server that lives as long as the tests)
QUOTED_PASSWORD = "p%40ss%3Aw%2Ford"  # noqa: S105


def server_programs() -> Path | None:
    """The folder of initdb and postgres; Debian keeps it off the PATH."""
    on_path = shutil.which("postgres")
    if on_path:
        return Path(on_path).parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server, up to the database's name; skipped by name where none is installed."""
    programs = server_programs()
    if programs is None:
        message = "no PostgreSQL server is installed (Debian's package: postgresql)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    # Not below pytest's own folder, which is closed to the user that the server has to run as: it refuses root.
    folder = Path(tempfile.mkdtemp(prefix="earmark-postgresql-"))
    other_user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    if other_user:
        shutil.chown(folder, "postgres", "postgres")
    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o644)
    data = folder / "data"
    # Another language than C: the order of rows must not depend on the server's.
    initdb = [programs / "initdb", "-D", data, "-U", "earmark", "--auth=scram-sha-256", "--no-sync", "--encoding=UTF8"]
    initdb += [f"--pwfile={folder / 'password'}", "--locale-provider=icu", "--icu-locale=en", "--locale=C"]
    subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **other_user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
    command = [programs / "postgres", "-D", data]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **other_user)
    try:
        address = f"postgresql://earmark:{QUOTED_PASSWORD}@127.0.0.1:{port}"
        wait_for(f"{address}/postgres", server)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


@pytest.fixture
def postgresql_url(postgresql: str) -> Iterator[str]:
    """The address of a new, empty database."""
    name = f"library_{uuid4().hex}"
    with psycopg.connect(f"{postgresql}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield f"{postgresql}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "library.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def library_url(request: pytest.FixtureRequest) -> str:
    """The address of a new library, on either database."""
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('sqlite_file')}"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def library(library_url: str) -> Iterator[Library]:
    with Library.open(library_url) as opened:
        yield opened

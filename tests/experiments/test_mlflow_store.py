"""Whether runs can be recorded is found out without MLflow, in a moment, and without harm to what is there."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from experiments import mlflow_server
from experiments.mlflow_folder import check_database
from experiments.mlflow_server import check_server, without_password
from features.errors import InputError, ServiceError


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A sound database that writes ahead, as MLflow's does."""
    path = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE experiments (name TEXT)")
        connection.commit()
    return path


def test_a_sound_database_passes_and_stays_as_it_is(database: Path) -> None:
    before = database.read_bytes()
    check_database(database.parent)
    assert database.read_bytes() == before
    assert [path.name for path in database.parent.iterdir()] == ["mlflow.db"]


def test_none_is_made_where_there_is_none(tmp_path: Path) -> None:
    check_database(tmp_path)
    assert not list(tmp_path.iterdir())


def test_one_that_somebody_writes_to_passes_in_a_moment(database: Path) -> None:
    with closing(sqlite3.connect(database)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        check_database(database.parent)
        assert time.monotonic() - began < 2


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").mkdir()
    with pytest.raises(InputError, match="cannot be written to: unable to open database file"):
        check_database(tmp_path)


class Page(BaseHTTPRequestHandler):
    """Answers its server's status, or nothing at all."""

    def do_GET(self) -> None:
        """Remember the path."""
        self.server.paths.append(self.path)  # type: ignore[attr-defined]
        status = self.server.status  # type: ignore[attr-defined]
        if status is None:
            self.server.quiet.wait(10)  # type: ignore[attr-defined]
            return
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as made:
        made.paths, made.status, made.quiet = [], 200, threading.Event()  # type: ignore[attr-defined]
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.quiet.set()  # type: ignore[attr-defined]
        made.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "down"), [(200, False), (401, False), (404, False), (502, True), (503, True)])
def test_any_answer_but_that_of_a_proxy_without_a_server_will_do(
    status: int, down: bool, server: ThreadingHTTPServer
) -> None:
    server.status = status  # type: ignore[attr-defined]
    uri = f"http://127.0.0.1:{server.server_port}/below/"
    if down:
        with pytest.raises(ServiceError, match=f"HTTP {status}"):
            check_server(uri)
    else:
        check_server(uri)
    assert server.paths == ["/below/health"]  # type: ignore[attr-defined]


def test_a_server_that_never_answers_is_not_waited_for(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.status = None  # type: ignore[attr-defined]
    monkeypatch.setattr(mlflow_server, "TIMEOUT_S", (0.2, 0.2))
    with pytest.raises(ServiceError, match="does not answer in time"):
        check_server(f"http://127.0.0.1:{server.server_port}")


@pytest.mark.parametrize("uri", ["postgresql://me:secret@127.0.0.1:9/runs", "databricks", "sqlite:////nowhere/runs.db"])
def test_stores_that_are_no_web_address_are_left_to_mlflow(uri: str) -> None:
    check_server(uri)


def test_an_address_is_shown_without_its_password() -> None:
    assert without_password("https://me:sec@ret@runs.example/a") == "https://runs.example/a"
    assert without_password("http://127.0.0.1:5000") == "http://127.0.0.1:5000"

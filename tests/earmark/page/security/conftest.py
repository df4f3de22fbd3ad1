"""Pages that are served as `earmark page` serves them, with nothing in their home."""

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
import requests

from earmark.home import Home
from earmark.page.settings import PageSettings

Serving = Callable[[Home, PageSettings], AbstractContextManager[str]]


@pytest.fixture
def serve(tmp_path: Path, serving: Serving) -> Iterator[Callable[..., str]]:
    """``serve(settings, home=...)``: the address of a page that is served until the end of the test."""
    with ExitStack() as stack:

        def served(settings: PageSettings | None = None, home: Path = tmp_path) -> str:
            return stack.enter_context(serving(Home(home), settings or PageSettings()))

        yield served


@pytest.fixture(scope="session")
def plain_page(tmp_path_factory: pytest.TempPathFactory, serving: Serving) -> Iterator[str]:
    """The address of one page without password, for all tests that leave it as it is."""
    with serving(Home(tmp_path_factory.mktemp("plain")), PageSettings(max_upload_bytes=100_000)) as address:
        yield address


@pytest.fixture
def visitor(plain_page: str) -> requests.Session:
    """Someone who has opened `plain_page`: a cookie, and the token that changes need."""
    session = requests.Session()
    session.headers["X-CSRF-Token"] = session.get(f"{plain_page}/api/v1/session", timeout=20).json()["csrf_token"]
    return session


@pytest.fixture
def raw() -> Callable[..., tuple[int, str]]:
    """``raw(address, bytes)``: status and all the rest of what is answered to exactly these bytes."""

    def asked(address: str, sent: bytes) -> tuple[int, str]:
        port = int(address.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(sent)
            received = bytearray()
            while part := connection.recv(65536):
                received += part
        head, _, rest = received.decode("utf-8", "replace").partition("\r\n")
        return int(head.split()[1]), rest

    return asked

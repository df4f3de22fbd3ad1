"""Before the page is served: a port of its own, and a folder that no other page has open.

Apart from the server, whose libraries take seconds to load: what cannot be opened is said at once.
"""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from earmark.files import write_atomically
from earmark.home import Home
from earmark.page.settings import LOOPBACK
from features.errors import InputError


def listen(host: str, port: int, *, tried: int = 1) -> socket.socket:
    """A socket that listens, on the port or the first free one after it.

    Parameters
    ----------
    host : str
        An address, or a name of this machine.
    port : int
        0 takes any free one.
    tried : int
        How many ports, this one included.

    Raises
    ------
    InputError
        If none can be opened there.
    """
    kind, address = _resolved(host)
    taken = OSError()
    for candidate in range(port, min(port + tried, 65536)):
        # Named as TCP, or asyncio would leave Nagle's algorithm on: 40 ms more for every answer.
        opened = socket.socket(kind, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.bind((address, candidate))
            opened.listen(128)
        except OSError as error:
            opened.close()
            taken = error
            if error.errno != errno.EADDRINUSE:
                break
        else:
            return opened
    if taken.errno != errno.EADDRINUSE:
        mend = "choose one above 1023" if taken.errno == errno.EACCES else "--host needs an address of this machine"
        raise InputError(f"port {port} on {host} cannot be opened: {taken.strerror}", mend)
    ports = f"port {port} on {host} is" if tried == 1 else f"ports {port} to {port + tried - 1} on {host} are"
    raise InputError(f"{ports} taken", f"choose another one: earmark page --port {(port + tried) % 65536 or 8000}")


def _resolved(host: str) -> tuple[socket.AddressFamily, str]:
    name = LOOPBACK if host == "localhost" else host.strip("[]")
    try:
        found = socket.getaddrinfo(name or None, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise InputError(f"--host {host!r} is not known on this machine", "give one of its addresses") from error
    family, *_, address = found[0]
    return family, str(address[0])


def address_of(host: str, opened: socket.socket) -> str:
    """What to open in a browser on this machine."""
    name = {"0.0.0.0": LOOPBACK, "::": "[::1]", "": LOOPBACK}.get(host.strip("[]"), host.strip("[]"))  # noqa: S104 (compared)
    shown = f"[{name}]" if ":" in name and not name.startswith("[") else name
    return f"http://{shown}:{opened.getsockname()[1]}/"


@contextmanager
def only_page(home: Home) -> Iterator[Path]:
    """One page at a time in a folder: each keeps verdicts and scores in memory, and two would tell different stories.

    Yields
    ------
    Path
        Where to write the page's address, for the next one to tell.

    Raises
    ------
    InputError
        If another page is open there; it says where.
    """
    folder = home.root / "data"
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / "page.url"
    lock = FileLock(folder / "page.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        where = written.read_text(encoding="utf-8").strip() if written.is_file() else "another port"
        raise InputError(
            f"a page of this folder is open already: {where}", "use that one, or end it first (Ctrl-C in its terminal)"
        ) from error
    try:
        written.unlink(missing_ok=True)
        yield written
    finally:
        written.unlink(missing_ok=True)
        lock.release()


def tell_address(file: Path, address: str) -> None:
    """Write down where the page is, for a second one to tell."""
    write_atomically(file, f"{address}\n")

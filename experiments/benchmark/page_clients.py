"""The clients of `page_load`: ``python -m experiments.benchmark.page_clients TASK.json``, an answer on stdout.

They keep their connections and use sockets directly: a library would take more of the two cores than the page does.
"""

import asyncio
import json
import random
import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np

MIX: Final = {"page": 0.2, "ranking": 0.25, "cut": 0.3, "rows": 0.2, "verdict": 0.05}
"""Share of each kind of request."""
EVERY: Final = 100
"""Requests between two looks at the server's memory."""
_LENGTH: Final = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_TIMING: Final = re.compile(rb"\r\nserver-timing: app;dur=([0-9.]+)", re.IGNORECASE)


@dataclass
class Seen:
    """What all clients saw, request by request."""

    kinds: list[str] = field(default_factory=list)
    server_ms: list[float] = field(default_factory=list)
    client_ms: list[float] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    errors: int = 0
    seconds: float = 0.0


class Asker:
    """Makes requests: what a person does who filters, moves the slider, scrolls and judges.

    Parameters
    ----------
    task : dict
        As `page_load` writes it.
    """

    def __init__(self, task: dict[str, Any]) -> None:
        self._task = task
        self._random = random.Random(0)  # noqa: S311 (not a secret)
        self._left = int(task["requests"])
        self._end = time.monotonic() + float(task["limit_s"])

    def next(self) -> tuple[str, bytes] | None:
        """A kind and the bytes of a request; None when there have been enough, or time is up."""
        if self._left <= 0 or time.monotonic() > self._end:
            return None
        self._left -= 1
        kind = self._random.choices(list(MIX), list(MIX.values()))[0]
        return kind, self._bytes(kind)

    def _bytes(self, kind: str) -> bytes:
        listed = self._task["list"]
        precision = f"{self._random.uniform(0.5, 0.85):.4f}"
        path = {
            "page": f"/?list={listed}",
            "ranking": f"/api/v1/ranking?list={listed}&threshold={precision}",
            "cut": f"/api/v1/cut?list={listed}&min_precision={precision}",
            "rows": f"/ranked/rows?list={listed}&page={self._random.randint(2, 10)}",
            "verdict": "/api/v1/verdicts",
        }[kind]
        method, body = "GET", b""
        if kind == "verdict":
            method = "POST"
            said = {"list": listed, "track": self._random.choice(self._task["tracks"])}
            body = json.dumps(said | {"verdict": self._random.choice(["keep", "skip"])}).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: {urlsplit(self._task['address']).netloc}\r\n"
        head += f"Cookie: {self._task['cookie']}\r\n"
        if body:
            head += f"X-CSRF-Token: {self._task['token']}\r\nContent-Type: application/json\r\n"
            head += f"Content-Length: {len(body)}\r\n"
        return f"{head}\r\n".encode() + body


async def _client(asker: Asker, seen: Seen, task: dict[str, Any]) -> None:
    """One connection, one request after the other."""
    where = urlsplit(task["address"])
    streams = None
    while (asked := asker.next()) is not None:
        kind, request = asked
        started = time.perf_counter()
        try:
            streams = streams or await asyncio.open_connection(where.hostname, where.port, limit=2**20)
            streams[1].write(request)
            head = await asyncio.wait_for(streams[0].readuntil(b"\r\n\r\n"), 60)
            length = _LENGTH.search(head)
            await streams[0].readexactly(int(length[1]) if length else 0)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            streams = None
            _fault(seen, f"{kind}: {type(error).__name__}")
            continue
        status = head.split(b" ", 2)[1].decode()
        timing = _TIMING.search(head)
        if not status.startswith("2") or timing is None or length is None:
            _fault(seen, f"{kind}: {status}")
            continue
        seen.kinds.append(kind)
        seen.server_ms.append(float(timing[1]))
        seen.client_ms.append(1000 * (time.perf_counter() - started))
        if len(seen.kinds) % EVERY == 0:
            seen.rss_mb.append(_memory(int(task["process"])))
    if streams is not None:
        streams[1].close()


def _fault(seen: Seen, said: str) -> None:
    seen.errors += 1
    if said not in seen.faults:
        seen.faults.append(said)


def _memory(process: int) -> float:
    """Resident megabytes of a process; NaN where the system does not tell."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    except OSError:
        return float(np.nan)
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


async def _all(task: dict[str, Any]) -> Seen:
    seen, asker = Seen(), Asker(task)
    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(task["clients"]):
            group.create_task(_client(asker, seen, task))
    seen.seconds = time.perf_counter() - started
    return seen


if __name__ == "__main__":
    print(json.dumps(vars(asyncio.run(_all(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))))

"""How fast the page answers about 1,000 candidates: 50,000 requests of 8 clients at once, and what a browser waits for.

The server is a process of its own, and so are its clients. The server's own time is what it says in ``Server-Timing``:
from a request's arrival in the application to the first byte of its answer, with the wait for the other clients.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import requests

from experiments.benchmark.commands import CommandFailedError, Load, earmark
from experiments.benchmark.figure import Figure, at_least, at_most
from experiments.benchmark.served_page import served_page, visitor

CANDIDATES: Final = 1000
REQUESTS: Final = 50_000
CLIENTS: Final = 8
LIMIT_S: Final = 3600
MEDIAN_MS, P99_MS = 150, 300
FIRST_VIEW_MS, SLIDER_MS = 1000, 50
GROWTH: Final = 0.05
"""Share by which the server's memory may grow from the second quarter of the requests to the last."""


def run() -> list[Figure]:
    """The figures, of a page with the default ranker of the demo listener."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        trained = earmark("train", "--trials", "1", "--seed", "0", "--json", home=home).answer()["run_id"]
        content = candidates(home / "mlruns" / "tables" / f"{trained}.parquet")
        with served_page(home) as (address, process):
            session = visitor(address)
            listed = _put(session, address, content)
            _warm(session, f"{address}/?list={listed}")
            return [
                *_alone(session, address, listed),
                *_in_a_browser(address, listed),
                *_together(session, address, listed, process, home),
            ]


def candidates(table: Path) -> bytes:
    """Tracks like those that a ranker learned from, under names of their own, as CSV: precisions can be promised."""
    tracks = pd.read_parquet(table).sample(CANDIDATES, random_state=0).reset_index(drop=True)
    named = tracks.assign(
        track_id=[f"local:candidate-{number}" for number in range(CANDIDATES)],
        track_name=[f"Candidate {number}" for number in range(CANDIDATES)],
        isrc=None,
    )
    return named.drop(columns=["liked", "like_probability", "held_out"]).to_csv(index=False).encode()


def _put(session: requests.Session, address: str, content: bytes) -> str:
    """The id of a list of candidates, dropped on the page."""
    answer = session.post(f"{address}/api/v1/lists", files={"file": ("candidates.csv", content)}, timeout=120)
    answer.raise_for_status()
    return str(answer.json()["list_id"])


def _warm(session: requests.Session, url: str) -> None:
    """The first view of a list scores it."""
    for _ in range(3):
        session.get(url, timeout=120).raise_for_status()


def _alone(session: requests.Session, address: str, listed: str) -> list[Figure]:
    """What the slider waits for when nobody else asks."""
    load = Load()
    taken = []
    for precision in np.linspace(0.5, 0.85, 200):
        started = time.perf_counter()
        asked = {"list": listed, "min_precision": f"{precision:.4f}"}
        session.get(f"{address}/api/v1/cut", params=asked, timeout=60).raise_for_status()
        taken.append(1000 * (time.perf_counter() - started))
    note = f"median of 200 new precisions over HTTP, p99 {np.percentile(taken, 99):.1f} ms; {load.in_words()}"
    return [at_most("the slider's answer, /api/v1/cut", statistics.median(taken), SLIDER_MS, unit="ms", note=note)]


def _in_a_browser(address: str, listed: str) -> list[Figure]:
    """Medians of what Chromium measures of itself."""
    if shutil.which("chromium") is None or shutil.which("chromedriver") is None:
        return [Figure("first view in Chromium", None, note="chromium and chromedriver are not installed")]
    from experiments.benchmark.page_browser import first_view, slider

    load = Load()
    views = first_view(f"{address}/?list={listed}")
    slides = slider(f"{address}/?list={listed}")
    note = f"navigation start to the rows painted; median of {len(views)}, worst {max(views):.0f} ms"
    moved = f"input to the new words on the page; median of {len(slides)}, worst {max(slides):.0f} ms"
    return [
        at_most(
            "first view in headless Chromium",
            statistics.median(views),
            FIRST_VIEW_MS,
            unit="ms",
            note=f"{note}; {load.in_words()}",
        ),
        Figure("a move of the slider in headless Chromium", statistics.median(slides), unit="ms", note=moved),
    ]


def _together(session: requests.Session, address: str, listed: str, process: int, home: Path) -> list[Figure]:
    """The server's times, errors and memory under all clients."""
    load = Load()
    found = _clients(session, address, listed, process, home)
    server, seen = np.array(found["server_ms"]), np.array(found["client_ms"])
    memory = np.array(found["rss_mb"])
    quarter = len(memory) // 4
    second, last = np.median(memory[quarter : 2 * quarter]), np.median(memory[-quarter:])
    shares = ", ".join(f"{name} {median:.1f} ms" for name, median in _medians(found).items())
    said = f"{CLIENTS} clients, {len(seen) / found['seconds']:.0f} requests/s; clients saw {np.median(seen):.1f} ms"
    grown = f"{second:.0f} MB in the second quarter, {last:.0f} MB in the last, {memory.max():.0f} MB at most"
    return [
        at_least("requests answered", len(seen), REQUESTS, note=f"{said} (median); {load.in_words()}"),
        at_most("of them with an error", found["errors"], 0, note="; ".join(found["faults"][:3])),
        at_most("server's time, median", float(np.median(server)), MEDIAN_MS, unit="ms", note=shares),
        at_most("server's time, 99th percentile", float(np.percentile(server, 99)), P99_MS, unit="ms"),
        at_most("growth of the server's memory", float(last / second - 1), GROWTH, note=grown),
    ]


def _medians(found: Mapping[str, Any]) -> dict[str, float]:
    kinds, server = np.array(found["kinds"]), np.array(found["server_ms"])
    return {str(kind): float(np.median(server[kinds == kind])) for kind in np.unique(kinds)}


def _clients(session: requests.Session, address: str, listed: str, process: int, home: Path) -> dict[str, Any]:
    """What `page_clients` measured, in a process of its own."""
    task = {
        "address": address,
        "list": listed,
        "requests": REQUESTS,
        "clients": CLIENTS,
        "limit_s": LIMIT_S,
        "process": process,
        "cookie": "; ".join(f"{name}={value}" for name, value in session.cookies.items()),
        "token": session.headers["X-CSRF-Token"],
        "tracks": list(_track_ids(session, address, listed)),
    }
    file = home / "clients.json"
    file.write_text(json.dumps(task), encoding="utf-8")
    command = [sys.executable, "-m", "experiments.benchmark.page_clients", str(file)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, timeout=LIMIT_S + 60)
    if done.returncode:
        raise CommandFailedError(f"the clients left with {done.returncode}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _track_ids(session: requests.Session, address: str, listed: str) -> Iterator[str]:
    asked: dict[str, str | int] = {"list": listed, "per_page": 100}
    for track in session.get(f"{address}/api/v1/ranking", params=asked, timeout=60).json()["tracks"]:
        yield track["track_id"]

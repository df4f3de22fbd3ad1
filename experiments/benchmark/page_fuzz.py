"""Whether any request of any shape makes the page fail: 10,000 cases that schemathesis makes from its OpenAPI.

Most cases name lists, rankers and tracks that exist, or they would get no further than a 404. No train is started: the
folder's lock is held, as by another train, and those that are valid are answered with 409.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests
from filelock import FileLock

from experiments.benchmark.commands import CommandFailedError, Load, earmark
from experiments.benchmark.figure import Figure, at_least, at_most
from experiments.benchmark.served_page import served_page, visitor

CASES: Final = 10_000
ROUNDS: Final = 30
"""Runs at most, each with a seed of its own, until there are that many cases."""
PER_ROUTE: Final = 100
REAL: Final = 0.7
"""Share of names that exist."""


@dataclass(frozen=True)
class Fuzzed:
    """What came of a run.

    Parameters
    ----------
    cases : int
        Requests that were answered.
    faults : tuple of str
        Failed checks, each with the request that shows it again.
    """

    cases: int
    faults: tuple[str, ...]


def run() -> list[Figure]:
    """The figures, of a page with a ranker of the demo listener."""
    load = Load()
    cases, faults, rounds = 0, list[str](), 0
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        earmark("train", "--trials", "1", "--models", "tree,boosted_trees", "--seed", "0", home=home)
        with FileLock(home / "mlruns" / "train.lock"), served_page(home) as (address, _):
            session = visitor(address)
            while cases < CASES and rounds < ROUNDS:
                found = fuzz(address, session, home, per_route=PER_ROUTE, seed=rounds)
                cases, faults, rounds = cases + found.cases, [*faults, *found.faults], rounds + 1
                print(f"{cases:,} cases, {len(faults)} faults", file=sys.stderr, flush=True)
    print("\n".join(faults), file=sys.stderr)
    note = f"{rounds} rounds; {load.in_words()}"
    return [
        at_least("requests made from the OpenAPI", cases, CASES, note=note),
        at_most("of them answered with 5xx, or not at all", len(faults), 0, note="stderr says which"),
    ]


def fuzz(
    address: str,
    session: requests.Session,
    folder: Path,
    *,
    per_route: int,
    seed: int = 0,
    phases: Sequence[str] = ("coverage", "fuzzing", "stateful"),
) -> Fuzzed:
    """Run schemathesis once against a page that is served.

    Parameters
    ----------
    address : str
        Without a last slash.
    session : Session
        Someone whose cookie and token are sent with every request.
    folder : Path
        For its configuration and report.
    per_route : int
        Random cases a route.
    seed : int
    phases : sequence of str
        ``coverage`` tries the edges of every parameter, ``fuzzing`` random requests, ``stateful`` sequences of them.

    Raises
    ------
    CommandFailedError
        If schemathesis could not be run.
    """
    config, report = folder / "schemathesis.toml", folder / "schemathesis.json"
    config.write_text(_configuration(address, session), encoding="utf-8")
    report.unlink(missing_ok=True)
    cookies = "; ".join(f"{name}={value}" for name, value in session.cookies.items())
    options = {
        "--phases": ",".join(phases),
        "--checks": "not_a_server_error",
        "--max-examples": per_route,
        "--seed": seed,
        "--request-timeout": 60,
        "--report-json-path": report,
        "--generation-database": "none",
        "--suppress-health-check": "all",
    }
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"]
    command += ["--continue-on-failure", "--no-color", "--warnings", "off", "--report", "json"]
    command += [part for name, value in options.items() for part in (name, str(value))]
    for header in (f"X-CSRF-Token: {session.headers['X-CSRF-Token']!s}", f"Cookie: {cookies}"):
        command += ["--header", header]
    command.append(f"{address}/api/v1/openapi.json")
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode > 1 or not report.is_file():
        raise CommandFailedError(f"schemathesis left with {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")
    found = json.loads(report.read_text(encoding="utf-8"))
    faults = [json.dumps(fault) for kind in ("failures", "errors") for fault in found[kind]]
    return Fuzzed(int(found["test_cases"]["generated"]), tuple(faults))


def _configuration(address: str, session: requests.Session) -> str:
    """Names that exist, for parameters and bodies, as schemathesis' configuration (TOML takes JSON's lists)."""
    ranking = session.get(f"{address}/api/v1/ranking", params={"per_page": 20}, timeout=60).json()
    names = {
        "list": ["demo"],
        "model": ["champion", ranking["model"]],
        "track": [track["track_id"] for track in ranking["tracks"]],
    }
    lines = [f"dictionaries.{name}.values = {json.dumps(values)}" for name, values in names.items()]
    lines += [
        f'parameters."{where}{name}" = {{ dictionary = "{name}", probability = {REAL} }}'
        for name in names
        for where in ("", "body.")
    ]
    return "\n".join(lines) + "\n"

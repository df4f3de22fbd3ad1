"""``python -m tests.standin.measure``: what a large account costs, in calls, seconds and memory; run by hand.

Each part is a process of its own, whose peak memory the system tells; the stand-in serves from this one. ReccoBeats is
asked without a pause between its calls, or 50,000 tracks would take twenty minutes of politeness.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Final

from tests.standin.account import Account
from tests.standin.standin import StandIn

MOST_BYTES: Final = 400_000_000
MOST_CALLS_AGAIN: Final = 3
PULL: Final = ("-m", "earmark.cli.main", "pull", "spotify", "--disliked", "Skipped", "--json")
FEATURES: Final = """
import json
from connectors.audio_features.chain import pull_features
from connectors.audio_features.reccobeats import ReccoBeats
from connectors.http.addresses import service_address
from connectors.http.transport import Transport
from connectors.library import Library
from earmark.home import Home

with Library.open(Home.here().library_url) as library, Transport("ReccoBeats") as transport:
    done = pull_features(library, [ReccoBeats(transport, service_address("EARMARK_RECCOBEATS_URL", ""))])
print(json.dumps(done.as_json()))
"""


@dataclass(frozen=True)
class Cost:
    """What one process cost, and what it answered."""

    calls: int
    seconds: float
    peak_bytes: int
    answer: dict[str, object]


def main() -> int:
    """Measure, print, and give 1 where a bound is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.standin.measure", description=__doc__)
    parser.add_argument("--likes", type=int, default=50_000, metavar="N")
    n_likes: int = parser.parse_args().likes
    with tempfile.TemporaryDirectory() as folder, StandIn(Account.made_up(n_likes)) as standin:
        sign_in(standin, Path(folder))
        first = measure(standin, Path(folder), PULL)
        again = measure(standin, Path(folder), PULL)
        features = measure(standin, Path(folder), ("-c", FEATURES))
        likes = len(standin.calls_to("spotify", "/me/tracks"))
        database = Path(folder, "home", "data", "library.db").stat().st_size
    n_recordings = features.answer["seen"]
    if not isinstance(n_recordings, int):
        raise TypeError(n_recordings)
    bounds = [
        ("calls for likes, both pulls", likes, 1 + 1 + ceil(n_likes / 50)),
        ("calls of the second pull", again.calls, MOST_CALLS_AGAIN),
        ("calls for features", features.calls, ceil(n_recordings / 40)),
        ("peak memory of the first pull", first.peak_bytes, MOST_BYTES),
        ("peak memory of the second pull", again.peak_bytes, MOST_BYTES),
        ("peak memory of the features", features.peak_bytes, MOST_BYTES),
    ]
    parts = (("first pull", first), ("second pull", again), ("features", features))
    lines = [
        f"{name:<15} {cost.calls:>6,} calls  {cost.seconds:>7.1f} s  {cost.peak_bytes / 1e6:>6.0f} MB"
        for name, cost in parts
    ]
    lines += [f"{'library':<15} {database / 1e6:.0f} MB, {n_recordings:,} recordings of {n_likes:,} likes"]
    lines += [f"{'ok' if value <= most else 'BROKEN':<6} {name}: {value:,} <= {most:,}" for name, value, most in bounds]
    print("\n".join(lines))  # noqa: T201
    return int(any(value > most for _, value, most in bounds))


def measure(standin: StandIn, folder: Path, arguments: tuple[str, ...]) -> Cost:
    """Run one process to its end."""
    calls, began = len(standin.calls), time.monotonic()
    with (folder / "answer.json").open("w+") as answer:
        process = subprocess.Popen([sys.executable, *arguments], stdout=answer, env=environment(standin, folder))
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, arguments)
        answer.seek(0)
        found = json.load(answer)
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(len(standin.calls) - calls, time.monotonic() - began, usage.ru_maxrss * unit, found)


def sign_in(standin: StandIn, folder: Path) -> None:
    """Leave the sign-in that ``earmark login spotify`` would."""
    from connectors.spotify.settings import PULL_SCOPES, store_app
    from connectors.spotify.sign_in import token_cache

    os.environ.update(environment(standin, folder))
    store_app(standin.client_id, 8912)
    token_cache(standin.client_id, " ".join(PULL_SCOPES)).save_token_to_cache(standin.token(PULL_SCOPES))


def environment(standin: StandIn, folder: Path) -> dict[str, str]:
    """That of a person with folders of their own."""
    own = {"EARMARK_HOME": str(folder / "home"), "EARMARK_CONFIG": str(folder / "config"), "OMP_NUM_THREADS": "1"}
    return {**os.environ, **standin.environment(), **own}


if __name__ == "__main__":
    sys.exit(main())

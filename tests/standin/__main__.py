"""``python -m tests.standin``: start the stand-in services, say how to use them, serve until stopped."""

import argparse
import json
import shlex
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from tests.standin.account import Account
from tests.standin.faults import faults_of_json
from tests.standin.standin import StandIn


def main(arguments: Sequence[str] | None, stopping: threading.Event) -> int:
    """Serve until it is time to stop; 1 where a request or an answer was against Spotify's contract."""
    options = _parser().parse_args(arguments)
    faults = faults_of_json(json.loads(options.faults.read_text())) if options.faults else []
    standin = StandIn(
        _account(options.account, options.likes, options.seed),
        dialect=options.dialect,
        features=options.features,
        faults=faults,
        approve=options.approve,
        ports=options.ports,
    )
    standin.start()
    environment = standin.environment() | {"SPOTIPY_CLIENT_ID": standin.client_id}
    if options.approve:
        environment["BROWSER"] = f"{shlex.quote(sys.executable)} -m tests.standin.browser %s &"
    _say(environment, standin, as_json=options.json)
    stopping.wait()
    standin.stop()
    for violation in standin.violations:
        print(f"against the contract: {violation}", file=sys.stderr)  # noqa: T201
    return 1 if standin.violations else 0


def _account(reference: str | None, likes: int | None, seed: int) -> Account:
    if likes is not None:
        return Account.made_up(likes, seed)
    return Account.demo(seed) if reference in (None, "demo") else Account.from_file(str(reference))


def _say(environment: dict[str, str], standin: StandIn, *, as_json: bool) -> None:
    if as_json:
        users = sorted(standin.account.listenbrainz)
        lines = [json.dumps({"environment": environment, "validates": standin.validates, "listenbrainz_users": users})]
    else:
        lines = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    print("\n".join(lines), flush=True)  # noqa: T201
    if not standin.validates:
        print("note: Spotify's OpenAPI file is not there; nothing is validated", file=sys.stderr, flush=True)  # noqa: T201


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.standin", description=__doc__)
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument("--account", metavar="demo|FILE.json", help="whose account (default: the demo listener's)")
    whose.add_argument("--likes", type=int, metavar="N", help="an invented account of so many likes")
    parser.add_argument("--seed", type=int, default=0, help="of what is invented")
    parser.add_argument("--dialect", choices=("2026", "legacy"), default="2026")
    parser.add_argument("--features", choices=("open", "closed"), default="closed", help="of Spotify")
    parser.add_argument("--faults", type=Path, metavar="FILE.json", help="what goes wrong: a list of objects")
    parser.add_argument("--approve", action="store_true", help="agree to every sign-in at once; no browser is needed")
    parser.add_argument("--ports", type=_ports, default=(0, 0, 0), metavar="S,R,L", help="of the three services")
    parser.add_argument("--json", action="store_true", help="say it as one line of JSON, not as lines for a shell")
    return parser


def _ports(text: str) -> tuple[int, ...]:
    ports = tuple(int(part) for part in text.split(","))
    if len(ports) != 3:
        raise argparse.ArgumentTypeError("three ports: Spotify, ReccoBeats, ListenBrainz")
    return ports


if __name__ == "__main__":
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    sys.exit(main(None, stop))

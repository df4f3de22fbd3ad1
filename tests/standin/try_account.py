"""``make train SOURCE=spotify DEMO_ACCOUNT=1``: the whole thread, with the demo listener's account at the stand-in.

Every step is a command that a person types; state and sign-in are kept apart from one's own, in ``data/demo-account``.
"""

import os
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from tests.standin.account import Account
from tests.standin.standin import StandIn

HOME = Path("data") / "demo-account"


def steps(playlist_id: str, train: Sequence[str]) -> list[list[str]]:
    """The commands, in order."""
    likes = str(HOME / "likes.csv")
    return [
        ["login", "spotify", "--for", "push"],
        ["pull", "spotify", "--disliked", "Skipped"],
        ["pull", "features"],
        ["library"],
        ["train", "spotify", *train],
        ["rank", f"spotify:playlist:{playlist_id}", "-o", likes],
        ["push", likes, "--name", "Predicted likes"],
        ["push", likes, "--name", "Predicted likes", "--yes"],
    ]


def environment(standin: StandIn) -> dict[str, str]:
    """The variables of every step: nothing of one's own is read or written, also where a database is shared."""
    own = {name: value for name, value in os.environ.items() if name != "EARMARK_DATABASE_URL"}
    return own | standin.environment() | {
        "EARMARK_HOME": str(HOME.resolve()),
        "EARMARK_CONFIG": str((HOME / "config").resolve()),
        "SPOTIPY_CLIENT_ID": standin.client_id,
        "BROWSER": f"{shlex.quote(sys.executable)} -m tests.standin.browser %s &",
    }  # fmt: skip


def main(train: Sequence[str]) -> int:
    """Run them all; the exit code of the first that fails, else 0."""
    HOME.mkdir(parents=True, exist_ok=True)
    account = Account.demo()
    discover = account.playlist_called("Discover").playlist_id
    earmark = str(Path(sysconfig.get_path("scripts")) / "earmark")
    with StandIn(account, features="open", approve=True) as standin:
        variables = environment(standin)
        for step in steps(discover, train):
            _say(f"$ earmark {shlex.join(step)}")
            code = subprocess.run([earmark, *step], env=variables, check=False).returncode
            if code:
                return code
    _say(f"That was a stand-in: nothing left this machine. To compare the runs: EARMARK_HOME={HOME} make ui")
    return 0


def _say(text: str) -> None:
    print(f"\n{text}", file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

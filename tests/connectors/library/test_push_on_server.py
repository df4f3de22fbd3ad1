"""Two machines that share a library on PostgreSQL: one pushes at a time, and there is one playlist of a name."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from connectors.library import Library
from tests.connectors.spotify.commands import Commands
from tests.connectors.spotify.signed_in import sign_in_quietly, use
from tests.standin import Account, Fault, Rates, Request, StandIn

NAME = "Predicted likes"
BUSY = "another earmark is changing a playlist of this account right now"


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn(Account.made_up(20, rates=Rates(without_isrc=0.0))) as made:
        yield made


@pytest.fixture
def machines(
    standin: StandIn, postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Commands, Commands]:
    """Two, each with folders and a sign-in of its own."""
    found = []
    for name in ("desk", "sofa"):
        folder = tmp_path / name
        folder.mkdir()
        use(standin, folder / "config", monkeypatch)
        sign_in_quietly(standin)
        found.append(Commands(standin, folder, {"EARMARK_DATABASE_URL": postgresql_url}))
    return found[0], found[1]


@pytest.fixture
def likes(standin: StandIn, tmp_path: Path) -> str:
    entries = [standin.account.catalogue.entry(4 * number) for number in range(5)]
    ids = [entry.uri.rpartition(":")[2] for entry in entries if entry is not None]
    (tmp_path / "likes.csv").write_text("\n".join(["track_id", *ids, ""]))
    return str(tmp_path / "likes.csv")


def n_made(standin: StandIn) -> int:
    return sum(standin.account.playlists[one].name == NAME for one in standin.account.followed)


def test_another_machine_makes_no_second_playlist(
    standin: StandIn, machines: tuple[Commands, Commands], likes: str
) -> None:
    desk, sofa = machines
    met = []

    def push_as_well(_: Request) -> None:
        met.append(sofa.run("push", likes, "--yes"))

    standin.faults.add(Fault(kind="hook", method="POST", path="/me/playlists", hook=push_as_well))
    done = desk.run("push", likes, "--yes")
    assert done.code == 0, done.err
    (refused,) = met
    assert refused.code == 2
    assert BUSY in refused.err
    assert n_made(standin) == 1


def test_a_machine_that_dies_lets_the_other_go_on(
    standin: StandIn, machines: tuple[Commands, Commands], likes: str
) -> None:
    desk, sofa = machines
    desk.kill_at(("push", likes, "--yes"), method="POST", path="/me/playlists")
    done = sofa.run("push", likes, "--yes")
    assert done.code == 0, done.err
    assert n_made(standin) == 1


def test_a_name_is_held_once_on_a_server_and_not_at_all_in_a_file(library_url: str) -> None:
    with ExitStack() as stack:
        mine, other = (stack.enter_context(Library.open(library_url)) for _ in range(2))
        with mine.hold("one") as held, other.hold("two") as beside, other.hold("one") as again:
            assert held
            assert beside
            assert again == library_url.startswith("sqlite")
        with other.hold("one") as later:
            assert later


def test_no_transaction_stays_open_while_a_name_is_held(postgresql_url: str) -> None:
    with Library.open(postgresql_url) as library, library.hold("one"), psycopg.connect(postgresql_url) as watching:
        states = watching.execute(
            "SELECT a.state FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
            "WHERE l.locktype = 'advisory' AND a.datname = current_database()"
        ).fetchall()
    assert states == [("idle",)]

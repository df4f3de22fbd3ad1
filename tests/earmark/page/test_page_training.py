"""Trains from the page: real workers on a small table, through a real server that may be killed meanwhile."""

import asyncio
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests
import uvicorn
from filelock import FileLock

from earmark.answers import train_answer
from earmark.cli import leaderboard
from earmark.home import Home
from earmark.page.app import create_app
from earmark.page.faults import NotFoundError
from earmark.page.list_files import CandidateList
from earmark.page.rendering import environment
from earmark.page.settings import PageSettings
from earmark.page.training import trainer as trainer_module
from earmark.page.training.choices import SPLITS
from earmark.page.training.job_folder import JobFolder
from earmark.page.training.job_ids import new_job_id
from earmark.page.training.options import TrainRequest
from earmark.page.training.outcome import SHOWN, outcome
from earmark.page.training.pages import score
from earmark.page.training.sources import reference_of
from earmark.page.training.story import titles
from earmark.page.training.tables import TrainingTables
from earmark.page.training.trainer import Trainer
from earmark.page.verdicts.book import VerdictBook
from earmark.reading import read_tracks
from earmark.session import train_and_record
from earmark.verdicts import with_verdicts
from experiments.config import FitConfig
from experiments.splits import SPLITS as SPLIT_KINDS
from experiments.train_words import ARTISTS_UNKNOWN
from features.errors import InputError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")

LIMIT_S = 120
SERVER = """
import sys, uvicorn
from earmark.home import Home
from earmark.page.app import create_app
app = create_app(Home.here())
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", timeout_graceful_shutdown=2)
"""
TREE = {"models": ["tree"], "trials": 1}
LONG = {"models": ["tree"], "trials": 5000}


def wait_for(happened: Callable[[], Any], what: str) -> Any:
    until = time.monotonic() + LIMIT_S
    while not (found := happened()):
        assert time.monotonic() < until, f"{what} did not happen"
        time.sleep(0.05)
    return found


@dataclass
class Page:
    """A server in a process of its own, and a visitor."""

    home: Home
    port: int
    process: "subprocess.Popen[bytes]" = field(init=False)
    visitor: requests.Session = field(init=False)

    def serve(self) -> None:
        environment = {**os.environ, "EARMARK_HOME": str(self.home.root), "PYTHONWARNINGS": "ignore"}
        self.process = subprocess.Popen([sys.executable, "-c", SERVER, str(self.port)], env=environment)
        self.visitor = requests.Session()
        self.visitor.headers["X-CSRF-Token"] = wait_for(self._token, "the server's start")

    def _token(self) -> str | None:
        try:
            return str(self.visitor.get(f"{self.url}/session", timeout=20).json()["csrf_token"])
        except requests.ConnectionError:
            assert self.process.poll() is None
            return None

    def end(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        self.process.wait(LIMIT_S)
        self.visitor.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"

    def get(self, path: str) -> Any:
        return self.visitor.get(f"{self.url}{path}", timeout=30).json()

    def post(self, path: str, status: int, **sent: Any) -> Any:
        answer = self.visitor.post(f"{self.url}{path}", timeout=30, **sent)
        assert answer.status_code == status, answer.text
        return answer.json()

    def start(self, source: str, **options: Any) -> str:
        return str(self.post("/trains", 201, json={"source": source, **options})["job_id"])

    def stream(self, job: str, after: int = 0, headers: dict[str, str] | None = None) -> Iterator[tuple[str, int, Any]]:
        """Event by event: kind, id and data."""
        url = f"{self.url}/trains/{job}/events?after={after}"
        with self.visitor.get(url, stream=True, timeout=LIMIT_S, headers=headers) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            told: dict[str, str] = {}
            for line in answer.iter_lines(decode_unicode=True):
                name, _, value = line.partition(": ")
                told[name] = value
                if not line and "data" in told:
                    yield told["event"], int(told["id"]), json.loads(told["data"])
                    told = {}

    def wait_for_trials(self, job: str, count: int) -> int:
        for kind, _, data in self.stream(job):
            assert kind not in {"finished", "failed", "cancelled"}, data
            if data["standing"] is not None and data["standing"]["trials"] >= count:
                return int(data["standing"]["trials"])
        raise AssertionError("the stream ended")

    def wait_for_state(self, job: str, *states: str) -> Any:
        def reached() -> Any:
            found = self.get(f"/trains/{job}")
            return found if found["state"] in states else None

        return wait_for(reached, f"{states} of {job}")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory, demo_tracks: pd.DataFrame) -> Path:
    path = tmp_path_factory.mktemp("tables") / "small likes.csv"
    demo_tracks.head(200).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    page = Page(Home(tmp_path_factory.mktemp("page")), port)
    page.serve()
    try:
        yield page
    finally:
        page.end(signal.SIGINT)


@pytest.fixture(scope="module")
def source(page: Page, table: Path) -> str:
    """The table, put on the page."""
    with table.open("rb") as file:
        said = page.post("/tables", 201, files={"file": ("../../small likes.csv", file)})
    assert (said["n_tracks"], said["n_liked"] + said["n_skipped"]) == (200, 200)
    assert said["source"]["title"] == "small likes.csv"
    return str(said["source"]["name"])


@pytest.fixture
def trainer(tmp_path: Path) -> Iterator[Trainer]:
    """Without a server; whatever it started has ended afterwards."""
    trainer = Trainer(Home(tmp_path / "home"), PageSettings())
    yield trainer
    trainer.close()


def workers(home: Home) -> list[int]:
    """Process ids of workers that hold their lock."""
    jobs = [JobFolder(path) for path in (home.mlruns / "page" / "jobs").iterdir()]
    return [int((job.path / "worker.pid").read_text()) for job in jobs if job.is_alive()]


def statuses(home: Home) -> list[str]:
    query = """SELECT status FROM runs WHERE run_uuid NOT IN (SELECT run_uuid FROM tags WHERE key =
               'mlflow.parentRunId') ORDER BY start_time"""
    with closing(sqlite3.connect(home.mlruns / "mlflow.db")) as connection:
        return [status for (status,) in connection.execute(query)]


def test_a_train_from_the_page_is_that_of_the_command_line(
    page: Page, source: str, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job = page.start(source, **TREE)
    busy = page.post("/trains", 409, json={"source": source, **TREE})
    assert busy["error"].startswith("a train on small likes.csv is running since ")
    assert busy["hint"] == "wait until it ends, or cancel it: one at a time"

    happened = list(page.stream(job))
    kinds = [kind for kind, _, _ in happened]
    assert kinds[:2] == ["started", "read"]
    assert kinds[2:] == ["progress"] * len(kinds[2:-1]) + ["finished"]
    ids = [number for _, number, _ in happened]
    assert ids == sorted(set(ids))
    assert [data["at"] for _, _, data in happened] == sorted(data["at"] for _, _, data in happened)
    stages = [data["stage"] for _, _, data in happened]
    told = ["fitting baselines", "searching Decision tree", "averaging the best models"]
    assert stages == [
        "reading the tracks", "preparing the search", *told, "judging on held-out tracks", "recording in MLflow",
        "finished",
    ]  # fmt: skip
    trial = happened[stages.index(told[1])][2]["standing"]
    assert (trial["name"], trial["trials"]) == ("tree", 1)
    assert trial["last"] == trial["best"] > 0.5

    # A reader that comes back hears what is new, by the header that browsers send or by the address; the end always.
    assert list(page.stream(job, headers={"Last-Event-ID": str(ids[2])})) == happened[3:]
    assert list(page.stream(job, after=ids[-2])) == happened[-1:]
    assert list(page.stream(job, after=ids[-1])) == happened[-1:]
    assert list(page.stream(job, after=2**53)) == happened[-1:]

    answered = page.get("/trains/current")
    assert answered == page.get(f"/trains/{job}")
    assert (answered["state"], answered["last_event"]) == ("finished", ids[-1])
    assert page.get("/trains")["trains"][0] == answered
    assert page.home.champion() == page.home.rankers / answered["outcome"]["run_id"]

    own = Home(tmp_path / "home")
    config = FitConfig(budget_s=None, trials=1, models=("tree",))
    session = train_and_record(str(table), config, own)
    expected = train_answer(session)
    # A file's name is kept with letters that are safe; TensorFlow may add in another order in another process.
    varies = {"run_id", "elapsed_s", "ranker", "source", "baselines"}
    answer = answered["outcome"]["answer"]
    assert answer["source"] == "small-likes.csv"
    assert {key: answer[key] for key in answer.keys() - varies} == {
        key: expected[key] for key in expected.keys() - varies
    }
    capsys.readouterr()  # libraries may have said something while it trained
    leaderboard.say_session(session)
    # The command line says the family's name where the page says its title.
    said = re.sub(r"\btree(?= \d)|(?<=ranker \()tree", "Decision tree", capsys.readouterr().err)
    assert f"{answered['outcome']['held_out']}:" in said
    for line in (*answered["outcome"]["words"], *(f"Note: {line}" for line in answered["outcome"]["notes"])):
        assert line in said.splitlines()
    rows = answered["outcome"]["rows"]
    lines = said.splitlines()  # an empty line, the title, the heads, the rows
    assert [row["title"] for row in rows] == [line.split("  ")[0] for line in lines[3 : 3 + len(rows)]]
    assert rows[0]["metrics"]["roc_auc"] == expected["metrics"]["roc_auc"]

    with closing(sqlite3.connect(page.home.mlruns / "mlflow.db")) as connection:
        found = dict(connection.execute("SELECT run_uuid, name FROM runs"))
        (experiment,) = connection.execute("SELECT experiment_id FROM experiments WHERE name = 'earmark'").fetchone()
    for row in rows[:-1]:
        base, _, run = row["run_url"].rpartition("/")
        assert base == f"http://127.0.0.1:5000/#/experiments/{experiment}/runs"
        name = {"ranker": found[answer["run_id"]], "tree": "tree"}.get(row["name"], f"baseline {row['name']}")
        assert found[run] == name
    assert rows[-1]["run_url"] is None, "keep everything has no run"


def test_cancelled_and_killed_trains_lose_nothing(page: Page, source: str) -> None:
    """Kill the server, cancel through the next one, go on, kill the worker."""
    first = page.start(source, **LONG)
    reached = page.wait_for_trials(first, 4)
    before = page.get("/trains/current")
    page.end(signal.SIGKILL)
    page.serve()
    after = page.get("/trains/current")
    assert (after["job_id"], after["state"]) == (first, "running")
    assert after["read"] == before["read"]
    assert after["leaderboard"][0]["trials"] >= before["leaderboard"][0]["trials"] >= reached
    assert "is running since" in page.post("/trains", 409, json={"source": source, **TREE})["error"]

    assert page.post(f"/trains/{first}/cancel", 200)["state"] in {"cancelling", "cancelled"}
    page.post(f"/trains/{first}/cancel", 200)  # a second click does no harm
    cancelled = page.wait_for_state(first, "cancelled")
    kept = cancelled["leaderboard"][0]["trials"]
    assert kept >= after["leaderboard"][0]["trials"]
    assert list(page.stream(first))[-1][0] == "cancelled"
    assert page.post(f"/trains/{first}/cancel", 200) == cancelled
    wait_for(lambda: not workers(page.home), "the worker's end")
    assert statuses(page.home)[-1] == "KILLED"

    second = page.start(source, **LONG)
    assert page.wait_for_trials(second, 1) >= kept, "the search began anew instead of going on from its finished trials"
    (worker,) = workers(page.home)
    known = page.get(f"/trains/{second}")["last_event"]
    os.kill(worker, signal.SIGKILL)
    assert list(page.stream(second, after=known))[-1][0] == "failed"
    failed = page.get(f"/trains/{second}")
    assert failed["fault"]["error"] == "the train's process ended without a word: it was killed, or memory ran out"
    assert failed["fault"]["hint"].startswith("train again: finished trials are kept")
    assert [job["state"] for job in page.get("/trains")["trains"]][:2] == ["failed", "cancelled"]


def test_the_server_stays_free_of_what_trains(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from earmark.home import Home; from earmark.page.app import create_app\n"
        f"app = create_app(Home(Path({str(tmp_path)!r}))); app.state.desk.trainer.current()\n"
        "print({'tensorflow', 'mlflow', 'optuna', 'matplotlib', 'catboost'} & sys.modules.keys())"
    )
    said = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert said == "set()\n"


def test_an_orderly_end_of_the_page_cancels_its_train(page: Page, source: str) -> None:
    job = page.start(source, **LONG)
    page.wait_for_state(job, "running")
    listener = page.stream(job)
    assert next(listener)[0] == "started"
    page.end(signal.SIGINT)
    assert not workers(page.home)
    listener.close()
    page.serve()
    assert page.get(f"/trains/{job}")["state"] == "cancelled"


def test_a_train_of_the_command_line_comes_first(page: Page, source: str) -> None:
    with FileLock(page.home.lock_file, timeout=30):
        assert page.get("/trains")["busy_elsewhere"] is True
        busy = page.post("/trains", 409, json={"source": source, **TREE})
    assert busy["error"] == f"another train or evaluation is running in {page.home.mlruns}"
    assert page.get("/trains")["busy_elsewhere"] is False


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"models": ["tree", "oracle"]}, "there is no model family 'oracle'"),
        ({"models": ["tree,oracle"]}, "there is no model family 'tree,oracle'"),
        ({"metric": "charm"}, "there is no metric 'charm'"),
        ({"metric": "precision"}, "precision needs a threshold, which is chosen after the search"),
        ({"source": "/etc/passwd"}, "'/etc/passwd' is no source that the page trains from"),
        ({"source": "csv_file"}, "'csv_file' is no source that the page trains from"),
        ({"budget_s": 0.5}, "budget_s: Input should be greater than or equal to 1"),
        ({"budget_s": 86_401}, "budget_s: Input should be less than or equal to 86400"),
        ({"trials": 0}, "trials: Input should be greater than or equal to 1"),
        ({"split": "album"}, "split: Input should be 'artist', 'random' or 'time'"),
        ({"min_precision": 1.5}, "min_precision: Input should be less than or equal to 1"),
        ({"seed": -1}, "seed: Input should be greater than or equal to 0"),
        ({"catalogue": "/etc/passwd"}, "catalogue: String should match pattern '^file-[0-9a-f]{16}$'"),
        ({"background": "/etc/passwd"}, "background: Extra inputs are not permitted"),
    ],
)
def test_wrong_options_are_refused_in_words(page: Page, options: dict[str, Any], error: str) -> None:
    refused = page.post("/trains", 422, json=options)
    assert refused["error"] == error
    assert refused["hint"]


def test_what_is_not_there_is_said(page: Page) -> None:
    for path in ("/trains/20261121-173059-123456-9f3c", "/trains/20261121-173059-123456-9f3c/events"):
        answer = page.visitor.get(f"{page.url}{path}", timeout=20)
        assert (answer.status_code, answer.json()["error"]) == (404, "there is no train '20261121-173059-123456-9f3c'")
    assert page.visitor.get(f"{page.url}/trains/..%2f..", timeout=20).status_code in {404, 422}
    page.post("/trains/20261121-173059-123456-9f3c/cancel", 404)
    missing = page.post("/trains", 404, json={"source": "table-0123456789abcdef"})
    assert missing["error"] == "there is no table 'table-0123456789abcdef'"


def test_sources_are_named_with_what_they_lack(page: Page, source: str) -> None:
    found = {entry["name"]: entry for entry in page.get("/sources")["sources"]}
    assert list(found)[:3] == ["demo", "library", "spotify"]
    assert found["demo"]["ready"]
    assert not found["library"]["ready"]
    assert found["library"]["hint"].startswith("pull some tracks first")
    assert found["spotify"]["hint"] == "sign in first: 'earmark login spotify'"
    assert found[source]["title"] == "small likes.csv"
    assert found[source]["summary"].startswith("200 tracks, ")


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("likes.csv", b"", "likes.csv: the file is empty"),
        ("likes.csv", b"track_name,artist_name\nA,B\n", "likes.csv: "),
        ("../x.parquet", b"PAR1 not so", "x.parquet: "),
        ("few.csv", b"track_name,artist_name,danceability,liked\nA,B,0.5,1\nC,D,0.4,0\n", "few.csv: 2 labelled tracks"),
    ],
)
def test_tables_that_teach_nothing_are_refused(page: Page, name: str, content: bytes, error: str) -> None:
    refused = page.post("/tables", 422, files={"file": (name, content)})
    assert refused["error"].startswith(error)
    assert str(page.home.root) not in json.dumps(refused)


def test_a_table_that_is_called_as_a_source_is_not_taken_for_it(tmp_path: Path, table: Path) -> None:
    home = Home(tmp_path / "home")
    book = VerdictBook(home)
    demo = CandidateList("demo", "the demo's", "demo", pd.DataFrame({"track_id": ["an invented track"]}))
    book.say(demo, {"track_id": "an invented track", "track_name": "A", "energy": 0.5}, "keep")
    book.close()
    tables = TrainingTables(home)
    for name in ("demo", "library"):
        reference, label = reference_of(tables.put(name, table.read_bytes()).table_id, tables)
        read = read_tracks(reference, label=label)
        assert read.source == f"{name}.table"
        assert with_verdicts(read, home) is read


def test_a_train_that_cannot_learn_says_so_without_our_paths(
    page: Page, table: Path, demo_tracks: pd.DataFrame
) -> None:
    """What only the train itself can see: nothing says when these tracks were added, as its split needs."""
    data = demo_tracks.head(120).drop(columns="added_at", errors="ignore").to_csv(index=False).encode()
    name = page.post("/tables", 201, files={"file": ("no dates.csv", data)})["source"]["name"]
    failed = page.wait_for_state(page.start(name, **TREE, split="time"), "failed", "finished")
    assert failed["state"] == "failed"
    assert "added_at" in failed["fault"]["error"]
    assert failed["fault"]["hint"]
    assert str(page.home.root) not in json.dumps(failed["fault"])


def test_likes_alone_are_learned_from_with_a_file_of_the_page_as_catalogue(
    page: Page, demo_tracks: pd.DataFrame, demo_candidates: pd.DataFrame
) -> None:
    likes = demo_tracks[demo_tracks["liked"] == 1].head(150).to_csv(index=False).encode()
    name = page.post("/tables", 201, files={"file": ("only likes.csv", likes)})["source"]["name"]
    others = demo_tracks[demo_tracks["liked"] == 0].drop(columns="liked").to_csv(index=False).encode()
    catalogue = page.post("/lists", 201, files={"file": ("any tracks.csv", others)})["list_id"]
    for gone in ("file-0123456789abcdef", "playlist-37i9dQZF1DXcBWIGoYBM5M", "../../etc/passwd", "/etc/passwd"):
        refused = page.visitor.post(f"{page.url}/trains", json={"source": name, **TREE, "catalogue": gone}, timeout=30)
        assert refused.status_code in {404, 422}, gone
    alone = page.wait_for_state(page.start(name, **TREE), "failed", "finished")
    assert alone["state"] == "failed"
    assert alone["fault"]["hint"]
    finished = page.wait_for_state(page.start(name, **TREE, catalogue=catalogue), "failed", "finished")
    assert finished["state"] == "finished", finished["fault"]
    assert any("background" in note for note in finished["outcome"]["notes"])
    assert str(page.home.root) not in json.dumps({**finished, "outcome": finished["outcome"]["notes"]})
    text = page.visitor.get(f"http://127.0.0.1:{page.port}/train", timeout=30).text
    assert f'<option value="{catalogue}">any tracks.csv (' in text


def test_a_train_can_be_cancelled_before_its_worker_is_there(trainer: Trainer) -> None:
    job = trainer.cancel(trainer.start(TrainRequest(models=["tree"], trials=1)).job_id)
    over = wait_for(lambda: (found := trainer.job(job.job_id)).is_over and found, "its end")
    assert (over.state, over.read) == ("cancelled", [])
    assert trainer.close() is False, "nothing runs any more"


def test_a_worker_that_cannot_begin_is_told_at_once(trainer: Trainer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    job = trainer.start(TrainRequest()).job_id
    started = time.monotonic()
    over = wait_for(lambda: (found := trainer.job(job)).is_over and found, "its end")
    assert over.state == "failed"
    assert time.monotonic() - started < 10


def test_a_process_that_got_the_number_of_a_dead_worker_is_left_alone(trainer: Trainer) -> None:
    job = made_job(trainer)
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as other:
        (job.path / "worker.pid").write_text(str(other.pid))
        assert trainer.job(job.job_id).state == "failed"
        assert job.send(signal.SIGKILL) is False
        assert trainer.cancel(job.job_id).state == "failed"
        assert other.poll() is None
        other.kill()


def test_only_the_last_jobs_are_kept(trainer: Trainer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_module, "_spawn", lambda job, _: job.append("failed", error="not", hint="now"))
    started = [trainer.start(TrainRequest()).job_id for _ in range(23)]
    assert [job.job_id for job in trainer.jobs()] == started[:2:-1]
    with pytest.raises(NotFoundError, match="there is no train"):
        trainer.job(started[2])


def test_a_job_of_another_version_hides_no_other(trainer: Trainer) -> None:
    known, strange = (JobFolder(trainer._folder / new_job_id()) for _ in range(2))
    known.prepare({"title": "demo", "request": {}})
    strange.prepare({"title": "demo", "request": {"an_option_of_tomorrow": 1}})
    for job in (known, strange):
        job.append("cancelled")
    assert [job.job_id for job in trainer.jobs()] == [known.job_id]
    assert trainer.current() == trainer.jobs()[0]
    with pytest.raises(NotFoundError):
        trainer.job(strange.job_id)


def test_a_home_that_cannot_be_written_to_is_said(trainer: Trainer) -> None:
    trainer._home.mlruns.mkdir(parents=True)
    (trainer._home.mlruns / "page").write_text("not a folder")
    with pytest.raises(InputError, match="cannot be written to"):
        trainer.start(TrainRequest())
    assert trainer.current() is None


def made_job(trainer: Trainer) -> JobFolder:
    """A job without a worker."""
    job = JobFolder(trainer._folder / new_job_id())
    job.prepare({"title": "demo", "request": TrainRequest(models=["tree"], trials=3).model_dump()})
    return job


def test_events_are_read_from_anywhere_and_over_torn_lines(trainer: Trainer) -> None:
    job = made_job(trainer)
    job.append("started")
    job.append("progress", stage="searching", family="tree", trials=1, last=float("nan"), best=float("inf"))
    with (job.path / "events.jsonl").open("ab") as file:
        file.write(b'{"kind": "progr')
    assert [event.kind for event in job.events()] == ["started", "progress"]
    told = (job.path / "events.jsonl").read_text().splitlines()[1]
    assert '"last":null,"best":null' in told, "JSON has no NaN"
    job.append("cancelled")
    everything = job.events()
    assert [event.kind for event in everything] == ["started", "progress", "cancelled"]
    for after in range(everything[-1].event_id + 5):
        new = job.events(after)
        assert new == everything[len(everything) - len(new) :]
        assert all(event.event_id > after for event in new)
    for place, event in enumerate(everything):
        assert job.events(event.event_id) == everything[place + 1 :]


def test_losses_are_led_by_the_smallest(trainer: Trainer) -> None:
    job = JobFolder(trainer._folder / new_job_id())
    asked = TrainRequest(metric="log_loss", models=["tree", "extra_trees", "dense"], trials=4)
    job.prepare({"title": "demo", "request": asked.model_dump()})
    with job.working():
        for family, best in (("tree", 0.6), ("extra_trees", 0.5), ("tree", 0.55)):
            job.append("progress", stage="searching", family=family, trials=2, last=None, best=best, seconds_left=None)
        told = trainer.job(job.job_id)
    assert [(row.name, row.best) for row in told.leaderboard] == [("extra_trees", 0.5), ("tree", 0.55), ("dense", None)]
    assert told.done == pytest.approx(4 / 12)
    assert told.stage == "searching Decision tree"
    assert trainer.job(job.job_id).state == "failed", "its worker let go of the lock without a word"


def test_words_and_tables_are_those_of_the_command_line() -> None:
    assert SHOWN == leaderboard.SHOWN
    assert set(SPLITS) == set(SPLIT_KINDS)


def test_an_outcome_without_its_place_in_mlflow_has_no_links() -> None:
    metrics = {"roc_auc": 0.8}
    answer = {
        "run_id": "0" * 32, "model": "tree", "n_test": 1234, "n_train": 99, "split": "time", "metrics": metrics,
        "champion": {"promoted": True, "reason": "it is the first"}, "intervals": {"roc_auc": [None, 0.9]},
        "keep_everything": metrics, "best_possible_auc": 0.9, "baselines": [],
        "families": [{"name": "tree", "trials": 2, "metrics": metrics, "held_out": {"roc_auc": None}}],
    }  # fmt: skip
    found = outcome({"answer": answer, "notes": [], "place": None}, titles(), "http://mlflow")
    assert found.held_out == "On 1,234 held-out tracks (the newest tracks)"
    assert [row.run_url for row in found.rows] == [None] * 4
    assert found.words[0] == "The ranker's ROC AUC lies in - to 0.900 (95 % bootstrap interval)."
    assert found.words[-1] == "It is the new champion: it is the first."


def test_an_outcome_is_as_honest_as_the_command_line() -> None:
    answer = {
        "run_id": "0" * 32, "model": "tree", "n_test": 12, "n_train": 48, "split": "artist", "metrics": {},
        "champion": {"promoted": True, "reason": "it is the first"}, "intervals": {"roc_auc": [0.0, 0.738]},
        "keep_everything": {}, "best_possible_auc": None, "baselines": [], "families": [],
    }  # fmt: skip
    found = outcome({"answer": answer, "notes": [ARTISTS_UNKNOWN], "place": None}, titles(), "http://mlflow")
    assert found.held_out == "On 12 held-out tracks (artists unknown)"
    assert found.words[0].startswith("The ranker's ROC AUC lies in 0.000 to 0.738 (95 % bootstrap interval). That incl")
    assert " ".join(found.words).count("which is guessing") == 1
    named = outcome({"answer": answer, "notes": [], "place": None}, titles(), "http://mlflow")
    assert named.held_out == "On 12 held-out tracks (no artist on both sides)"


def test_people_read_titles_and_a_true_minus_in_what_is_said_of_a_train() -> None:
    answer = {
        "run_id": "0" * 32, "model": "symmetric_trees", "n_test": 9, "n_train": 99, "split": "time",
        "metrics": {"roc_auc": 0.8}, "champion": {"promoted": False, "reason": "roc_auc 0.7 against 0.8"},
        "intervals": {"roc_auc": [0.5, 0.9]}, "keep_everything": {}, "best_possible_auc": None,
        "baselines": [{"name": "untuned_tree", "held_out": {}}],
        "families": [
            {"name": name, "trials": 2, "metrics": {"roc_auc": 0.6}, "held_out": {}}
            for name in ("tree", "symmetric_trees")
        ],
    }  # fmt: skip
    notes = ["no time for extra_trees, dense: a larger budget lets them join", "f0_5 -0.1, 2026-11-21, hold-out"]
    found = outcome({"answer": answer, "notes": notes, "place": None}, titles(), "http://mlflow")
    assert [row.title for row in found.rows] == [
        "ranker (CatBoost)", "Decision tree", "CatBoost", "Untuned decision tree (baseline)", "keep everything",
    ]  # fmt: skip
    assert found.words[1:] == [
        "Out-of-fold ROC AUC on the 99 training tracks: Decision tree 0.600, CatBoost 0.600.",
        "The champion stays: ROC AUC 0.7 against 0.8.",
    ]
    job = {"state": "finished", "fault": None, "outcome": found, "source_title": "mine", "read": []}
    about = {"job": job, "shown": [], "score": score, "settings": PageSettings()}
    text = environment().get_template("training/ended.html").render(**about)
    assert "<li>no time for Extra trees, dense: a larger budget lets them join</li>" in text
    assert "<li>F0.5 \N{MINUS SIGN}0.1, 2026-11-21, hold-out</li>" in text
    shown = re.sub(r"<[^>]*>|https?://\S+", " ", text)
    assert not re.findall(r"\b[a-z]+_[a-z_0-9]+\b", shown)


def test_listeners_that_go_away_leave_nothing_behind(trainer: Trainer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five listeners of a train that is silent: pinged, then gone, with their tasks, files and threads."""
    monkeypatch.setattr("fastapi.routing._PING_INTERVAL", 0.1)
    job = made_job(trainer)
    job.append("started")
    with job.working():
        asyncio.run(five_listeners(trainer._home, job.job_id))


async def five_listeners(home: Home, job_id: str) -> None:
    server = uvicorn.Server(uvicorn.Config(create_app(home), port=0, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    try:
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        await listen(port, job_id)  # the first one makes the pool's threads
        await asyncio.sleep(0.5)
        before = tasks_and_files()
        await asyncio.gather(*(listen(port, job_id) for _ in range(5)))
        until = time.monotonic() + 10
        while (now := tasks_and_files()) != before:
            assert time.monotonic() < until, (before, now)
            await asyncio.sleep(0.05)
    finally:
        server.should_exit = True
        await serving


def tasks_and_files() -> tuple[int, int]:
    return len(asyncio.all_tasks()), len(list(Path("/proc/self/fd").iterdir()))


async def listen(port: int, job_id: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /api/v1/trains/{job_id}/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    for expected in (b"event: started", b": ping", b": ping"):
        async with asyncio.timeout(20):
            await reader.readuntil(expected)
    writer.close()
    await writer.wait_closed()

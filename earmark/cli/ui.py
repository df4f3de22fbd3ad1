"""``earmark ui``: MLflow's pages about the recorded trains, for this machine only."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

from earmark.cli.options import Verbose, note
from features.errors import EarmarkError, InputError, ServiceError

HOST = "127.0.0.1"
"""Never another one: MLflow's server asks nobody for a password."""

START_LIMIT_S = 180.0
STOP_LIMIT_S = 10.0
POLL_S = 0.25

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # background jobs judge chat traces: three processes we never use
}


def ui(
    port: Annotated[int, typer.Option("--port", "-p", min=1, max=65535, help="Port on 127.0.0.1.")] = 5000,
    verbose: Verbose = False,
) -> None:
    """Open the pages about all recorded trains (MLflow's), on this machine only. Ctrl-C ends it."""
    from earmark.home import Home

    mlruns = Home.here().mlruns
    store, experiment = _store(mlruns)
    _check_port(port)
    log = mlruns / "ui.log"
    note(f"starting MLflow's pages on port {port} (about half a minute) ...")
    with log.open("wb") as output:
        server = subprocess.Popen(  # noqa: S603 (our own arguments)
            _command(port, store, mlruns),
            env=QUIET | dict(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches us, and we end the server with all its workers
        )
    for ending in (signal.SIGTERM, signal.SIGHUP):  # a closed terminal must not leave the server behind
        signal.signal(ending, _interrupt)
    try:
        _wait_until_up(server, port, log)
        _say_where(port, experiment)
        code = server.wait()
    except KeyboardInterrupt:
        note("stopped")
        return
    finally:
        _stop(server)
    raise _ended(code, log)


def _store(mlruns: Path) -> tuple[str, str | None]:
    """Where the runs are, as a database address, and the id of our experiment where that is known."""
    from experiments.mlflow_folder import database_uri, experiment_id
    from experiments.run_views import EXPERIMENT

    chosen = os.environ.get("MLFLOW_TRACKING_URI", "")
    if chosen.startswith(("http://", "https://")):
        raise InputError(f"runs are recorded at {chosen} (MLFLOW_TRACKING_URI)", "open that address in a browser")
    if chosen and chosen != database_uri(mlruns):
        mlruns.mkdir(parents=True, exist_ok=True)
        return chosen, None
    experiment = experiment_id(mlruns, EXPERIMENT)
    if experiment is None:
        raise InputError(f"there are no recorded trains in {mlruns} yet", "run 'make train' or 'earmark train' first")
    return database_uri(mlruns), experiment


def _check_port(port: int) -> None:
    """Raise InputError where the port is taken or not ours to take."""
    with socket.socket() as probe:
        probe.settimeout(1)
        taken = probe.connect_ex((HOST, port)) == 0
    if taken:
        hint = f"is another 'earmark ui' open? Else choose a port: earmark ui --port {port % 65535 + 1}"
        raise InputError(f"port {port} on {HOST} is taken", hint)
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
    except OSError as error:
        raise InputError(
            f"port {port} on {HOST} cannot be opened: {error.strerror}", "choose one above 1023"
        ) from error


def _command(port: int, store: str, mlruns: Path) -> list[str]:
    artifacts = (mlruns / "artifacts").as_uri()
    where = ["--backend-store-uri", store, "--default-artifact-root", artifacts]
    return [sys.executable, "-m", "mlflow", "server", *where, "--host", HOST, "--port", str(port), "--workers", "1"]


def _wait_until_up(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    started = time.monotonic()
    while not _answers(port):
        code = server.poll()
        if code is not None:
            raise _ended(code, log)
        if time.monotonic() - started > START_LIMIT_S:
            raise ServiceError(f"MLflow did not answer within {START_LIMIT_S:.0f} s", f"{log} says what it was doing")
        time.sleep(POLL_S)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _say_where(port: int, experiment: str | None) -> None:
    from experiments.run_views import view_url

    base = f"http://{HOST}:{port}"
    if experiment is None:
        note(f"open {base}")
    else:
        note(f"all trains:   {view_url(base, experiment, 'trains')}")
        note(f"model by model: {view_url(base, experiment, 'models')}")
        note(f"all trials:   {view_url(base, experiment, 'trials')}")
    note("Ctrl-C ends it")


def _ended(code: int, log: Path) -> EarmarkError:
    return ServiceError(f"MLflow's server ended by itself (exit code {code})", f"{log} says why")


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _stop(server: "subprocess.Popen[bytes]") -> None:
    """End the server and its workers: politely, then not."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        _signal_all(server, kind)
        try:
            server.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            continue
        break
    _signal_all(server, signal.SIGKILL)


def _signal_all(server: "subprocess.Popen[bytes]", kind: signal.Signals) -> None:
    try:
        os.killpg(server.pid, kind)
    except ProcessLookupError:
        return

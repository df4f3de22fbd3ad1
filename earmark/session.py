"""One train from start to end: read, fit, judge, save, record, and perhaps a new champion."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from earmark.home import Home
from earmark.reading import Fetching, ReadTracks, read_known, read_tracks
from earmark.training_tables import save_table
from earmark.verdicts import with_verdicts
from experiments.champion import Verdict, judge
from experiments.config import FitConfig
from experiments.positive_unlabelled import check_learnable
from experiments.progress import Listener, Progress, silent
from experiments.reports import figures
from experiments.results import TrainResult
from experiments.tracking import Tracker
from experiments.training import train
from features.errors import EarmarkError, InputError
from models.ranker_folder import load

LOOKED_S = 0.5
"""The page takes the lock for a moment when it looks whether somebody has it."""


@dataclass(frozen=True)
class Session:
    """A finished, recorded train.

    Parameters
    ----------
    run_id : str
        The parent run in MLflow, and the ranker's folder name.
    ranker_folder : Path
    result : TrainResult
    read : ReadTracks
        What it was trained on.
    verdict : Verdict
        Whether this ranker became the champion, and why.
    """

    run_id: str
    ranker_folder: Path
    result: TrainResult
    read: ReadTracks
    verdict: Verdict


def train_and_record(
    reference: str,
    config: FitConfig,
    home: Home,
    *,
    label: str | None = None,
    catalogue: Path | None = None,
    without_features: Literal["use", "wait"] = "wait",
    page_verdicts: bool = True,
    fetching: Fetching | None = None,
    on_progress: Listener = silent,
    on_read: Callable[[ReadTracks], None] | None = None,
) -> Session:
    """Read tracks, train, save the ranker, record the run, and compare with the champion.

    Parameters
    ----------
    reference : str
        A source's name or a path.
    config : FitConfig
    home : Home
    label : str, optional
        The label column, where it cannot be guessed.
    catalogue : Path, optional
        Tracks that tell how artists sound, and that likes are learned against where there are no dislikes.
    page_verdicts : bool
        Whether what was said on the page counts.
    on_progress : callable
    on_read : callable, optional
        Told what was read before the search begins.

    Returns
    -------
    Session

    Raises
    ------
    EarmarkError
        Whatever the user can mend; the run is then closed as failed.
    """
    home.prepare()
    with alone(home):
        started = time.monotonic()
        tracker = Tracker(home.mlruns)
        _check_what_the_end_needs(home, tracker)
        read = read_tracks(
            reference,
            label=label,
            catalogue=catalogue,
            without_features=without_features,
            page_verdicts=page_verdicts,
            fetching=fetching,
        )
        if page_verdicts:
            read = with_verdicts(read, home, without_features=without_features)
        if on_read is not None:
            on_read(read)
        clock = time.monotonic()  # fetching from a service may take minutes, which are not the search's
        # before a run is opened that could only fail
        check_learnable(read.tracks, config, catalogue=catalogue is not None)
        known = None if catalogue is None else read_known(catalogue)
        about = () if known is None else known.notes
        with _open_run(tracker, read, config) as open_run:
            result = train(
                read.tracks,
                _what_is_left(config, clock),
                source=read.source,
                catalogue=None if known is None else known.tracks,
                storage_url=home.search_url,
                on_progress=on_progress,
                best_prediction=read.best_prediction,
                notes=(*read.notes, *about),
                never_held_out=read.judged_on_page,  # an answer that was only judged on would teach nothing
            )
            on_progress(Progress("recording in MLflow"))
            result = replace(result, budget_s=config.budget_s, elapsed_s=time.monotonic() - started)
            run_id = open_run.result()
            folder = result.ranker.save(home.rankers / run_id)
            save_table(home, run_id, result.judged, read.source, read.verdicts_of)
            recorded = tracker.record(run_id, result, folder, figures(result))
        verdict = _compare(result, home)
        if verdict.promote:
            tracker.promote(recorded.version)
            home.set_champion(run_id)
        return Session(run_id, folder, result, read, verdict)


def _check_what_the_end_needs(home: Home, tracker: Tracker) -> None:
    """Refuse at once what would be noticed only when all is fitted: nowhere to record, or no telling the champion."""
    home.champion()
    tracker.check()


def _what_is_left(config: FitConfig, clock: float) -> FitConfig:
    """The configuration with the seconds that preparations took off its budget."""
    if config.budget_s is None:
        return config
    return replace(config, budget_s=max(config.budget_s - (time.monotonic() - clock), 1.0))


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """One search at a time in a folder; the system lets go of the lock when a process dies.

    Raises
    ------
    InputError
        If another train or evaluation is running there.
    """
    lock = FileLock(home.lock_file)
    try:
        lock.acquire(timeout=LOOKED_S)
    except Timeout as error:
        raise InputError(
            f"another train or evaluation is running in {home.mlruns}",
            "wait until it ends, or set EARMARK_HOME to another folder",
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _open_run(tracker: Tracker, read: ReadTracks, config: FitConfig) -> Iterator["Future[str]"]:
    """The id of the train's run, opened in a thread: MLflow takes seconds to import and to make its database.

    A train that fails closes its run with the reason.
    """
    name = f"{read.source} {config.split}, running"
    with ThreadPoolExecutor(1, thread_name_prefix="mlflow") as pool:
        run = pool.submit(tracker.start, name, {"source": read.source, "split": config.split, "seed": config.seed})
        try:
            yield run
        except KeyboardInterrupt:
            tracker.fail(
                run.result(), "KILLED", "Interrupted. Finished trials are kept: the same train goes on from them."
            )
            raise
        except EarmarkError as error:
            tracker.fail(run.result(), "FAILED", f"{error.message}\n\n{error.hint}")
            raise
        except Exception as error:
            tracker.fail(run.result(), "FAILED", f"A bug: {type(error).__name__}: {error}")
            raise


def _compare(result: TrainResult, home: Home) -> Verdict:
    """The verdict over the new ranker; a champion that cannot be loaded loses its place."""
    folder = home.champion()
    try:
        champion = load(folder) if folder is not None else None
    except EarmarkError as error:
        return Verdict(promote=True, reason=f"the old champion cannot be loaded ({error.message})")
    return judge(result.ranker, champion, result.test_tracks, result.test_labels, result.metric)

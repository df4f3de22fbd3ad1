"""What recording a train in MLflow costs: ``python -m experiments.benchmark.logging_cost [TRIALS]``."""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from experiments.benchmark.made_up_train import made_up_result
from experiments.ranker_model import log_ranker
from experiments.reports import figures
from experiments.run_rows import train_row, walk
from experiments.tracking import Tracker


@contextmanager
def timed(what: str, times: dict[str, float]) -> Iterator[None]:
    """Add the seconds spent inside to ``times``."""
    started = time.perf_counter()
    yield
    times[what] = time.perf_counter() - started


def measure(trials: int) -> dict[str, float]:
    """Record one made-up train of ``trials`` trials; where the seconds went, the parts of a part indented."""
    times: dict[str, float] = {}
    result = made_up_result(trials=trials)
    with tempfile.TemporaryDirectory() as folder:
        ranker = result.ranker.save(Path(folder) / "ranker")
        tracker = Tracker(Path(folder) / "mlruns")
        with timed("prepare (import and new database, beside the search)", times):
            tracker.prepare()
        with timed("start", times):
            run_id = tracker.start("logging cost", {"seed": 0})
        with timed("pictures drawn", times):
            pictures = figures(result)
        with timed("record", times):
            tracker.record(run_id, result, ranker, pictures)
        with timed("  of it: the model, logged and registered once more", times):
            log_ranker(sys.modules["mlflow"], tracker._client, run_id, result, ranker)  # noqa: SLF001 (measured apart on purpose)
        rows = list(walk(train_row(result)))
        with timed(f"  of it: one of {len(rows) - 1} runs", times):
            for row in rows[:0:-1][:20]:
                tracker._writer.write(row, run_id, {})  # noqa: SLF001
    return times


def main(trials: int) -> None:
    """Print where the seconds went."""
    times = measure(trials)
    for what, seconds in times.items():
        print(f"{seconds / (20 if 'one of' in what else 1):8.3f} s  {what}")
    total = times["start"] + times["pictures drawn"] + times["record"]
    print(f"{total:8.3f} s  in all with {trials} trials: {total / 1.2:.1f} % of a train of 120 s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)

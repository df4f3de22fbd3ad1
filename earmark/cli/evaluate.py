"""`earmark evaluate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli.options import (
    Budget,
    Catalogue,
    Jobs,
    Json,
    Label,
    Metric,
    Models,
    Seed,
    Trials,
    Verbose,
    answer,
    note,
)

if TYPE_CHECKING:
    import pandas as pd

BOTH = "both"
ENDINGS = ("", ".parquet", ".csv")
"""Of files of predictions; parquet where there is none."""
Views = Annotated[
    str,
    typer.Option(
        "--split", help="both (unseen and familiar artists), or one of artist, random, time (needs added_at)."
    ),
]


def evaluate(
    source: Annotated[str, typer.Argument(help="A source's name or a file.")],
    label: Label = None,
    models: Models = "",
    folds: Annotated[int, typer.Option("--folds", help="Outer folds of each view.")] = 5,
    budget: Budget = None,
    trials: Trials = None,
    split: Views = BOTH,
    metric: Metric = "roc_auc",
    seed: Seed = 0,
    jobs: Jobs = 2,
    catalogue: Catalogue = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where the predictions go (.parquet or .csv).")
    ] = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Judge the whole of train by outer folds: every track is predicted by a ranker that never saw it.

    The budget is shared by all folds and the learning curve. A table of likes alone is judged against background, as
    train learns from it: tracks of a --catalogue, or tracks of the table that nobody judged. The figures then tell
    likes from background, not likes from dislikes.
    """
    from earmark.cli.configuring import fit_config
    from earmark.cli.evaluation_table import say_evaluation
    from earmark.cli.live import live_progress, say_read
    from earmark.cli.targets import check_output
    from earmark.evaluation_answer import evaluate_answer
    from earmark.files import write_atomically
    from earmark.home import Home
    from earmark.reading import read_known, read_tracks
    from earmark.session import alone
    from experiments.nested import evaluate_folds
    from experiments.splits import SPLITS
    from features.errors import InputError
    from features.identity import table_digest

    if split not in (BOTH, *SPLITS):
        raise InputError(f"there is no split {split!r}", "one of: " + ", ".join((BOTH, *SPLITS)))
    if folds < 2:
        raise InputError(f"{folds} outer {'fold was' if folds == 1 else 'folds were'} asked for", "ask for at least 2")
    inner = "artist" if split == BOTH else split  # both views judge what train does when it is not told otherwise
    config = fit_config(models=models, budget=budget, trials=trials, split=inner, metric=metric, seed=seed, jobs=jobs)
    home = Home.here()
    home.prepare()
    if output is not None:
        # Before minutes are spent on what could not be kept.
        check_output(output, {"the tracks themselves": source, "the catalogue itself": catalogue})
        if output.suffix.lower() not in ENDINGS:
            raise InputError(f"predictions cannot be written as {output.suffix}", "name a file in .parquet or .csv")
    read = read_tracks(source, label=label)
    say_read(read)
    known = None if catalogue is None else read_known(catalogue)
    about = () if known is None else known.notes
    for line in about:
        note(line)
    with alone(home), live_progress() as on_progress:
        evaluation = evaluate_folds(
            read.tracks,
            config,
            views=("artist", "random") if split == BOTH else (),
            n_folds=folds,
            catalogue=None if known is None else known.tracks,
            storage_url=home.search_url,
            on_progress=on_progress,
        )
    path = output or home.mlruns / "evaluations" / f"{table_digest(read.tracks)[:12]}-{split}-{seed}.parquet"
    if output is None:
        path.parent.mkdir(exist_ok=True)
    write_atomically(path, _content(evaluation.predictions, path))
    say_evaluation(evaluation)
    note(f"Predictions: {path}")
    if json:
        answer(evaluate_answer(evaluation, str(path), read, about))


def _content(predictions: "pd.DataFrame", path: Path) -> bytes:
    """The predictions as the ending of their file says."""
    if path.suffix.lower() == ".csv":
        return predictions.to_csv(index=False, lineterminator="\n").encode()
    return predictions.to_parquet(index=False)

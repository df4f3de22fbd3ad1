"""`earmark evaluate`."""

from pathlib import Path
from typing import Annotated

import typer

from earmark.cli.options import (
    Budget,
    Jobs,
    Json,
    Label,
    Metric,
    Models,
    Seed,
    SplitKind,
    Trials,
    Verbose,
    answer,
    note,
)


def evaluate(
    source: Annotated[str, typer.Argument(help="A source's name or a file.")],
    label: Label = None,
    models: Models = "",
    folds: Annotated[int, typer.Option("--folds", help="Outer folds.")] = 5,
    budget: Budget = None,
    trials: Trials = None,
    split: SplitKind = "artist",
    metric: Metric = "roc_auc",
    seed: Seed = 0,
    jobs: Jobs = 2,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where the predictions go (parquet).")] = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Judge the whole of train by outer folds: every track is predicted by a ranker that never saw it."""
    from earmark.answers import evaluate_answer
    from earmark.cli.configuring import fit_config
    from earmark.cli.leaderboard import say_evaluation
    from earmark.cli.live import live_progress, say_read
    from earmark.files import check_target, write_atomically
    from earmark.home import Home
    from earmark.reading import read_tracks
    from earmark.session import alone
    from experiments.nested import evaluate_folds
    from features.identity import table_digest

    config = fit_config(models=models, budget=budget, trials=trials, split=split, metric=metric, seed=seed, jobs=jobs)
    home = Home.here()
    home.prepare()
    if output is not None:
        check_target(output)  # before minutes are spent on what could not be kept
    read = read_tracks(source, label=label)
    say_read(read)
    with alone(home), live_progress() as on_progress:
        evaluation = evaluate_folds(
            read.tracks, config, n_folds=folds, storage_url=home.search_url, on_progress=on_progress
        )
    path = output or home.mlruns / "evaluations" / f"{table_digest(read.tracks)[:12]}-{split}-{seed}.parquet"
    if output is None:
        path.parent.mkdir(exist_ok=True)
    write_atomically(path, evaluation.predictions.to_parquet(index=False))
    say_evaluation(evaluation)
    note(f"Predictions: {path}")
    if json:
        answer(evaluate_answer(evaluation, str(path)))

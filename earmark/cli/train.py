"""`earmark train`."""

from typing import Annotated

import typer

from earmark.cli.options import (
    Budget,
    Catalogue,
    Jobs,
    Json,
    Label,
    MaxWait,
    Metric,
    MinPrecision,
    Models,
    NoVerdicts,
    Seed,
    SplitKind,
    Trials,
    Verbose,
    WithoutFeatures,
    answer,
)


def train(
    source: Annotated[str, typer.Argument(help="A source's name or a file; the demo listener by default.")] = "demo",
    label: Label = None,
    models: Models = "",
    budget: Budget = None,
    trials: Trials = None,
    split: SplitKind = "artist",
    metric: Metric = "roc_auc",
    min_precision: MinPrecision = None,
    seed: Seed = 0,
    jobs: Jobs = 2,
    catalogue: Catalogue = None,
    without_features: WithoutFeatures = "wait",
    no_verdicts: NoVerdicts = False,
    max_wait: MaxWait = 60.0,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Search, train and judge a ranker; record the run; make it the champion if it is better."""
    from earmark.answers import train_answer
    from earmark.cli.configuring import fit_config
    from earmark.cli.leaderboard import say_session
    from earmark.cli.live import live_progress, say_read
    from earmark.cli.pulling import fetching
    from earmark.home import Home
    from earmark.session import train_and_record

    config = fit_config(
        models=models,
        budget=budget,
        trials=trials,
        split=split,
        metric=metric,
        seed=seed,
        jobs=jobs,
        min_precision=min_precision,
    )
    with live_progress() as on_progress:
        session = train_and_record(
            source,
            config,
            Home.here(),
            label=label,
            catalogue=catalogue,
            without_features=without_features,
            page_verdicts=not no_verdicts,
            fetching=fetching(max_wait),
            on_progress=on_progress,
            on_read=say_read,
        )
    say_session(session)
    if json:
        answer(train_answer(session))

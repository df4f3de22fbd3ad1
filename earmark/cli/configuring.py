"""From command-line options to a `FitConfig`."""

from typing import cast, get_args

from experiments.config import FitConfig
from experiments.splits import Split
from features.errors import InputError

DEFAULT_BUDGET_S = 120.0


def fit_config(
    *,
    models: str,
    budget: float | None,
    trials: int | None,
    split: str,
    metric: str,
    seed: int,
    jobs: int,
    min_precision: float | None = None,
) -> FitConfig:
    """Check the options and put them together.

    Raises
    ------
    InputError
        If one is unknown or out of range.
    """
    if split not in get_args(Split):
        raise InputError(f"there is no split {split!r}", "one of: " + ", ".join(get_args(Split)))
    names = tuple(name.strip() for name in models.split(",") if name.strip())
    if budget is None and trials is None:
        budget = DEFAULT_BUDGET_S
    config = FitConfig(budget, trials, names, cast("Split", split), metric, seed, jobs, min_precision=min_precision)
    config.families()
    return config

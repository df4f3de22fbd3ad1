"""What a train from the page may be asked: the command line's options, but for those that name files."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from earmark.cli.configuring import DEFAULT_BUDGET_S, fit_config
from experiments.config import MAX_SEED, FitConfig
from experiments.splits import Split

LONGEST_BUDGET_S: Final = 86_400
MOST_TRIALS: Final = 10_000
MOST_JOBS: Final = 64


class TrainRequest(BaseModel):
    """What to train on and how.

    Parameters
    ----------
    source : str
        A name, or the id of a table that was put here, of `/api/v1/sources`.
    models : list of str
        Families to search; all where empty.
    budget_s : float, optional
        Seconds for the search, 1 to 86,400; 120 where neither it nor ``trials`` is given.
    trials : int, optional
        Finished trials a family.
    split : {"artist", "random", "time"}
    metric : str
        What the search optimises.
    min_precision : float, optional
        The precision that the ranker's own cut promises, in (0, 1].
    seed : int
    jobs : int
        Folds fitted at once.
    use_tracks_without_features : bool
        Whether tracks without any audio feature are used for what else is known of them, or wait until one is known.
    page_verdicts : bool
        Whether what was kept and skipped on the page counts.
    catalogue : str, optional
        The id of a file of tracks that was put on the page (`/api/v1/lists`), labelled or not: it tells how artists
        usually sound, and what other music there is where only likes are known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Annotated[str, Field(min_length=1, max_length=64)] = "demo"
    models: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=32)] = []
    budget_s: Annotated[float, Field(ge=1, le=LONGEST_BUDGET_S, allow_inf_nan=False)] | None = None
    trials: Annotated[int, Field(ge=1, le=MOST_TRIALS)] | None = None
    split: Split = "artist"
    metric: Annotated[str, Field(max_length=64)] = "roc_auc"
    min_precision: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = None
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0
    jobs: Annotated[int, Field(ge=1, le=MOST_JOBS)] = 2
    use_tracks_without_features: bool = False
    page_verdicts: bool = True
    catalogue: Annotated[str, Field(pattern=r"^file-[0-9a-f]{16}$", max_length=21)] | None = None

    @property
    def seconds(self) -> float | None:
        """Seconds for the search; None where trials alone bound it."""
        return DEFAULT_BUDGET_S if self.budget_s is None and self.trials is None else self.budget_s

    def config(self) -> FitConfig:
        """The options as the search takes them.

        Raises
        ------
        InputError
            If a family or metric is unknown, in the command line's words.
        """
        if any("," in name for name in self.models):
            FitConfig(models=tuple(self.models)).families()  # a comma cannot stand in a family's name: it says so
        return fit_config(
            models=",".join(self.models),
            budget=self.budget_s,
            trials=self.trials,
            split=self.split,
            metric=self.metric,
            seed=self.seed,
            jobs=self.jobs,
            min_precision=self.min_precision,
        )

"""Who is compared, with how many seconds, and what each is allowed.

"Ours, audio only" sees what the peers see: the 13 audio features, and the artist's name in the third column only; never
a title. Its inner folds are cut at random in the columns of random folds, by artist in the column of unseen artists
(where it sees no artist either, so that this changes nothing yet). Ours with the catalogue is shown names and titles in
every column, to look artists up; it is called in one and the same way everywhere, with `earmark.fit`'s own split.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from experiments.benchmark.peers.columns import COLUMNS, Column

CURVE_S: Final = (10.0, 30.0, 60.0, 120.0)
"""Seconds of the curve."""
CATALOGUE_TABLE: Final = "catalogue/tracks.parquet"
CATALOGUE_OPTION: Final = "catalogue"


@dataclass(frozen=True)
class Method:
    """One method of the table.

    Parameters
    ----------
    name, title : str
        The name of a peer is that of `fit_peer`'s.
    ours : bool
        Fitted by `fit_ours` in our environment, else by `fit_peer` in the peers'.
    budgets_s : tuple of float or None
        Seconds it is given; None where it takes what it takes. The first is the one in the tables.
    columns : tuple of str
        Columns of the table in which it is judged.
    optional : bool
        Run only where it is named, or all are asked for.
    options : mapping
        Of `earmark.fit`; the catalogue's value is the table's path below the shared tables.
    names : tuple of str
        Columns it sees beside those of the column.
    """

    name: str
    title: str
    ours: bool = False
    budgets_s: tuple[float | None, ...] = (None,)
    columns: tuple[str, ...] = tuple(COLUMNS)
    optional: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    @property
    def headline_s(self) -> float | None:
        """The budget of the tables."""
        return self.budgets_s[0]

    def options_in(self, column: Column) -> dict[str, Any]:
        """What `earmark.fit` is told in a column, beside the budget."""
        if CATALOGUE_OPTION in self.options:
            return dict(self.options)
        return {**self.options, "split": "artist" if column.unseen_artists else "random"}

    def names_in(self, column: Column) -> tuple[str, ...]:
        """Columns it sees in a column of the table, beside the audio features."""
        return tuple(dict.fromkeys((*column.names, *self.names)))


def _first(headline: float) -> tuple[float, ...]:
    """The curve's seconds, those of the tables first."""
    return (headline, *(seconds for seconds in CURVE_S if seconds != headline))


METHODS: Final = {
    method.name: method
    for method in (
        Method("ours", "earmark", ours=True, budgets_s=_first(60.0)),
        Method(
            "ours_catalogue",
            "earmark with a catalogue",
            ours=True,
            budgets_s=(60.0,),
            columns=("unseen_artists", "artist_name"),
            options={CATALOGUE_OPTION: CATALOGUE_TABLE},
            names=("artist_name", "track_name"),
        ),
        Method(
            "ours_boosted_trees",
            "earmark, XGBoost alone",
            ours=True,
            budgets_s=(60.0,),
            options={"models": ["boosted_trees"]},
        ),
        Method("ours_dense", "earmark, dense net alone", ours=True, budgets_s=(60.0,), options={"models": ["dense"]}),
        Method("autogluon_best", "AutoGluon best_quality", budgets_s=_first(120.0)),
        Method("autogluon_medium", "AutoGluon medium_quality"),
        Method("flaml", "FLAML", budgets_s=_first(60.0)),
        Method("catboost_extra_trees", "CatBoost + extra trees, averaged"),
        Method("catboost", "CatBoost, defaults"),
        Method("xgboost_optuna", "XGBoost, Optuna, 100 trials", optional=True),
        Method("xgboost", "XGBoost, defaults"),
        Method("lightgbm", "LightGBM, defaults"),
        Method("random_forest", "random forest, 500 trees"),
    )
}
"""In the order of the tables: ours first."""

OURS: Final = METHODS["ours"]
"""The method that the others are set beside."""


@dataclass(frozen=True)
class Cell:
    """One fit: a method with a budget on one fold of a column."""

    column: str
    method: str
    budget_s: float | None
    fold: int

    @property
    def key(self) -> str:
        """Its name in files."""
        budget = "own" if self.budget_s is None else f"{self.budget_s:g}s"
        return f"{self.column}-{self.method}-{budget}-{self.fold}"


def planned(
    *,
    only: Iterable[str] = (),
    columns: Iterable[str] = (),
    fold_numbers: Iterable[int] = (),
    budgets_s: Iterable[float] = (),
    headline: bool = False,
    everything: bool = False,
) -> list[Cell]:
    """The cells to run, in order: those of the tables first, then those of the curve; one column and fold at a time.

    Parameters
    ----------
    only : iterable of str
        Methods; all but the optional ones where empty.
    columns : iterable of str
        Columns; all where empty.
    fold_numbers : iterable of int
        Folds from 0; all where empty.
    budgets_s : iterable of float
        Seconds; where given, other budgets and methods without one are left out.
    headline : bool
        Leave the curve out.
    everything : bool
        Take the optional methods in.

    Returns
    -------
    list of Cell
    """
    only, budgets = tuple(only), tuple(budgets_s)
    methods = [
        method for method in METHODS.values() if (method.name in only if only else everything or not method.optional)
    ]
    cells = [
        (index > 0, position, fold, Cell(column, method.name, budget, fold))
        for method in methods
        for index, budget in enumerate(method.budgets_s)
        for position, column in enumerate(tuple(columns) or tuple(COLUMNS))
        for fold in tuple(fold_numbers) or range(5)
        if column in method.columns and (budget in budgets if budgets else not (headline and index))
    ]
    return [cell for *_, cell in sorted(cells, key=lambda entry: entry[:3])]

"""What ours should reach, as figures beside their bounds."""

from collections.abc import Iterator, Sequence

from experiments.benchmark.figure import Figure, at_least, at_most
from experiments.benchmark.peers.columns import COLUMNS, N_FOLDS
from experiments.benchmark.peers.methods import METHODS
from experiments.benchmark.peers.scores import Row

AUC_60_S = {"audio": 0.866, "unseen_artists": 0.864, "artist_name": 0.934}
AUC_WITH_CATALOGUE = {"unseen_artists": 0.905, "artist_name": 0.945}
AUC_DENSE = {"audio": 0.845, "unseen_artists": 0.845}
AUC_BOOSTED_TREES = {"audio": 0.858}
BEATEN_IN_10_S = "catboost"


def goals(rows: Sequence[Row]) -> list[Figure]:
    """Every goal; one whose fits were not all run is shown with what there is, and holds neither way."""
    return [*_reached(rows), *_beside_catboost(rows), *_below_every_peer(rows)]


def _reached(rows: Sequence[Row]) -> Iterator[Figure]:
    wanted = (
        ("ours", AUC_60_S),
        ("ours_catalogue", AUC_WITH_CATALOGUE),
        ("ours_dense", AUC_DENSE),
        ("ours_boosted_trees", AUC_BOOSTED_TREES),
    )
    for method, bounds in wanted:
        for column, bound in bounds.items():
            row = find(rows, column, method, 60.0)
            figure = at_least(_name(method, 60.0, "ROC AUC", column), _mean(row, "roc_auc"), bound)
            yield figure if _whole(row) else _open(figure, row)


def _beside_catboost(rows: Sequence[Row]) -> Iterator[Figure]:
    for column in COLUMNS:
        ours, other = find(rows, column, "ours", 10.0), find(rows, column, BEATEN_IN_10_S, None)
        bound = _mean(other, "roc_auc")
        name = _name("ours", 10.0, f"ROC AUC against {METHODS[BEATEN_IN_10_S].title}", column)
        if bound is None:
            yield Figure(name, _mean(ours, "roc_auc"), note="not run")
            continue
        figure = at_least(name, _mean(ours, "roc_auc"), bound)
        yield figure if _whole(ours) and _whole(other) else _open(figure, ours)


def _below_every_peer(rows: Sequence[Row]) -> Iterator[Figure]:
    """Log loss and Brier score of 60 seconds against the best peer's headline."""
    peers = [method for method in METHODS.values() if not method.ours and not method.optional]
    for column in COLUMNS:
        ours = find(rows, column, "ours", 60.0)
        others = [find(rows, column, peer.name, peer.headline_s) for peer in peers]
        for metric, title in (("log_loss", "log loss"), ("brier", "Brier score")):
            name = _name("ours", 60.0, f"{title} against every peer", column)
            found = {row.method: value for row in others if row and (value := _mean(row, metric)) is not None}
            if not found:
                yield Figure(name, _mean(ours, metric), note="not run")
                continue
            best = min(found, key=lambda method: found[method])
            figure = at_most(name, _mean(ours, metric), found[best], note=f"best: {METHODS[best].title}")
            yield figure if _whole(ours) and all(_whole(row) for row in others) else _open(figure, ours)


def find(rows: Sequence[Row], column: str, method: str, budget_s: float | None) -> Row | None:
    """The row of a method with a budget in a column."""
    wanted = (column, method, budget_s)
    return next((row for row in rows if (row.column, row.method, row.budget_s) == wanted), None)


def _name(method: str, seconds: float, what: str, column: str) -> str:
    return f"{METHODS[method].title}, {seconds:g} s, {what}: {COLUMNS[column].title}"


def _mean(row: Row | None, metric: str) -> float | None:
    return row.mean(metric) if row else None


def _whole(row: Row | None) -> bool:
    return row is not None and len(row.judged) == N_FOLDS


def _open(figure: Figure, row: Row | None) -> Figure:
    """Nothing is promised of some of the folds."""
    n_folds = len(row.judged) if row else 0
    note = f"{n_folds} of {N_FOLDS} folds" if n_folds < N_FOLDS else "not every peer was run on every fold"
    return Figure(
        figure.name, figure.measured, figure.wanted, None, figure.unit, "; ".join(filter(None, (figure.note, note)))
    )

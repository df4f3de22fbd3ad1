"""How a train ended: the tables and sentences that the command line says at its end, from its answer."""

from collections.abc import Mapping
from typing import Any, Final, Literal
from urllib.parse import quote

from pydantic import BaseModel

from earmark.page.titles import with_titles
from experiments.train_words import roc_auc_in_words, sides

SHOWN: Final = (
    "roc_auc",
    "average_precision",
    "accuracy",
    "precision",
    "recall",
    "f0_5",
    "combined",
    "log_loss",
    "ece",
)
"""The metrics of the final table, as in `earmark.cli.leaderboard`."""


class OutcomeRow(BaseModel):
    """One row of the final table.

    Parameters
    ----------
    name, title : str
        ``ranker``, a family's or baseline's name, ``keep_everything`` or ``best_possible``; and what people call it.
    kind : str
    trials : int or None
        Finished ones, of a family.
    metrics : dict of str to float or None
        On the held-out tracks; None where a metric is not defined.
    run_url : str or None
        Its run in MLflow's pages.
    """

    name: str
    title: str
    kind: Literal["ranker", "family", "baseline", "reference"]
    trials: int | None = None
    metrics: dict[str, float | None]
    run_url: str | None = None


class Outcome(BaseModel):
    """A finished train.

    Parameters
    ----------
    run_id : str
        Its run, and the ranker's id.
    promoted : bool
        Whether the ranker became the champion.
    held_out : str
        The table's caption.
    rows : list of OutcomeRow
        The ranker, families and baselines beside each other.
    words : list of str
        What else is to be said, a sentence each.
    notes : list of str
        What the train came upon.
    run_url : str or None
        The run in MLflow's pages.
    answer : dict
        All of it, as ``earmark train --json`` answers.
    """

    run_id: str
    promoted: bool
    held_out: str
    rows: list[OutcomeRow]
    words: list[str]
    notes: list[str]
    run_url: str | None
    answer: dict[str, Any]


def outcome(finished: Mapping[str, Any], titles: Mapping[str, str], mlflow_url: str) -> Outcome:
    """A finished train from its last event.

    Parameters
    ----------
    finished : mapping
        ``answer`` (`earmark.answers.train_answer`), ``notes``, and ``place`` (`experiments.tracking.RunPlace`) or None.
    titles : mapping of str to str
        What people call families and baselines, by name.
    mlflow_url : str
    """
    answer = finished["answer"]
    place = finished["place"]
    return Outcome(
        run_id=answer["run_id"],
        promoted=answer["champion"]["promoted"],
        held_out=f"On {answer['n_test']:,} held-out tracks ({sides(answer['split'], finished['notes'])})",
        rows=_rows(answer, titles, place, mlflow_url),
        words=_words(answer, titles),
        notes=finished["notes"],
        run_url=run_url(mlflow_url, place, answer["run_id"]),
        answer=answer,
    )


def run_url(mlflow_url: str, place: Mapping[str, Any] | None, run_id: str | None) -> str | None:
    """Where MLflow's pages show a run; None where that is not known."""
    if place is None or run_id is None:
        return None
    return f"{mlflow_url.rstrip('/')}/#/experiments/{quote(place['experiment_id'])}/runs/{quote(run_id)}"


def _rows(
    answer: Mapping[str, Any], titles: Mapping[str, str], place: Mapping[str, Any] | None, mlflow_url: str
) -> list[OutcomeRow]:
    def row(
        name: str, title: str, kind: Literal["family", "baseline"], held_out: Mapping[str, Any], trials: int | None
    ) -> OutcomeRow:
        child = None if place is None else place["children"].get(name)
        url = run_url(mlflow_url, place, child)
        return OutcomeRow(name=name, title=title, kind=kind, trials=trials, metrics=_shown(held_out), run_url=url)

    ranker = OutcomeRow(
        name="ranker",
        title=f"ranker ({titles.get(answer['model'], answer['model'])})",
        kind="ranker",
        metrics=_shown(answer["metrics"]),
        run_url=run_url(mlflow_url, place, answer["run_id"]),
    )
    named = [(titles.get(entry["name"], entry["name"]), entry) for entry in answer["families"]]
    families = [row(entry["name"], title, "family", entry["held_out"], entry["trials"]) for title, entry in named]
    plain = [(titles.get(entry["name"], entry["name"]), entry) for entry in answer["baselines"]]
    baselines = [
        row(entry["name"], f"{title} (baseline)", "baseline", entry["held_out"], None) for title, entry in plain
    ]
    return [ranker, *families, *baselines, *_references(answer)]


def _references(answer: Mapping[str, Any]) -> list[OutcomeRow]:
    everything = _shown(answer["keep_everything"])
    rows = [OutcomeRow(name="keep_everything", title="keep everything", kind="reference", metrics=everything)]
    if answer["best_possible_auc"] is not None:
        best = _shown({"roc_auc": answer["best_possible_auc"]})
        rows.append(OutcomeRow(name="best_possible", title="best possible", kind="reference", metrics=best))
    return rows


def _shown(metrics: Mapping[str, Any]) -> dict[str, float | None]:
    return {name: metrics.get(name) for name in SHOWN}


def _words(answer: Mapping[str, Any], titles: Mapping[str, str]) -> list[str]:
    """The sentences of `earmark.cli.leaderboard.say_session`, with titles."""
    scores = {family["name"]: _number(family["metrics"]["roc_auc"]) for family in answer["families"]}
    out_of_fold = [f"{titles.get(name, name)} {value}" for name, value in scores.items()]
    place = "It is the new champion" if answer["champion"]["promoted"] else "The champion stays"
    return [
        roc_auc_in_words(*answer["intervals"]["roc_auc"]),
        f"Out-of-fold ROC AUC on the {answer['n_train']} training tracks: {', '.join(out_of_fold)}.",
        f"{place}: {with_titles(answer['champion']['reason'])}.",
    ]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"

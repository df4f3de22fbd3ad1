"""What is known of a train, told from its events: pure, so that a reload, a restart and a stream all tell the same."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel

from earmark.page.faults import Fault
from earmark.page.training.job_folder import Event
from earmark.page.training.options import TrainRequest
from earmark.page.training.outcome import Outcome, outcome
from experiments.metrics import METRICS
from models.registry import baselines, families

State = Literal["starting", "running", "cancelling", "finished", "failed", "cancelled"]


@dataclass(frozen=True)
class Asked:
    """What a train was asked for.

    Parameters
    ----------
    request : TrainRequest
    title : str
        What people call the source.
    asked_at : float
        Seconds since 1970.
    """

    request: TrainRequest
    title: str
    asked_at: float


class Standing(BaseModel):
    """A family in the leaderboard of a running search.

    Parameters
    ----------
    name, title : str
    trials : int
        Finished ones, those of earlier trains of the same tracks included.
    last, best : float or None
        Out-of-fold value of the trial just finished and of the best so far, in the searched metric.
    """

    name: str
    title: str
    trials: int = 0
    last: float | None = None
    best: float | None = None


class TrainJob(BaseModel):
    """A train that was started from the page.

    Parameters
    ----------
    job_id : str
    state : str
    asked_at, ended_at : str
        ISO 8601 in UTC; ``ended_at`` is None while it runs.
    source_title : str
        What people call the source.
    options : TrainRequest
    metric_title : str
    budget_s : float or None
    elapsed_s : float
        Seconds since the search's clock began: once the tracks were read.
    stage : str
        What is going on, in words.
    seconds_left : float or None
        Until the search ends, when the last trial ended.
    read : list of str
        What was read, recognised, merged and set aside.
    leaderboard : list of Standing
        The best first; families that have no trial yet last.
    fault : Fault or None
        Why it failed, and the mend.
    outcome : Outcome or None
        What came of it.
    last_event : int
        Of the events that are told here; the stream goes on after it.
    """

    job_id: str
    state: State
    asked_at: str
    ended_at: str | None
    source_title: str
    options: TrainRequest
    metric_title: str
    budget_s: float | None
    elapsed_s: float
    stage: str
    seconds_left: float | None
    read: list[str]
    leaderboard: list[Standing]
    fault: Fault | None
    outcome: Outcome | None
    last_event: int

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.ended_at is not None

    @property
    def done(self) -> float | None:
        """Part of the search that is done, in [0, 1]: of its time, or of its trials; None before it began."""
        if self.is_over:
            return 1.0
        if self.budget_s is not None:
            return min(self.elapsed_s / self.budget_s, 1.0) if self.read else None
        asked = (self.options.trials or 1) * len(self.leaderboard)
        return sum(min(row.trials, self.options.trials or 1) for row in self.leaderboard) / asked


def tell(
    job_id: str,
    asked: Asked,
    events: Sequence[Event],
    *,
    cancelling: bool,
    mlflow_url: str,
) -> TrainJob:
    """A train as its events tell it.

    Parameters
    ----------
    job_id : str
    asked : Asked
    events : sequence of Event
        All of them, in order.
    cancelling : bool
        Whether somebody wants it to end.
    mlflow_url : str
        Where links to runs lead.
    """
    request = asked.request
    last = events[-1] if events else None
    end = last if last is not None and last.ends else None
    latest: dict[str, Event] = {event.kind: event for event in events}
    clock = latest["read"].at if "read" in latest else None
    until = end.at if end is not None else time.time()
    return TrainJob(
        job_id=job_id,
        state=_state(end, events, cancelling=cancelling),
        asked_at=_moment(asked.asked_at),
        ended_at=None if end is None else _moment(end.at),
        source_title=asked.title,
        options=request,
        metric_title=METRICS[request.metric].title,
        budget_s=request.seconds,
        elapsed_s=0.0 if clock is None else round(max(until - clock, 0.0), 3),
        stage=stage_words(last),
        seconds_left=latest["progress"].values.get("seconds_left") if "progress" in latest else None,
        read=latest["read"].values["lines"] if "read" in latest else [],
        leaderboard=leaderboard(request, events),
        fault=Fault(**end.values) if end is not None and end.kind == "failed" else None,
        outcome=outcome(end.values, titles(), mlflow_url) if end is not None and end.kind == "finished" else None,
        last_event=last.event_id if last is not None else 0,
    )


def leaderboard(request: TrainRequest, events: Sequence[Event]) -> list[Standing]:
    """All families that are searched, the best first."""
    names = [spec.name for spec in families() if not request.models or spec.name in request.models]
    found: dict[str, Mapping[str, Any]] = {}
    for event in events:
        if event.kind == "progress" and event.values.get("family") is not None:
            found[event.values["family"]] = event.values
    rows = [
        Standing(name=name, title=titles()[name])
        if name not in found
        else Standing(name=name, title=titles()[name], **{key: found[name][key] for key in ("trials", "last", "best")})
        for name in names
    ]
    sign = -1 if METRICS[request.metric].greater_is_better else 1
    return sorted(rows, key=lambda row: (row.best is None, sign * (row.best or 0.0)))


def stage_words(event: Event | None) -> str:
    """What is going on after an event."""
    if event is None:
        return "starting"
    if event.kind == "progress":
        family = event.values.get("family")
        return str(event.values["stage"]) + (f" {titles().get(family, family)}" if family else "")
    words = {
        "started": "reading the tracks",
        "read": "preparing the search",
        "finished": "finished",
        "failed": "failed",
        "cancelled": "cancelled",
    }
    return str(event.values["text"]) if event.kind == "said" else words[event.kind]


@cache
def titles() -> dict[str, str]:
    """What people call families and baselines, by name."""
    return {spec.name: spec.title for spec in (*families(), *baselines())}


def _state(end: Event | None, events: Sequence[Event], *, cancelling: bool) -> State:
    if end is not None:
        ends: dict[str, State] = {"finished": "finished", "failed": "failed", "cancelled": "cancelled"}
        return ends[end.kind]
    if cancelling:
        return "cancelling"
    return "running" if events else "starting"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")

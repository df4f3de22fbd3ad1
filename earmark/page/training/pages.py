"""The view `/train`, and the part of it that changes while a train runs."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from earmark.page.desk import AtDesk, Desk
from earmark.page.rendering import html
from earmark.page.training.choices import form_choices
from earmark.page.training.outcome import SHOWN
from earmark.page.training.sources import offered_sources
from experiments.metrics import METRICS

router = APIRouter()


@router.get("/train")
def train_page(request: Request, desk: AtDesk) -> HTMLResponse:
    """The form, and the train that runs or ran last."""
    about = form_choices() | {
        "sources": offered_sources(desk.home, desk.trainer.tables),
        "catalogues": [entry for entry in desk.lists.entries() if entry.kind == "file"],
        "busy_elsewhere": desk.trainer.is_busy_elsewhere(),
    }
    return html(request, "training/train.html", _about_job(desk) | about)


@router.get("/train/job")
def train_job(request: Request, desk: AtDesk) -> HTMLResponse:
    """The train that runs or ran last."""
    return html(request, "training/job.html", _about_job(desk))


def _about_job(desk: Desk) -> dict[str, Any]:
    job = desk.trainer.current()
    lower_is_better = job is not None and not METRICS[job.options.metric].greater_is_better
    return {
        "job": job,
        "shown": [(name, METRICS[name].title) for name in SHOWN],
        "score": score,
        "lower_is_better": lower_is_better,
    }


def score(value: float | None, digits: int = 4) -> str:
    """A metric's value; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"

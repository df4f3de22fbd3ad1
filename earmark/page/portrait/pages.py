"""The HTML."""

from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from earmark.feature_words import name_of, value_in_words
from earmark.page.desk import AtDesk
from earmark.page.portrait.answer import Portrait
from earmark.page.portrait.api import ListId, Model
from earmark.page.portrait.charts import Chart
from earmark.page.portrait.drawing_certainty import probability_chart, reliability_chart
from earmark.page.portrait.drawing_distributions import distribution_chart
from earmark.page.portrait.drawing_map import colour_key, map_chart
from earmark.page.portrait.drawing_time import quarters_chart, trend_chart
from earmark.page.portrait.finding import portrait_of
from earmark.page.portrait.keeping import Kept
from earmark.page.rankers import CHAMPION
from earmark.page.rendering import html

router = APIRouter()


@dataclass(frozen=True)
class Pictures:
    """All charts of a portrait."""

    features: tuple[tuple[str, Chart], ...]
    map: Chart
    colours: Chart
    quarters: Chart | None
    trends: tuple[tuple[str, Chart], ...]
    probability: Chart
    reliability: Chart


_PICTURES: Final[Kept[Pictures]] = Kept(16)


@router.get("/portrait")
def portrait_page(request: Request, desk: AtDesk, model: Model = CHAMPION, list_id: ListId = None) -> HTMLResponse:
    """The taste portrait."""
    found = portrait_of(desk, model, list_id)
    candidates = found.candidates
    key = (found.run_id, None if candidates is None else candidates.list_id)
    context = {
        "portrait": found,
        "pictures": _PICTURES.get(key, lambda: draw(found), source=found),
        "model": model,
        "models": desk.rankers.entries(),
        "lists": desk.lists.entries(),
        "list_id": "" if candidates is None else candidates.list_id,
        "name_of": name_of,
        "value_in_words": value_in_words,
    }
    return html(request, "portrait/portrait.html", context)


def draw(found: Portrait) -> Pictures:
    """All charts, the features with the greatest differences first."""
    place = {name: i for i, name in enumerate(dict.fromkeys(one.feature for one in found.differences))}
    ordered = sorted(found.distributions, key=lambda one: place.get(one.feature, len(place)))
    return Pictures(
        features=tuple((name_of(one.feature), distribution_chart(one, found.others)) for one in ordered),
        map=map_chart(found.map, found.candidates, found.others),
        colours=colour_key(),
        quarters=quarters_chart(found.drift.quarters, found.others) if len(found.drift.quarters) > 1 else None,
        trends=tuple((trend.feature, trend_chart(trend)) for trend in found.drift.trends if len(trend.running) > 1),
        probability=probability_chart(found.certainty, found.others),
        reliability=reliability_chart(found.certainty),
    )

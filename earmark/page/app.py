"""The application: all views behind one guard."""

from importlib import import_module
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles

from earmark.home import Home
from earmark.page.desk import Desk
from earmark.page.faults import Fault, explain_errors
from earmark.page.rendering import STATIC
from earmark.page.settings import PageSettings

FEATURES: Final = ("ranking", "why", "verdicts", "training", "portrait", "sending")
"""The views, in the order of the page's menu."""


def create_app(home: Home, settings: PageSettings | None = None) -> FastAPI:
    """Put the page together.

    Parameters
    ----------
    home : Home
    settings : PageSettings, optional

    Returns
    -------
    FastAPI
        Pages at ``/``, JSON under ``/api/v1``, its description at ``/api/v1/openapi.json``.
    """
    app = FastAPI(title="earmark", version="1", openapi_url="/api/v1/openapi.json", docs_url=None, redoc_url=None)
    app.state.desk = Desk(home, settings or PageSettings())
    explain_errors(app)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    api = APIRouter(prefix="/api/v1", responses={status: {"model": Fault} for status in (404, 409, 422, 502)})
    for feature in FEATURES:
        package = f"earmark.page.{feature}"
        api.include_router(import_module(f"{package}.api").router, tags=[feature])
        app.include_router(import_module(f"{package}.pages").router, include_in_schema=False)
    app.include_router(api)
    return app

"""The application: all views behind one guard."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Final

from anyio import to_thread
from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles

from earmark.home import Home
from earmark.page.desk import Desk
from earmark.page.faults import Fault, explain_errors
from earmark.page.rendering import STATIC
from earmark.page.security.guard import GuardedApp
from earmark.page.security.password import Password
from earmark.page.security.tokens import Sessions, page_key
from earmark.page.settings import PageSettings

FEATURES: Final = ("ranking", "why", "verdicts", "training", "portrait", "sending", "security")
"""The views, in the order of the page's menu, and what stands before them."""
_FAULTS: Final = (400, 401, 403, 404, 409, 413, 422, 502)


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
    settings = settings or PageSettings()
    app = GuardedApp(
        title="earmark",
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.desk = Desk(home, settings)
    app.state.sessions = Sessions(page_key(home.root / "data" / "page.key"))
    app.state.password = None if settings.password is None else Password(settings.password)
    explain_errors(app)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    api = APIRouter(prefix="/api/v1", responses={status: {"model": Fault} for status in _FAULTS})
    for feature in FEATURES:
        package = f"earmark.page.{feature}"
        api.include_router(import_module(f"{package}.api").router, tags=[feature])
        app.include_router(import_module(f"{package}.pages").router, include_in_schema=False)
    app.include_router(api)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """A train that was started from the page ends with it; what it had finished is kept."""
    yield
    await to_thread.run_sync(app.state.desk.trainer.close)
    app.state.desk.verdicts.close()

"""Errors as answers: the command line's words, as JSON for programs and as a page or a part of one for people."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from earmark.explaining import explained
from earmark.page.rendering import html, is_fragment
from features.errors import EarmarkError, InputError, ServiceError

_LOG = logging.getLogger(__name__)
API = "/api/"


class Fault(BaseModel):
    """What went wrong, and the mend."""

    error: str
    hint: str


class NotFoundError(InputError):
    """What was asked for is not there."""


class NoRankerError(NotFoundError):
    """Nothing was trained yet."""


class BusyError(InputError):
    """Something else has to end first."""


def status_of(error: EarmarkError) -> int:
    """The HTTP status of an error: 404, 409, 422, or 502 where a service failed."""
    if isinstance(error, NotFoundError):
        return 404
    if isinstance(error, BusyError):
        return 409
    return 502 if isinstance(error, ServiceError) else 422


def explain_errors(app: FastAPI) -> None:
    """Have every error answered in words."""

    @app.exception_handler(EarmarkError)
    def known(request: Request, error: EarmarkError) -> Response:
        first = isinstance(error, NoRankerError)
        return fault(request, status_of(error), error.message, error.hint, nothing_trained=first)

    @app.exception_handler(RequestValidationError)
    def not_valid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        return fault(request, 422, f"{where}: {first['msg']}", "see /api/v1/docs for what can be asked")

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        said = "there is no page at this address" if error.status_code == 404 else str(error.detail)
        answer = fault(request, error.status_code, said, "go back to the start page: /")
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    def unforeseen(request: Request, error: Exception) -> Response:
        known = explained(error)  # a full disk, a database that does not answer
        if known is not None:
            return fault(request, status_of(known), known.message, known.hint)
        _LOG.error("a bug while answering %s", request.url.path, exc_info=error)
        said = f"{type(error).__name__}: this is a bug in earmark"
        return fault(request, 500, said, "the terminal that earmark page runs in says more: please report it")


def fault(request: Request, status: int, message: str, hint: str, *, nothing_trained: bool = False) -> Response:
    """An error as an answer."""
    if request.url.path.startswith(API):
        return JSONResponse(Fault(error=message, hint=hint).model_dump(), status_code=status)
    template = "fault.html" if is_fragment(request) else "fault_page.html"
    words = {"status": status, "message": message, "hint": hint, "nothing_trained": nothing_trained}
    return html(request, template, words, status=status)

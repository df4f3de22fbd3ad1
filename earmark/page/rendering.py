"""Templates to pages: everything escaped, nothing inlined, static files under names that change with their content."""

import math
import re
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from earmark.page.titles import model_title, with_titles
from earmark.ranking import printable

HERE: Final = Path(__file__).parent
STATIC: Final = HERE / "static"
TEMPLATES: Final = HERE / "templates"
_MINUS: Final = re.compile(r"(?<![\w.-])-(?=\.?\d)", re.ASCII)


@cache
def environment() -> Environment:
    """The templates with their filters and globals."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["static"] = static_url
    made.filters["printable"] = printable
    made.filters["percent"] = percent
    made.filters["signed"] = signed
    made.filters["minus"] = with_minus
    made.filters["model_title"] = model_title
    made.filters["with_titles"] = with_titles
    return made


@cache
def static_url(name: str) -> str:
    """The address of a static file, with a part of its digest: browsers may keep it for ever."""
    digest = sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def percent(value: float | None) -> str:
    """``83 %`` on one line; a dash where nothing is known."""
    if value is None or math.isnan(value):
        return "–"
    return f"{value:.0%}".replace("%", "\N{NO-BREAK SPACE}%")


def signed(value: float, digits: int = 2) -> str:
    """``+0.11`` with a true minus sign."""
    return with_minus(f"{value:+.{digits}f}")


def with_minus(text: str) -> str:
    """A text, in it a true minus sign before each number below 0; hyphens within words and dates stay."""
    return _MINUS.sub("\N{MINUS SIGN}", text)


def html(request: Request, template: str, context: Mapping[str, Any], *, status: int = 200) -> HTMLResponse:
    """A template as an answer.

    Every template sees ``request``, ``csrf_token`` (for the page's meta tag) and ``settings`` beside ``context``.

    Parameters
    ----------
    request : Request
    template : str
        Its path below ``templates``.
    context : mapping
    status : int
    """
    about = {
        "request": request,
        "settings": request.app.state.desk.settings,
        "csrf_token": getattr(request.state, "csrf_token", ""),
    }
    text = environment().get_template(template).render(**about, **context)
    return HTMLResponse(text, status_code=status)


def is_fragment(request: Request) -> bool:
    """Whether htmx asks for a part of a page, to be swapped in."""
    told = request.headers.get
    whole = told("HX-Boosted") == "true" or told("HX-History-Restore-Request") == "true"
    return told("HX-Request") == "true" and not whole

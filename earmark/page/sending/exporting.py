"""Chosen tracks as files: what ``earmark rank -o`` writes, under a name that any browser takes.

Titles stand in the CSV as they are, as the command line writes them: a cell that begins with ``=`` is a title, and
whoever opens the file in a spreadsheet imports its columns as text.
"""

import json
import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import quote

from earmark.page.sending.chosen import Chosen
from earmark.ranking import as_csv, as_m3u, printable, rank_answer
from features.report import ValidationReport

Format = Literal["csv", "json", "m3u"]
MEDIA_TYPES: Final[dict[Format, str]] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "m3u": "audio/x-mpegurl; charset=utf-8",
}
_LONGEST: Final = 80


@dataclass(frozen=True)
class Export:
    """A file to be saved.

    Parameters
    ----------
    content, media_type : str
    disposition : str
        The value of ``Content-Disposition``, in ASCII.
    """

    content: str
    media_type: str
    disposition: str


def export(chosen: Chosen, shape: Format) -> Export:
    """The chosen tracks as a file.

    Parameters
    ----------
    chosen : Chosen
    shape : {"csv", "json", "m3u"}

    Returns
    -------
    Export
        Its content is, byte for byte, what ``earmark rank -o FILE`` writes for the same cut of the same candidates.
    """
    return Export(_content(chosen, shape), MEDIA_TYPES[shape], disposition(chosen.candidates.title, shape))


def disposition(title: str, ending: str) -> str:
    """A ``Content-Disposition`` that saves a file under a list's title (RFC 6266, RFC 8187).

    Parameters
    ----------
    title : str
        Anything at all; nothing of it stands in the header unescaped.
    ending : str
        Without a dot.

    Returns
    -------
    str
        With a plain ASCII name, and one in UTF-8 for all browsers of today.
    """
    whole = re.sub(r"[/\\:*?\"<>|\ufffd]+", "-", printable(title).encode("utf-8", "replace").decode())
    whole = re.sub(r"\.(csv|json|m3u8?|parquet|gz|txt|tsv)$", "", whole, flags=re.IGNORECASE)
    whole = f"earmark {whole.strip(' .-')[:_LONGEST]}".strip()
    plain = re.sub(r"[^A-Za-z0-9]+", "-", whole).strip("-")
    return f"attachment; filename=\"{plain}.{ending}\"; filename*=UTF-8''{quote(whole, safe='')}.{ending}"


def _content(chosen: Chosen, shape: Format) -> str:
    candidates, tracks = chosen.candidates, chosen.ranking.tracks
    set_aside = dict(candidates.set_aside or {})
    rows = len(candidates.tracks) + candidates.merged + sum(set_aside.values())
    report = ValidationReport(rows, len(candidates.tracks), (), candidates.merged, set_aside)
    found = rank_answer(chosen.ranking, chosen.run_id, report=report)
    if shape == "csv":
        return as_csv(found)
    if shape == "m3u":
        return as_m3u(found, tracks["duration_ms"])
    return json.dumps(found, indent=2, allow_nan=False) + "\n"

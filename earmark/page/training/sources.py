"""What a train from the page can learn from."""

from pathlib import Path
from typing import Final

from pydantic import BaseModel

from connectors.library import Library
from connectors.registry import sources as all_sources
from connectors.spotify.settings import find_client_id
from connectors.spotify.sign_in import token_cache
from earmark.home import Home
from earmark.page import list_files
from earmark.page.faults import NotFoundError
from earmark.page.patience import patiently
from earmark.page.training.tables import TrainingTable, TrainingTables, is_table
from features.errors import EarmarkError, InputError

OFFERED: Final = ("demo", "library", "spotify")
"""Sources of the registry that give labelled tracks without a file's name."""


class Source(BaseModel):
    """Something to learn from.

    Parameters
    ----------
    name : str
        What a train is asked with.
    title, summary : str
    ready : bool
        Whether it has labelled tracks, as far as can be told without asking a service.
    hint : str
        The mend where it is not ready.
    """

    name: str
    title: str
    summary: str
    ready: bool = True
    hint: str = ""


def offered_sources(home: Home, tables: TrainingTables) -> list[Source]:
    """All sources that can be named, those of this account before the tables that were put here.

    Parameters
    ----------
    home : Home
    tables : TrainingTables
    """
    specs = all_sources()
    titles = {"demo": "Demo listener", "library": "Your library", "spotify": "Your Spotify account"}
    mends = {"demo": "", "library": _library_mend(home), "spotify": _spotify_mend()}
    named = [
        Source(name=name, title=titles[name], summary=specs[name].summary, ready=not mends[name], hint=mends[name])
        for name in OFFERED
    ]
    return named + [
        Source(name=table.table_id, title=table.title, summary=table_summary(table)) for table in tables.entries()
    ]


def table_summary(table: TrainingTable) -> str:
    """``300 tracks, 164 liked, 136 skipped``."""
    return f"{table.n_tracks:,} tracks, {table.n_liked:,} liked, {table.n_skipped:,} skipped"


def title_of(source: str, tables: TrainingTables) -> str:
    """What people call a source that a train is asked for.

    Raises
    ------
    NotFoundError
        If it is the id of a table that is not there.
    InputError
        If it is no source that the page trains from.
    """
    if is_table(source):
        return tables.get(source)[0].title
    if source not in OFFERED:
        raise InputError(
            f"'{source[:40]}' is no source that the page trains from",
            f"one of: {', '.join(OFFERED)}, or put a labelled table on the page",
        )
    return source


def reference_of(source: str, tables: TrainingTables) -> tuple[str, str | None]:
    """What `read_tracks` is asked for, and the label's column.

    Raises
    ------
    NotFoundError, InputError
        As `title_of`.
    """
    if is_table(source):
        about, file = tables.get(source)
        return str(file), about.label
    return title_of(source, tables), None


def catalogue_of(list_id: str | None, home: Home) -> Path | None:
    """The file of a list that a train takes as its catalogue; None where it takes none.

    Raises
    ------
    NotFoundError
        If there is no such list.
    """
    if list_id is None:
        return None
    file = list_files.folder_of(home) / f"{list_id}.parquet"
    if not (list_files.ID.fullmatch(list_id) and file.is_file()):
        raise NotFoundError(f"there is no list {list_id[:40]!r}", "choose one of your files: /api/v1/lists")
    return file


def _library_mend(home: Home) -> str:
    """What to do before the library can be learned from; empty where nothing is."""
    pull = "pull some tracks first: 'earmark pull spotify', 'earmark pull history FILE', or keep and skip on this page"
    if home.library_url.endswith(str(home.library_file)) and not home.library_file.exists():
        return pull

    def has_evidence() -> bool:
        with Library.open(home.library_url) as library:
            return not library.evidence().empty

    try:
        return "" if patiently(has_evidence) else pull
    except EarmarkError as error:
        return f"{error.message}: {error.hint}"


def _spotify_mend() -> str:
    """What to do before Spotify can be asked; empty where somebody is signed in."""
    try:
        signed_in = token_cache(find_client_id()).read() is not None
    except InputError:  # no app is known yet, or the stored sign-in is of no use: the command says more
        signed_in = False
    return "" if signed_in else "sign in first: 'earmark login spotify'"

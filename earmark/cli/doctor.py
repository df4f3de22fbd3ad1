"""`earmark doctor`: what is installed, where state lies, and whether it is whole."""

from __future__ import annotations

import os
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from earmark.cli.options import Json, Verbose, answer, data

if TYPE_CHECKING:
    from earmark.home import Home

ROOM_NEEDED = 500 * 1024**2
"""Bytes that a few hundred recorded runs take."""


@dataclass(frozen=True)
class Check:
    """One thing looked at: whether it is fine, what was found, and the mend where it is not."""

    name: str
    fine: bool
    found: str
    mend: str = ""


def doctor(json: Json = False, verbose: Verbose = False) -> None:
    """Look at the installation and at what is stored; exit code 2 if something needs mending."""
    from earmark.cli.tables import text_table
    from earmark.home import Home

    home = Home.here()
    checks = [*_libraries(), *_state(home), _library(home), _sign_in()]
    if json:
        answer([vars(check) for check in checks])
    else:
        rows = [["ok" if check.fine else "BAD", check.name, check.found, check.mend] for check in checks]
        data(text_table(["", "check", "found", "mend"], rows))
    if not all(check.fine for check in checks):
        raise typer.Exit(2)


def _libraries() -> list[Check]:
    from experiments.versions import versions

    found = versions()
    needed = ("numpy", "pandas", "scikit-learn", "optuna", "keras", "mlflow", "pandera")
    missing = [name for name in needed if name not in found]
    missing += [name for name in ("tensorflow", "xgboost") if not {name, f"{name}-cpu"} & set(found)]
    told = ", ".join(f"{name} {number}" for name, number in found.items())
    return [Check("libraries", not missing, told, f"'make train' installs {', '.join(missing)}" if missing else "")]


def _state(home: Home) -> list[Check]:
    from features.errors import EarmarkError
    from models.ranker_folder import load

    checks = [
        _room(home.mlruns),
        _database(home.mlruns / "mlflow.db"),
        _database(home.mlruns / "search.db"),
    ]
    try:
        champion = home.champion()
        if champion is not None:
            load(champion)
        checks.append(Check("champion", True, str(champion) if champion else "none yet"))
    except EarmarkError as error:
        checks.append(Check("champion", False, error.message, error.hint))
    return checks


def _room(mlruns: Path) -> Check:
    """Whether a train could write where its runs go, or the nearest folder above that there is."""
    existing = next(folder for folder in (mlruns, *mlruns.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    found = f"{free // 1024**2:,} MiB free at {existing}"
    if not os.access(existing, os.W_OK):
        return Check("room", False, f"{found}, which cannot be written to", "set EARMARK_HOME to a folder of your own")
    return Check("room", free > ROOM_NEEDED, found, "" if free > ROOM_NEEDED else "make room")


def _library(home: Home) -> Check:
    """The library of pulled tracks."""
    from connectors.library import Library
    from features.errors import EarmarkError

    if home.library_url.endswith(str(home.library_file)) and not home.library_file.exists():
        return Check("library", True, "none yet")
    try:
        with Library.open(home.library_url) as library:
            return Check("library", True, f"{len(library.tracks()):,} tracks in {library.place}")
    except EarmarkError as error:
        return Check("library", False, error.message, error.hint)


def _sign_in() -> Check:
    """The permission to speak for the user at Spotify, and how long it lasts."""
    from datetime import UTC, datetime

    from connectors.spotify.settings import find_client_id
    from connectors.spotify.sign_in import token_cache
    from features.errors import InputError

    try:
        client_id = find_client_id()
    except InputError:  # who has no app needs none
        return Check("spotify", True, "not used")
    try:
        token = token_cache(client_id).read()
    except InputError as error:
        return Check("spotify", False, error.message, error.hint)
    if token is None:
        return Check("spotify", True, "nobody is signed in")
    warning = token.warning(datetime.now(UTC).date())
    return Check("spotify", warning is None, f"signed in until {token.ends_on}", warning or "")


def _database(path: Path) -> Check:
    """SQLite's own integrity check."""
    if not path.exists():
        return Check(path.name, True, "none yet")
    begin_anew = f"move {path} away; the next train begins a new one"
    try:
        # Not read-only: a database whose writer was killed is made whole by the next one that opens it.
        connection = sqlite3.connect(path)
        try:
            (verdict,) = connection.execute("PRAGMA quick_check").fetchone()
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        damaged = error.sqlite_errorname in {"SQLITE_CORRUPT", "SQLITE_NOTADB"}
        return Check(path.name, False, str(error), begin_anew if damaged else "see whether the file is yours to change")
    return Check(path.name, verdict == "ok", verdict, "" if verdict == "ok" else begin_anew)

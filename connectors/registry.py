"""Finds every source by walking ``connectors/sources``; a new source is one new file there and nothing here.

Each module of that folder whose name does not start with ``_`` exposes ``SOURCE``, a ``SourceSpec`` named like the
module. That rule is what lets a source be opened by importing its one module, and no other.
"""

import difflib
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors import sources as _folder
from connectors.source import SourceRequest, TrackSource
from features.errors import InputError

_FILES = "csv_file"
_SHOWN = 200


@dataclass(frozen=True)
class SourceSpec:
    """What a source says about itself.

    Parameters
    ----------
    name : str
        As the user types it; the name of the module.
    summary : str
        One line for the list of sources.
    open : callable
        ``open(request) -> TrackSource``, with a ``connectors.source.SourceRequest``: cheap, touches nothing outside the
        process.
    claims : callable
        Whether a reference that is neither a name nor a file, such as an address, is this source's.
    """

    name: str
    summary: str
    open: Callable[[SourceRequest], TrackSource]
    claims: Callable[[str], bool] = lambda _: False


class SourceDefinitionError(RuntimeError):
    """A module under ``connectors/sources`` breaks the rules: a bug of ours (exit code 1), never passed over."""


def sources() -> dict[str, SourceSpec]:
    """Every source, by name, sorted.

    Raises
    ------
    SourceDefinitionError
        Where a module cannot be imported, has no ``SOURCE``, or takes a name that is not its own.
    """
    specs: dict[str, SourceSpec] = {}
    owners: dict[str, str] = {}
    for module in _module_names():
        spec = _spec(module)
        if spec.name in specs:
            raise SourceDefinitionError(f"two sources are named '{spec.name}': {owners[spec.name]} and {module}")
        specs[spec.name], owners[spec.name] = spec, module
    for name, module in owners.items():
        _check_name(name, module)
    return dict(sorted(specs.items()))


def open_source(reference: str, **asked: Any) -> TrackSource:
    """Open what the user named: a source, else a file, else an address that a source claims.

    A source's name wins over a file of the same name; ``./demo`` means the file.

    Parameters
    ----------
    reference : str
        Name of a source, path of a table file, or an address such as ``spotify:playlist:...``.
    **asked
        The other fields of ``connectors.source.SourceRequest``.

    Returns
    -------
    TrackSource
        Nothing is read yet.

    Raises
    ------
    InputError
        Where there is neither such a source nor such a file.
    """
    names = _module_names()
    if not reference:
        raise InputError("no table was named", f"give the path of a table, or a source: {', '.join(names)}")
    request = SourceRequest(reference, **asked)
    if reference in names:
        spec = _spec(reference)
        _check_name(spec.name, reference)
        return spec.open(request)
    if _may_exist(reference):
        return _spec(_FILES).open(request)
    if ":" in reference:
        for spec in sources().values():
            if spec.claims(reference):
                return spec.open(request)
    raise _not_found(reference, names)


def _module_names() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(_folder.__path__) if not module.name.startswith("_"))


def _spec(module: str) -> SourceSpec:
    try:
        loaded = importlib.import_module(f"{_folder.__name__}.{module}")
    except Exception as error:
        raise SourceDefinitionError(f"the source module '{module}' cannot be imported: {error}") from error
    spec = getattr(loaded, "SOURCE", None)
    if not isinstance(spec, SourceSpec):
        raise SourceDefinitionError(f"the source module '{module}' has no SOURCE = SourceSpec(...)")
    return spec


def _check_name(name: str, module: str) -> None:
    if name != module:
        raise SourceDefinitionError(f"the source module '{module}' names its source '{name}': the two must be the same")


def _may_exist(reference: str) -> bool:
    """Whether to try a path; one that may not even be looked at is for the reader to explain."""
    try:
        return Path(reference).expanduser().exists()
    except PermissionError:
        return True
    except (OSError, ValueError, RuntimeError):
        return False


def _not_found(reference: str, names: list[str]) -> InputError:
    shown = reference if len(reference) <= _SHOWN else reference[:_SHOWN] + "..."
    message = f"'{shown}' is neither a file nor a source"
    if "://" in reference:
        return InputError(message, "download the table first and give its path")
    if reference == "-":
        return InputError(message, "to read what another program writes, name /dev/stdin")
    near = difflib.get_close_matches(reference[:_SHOWN], [*names, *_neighbours(reference)], n=1)
    meant = f"did you mean '{near[0]}'? " if near else ""
    return InputError(message, f"{meant}give the path of a table, or a source: {', '.join(names)}")


def _neighbours(reference: str) -> list[str]:
    """Paths beside a missing file, written as the user wrote theirs."""
    try:
        folder = Path(reference).parent
        return [str(folder / path.name) for path in folder.iterdir()][:1000]
    except (OSError, ValueError):
        return []

"""Finds the model families by walking ``models/estimators``: one module a family, its ``SPEC`` the entry.

Names that begin with an underscore are skipped (the template). A module that cannot be imported, has no ``SPEC``, or
whose ``SPEC`` carries another name than its file is an error for whoever wrote it, never silently left out.
"""

from collections import Counter
from importlib import import_module
from pkgutil import iter_modules
from typing import Literal

import models.estimators
from features.errors import InputError
from models.spec import ModelSpec


def names() -> tuple[str, ...]:
    """Names of all modules that hold a family or a baseline, sorted; imports none of them.

    Raises
    ------
    RuntimeError
        Where two modules have one name.
    """
    # one folder at a time: asked for all at once, pkgutil would silently drop the second of two equal names
    found = [entry.name for folder in models.estimators.__path__ for entry in iter_modules([folder])]
    found = [name for name in found if not name.startswith("_")]
    twice = [name for name, times in Counter(found).items() if times > 1]
    if twice:
        raise RuntimeError(f"two modules under models/estimators are named {twice[0]!r}: rename one")
    return tuple(sorted(found))


def spec(name: str) -> ModelSpec:
    """The family or baseline of this name; imports its module only.

    Raises
    ------
    InputError
        Where there is none of this name.
    ImportError, RuntimeError
        Where its module is broken.
    """
    known = names()
    if name not in known:
        raise InputError(f"there is no model named {name!r}", f"Choose among: {', '.join(known)}.")
    try:
        module = import_module(f"{models.estimators.__name__}.{name}")
    except Exception as error:
        raise ImportError(f"models/estimators/{name}.py cannot be imported: {error}") from error
    found = getattr(module, "SPEC", None)
    if not isinstance(found, ModelSpec):
        raise RuntimeError(f"models/estimators/{name}.py has no SPEC: see models/estimators/_template.py")  # noqa: TRY004
    if found.name != name:
        raise RuntimeError(f"models/estimators/{name}.py calls itself {found.name!r}: name the file as the family")
    return found


def families() -> tuple[ModelSpec, ...]:
    """All families that are tuned, in the order of tables."""
    return _of_role("family")


def baselines() -> tuple[ModelSpec, ...]:
    """All baselines that stand beside them, in the order of tables."""
    return _of_role("baseline")


def _of_role(role: Literal["family", "baseline"]) -> tuple[ModelSpec, ...]:
    found = (spec(name) for name in names())
    return tuple(sorted((entry for entry in found if entry.role == role), key=lambda entry: (entry.order, entry.name)))

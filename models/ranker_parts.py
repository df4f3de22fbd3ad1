"""A ranker taken apart into plain data, and put together again with everything checked.

The plain data are JSON values, numeric arrays by name, and files in formats of their own by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.columns import AUDIO_FEATURES
from features.context import ArtistProfiles
from features.errors import InputError
from features.inputs import INPUTS
from features.state import State, take_array
from models.affinity import ArtistAffinity
from models.calibration import Calibration, calibration_from
from models.evidence import OutOfFold
from models.fitted import FittedModel
from models.genre_effects import GenreEffects
from models.known import KEYS, KnownTracks
from models.member import Member
from models.ranker import Ranker
from models.registry import spec

Arrays = dict[str, npt.NDArray[Any]]


def pack(ranker: Ranker) -> tuple[dict[str, Any], Arrays, dict[str, bytes]]:
    """Take a ranker apart: JSON values, arrays by name, files by name."""
    packed = _Packed({}, {})
    for part, fingerprints in (("known", ranker.known), ("trained_on", ranker.trained_on)):
        packed.arrays |= {f"{part}/{name}": values for name, values in fingerprints.fingerprints.items()}
    packed.arrays["background"] = ranker.background.to_numpy(dtype=np.float64)
    content = {
        "info": dict(ranker.info),
        "inputs": list(ranker.background.columns),
        "threshold": ranker.threshold,
        "calibration": _pack_calibration(ranker.calibration),
        "affinity": packed.add("affinity", ranker.affinity.get_state()),
        "out_of_fold": packed.add("out_of_fold", ranker.out_of_fold.get_state()),
        "profiles": packed.add("profiles", ranker.profiles.get_state()),
        "members": [_pack_member(f"members/{number}", member, packed) for number, member in enumerate(ranker.members)],
    }
    if ranker.genres.genres:
        content["genres"] = packed.add("genres", ranker.genres.get_state())
    return content, packed.arrays, packed.files


@dataclass
class _Packed:
    """Arrays and files of all parts, each under its part's name."""

    arrays: dict[str, npt.NDArray[Any]]
    files: dict[str, bytes]

    def add(self, part: str, state: State) -> dict[str, Any]:
        """Take a part's state; returns its entry in the manifest."""
        self.arrays |= {f"{part}/{name}": values for name, values in state.arrays.items()}
        blobs = {name: f"{part}-{name}".replace("/", "-") for name in state.blobs}
        self.files |= {blobs[name]: content for name, content in state.blobs.items()}
        return {"settings": dict(state.settings), "blobs": blobs}


def _pack_member(part: str, member: Member, packed: _Packed) -> dict[str, Any]:
    models = [
        {"family": model.spec.name, **packed.add(f"{part}/{number}", model.get_state())}
        for number, model in enumerate(member.models)
    ]
    return {"weight": member.weight, "calibration": _pack_calibration(member.calibration), "models": models}


def _pack_calibration(calibration: Calibration) -> dict[str, Any]:
    return {"name": calibration.name, "parameters": calibration.parameters()}


def unpack(manifest: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]], files: Mapping[str, bytes]) -> Ranker:
    """Put a ranker together.

    Raises
    ------
    RankerFormatError, KeyError, TypeError, ValueError
        If something is missing or cannot be right.
    """
    inputs = list(manifest["inputs"])
    if inputs != [name for name in INPUTS if name in inputs or name in AUDIO_FEATURES]:
        raise ValueError("its inputs are not those of this earmark")
    members = tuple(
        _member(f"members/{number}", entry, arrays, files) for number, entry in enumerate(manifest["members"])
    )
    threshold = float(manifest["threshold"])
    genres = GenreEffects.none()
    if "genres" in manifest:
        genres = GenreEffects.from_state(_state("genres", manifest["genres"], arrays, files))
    out_of_fold = OutOfFold.from_state(_state("out_of_fold", manifest["out_of_fold"], arrays, files))
    background = arrays["background"]
    checks = {
        "threshold": 0 <= threshold <= 1,
        "description": isinstance(manifest["info"], dict),
        "models": len(members) > 0 and all(len(member.models) > 0 for member in members),
        "weights": all(0 < member.weight <= 1 for member in members)
        and abs(sum(member.weight for member in members) - 1) < 1e-6,
        "genres": bool(genres.genres) == ("genres" in manifest) == (out_of_fold.genre_shift is not None),
        "background": background.dtype == np.float64
        and background.ndim == 2
        and background.shape[1] == len(inputs)
        and len(background) > 0
        and not np.isinf(background).any(),
    }
    for what, fine in checks.items():
        if not fine:
            raise ValueError(f"its {what} cannot be right")
    return Ranker(
        members=members,
        calibration=_calibration(manifest["calibration"]),
        affinity=ArtistAffinity.from_state(_state("affinity", manifest["affinity"], arrays, files)),
        profiles=ArtistProfiles.from_state(_state("profiles", manifest["profiles"], arrays, files)),
        threshold=threshold,
        out_of_fold=out_of_fold,
        known=_fingerprints(arrays, "known"),
        trained_on=_fingerprints(arrays, "trained_on"),
        background=pd.DataFrame(background.astype(np.float64), columns=inputs),
        info=manifest["info"],
        genres=genres,
    )


def _calibration(entry: Mapping[str, Any]) -> Calibration:
    return calibration_from(entry["name"], {name: float(value) for name, value in entry["parameters"].items()})


def _fingerprints(arrays: Mapping[str, npt.NDArray[Any]], part: str) -> KnownTracks:
    state = State(arrays=arrays)
    return KnownTracks({name: np.sort(take_array(state, f"{part}/{name}", np.uint64, (None,))) for name in KEYS})


def _state(part: str, entry: Mapping[str, Any], arrays: Mapping[str, Any], files: Mapping[str, bytes]) -> State:
    return State(
        settings=entry["settings"],
        arrays={
            name.removeprefix(f"{part}/"): values for name, values in arrays.items() if name.startswith(f"{part}/")
        },
        blobs={name: files[file] for name, file in entry["blobs"].items()},
    )


def _member(part: str, entry: Mapping[str, Any], arrays: Mapping[str, Any], files: Mapping[str, bytes]) -> Member:
    models = tuple(
        _model(model["family"], _state(f"{part}/{number}", model, arrays, files))
        for number, model in enumerate(entry["models"])
    )
    return Member(models, _calibration(entry["calibration"]), float(entry["weight"]))


def _model(family: str, state: State) -> FittedModel:
    try:
        found = spec(family)
    except InputError as error:
        raise ValueError(error.message) from error
    return FittedModel.from_state(found, state)

"""What a fitted part leaves behind, and how a part that is rebuilt checks what it is given.

A state may come from a stranger's file: nothing in it is trusted, everything is checked against what the part needs,
and a state that cannot be right raises ``RankerFormatError`` before it is used.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from features.errors import RankerFormatError

T = TypeVar("T")

_HINT = "The saved ranker is damaged or was changed by hand: train again, or copy it afresh from where it came from."


@dataclass(frozen=True)
class State:
    """All that a fitted part needs to predict again, in open formats and without code.

    Parameters
    ----------
    settings : mapping
        JSON values.
    arrays : mapping of str to ndarray
        Numeric arrays, saved in one ``.npz`` without pickle.
    blobs : mapping of str to bytes
        Files in a documented format of their own (XGBoost's UBJ), by file name.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    blobs: Mapping[str, bytes] = field(default_factory=dict)


def bad_state(message: str) -> RankerFormatError:
    """The error for a state that cannot be right; ``message`` says what, where, got and expected."""
    return RankerFormatError(message, _HINT)


def require(condition: object, message: str) -> None:
    """Raise ``RankerFormatError`` with ``message`` unless ``condition`` holds."""
    if not condition:
        raise bad_state(message)


def take_setting(state: State, name: str, kind: type[T]) -> T:
    """A setting of exactly the type ``kind`` (a bool is no int).

    Raises
    ------
    RankerFormatError
        Where the setting is missing or of another type.
    """
    require(name in state.settings, f"setting {name!r} is missing")
    value = state.settings[name]
    if type(value) is not kind:
        raise bad_state(f"setting {name!r} is {type(value).__name__}, expected {kind.__name__}")
    return value


def take_array(
    state: State, name: str, dtype: npt.DTypeLike, shape: tuple[int | None, ...], *, finite: bool = True
) -> npt.NDArray[Any]:
    """An array of exactly this dtype and shape (None: any length).

    Raises
    ------
    RankerFormatError
        Where the array is missing, of another dtype or shape, or (``finite``) holds NaN or infinity.
    """
    require(name in state.arrays, f"array {name!r} is missing")
    array = np.asarray(state.arrays[name])
    require(array.dtype == np.dtype(dtype), f"array {name!r} is {array.dtype}, expected {np.dtype(dtype)}")
    fits = array.ndim == len(shape) and all(want in (None, got) for want, got in zip(shape, array.shape, strict=True))
    require(fits, f"array {name!r} has shape {array.shape}, expected {shape} (None: any length)")
    if finite and array.dtype.kind == "f":
        require(np.isfinite(array).all(), f"array {name!r} holds NaN or infinity")
    return array

"""A strict reader of Universal Binary JSON as XGBoost writes it.

XGBoost's own reader trusts its file: an empty or changed one can end the whole process instead of raising. So a file is
first read here, where everything that does not fit is a ``ValueError``, and checked; XGBoost sees it only afterwards.
Format: https://ubjson.org and https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html.

A ranker holds thousands of trees that are read each time it is loaded, so speed counts here. Each reader below takes
the position behind a marker and returns the value and the position behind it. None of them compares a length with the
size of the file: slices beyond the end come out short, and as lengths are unsigned, positions only grow. So whatever is
read next raises, and `read_ubj` refuses a position beyond the end.
"""

import struct
from collections.abc import Callable
from typing import Any

TypedArray = tuple[str, bytes]
"""Numbers of one kind: NumPy's name of the kind (i4: ``numpy.frombuffer(raw, ">i4")``) and the big-endian bytes."""

_Reader = Callable[[bytes, int, int], tuple[Any, int]]

_NUMBERS = {"i": (">b", "i1"), "U": (">B", "u1"), "I": (">h", "i2"), "l": (">i", "i4"), "L": (">q", "i8")}
_NUMBERS |= {"d": (">f", "f4"), "D": (">d", "f8")}
_DEPTH = 16
_DOLLAR, _CLOSE = b"$}"

# Every length in XGBoost's files is a 64-bit integer: always L, then eight bytes.
_LENGTH, _LENGTH_SIZE = struct.Struct(">cQ"), 9
_LIST_HEAD, _LIST_HEAD_SIZE = struct.Struct(">2sQ"), 10
_TYPED_HEAD, _TYPED_HEAD_SIZE = struct.Struct(">4sQ"), 12
_TYPED_KINDS = {f"${marker}#L".encode(): (kind, int(kind[1])) for marker, (_, kind) in _NUMBERS.items()}


def read_ubj(content: bytes) -> Any:
    """The value that ``content`` holds: dict, list, `TypedArray`, str, int, float, bool or None.

    Raises
    ------
    ValueError
        Where it is cut short, has bytes left over, holds a key twice, or is no UBJ of XGBoost's kind.
    """
    try:
        value, end = _value(content, 0, 0)
    except (IndexError, OverflowError, struct.error) as error:
        raise ValueError("it is cut short") from error
    if end > len(content):
        raise ValueError("it is cut short")
    if end < len(content):
        raise ValueError(f"{len(content) - end} bytes stand behind its end")
    return value


def _value(content: bytes, at: int, depth: int) -> tuple[Any, int]:
    """The value whose marker stands at ``at``."""
    return _READERS.get(content[at], _no_marker)(content, at + 1, depth)


def _no_marker(content: bytes, at: int, _depth: int) -> tuple[Any, int]:
    raise ValueError(f"{content[at - 1 : at]!r} at byte {at - 1} is no marker")


def _text(content: bytes, at: int, _depth: int) -> tuple[str, int]:
    """A length and as many bytes of text."""
    marker, length = _LENGTH.unpack_from(content, at)
    if marker != b"L":
        raise ValueError(f"a length is expected at byte {at}")
    start = at + _LENGTH_SIZE
    end = start + length
    return content[start:end].decode(), end


def _object(content: bytes, at: int, depth: int) -> tuple[dict[str, Any], int]:
    """Keys, which are texts without a marker, each with its value, up to the closing brace."""
    _check_depth(depth)
    found: dict[str, Any] = {}
    while content[at] != _CLOSE:
        key, at = _text(content, at, depth)
        if key in found:
            raise ValueError(f"the key {key!r} stands twice")
        found[key], at = _READERS.get(content[at], _no_marker)(content, at + 1, depth + 1)
    return found, at + 1


def _array(content: bytes, at: int, depth: int) -> tuple[TypedArray | list[Any], int]:
    """Kind, count and bare numbers of that kind, or a count and values of any kind."""
    if content[at] == _DOLLAR:
        head, count = _TYPED_HEAD.unpack_from(content, at)
        if head not in _TYPED_KINDS:
            raise ValueError(f"a typed array is expected at byte {at}")
        kind, size = _TYPED_KINDS[head]
        start = at + _TYPED_HEAD_SIZE
        end = start + count * size
        return (kind, content[start:end]), end
    _check_depth(depth)
    head, count = _LIST_HEAD.unpack_from(content, at)
    if head != b"#L":
        raise ValueError(f"an array's length is expected at byte {at}")
    values, at = [], at + _LIST_HEAD_SIZE
    for _ in range(count):
        value, at = _value(content, at, depth + 1)
        values.append(value)
    return values, at


def _check_depth(depth: int) -> None:
    if depth >= _DEPTH:
        raise ValueError("it is nested too deeply")


def _number(layout: str) -> _Reader:
    number = struct.Struct(layout)
    return lambda content, at, _depth: (number.unpack_from(content, at)[0], at + number.size)


def _constant(value: bool | None) -> _Reader:
    return lambda _content, at, _depth: (value, at)


_READERS: dict[int, _Reader] = {ord("{"): _object, ord("["): _array, ord("S"): _text}
_READERS |= {ord(marker): _number(layout) for marker, (layout, _) in _NUMBERS.items()}
_READERS |= {ord("T"): _constant(True), ord("F"): _constant(False), ord("Z"): _constant(None)}

"""A strict reader of Universal Binary JSON as XGBoost writes it.

XGBoost's own reader trusts its file: an empty or changed one can end the whole process instead of raising. So a file is
first read here, where everything that does not fit is a ``ValueError``, and checked; XGBoost sees it only afterwards.
Format: https://ubjson.org and https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html.
"""

import struct
from typing import Any

import numpy as np

_NUMBERS = {b"i": ">i1", b"U": ">u1", b"I": ">i2", b"l": ">i4", b"L": ">i8", b"d": ">f4", b"D": ">f8"}
_CONSTANTS = {b"T": True, b"F": False, b"Z": None}
_DEPTH = 16


def read_ubj(content: bytes) -> Any:
    """The value that ``content`` holds: dict, list, ndarray (typed arrays), str, int, float, bool or None.

    Raises
    ------
    ValueError
        Where it is cut short, has bytes left over, holds a key twice, or is no UBJ of XGBoost's kind.
    """
    reader = _Reader(content)
    value = reader.value(reader.take(1), 0)
    if reader.position != len(content):
        raise ValueError(f"{len(content) - reader.position} bytes stand behind its end")
    return value


class _Reader:
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.position = 0

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        start, self.position = self.position, self.position + count
        if count < 0 or self.position > len(self.content):
            raise ValueError(f"it is cut short at byte {min(start, len(self.content))}")
        return self.content[start : self.position]

    def count(self) -> int:
        """A length: always a 64-bit integer in XGBoost's files."""
        if self.take(1) != b"L":
            raise ValueError(f"a length is expected at byte {self.position - 1}")
        return int(struct.unpack(">q", self.take(8))[0])

    def value(self, marker: bytes, depth: int) -> Any:
        """The value behind its marker."""
        if depth > _DEPTH:
            raise ValueError("it is nested too deeply")
        if marker == b"{":
            return self.members(depth)
        if marker == b"[":
            return self.elements(depth)
        if marker == b"S":
            return self.take(self.count()).decode("utf-8")
        if marker in _NUMBERS:
            kind = np.dtype(_NUMBERS[marker])
            return np.frombuffer(self.take(kind.itemsize), kind)[0].item()
        if marker in _CONSTANTS:
            return _CONSTANTS[marker]
        raise ValueError(f"{marker!r} at byte {self.position - 1} is no marker")

    def members(self, depth: int) -> dict[str, Any]:
        """An object, up to its closing brace."""
        found: dict[str, Any] = {}
        while (marker := self.take(1)) != b"}":
            if marker != b"L":
                raise ValueError(f"a key is expected at byte {self.position - 1}")
            key = self.take(struct.unpack(">q", self.take(8))[0]).decode("utf-8")
            if key in found:
                raise ValueError(f"the key {key!r} stands twice")
            found[key] = self.value(self.take(1), depth + 1)
        return found

    def elements(self, depth: int) -> Any:
        """An array: ``$`` type and count for numbers of one kind, else a count and values of any kind."""
        marker = self.take(1)
        if marker == b"$":
            name = _NUMBERS.get(self.take(1))
            if name is None or self.take(1) != b"#":
                raise ValueError(f"a typed array is expected at byte {self.position - 1}")
            kind = np.dtype(name)
            return np.frombuffer(self.take(self.count() * kind.itemsize), kind)
        if marker != b"#":
            raise ValueError(f"an array's length is expected at byte {self.position - 1}")
        return [self.value(self.take(1), depth + 1) for _ in range(self._fitting_count())]

    def _fitting_count(self) -> int:
        count = self.count()
        if not 0 <= count <= len(self.content):
            raise ValueError(f"an array of {count} values does not fit into the file")
        return count

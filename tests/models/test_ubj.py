"""The reader of Universal Binary JSON: what was written is read, and whatever does not fit is a ValueError."""

import struct
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.ubj import read_ubj

KINDS = {"i": "i1", "U": "u1", "I": "i2", "l": "i4", "L": "i8", "d": "f4", "D": "f8"}


def length(count: int) -> bytes:
    return b"L" + struct.pack(">Q", count)


def text(value: str) -> bytes:
    return length(len(value.encode())) + value.encode()


def written(value: Any) -> bytes:
    """``value`` as XGBoost would write it; a pair (kind, raw) is a typed array."""
    if value is None or isinstance(value, bool):
        return b"Z" if value is None else b"T" if value else b"F"
    if isinstance(value, dict):
        return b"{" + b"".join(text(key) + written(item) for key, item in value.items()) + b"}"
    if isinstance(value, list):
        return b"[#" + length(len(value)) + b"".join(map(written, value))
    if isinstance(value, tuple):
        kind, raw = value
        marker = next(marker for marker, name in KINDS.items() if name == kind)
        count = length(len(raw) // int(kind[1]))
        return b"".join([b"[$", marker.encode(), b"#", count, raw])
    if isinstance(value, str):
        return b"S" + text(value)
    return b"L" + struct.pack(">q", value) if isinstance(value, int) else b"D" + struct.pack(">d", value)


typed = st.builds(
    lambda kind, numbers: (kind, np.array(numbers, dtype=">" + kind).tobytes()),
    st.sampled_from(sorted(KINDS.values())),
    st.lists(st.integers(0, 100), max_size=5),
)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    scalars | typed, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)


@settings(max_examples=200, deadline=None)
@given(values)
def test_what_was_written_is_read(value: Any) -> None:
    assert read_ubj(written(value)) == value


@settings(max_examples=100, deadline=None)
@given(values, st.binary(min_size=1, max_size=9))
def test_a_file_that_is_cut_short_or_goes_on_is_refused(value: Any, more: bytes) -> None:
    whole = written(value)
    for kept in range(len(whole)):
        with pytest.raises(ValueError):  # noqa: PT011 - half a letter is a UnicodeDecodeError, with words of its own
            read_ubj(whole[:kept])
    with pytest.raises(ValueError, match=f"{len(more)} bytes stand behind its end"):
        read_ubj(whole + more)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40) | st.lists(st.sampled_from(list(b'{}[]$#LSlidDUITFZ\x00\x01"')), max_size=60).map(bytes))
def test_any_bytes_are_read_or_are_a_value_error(content: bytes) -> None:
    with suppress(ValueError):
        read_ubj(content)


@pytest.mark.parametrize("marker", list(KINDS))
def test_each_kind_of_number_is_big_endian(marker: str) -> None:
    raw = np.array([-3 if marker != "U" else 253, 7], dtype=">" + KINDS[marker]).tobytes()
    first = raw[: len(raw) // 2]
    assert read_ubj(marker.encode() + first) == (253 if marker == "U" else -3)
    assert read_ubj(b"[$" + marker.encode() + b"#" + length(2) + raw) == (KINDS[marker], raw)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cut short"),
        (b"N", "b'N' at byte 0 is no marker"),
        (b"{" + text("a") + b"T" + text("a") + b"T}", "'a' stands twice"),
        (b"{U\x01aT" + b"}" * 9, "a length is expected at byte 1"),
        (b"SU" + b"\x01" * 9, "a length is expected at byte 1"),
        (b"[$l#U" + b"\x01" * 8, "a typed array is expected at byte 1"),
        (b"[$S#" + length(0), "a typed array is expected at byte 1"),
        (b"[TF]" + b"T" * 9, "an array's length is expected at byte 1"),
        (b"[#" + length(1) + b"]", "b']' at byte 11 is no marker"),
        (b"S" + length(2) + b"\xff\xff", "utf-8"),
        *((b"S" + length(count) + b"abc", "cut short") for count in (4, 2**31, 2**63 - 1, 2**63, 2**64 - 1)),
        *((b"[$d#" + length(count) + b"\x00" * 4, "cut short") for count in (2, 2**31, 2**62, 2**63, 2**64 - 1)),
        *((b"[#" + length(count) + b"TT", "cut short") for count in (3, 2**31, 2**63, 2**64 - 1)),
        *((b"{" + length(count) + b"aT}", "cut short") for count in (4, 2**31, 2**63, 2**64 - 1)),
    ],
)
def test_what_does_not_fit_is_named(content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("[", r"\[")):
        read_ubj(content)


@pytest.mark.parametrize("opening", [b"[#" + length(1), b"{" + text("a")])
def test_a_value_may_not_be_nested_without_end(opening: bytes) -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        read_ubj(opening * 5000)

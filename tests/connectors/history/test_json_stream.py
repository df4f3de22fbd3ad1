"""Arrays of any size are read as json.loads would, in bounded memory, and broken ones up to where they break."""

import io
import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.history import json_stream
from connectors.history.json_stream import BrokenJson, batches, first_character

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just('},{"a')
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-32"]


def read(text: str | bytes, encoding: str = "utf-8") -> list:
    data = text.encode(encoding) if isinstance(text, str) else text
    return [element for batch in batches(io.BytesIO(data)) for element in batch]


def read_until_broken(text: str | bytes) -> tuple[list, str]:
    data = text.encode() if isinstance(text, str) else text
    found: list = []
    with pytest.raises(BrokenJson) as broken:
        found.extend(element for batch in batches(io.BytesIO(data)) for element in batch)
    return found, str(broken.value)


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(VALUES, max_size=8),
    chunk=st.integers(1, 40),
    encoding=st.sampled_from(ENCODINGS),
    indent=st.sampled_from([None, 1]),
    escaped=st.booleans(),
)
def test_any_array_is_read_whatever_the_chunks(values, chunk, encoding, indent, escaped) -> None:
    text = json.dumps(values, indent=indent, ensure_ascii=escaped)
    text = text.encode("utf-8", "replace").decode()  # half characters are no text
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "_CHUNK", max(chunk, 4))
        assert read(text, encoding) == json.loads(text)


@pytest.mark.parametrize("chunk", range(4, 12))
def test_a_number_may_be_cut_between_chunks(chunk, monkeypatch) -> None:
    monkeypatch.setattr(json_stream, "_CHUNK", chunk)
    assert read("[0.5, -1.25e+10, 123456, 1E5 ,0.0]") == [0.5, -1.25e10, 123456, 1e5, 0.0]


def test_an_object_is_one_batch_of_itself() -> None:
    assert list(batches(io.BytesIO(b'\n {"tracks": []}'))) == [[{"tracks": []}]]


@pytest.mark.parametrize("rows", [1, 3, 5_000])
def test_a_cut_file_gives_all_rows_before_the_cut(rows) -> None:
    whole = json.dumps([{"ts": "x" * 100, "n": n} for n in range(rows)])
    found, why = read_until_broken(whole[:-30])
    assert [row["n"] for row in found] == list(range(rows - 1))
    assert why.startswith("is cut off at character")


def test_a_broken_row_ends_the_file_at_its_place() -> None:
    found, why = read_until_broken('[{"a": 1}, {"a": 2}, {"a": oops}, {"a": 4}]' + " " * 100)
    assert found == [{"a": 1}, {"a": 2}]
    assert why == "is not JSON at character 22"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("  \n", "is empty"),
        ("hello", "is not JSON: it starts with neither '[' nor '{'"),
        ("[", "is cut off"),
        ("[1", "is cut off"),
        ("[1 2]" + " " * 50, "is not JSON at character 4"),
        ("{'a': 1}" + " " * 50, "is not JSON at character 1"),
        ("[" * 200_000, "is nested too deeply"),
        ('{"a":' * 200_000, "is nested too deeply"),
        ("[" + "9" * 6_000 + "]", "holds a number of thousands of digits"),
        ('["' + "x" * (9 << 20) + '"]', "holds an element too large"),
    ],
)
def test_broken_files_are_named(text, why) -> None:
    assert read_until_broken(text)[1].startswith(why)


def test_a_damaged_byte_costs_a_letter_and_not_the_file() -> None:
    assert read(b'[{"a": "caf\xe9"}, {"a": "b"}]') == [{"a": "caf\ufffd"}, {"a": "b"}]


def test_memory_does_not_grow_with_the_file() -> None:
    row = b'{"ts": "2020-01-01T00:00:00Z", "name": "' + b"x" * 400 + b'"}'
    data = b"[" + b",\n".join([row] * 40_000) + b"]"  # 18 MB
    tracemalloc.start()
    seen = sum(len(batch) for batch in batches(io.BytesIO(data)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen == 40_000
    assert peak < 12 << 20


def test_the_first_character_is_told_without_the_rest() -> None:
    assert first_character(io.BytesIO(b"\xef\xbb\xbf \n[1]")) == "["
    assert first_character(io.BytesIO("{}".encode("utf-16"))) == "{"
    assert first_character(io.BytesIO(b"")) == ""

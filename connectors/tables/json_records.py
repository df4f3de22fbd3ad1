"""JSON lines, or a JSON array of objects, to a raw table."""

import json
from typing import Any

import pandas as pd

from connectors.tables.raw import RawTable, counted
from features.errors import InputError

_MAX_FIELDS = 2000
_SHAPE = "write one object a track: one a line, or all in one array (pandas: to_json(orient='records'))"


def looks_like_json(text: str) -> bool:
    """Whether a text starts as JSON does."""
    return text.lstrip()[:1] in ("{", "[")


def parse_json(text: str) -> RawTable:
    """Read tracks written as JSON objects.

    Parameters
    ----------
    text : str
        Starts with ``{`` or ``[``: one object a line, an array of objects, or an object around one such array (as
        Spotify's Web API answers).

    Returns
    -------
    RawTable
        Object columns, one a field, in order of appearance; None where a track has no such field. An entry that is
        null (Spotify's answer about a track it has not analysed) is a row of nothing else.

    Raises
    ------
    InputError
        Where the text is not JSON, not objects, or has more than 2,000 different fields.
    """
    entries, note = _records(text)
    n_null = sum(entry is None for entry in entries)
    records = [{} if entry is None else entry for entry in entries]
    fields: dict[str, None] = {}
    for number, record in enumerate(records, start=1):
        if not isinstance(record, dict):
            raise InputError(f"entry {number} of the JSON is {_kind(record)}, expected an object", _SHAPE)
        fields.update(dict.fromkeys(record))
        if len(fields) > _MAX_FIELDS:
            raise InputError(f"the JSON has more than {_MAX_FIELDS:,} different fields", _SHAPE)
    columns = tuple(pd.Series([record.get(field) for record in records], dtype=object) for field in fields)
    headers = tuple(field.encode("utf-8", "replace").decode() for field in fields)
    nulls = (f"{counted(n_null, 'row')} without anything (null in the JSON)",) if n_null else ()
    return RawTable(headers, columns, (note, *nulls))


def _records(text: str) -> tuple[list[Any], str]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise _not_json(error.lineno, error.msg) from error
        return _lines(text), "JSON lines"
    except (ValueError, RecursionError) as error:
        raise _not_json(1, str(error)) from error
    if isinstance(document, list):
        return document, "JSON array"
    inner = [value for value in document.values() if isinstance(value, list)]
    if len(inner) == len(document) == 1 and any(isinstance(entry, dict) for entry in inner[0]):
        return inner[0], "JSON array"
    if document and all(isinstance(value, dict | list) for value in document.values()):
        raise InputError("the JSON is one object of whole columns, expected one object a track", _SHAPE)
    return [document], "JSON lines"


def _lines(text: str) -> list[Any]:
    records = []
    # Not splitlines(): JSON strings may hold U+2028 and other line ends as they are.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                records.append(json.loads(line))
            except json.JSONDecodeError as error:
                raise _not_json(number, error.msg) from error
            except (ValueError, RecursionError) as error:
                raise _not_json(number, str(error)) from error
    return records


def _not_json(line: int, why: str) -> InputError:
    return InputError(f"line {line} is not JSON ({why})", _SHAPE)


def _kind(value: object) -> str:
    names = {
        list: "an array",
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), type(value).__name__)

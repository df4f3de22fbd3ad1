"""Bytes to text: a byte order mark decides, else UTF-8, else the Western encoding that old spreadsheets write."""

import codecs
import re

from features.errors import InputError

# UTF-32 first: its little-endian mark starts with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16"),
)
_NON_ASCII = re.compile(r"[^\x00-\x7f]")
_CONTROL = re.compile(r"[\x01-\x08\x0e-\x1f]")
_SAVE = "save the table as CSV in UTF-8"


def decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Text of a file, without its byte order mark.

    Parameters
    ----------
    data : bytes
        Unpacked content.

    Returns
    -------
    text : str
        Line ends as they were.
    notes : tuple of str
        The encoding, where it is not plain UTF-8.

    Raises
    ------
    InputError
        Where the bytes are no text: damaged UTF-16, NUL bytes, many control characters, or a web page.
    """
    text, notes = _by_mark(data) or _without_mark(data)
    nul = text.find("\x00")
    if nul >= 0:
        raise InputError(f"the file holds NUL characters (first at character {nul + 1}): it is not a text table", _SAVE)
    # A stray control character in a title happens; one in fifty characters does not.
    if len(_CONTROL.findall(text)) * 50 > len(text):
        raise InputError("the file is binary, expected a text table or parquet", _SAVE)
    if not text.strip():
        raise InputError("the file holds only white space, expected a header and rows", "export the table again")
    if text.lstrip()[:1] == "<":
        raise InputError(
            "this is a web page (HTML or XML), not a table",
            "download the table itself; a sign-in page may have come instead",
        )
    return text, notes


def _by_mark(data: bytes) -> tuple[str, tuple[str, ...]] | None:
    for mark, codec, name in _MARKS:
        if data.startswith(mark):
            try:
                text = data[len(mark) :].decode(codec)
            except UnicodeDecodeError as error:
                # A damaged UTF-8 file is still mostly readable; wide encodings lose their step and are not.
                if codec == "utf-8":
                    return None
                raise InputError(
                    f"the file is marked as {name} but damaged at byte {error.start + len(mark) + 1}",
                    "copy or export it again, best in UTF-8",
                ) from error
            return text, (f"encoding {name}",) if name != "utf-8" else ()
    return None


def _without_mark(data: bytes) -> tuple[str, tuple[str, ...]]:
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError:
        lenient = data.decode("utf-8", errors="replace")
    # Western text read as UTF-8 is nearly all faults; UTF-8 with a few broken bytes is nearly all right.
    broken = lenient.count("\ufffd")
    if broken * 5 <= len(_NON_ASCII.findall(lenient)):
        return lenient, (f"encoding utf-8 with {broken} unreadable places (shown as \ufffd)",)
    try:
        return data.decode("cp1252"), ("encoding windows-1252",)
    except UnicodeDecodeError:
        return data.decode("latin-1"), ("encoding latin-1",)

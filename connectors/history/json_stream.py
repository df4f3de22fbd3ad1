"""JSON files of any size in bounded memory: an array element by element, an object whole if it is of a sane size."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, Final, Protocol

_CHUNK: Final = 1 << 18
"""Bytes read at once: an exporter's row takes about 500, so elements cut at the end of a chunk cost nothing, and
what is made of it stays near the processor: a megabyte takes a fifth longer."""

_BATCH: Final = 2_000
_LARGEST_ELEMENT: Final = 8 << 20
_LARGEST_OBJECT: Final = 64 << 20
_BLANK: Final = re.compile(r"[ \t\n\r]*")
_DECODER: Final = json.JSONDecoder(strict=False)  # a stray line end in a title is no reason to lose the file
_DECODE: Final = _DECODER.decode
_NEAR_THE_END: Final = 16
"""An error this near to the end of what was read may only mean that the rest is to come (``tru``, ``\\u00e``)."""

_WIDE: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark starts alike
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class ByteStream(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none at the end."""


class BrokenJson(ValueError):  # noqa: N818 - it names what is broken, as JSONDecodeError does
    """The text is not JSON from here on; everything before was given out. The message continues "the file ..."."""


class _Text:
    """Text that is read as it is needed and forgotten once it is used."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._start = stream.read(_CHUNK)
        codec = next((codec for mark, codec in _WIDE if self._start.startswith(mark)), "utf-8-sig")
        # One damaged byte in a title is not worth the rest of a history.
        self._decoder = codecs.getincrementaldecoder(codec)(errors="replace")
        self.buffer = self._decoder.decode(self._start)
        self.place = 0
        self.used = 0
        self.ended = not self._start

    def more(self) -> bool:
        """Read on; False at the end."""
        if self.ended:
            return False
        data = self._stream.read(_CHUNK)
        self.ended = not data
        self.used += self.place
        self.buffer = self.buffer[self.place :] + self._decoder.decode(data, final=self.ended)
        self.place = 0
        return True

    def character(self) -> str:
        """The next character that is not white space, not used up; empty at the end."""
        while True:
            blank = _BLANK.match(self.buffer, self.place)
            self.place = blank.end() if blank else self.place
            if self.place < len(self.buffer):
                return self.buffer[self.place]
            if not self.more():
                return ""

    @property
    def where(self) -> str:
        return f"at character {self.used + self.place + 1:,}"


def first_character(stream: ByteStream) -> str:
    """The first character that is not white space, of at most a few read; empty where the start is no text."""
    start = stream.read(256)
    codec = next((codec for mark, codec in _WIDE if start.startswith(mark)), "utf-8-sig")
    return codecs.getincrementaldecoder(codec)(errors="replace").decode(start).lstrip(" \t\r\n")[:1]


def batches(stream: ByteStream) -> Iterator[list[Any]]:
    """The elements of a JSON array in lists of some thousands; a JSON object is one list of itself.

    Parameters
    ----------
    stream : ByteStream
        UTF-8, or UTF-16 or UTF-32 with its mark. Read once, from where it stands.

    Yields
    ------
    list
        Decoded elements, in their order.

    Raises
    ------
    BrokenJson
        Where the text stops being JSON, is cut off, or has an element over 8 MB of characters (an object: over 64 MB);
        what came before has been given out.
    """
    text = _Text(stream)
    opening = text.character()
    if opening == "{":
        yield [_element(text, _LARGEST_OBJECT)]
        return
    if opening != "[":
        raise BrokenJson("is empty" if not opening else "is not JSON: it starts with neither '[' nor '{'")
    yield from _array(text)


def _array(text: _Text) -> Iterator[list[Any]]:
    text.place += 1
    if text.character() == "]":
        return
    ended = False
    while not ended:
        batch = _many_at_once(text)
        if not batch:
            try:
                while not ended and len(batch) < _BATCH:
                    batch.append(_element(text, _LARGEST_ELEMENT))
                    ended = _behind_element(text)
            except BrokenJson:
                if batch:  # an empty one would look like a file that holds nothing
                    yield batch
                raise
        yield batch


def _many_at_once(text: _Text) -> list[Any]:
    """All whole elements of what is read, in a third of the time of one by one; none where in doubt.

    Cut behind some ``},`` the text decodes only if that is a boundary of elements: within a string or a deeper object,
    a quote or a bracket stays open.
    """
    while (cut := text.buffer.rfind("},", text.place)) < 0:
        if len(text.buffer) - text.place > _LARGEST_ELEMENT or not text.more():
            return []
    try:
        many: list[Any] = _DECODE(f"[{text.buffer[text.place : cut + 1]}]")
    except (ValueError, RecursionError):
        return []
    text.place = cut + 2
    text.character()
    return many


def _behind_element(text: _Text) -> bool:
    """Move to the next element; True where there is none."""
    follows = text.character()
    if follows not in {",", "]"}:
        raise BrokenJson(f"{'is cut off' if not follows else 'is not JSON'} {text.where}")
    text.place += 1
    if follows == ",":
        text.character()
    return follows == "]"


def _element(text: _Text, largest: int) -> Any:
    """One value at the place, which moves behind it."""
    while True:
        try:
            value, end = _DECODER.raw_decode(text.buffer, text.place)
        except json.JSONDecodeError as error:
            unfinished = error.msg.startswith("Unterminated") or error.pos >= len(text.buffer) - _NEAR_THE_END
        except RecursionError:
            raise BrokenJson(f"is nested too deeply {text.where}") from None
        except ValueError:
            raise BrokenJson(f"holds a number of thousands of digits {text.where}") from None
        else:
            # A number near the end of what was read may go on in the next chunk (``1.``, ``1e+``).
            if end + _NEAR_THE_END < len(text.buffer) or not text.more():
                text.place = end
                return value
            continue
        if not unfinished:
            raise BrokenJson(f"is not JSON {text.where}")
        if len(text.buffer) - text.place > largest:
            raise BrokenJson(f"holds an element too large to be of an export {text.where}")
        if not text.more():
            raise BrokenJson(f"is cut off {text.where}")

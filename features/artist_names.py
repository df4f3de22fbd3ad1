"""What an artist is looked up by: one key however the name is written, and the first of a list of artists.

Case, accents, punctuation, a leading "The" and the word for "and" do not count. "feat." always starts the guests, and a
semicolon always separates artists. A comma, "with" or "vs." may separate them ("Shakira, Ozuna") or belong to the name
("Tyler, The Creator"): ``artist_keys`` gives the whole name first and its first part after it, and ``resolve_artists``
tells the two apart by what else a catalogue knows.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from features.identity import normalise_name

_NOBODY: Final = frozenset({"various artists", "various", "unknown artist", "unknown", "nan", "null"})
"""What stands where no artist is named; it has no sound of its own. (There is a band called "None".)"""

# Lists as Python and some tables write them: ['A', "B"].
_LISTED: Final = re.compile(r"\s*\[\s*(?:'|\").*(?:'|\")\s*\]\s*", re.DOTALL)
_QUOTED: Final = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
_GUESTS: Final = re.compile(r"\s+[(\[]?(?:feat|ft|featuring)(?:\.|\s).*", re.IGNORECASE | re.DOTALL)
_PARTS: Final = re.compile(r"\s*,\s+|\s+[(\[]?(?:with|vs\.?)\s+", re.IGNORECASE)
_AND: Final = re.compile(r"\s(?:&|\+)\s")
_SILENT: Final = re.compile(r"['.]")
_PUNCTUATION: Final = re.compile(r"[^\w$]+|_+")
_THE: Final = re.compile(r"^['\"]*the\s+(?=\S)|,\s+the$")


def artist_key(name: object) -> str:
    """One artist's name, folded.

    Parameters
    ----------
    name : object
        A string; every kind of missing value gives the empty string, and so do names for nobody ("Various Artists").

    Returns
    -------
    str
        Lower case without accents, punctuation and a leading "the", with "and" for "&" and "+". A name of nothing but
        punctuation ("!!!") keeps it.
    """
    folded = normalise_name(name)
    plain = _SILENT.sub("", _AND.sub(" and ", _THE.sub("", folded)))
    key = " ".join(_PUNCTUATION.sub(" ", plain).split()) or folded
    return "" if key in _NOBODY else key


def artist_keys(name: object) -> tuple[str, ...]:
    """What to look an artist up by, best first.

    Parameters
    ----------
    name : object
        An artist, or several: joined by ``;``, a comma, "with" or "vs.", as a Python list, with guests after "feat.".

    Returns
    -------
    tuple of str
        The key of the whole name without guests; after it that of its first part, where there are several. Empty for
        missing names and for nobody.
    """
    return _keys(name) if isinstance(name, str) else ()


@lru_cache(maxsize=1 << 16)  # names come back: in every table, and again with every candidate
def _keys(name: str) -> tuple[str, ...]:
    first = _first(name)
    keys = (artist_key(first), artist_key(_PARTS.split(first, maxsplit=1)[0]))
    return tuple(dict.fromkeys(key for key in keys if key))


def resolve_artists(
    counts: Mapping[str, int], known: Callable[[Sequence[str]], Sequence[int]] | None = None
) -> dict[str, str]:
    """The one artist to whom each name's tracks belong.

    Parameters
    ----------
    counts : mapping of str to int
        Names as written, and how many tracks bear each.
    known : callable, optional
        How many tracks are known already of the artists with these keys.

    Returns
    -------
    dict of str to str
        Key by name: of the first part where that alone has more tracks than the whole name has ("Shakira, Ozuna"), else
        of the whole ("Earth, Wind & Fire"). Empty for nobody.
    """
    keys = {name: artist_keys(name) for name in counts}
    tracks: Counter[str] = Counter()
    for name, several in keys.items():
        tracks.update({several[0]: counts[name]} if several else {})
    if known is not None:
        asked = list({key for several in keys.values() if len(several) > 1 for key in several})
        tracks.update(dict(zip(asked, known(asked), strict=True)))
    return {
        name: "" if not several else several[-1] if tracks[several[-1]] > tracks[several[0]] else several[0]
        for name, several in keys.items()
    }


def _first(name: str) -> str:
    """The first artist of a list whose separator leaves no doubt, without guests."""
    if _LISTED.fullmatch(name):
        quoted = next((single or double for single, double in _QUOTED.findall(name) if single or double), "")
        name = re.sub(r"\\(.)", r"\1", quoted)
    parts = (part.strip() for part in name.split(";"))
    first = next((part for part in parts if part), "")
    return _GUESTS.sub("", first) or first

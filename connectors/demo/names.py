"""Invented names and ids, drawn from word lists: plain, plausible, never twice the same."""

from collections.abc import Callable

import numpy as np

_LISTS = """
Amber Ancient Bare Bitter Blue Bright Broken Burning Calm Clear Cold Copper Dark Deep Distant Early Empty Endless
Fading Faint Far First Frozen Gentle Gilded Glass Golden Green Grey Hidden High Hollow Idle Indigo Ivory Last Late
Little Lonely Long Lost Low Lucid Midnight Narrow New Northern Old Open Pale Paper Plain Quiet Red Restless Rising
Rough Scarlet Second Sharp Shallow Silent Silver Simple Slow Small Soft Southern Still Strange Sudden Summer Tender
Thin Velvet Violet Warm White Wide Wild Winter Wooden Yellow

Anchor Arrow Ash Autumn Avenue Bay Bell Bird Bloom Bridge Canyon Cedar Circle City Coast Corner Current Dawn Delta
Door Dust Echo Ember Engine Field Fire Flame Flood Forest Fountain Garden Gate Ghost Harbor Heart Hill Home Horizon
House Island Journey Lake Lantern Letter Light Line Mirror Moon Morning Mountain Night Ocean Orbit Orchard Path Pine
Planet Prairie Rain River Road Room Rose Sail Sea Season Shadow Shore Signal Silence Sky Smoke Snow Song Sparrow
Spring Star Station Stone Storm Street Summit Sun Thread Thunder Tide Tower Train Valley Voice Wave Willow Wind Window
Wing Wire Wolf Year

Ada Alma Anders Anya Benito Callum Carmen Celia Dario Dina Edith Elias Elena Emil Esther Farah Felix Greta Hana Hugo
Ida Ines Ivo Jonas June Kamal Kira Lars Leila Lena Lorenzo Mae Malik Marta Mateo Mira Nadia Nils Noor Odessa Omar
Paloma Petra Quentin Rafael Renata Rosa Ruben Sami Selma Silas Sofia Tamsin Tariq Thea Tomas Uma Vera Viggo Willa Yara
Yusuf Zadie Zora

Abara Alder Arden Barrow Bexley Calloway Castellan Corrigan Dahl Delacroix Devane Ellery Escobedo Fairbairn Falk
Fenwick Garrity Halloran Hartley Ibarra Iversen Jansson Keane Kestrel Kovac Lachlan Lindqvist Lockhart Marchetti
Marlowe Merrin Montero Nakata Nordahl Okafor Ortega Pellerin Penrose Quintero Radley Renner Rosen Saavedra Sandoval
Sinclair Solano Strand Tarrant Thorne Underhill Valdez Vance Varga Wexford Whitlock Winslow Yardley Zeller

Arrows Bells Brothers Cartographers Cousins Drifters Embers Foxes Gardens Harbors Herons Islands Kites Lanterns
Letters Lovers Mirrors Neighbors Orchards Parades Pilots Rivers Sailors Shadows Signals Sisters Sparrows Strangers
Swimmers Tides Travelers Valleys Waves Windows Wolves
"""
_ADJECTIVES, _NOUNS, _FIRST, _LAST, _PLURALS = (words.split() for words in _LISTS.split("\n\n"))
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 22
_DEMO = "demo"
"""No id of Spotify's begins so: they are 128 bits in base 62, and end at 7N42dgm5tFLK9N8MT7fHC7. Before the demo had
the prefix its ids were drawn whole; the tracks, their order by id and the splits that hang on it are still the same."""

_ARTIST_PATTERNS = ("{first} {last}", "{first} {last}", "The {plural}", "{adjective} {plural}", "{adjective} {noun}")
_TITLE_PATTERNS = (
    "{adjective} {noun}", "{adjective} {noun}", "{noun}", "The {noun}", "{noun} and {other}", "{noun} in the {other}",
    "Under the {noun}", "{adjective} {noun}, {adjective2} {other}", "No {noun} Tonight", "All the {adjective} {plural}",
    "Before the {noun}", "Letter to {first}", "{first}'s {noun}", "Where the {noun} Ends", "A {noun} for {first}",
)  # fmt: skip


def _fill(patterns: tuple[str, ...], rng: np.random.Generator) -> str:
    draws = [int(draw) for draw in rng.integers(2**31, size=8)]  # one call: scalar draws would dominate the demo's time

    def pick(words: list[str]) -> str:
        return words[draws.pop() % len(words)]

    noun = pick(_NOUNS)
    adjective = pick(_ADJECTIVES)
    return patterns[draws.pop() % len(patterns)].format(
        noun=noun,
        other=pick([word for word in _NOUNS if word != noun]),
        adjective=adjective,
        adjective2=pick([word for word in _ADJECTIVES if word != adjective]),
        plural=pick(_PLURALS),
        first=pick(_FIRST),
        last=pick(_LAST),
    )


def _distinct(count: int, draw: Callable[[], str]) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < count:
        found[draw()] = None
    return list(found)


def artist_names(count: int, rng: np.random.Generator) -> list[str]:
    """Distinct names of people and bands; ``count`` up to a few thousand."""
    return _distinct(count, lambda: _fill(_ARTIST_PATTERNS, rng))


def track_titles(count: int, rng: np.random.Generator) -> list[str]:
    """Distinct titles, so that no two demo tracks could be taken for one; ``count`` up to several thousand."""
    return _distinct(count, lambda: _fill(_TITLE_PATTERNS, rng))


def track_ids(count: int, rng: np.random.Generator) -> list[str]:
    """Distinct ids of 22 base-62 characters, the shape of Spotify's, that `is_demo_id` knows from those."""
    return [_DEMO + drawn for drawn in _distinct(count, lambda: _digits(rng))]


def is_demo_id(track_id: str) -> bool:
    """Whether a track is an invented one, which nobody else can find by this id."""
    return len(track_id) == _ID_LENGTH and track_id.startswith(_DEMO)


def _digits(rng: np.random.Generator) -> str:
    drawn = rng.integers(62, size=_ID_LENGTH)  # all of them, though the prefix takes the place of some: see _DEMO
    return "".join(_BASE62[digit] for digit in drawn[: _ID_LENGTH - len(_DEMO)])

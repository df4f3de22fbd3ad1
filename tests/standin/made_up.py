"""A catalogue of any size that is computed, not stored: a track is a function of its number and of the seed.

A recording ``r`` has up to four ids: the keys ``4 r + variant``. Ids and ISRCs can be turned back into keys, so that
nothing needs to be kept. Negative keys stand for vanished entries (-1), local files and episodes.
"""

import hashlib
import uuid
from collections.abc import Mapping
from functools import lru_cache

from tests.standin.rates import Rates
from tests.standin.tracks import Track

VANISHED = -1
VARIANTS = 4
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DIGIT = {character: value for value, character in enumerate(_BASE62)}
_PAIRS = [first + second for first in _BASE62 for second in _BASE62]
_IDS = 62**22
_FACTOR = 0x9E3779B97F4A7C15F39CC0605CEDC834 | 1  # odd and not divisible by 31: invertible modulo 62**22
_INVERSE = pow(_FACTOR, -1, _IDS)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_WORDS = """
River Lantern Harbor Signal Ember Orchard Window Summit Wire Valley Thread Canyon Dawn Mirror Engine Field

Amber Quiet Broken Velvet Northern Paper Lucid Hollow Golden Idle Restless Scarlet Pale Wild Slow Deep
"""
_NOUNS, _ADJECTIVES = (words.split() for words in _WORDS.split("\n\n"))
_LOCAL, _EPISODE = 2, 3  # residues of negative keys


class MadeUpCatalogue:
    """Recordings 0 to ``n_recordings - 1``, all from a seed."""

    def __init__(self, n_recordings: int, seed: int, rates: Rates) -> None:
        self.n_recordings = n_recordings
        self.rates = rates
        self._seed = seed
        self._offset = int.from_bytes(self._digest("ids", 0), "big") % _IDS
        self._registrant = "".join(_LETTERS[byte % 26] for byte in self._digest("registrant", 0)[:3])
        self._namespace = uuid.UUID(bytes=self._digest("uuids", 0)[:16])

    def entry(self, key: int) -> Track | None:
        """What stands at a key."""
        if key >= 0:
            return self._track(key)
        if key == VANISHED:
            return None
        return self._local(key) if -key % VARIANTS == _LOCAL else self._episode(key)

    def find(self, track_id: str) -> Track | None:
        """The track of an id."""
        key = self.key_of(track_id)
        return None if key is None else self._track(key)

    def key_of(self, track_id: str) -> int | None:
        """The key of an id."""
        if len(track_id) != 22 or not all(character in _DIGIT for character in track_id):
            return None
        number = 0
        for character in track_id:
            number = number * 62 + _DIGIT[character]
        key = (number - self._offset) * _INVERSE % _IDS
        return key if key < self.n_recordings * VARIANTS else None

    def by_isrc(self, isrc: str) -> list[Track]:
        """All tracks of an ISRC: one, or the two that ReccoBeats has of some."""
        if len(isrc) != 12 or isrc[:5] != f"QZ{self._registrant}" or not isrc[5:].isdigit():
            return []
        recording = int(isrc[7:]) + 100_000 * int(isrc[5:7])
        if recording >= self.n_recordings or self._share("isrc", recording) < self.rates.without_isrc:
            return []
        twice = self._share("twice", recording) < self.rates.twice_at_reccobeats
        return [self._track(VARIANTS * recording + variant) for variant in range(2 if twice else 1)]

    def uuid(self, track: Track) -> str:
        """A number that can be turned back: half of it tells the seed, half the key."""
        key = self.key_of(track.track_id) or 0
        return str(uuid.UUID(bytes=self._namespace.bytes[:8] + key.to_bytes(8, "big")))

    def by_uuid(self, uuid_: str) -> Track | None:
        """The track of a number that `uuid` gave."""
        try:
            number = uuid.UUID(uuid_).bytes
        except ValueError:
            return None
        key = int.from_bytes(number[8:], "big")
        known = number[:8] == self._namespace.bytes[:8] and key < self.n_recordings * VARIANTS
        return self._track(key) if known else None

    def features(self, track: Track) -> Mapping[str, float] | None:
        """Values of plausible ranges, the same for every id of a recording."""
        if track.kind != "track" or self._share("features", track.recording) >= self.rates.with_features:
            return None
        share = [byte / 255 for byte in self._digest("values", track.recording)]
        return {
            "acousticness": round(share[0] ** 2, 6),
            "danceability": round(0.1 + 0.85 * share[1], 3),
            "duration_ms": track.duration_ms,
            "energy": round(share[2], 3),
            "instrumentalness": round(share[3] ** 6, 6),
            "key": int(11.99 * share[4]),
            "liveness": round(0.03 + 0.9 * share[5] ** 3, 4),
            "loudness": round(-30.0 * share[6] ** 2 - 2.0, 3),
            "mode": int(share[7] < 0.6),
            "speechiness": round(0.025 + 0.6 * share[8] ** 4, 4),
            "tempo": round(60.0 + 140.0 * share[9], 3),
            "time_signature": 4 if share[10] < 0.9 else 3,
            "valence": round(share[11], 3),
        }

    def at_reccobeats(self, track: Track) -> bool:
        """Whether ReccoBeats knows it: a share of those that have features."""
        return (
            track.kind == "track"
            and self._share("reccobeats", track.recording) < self.rates.at_reccobeats
            and self._share("features", track.recording) < self.rates.with_features
        )

    def search(self, words: str, limit: int) -> list[Track]:
        """The first recordings that have the words in title or artist; only a few hundred are looked at."""
        if words.startswith("isrc:"):
            return self.by_isrc(words.removeprefix("isrc:"))[:limit]
        wanted = words.lower()
        looked = (self._track(VARIANTS * recording) for recording in range(min(self.n_recordings, 500)))
        return [track for track in looked if wanted in f"{track.track_name} {track.artists[0][1]}".lower()][:limit]

    def chance(self, name: str, number: int) -> float:
        """A share in [0, 1) that depends on the seed, a name and a number alone."""
        return self._share(name, number)

    def _track(self, key: int) -> Track:
        recording, variant = divmod(key, VARIANTS)
        draw = self._digest("track", recording)
        artist = int.from_bytes(draw[0:2], "big") % max(self.n_recordings // 12, 8)
        artists = [artist, artist + 1] if draw[2] < 25 else [artist]
        album = 100 * artist + draw[3] % 6
        year = 1960 + draw[4] * 64 // 255
        known = self._share("isrc", recording) >= self.rates.without_isrc
        return Track(
            track_id=self._id(key),
            track_name=f"{_ADJECTIVES[draw[5] % 16]} {_NOUNS[draw[6] % 16]} {recording}",
            artists=tuple((self._id(_IDS // 2 + number), _artist_name(number)) for number in artists),
            album_id=self._id(_IDS // 3 + VARIANTS * album + variant),
            album_name=f"{_NOUNS[draw[7] % 16]} No. {album}",
            duration_ms=90_000 + 1_000 * int.from_bytes(draw[8:10], "big") % 300_000 + 311 * variant,
            recording=recording,
            isrc=f"QZ{self._registrant}{recording // 100_000:02d}{recording % 100_000:05d}" if known else None,
            release_date=f"{year}" if draw[10] < 20 else f"{year}-{1 + draw[11] % 12:02d}-{1 + draw[12] % 28:02d}",
            explicit=draw[13] < 40,
            popularity=draw[14] * 100 // 255,
            linked_from=self._id(key - variant) if variant else None,
        )

    def _local(self, key: int) -> Track:
        return Track("", f"Demo Tape {-key}", (("", "The Garage"),), "", "Tapes", 200_000, key, kind="local")

    def _episode(self, key: int) -> Track:
        show = ((self._id(_IDS // 2 - 1), "The Talk"),)
        track_id, show_id = self._id(_IDS // 4 - key), self._id(_IDS // 4)
        return Track(track_id, f"Episode {-key}", show, show_id, "The Talk", 3_600_000, key, kind="episode")

    def _id(self, number: int) -> str:
        return _base62((number * _FACTOR + self._offset) % _IDS)

    def _share(self, name: str, number: int) -> float:
        return int.from_bytes(self._digest(name, number)[:6], "big") / 2**48

    def _digest(self, name: str, number: int) -> bytes:
        return _digest(f"{self._seed} {name} {number}")


def local_key(number: int) -> int:
    """The key of a local file."""
    return -(VARIANTS * number + VARIANTS + _LOCAL)


def episode_key(number: int) -> int:
    """The key of an episode."""
    return -(VARIANTS * number + VARIANTS + _EPISODE)


@lru_cache(maxsize=4096)
def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=32).digest()


@lru_cache(maxsize=32_768)
def _base62(number: int) -> str:
    """22 characters; artists and albums come again and again."""
    pairs = []
    for _ in range(11):
        number, pair = divmod(number, 3844)
        pairs.append(_PAIRS[pair])
    return "".join(reversed(pairs))


def _artist_name(number: int) -> str:
    return f"The {_ADJECTIVES[number % 16]} {_NOUNS[number // 16 % 16]}s {number // 256 or ''}".strip()

"""A catalogue of tracks that are given one by one: that of the demo listener, or of a JSON file."""

import math
import uuid
from collections.abc import Mapping, Sequence

from tests.standin.tracks import Track

_NAMESPACE = uuid.UUID("7a2f6f0e-2f0f-4c57-9d7e-6d3a1f1f5c11")


class ListedCatalogue:
    """Tracks by their place in a list, with or without features.

    Parameters
    ----------
    tracks : sequence of Track or None
        None stands for an entry whose track has vanished.
    features : mapping of str to mapping
        By track id; values that are NaN make the whole analysis missing.
    """

    def __init__(self, tracks: Sequence[Track | None], features: Mapping[str, Mapping[str, float]]) -> None:
        self._tracks = list(tracks)
        self._keys = {track.track_id: key for key, track in enumerate(tracks) if track is not None and track.track_id}
        self._features = {
            track_id: values for track_id, values in features.items() if not any(map(math.isnan, values.values()))
        }
        self._by_uuid = {self._uuid(track_id): track_id for track_id in self._keys}
        self._by_isrc: dict[str, list[Track]] = {}
        for track in tracks:
            if track is not None and track.isrc:
                self._by_isrc.setdefault(track.isrc, []).append(track)

    def entry(self, key: int) -> Track | None:
        """What stands at a place."""
        return self._tracks[key]

    def find(self, track_id: str) -> Track | None:
        """The track of an id."""
        key = self._keys.get(track_id)
        return None if key is None else self._tracks[key]

    def key_of(self, track_id: str) -> int | None:
        """The place of an id."""
        return self._keys.get(track_id)

    def by_isrc(self, isrc: str) -> Sequence[Track]:
        """All tracks of an ISRC."""
        return self._by_isrc.get(isrc, [])

    def by_uuid(self, uuid_: str) -> Track | None:
        """The track of one of ReccoBeats' own ids."""
        return self.find(self._by_uuid.get(uuid_, ""))

    def uuid(self, track: Track) -> str:
        """ReccoBeats' own id of a track."""
        return self._uuid(track.track_id)

    def features(self, track: Track) -> Mapping[str, float] | None:
        """Its audio features, where they are known."""
        return self._features.get(track.track_id)

    def at_reccobeats(self, track: Track) -> bool:
        """Whatever has features is known to ReccoBeats."""
        return track.track_id in self._features

    def search(self, words: str, limit: int) -> list[Track]:
        """Tracks whose title or first artist holds the words, or ``isrc:CODE``."""
        if words.startswith("isrc:"):
            return list(self.by_isrc(words.removeprefix("isrc:")))[:limit]
        known = (track for track in self._tracks if track is not None and track.kind == "track")
        wanted = words.lower()
        return [track for track in known if wanted in f"{track.track_name} {track.artists[0][1]}".lower()][:limit]

    @staticmethod
    def _uuid(track_id: str) -> str:
        return str(uuid.uuid5(_NAMESPACE, track_id))

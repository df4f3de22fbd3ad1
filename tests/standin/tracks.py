"""What the stand-in services know of a track, and the catalogues that know it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import quote_plus

FEATURES = (
    "acousticness", "danceability", "duration_ms", "energy", "instrumentalness", "key", "liveness", "loudness", "mode",
    "speechiness", "tempo", "time_signature", "valence",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Track:
    """One track, episode or local file as Spotify lists it.

    ``track_id`` is empty for local files. ``artists`` are pairs of id and name. ``recording`` is the same for all
    ids of one recording. ``linked_from`` is the id that this one replaced.
    """

    track_id: str
    track_name: str
    artists: tuple[tuple[str, str], ...]
    album_id: str
    album_name: str
    duration_ms: int
    recording: int
    isrc: str | None = None
    release_date: str = "2001-02-03"
    explicit: bool = False
    popularity: int = 50
    kind: Literal["track", "local", "episode"] = "track"
    linked_from: str | None = None

    @property
    def uri(self) -> str:
        """Spotify's address of it."""
        if self.kind == "local":
            parts = (self.artists[0][1] if self.artists else "", self.album_name, self.track_name)
            return ":".join(["spotify:local", *map(quote_plus, parts), str(self.duration_ms // 1000)])
        return f"spotify:{self.kind}:{self.track_id}"


@dataclass(frozen=True, slots=True)
class Feedback:
    """One love (1) or hate (-1) at ListenBrainz; ``created`` in unix seconds; either id may be missing."""

    score: int
    created: int
    track_name: str
    artist_name: str
    release_name: str | None
    recording_mbid: str | None
    recording_msid: str


class Catalogue(Protocol):
    """All that a service can be asked about; entries of likes and playlists are keys into it."""

    def entry(self, key: int) -> Track | None:
        """What stands at a key; None for an entry whose track has vanished."""

    def find(self, track_id: str) -> Track | None:
        """The track of an id; None where there is none."""

    def key_of(self, track_id: str) -> int | None:
        """The key of an id; None where there is none."""

    def by_isrc(self, isrc: str) -> Sequence[Track]:
        """All tracks of an ISRC."""

    def by_uuid(self, uuid: str) -> Track | None:
        """The track of one of ReccoBeats' own ids."""

    def uuid(self, track: Track) -> str:
        """ReccoBeats' own id of a track."""

    def features(self, track: Track) -> Mapping[str, float] | None:
        """Its `FEATURES` at Spotify; None where they were never analysed."""

    def at_reccobeats(self, track: Track) -> bool:
        """Whether ReccoBeats knows it."""

    def search(self, words: str, limit: int) -> list[Track]:
        """Tracks whose title or artist holds the words, or ``isrc:CODE``."""

"""Spotify's own features, for the few apps that may still have them.

New apps may not since November 2024, and none in development mode since February 2026: the answer is 403. It is
remembered for a month, so that nobody pays a call each time for being told no. A rate limit or a failing server says
nothing about it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from connectors.audio_features.links import Answer, Wanted
from connectors.audio_features.values import known_values
from connectors.http.faults import Forbidden, SignInNeeded
from connectors.library.library import Library
from features.columns import AUDIO_FEATURES

BATCH: Final = 100
"""Most ids that Spotify takes in a call."""

PROBE_AGAIN_AFTER: Final = timedelta(days=30)
_CLOSED: Final = frozenset({"features_closed", "removed_endpoint"})
_KEY: Final = "spotify:audio_features"


class FeatureClient(Protocol):
    """What is needed of ``connectors.spotify.client.SpotifyClient``."""

    @property
    def calls(self) -> int:
        """Requests sent so far."""

    def audio_features(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
        """Features by id, at most 100 ids; raises ``Forbidden("features_closed")`` where they are closed."""


class SpotifyFeatures:
    """The link that asks Spotify.

    Parameters
    ----------
    library : Library
        Remembers whether the app may ask.
    connect : callable
        Signs in; called only if there is something to ask, and may raise ``SignInNeeded``: who has not signed in gets
        features elsewhere.
    app : str
        The app's client id: another app may have other rights.
    clock : callable
        Gives the time, in UTC.
    """

    source: Final = "spotify"
    provides: Final = frozenset(AUDIO_FEATURES)
    remembers: Final = True

    def __init__(
        self,
        library: Library,
        connect: Callable[[], FeatureClient],
        *,
        app: str = "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._library = library
        self._connect = connect
        self._clock = clock
        self._key = f"{_KEY}:{app}"
        self._client: FeatureClient | None = None
        self._calls_before = 0
        self._notes: list[str] = []

    @property
    def calls(self) -> int:
        """Requests sent for features."""
        return self._client.calls - self._calls_before if self._client else 0

    @property
    def notes(self) -> tuple[str, ...]:
        """Why Spotify was not asked, where that is news."""
        return tuple(self._notes)

    def can_ask(self, wanted: Wanted) -> bool:
        """Spotify knows its own ids alone."""
        return wanted.spotify_id is not None

    def answers(self, wanted: Sequence[Wanted]) -> Iterator[Answer]:
        """Ask in batches of 100, unless this app was told within the last month that it may not."""
        if not wanted or self._known_closed():
            return
        try:
            yield from self._ask(wanted)
        except SignInNeeded as error:  # nobody has signed in, or the sign-in has ended meanwhile
            self._notes.append(f"spotify: not asked for features ({error.message})")

    def _ask(self, wanted: Sequence[Wanted]) -> Iterator[Answer]:
        client = self._client = self._connect()
        self._calls_before = client.calls
        for start in range(0, len(wanted), BATCH):
            batch = wanted[start : start + BATCH]
            try:
                given = client.audio_features([one.spotify_id for one in batch if one.spotify_id])
            except Forbidden as error:
                if error.reason not in _CLOSED:
                    raise
                self._remember(is_open=False)
                self._notes.append(
                    "spotify: features are closed to this app (they are to all new ones); asked again in a month"
                )
                return
            self._remember(is_open=True)
            yield _answer(batch, given)

    def _known_closed(self) -> bool:
        known = self._library.recall(self._key)
        if known is None or known["open"]:
            return False
        # A clock that had been ahead does not put it off until then.
        return timedelta(0) <= self._clock() - datetime.fromisoformat(known["at"]) < PROBE_AGAIN_AFTER

    def _remember(self, *, is_open: bool) -> None:
        known = self._library.recall(self._key)
        if not is_open or known is None or not known["open"]:
            self._library.remember(self._key, {"open": is_open, "at": self._clock().isoformat()})


def _answer(batch: Sequence[Wanted], given: Mapping[str, Mapping[str, float]]) -> Answer:
    found: dict[str, Mapping[str, float]] = {}
    dropped = 0
    for one in batch:
        values, wrong = known_values(given.get(one.spotify_id or "", {}))
        dropped += wrong
        if values:
            found[one.track_id] = values
    return Answer(batch, found, dict.fromkeys(found, "id"), dropped)

"""What can be asked of a ranking: which tracks may be kept, where the cut is, what of it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, get_args

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from earmark.page.lists import DEMO
from earmark.page.rankers import CHAMPION
from earmark.page.uploads import MAX_ROWS
from features.columns import AUDIO_FEATURES
from features.schema import COLUMNS

LIKELY: Final = "like_probability"
Sort = Literal[
    "like_probability",
    "track_name",
    "artist_name",
    "acousticness",
    "danceability",
    "duration_ms",
    "energy",
    "instrumentalness",
    "key",
    "liveness",
    "loudness",
    "mode",
    "speechiness",
    "tempo",
    "time_signature",
    "valence",
]
SORTS: Final[tuple[str, ...]] = get_args(Sort)
ROWS: Final = 100
"""Tracks on a page."""


@dataclass(frozen=True)
class Filters:
    """Which candidates may be kept at all; what is promised is promised of these.

    Parameters
    ----------
    per_artist : int, optional
        At most so many of one artist, the best of those that pass the other filters.
    hide_known, hide_explicit : bool
    minimums : tuple of (str, float)
        Audio features and the least value that they may have; a track of which it is missing does not pass.
    """

    per_artist: int | None = None
    hide_known: bool = False
    hide_explicit: bool = False
    minimums: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Cut:
    """Where the kept tracks end: at most one is given; without any, the ranker's own cut.

    Parameters
    ----------
    min_precision, top, threshold
        As of `Ranker.rank`.
    """

    min_precision: float | None = None
    top: int | None = None
    threshold: float | None = None


@dataclass(frozen=True)
class Shown:
    """Which of the candidates are shown, in which order; what is kept does not depend on it.

    Parameters
    ----------
    q : str
        Words that the title or the artist must have; case and accents do not count.
    sort : str
        One of `SORTS`.
    reverse : bool
        The other way round: names from Z to A, numbers from the smallest.
    kept_only : bool
    """

    q: str = ""
    sort: str = LIKELY
    reverse: bool = False
    kept_only: bool = False


def _at_least(name: str) -> Any:
    """A parameter for the least value of a feature."""
    info = COLUMNS[name]
    return Field(None, ge=info.low, le=info.high, allow_inf_nan=False, description=f"least {name} ({info.unit})")


class CutQuery(BaseModel):
    """The parameters of a ranking; empty ones, as forms send them, count as not given."""

    model_config = ConfigDict(populate_by_name=True)

    list_id: str = Field(DEMO, alias="list", max_length=40, description="a list's id")
    model: str = Field(CHAMPION, max_length=40, description="champion or a run id")
    min_precision: float | None = Field(
        None, gt=0, le=1, allow_inf_nan=False, description="share of likes wanted among the kept"
    )
    top: int | None = Field(None, ge=1, le=MAX_ROWS, description="how many to keep")
    threshold: float | None = Field(None, ge=0, le=1, allow_inf_nan=False, description="least like probability")
    per_artist: int | None = Field(None, ge=1, le=100, description="most tracks of one artist")
    hide_known: bool = Field(default=False, description="without tracks that the ranker learned from")
    hide_explicit: bool = Field(default=False, description="without explicit tracks")
    min_acousticness: float | None = _at_least("acousticness")
    min_danceability: float | None = _at_least("danceability")
    min_duration_ms: float | None = _at_least("duration_ms")
    min_energy: float | None = _at_least("energy")
    min_instrumentalness: float | None = _at_least("instrumentalness")
    min_key: float | None = _at_least("key")
    min_liveness: float | None = _at_least("liveness")
    min_loudness: float | None = _at_least("loudness")
    min_mode: float | None = _at_least("mode")
    min_speechiness: float | None = _at_least("speechiness")
    min_tempo: float | None = _at_least("tempo")
    min_time_signature: float | None = _at_least("time_signature")
    min_valence: float | None = _at_least("valence")

    @model_validator(mode="before")
    @classmethod
    def _given(cls, values: Any) -> Any:
        return {name: value for name, value in values.items() if value != ""} if isinstance(values, Mapping) else values

    @property
    def filters(self) -> Filters:
        """Which candidates may be kept."""
        least = ((name, getattr(self, f"min_{name}")) for name in AUDIO_FEATURES)
        minimums = tuple((name, value) for name, value in least if value is not None)
        return Filters(self.per_artist, self.hide_known, self.hide_explicit, minimums)

    @property
    def cut(self) -> Cut:
        """Where the kept tracks end."""
        return Cut(self.min_precision, self.top, self.threshold)

    def given(self, **changed: object) -> dict[str, object]:
        """The parameters that differ from their defaults, under their names in addresses, with these changed."""
        values = self.model_dump(by_alias=True, exclude_defaults=True) | changed
        return {name: _plain(value) for name, value in values.items() if value is not None}


class RankingQuery(CutQuery):
    """`CutQuery`, and what of the ranking is shown."""

    q: str = Field("", max_length=200, description="words in the title or the artist's name")
    sort: Sort = Field(LIKELY, description="names from A to Z, numbers from the largest")
    reverse: bool = Field(default=False, description="the other way round")
    kept_only: bool = Field(default=False, description="only the kept tracks")
    page: int = Field(1, ge=1, le=MAX_ROWS)
    per_page: int = Field(ROWS, ge=1, le=500)

    @property
    def shown(self) -> Shown:
        """Which of the candidates are shown, in which order."""
        return Shown(self.q, self.sort, self.reverse, self.kept_only)


AskedCut = Annotated[CutQuery, Query()]
"""The parameters of a cut, of a route."""
Asked = Annotated[RankingQuery, Query()]
"""The parameters of a ranking, of a route."""


def _plain(value: object) -> object:
    """A value as it stands in an address."""
    if isinstance(value, bool):
        return "true" if value else None
    return f"{value:.12g}" if isinstance(value, float) else value

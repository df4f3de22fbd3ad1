"""What the verdicts' JSON is made of."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from earmark.page.lists import DEMO
from earmark.page.rankers import CHAMPION

Word = Literal["keep", "skip"]
AskedList = Annotated[str, Query(alias="list", max_length=40, description="a list's id")]
AskedModel = Annotated[str, Query(max_length=40, description="champion or a run id")]
AskedTrack = Annotated[str, Query(max_length=500, description="a track_id of the list")]


class Say(BaseModel):
    """A verdict on a track of a list."""

    model_config = ConfigDict(populate_by_name=True)

    list_id: str = Field(DEMO, alias="list", max_length=40, description="a list's id")
    track: str = Field(max_length=500, description="a track_id of the list")
    verdict: Word
    model: str = Field(CHAMPION, max_length=40, description="whose ranking it was said in; changes nothing")


class TrackVerdict(BaseModel):
    """What is said of a track now.

    Parameters
    ----------
    list_id, track_id : str
    title : str
        The track's name, or its id.
    verdict : {"keep", "skip"} or None
    before : {"keep", "skip"} or None
        What was said until then.
    also : list of str
        Other ids of the recording, of which the same is said: those in the list, and those that it was said under.
    """

    list_id: str = Field(serialization_alias="list")
    track_id: str
    title: str
    verdict: Word | None
    before: Word | None
    also: list[str] = []


class GivenVerdict(BaseModel):
    """A verdict, the id that it was given under, and when (ISO 8601 in UTC)."""

    track_id: str
    verdict: Word
    at: str


class Verdicts(BaseModel):
    """All verdicts that count where this list is learned from.

    Parameters
    ----------
    list_id : str
    source : {"page", "page_demo"}
        What the library keeps them under.
    verdicts : list of GivenVerdict
        The newest first.
    since_last_train : int
        How many of them were given after the model's train began.
    """

    list_id: str = Field(serialization_alias="list")
    source: str
    verdicts: list[GivenVerdict]
    since_last_train: int


class TrackToAsk(BaseModel):
    """A track worth asking about.

    Parameters
    ----------
    rank, track_id, track_name, artist_name, like_probability, predicted_like, known
        As in a ranking.
    explicit : bool
    verdict : {"keep", "skip"} or None
    uncertainty : float
        In [0, 1]; 1 where a like is as likely as not.
    why : str
        What speaks most for asking about it.
    """

    rank: int
    track_id: str
    track_name: str | None
    artist_name: str | None
    like_probability: float
    predicted_like: bool
    known: bool
    explicit: bool
    verdict: Word | None
    uncertainty: float
    why: str


class Asking(BaseModel):
    """The tracks worth asking about, the most informative first.

    Parameters
    ----------
    list_id, model : str
        The model as a run id.
    tracks : list of TrackToAsk
    answers_since_last_train : int
    """

    list_id: str = Field(serialization_alias="list")
    model: str
    tracks: list[TrackToAsk]
    answers_since_last_train: int


class Measured(BaseModel):
    """What the answers since a train add to it.

    Parameters
    ----------
    state : {"none", "running", "done", "failed"}
        "none" where it was not measured for the answers as they are now.
    words : str
        The result, or what went wrong.
    hint : str
        The mend, where something did.
    n_answers : int
        Answers since the train.
    before, after, difference, low, high : float or None
        ROC AUC without and with the answers, and its gain with a 95 % interval.
    """

    state: Literal["none", "running", "done", "failed"]
    words: str = ""
    hint: str = ""
    n_answers: int
    before: float | None = None
    after: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None

"""What is asked about: a track of a list, by a ranker."""

from typing import Annotated

from fastapi import Query

from earmark.page.lists import DEMO
from earmark.page.rankers import CHAMPION
from earmark.page.uploads import LONGEST_ID

ListId = Annotated[str, Query(alias="list", max_length=64, description="a list of candidates: /api/v1/lists")]
Model = Annotated[str, Query(max_length=64, description="champion, or a run's id: /api/v1/models")]
TrackId = Annotated[
    str, Query(alias="track", min_length=1, max_length=LONGEST_ID, description="a track_id of the list")
]

__all__ = ["CHAMPION", "DEMO", "ListId", "Model", "TrackId"]

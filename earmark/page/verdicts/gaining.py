"""Which answers a measure of the gain is about."""

from earmark.page.desk import Desk
from earmark.page.verdicts.book import since, source_of
from earmark.page.verdicts.giving import entry_of
from earmark.page.verdicts.measuring import Answers
from earmark.verdicts import verdict_source
from features.errors import InputError


def answers_since(desk: Desk, list_id: str, model: str) -> Answers:
    """The answers on such lists that were given since the model's train began.

    Raises
    ------
    NotFoundError
        If there is no such list or ranker.
    InputError
        If there are no answers, or the model cannot learn from them.
    """
    desk.lists.get(list_id)
    entry, source = entry_of(desk, model), source_of(list_id)
    if verdict_source(entry.source) != source:
        raise InputError(
            "answers on the demo's tracks count only for a model of the demo, and others only for other models",
            "choose a list and a model that belong together",
        )
    began = since(entry.trained)
    new = ((track_id, said.verdict) for track_id, said in desk.verdicts.said(source).items() if said.at > began)
    return Answers(entry.run_id, source, tuple(sorted(new)))

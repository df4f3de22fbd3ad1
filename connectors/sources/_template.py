"""A template: copy this file to ``connectors/sources/<name>.py`` and fill it in. Nothing else has to be edited.

The registry walks this folder and skips modules whose name starts with ``_``. The tests under ``tests/connectors`` try
every source that it finds, so yours is tested the moment it exists; add a test of its own for what it reads.
"""

from dataclasses import dataclass

import pandas as pd

from connectors.registry import SourceSpec
from connectors.source import Reading, SourceRequest, TrackSource

# Keep heavy imports (a web client, a database driver) inside the functions that use them: opening a source must be
# quick. A package that only this source needs is one line under optional-dependencies in pyproject.toml.


@dataclass
class Template:
    """One line on where the tracks come from.

    Parameters
    ----------
    request : SourceRequest
        What the user asked for. Most sources need little of it: ``seed`` is for those that generate, ``label`` for
        tables. Where ``labels`` is False, leave out ``liked``.
    """

    request: SourceRequest
    name: str = "_template"  # the module's name

    def read(self) -> Reading:
        """Fetch the tracks.

        Raises
        ------
        InputError
            For what the user can mend (exit code 2): a wrong path, a missing login. Say what, where, and the mend.
        ServiceError
            For a service that failed (exit code 3).
        """
        return parse_tracks([{"id": "11dFghVXANMlKmJXsNCbNl", "name": "Cut To The Feeling", "tempo": 116.0}])


def parse_tracks(answers: list[dict[str, object]]) -> Reading:
    """Pure: what the service answered to canonical columns, so that tests replay recorded answers without a network.

    Columns carry the names and units of ``features.schema``; what the source does not know is left out, never made up.
    ``liked`` is 1, 0 or missing, and absent where the source knows nothing about likes. Validation comes later, in one
    place for all sources. Whatever was recognised or converted is one line each in ``notes``.
    """
    tracks = pd.DataFrame(answers).rename(columns={"id": "track_id", "name": "track_name"})
    return Reading(tracks, notes=(f"{len(tracks)} track(s) from the template",))


def _open(request: SourceRequest) -> TrackSource:
    return Template(request)


SOURCE = SourceSpec(name="_template", summary="an example of a source, with one track", open=_open)

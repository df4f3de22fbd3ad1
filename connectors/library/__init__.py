"""The store of pulled tracks, features and evidence (SQLite by default, PostgreSQL by URL)."""

from connectors.library.library import Library
from connectors.library.play_columns import PlayColumns
from connectors.library.rows import EvidenceRow, FeatureRow, MadePlaylist, Outcome, PlayRow, TrackRow
from connectors.library.verdicts import Said, Step

__all__ = [
    "EvidenceRow",
    "FeatureRow",
    "Library",
    "MadePlaylist",
    "Outcome",
    "PlayColumns",
    "PlayRow",
    "Said",
    "Step",
    "TrackRow",
]

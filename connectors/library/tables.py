"""The tables of the library's database; ``migrations/`` makes them, and a test holds both to the same.

Times are whole microseconds since 1970 in UTC: both databases keep them exactly, and sort and compare them alike.
"""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, MetaData, Table, Text

METADATA: Final = MetaData()

KEY: Final = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that identifies: compared byte by byte in both databases, whatever the server's language."""


def _track_id() -> Column[str]:
    """What a row is about; it goes when the track goes."""
    return Column("track_id", KEY, ForeignKey("tracks.track_id", ondelete="CASCADE"), primary_key=True)


TRACKS: Final = Table(
    "tracks",
    METADATA,
    Column("track_id", KEY, primary_key=True),
    Column("track_name", Text),
    Column("artist_name", Text),
    Column("album_name", Text),
    Column("isrc", Text),
    Column("duration_ms", Float(53)),
    Column("release_date", Text),
    Column("explicit", Boolean),
    Column("popularity", Float(53)),
    sqlite_with_rowid=False,
)

EVIDENCE: Final = Table(
    "evidence",
    METADATA,
    _track_id(),
    Column("source", KEY, primary_key=True),
    Column("kind", KEY, primary_key=True),
    Column("liked", Boolean, nullable=False),
    Column("weight", Float(53), nullable=False),
    Column("at", BigInteger),
    Column("reason", Text, nullable=False),
    Index("evidence_by_source", "source", "kind"),
    sqlite_with_rowid=False,
)

PLAYS: Final = Table(
    "plays",
    METADATA,
    _track_id(),
    Column("ended_at", BigInteger, primary_key=True),
    Column("ms_played", BigInteger, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason_start", Text),
    Column("reason_end", Text),
    Column("shuffle", Boolean),
    Column("offline", Boolean),
    sqlite_with_rowid=False,
)

FEATURES: Final = Table(
    "features",
    METADATA,
    _track_id(),
    Column("source", KEY, primary_key=True),
    Column("name", KEY, primary_key=True),
    Column("value", Float(53), nullable=False),
    Column("fetched_at", BigInteger, nullable=False),
    Column("matched_by", Text),
    sqlite_with_rowid=False,
)

POSITIONS: Final = Table(
    "positions",
    METADATA,
    Column("source", KEY, primary_key=True),
    Column("stream", KEY, primary_key=True),
    Column("value", Text, nullable=False),
)

NOT_FOUND: Final = Table(
    "not_found",
    METADATA,
    Column("source", KEY, primary_key=True),
    Column("track_id", KEY, primary_key=True),
    Column("until", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

REMEMBERED: Final = Table(
    "remembered",
    METADATA,
    Column("key", KEY, primary_key=True),
    Column("value", Text, nullable=False),
)

MADE_PLAYLISTS: Final = Table(
    "made_playlists",
    METADATA,
    Column("playlist_id", KEY, primary_key=True),
    Column("account", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("uris", Text, nullable=False),
    Column("before", Text),
    Column("snapshot_id", Text),
    Column("pending", Text),
)

PULLS: Final = Table(
    "pulls",
    METADATA,
    Column("source", KEY, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("report", Text, nullable=False),
)

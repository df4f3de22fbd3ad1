"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def track_id() -> sa.Column[str]:
    """What a row is about; it goes when the track goes."""
    return sa.Column("track_id", KEY, sa.ForeignKey("tracks.track_id", ondelete="CASCADE"), primary_key=True)


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "tracks",
        sa.Column("track_id", KEY, primary_key=True),
        sa.Column("track_name", sa.Text),
        sa.Column("artist_name", sa.Text),
        sa.Column("album_name", sa.Text),
        sa.Column("isrc", sa.Text),
        sa.Column("duration_ms", sa.Float(53)),
        sa.Column("release_date", sa.Text),
        sa.Column("explicit", sa.Boolean),
        sa.Column("popularity", sa.Float(53)),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "evidence",
        track_id(),
        sa.Column("source", KEY, primary_key=True),
        sa.Column("kind", KEY, primary_key=True),
        sa.Column("liked", sa.Boolean, nullable=False),
        sa.Column("weight", sa.Float(53), nullable=False),
        sa.Column("at", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("evidence_by_source", "evidence", ["source", "kind"])
    op.create_table(
        "plays",
        track_id(),
        sa.Column("ended_at", sa.BigInteger, primary_key=True),
        sa.Column("ms_played", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("reason_start", sa.Text),
        sa.Column("reason_end", sa.Text),
        sa.Column("shuffle", sa.Boolean),
        sa.Column("offline", sa.Boolean),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "features",
        track_id(),
        sa.Column("source", KEY, primary_key=True),
        sa.Column("name", KEY, primary_key=True),
        sa.Column("value", sa.Float(53), nullable=False),
        sa.Column("fetched_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "positions",
        sa.Column("source", KEY, primary_key=True),
        sa.Column("stream", KEY, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "not_found",
        sa.Column("source", KEY, primary_key=True),
        sa.Column("track_id", KEY, primary_key=True),
        sa.Column("until", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "remembered",
        sa.Column("key", KEY, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "made_playlists",
        sa.Column("playlist_id", KEY, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("uris", sa.Text, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("snapshot_id", sa.Text),
        sa.Column("pending", sa.Text),
    )
    op.create_table(
        "pulls",
        sa.Column("source", KEY, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("report", sa.Text, nullable=False),
    )

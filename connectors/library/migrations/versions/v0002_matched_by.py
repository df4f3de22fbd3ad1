"""How each feature value was matched to its recording; and Spotify's lists are read once more, for their local files.

Of values that are there it is not known how they were matched. Lists whose local files an earlier earmark passed over
would not be read again before they change.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

POSITIONS = sa.table("positions", *(sa.column(name, sa.Text) for name in ("source", "stream", "value")))


def upgrade() -> None:
    """Add the column, and let the next pull walk through every list; what is known of it counts until then."""
    op.add_column("features", sa.Column("matched_by", sa.Text))
    connection, place = op.get_bind(), POSITIONS.c
    spotify = sa.select(place.stream, place.value).where(place.source == "spotify")
    for stream, value in connection.execute(spotify).all():
        this = sa.and_(place.source == "spotify", place.stream == stream)
        listed, _, walk = stream.partition(", ")
        if listed != "likes" and not listed.startswith("playlist "):
            continue
        if walk:  # its first pages are done without their local files
            connection.execute(sa.delete(POSITIONS).where(this))
        else:
            unknown = {"total": -1} if listed == "likes" else {"snapshot": None}
            known = json.dumps(json.loads(value) | unknown, sort_keys=True)
            connection.execute(sa.update(POSITIONS).where(this).values(value=known))

"""What Alembic runs: the steps that are missing, on the connection and within the transaction that it is given."""

from alembic import context

from connectors.library.migrating import VERSION_TABLE
from connectors.library.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
context.run_migrations()

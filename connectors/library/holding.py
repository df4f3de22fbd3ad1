"""One machine at a time: what several machines share a database for, and only one of them may do at once.

A lock file keeps the processes of one machine apart. Those of two machines meet nowhere but in the database.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, func, select


@contextmanager
def hold(engine: Engine, name: str) -> Iterator[bool]:
    """Hold what goes by a name, in a session of its own: when the process dies, the server lets go of it.

    Parameters
    ----------
    engine : Engine
    name : str

    Yields
    ------
    bool
        Whether it is held; False where somebody else has it. A SQLite file is one machine's, so nobody is asked.
    """
    if engine.dialect.name != "postgresql":
        yield True
        return
    # Without a transaction: one that stays open for minutes keeps the server from tidying up.
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.detach()  # it would go back to the pool, and the lock with it
        yield bool(connection.execute(select(func.pg_try_advisory_lock(_key(name)))).scalar())


def _key(name: str) -> int:
    """A name as the 64 bits that PostgreSQL knows its locks by."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)

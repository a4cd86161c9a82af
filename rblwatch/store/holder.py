"""Who works on a database as its daemon.

Owns the words for it. Must not take the hold, nor rely on the tables: they may be another version's.
"""

from __future__ import annotations

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from rblwatch.store import reading
from rblwatch.store.backend import Backend


def holder_of(backend: Backend, connection: Connection) -> str:
    """The daemon that holds a database, as messages name it; what it did not say, nobody can.

    The connection's transaction is spent afterwards.
    """
    return backend.holder() or _from_table(connection) or "it has not said yet who it is"


def _from_table(connection: Connection) -> str | None:
    try:
        row = reading.daemon(connection)
    except DBAPIError:
        return None
    if row is None:
        return None
    return f"host {row.host}, process {row.pid}, since {row.started_at.isoformat(timespec='seconds')}"

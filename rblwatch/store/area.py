"""What every part of the repository has in common: a connection inside a write transaction.

Owns the few ways in which rows are written. Must not know tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite

_INSERTS: Mapping[str, Callable[[Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class Bound:
    """Whatever reads or writes through one connection, inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection


class Area(Bound):
    """One part of the repository, inside a write transaction."""

    def _change(self, statement: Executable) -> int:
        """Execute a change; how many rows it met."""
        return self._connection.execute(statement).rowcount

    def _insert(self, table: Table, values: Mapping[str, object]) -> int | None:
        """Insert a row and give its id; None, and no row, where a unique index already has it."""
        statement = _INSERTS[self._connection.dialect.name](table).values(values).on_conflict_do_nothing()
        id_: int | None = self._connection.execute(statement.returning(table.c.id)).scalar()
        return id_

    def _add(self, table: Table, values: Mapping[str, object]) -> int:
        """Insert a row that no unique index stands against, and give its id."""
        id_: int = self._connection.execute(table.insert().values(values).returning(table.c.id)).scalar_one()
        return id_

    def _save(self, table: Table, values: Mapping[str, object]) -> None:
        """Insert a row, or update the one with the same primary key."""
        keys = [column.name for column in table.primary_key]
        statement = _INSERTS[self._connection.dialect.name](table).values(values)
        rest = {name: statement.excluded[name] for name in values if name not in keys}
        self._connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest))

"""What every part of the repository has in common: a connection inside a write transaction.

Owns the few ways in which rows are written. Must not know tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite

#: Rows by column name, or parameters by their name.
Rows = Sequence[dict[str, object]]

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

    def _insert(self, table: Table, values: dict[str, object]) -> int | None:
        """Insert a row and give its id; None, and no row, where a unique index already has it."""
        inserted = self._insert_all(table, [values])
        return inserted[0].id if inserted else None

    def _insert_all(self, table: Table, rows: Rows, *columns: Column[Any]) -> Sequence[Any]:
        """Insert rows that no unique index has already; these columns of those that were inserted, with their ids."""
        if not rows:
            return []
        statement = _INSERTS[self._connection.dialect.name](table).on_conflict_do_nothing()
        inserted: Sequence[Any] = self._connection.execute(statement.returning(table.c.id, *columns), rows).all()
        return inserted

    def _ensure(self, table: Table, values: dict[str, object]) -> None:
        """Insert a row, unless there is one with the same primary key."""
        statement = _INSERTS[self._connection.dialect.name](table).values(values)
        self._change(statement.on_conflict_do_nothing())

    def _add(self, table: Table, values: Mapping[str, object]) -> int:
        """Insert a row that no unique index stands against, and give its id."""
        id_: int = self._connection.execute(table.insert().values(values).returning(table.c.id)).scalar_one()
        return id_

    def _save(self, table: Table, values: dict[str, object]) -> None:
        """Insert a row, or update the one with the same primary key."""
        self._save_all(table, [values])

    def _save_all(self, table: Table, rows: Rows) -> None:
        """`_save` many rows at once, with the same columns."""
        if not rows:
            return
        keys = [column.name for column in table.primary_key]
        statement = _INSERTS[self._connection.dialect.name](table)
        rest = {name: statement.excluded[name] for name in rows[0] if name not in keys}
        self._connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest), rows)

    def _each(self, statement: Executable, rows: Rows) -> None:
        """Execute a change once for each row of parameters; nothing where there are none."""
        if rows:
            self._connection.execute(statement, rows)

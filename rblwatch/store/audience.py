"""Who there is to be told, and what is muted.

Owns the tables recipient and silence. Must not know what anybody was told, but for forgetting it with him.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from rblwatch.core.routing import Silence
from rblwatch.store import reading
from rblwatch.store.area import Area
from rblwatch.store.schema import recipient as recipient_table
from rblwatch.store.schema import silence as silence_table
from rblwatch.store.schema import told as told_table


class Audience(Area):
    """Recipients, and what they do not want to hear."""

    def recipients(self) -> set[str]:
        """Every known recipient."""
        return set(self._connection.execute(select(recipient_table.c.name)).scalars())

    def add_recipient(self, name: str, at: datetime) -> None:
        """Make a recipient known that is not yet."""
        self._change(insert(recipient_table).values(name=name, added_at=at))

    def remove_recipient(self, name: str) -> None:
        """Forget a recipient and what it was told: should it come back, it is told afresh what stands."""
        self._change(delete(told_table).where(told_table.c.recipient == name))
        self._change(delete(recipient_table).where(recipient_table.c.name == name))

    def silences(self, at: datetime) -> list[Silence]:
        """Silences in force at a moment."""
        return reading.silences(self._connection, silence_table.c.until_at > at)

    def add_silence(self, silence: Silence, at: datetime) -> int:
        """Store a silence; its id is given here."""
        values = {field.name: getattr(silence, field.name) for field in fields(silence) if field.name != "id"}
        return self._add(silence_table, values | {"added_at": at})

    def end_silence(self, silence_id: int, at: datetime) -> bool:
        """End a silence before its time; False if there is none in force."""
        lasts = (silence_table.c.id == silence_id) & (silence_table.c.until_at > at)
        return bool(self._change(update(silence_table).where(lasts).values(until_at=at)))

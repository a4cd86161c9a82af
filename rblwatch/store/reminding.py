"""What recipients were told last about what still stands, and which reminders they had.

Owns no table: it follows from the tables told, telling and delivery. Must not decide when anybody is reminded.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Select, func, or_, select

from rblwatch.core.alert import Kind, Line, Told
from rblwatch.core.routing import TOLD
from rblwatch.store import reading
from rblwatch.store.area import Bound
from rblwatch.store.rows import DeliveryState
from rblwatch.store.schema import delivery as delivery_table
from rblwatch.store.schema import incident as incident_table
from rblwatch.store.schema import listing as listing_table
from rblwatch.store.schema import news as news_table
from rblwatch.store.schema import telling as telling_table
from rblwatch.store.schema import told as told_table

_UNFINISHED = delivery_table.c.state.in_((DeliveryState.WAITING, DeliveryState.CLAIMED))
_FROM = news_table.join(telling_table).outerjoin(delivery_table, delivery_table.c.id == telling_table.c.delivery_id)


class Reminding(Bound):
    """What reminders are counted from."""

    def told_until(self, recipient: str, until: datetime, *, ahead_of: datetime) -> dict[int, datetime]:
        """Listings that stand and that a recipient knows of, told last by `until` or later than `ahead_of`, and when.

        The latter was written by a clock that was ahead.
        """
        columns = told_table.c
        found = (
            select(columns.listing_id, columns.at)
            .join(listing_table, listing_table.c.id == columns.listing_id)
            .where(columns.recipient == recipient, columns.state == Told.OPEN, listing_table.c.ended_by.is_(None))
            .where(or_(columns.at <= until, columns.at > ahead_of))
        )
        return reading.pairs_of_values(self._connection, found)

    def blind_told(self, recipient: str) -> dict[int, datetime]:
        """Incidents that last and that a recipient was told of, and when he was last."""
        found = (
            select(news_table.c.incident_id, func.max(delivery_table.c.sent_at))
            .select_from(_FROM.join(incident_table, incident_table.c.id == news_table.c.incident_id))
            .where(telling_table.c.recipient == recipient, telling_table.c.line == Line.BLIND)
            .where(incident_table.c.ended_at.is_(None), delivery_table.c.sent_at.is_not(None))
            .group_by(news_table.c.incident_id)
        )
        return reading.pairs_of_values(self._connection, found)

    def reminded_of_listings(self, recipient: str, listing_ids: Iterable[int]) -> dict[int, datetime | None]:
        """When reminders of these listings were last put on their way to a recipient; None: one still is, or waits."""
        return self._reminded(recipient, news_table.c.listing_id, listing_ids)

    def reminded_of_incidents(self, recipient: str, incident_ids: Iterable[int]) -> dict[int, datetime | None]:
        """The same of incidents."""
        return self._reminded(recipient, news_table.c.incident_id, incident_ids)

    def _reminded(self, recipient: str, subject: Column[int], ids: Iterable[int]) -> dict[int, datetime | None]:
        last: dict[int, datetime | None] = {}
        for chunk in reading.chunks(ids):
            for row in reading.rows(self._connection, _reminders(recipient, subject, chunk)):
                last[row[subject.name]] = None if row["waits"] else row["at"]
        return last


def _reminders(recipient: str, subject: Column[int], ids: list[int]) -> Select[*tuple[Any, ...]]:
    is_held = telling_table.c.due_at.is_not(None)
    waits = or_(is_held, func.coalesce(_UNFINISHED, False))
    return (
        select(subject, news_table.c.at, waits.label("waits"))
        .select_from(_FROM)
        .where(news_table.c.kind == Kind.REMINDER, subject.in_(ids), telling_table.c.recipient == recipient)
        .where(or_(is_held, telling_table.c.decision.in_(TOLD)))
        .order_by(news_table.c.id)
    )

"""A database in memory that is thrown away: to find out what would be, without writing anything anywhere.

Owns its making, and the ways in which it is filled with what stands elsewhere, under the same ids. Must not know what
is found out with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import datetime

from sqlalchemy import create_engine, exists, func, insert, select, update
from sqlalchemy.pool import StaticPool
from sqlalchemy.schema import CreateTable

from rblwatch.core.acknowledgement import Acknowledgement
from rblwatch.core.alert import Told
from rblwatch.core.incident import Incident
from rblwatch.core.listing import Listing
from rblwatch.core.routing import Decision, Silence
from rblwatch.store import reading
from rblwatch.store.past import PastNews
from rblwatch.store.queries import Queries
from rblwatch.store.repository import Repository
from rblwatch.store.rows import Delivery, DeliveryState, NewNews, Telling
from rblwatch.store.schema import (
    acknowledgement,
    alert,
    delivery,
    incident,
    listing,
    metadata,
    news,
    silence,
    telling,
    told,
)

_EMPTY = {"ended_at": None, "ended_by": None}


class Scratch(Repository):
    """All that a repository can do, in a database that nobody else sees."""

    @property
    def queries(self) -> Queries:
        """The same database, as readers see it."""
        return Queries(self._connection)

    def put_listing(self, one: Listing) -> None:
        """Store a listing that stands, under its own id."""
        names = [field.name for field in fields(one) if field.name != "target"]
        values = {name: getattr(one, name) for name in names} | {"target": one.target.text, "family": one.target.family}
        self._change(insert(listing).values(values | _EMPTY))

    def put_incident(self, one: Incident) -> None:
        """Store an incident that lasts, under its own id."""
        values = {field.name: getattr(one, field.name) for field in fields(one)}
        self._change(insert(incident).values(values | {"ended_at": None}))

    def put_silence(self, one: Silence, at: datetime) -> None:
        """Store a silence under its own id."""
        values = {field.name: getattr(one, field.name) for field in fields(one)}
        self._change(insert(silence).values(values | {"added_at": at}))

    def put_acknowledgement(self, one: Acknowledgement) -> None:
        """Store an acknowledgement under its own id."""
        self._change(insert(acknowledgement).values(asdict(one)))

    def put_message(self, one: Delivery, tellings: Iterable[Telling]) -> None:
        """Store a message that is done, with what became of the news in it."""
        columns = [column.name for column in delivery.c]
        self._change(insert(delivery).values({name: getattr(one, name) for name in columns}))
        self.add_tellings(*tellings)

    def put_news(self, some: Iterable[PastNews]) -> None:
        """Store news under its own id, with its alerts."""
        names = [field.name for field in fields(NewNews)]
        rows: list[dict[str, object]] = []
        for one in some:
            self._ensure(alert, {"id": one.alert_id, "group": one.group, "key": one.key, "at": one.opened_at})
            rows.append({name: getattr(one.news, name) for name in names} | {"id": one.id, "alert_id": one.alert_id})
        self._each(insert(news), rows)

    def put_told(self, recipient: str, listing_id: int, state: Told, at: datetime) -> None:
        """Store what a recipient knows of a listing since a moment."""
        values = {"recipient": recipient, "listing_id": listing_id, "state": state, "at": at}
        self._save(told, values)

    def untried(self, at: datetime) -> list[Delivery]:
        """Messages that are due and were never tried."""
        waits = (delivery.c.state == DeliveryState.WAITING) & delivery.c.first_tried_at.is_(None)
        query = reading.delivery_query().where(waits, delivery.c.next_at <= at).order_by(delivery.c.id)
        return reading.deliveries(self._connection, query)

    def put_off(self, delivery_id: int, at: datetime) -> None:
        """Let a message leave later; what gathers in it may go on gathering."""
        self._change(update(delivery).where(delivery.c.id == delivery_id).values(next_at=at))

    def next_at(self, at: datetime) -> datetime | None:
        """The first moment after this one at which anything is due: a message, what is held, the end of a silence."""
        mutes = exists().where(telling.c.silence_id == silence.c.id, telling.c.decision == Decision.SILENCED)
        waits = delivery.c.state == DeliveryState.WAITING
        moments = (
            select(func.min(delivery.c.next_at)).where(waits, delivery.c.next_at > at),
            select(func.min(telling.c.due_at)).where(telling.c.due_at > at),
            select(func.min(silence.c.until_at)).where(silence.c.until_at > at, mutes),
        )
        found = (self._connection.execute(moment).scalar() for moment in moments)
        return min((moment for moment in found if moment is not None), default=None)

    def has_silences(self) -> bool:
        """Whether there was any until now."""
        return bool(self._connection.execute(select(exists(select(silence.c.id)))).scalar_one())


@contextmanager
def scratch() -> Iterator[Scratch]:
    """An empty one; it is gone when the block ends.

    Nothing is unique in it but keys: what is stored elsewhere is known to be so, and incidents are put in as they
    ended, which two may have done alike. References lead nowhere in part, and are not followed.
    """
    engine = create_engine("sqlite://", poolclass=StaticPool, hide_parameters=True)
    try:
        with engine.connect() as connection:
            for table in metadata.sorted_tables:
                connection.execute(CreateTable(table))
                for index in table.indexes:
                    if not index.unique:
                        index.create(connection)
            yield Scratch(connection)
    finally:
        engine.dispose()

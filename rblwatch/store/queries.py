"""What the faces read: everything as it stood at one moment.

Owns the questions that pages, commands and metrics have. Must not write, nor know how anything is shown.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Text, func, or_, select, type_coerce

from rblwatch.core.incident import Incident
from rblwatch.core.listing import Listing
from rblwatch.core.standing import Transition
from rblwatch.store import reading
from rblwatch.store.columns import written
from rblwatch.store.rows import Delivery, DeliveryState, Telling
from rblwatch.store.schema import delivery as delivery_table
from rblwatch.store.schema import incident as incident_table
from rblwatch.store.schema import listing as listing_table
from rblwatch.store.schema import metadata
from rblwatch.store.schema import telling as telling_table
from rblwatch.store.snapshot import Snapshot

_UNFINISHED = delivery_table.c.state.in_((DeliveryState.WAITING, DeliveryState.CLAIMED))


class Queries(Snapshot):
    """All that can be read, through one read-only connection."""

    def history(
        self, server: str | None = None, target: str | None = None, since: datetime | None = None
    ) -> list[Listing]:
        """Listings, the newest first: of a server by the name it had then, of a target, not over before `since`."""
        where: list[ColumnElement[bool]] = []
        if server is not None:
            # The column's text only narrows the search (it may ignore case): `servers` itself decides below.
            where.append(type_coerce(listing_table.c.servers, Text).contains(written(server), autoescape=True))
        if target is not None:
            where.append(listing_table.c.target == target)
        if since is not None:
            where.append(or_(listing_table.c.ended_at.is_(None), listing_table.c.ended_at >= since))
        found = reading.listings(self._connection, *where)
        newest_first = sorted(found, key=lambda listing: (listing.listed_at, listing.id), reverse=True)
        return [listing for listing in newest_first if server is None or server in listing.servers]

    def transitions(self, listing_id: int) -> list[Transition]:
        """All that happened to a listing, in order."""
        return reading.transitions(self._connection, listing_id)

    def incidents(self, *, open_only: bool = False) -> list[Incident]:
        """Incidents about lists, in the order in which they were opened."""
        return reading.incidents(self._connection, *((incident_table.c.ended_at.is_(None),) if open_only else ()))

    def deliveries(self, state: DeliveryState | None = None, limit: int = 100) -> list[Delivery]:
        """Messages on their way or done, the newest first."""
        statement = reading.delivery_query().order_by(delivery_table.c.id.desc()).limit(limit)
        if state is not None:
            statement = statement.where(delivery_table.c.state == state)
        return reading.deliveries(self._connection, statement)

    def delivery(self, delivery_id: int) -> Delivery | None:
        """One message."""
        found = reading.deliveries(self._connection, reading.delivery_query().where(delivery_table.c.id == delivery_id))
        return found[0] if found else None

    def tellings(self, delivery_id: int) -> list[Telling]:
        """What a message was to tell, and what became of each piece of news."""
        return reading.tellings(self._connection, telling_table.c.delivery_id == delivery_id)

    def outbox(self) -> tuple[int, datetime | None]:
        """How many deliveries are unfinished, and when the first of them was to leave, maybe later than now."""
        statement = select(func.count(), func.min(delivery_table.c.not_before)).where(_UNFINISHED)
        depth, oldest_at = self._connection.execute(statement).one()
        return depth, oldest_at

    def failed_deliveries(self) -> int:
        """How many deliveries failed for good."""
        failed = select(func.count()).where(delivery_table.c.state == DeliveryState.FAILED)
        return int(self._connection.execute(failed).scalar_one())

    def counts(self) -> dict[str, int]:
        """Rows of every table, by its name."""
        counted = {t.name: select(func.count()).select_from(t) for t in metadata.sorted_tables}
        return {name: self._connection.execute(statement).scalar_one() for name, statement in counted.items()}

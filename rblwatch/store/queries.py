"""What the faces read: everything as it stood at one moment.

Owns the questions that pages, commands and metrics have. Must not write, nor know how anything is shown.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Text, func, or_, select, type_coerce

from rblwatch.core.incident import Incident
from rblwatch.core.listing import Listing
from rblwatch.core.standing import Transition
from rblwatch.core.target import Target
from rblwatch.store import reading
from rblwatch.store.columns import written
from rblwatch.store.rows import Coverage, DaemonRow, Delivery, DeliveryState, Pair, Sounding, Telling
from rblwatch.store.schema import coverage as coverage_table
from rblwatch.store.schema import delivery as delivery_table
from rblwatch.store.schema import incident as incident_table
from rblwatch.store.schema import listing as listing_table
from rblwatch.store.schema import metadata
from rblwatch.store.schema import pair as pair_table
from rblwatch.store.schema import sounding as sounding_table
from rblwatch.store.schema import telling as telling_table

_UNFINISHED = delivery_table.c.state.in_((DeliveryState.WAITING, DeliveryState.CLAIMED))


class Queries:
    """All that can be read, bound to one read-only connection inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def targets(self) -> dict[Target, int]:
        """Every registered target and its id."""
        return reading.targets(self._connection)

    def blocklists(self) -> dict[str, str]:
        """Every known list's id and shown zone."""
        return reading.blocklists(self._connection)

    def all_pairs(self) -> list[Pair]:
        """Every pair that is listed or has news pending."""
        return reading.pairs(self._connection)

    def pairs(self, blocklist: str, target_ids: Collection[int]) -> dict[int, Pair]:
        """The pairs of one list that are listed or have news pending, of these targets, by the target's id."""
        wanted = set(target_ids)
        found = reading.pairs(self._connection, pair_table.c.blocklist == blocklist)
        return {pair.target_id: pair for pair in found if pair.target_id in wanted}

    def coverages(self, blocklist: str | None = None) -> list[Coverage]:
        """How far lists have been asked: all, or one."""
        ours = () if blocklist is None else (coverage_table.c.blocklist == blocklist,)
        return reading.coverages(self._connection, *ours)

    def soundings(self, blocklist: str | None = None) -> list[Sounding]:
        """What the probes said last of every list, or of one."""
        ours = () if blocklist is None else (sounding_table.c.blocklist == blocklist,)
        return reading.soundings(self._connection, *ours)

    def open_listings(self) -> list[Listing]:
        """Listings that stand, in the order in which they were found."""
        return reading.listings(self._connection, listing_table.c.ended_by.is_(None))

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

    def daemon(self) -> DaemonRow | None:
        """The daemon that works on this database, or the last one that did."""
        return reading.daemon(self._connection)

    def counts(self) -> dict[str, int]:
        """Rows of every table, by its name."""
        counted = {t.name: select(func.count()).select_from(t) for t in metadata.sorted_tables}
        return {name: self._connection.execute(statement).scalar_one() for name, statement in counted.items()}

"""What was found: listings, their transitions, and incidents about lists and nameservers.

Owns the tables listing, transition and incident. Must not know who is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields, replace
from datetime import datetime

from sqlalchemy import bindparam, func, insert, select, update

from rblwatch.core.incident import Incident
from rblwatch.core.listing import Ending, Listing
from rblwatch.core.standing import Transition
from rblwatch.core.verdict import Listed
from rblwatch.store import reading
from rblwatch.store.area import Area
from rblwatch.store.errors import AlreadyListed, AlreadyOpen
from rblwatch.store.schema import incident as incident_table
from rblwatch.store.schema import listing as listing_table
from rblwatch.store.schema import transition as transition_table

_PAIR = (listing_table.c.target, listing_table.c.blocklist)


class Intervals(Area):
    """Listings and incidents."""

    def add_listings(self, listings: Sequence[Listing]) -> list[Listing]:
        """Store new listings of different pairs, and give them with their ids.

        Raises: AlreadyListed, and the transaction goes on, with the listings that could be opened.
        """
        rows = [_values(listing) | {"ended_at": None, "ended_by": None} for listing in listings]
        ids = {(row.target, row.blocklist): row.id for row in self._insert_all(listing_table, rows, *_PAIR)}
        for listing in listings:
            if (listing.target.text, listing.blocklist) not in ids:
                raise AlreadyListed(f"{listing.target} has an open listing on {listing.blocklist}; it can't have two")
        return [replace(listing, id=ids[listing.target.text, listing.blocklist]) for listing in listings]

    def listing(self, listing_id: int) -> Listing:
        """One listing that exists."""
        return self.listings([listing_id])[listing_id]

    def listings(self, ids: Collection[int]) -> dict[int, Listing]:
        """The listings with these ids, as far as they exist."""
        return reading.listings_by_id(self._connection, ids)

    def update_listings(self, listings: Iterable[Listing]) -> None:
        """Store what changed of listings; how they ended is left to `end_listings`."""
        rows = [_values(listing) | {"its_id": listing.id} for listing in listings]
        self._each(update(listing_table).where(listing_table.c.id == bindparam("its_id")), rows)

    def end_listing(self, listing_id: int, at: datetime, by: Ending) -> Listing:
        """End a listing that stands, and give it as it is now; one that ended keeps the end that it had."""
        self.end_listings([(listing_id, at, by)])
        return self.listing(listing_id)

    def end_listings(self, ends: Iterable[tuple[int, datetime, Ending]]) -> None:
        """End listings that stand, each at its own time; one that ended keeps the end that it had."""
        stands = (listing_table.c.id == bindparam("its_id")) & listing_table.c.ended_by.is_(None)
        rows = [{"its_id": listing_id, "ended_at": at, "ended_by": by} for listing_id, at, by in ends]
        self._each(update(listing_table).where(stands), rows)

    def touch_listings(self, ids: Iterable[int], said: Listed, seen_at: datetime) -> None:
        """Store that listings were seen once more, and what their answers are read as now."""
        read = {"codes": tuple(map(str, said.codes)), "severity": said.severity, "labels": said.labels}
        values = read | {"seen_at": seen_at}
        for chunk in reading.chunks(ids):
            self._change(update(listing_table).where(listing_table.c.id.in_(chunk)).values(values))

    def add_transitions(self, transitions: Iterable[tuple[int, Transition]], recorded_at: datetime) -> None:
        """Append proven changes to the histories of listings, given by their ids."""
        names = [field.name for field in fields(Transition)]
        rows: list[dict[str, object]] = [
            {name: getattr(transition, name) for name in names} | {"listing_id": listing_id, "recorded_at": recorded_at}
            for listing_id, transition in transitions
        ]
        self._each(insert(transition_table), rows)

    def open_incidents(self, blocklist: str | None = None) -> list[Incident]:
        """Incidents that last, about one list or all, in the order in which they were opened."""
        ours = () if blocklist is None else (incident_table.c.blocklist == blocklist,)
        return reading.incidents(self._connection, incident_table.c.ended_at.is_(None), *ours)

    def last_outage(self) -> Incident | None:
        """The incident about a nameserver that was opened last; it may be over."""
        latest = select(func.max(incident_table.c.id)).where(incident_table.c.blocklist == "").scalar_subquery()
        found = reading.incidents(self._connection, incident_table.c.id == latest)
        return found[0] if found else None

    def open_incident(self, incident: Incident) -> Incident:
        """Store a new incident and give it with its id.

        Raises: AlreadyOpen, and the transaction goes on.
        """
        values = {field.name: getattr(incident, field.name) for field in fields(incident) if field.name != "id"}
        id_ = self._insert(incident_table, values)
        if id_ is None:
            raise AlreadyOpen(f"{incident.blocklist} has an open incident about the same families; it can't have two")
        return replace(incident, id=id_)

    def update_incident(self, incident: Incident) -> None:
        """Store what an incident that lasts has turned into."""
        names = ("state", "reason", "flaw", "detail", "families", "partial")
        lasts = (incident_table.c.id == incident.id) & incident_table.c.ended_at.is_(None)
        values = {name: getattr(incident, name) for name in names}
        self._change(update(incident_table).where(lasts).values(values))

    def end_incident(self, incident_id: int, at: datetime) -> None:
        """End an incident that lasts."""
        lasts = (incident_table.c.id == incident_id) & incident_table.c.ended_at.is_(None)
        self._change(update(incident_table).where(lasts).values(ended_at=at))


_PLAIN = [field.name for field in fields(Listing) if field.name not in ("id", "target", "ended_at", "ended_by")]


def _values(listing: Listing) -> dict[str, object]:
    values = {name: getattr(listing, name) for name in _PLAIN}
    return values | {"target": listing.target.text, "family": listing.target.family}

"""What was found: listings, their transitions, and incidents about lists.

Owns the tables listing, transition and incident. Must not know who is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import fields, replace
from datetime import datetime

from sqlalchemy import update

from rblwatch.core.incident import Incident
from rblwatch.core.listing import Ending, Listing
from rblwatch.core.standing import Transition
from rblwatch.store import reading
from rblwatch.store.area import Area
from rblwatch.store.errors import AlreadyListed, AlreadyOpen
from rblwatch.store.schema import incident as incident_table
from rblwatch.store.schema import listing as listing_table
from rblwatch.store.schema import transition as transition_table


class Findings(Area):
    """Listings and incidents."""

    def open_listing(self, listing: Listing) -> Listing:
        """Store a new listing and give it with its id.

        Raises: AlreadyListed, and the transaction goes on.
        """
        values = _values(listing) | {"ended_at": listing.ended_at, "ended_by": listing.ended_by}
        id_ = self._insert(listing_table, values)
        if id_ is None:
            raise AlreadyListed(f"{listing.target} has an open listing on {listing.blocklist}; it can't have two")
        return replace(listing, id=id_)

    def listing(self, listing_id: int) -> Listing:
        """One listing that exists."""
        return self.listings([listing_id])[listing_id]

    def listings(self, ids: Collection[int]) -> dict[int, Listing]:
        """The listings with these ids, as far as they exist."""
        return reading.listings_by_id(self._connection, ids)

    def update_listing(self, listing: Listing) -> None:
        """Store what changed of a listing; how it ended is left to `end_listing`."""
        self._change(update(listing_table).where(listing_table.c.id == listing.id).values(_values(listing)))

    def end_listing(self, listing_id: int, at: datetime, by: Ending) -> Listing:
        """End a listing that stands, and give it as it is now; one that ended keeps the end that it had."""
        stands = (listing_table.c.id == listing_id) & listing_table.c.ended_by.is_(None)
        self._change(update(listing_table).where(stands).values(ended_at=at, ended_by=by))
        return self.listing(listing_id)

    def touch_listings(self, ids: Iterable[int], seen_at: datetime) -> None:
        """Store that listings were seen listed once more."""
        for chunk in reading.chunks(ids):
            self._change(update(listing_table).where(listing_table.c.id.in_(chunk)).values(seen_at=seen_at))

    def add_transition(self, listing_id: int, transition: Transition, recorded_at: datetime) -> None:
        """Append a proven change to a listing's history."""
        values = {field.name: getattr(transition, field.name) for field in fields(transition)}
        self._add(transition_table, values | {"listing_id": listing_id, "recorded_at": recorded_at})

    def open_incidents(self) -> dict[str, Incident]:
        """Incidents that last, by list."""
        found = reading.incidents(self._connection, incident_table.c.ended_at.is_(None))
        return {incident.blocklist: incident for incident in found}

    def open_incident(self, incident: Incident) -> Incident:
        """Store a new incident and give it with its id.

        Raises: AlreadyOpen, and the transaction goes on.
        """
        values = {field.name: getattr(incident, field.name) for field in fields(incident) if field.name != "id"}
        id_ = self._insert(incident_table, values)
        if id_ is None:
            raise AlreadyOpen(f"{incident.blocklist} has an open incident; it can't have two")
        return replace(incident, id=id_)

    def update_incident(self, incident: Incident) -> None:
        """Store what an incident that lasts has turned into."""
        names = ("state", "reason", "flaw", "detail")
        lasts = (incident_table.c.id == incident.id) & incident_table.c.ended_at.is_(None)
        values = {name: getattr(incident, name) for name in names}
        self._change(update(incident_table).where(lasts).values(values))

    def end_incident(self, incident_id: int, at: datetime) -> None:
        """End an incident that lasts."""
        lasts = (incident_table.c.id == incident_id) & incident_table.c.ended_at.is_(None)
        self._change(update(incident_table).where(lasts).values(ended_at=at))


def _values(listing: Listing) -> dict[str, object]:
    apart = ("id", "target", "ended_at", "ended_by")
    values = {field.name: getattr(listing, field.name) for field in fields(listing) if field.name not in apart}
    return values | {"target": listing.target.text, "family": listing.target.family}

"""What somebody looks after, so that nobody else need be called.

Owns the reading of it for whoever decides about news. Must not decide anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from rblwatch.store.acknowledging import Acknowledged as Stored
from rblwatch.store.rows import NewNews


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The listings and incidents that are acknowledged now, by id."""

    listings: frozenset[int] = frozenset()
    incidents: frozenset[int] = frozenset()

    @classmethod
    def now(cls, stored: Stored) -> Self:
        """What is looked after as everything stands now."""
        return cls(
            listings=frozenset(listing.id for one, listing in stored.acknowledged_listings() if one.holds(listing)),
            incidents=frozenset(about.id for one, about in stored.acknowledged_incidents() if one.holds(about)),
        )

    def covers(self, news: NewNews) -> bool:
        """Whether what this news is about is acknowledged."""
        return news.listing_id in self.listings or news.incident_id in self.incidents

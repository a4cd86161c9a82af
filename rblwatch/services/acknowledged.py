"""What somebody looks after, so that nobody else need be called.

Owns the reading of it for whoever decides about news. Must not decide anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from rblwatch.core.incident import Incident
from rblwatch.core.listing import Listing
from rblwatch.store.rows import NewNews

if TYPE_CHECKING:
    from rblwatch.store.acknowledging import Acknowledged as Stored


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The listings and incidents that are acknowledged now, by id."""

    listings: frozenset[int] = frozenset()
    incidents: frozenset[int] = frozenset()

    @classmethod
    def now(cls, stored: Stored) -> Self:
        """What is looked after as everything stands now."""
        held = [one for one, _ in stored.acknowledged()]
        return cls(
            listings=frozenset(one.listing_id for one in held if one.listing_id is not None),
            incidents=frozenset(one.incident_id for one in held if one.incident_id is not None),
        )

    def covers(self, news: NewNews) -> bool:
        """Whether what this news is about is acknowledged."""
        return news.listing_id in self.listings or news.incident_id in self.incidents

    def includes(self, subject: Listing | Incident | None) -> bool:
        """Whether a listing or an incident is acknowledged; nothing is not."""
        match subject:
            case Listing():
                return subject.id in self.listings
            case Incident():
                return subject.id in self.incidents
            case None:
                return False

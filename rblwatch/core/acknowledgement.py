"""Somebody says that he looks after what an alert told of, so that nobody else need be called or reminded.

Owns how long that holds. It ends by itself: with what it is about, or when that gets worse than what he looked at. Must
not know who is told what, which it never changes for whoever was told already.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rblwatch.core.blocklist import Severity
from rblwatch.core.incident import Incident
from rblwatch.core.listing import Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """What one person said of one listing or incident, of those that an alert told of."""

    id: int
    alert_id: int
    at: datetime
    author: str
    """Cleaned, as is `note`."""
    note: str = ""
    listing_id: int | None = None
    incident_id: int | None = None
    severity: Severity | None = None
    """Of the listing, as it was then; None for an incident."""

    def holds(self, subject: Listing | Incident) -> bool:
        """Whether what it is about, as that is now, is still looked after."""
        if not subject.stands:
            return False
        if isinstance(subject, Incident) or self.severity is None:
            return True
        return subject.severity.rank <= self.severity.rank

"""What one delivery says, as values that a renderer puts into words.

Owns the shape of a message: everything that a template may use. Must not know words, sinks or addresses of sinks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rblwatch.core.alert import Group, Line, News
from rblwatch.core.blocklist import Blocklist


@dataclass(frozen=True, slots=True)
class Tally:
    """How the lists stand on one target: "listed on 1 of 20; 18 clear, 1 unknown"."""

    listed: int
    clear: int
    unknown: int
    also_on: tuple[str, ...] = ()
    """Ids of the other lists that list it."""

    @property
    def lists(self) -> int:
        """All lists asked about the target."""
        return self.listed + self.clear + self.unknown


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a message, with what is needed to word it."""

    line: Line
    news: News
    blocklist: Blocklist | None = None
    """The description of the list, for meanings and links; None where it is no longer configured."""
    tally: Tally | None = None
    """For news about a listing that stands or stood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One delivery's content."""

    delivery_id: str
    """Goes with the message, so that a duplicate can be told from news."""
    alert_id: int
    recipient: str
    """The channel's name."""
    group: Group
    at: datetime
    entries: tuple[Entry, ...]
    test: bool = False
    """Nothing of it is true: somebody wants to see whether messages arrive."""

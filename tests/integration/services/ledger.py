"""What each recipient has read of each listing and incident, and which line may follow which.

Owns the reader's view: it knows arrived messages only, nothing that is stored. Must not know why something was told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from rblwatch.core.alert import Line, Told
from rblwatch.core.listing import Ending
from rblwatch.core.message import Entry, Message
from tests.support.site import ScriptedNotifier

#: By what a reader knows of a listing: the lines that may come, and what he knows then.
_NEXT = {
    (Told.NEVER, Line.LISTED): Told.OPEN,
    (Told.NEVER, Line.WAS_LISTED): Told.CLOSED,
    (Told.OPEN, Line.CHANGED): Told.OPEN,
    (Told.OPEN, Line.DELISTED): Told.CLOSED,
    (Told.OPEN, Line.ENDED): Told.CLOSED,
    (Told.OPEN, Line.UNROUTED): Told.NEVER,
}
#: The same of an incident, which is told once more when it has grown.
_NEXT_OF_INCIDENT = {
    (Told.NEVER, Line.BLIND): Told.OPEN,
    (Told.OPEN, Line.BLIND): Told.OPEN,
    (Told.OPEN, Line.SIGHTED): Told.CLOSED,
    (Told.NEVER, Line.WAS_BLIND): Told.CLOSED,
}


class Ledger:
    """Reads along with every recipient."""

    def __init__(self, notifier: ScriptedNotifier) -> None:
        self._notifier = notifier
        self._read = 0
        self._known: defaultdict[str, dict[int, Told]] = defaultdict(dict)
        self._known_incidents: defaultdict[str, dict[int, Told]] = defaultdict(dict)
        self._receipted: set[str] = set()
        self._receipts = 0

    def knows(self, recipient: str, listing_id: int) -> Told:
        """What a recipient knows of a listing."""
        return self._known[recipient].get(listing_id, Told.NEVER)

    def believes_blind(self, recipient: str) -> set[int]:
        """Incidents that a recipient takes to last."""
        return {one for one, told in self._known_incidents[recipient].items() if told is Told.OPEN}

    def forget(self, recipients: Sequence[str]) -> None:
        """Begin anew with everybody but these."""
        for gone in self._known.keys() - set(recipients):
            del self._known[gone]
        for gone in self._known_incidents.keys() - set(recipients):
            del self._known_incidents[gone]

    def read(self) -> None:
        """Read what has arrived; fails on a line that must not follow what was read before, and on one read twice."""
        for message, is_receipted in self._notifier.outcomes[self._read :]:
            for entry in message.entries:
                self._read_entry(message, entry, is_receipted=is_receipted)
            if is_receipted:
                assert message.delivery_id not in self._receipted, f"{message} was told twice"
                self._receipted.add(message.delivery_id)
        self._read = len(self._notifier.outcomes)

    def _read_entry(self, message: Message, entry: Entry, *, is_receipted: bool) -> None:
        listing = entry.news.listing
        if entry.line in (Line.MOVED, Line.ALLOW_LOST, Line.NOTICE):
            return  # It neither follows nor precedes anything.
        if listing is None:
            self._read_incident(message, entry, is_receipted=is_receipted)
            return
        knows = self.knows(message.recipient, listing.id)
        assert (knows, entry.line) in _NEXT, f"{message.recipient} knows {knows}, and reads {entry}"
        # What is told is what is true when it leaves.
        assert listing.stands == (entry.line in (Line.LISTED, Line.CHANGED, Line.UNROUTED)), entry
        if entry.line is Line.DELISTED:
            assert listing.ended_by is Ending.DELISTED
        if is_receipted:
            # A message whose sender died may come again, worded anew: only the one with a receipt is held against it.
            self._known[message.recipient][listing.id] = _NEXT[knows, entry.line]

    def _read_incident(self, message: Message, entry: Entry, *, is_receipted: bool) -> None:
        incident = entry.news.incident
        assert incident is not None
        known = self._known_incidents[message.recipient]
        step = known.get(incident.id, Told.NEVER), entry.line
        assert step in _NEXT_OF_INCIDENT, f"{message.recipient} knows {step[0]}, and reads {entry}"
        assert incident.stands == (entry.line is Line.BLIND), entry
        if is_receipted:
            known[incident.id] = _NEXT_OF_INCIDENT[step]

"""Which messages belong together for whoever reads them by mail.

Owns the identifiers that a mail refers to, one for each listing and incident, so that a reader's program puts all that
is told of a listing into one thread: whatever refers to the same identifier belongs together, also where nobody ever
received a mail that has it. Source: RFC 5322 section 3.6.4; RFC 5256 section 3 (threading by references).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rblwatch.core.message import Message

#: So many suffice to find the thread; a header of thousands would be refused.
_MOST = 20


def references(message: Message) -> str:
    """The identifiers of what a message is about, oldest first, as a `References` header holds them."""
    ids = sorted(set(_ids(message)))
    return " ".join(f"<{kind}-{number}-{began}@rblwatch.invalid>" for number, kind, began in ids[:_MOST])


def _ids(message: Message) -> Iterable[tuple[int, str, int]]:
    """The moment of the beginning tells the listings of two installations with one reader apart."""
    for entry in message.entries:
        if (listing := entry.news.listing) is not None:
            yield listing.id, "listing", _seconds(listing.listed_at)
        elif (incident := entry.news.incident) is not None:
            yield incident.id, "incident", _seconds(incident.opened_at)


def _seconds(at: datetime) -> int:
    return int(at.timestamp())

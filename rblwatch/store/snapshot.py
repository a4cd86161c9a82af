"""What a write transaction and a face both read: how everything stands.

Owns the questions that both have. Must not write.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement

from rblwatch.core.listing import Listing
from rblwatch.core.target import Target
from rblwatch.store import reading
from rblwatch.store.area import Bound
from rblwatch.store.rows import Coverage, DaemonRow, Pair, Sounding
from rblwatch.store.schema import coverage, listing, pair, sounding


class Snapshot(Bound):
    """Everything as it stands in one transaction."""

    def targets(self) -> dict[Target, int]:
        """Every registered target and its id."""
        return reading.targets(self._connection)

    def blocklists(self) -> dict[str, str]:
        """Every known list's id and shown zone."""
        return reading.blocklists(self._connection)

    def coverages(self, blocklist: str | None = None) -> list[Coverage]:
        """How far one list, or every list, has been asked."""
        return reading.coverages(self._connection, *_of(coverage.c.blocklist, blocklist))

    def soundings(self, blocklist: str | None = None) -> list[Sounding]:
        """What the probes said last of one list, or of every list."""
        return reading.soundings(self._connection, *_of(sounding.c.blocklist, blocklist))

    def pairs(self, blocklist: str, target_ids: Iterable[int] | None = None) -> dict[int, Pair]:
        """A list's pairs that are listed or have news pending, by target id: of some targets, or of all."""
        found = reading.pairs(self._connection, pair.c.blocklist == blocklist)
        # Not part of the query: there are few such pairs, and a slice has thousands of ids.
        wanted = None if target_ids is None else set(target_ids)
        return {row.target_id: row for row in found if wanted is None or row.target_id in wanted}

    def all_pairs(self) -> list[Pair]:
        """Every pair that is listed or has news pending."""
        return reading.pairs(self._connection)

    def open_listings(self, blocklist: str | None = None) -> list[Listing]:
        """Listings that stand, on one list or on all, in the order in which they were found."""
        return reading.listings(self._connection, listing.c.ended_by.is_(None), *_of(listing.c.blocklist, blocklist))

    def daemon(self) -> DaemonRow | None:
        """The daemon that works on this database, or the last one that did."""
        return reading.daemon(self._connection)


def _of(column: ColumnElement[str], blocklist: str | None) -> tuple[ColumnElement[bool], ...]:
    return () if blocklist is None else (column == blocklist,)

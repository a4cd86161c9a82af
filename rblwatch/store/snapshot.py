"""What a write transaction and a face both read: how everything stands.

Owns the questions that both have. Must not write.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

from sqlalchemy import ColumnElement, select

from rblwatch.core.finding import Origin
from rblwatch.core.listing import Listing
from rblwatch.core.target import Target
from rblwatch.store import reading
from rblwatch.store.area import Bound
from rblwatch.store.rows import Accepted, Coverage, DaemonRow, Known, Pair, Sounding
from rblwatch.store.schema import coverage, listing, pair, sounding, spending


class Snapshot(Bound):
    """Everything as it stands in one transaction."""

    def targets(self) -> dict[Target, int]:
        """Every registered target and its id."""
        return reading.targets(self._connection)

    def blocklists(self) -> dict[str, str]:
        """Every known list's id and shown zone."""
        return reading.blocklists(self._connection)

    def spent(self, day: date) -> dict[str, int]:
        """By operator, how many questions his lists were asked on a day (in UTC), or may have been."""
        that_day = spending.c.day == day.isoformat()
        found = select(spending.c.operator, spending.c.questions).where(that_day)
        return reading.pairs_of_values(self._connection, found)

    def coverages(self, blocklist: str | None = None) -> list[Coverage]:
        """How far one list, or every list, has been asked."""
        return reading.coverages(self._connection, *_of(coverage.c.blocklist, blocklist))

    def soundings(self, blocklist: str | None = None) -> list[Sounding]:
        """What the probes said last of one list, or of every list."""
        return reading.soundings(self._connection, *_of(sounding.c.blocklist, blocklist))

    def pairs(self, blocklist: str, target_ids: Iterable[int] | None = None) -> dict[int, Pair]:
        """A list's pairs that are listed or have news pending, by target id: of some targets, or of all."""
        wanted = None if target_ids is None else set(target_ids)
        if wanted is not None and not wanted:
            return {}
        # The ids themselves are not part of the query: a slice has thousands, close to each other.
        near = () if wanted is None else (pair.c.target_id.between(min(wanted), max(wanted)),)
        found = reading.pairs(self._connection, pair.c.blocklist == blocklist, *near)
        return {row.target_id: row for row in found if wanted is None or row.target_id in wanted}

    def paired(self, blocklist: str, target_ids: Collection[int]) -> set[int]:
        """Which of these targets have a pair with a list that is listed or has news pending."""
        if not target_ids:
            return set()
        near = pair.c.target_id.between(min(target_ids), max(target_ids))
        found = select(pair.c.target_id).where(pair.c.blocklist == blocklist, near)
        return set(self._connection.execute(found).scalars()).intersection(target_ids)

    def accepted(self) -> list[Accepted]:
        """What lists say of targets whose listing there the admin has accepted, or had when it was said."""
        return reading.accepted(self._connection)

    def all_pairs(self) -> list[Pair]:
        """Every pair that is listed or has news pending."""
        return reading.pairs(self._connection)

    def open_listings(self, blocklist: str | None = None) -> list[Listing]:
        """Listings that stand, on one list or on all, in the order in which they were found."""
        return reading.listings(self._connection, listing.c.ended_by.is_(None), *_of(listing.c.blocklist, blocklist))

    def known_origins(self) -> list[tuple[str, Origin]]:
        """Every registered name of which anything is known, with its server."""
        return reading.known_origins(self._connection)

    def known(self) -> list[Known]:
        """What is known of every registered name."""
        return reading.known(self._connection)

    def daemon(self) -> DaemonRow | None:
        """The daemon that works on this database, or the last one that did."""
        return reading.daemon(self._connection)


def _of(column: ColumnElement[str], blocklist: str | None) -> tuple[ColumnElement[bool], ...]:
    return () if blocklist is None else (column == blocklist,)

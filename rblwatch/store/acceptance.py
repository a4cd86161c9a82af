"""Listings that the admin has accepted: shown, and no news.

Owns the table accepted. Must not know which targets are: it keeps what it is given.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import delete, select

from rblwatch.store import reading
from rblwatch.store.area import Area
from rblwatch.store.schema import accepted as table


class Acceptances(Area):
    """What lists say of targets whose listing there the admin has accepted."""

    def save_accepted(
        self, blocklist: str, said: Mapping[int, tuple[str, ...]], *, asked: Collection[int], at: datetime
    ) -> None:
        """Store the codes by target id; of these targets that were `asked` about, the others are not listed now."""
        theirs = table.c.blocklist == blocklist
        known = select(table.c.target_id, table.c.since_at).where(theirs)
        since_at = reading.pairs_of_values(self._connection, known)
        rows = [
            {
                "blocklist": blocklist,
                "target_id": target_id,
                "codes": codes,
                "since_at": since_at.get(target_id, at),
                "seen_at": at,
            }
            for target_id, codes in said.items()
        ]
        self._save_all(table, rows)
        for chunk in reading.chunks(sorted((since_at.keys() & set(asked)) - said.keys())):
            self._change(delete(table).where(theirs, table.c.target_id.in_(chunk)))

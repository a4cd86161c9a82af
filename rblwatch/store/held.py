"""News that is held back from a recipient until it is due, and when his last digest left.

Owns the due times in the table telling, and `digest_at` of a recipient. Must not decide what becomes of what is due.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime

from sqlalchemy import Column, ColumnElement, bindparam, exists, select, update

from rblwatch.core.alert import Kind
from rblwatch.core.incident import Incident
from rblwatch.core.routing import Decision
from rblwatch.store import reading
from rblwatch.store.area import Area, Bound
from rblwatch.store.rows import Telling
from rblwatch.store.schema import incident as incident_table
from rblwatch.store.schema import listing as listing_table
from rblwatch.store.schema import news as news_table
from rblwatch.store.schema import recipient as recipient_table
from rblwatch.store.schema import telling as table

_HELD = table.c.due_at.is_not(None)


class Held(Bound):
    """What waits to be told."""

    def any_due(self, at: datetime) -> bool:
        """Whether anything that is held is due."""
        return bool(self._connection.execute(select(exists().where(_HELD, table.c.due_at <= at))).scalar_one())

    def held(self) -> list[Telling]:
        """All that is held, for every recipient, in the order of the news."""
        return reading.tellings(self._connection, _HELD)

    def held_listings(self) -> set[tuple[str, int]]:
        """Recipients, and the listings that news of waits for them by which they hear that it began."""
        return self._held_about(news_table.c.listing_id, Kind.LISTED, Kind.CHANGED)

    def held_incidents(self) -> set[tuple[str, int]]:
        """The same of incidents."""
        return self._held_about(news_table.c.incident_id, Kind.BLIND)

    def digests(self) -> dict[str, datetime]:
        """When the last digest left, by recipient."""
        columns = recipient_table.c.name, recipient_table.c.digest_at
        return reading.pairs_of_values(self._connection, select(*columns).where(columns[1].is_not(None)))

    def incidents_by_id(self, ids: Iterable[int]) -> dict[int, Incident]:
        """The incidents with these ids, as far as they exist."""
        found = (reading.incidents(self._connection, incident_table.c.id.in_(c)) for c in reading.chunks(ids))
        return {incident.id: incident for some in found for incident in some}

    def _held_about(self, subject: Column[int], *kinds: Kind) -> set[tuple[str, int]]:
        about = select(table.c.recipient, subject).join_from(table, news_table)
        rows = self._connection.execute(about.where(_HELD, news_table.c.kind.in_(kinds), subject.is_not(None)))
        return {(recipient, about_id) for recipient, about_id in rows}


class Holding(Area):
    """Takes up what waits."""

    def take_up(self, tellings: Iterable[Telling]) -> None:
        """Store what became of what was held; what another process has taken up meanwhile stays as it is."""
        here = (table.c.news_id == bindparam("its_news")) & (table.c.recipient == bindparam("its_recipient"))
        changing = [field.name for field in fields(Telling) if field.name not in ("news_id", "recipient")]
        rows: list[dict[str, object]] = [
            {name: getattr(one, name) for name in changing} | {"its_news": one.news_id, "its_recipient": one.recipient}
            for one in tellings
        ]
        changed = update(table).where(here, _HELD).values({name: bindparam(name) for name in changing})
        self._each(changed, rows)

    def join_held(self, delivery_id: int, recipient: str, listing_ids: Iterable[int]) -> None:
        """Take what a recipient's digest holds of the pairs of these listings into a message that leaves sooner.

        Told later, it would tell of a pair what was true before.
        """
        waiting = (table.c.recipient == recipient) & (table.c.decision == Decision.WAITING_FOR_DIGEST) & _HELD
        if not self._connection.execute(select(exists().where(waiting))).scalar_one():
            return
        values = {"decision": Decision.GROUPED, "delivery_id": delivery_id, "due_at": None}
        for chunk in reading.chunks(listing_ids):
            self._change(update(table).where(waiting, table.c.news_id.in_(_about_the_pairs_of(chunk))).values(values))

    def count_digest(self, recipient: str, at: datetime, *, last_at: datetime | None) -> bool:
        """Store that a digest leaves now; False, and nothing, if another one left since `last_at`."""
        his = recipient_table.c.name == recipient
        unchanged = recipient_table.c.digest_at.is_not_distinct_from(last_at)
        return bool(self._change(update(recipient_table).where(his, unchanged).values(digest_at=at)))


def _about_the_pairs_of(listing_ids: list[int]) -> ColumnElement[int]:
    own, its = listing_table.alias(), listing_table.alias()
    same = (its.c.target == own.c.target) & (its.c.blocklist == own.c.blocklist)
    joined = news_table.join(its, its.c.id == news_table.c.listing_id).join(own, same)
    return select(news_table.c.id).select_from(joined).where(own.c.id.in_(listing_ids)).scalar_subquery()

"""Deliveries on their way: claimed under a lease, finished by token.

Theory of operation. A claim commits before anything is sent, and gives the delivery a fresh token and a lease that
outlives the sender's time-out. Whoever finishes it must still have that token: a sender that was too slow, and whose
lease ran out, changes nothing any more. A sender that died leaves its lease to run out, or a daemon that starts voids
it (there is one daemon per database). So a message may be sent twice, and never not at all.

Messages to one recipient about one listing leave in order: a delivery is not claimed while an earlier one that shares
a listing waits, nor while any other one is being sent, even if that was written down later.

Owns the states of the table delivery. Must not send, nor decide when to try again.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select, update

from rblwatch.core.alert import News
from rblwatch.core.routing import Decision
from rblwatch.store import reading
from rblwatch.store.area import Area
from rblwatch.store.columns import Moment
from rblwatch.store.rows import Claimed, Delivery, DeliveryState
from rblwatch.store.schema import delivery as table
from rblwatch.store.schema import incident as incident_table
from rblwatch.store.schema import news as news_table
from rblwatch.store.schema import telling as telling_table

_UNCLAIMED = {"holder": None, "token": None, "lease_until": None}


class Outbox(Area):
    """Claims, finishes and retries deliveries."""

    def claim(
        self, now: datetime, *, holder: str, lease: timedelta, limit_per_recipient: int, busy: Mapping[str, int]
    ) -> list[Claimed]:
        """Take what is due under a lease, in the order of ids; the news is as it is now.

        `holder` is `role:instance`. At most `limit_per_recipient` minus `busy` deliveries per recipient are taken;
        `busy` counts what the caller is sending already.
        """
        taken: list[Delivery] = []
        for recipient in self._recipients_due(now):
            room = limit_per_recipient - busy.get(recipient, 0)
            while room > 0 and (waiting := self._first_claimable(recipient, now)) is not None:
                if self._take(waiting, now, holder, now + lease):
                    taken.append(self._delivery(waiting.id))
                    room -= 1
        return [Claimed(delivery=d, news=self._news(d.id)) for d in sorted(taken, key=lambda d: d.id)]

    def finish(  # noqa: PLR0913 - the outcome of one delivery, written in one statement
        self,
        delivery_id: int,
        token: str,
        *,
        state: DeliveryState,
        at: datetime,
        error: str | None = None,
        next_at: datetime | None = None,
    ) -> bool:
        """Store what became of a claimed delivery and give up its lease; False if the token is no longer the one.

        WAITING is a failed attempt that is to be repeated at `next_at`. EMPTY was no attempt.
        """
        values: dict[str, object] = {"state": state, "error": error, **_UNCLAIMED}
        if state is not DeliveryState.EMPTY:
            values["attempts"] = table.c.attempts + 1
        if state is DeliveryState.SENT:
            values["sent_at"] = at
        if state is DeliveryState.WAITING:
            values["next_at"] = at if next_at is None else next_at
        return bool(self._change(update(table).where(table.c.id == delivery_id, table.c.token == token).values(values)))

    def void_leases(self, holders_other_than: str, at: datetime) -> int:
        """At a daemon's start: void the leases of its dead predecessors, to be tried at once; how many."""
        role = holders_other_than.partition(":")[0] + ":"
        others = table.c.holder.startswith(role, autoescape=True) & (table.c.holder != holders_other_than)
        return self._release(others, at)

    def release(self, holder: str, at: datetime) -> int:
        """At a sender's end: give back all its leases, to be tried at once; how many."""
        return self._release(table.c.holder == holder, at)

    def renew(self, holder: str, delivery_ids: Iterable[int], lease_until: datetime) -> None:
        """Lengthen the leases of deliveries that their holder is still busy with."""
        for chunk in reading.chunks(delivery_ids):
            ours = table.c.id.in_(chunk) & (table.c.holder == holder) & (table.c.state == DeliveryState.CLAIMED)
            self._change(update(table).where(ours).values(lease_until=lease_until))

    def retry(self, delivery_id: int, at: datetime) -> bool:
        """Try a failed delivery again, as patiently as a new one; False if it did not fail."""
        failed = (table.c.id == delivery_id) & (table.c.state == DeliveryState.FAILED)
        values = {"state": DeliveryState.WAITING, "next_at": at, "attempts": 0, "first_tried_at": at}
        return bool(self._change(update(table).where(failed).values(values)))

    def next_due(self) -> datetime | None:
        """When there will be something to claim: past or now, if something waits for a recipient that is busy."""
        waiting = select(func.min(table.c.next_at)).where(table.c.state == DeliveryState.WAITING, ~_OVERTAKES)
        leased = select(func.min(table.c.lease_until)).where(table.c.state == DeliveryState.CLAIMED)
        moments = [self._connection.execute(statement).scalar() for statement in (waiting, leased)]
        return min((moment for moment in moments if moment is not None), default=None)

    def _release(self, whose: ColumnElement[bool], at: datetime) -> int:
        values = {"state": DeliveryState.WAITING, "next_at": at, **_UNCLAIMED}
        return self._change(update(table).where(table.c.state == DeliveryState.CLAIMED, whose).values(values))

    def _recipients_due(self, now: datetime) -> list[str]:
        found = select(table.c.recipient).where(_due(now)).distinct().order_by(table.c.recipient)
        return list(self._connection.execute(found).scalars())

    def _first_claimable(self, recipient: str, now: datetime) -> Delivery | None:
        ours = (table.c.recipient == recipient) & _due(now) & ~_OVERTAKES
        found = reading.deliveries(self._connection, reading.delivery_query().where(ours).order_by(table.c.id).limit(1))
        return found[0] if found else None

    def _take(self, seen: Delivery, now: datetime, holder: str, lease_until: datetime) -> bool:
        as_seen = (
            (table.c.id == seen.id) & (table.c.state == seen.state) & table.c.token.is_not_distinct_from(seen.token)
        )
        values = {
            "state": DeliveryState.CLAIMED,
            "holder": holder,
            "token": secrets.token_hex(16),
            "lease_until": lease_until,
            "first_tried_at": func.coalesce(table.c.first_tried_at, literal(now, Moment())),
        }
        return bool(self._change(update(table).where(as_seen).values(values)))

    def _delivery(self, delivery_id: int) -> Delivery:
        return reading.deliveries(self._connection, reading.delivery_query().where(table.c.id == delivery_id))[0]

    def _news(self, delivery_id: int) -> tuple[News, ...]:
        told = (telling_table.c.delivery_id == delivery_id) & (telling_table.c.decision == Decision.TELL)
        statement = select(news_table).join(telling_table).where(told).order_by(news_table.c.id)
        found = reading.rows(self._connection, statement)
        listings = reading.listings_by_id(self._connection, {row["listing_id"] for row in found if row["listing_id"]})
        about = {row["incident_id"] for row in found if row["incident_id"]}
        incidents = {i.id: i for i in reading.incidents(self._connection, incident_table.c.id.in_(about))}
        own = ("id", "kind", "at", "codes", "before", "text")
        return tuple(
            News(
                **{name: row[name] for name in own},
                listing=listings.get(row["listing_id"]),
                incident=incidents.get(row["incident_id"]),
            )
            for row in found
        )


def _due(now: datetime) -> ColumnElement[bool]:
    waiting = and_(table.c.state == DeliveryState.WAITING, table.c.next_at <= now)
    abandoned = and_(table.c.state == DeliveryState.CLAIMED, table.c.lease_until < now)
    return or_(waiting, abandoned)


def _overtaking() -> ColumnElement[bool]:
    """Whether another delivery to the same recipient shares a listing and goes first: on its way, or earlier.

    From the delivery's own news to other news of the same listings, and from there to their deliveries.
    """
    own_telling, own_news = telling_table.alias(), news_table.alias()
    its_telling, its_news, other = telling_table.alias(), news_table.alias(), table.alias()
    is_on_its_way = other.c.state == DeliveryState.CLAIMED
    # One whose lease ran out was the first when it was claimed, and does not wait for its turn again.
    is_before = (other.c.id < table.c.id) & (other.c.state == DeliveryState.WAITING)
    waits = table.c.state == DeliveryState.WAITING
    shared = (
        select(own_telling.c.news_id)
        .join(own_news, own_news.c.id == own_telling.c.news_id)
        .join(its_news, its_news.c.listing_id == own_news.c.listing_id)
        .join(its_telling, its_telling.c.news_id == its_news.c.id)
        .join(other, other.c.id == its_telling.c.delivery_id)
        .where(own_telling.c.delivery_id == table.c.id, its_telling.c.recipient == table.c.recipient)
        .where(other.c.id != table.c.id, is_on_its_way | (waits & is_before))
    )
    return exists(shared.correlate(table))


#: Made once: building it takes longer than asking it.
_OVERTAKES = _overtaking()

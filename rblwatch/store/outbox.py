"""Deliveries on their way: claimed under a lease, finished by token.

Theory of operation. A claim commits before anything is sent, and gives the delivery a fresh token and a lease that
outlives the sender's time-out. Whoever finishes it must still have that token: a sender that was too slow, and whose
lease was given back, changes nothing any more. A sender that died leaves its lease to be given back by whoever sees
that nobody renews it, or a daemon that starts voids it (there is one daemon per database). So a message may be sent
twice, and never not at all.

Messages to one recipient about one pair, or about one list's trouble, leave in order: a delivery is not claimed while
an earlier one that shares a pair or a list waits, nor while any other one is being sent, even if that was written down
later. A pair may have several listings, one after the other.

Owns the states of the table delivery. Must not send, nor decide when to try again.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, FromClause, case, exists, func, literal, or_, select, true, update

from rblwatch.core.alert import Composed, Drop, Line
from rblwatch.core.retry import tried_since
from rblwatch.core.routing import Decision
from rblwatch.store import reading
from rblwatch.store.area import Area
from rblwatch.store.columns import Moment
from rblwatch.store.rows import Delivery, DeliveryState, Lease
from rblwatch.store.schema import delivery as table
from rblwatch.store.schema import incident as incident_table
from rblwatch.store.schema import listing as listing_table
from rblwatch.store.schema import news as news_table
from rblwatch.store.schema import telling as telling_table

_UNCLAIMED = {"holder": None, "token": None, "lease_until": None}
_WAITS = table.c.state == DeliveryState.WAITING
_CLAIMED = table.c.state == DeliveryState.CLAIMED


class Outbox(Area):
    """Claims, finishes and retries deliveries."""

    def claim(
        self, now: datetime, *, holder: str, lease: timedelta, room: Callable[[Collection[str]], Mapping[str, int]]
    ) -> list[Delivery]:
        """Take what is due under a lease, in the order of ids.

        `holder` is `role:instance`; `room` says of recipients how many deliveries each of them takes now.
        """
        taken: list[Delivery] = []
        for recipient, left in room(self._recipients_due(now)).items():
            room_left = left
            while room_left > 0 and (waiting := self._first_claimable(recipient, now)) is not None:
                if self._take(waiting, now, holder, now + lease):
                    taken.append(self._delivery(waiting.id))
                    room_left -= 1
        return sorted(taken, key=lambda delivery: delivery.id)

    def unclaimed(self, due_by: datetime) -> dict[str, datetime]:
        """By recipient, since when the oldest delivery is due that could leave and does not, if it was by then."""
        waits = _WAITS & (table.c.next_at <= due_by) & ~_OVERTAKES
        found = select(table.c.recipient, func.min(table.c.next_at)).where(waits).group_by(table.c.recipient)
        return reading.pairs_of_values(self._connection, found)

    def finish(
        self,
        claimed: Delivery,
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
        return bool(self._change(update(table).where(_is_held(claimed)).values(values)))

    def keep(self, claimed: Delivery, lease_until: datetime) -> bool:
        """Lengthen the lease of one delivery; False if the token is no longer the one."""
        return bool(self._change(update(table).where(_is_held(claimed)).values(lease_until=lease_until)))

    def renew(self, holder: str, delivery_ids: Iterable[int], lease_until: datetime) -> None:
        """Lengthen the leases of deliveries that their holder is still busy with."""
        for chunk in reading.chunks(delivery_ids):
            ours = table.c.id.in_(chunk) & (table.c.holder == holder) & _CLAIMED
            self._change(update(table).where(ours).values(lease_until=lease_until))

    def leases(self, holder_other_than: str) -> list[Lease]:
        """What all others are sending."""
        columns = (table.c.id, table.c.token, table.c.lease_until)
        theirs = select(*columns).where(_CLAIMED, table.c.holder != holder_other_than)
        return [Lease(**row) for row in reading.rows(self._connection, theirs)]

    def give_back(self, leases: Iterable[Lease], at: datetime) -> int:
        """Take leases from holders that are dead, as far as they were not renewed, to be tried at once; how many."""
        seen = ((table.c.token == lease.token) & (table.c.lease_until == lease.lease_until) for lease in leases)
        return sum(self._release(as_seen, at) for as_seen in seen)

    def void_leases(self, holders_other_than: str, at: datetime) -> int:
        """At a daemon's start: void the leases of its dead predecessors, to be tried at once; how many."""
        role = holders_other_than.partition(":")[0] + ":"
        others = table.c.holder.startswith(role, autoescape=True) & (table.c.holder != holders_other_than)
        return self._release(others, at)

    def release(self, holder: str, at: datetime) -> int:
        """At a sender's end: give back all its leases, to be tried at once; how many."""
        return self._release(table.c.holder == holder, at)

    def retry(self, delivery_id: int, at: datetime) -> bool:
        """Try a failed delivery again, as patiently as a new one; False if it did not fail."""
        failed = (table.c.id == delivery_id) & (table.c.state == DeliveryState.FAILED)
        values = {"state": DeliveryState.WAITING, "next_at": at, "attempts": 0, "first_tried_at": at}
        return bool(self._change(update(table).where(failed).values(values)))

    def hasten_retries(self, recipient: str, now: datetime) -> int:
        """Let leave at once what failed to reach a recipient that can be reached again; how many."""
        failed_before = (table.c.recipient == recipient) & _WAITS & table.c.first_tried_at.is_not(None)
        return self._change(update(table).where(failed_before, table.c.next_at > now).values(next_at=now))

    def bring_forward(self, by: timedelta, now: datetime) -> int:
        """Let what waits leave earlier by so much, since the clock was stepped back; how many."""
        moments = (table.c.not_before, table.c.next_at, table.c.first_tried_at)
        waiting = reading.rows(self._connection, select(table.c.id, *moments).where(_WAITS, table.c.next_at > now))
        for row in waiting:
            earlier = {moment.name: at - by for moment in moments if (at := row[moment.name]) is not None}
            self._change(update(table).where(table.c.id == row["id"]).values(earlier))
        return len(waiting)

    def hasten(self, now: datetime, *, made_by: datetime, retried_by: datetime) -> int:
        """Let leave at once what a clock that was ahead has put off; how many.

        That is what was made later than `made_by`, and what is to be tried again later than `retried_by`.
        """
        is_retried_late = table.c.first_tried_at.is_not(None) & (table.c.next_at > retried_by)
        put_off = _WAITS & (table.c.next_at > now) & ((table.c.created_at > made_by) | is_retried_late)
        return self._change(update(table).where(put_off).values(not_before=now, next_at=now))

    def write_down(self, delivery: Delivery, composed: Composed) -> None:
        """Store what the recipient read of each piece of news, and why he read nothing of others."""
        said: defaultdict[tuple[Line | None, Drop | None], list[int]] = defaultdict(list)
        for line, item in composed.lines:
            said[line, None].append(item.id)
        for dropped, item in composed.dropped:
            said[None, dropped].append(item.id)
        commonest = max(said, key=lambda outcome: len(said[outcome]), default=None)
        for outcome in sorted(said, key=lambda outcome: outcome != commonest):
            read, reason = outcome
            some = None if outcome == commonest else said[outcome]
            self._change_tellings(delivery, some, {"line": read, "dropped": reason})

    def mute(self, delivery: Delivery, by_silence: Mapping[int, Collection[int]]) -> None:
        """Take news out of a delivery until the silence that mutes it ends: news by the silence, as ids."""
        for silence_id, news_ids in by_silence.items():
            values = {"decision": Decision.SILENCED, "silence_id": silence_id, "delivery_id": None}
            self._change_tellings(delivery, news_ids, values)

    def _change_tellings(
        self, delivery: Delivery, news_ids: Iterable[int] | None, values: Mapping[str, object]
    ) -> None:
        """Change what became of some news of a delivery, or of all."""
        ours = (telling_table.c.recipient == delivery.recipient) & (telling_table.c.delivery_id == delivery.id)
        some = [true()] if news_ids is None else map(telling_table.c.news_id.in_, reading.chunks(news_ids))
        for these in some:
            self._change(update(telling_table).where(ours, these).values(values))

    def _release(self, whose: ColumnElement[bool], at: datetime) -> int:
        # From the moment when its sender was held to be alive last, nobody tried it.
        since_at = case((table.c.lease_until < at, table.c.lease_until), else_=literal(at, Moment()))
        values = {"state": DeliveryState.WAITING, "next_at": since_at, **_UNCLAIMED}
        return self._change(update(table).where(_CLAIMED, whose).values(values))

    def _recipients_due(self, now: datetime) -> list[str]:
        found = select(table.c.recipient).where(_WAITS, table.c.next_at <= now).distinct().order_by(table.c.recipient)
        return list(self._connection.execute(found).scalars())

    def _first_claimable(self, recipient: str, now: datetime) -> Delivery | None:
        ours = (table.c.recipient == recipient) & _WAITS & (table.c.next_at <= now) & ~_OVERTAKES
        found = reading.deliveries(self._connection, reading.delivery_query().where(ours).order_by(table.c.id).limit(1))
        return found[0] if found else None

    def _take(self, seen: Delivery, now: datetime, holder: str, lease_until: datetime) -> bool:
        values = {
            "state": DeliveryState.CLAIMED,
            "holder": holder,
            "token": secrets.token_hex(16),
            "lease_until": lease_until,
            "first_tried_at": tried_since(seen.first_tried_at, due_at=seen.next_at, now=now),
        }
        return bool(self._change(update(table).where(table.c.id == seen.id, _WAITS).values(values)))

    def _delivery(self, delivery_id: int) -> Delivery:
        return reading.deliveries(self._connection, reading.delivery_query().where(table.c.id == delivery_id))[0]


def _overtaking() -> ColumnElement[bool]:
    """Whether another delivery to the same recipient is about the same and goes first: on its way, or earlier.

    As a rule there is none that could; only then, the delivery's own news is looked through once.
    """
    other = table.alias()
    some = select(other.c.id).where(_goes_first(other)).correlate(table)
    return exists(some) & or_(_about_one_pair(), _about_one_list())


def _goes_first(other: FromClause) -> ColumnElement[bool]:
    is_on_its_way = other.c.state == DeliveryState.CLAIMED
    is_before = (other.c.state == DeliveryState.WAITING) & (other.c.id < table.c.id)
    return (other.c.recipient == table.c.recipient) & (other.c.id != table.c.id) & (is_on_its_way | is_before)


def _about_one_pair() -> ColumnElement[bool]:
    own, its = listing_table.alias(), listing_table.alias()
    same = (its.c.target == own.c.target) & (its.c.blocklist == own.c.blocklist)
    return _shared(news_table.c.listing_id.name, own, its, same)


def _is_held(claimed: Delivery) -> ColumnElement[bool]:
    """Whether the lease of a delivery is still the one under which it was claimed."""
    return (table.c.id == claimed.id) & (table.c.token == claimed.held_token)


def _about_one_list() -> ColumnElement[bool]:
    own, its = incident_table.alias(), incident_table.alias()
    return _shared(news_table.c.incident_id.name, own, its, its.c.blocklist == own.c.blocklist)


def _shared(subject: str, own: FromClause, its: FromClause, same: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a delivery shares a subject with one that goes first: from its news to their subjects, and back."""
    own_telling, own_news = telling_table.alias(), news_table.alias()
    its_telling, its_news, other = telling_table.alias(), news_table.alias(), table.alias()
    return exists(
        select(own_telling.c.news_id)
        .join(own_news, own_news.c.id == own_telling.c.news_id)
        .join(own, own.c.id == own_news.c[subject])
        .join(its, same)
        .join(its_news, its_news.c[subject] == its.c.id)
        .join(its_telling, its_telling.c.news_id == its_news.c.id)
        # Not from the others: one of them may be about a whole network, and many wait behind it. `+ 0` hides the index.
        .join(other, (other.c.id == its_telling.c.delivery_id + 0) & _goes_first(other))
        .where(own_telling.c.delivery_id == table.c.id)
        .correlate(table)
    )


#: Made once: building it takes longer than asking it.
_OVERTAKES = _overtaking()

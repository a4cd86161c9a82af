"""What is old and over: found by readers, deleted by the writer a little at a time.

Owns which rows nothing depends on any more. An alert is over when all of its messages are done, all that it tells of
has ended, and nothing (a silence, a digest) keeps any of it back; a listing or an incident, when no alert that is left
tells of it. What stands, or waits to be told, is never deleted, however old. Must not know how long history is kept.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, FromClause, delete, exists, or_, select

from rblwatch.core.routing import Decision
from rblwatch.store.area import Area, Bound
from rblwatch.store.rows import DeliveryState
from rblwatch.store.schema import alert, delivery, incident, listing, news, pair, silence, spending, telling


class Old(Bound):
    """Finding what may go."""

    def alerts_over(self, before: datetime, after_id: int, limit: int) -> list[int]:
        """Ids of alerts that are over since before a moment, the oldest first, with ids above `after_id`."""
        found = (
            select(alert.c.id).where(alert.c.id > after_id, _alert_is_over(before)).order_by(alert.c.id).limit(limit)
        )
        return list(self._connection.execute(found).scalars())

    def listings_over(self, before: datetime, after_id: int, limit: int) -> list[int]:
        """The same of listings."""
        over = (
            listing.c.id > after_id,
            _subject_is_over(listing, before),
            ~exists().where(pair.c.listing_id == listing.c.id),
        )
        return list(
            self._connection.execute(select(listing.c.id).where(*over).order_by(listing.c.id).limit(limit)).scalars()
        )

    def incidents_over(self, before: datetime, limit: int) -> list[int]:
        """The same of incidents."""
        found = select(incident.c.id).where(_subject_is_over(incident, before)).order_by(incident.c.id).limit(limit)
        return list(self._connection.execute(found).scalars())

    def silences_over(self, before: datetime, limit: int) -> list[int]:
        """The same of silences."""
        unused = ~exists().where(telling.c.silence_id == silence.c.id)
        found = select(silence.c.id).where(silence.c.until_at < before, unused).order_by(silence.c.id).limit(limit)
        return list(self._connection.execute(found).scalars())


class Pruning(Area):
    """Deleting it. Whoever calls this found the ids a moment ago; what is no longer over by now stays."""

    def prune_news(self, alert_ids: Collection[int], before: datetime, limit: int) -> int:
        """Delete so much news of alerts that are over, with its tellings; how much."""
        over = select(alert.c.id).where(alert.c.id.in_(alert_ids), _alert_is_over(before))
        some = select(news.c.id).where(news.c.alert_id.in_(over)).order_by(news.c.id).limit(limit)
        return self._change(delete(news).where(news.c.id.in_(list(self._connection.execute(some).scalars()))))

    def prune_alerts(self, alert_ids: Collection[int], before: datetime) -> int:
        """Delete alerts that are over, with their deliveries; how many."""
        empty = ~exists().where(news.c.alert_id == alert.c.id)
        return self._change(delete(alert).where(alert.c.id.in_(alert_ids), empty, _alert_is_over(before)))

    def prune_listings(self, ids: Collection[int], before: datetime) -> int:
        """Delete listings that are over, with their transitions and what recipients knew of them; how many."""
        over = (
            listing.c.id.in_(ids),
            _subject_is_over(listing, before),
            ~exists().where(pair.c.listing_id == listing.c.id),
        )
        return self._change(delete(listing).where(*over))

    def prune_incidents(self, ids: Collection[int], before: datetime) -> int:
        """Delete incidents that are over; how many."""
        return self._change(delete(incident).where(incident.c.id.in_(ids), _subject_is_over(incident, before)))

    def prune_silences(self, ids: Collection[int]) -> int:
        """Delete silences that have ended and mute nothing; how many."""
        unused = ~exists().where(telling.c.silence_id == silence.c.id)
        return self._change(delete(silence).where(silence.c.id.in_(ids), unused))

    def prune_spending(self, before: datetime) -> int:
        """Delete what was asked on days that are over; how many rows."""
        return self._change(delete(spending).where(spending.c.day < before.date().isoformat()))


def _alert_is_over(before: datetime) -> ColumnElement[bool]:
    ours = news.c.alert_id == alert.c.id
    unfinished = delivery.c.state.in_((DeliveryState.WAITING, DeliveryState.CLAIMED))
    recent = or_(delivery.c.created_at >= before, delivery.c.sent_at >= before, delivery.c.next_at >= before)
    muted = (telling.c.decision == Decision.SILENCED) & telling.c.silence_id.is_not(None)
    kept_back = or_(muted, telling.c.due_at.is_not(None))
    # A digest tells what other alerts gathered: its messages go after those alerts, and their news after its messages.
    told = select(telling.c.news_id).join(delivery, telling.c.delivery_id == delivery.c.id).join(news)
    carrying = told.where(delivery.c.alert_id == alert.c.id, ~ours)
    on_its_way = told.where(ours, or_(unfinished, recent))
    lasting = [
        exists(select(news.c.id).join(about, about.c.id == key).where(ours, _lasts(about, before)).correlate(alert))
        for about, key in ((listing, news.c.listing_id), (incident, news.c.incident_id))
    ]
    return (
        (alert.c.at < before)
        & ~exists().where(ours, news.c.at >= before)
        & ~exists().where(delivery.c.alert_id == alert.c.id, or_(unfinished, recent))
        & ~or_(*lasting)
        & ~exists(select(news.c.id).join(telling).where(ours, kept_back).correlate(alert))
        & ~exists(carrying.correlate(alert))
        & ~exists(on_its_way.correlate(alert))
    )


def _subject_is_over(table: FromClause, before: datetime) -> ColumnElement[bool]:
    """Whether a listing or an incident is over, and nothing tells of it any more."""
    key = news.c.listing_id if table is listing else news.c.incident_id
    return table.c.ended_at.is_not(None) & (table.c.ended_at < before) & ~exists().where(key == table.c.id)


def _lasts(table: FromClause, before: datetime) -> ColumnElement[bool]:
    return or_(table.c.ended_at.is_(None), table.c.ended_at >= before)

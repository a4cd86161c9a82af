"""Who is to be told what: alerts, their news, the decision for each recipient, and what each recipient knows.

Owns the tables alert, news, telling and told, and the making of deliveries; what happens to a delivery later is
`outbox.py`'s. Must not decide anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, func, insert, literal, select, update

from rblwatch.core.alert import Group, Kind, Told
from rblwatch.core.routing import TOLD, Decision, Silence
from rblwatch.store import reading
from rblwatch.store.area import Area
from rblwatch.store.columns import Moment, Word
from rblwatch.store.rows import DeliveryState, NewNews, Telling
from rblwatch.store.schema import alert as alert_table
from rblwatch.store.schema import delivery as delivery_table
from rblwatch.store.schema import listing as listing_table
from rblwatch.store.schema import news as news_table
from rblwatch.store.schema import recipient as recipient_table
from rblwatch.store.schema import silence as silence_table
from rblwatch.store.schema import telling as telling_table
from rblwatch.store.schema import told as told_table

_UNTRIED = (delivery_table.c.state == DeliveryState.WAITING) & delivery_table.c.first_tried_at.is_(None)
_UNFINISHED = delivery_table.c.state.in_((DeliveryState.WAITING, DeliveryState.CLAIMED))


class Alerts(Area):
    """Alerts, their news and their deliveries until one is claimed."""

    def joinable_alert(self, group: Group, key: str) -> int | None:
        """The newest alert of a group and key, if it has deliveries and none of them was ever claimed."""
        ours = (alert_table.c.group == group) & (alert_table.c.key == key)
        newest = select(alert_table.c.id).where(ours).order_by(alert_table.c.id.desc()).limit(1)
        alert_id: int | None = self._connection.execute(newest).scalar()
        if alert_id is None:
            return None
        deliveries = select(delivery_table.c.id).where(delivery_table.c.alert_id == alert_id)
        waits = self._connection.execute(select(exists(deliveries))).scalar_one()
        tried = self._connection.execute(select(exists(deliveries.where(~_UNTRIED)))).scalar_one()
        return alert_id if waits and not tried else None

    def last_alert_at(self, group: Group, key: str) -> datetime | None:
        """When the newest alert of a group and key was opened."""
        ours = (alert_table.c.group == group) & (alert_table.c.key == key)
        at: datetime | None = self._connection.execute(select(func.max(alert_table.c.at)).where(ours)).scalar()
        return at

    def add_alert(self, group: Group, key: str, at: datetime) -> int:
        """Open an alert."""
        return self._add(alert_table, {"group": group, "key": key, "at": at})

    def add_news(self, alert_id: int, *news: NewNews) -> list[int]:
        """Add news to an alert; the ids of the news, in its order. No two of them may be about the same thing."""
        names = [field.name for field in fields(NewNews)]
        rows: list[dict[str, object]] = [
            {name: getattr(item, name) for name in names} | {"alert_id": alert_id} for item in news
        ]
        # A database promises no order for what it returns of many rows.
        subject = ("listing_id", "incident_id", "servers", "target", "blocklist", "text")
        added = self._insert_all(news_table, rows, *(news_table.c[name] for name in subject))
        ids = {tuple(getattr(row, name) for name in subject): row.id for row in added}
        return [ids[tuple(getattr(item, name) for name in subject)] for item in news]

    def add_tellings(self, *tellings: Telling) -> None:
        """Store decisions, each for one piece of news and one recipient."""
        names = [field.name for field in fields(Telling)]
        self._each(insert(telling_table), [{name: getattr(one, name) for name in names} for one in tellings])

    def update_telling(self, telling: Telling) -> None:
        """Store what became of a decision."""
        columns = telling_table.c
        here = (columns.news_id == telling.news_id) & (columns.recipient == telling.recipient)
        self._change(update(telling_table).where(here).values(asdict(telling)))

    def deliveries_of(self, alert_id: int) -> dict[str, int]:
        """The ids of an alert's deliveries, by recipient."""
        ours = delivery_table.c.alert_id == alert_id
        found = select(delivery_table.c.recipient, delivery_table.c.id).where(ours)
        return reading.pairs_of_values(self._connection, found)

    def add_delivery(self, alert_id: int, recipient: str, not_before: datetime, at: datetime) -> int:
        """Put an alert on its way to a recipient."""
        values = {
            "alert_id": alert_id,
            "recipient": recipient,
            "state": DeliveryState.WAITING,
            "not_before": not_before,
            "next_at": not_before,
            "attempts": 0,
            "created_at": at,
        }
        return self._add(delivery_table, values)

    def set_not_before(self, alert_ids: Iterable[int], at: datetime) -> None:
        """Let the deliveries of these alerts leave at another time, as far as they were never tried."""
        for chunk in reading.chunks(alert_ids):
            theirs = delivery_table.c.alert_id.in_(chunk)
            self._change(update(delivery_table).where(theirs, _UNTRIED).values(not_before=at, next_at=at))

    def waiting_alerts(self, group: Group) -> list[int]:
        """Alerts of a group that have a delivery which waits and was never tried."""
        waiting = select(delivery_table.c.alert_id).where(_UNTRIED)
        ours = (alert_table.c.group == group) & alert_table.c.id.in_(waiting)
        return list(self._connection.execute(select(alert_table.c.id).where(ours).order_by(alert_table.c.id)).scalars())


class Tellings(Area):
    """What each recipient knows, and what was kept from whom."""

    def set_told(self, recipient: str, known: Mapping[int, Told], at: datetime) -> None:
        """Store what a recipient knows of listings now, by listing id."""
        for state in set(known.values()):
            for chunk in reading.chunks(listing_id for listing_id, its in known.items() if its is state):
                his = (told_table.c.recipient == recipient) & told_table.c.listing_id.in_(chunk)
                self._change(delete(told_table).where(his))
                if state is not Told.NEVER:
                    row = (literal(recipient), listing_table.c.id, literal(state, Word(Told)), literal(at, Moment()))
                    about = select(*row).where(listing_table.c.id.in_(chunk))
                    self._change(insert(told_table).from_select(("recipient", "listing_id", "state", "at"), about))

    def aware(self, listing_ids: Iterable[int]) -> Mapping[int, set[str]]:
        """Recipients that know a listing as open, or will by a message that is on its way, by listing.

        A listing that nobody knows has an empty set.
        """
        aware: dict[int, set[str]] = defaultdict(set)
        for chunk in reading.chunks(listing_ids):
            about = told_table.c.listing_id.in_(chunk), news_table.c.listing_id.in_(chunk)
            aware |= _aware(self._told_pairs(about[0]), self._coming(about[1]))
        return aware

    def aware_by_listing(self) -> Mapping[int, set[str]]:
        """`aware` for all listings at once."""
        return _aware(self._told_pairs(), self._coming())

    def _told_pairs(self, *where: ColumnElement[bool]) -> dict[tuple[int, str], Told]:
        """What is known of listings, by listing and recipient."""
        columns = told_table.c
        known = select(columns.listing_id, columns.recipient, columns.state).where(*where)
        return {(listing, recipient): state for listing, recipient, state in self._connection.execute(known)}

    def _coming(self, *where: ColumnElement[bool]) -> dict[tuple[int, str], Kind]:
        """The latest news of a beginning, a change or a lost route that is on its way, by listing and recipient."""
        kinds = (Kind.LISTED, Kind.CHANGED, Kind.UNROUTED)
        coming = (
            select(news_table.c.listing_id, telling_table.c.recipient, news_table.c.kind)
            .join_from(news_table, telling_table)
            .join(delivery_table, delivery_table.c.id == telling_table.c.delivery_id)
            .where(news_table.c.listing_id.is_not(None), news_table.c.kind.in_(kinds))
            .where(telling_table.c.decision.in_(TOLD), _UNFINISHED, *where)
            .order_by(news_table.c.id)
        )
        return {(listing, recipient): kind for listing, recipient, kind in self._connection.execute(coming)}

    def last_news_id(self) -> int:
        """The id of the newest news; 0 before there is any."""
        newest: int | None = self._connection.execute(select(func.max(news_table.c.id))).scalar()
        return newest or 0

    def failed_listings(self, recipient: str) -> set[int]:
        """Listings that a recipient was to be told of by a message that failed for good, since he was added last."""
        added_since = exists().where(
            recipient_table.c.name == recipient, recipient_table.c.added_at > delivery_table.c.created_at
        )
        about = (
            select(news_table.c.listing_id)
            .join_from(news_table, telling_table)
            .join(delivery_table, delivery_table.c.id == telling_table.c.delivery_id)
            .where(telling_table.c.recipient == recipient, news_table.c.listing_id.is_not(None))
            .where(delivery_table.c.state == DeliveryState.FAILED, ~added_since)
        )
        return set(self._connection.execute(about).scalars())

    def news_as_committed(self, news_ids: Iterable[int]) -> dict[int, NewNews]:
        """News by id, as it was committed."""
        names = [field.name for field in fields(NewNews)]
        columns = select(news_table.c.id, *(news_table.c[name] for name in names))
        chunks = (columns.where(news_table.c.id.in_(chunk)) for chunk in reading.chunks(news_ids))
        rows = (row for chunk in chunks for row in reading.rows(self._connection, chunk))
        return {row["id"]: NewNews(**{name: row[name] for name in names}) for row in rows}

    def tellings_of(self, news_ids: Iterable[int]) -> list[Telling]:
        """What became of news, for every recipient, in the order of the news."""
        found = (reading.tellings(self._connection, telling_table.c.news_id.in_(c)) for c in reading.chunks(news_ids))
        return [telling for some in found for telling in some]

    def silenced_tellings(self, recipient: str | None = None) -> list[tuple[Telling, int, Silence]]:
        """News of listings that was muted and not told since, with the listing's id and the silence that muted it."""
        return self._silenced(news_table.c.listing_id, recipient)

    def silenced_incidents(self, recipient: str | None = None) -> list[tuple[Telling, int, Silence]]:
        """News of incidents that was muted and not told since, with the incident's id and the silence that muted it."""
        return self._silenced(news_table.c.incident_id, recipient)

    def silenced_changes(self) -> list[tuple[Telling, int, Silence]]:
        """News about servers alone that was muted and not told since, with its own id and the silence that muted it."""
        return self._silenced(
            news_table.c.id, None, news_table.c.listing_id.is_(None), news_table.c.incident_id.is_(None)
        )

    def _silenced(
        self, subject: ColumnElement[int], recipient: str | None, *where: ColumnElement[bool]
    ) -> list[tuple[Telling, int, Silence]]:
        muted = (telling_table.c.decision == Decision.SILENCED) & telling_table.c.silence_id.is_not(None)
        theirs = () if recipient is None else (telling_table.c.recipient == recipient,)
        tellings = reading.tellings(self._connection, muted, *theirs)
        subjects: dict[int, int] = {}
        for chunk in reading.chunks({telling.news_id for telling in tellings}):
            about = select(news_table.c.id, subject).where(news_table.c.id.in_(chunk), subject.is_not(None), *where)
            subjects |= reading.pairs_of_values(self._connection, about)
        used = select(telling_table.c.silence_id).where(muted)
        silences = {s.id: s for s in reading.silences(self._connection, silence_table.c.id.in_(used))}
        return [
            (telling, subjects[telling.news_id], silences[telling.silence_id])
            for telling in tellings
            if telling.silence_id is not None and telling.news_id in subjects
        ]


def _aware(known: Mapping[tuple[int, str], Told], coming: Mapping[tuple[int, str], Kind]) -> dict[int, set[str]]:
    aware: dict[int, set[str]] = defaultdict(set)
    for listing, recipient in known.keys() | coming.keys():
        # Whoever is about to read, last of all, that he hears no more of it is as good as not told.
        last = coming.get((listing, recipient))
        knows = known.get((listing, recipient), Told.OPEN)
        if knows is Told.OPEN and last is not Kind.UNROUTED:
            aware[listing].add(recipient)
    return aware

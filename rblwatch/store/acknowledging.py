"""What people said that they look after.

Owns the table acknowledgement. Must not decide what follows from it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import fields

from sqlalchemy import select, union

from rblwatch.core.acknowledgement import Acknowledgement
from rblwatch.core.alert import News
from rblwatch.core.incident import Incident
from rblwatch.core.listing import Listing
from rblwatch.store import reading
from rblwatch.store.area import Area, Bound
from rblwatch.store.schema import acknowledgement as table
from rblwatch.store.schema import alert as alert_table
from rblwatch.store.schema import delivery as delivery_table
from rblwatch.store.schema import incident as incident_table
from rblwatch.store.schema import listing as listing_table
from rblwatch.store.schema import news as news_table
from rblwatch.store.schema import telling as telling_table


class Acknowledged(Bound):
    """What is looked after."""

    def acknowledged(self) -> list[tuple[Acknowledgement, Listing | Incident]]:
        """The acknowledgements that hold, each with what it is about as that is now."""
        subjects: dict[tuple[int | None, int | None], Listing | Incident] = {}
        listed = select(table.c.listing_id).join_from(table, listing_table).where(listing_table.c.ended_by.is_(None))
        for listing in reading.listings(self._connection, listing_table.c.id.in_(listed)):
            subjects[listing.id, None] = listing
        blind = select(table.c.incident_id).join_from(table, incident_table).where(incident_table.c.ended_at.is_(None))
        for incident in reading.incidents(self._connection, incident_table.c.id.in_(blind)):
            subjects[None, incident.id] = incident
        about = table.c.listing_id.in_(listed) | table.c.incident_id.in_(blind)
        found = (
            (one, subjects[one.listing_id, one.incident_id])
            for one in reading.acknowledgements(self._connection, about)
        )
        return [(one, subject) for one, subject in found if one.holds(subject)]

    def has_alert(self, alert_id: int) -> bool:
        """Whether there is an alert with this id."""
        return (
            self._connection.execute(select(alert_table.c.id).where(alert_table.c.id == alert_id)).first() is not None
        )

    def news_of_alerts(self, alert_ids: Iterable[int]) -> dict[int, tuple[News, ...]]:
        """What alerts gathered, and what their messages told, by alert; with listings and incidents as they are now.

        A digest and an escalation tell what other alerts gathered.
        """
        pairs: set[tuple[int, int]] = set()
        for chunk in reading.chunks(alert_ids):
            gathered = select(news_table.c.alert_id, news_table.c.id).where(news_table.c.alert_id.in_(chunk))
            told = select(delivery_table.c.alert_id, telling_table.c.news_id).join(telling_table)
            found = union(gathered, told.where(delivery_table.c.alert_id.in_(chunk)))
            pairs |= {(alert_id, news_id) for alert_id, news_id in self._connection.execute(found)}
        some = reading.chunks({news_id for _, news_id in pairs})
        news = {item.id: item for chunk in some for item in reading.news(self._connection, news_table.c.id.in_(chunk))}
        by_alert: defaultdict[int, list[News]] = defaultdict(list)
        for alert_id, news_id in sorted(pairs):
            by_alert[alert_id].append(news[news_id])
        return {alert_id: tuple(items) for alert_id, items in by_alert.items()}

    def acknowledgements_of(self, alert_ids: Iterable[int]) -> list[Acknowledgement]:
        """What was said of these alerts, whether it still holds or not."""
        found = (reading.acknowledgements(self._connection, table.c.alert_id.in_(c)) for c in reading.chunks(alert_ids))
        return [one for some in found for one in some]


class Acknowledging(Area):
    """Stores what somebody looks after."""

    def add_acknowledgements(self, acknowledgements: Iterable[Acknowledgement]) -> None:
        """Store what somebody said of listings and incidents; the ids are given here."""
        names = [field.name for field in fields(Acknowledgement) if field.name != "id"]
        self._each(table.insert(), [{name: getattr(one, name) for name in names} for one in acknowledgements])

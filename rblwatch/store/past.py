"""All that happened, as it is stored: for whoever goes through it once more.

Owns the one reading of the whole history: news, what it is about, and what became of it. Must not decide anything.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Column, func, select

from rblwatch.core.acknowledgement import Acknowledgement
from rblwatch.core.alert import Group
from rblwatch.core.incident import Incident
from rblwatch.core.listing import Listing
from rblwatch.core.routing import Silence
from rblwatch.core.standing import Transition
from rblwatch.store import reading
from rblwatch.store.area import Bound
from rblwatch.store.rows import Delivery, NewNews, Telling
from rblwatch.store.schema import alert, blocklist, news, recipient, silence, target, transition


@dataclass(frozen=True, slots=True, kw_only=True)
class PastNews:
    """A piece of news, and the alert that it was gathered into."""

    id: int
    news: NewNews
    alert_id: int
    group: Group
    key: str
    opened_at: datetime
    """When the alert was opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Everything that was stored of who is told what, at one moment."""

    news: tuple[PastNews, ...]
    """In the order in which it was committed."""
    listings: dict[int, Listing]
    transitions: dict[int, list[tuple[datetime, Transition]]]
    """Of each listing in order, with the time at which it was written down."""
    incidents: dict[int, Incident]
    silences: tuple[tuple[datetime, Silence], ...]
    """With the time at which each was added."""
    acknowledgements: tuple[Acknowledgement, ...]
    deliveries: dict[int, Delivery]
    tellings: tuple[Telling, ...]
    recipients: dict[str, datetime]
    """Since when each is known."""
    began_at: datetime | None
    """Since when anything is registered; None: nothing is."""


class Past(Bound):
    """Reading it."""

    def past(self) -> History:
        """The whole history, in one piece."""
        deliveries = reading.deliveries(self._connection, reading.delivery_query())
        return History(
            news=tuple(self._news()),
            listings={one.id: one for one in reading.listings(self._connection)},
            transitions=self._transitions(),
            incidents={one.id: one for one in reading.incidents(self._connection)},
            silences=tuple(self._silences()),
            acknowledgements=tuple(reading.acknowledgements(self._connection)),
            deliveries={one.id: one for one in deliveries},
            tellings=tuple(reading.tellings(self._connection)),
            recipients=reading.pairs_of_values(self._connection, select(recipient.c.name, recipient.c.added_at)),
            began_at=self._began_at(),
        )

    def _news(self) -> list[PastNews]:
        names = [field.name for field in fields(NewNews)]
        columns = (alert.c.group, alert.c.key, alert.c.at.label("opened_at"))
        found = reading.rows(self._connection, select(news, *columns).join(alert).order_by(news.c.id))
        return [
            PastNews(
                news=NewNews(**{name: row[name] for name in names}),
                **{name: row[name] for name in ("id", "alert_id", "group", "key", "opened_at")},
            )
            for row in found
        ]

    def _transitions(self) -> dict[int, list[tuple[datetime, Transition]]]:
        names = [field.name for field in fields(Transition)]
        found: defaultdict[int, list[tuple[datetime, Transition]]] = defaultdict(list)
        for row in reading.rows(self._connection, select(transition).order_by(transition.c.id)):
            found[row["listing_id"]].append((row["recorded_at"], Transition(**{name: row[name] for name in names})))
        return dict(found)

    def _silences(self) -> list[tuple[datetime, Silence]]:
        added = reading.pairs_of_values(self._connection, select(silence.c.id, silence.c.added_at))
        return [(added[one.id], one) for one in reading.silences(self._connection)]

    def _began_at(self) -> datetime | None:
        columns: tuple[Column[Any], ...] = (alert.c.at, blocklist.c.added_at, target.c.added_at, recipient.c.added_at)
        found = (self._connection.execute(select(func.min(column))).scalar() for column in columns)
        return min((moment for moment in found if moment is not None), default=None)
